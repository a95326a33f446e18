"""What else was unlike the days before while an incident lasted, in tables that are none of its lineage.

A hint for people and no finding: nothing is called odd for it. A value counts when it moved further from the
median of the buckets just before than all but very few of that monitor's buckets did, so that neither the
season nor a slow growth is a coincidence every day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from aidbt.core.incidents import Incident
from aidbt.core.measured import Anomaly, Monitor, node_name
from aidbt.monitors.history import Family, History
from aidbt.monitors.incidents.upstream import Upstream
from aidbt.monitors.metrics import metric_of
from aidbt.monitors.wording import told_value

# Buckets whose median is "just before", those that a move is compared with, and the fewest of these.
_BEFORE, _PAST, _FEWEST = 7, 90, 28
_FEWEST_BEFORE = 3
# At most that share of the past moved as far.
_RARE = 0.05
# By so much of what is usual it lies beyond it.
_BEYOND = 0.1
# So many are told of a table, and of all of them.
_MOST_OF_TABLE, _MOST = 3, 5
# That many of the same weekday are compared with, too.
_WEEKS = 8
# Ages and distances move with everything; what a number is of says more.
_TOLD = (Family.COUNT, Family.RATE, Family.AMOUNT)
_ABSOLUTE = (Family.RATE,)


@dataclass(frozen=True, slots=True)
class Coincidence:
    """A value of another table.

    Attributes:
        low, high: between which nine of ten values of the weeks before were.
        rarity: the share 0..1 of buckets before in which it moved as far.
        beyond: how far outside of low and high it is, in widths of what is between them.
    """

    monitor: Monitor
    start: datetime
    value: float
    low: float
    high: float
    rarity: float
    beyond: float
    family: Family

    def __str__(self) -> str:
        """`weather: mean of precip 0.12, usually 0 to 0.05`, for people."""
        metric = metric_of(self.monitor.metric)
        what = metric.words or self.monitor.metric.replace("_", " ")
        of = f" of {self.monitor.column}" if self.monitor.column else ""
        low, high = told_value(self.low, self.family), told_value(self.high, self.family)
        usual = low if low == high else f"{low} to {high}"
        value = told_value(self.value, self.family)
        return f"{node_name(self.monitor.node)}: {what}{of} {value}, usually {usual}"


def outside(incident: Incident, parents: Mapping[str, Collection[str]], nodes: Collection[str]) -> set[str]:
    """Those of the nodes that are neither part of an incident nor above or below what is."""
    upstream = Upstream(parents)
    own = {*incident.affected, *upstream.below(incident.affected)}
    for node in incident.affected:
        own |= upstream.above(node).keys()
    return set(nodes) - own


def odd_days(anomalies: Sequence[Anomaly]) -> list[datetime]:
    """The days of which an incident has an anomaly; of hours and runs, the days they are of."""
    return sorted({datetime.combine(a.start.date(), datetime.min.time()) for a in anomalies})


def coincidences(
    history: History, nodes: Collection[str], days: Sequence[datetime]
) -> tuple[Coincidence, ...]:
    """What was unlike before in nodes on some days, the strongest first: one for each monitor, few of all.

    Args:
        history: of days, with those before.
    """
    wanted = set(days)
    places = [place for place, start in enumerate(history.starts) if start in wanted]
    picked = [
        row
        for row, monitor in enumerate(history.monitors)
        if monitor.node in nodes and history.families[row] in _TOLD
    ]
    if not places or not picked:
        return ()
    found: dict[Monitor, Coincidence] = {}
    for row, moved in zip(picked, _moved(history.values[picked, : places[-1] + 1]), strict=True):
        monitor = history.monitors[row]
        for one in _moves(history, row, moved, places):
            if monitor not in found or _strength(one) < _strength(found[monitor]):
                found[monitor] = one
    rows = {(one.monitor.node, one.start, one.value) for one in found.values() if not one.monitor.column}
    told = [one for one in found.values() if not _says_rows_again(one, rows)]
    return tuple(sorted(told, key=_strength)[:_MOST_OF_TABLE])


def strongest(
    found: Iterable[Coincidence], parents: Mapping[str, Collection[str]]
) -> tuple[Coincidence, ...]:
    """The few of all tables that say most: of tables that are made of one another, one speaks for all."""
    upstream = Upstream(parents)
    told: list[Coincidence] = []
    for one in sorted(found, key=_strength):
        node = one.monitor.node
        others = {other.monitor.node for other in told} - {node}
        if not any(upstream.steps(node, other) is not None for other in others):
            told.append(one)
    return tuple(told[:_MOST])


def _strength(one: Coincidence) -> tuple[float, float, Monitor]:
    return one.rarity, -one.beyond, one.monitor


def _says_rows_again(one: Coincidence, rows: Collection[tuple[str, datetime, float]]) -> bool:
    """Whether it is the distinct values of a key: as many as the table has rows, which is told already."""
    return one.monitor.metric == "distinct_count" and (one.monitor.node, one.start, one.value) in rows


def _moves(history: History, row: int, all_moved: np.ndarray, places: Sequence[int]) -> Iterator[Coincidence]:
    values, family = history.values[row], history.families[row]
    for place in places:
        first = max(0, place - _PAST)
        if not np.isfinite(values[place]):
            continue
        moved = all_moved[first : place + 1]
        past = moved[:-1][np.isfinite(moved[:-1])]
        if len(past) < _FEWEST or not np.isfinite(moved[-1]):
            continue
        rarity = float((np.abs(past) >= abs(moved[-1])).sum() + 1) / (len(past) + 1)
        least = metric_of(history.monitors[row].metric).least
        usual = values[max(0, place - _FEWEST) : place]
        low, high = np.nanquantile(usual, [0.05, 0.95])
        matters = abs(moved[-1]) >= least * (1 if family in _ABSOLUTE else abs(float(np.nanmedian(usual))))
        value, width = float(values[place]), float(high - low) or abs(float(high)) or 1.0
        beyond = float(max(low - value, value - high)) / width
        is_far = beyond > (_BEYOND if high > low else 0)
        if rarity <= _RARE and matters and is_far and not _is_of_weekday(values, place):
            start, monitor = history.starts[place], history.monitors[row]
            yield Coincidence(monitor, start, value, float(low), float(high), rarity, beyond, family)


def _is_of_weekday(values: np.ndarray, place: int) -> bool:
    """Whether a value is within what the same weekday had in the weeks before, as far as that is known."""
    same = values[max(0, place - 7 * _WEEKS) : place][::-1][6::7]
    known = same[np.isfinite(same)]
    return len(known) >= _FEWEST_BEFORE and bool(known.min() <= values[place] <= known.max())


def _moved(values: np.ndarray) -> np.ndarray:
    """M × T: how far each value is from the median of those just before; NaN where of these few are known."""
    none = np.full((len(values), _BEFORE), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(np.hstack([none, values]), _BEFORE, axis=1)[:, :-1]
    before = np.sort(windows, axis=2)  # what is not known comes last
    known = np.isfinite(before).sum(axis=2, keepdims=True)
    ends = [np.take_along_axis(before, at, axis=2) for at in (np.maximum(known - 1, 0) // 2, known // 2)]
    median = np.where(known >= _FEWEST_BEFORE, (ends[0] + ends[1]) / 2, np.nan)[:, :, 0]
    found: np.ndarray = values - median
    return found


def near_holidays(days: Sequence[datetime], names: Mapping[date, str]) -> tuple[str, ...]:
    """What the calendar says of days: the holiday that one is, or that it is the day before or after one.

    Example:
        >>> near_holidays([datetime(2013, 11, 27)], {date(2013, 11, 28): "Thanksgiving Day"})
        ('2013-11-27 is the day before Thanksgiving Day',)
    """
    found = []
    for day in days:
        for away, said in ((0, "is"), (1, "is the day before"), (-1, "is the day after")):
            name = names.get(day.date() + timedelta(days=away))
            if name:
                found.append(f"{day:%Y-%m-%d} {said} {name}")
                break
    return tuple(found)
