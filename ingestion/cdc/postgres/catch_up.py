"""Tables that have to be read before the stream can go on: all of them at first, later those that lack rows.

Each is read under the snapshot of a slot, which begins exactly where that slot's stream does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aidbt.core.errors import SourceError, SourceUnavailable
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Relation
from ingestion.cdc.postgres import slots
from ingestion.cdc.postgres.connection import Control
from ingestion.cdc.postgres.followed import FollowedTables
from ingestion.cdc.postgres.outstanding import Outstanding
from ingestion.cdc.postgres.slot_making import SlotInTheMaking
from ingestion.cdc.postgres.slots import NewSlot, Position, System, shown
from ingestion.cdc.postgres.snapshot import Snapshot, added_values, whole_table
from ingestion.cdc.postgres.tables import Table
from ingestion.changes import MicroBatch
from ingestion.connectors.postgres.errors import TableChanged
from ingestion.connectors.postgres.settings import PostgresSettings
from ingestion.connectors.postgres.source import PostgresSource

_POLL_S = 0.25  # how soon `stop` is seen while the server makes a slot


@dataclass(frozen=True, slots=True)
class _View:
    """The schema under the snapshot of a slot.

    Attributes:
        lsn: of the slot: what was committed before is in the snapshot.
        stream: where the stream stands meanwhile.
    """

    source: PostgresSource
    lsn: int
    stream: Position


class CatchUp:
    """Reads tables under snapshots, as batches of the stream.

    Args:
        slot: the name of the stream's slot.
        followed: the tables, which it moves on as they are read.
        outstanding: makes the batches.
    """

    def __init__(
        self,
        settings: PostgresSettings,
        control: Control,
        slot: str,
        followed: FollowedTables,
        outstanding: Outstanding,
    ) -> None:
        self._settings = settings
        self._control = control
        self._slot = slot
        self.followed = followed
        self._outstanding = outstanding
        self._open_sources: list[PostgresSource] = []

    def begin(
        self, position: Position, kept: Position | None, system: System, stop: threading.Event
    ) -> Generator[MicroBatch | None, None, Position]:
        """Make the stream's slot, and read all tables under its snapshot; gives the position behind them.

        That it is being made is kept first, so that a slot left by somebody who was killed is known as ours.
        After the first table has landed the position is kept, and the others are caught up with later.

        Args:
            position: without an LSN, which it gets unless `stop` comes before.
            kept: where an earlier stream has ended.
            system: the server that it is to be.

        Raises:
            SourceUnavailable: the server went away.
            SourceError: the slot belongs to somebody else, or the server's log to another time.
        """
        self._check_begin(kept, system)
        names = self.followed.forget_all()
        intent = {"": position.to_json(), **self.followed.marks.parts(names)}
        yield from self._kept_first(intent, stop)
        if stop.is_set():
            return position
        slots.drop_slot(self._control, self._slot)
        new = yield from self._made(self._slot, position, stop, temporary=False)
        if new is None:
            return position
        position = replace(position, lsn=new.lsn)
        yield from self._read(self._opened(new, position), self.followed.streamed.tables, (), stop)
        return position

    def catch_up(self, position: Position, stop: threading.Event) -> Iterator[MicroBatch | None]:
        """Snapshots of tables, and values of added columns, as of one temporary slot.

        Raises:
            SourceUnavailable: the server went away, or a table was dropped or truncated meanwhile.
            SourceError: the server refused.
        """
        missing = self.followed.missing()
        lacking = self.followed.lacking(missing)
        if not missing and not lacking:
            return
        new = yield from self._made(f"{self._slot[:50]}_snapshot", position, stop, temporary=True)
        if new is not None:
            yield from self._read(self._opened(new, position), missing, lacking, stop)

    def close(self) -> None:
        """Give up all snapshots."""
        for source in self._open_sources:
            source.close()
        self._open_sources.clear()

    def _check_begin(self, kept: Position | None, system: System) -> None:
        """Check that the slot and the log are ours to begin with."""
        schema = self._settings.bronze_schema
        slot = slots.wait_until_free(self._control, self._slot)
        if slot is not None and (kept is None or kept.slot != self._slot):
            raise SourceError(
                f"the replication slot {self._slot} exists, but nothing of its stream has landed in "
                f"{schema}: it feeds another warehouse, or this one was made anew",
                hint="give this source a slot of its own under cdc: slot; or, if nobody needs that one: "
                f"SELECT pg_drop_replication_slot('{self._slot}');",
            )
        if kept is not None and kept.lsn is not None and system.lsn < kept.lsn:
            raise SourceError(
                f"the log of {self._control.url.shown} ends at {shown(system.lsn)}, before what is in bronze "
                f"already ({shown(kept.lsn)}); rows of now would sort before older ones",
                hint="give the source another bronze_schema, or move the old tables away",
            )
        if kept is not None and kept.slot != self._slot and slots.find_slot(self._control, kept.slot):
            message = (
                f"the replication slot {kept.slot} is not read any more, it only retains the server's log: "
                f"SELECT pg_drop_replication_slot('{kept.slot}');"
            )
            self._outstanding.say(Finding("cdc.slot_left", Severity.WARN, self._settings.name, message))

    def _kept_first(self, position: Mapping[str, Any], stop: threading.Event) -> Iterator[MicroBatch]:
        """Give out a position until it has been acknowledged; a runner may be a few batches behind."""
        is_kept = threading.Event()
        pause_s = 0.01
        while not is_kept.is_set() and not stop.is_set():
            yield self._outstanding.batch((), position, release=is_kept.set)
            if is_kept.wait(0):
                return
            stop.wait(pause_s)
            pause_s = min(2 * pause_s, 1.0)

    def _made(
        self, name: str, position: Position, stop: threading.Event, *, temporary: bool
    ) -> Generator[MicroBatch | None, None, NewSlot | None]:
        """The new slot; None when `stop` came first, and then it is not there.

        While the server waits for others it is said for whom.
        """
        making = SlotInTheMaking(self._control, name, temporary=temporary)
        new: NewSlot | None = None
        try:
            while new is None and not stop.is_set():
                new = making.wait(_POLL_S)
                if new is None:
                    yield self._waiting(making.news(), position)
        finally:
            if new is None:
                making.cancel()
        if new is None and not temporary:
            slots.drop_slot(self._control, name)
        return new

    def _waiting(self, blockers: Sequence[str], position: Position) -> MicroBatch | None:
        """A batch that says who is waited for, if that is news."""
        if not blockers:
            return None
        message = "a snapshot has to wait until every transaction that was writing has ended: "
        message += "; ".join(blockers[:3])
        message += f"; and {len(blockers) - 3} more" if len(blockers) > 3 else ""
        self._outstanding.say(Finding("cdc.waits", Severity.INFO, self._settings.name, message))
        return self._outstanding.batch((), {"": position.to_json()})

    def _opened(self, slot: NewSlot, stream: Position) -> _View:
        """The schema under a slot's snapshot, which it holds on to."""
        marks = self.followed.marks
        landed = [table.name for table in self.followed.streamed.tables if marks[str(table)].version]
        try:
            source = PostgresSource(
                self._settings, self._control.url, snapshot=slot.snapshot, unknown_as_text=landed
            )
        finally:
            slot.connection.close()
        self._open_sources.append(source)
        return _View(source, slot.lsn, stream)

    def _read(
        self, view: _View, missing: Sequence[Table], lacking: Sequence[Table], stop: threading.Event
    ) -> Iterator[MicroBatch]:
        """One batch for each table, under a snapshot that is let go when the last one has landed.

        A table that may not be read holds up no other one.
        """
        waiting = len(missing) + len(lacking)

        def landed() -> None:
            nonlocal waiting
            waiting -= 1
            if not waiting:
                self._open_sources.remove(view.source)
                view.source.close()

        for table in (*missing, *lacking):
            if stop.is_set():
                return
            yield self._snapshot(view, table, is_added=table in lacking, release=landed)

    def _snapshot(
        self, view: _View, table: Table, *, is_added: bool, release: Callable[[], None]
    ) -> MicroBatch:
        """The batch of one table: the rows to read, which the server has counted, or why they cannot be."""
        snapshot: Snapshot | None = None
        source, lsn = view.source, view.lsn
        relation = _relation(source, table)
        before = self.followed.marks[str(table)]
        read = added_values if is_added else whole_table
        try:
            snapshot, mark = read(source, lsn, table, relation, before, self.followed.streamed)
            if snapshot is not None:
                source.columns(relation, snapshot.columns)  # are all types known?
                _ = snapshot.events
        except TableChanged as error:
            raise SourceUnavailable(error.message, hint=error.hint) from error
        except SourceError as error:
            if error.retryable:
                raise
            snapshot = None
            self._outstanding.say(self.followed.cannot_be_read(table, error, is_added=is_added))
        else:
            self.followed.is_read(table, mark)
        parts = {"": view.stream.to_json(), **self.followed.marks.parts([str(table)])}
        if snapshot is None:
            return self._outstanding.batch((), parts, release=release)
        return self._outstanding.batch(
            snapshot, parts, first=lsn, last=lsn, events=snapshot.events, release=release
        )


def _relation(source: PostgresSource, table: Table) -> Relation:
    """The table as the snapshot has it.

    Raises:
        SourceUnavailable: it has another one, or none.
    """
    for relation in source.tables():
        if relation.name == table.name and source.known(relation).oid == table.oid:
            return relation
    raise SourceUnavailable(f"the table {table} was dropped or made again just now", hint="run this again")
