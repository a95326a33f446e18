"""Plain values in the written form of a query: texts, numbers, times, points in time, and their errors.

Every function is given the place of its value in the document, and raises `WrongQuery` with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from aidbt.core.errors import AidbtError, UnknownName, UsageError
from aidbt.semantic.query import Clock, Grain, TimePoint, Value
from aidbt.semantic.query_json.form import CLOCK_KEYS, GRAINS, NOW, POINT_KEYS, TERMS
from aidbt.semantic.times import shifted

T = TypeVar("T")

# Relative times are seen from a day that is not known here: of these years it may be any.
_ANY_CLOCK = (dt.datetime(1500, 1, 1), dt.datetime(2500, 1, 1))


class WrongQuery(UsageError):
    """A document that is no query.

    Attributes:
        place: where in it, e.g. "outputs[1].term.sum"; "" for the whole.
    """

    def __init__(self, place: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{place}: {message}" if place else message, hint=hint)
        self.place = place


def placed(at: str, error: AidbtError) -> WrongQuery:
    """The error at a place."""
    return WrongQuery(at, error.message, hint=error.hint)


def column_names(columns: Iterable[Any]) -> list[str]:
    return [column.name for column in columns]


def has_column(columns: Iterable[Any], name: str) -> bool:
    return any(column.name == name for column in columns)


def mapping_of(
    value: Any, at: str, known: Collection[str], what: str, *, needed: Collection[str] = ()
) -> Mapping[str, Any]:
    """A mapping with no other keys than these."""
    if not isinstance(value, Mapping):
        raise WrongQuery(at, f"{what} is a mapping with {', '.join(known)}")
    for key in value:
        if key not in known:
            raise placed(at, UnknownName(f"key of {what}", str(key)[:60], known))
    for key in needed:
        if key not in value:
            raise WrongQuery(at, f"'{key}' is missing")
    return cast("Mapping[str, Any]", value)


def head_of(item: Mapping[Any, Any], at: str, heads: Mapping[str, Collection[str]], what: str) -> str:
    """The one key that says what a mapping is; "count" beside "table" is no second one."""
    found = [key for key in item if key in heads and not _is_beside(key, item, heads)]
    if len(found) == 1:
        head: str = found[0]
        for key in item:
            if key != head and key not in heads[head]:
                raise placed(at, UnknownName(f"key beside '{head}'", str(key)[:60], heads[head]))
        return head
    if found:
        raise WrongQuery(at, f"it is {' and '.join(found)} at once", hint=f"{what} is one of them")
    further = {key for beside in heads.values() for key in beside}
    wrong = next((str(key)[:60] for key in item if key not in further), "")
    raise placed(at, UnknownName(f"key of {what}", wrong, heads))


def _is_beside(key: str, item: Mapping[Any, Any], heads: Mapping[str, Collection[str]]) -> bool:
    return any(key in heads[other] for other in item if other in heads and other != key)


def items_of(value: Any, at: str) -> Sequence[Any]:
    """A list; empty where nothing stands."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise WrongQuery(at, "a list is needed")
    return value


def text_of(value: Any, at: str) -> str:
    """A text."""
    if not isinstance(value, str):
        raise WrongQuery(at, "a text is needed", hint="put it in quotes" if value is not None else None)
    return value


def flag_of(item: Mapping[str, Any], key: str, at: str, *, default: bool = False) -> bool:
    """The true or false under a key."""
    value = item.get(key, default)
    if not isinstance(value, bool):
        raise WrongQuery(at, "true or false is needed")
    return value


def whole_number(value: Any, at: str, *, least: int) -> int:
    """A whole number that is not too large."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 2**31:
        raise WrongQuery(at, f"a whole number of {least} or more is needed")
    return int(value)


def one_of(value: Any, known: Collection[str], kind: str, at: str) -> str | None:
    """One of some words; None where nothing stands."""
    if value is None:
        return None
    if not isinstance(value, str) or value not in known:
        raise placed(at, UnknownName(kind, str(value)[:60], known))
    return value


def grain_of(item: Mapping[str, Any], key: str, at: str) -> Grain | None:
    """The grain under a key; None where nothing stands."""
    found = one_of(item.get(key), GRAINS, "grain", f"{at}.{key}")
    return Grain(found) if found is not None else None


def constant_of(value: Any, at: str) -> Any:
    """A number, a date or a time, true, false or null."""
    if isinstance(value, float) and not value - value == 0:
        raise WrongQuery(at, f"{value} is no number")
    if value is not None and not isinstance(value, bool | int | float | dt.date):
        raise WrongQuery(at, "a term is needed", hint="a column is written table.column")
    return _zoneless(value, at) if isinstance(value, dt.datetime) else value


def literal_of(head: str, value: Any, at: str) -> Any:
    """What stands behind "value", "date" or "time"."""
    if head == "value":
        return value if isinstance(value, str) else constant_of(value, at)
    return _date(value, at) if head == "date" else _time(value, at)


def value_of(value: Any, at: str) -> Value:
    """A value in a list of values, where a text is one."""
    if isinstance(value, str):
        return Value(value)
    if isinstance(value, Mapping):
        literals = {key: TERMS[key] for key in ("value", "date", "time")}
        head = head_of(value, at, literals, "a value")
        return Value(literal_of(head, value[head], f"{at}.{head}"))
    return Value(constant_of(value, at))


def _date(value: Any, at: str) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    return _parsed(value, at, dt.date.fromisoformat, "a date such as 2024-03-31")


def _time(value: Any, at: str) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return _zoneless(value, at)
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    return _zoneless(_parsed(value, at, dt.datetime.fromisoformat, "a time such as 2024-03-31T18:30:00"), at)


def _zoneless(time: dt.datetime, at: str) -> dt.datetime:
    if time.tzinfo is not None:
        raise WrongQuery(at, f"{time.isoformat()} has a time zone", hint="write it as the data's clock shows")
    return time


def _parsed(value: Any, at: str, parse: Callable[[str], T], what: str) -> T:
    try:
        return parse(text_of(value, at))
    except ValueError as error:
        raise WrongQuery(at, f"'{value[:60]}' is not {what}") from error


def point_of(value: Any, at: str) -> TimePoint | None:
    """A point in time; a bare date or time is that one."""
    if value is None:
        return None
    if value == NOW:
        return TimePoint(cut_to=None)
    if not isinstance(value, Mapping):
        return TimePoint(at=_time(value, at), cut_to=None)
    found = mapping_of(value, at, POINT_KEYS, "a point in time")
    shift = found.get("shift", 0)
    if isinstance(shift, bool) or not isinstance(shift, int) or abs(shift) > 1_000_000:
        raise WrongQuery(f"{at}.shift", "a whole number is needed, less than a million")
    absolute = _time(found["at"], f"{at}.at") if found.get("at") is not None else None
    unit = grain_of(found, "unit", at) or Grain.DAY
    for start in _ANY_CLOCK if absolute is None else (absolute,):
        try:
            shifted(start, shift, unit)
        except UsageError as error:
            raise placed(f"{at}.shift", error) from error
    return TimePoint(absolute, grain_of(found, "start_of", at), shift, unit)


def clock_of(value: Any, at: str) -> Clock:
    """The clock of a query; a usual one where nothing stands."""
    if value is None:
        return Clock()
    found = mapping_of(value, at, CLOCK_KEYS, "a clock")
    now = _time(found["now"], f"{at}.now") if found.get("now") is not None else None
    week_start = whole_number(found.get("week_start", 1), f"{at}.week_start", least=1)
    if week_start > 7:
        raise WrongQuery(f"{at}.week_start", "1 is Monday, 7 is Sunday")
    return Clock(now, week_start)
