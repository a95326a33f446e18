"""Points in time as SQL: written out under a clock that stands, else seen from the warehouse's own."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange

from sqlglot import exp

from aidbt.core.errors import UsageError
from aidbt.semantic.query import Clock, Grain, TimePoint

_WITHIN_DAY = (Grain.SECOND, Grain.MINUTE, Grain.HOUR)
_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}
SECONDS = {
    Grain.SECOND: 1,
    Grain.MINUTE: 60,
    Grain.HOUR: 3_600,
    Grain.DAY: 86_400,
    Grain.WEEK: 604_800,
}


def moment(point: TimePoint, clock: Clock) -> dt.datetime | None:
    """The time that a point is; None when only the warehouse's clock can say.

    Example:
        >>> clock = Clock(now=dt.datetime(2025, 6, 15, 12))
        >>> moment(TimePoint(cut_to=Grain.MONTH, shift=-1, unit=Grain.MONTH), clock)
        datetime.datetime(2025, 5, 1, 0, 0)
    """
    start = point.at or clock.now
    if start is None:
        return None
    if point.cut_to is not None:
        start = cut(start, point.cut_to, clock.week_start)
    return shifted(start, point.shift, point.unit)


def cut(time: dt.datetime, grain: Grain, week_start: int = 1) -> dt.datetime:
    """The start of the period that a time is in.

    Raises:
        UsageError: it is a week that began before the year 1.
    """
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    match grain:
        case Grain.SECOND:
            return time.replace(microsecond=0)
        case Grain.MINUTE:
            return time.replace(second=0, microsecond=0)
        case Grain.HOUR:
            return time.replace(minute=0, second=0, microsecond=0)
        case Grain.DAY:
            return day
        case Grain.WEEK:
            return shifted(day, -((day.isoweekday() - week_start) % 7), Grain.DAY)
        case Grain.MONTH:
            return day.replace(day=1)
        case Grain.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Grain.YEAR:
            return day.replace(month=1, day=1)


def shifted(time: dt.datetime, number: int, unit: Grain) -> dt.datetime:
    """So many units later; a month after the 31st is the last day of the next one, as in SQL.

    Raises:
        UsageError: that is before the year 1 or after 9999.
    """
    try:
        if unit in SECONDS:
            return time + dt.timedelta(seconds=number * SECONDS[unit])
        months = time.year * 12 + time.month - 1 + number * _MONTHS[unit]
        year, month = divmod(months, 12)
        return time.replace(year=year, month=month + 1, day=min(time.day, monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError) as error:
        raise UsageError(
            f"{number:,} {unit}s from {time.date()} is out of the calendar", hint="ask for a nearer time"
        ) from error


def truncated(term: exp.Expr, grain: Grain, week_start: int = 1) -> exp.Expr:
    """A time cut to the start of its period, which `date_trunc` does for weeks from Monday only."""
    if grain is Grain.WEEK and week_start != 1:
        days = 8 - week_start
        monday = exp.TimestampTrunc(this=moved(term, days, Grain.DAY), unit=exp.var("WEEK"))
        return moved(monday, -days, Grain.DAY)
    return exp.TimestampTrunc(this=term, unit=exp.var(grain.upper()))


def is_whole_days(grain: Grain, week_start: int = 1) -> bool:
    """Whether a date that is cut to the grain stays a date."""
    return grain not in _WITHIN_DAY and (grain is not Grain.WEEK or week_start == 1)


def point_sql(point: TimePoint, clock: Clock, *, as_date: bool) -> exp.Expr:
    """A point in time as an expression of the type it is compared with.

    Args:
        as_date: whether it is compared with dates.
    """
    time = moment(point, clock)
    if time is not None:
        is_day = time == cut(time, Grain.DAY)
        text = time.date().isoformat() if as_date and is_day else time.isoformat(sep=" ")
        return exp.cast(exp.Literal.string(text), "date" if as_date and is_day else "timestamp")
    if as_date and point.cut_to is Grain.DAY and not point.shift:
        return exp.CurrentDate()
    is_day = point.cut_to is not None and point.cut_to not in _WITHIN_DAY
    found: exp.Expr = exp.cast(exp.CurrentDate() if is_day else exp.CurrentTimestamp(), "timestamp")
    if point.cut_to not in (None, Grain.DAY):
        found = truncated(found, point.cut_to, clock.week_start)  # type: ignore[arg-type]
    if point.shift:
        found = moved(found, point.shift, point.unit)
    return exp.cast(found, "date") if as_date and is_day and point.unit not in _WITHIN_DAY else found


def moved(time: exp.Expr, number: int, unit: Grain) -> exp.Expr:
    """A time so many units later, earlier when the number is negative; of the type it had."""
    kind = exp.Add if number > 0 else exp.Sub
    # Months and days are known to every dialect, quarters and weeks are not.
    each, unit = {Grain.QUARTER: (3, Grain.MONTH), Grain.WEEK: (7, Grain.DAY)}.get(unit, (1, unit))
    interval = exp.Interval(this=exp.Literal.string(str(abs(number) * each)), unit=exp.var(unit.upper()))
    return kind(this=time, expression=interval)
