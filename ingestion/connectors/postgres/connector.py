"""PostgreSQL as a source: tables read under one snapshot, or their changes streamed from the server's log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from aidbt.core.errors import MissingExtra, SettingsError
from aidbt.core.findings import Finding
from aidbt.core.resilience import Operation
from ingestion.changes import NOTHING_LANDED, StreamState
from ingestion.connectors.postgres.settings import PostgresSettings
from ingestion.connectors.postgres.source import PostgresSource
from ingestion.connectors.postgres.url import server_url
from ingestion.records import ConnectorSettings

if TYPE_CHECKING:
    from ingestion.cdc.postgres.source import PostgresChanges


class PostgresConnector:
    """A schema of a PostgreSQL database."""

    settings_class: ClassVar[type[ConnectorSettings]] = PostgresSettings
    operation: ClassVar[Operation] = "database"

    def __init__(self, settings: PostgresSettings, root: Path) -> None:
        self.settings = settings
        self._url = server_url(settings.url.get_secret_value())

    @property
    def is_streamed(self) -> bool:
        """Whether the changes of some of its tables are streamed."""
        return self.settings.cdc is not None

    def streamed_tables(self) -> Sequence[str]:
        """Names and patterns of the tables that are streamed, not loaded."""
        if self.settings.cdc is None:
            return ()
        return self.settings.cdc.tables or self.settings.tables or ("*",)

    def open(self) -> PostgresSource:
        """The schema under a snapshot that is held until the source is closed.

        Raises:
            SourceUnavailable: nothing answers, or not now.
            SourceError: the server refused, or has no such schema.
        """
        return PostgresSource(self.settings, self._url)

    def open_changes(self, *, scratch: Path, resnapshot: Sequence[str] = ()) -> PostgresChanges:
        """The changes of the tables under `cdc:`; the replication slot is made when they are first read.

        Args:
            scratch: a folder for transactions that do not fit in memory.
            resnapshot: names or patterns of tables to be read anew from the start. When they are all that
                are streamed, what was kept of the stream and its slot does not matter.

        Raises:
            SettingsError: the connector file has no section `cdc`.
            MissingExtra: psycopg2 is not installed.
            SourceUnavailable: nothing answers, or not now.
            SourceError: the server refused.
        """
        _require_psycopg2()
        from ingestion.cdc.postgres.source import PostgresChanges

        self._require_cdc()
        return PostgresChanges(self.settings, self._url, scratch=scratch, resnapshot=resnapshot)

    def check_changes(self, state: StreamState = NOTHING_LANDED) -> Sequence[Finding]:
        """What stands in the way of streaming, or will: settings of the server, rights, keys, the slot.

        Args:
            state: what has landed, of a stream that nobody reads meanwhile: also whether it can go on there.

        Raises:
            SettingsError: the connector file has no section `cdc`.
            MissingExtra: psycopg2 is not installed.
            SourceUnavailable: nothing answers, or not now.
            SourceError: the server refused.
        """
        _require_psycopg2()
        from ingestion.cdc.postgres.checks import check_changes

        self._require_cdc()
        return check_changes(self.settings, self._url, state)

    def _require_cdc(self) -> None:
        if self.settings.cdc is None:
            raise SettingsError(
                f"the source '{self.settings.name}' streams nothing",
                hint="add a section cdc: with the tables to stream to its connector file",
            )


def _require_psycopg2() -> None:
    try:
        import psycopg2  # noqa: F401
    except ImportError as error:
        raise MissingExtra("streaming changes from PostgreSQL", "ingest") from error
