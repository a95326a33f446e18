"""What a connector file may hold for PostgreSQL."""

from __future__ import annotations

import warnings

from pydantic import Field, SecretStr

from aidbt.core.config import Section
from ingestion.records import ConnectorSettings, CursorSettings


class CdcSettings(Section):
    """`cdc:`, the tables whose changes are streamed (`aidbt ingest cdc`) instead of loaded.

    Attributes:
        tables: names or patterns, of the tables that the connector lands; None for all of them.
        slot: the replication slot; `aidbt_<source>` by default. One slot serves one warehouse.
        publication: what the slot sends; by default named like the slot. One that exists is used as it is,
            and gets the tables it lacks when the user owns it.
    """

    tables: tuple[str, ...] | None = None
    slot: str | None = Field(default=None, pattern="^[a-z0-9_]{1,63}$")
    publication: str | None = Field(default=None, min_length=1, max_length=54)


with warnings.catch_warnings():
    # pydantic's BaseModel has a deprecated method of this name; people call it `schema`.
    warnings.filterwarnings("ignore", message='Field name "schema"')

    class PostgresSettings(ConnectorSettings):
        """`connector: postgres`.

        Attributes:
            url: postgresql://user:password@host:port/database. Variables for user and password hold them
                as they are, not percent-encoded; one for the whole URL holds a URL.
            as_text: columns, as table.column (patterns allowed), that land as PostgreSQL's own text.
            connections: how many are open at once besides the one that holds the snapshot. A big table is
                read through up to half of them.
            incremental: the tables that are loaded by cursor, by name.
            cdc: the tables that are streamed; None when all are loaded.
        """

        url: SecretStr
        schema: str = "public"  # type: ignore[assignment]
        as_text: tuple[str, ...] = ()
        connections: int = Field(default=8, ge=1, le=100)
        incremental: dict[str, CursorSettings] = Field(default_factory=dict)
        cdc: CdcSettings | None = None
