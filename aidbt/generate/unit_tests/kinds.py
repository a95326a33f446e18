"""Values of each type: the usual ones, and those around a constant that a query compares with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from aidbt.generate.unit_tests.subject import Value

if TYPE_CHECKING:
    from sqlglot import exp

Kind = Literal[
    "integer",
    "decimal",
    "text",
    "boolean",
    "date",
    "timestamp",
    "moment",
    "time",
    "uuid",
    "list",
    "struct",
    "json",
    "other",
]
# Of these a "moment" has a time zone.
TIMES: frozenset[Kind] = frozenset({"timestamp", "moment"})
# A day in the middle of a month, the next one, those of the next month and year, and a year's end.
FIRST_DAY = date(2024, 1, 15)
DAYS = (FIRST_DAY, date(2024, 1, 16), date(2024, 2, 15), date(2025, 1, 15), date(2023, 12, 31))
_NOON = time(12, 30)
UTC_MARK = "+00"
FIRST_MOMENT = datetime.combine(FIRST_DAY, _NOON)
# Beyond this a number is no count of days that anybody compares with.
_MOST_DAYS = 4000
_NEAR_AND_FAR = tuple(timedelta(days=days) for days in (-1, 1, -2, -40, 40))


def kind_of(data_type: exp.DataType) -> Kind:
    """What values of a DuckDB type are written as."""
    from sqlglot import exp

    kinds = exp.DataType.Type
    this = data_type.this
    if this in exp.DataType.INTEGER_TYPES:
        return "integer"
    if this in exp.DataType.REAL_TYPES:
        scale = data_type.expressions[1].name if len(data_type.expressions) > 1 else ""
        return "integer" if scale == "0" else "decimal"
    if this in exp.DataType.TEXT_TYPES:
        return "text"
    if this in (kinds.TIMESTAMPTZ, kinds.TIMESTAMPLTZ):
        return "moment"
    if this in (kinds.TIMESTAMP, kinds.TIMESTAMPNTZ, kinds.DATETIME, kinds.TIMESTAMP_S,
                kinds.TIMESTAMP_MS, kinds.TIMESTAMP_NS):  # fmt: skip
        return "timestamp"
    simple: dict[Any, Kind] = {
        kinds.BOOLEAN: "boolean",
        kinds.DATE: "date",
        kinds.DATE32: "date",
        kinds.TIME: "time",
        kinds.UUID: "uuid",
        kinds.LIST: "list",
        kinds.ARRAY: "list",
        kinds.STRUCT: "struct",
        kinds.JSON: "json",
    }
    return simple.get(this, "other")


def usual(data_type: exp.DataType, number: int, name: str) -> tuple[Value, ...]:
    """A few different values of a type; () where none can be written.

    Args:
        number: tells the columns of a case apart, so that one taken for another shows.
        name: of the column, for texts that a person can read.
    """
    kind = kind_of(data_type)
    if kind == "integer":
        return tuple(10 * number + n for n in (1, 2, 3, 4))
    if kind == "decimal":
        return tuple(10 * number + n for n in (12.5, 20.0, 7.25, 40.0))
    if kind == "text":
        return tuple(f"{name.lower()} {letter}" for letter in "abcd")
    if kind == "boolean":
        return (True, False)
    if kind == "date" or kind in TIMES:
        return tuple(written(day, kind) for day in DAYS)
    if kind == "time":
        return tuple(f"{8 + n:02}:{15 * n:02}:00" for n in range(3))
    if kind == "uuid":
        return tuple(f"00000000-0000-4000-8000-{number:04}{n:08}" for n in (1, 2, 3))
    if kind == "json":
        return tuple(f'{{"{name.lower()}": {n}}}' for n in (1, 2))
    if kind == "list":
        inner = usual(_element(data_type), number, name)
        return (_listed(inner[:2]), _listed(inner[1:2]), _listed(())) if inner else ()
    return _structs(data_type, number) if kind == "struct" else ()


def _element(data_type: exp.DataType) -> exp.DataType:
    inner: exp.DataType = data_type.expressions[0]
    return inner


def _listed(values: Iterable[Value]) -> str:
    return f"[{', '.join(_inside(value) for value in values)}]"


def _structs(data_type: exp.DataType, number: int) -> tuple[Value, ...]:
    """Two structs, as DuckDB casts them from text."""
    found = []
    for turn in range(2):
        fields = []
        for field in data_type.expressions:
            values = usual(field.args["kind"], number, field.name)
            if not values:
                return ()
            fields.append(f"'{field.name}': {_inside(values[turn % len(values)])}")
        found.append(f"{{{', '.join(fields)}}}")
    return tuple(found)


def _inside(value: Value) -> str:
    """A value as it stands in the text of a list or a struct."""
    if isinstance(value, str) and not value.startswith(("[", "{")):
        return f"'{value}'"
    return str(value).lower() if isinstance(value, bool) else str(value)


def written(day: date, kind: Kind) -> Value:
    """A date or a time as text, for a column of that kind."""
    if kind == "date":
        return day.isoformat()[:10]
    moment = day if isinstance(day, datetime) else datetime.combine(day, _NOON)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    text = moment.replace(tzinfo=None).isoformat(sep=" ")
    return f"{text}{UTC_MARK}" if kind == "moment" else text  # the same in any time zone of a session


def around(constant: Any, kind: Kind, factors: Iterable[float] = ()) -> Iterator[Value]:
    """Values of a kind on, below and above a constant that a column of that kind is compared with.

    Args:
        constant: as DuckDB's Python client gives it.
        factors: numbers in the expression that is compared, by which the boundary may lie elsewhere.
    """
    if isinstance(constant, bool):
        yield from (constant, not constant) if kind == "boolean" else ()
    elif isinstance(constant, int | float | Decimal):
        yield from _around_number(float(constant), kind, factors)
    elif isinstance(constant, datetime | date):
        yield from _around_day(constant, kind)
    elif isinstance(constant, str):
        yield from _around_text(constant, kind)


def _around_number(constant: float, kind: Kind, factors: Iterable[float]) -> Iterator[Value]:
    places = [constant]
    for factor in factors:
        places += [constant + factor, constant - factor, constant * factor]
        places += [constant / factor] if factor else []
    places = [place for place in places if math.isfinite(place)]  # a division by zero gives others
    if kind == "integer":
        yield from (round(place) + step for place in places for step in (0, -1, 1, -20, 20))
    elif kind == "decimal":
        yield from (round(place + step, 2) for place in places for step in (0.0, -1.0, 1.0, -20.5, 20.5))
    elif kind == "text":
        for step in (0, 1) if places else ():
            yield str(int(constant) + step if constant.is_integer() else constant + step)
    elif (kind == "date" or kind in TIMES) and constant.is_integer():
        yield from (written(day, kind) for day in _days_of(int(constant)))


def _days_of(number: int) -> Iterator[date]:
    """Days that a number may be about: a year, a month, or how far one day is from another."""
    if 1900 <= number <= 2100:
        yield from (date(number + step, 6, 15) for step in (0, -1, 1))
    if 1 <= number <= 12:
        yield date(2024, number, 10)
    if abs(number) <= _MOST_DAYS:
        yield from (FIRST_DAY + timedelta(days=number + step) for step in (0, -1, 1))


def _around_day(constant: date, kind: Kind) -> Iterator[Value]:
    if kind in TIMES:
        moment = constant if isinstance(constant, datetime) else datetime.combine(constant, time())
        steps = (timedelta(), timedelta(seconds=-1), timedelta(seconds=1))
        yield from written_near(moment, (*steps, *_NEAR_AND_FAR), kind)
    elif kind in ("date", "text"):
        yield from written_near(constant, (timedelta(), *_NEAR_AND_FAR), "date")


def written_near(day: date, steps: Iterable[timedelta], kind: Kind) -> Iterator[Value]:
    """The days so far from one, as `written`; those that no calendar has are left out."""
    for step in steps:
        try:
            value = written(day + step, kind)
        except OverflowError:
            continue  # 9999-12-31 says "without an end", and no day is after it
        yield value


def _around_text(constant: str, kind: Kind) -> Iterator[Value]:
    if kind in ("text", "uuid"):
        yield constant
    elif kind == "date" or kind in TIMES:
        try:
            moment = datetime.fromisoformat(constant)
        except ValueError:
            return
        yield from _around_day(moment, kind)
