"""What a person says of an incident covers what they name, and never what they have not seen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from aidbt.core.errors import UsageError
from aidbt.core.incidents import (
    Incident,
    IncidentEvent,
    IncidentState,
    What,
    cause_alone,
    ill_of,
    is_own_test,
    key_of,
)
from aidbt.core.measured import Monitor, node_name
from aidbt.monitors.incidents.describing import described
from aidbt.monitors.incidents.surroundings import Surroundings
from aidbt.monitors.incidents.upstream import Upstream

_NAMED = 3


def held_monitors(incident: Incident) -> tuple[Monitor, ...]:
    """Of what something can be said, the root's first: what is wrong, or where all has passed what was.

    What was said to be none before is left out.
    """
    found = {anomaly.monitor for anomaly in incident.anomalies}
    ill = ill_of(incident)
    left = [monitor for monitor in found if key_of(monitor) not in incident.dismissed]
    some = [monitor for monitor in left if key_of(monitor) in ill] or left
    return tuple(sorted(some, key=lambda one: (one.node != incident.root, one.node, one.column, one.metric)))


def dismissed(
    incident: Incident,
    monitors: Collection[Monitor] | None,
    words: str,
    around: Surroundings,
    *,
    by: str,
    now: datetime,
    false_alarms: float,
) -> tuple[What, Incident]:
    """The incident without what a person says is none of it: over where nothing is left, else as what is left
    makes it.

    Args:
        monitors: what is meant; None for all that it holds.
        words: what is said, for the timeline.
    """
    some = held_monitors(incident) if monitors is None else tuple(sorted(set(monitors)))
    keys = {key_of(monitor) for monitor in some}
    everything = cause_alone(incident).union(incident.failures)
    failures = everything if monitors is None else _own_tests(incident, keys, around)
    well = incident.well | keys | failures
    after = replace(incident, well=well, dismissed=incident.dismissed | keys, updated_at=now)
    if not ill_of(after):
        event = IncidentEvent(now, "terminated", by, words)
        over = replace(after, state=IncidentState.TERMINATED, ended_at=now)
        return "terminated", replace(over, timeline=(*incident.timeline, event))
    named = ", ".join(str(monitor) for monitor in some[:_NAMED])
    more = f" and {len(some) - _NAMED} more" if len(some) > _NAMED else ""
    event = IncidentEvent(now, "noted", by, f"{named}{more}: {words}")
    left = described(after, around, Upstream(around.parents), false_alarms=false_alarms)
    return "updated", replace(left, timeline=(*incident.timeline, event))


def things_of(incident: Incident) -> tuple[str, ...]:
    """What a person says something of, by name: monitors, and what failed besides our own data tests."""
    ill = [one for one in incident.failures if one not in incident.well]
    failed = [one for one in ill if not (incident.anomalies and is_own_test(one))]
    return (*map(str, held_monitors(incident)), *map(node_name, failed))


def _own_tests(incident: Incident, keys: Collection[str], around: Surroundings) -> set[str]:
    """Our data tests that failed at nodes of which nothing else is left that is wrong."""
    ill = {a.monitor.node for a in incident.anomalies if key_of(a.monitor) not in incident.well | set(keys)}
    return {one for one in incident.failures if is_own_test(one) and around.tested.get(one) not in ill}


def require_seen(now: Incident, seen: Incident) -> None:
    """Refuse what is said of an incident that has found more since it was looked at.

    Raises:
        UsageError: it has.
    """
    new = {a.monitor for a in now.anomalies} - {a.monitor for a in seen.anomalies}
    if new or set(now.failures) - set(seen.failures):
        named = ", ".join(str(monitor) for monitor in sorted(new)[:_NAMED]) or "a failed run"
        raise UsageError(
            f"{now.id} has more by now than it had when you looked at it: {named}",
            hint=f"aidbt incidents show {now.id}",
        )
