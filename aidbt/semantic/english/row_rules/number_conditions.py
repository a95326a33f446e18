"""A column beside numbers: `price between 2 and 5`, `more than 3 bedrooms`, `heavier than 20`."""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.meanings.goodness import goodness
from aidbt.semantic.english.meanings.phrases import Columns, Compare, Condition, Found, Range
from aidbt.semantic.english.meanings.relations import Relations
from aidbt.semantic.english.words.units import factor_of, whole
from aidbt.semantic.graph import GraphColumn
from aidbt.semantic.query import All, AnyOf, Attribute, Comparison, Operator, Predicate, Value, attributes

Adjective = tuple[Columns, Operator]
_OPPOSITES: dict[Operator, Operator] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "="}
# Numbers of which the first is the best.
_RANKS = {"place", "rank", "position", "placing", "standing", "seed", "finish"}
# Numbers that are read as years rather than as amounts.
YEARS = range(1900, 2101)


class NumberConditions(Relations):
    """What columns of numbers say, over one graph."""

    def column(self, attribute: Attribute) -> GraphColumn:
        """The column of an attribute."""
        return self.graph.table(attribute.table).column(attribute.column)

    def is_time(self, attribute: Attribute) -> bool:
        """Whether a column holds times or dates."""
        return self.column(attribute).kind in ("time", "date")

    def only(self, columns: Columns, *kinds: str) -> list[Attribute]:
        """The column, where it is of one of the kinds, and of any rows; else nothing."""
        attribute = self.alone(columns)
        return [attribute] if attribute is not None and self.column(attribute).kind in kinds else []

    def alone(self, columns: Columns) -> Attribute | None:
        """The one column, unless only that of certain rows is meant, as in "quantity of Cola"."""
        is_of_all = columns.rows is None or columns.rows.where is None
        return columns.terms[0] if len(columns.terms) == 1 and is_of_all else None

    def more_than(self, adjective: Adjective, number: float) -> Found:
        """`heavier than 20`; "older than 40" is not said of a year of birth."""
        columns, operator = adjective
        if "year" not in words_of(columns.terms[0].column):
            yield from own(self.compared(columns, Compare(operator, number)))

    def between(self, low: float, high: float, unit: str = "") -> Found:
        if low <= high:
            yield "Range", Range((Compare(">=", low, unit), Compare("<=", high, unit))), 0.0

    def either(self, one: float | Range, joined: tuple[str, float]) -> Found:
        """`4 or 5`, `1, 2 or 3`, of which a column is one; the last is joined with "or"."""
        how, number = joined
        parts = one.parts if isinstance(one, Range) else (Compare("=", one),)
        if not (isinstance(one, Range) and one.is_any) and how in ("or", ","):
            yield "Either", Range((*parts, Compare("=", number)), is_any=how == "or"), 0.0

    def compares(self, one: Compare, joined: tuple[str, Compare]) -> Found:
        """`above 5 and below 10`."""
        how, other = joined
        yield "Range", Range((one, other), is_any=how == "or"), 0.0

    def within(self, columns: Columns, numbers: Range) -> Found:
        """`price between 2 and 5`."""
        for attribute in self.only(columns, "number"):
            found = [self.against_number(attribute, compare) for compare in numbers.parts]
            known = tuple(each for each in found if each is not None)
            if len(known) == len(found):
                yield "Cond", Condition(attribute.table, AnyOf(known) if numbers.is_any else All(known)), 0.0

    def compared(self, columns: Columns, compare: Compare) -> Found:
        """`price above 5`."""
        for attribute in self.only(columns, "number"):
            predicate = self.against_number(attribute, compare)
            if predicate is not None:
                yield "Cond", Condition(attribute.table, predicate), 0.0

    def against_number(self, attribute: Attribute, compare: Compare) -> Predicate | None:
        """A column beside a number, which may be in another unit; None where nothing shows how."""
        factor = factor_of(self.column(attribute), compare.unit) if compare.unit else 1
        if factor is None:
            return None
        value = compare.value if factor == 1 else whole(compare.value / factor)
        return Comparison(compare.operator, attribute, Value(value))

    def equal(self, columns: Columns, number: float) -> Found:
        """`rating 5`; a year is more often a time."""
        if columns.rows is None:
            for _, condition, cost in self.compared(columns, Compare("=", number)):
                yield "Cond", condition, cost + (0.8 if number in YEARS else 0.2)

    def so_much(self, compare: Compare, columns: Columns, cost: float = 0.1) -> Found:
        """`less than 20000 miles`, `more than 3 bedrooms`, of a column that holds how many."""
        if columns.rows is None:
            for category, condition, more in own(self.compared(columns, compare)):
                yield category, condition, more + cost

    def one_of_so_much(self, numbers: Range, columns: Columns) -> Found:
        """`4 or 5 stars`, `between 2 and 4 bedrooms`."""
        if columns.rows is None:
            for category, condition, cost in own(self.within(columns, numbers)):
                yield category, condition, cost + 0.1

    def rated(self, columns: Columns, condition: Condition) -> Found:
        """`rated above 3 stars`, `weigh more than 23 kg`: the column is named twice."""
        if columns.rows is None and attributes(condition.predicate) == list(columns.terms):
            yield "Cond", condition, -0.3

    def or_better(self, columns: Columns, number: tuple[int | float, bool]) -> Found:
        """`a score of 8 or better`, `a place of 3 or better`: where it is known what is the better."""
        value, is_better = number
        good = goodness(columns)
        names = {word for column in attributes(columns) for word in singular_words(column.column)}
        is_high = False if names & _RANKS else good
        if is_high is not None:
            yield from self.compared(columns, Compare(">=" if is_high == is_better else "<=", value))

    def opposite_comparison(self, _: object, compare: Compare) -> Found:
        yield "CmpNum", replace(compare, operator=_OPPOSITES[compare.operator]), 0.0


def own(found: Found) -> Found:
    """Conditions that a verb says of the rows themselves."""
    for category, condition, cost in found:
        if isinstance(condition, Condition):
            yield category, replace(condition, is_own=True), cost
