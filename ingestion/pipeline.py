"""One run of loads: every table its own transaction, several at once, and one report."""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from aidbt.core.errors import (
    AidbtError,
    SettingsError,
    SourceUnavailable,
    UnknownName,
    UsageError,
    WriteError,
)
from aidbt.core.resilience import POLICIES, CircuitBreaker, Clock, SystemClock, retry
from aidbt.core.schema import Relation
from aidbt.store.leases import DEFAULT_TTL_S, Leases, this_process
from aidbt.store.processes import is_gone, process_mark
from aidbt.warehouse import Connection, Warehouse
from ingestion.batch import Job, Lease, load_table, without_lease
from ingestion.bronze import CHANGE_LOGS, SINKS, WRITERS
from ingestion.bronze.base import Destination, Writer
from ingestion.connectors.base import Connector, Source
from ingestion.connectors.manager import Pace
from ingestion.discovery import by_cursor, check_by_cursor, chosen, fits, streamed
from ingestion.incremental import CursorLoads
from ingestion.landing import table_lease
from ingestion.records import LoadReport, SourceFailure, TableLoad

_FOLDERS = "aidbt-load-"
_MARK = "process"  # the file that says whose folder it is


def utc_now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


def run_loads(
    connectors: Sequence[Connector],
    open_warehouse: Callable[[], Warehouse],
    *,
    parallel: int = 4,
    tables: Sequence[str] = (),
    leases: Leases | None = None,
    lease_s: float = DEFAULT_TTL_S,
    now: Callable[[], datetime] = utc_now,
    clock: Clock | None = None,
    on_table: Callable[[TableLoad], None] | None = None,
    changed_only: bool = False,
    full: bool = False,
    scratch: Path | None = None,
) -> LoadReport:
    """What a load of the connectors' tables did: each landed completely or not at all.

    Tables that the settings load by cursor land as changes, the others as one new batch each; tables whose
    changes are streamed are left out. A source that cannot be opened and a table that cannot be landed are in
    the report; the others still land. The warehouse is opened once, after the sources, and is
    held while rows are written.

    Args:
        parallel: how many tables are read at once, over all sources.
        tables: names or patterns; only these of the tables that the settings choose.
        leases: where the right to write a table is taken, so that nobody else writes it meanwhile.
        lease_s: how long after its last sign of life a process still has it.
        now: the time that goes into batches and the report.
        clock: what waiting between tries goes by; the computer's own by default.
        on_table: told about each table when it is done, in this thread.
        changed_only: leave out the tables of which the source can tell that they are as at their last load.
        full: read also the tables that are loaded by cursor from the start.
        scratch: a folder for what was read by cursor and has not landed; a temporary one by default.

    Raises:
        UnknownName: no source has a table that `tables` asks for.
        UsageError: the changes of such a table are streamed.
        SettingsError: two sources would land in the same table.
        WarehouseError: the warehouse cannot be opened or written to at all.
        WriteError: nothing can be written to `scratch`.
    """
    run = _Run(now, clock or SystemClock(), parallel, on_table)
    started_at = now()
    done: list[TableLoad] = []
    unchanged: list[str] = []
    with contextlib.ExitStack() as stack:
        plans, failures = _plans(connectors, tables, stack, run.clock)
        jobs = _jobs(plans, run.clock)
        if jobs:
            warehouse = open_warehouse()
            connection = _connected(warehouse, stack, run.clock)
            writer = _prepared(WRITERS.load(warehouse.dialect)(connection), jobs, run.clock)
            _tell_last_loads(plans, writer)
            if changed_only:
                unchanged = sorted(f"{job.to.source}.{job.table.name}" for job in jobs if _is_unchanged(job))
                jobs = [job for job in jobs if not _is_unchanged(job)]
            lease: Lease = without_lease
            sink = SINKS.load(warehouse.dialect)(connection)
            if leases is not None:
                lease = table_lease(leases, sink, this_process("aidbt ingest run"), ttl_s=lease_s)
            folder = _folder(scratch, stack)
            logs = CHANGE_LOGS.load(warehouse.dialect)(connection)
            done = _run_all(jobs, writer, CursorLoads(sink, logs, folder, full), lease, run)
    done.sort(key=lambda load: (load.source, load.table))
    return LoadReport(tuple(done), tuple(failures), started_at, now(), tuple(unchanged))


@dataclass(frozen=True, slots=True)
class _Run:
    """What holds for all loads of a run; see `run_loads`."""

    now: Callable[[], datetime]
    clock: Clock
    parallel: int
    on_table: Callable[[TableLoad], None] | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """An open source, everything in it, what is to be landed (each table with its name in bronze), and what
    would be if its changes were not streamed.
    """

    connector: Connector
    source: Source
    relations: Sequence[Relation]
    choice: Sequence[tuple[Relation, str]]
    left_out: Sequence[Relation]


def _plans(
    connectors: Sequence[Connector], tables: Sequence[str], stack: contextlib.ExitStack, clock: Clock
) -> tuple[list[_Plan], list[SourceFailure]]:
    """What there is to do, and the sources that could not be opened."""
    plans: list[_Plan] = []
    failures: list[SourceFailure] = []
    for connector in connectors:
        try:
            plans.append(_plan(connector, tables, stack, clock))
        except AidbtError as error:
            failures.append(SourceFailure(connector.settings.name, error.message, error.hint))
    if not failures:
        _check_each_is_known(tables, plans)
    return plans, failures


def _connected(warehouse: Warehouse, stack: contextlib.ExitStack, clock: Clock) -> Connection:
    """The warehouse, open for writing; another process may hold it for a moment."""

    def connect() -> Connection:
        return stack.enter_context(warehouse.connect(read_only=False))

    return retry(connect, POLICIES["database"], clock=clock, rng=Random())


def _prepared(writer: Writer, jobs: Sequence[Job], clock: Clock) -> Writer:
    """The writer, with the schemas that the jobs land in."""
    for schema in dict.fromkeys(job.to.schema for job in jobs):
        retry(functools.partial(writer.prepare, schema), POLICIES["database"], clock=clock, rng=Random())
    return writer


def _folder(scratch: Path | None, stack: contextlib.ExitStack) -> Path:
    """A folder of this run's own; those of runs that were killed go.

    Raises:
        WriteError: it cannot be made.
    """
    try:
        for mark in scratch.glob(f"{_FOLDERS}*/{_MARK}") if scratch is not None else ():
            with contextlib.suppress(FileNotFoundError):  # its run has just ended
                if is_gone(mark.read_text(encoding="utf-8") or None):
                    shutil.rmtree(mark.parent, ignore_errors=True)
        made = tempfile.TemporaryDirectory(prefix=_FOLDERS, dir=scratch)
        folder = Path(stack.enter_context(made))
        (folder / _MARK).write_text(process_mark() or "", encoding="utf-8")
    except OSError as error:
        raise WriteError(
            f"there is no room for what is read by cursor: {error}", hint="free some space and try again"
        ) from error
    return folder


def _plan(connector: Connector, tables: Sequence[str], stack: contextlib.ExitStack, clock: Clock) -> _Plan:
    source = retry(connector.open, POLICIES[connector.operation], clock=clock, rng=Random())
    stack.callback(source.close)
    relations = source.tables()
    patterns = streamed(connector)
    choice = chosen(relations, connector.settings.tables, tables)
    check_by_cursor(relations, by_cursor(connector), patterns)
    loaded = [(relation, name) for relation, name in choice if not fits(relation, patterns)]
    left_out = [relation for relation, _ in choice if fits(relation, patterns)]
    return _Plan(connector, source, relations, loaded, left_out)


def _tell_last_loads(plans: Sequence[_Plan], writer: Writer) -> None:
    """Let sources that spare work where nothing has changed know of their last loads."""
    for plan in plans:
        settings = plan.connector.settings
        if plan.choice and hasattr(plan.source, "last_loads"):
            plan.source.last_loads = writer.last_loads(settings.bronze_schema, settings.name)


def _is_unchanged(job: Job) -> bool:
    """Whether the source says that a table is as at its last load."""
    last = getattr(job.source, "last_loads", {}).get(job.table.name)
    standing = getattr(job.source, "standing", None)
    return last is not None and standing is not None and standing(job.table) == last.position


def _check_each_is_known(tables: Sequence[str], plans: Sequence[_Plan]) -> None:
    for pattern in tables:
        if any(fits(relation, [pattern]) for plan in plans for relation, _ in plan.choice):
            continue
        for plan in plans:
            if any(fits(relation, [pattern]) for relation in plan.left_out):
                name = plan.connector.settings.name
                raise UsageError(
                    f"the changes of '{pattern}' are streamed; it is not loaded in full",
                    hint=f"aidbt ingest cdc {name}; with --snapshot {pattern} it is read anew",
                )
        raise UnknownName("table", pattern, {r.name for plan in plans for r in plan.relations})


def _jobs(plans: Sequence[_Plan], clock: Clock) -> list[Job]:
    """The tables to load, the largest first, so that the last ones to finish are small."""
    jobs: list[Job] = []
    taken: dict[tuple[str, str], str] = {}
    for plan in plans:
        settings = plan.connector.settings
        breaker = CircuitBreaker(
            f"the source '{settings.name}'",
            clock=clock,
            counts=lambda error: isinstance(error, SourceUnavailable),
        )
        settings_by_cursor = by_cursor(plan.connector)
        rate = settings.max_rows_per_second
        pace = Pace(rate, clock=clock).keep if rate else None
        for relation, name in plan.choice:
            to = Destination(settings.bronze_schema, name, settings.name, relation.name, settings.connector)
            other = taken.setdefault((to.schema.lower(), to.table.lower()), settings.name)
            if other != settings.name:
                raise SettingsError(
                    f"the sources '{other}' and '{settings.name}' would both land in {to}",
                    hint="give one of them another bronze_schema",
                )
            how = settings_by_cursor.get(relation.name)
            jobs.append(Job(plan.source, relation, to, plan.connector.operation, breaker, how, pace))
    return sorted(jobs, key=lambda job: -(job.table.row_count or 0))


def _run_all(
    jobs: Sequence[Job], writer: Writer, cursor_loads: CursorLoads, lease: Lease, run: _Run
) -> list[TableLoad]:
    stop = threading.Event()
    done: list[TableLoad] = []
    load = functools.partial(
        load_table,
        writer=writer,
        lease=lease,
        cursor_loads=cursor_loads,
        now=run.now,
        clock=run.clock,
        stop=stop,
    )
    with ThreadPoolExecutor(max_workers=run.parallel, thread_name_prefix="aidbt-load") as pool:
        futures: list[Future[TableLoad]] = [pool.submit(load, job) for job in jobs]
        try:
            for future in as_completed(futures):
                done.append(future.result())
                if run.on_table is not None:
                    run.on_table(done[-1])
        except BaseException:
            # Ctrl-C, or a fault of ours: the tables under way are rolled back at their next batch.
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return done
