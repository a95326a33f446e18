"""What a writer of bronze is: it lands a stream as one complete batch, or leaves no trace of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from aidbt.core.errors import WarehouseError
from aidbt.core.schema import Column
from ingestion.connectors.base import DeadLetter, KnownLoad, Stream


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the rows of a source's table land.

    Attributes:
        source, source_table: as the source calls them; kept in `_aidbt_loads`.
        connector: the kind of the source.
    """

    schema: str
    table: str
    source: str
    source_table: str
    connector: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that landed, as the warehouse has it.

    Attributes:
        rows_landed, rows_rejected: counted in the warehouse after the rows were written.
        renamed: columns under another name than the source's: (the source's, bronze's).
        schema_changes: what was done to the table, e.g. "added discount (DECIMAL(10,2))".
        rows_skipped, rows_marked, notes: of a load by cursor, as in `TableLoad`.
    """

    batch_id: str
    loaded_at: datetime
    rows_landed: int
    rows_rejected: int
    renamed: tuple[tuple[str, str], ...] = ()
    schema_changes: tuple[str, ...] = ()
    rows_skipped: int = 0
    rows_marked: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fence:
    """The right to write one resource: a token that is lower than one the warehouse has seen is refused."""

    resource: str
    token: int


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter as it stands in the warehouse."""

    letter_id: str
    to: Destination
    batch_id: str
    letter: DeadLetter


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """The dead letters of one table that have one cause.

    Attributes:
        table: in bronze.
        waiting, replayed: how many there are of each.
        example: the latest one.
    """

    source: str
    source_table: str
    table: str
    cause: str
    waiting: int
    replayed: int
    first_batch_id: str
    last_batch_id: str
    example: DeadLetter


@dataclass(frozen=True, slots=True)
class LogStanding:
    """Where a change log stands.

    Attributes:
        position: its greatest; 0 when it has no rows.
        highest: the greatest value of its cursor, infinite ones aside; None when there is none.
    """

    position: int
    highest: Any


@dataclass(frozen=True, slots=True)
class ReadKeys:
    """What the rows that a load by cursor has read say for themselves.

    Attributes:
        without_key: rows in which a column of the key is NULL.
        twice: a key that more than one row has; None when there is none.
        highest: the greatest cursor, infinite ones aside; None when there is none.
    """

    rows: int
    without_key: int
    twice: tuple[Any, ...] | None
    highest: Any


class Writer(Protocol):
    """Lands streams in one open warehouse. `write` may be called by several threads at once."""

    def __init__(self, connection: Any) -> None:
        """Work on an open, writable connection of `aidbt.warehouse`."""

    def prepare(self, schema: str) -> None:
        """Make the schema and its tables of loads, positions and dead letters, where they are missing.

        Raises:
            WarehouseError: the warehouse refused.
        """
        ...

    def last_loads(self, schema: str, source: str) -> dict[str, KnownLoad]:
        """The last load of each table of a source, by the source's name of it."""
        ...

    def write(
        self,
        stream: Stream,
        to: Destination,
        *,
        now: datetime,
        stop: threading.Event | None = None,
        fence: Fence | None = None,
    ) -> Batch:
        """Land all rows of the stream in one transaction, and list the batch in `_aidbt_loads`.

        Raises:
            WriteConflict: another transaction was in the way (retryable, with a new stream).
            SourceError: the stream failed; its own error.
            StaleFence: somebody with a later token has written; ours must stop.
            ColumnsChanged: a column of the stream has a type that the table's column cannot follow.
            WarehouseError: the warehouse refused, or what landed is not what was read.
        """
        ...


class Comparison(Protocol):
    """What is read from a table beside the newest rows of its log."""

    def keep_source_keys(self, keys: pa.RecordBatchReader) -> None:
        """Take all keys that the source has now."""

    def keep_read(self, rows: pa.RecordBatchReader) -> ReadKeys:
        """Take of every row that was read its key, cursor and number, in this order."""
        ...

    def changed(self, rows: pa.RecordBatchReader, columns: pa.Schema) -> pa.Int64Array | None:
        """The numbers of the rows that are not in the log in the same form, ascending; None for all."""
        ...

    def gone(self) -> pa.Table:
        """The keys that the log has and the source has not."""
        ...

    def missed(self) -> int:
        """How many keys the source has that are neither in the log nor were read."""
        ...


class ChangeLogs(Protocol):
    """The change logs of one open warehouse."""

    def __init__(self, connection: Any) -> None:
        """Work on an open connection of `aidbt.warehouse`."""

    def standing(self, to: Destination, cursor: str) -> LogStanding | None:
        """Where a log stands; None when there is no table yet."""
        ...

    def comparison(self, to: Destination, key: Sequence[str]) -> Any:
        """Compares what is read with a log, as a context manager that gives a `Comparison`."""
        ...


class WriteConflict(WarehouseError):
    """Another transaction wrote the same thing at the same time."""

    retryable = True


class StaleFence(WarehouseError):
    """Somebody with a later token has taken over the right to write.

    Attributes:
        seen: the latest token that the warehouse has seen.
    """

    def __init__(self, fence: Fence, seen: int) -> None:
        super().__init__(
            f"another process has taken over {fence.resource} (its token is {seen}, ours {fence.token}); "
            "nothing was written",
            hint="this one was paused or cut off for too long; see who is running: aidbt ingest status",
        )
        self.seen = seen


class WarehouseDown(WarehouseError):
    """Nothing can be written for now, whatever it is; the same write may succeed later."""


class DiskFull(WarehouseDown):
    """The disk of the warehouse is full. Nothing landed, and the connection can be used on."""


class WarehouseInvalidated(WarehouseDown):
    """The open warehouse gave itself up, e.g. because the disk filled up: it has to be opened anew.

    Whether the last write landed is known only from what then stands in the warehouse.
    """


class RowsMissing(WarehouseError):
    """Rows that landed last in a change log are not there any more, so changes between may be lost.

    Args:
        rows: how many.
    """

    def __init__(self, to: Destination, rows: int) -> None:
        super().__init__(
            f"{rows:,} of the rows that landed last in {to} are not there any more: the table was restored "
            "from a copy, or rows were deleted; nothing was written",
            hint=f"take the table anew: aidbt ingest cdc {to.source} --snapshot {to.source_table}; where the "
            f"source is files, delete the lines of '{to.source}' in {to.schema}._aidbt_streams and "
            f"{to.schema}._aidbt_loads, and all files are read again; or put back the whole warehouse",
        )


class ColumnsChanged(WarehouseError):
    """Columns of the source have types that the table in bronze cannot follow without changing values.

    Args:
        retyped: (the column in bronze, as it comes in now).
    """

    def __init__(self, to: Destination, retyped: Sequence[tuple[Column, Column]]) -> None:
        columns = ", ".join(f"{was.name} ({was.data_type} → {now.data_type})" for was, now in retyped)
        super().__init__(
            f"{to} cannot follow columns of {to.source_table} that have another type now: {columns}",
            hint="nothing was written, because values would have to be changed to fit; undo the change in "
            "the source or land a view of it with the old type, or export and drop the table in bronze, load "
            "again, and decide its mapping anew",
        )
