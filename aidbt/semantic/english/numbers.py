"""Aggregates, ratios, groups, and the first by something."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from aidbt.semantic.english.chart import Item
from aidbt.semantic.english.periods import Period
from aidbt.semantic.english.phrases import Best, Columns, Condition, Found, Group, Link, Listed, Number, Rows
from aidbt.semantic.english.rows import RowRules
from aidbt.semantic.query import (
    All,
    Attribute,
    Calculation,
    Exists,
    Function,
    Grain,
    Measure,
    Missing,
    Predicate,
    Term,
    Value,
    attributes,
    both,
)


class NumberRules(RowRules):
    """How numbers are made of noun phrases, and what is done with them."""

    # --- numbers --------------------------------------------------------------------------------------

    def count_rows(self, a: Item, b: Item) -> Found:
        rows = b.meaning
        assert isinstance(rows, Rows)
        yield "Number", Number(Measure("count", rows.table, None, rows.where), rows.table), -0.2

    def count_column(self, a: Item, b: Item) -> Found:
        columns = b.meaning
        assert isinstance(columns, Columns)
        if len(columns.terms) != 1:
            return
        attribute = columns.terms[0]
        column = self.graph.table(attribute.table).column(attribute.column)
        if column.kind in ("text", "number") and columns.rows is None:
            measure = Measure("count_distinct", attribute.table, attribute)
            yield "Number", Number(measure, attribute.table), 0.6

    def aggregate(self, a: Item, b: Item) -> Found:
        function, columns = a.meaning, b.meaning
        assert isinstance(columns, Columns)
        if len(columns.terms) != 1:
            return
        attribute = columns.terms[0]
        kind = self.graph.table(attribute.table).column(attribute.column).kind
        is_key = any(attribute.column in key for key in self.graph.table(attribute.table).keys[:1])
        if is_key or (kind != "number" and not (kind in ("time", "date") and function in ("min", "max"))):
            return
        if columns.rows is None:
            measure = Measure(_function(function), attribute.table, attribute)
        else:
            found = self.measured(attribute, columns.rows)
            if found is None:
                return
            measure = Measure(_function(function), attribute.table, attribute, found)
            if found == _TRUE:
                measure = replace(measure, where=None)
        yield "Number", Number(measure, attribute.table), -0.1

    def measured(self, attribute: Attribute, rows: Rows) -> Predicate | None:
        """The condition on a column's own rows that they belong to other ones; `_TRUE` when there is none."""
        if attribute.table == rows.table or rows.where is None:
            return rows.where or _TRUE
        found = self.linked(Rows(attribute.table), Link(rows))
        return (found[0].where or _TRUE) if found else None

    def number_link(self, a: Item, b: Item) -> Found:
        number, link = a.meaning, b.meaning
        assert isinstance(number, Number) and isinstance(link, Link)
        found = self.linked(Rows(number.table), link)
        if found and isinstance(number.term, Measure):
            where = both(number.term.where, found[0].where)
            if link.is_plain and link.rows.where is None:
                where = number.term.where
            yield "Number", Number(replace(number.term, where=where), number.table), found[1] + 0.05

    def number_condition(self, a: Item, b: Item) -> Found:
        number, condition = a.meaning, b.meaning
        assert isinstance(number, Number) and isinstance(condition, Condition)
        found = self.restricted(Rows(number.table), condition.table, condition.predicate)
        if found and isinstance(number.term, Measure):
            where = both(number.term.where, found[0].where)
            yield "Number", Number(replace(number.term, where=where), number.table), found[1] + 0.05

    def number_period(self, a: Item, b: Item) -> Found:
        number, period = a.meaning, b.meaning
        assert isinstance(number, Number) and isinstance(period, Period)
        predicate = self.in_default_period(number.table, period)
        if predicate and isinstance(number.term, Measure):
            where = both(number.term.where, predicate)
            yield "Number", Number(replace(number.term, where=where), number.table), 0.0

    def ratio_left(self, a: Item, b: Item) -> Found:
        yield "RatioOf", (a.meaning, self.as_number(b.meaning)), 0.0

    def ratio(self, a: Item, b: Item) -> Found:
        kind, one = a.meaning  # type: ignore[misc]
        is_part, two = b.meaning  # type: ignore[misc]
        two = self.as_number(two)
        one = self.in_scope(one, two, is_part=bool(is_part))
        if one is None:
            return
        term: Term = Calculation("/", one.term, two.term)
        if kind == "percentage":
            term = Calculation("*", term, Value(100))
        yield "Number", Number(term, one.table), -1.5

    def in_scope(self, one: Number, two: Number, *, is_part: bool) -> Number | None:
        """The first number of a ratio under the conditions that are said once, at the end, for both.

        Of "A to B in New York" the city is meant of both, when both are told apart by something else.
        """
        a, b = one.term, two.term
        if not isinstance(a, Measure) or not isinstance(b, Measure) or a.table != b.table:
            return one
        own = {subject for c in _conjuncts(a.where) for subject in _subjects(c)}
        later = [c for c in _conjuncts(b.where) if not _subjects(c) & own]
        is_parallel = len(later) < len(_conjuncts(b.where))
        if not later or a.where is None:
            return one
        if not is_part and not is_parallel:
            return None
        return Number(replace(a, where=both(a.where, *later)), one.table)

    def as_number(self, meaning: Hashable) -> Number:
        if isinstance(meaning, Rows):
            return Number(Measure("count", meaning.table, None, meaning.where), meaning.table)
        assert isinstance(meaning, Number)
        return meaning

    # --- groups, the best, orders ---------------------------------------------------------------------

    def each_rows(self, a: Item, b: Item) -> Found:
        rows = b.meaning
        assert isinstance(rows, Rows)
        yield "Group", Group(self.label(rows.table), rows), -0.2

    def each_column(self, a: Item, b: Item) -> Found:
        columns = b.meaning
        assert isinstance(columns, Columns)
        attribute = columns.terms[0]
        column = self.graph.table(attribute.table).column(attribute.column)
        is_key = attribute.column.lower().endswith(("id", "year", "type", "code"))
        yield (
            "Group",
            Group(columns.terms, columns.rows),
            0.8 if column.kind == "number" and not is_key else -0.2,
        )

    def by_number(self, a: Item, b: Item) -> Found:
        yield "ByNumber", b.meaning, -0.3

    def each_grain(self, a: Item, b: Item) -> Found:
        assert isinstance(b.meaning, Grain)
        yield "Group", Group((), None, b.meaning), -0.2

    def grouped_number(self, a: Item, b: Item) -> Found:
        yield "Grouped", (a.meaning, b.meaning), 0.0

    def top_number(self, a: Item, b: Item) -> Found:
        if isinstance(b.meaning, int):
            yield "TopN", b.meaning, -0.2

    def best_column(self, a: Item, b: Item) -> Found:
        assert isinstance(b.meaning, Columns)
        yield "Best", Best(b.meaning, bool(a.meaning)), 0.0

    def best_number(self, a: Item, b: Item) -> Found:
        yield "Best", Best(b.meaning, bool(a.meaning)), -0.1

    def best_rows(self, a: Item, b: Item) -> Found:
        """`most papers`: the greatest number of them."""
        yield "Best", Best(self.as_number(b.meaning), bool(a.meaning)), 0.3

    def frequent(self, a: Item, b: Item) -> Found:
        yield "FrequentOf", (bool(a.meaning), b.meaning), 0.0

    def show_list(self, a: Item, b: Item) -> Found:
        yield "Shown", Listed((b.meaning,)), 0.0

    def listed(self, a: Item, b: Item) -> Found:
        yield "List", Listed((b.meaning,)), 0.0

    def ordered(self, a: Item, b: Item) -> Found:
        yield "OrderBy", (b.meaning, None), -0.2

    def ordered_direction(self, a: Item, b: Item) -> Found:
        by, _ = a.meaning  # type: ignore[misc]
        yield "OrderBy", (by, b.meaning), 0.0

    def order_direction(self, a: Item, b: Item) -> Found:
        yield "OrderBy", (None, b.meaning), 0.0

    def top_of(self, a: Item, b: Item) -> Found:
        yield "TopOf", (a.meaning, b.meaning), 0.0


_TRUE = Missing(Value(None))


def _conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    if predicate is None:
        return ()
    return predicate.predicates if isinstance(predicate, All) else (predicate,)


def _subjects(predicate: Predicate) -> set[object]:
    """What a condition is about: the table whose rows it counts, or its columns."""
    return {predicate.table} if isinstance(predicate, Exists) else set(attributes(predicate))


def _function(word: Hashable) -> Function:
    return word  # type: ignore[return-value]
