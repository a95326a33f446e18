"""Which run wrote a node last, and whether it wrote it anew: then its volume says nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from aidbt.monitors.collection.measuring import WrittenBy
from aidbt.observability.recorded import RecordedRun, recorded_runs
from aidbt.project.manifest import Manifest
from aidbt.project.selection import upstream_of
from aidbt.store import Store
from aidbt.store.buckets import Buckets

_WRITES = frozenset(("build", "run", "seed", "snapshot", "retry", "clone"))
_BACK, _LONGEST_RUN = timedelta(days=60), timedelta(days=1)
# Results of nodes that are looked through, page by page so that few are in memory at once.
_PAGE, _MOST_RESULTS = 20, 400_000
# What dbt writes whole in every run, or never anew: `--full-refresh` changes nothing of it.
_ALWAYS_WHOLE = frozenset(("table", "view", "materialized_view", "seed", "snapshot", "ephemeral"))


def writers(
    runs: Iterable[RecordedRun],
    measured_at: Mapping[str, datetime],
    rebuilt: Collection[str] | None = None,
) -> dict[str, WrittenBy]:
    """Node → the run that wrote it last, and whether any run since it was measured last was a full refresh
    or a backfill.

    Args:
        runs: newest first.
        measured_at: node → when that was; what never was has no volume that this one could be unlike.
        rebuilt: nodes in which a full refresh changes anything; None for all.
    """
    found: dict[str, WrittenBy] = {}
    for run in runs:
        if run.command not in _WRITES:
            continue
        for node in run.results:
            name = node.unique_id
            if node.resource_type == "test" or not node.is_run or node.status == "error":
                continue
            last = measured_at.get(name)
            is_refresh = run.asked.is_refresh and last is not None and run.finished_at > last
            if name not in found:
                found[name] = WrittenBy(run.invocation_id, False)
            if is_refresh and (rebuilt is None or name in rebuilt):
                found[name] = WrittenBy(found[name].run_id, True)
    return found


def rebuilt_nodes(manifest: Manifest) -> frozenset[str]:
    """The nodes in which a full refresh may change the rows: incremental ones (and what a project's own
    materialization makes), and all that is made of them.
    """
    readers: dict[str, list[str]] = defaultdict(list)
    for name, above in upstream_of(manifest).items():
        for up in above:
            readers[up].append(name)
    models = manifest.of_type("model")
    waiting = [n.unique_id for n in models if n.config.get("materialized") not in _ALWAYS_WHOLE]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += readers[name]
    return frozenset(found)


def refreshed_runs(
    store: Store, *, target: str = "", rebuilt: Collection[str] | None = None, now: datetime | None = None
) -> Callable[[str], WrittenBy | None]:
    """unique_id → the run that wrote it last, as `collect` asks for it; read from the store at first use.
    None of what no run wrote since everything was measured.

    Args:
        target: whose runs count; see `recorded_runs`.
        rebuilt: as in `writers`.

    Raises:
        StoreError: the store cannot be read; when it is asked.
    """
    known: dict[str, WrittenBy] | None = None

    def of(unique_id: str) -> WrittenBy | None:
        nonlocal known
        if known is None:
            measured = Buckets(store).measured_at()
            back = (now or datetime.now(UTC)) - _BACK
            since = min((at for at in measured.values() if at >= back), default=back) - _LONGEST_RUN
            known = writers(_newest_first(store, since, target), measured, rebuilt)
        return known.get(unique_id)

    return of


def _newest_first(store: Store, since: datetime, target: str) -> Iterator[RecordedRun]:
    skip, results = 0, 0
    while results < _MOST_RESULTS:
        page = recorded_runs(store, since=since, limit=_PAGE, skip=skip, target=target)
        yield from reversed(page)
        if len(page) < _PAGE:
            return
        skip += _PAGE
        results += sum(len(run.results) for run in page)
