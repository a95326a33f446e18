"""What a connector is told, and what a load reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from aidbt.core.config import Section
from aidbt.core.resilience import Level

Status = Literal["landed", "failed"]


class ConnectorSettings(Section):
    """What every connector is told; each kind adds its own keys.

    Attributes:
        name: the source's name, as dbt's sources will call it.
        connector: a name in `CONNECTORS`.
        tables: names or glob patterns (`*`, `?`, `[ab]`) of what to land; None for every table.
        bronze_schema: the schema of the warehouse that the tables land in.
    """

    name: str = Field(min_length=1)
    connector: str
    tables: tuple[str, ...] | None = None
    bronze_schema: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class TableLoad:
    """What became of the load of one table.

    Attributes:
        source, table: as the source calls them.
        bronze_schema, bronze_table: where it lands.
        batch_id: of the complete batch that landed; None when nothing did.
        rows_read: records the connector saw, rejected ones included.
        rows_landed: rows of this batch, counted in the warehouse; 0 when nothing landed.
        rows_rejected: records kept in `_aidbt_rejects`, counted there.
        size_bytes: what was read, in memory, as Arrow.
        renamed: columns that landed under another name: (the source's name, the name in bronze).
        error, hint: why nothing landed, and what to do; None when it did.
        level: how well it worked; a load works fully or not at all.
    """

    source: str
    table: str
    bronze_schema: str
    bronze_table: str
    status: Status
    started_at: datetime
    finished_at: datetime
    batch_id: str | None = None
    rows_read: int = 0
    rows_landed: int = 0
    rows_rejected: int = 0
    size_bytes: int = 0
    renamed: tuple[tuple[str, str], ...] = ()
    error: str | None = None
    hint: str | None = None
    level: Level = Level.FULL

    @property
    def reconciles(self) -> bool:
        """Whether every row that was read is accounted for: landed or kept as rejected.

        A table that failed reconciles when none of its rows stayed.
        """
        if self.status == "failed":
            return self.rows_landed == self.rows_rejected == 0
        return self.rows_read == self.rows_landed + self.rows_rejected


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """A source none of whose tables could be tried: not reached, or not what its settings say."""

    source: str
    error: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What one run did.

    Attributes:
        tables: one for every table that was tried, by source and table name.
        failures: the sources that could not be opened.
    """

    tables: tuple[TableLoad, ...]
    failures: tuple[SourceFailure, ...]
    started_at: datetime
    finished_at: datetime

    @property
    def landed(self) -> tuple[TableLoad, ...]:
        """The tables of which a complete batch landed."""
        return tuple(table for table in self.tables if table.status == "landed")

    @property
    def failed(self) -> tuple[TableLoad, ...]:
        """The tables of which nothing landed."""
        return tuple(table for table in self.tables if table.status == "failed")

    @property
    def is_complete(self) -> bool:
        """Whether everything that was asked for landed."""
        return not self.failed and not self.failures

    @property
    def reconciles(self) -> bool:
        """Whether every row read from every table is accounted for: landed or kept as rejected."""
        return all(table.reconciles for table in self.tables)

    @property
    def level(self) -> Level:
        """The worst level of its tables."""
        return Level.worst(*(table.level for table in self.tables))
