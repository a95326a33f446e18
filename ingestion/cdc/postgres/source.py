"""Changes of a PostgreSQL schema: a snapshot of each table, then what the server's log says, without a gap.

Positions are LSNs. A commit below a table's snapshot is in that snapshot, every other one in the stream. What
is landed, and the position behind it, is known from the sink's state alone; the slot is moved on only by
`acknowledge`, so it never stands beyond that. If it does, somebody else moved it.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from aidbt.core.errors import SourceError, SourceUnavailable, UnknownName
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Relation
from ingestion.bronze.base import Destination
from ingestion.cdc.postgres import slots
from ingestion.cdc.postgres.connection import Control, connect
from ingestion.cdc.postgres.decoder import Decoder
from ingestion.cdc.postgres.marks import Mark, Marks
from ingestion.cdc.postgres.replication import ReplicationStream, heartbeat
from ingestion.cdc.postgres.server import check_server, slot_name
from ingestion.cdc.postgres.slots import Position, System, shown
from ingestion.cdc.postgres.snapshot import Snapshot, added_values, whole_table
from ingestion.cdc.postgres.streamed import StreamedTables
from ingestion.cdc.postgres.tables import Table
from ingestion.cdc.postgres.transactions import IDLE_S, Gathering, gatherings
from ingestion.changes import BatchLimits, Lag, MicroBatch, StreamState, TableChanges
from ingestion.connectors.base import DeadLetter
from ingestion.connectors.postgres.settings import PostgresSettings
from ingestion.connectors.postgres.source import PostgresSource
from ingestion.connectors.postgres.url import ServerUrl
from ingestion.spill import ChangeFile

_NEVER = 2**63 - 1  # beyond every position
HEARTBEAT_BYTES = 1 << 20  # of log that is not ours, behind which a mark is worth writing

_BACKLOG = """
select (pg_catalog.pg_current_wal_lsn() - '0/0')::bigint, (confirmed_flush_lsn - '0/0')::bigint
from pg_catalog.pg_replication_slots where slot_name = %s
"""


@dataclass(frozen=True, slots=True)
class _Given:
    """A micro-batch that has been given out and not acknowledged."""

    position: Mapping[str, Any]
    streamed_lsn: int | None
    committed_at_s: float | None
    release: Callable[[], None] | None


class PostgresChanges:
    """The log of changes of one schema; `name` and `bronze_schema` as in the connector's file."""

    def __init__(
        self, settings: PostgresSettings, url: ServerUrl, *, scratch: Path, resnapshot: Sequence[str] = ()
    ) -> None:
        """Connect, and see which tables are meant.

        Args:
            scratch: a folder for transactions that do not fit in memory.
            resnapshot: names or patterns of tables that are read anew.

        Raises:
            UnknownName: no streamed table is meant by one of `resnapshot`.
            SourceUnavailable: nothing answers, or not now.
            SourceError: the server refused, cannot stream changes, or lacks a table.
        """
        assert settings.cdc is not None
        self.name = settings.name
        self.bronze_schema = settings.bronze_schema
        self._settings = settings
        self._url = url
        self._scratch = scratch
        self._slot = settings.cdc.slot or slot_name(settings.name)
        self._control = Control(url)
        try:
            check_server(self._control)
            publication = settings.cdc.publication or self._slot
            self._streamed = StreamedTables(self._control, settings, publication)
            self._anew = _chosen_anew(self._streamed.tables, resnapshot)
        except BaseException:
            self._control.close()
            raise
        self._stream: ReplicationStream | None = None
        self._marks = Marks(self.name, {}, self._streamed.lands_differently)
        self._skip_before: dict[str, int] = {}
        self._unreadable: set[str] = set()
        self._given: deque[_Given] = deque()
        self._open_sources: list[PostgresSource] = []
        self._confirmed_lsn = 0
        self._landed_at_s: float | None = None
        self._current_at_s: float | None = None

    # --- what a ChangeSource does ---------------------------------------------------------------------

    def batches(
        self, state: StreamState, limits: BatchLimits, *, until_current: bool, stop: threading.Event
    ) -> Iterator[MicroBatch | None]:
        """The micro-batches after `state`: snapshots of tables that have none first, then the stream.

        Args:
            until_current: end when everything that was committed before the call has been given out.
            stop: end, without an error, before the next transaction.

        Raises:
            SourceUnavailable: the server went away.
            SourceError: it refused, or changes that have not landed are gone.
            WriteError: a transaction fits neither in memory nor in the scratch folder.
        """
        self._marks = Marks(self.name, state.parts, self._streamed.lands_differently)
        kept = Position.from_json(state.parts[""]) if "" in state.parts else None
        connection = connect(self._url, replication=True)
        try:
            system = slots.identify(connection, self._url)
            everything_anew = self._anew == {str(table) for table in self._streamed.tables}
            if kept is not None and kept.lsn is not None and not everything_anew:
                slots.check_system(kept, system, connection, self._url)
                slot = slots.wait_until_free(self._control, self._slot)
                slots.check_slot(slot, kept, self._slot, self._url, self.name)
                self._check_not_restored(state)
                position = replace(kept, timeline=system.timeline)
            else:
                position = Position(None, system.identifier, system.timeline, self._slot)
        finally:
            connection.close()
        self._streamed.publish()
        if position.lsn is None:
            position = yield from self._begin(position, kept, system, stop)
        else:
            yield from self._forget(position)
        if position.lsn is None or stop.is_set():
            return
        self._check_membership()
        self._skip_before |= {name: mark.snapshot or 0 for name, mark in self._marks.complete().items()}
        self._follow_as_text()
        yield from self._catch_up(position, self._without_snapshot(), stop)
        if not stop.is_set():
            yield from self._follow(position, limits, until_current=until_current, stop=stop)

    def acknowledge(self, batch: MicroBatch) -> None:
        """The batch, and all that were given out before it, have been committed.

        Raises:
            SourceUnavailable: the server went away.
        """
        if isinstance(batch.changes, ChangeFile):
            batch.changes.delete()
        lsn = None
        while self._given:
            given = self._given.popleft()
            lsn = given.streamed_lsn or lsn
            self._landed_at_s = given.committed_at_s or self._landed_at_s
            if given.release is not None:
                given.release()
            if given.position == batch.position:
                break
        if lsn is not None and self._stream is not None:
            self._stream.confirm(lsn)
            self._confirmed_lsn = lsn

    def lag(self) -> Lag:
        """The log behind what has been acknowledged, and the age of what has landed.

        While everything that the server has sent has landed, nothing that was committed before the last look
        is missing: then the time since that look counts.

        Raises:
            SourceUnavailable: the server went away.
        """
        rows = self._control.rows(_BACKLOG, (self._slot,), what=f"the replication slot {self._slot}")
        backlog = None
        if rows and rows[0][1] is not None:
            end, confirmed = rows[0]
            # What was confirmed a moment ago the server may not have seen yet.
            backlog = max(end - max(confirmed, self._confirmed_lsn), 0)
        at = self._landed_at_s
        if self._current_at_s is not None and not self._given:
            at = max(at or 0.0, self._current_at_s)
        return Lag(
            backlog_bytes=backlog,
            seconds=None if at is None else max(time.time() - at, 0.0),
        )

    def replay(
        self, letters: Sequence[tuple[Destination, DeadLetter]], state: StreamState
    ) -> Iterable[TableChanges]:
        """Dead letters, which say themselves of what version of a table they are, under the settings of now.

        Raises:
            SourceUnavailable: the server went away.
            SourceError: a letter is none of this stream.
        """
        return self._decoder().redecode(letters)

    def close(self) -> None:
        """Let go of the slot and all connections."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        for source in self._open_sources:
            source.close()
        self._open_sources.clear()
        self._control.close()

    # --- the beginning --------------------------------------------------------------------------------

    def _begin(
        self, position: Position, kept: Position | None, system: System, stop: threading.Event
    ) -> Generator[MicroBatch, None, Position]:
        """Make the slot, and read all tables under its snapshot; gives the position behind them.

        That it is being made is kept first, so that a slot left by somebody who was killed is known as ours.
        After the first table has landed the position is kept, and the others are caught up with later.
        """
        slot = slots.wait_until_free(self._control, self._slot)
        if slot is not None and (kept is None or kept.slot != self._slot):
            raise SourceError(
                f"the replication slot {self._slot} exists, but nothing of its stream has landed in "
                f"{self.bronze_schema}: it feeds another warehouse, or this one was made anew",
                hint="give this source a slot of its own under cdc: slot; or, if nobody needs that one: "
                f"SELECT pg_drop_replication_slot('{self._slot}');",
            )
        if kept is not None and kept.lsn is not None and system.lsn < kept.lsn:
            raise SourceError(
                f"the log of {self._url.shown} ends at {shown(system.lsn)}, before what is in bronze already "
                f"({shown(kept.lsn)}); rows of now would sort before older ones",
                hint="give the source another bronze_schema, or move the old tables away",
            )
        if kept is not None and kept.slot != self._slot and slots.find_slot(self._control, kept.slot):
            message = (
                f"the replication slot {kept.slot} is not read any more, it only retains the server's log: "
                f"SELECT pg_drop_replication_slot('{kept.slot}');"
            )
            self._marks.findings.append(Finding("cdc.slot_left", Severity.WARN, self.name, message))
        names = {*self._marks.complete(), *map(str, self._streamed.tables)}
        self._marks.forget(names)
        intent = {"": position.to_json(), **self._marks.parts(names)}
        yield from self._kept_first(intent, stop)
        if stop.is_set():
            return position
        slots.drop_slot(self._control, self._slot)
        new = slots.create_slot(self._url, self._slot, temporary=False)
        try:
            source = PostgresSource(self._settings, self._url, snapshot=new.snapshot)
        finally:
            new.connection.close()
        position = replace(position, lsn=new.lsn)
        self._anew = set()
        yield from self._read(source, new.lsn, position, self._streamed.tables, stop)
        return position

    def _kept_first(self, position: Mapping[str, Any], stop: threading.Event) -> Iterator[MicroBatch]:
        """Give out a position until it has been acknowledged; a runner may be a few batches behind."""
        is_kept = threading.Event()
        pause_s = 0.01
        while not is_kept.is_set() and not stop.is_set():
            yield self._batch((), position, release=is_kept.set)
            if is_kept.wait(0):
                return
            stop.wait(pause_s)
            pause_s = min(2 * pause_s, 1.0)

    # --- tables that have to be read ------------------------------------------------------------------

    def _catch_up(
        self, position: Position, missing: Sequence[Table], stop: threading.Event
    ) -> Iterator[MicroBatch]:
        """Snapshots of tables, and values of added columns, as of one temporary slot."""
        missing = [table for table in missing if str(table) not in self._unreadable]
        others = [t for t in self._streamed.tables if t not in missing and str(t) not in self._unreadable]
        added = [table for table in others if self._marks[str(table)].backfill]
        if not missing and not added:
            return
        new = slots.create_slot(self._url, f"{self._slot[:50]}_snapshot", temporary=True)
        try:
            source = PostgresSource(self._settings, self._url, snapshot=new.snapshot)
        finally:
            new.connection.close()
        yield from self._read(source, new.lsn, position, missing, stop, added=added)
        self._anew -= set(map(str, missing))

    def _read(
        self,
        source: PostgresSource,
        lsn: int,
        position: Position,
        tables: Sequence[Table],
        stop: threading.Event,
        *,
        added: Sequence[Table] = (),
    ) -> Iterator[MicroBatch]:
        """One batch for each table, under a snapshot that is let go when the last one has landed.

        A table that may not be read holds up no other one; it is tried again at the next start.
        """
        self._open_sources.append(source)
        relations = {relation.name: relation for relation in source.tables()}
        waiting = len(tables) + len(added)

        def landed() -> None:
            nonlocal waiting
            waiting -= 1
            if not waiting:
                self._open_sources.remove(source)
                source.close()

        for table in (*tables, *added):
            if stop.is_set():
                return
            relation = relations.get(table.name)
            if relation is None or source.known(relation).oid != table.oid:
                raise SourceUnavailable(
                    f"the table {table} was dropped or made again just now", hint="run this again"
                )
            snapshot: Snapshot | None = None
            try:
                snapshot, mark = self._snapshot(source, lsn, table, relation, is_added=table in added)
            except SourceError as error:
                if error.retryable:
                    raise
                self._cannot_read(table, error, is_added=table in added)
            else:
                self._marks[str(table)] = mark
                self._skip_before[str(table)] = mark.snapshot or 0
            parts = {"": position.to_json(), **self._marks.parts([str(table)])}
            if snapshot is None:
                yield self._batch((), parts, release=landed)
            else:
                yield self._batch(
                    snapshot, parts, first=lsn, last=lsn, events=snapshot.events, release=landed
                )

    def _snapshot(
        self, source: PostgresSource, lsn: int, table: Table, relation: Relation, *, is_added: bool
    ) -> tuple[Snapshot | None, Mark]:
        """What is to be read of a table, which the server has counted, and the mark that it has landed."""
        read = added_values if is_added else whole_table
        snapshot, mark = read(source, lsn, table, relation, self._marks[str(table)], self._streamed)
        if snapshot is not None:
            source.columns(relation, snapshot.columns)  # are all types known?
            _ = snapshot.events
        return snapshot, mark

    def _cannot_read(self, table: Table, error: SourceError, *, is_added: bool) -> None:
        """Leave out a table, or what was added to it, in this run, and say so."""
        name = str(table)
        self._unreadable.add(name)
        if not is_added:
            self._marks.forget([name])
            self._skip_before[name] = _NEVER
        what = "its older rows lack values" if is_added else "it has not landed and is not streamed"
        message = f"{name}: {what}: {error.message}" + (f" ({error.hint})" if error.hint else "")
        message += "; it is tried again at the next start"
        self._marks.findings.append(
            Finding("cdc.not_readable", Severity.ERROR, f"{self.name}: {name}", message)
        )

    # --- the stream -----------------------------------------------------------------------------------

    def _follow(
        self, position: Position, limits: BatchLimits, *, until_current: bool, stop: threading.Event
    ) -> Iterator[MicroBatch | None]:
        """Batches of whole transactions, and what changes of the tables ask for between them; None while
        nothing comes.
        """
        assert position.lsn is not None
        decoder = self._decoder()
        stream = ReplicationStream(self._url, self._slot, self._streamed.publications, position.lsn)
        self._stream = stream
        # Nobody held the slot while tables were read, which may have taken hours; from now on we do.
        slot = slots.find_slot(self._control, self._slot)
        slots.check_slot(slot, position, self._slot, self._url, self.name)
        target = heartbeat(self._control) if until_current else None
        looked_s = time.monotonic()
        for gathering in gatherings(
            stream, decoder, limits, self._new_gathering(limits), target=target, stop=stop
        ):
            if gathering is not None:
                position = replace(position, lsn=gathering.end_lsn)
                yield self._landable(gathering, position)
                if gathering.relations:
                    yield from self._catch_up(position, self._without_snapshot(), stop)
                continue
            self._current_at_s = time.time()
            if time.monotonic() - looked_s >= IDLE_S:
                looked_s = time.monotonic()
                if stream.wal_end - (position.lsn or 0) >= HEARTBEAT_BYTES:
                    heartbeat(self._control)
                yield from self._see_catalog(position, stop)
            yield None
        if not stop.is_set():
            yield from self._see_catalog(position, stop)

    def _new_gathering(self, limits: BatchLimits) -> Callable[[], Gathering]:
        paths = (
            self._scratch / f"{self.name}-{os.getpid()}-{number}.changes" for number in itertools.count(1)
        )
        return lambda: Gathering(next(paths), limits.size_bytes)

    def _landable(self, gathering: Gathering, position: Position) -> MicroBatch:
        """The batch of what was gathered, with the marks of the tables that are in it."""
        assert position.lsn is not None
        changed: set[str] = set()
        if gathering.relations:
            self._refresh()
            changed = self._marks.note(
                gathering.relations, gathering.schema_changes, position.lsn, self._streamed.numbers
            )
            changed |= self._see_storage()
        for table, last in gathering.last_of.items():
            name = f"{self._settings.schema}.{table}"
            if self._marks[name].snapshot is not None:
                # As the sink records it: of dead letters alone the range of the whole batch.
                last = gathering.last if last is None else last
                self._marks[name] = replace(self._marks[name], last=last)
                changed.add(name)
        return self._batch(
            gathering.changes(),
            {"": position.to_json(), **self._marks.parts(changed)},
            first=gathering.first,
            last=gathering.last,
            events=gathering.events,
            size_bytes=gathering.size_bytes,
            streamed_lsn=position.lsn,
            committed_at=gathering.committed_at,
        )

    def _see_catalog(self, position: Position, stop: threading.Event) -> Iterator[MicroBatch]:
        """Follow changes of tables in which no row has changed since, so that the stream says nothing."""
        self._refresh()
        changed = {
            str(table)
            for table in self._streamed.tables
            if self._marks.see(table, self._streamed.published(table, table.columns))
        }
        changed |= self._see_storage()
        yield from self._catch_up(position, self._without_snapshot(), stop)
        if self._marks.findings:  # of a table of which nothing is fetched
            yield self._batch((), {"": position.to_json(), **self._marks.parts(changed)})

    def _see_storage(self) -> set[str]:
        """Follow rewritten values; gives the tables whose marks have changed."""
        return {
            str(table)
            for table in self._streamed.tables
            if self._marks.see_storage(table, self._streamed.published(table, table.columns))
        }

    def _refresh(self) -> None:
        """See the catalog again; the stream has to be opened anew when it is of other publications."""
        before = self._streamed.publications
        self._streamed.refresh()
        self._check_membership()
        if self._streamed.publications != before:
            raise SourceUnavailable(
                f"{self.name}: a table got or lost its key, so another publication sends it now",
                hint="run this again",
            )

    def _decoder(self) -> Decoder:
        return self._streamed.decoder(
            start_versions={name: mark.table_version() for name, mark in self._marks.complete().items()},
            skip_before=self._skip_before,
        )

    def _follow_as_text(self) -> None:
        """See that the setting `as_text` is another one, of which the stream says nothing."""
        for table in self._streamed.tables:
            mark = self._marks[str(table)]
            if mark.snapshot is not None and mark.as_text != self._streamed.as_text:
                columns = self._streamed.lands_otherwise(table, mark.columns, mark.as_text)
                self._marks.set_as_text(str(table), self._streamed.as_text, columns)

    # --- checks and small things ----------------------------------------------------------------------

    def _without_snapshot(self) -> list[Table]:
        return self._marks.without_snapshot(self._streamed.tables, self._anew)

    def _check_membership(self) -> None:
        """Check that no table was out of the publication for a while."""
        for table in self._streamed.tables:
            name = str(table)
            is_other = self._marks[name].member != self._streamed.member(table)
            if is_other and self._marks.is_followed(table) and name not in self._anew:
                raise SourceError(
                    f"the publication of {table} is not the one from which it was streamed before, or the "
                    "table was taken out of it and put in again; changes between are lost",
                    hint=f"take the table anew: aidbt ingest cdc {self.name} --snapshot {table.name}",
                )

    def _check_not_restored(self, state: StreamState) -> None:
        """Check that the tables in bronze are as late as the stream's position."""
        for table in self._streamed.tables:
            mark = self._marks[str(table)]
            if mark.snapshot is None or str(table) in self._anew:
                continue
            landed = state.tables.get(table.name)
            last = landed.position.get("last") if landed else None
            if last is None or last < mark.last:
                raise SourceError(
                    f"what has landed of {table} in {self.bronze_schema} ends at {shown(last)}, before what "
                    f"the stream had landed ({shown(mark.last)}): the table was restored from a copy or "
                    "dropped, and lacks changes",
                    hint=f"take the table anew: aidbt ingest cdc {self.name} --snapshot {table.name}",
                )

    def _forget(self, position: Position) -> Iterator[MicroBatch]:
        """Keep that tables have no complete snapshot from now on: those that are not streamed any more, and
        those to be read anew, which somebody who is killed meanwhile need not ask for again.
        """
        left = set(self._marks.complete()) - set(map(str, self._streamed.tables))
        for name in sorted(left):
            self._marks.not_streamed(name)
        forgotten = left | self._anew
        self._marks.forget(forgotten)
        self._anew = set()
        if forgotten:
            yield self._batch((), {"": position.to_json(), **self._marks.parts(forgotten)})

    def _batch(
        self,
        changes: Iterable[TableChanges],
        position: Mapping[str, Any],
        *,
        first: int = 0,
        last: int = 0,
        events: int = 0,
        size_bytes: int = 0,
        streamed_lsn: int | None = None,
        committed_at: int | None = None,
        release: Callable[[], None] | None = None,
    ) -> MicroBatch:
        """A batch with all that was found since the last one, remembered until it is acknowledged."""
        findings = tuple(self._marks.findings)
        self._marks.findings.clear()
        committed_at_s = committed_at / 1e6 if committed_at is not None else None
        self._given.append(_Given(position, streamed_lsn, committed_at_s, release))
        return MicroBatch(
            self.name, changes, first, last, position, events, size_bytes,
            is_idle=events == 0, findings=findings,
        )  # fmt: skip


def _chosen_anew(tables: Sequence[Table], patterns: Sequence[str]) -> set[str]:
    """The tables that are asked to be read anew, by their full names."""
    names = [table.name for table in tables]
    for pattern in patterns:
        if not any(name == pattern or fnmatchcase(name, pattern) for name in names):
            raise UnknownName("streamed table", pattern, names)
    return {
        str(table)
        for table in tables
        if any(table.name == pattern or fnmatchcase(table.name, pattern) for pattern in patterns)
    }
