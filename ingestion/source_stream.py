"""The stream of one source: read in one thread (`Puller`), landed in another, waiting on disk in between.

What has landed, and how far the stream is, stands in the warehouse alone; the source is told of a batch after
its commit. So it does not matter where a process ends: the next one begins where the warehouse says.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pyarrow.compute as pc

from aidbt.core.config import IngestSettings
from aidbt.core.errors import AidbtError, CircuitOpen, LeaseTaken, SourceError, WriteError
from aidbt.core.findings import Finding
from aidbt.core.loads import SEQUENCE
from aidbt.core.resilience import POLICIES, CircuitBreaker, Level, SystemClock, is_retryable
from aidbt.store import Store
from aidbt.store.leases import HeldLeases, Leases, this_process
from aidbt.store.turns import Asked
from aidbt.warehouse import Warehouse
from ingestion.bronze.base import RowsMissing
from ingestion.changes import (
    BatchLimits,
    ChangeSource,
    Committed,
    Lag,
    MicroBatch,
    StreamState,
    TableChanges,
)
from ingestion.landing import Landing, MakesWay, StreamMoved, is_down
from ingestion.puller import Puller
from ingestion.recorder import Recorder
from ingestion.records import StreamResult, StreamStatus
from ingestion.sampling import QualitySample
from ingestion.spill import ChangeFile, empty_folder
from ingestion.spool import Pulled, Spool
from ingestion.tally import Tally

_TICK_S = 0.25
_SPOOL_FOLDER = "spool"
_SCRATCH_FOLDER = "scratch"


@dataclass(frozen=True, slots=True)
class Shared:
    """What all streams of a run have in common; see `run_streams`."""

    open_warehouse: Callable[[], Warehouse]
    store: Store
    folder: Path
    settings: IngestSettings
    until_current: bool
    resnapshot: tuple[str, ...]
    stop: threading.Event
    recorder: Recorder
    now: Callable[[], datetime]


class SourceStream:
    """The stream of one source, from taking its lease to giving it back."""

    def __init__(self, connector: Any, shared: Shared) -> None:
        self.tally = Tally(connector.settings.name)
        self._connector = connector
        self._shared = shared
        self._source: str = connector.settings.name
        self._schema: str = connector.settings.bronze_schema
        self._resource = f"stream:{self._source}"
        self._leases = Leases(shared.store)
        self._holder = this_process("aidbt ingest cdc")
        self._sample = QualitySample(shared.settings.quality_sample, shared.store, now=shared.now)
        self._breaker = CircuitBreaker(
            "the warehouse", clock=SystemClock(), counts=_is_fault, open_s=2.0, successes=1
        )
        self._failures = 0  # of the warehouse, in a row
        self._parts: Mapping[str, Any] = {}  # where the stream stands behind the last batch that was read
        self._snapshots_left = shared.resnapshot
        self._status: StreamStatus = "stopped"
        self._lag = Lag()
        self._found: dict[tuple[str, str, str], Finding] = {}

    def run(self) -> StreamResult:
        """What became of it; an error is a result."""
        error: AidbtError | None = None
        try:
            with self._sample, self._leased() as held:
                self._stream(held)
        except AidbtError as raised:
            self._status, error = "failed", raised
        return StreamResult(
            source=self._source,
            status=self._status,
            at_end=self.tally.progress(),
            findings=(*self._found.values(), *self._sample.findings()),
            error=error.message if error else None,
            hint=error.hint if error else None,
        )

    @contextlib.contextmanager
    def _leased(self) -> Iterator[HeldLeases]:
        """The lease on the stream. One that nobody renews is waited for: its holder was killed."""
        ttl_s = self._shared.settings.lease_seconds
        seen: LeaseTaken | None = None
        with contextlib.ExitStack() as stack:
            while True:
                leased = self._leases.leased([self._resource], self._holder, ttl_s=ttl_s)
                try:
                    held = stack.enter_context(leased)
                    break
                except LeaseTaken as taken:
                    is_alive = seen is not None and (taken.since, taken.until) != (seen.since, seen.until)
                    if is_alive or self._shared.stop.wait(min(1.0, ttl_s / 4)):
                        raise SourceError(
                            f"{self._source} is streamed already, by {taken.holder}, since "
                            f"{taken.since:%Y-%m-%d %H:%M:%S} UTC",
                            hint="end that one first (Ctrl-C there); a stream goes on until somebody does",
                        ) from taken
                    seen = taken
                    self.tally.stands(level=Level.FULL, note=f"waiting: {taken.message}")
            self.tally.stands(level=Level.FULL)
            yield held

    def _stream(self, held: HeldLeases) -> None:
        """Read and land until the end; a source that went away is opened anew."""
        folder, name = self._shared.folder, quote(self._source, safe="")
        self._held = held
        self._scratch = folder / _SCRATCH_FOLDER / name
        self._spool = Spool(folder / _SPOOL_FOLDER / name, limit_bytes=self._shared.settings.spool_bytes)
        self._landing = Landing(
            self._shared.open_warehouse,
            self._schema,
            self._source,
            hold=self._shared.until_current,
            held=held,
            resource=self._resource,
            asked=Asked(self._shared.store),
        )
        tries = 0
        while True:
            commits = self.tally.commits
            try:
                with contextlib.closing(self._landing):
                    state = self._begin()
                    if state is not None:
                        self._pull(state)
                return
            except (SourceError, StreamMoved) as error:
                if self._shared.stop.is_set() or not (is_retryable(error) or isinstance(error, StreamMoved)):
                    raise
                tries = 1 if self.tally.commits > commits else tries + 1
                self._wait_to_reopen(error, tries)

    def _wait_to_reopen(self, error: AidbtError, tries: int) -> None:
        is_new = self._shared.until_current and not self.tally.commits
        policy = POLICIES["database" if is_new else "cdc"]
        if tries >= policy.tries:
            raise error
        self.tally.happened(error.message)
        self.tally.stands(level=Level.FULL, note=f"trying again: {error.message}")
        self._shared.stop.wait(policy.delay_s(tries, Random()))

    def _begin(self) -> StreamState | None:
        """Where the stream stands, after what a former process left in the spool; None when stopped."""
        while not self._shared.stop.is_set():
            self._held.check()
            try:
                state = self._breaker.call(self._landing.start)
            except (AidbtError, CircuitOpen) as error:
                self._is_down(error)
                self._pause()
                continue
            self._failures = 0
            dropped = self._spool.follow(state.parts)
            if dropped:
                self.tally.happened(
                    f"{dropped} micro-batches in the spool had landed, or did not follow: dropped"
                )
            if not len(self._spool):
                self._stands()
                self._landing.let_go(is_busy=False)
                return state
            try:
                is_drained = self._drain(None)
            except RowsMissing:
                if not self._snapshots_left:
                    raise
                # What waits would be refused for ever. The source has it still, and gives it out again behind
                # the snapshot that is asked for.
                self.tally.happened(f"{self._spool.clear()} micro-batches in the spool: dropped")
                continue
            if not is_drained:
                self._pause()
        return None

    def _pull(self, state: StreamState) -> None:
        """Read and land from here on, until the source ends or is stopped."""
        self._parts = state.parts
        limits = BatchLimits(
            events=self._shared.settings.batch_events,
            size_bytes=self._shared.settings.batch_bytes,
            seconds=self._shared.settings.batch_seconds,
        )
        puller = Puller(self._opened, state, limits, until_current=self._shared.until_current)
        try:
            while not puller.is_at_end:
                if self._shared.stop.is_set():
                    puller.stop()
                self._held.check()
                batch = puller.take(timeout_s=_TICK_S)
                if batch is None:
                    self._drain(puller)
                elif not self._settle(puller, batch):
                    return
                self._landing.let_go(is_busy=puller.has_more)
                self._lags(puller.lag)
            if not self._shared.stop.is_set():
                self._status = "current"
        finally:
            puller.close()
            self._lags(puller.lag)

    def _lags(self, lag: Lag) -> None:
        if lag is not self._lag:
            self._lag = lag
            self.tally.lags(lag)
            self._shared.recorder.lags(self._source, lag)

    def _opened(self) -> ChangeSource:
        empty_folder(self._scratch)
        source: ChangeSource = self._connector.open_changes(
            scratch=self._scratch, resnapshot=self._snapshots_left
        )
        return source

    def _settle(self, puller: Puller, batch: MicroBatch) -> bool:
        """Land a batch behind those that wait, or let it wait too; False when stopped before either."""
        for finding in batch.findings:
            self._found[finding.code, finding.where, finding.message] = finding
        pulled = Pulled(batch, self._parts)
        if pulled.end == self._parts:
            if batch.events:
                raise SourceError(
                    f"the source '{self._source}' gave changes and did not move its position",
                    hint="this is a fault of the connector; please report it",
                )
            if not len(self._spool):
                puller.landed(batch)
            if batch.findings:  # e.g. what the source waits for
                self.tally.stands(level=Level.FULL, note=batch.findings[-1].message)
            return True
        while not (self._drain(puller) and self._landed(pulled)):
            if not self._shared.until_current and self._kept(pulled):
                break
            if self._shared.stop.is_set():
                return False
            self._held.check()
            self._pause()
        else:
            self._has_landed(puller, batch)
        puller.release(batch)
        self._parts = pulled.end
        if isinstance(batch.changes, ChangeFile):
            batch.changes.delete()
        return True

    def _has_landed(self, puller: Puller, batch: MicroBatch) -> None:
        """Tell the source, whose first batch keeps which tables it was asked to read anew."""
        self._snapshots_left = ()
        puller.landed(batch)

    def _drain(self, puller: Puller | None) -> bool:
        """Land what waits in the spool, oldest first; whether nothing waits any more."""
        while (pulled := self._spool.first()) is not None:
            if not self._landed(pulled):
                return False
            self._spool.remove_first()
            self._stands()
            if puller is not None:
                self._has_landed(puller, pulled.batch)
            self._landing.let_go(is_busy=True)
        return True

    def _landed(self, pulled: Pulled) -> bool:
        """Whether a batch has landed, now or before; False while the warehouse cannot be written."""
        self._held.check()
        started_at = time.monotonic()
        begun: Counter[str] = Counter()
        with contextlib.ExitStack() as tables:
            changes = self._taken(pulled.batch.changes, tables, begun)
            mine = replace(pulled, batch=replace(pulled.batch, changes=changes))
            try:
                done = self._breaker.call(lambda: self._landing.land(mine, now=self._shared.now()))
            except (AidbtError, CircuitOpen) as error:
                self._is_down(error)
                return False
        self._failures = 0
        self._stands()
        if done is not None:
            done = _without_marks(done, begun)
            self.tally.committed(done)
            self._shared.recorder.committed(self._source, done, time.monotonic() - started_at)
        return True

    def _taken(
        self, changes: Iterable[TableChanges], stack: contextlib.ExitStack, begun: Counter[str]
    ) -> Iterator[TableChanges]:
        """The changes; before the first of each table its lease, so that nobody else loads it meanwhile.

        Args:
            begun: counts the snapshots that begin in them, by table.
        """
        taken: set[str] = set()
        ttl_s = self._shared.settings.lease_seconds
        wait_s = ttl_s + 1 if self._shared.until_current else 0.0  # outlasts somebody who was killed
        for piece in changes:
            table = f"table:{piece.to}"
            if table not in taken:
                leased = self._leases.leased(
                    [table], self._holder, ttl_s=ttl_s, wait_s=wait_s, stop=self._shared.stop
                )
                stack.enter_context(leased)
                taken.add(table)
            self._sample.offer(piece)
            begun[piece.to.source_table] += pc.sum(pc.less(piece.rows[SEQUENCE], 0)).as_py() or 0
            yield piece

    def _is_down(self, error: AidbtError) -> None:
        """Return when the warehouse may be written later, else raise the error."""
        if isinstance(error, CircuitOpen):
            return
        if not is_down(error):
            raise error
        self._failures += _is_fault(error)
        if self._shared.until_current and self._failures >= POLICIES["database"].tries:
            raise error
        self.tally.stands(level=Level.BUFFER, note=error.message)

    def _stands(self) -> None:
        self.tally.waits(len(self._spool), self._spool.size_bytes)
        waits = len(self._spool) > 0
        self.tally.stands(level=Level.BUFFER if waits else Level.FULL)

    def _kept(self, pulled: Pulled) -> bool:
        """Whether the batch is in the spool now; False when there is no room for it."""
        self._held.check()  # the folder is that of whoever has the lease
        if not self._spool.has_room_for(pulled.batch):
            return False
        try:
            self._spool.add(pulled)
        except WriteError as error:
            self.tally.happened(error.message)
            return False
        self.tally.waits(len(self._spool), self._spool.size_bytes)
        return True

    def _pause(self) -> None:
        wait_s = POLICIES["database"].delay_s(max(self._failures, 1), Random())
        self._shared.stop.wait(min(max(wait_s, _TICK_S / 4), 2.0))


def _is_fault(error: BaseException) -> bool:
    """Whether the warehouse cannot be written; making way for somebody is not that."""
    return is_down(error) and not isinstance(error, MakesWay)


def _without_marks(done: Committed, begun: Mapping[str, int]) -> Committed:
    """What landed but for the rows before snapshots, which nobody wrote in the source."""
    tables = [
        replace(table, rows_landed=table.rows_landed - begun[table.to.source_table]) for table in done.tables
    ]
    return replace(done, tables=tuple(tables))
