"""Orders that are said by what comes first: "in chronological order of", "from the most common"."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.meanings.number_phrases import Best, First, Number, Sorted
from aidbt.semantic.english.meanings.number_words import Direction
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Found, Rows
from aidbt.semantic.english.number_rules.clauses import ClauseRules
from aidbt.semantic.english.number_rules.superlatives import Superlative


class OrderRules(ClauseRules):
    """How an answer is put in order, over one graph."""

    def order_rules(self, rule: Rule, lift: LiftRule) -> None:
        """Add the rules of orders."""
        rule("Comma", "Dir", lambda _, way: [("CommaDir", way, 0.0)])
        rule("OrderBy", "Dir CommaDir", self.ordered_direction)
        rule("Dir", "Prep", lambda way, how: [("DirBy", way, 0.0)] if how in ("of", "by") else [])
        rule("DirBy", "Col Number Amount", self.in_order_of)
        rule("OrderBy", "OrderBy", self.things_in_order)
        # `and by name where it is equal`: what is ordered by last.
        rule("OrderBy", "Tied", lambda order, _: [("OrderBy", order, -0.2)] if order.by is not None else [])
        # `ordered by date`, `sorted by name`, of rows whose own are called otherwise.
        rule("Order", "DateOf", lambda *_: [("OrderBy", Sorted(None, None, "time"), 0.1)])
        rule("Order", "NameOf", lambda *_: [("OrderBy", Sorted(None, None, "name"), -0.2)])
        rule("OrderWhen", "Col TheyDid", self.in_order_done)
        rule("Between", "Often", lambda _, is_most: [("FromOften", is_most, 0.0)])
        rule("Prep", "Often", lambda how, is_most: [("ToOften", is_most, 0.0)] if how == "to" else [])
        rule("Prep", "CountAll", lambda how, each: [("CountAll", each, 0.0)] if how == "with" else [])
        rule("FromOften", "ToOften", self.from_often)
        lift("OftenDir", lambda is_most: self.from_often(is_most, not is_most))
        rule("Often", "First Ordinal", self.frequent_first)
        rule("FrequentOf", "First Ordinal", lambda of, last: self.frequent_first(of.is_descending, last))
        rule("Between", "Best", self.from_best)
        rule("Prep", "Most Sup", lambda how, is_most: [("ToMost", is_most, 0.0)] if how == "to" else [])
        rule("FromBest", "ToMost", self.from_most)
        rule("Prep", "Best", lambda how, best: [("ToBest", best, 0.0)] if how == "to" else [])
        rule("ToBest", "Fill", lambda best, _: [("ToBest", best, 0.0)])
        rule("FromBest", "Fill", lambda best, _: [("FromBest", best, 0.0)])
        rule("FromBest", "ToBest", self.from_best_to_best)
        rule("FromSup ToSup", "Col", self.end_of_kinds)
        self._figure_rules(rule)
        rule("Num", "Sup", lambda count, is_most: self.first_few((count, bool(is_most)), 0.0))
        lift("TopN", lambda top: self.first_few(top, 0.5))
        rule("Only Fill", "FirstFew", lambda _, few: [("FirstFew", few, 0.0)])

    def _figure_rules(self, rule: Rule) -> None:
        """`from the highest average to the lowest`, `from the most to the least populous`."""
        rule("Sup Most", "Figure", lambda is_most, said: [("MostFigure", (bool(is_most), said), 0.0)])
        rule("Between", "MostFigure", lambda _, end: [("FromFigure", end, 0.0)])
        rule("Prep", "MostFigure", lambda how, end: [("ToFigure", end, 0.0)] if how == "to" else [])
        rule("Between", "Most Sup", lambda _, is_most: [("FromMost", bool(is_most), 0.0)])
        rule("FromFigure", "ToMost", lambda end, is_most: self.by_figure(end, is_most))
        rule("FromMost", "ToFigure", lambda is_most, end: self.by_figure(end, is_most, is_first=False))
        rule("FromMost", "ToSup", lambda is_most, end: self.from_most_to_sup(is_most, end))
        rule("Fill", "Figure", lambda _, said: [("Figure", said, 0.0)])
        rule("Order", "Figure", lambda _, said: [("OrderBy", Sorted(None, None, said=said), 0.0)])
        rule("MostFigure", "First", lambda end, _: self.by_figure(end, not end[0]))
        rule("TieIn", "Col Number", lambda _, of: [("TieOf", of, 0.0)])
        rule("TieOf", "Comma Fill", lambda of, _: [("TieOf", of, 0.0)])
        rule("TieOf", "OrderBy", self.ties_by)
        rule("StartWith", "Sup Most", self.starting_with_most)

    def by_figure(self, end: tuple[bool, str], is_other_most: object, *, is_first: bool = True) -> Found:
        """`from the highest average to the lowest`."""
        if end[0] != bool(is_other_most):
            yield "OrderBy", Sorted(None, end[0] == is_first, said=end[1]), -1.5

    def from_most_to_sup(self, is_most: bool, end: Superlative) -> Found:
        """`from the most to the least populous`."""
        if is_most != bool(end[1]):
            yield "OrderBy", Sorted(end[0], is_most), -1.0

    def ties_by(self, of: Columns | Number, order: Sorted) -> Found:
        """`where two share a price, sort them by name`: after the order by what they share."""
        if order.by is not None and order.by != of:
            yield "OrderBy", replace(order, after=of), -0.5

    def starting_with_most(self, _: object, is_most: object) -> Found:
        """`starting with the lowest`."""
        yield "OrderBy", Sorted(None, bool(is_most)), 0.0

    def in_order_of(self, way: Direction, by: Columns | Number | Amount) -> Found:
        """`in chronological order of their start date`, of a time; `in descending order of price`."""
        if not way.of or (isinstance(by, Columns) and self._is_of_kind(by, way.of)):
            yield "OrderBy", Sorted(by, way.is_descending), -1.0

    def ordered_direction(self, order: Sorted, way: Direction) -> Found:
        """`by price, highest first`; by a name nothing is "newest first"."""
        is_other = isinstance(order.by, Columns) and not self._is_of_kind(order.by, way.of)
        is_other |= order.of not in ("", way.of)
        if order.is_descending is None and not (way.of and is_other):
            yield "OrderBy", replace(order, is_descending=way.is_descending), 0.0

    def things_in_order(self, things: Sorted, order: Sorted) -> Found:
        """`order the products from the most expensive to the cheapest`."""
        is_said = order.by is not None and order.is_descending is not None
        if isinstance(things.by, Rows) and things.is_descending is None and is_said and order.things is None:
            yield "OrderBy", replace(order, things=things.by), -0.5

    def _is_of_kind(self, columns: Columns, kind: str) -> bool:
        """Whether a column is a time, or a name, as its order says."""
        last = columns.terms[-1]
        return (
            self.is_time(last) or self.is_year(last) if kind == "time" else self.column(last).kind == "text"
        )

    def in_order_done(self, _: object, did: Columns) -> Found:
        """`in the order in which the sites were activated`."""
        if len(did.terms) == 1 and self.is_time(did.terms[0]):
            yield "OrderBy", Sorted(Columns(did.terms), is_descending=False), -0.5

    def first_few(self, top: tuple[int | float, bool], cost: float) -> Found:
        """`show the 10 highest`, of what was asked for before."""
        if isinstance(top[0], int) and top[0] > 0:
            yield "FirstFew", First(top[0], top[1]), cost

    # --- ends of an order -----------------------------------------------------------------------------------

    def from_often(self, is_most: bool, is_other_most: bool) -> Found:
        """`from the most common to the least common`."""
        if is_most != is_other_most:
            yield "OrderBy", Sorted(None, is_most, "frequency"), -1.0

    def frequent_first(self, is_most: bool, is_last: int | None) -> Found:
        """`most frequent first`."""
        if not is_last:
            yield "OrderBy", Sorted(None, is_most, "frequency"), -0.5

    def from_best(self, _: object, best: Best) -> Found:
        """`from the fewest seats`, to the most."""
        if best.rows is None:
            yield "FromBest", best, 0.0

    def from_most(self, best: Best, is_other_most: bool) -> Found:
        """`from the highest price to the lowest`."""
        if best.is_descending != is_other_most:
            yield "OrderBy", Sorted(best.by, best.is_descending), -1.0

    def from_best_to_best(self, best: Best, other: Best) -> Found:
        """`from the one that opened first to the one that opened last`."""
        if best.by == other.by and other.rows is None:
            yield from self.from_most(best, other.is_descending)

    def end_of_kinds(self, end: Superlative, columns: Columns) -> Found:
        """`from the most populous county`, to the least populous: what has so much is said again."""
        column = self.alone(columns)
        by = end[0].terms[0]
        if column is not None and column.table == by.table and not self.is_measured(column):
            yield "FromSup", end, 0.0
