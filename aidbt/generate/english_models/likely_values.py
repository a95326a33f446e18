"""Values for witness rows: for each column those at which a question's answer changes, and ordinary ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from aidbt.core.types import type_family
from aidbt.generate.english_models.column_room import few_texts, has_room, is_exact, texts_in_room
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
_TEXTS = ("a", "b", "c")
# Ends of a range and counts of rows are exact up to here; more rows than that would be no small test.
MOST_COUNTED = 12
_MOST_TEXTS = 2 * MOST_COUNTED - 1


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
                linked = _linked_values(source, target, asked, graph)
                for place, values in zip((source, target), linked, strict=True):
                    found[place] = [*values, None] if None in found[place] else values
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
    zoneless = time.replace(tzinfo=None)
    before, after = dt.datetime.min - zoneless, dt.datetime.max - zoneless  # how far the calendar goes
    return [time, *(time + step for step in (-_SECOND, -_DAY, _DAY) if before <= step <= after)]


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
                if has_room(column, number):
                    yield number
            case "bool" if isinstance(value, bool):
                yield value
            case "text" if isinstance(value, str) and has_room(column, value):
                yield value


def _number(column: GraphColumn, value: Any) -> Any:
    if type_family(column.data_type) == "integer":
        return int(value)
    return Decimal(str(value)) if is_exact(column) else float(value)


def _ordinary_numbers(column: GraphColumn) -> list[Any]:
    """Numbers that a column has room for: tenths or hundredths of the usual ones in a narrow one."""
    found: list[Any] = []
    for digits in range(4):
        scaled = (Decimal(value).scaleb(-digits) for value in _NUMBERS)
        fitting = (_number(column, value) for value in scaled if has_room(column, value))
        found = list(dict.fromkeys(fitting))
        if len(found) >= _FEW:
            break
    return found


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
            return few_texts(column, _MOST_TEXTS)[:4] or _usual_texts(column)


def _usual_texts(column: GraphColumn) -> list[str]:
    fitting = [text for text in (column.values[:4] or _TEXTS) if has_room(column, text)]
    return fitting or texts_in_room(column, len(_TEXTS))


def _linked_values(
    source: Place, target: Place, asked: Mapping[Place, Sequence[Any]], graph: Graph
) -> tuple[list[Any], list[Any]]:
    """The values of two columns that rows are linked by. Rows take them from each other, so that both columns
    have to hold them.
    """
    one, other = (graph.table(table).column(name) for table, name in (source, target))
    shared = _shared_keys(one, other)

    def values(place: Place, column: GraphColumn) -> list[Any]:
        constants = _as_kind(column, asked.get(place, []))
        return [*(value for value in constants if has_room(one, value) and has_room(other, value)), *shared]

    return values(source, one), values(target, other)


def _shared_keys(source: GraphColumn, target: GraphColumn) -> list[Any]:
    """Keys that both sides of a relationship can hold, as far as that can be."""
    found = [value for value in _keys(target) if has_room(source, value)]
    return found or [value for value in _keys(source) if has_room(target, value)] or _keys(target)


def _keys(column: GraphColumn) -> list[Any]:
    match column.kind:
        case "number":
            numbers = [_number(column, value) for value in range(1, 2 * MOST_COUNTED)]
            return [number for number in numbers if has_room(column, number)]
        case "date":
            return [NOW.date() + n * _DAY for n in range(MOST_COUNTED)]
        case "time":
            return [NOW + n * _DAY for n in range(MOST_COUNTED)]
        case "bool":
            return [True, False]
        case _:
            return few_texts(column, _MOST_TEXTS) or texts_in_room(column, _MOST_TEXTS)


def pinned(query: SemanticQuery) -> SemanticQuery:
    """The query as it is asked at `NOW`, where it does not say when."""
    source = pinned(query.source) if query.source is not None else None
    clock = query.clock if query.clock.now is not None else Clock(NOW, query.clock.week_start)
    return replace(query, clock=clock, source=source)


def has_kind(attribute: Attribute, graph: Graph) -> bool:
    """Whether a column holds what witness rows can be written of."""
    column = graph.table(attribute.table).column(attribute.column)
    # Money is written as the country of the server does, with its sign.
    return column.kind != "other" and "money" not in column.data_type.lower()
