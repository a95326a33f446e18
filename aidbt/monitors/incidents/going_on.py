"""What a person said is none of it, and what only goes on of that: it is noted in silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from aidbt.core.incidents import Incident
from aidbt.core.measured import Anomaly, Monitor
from aidbt.monitors.incidents.describing import is_dismissed
from aidbt.monitors.incidents.explaining import NEAR_SPANS
from aidbt.monitors.incidents.signs import days_of, sign_of, span_of
from aidbt.monitors.incidents.upstream import Upstream

_WORSE = 1.5  # times the score of what the person knew


class Dismissed:
    """The findings of an incident that a person said are none; empty for most."""

    def __init__(self, incident: Incident) -> None:
        self._said_at = max(
            (days_of(event.at) for event in incident.timeline if event.by != "aidbt"),
            default=days_of(incident.opened_at),
        )
        self._same: dict[Monitor, list[Anomaly]] = defaultdict(list)
        self._alike: dict[Hashable, list[Anomaly]] = defaultdict(list)
        for anomaly in incident.anomalies:
            if is_dismissed(incident, anomaly.monitor):
                self.add(anomaly)

    def __bool__(self) -> bool:
        return bool(self._same)

    def add(self, anomaly: Anomaly) -> None:
        """Count a finding as one of them."""
        self._same[anomaly.monitor].append(anomaly)
        self._alike[_what(anomaly)].append(anomaly)

    def covers(self, anomaly: Anomaly, upstream: Upstream) -> bool:
        """Whether it is one of them that only goes on.

        It goes on below, too: fewer rows that are expected at a source are fewer rows in what reads it, the
        same metric in the same bucket and off to the same side.
        """
        above = upstream.above(anomaly.monitor.node)
        if any(
            other.monitor.node in above and anomaly.score <= _WORSE * other.score
            for other in self._alike.get(_what(anomaly), ())
        ):
            return True
        same = self._same.get(anomaly.monitor, ())
        return bool(same) and self._goes_on(anomaly, same)

    def _goes_on(self, anomaly: Anomaly, same: Sequence[Anomaly]) -> bool:
        """Whether it is the same thing again, soon after and not much worse than what the person knew."""
        if any((other.start, other.value) == (anomaly.start, anomaly.value) for other in same):
            return True
        pause = anomaly.start - max(other.start for other in same)
        known = [other for other in same if sign_of(other).end <= self._said_at] or same[:1]
        is_soon = pause <= (NEAR_SPANS + 1) * span_of(anomaly.grain)
        return is_soon and anomaly.score <= _WORSE * max(other.score for other in known)


def _what(anomaly: Anomaly) -> Hashable:
    """What it has in common with what it shows as in the models below."""
    is_high = None
    if anomaly.value is not None and anomaly.expected is not None:
        is_high = anomaly.value > anomaly.expected
    monitor = anomaly.monitor
    return monitor.metric, monitor.column.casefold(), anomaly.grain, anomaly.start, is_high
