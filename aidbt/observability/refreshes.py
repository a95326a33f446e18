"""Which run wrote a node last, and whether it wrote it anew: then its volume says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from aidbt.monitors.collection.measuring import WrittenBy
from aidbt.observability.recorded import RecordedRun, recorded_runs
from aidbt.store import Store
from aidbt.store.buckets import Buckets

_WRITES = frozenset(("build", "run", "seed", "snapshot", "retry", "clone"))
_BACK = timedelta(days=60)


def writers(
    runs: Iterable[RecordedRun], collected_at: Mapping[str, datetime] | None = None
) -> dict[str, WrittenBy]:
    """Node → the run that wrote it last, and whether any run since it was collected last was a full refresh
    or a backfill.

    Args:
        runs: oldest first.
        collected_at: node → when it was measured last; what is missing never was.
    """
    seen = collected_at or {}
    found: dict[str, WrittenBy] = {}
    for run in runs:
        if run.command not in _WRITES:
            continue
        for node in run.results:
            if node.resource_type == "test" or not node.is_run or node.status == "error":
                continue
            before = found.get(node.unique_id)
            last = seen.get(node.unique_id)
            is_since = last is None or run.finished_at > last
            refreshed = (before is not None and before.is_refreshed) or (is_since and run.asked.is_refresh)
            found[node.unique_id] = WrittenBy(run.invocation_id, refreshed)
    return found


def refreshed_runs(
    store: Store, *, target: str = "", now: datetime | None = None
) -> Callable[[str], WrittenBy | None]:
    """unique_id → the run that wrote it last, as `collect` asks for it; read from the store at first use.

    Args:
        target: whose runs count; see `recorded_runs`.

    Raises:
        StoreError: the store cannot be read; when it is asked.
    """
    known: dict[str, WrittenBy] | None = None

    def of(unique_id: str) -> WrittenBy | None:
        nonlocal known
        if known is None:
            since = (now or datetime.now(UTC)) - _BACK
            known = writers(recorded_runs(store, since=since, limit=5_000, target=target), _collected(store))
        return known.get(unique_id)

    return of


def _collected(store: Store) -> dict[str, datetime]:
    """When each node's data were measured last; buckets of runs have no rows."""
    found: dict[str, datetime] = {}
    buckets = Buckets(store)
    for grain in ("day", "hour"):
        for node, (_, newest) in buckets.spans(grain).items():
            series = buckets.series(node, grain, since=newest)
            at = float(series.collected_at[-1]) if series is not None else float("nan")
            if at == at:
                found[node] = max(
                    datetime.fromtimestamp(at, UTC), found.get(node, datetime.min.replace(tzinfo=UTC))
                )
    return found
