"""What an incident is said to be, by what it holds: where it begins, how far it reaches, how bad it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.core.findings import Severity
from aidbt.core.incidents import (
    FoundCause,
    Incident,
    IncidentState,
    cause_alone,
    ill_of,
    key_of,
    kind_of,
)
from aidbt.core.measured import Anomaly, Monitor
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.monitors.incidents.upstream import Upstream
from aidbt.monitors.incidents.words import cause_title, severity_of, title_of

RANK = {Severity.INFO: 0, Severity.WARN: 1, Severity.ERROR: 2}
# The node of a run that failed before any node.
RUN = "run"
# Beside the first and the last of each monitor; those of the highest score stay.
_MOST_ANOMALIES = 300
_FAILED = 100.0  # the weight of a failure, which is certain, beside scores


def described(
    incident: Incident, around: Surroundings, upstream: Upstream, *, false_alarms: float
) -> Incident:
    """The incident with its root, its reach, its severity and its title as they follow from what is wrong of
    what it holds; as it is where nothing is."""
    ill, failed = _wrong_of(incident)
    places = _placed(incident, around, upstream)
    if places is None:
        return incident
    root, affected, exposed, _ = places
    found = _cause_now(incident)
    if found is not None and "." in found.root:
        root = found.root
        affected = tuple(dict.fromkeys((root, *affected)))
        exposed = upstream.below(affected)
    nodes = (*affected, *exposed)
    return replace(
        incident,
        severity=severity_of(ill, failed, nodes, around, false_alarms=false_alarms),
        title=title_now(incident, around, upstream),
        root=root,
        affected=affected,
        exposed=exposed,
        owner=around.owners.get(root, ""),
    )


def title_now(incident: Incident, around: Surroundings, upstream: Upstream) -> str:
    """What an incident is called by what is wrong of it now; as it was where nothing is.

    A value that is new is so on one day, and what it does to its column goes on: it keeps the name of the
    value, though that has passed.
    """
    ill, failed = _wrong_of(incident)
    places = _placed(incident, around, upstream)
    if places is None:
        return incident.title
    root, affected, exposed, beside = places
    found = _cause_now(incident)
    if found is not None:
        return cause_title(found.title, upstream.below((found.root, *affected)))
    columns = {(one.monitor.node, one.monitor.column) for one in ill if one.monitor.column}
    causes = [
        one
        for one in incident.anomalies
        if one.is_certain
        and kind_of(one.monitor.metric) == "data"
        and (one.monitor.node, one.monitor.column) in columns
        and key_of(one.monitor) not in incident.dismissed
    ]
    return title_of(root, kept([*ill, *causes]), failed, exposed, beside=beside)


def _wrong_of(incident: Incident) -> tuple[list[Anomaly], list[str]]:
    """What monitors found, and what failed, that has not passed."""
    ill = [anomaly for anomaly in incident.anomalies if key_of(anomaly.monitor) not in incident.well]
    return ill, [failure for failure in incident.failures if failure not in incident.well]


def _cause_now(incident: Incident) -> FoundCause | None:
    """The cause that diagnosis found, as long as something of it goes on."""
    found, ill = incident.found, ill_of(incident)
    if found is None:
        return None
    here = {key_of(one.monitor) for one in incident.anomalies if one.monitor.node == found.root}
    return found if ill & (here | set(incident.failures) | cause_alone(incident)) else None


def _placed(
    incident: Incident, around: Surroundings, upstream: Upstream
) -> tuple[str, tuple[str, ...], tuple[str, ...], int] | None:
    """Where what is wrong begins, all that is affected, what is below that, and how many begin beside it."""
    ill, failed = _wrong_of(incident)
    weights: dict[str, float] = {}
    for anomaly in ill:
        node = anomaly.monitor.node
        weights[node] = max(anomaly.score, weights.get(node, 0.0))
    weights.update({failed_node(failure, around): _FAILED for failure in failed})
    if incident.found is not None and cause_alone(incident) & ill_of(incident):
        weights[incident.found.root] = _FAILED
    if not weights:
        return None
    tops = upstream.tops(sorted(weights))
    root = max(tops, key=lambda node: weights[node])
    others = (weights.keys() | set(incident.affected)) - {root}
    affected = (root, *sorted(others, key=lambda node: (len(upstream.above(node)), node)))
    return root, affected, upstream.below(affected), len(tops) - 1


def failed_node(unique_id: str, around: Surroundings) -> str:
    """The node of a failure: of a test the one that it tests."""
    return around.tested.get(unique_id, unique_id) or RUN


def kept(anomalies: Sequence[Anomaly]) -> tuple[Anomaly, ...]:
    """The newest finding of each monitor and bucket, oldest first; of very many the most telling."""
    newest = {(anomaly.monitor, anomaly.start): anomaly for anomaly in anomalies}
    ordered = sorted(newest.values(), key=lambda a: (a.start, a.monitor))
    if len(ordered) <= _MOST_ANOMALIES:
        return tuple(ordered)
    first = {a.monitor: a for a in reversed(ordered)}
    last = {a.monitor: a for a in ordered}
    rest = sorted(ordered, key=lambda a: -a.score)[:_MOST_ANOMALIES]
    chosen = {(a.monitor, a.start) for group in (first.values(), last.values(), rest) for a in group}
    return tuple(a for a in ordered if (a.monitor, a.start) in chosen)


def is_dismissed(incident: Incident, monitor: Monitor) -> bool:
    """Whether a person has said of what a monitor found that it is none."""
    if incident.dismissed:
        return key_of(monitor) in incident.dismissed
    # Of one that was ended before it was kept what exactly is meant, everything is.
    by = incident.timeline[-1].by if incident.timeline else "aidbt"
    return incident.state is IncidentState.TERMINATED and by != "aidbt"
