"""The first and the last of what happened to something: the date of their first order, days until it."""

from __future__ import annotations

from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Found, Link, Rows
from aidbt.semantic.english.number_rules.superlatives import SuperlativeRules
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import Attribute, Duration, Function, Grain, Measure

First = tuple[Function, Rows]
"""Whether the first or the last is meant, and of which rows."""
Begun = tuple[Grain | None, Rows | None]


class FirstRules(SuperlativeRules):
    """How the first and the last of several rows are spoken of, over one graph."""

    def first_rules(self, rule: Rule) -> None:
        """Add the rules of what is first and last."""
        rule("TimeAgg", "Rows", lambda function, rows: [("FirstRows", (function, rows), 0.0)])
        rule("FirstRows", "Link", self.first_linked)
        rule("Poss Fill", "FirstRows", lambda _, first: [("FirstRows", first, 0.0)])
        rule("Prep", "FirstRows", lambda how, first: [("OfFirst", first, 0.0)] if how == "of" else [])
        rule("DateOf", "OfFirst", lambda _, first: self.time_of_first(first))
        rule("Prep", "Number", self.of_moment)
        rule("DateOf", "OfMoment", lambda _, number: [("Number", number, -0.8)])
        rule("And", "FirstRows", lambda _, first: [("JFirst", first, 0.0)])
        rule("Prep", "FirstRows", lambda how, first: [("JFirst", first, 0.0)] if how == "to" else [])
        rule("UnitFrom", "JFirst", self.until_first)
        rule("Count", "Number", lambda _, n: [("Number", n, -0.2)] * isinstance(n.term, Duration))

    def first_linked(self, first: First, link: Link) -> Found:
        """`the first appointment of any of their pets`."""
        path = self.path(first[1].table, link.rows.table)
        if link == Link(link.rows) and link.rows.where is None and path and is_to_one(path):
            yield "FirstRows", first, 0.0  # they are of one anyway
            return
        for category, rows, cost in self.rows_claim(first[1], link):
            if category == "Rows":
                yield "FirstRows", (first[0], rows), cost

    def time_of_first(self, first: First) -> Found:
        """`the date of the first order`: of each of those that orders are shown beside."""
        function, rows = first
        time = rows.time or self.time_of(rows.table)
        if time is not None:
            yield "Number", Number(Measure(function, rows.table, time, rows.where), rows.table), -0.8

    def of_moment(self, how: str, number: Number) -> Found:
        """`of the latest check-in`, behind "the date"."""
        term = number.term
        is_time = isinstance(term, Measure) and isinstance(term.of, Attribute) and self.is_time(term.of)
        if how == "of" and is_time and isinstance(term, Measure) and term.function in ("min", "max"):
            yield "OfMoment", number, 0.0

    def until_first(self, begun: Begun, first: First) -> Found:
        """`days between the registration and the first order`, of each that registered and ordered."""
        unit, start = begun
        function, rows = first
        end = rows.time or self.time_of(rows.table)
        if unit is None or start is None or start.time is None or start.where is not None or end is None:
            return
        path = self.path(rows.table, start.table)
        if path and is_to_one(path) and end.table == rows.table:
            # Of one that all of its rows belong to, the least of its times is its time.
            begins = Measure("min", rows.table, start.time, rows.where)
            ends = Measure(function, rows.table, end, rows.where)
            lasts = Duration(begins, ends, unit, self.are_days_counted(start.time, end, unit))
            yield "Number", Number(lasts, rows.table), 0.0
