"""The load of one table: everything the source holds now as one new batch, or by cursor what has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import cast

from aidbt.core.errors import AidbtError
from aidbt.core.resilience import POLICIES, CircuitBreaker, Clock, Operation, retry
from aidbt.core.schema import Relation
from ingestion.bronze.base import Batch, Destination, Fence, Writer
from ingestion.connectors.base import Incremental, Source, Stream
from ingestion.incremental import CursorLoad, CursorLoads
from ingestion.records import CursorSettings, TableLoad


@dataclass(frozen=True, slots=True)
class Job:
    """One table to load.

    Attributes:
        operation: the retry policy that suits the source.
        breaker: shared by all tables of one source, so that a dead one is not asked for each of them.
        by_cursor: how the table is loaded by cursor; None when it is loaded in full.
        pace: of all tables of one source, told of rows before they land; it may wait.
    """

    source: Source
    table: Relation
    to: Destination
    operation: Operation
    breaker: CircuitBreaker
    by_cursor: CursorSettings | None = None
    pace: Callable[[int], None] | None = None


# Holds the right to write a table while its block runs; what it gives is shown to the warehouse.
Lease = Callable[[Destination], AbstractContextManager[Fence | None]]


def without_lease(_: Destination) -> AbstractContextManager[None]:
    """No right is asked for."""
    return nullcontext()


def load_table(
    job: Job,
    writer: Writer,
    *,
    now: Callable[[], datetime],
    clock: Clock,
    stop: threading.Event,
    lease: Lease = without_lease,
    cursor_loads: CursorLoads | None = None,
) -> TableLoad:
    """What became of loading the table; a failure is a result, not an exception.

    Every try reads from the start, in a new transaction on both sides, under a lease of its own.

    Args:
        cursor_loads: what a job `by_cursor` needs.
    """
    started_at = now()
    tries = _Tries(job, writer, now, stop, lease, cursor_loads)
    batch: Batch | None = None
    failure: AidbtError | None = None
    try:
        batch = retry(tries.next, POLICIES[job.operation], clock=clock, rng=Random(), breaker=job.breaker)
    except AidbtError as error:
        failure = error
    found = TableLoad(
        source=job.to.source,
        table=job.table.name,
        bronze_schema=job.to.schema,
        bronze_table=job.to.table,
        status="failed",
        started_at=started_at,
        finished_at=now(),
        rows_read=tries.last.rows_read if tries.last else 0,
        size_bytes=tries.last.size_bytes if tries.last else 0,
        error=failure.message if failure else None,
        hint=failure.hint if failure else None,
    )
    return found if batch is None or tries.last is None else _landed(found, batch, tries.last.notes)


def _landed(load: TableLoad, batch: Batch, notes: Sequence[str]) -> TableLoad:
    return replace(
        load,
        status="landed",
        batch_id=batch.batch_id,
        rows_landed=batch.rows_landed,
        rows_rejected=batch.rows_rejected,
        rows_skipped=batch.rows_skipped,
        rows_marked=batch.rows_marked,
        renamed=batch.renamed,
        schema_changes=batch.schema_changes,
        notes=(*notes, *batch.notes),
    )


@dataclass(slots=True)
class _Tries:
    """The tries to load one table; see `load_table`.

    Attributes:
        last: what the last one read, also when it failed.
    """

    job: Job
    writer: Writer
    now: Callable[[], datetime]
    stop: threading.Event
    lease: Lease
    cursor_loads: CursorLoads | None
    last: Stream | CursorLoad | None = None

    def next(self) -> Batch:
        job = self.job
        if job.by_cursor is not None and self.cursor_loads is not None:
            return self._by_cursor(job.by_cursor, self.cursor_loads)
        with self.lease(job.to) as fence, job.source.read(job.table) as stream:
            self.last = stream
            stream.pace = job.pace
            return self.writer.write(stream, job.to, now=self.now(), stop=self.stop, fence=fence)

    def _by_cursor(self, how: CursorSettings, cursor_loads: CursorLoads) -> Batch:
        job, source = self.job, cast(Incremental, self.job.source)
        self.last = load = CursorLoad(
            source, job.table, job.to, how, cursor_loads, now=self.now(), stop=self.stop, pace=job.pace
        )
        with self.lease(job.to) as fence:
            return load.land(fence)
