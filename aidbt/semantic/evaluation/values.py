"""Values of rows in memory: what is calculated of them, and how they are held against each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from operator import add, eq, ge, gt, le, lt, mul, ne, sub
from typing import Any

from aidbt.semantic.evaluation.errors import CannotEvaluate
from aidbt.semantic.query import Attribute, Clock, Grain
from aidbt.semantic.times import SECONDS, cut

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": eq,
    "<>": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}
_CALCULATE: dict[str, Callable[[Any, Any], Any]] = {"+": add, "-": sub, "*": mul}


def holds_between(operator: str, a: Any, b: Any) -> bool:
    """Whether a comparison of two known values holds.

    Raises:
        CannotEvaluate: they are of kinds of which only a warehouse knows whether it compares them.
    """
    try:
        return _COMPARE[operator](*_comparable(a, b))
    except TypeError as error:
        raise CannotEvaluate(f"{a!r} and {b!r} are not of one kind") from error


def is_before(value: Any, own: Any, *, ascending: bool) -> bool:
    """Whether a value comes before another one; one that is not known comes after all."""
    if value is None:
        return False
    if own is None:
        return True
    return bool(value < own if ascending else value > own)


def all_of(held: Iterator[bool | None]) -> bool | None:
    """Whether all conditions hold; None is not known, as in SQL."""
    found = list(held)
    return False if False in found else None if None in found else True


def calculated(operator: str, left: Any, right: Any) -> Any:
    """Two numbers as one; None where one of them is not known, and for a division by 0.

    Raises:
        CannotEvaluate: one is no number: of times every warehouse makes something else.
    """
    if left is None or right is None:
        return None
    for value in (left, right):
        if not isinstance(value, int | float | Decimal):
            raise CannotEvaluate(f"{value!r} is no number to calculate with")
    if operator == "/":
        return None if right == 0 else float(left) / float(right)
    if isinstance(left, float) or isinstance(right, float):
        left, right = float(left), float(right)
    return _CALCULATE[operator](left, right)


def duration(start: Any, end: Any, unit: Any, is_whole: bool) -> Any:
    """How many of a unit lie between two times; None where one of them is not known."""
    if start is None or end is None:
        return None
    one, two = as_time(start), as_time(end)
    if unit in SECONDS and not is_whole:
        seconds = int((cut(two, Grain.SECOND) - cut(one, Grain.SECOND)).total_seconds())
        return seconds if unit == Grain.SECOND else seconds / SECONDS[unit]
    if unit == Grain.WEEK:
        return int((cut(two, Grain.DAY) - cut(one, Grain.DAY)).days / 7)
    first, last = cut(one, unit), cut(two, unit)
    if unit in SECONDS:
        return int((last - first).total_seconds()) // SECONDS[unit]
    months = (last.year - first.year) * 12 + last.month - first.month
    return months // {"month": 1, "quarter": 3, "year": 12}[unit]


def dated(value: Any, attribute: Attribute, clock: Clock) -> Any:
    """A column's value, cut to its grain or as its part of the time."""
    if value is None or (attribute.grain is None and attribute.part is None):
        return value
    time = as_time(value)
    if attribute.grain is not None:
        return cut(time, attribute.grain, clock.week_start)
    match attribute.part:
        case "hour" | "day" | "month" | "year":
            return getattr(time, attribute.part)
        case "day_of_week":
            return time.isoweekday()
        case "day_of_year":
            return time.timetuple().tm_yday
        case "week":
            return time.isocalendar().week
        case _:
            return (time.month + 2) // 3


def as_time(value: Any) -> dt.datetime:
    """A date as the time at which it begins."""
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    raise CannotEvaluate(f"{value!r} is no time")


def _comparable(a: Any, b: Any) -> tuple[Any, Any]:
    """Two values of types that Python compares."""
    if isinstance(a, dt.date) and isinstance(b, dt.date):
        return as_time(a), as_time(b)
    if isinstance(a, Decimal) and isinstance(b, float):
        return float(a), b
    if isinstance(b, Decimal) and isinstance(a, float):
        return a, float(b)
    return a, b


def hashable(value: Any) -> Any:
    """A value that can be told apart in a set."""
    return tuple(value) if isinstance(value, list) else value
