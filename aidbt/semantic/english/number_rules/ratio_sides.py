"""What the two sides of a ratio may be: rows, numbers, columns, and words that leave out what both share."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.number_phrases import Number, Whole
from aidbt.semantic.english.meanings.phrases import Claim, Columns, Condition, Found, Link, Rows
from aidbt.semantic.english.meanings.same_rows import negated
from aidbt.semantic.english.number_rules.aggregates import AggregateRules, only
from aidbt.semantic.query import Exists, InPeriod, Measure, Predicate, attributes, both, conjuncts

Second = tuple[bool, Number]
"""What comes second, and whether the words say that it is the whole of which the first is a part."""


class RatioSides(AggregateRules):
    """How the sides of ratios and shares are made of phrases."""

    def whole_rows(self, kind: str, rows: Rows) -> Found:
        """`percentage of orders`, before it is said which."""
        yield "Whole", Whole(kind, self.counted(rows)), 0.0

    def whole_number(self, kind: str, number: Number) -> Found:
        """`share of the total revenue`, `ratio of the number of orders`."""
        yield "Whole", Whole(kind, number), 0.0

    def whole_column(self, kind: str, columns: Columns) -> Found:
        """`share of revenue`: of a number that adds up, its sum; a ratio may be of what each row has."""
        number = self.implied(columns)
        if number is None and kind in ("ratio", "between"):
            number = self._each_one(columns)
        if number is not None:
            yield "Whole", Whole(kind, number), 0.1

    def second_rows(self, is_part: bool, rows: Rows) -> Found:
        yield "Second", (is_part, self.counted(rows)), 0.0

    def second_number(self, is_part: bool, number: Number) -> Found:
        yield "Second", (is_part, number), 0.0

    def second_column(self, is_part: bool, columns: Columns) -> Found:
        """`to the budget of each department`, `to freight in 2025`."""
        is_of_some = columns.rows is not None and columns.rows.where is not None
        number = self.implied(columns) if is_of_some else self._each_one(columns)
        if number is not None:
            yield "Second", (is_part, number), 0.1

    def second_others(self, _: bool, rows: Rows) -> Found:
        """`to all other orders`, beside orders of some kind."""
        yield "SecondOthers", self.counted(rows), 0.0

    def second_kind(self, is_part: bool, condition: Condition) -> Found:
        """`to pottery`, beside coins: what comes second is told by another value alone."""
        if not is_part:
            yield "ToKind", condition, 0.0

    def _each_one(self, columns: Columns) -> Number | None:
        """What each row has of a column: the groups decide whether it is that, or a sum."""
        column = only(columns)
        if column is None or not self.is_measured(column):
            return None
        if columns.rows is not None and self.distance(columns.rows.table, column.table) is None:
            return None
        return Number(column, column.table)

    def alike_side(self, side: tuple[str, Condition], second: Second) -> Found:
        """`ratio of male to female animals`: the first side is of what the second one names."""
        kind, condition = side
        two = second[1]
        found = self.in_place(two, condition)
        if found is not None and not second[0]:
            yield "Ratios", (kind, found, two), -1.5

    def in_place(self, two: Number, condition: Condition | Link) -> Number | None:
        """A number with another value in the place of the one that its rows are told by."""
        if not isinstance(two.term, Measure):
            return None
        times = [c for c in conjuncts(two.term.where) if isinstance(c, InPeriod)]
        told = [c for c in conjuncts(two.term.where) if c not in times]
        found = self.claimed(Rows(two.table), condition)
        wanted = conjuncts(found[0].where) if found else ()
        rivals = [c for c in told if len(wanted) == 1 and _is_rival(c, wanted[0])]
        if len(wanted) != 1 or (len(told) > 1 and len(rivals) != 1):
            return None
        kept = (c for c in conjuncts(two.term.where) if c not in (rivals or told))
        return replace(two, term=replace(two.term, where=both(*wanted, *kept)))

    def all_of(self, whole: Whole) -> Number:
        """All rows of the table that the first side of a ratio is of."""
        return self.counted(Rows(whole.number.table))

    def rest_of(self, whole: Whole, others: Number) -> tuple[Number, ...] | None:
        """Rows of a kind, and all that are not; a time at the end holds of both."""
        one, two = whole.number.term, others.term
        if not isinstance(one, Measure) or not isinstance(two, Measure) or one.table != two.table:
            return None
        times = conjuncts(two.where)
        said = [c for c in conjuncts(one.where) if c not in times]
        if len(said) != 1 or isinstance(said[0], Exists | InPeriod):
            return None
        if not all(isinstance(time, InPeriod) for time in times):
            return None
        part, rest = both(said[0], *times), both(negated(said[0]), *times)
        return tuple(Number(replace(one, where=where), one.table) for where in (part, rest))


def _is_rival(one: Predicate, other: Predicate) -> bool:
    """Whether two conditions are of the same column, and differ."""
    return one != other and bool(attributes(one)) and set(attributes(one)) == set(attributes(other))


def ratio_side(kind: str, claim: Claim) -> Found:
    """`ratio of male`, before what is male is named."""
    if isinstance(claim, Condition) and kind in ("ratio", "between"):
        yield "RatioSide", (kind, claim), 0.0
