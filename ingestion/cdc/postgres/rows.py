"""Messages of rows to batches of a change log: which rows a message becomes, and their columns as Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from aidbt.core.loads import CREATED, DELETED, TRUNCATED, UPDATED
from ingestion.cdc.postgres import messages as pg
from ingestion.cdc.postgres.columns import Cells, Messages, is_different, texts, walk
from ingestion.cdc.postgres.envelope import Envelope
from ingestion.cdc.postgres.values import ColumnReader, Failure
from ingestion.cdc.postgres.versions import Table, TableVersion
from ingestion.changes import CHANGE_FIELDS

Numbers: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

# A chunk is what is in the processor's cache while all columns of its rows are read, and what bounds memory.
_CHUNK_ROWS = 16_384
_CHUNK_CELLS = 400_000
_CHUNK_BYTES = 64 << 20

_CREATED, _UPDATED, _DELETED = map(ord, (CREATED, UPDATED, DELETED))
_OPERATIONS = np.zeros(256, np.uint8)
_OPERATIONS[[pg.INSERT, pg.UPDATE, pg.DELETE]] = _CREATED, _UPDATED, _DELETED


@dataclass(frozen=True, slots=True)
class Marks:
    """The change columns of some rows, except for the unchanged: arrays of the same length.

    Attributes:
        committed_at: None of rows of a snapshot, of which nobody knows it.
    """

    operations: npt.NDArray[np.uint8]
    positions: Numbers
    sequences: Numbers
    committed_at: Numbers | None
    event_at: Numbers | None


@dataclass(frozen=True, slots=True)
class TextRows:
    """Rows whose values are PostgreSQL's text.

    Attributes:
        columns: of type binary.
        unchanged: for each row the names of the columns that were not sent; NULL when there are none.
    """

    columns: Sequence[pa.BinaryArray]
    marks: Marks
    unchanged: pa.ListArray


def chunks(messages: Messages, numbers: Numbers, columns: int) -> Iterator[Numbers]:
    """The messages of rows in pieces of bounded size."""
    most = max(1, min(_CHUNK_ROWS, _CHUNK_CELLS // max(columns, 1)))
    begin = 0
    while begin < len(numbers):
        candidates = numbers[begin : begin + most]
        limit = messages.starts[candidates[0]] + _CHUNK_BYTES
        fitting = max(1, int(np.searchsorted(messages.ends[candidates], limit, side="right")))
        yield candidates[:fitting]
        begin += fitting


def text_rows(messages: Messages, envelope: Envelope, numbers: Numbers, table: Table) -> tuple[TextRows, int]:
    """The rows that some messages become, and how many keys are changed among them.

    Raises:
        SourceError: a message is malformed.
    """
    cells, source, operations, sequences = _assembled(messages, envelope, numbers, table)
    _keep_identity_of_deleted(cells, operations == _DELETED, table)
    marks = Marks(
        operations,
        envelope.positions[source],
        sequences,
        envelope.committed_at[source],
        None if envelope.event_at is None else envelope.event_at[source],
    )
    names = [column.name for column in table.version.columns]
    columns = [texts(messages, cells, number) for number in range(len(names))]
    unchanged = _unchanged_names(cells.kinds == pg.UNCHANGED, names)
    return TextRows(columns, marks, unchanged), len(source) - len(numbers)


def batch(
    rows: TextRows, readers: Sequence[ColumnReader], landing: pa.Schema
) -> tuple[pa.RecordBatch, dict[int, tuple[str, Failure]]]:
    """The rows as they land, without those that failed; and of those the first column that did, and why.

    Args:
        landing: what `schema` says of these readers.
    """
    arrays: list[pa.Array] = []
    failures: dict[int, tuple[str, Failure]] = {}
    for name, values, reader in zip(landing.names, rows.columns, readers, strict=False):
        found = reader.read(values)
        arrays.append(found.array)
        for row, failure in found.failures.items():
            failures.setdefault(row, (name, failure))
    marks = rows.marks
    count = len(marks.operations)
    arrays += [
        _single_letters(marks.operations),
        pa.array(marks.positions),
        pa.array(marks.sequences),
        _instants(marks.event_at, count),
        _instants(marks.committed_at, count),
        rows.unchanged,
    ]
    landed = pa.RecordBatch.from_arrays(arrays, schema=landing)
    if failures:
        is_kept = np.ones(count, bool)
        is_kept[list(failures)] = False
        landed = landed.filter(pa.array(is_kept))
    return landed, dict(sorted(failures.items()))


def truncated(envelope: Envelope, number: int, sequence: int, landing: pa.Schema) -> pa.RecordBatch:
    """The row that says that all before it are gone."""
    message = slice(number, number + 1)
    marks = [
        pa.array([TRUNCATED]),
        pa.array(envelope.positions[message]),
        pa.array([sequence], pa.int64()),
        _instants(None if envelope.event_at is None else envelope.event_at[message], 1),
        _instants(envelope.committed_at[message], 1),
        pa.nulls(1, CHANGE_FIELDS[-1].type),
    ]
    nulls = [pa.nulls(1, field.type) for field in list(landing)[: -len(marks)]]
    return pa.RecordBatch.from_arrays([*nulls, *marks], schema=landing)


def schema(version: TableVersion, readers: Sequence[ColumnReader]) -> pa.Schema:
    """The columns of the table as they land, then `CHANGE_FIELDS`."""
    columns = zip(version.columns, readers, strict=True)
    return pa.schema([*(pa.field(column.name, each.lands_as) for column, each in columns), *CHANGE_FIELDS])


def _assembled(
    messages: Messages, envelope: Envelope, numbers: Numbers, table: Table
) -> tuple[Cells, Numbers, npt.NDArray[np.uint8], Numbers]:
    """The cells of all rows; and for each row its message, operation and sequence.

    Every message has a first tuple: the new row, or the old one. Only updates that carry the old one have
    a second.
    """
    columns = len(table.version.columns)
    starts, ends = messages.starts[numbers], messages.ends[numbers]
    kinds, sequences = envelope.kinds[numbers], envelope.sequences[numbers]
    has_both = _has_both(messages, starts, ends, kinds)
    cells, behind = walk(messages, starts + 6, columns)
    updated = np.flatnonzero(has_both)
    if len(updated):
        if (messages.bytes_at(behind[updated]) != pg.NEW_TUPLE).any():
            raise pg.malformed("an updated row has no new tuple")
        new, behind[updated] = walk(messages, behind[updated] + 1, columns)
    if (behind != ends).any():
        raise pg.malformed("a row is shorter or longer than its message")
    if not len(updated):
        return cells, numbers, _OPERATIONS[kinds], sequences

    old = cells.of_rows(updated)
    if table.is_full:
        new.fill_unchanged(old)
    key_changed = np.zeros(len(numbers), bool)
    key_changed[updated] = is_different(messages, old, new, sorted(table.identity))
    # A changed key becomes two rows: the old one deleted, then the new one created.
    rows = np.repeat(np.arange(len(numbers)), 1 + key_changed)
    row_of_new = np.cumsum(1 + key_changed) - 1
    cells = cells.of_rows(rows)
    cells.put(row_of_new[updated], new)
    operations = _OPERATIONS[kinds][rows]
    operations[row_of_new[key_changed]] = _CREATED
    operations[row_of_new[key_changed] - 1] = _DELETED
    sequences = sequences[rows]
    sequences[row_of_new[updated]] += 1
    return cells, numbers[rows], operations, sequences


def _has_both(messages: Messages, starts: Numbers, ends: Numbers, kinds: npt.NDArray[np.uint8]) -> Flags:
    """Whether each message has the old and the new row."""
    if (ends - starts < 8).any():
        raise pg.malformed("a row is cut off")
    first = messages.bytes_at(starts + 5)
    is_old = (first == pg.OLD_KEY) | (first == pg.OLD_ROW)
    is_new = first == pg.NEW_TUPLE
    fits = np.where(kinds == pg.INSERT, is_new, np.where(kinds == pg.DELETE, is_old, is_new | is_old))
    if not fits.all():
        raise pg.malformed("a row has no tuple of a kind that belongs to it")
    has_both: Flags = (kinds == pg.UPDATE) & is_old
    return has_both


def _keep_identity_of_deleted(cells: Cells, is_deleted: Flags, table: Table) -> None:
    if is_deleted.any():
        for column in set(range(len(table.version.columns))) - table.identity:
            cells.set_null(column, is_deleted)


def _unchanged_names(is_unchanged: Flags, names: Sequence[str]) -> pa.ListArray:
    """From flags of shape (columns, rows)."""
    counts = is_unchanged.sum(axis=0)
    if not counts.any():
        return pa.nulls(len(counts), pa.list_(pa.string()))
    _, columns = np.nonzero(is_unchanged.T)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    values = pa.array(names, pa.string()).take(pa.array(columns))
    return pa.ListArray.from_arrays(offsets, values, mask=pa.array(counts == 0))


def _single_letters(codes: npt.NDArray[np.uint8]) -> pa.StringArray:
    offsets = np.arange(len(codes) + 1, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), len(codes), [None, pa.py_buffer(offsets), pa.py_buffer(codes)])


def _instants(microseconds: Numbers | None, count: int) -> pa.TimestampArray:
    kind = pa.timestamp("us", tz="UTC")
    return pa.nulls(count, kind) if microseconds is None else pa.array(microseconds).view(kind)
