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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from aidbt.core.errors import UnknownName
from ingestion.bronze.base import Destination
from ingestion.cdc.postgres import slots
from ingestion.cdc.postgres.catch_up import CatchUp
from ingestion.cdc.postgres.connection import Control, connect
from ingestion.cdc.postgres.followed import FollowedTables
from ingestion.cdc.postgres.marks import Marks
from ingestion.cdc.postgres.outstanding import Outstanding
from ingestion.cdc.postgres.replication import ReplicationStream, heartbeat
from ingestion.cdc.postgres.server import check_server, slot_name
from ingestion.cdc.postgres.slots import Position
from ingestion.cdc.postgres.streamed import StreamedTables
from ingestion.cdc.postgres.tables import Table
from ingestion.cdc.postgres.transactions import IDLE_S, Gathering, gatherings
from ingestion.changes import BatchLimits, Lag, MicroBatch, StreamState, TableChanges
from ingestion.connectors.base import DeadLetter
from ingestion.connectors.postgres.settings import PostgresSettings
from ingestion.connectors.postgres.url import ServerUrl

HEARTBEAT_BYTES = 1 << 20  # of log that is not ours, behind which a mark is worth writing

_BACKLOG = """
select (pg_catalog.pg_current_wal_lsn() - '0/0')::bigint, (confirmed_flush_lsn - '0/0')::bigint
from pg_catalog.pg_replication_slots where slot_name = %s
"""


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
        self._outstanding = Outstanding(self.name)
        self._stream: ReplicationStream | None = None
        self._catch_up: CatchUp | None = None
        self._confirmed_lsn = 0
        self._current_at_s: float | None = None

    def batches(
        self, state: StreamState, limits: BatchLimits, *, until_current: bool, stop: threading.Event
    ) -> Iterator[MicroBatch | None]:
        """The micro-batches after `state`: snapshots of tables that have none first, then the stream.

        None while there is none to give.

        Args:
            until_current: end when everything that was committed before the call has been given out.
            stop: end, without an error, before the next transaction.

        Raises:
            SourceUnavailable: the server went away.
            SourceError: it refused, or changes that have not landed are gone.
            WriteError: a transaction fits neither in memory nor in the scratch folder.
        """
        marks = Marks(self.name, state.parts, self._streamed, self._outstanding.say)
        followed = FollowedTables(self.name, self._streamed, marks, self._anew)
        catch_up = CatchUp(self._settings, self._control, self._slot, followed, self._outstanding)
        self._catch_up = catch_up
        kept = Position.from_json(state.parts[""]) if "" in state.parts else None
        connection = connect(self._url, replication=True)
        try:
            system = slots.identify(connection, self._url)
            if kept is not None and kept.lsn is not None and not followed.is_all_anew:
                slots.check_system(kept, system, connection, self._url)
                slot = slots.wait_until_free(self._control, self._slot)
                slots.check_slot(slot, kept, self._slot, self._url, self.name)
                followed.check_not_restored(state)
                position = replace(kept, timeline=system.timeline)
            else:
                position = Position(None, system.identifier, system.timeline, self._slot)
        finally:
            connection.close()
        self._streamed.publish()
        if position.lsn is None:
            position = yield from catch_up.begin(position, kept, system, stop)
        elif forgotten := followed.forget_left():
            yield self._outstanding.batch((), {"": position.to_json(), **marks.parts(forgotten)})
        if position.lsn is None or stop.is_set():
            return
        followed.start()
        yield from catch_up.catch_up(position, stop)
        if not stop.is_set():
            yield from self._follow(catch_up, position, limits, until_current=until_current, stop=stop)

    def acknowledge(self, batch: MicroBatch) -> None:
        """The batch, and all that were given out before it, have been committed.

        Raises:
            SourceUnavailable: the server went away.
        """
        lsn = self._outstanding.landed(batch)
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
        at = self._outstanding.landed_at_s
        if self._current_at_s is not None and not self._outstanding:
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
        return self._streamed.decoder().redecode(letters)

    def close(self) -> None:
        """Let go of the slot and all connections."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        if self._catch_up is not None:
            self._catch_up.close()
        self._control.close()

    def _follow(
        self,
        catch_up: CatchUp,
        position: Position,
        limits: BatchLimits,
        *,
        until_current: bool,
        stop: threading.Event,
    ) -> Iterator[MicroBatch | None]:
        """Batches of whole transactions, and what changes of the tables ask for between them; None while
        nothing comes.
        """
        assert position.lsn is not None
        followed = catch_up.followed
        decoder = followed.decoder()
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
                assert gathering.end_lsn is not None
                position = replace(position, lsn=gathering.end_lsn)
                changed = followed.move_on(gathering, gathering.end_lsn)
                yield self._landable(gathering, position, followed.marks.parts(changed))
                if gathering.relations:
                    yield from catch_up.catch_up(position, stop)
                continue
            self._current_at_s = time.time()
            if time.monotonic() - looked_s >= IDLE_S:
                looked_s = time.monotonic()
                if stream.wal_end - (position.lsn or 0) >= HEARTBEAT_BYTES:
                    heartbeat(self._control)
                yield from self._see_catalog(catch_up, position, stop)
            yield None
        if not stop.is_set():
            yield from self._see_catalog(catch_up, position, stop)

    def _new_gathering(self, limits: BatchLimits) -> Callable[[], Gathering]:
        paths = (
            self._scratch / f"{self.name}-{os.getpid()}-{number}.changes" for number in itertools.count(1)
        )
        return lambda: Gathering(next(paths), limits.size_bytes)

    def _landable(self, gathering: Gathering, position: Position, marks: Mapping[str, Any]) -> MicroBatch:
        """The batch of what was gathered, with the marks of the tables that are in it."""
        return self._outstanding.batch(
            gathering.changes(),
            {"": position.to_json(), **marks},
            first=gathering.first,
            last=gathering.last,
            events=gathering.events,
            size_bytes=gathering.size_bytes,
            streamed_lsn=position.lsn,
            committed_at=gathering.committed_at,
        )

    def _see_catalog(
        self, catch_up: CatchUp, position: Position, stop: threading.Event
    ) -> Iterator[MicroBatch | None]:
        """Follow changes of tables of which the stream says nothing."""
        changed = catch_up.followed.see_catalog()
        yield from catch_up.catch_up(position, stop)
        if self._outstanding.has_findings:  # of a table of which nothing is fetched
            yield self._outstanding.batch(
                (), {"": position.to_json(), **catch_up.followed.marks.parts(changed)}
            )


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
