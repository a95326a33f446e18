"""Terms and conditions in their written form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Case,
    Compared,
    Comparison,
    Duration,
    Exists,
    Extreme,
    Function,
    Grain,
    InPeriod,
    Length,
    Matches,
    Measure,
    Missing,
    Not,
    OneOf,
    Predicate,
    Term,
    Value,
)
from aidbt.semantic.query_json.form import (
    AGAINST_ALL,
    ALL_FUNCTIONS,
    ARITHMETIC,
    COMPARED,
    COMPARISONS,
    COUNT_ROWS,
    EXTREMES,
    FUNCTIONS,
    MATCHES,
    PREDICATES,
    TERMS,
    default_table,
)
from aidbt.semantic.query_json.names import NameReader, only_column
from aidbt.semantic.query_json.values import (
    WrongQuery,
    constant_of,
    flag_of,
    grain_of,
    head_of,
    items_of,
    literal_of,
    mapping_of,
    one_of,
    point_of,
    text_of,
    value_of,
    whole_number,
)

_ASK_FOR_MISSING = "write {missing: table.column}, or {not: {missing: table.column}}"


class PartReader(NameReader):
    """Reads the terms and conditions of one query."""

    def _terms(self, value: Any, key: str) -> tuple[Term, ...]:
        at = self._at(key)
        return tuple(self.term(item, f"{at}[{n}]") for n, item in enumerate(items_of(value, at)))

    def term(self, value: Any, at: str) -> Term:
        """The term in a value."""
        if isinstance(value, str):
            return self._named(value, at)
        if not isinstance(value, Mapping):
            return Value(constant_of(value, at))
        head = head_of(value, at, TERMS, "a term")
        return _read_term(self, head, value, f"{at}.{head}")

    def attribute(self, value: Any, at: str) -> Attribute:
        """A term that has to be a column."""
        return only_column(self.term(value, at), at)

    def measure(self, item: Mapping[str, Any], head: str, at: str) -> Measure:
        """An aggregate over rows."""
        if head == COUNT_ROWS:
            function, of, table = "count", None, text_of(item[head], at)
        else:
            function, of = head, self.term(item[head], at)
            table = text_of(item.get("table", default_table(of)), f"{at}.table")
        if table or not self.has_source:
            self._table(table, at)
        where = self._optional(item.get("where"), f"{at}.where")
        time = self.attribute(item["at"], f"{at}.at") if item.get("at") is not None else None
        return Measure(cast("Function", function), table, of, where, time)

    def compared(self, item: Mapping[str, Any], head: str, at: str) -> Compared:
        """A measure beside others."""
        along = item.get("along")
        within = items_of(item.get("within"), f"{at}.within")
        return Compared(
            cast("Any", head),
            self.term(item[head], at),
            along=self.term(along, f"{at}.along") if along is not None else None,
            within=tuple(self.term(term, f"{at}.within[{n}]") for n, term in enumerate(within)),
            steps=whole_number(item.get("steps", 1), f"{at}.steps", least=1),
            is_ascending=flag_of(item, "ascending", f"{at}.ascending"),
        )

    def two(self, value: Any, at: str) -> tuple[Term, Term]:
        """Two terms in a list."""
        listed = items_of(value, at)
        if len(listed) != 2:
            raise WrongQuery(at, f"two terms are needed, and {len(listed)} were given")
        return self.term(listed[0], f"{at}[0]"), self.term(listed[1], f"{at}[1]")

    def _optional(self, value: Any, at: str) -> Predicate | None:
        return None if value is None else self.predicate(value, at)

    def predicate(self, value: Any, at: str) -> Predicate:
        """The condition in a value."""
        if not isinstance(value, Mapping):
            raise WrongQuery(at, "a condition is a mapping", hint="as in {is: [orders.id, 7]}")
        head = head_of(value, at, PREDICATES, "a condition")
        return _read_predicate(self, head, value, f"{at}.{head}")

    def several(self, value: Any, at: str) -> tuple[Predicate, ...]:
        """The conditions in a list."""
        listed = items_of(value, at)
        if not listed:
            raise WrongQuery(at, "it needs a condition")
        return tuple(self.predicate(item, f"{at}[{n}]") for n, item in enumerate(listed))

    def exists(self, item: Mapping[str, Any], at: str) -> Exists:
        """Related rows, so many of them."""
        table = self._table(text_of(item["exists"], at), at)
        where = self._optional(item.get("where"), f"{at}.where")
        if item.get("number") is None:
            return Exists(table, self.via(item, at), where)
        number = mapping_of(item["number"], f"{at}.number", tuple(COMPARISONS), "a number of rows")
        if len(number) != 1:
            raise WrongQuery(f"{at}.number", "one comparison is needed", hint="as in {at_least: 3}")
        ((word, count),) = number.items()
        least = whole_number(count, f"{at}.number.{word}", least=0)
        return Exists(table, self.via(item, at), where, COMPARISONS[word], least)

    def against_all(self, item: Mapping[str, Any], at: str) -> Extreme:
        """A column compared with the mean, the median, the greatest or the least of its table."""
        holds = mapping_of(item.get("holds"), f"{at}.holds", tuple(COMPARISONS), "what holds")
        if len(holds) != 1:
            raise WrongQuery(f"{at}.holds", "one comparison is needed", hint="as in {more_than: avg}")
        ((word, function),) = holds.items()
        named = one_of(function, ALL_FUNCTIONS, "function of a whole table", f"{at}.holds.{word}")
        where = self._optional(item.get("where"), f"{at}.where")
        term = self.attribute(item[AGAINST_ALL], at)
        return Extreme(term, cast("Any", named), where, COMPARISONS[word])


def _read_term(reader: PartReader, head: str, item: Mapping[str, Any], at: str) -> Term:
    inside = item[head]
    if head == "column":
        return reader.column(item, at)
    if head in ("value", "date", "time"):
        return Value(literal_of(head, inside, at))
    if head in ARITHMETIC:
        return Calculation(ARITHMETIC[head], *reader.two(inside, at))
    if head == "duration":
        unit = grain_of(item, "unit", at) or Grain.DAY
        return Duration(*reader.two(inside, at), unit, flag_of(item, "whole", f"{at}.whole"))
    if head == "length":
        return Length(reader.term(inside, at))
    if head == "if":
        for key in ("then", "else"):
            if key not in item:
                raise WrongQuery(at, f"'{key}' is missing")
        then, otherwise = (reader.term(item[key], f"{at}.{key}") for key in ("then", "else"))
        return Case(reader.predicate(inside, at), then, otherwise)
    if head == COUNT_ROWS or head in FUNCTIONS:
        return reader.measure(item, head, at)
    if head in COMPARED:
        return reader.compared(item, head, at)
    name = text_of(inside, at)
    return reader.metric(name, at) if head == "metric" else reader.output(name, at)


def _read_predicate(reader: PartReader, head: str, item: Mapping[str, Any], at: str) -> Predicate:
    inside = item[head]
    if head in COMPARISONS:
        compared = reader.two(inside, at)
        if Value(None) in compared:
            raise WrongQuery(at, "nothing is ever equal to null", hint=_ASK_FOR_MISSING)
        return Comparison(COMPARISONS[head], *compared)
    if head == "in":
        listed = items_of(item.get("values"), f"{at}.values")
        if not listed:
            raise WrongQuery(f"{at}.values", "it needs values")
        values = tuple(value_of(value, f"{at}.values[{n}]") for n, value in enumerate(listed))
        if Value(None) in values:
            raise WrongQuery(f"{at}.values", "nothing is ever equal to null", hint=_ASK_FOR_MISSING)
        return OneOf(reader.term(inside, at), values, flag_of(item, "ignore_case", f"{at}.ignore_case"))
    if head in MATCHES:
        text = text_of(item.get("text"), f"{at}.text")
        ignores_case = flag_of(item, "ignore_case", f"{at}.ignore_case", default=True)
        return Matches(reader.term(inside, at), cast("Any", MATCHES[head]), text, ignores_case)
    if head == "missing":
        return Missing(reader.term(inside, at))
    if head == "period":
        start, end = (point_of(item.get(key), f"{at}.{key}") for key in ("from", "before"))
        if start is None and end is None:
            raise WrongQuery(at, "a period without a bound", hint="give it 'from', 'before', or both")
        return InPeriod(reader.term(inside, at), start, end)
    if head == "exists":
        return reader.exists(item, at)
    if head in EXTREMES:
        where = reader.predicate(item["where"], f"{at}.where") if item.get("where") is not None else None
        return Extreme(reader.attribute(inside, at), cast("Any", EXTREMES[head]), where)
    if head == AGAINST_ALL:
        return reader.against_all(item, at)
    if head == "not":
        return Not(reader.predicate(inside, at))
    return (All if head == "all" else AnyOf)(reader.several(inside, at))
