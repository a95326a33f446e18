"""What a person called expected holds: what is no further off is not told again, whenever it comes.

And what they said of a column's values is said of the same values however they are looked at: by another
metric, or in the column of that name of a table above or below, which may have them some buckets later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from aidbt.core.measured import Anomaly, Monitor
from aidbt.monitors.feedback.verdicts import Alert, Feedback
from aidbt.monitors.history import History
from aidbt.monitors.judging.bounds import Bound
from aidbt.monitors.judging.categories import shown
from aidbt.monitors.metrics import DISTRIBUTION
from aidbt.store.buckets import Series

# Of one load: that no rows came once, or late, says nothing of the next time.
_OF_A_LOAD = ("row_count", "freshness_minutes", "load_age_minutes")
# Of a column, and not of the values that it has.
_NOT_OF_VALUES = ("null_rate", "rows_per_key", "schema")
_CAME_OR_WENT = ("new_values", "vanished_values")
# Beyond what was accepted by so much of it is as far off.
_MARGIN = 0.05
# Shares of values that differ in all by at most so much are the same ones (total variation).
_ALIKE = 0.2
# Buckets that say what was there before.
_BEFORE = 14
# In buckets: how much later a table above or below may have what was accepted.
_LATER = 3

_Shares = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Accepted:
    """What was measured in the bucket of which a person said that it is right so from then on.

    Attributes:
        before: the shares of the buckets before it, together.
    """

    said: Feedback
    value: float | None
    shares: _Shares
    before: _Shares


class Expected:
    """What people called expected, with what was measured then.

    Args:
        feedback: nodes by unique_id.
        history: of one grain, nothing hidden in it.
        series: of the same grain; their shares of values count.
        above: node → all nodes that it is made of.
        alerts: what people were told, with its values: they accepted those, though the bucket was measured
            again since.
    """

    def __init__(
        self,
        feedback: Iterable[Feedback],
        history: History,
        series: Sequence[Series],
        above: Mapping[str, Collection[str]],
        alerts: Iterable[Alert] = (),
    ) -> None:
        self._history, self._above = history, above
        self._rows = {monitor: row for row, monitor in enumerate(history.monitors)}
        self._places = {start: number for number, start in enumerate(history.starts)}
        self._series = {one.node: one for one in series}
        self._told: dict[Monitor, list[tuple[datetime, float]]] = defaultdict(list)
        for alert in alerts:
            self._told[alert.monitor] += alert.values
        self._accepted = [self._measured(item) for item in feedback if item.verdict == "expected"]

    def covers(self, anomaly: Anomaly) -> bool:
        """Whether it is no more than what a person has called expected."""
        return any(
            anomaly.start >= one.said.first and (self._is_as_far(anomaly, one) or self._is_of(anomaly, one))
            for one in self._accepted
        )

    def implied(self) -> tuple[Feedback, ...]:
        """What follows for what is learned: from which bucket on other monitors see what was accepted."""
        if not self._accepted:
            return ()
        by_column: dict[str, list[Monitor]] = defaultdict(list)
        for monitor in self._history.monitors:
            if _is_of_values(monitor):
                by_column[monitor.column.casefold()].append(monitor)
        return tuple(
            replace(one.said, monitor=monitor, first=start)
            for one in self._accepted
            if _is_of_values(one.said.monitor)
            for monitor in by_column[one.said.monitor.column.casefold()]
            if monitor != one.said.monitor
            and (start := next(self._alike_since(monitor, one), None)) is not None
        )

    def widened(self, bounds: Iterable[Bound]) -> list[Bound]:
        """The bounds for data tests with what was accepted within them, so that no build stops at it."""
        accepted: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        for one in self._accepted:
            monitor = one.said.monitor
            if one.value is not None and _holds_by_value(monitor):
                accepted[monitor.node, monitor.metric, monitor.column.casefold()].append(one.value)
        return [
            replace(
                bound,
                low=None if bound.low is None else min([bound.low, *values]),
                high=None if bound.high is None else max([bound.high, *values]),
            )
            if (values := accepted.get((bound.node, bound.metric, bound.column_name.casefold())))
            else bound
            for bound in bounds
        ]

    def _measured(self, said: Feedback) -> _Accepted:
        start = next((start for start in self._history.starts if said.covers(start)), said.first)
        before: dict[str, float] = defaultdict(float)
        for past in [past for past in self._history.starts if past < start][-_BEFORE:]:
            for value, rows in self._shares(said.monitor, past).items():
                before[value] += rows
        monitor = said.monitor
        told = [value for at, value in self._told.get(monitor, ()) if said.covers(at)]
        accepted = told[-1] if told else self._value(monitor, start)
        return _Accepted(said, accepted, self._shares(monitor, start), before)

    def _value(self, monitor: Monitor, start: datetime) -> float | None:
        row, place = self._rows.get(monitor), self._places.get(start)
        if row is None or place is None or not np.isfinite(self._history.values[row, place]):
            return None
        return float(self._history.values[row, place])

    def _shares(self, monitor: Monitor, start: datetime) -> _Shares:
        series = self._series.get(monitor.node)
        if series is None or start not in series.starts:
            return {}
        return series.shares[series.starts.index(start)].get(monitor.column, {})

    def _is_as_far(self, anomaly: Anomaly, one: _Accepted) -> bool:
        """Whether it is the same monitor, off to the same side and no further than what was accepted."""
        if anomaly.monitor != one.said.monitor or not _holds_by_value(anomaly.monitor):
            return False
        if one.value is None or anomaly.value is None:
            return False
        if abs(anomaly.value - one.value) <= _MARGIN * abs(one.value):
            return True
        return anomaly.expected is not None and (
            anomaly.expected <= anomaly.value <= one.value or one.value <= anomaly.value <= anomaly.expected
        )

    def _is_of(self, anomaly: Anomaly, one: _Accepted) -> bool:
        """Whether it is of the same values, seen otherwise or elsewhere."""
        monitor, said = anomaly.monitor, one.said.monitor
        if not (_is_of_values(monitor) and _is_of_values(said) and self._is_same_column(monitor, said)):
            return False
        if monitor.metric in _CAME_OR_WENT:
            known = {shown(value) for value in one.shares}
            named = anomaly.evidence.keys() & known
            return bool(known) and len(named) == (
                len(anomaly.evidence) if monitor.metric == "new_values" else 0
            )
        return self._is_alike(monitor, anomaly.start, one)

    def _is_same_column(self, monitor: Monitor, said: Monitor) -> bool:
        if monitor.column.casefold() != said.column.casefold():
            return False
        one, other = monitor.node, said.node
        return one == other or one in self._above.get(other, ()) or other in self._above.get(one, ())

    def _alike_since(self, monitor: Monitor, one: _Accepted) -> Iterator[datetime]:
        """The buckets of a monitor soon after that have what was accepted."""
        if not self._is_same_column(monitor, one.said.monitor):
            return
        later = [start for start in self._history.starts if start >= one.said.first]
        yield from (start for start in later[: _LATER + 1] if self._is_alike(monitor, start, one))

    def _is_alike(self, monitor: Monitor, start: datetime, one: _Accepted) -> bool:
        """Whether a bucket has the values that were accepted; of what has too many to list, that number."""
        mine = self._shares(monitor, start)
        if mine and one.shares:
            away = _difference(mine, one.shares)
            return away <= _ALIKE and (not one.before or away < _difference(mine, one.before))
        if mine or one.shares or monitor.metric != one.said.monitor.metric:
            return False
        if start - one.said.first > _LATER * self._span():
            return False
        value = self._value(monitor, start)
        if value is None or one.value is None:
            return False
        return abs(value - one.value) <= _MARGIN * abs(one.value)

    def _span(self) -> timedelta:
        return timedelta(hours=1) if self._history.grain == "hour" else timedelta(days=1)


def _holds_by_value(monitor: Monitor) -> bool:
    return monitor.metric not in (*_OF_A_LOAD, DISTRIBUTION)


def _is_of_values(monitor: Monitor) -> bool:
    return bool(monitor.column) and monitor.metric not in _NOT_OF_VALUES


def _difference(one: _Shares, other: _Shares) -> float:
    """How much of the one would have to be moved to make it the other, 0 to 1."""
    mine, theirs = sum(one.values()) or 1.0, sum(other.values()) or 1.0
    return (
        sum(abs(one.get(v, 0.0) / mine - other.get(v, 0.0) / theirs) for v in one.keys() | other.keys()) / 2
    )
