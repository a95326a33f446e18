"""Units that numbers are asked for in, wherever they are said: "what is the total price of … in dollars?"."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Number, Numbers
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Found
from aidbt.semantic.english.number_rules.firsts import FirstRules
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.words.units import factor_of, whole
from aidbt.semantic.query import Attribute, Calculation, Duration, Function, Grain, Measure, Term, Value

_MOST_MEASURED = 3


class UnitRules(FirstRules):
    """How a unit is said of numbers."""

    def unit_rules(self, rule: Rule) -> None:
        """Add the rules of units."""
        rule("Number", "InUnit", self.number_in)
        rule("Numbers", "InUnit", self.numbers_in)
        rule("Col", "InUnit", self.column_in)
        rule("Count", "Unit", self.count_units)

    def number_in(self, number: Number, unit: str) -> Found:
        """`total amount in dollars`."""
        term = in_unit(number.term, unit, self)
        if term is not None:
            yield "Number", replace(number, term=term), -0.1

    def numbers_in(self, numbers: Numbers, unit: str) -> Found:
        """`lowest and highest price in dollars`."""
        terms = [in_unit(number.term, unit, self) for number in numbers.items]
        found = [replace(n, term=t) for n, t in zip(numbers.items, terms, strict=True) if t is not None]
        if len(found) == len(terms):
            yield "Numbers", Numbers(tuple(found)), -0.1

    def count_units(self, function: Function, unit: str) -> Found:
        """`how many kilograms`: the sum of what is in them, of whichever table it is."""
        columns = [(table.name, c) for table in self.graph.tables for c in table.columns]
        found = [Attribute(table, c.name) for table, c in columns if c.unit == unit and c.kind == "number"]
        for term in found[:_MOST_MEASURED] if function == "count" else ():
            yield "Number", Number(Measure("sum", term.table, term), term.table), 0.0

    def column_in(self, columns: Columns, unit: str) -> Found:
        """`salaries in euros`, of columns that are in that already."""
        if all(factor_of(self.column(term), unit) == 1 for term in columns.terms):
            yield "Col", columns, -0.1
        elif len(columns.terms) == 1:
            amount = amount_in(columns, unit, self)
            if amount is not None:
                yield "Amount", amount, 0.2


def amount_in(columns: Columns, unit: str, rules: NumberRules) -> Amount | None:
    """`totals in euros`, of a column in cents; None where nothing shows how, or many columns are meant."""
    term = columns.terms[0]
    size = factor_of(rules.column(term), unit) if len(columns.terms) == 1 else None
    return Amount(term.table, _times(term, size), columns.rows) if size is not None else None


def in_unit(term: Term, unit: str, rules: NumberRules) -> Term | None:
    """A measure of a column in another unit than the column's; None where nothing shows how."""
    if isinstance(term, Measure) and isinstance(term.of, Duration) and unit.removesuffix("s") in set(Grain):
        return replace(term, of=replace(term.of, unit=Grain(unit.removesuffix("s"))))
    if not isinstance(term, Measure) or not isinstance(term.of, Attribute):
        return None
    size = None if term.function.startswith("count") else factor_of(rules.column(term.of), unit)
    if size is None or size == 1:
        return term if size == 1 else None
    return _times(term, size)


def _times(term: Term, size: float) -> Term:
    """So many times a term, or one of so many parts of it."""
    if size == 1:
        return term
    if size > 1:
        return Calculation("*", term, Value(whole(size)))
    return Calculation("/", term, Value(whole(1 / size)))
