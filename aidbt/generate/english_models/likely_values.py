"""Values for witness rows: for each column those at which a question's answer changes, and ordinary ones."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from aidbt.core.types import type_family
from aidbt.generate.english_models.steps import Import
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable
from aidbt.semantic.query import (
    Attribute,
    Clock,
    Comparison,
    Exists,
    InPeriod,
    Length,
    Matches,
    OneOf,
    SemanticQuery,
    Value,
    attributes,
    parts,
)
from aidbt.semantic.times import moment

Place = tuple[str, str]
"""(table, column)."""

# A moment in the middle of its day, month, quarter and year, on a Wednesday: what "now" is in a unit test.
NOW = dt.datetime(2024, 8, 14, 12)
_SECOND, _DAY = dt.timedelta(seconds=1), dt.timedelta(days=1)
_TIMES = (dt.datetime(2024, 3, 5, 9, 30), dt.datetime(2024, 3, 31, 23, 30), dt.datetime(2024, 4, 2, 8),
          dt.datetime(2023, 3, 9, 10))  # fmt: skip
_NUMBERS = (20, 50, 35, 7, 120, 0)
# So many different numbers tell sums, means and counts apart.
_FEW = 3
_SIZE = re.compile(r"\(\s*(?P<precision>\d+)\s*(,\s*(?P<scale>\d+)\s*)?\)")
_BOUNDS = {
    **dict.fromkeys(("tinyint", "int1", "byte"), (-(2**7), 2**7 - 1)),
    **dict.fromkeys(("smallint", "int2", "short"), (-(2**15), 2**15 - 1)),
    **dict.fromkeys(("integer", "int", "int4", "signed"), (-(2**31), 2**31 - 1)),
    **dict.fromkeys(("bigint", "int8", "long"), (-(2**63), 2**63 - 1)),
    "utinyint": (0, 2**8 - 1),
    "usmallint": (0, 2**16 - 1),
    "uinteger": (0, 2**32 - 1),
    "ubigint": (0, 2**64 - 1),
}
_TEXTS = ("a", "b", "c")
_EXACT = re.compile(r"dec|numeric|number|bignumeric|bigdecimal|money", re.IGNORECASE)
_LABEL = re.compile(r"'((?:[^']|'')*)'")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Ends of a range and counts of rows are exact up to here; more rows than that would be no small test.
MOST_COUNTED = 12


def likely_values(query: SemanticQuery, graph: Graph, imports: Sequence[Import]) -> dict[Place, list[Any]]:
    """By column the values that rows may have: None among them where the column may be NULL.

    Keys and the columns that refer to them have numbers or texts from a common range.
    """
    asked = _asked_values(query)
    found: dict[Place, list[Any]] = {}
    for item in imports:
        table = graph.table(item.table)
        for name in item.columns:
            column = table.column(name)
            constants = list(dict.fromkeys(_as_kind(column, asked.get((table.name, name), []))))
            # Of a key no two rows have the same value, so that a few ordinary ones are too few.
            usual = [*_ordinary(column), *(_keys(column) if (name,) in table.keys else ())]
            values = list(dict.fromkeys([*constants, *usual]))
            found[table.name, name] = values if not column.nullable else [*values, None]
    for relationship in graph.relationships:
        pairs = zip(relationship.source_columns, relationship.target_columns, strict=True)
        for source, target in (((relationship.source, a), (relationship.target, b)) for a, b in pairs):
            if source in found and target in found:
                shared = _keys(graph.table(target[0]).column(target[1]))
                for place in (source, target):
                    nothing = [None] if None in found[place] else []
                    found[place] = [*asked.get(place, []), *shared, *nothing]
        for column_name, value in relationship.condition:
            place = (relationship.source, column_name)
            if place in found:
                found[place] = [value, *(other for other in found[place] if other != value)]
    return found


def key_sets(table: GraphTable, graph: Graph) -> list[tuple[str, ...]]:
    """The sets of columns of which no two rows of a table are alike: its keys, and what rows refer to."""
    referred = [r.target_columns for r in graph.relationships if r.target == table.name and r.is_to_one]
    single = [r.source_columns for r in graph.relationships if r.source == table.name and r.is_one_to_one]
    return list(dict.fromkeys([*table.keys, *referred, *single]))


def counts_asked(query: SemanticQuery) -> list[int]:
    """How many rows of a kind a question asks about, with one more and one less; small numbers only."""
    numbers = [part.count for part in _all_parts(query) if isinstance(part, Exists)]
    numbers += [
        part.value
        for part in _all_parts(query)
        if isinstance(part, Value) and isinstance(part.value, int) and not isinstance(part.value, bool)
    ]
    near = {number + more for number in numbers for more in (-1, 0, 1)}
    return sorted(number for number in near | {1, 2} if 0 < number <= MOST_COUNTED)


def limits_asked(query: SemanticQuery) -> list[int]:
    """How many rows, or rows of a group, a question wants at most; small numbers only."""
    levels = [query, *([query.source] if query.source is not None else [])]
    asked = {level.limit for level in levels if level.limit is not None}
    return sorted(limit for limit in asked if limit <= MOST_COUNTED)


def _all_parts(query: SemanticQuery) -> Iterator[Any]:
    yield from parts(query)
    if query.source is not None:
        yield from _all_parts(query.source)


def _asked_values(query: SemanticQuery) -> dict[Place, list[Any]]:
    """The values that a question compares columns with, and their neighbours."""
    found: dict[Place, list[Any]] = {}

    def note(about: Any, values: Iterable[Any]) -> None:
        for attribute in attributes(about):
            found.setdefault((attribute.table, attribute.column), []).extend(values)

    for part in _all_parts(query):
        match part:
            case Comparison(_, Length(of), Value(int() as size)):
                note(of, [("x" * n) for n in (size, size - 1, size + 1) if n > 0])
            case Comparison(_, left, Value(value)) | Comparison(_, Value(value), left):
                note(left, _near(value))
            case OneOf(term, values, ignores_case):
                note(term, [each for value in values for each in _spelled(value.value, ignores_case)])
            case Matches(term, _, text, ignores_case):
                note(term, [f"{text}x", f"x{text}", f"x{text}x", *_spelled(text, ignores_case)])
            case InPeriod(term, start, end):
                bounds = [moment(point, query.clock) for point in (start, end) if point is not None]
                near = [_around(bound) for bound in bounds if bound is not None]
                note(term, [time for times in zip(*near, strict=True) for time in times])
    return found


def _near(value: Any) -> list[Any]:
    if isinstance(value, bool) or value is None:
        return [True, False] if isinstance(value, bool) else []
    if isinstance(value, int | float | Decimal):
        return [value, value + 1, value - 1]
    if isinstance(value, dt.datetime):
        return _around(value)
    if isinstance(value, dt.date):
        return _around(dt.datetime(value.year, value.month, value.day))
    return [value]


def _spelled(value: Any, ignores_case: bool) -> list[Any]:
    return [value, str(value).upper(), str(value).lower()] if ignores_case else [value]


def _around(time: dt.datetime) -> list[dt.datetime]:
    return [time, time - _SECOND, time - _DAY, time + _DAY]


def _as_kind(column: GraphColumn, values: Iterable[Any]) -> Iterator[Any]:
    """The values that a column of a kind can hold, as it holds them."""
    for value in values:
        match column.kind:
            case "date" if isinstance(value, dt.datetime):
                yield value.date()
            case "time" if isinstance(value, dt.datetime):
                yield value
            case "number" if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
                number = _number(column, value)
                if _has_room(column, number):
                    yield number
            case "bool" if isinstance(value, bool):
                yield value
            case "text" if isinstance(value, str) and _is_allowed(value, column):
                yield value


def _number(column: GraphColumn, value: Any) -> Any:
    if type_family(column.data_type) == "integer":
        return int(value)
    return Decimal(str(value)) if _EXACT.match(column.data_type) else float(value)


def _ordinary_numbers(column: GraphColumn) -> list[Any]:
    """Numbers that a column has room for: tenths or hundredths of the usual ones in a narrow one."""
    found: list[Any] = []
    for digits in range(4):
        scaled = (Decimal(value).scaleb(-digits) for value in _NUMBERS)
        fitting = (_number(column, value) for value in scaled if _has_room(column, value))
        found = list(dict.fromkeys(fitting))
        if len(found) >= _FEW:
            break
    return found


def _has_room(column: GraphColumn, number: Any) -> bool:
    """Whether a column can hold a number to its last digit."""
    exact = Decimal(str(number))
    size = _SIZE.search(column.data_type)
    if size is not None and _EXACT.match(column.data_type):
        precision, scale = int(size["precision"]), int(size["scale"] or 0)
        return abs(exact) < 10 ** (precision - scale) and exact == round(exact, scale)
    bounds = _BOUNDS.get(column.data_type.lower())
    return bounds is None or (exact == int(exact) and bounds[0] <= exact <= bounds[1])


def _ordinary(column: GraphColumn) -> list[Any]:
    match column.kind:
        case "number":
            return _ordinary_numbers(column)
        case "date":
            return [time.date() for time in _TIMES]
        case "time":
            return list(_TIMES)
        case "bool":
            return [True, False]
        case _:
            return _only_texts(column)[:4] or list(column.values[:4]) or list(_TEXTS)


def _keys(column: GraphColumn) -> list[Any]:
    match column.kind:
        case "number":
            numbers = [_number(column, value) for value in range(1, 2 * MOST_COUNTED)]
            return [number for number in numbers if _has_room(column, number)]
        case "date":
            return [NOW.date() + n * _DAY for n in range(MOST_COUNTED)]
        case "time":
            return [NOW + n * _DAY for n in range(MOST_COUNTED)]
        case "bool":
            return [True, False]
        case _:
            return _only_texts(column) or [f"k{n}" for n in range(1, 2 * MOST_COUNTED)]


def _only_texts(column: GraphColumn) -> list[str]:
    """Texts of a type that does not take any text; [] for one that does."""
    if _is_uuid(column):
        return [f"00000000-0000-4000-8000-{n:012}" for n in range(1, 2 * MOST_COUNTED)]
    if column.data_type.lower().startswith("enum"):
        return [label.replace("''", "'") for label in _LABEL.findall(column.data_type)]
    return []


def _is_allowed(value: str, column: GraphColumn) -> bool:
    """Whether a text can stand in a column of texts."""
    return (
        _UUID.fullmatch(value) is not None if _is_uuid(column) else value in (_only_texts(column) or [value])
    )


def _is_uuid(column: GraphColumn) -> bool:
    return column.data_type.lower() in ("uuid", "uniqueidentifier")


def pinned(query: SemanticQuery) -> SemanticQuery:
    """The query as it is asked at `NOW`, where it does not say when."""
    source = pinned(query.source) if query.source is not None else None
    clock = query.clock if query.clock.now is not None else Clock(NOW, query.clock.week_start)
    return replace(query, clock=clock, source=source)


def has_kind(attribute: Attribute, graph: Graph) -> bool:
    """Whether a column holds what witness rows can be written of."""
    return graph.table(attribute.table).column(attribute.column).kind != "other"
