"""What runs tell of each node: seconds, rows, bytes and wait, as buckets that monitors watch.

Facts of a node, grain "run", column "": `seconds`; `wait_s`, from when all that it reads and the tests of
that were done until its own statement; `rows_affected`; `bytes_processed`, `bytes_billed`, `slot_ms`; `ok`, 1
or 0; of sources `loaded_age_s`. A full refresh or a backfill has `ok` only. Facts of the project itself
(`project_node`), whose "column" is the job, which is the command with its selection: `run_seconds`,
`run_nodes`, `run_failed`, `run_ok`, `run_memory_bytes`. Facts of a connector (`connector_node`), grain
"hour": `events`, `dead_letters`, `commit_s`, `lag_s`, `backlog_bytes`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from aidbt.core.measured import Bucket, FactKey, connector_node, is_of_runs, project_node
from aidbt.observability.recorded import RecordedNode, RecordedRun
from aidbt.store import Store
from aidbt.store.buckets import Buckets
from aidbt.store.metrics import (
    BACKLOG_BYTES,
    BATCH_EVENTS,
    COMMIT_S,
    DEAD_LETTERS,
    EVENTS,
    KEEP,
    LAG_S,
    Metrics,
    Point,
)

_MEASURED = ("model", "seed", "snapshot", "source")
_AGAIN = timedelta(hours=6)


def run_buckets(
    run: RecordedRun, project: str, parents: Mapping[str, Collection[str]] | None = None
) -> list[Bucket]:
    """The buckets of one run; none of a run that built nothing, or of what was skipped.

    Args:
        parents: node → what it reads, of models and of tests; without them no wait is known.
    """
    start = run.started_at.astimezone(UTC).replace(tzinfo=None)
    waits = waits_of(run.results, parents or {})
    found = []
    for node in run.results:
        facts = _facts(node, waits.get(node.unique_id), is_refresh=run.asked.is_refresh)
        if node.resource_type in _MEASURED and node.is_run and facts:
            found.append(_bucket(node.unique_id, start, facts, run))
    found.append(_bucket(project_node(project), start, _of_project(run), run))
    return found


def _bucket(node: str, start: datetime, facts: Mapping[FactKey, float], run: RecordedRun) -> Bucket:
    return Bucket(
        node=node,
        grain="run",
        start=start,
        facts=facts,
        collected_at=run.finished_at,
        run_id=run.invocation_id,
        is_refreshed=run.asked.is_refresh,
    )


def _facts(node: RecordedNode, wait_s: float | None, *, is_refresh: bool) -> dict[FactKey, float]:
    if node.resource_type == "source":
        return {} if node.age_s is None else {("loaded_age_s", ""): max(node.age_s, 0.0)}
    known: dict[str, float | None] = {"ok": float(not node.failed)}
    if not (node.failed or is_refresh):  # how long it took to fail says nothing about how long it takes
        known |= {
            "seconds": node.seconds,
            "wait_s": wait_s,
            "rows_affected": node.rows_affected,
            "bytes_processed": node.bytes_processed,
            "bytes_billed": node.bytes_billed,
            "slot_ms": node.slot_ms,
        }
    return {(name, ""): float(value) for name, value in known.items() if value is not None}


def _of_project(run: RecordedRun) -> dict[FactKey, float]:
    done = [node for node in run.results if node.is_run]
    known: dict[str, float | None] = {
        "run_ok": float(run.status == "success"),
        "run_nodes": float(len(done)) if done else None,
        "run_failed": float(sum(node.failed for node in done)) if done else None,
        "run_seconds": run.seconds if run.status == "success" and not run.asked.is_refresh else None,
        "run_memory_bytes": run.memory_bytes,
    }
    return {(name, run.job): float(value) for name, value in known.items() if value is not None}


def waits_of(results: Sequence[RecordedNode], parents: Mapping[str, Collection[str]]) -> dict[str, float]:
    """Seconds that each node waited for a thread or for a connection after nothing else kept it back.

    What keeps a node back is what it reads and, in a build, the tests of that; a node of which none of these
    was in the run could have begun when the first one did.
    """
    timed = {r.unique_id: r for r in results if r.started_at is not None and r.finished_at is not None}
    begun = min((r.started_at for r in timed.values() if r.started_at is not None), default=None)
    if begun is None or not parents:
        return {}
    tests: dict[str, list[str]] = defaultdict(list)
    for name in timed:
        if name.startswith(("test.", "unit_test.")):
            for tested in parents.get(name, ()):
                tests[tested].append(name)
    found = {}
    for name, node in timed.items():
        if node.resource_type not in _MEASURED:
            continue
        reads = set(parents.get(name, ()))
        before = reads | {t for up in reads for t in tests[up] if reads.issuperset(parents.get(t, ()))}
        ends = [timed[up].finished_at for up in before if up in timed]
        ready = max([begun, *(end for end in ends if end is not None)])
        executed = node.executed_at or node.started_at
        if executed is not None:
            found[name] = max((executed - ready).total_seconds(), 0.0)
    return found


# --- connectors ---------------------------------------------------------------------------------------

# What streams note → the fact, and how the measurements of an hour become one number.
_NOTED = {
    EVENTS: ("events", "total"),
    BATCH_EVENTS: ("events", "total"),
    DEAD_LETTERS: ("dead_letters", "total"),
    COMMIT_S: ("commit_s", "mean"),
    LAG_S: ("lag_s", "high"),
    BACKLOG_BYTES: ("backlog_bytes", "high"),
}


def connector_buckets(store: Store, *, since: datetime, now: datetime) -> list[Bucket]:
    """What streams noted of their sources and tables, in whole hours from `since` on.

    Raises:
        StoreError: the store cannot be read.
    """
    metrics = Metrics(store)
    facts: dict[tuple[str, datetime], dict[FactKey, float]] = defaultdict(dict)
    complete = _hour(now)
    for name, (fact, how) in _NOTED.items():
        for entity in metrics.latest(name):
            for hour, points in _by_hour(metrics.series(name, entity, since=_hour(since))).items():
                if hour < complete:
                    facts[entity, hour][fact, ""] = _together(points, how)
    return [
        Bucket(connector_node(entity), "hour", hour.replace(tzinfo=None), found, collected_at=now)
        for (entity, hour), found in sorted(facts.items(), key=lambda item: item[0])
    ]


def keep_connectors(store: Store, *, now: datetime | None = None) -> int:
    """Keep what streams noted since the last time, the last complete hours again; how many buckets that is.

    Raises:
        StoreError: the store cannot be read or written.
    """
    at = now or datetime.now(UTC)
    buckets = Buckets(store)
    newest = [last for node, (_, last) in buckets.spans("hour").items() if is_of_runs(node)]
    since = max(newest).replace(tzinfo=UTC) - _AGAIN if newest else at - KEEP
    found = connector_buckets(store, since=since, now=at)
    buckets.put(found)
    return len(found)


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _by_hour(points: Iterable[Point]) -> dict[datetime, list[Point]]:
    found: dict[datetime, list[Point]] = defaultdict(list)
    for point in points:
        found[_hour(point.at)].append(point)
    return found


def _together(points: Sequence[Point], how: str) -> float:
    if how == "high":
        return max(point.high for point in points)
    total = sum(point.total for point in points)
    return total if how == "total" else total / sum(point.count for point in points)
