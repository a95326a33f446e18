"""Loads by cursor: only rows whose cursor has moved on are read, and land in a change log as what they are.

The first load of a table reads all rows (`r`). Each later one reads the rows whose cursor is not below the
greatest in the log, less a lag, and those in which it is NULL, and lands as `u` those that differ from the
newest row of their key. Keys that the source no longer has land as `d`, where the settings ask for that. The
position is the number of the load, the sequence that of the row in it: neither depends on a clock.

Where a load begins is read from the log itself, so a table that was restored goes on from where it stands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import numpy as np
import pyarrow as pa

from aidbt.core.errors import AidbtError, SettingsError, SourceError, nearest
from aidbt.core.loads import DELETED, READ, SEQUENCE, TRUNCATED, UPDATED
from aidbt.core.schema import Relation
from ingestion.bronze.base import Batch, Destination, Fence, LogStanding, ReadKeys
from ingestion.bronze.names import distinct
from ingestion.changes import CHANGE_FIELDS, ChangeSink, MicroBatch, TableChanges
from ingestion.connectors.base import Cursor, Incremental, Stream
from ingestion.records import CursorSettings
from ingestion.spill import ChangeFile

_PIECE_BYTES = 32 << 20
_OWN_FIELDS = len(CHANGE_FIELDS)
_BEFORE_ALL = -1  # the sequence of the row that says that all rows before are gone


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


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a load begins.

    Attributes:
        load: its number, from 1.
        operation: of its rows.
        since: the cursor that reading begins at; None for all rows.
        highest: the greatest cursor in the log; None when the load reads everything.
        is_anew: whether the log has rows, all of which are gone with this load.
    """

    load: int
    operation: str
    since: Any = None
    highest: Any = None
    is_anew: bool = False


@dataclass(frozen=True, slots=True)
class CursorLoads:
    """What loads by cursor need of a run.

    Attributes:
        scratch: a folder for what was read and has not landed yet.
        full: read all rows anew, whatever has landed.
    """

    sink: ChangeSink
    logs: ChangeLogs
    scratch: Path
    full: bool = False


class CursorLoad:
    """One load of one table; `land` is called once.

    Attributes:
        rows_read: so far, rejected ones included; keys that were compared are not rows.
        size_bytes: what was read, as Arrow.
    """

    def __init__(
        self,
        source: Incremental,
        table: Relation,
        to: Destination,
        settings: CursorSettings,
        using: CursorLoads,
        *,
        now: datetime,
        stop: threading.Event,
        pace: Callable[[int], None] | None = None,
    ) -> None:
        self._source = source
        self._table = table
        self._to = to
        self._settings = settings
        self._using = using
        self._now = now
        self._stop = stop
        self._pace = pace
        self._stream: Stream | None = None

    @property
    def rows_read(self) -> int:
        """Records seen so far."""
        return self._stream.rows_read if self._stream else 0

    @property
    def size_bytes(self) -> int:
        """Their size in memory."""
        return self._stream.size_bytes if self._stream else 0

    @property
    def notes(self) -> Sequence[str]:
        """What the source has to say of them."""
        return self._stream.notes if self._stream else ()

    def land(self, fence: Fence | None) -> Batch:
        """What landed, with the position behind it, in one transaction.

        Raises:
            SourceError: the source failed, lacks a column, has a key twice or not at all, or its cursor went
                back.
            SettingsError: the key or the cursor is another than that of the log.
            WriteConflict: another transaction was in the way (retryable).
            StaleFence: somebody with a later token has written.
            WarehouseError: the warehouse refused.
        """
        if fence is not None:
            self._using.sink.claim(self._to.schema, fence)
        start = self._start()
        files: list[ChangeFile] = []
        try:
            return self._landed(start, fence, files)
        finally:
            for file in files:
                file.delete()

    def _start(self) -> _Start:
        settings = self._settings
        kept = self._using.sink.state(self._to.schema, stream_name(self._to)).parts.get("")
        standing = self._using.logs.standing(self._to, settings.cursor)
        last = max(standing.position if standing else 0, kept["load"] if kept else 0)
        if standing is None or standing.position == 0:
            return _Start(last + 1, READ)
        if self._using.full or kept is None:
            # Without a position of ours the log came from a stream, whose rows have no load.
            return _Start(last + 1, READ, is_anew=True)
        _check_same(kept, settings, self._to)
        since = None if standing.highest is None else _less(standing.highest, settings, self._to)
        return _Start(last + 1, UPDATED, since, standing.highest)

    def _landed(self, start: _Start, fence: Fence | None, files: list[ChangeFile]) -> Batch:
        settings = self._settings
        with self._using.logs.comparison(self._to, settings.key) as comparison:
            has_keys = settings.deletes and start.operation == UPDATED
            if has_keys:
                self._keep_source_keys(comparison)
            read = self._read(start, files)
            found = _asked(lambda: comparison.keep_read(_reader(read, [*settings.key, settings.cursor])))
            self._check_read(found)
            changed = None
            if start.operation == UPDATED and found.rows:
                changed = comparison.changed(_reader(read, read.columns.names), read.columns)
            gone = comparison.gone() if has_keys else None
            missed = comparison.missed() if has_keys else 0
        self._check_cursor_went_on(start, found, missed, knows_keys=has_keys)
        pieces = _Pieces(
            read,
            changed,
            marks=[
                *([_mark(read, start.load, self._now)] if start.is_anew else []),
                *([_deletions(read, gone, start.load, self._now)] if gone is not None else []),
            ],
        )
        reached = max((v for v in (found.highest, start.highest) if v is not None), default=None)
        position = {
            "load": start.load,
            "cursor": settings.cursor,
            "key": list(settings.key),
            "reached": None if reached is None else str(reached),
        }
        batch = MicroBatch(
            source=stream_name(self._to),
            changes=pieces,
            first=start.load,
            last=start.load,
            position={"": position},
            events=pieces.events,
        )
        done = self._using.sink.commit(batch, self._to.schema, now=self._now, fence=fence)
        (table,) = done.tables
        names = read.columns.names
        return Batch(
            table.batch_id,
            done.loaded_at,
            table.rows_landed,
            table.dead_letters,
            renamed=tuple(p for p in zip(names, distinct(names), strict=True) if p[0] != p[1]),
            schema_changes=table.schema_changes,
            rows_skipped=found.rows - pieces.rows,
            rows_marked=pieces.marked,
            notes=_notes(missed, self._table),
        )

    def _keep_source_keys(self, comparison: Comparison) -> None:
        key = self._settings.key
        with self._source.read(self._table, names=key) as keys:
            keys.pace = self._pace
            _asked(lambda: comparison.keep_source_keys(keys.reader(key, stop=self._stop)), keys)

    def _read(self, start: _Start, files: list[ChangeFile]) -> _Read:
        """All rows from the start on, in a file."""
        where = Cursor(self._settings.cursor, start.since)
        with self._source.read(self._table, where=where) as stream:
            self._stream = stream
            stream.pace = self._pace
            names = stream.schema.names
            for name in (self._settings.cursor, *self._settings.key):
                _check_column(name, names, self._table)
            _check_cursor_type(stream.schema.field(self._settings.cursor), self._settings, self._table)
            file = ChangeFile.create(self._using.scratch / f"{self._to}-{id(self):x}.changes")
            files.append(file)
            read = _Read(file, stream.schema, self._to, self._settings.key)
            for rows in _joined(stream.reader(names, stop=self._stop)):
                read.append(rows, start.operation, start.load, self._now)
            if stream.rejected or not read.rows:
                read.append_letters(stream)
            file.finish()
        return read

    def _check_read(self, found: ReadKeys) -> None:
        key = ", ".join(self._settings.key)
        hint = f"give columns under 'key' that identify a row of {self._table.name}, none of them NULL"
        if found.without_key:
            raise SourceError(
                f"{self._table.name} has rows whose key ({key}) is NULL: {found.without_key:,}", hint=hint
            )
        if found.twice is not None:
            values = ", ".join(str(value) for value in found.twice)
            raise SourceError(
                f"{self._table.name} has more than one row with the key ({key}) = ({values})", hint=hint
            )

    def _check_cursor_went_on(self, start: _Start, found: ReadKeys, missed: int, *, knows_keys: bool) -> None:
        """The row with the greatest cursor is read again each time, if it still is there."""
        if start.since is None:
            return
        _check_same_kind(found.highest, start, self._settings, self._to)
        if found.highest is not None and found.highest >= start.since:
            return
        if knows_keys and not missed:
            return  # the newest rows were deleted, and nothing else has happened
        raise SourceError(
            f"the cursor of {self._table.name} went back: bronze has seen {self._settings.cursor} = "
            f"{start.highest}, and no row from {start.since} on is left",
            hint="if the source was restored or filled anew, read it anew: aidbt ingest run "
            f"{self._to.source} --table {self._table.name} --full; if its newest rows were only deleted, set "
            "deletes: true",
        )


class _Read:
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
        changes = _changes(rows, operation, load, self.rows + 1, now)
        self.rows += rows.num_rows
        self.file.append(self.piece(changes))

    def append_letters(self, stream: Stream) -> None:
        letters = tuple(stream.rejected)
        self.file.append(replace(self._empty, events=len(letters), dead_letters=letters))

    def piece(self, rows: pa.Table) -> TableChanges:
        """Rows of this table as changes."""
        return replace(self._empty, rows=rows, events=rows.num_rows)


class _Pieces:
    """The changes of a load: those rows of what was read that are none of the log's, and marks.

    Attributes:
        rows: of what was read.
        marked: rows that nobody read.
        events: rows, marks and dead letters.
    """

    def __init__(self, read: _Read, changed: pa.Int64Array | None, marks: Iterable[pa.Table]) -> None:
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


def stream_name(to: Destination) -> str:
    """The name under which the position of a table is kept: each is a stream of its own."""
    return f"{to.source}/{to.source_table}"


def _check_same(kept: Mapping[str, Any], settings: CursorSettings, to: Destination) -> None:
    for what, was, now in (
        ("key", ", ".join(kept["key"]), ", ".join(settings.key)),
        ("cursor", kept["cursor"], settings.cursor),
    ):
        if was != now:
            raise SettingsError(
                f"the {what} of {to.source_table} is {now} in the connector file of '{to.source}', but {to} "
                f"was loaded with {was}",
                hint="put it back, or read the table anew: "
                f"aidbt ingest run {to.source} --table {to.source_table} --full",
            )


def _check_same_kind(highest: Any, start: _Start, settings: CursorSettings, to: Destination) -> None:
    """Times with and without a zone, dates, and numbers cannot be compared with each other."""
    kinds = [
        (isinstance(value, datetime), getattr(value, "tzinfo", None) is None, isinstance(value, date))
        for value in (highest, start.highest)
    ]
    if highest is not None and kinds[0] != kinds[1]:
        raise SourceError(
            f"the cursor {to.source_table}.{settings.cursor} has another type than when {to} was loaded",
            hint=f"read the table anew: aidbt ingest run {to.source} --table {to.source_table} --full",
        )


def _less(highest: Any, settings: CursorSettings, to: Destination) -> Any:
    """The cursor at which reading begins."""
    lag = settings.lag
    if isinstance(highest, datetime | date):
        if lag == 0:
            return highest
        if isinstance(lag, timedelta):
            is_time = isinstance(highest, datetime)
            try:
                return highest - (lag if is_time else timedelta(days=-(-lag // timedelta(days=1))))
            except OverflowError:
                return None
    elif isinstance(highest, int | Decimal) and not isinstance(lag, timedelta):
        return highest - lag
    raise _bad_lag(settings, to.source_table)


def _bad_lag(settings: CursorSettings, table: str) -> SourceError:
    return SourceError(
        f"the lag of {table} does not fit its cursor {settings.cursor}",
        hint='dates and times take a span, e.g. lag: "2 hours"; numbers take a number, e.g. lag: 1000',
    )


def _check_column(name: str, names: Sequence[str], table: Relation) -> None:
    if names.count(name) != 1:
        close = nearest(name, names)
        raise SourceError(
            f"the table {table.name} has no column '{name}', which its load by cursor needs",
            hint=f"did you mean '{close}'?" if close else f"it has: {', '.join(names[:12])}",
        )


def _check_cursor_type(field: pa.Field, settings: CursorSettings, table: Relation) -> None:
    of = field.type
    is_time = pa.types.is_date(of) or pa.types.is_timestamp(of)
    if not (is_time or pa.types.is_integer(of) or pa.types.is_decimal(of)):
        raise SourceError(
            f"{table.name}.{field.name} cannot be a cursor: it lands as {of}, and only whole or decimal "
            "numbers, dates and timestamps have one order in every system",
            hint="choose another cursor, or take the table out of 'incremental' to load it in full",
        )
    if settings.lag != 0 and isinstance(settings.lag, timedelta) != is_time:
        raise _bad_lag(settings, table.name)


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


def _mark(read: _Read, load: int, now: datetime) -> pa.Table:
    """The row that says that all rows before are gone."""
    nulls = [pa.nulls(1, field.type) for field in read.columns]
    return _changes(pa.Table.from_arrays(nulls, schema=read.columns), TRUNCATED, load, _BEFORE_ALL, now)


def _deletions(read: _Read, keys: pa.Table, load: int, now: datetime) -> pa.Table:
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


def _joined(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
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


def _reader(read: _Read, names: Sequence[str]) -> pa.RecordBatchReader:
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


def _asked(ask: Callable[[], Any], stream: Stream | None = None) -> Any:
    """An answer of the warehouse; what went wrong in a stream that it read is the stream's error."""
    try:
        return ask()
    except AidbtError as error:
        raise ((stream.failure if stream else None) or error) from error


def _notes(missed: int, table: Relation) -> tuple[str, ...]:
    if not missed:
        return ()
    what = "1 row" if missed == 1 else f"{missed:,} rows"
    return (
        f"{what} of {table.name} never read, with a cursor below what was read before; give 'lag' more, and "
        "read the table anew with --full",
    )
