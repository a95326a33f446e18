"""Superlatives without a number: the most watched title, the busiest agent, the lowest and highest price."""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.words import singular_words
from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Best, Functions, Group, Number, Scoped, Sorted, Top
from aidbt.semantic.english.meanings.phrases import Columns, Found, Link, Rows
from aidbt.semantic.english.number_rules.aggregates import amounts_of
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.words.additive import amount_of, money_of
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import Attribute, Function, Grain, Measure

_AMOUNTS = {"amount", "amt", "quantity", "qty", "paid", "total", "revenue"}
_SPENDING = {"spend", "spent", "spending", "pay", "donate"}
Superlative = tuple[Columns, bool]
Done = tuple[Rows, bool]
"""Rows of what was done, and whether most of them are meant."""


class SuperlativeRules(NumberRules):
    """How what has most or least of something is spoken of without a number."""

    def superlative_rules(self, rule: Rule) -> None:
        """Add the rules of superlatives."""
        rule("Most Often", "Act", lambda is_most, act: [("MostDone", (act, bool(is_most)), 0.0)])
        rule("MostDone", "Rows Col", self.most_done)
        rule("Act", "Most", self.done_most)
        rule("Rel Is", "DoneMost", lambda _, done: [("DoneMost", done, 0.0)])
        rule("Rows", "DoneMost", lambda rows, done: self.most_done(done, rows))
        rule("NumRows", "DoneMost", self.several_done)
        rule("Much", "Link", lambda _, link: [("MuchOn", link.rows, 0.0)] if link.is_plain else [])
        rule("Group", "Much", lambda group, _: self.spent_by_each(group, None))
        rule("Group", "MuchOn", self.spent_by_each)
        rule("Agg", "Much", lambda function, _: [("MuchInAll", None, 0.0)] if function == "sum" else [])
        rule("MuchInAll", "Group", lambda _, group: self.spent_in_all(group))
        rule("Much", "Most", lambda _, is_most: [("MuchMost", bool(is_most), 0.0)])
        rule("MuchIn", "Most", lambda _, is_most: [("MuchInMost", bool(is_most), 0.0)])
        rule("MuchInMost", "OnCol", self.spent_most_in)
        rule("Rel", "MuchMost", lambda _, is_most: [("MuchMost", is_most, 0.0)])
        rule("MuchMost", "Link", self.spent_most_on_those)
        rule("Rows", "MuchMost", self.spent_most)
        rule(
            "Prep",
            "Col",
            lambda how, columns: [("OnCol", columns, 0.0)] if how in ("in", "on", "for") else [],
        )
        rule("MuchMost", "OnCol", self.spent_most_in)
        rule("Prep", "Best", lambda _, best: [("WithBest", best, 0.0)])
        rule("Rows", "WithBest", self.with_best)
        rule("WeHave", "Best", lambda _, best: [("WeHaveBest", best, 0.0)] if best.rows is None else [])
        rule("WeHaveBest", "Prep", self.best_had)
        rule("Sup Long", "Rows", lambda is_most, rows: [("MostRows", (bool(is_most), rows), 0.0)])
        rule("MostRows", "Group", self.most_by)
        rule("Busy", "Rows", self.busiest)
        rule("Busy", "Grain", lambda is_most, grain: [("BusyGrain", (bool(is_most), grain), 0.0)])
        rule("BusyGrain", "Link", lambda busy, link: self.busiest_time(busy, link.rows))
        rule("SupCols", "Col", self.ends)
        rule("Prep", "SupCol", self.to_other_end)
        rule("Between", "SupCol", lambda _, end: [("FromSup", end, 0.0)])
        rule("FromSup", "Rows", self.end_of_rows)
        rule("FromSup", "ToSup", self.from_end_to_end)
        rule("Order", "SupCol", self.beginning_with)
        rule("SupCol", "Col", self.most_of_own)
        rule("SupCol", "NumRows", self.several_most)
        rule("Is", "Often", lambda _, is_most: [("IsOften", bool(is_most), 0.0)])
        rule("IsOften", "Fill", lambda is_most, _: [("IsOften", is_most, 0.0)])
        rule("Most", "OfWhole", self.best_rows)
        rule("Best", "Stranded", lambda best, _: [("Best", best, 0.1)] if best.rows is None else [])
        rule("Col", "Often", self.value_often)
        rule("Rows Col", "IsOften", lambda of, is_most: self.often(is_most, of))

    def value_often(self, of: Columns, is_most: bool) -> Found:
        """`colours chosen most often`; of tanks that are "tested most often" no time is meant."""
        if not self.is_time(of.terms[0]):
            yield from self.often(is_most, of)

    def most_done(self, done: Done, of: Rows | Columns) -> Found:
        """`most watched title`: what has most rows of what was done, each of which is of one of them."""
        act, is_most = done
        table = of.table if isinstance(of, Rows) else of.terms[0].table
        path = self.path(act.table, table)
        is_whole = isinstance(of, Rows) or of.rows is None
        is_one = is_to_one(path) if path else table == act.table and isinstance(of, Columns)
        if is_one and is_whole and not self._is_of_amounts(act):
            yield "Best", Best(self.counted(act), is_most, of), -0.3

    def several_done(self, several: tuple[int, Rows | Columns], done: Done) -> Found:
        """`which 3 products were ordered the most`."""
        limit, of = several
        for _, best, cost in self.most_done(done, of):
            if isinstance(best, Best):
                yield "TopOf", Top(limit, best, best.is_descending), cost - 0.3

    def spent_by_each(self, group: Group, on: Rows | None) -> Found:
        """`how much did each customer spend on repairs`: what those, or all, cost."""
        if len(group.rows) != 1 or group.grains or group.parts:
            return
        of = on or self._only_spent(group.rows[0])
        money = money_of(self.graph.table(of.table)) if of is not None else ""
        if of is not None and money and self._belongs(of.table, group.rows[0].table):
            total = Measure("sum", of.table, Attribute(of.table, money), of.where)
            yield "Scoped", Scoped(Number(total, of.table), group), -0.5

    def spent_in_all(self, group: Group) -> Found:
        """`the total spend of each customer`, where nothing in the data is called so itself."""
        named = ((table.name, *(column.name for column in table.columns)) for table in self.graph.tables)
        if not any(_SPENDING & set(singular_words(name)) for names in named for name in names):
            yield from self.spent_by_each(group, None)

    def _only_spent(self, by: Rows) -> Rows | None:
        """The rows of the one table that has amounts of money of each of those, if it is one."""
        own = [t for t in self.graph.tables if t.name != by.table and self._belongs(t.name, by.table)]
        # What was paid are amounts first, and then what one kind of cost there is.
        spent = [t.name for t in own if amount_of(t)] or [t.name for t in own if money_of(t)]
        return Rows(spent[0]) if len(spent) == 1 else None

    def spent_most_on_those(self, is_most: bool, link: Link) -> Found:
        """`spent the most on completed bookings`; who "paid the most invoices" paid many of them."""
        if not link.is_act:
            yield from self.spent_most_on(is_most, link.rows)

    def spent_most_on(self, is_most: bool, rows: Rows) -> Found:
        """`spent the most on completed bookings`: the sum of what those cost, where one column says it."""
        money = amounts_of(self.graph.table(rows.table))
        if money:
            total = Measure("sum", rows.table, Attribute(rows.table, money), rows.where)
            yield "Best", Best(Number(total, rows.table), is_most), -2.0

    def spent_most_in(self, is_most: bool, columns: Columns) -> Found:
        """`paid the most in delivery fees`."""
        total = self.implied(columns)
        if total is not None:
            yield "Best", Best(total, is_most), -2.0

    def spent_most(self, rows: Rows, is_most: bool) -> Found:
        """`customers who spent the most`: of the one table of theirs that has amounts."""
        spent = self._only_spent(rows)
        for category, best, cost in self.spent_most_on(is_most, spent) if spent is not None else ():
            if isinstance(best, Best):
                yield category, replace(best, rows=rows), cost

    def _belongs(self, table: str, owner: str) -> bool:
        path = self.path(table, owner)
        return path is not None and is_to_one(path)

    def with_best(self, rows: Rows, best: Best) -> Found:
        """`the title with the most views`."""
        if best.rows is None and isinstance(best.by, Number):
            yield "Best", replace(best, rows=rows), -0.1

    def best_had(self, best: Best, how: str) -> Found:
        """`which customer do we have the most orders of`."""
        if how in ("of", "for", "from", "to", "with", "in"):
            yield "Best", best, 0.1

    def most_by(self, most: tuple[bool, Rows], by: Group) -> Found:
        """`longest articles by word count`: by a number of their own, which makes no groups."""
        is_most, rows = most
        if len(by.terms) != 1 or by.rows or by.grains or by.parts or by.is_per:
            return
        names = (by.terms[0], *dict(by.rivals).get(by.terms[0], ()))
        own = [term for term in names if term.table == rows.table and not term.via]
        if own and self.is_measured(own[0]):
            yield "Best", Best(Columns((own[0],)), is_most, rows), -0.3

    def done_most(self, act: Rows, is_most: bool) -> Found:
        """`was watched the most`."""
        if not self._is_of_amounts(act):
            yield "DoneMost", (act, bool(is_most)), 0.0

    def _is_of_amounts(self, act: Rows) -> bool:
        """Whether rows have an amount, which may be meant instead of their number: who "paid the most"."""
        columns = [c for c in self.graph.table(act.table).columns if c.kind == "number"]
        return any(_AMOUNTS & set(singular_words(column.name)) for column in columns)

    def busiest(self, is_most: int, rows: Rows) -> Found:
        """`busiest agent`: who has most of the one thing that happens to them."""
        events = {r.source for r in self.graph.relationships if r.target == rows.table != r.source}
        timed = [event for event in events if self.time_of(event) is not None]
        if len(timed) == 1:
            yield "Best", Best(self.counted(Rows(timed[0])), bool(is_most), rows), 0.0

    def busiest_time(self, busy: tuple[bool, Grain], rows: Rows) -> Found:
        """`busiest month for orders`."""
        is_most, grain = busy
        time = rows.time or self.time_of(rows.table)
        if time is not None:
            when = Columns((Attribute(time.table, time.column, grain=grain),))
            yield "Best", Best(self.counted(rows), is_most, when), 0.0

    def to_other_end(self, how: str, end: Superlative) -> Found:
        """`to the cheapest`."""
        if how == "to":
            yield "ToSup", end, 0.0

    def end_of_rows(self, end: Superlative, rows: Rows) -> Found:
        """`from the oldest club`, to the newest."""
        if end[0].terms[0].table == rows.table and rows.where is None:
            yield "FromSup", end, 0.0

    def from_end_to_end(self, one: Superlative, other: Superlative) -> Found:
        """`from the most expensive to the cheapest`: an order."""
        if one[0] == other[0] and bool(one[1]) != bool(other[1]):
            yield "OrderBy", Sorted(one[0], bool(one[1])), 0.5

    def beginning_with(self, _: object, end: Superlative) -> Found:
        """`starting from the most expensive`."""
        yield "OrderBy", Sorted(end[0], bool(end[1])), 0.0

    def most_of_own(self, end: Superlative, columns: Columns) -> Found:
        """`heaviest weight`, `cheapest price`: of the column that the superlative is said of."""
        by, is_most = end
        if by.terms == columns.terms:
            # "Largest" may be said of any number, and is then no size.
            found = [*self.aggregate("max" if is_most else "min", columns)]
            found += self.best_column(bool(is_most), columns)
            yield from ((category, meaning, cost + 0.5) for category, meaning, cost in found)

    def several_most(self, end: Superlative, several: tuple[int, Rows | Columns]) -> Found:
        """`the youngest 5 animals`."""
        limit, rows = several
        for _, best, cost in self.best_of_rows(end, rows) if isinstance(rows, Rows) else ():
            if isinstance(best, Best):
                yield "TopOf", Top(limit, best, best.is_descending), cost - 0.3

    def ends(self, both: tuple[tuple[Columns, bool], tuple[Columns, bool]], columns: Columns) -> Found:
        """`the cheapest and the most expensive list price`: its lowest and its highest value."""
        (one, is_most), (two, is_other_most) = both
        if is_most != is_other_most and one.terms[0].table == two.terms[0].table == columns.terms[0].table:
            functions: tuple[Function, ...] = ("max", "min") if is_most else ("min", "max")
            yield from self.aggregate_all(Functions(functions), columns)
