"""Rates: `cancellation rate`, `complaints per 1,000 inhabitants`."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Claim, Columns, Condition, Found, Link, Rows
from aidbt.semantic.english.number_rules.aggregates import narrowed
from aidbt.semantic.english.number_rules.ratios import RatioRules
from aidbt.semantic.query import Attribute, Calculation, Measure, Value


class RateRules(RatioRules):
    """How rates are made of rows and numbers."""

    def rate_of(self, one: Number, two: Number) -> Found:
        """`fuel per kilometer`: what adds up, by what adds up, of the same rows."""
        if one.table != two.table or not isinstance(one.term, Measure):
            return
        if one.term.function in ("sum", "count"):
            yield "Number", self.ratio_of("ratio", one, two), 0.0
        elif one.term.function == "avg" and isinstance(one.term.of, Attribute):
            # The average amount per unit is that of all of them, whatever rows they stand in.
            total = self.implied(Columns((one.term.of,)))
            if total is not None:
                yield "Number", self.ratio_of("ratio", narrowed(total, one.term.where), two), 0.2

    def per_many_of(self, count: float, columns: Columns) -> Found:
        """`per 1,000 inhabitants`, of a column that says how many there are."""
        for _, second, cost in self.second_column(False, columns):
            if isinstance(second, tuple):
                yield "PerMany", (count, second[1]), cost

    def rate_per_many(self, one: Number, many: tuple[float, Number]) -> Found:
        """`complaints per 1,000 inhabitants`."""
        count, two = many
        if isinstance(one.term, Measure) and one.term.function in ("sum", "count", "count_distinct"):
            ratio = self.ratio_of("ratio", one, two)
            yield "Number", replace(ratio, term=Calculation("*", ratio.term, Value(count))), -0.5

    def rate_link(self, kind: str, link: Link) -> Found:
        """`rate of orders in 2024`, before it is said which rate."""
        if link.is_plain and not link.is_act:
            yield "RateLink", (kind, link.rows), 0.0

    def rate_of_rows(self, part: Claim, of: tuple[str, Rows]) -> Found:
        """`cancellation rate of bookings`, `of German orders`: the share of those rows."""
        kind, rows = of
        found = self.claimed(rows, part) if getattr(part, "table", "") == rows.table else None
        if found is not None and found[0].where != rows.where:
            every = self.counted(rows)
            yield "Number", self.ratio_of(kind, self.counted(found[0]), every), 0.1

    def rate_of_column(self, columns: Columns, two: Number) -> Found:
        one = self.implied(columns)
        if one is not None:
            yield from self.rate_of(one, two)

    def rate(self, part: Claim, kind: str) -> Found:
        """`cancellation rate`: the share of rows that a value of theirs says so of."""
        table = getattr(part, "table", "")
        found = self.claimed(Rows(table), part) if table else None
        if found is not None and found[0].where is not None:
            every = self.counted(Rows(table))
            yield "RateNumber", self.ratio_of(kind, narrowed(every, found[0].where), every), 0.1

    def rate_done(self, event: Columns, kind: str) -> Found:
        """`completion rate`: the share of rows of which it is known when they were completed."""
        done = self.was_done(event)
        if done is not None:
            yield from self.rate(Condition(event.terms[0].table, done), kind)

    def rate_done_of(self, event: Columns, of: tuple[str, Rows]) -> Found:
        """`completion rate of courses`."""
        done = self.was_done(event)
        if done is not None:
            yield from self.rate_of_rows(Condition(event.terms[0].table, done), of)

    def rate_of_those(self, rows: Rows, rate: Number) -> Found:
        """`order cancellation rate`: of what the rate is of already, all or those of a kind."""
        if rows.table == rate.table:
            yield "Number", narrowed(rate, rows.where), 0.1
