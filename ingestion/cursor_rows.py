"""What a load by cursor has read, in a file, and the changes that come of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import numpy as np
import pyarrow as pa

from aidbt.core.loads import DELETED, SEQUENCE, TRUNCATED
from ingestion.bronze.base import Destination
from ingestion.changes import CHANGE_FIELDS, TableChanges
from ingestion.connectors.base import Stream
from ingestion.spill import ChangeFile

_PIECE_BYTES = 32 << 20  # of one statement
_BEFORE_ALL = -1  # the sequence of the row that says that all rows before are gone


class Read:
    """What a load has read: the rows, numbered from 1, as changes in a file.

    Attributes:
        columns: the source's.
    """

    def __init__(self, file: ChangeFile, columns: pa.Schema, to: Destination, key: tuple[str, ...]) -> None:
        self.file = file
        self.columns = columns
        self.rows = 0
        self._empty = TableChanges(to, _changes(_no_rows(columns), "", 0, 0, None), key, 1, events=0)

    def append(self, rows: pa.Table, operation: str, load: int, now: datetime) -> None:
        """Write more rows behind those before."""
        changes = _changes(rows, operation, load, self.rows + 1, now)
        self.rows += rows.num_rows
        self.file.append(self.piece(changes))

    def append_letters(self, stream: Stream) -> None:
        """Write what the stream has rejected, behind all rows."""
        letters = tuple(stream.rejected)
        self.file.append(replace(self._empty, events=len(letters), dead_letters=letters))

    def piece(self, rows: pa.Table) -> TableChanges:
        """Rows of this table as changes."""
        return replace(self._empty, rows=rows, events=rows.num_rows)


class Pieces:
    """The changes of a load: those rows of what was read that are none of the log's, and marks.

    Attributes:
        rows: of what was read.
        marked: rows that nobody read.
        events: rows, marks and dead letters.
    """

    def __init__(self, read: Read, changed: pa.Int64Array | None, marks: Iterable[pa.Table]) -> None:
        self._read = read
        self._numbers = None if changed is None else changed.to_numpy()
        self._marks = [rows for rows in marks if rows.num_rows]
        self.rows = read.rows if changed is None else len(changed)
        self.marked = sum(rows.num_rows for rows in self._marks)
        self.events = self.rows + self.marked + (read.file.events - read.rows)

    def __iter__(self) -> Iterator[TableChanges]:
        for rows in self._marks:
            yield self._read.piece(rows)
        first = 1
        for piece in self._read.file:
            yield piece if self._numbers is None else _chosen(piece, first, self._numbers)
            first += piece.rows.num_rows


def _chosen(piece: TableChanges, first: int, numbers: np.ndarray) -> TableChanges:
    """Those rows of a piece, numbered from `first`, that have one of the numbers, which ascend."""
    low, high = np.searchsorted(numbers, [first, first + piece.rows.num_rows])
    rows = piece.rows.take(pa.array(numbers[low:high] - first))
    return replace(piece, rows=rows, events=rows.num_rows + len(piece.dead_letters))


def _changes(rows: pa.Table, operation: str, load: int, first: int, now: datetime | None) -> pa.Table:
    """Rows with the columns of changes behind them, numbered from `first`."""
    count = rows.num_rows
    values = (
        pa.repeat(operation, count),
        pa.repeat(pa.scalar(load, pa.int64()), count),
        pa.array(np.arange(first, first + count, dtype=np.int64)),
        pa.repeat(pa.scalar(now, CHANGE_FIELDS[3].type), count),
        pa.nulls(count, CHANGE_FIELDS[4].type),
        pa.nulls(count, CHANGE_FIELDS[5].type),
    )
    for field, column in zip(CHANGE_FIELDS, values, strict=True):
        rows = rows.append_column(field, column)
    return rows


def mark(read: Read, load: int, now: datetime) -> pa.Table:
    """The row that says that all rows before are gone."""
    nulls = [pa.nulls(1, field.type) for field in read.columns]
    return _changes(pa.Table.from_arrays(nulls, schema=read.columns), TRUNCATED, load, _BEFORE_ALL, now)


def deletions(read: Read, keys: pa.Table, load: int, now: datetime) -> pa.Table:
    """A deletion for each key, behind all rows."""
    places = {name: number for number, name in enumerate(read.piece(_no_rows(read.columns)).key)}
    columns = [
        _as(keys.column(places[field.name]), field.type)
        if field.name in places
        else pa.nulls(keys.num_rows, field.type)
        for field in read.columns
    ]
    rows = pa.Table.from_arrays(columns, schema=read.columns)
    return _changes(rows, DELETED, load, read.rows + 1, now)


def _as(column: pa.ChunkedArray, to: pa.DataType) -> pa.ChunkedArray:
    """Keys as the warehouse gives them, in the source's type."""
    if to == pa.uuid():
        storage = pa.array([UUID(text).bytes for text in column.to_pylist()], pa.binary(16))
        return pa.chunked_array([pa.ExtensionArray.from_storage(to, storage)])
    return column.cast(to)


def _no_rows(columns: pa.Schema) -> pa.Table:
    return pa.Table.from_batches([], schema=columns)  # not empty_table(): it cannot make lists of uuid


def joined(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The rows in pieces that are worth a statement each."""
    batches: list[pa.RecordBatch] = []
    size = 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size >= _PIECE_BYTES:
            yield pa.Table.from_batches(batches)
            batches, size = [], 0
    if batches:
        yield pa.Table.from_batches(batches)


def reader(read: Read, names: Sequence[str]) -> pa.RecordBatchReader:
    """Columns of what was read, and last the number of the row."""
    wanted = [*names, SEQUENCE]
    places = [(*read.columns.names, *(field.name for field in CHANGE_FIELDS)).index(name) for name in wanted]
    fields = [*read.columns, *CHANGE_FIELDS]
    schema = pa.schema([fields[place] for place in places])

    def batches() -> Iterator[pa.RecordBatch]:
        for piece in read.file:
            for batch in piece.rows.to_batches():
                yield pa.RecordBatch.from_arrays([batch.column(place) for place in places], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())
