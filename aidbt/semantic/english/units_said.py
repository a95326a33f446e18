"""Units that numbers are asked for in, wherever they are said: "what is the total price of … in dollars?"."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.chart import Rule
from aidbt.semantic.english.number_phrases import Number, Numbers
from aidbt.semantic.english.phrases import Columns, Found
from aidbt.semantic.english.superlatives import SuperlativeRules
from aidbt.semantic.english.units import factor_of, whole
from aidbt.semantic.query import Attribute, Calculation, Measure, Term, Value


class UnitRules(SuperlativeRules):
    """How a unit is said of numbers."""

    def unit_rules(self, rule: Rule) -> None:
        """Add the rules of units."""
        rule("Number", "InUnit", self.number_in)
        rule("Numbers", "InUnit", self.numbers_in)
        rule("Col", "InUnit", self.column_in)

    def number_in(self, number: Number, unit: str) -> Found:
        """`total amount in dollars`."""
        term = self._in_unit(number.term, unit)
        if term is not None:
            yield "Number", replace(number, term=term), -0.1

    def numbers_in(self, numbers: Numbers, unit: str) -> Found:
        """`lowest and highest price in dollars`."""
        terms = [self._in_unit(number.term, unit) for number in numbers.items]
        found = [replace(n, term=t) for n, t in zip(numbers.items, terms, strict=True) if t is not None]
        if len(found) == len(terms):
            yield "Numbers", Numbers(tuple(found)), -0.1

    def column_in(self, columns: Columns, unit: str) -> Found:
        """`salaries in euros`, of columns that are in that already."""
        if all(factor_of(self.column(term), unit) == 1 for term in columns.terms):
            yield "Col", columns, -0.1

    def _in_unit(self, term: Term, unit: str) -> Term | None:
        """A measure of a column in another unit than the column's; None where nothing shows how."""
        if not isinstance(term, Measure) or not isinstance(term.of, Attribute):
            return None
        size = None if term.function.startswith("count") else factor_of(self.column(term.of), unit)
        if size is None or size == 1:
            return term if size == 1 else None
        return (
            Calculation("*", term, Value(whole(size)))
            if size > 1
            else Calculation("/", term, Value(whole(1 / size)))
        )
