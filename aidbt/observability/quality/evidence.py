"""What is known of a project as evidence: of which column in which dimension, and how much of it is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from aidbt.core.config import QualityDimension
from aidbt.core.errors import UnknownName
from aidbt.core.incidents import Incident, key_of
from aidbt.core.measured import Anomaly, Monitor, node_name
from aidbt.monitors.history import Family
from aidbt.monitors.judging.schema_changes import METRIC as SCHEMA
from aidbt.monitors.metrics import metric_of
from aidbt.observability.quality.dimensions import Counts, Dimension, Kind, kind_of, test_name
from aidbt.observability.quality.known import Known, Measured, Rows, Seen
from aidbt.project.manifest import Manifest, Node
from aidbt.project.private_messages import identifiers_of, without_values

Source = Literal["test", "unit test", "freshness", "run", "monitor"]
_FAILED = ("fail", "error", "runtime error", "partial success")
# A test that only warns was meant to: what it finds counts half.
_OF_A_WARNING = 0.5
_LONGEST = 120  # characters of what a database said


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that is known of a node or of one of its columns.

    Attributes:
        column: folded; "" for the node as a whole.
        lost: 0..1, how much of it is wrong; 0 where all is well.
        cause: what has to be mended: unique_id of a test, source or model, or the id of an incident.
        what: what was looked at, e.g. "not_null on orders.customer_id".
        said: what was found; "" where all is well.
        bad: how many rows, at least; None where that is not known.
    """

    node: str
    column: str
    dimension: Dimension
    lost: float
    cause: str
    source: Source
    what: str
    said: str = ""
    bad: int | None = None


def evidence_of(
    manifest: Manifest,
    known: Known,
    tested: Mapping[str, str],
    sources_of: Mapping[str, frozenset[str]],
    named: Mapping[str, QualityDimension],
) -> Iterator[Evidence]:
    """All evidence there is of a project.

    Args:
        tested: test → the node it stands on.
        sources_of: node → all sources that it is made of.
        named: name of a test → its dimension, as the settings say.
    """
    names = identifiers_of(manifest)
    for test, node in tested.items():
        seen = known.results.get(test)
        if seen is not None:
            measured = known.measured.get(node)
            yield of_test(manifest.get(test), node, seen, known.rows.get(node), named, measured, names)
    yield from _of_freshness(manifest, known, sources_of, names)
    yield from _of_runs(manifest, known, tested, names)
    yield from _of_monitors(known)


def of_test(
    test: Node,
    node: str,
    seen: Seen,
    rows: Rows | None,
    named: Mapping[str, QualityDimension],
    measured: Measured | None = None,
    names: Collection[str] = (),
) -> Evidence:
    """What the last result of a test says.

    A test that counts rows loses their share of all rows, even where it passes since it tolerates some. Any
    other that fails loses all, as does one that could not run: nobody knows what it would have found. What
    only warns loses half of that.
    """
    kind = kind_of(test, named)
    column = column_of(test)
    of = node.rpartition(".")[2]
    on = f"{of}.{column}" if column else of
    name = test_name(test)
    what = f"{name} on {on}" if name != test.name else test.name
    is_unit_test = test.resource_type == "unit_test"
    found = Evidence(
        node,
        column.casefold(),
        kind.dimension,
        0.0,
        test.unique_id,
        "unit test" if is_unit_test else "test",
        f"unit test {name}" if is_unit_test else what,
    )
    if seen.status == "error":
        return replace(found, lost=1.0, said=f"could not run: {_words_of(seen.message, names) or 'error'}")
    failures = seen.failures or 0
    share = _share(kind, test, failures, rows)
    is_bad = seen.status in ("fail", "warn")
    odd = _odd_values(test, measured) if is_bad and name == "accepted_values" else None
    if odd is not None:
        assert measured is not None
        lost, bad = odd / measured.rows, round(odd)
        said = f"{odd:,.0f} of {measured.rows:,.0f} rows"
    elif share is None:
        lost, bad = (1.0 if is_bad else 0.0), None
        said = _words(kind, failures, name) if is_bad else ""
    else:
        assert rows is not None
        lost, bad = share, failures * (2 if kind.counts is Counts.KEYS else 1)
        said = _rows_words(kind, failures, rows) if failures else ""
    if seen.status != "fail":
        lost *= _OF_A_WARNING
    return replace(found, lost=lost, said=said, bad=bad)


def column_of(test: Node) -> str:
    """The column a test stands on, as the project spells it; "" for one of the whole node."""
    about = test.raw.get("test_metadata")
    arguments = about.get("kwargs") if isinstance(about, Mapping) else None
    named = arguments.get("column_name") if isinstance(arguments, Mapping) else None
    return str(test.raw.get("column_name") or named or "").strip('"`[]')


def _share(kind: Kind, test: Node, failures: int, rows: Rows | None) -> float | None:
    """The share 0..1 of a node's rows that a test found wrong; None where it does not follow."""
    if kind.counts is Counts.NOTHING or rows is None or rows.count <= 0:
        return None
    config = test.config
    if config.get("where") or _arguments(test).get("row_condition"):
        return None  # of which rows is not known
    if str(config.get("fail_calc") or "count(*)").replace(" ", "").lower() != "count(*)":
        return None
    limit = config.get("limit")
    if limit is not None and not (isinstance(limit, int) and failures < limit):
        return None  # there may be more
    return min(1.0, failures * (2 if kind.counts is Counts.KEYS else 1) / rows.count)


def _odd_values(test: Node, measured: Measured | None) -> float | None:
    """The rows, at most, whose value a test of accepted values does not accept, since monitors counted those
    of each value; None where they did not, or where they saw none of what the test found.
    """
    column = column_of(test).casefold()
    values = _arguments(test).get("values")
    if measured is None or not isinstance(values, list) or test.config.get("where") or measured.rows <= 0:
        return None
    counts, nulls = measured.values.get(column), measured.nulls.get(column)
    if not counts or nulls is None:
        return None
    accepted = {str(value).lower() if isinstance(value, bool) else str(value) for value in values}
    if accepted.isdisjoint(counts):  # they may be spelled in another way, as 1.0 for 1
        return None
    odd = measured.rows - nulls - sum(rows for value, rows in counts.items() if value in accepted)
    return odd if 0 < odd <= measured.rows else None


def _arguments(test: Node) -> Mapping[str, Any]:
    about = test.raw.get("test_metadata")
    found = about.get("kwargs") if isinstance(about, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _words(kind: Kind, failures: int, name: str) -> str:
    """What a test found of whose rows it is not known how many they are of."""
    if name == "accepted_values" and failures:
        are = "values are" if failures > 1 else "value is"
        return f"{failures:,} {are} not accepted, of how many rows is not known"
    if kind.counts is Counts.NOTHING:
        return f"failed ({failures:,} found)" if failures > 1 else "failed"
    what = "value" if kind.counts is Counts.KEYS else "row"
    return f"{failures:,} {what}{'s' if failures != 1 else ''}, of how many is not known"


def _rows_words(kind: Kind, failures: int, rows: Rows) -> str:
    of = f"at least {rows.count:,}" if rows.is_least else f"{rows.count:,}"
    if kind.counts is Counts.KEYS:
        return f"{failures:,} value{'s' if failures > 1 else ''} more than once in {of} rows"
    return f"{failures:,} of {of} rows"


# --- freshness and runs -------------------------------------------------------------------------------


def _of_freshness(
    manifest: Manifest, known: Known, sources_of: Mapping[str, frozenset[str]], names: Collection[str]
) -> Iterator[Evidence]:
    """How fresh sources are, of themselves and of all that is made of them."""
    fresh: dict[str, Evidence] = {}
    for source in manifest.sources.values():
        seen = known.results.get(source.unique_id)
        if seen is not None:
            fresh[source.unique_id] = _of_source(source, seen, names)
    yield from fresh.values()
    for node, sources in sources_of.items():
        for source_id in sorted(sources & fresh.keys()):
            yield replace(fresh[source_id], node=node)


def _of_source(source: Node, seen: Seen, names: Collection[str]) -> Evidence:
    name = f"{source.source_name}.{source.name}"
    lost = {"pass": 0.0, "warn": _OF_A_WARNING}.get(seen.status, 1.0)
    if not lost:
        said = ""
    elif seen.age_s is not None:
        said = f"its newest row was {_age(seen.age_s)} old"
    else:
        said = f"could not be asked: {_words_of(seen.message, names) or seen.status}"
    id, what = source.unique_id, f"freshness of {name}"
    return Evidence(id, "", Dimension.TIMELINESS, lost, id, "freshness", what, said)


def _of_runs(
    manifest: Manifest, known: Known, tested: Mapping[str, str], names: Collection[str]
) -> Iterator[Evidence]:
    """What could not be built is as old as its last good run; what was built says nothing."""
    failed = {name: seen.at for name, seen in known.results.items() if seen.status in _FAILED}
    blamed: dict[str, list[str]] = {}
    for name in sorted(failed):
        blamed.setdefault(tested.get(name, name), []).append(name)
    for node in manifest.nodes.values():
        seen = known.results.get(node.unique_id)
        if seen is None or node.resource_type not in ("model", "seed", "snapshot"):
            continue
        why: dict[str, str] = {}
        if node.unique_id in failed:
            why[node.unique_id] = f"was not built: {_words_of(seen.message, names) or seen.status}"
        elif seen.status == "skipped":
            # What failed in another run did not keep it from being built in this one.
            here = {n: [cause for cause in some if failed[cause] == seen.at] for n, some in blamed.items()}
            causes = _culprits(node, manifest, here)
            more = f" and {len(causes) - 1} more" if len(causes) > 1 else ""
            why |= {cause: f"was not built, since {_short(cause, node)}{more} failed" for cause in causes}
        for cause, said in why.items():
            what = f"run of {node.name}"
            yield Evidence(node.unique_id, "", Dimension.TIMELINESS, 1.0, cause, "run", what, said)


def _culprits(node: Node, manifest: Manifest, blamed: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """What failed before a node that was skipped: its unit tests, else the nearest node above it or the tests
    of that.
    """
    own = [cause for cause in blamed.get(node.unique_id, ()) if cause.startswith("unit_test.")]
    if own:
        return own
    seen: set[str] = set()
    waiting = list(node.depends_on)
    for name in waiting:
        if name in seen:
            continue
        seen.add(name)
        if blamed.get(name):
            return blamed[name]
        up = manifest.find(name)
        waiting += up.depends_on if up is not None else ()
    return (node.unique_id,)


def _short(cause: str, node: Node) -> str:
    if cause == node.unique_id:
        return "something it needs"
    return node_name(cause) if cause.startswith(("test.", "unit_test.")) else cause.rpartition(".")[2]


# --- monitors -----------------------------------------------------------------------------------------

_OF_METRIC = {
    "row_count": Dimension.COMPLETENESS,
    "null_rate": Dimension.COMPLETENESS,
    "empty_rate": Dimension.COMPLETENESS,
    "untimed_rate": Dimension.COMPLETENESS,
    "freshness_minutes": Dimension.TIMELINESS,
    "rows_per_key": Dimension.UNIQUENESS,
    SCHEMA: Dimension.CONSISTENCY,
}


def dimension_of(metric: str) -> Dimension:
    """What a metric is evidence of; most say whether values are as they use to be, which is validity."""
    return _OF_METRIC.get(metric, Dimension.VALIDITY)


def _of_monitors(known: Known) -> Iterator[Evidence]:
    """One for each thing that is watched: all is well unless an incident that is not over says otherwise."""
    odd = _odd(known.incidents)
    for node, measured in known.measured.items():
        for monitor in measured.watched:
            if monitor not in odd:
                yield _of_monitor(monitor, 0.0, node)
        if measured.watched and Monitor(node, SCHEMA) not in odd:
            yield _of_monitor(Monitor(node, SCHEMA), 0.0, node)
    for monitor, (anomaly, incident) in odd.items():
        found = _of_monitor(monitor, lost_by(anomaly), incident)
        yield replace(found, said=f"{anomaly.message} ({incident})")


def _of_monitor(monitor: Monitor, lost: float, cause: str) -> Evidence:
    dimension = dimension_of(monitor.metric)
    of = f"monitor {monitor}"
    return Evidence(monitor.node, monitor.column.casefold(), dimension, lost, cause, "monitor", of)


def _odd(incidents: tuple[Incident, ...]) -> dict[Monitor, tuple[Anomaly, str]]:
    """The newest anomaly of each monitor that has not passed since, with its incident."""
    found: dict[Monitor, tuple[Anomaly, str]] = {}
    for incident in incidents:
        for anomaly in incident.anomalies:
            if incident.state.is_over or key_of(anomaly.monitor) in incident.well:
                continue
            before = found.get(anomaly.monitor)
            if before is None or anomaly.start >= before[0].start:
                found[anomaly.monitor] = anomaly, incident.id
    return found


def lost_by(anomaly: Anomaly) -> float:
    """0..1, how far what was found is from what was expected.

    Of shares the difference (a null rate of 0.30 instead of 0.02 loses 0.28); of counts, ages and ratios what
    the smaller lacks of the larger (40 rows instead of 100 lose 0.6); everything else loses all.
    """
    value, expected = anomaly.value, anomaly.expected
    if value is None or expected is None or anomaly.is_certain:
        return 1.0
    name = anomaly.monitor.metric
    if name == SCHEMA or not _is_metric(name):
        return 1.0
    family = metric_of(name).family
    if family is Family.RATE:
        return min(1.0, abs(value - expected))
    if family in (Family.COUNT, Family.MINUTES, Family.EXCESS):
        large = max(value, expected)
        return 1 - max(0.0, min(value, expected)) / large if large > 0 else 1.0
    return 1.0


def _is_metric(name: str) -> bool:
    try:
        metric_of(name)
    except UnknownName:
        return False
    return True


def _words_of(message: str, names: Collection[str]) -> str:
    """What dbt or the database said of a failure, in short and without values of rows."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    # dbt's first line only says which node; the database's own words follow.
    openings = ("Runtime Error in", "Database Error in", "Compilation Error in")
    said = next((line for line in lines if not line.startswith(openings)), "")
    text = without_values(said or "\n".join(lines[:1]), names)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"
