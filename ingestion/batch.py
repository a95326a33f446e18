"""The load of one table: everything the source holds now as one new batch, or by cursor what has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
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
    last: Stream | CursorLoad | None = None

    def attempt() -> Batch:
        nonlocal last
        if job.by_cursor is not None and cursor_loads is not None:
            source = cast(Incremental, job.source)
            last = load = CursorLoad(
                source, job.table, job.to, job.by_cursor, cursor_loads, now=now(), stop=stop, pace=job.pace
            )
            with lease(job.to) as fence:
                return load.land(fence)
        with lease(job.to) as fence, job.source.read(job.table) as stream:
            last = stream
            stream.pace = job.pace
            return writer.write(stream, job.to, now=now(), stop=stop, fence=fence)

    try:
        batch = retry(attempt, POLICIES[job.operation], clock=clock, rng=Random(), breaker=job.breaker)
    except AidbtError as error:
        return TableLoad(
            source=job.to.source,
            table=job.table.name,
            bronze_schema=job.to.schema,
            bronze_table=job.to.table,
            status="failed",
            started_at=started_at,
            finished_at=now(),
            rows_read=last.rows_read if last else 0,
            size_bytes=last.size_bytes if last else 0,
            error=error.message,
            hint=error.hint,
        )
    assert last is not None
    return TableLoad(
        source=job.to.source,
        table=job.table.name,
        bronze_schema=job.to.schema,
        bronze_table=job.to.table,
        status="landed",
        started_at=started_at,
        finished_at=now(),
        batch_id=batch.batch_id,
        rows_read=last.rows_read,
        rows_landed=batch.rows_landed,
        rows_rejected=batch.rows_rejected,
        rows_skipped=batch.rows_skipped,
        rows_marked=batch.rows_marked,
        size_bytes=last.size_bytes,
        renamed=batch.renamed,
        schema_changes=batch.schema_changes,
        notes=(*last.notes, *batch.notes),
    )
