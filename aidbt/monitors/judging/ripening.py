"""Columns that ripen: values of the newest buckets that are not yet what they will be.

Of customers by the day on which they came, the value of their orders is null until the first order: the
newest day is always odd, and usual some days later. That is learned: what a monitor says of a bucket when it
is seen first is remembered until the bucket is measured for the last time, and longer where it moved. Where
most buckets moved the same way, the newest are not judged until the age at which they usually stand still.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from aidbt.core.measured import Grain, Monitor
from aidbt.monitors.histories import SPANS
from aidbt.monitors.history import Family, History
from aidbt.monitors.judging.due import Judged, unripe_since
from aidbt.monitors.metrics import metric_of
from aidbt.store.buckets import Series

# Rows and ages have ways of their own to be late (`judging.due`).
_RIPENING = (Family.RATE, Family.AMOUNT, Family.DISTANCE)
# It is learned from so many of the last buckets, and takes so many that moved, more than half of them.
_LOOKED_AT = 14
_FEWEST = 3
# As far as one looks: of more buckets (hours of some days) too much would have to be remembered.
_MOST = 24
# The share of buckets that stand still at the age from which on they are judged.
_STILL = 0.8
# What chance alone moves is within so many deviations.
_DEVIATIONS = 2.0


def key_of(monitor: Monitor) -> str:
    """By which a monitor is remembered among those of its node."""
    return f"{monitor.metric}|{monitor.column}"


def ripe_after(judged: Judged, grain: Grain, most: int) -> dict[str, int]:
    """Of each monitor (`key_of`) that ripens, after how many further buckets one usually stands still.

    Args:
        most: buckets for which one is measured again; later nothing moves.
    """
    most = min(most, _MOST)
    if grain not in SPANS or most == 0 or not judged.arrivals:
        return {}
    settled = max(judged.arrivals) - SPANS[grain] * most
    filled = sorted(start for start, rows in judged.arrivals.items() if start <= settled and rows[0])
    last = filled[-_LOOKED_AT:]
    found = {}
    for key, seen in judged.firsts.items():
        moves = [seen[start] for start in last if start in seen]
        up = [age for first, now, age in moves if now > first]
        down = [age for first, now, age in moves if now < first]
        ages = max(up, down, key=len)
        if len(ages) >= _FEWEST and len(ages) > len(last) / 2:
            found[key] = int(np.quantile(ages, _STILL, method="higher"))
    return found


def with_firsts(judged: Judged, history: History, rows: Sequence[int], series: Series, most: int) -> Judged:
    """The same with what the monitors say now of the node's newest buckets.

    Args:
        judged: as the check before left it.
        history: with the values of all buckets, ripe or not.
        rows: where the node's monitors are among those of the history.
        series: of the node.
        most: see `ripe_after`.
    """
    most = min(most, _MOST)
    span = SPANS.get(history.grain)
    if span is None or most == 0 or not series.starts:
        return judged
    newest = series.starts[-1]
    before = max(judged.arrivals, default=datetime.min)
    settled = before - span * most if judged.arrivals else datetime.min
    firsts = {}
    for row in rows:
        if history.families[row] not in _RIPENING:
            continue
        key = key_of(history.monitors[row])
        seen = dict(judged.firsts.get(key, {}))
        if newest > before and (first := _value(history, row, newest)) is not None:
            seen[newest] = (first, first, 0)
        for start in [start for start in seen if start > settled]:
            seen[start] = _seen_again(seen[start], history, row, start, min((newest - start) // span, most))
            if newest - start >= span * most and not seen[start][2]:
                del seen[start]  # it never moved
        if seen:
            kept = sorted(seen)[-_LOOKED_AT - most :]
            firsts[key] = {start: seen[start] for start in kept}
    return replace(judged, firsts=firsts)


def _seen_again(
    seen: tuple[float, float, int], history: History, row: int, start: datetime, age: int
) -> tuple[float, float, int]:
    """What is remembered of a bucket at an age: when it moved, and that it did not where it is back."""
    now = _value(history, row, start)
    first, last, _ = seen
    if now is None:
        return seen
    near = _near(history, row, start, now)
    if abs(now - first) <= near:
        return first, first, 0
    if abs(now - last) > near:
        return first, now, max(age, 1)  # measured twice in a day, it moved within it
    return seen


def _place(history: History, start: datetime) -> int:
    """Of a bucket among those of the history, which have no holes; below 0 where it is older."""
    return (start - history.starts[0]) // SPANS[history.grain]


def _value(history: History, row: int, start: datetime) -> float | None:
    place = _place(history, start)
    if not 0 <= place < len(history.starts):
        return None
    value = float(history.values[row, place])
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _near(history: History, row: int, start: datetime, value: float) -> float:
    """What is no difference: too small to matter, or chance."""
    least = metric_of(history.monitors[row].metric).least
    if history.families[row] is not Family.RATE:
        least *= abs(value)
    variance = float(history.variances[row, _place(history, start)])
    chance = _DEVIATIONS * math.sqrt(variance) if variance > 0 else 0.0
    return max(least, chance)


def without_unripe(
    history: History, ripe: Mapping[str, Mapping[str, int]], series: Sequence[Series]
) -> History:
    """The history without what is not ripe: nothing is judged by it, learned of it, or foretold from it.

    Args:
        ripe: node → what `ripe_after` says of it.
        series: what the history is made of.
    """
    of_node = {one.node: one for one in series}
    values, shares = history.values, dict(history.shares)
    for row, monitor in enumerate(history.monitors):
        age = ripe.get(monitor.node, {}).get(key_of(monitor), 0)
        if not age:
            continue
        unripe = slice(max(_place(history, unripe_since(of_node[monitor.node], age)), 0), None)
        if values is history.values:
            values = values.copy()
        values[row, unripe] = np.nan
        if row in shares:
            shares[row] = shares[row].copy()
            shares[row][unripe] = np.nan
    return replace(history, values=values, shares=shares)
