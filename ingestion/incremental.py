"""Loads by cursor: only rows whose cursor has moved on are read, and land in a change log as what they are.

The first load of a table reads all rows (`r`). Each later one reads the rows whose cursor is not below the
greatest in the log, less a lag, and those in which it is NULL, and lands as `u` those that differ from the
newest row of their key. Keys that the source no longer has land as `d`, where the settings ask for that. The
position is the number of the load, the sequence that of the row in it: neither depends on a clock.

Where a load begins is read from the log itself, so a table that was restored goes on from where it stands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aidbt.core.errors import AidbtError, SourceError
from aidbt.core.loads import READ, UPDATED
from aidbt.core.schema import Relation
from ingestion.bronze.base import Batch, ChangeLogs, Comparison, Destination, Fence, ReadKeys
from ingestion.bronze.names import distinct
from ingestion.changes import ChangeSink, MicroBatch
from ingestion.connectors.base import Cursor, Incremental, Stream
from ingestion.cursor_checks import (
    begins_at,
    check_column,
    check_cursor_type,
    check_keys,
    check_same,
    check_same_kind,
)
from ingestion.cursor_rows import Pieces, Read, deletions, joined, mark, reader
from ingestion.records import CursorSettings
from ingestion.spill import ChangeFile


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
        kept = self._using.sink.parts(self._to.schema, stream_name(self._to)).get("")
        standing = self._using.logs.standing(self._to, settings.cursor)
        last = max(standing.position if standing else 0, kept["load"] if kept else 0)
        if standing is None or standing.position == 0:
            return _Start(last + 1, READ)
        if self._using.full or kept is None:
            # Without a position of ours the log came from a stream, whose rows have no load.
            return _Start(last + 1, READ, is_anew=True)
        check_same(kept, settings, self._to)
        since = None if standing.highest is None else begins_at(standing.highest, settings, self._to)
        return _Start(last + 1, UPDATED, since, standing.highest)

    def _landed(self, start: _Start, fence: Fence | None, files: list[ChangeFile]) -> Batch:
        settings = self._settings
        with self._using.logs.comparison(self._to, settings.key) as comparison:
            has_keys = settings.deletes and start.operation == UPDATED
            if has_keys:
                self._keep_source_keys(comparison)
            read = self._read(start, files)
            found = _asked(lambda: comparison.keep_read(reader(read, [*settings.key, settings.cursor])))
            check_keys(found, settings, self._table)
            changed = None
            if start.operation == UPDATED and found.rows:
                changed = comparison.changed(reader(read, read.columns.names), read.columns)
            gone = comparison.gone() if has_keys else None
            missed = comparison.missed() if has_keys else 0
        self._check_cursor_went_on(start, found, missed, knows_keys=has_keys)
        pieces = Pieces(
            read,
            changed,
            marks=[
                *([mark(read, start.load, self._now)] if start.is_anew else []),
                *([deletions(read, gone, start.load, self._now)] if gone is not None else []),
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

    def _read(self, start: _Start, files: list[ChangeFile]) -> Read:
        """All rows from the start on, in a file."""
        where = Cursor(self._settings.cursor, start.since)
        with self._source.read(self._table, where=where) as stream:
            self._stream = stream
            stream.pace = self._pace
            names = stream.schema.names
            for name in (self._settings.cursor, *self._settings.key):
                check_column(name, names, self._table)
            check_cursor_type(stream.schema.field(self._settings.cursor), self._settings, self._table)
            file = ChangeFile.create(self._using.scratch / f"{self._to}-{id(self):x}.changes")
            files.append(file)
            read = Read(file, stream.schema, self._to, self._settings.key)
            for rows in joined(stream.reader(names, stop=self._stop)):
                read.append(rows, start.operation, start.load, self._now)
            if stream.rejected or not read.rows:
                read.append_letters(stream)
            file.finish()
        return read

    def _check_cursor_went_on(self, start: _Start, found: ReadKeys, missed: int, *, knows_keys: bool) -> None:
        """The row with the greatest cursor is read again each time, if it still is there."""
        if start.since is None:
            return
        check_same_kind(found.highest, start.highest, self._settings, self._to)
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


def stream_name(to: Destination) -> str:
    """The name under which the position of a table is kept: each is a stream of its own."""
    return f"{to.source}/{to.source_table}"


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
