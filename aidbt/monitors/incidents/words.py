"""An incident in one line for people, and how bad it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from aidbt.core.errors import UnknownName
from aidbt.core.findings import Severity
from aidbt.core.incidents import is_own_test, kind_of
from aidbt.core.measured import Anomaly, node_name
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.monitors.metrics import DISTRIBUTION, metric_of
from aidbt.monitors.thresholds import threshold_of

# So much above the threshold, on the scale of scores, it is an error: ten times rarer than what is told at
# all. And the same where it matters more than elsewhere.
ERROR_ABOVE = 1.0
CRITICAL_ABOVE = 0.5


def severity_of(
    anomalies: Sequence[Anomaly],
    failures: Sequence[str],
    nodes: Sequence[str],
    around: Surroundings,
    *,
    false_alarms: float,
) -> Severity:
    """How bad it is, by how unlikely it is and what depends on the nodes.

    What is judged without much history is never more than a warning, and so is what is marked as minor.

    Args:
        false_alarms: the budget of which thresholds are made.
    """
    if failures:
        return Severity.ERROR
    is_minor = all(node in around.minor for node in nodes)
    above = CRITICAL_ABOVE if any(node in around.critical for node in nodes) else ERROR_ABOVE
    is_sure = any(
        anomaly.score >= threshold_of(false_alarms, anomaly.grain) + above
        for anomaly in anomalies
        if anomaly.evidence.get("cold_start") != "true"
    )
    return Severity.ERROR if is_sure and not is_minor else Severity.WARN


def title_of(
    root: str,
    anomalies: Sequence[Anomaly],
    failures: Sequence[str],
    exposed: Sequence[str],
    *,
    beside: int = 0,
) -> str:
    """What is wrong at the place of the cause, and how much is below it.

    Args:
        anomalies: of all nodes; those of the root count, the last of them if it has several.
        failures: names of what failed, tests among them.
        exposed: unique_ids of what is downstream of all that is affected.
        beside: how many others are as far upstream and wrong for the same cause.
    """
    # What one of our data tests stopped at says less than what was found.
    others = [one for one in failures if not is_own_test(one)] if anomalies else failures
    is_above = any(anomaly.monitor.node == root for anomaly in anomalies) and not any(
        one == root or one.startswith(("test.", "unit_test.")) for one in others
    )
    said = _failed(root, others) if others and not is_above else _wrong(root, anomalies)
    failed = f"{_some([node_name(one) for one in others])} failed" if others and is_above else ""
    below = _below(exposed)
    parts = [said, failed, f"{beside:,} more beside it" if beside else "", f"{below} below" if below else ""]
    return "; ".join(part for part in parts if part)


def cause_title(said: str, exposed: Sequence[str]) -> str:
    """What a diagnosis says is wrong, and how much is below it."""
    below = _below(exposed)
    return f"{said}; {below} below" if below else said


def _failed(root: str, failures: Sequence[str]) -> str:
    tests = [node_name(one) for one in failures if one.startswith(("test.", "unit_test."))]
    nodes = [one for one in failures if not one.startswith(("test.", "unit_test."))]
    if root in nodes or not tests:
        first = root if root in nodes or not nodes else nodes[0]
        return f"{node_name(first)} failed in a run of dbt" if first else "dbt's run failed before any node"
    return f"{node_name(root)}: {_some(tests, 'test')} failed"


def _some(names: Sequence[str], noun: str = "") -> str:
    if len(names) == 1:
        return f"the {noun} {names[0]}" if noun else names[0]
    return f"{len(names)} {noun or 'node'}s"


def _wrong(root: str, anomalies: Sequence[Anomaly]) -> str:
    here = [anomaly for anomaly in anomalies if anomaly.monitor.node == root] or list(anomalies)
    if not here:
        return f"{node_name(root)} is not as expected"
    lead = _lead(here)
    words = _WORDS.get(lead.monitor.metric)
    if not _is_number(lead.value) or not _is_number(lead.expected):
        return lead.message or f"{_subject(lead)} is not as expected"
    return words(lead) if words else _moved(lead)


def _lead(here: Sequence[Anomaly]) -> Anomaly:
    """The finding that says most: what is exact, else of the last bucket the surest; of a column what came
    or went there rather than what that did to its other numbers."""
    exact = [anomaly for anomaly in here if kind_of(anomaly.monitor.metric) != "data"]
    if exact:
        return max(exact, key=lambda a: (a.start, a.score))
    last = max(anomaly.start for anomaly in here)
    # One thing breaks all metrics of a table: rows that are missing say more than what they would have held.
    lead = max(
        (anomaly for anomaly in here if anomaly.start == last),
        key=lambda a: (
            a.is_certain,
            a.score + 1.5 * (a.monitor.metric in ("row_count", "freshness_minutes")),
        ),
    )
    of = lead.monitor
    same = [a for a in here if of.column and a.is_certain and a.monitor.column == of.column]
    same = [a for a in same if a.monitor.node == of.node]
    return max(same, key=lambda a: (a.start, a.score), default=lead)


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _subject(anomaly: Anomaly) -> str:
    node = node_name(anomaly.monitor.node)
    return f"{node}.{anomaly.monitor.column}" if anomaly.monitor.column else node


def _expected_of(anomaly: Anomaly) -> str:
    """What was expected of which buckets: days differ by weekday, hours by the time of day."""
    if anomaly.grain == "day":
        return f"expected on a {anomaly.start:%A}"
    return f"expected at {anomaly.start:%H}:00" if anomaly.grain == "hour" else "expected"


def _compared(a: Anomaly, less: str, more: str, times: str) -> str:
    """By how much, e.g. "62 % fewer rows than expected" or "3.4 times the rows expected"."""
    value, expected = a.value or 0.0, a.expected or 0.0
    ratio = value / expected if expected else 0.0
    if ratio >= 3:
        return f"{ratio:,.1f} times {times} {_expected_of(a)}"
    percent = 100 * abs(ratio - 1)
    # Never "100 % fewer" where there are some, nor "0 %" where there is a difference.
    shown = "99.9" if 99.5 <= percent < 100 else f"{percent:.1f}" if percent < 1 else f"{percent:.0f}"
    by = f"{shown} % " if expected else ""
    return f"{by}{less if value < expected else more} than {_expected_of(a)}"


def _rows(a: Anomaly) -> str:
    value, expected = a.value or 0.0, a.expected or 0.0
    if value == 0:
        return f"{_subject(a)} has no rows of {_when(a)}, {expected:,.0f} were expected"
    return f"{_subject(a)} has {_compared(a, 'fewer rows', 'more rows', 'the rows')}"


def _when(anomaly: Anomaly) -> str:
    if anomaly.grain == "day":
        return f"{anomaly.start:%A} {anomaly.start.day} {anomaly.start:%B}"
    return f"{anomaly.start:%d %B %H:%M}"


def _distinct(a: Anomaly) -> str:
    many = "distinct values"
    return f"{_subject(a)} has {_compared(a, f'fewer {many}', f'more {many}', f'the {many}')}"


def _late(a: Anomaly) -> str:
    late = (a.value or 0.0) - (a.expected or 0.0)
    if late < 0:
        return f"{_subject(a)} has newer rows than expected"
    return f"{_subject(a)} is {_span(late)} later than expected"


def _span(minutes: float) -> str:
    for size, unit in ((1440, "days"), (60, "hours")):
        if minutes >= 2 * size:
            return f"{minutes / size:,.0f} {unit}"
    return f"{minutes:,.0f} minutes"


def _moved(a: Anomaly) -> str:
    """A share as a share, any other number by how much it moved."""
    value, expected = a.value or 0.0, a.expected or 0.0
    if a.monitor.metric == DISTRIBUTION:
        return f"{_subject(a)}: its values are distributed otherwise than before"
    what = _words(a.monitor.metric)
    if a.monitor.metric.endswith("_rate"):
        usual = 0.0 if expected < value / 1000 else expected  # never "expected 0.00037 %"
        return f"{_subject(a)}: {what} {_share(value)}, expected {_share(usual)}"
    if expected and value and (value > 0) == (expected > 0) and abs(value / expected - 1) >= 0.005:
        return f"{_subject(a)}: {what} {_compared(a, 'lower', 'higher', 'what was')}"
    return f"{_subject(a)}: {what} {value:,.6g}, expected {expected:,.6g}"


def _words(metric: str) -> str:
    try:
        return metric_of(metric).words
    except UnknownName:  # of another version, or of what is no metric
        return metric.replace("_", " ")


def _share(value: float) -> str:
    percent = 100 * value
    return f"{percent:.0f} %" if percent >= 10 or percent == 0 else f"{percent:.2g} %"


_WORDS: dict[str, Callable[[Anomaly], str]] = {
    "row_count": _rows,
    "freshness_minutes": _late,
    "load_age_minutes": _late,
    "distinct_count": _distinct,
}


def _below(exposed: Sequence[str]) -> str:
    """How much is downstream, e.g. "3 models and 1 exposure"."""
    kinds: dict[str, int] = {}
    for node in sorted(exposed, key=lambda node: node.startswith("exposure.")):
        kind = node.partition(".")[0] if "." in node else "node"
        kinds[kind] = kinds.get(kind, 0) + 1
    parts = [f"{n:,} {kind}{'s' if n > 1 else ''}" for kind, n in kinds.items()]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
