"""A column that is empty, or is not: `without a phone`, `not shipped yet`, `with a bonus`."""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.words import singular_words
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Found
from aidbt.semantic.english.meanings.same_rows import negated
from aidbt.semantic.english.row_rules.number_conditions import own
from aidbt.semantic.english.row_rules.text_conditions import TextConditions
from aidbt.semantic.english.words.amount_names import is_of_what_is_left
from aidbt.semantic.english.words.units import is_money
from aidbt.semantic.query import (
    AnyOf,
    Attribute,
    Comparison,
    Duration,
    Missing,
    Not,
    Predicate,
    Value,
    both,
    parts,
)


class Absences(TextConditions):
    """What columns say that hold nothing, over one graph."""

    def absent(self, columns: Columns) -> Condition | None:
        """That a column is empty; None of one that never is, and of several."""
        attribute = self.alone(columns)
        if attribute is None or not self.column(attribute).nullable:
            return None
        return Condition(attribute.table, Missing(attribute), is_own=True)

    def missing(self, columns: Columns) -> Found:
        """`without a phone`."""
        absent = self.absent(columns)
        if absent:
            yield "Cond", absent, 0.3

    def said_missing(self, columns: Columns) -> Found:
        """`phone is missing`, also where it never is."""
        attribute = self.alone(columns)
        if attribute is not None:
            cost = 0.3 if self.column(attribute).nullable else 0.6
            yield "Cond", Condition(attribute.table, Missing(attribute), is_own=True), cost

    def not_done(self, did: Columns) -> Found:
        """`not shipped yet`."""
        yield from own(self.missing(did))

    def none(self, columns: Columns) -> Found:
        """`without a phone number`; of an amount, "no bonus" is also one of 0."""
        numbers = self.only(columns, "number")
        if not numbers:
            yield from self.missing(columns)
        for attribute in numbers:
            zero: Predicate = Comparison("=", attribute, Value(0))
            if self.column(attribute).nullable:
                zero = AnyOf((Missing(attribute), zero))
            yield "Cond", Condition(attribute.table, zero, is_own=True), 0.2

    def present(self, columns: Columns) -> Found:
        """`with a phone number`; an amount that is always known is there when it is not 0."""
        absent = self.absent(columns)
        if self._is_left(columns):
            yield from self.in_stock(columns)
        elif absent:
            yield "Cond", replace(absent, predicate=Not(absent.predicate)), 0.3
        for attribute in self.only(columns, "number") if not absent else ():
            if is_money(self.column(attribute)):
                more = Comparison(">", attribute, Value(0))
                yield "Cond", Condition(attribute.table, more, is_own=True), 0.6

    def in_stock(self, columns: Columns) -> Found:
        """`have sheets left on hand`, of a number of what is left."""
        for attribute in self.only(columns, "number") if self._is_left(columns) else ():
            more = Comparison(">", attribute, Value(0))
            yield "Cond", Condition(attribute.table, more, is_own=True), -0.6

    def _is_left(self, columns: Columns) -> bool:
        return is_of_what_is_left(singular_words(columns.terms[0].column))

    def opposite(self, condition: Condition) -> Found:
        """What a condition denies; what was never filled was not filled within a week, either."""
        said = condition.predicate
        for end in dict.fromkeys(part.end for part in parts(said) if isinstance(part, Duration)):
            if isinstance(end, Attribute) and self.column(end).nullable and Missing(end) not in parts(said):
                said = both(Not(Missing(end)), said) or said
        yield "Cond", replace(condition, predicate=negated(said)), 0.0
