"""What a connector is told, and what a load reports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from aidbt.core.config import Section
from aidbt.core.findings import Finding
from aidbt.core.resilience import Level

Status = Literal["landed", "failed"]

_SPAN = re.compile(r"(\d+)\s*(second|minute|hour|day|week)s?", re.IGNORECASE)


def _span(value: Any) -> Any:
    """`"2 hours"` as a time span; other values as they are."""
    if not isinstance(value, str):
        return value
    found = _SPAN.fullmatch(value.strip())
    if found is None:
        raise ValueError("write a number and a unit, e.g. '2 hours' (seconds, minutes, hours, days, weeks)")
    try:
        return timedelta(**{f"{found[2].lower()}s": int(found[1])})
    except OverflowError:
        raise ValueError("that is longer than time itself") from None


class CursorSettings(Section):
    """How one table is loaded by cursor: only rows whose cursor has moved on are read.

    Attributes:
        cursor: the column that grows whenever a row is written: a number, date or time.
        key: the columns that identify a row.
        lag: how far behind the greatest cursor of the last load reading begins, so that rows of transactions
            that were committed late are seen: a span ("2 hours") for dates and times, else a number.
        deletes: whether the keys of the source are compared with those in bronze, to see rows that are gone.
    """

    cursor: str = Field(min_length=1)
    key: tuple[str, ...] = Field(min_length=1)
    lag: Annotated[Annotated[int, Field(strict=True, ge=0)] | timedelta, BeforeValidator(_span)] = 0
    deletes: bool = False


class ConnectorSettings(Section):
    """What every connector is told; each kind adds its own keys.

    Attributes:
        name: the source's name, as dbt's sources will call it.
        connector: a name in `CONNECTORS`.
        tables: names or glob patterns (`*`, `?`, `[ab]`) of what to land; None for every table.
        bronze_schema: the schema of the warehouse that the tables land in.
        max_rows_per_second: of all its tables together, so that loads leave it room to work; None for as
            fast as it goes.
    """

    name: str = Field(min_length=1)
    connector: str
    tables: tuple[str, ...] | None = None
    bronze_schema: str = Field(min_length=1)
    max_rows_per_second: int | None = Field(default=None, ge=1)


@dataclass(frozen=True, slots=True)
class TableLoad:
    """What became of the load of one table.

    Attributes:
        source, table: as the source calls them.
        bronze_schema, bronze_table: where it lands.
        batch_id: of the complete batch that landed; None when nothing did.
        rows_read: records the connector saw, dead letters included.
        rows_landed: rows of this batch, counted in the warehouse; 0 when nothing landed.
        rows_rejected: records kept in `_aidbt_dead_letters`, counted there.
        rows_skipped: rows read again by a load by cursor that bronze already had, equal in every column.
        rows_marked: of the rows landed, those that nobody read: one for each key that is gone from the
            source, and the one before a load by cursor that reads everything anew.
        size_bytes: what was read, in memory, as Arrow.
        renamed: columns that landed under another name: (the source's name, the name in bronze).
        schema_changes: what was done to the table in bronze because the source's columns changed.
        notes: what else a person should know of it.
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
    rows_skipped: int = 0
    rows_marked: int = 0
    size_bytes: int = 0
    renamed: tuple[tuple[str, str], ...] = ()
    schema_changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None
    hint: str | None = None
    level: Level = Level.FULL

    @property
    def reconciles(self) -> bool:
        """Whether every row that was read is accounted for: landed, kept as a dead letter, or there already.

        A table that failed reconciles when none of its rows stayed.
        """
        if self.status == "failed":
            return self.rows_landed == self.rows_rejected == 0
        return self.rows_read + self.rows_marked == self.rows_landed + self.rows_rejected + self.rows_skipped


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
        unchanged: tables that were left out because they are as at their last load, as source.table.
    """

    tables: tuple[TableLoad, ...]
    failures: tuple[SourceFailure, ...]
    started_at: datetime
    finished_at: datetime
    unchanged: tuple[str, ...] = ()

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
        """Whether every row read from every table is accounted for: landed or kept as a dead letter."""
        return all(table.reconciles for table in self.tables)

    @property
    def level(self) -> Level:
        """The worst level of its tables."""
        return Level.worst(*(table.level for table in self.tables))


StreamStatus = Literal["current", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class StreamedTable:
    """What a stream landed in one table.

    Attributes:
        table: as the source calls it.
        rows_landed, dead_letters: counted in the warehouse, but for the rows that begin snapshots.
        schema_changes: what was done to the table in bronze, in order.
    """

    table: str
    bronze_schema: str
    bronze_table: str
    rows_landed: int = 0
    dead_letters: int = 0
    schema_changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamProgress:
    """How the stream of one source stands at a moment.

    Attributes:
        events: rows and dead letters that have landed since it was started, as `StreamedTable` counts them.
        events_per_s: over the last seconds.
        lag_s: between the source's commit of the last landed change and now; None when nobody knows.
        backlog_bytes: of the source's log that are not acknowledged; None when nobody knows.
        waiting, waiting_bytes: micro-batches in the spool.
        level: `BUFFER` while changes wait because the warehouse cannot be written, else `FULL`.
        note: what it waits for; "" when it works.
        happened: what else there is to say, in order: sources that went away, what was dropped.
        tables: by the source's name.
    """

    source: str
    events: int
    events_per_s: float
    commits: int
    lag_s: float | None
    backlog_bytes: int | None
    dead_letters: int
    waiting: int
    waiting_bytes: int
    level: Level
    note: str
    happened: tuple[str, ...]
    tables: tuple[StreamedTable, ...]


@dataclass(frozen=True, slots=True)
class StreamResult:
    """What the stream of one source did until it ended.

    Attributes:
        status: "current": everything that was committed before the start has landed; "stopped": as asked,
            at the end of a transaction; "failed": with `error` and `hint`. What landed stays.
        at_end: how it stood then.
        findings: what the quality sample found.
    """

    source: str
    status: StreamStatus
    at_end: StreamProgress
    findings: tuple[Finding, ...] = ()
    error: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What one run of streams did, by source."""

    sources: tuple[StreamResult, ...]
    started_at: datetime
    finished_at: datetime

    @property
    def failed(self) -> tuple[StreamResult, ...]:
        """The sources whose stream ended with an error."""
        return tuple(result for result in self.sources if result.status == "failed")

    @property
    def events(self) -> int:
        """Rows and dead letters that have landed."""
        return sum(result.at_end.events for result in self.sources)

    @property
    def level(self) -> Level:
        """The worst level at the end."""
        return Level.worst(*(result.at_end.level for result in self.sources))
