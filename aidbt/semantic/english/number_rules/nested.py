"""Aggregates of aggregates: `average monthly number of orders`, `average orders per customer`."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.number_phrases import Group, Nested, Number, Scoped
from aidbt.semantic.english.meanings.phrases import Claim, Columns, Found, Rows
from aidbt.semantic.english.number_rules.number_comparisons import NumberComparisons
from aidbt.semantic.english.words.additive import amount_of
from aidbt.semantic.query import Calculation, Function, Grain, Measure, MetricRef


class NestedRules(NumberComparisons):
    """How averages and peaks of what groups have are made."""

    def nested_scoped(self, function: Function, scoped: Scoped) -> Found:
        """`average` of what is one number of each month by its definition."""
        found = self.nested(function, scoped.of) if isinstance(scoped.of, Number) else ()
        for _, meaning, cost in found:
            if isinstance(meaning, Nested):
                yield "Nested", replace(meaning, group=scoped.group), cost

    def nested(self, function: Function, number: Number) -> Found:
        """`average number of orders`, before it is said of what; `total number of orders` is the number."""
        term = number.term
        if isinstance(term, MetricRef) and function == "sum":
            yield "Number", number, 0.1
        if isinstance(term, Measure) and term.function in ("count", "count_distinct", "sum"):
            if function == "sum":
                yield "Number", number, 0.2
            elif function in ("avg", "median"):
                yield "Nested", Nested(function, number), 0.2
            else:
                yield "Peak", Nested(function, number), 0.4

    def nested_rows(self, function: Function, rows: Rows) -> Found:
        """`average orders per customer`."""
        if function in ("avg", "median") and not amount_of(self.graph.table(rows.table)):
            yield "Peak", Nested(function, self.counted(rows)), 0.4

    def nested_each(self, function: Function, grain: Grain) -> Found:
        """`average monthly`, before what: the grain makes the groups."""
        yield "AggEach", (function, Group(grains=(grain,))), 0.0

    def nested_in(self, each: tuple[Function, Group], number: Number) -> Found:
        """`average monthly number of orders`."""
        for category, meaning, cost in self.nested(each[0], number):
            if isinstance(meaning, Nested) and category in ("Nested", "Peak"):
                yield "Nested", replace(meaning, group=each[1]), cost

    def nested_in_rows(self, each: tuple[Function, Group], rows: Rows) -> Found:
        yield from self.nested_in(each, self.counted(rows))

    def nested_in_column(self, each: tuple[Function, Group], columns: Columns) -> Found:
        number = self.implied(columns)
        if number is not None:
            yield from self.nested_in(each, number)

    def nested_group(self, nested: Nested, group: Group) -> Found:
        of = nested.number.term
        is_counted = isinstance(of, Measure) and of.function != "sum"
        # Of each order its net value, on average per payment method; of each customer what all of theirs are.
        is_of_rows = isinstance(of, Measure) and isinstance(of.of, Calculation) and of.where is None
        is_by_column = is_of_rows and not group.rows and not group.grains
        if not nested.group and not is_by_column and (group.is_per or is_counted):
            yield "Nested", replace(nested, group=group), 0.0

    def nested_claim(self, nested: Nested, claim: Claim) -> Found:
        for _, number, cost in self.number_claim(nested.number, claim):
            if isinstance(number, Number):
                yield "Nested", replace(nested, number=number), cost
