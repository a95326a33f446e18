"""Points in time and periods in plain English, with the days that they are where the clock says them."""

from __future__ import annotations

import datetime as dt

from aidbt.semantic.query import Clock, Grain, InPeriod, TimePoint
from aidbt.semantic.times import cut, moment

_THIS = {-1: "last", 0: "this", 1: "next"}
_DAYS = {-1: "yesterday", 0: "today", 1: "tomorrow"}
_TOMORROW = TimePoint(shift=1)


def period_words(period: InPeriod, clock: Clock) -> str:
    """The period that follows "… is".

    Example:
        >>> from aidbt.semantic.query import Attribute
        >>> last_month = TimePoint(cut_to=Grain.MONTH, shift=-1, unit=Grain.MONTH)
        >>> period = InPeriod(Attribute("orders", "at"), last_month, TimePoint(cut_to=Grain.MONTH))
        >>> period_words(period, Clock(now=dt.datetime(2025, 6, 15)))
        'in last month (2025-05-01 to 2025-05-31)'
    """
    start, end = period.start, period.end
    if start is None and end is None:
        return "at any time"
    if start is None:
        assert end is not None
        return f"before {point_words(end, clock)}"
    if end is None:
        return f"at or after {point_words(start, clock)}"
    if start.at is not None and end.at is not None and start.cut_to is None and end.cut_to is None:
        return _between(start, end, clock)
    whole = _whole(start, end)
    if whole:
        in_ = "" if whole in _DAYS.values() else "in "
        return f"{in_}{whole}{_days(start, end, clock)}"
    until = "through today" if end == _TOMORROW else f"until before {_relative(end)}"
    return f"from {_relative(start)} {until}{_days(start, end, clock)}"


def point_words(point: TimePoint, clock: Clock) -> str:
    """A point in time, e.g. "the start of last month (2025-05-01)".

    Example:
        >>> point_words(TimePoint(shift=-30), Clock())
        '30 days before the start of today'
    """
    words = _relative(point)
    time = moment(point, clock) if point.at is None or point.cut_to is not None else None
    return words if time is None else f"{words} ({time_words(time)})"


def time_words(time: dt.datetime) -> str:
    """A time, as a day where it is the start of one."""
    is_day = time == cut(time, Grain.DAY) and time.tzinfo is None
    return time.date().isoformat() if is_day else time.isoformat(sep=" ")


def _between(start: TimePoint, end: TimePoint, clock: Clock) -> str:
    first, last = moment(start, clock), moment(end, clock)
    assert first is not None
    assert last is not None
    if all(time == cut(time, Grain.DAY) for time in (first, last)) and first < last:
        if last - first == dt.timedelta(days=1):
            return f"on {time_words(first)}"
        return f"from {time_words(first)} to {time_words(last - dt.timedelta(days=1))} (inclusive)"
    return f"from {time_words(first)} until before {time_words(last)}"


def _whole(start: TimePoint, end: TimePoint) -> str:
    """The name of a period of whole units, counted from the clock; "" for another one."""
    grain = start.cut_to
    is_plain = start.at is None and end.at is None and grain is not None and end.cut_to is grain
    if not is_plain or any(point.shift and point.unit is not grain for point in (start, end)):
        return ""
    length = end.shift - start.shift
    if length == 1 and start.shift in _THIS:
        return _DAYS[start.shift] if grain is Grain.DAY else f"{_THIS[start.shift]} {grain}"
    if length > 1 and end.shift == 0:
        return f"the last {length} {grain}s (before this {grain})"
    if length > 1 and end.shift == 1:
        return f"the last {length} {grain}s (with this {grain})"
    return ""


def _relative(point: TimePoint) -> str:
    """A point without the day that it is."""
    if point.at is not None:
        anchor = time_words(point.at)
        base = anchor if point.cut_to is None else f"the start of the {point.cut_to} of {anchor}"
    elif point.cut_to is None:
        base = "now"
    elif point.cut_to is Grain.DAY and point.shift in _DAYS and point.unit is Grain.DAY:
        return f"the start of {_DAYS[point.shift]}"
    elif point.cut_to is Grain.DAY:
        base = "the start of today"
    elif point.shift in _THIS and point.unit is point.cut_to:
        return f"the start of {_THIS[point.shift]} {point.cut_to}"
    else:
        base = f"the start of this {point.cut_to}"
    if not point.shift:
        return base
    number = abs(point.shift)
    unit = f"{point.unit}" if number == 1 else f"{point.unit}s"
    return f"{number:,} {unit} {'before' if point.shift < 0 else 'after'} {base}"


def _days(start: TimePoint, end: TimePoint, clock: Clock) -> str:
    """The first and the last day of a period, where the clock says them."""
    first, last = moment(start, clock), moment(end, clock)
    if first is None or last is None or first >= last:
        return ""
    if any(time != cut(time, Grain.DAY) for time in (first, last)):
        return f" ({time_words(first)} until before {time_words(last)})"
    final = last - dt.timedelta(days=1)
    return f" ({time_words(first)})" if final == first else f" ({time_words(first)} to {time_words(final)})"
