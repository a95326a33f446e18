"""The one shape of a pipeline of changes: a source gives micro-batches, a sink commits each with a position.

A *change source* (`ingestion/cdc/`) reads a log of changes and yields `MicroBatch`es; a *change sink*
(`ingestion/bronze/`) lands one micro-batch and the position behind it in one transaction; `run_streams`
(`stream.py`) stands between them. A source is told that a batch has landed (`acknowledge`) only after the
sink's commit, and begins where the sink's own state says: nothing else remembers a position.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from aidbt.core.findings import Finding
from aidbt.core.loads import COMMITTED_AT, EVENT_AT, OPERATION, POSITION, SEQUENCE, UNCHANGED
from ingestion.bronze.base import Destination as Destination
from ingestion.bronze.base import Fence as Fence
from ingestion.bronze.base import KeptLetter, LetterGroup
from ingestion.connectors.base import DeadLetter as DeadLetter

# The Arrow types of the columns that every row of a change log has besides the source's own.
CHANGE_FIELDS: tuple[pa.Field, ...] = (
    pa.field(OPERATION, pa.string(), nullable=False),
    pa.field(POSITION, pa.int64(), nullable=False),
    pa.field(SEQUENCE, pa.int64(), nullable=False),
    pa.field(EVENT_AT, pa.timestamp("us", tz="UTC")),
    pa.field(COMMITTED_AT, pa.timestamp("us", tz="UTC")),
    pa.field(UNCHANGED, pa.list_(pa.string())),
)


@dataclass(frozen=True, slots=True)
class TableChanges:
    """Changes of one table under one schema, in the order of the source.

    Attributes:
        to: where they land; `to.source_table` is the table as the source calls it.
        rows: the source's columns, by the source's names and in Arrow's landing types (those of a full load
            of the same table), then `CHANGE_FIELDS`. A delete has NULL in every column that is not key.
        key: the names of the columns that identify a row; none when the table has no key.
        schema_version: counts up from 1 when the table's columns change in the source.
        events: the rows that the source counted while it read, before it decoded: rows + dead letters.
        dead_letters: records that are no rows.
    """

    to: Destination
    rows: pa.Table
    key: tuple[str, ...]
    schema_version: int
    events: int
    dead_letters: tuple[DeadLetter, ...] = ()


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """What is committed together: whole transactions of the source, and the position behind them.

    Attributes:
        source: the name of the source.
        changes: can be iterated again and again, and may be larger than memory (spilled to a file).
        first, last: the range of positions of the rows; both 0 when there are none.
        position: part of the stream → where to go on, as JSON values. Parts that are not named keep theirs.
            A stream of one part calls it "".
        events: rows and dead letters over all tables.
        size_bytes: of the rows in memory, as Arrow.
        is_idle: nothing happened in the tables: only the position moved on.
        findings: what a person should know of it, e.g. that a column was renamed in the source.
    """

    source: str
    changes: Iterable[TableChanges]
    first: int
    last: int
    position: Mapping[str, Any]
    events: int
    size_bytes: int = 0
    is_idle: bool = False
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class TableState:
    """How far one table has landed: its last batch in `_aidbt_loads`, and the position kept with that.

    Attributes:
        rows_missing: of the last batch that had any. They are gone when somebody restored the table alone
            from a copy, or deleted rows.
    """

    batch_id: str
    position: Mapping[str, Any]
    rows_missing: int = 0


@dataclass(frozen=True, slots=True)
class StreamState:
    """What the sink knows of a stream: where each part stands, and the last batch of each table (by the
    source's name of it).
    """

    parts: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, TableState] = field(default_factory=dict)


NOTHING_LANDED = StreamState()


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """When a micro-batch is closed, at the end of a transaction: whichever comes first.

    Attributes:
        events, size_bytes: of one micro-batch; a transaction that is larger is spilled to disk, never cut.
        seconds: since its first event.
    """

    events: int = 200_000
    size_bytes: int = 64 << 20
    seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind the source is.

    Attributes:
        backlog_bytes: of the source's log that are not acknowledged; None where nobody can tell.
        seconds: between the source's commit of the last landed change and now; None before the first.
    """

    backlog_bytes: int | None = None
    seconds: float | None = None


class ChangeSource(Protocol):
    """An open log of changes. One thread pulls, and calls `acknowledge` and `lag` between two batches."""

    name: str
    bronze_schema: str

    def batches(
        self, state: StreamState, limits: BatchLimits, *, until_current: bool, stop: threading.Event
    ) -> Iterator[MicroBatch | None]:
        """The micro-batches after `state`, snapshots of new tables first.

        None every second or so while there is none to give: then the source is told what has landed
        meanwhile. Otherwise the last batch would be acknowledged only when somebody writes again.

        Args:
            until_current: end when everything that was committed before the call has been given out.
            stop: end, without an error, before the next transaction.

        Raises:
            SourceUnavailable: the source went away (retryable: open it anew and go on).
            SourceError: it refused, or changes that have not landed are gone (never skipped silently).
        """
        ...

    def acknowledge(self, batch: MicroBatch) -> None:
        """The batch has been committed: the source may forget it."""
        ...

    def lag(self) -> Lag:
        """How far behind, asked of the source."""
        ...

    def replay(
        self, letters: Sequence[tuple[Destination, DeadLetter]], state: StreamState
    ) -> Iterable[TableChanges]:
        """Dead letters, read again under the settings of now; what still is no row is a dead letter again.

        Args:
            state: where the stream stands, and with it what the source has kept of its tables.

        Raises:
            SourceError: this source keeps nothing that could be read again.
        """
        ...

    def close(self) -> None:
        """Let go of everything that is open."""


class StreamingConnector(Protocol):
    """A connector (`connectors/base.py`) that reads changes, and may load other tables in full.

    Attributes:
        is_streamed: whether the changes of any of its tables are streamed. A connector without the attribute
            streams nothing.
        only_streams: whether it has nothing that could be loaded in full; False without the attribute.
    """

    is_streamed: bool

    def streamed_tables(self) -> Sequence[str]:
        """Names or patterns of the tables that are streamed, and so not loaded; nothing is opened."""
        ...

    def open_changes(self, *, scratch: Path, resnapshot: Sequence[str] = ()) -> ChangeSource:
        """The log of changes, ready to be read.

        Args:
            scratch: a folder for what does not fit in memory.
            resnapshot: tables to be read in full again, by the source's names or patterns of them. The
                position of the first batch keeps that, so it is asked for until that batch has landed.

        Raises:
            UnknownName: there is no such table.
            SourceUnavailable: it cannot be reached now.
            SourceError: it refused, or is not set up for reading changes.
        """
        ...

    def check_changes(self, state: StreamState = NOTHING_LANDED) -> Sequence[Finding]:
        """What stands in the way of reading changes, or will (settings of the server, keys, grants, lag).

        Args:
            state: what has landed: also whether the stream can go on behind that. Of a stream that somebody
                reads meanwhile it is too old by the time it is compared.
        """
        ...


@dataclass(frozen=True, slots=True)
class TableCommit:
    """What one commit did to one table, counted in the warehouse.

    Attributes:
        schema_changes: what was done to the table in bronze, e.g. "added discount (DECIMAL(10,2))".
    """

    to: Destination
    batch_id: str
    rows_landed: int
    dead_letters: int
    schema_changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Committed:
    """One micro-batch in the warehouse."""

    loaded_at: datetime
    tables: tuple[TableCommit, ...]


class ChangeSink(Protocol):
    """Lands micro-batches in one open warehouse."""

    def __init__(self, connection: Any, *, alone: bool = False) -> None:
        """Work on an open, writable connection of `aidbt.warehouse`.

        Args:
            alone: nobody else uses the connection, so it may be set up for landing.
        """

    def prepare(self, schema: str) -> None:
        """Make the schema and its own tables, where they are missing."""
        ...

    def claim(self, schema: str, fence: Fence) -> None:
        """Keep the token of a fence, so that lower ones are refused from now on; before `state` is asked.

        Raises:
            StaleFence: somebody with a later token has written; ours must stop.
        """
        ...

    def fence_token(self, schema: str, resource: str) -> int | None:
        """The highest token of a resource that was seen; None when it was never fenced."""
        ...

    def state(self, schema: str, source: str) -> StreamState:
        """How far a stream has landed."""
        ...

    def parts(self, schema: str, source: str) -> Mapping[str, Any]:
        """Where each part of a stream stands; of its tables nothing is asked."""
        ...

    def commit(
        self,
        batch: MicroBatch,
        schema: str,
        *,
        now: datetime,
        fence: Fence | None = None,
        replayed: Sequence[str] = (),
    ) -> Committed:
        """Land the rows, dead letters and position of a micro-batch in one transaction, or nothing.

        Args:
            replayed: the ids of the dead letters that the batch was read from; they are marked.

        Raises:
            StaleFence: somebody with a later token has written; ours must stop.
            RowsMissing: the last rows of a table of the stream are gone, and this is no snapshot of it.
            WriteConflict: another transaction was in the way (retryable).
            DiskFull: nothing landed.
            WarehouseInvalidated: open the warehouse anew and ask `state`: the batch may have landed.
            WarehouseError: the warehouse refused, or what landed is not what was read.
        """
        ...

    def letters(
        self,
        schema: str,
        source: str,
        *,
        table: str | None = None,
        cause: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[KeptLetter]:
        """The dead letters of a source that were not replayed, oldest first.

        Args:
            table: only of this table, by the source's name or by bronze's.
            limit, offset: only so many, after so many.
        """
        ...

    def dead_letters(self, schema: str, source: str | None = None) -> list[LetterGroup]:
        """All dead letters, grouped by table and cause, those with the most waiting first."""
        ...
