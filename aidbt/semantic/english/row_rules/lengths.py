"""How long rows last, where a question says it of them: the longest trip, shifts that took over 8 hours."""

from __future__ import annotations

from aidbt.core.words import singular_words
from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Best, Group
from aidbt.semantic.english.meanings.phrases import Amount, Condition, Found, Link, Rows, Span
from aidbt.semantic.english.row_rules.intervals import IntervalRules
from aidbt.semantic.english.words.lasting import beginnings_and_ends
from aidbt.semantic.query import Attribute, Comparison, Duration, Grain, Operator, Value, both

_LENGTHS = {"duration", "length", "runtime"}
_DAYS = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)


class LengthRules(IntervalRules):
    """How the length of rows is spoken of, over one graph."""

    def length_rules(self, rule: Rule) -> None:
        """Add the rules of what lasts."""
        rule("Lasts", "Comma", lambda *_: [("Lasts", None, 0.0)])
        rule("Lasts", "InUnit", lambda _, unit: [("LastsIn", g, c) for _, g, c in self.in_unit(unit)])
        rule("LastsIn", "Link", lambda unit, link: self.length_of(link, unit))
        rule("Lasts", "Link", lambda _, link: self.length_of(link, None))
        rule("Rows", "Lasts", lambda rows, _: self.length_of(Link(rows), None))
        rule("Rows", "LastsIn", lambda rows, unit: self.length_of(Link(rows), unit))
        rule("Amount", "InUnit", self.in_other_unit)
        rule("Long", "Rows", self.longest_rows)
        rule("Lasting", "Prep", lambda _, how: [("Lasting", None, 0.0)] if how == "for" else [])
        rule("Lasting", "Long", lambda _, is_long: [("LastingLong", bool(is_long), 0.0)])
        rule("Rows", "LastingLong", lambda rows, is_long: self.longest_rows(is_long, rows))
        rule("Lasting", "CmpSpan", lambda _, measured: [("LastingSpan", measured, 0.0)])
        rule("Rel", "LastingSpan", lambda _, measured: [("LastingSpan", measured, 0.0)])
        rule("Rows", "LastingSpan", self.rows_lasting)
        rule("Group", "Lasting", self.each_lasting)
        rule("Rows", "Lasting", lambda rows, _: [("LastingRows", rows, 0.1)])
        rule("Grain", "LastingRows", lambda unit, rows: self.length_of(Link(rows), Grain(unit)))

    def lasting(self, rows: Rows, unit: Grain | None) -> Amount | None:
        """How long rows last, in days where two dates say it; None where nothing does, or a column does."""
        table = self.graph.table(rows.table)
        pairs = set(beginnings_and_ends(table, is_done=True))
        if len(pairs) != 1 or any(_LENGTHS & set(singular_words(c.name)) for c in table.columns):
            return None
        start, end = (Attribute(rows.table, name) for name in pairs.pop())
        is_dated = self.column(start).kind == self.column(end).kind == "date"
        if (unit is None and not is_dated) or (is_dated and unit is not None and unit not in _DAYS):
            return None
        return Amount(rows.table, Duration(start, end, unit or Grain.DAY), rows)

    def length_of(self, link: Link, unit: Grain | None) -> Found:
        """`duration in days of the completed restorations`, `trip duration`."""
        amount = self.lasting(link.rows, unit) if link.is_plain and not link.is_act else None
        if amount is not None:
            yield "Amount", amount, -0.2

    def in_other_unit(self, amount: Amount, unit: str) -> Found:
        """`trip duration in hours`, where it would be in days."""
        for _, grain, cost in self.in_unit(unit):
            if isinstance(amount.term, Duration) and amount.term.unit is Grain.DAY:
                term = Duration(amount.term.start, amount.term.end, grain)
                yield "Amount", Amount(amount.table, term, amount.rows), cost

    def longest_rows(self, is_long: bool, rows: Rows) -> Found:
        """`the longest trip`, `the programs that ran the longest`."""
        amount = self.lasting(rows, Grain.DAY)
        if amount is not None:
            yield "Best", Best(Amount(amount.table, amount.term), is_long, rows), -0.3

    def rows_lasting(self, rows: Rows, measured: tuple[Operator, Span]) -> Found:
        """`closures that lasted longer than 2 months`."""
        operator, span = measured
        amount = self.lasting(rows, span.unit)
        if amount is not None:
            longer = Comparison(operator, amount.term, Value(span.count))
            found = self.claimed(rows, Condition(rows.table, both(longer) or longer, is_own=True))
            if found:
                yield "Rows", found[0], 0.0

    def each_lasting(self, group: Group, _: object) -> Found:
        """`each semester last`, behind how many days."""
        if len(group.rows) == 1 and not (group.grains or group.parts):
            yield "LastingRows", group.rows[0], 0.0
