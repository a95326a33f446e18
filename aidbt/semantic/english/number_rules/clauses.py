"""Clauses that hang on a noun by a pronoun, ends of an order, and amounts that several rows come to."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Best, Having, Number, Sorted, Whole
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Compare, Condition, Found, Rows
from aidbt.semantic.english.meanings.same_rows import negated
from aidbt.semantic.english.number_rules.aggregates import amounts_of
from aidbt.semantic.english.number_rules.mail import MailRules
from aidbt.semantic.english.words.additive import money_of
from aidbt.semantic.query import Attribute, Function, Grain, InPeriod, Measure, Value, conjuncts

End = tuple[Columns, bool]
"""What is put in order, and whether by most of it first."""


class ClauseRules(MailRules):
    """How clauses are said of nouns without a relative pronoun, over one graph."""

    def clause_rules(self, rule: Rule) -> None:
        """Add the rules of clauses."""
        self._pronoun_rules(rule)
        self._end_rules(rule)
        rule("CmpNum", "Altogether", lambda compare, _: [("TotalCmp", compare, 0.0)])
        rule("Altogether", "CmpNum", lambda _, compare: [("TotalCmp", compare, 0.0)])
        rule("Act", "TotalCmp", self.came_to)
        rule("OverAll", "Rows", lambda _, rows: [("Altogether", rows, 0.0)] if rows.where is None else [])
        rule("Cond", "Altogether", lambda condition, _: [("TotalCond", condition, -0.3)])
        rule("Act", "Cond TotalCond", self.came_to_many)
        rule("Agg", "MoneyDone", self.total_done)
        rule(
            "Agg", "MoneyCol", lambda function, of: self.aggregate(function, of) if function == "sum" else []
        )
        rule("Count", "MeanAmount", lambda _, amount: self.aggregate_amount("avg", amount))
        rule("Took", "Long", lambda _, is_most: [("TookLong", bool(is_most), 0.0)])
        rule("TookLong", "ToDid", self.took_longest)
        rule("Rel", "Having", lambda _, having: [("Having", having, 0.0)])
        rule("Rows", "Otherwise", lambda rows, _: [("Others", rows, 0.0)])
        rule("To", "Others", lambda _, rows: [("ToOthers", rows, 0.0)])
        rule("To", "Otherwise", lambda *_: [("ToOthers", None, 0.0)])
        rule("Whole", "ToOthers", self.to_others)
        rule("Col", "CmpAfter", lambda columns, operator: [("ColAfter", (columns, operator), 0.0)])
        rule("Num", "ColAfter", lambda number, after: self.so_much(Compare(after[1], number), after[0], -0.3))

    def _pronoun_rules(self, rule: Rule) -> None:
        rule("Stranded", "They", lambda *_: [("VerbIt", None, 0.0)])
        rule("They", "Verb Stranded", lambda *_: [("TheyVerb", None, 0.0)])
        rule("They", "Did", lambda _, did: [("TheyDid", did, 0.0)])
        rule("They", "Col", lambda _, columns: [("TheyCol", columns, 0.0)])
        rule("TheyDid", "Prep", lambda did, how: [("TheyDid", did, 0.0)] if how in ("in", "on", "at") else [])
        rule("TheyCol", "Prep", lambda col, how: [("TheyCol", col, 0.0)] if how == "in" else [])
        rule("InWhich Is", "TheyVerb", lambda *_: [("TheyVerb", None, 0.0)])
        rule("InWhich", "TheyDid", lambda _, did: [("TheyDid", did, -0.2)])
        rule("InWhich", "TheyCol", lambda _, columns: [("TheyCol", columns, -0.2)])
        rule("Verb", "They", lambda *_: [("VerbIt", None, 0.0)])
        rule("Is", "They", lambda *_: [("TheyVerb", None, 0.0)])
        rule("They", "Is", lambda *_: [("TheyAre", None, 0.0)])
        rule("TheyAre", "Prep", lambda _, how: [("TheyVerb", None, 0.0)] if how in ("in", "on", "at") else [])
        rule("DateOf", "TheyDid", lambda _, did: self.date_done(did))
        rule("Grain", "TheyCol", self.year_done)
        rule("Rel Show", "TheyCol", lambda _, columns: self.year_done(Grain.YEAR, columns))
        rule("Col", "TheyVerb", lambda columns, _: [("Col", columns, 0.0)])
        rule("Number", "TheyVerb VerbIt", lambda number, _: [("Number", number, 0.1)])
        rule("Numbers", "TheyVerb VerbIt", lambda numbers, _: [("Numbers", numbers, 0.1)])
        rule("CountAll", "TheyVerb", lambda how, _: [("CountAll", how, 0.0)])
        rule("And", "InWhich", lambda *_: [("Show", "besides", 0.0)])
        rule("Rows", "TheyVerb", self.name_of_theirs)
        rule("Rows", "TheyVerb", lambda rows, _: [("RowsOfTheirs", rows, 0.0)])
        rule("Count", "RowsOfTheirs", self.count_rows)
        rule("Col", "RowsVerb", self.column_of_clause)
        rule("Each", "ColClause", self.each_column)
        # `what city is each customer in`.
        rule("DidEach", "Prep", lambda each, how: [("Group", each, 0.0)] if how in _WHEREIN else [])

    def _end_rules(self, rule: Rule) -> None:
        """`with the most recently opened first`, `to the most recently opened one`."""
        rule("Ordinal", "Did", lambda is_last, did: [("EndDid", (did, bool(is_last)), 0.0)])
        rule("Ordinal", "Col", self.end_of_years)
        rule("Is", "SupCol", lambda _, end: [("IsSup", end, 0.0)])
        rule("Rows", "IsSup", lambda rows, end: self.best_of_rows(end, rows))
        rule("EndDid", "Rows", self.best_done)
        rule("EndDid", "Fill", lambda end, _: [("EndDid", end, 0.0)])
        rule("EndDid", "First", lambda end, _: [*self.order_from(end), ("EndFirst", end, 0.0)])
        rule("Prep", "EndFirst", lambda how, end: [("EndFirst", end, 0.0)] if how == "with" else [])
        rule("Comma", "EndFirst", lambda _, end: [("EndFirst", end, 0.0)])
        rule("OrderBy", "EndFirst", self.ordered_with)
        rule("StartWith Order", "EndDid", lambda _, end: self.order_from(end))
        rule("Prep", "EndDid", self.to_other_end)
        rule("Between", "EndDid", lambda _, end: [("FromSup", end, 0.0)])
        rule("FromSup", "Fill", lambda end, _: [("FromSup", end, 0.0)])
        rule("ToSup", "Fill", lambda end, _: [("ToSup", end, 0.0)])

    # --- clauses ------------------------------------------------------------------------------------------

    def year_done(self, unit: Grain, columns: Columns) -> Found:
        """`the year they were founded`, of a number that is a year."""
        attribute = self.alone(columns)
        if unit == Grain.YEAR and attribute is not None and self.is_year(attribute):
            yield "Col", columns, -0.2

    def name_of_theirs(self, rows: Rows, _: object) -> Found:
        """`the club they play for`; which one "the employees they manage" are takes a role to say."""
        names = self.names(rows.table)
        is_self = any(r.source == r.target == rows.table for r in self.graph.relationships)
        if names and rows.where is None and not is_self:
            yield "Col", Columns(names, rows), 0.1

    def column_of_clause(self, columns: Columns, rows: Rows) -> Found:
        """`by the country the wine comes from`."""
        for _, found, cost in self.rows_column(rows, columns) if rows.where is None else ():
            yield "ColClause", found, cost

    # --- ends of an order -----------------------------------------------------------------------------------

    def end_of_years(self, is_last: int, columns: Columns) -> Found:
        """`most recently opened`, of the year that was."""
        attribute = self.alone(columns)
        if attribute is not None and self.is_year(attribute):
            yield "EndDid", (Columns((attribute,)), bool(is_last)), 0.0

    def best_done(self, end: End, rows: Rows) -> Found:
        """`5 most recently delivered aircraft`."""
        for category, best, cost in self.best_of_rows(end, rows):
            yield category, best, cost - 0.5

    def order_from(self, end: End) -> Found:
        """`with the most recently certified first`."""
        yield "OrderBy", Sorted(end[0], end[1]), -0.5

    def ordered_with(self, order: Sorted, end: End) -> Found:
        """`sorted by hire date, with the most recently hired first`."""
        if isinstance(order.by, Columns) and order.by.terms == end[0].terms and order.is_descending is None:
            yield "OrderBy", replace(order, is_descending=end[1]), -0.5

    def took_longest(self, is_most: bool, did: Columns) -> Found:
        """`took the longest to ship`: from when the row happened."""
        for _, amount, cost in self.taken(Grain.HOUR, did):
            if isinstance(amount, Amount):
                yield "Best", Best(replace(amount, rows=None), is_most), cost - 0.3

    # --- what several rows come to ------------------------------------------------------------------------

    def came_to(self, act: Rows, compare: Compare) -> Found:
        """`donated more than 500 in total`: the sum of what those rows are of, where one column says it."""
        money = money_of(self.graph.table(act.table))
        if money and not compare.unit:
            total = Measure("sum", act.table, Attribute(act.table, money), act.where, act.time)
            yield "Having", Having(Number(total, act.table), compare.operator, Value(compare.value)), -0.5

    def came_to_many(self, act: Rows, condition: Condition) -> Found:
        """`sold more than 1000 units`: of all that was sold; "fewer" is said of what sold nothing, too."""
        said = self.many_done(act, condition)
        if said is not None and said.operator in (">", ">="):
            total = Measure("sum", act.table, said.left, act.where, act.time)
            yield "Having", Having(Number(total, act.table), said.operator, said.right), -0.3

    def total_done(self, function: Function, done: Rows) -> Found:
        """`total donated`, `how much was refunded`: what those rows amount to."""
        amount = amounts_of(self.graph.table(done.table))
        if amount and function == "sum":
            total = Measure("sum", done.table, Attribute(done.table, amount), done.where, done.time)
            yield "Number", Number(total, done.table), -0.2

    def to_others(self, whole: Whole, others: Rows | None) -> Found:
        """`ratio of gates with a jet bridge to gates without one`: of those it is not said of."""
        term = whole.number.term
        if whole.kind != "ratio" or not isinstance(term, Measure) or term.of is not None:
            return
        said = conjuncts(term.where)
        is_same = others is None or others == Rows(term.table, time=term.at)
        if is_same and len(said) == 1 and not isinstance(said[0], InPeriod):
            other = replace(whole.number, term=replace(term, where=negated(said[0])))
            yield "Number", self.ratio_of("ratio", whole.number, other), -1.0


_WHEREIN = {"in", "on", "at", "from", "of"}
