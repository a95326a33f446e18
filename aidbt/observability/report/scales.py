"""Where values and times lie on an axis, and at which of them it is marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
# An axis that begins above nothing makes small changes look large; below this share of the largest value
# it begins at 0.
_FROM_ZERO = 0.4
# Beyond these, differences of numbers cannot be told any more.
_LARGEST, _SMALLEST = 1e300, 1e-290


# Pixels left of a drawing for the numbers of its axis, which the style sheet keeps free.
AXIS_ROOM = 44


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis from `low` to `high`, which differ.

    Attributes:
        ticks: round values between them.
    """

    low: float
    high: float
    ticks: tuple[float, ...] = ()

    def share(self, value: float) -> float:
        """Where a value lies, 0 at `low`, 1 at `high`; NaN stays NaN."""
        return (value - self.low) / (self.high - self.low)


def value_axis(values: Sequence[float], bands: Sequence[float] = (), *, ticks: int = 4) -> Axis:
    """An axis on which all values lie, and of the bands what is not far off: one that is very wide would
    press the values into a line.

    NaN, infinity and what is near it are left out. Without any value it goes from 0 to 1.

    Example:
        >>> value_axis([3.0, 9.5]).ticks
        (0.0, 2.5, 5.0, 7.5, 10.0)
    """
    known = [value for value in values if abs(value) <= _LARGEST]
    if not known:
        return Axis(0.0, 1.0)
    low, high = min(known), max(known)
    room = max(high - low, 0.05 * max(abs(low), abs(high)))
    near = [b for b in bands if math.isfinite(b) and low - room <= b <= high + room]
    low, high = min([low, *near]), max([high, *near])
    if low >= 0 and low < _FROM_ZERO * high:
        low = 0.0
    largest = max(abs(low), abs(high))
    if largest < _SMALLEST:
        low = high = 0.0
    if high - low <= 1e-9 * largest:  # the same, but for rounding
        low, high = (0.0, high * 2) if high > 0 else (low * 2, 0.0) if low < 0 else (0.0, 1.0)
    step = _step((high - low) / ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = tuple(float(f"{n * step:.12g}") for n in range(first, last + 1))
    return Axis(marks[0], marks[-1], marks)


def _step(least: float) -> float:
    """The round number that is `least` or a little more."""
    if least < 1e-300:
        return 1.0
    size = 10.0 ** math.floor(math.log10(least))
    return next(size * step for step in _STEPS if size * step >= least * (1 - 1e-9))


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Times from `first` to `last`, both without or both with an offset.

    Attributes:
        ticks: (time, what stands there).
    """

    first: datetime
    last: datetime
    ticks: tuple[tuple[datetime, str], ...]

    def share(self, at: datetime) -> float:
        """Where a time lies, 0 at `first`, 1 at `last`."""
        span = (self.last - self.first).total_seconds()
        return (at - self.first).total_seconds() / span if span else 0.5


# Lengths of time between two marks, in seconds.
_SPANS = tuple(
    86_400 * days for days in (1 / 24, 1 / 8, 1 / 4, 1 / 2, 1, 2, 7, 14, 28, 56, 91, 182, 364, 728, 3640)
)


def time_axis(first: datetime, last: datetime, *, ticks: int = 5, is_days: bool = False) -> TimeAxis:
    """An axis with at most so many marks (one more at its ends), at whole hours or midnights.

    Args:
        is_days: at midnights only.
    """
    span = max((last - first).total_seconds(), 1.0)
    step = next((s for s in _SPANS if span / s <= ticks and (s >= 86_400 or not is_days)), _SPANS[-1])
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    marks = []
    at = midnight
    while at <= last:
        if at >= first:
            marks.append((at, told_time(at, is_short=step < 86_400, has_year=span > 300 * 86_400)))
        at += timedelta(seconds=step)
    return TimeAxis(first, last, tuple(marks))


def told_time(at: datetime, *, is_short: bool = False, has_year: bool = False) -> str:
    """A time on an axis, e.g. "8 Feb", "8 Feb 14:00" or "8 Feb 2013"."""
    day = f"{at.day} {at:%b}"
    if has_year:
        return f"{day} {at:%Y}"
    return f"{day} {at:%H:%M}" if is_short and (at.hour or at.minute) else day
