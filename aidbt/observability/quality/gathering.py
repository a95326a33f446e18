"""Reading what scores are made of: results of runs, what monitors measured, incidents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aidbt.core.findings import Finding, Severity
from aidbt.core.incidents import IncidentState
from aidbt.core.measured import Grain
from aidbt.monitors.histories import monitors_of
from aidbt.monitors.judging.checking import COLD_START_BUCKETS
from aidbt.monitors.judging.remembered import JUDGED
from aidbt.observability.quality.known import Known, Measured, Rows
from aidbt.observability.quality.results import failing_tests, read_results, uncounted
from aidbt.observability.targets import left_out
from aidbt.project.manifest import Manifest
from aidbt.store import Store
from aidbt.store.buckets import Buckets, Series
from aidbt.store.incidents import Incidents

_GRAINS: tuple[Grain, ...] = ("run", "hour", "day")  # what is measured in spans of time says most
# Columns are judged by the buckets of so many days.
_LATELY = timedelta(days=30)


def gather(
    manifest: Manifest,
    store: Store,
    target_path: Path,
    *,
    max_age_days: int = 30,
    target: str = "",
    now: datetime | None = None,
) -> Known:
    """All that is known of a project, read from the store and from dbt's target folder.

    Args:
        target: whose runs count; see `recorded_runs`.

    Raises:
        StoreError: the store cannot be read.
    """
    since = (now or datetime.now(UTC)) - timedelta(days=max_age_days)
    read = read_results(manifest, store, target_path, since, target=target)
    results = {n: seen for n, seen in read.newest.items() if seen.at >= since and manifest.find(n)}
    buckets = Buckets(store)
    measured, grains = _measured(buckets, store, since)
    seen_columns = {node: found.columns for node, found in measured.items() if found.columns}
    nodes = _tested_nodes(manifest, failing_tests(results))
    return Known(
        results=results,
        rows=dict(_rows(manifest, buckets, nodes, read.rows, grains)),
        measured=measured,
        columns={**read.columns, **seen_columns},
        incidents=Incidents(store).all(states=(IncidentState.OPEN, IncidentState.ACKNOWLEDGED)),
        runs=len(read.runs),
        last_run_at=max(read.runs.values(), default=None),
        findings=(
            *_old(manifest, since),
            *_others(store, since, target),
            *read.findings,
            *uncounted(read, manifest, since, max_age_days),
        ),
    )


def _others(store: Store, since: datetime, target: str) -> Iterator[Finding]:
    said = left_out(store.run_targets(since=since), target)
    if said:
        yield Finding("quality.other_targets", Severity.INFO, "runs", said)


def _old(manifest: Manifest, since: datetime) -> Iterator[Finding]:
    at = manifest.metadata.generated_at
    if at < since:
        said = f"written on {at:%Y-%m-%d}: what was added or renamed since is not known; run: dbt parse"
        yield Finding("quality.old_manifest", Severity.WARN, "manifest.json", said)


def _measured(
    buckets: Buckets, store: Store, since: datetime
) -> tuple[dict[str, Measured], dict[str, Grain]]:
    """What monitors have of each node, and in which grain: that in which it was measured last, since what it
    was measured in before may lie far back.
    """
    judged = store.all(JUDGED).keys()
    found: dict[str, Measured] = {}
    grains: dict[str, Grain] = {}
    for grain in _GRAINS:
        for node, (_, last) in buckets.spans(grain).items():
            series = buckets.series(node, grain, since=last - 2 * _LATELY)
            if series is None or ("rows", "") not in series.keys:
                continue  # figures of runs only
            is_judged = f"{node}|{grain}" in judged
            one = _of_series(series, buckets.latest_columns(node), since, is_judged=is_judged)
            before = found.get(node)
            if before is None or before.at is None or (one.at is not None and one.at >= before.at):
                found[node], grains[node] = one, grain
    return found, grains


def _of_series(series: Series, columns: Mapping[str, str], since: datetime, *, is_judged: bool) -> Measured:
    """What the newest buckets of a node say; of a table that is too old, or too short a time, less."""
    import numpy as np

    rows = series.fact("rows")
    known = np.isfinite(rows)
    times = series.collected_at[known & np.isfinite(series.collected_at)]
    at = datetime.fromtimestamp(float(times.max()), UTC) if len(times) else None
    is_new = at is not None and at >= since
    is_enough = is_judged and int(known.sum()) >= COLD_START_BUCKETS
    lately = np.array([start >= series.starts[-1] - _LATELY for start in series.starts]) & known
    if series.grain == "run" and known.any():  # each has the whole table
        lately = np.arange(len(rows)) == np.flatnonzero(known)[-1]
    filled, distinct, nulls = set(), set(), {}
    for name, column in series.keys:
        facts = series.fact(name, column)[lately]
        if column and is_new and len(facts) and rows[lately].sum() and np.isfinite(facts[-1]):
            if name == "nulls":
                nulls[column.casefold()] = float(np.nansum(facts))
            if name == "nulls" and np.nansum(facts) == 0:
                filled.add(column.casefold())
            # In spans of time a value may come again in another one: only the whole table tells.
            if name == "keys" and series.grain == "run" and facts[-1] == rows[lately][-1]:
                distinct.add(column.casefold())
    return Measured(
        at=at,
        watched=tuple(monitors_of(series)) if is_new and is_enough else (),
        columns=tuple(columns),
        filled=frozenset(filled),
        distinct=frozenset(distinct),
        values=_values(series, np.flatnonzero(lately)) if is_new else {},
        nulls=nulls,
        rows=float(rows[lately].sum()),
    )


def _values(series: Series, places: Iterable[int]) -> dict[str, dict[str, float]]:
    """Column → value → rows, of some buckets together."""
    found: dict[str, dict[str, float]] = {}
    for place in places:
        for column, shares in series.shares[place].items():
            counts = found.setdefault(column.casefold(), {})
            for value, rows in shares.items():
                counts[value] = counts.get(value, 0.0) + rows
    return found


def _tested_nodes(manifest: Manifest, tests: Iterable[str]) -> set[str]:
    return {
        up
        for name in tests
        if (test := manifest.find(name)) is not None
        for up in (*test.depends_on, str(test.raw.get("attached_node") or ""))
    }


def _rows(
    manifest: Manifest,
    buckets: Buckets,
    nodes: set[str],
    built: Mapping[str, tuple[datetime, int]],
    grains: Mapping[str, Grain],
) -> Iterator[tuple[str, Rows]]:
    """How many rows nodes have: of the whole table where it was measured so; else those that the last run
    wrote, where it wrote all; else those of all spans of time together, which may not be all.
    """
    for name in sorted(nodes):
        node = manifest.find(name)
        if node is None:
            continue
        is_written_whole = node.resource_type == "seed" or node.config.get("materialized") == "table"
        if grains.get(name) == "run" and (rows := _rows_of_runs(buckets, name)) is not None:
            yield name, Rows(rows)
        elif name in built and is_written_whole:
            yield name, Rows(built[name][1])
        elif (rows := _rows_of_spans(buckets, name)) is not None:
            yield name, Rows(rows, is_least=True)


def _rows_of_runs(buckets: Buckets, node: str) -> int | None:
    import numpy as np

    series = buckets.series(node, "run")
    rows = series.fact("rows") if series is not None else np.array([])
    rows = rows[np.isfinite(rows)]
    return int(rows[-1]) if len(rows) else None


def _rows_of_spans(buckets: Buckets, node: str) -> int | None:
    import numpy as np

    grains: tuple[Grain, ...] = ("day", "hour")
    for grain in grains:
        series = buckets.series(node, grain)
        if series is not None and np.isfinite(series.fact("rows")).any():
            return int(np.nansum(series.fact("rows")))
    return None
