"""Differences of two numbers: `how many more delivered orders than returned ones`."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.number_phrases import Number, Numbers
from aidbt.semantic.english.meanings.phrases import Claim, Columns, Found, Rows
from aidbt.semantic.english.number_rules.aggregates import time_of_number
from aidbt.semantic.english.number_rules.rates import RateRules
from aidbt.semantic.english.number_rules.ratios import subjects_of
from aidbt.semantic.query import Calculation, Measure, both, conjuncts


class DifferenceRules(RateRules):
    """How one number is taken from another."""

    def difference(self, _: None, numbers: Numbers) -> Found:
        """`difference between the highest and the lowest price`."""
        if len(numbers.items) == 2:
            one, two = numbers.items
            yield "Number", Number(Calculation("-", one.term, two.term), one.table, is_settled=True), -0.5

    def excess(self, more: tuple[int, Number], than: Number) -> Found:
        """`how many more delivered orders than returned ones`."""
        sign, number = more
        one, two = (number, than) if sign > 0 else (than, number)
        yield "Number", Number(Calculation("-", one.term, two.term), one.table, is_settled=True), -0.5

    def excess_column(self, sign: int, columns: Columns) -> Found:
        """`how much more freight`."""
        number = self.implied(columns)
        if number is not None:
            yield "ExcessOf", (sign, number), 0.0

    def excess_elsewhere(self, more: tuple[int, Number], claim: Claim) -> Found:
        """`how many more orders in 2025 than in 2024`: the same number, of another value of one condition."""
        number = more[1]
        term = number.term
        bare = Rows(number.table, time=time_of_number(number))
        found = self.claimed(bare, claim) if isinstance(term, Measure) and number.table else None
        if found is None or not isinstance(term, Measure):
            return
        other = conjuncts(found[0].where)
        subjects = [subjects_of(c) for c in other]
        kept = [c for c in conjuncts(term.where) if subjects_of(c) not in subjects]
        if len(other) == 1 and len(kept) == len(conjuncts(term.where)) - 1:
            than = replace(number, term=replace(term, where=both(*kept, *other)))
            yield from self.excess(more, than)
