"""Ways to change the values of a column. Everything is deterministic, and keeps the type."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any


def whole_column_changes(values: Sequence[Any]) -> list[list[Any]]:
    """A column changed as a whole: moved between the rows, mapped to other values, all NULL, all equal."""
    distinct = _distinct(values)
    swapped = dict(zip(map(repr, distinct), reversed(distinct), strict=True))
    found = [
        [*values[1:], *values[:1]],
        list(reversed(values)),
        [None] * len(values),
        [swapped.get(repr(value)) for value in values],
    ]
    found += [[change(value) for value in values] for change in (_far, _near, _low, _high)]
    shuffled = random.Random(len(values))
    return [*found, *(shuffled.choices(values, k=len(values)) for _ in range(6))]


def cell_changes(values: Sequence[Any], extra: Sequence[Any]) -> Iterator[list[Any]]:
    """A column with one cell changed: NULL, a new value, or one that stands in another row."""
    for at, value in enumerate(values):
        for other in (None, *_all_changes(value), *_distinct(values)[:4], *extra):
            yield [*values[:at], other, *values[at + 1 :]]


def joint_changes(columns: Sequence[Sequence[Any]]) -> Iterator[list[list[Any]]]:
    """Columns changed together by a bijection of their values, so that what was equal stays equal."""
    distinct = _distinct(list(itertools.chain.from_iterable(columns)))
    for to in ([_far(value) for value in distinct], [*distinct[1:], *distinct[:1]], list(reversed(distinct))):
        mapped = dict(zip(map(repr, distinct), to, strict=True))
        yield [[mapped.get(repr(value)) for value in values] for values in columns]


def refilled(values: Sequence[Any], extra: Sequence[Any]) -> Iterator[list[Any]]:
    """A column filled with other values, in turn, each of them once in front."""
    for start in range(len(extra)):
        yield [extra[(start + at) % len(extra)] for at in range(len(values))]


def _distinct(values: Sequence[Any]) -> list[Any]:
    return list({repr(value): value for value in values if value is not None}.values())


def _all_changes(value: Any) -> list[Any]:
    """Each way in which a single value can be made new; each field of a struct on its own."""
    if isinstance(value, dict):
        return [
            {**value, name: change} for name, old in value.items() for change in (None, *_all_changes(old))
        ]
    if isinstance(value, list):
        return [[], value[:-1], value[::-1], [*value, *value[:1]], *([_far(v) for v in value],)]
    return [change(value) for change in (_far, _near, _low)]


def _far(value: Any) -> Any:
    """A value that no row has."""
    match value:
        case bool():
            return not value
        case int() | float() | Decimal():
            return value + 1000
        case str():
            return f"{value}~"
        case dt.date():  # dt.datetime is one
            return value + dt.timedelta(days=400)
        case list():
            return [*map(_far, value), *map(_far, value[:1])]
        case dict():
            return {name: _far(old) for name, old in value.items()}
    return value


def _near(value: Any) -> Any:
    """A value next to it."""
    match value:
        case bool():
            return value
        case int():
            return value + 1
        case float():
            return value + 0.25
        case Decimal():
            return value + Decimal("0.25")
        case str():
            return f"_{value}"
        case dt.datetime():
            return value + dt.timedelta(hours=1, minutes=1, seconds=1)
        case dt.date():
            return value + dt.timedelta(days=1)
        case list():
            return [*map(_near, value)]
        case dict():
            return {name: _near(old) for name, old in value.items()}
    return value


def _low(value: Any) -> Any:
    match value:
        case bool():
            return False
        case int() | float() | Decimal():
            return type(value)(-100)
        case str():
            return ""
        case dt.date():
            return value.replace(year=1970, month=1, day=2)
        case list():
            return []
        case dict():
            return {name: _low(old) for name, old in value.items()}
    return value


def _high(value: Any) -> Any:
    match value:
        case bool():
            return True
        case int() | float() | Decimal():
            return type(value)(10_000)
        case str():
            return "zzzz"
        case dt.date():
            return value.replace(year=2100, month=12, day=28)
        case list():
            return [*map(_high, value)]
        case dict():
            return {name: _high(old) for name, old in value.items()}
    return value
