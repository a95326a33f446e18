"""A full load of one table: everything the source holds now, landed as one new batch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from random import Random

from aidbt.core.errors import AidbtError
from aidbt.core.resilience import POLICIES, CircuitBreaker, Clock, Operation, retry
from aidbt.core.schema import Relation
from ingestion.bronze.base import Batch, Destination, Fence, Writer
from ingestion.connectors.base import Source, Stream
from ingestion.records import TableLoad


@dataclass(frozen=True, slots=True)
class Job:
    """One table to load.

    Attributes:
        operation: the retry policy that suits the source.
        breaker: shared by all tables of one source, so that a dead one is not asked for each of them.
    """

    source: Source
    table: Relation
    to: Destination
    operation: Operation
    breaker: CircuitBreaker


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
) -> TableLoad:
    """What became of loading the table; a failure is a result, not an exception.

    Every try reads from the start, in a new transaction on both sides, under a lease of its own.
    """
    started_at = now()
    last: Stream | None = None

    def attempt() -> Batch:
        nonlocal last
        with lease(job.to) as fence, job.source.read(job.table) as stream:
            last = stream
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
        size_bytes=last.size_bytes,
        renamed=batch.renamed,
        schema_changes=batch.schema_changes,
    )
