"""Ratios and shares: `ratio of visitors to capacity`, `percentage of orders that were late`."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.number_phrases import Having, Number, Whole
from aidbt.semantic.english.meanings.phrases import Claim, Columns, Compare, Condition, Found, Link, Rows
from aidbt.semantic.english.number_rules.aggregates import PER_CENT, narrowed, per_cent
from aidbt.semantic.english.number_rules.ratio_sides import RatioSides, Second
from aidbt.semantic.query import (
    Attribute,
    Calculation,
    Compared,
    Exists,
    InPeriod,
    Measure,
    Predicate,
    Term,
    Value,
    attributes,
    both,
    conjuncts,
)


class RatioRules(RatioSides):
    """How numbers are put beside each other."""

    def part_of(self, whole: Whole, claim: Claim) -> Found:
        """`percentage of orders` and then `were returned`: the claim makes the part, all rows the whole."""
        if whole.is_ratio or not isinstance(whole.number.term, Measure):
            return
        found = self.claimed(Rows(whole.number.table), claim)
        if found is not None and found[0].where is not None:
            part = narrowed(whole.number, found[0].where)
            # "Loans that are unreturned (no return date)" say the same twice.
            if part != whole.number:
                yield "Number", self.ratio_of(whole.kind, part, whole.number), found[1] - 0.6

    def cut_of(self, compare: Compare, rows: Rows) -> Found:
        """`more than 50% of orders`, before it is said which."""
        if compare.unit == "percent":
            yield "CutOf", (compare, rows), -0.5

    def cut_having(self, cut: tuple[Compare, Rows], claim: Claim) -> Found:
        """`more than 50% of orders were returned`, of each group."""
        compare, rows = cut
        for kind, number, cost in self.part_of(Whole("percentage", self.counted(rows)), claim):
            if isinstance(number, Number) and kind == "Number":
                yield "Having", Having(number, compare.operator, Value(compare.value)), cost

    def part_within(self, whole: Whole) -> Found:
        """`percentage of returned orders in 2024`: the one condition that is no time makes the part."""
        term = whole.number.term
        if whole.is_ratio or not isinstance(term, Measure):
            return
        scope = [c for c in conjuncts(term.where) if isinstance(c, InPeriod)]
        if len(conjuncts(term.where)) - len(scope) == 1:
            every = Number(replace(term, where=both(*scope)), whole.number.table)
            yield "Number", self.ratio_of(whole.kind, whole.number, every), 0.4

    def ratio(self, whole: Whole, second: Second) -> Found:
        """`ratio of A to B`, `A out of B`."""
        is_part, two = second
        one = self.in_scope(whole.number, two, is_part=is_part)
        if is_part and _are_rows_of_two(whole.number, two):
            return  # "completed digs to all digs among the sites" is no part of the sites
        if one is not None and (whole.is_ratio or _are_of_one_kind(one, two)):
            # Sides of one table are meant sooner: the visitors that were counted, and no other visitors.
            yield "Number", self.ratio_of(whole.kind, one, two), -1.5 if one.table == two.table else -1.3

    def ratio_on_average(self, ratio: Number, _: object) -> Found:
        """`ratio of visitors to the capacity on average`: of what each row has of what is its group's."""
        match ratio.term:
            case Calculation("/", Measure("sum") as one, Attribute() as other) if ratio.is_settled:
                term = Calculation("/", replace(one, function="avg"), other)
                yield "Number", replace(ratio, term=term), -0.5

    def ratio_to_that(self, whole: Whole, claim: Condition | Link) -> Found:
        """`ratio of the sales of Porto to those of Lisbon`."""
        two = self.in_place(whole.number, claim) if whole.is_ratio else None
        if two is not None:
            yield "Number", self.ratio_of(whole.kind, whole.number, two), -2.5

    def ratio_to_kind(self, whole: Whole, condition: Condition) -> Found:
        """`ratio of coins to pottery`, of rows that are told by what they are; not `of orders to Spain`."""
        held = conjuncts(whole.number.term.where) if isinstance(whole.number.term, Measure) else ()
        if any(set(attributes(one)) == set(attributes(condition.predicate)) for one in held):
            yield from self.ratio_to_that(whole, condition)

    def ratio_between(self, whole: Whole, two: Number) -> Found:
        """`ratio between the orders and the customers`."""
        if whole.kind == "between":
            yield from self.ratio(whole, (False, two))

    def ratio_between_columns(self, whole: Whole, columns: Columns) -> Found:
        """`ratio between gross and budget`."""
        for _, second, cost in self.second_column(False, columns) if whole.kind == "between" else ():
            if isinstance(second, tuple):
                yield from ((kind, found, cost + more) for kind, found, more in self.ratio(whole, second))

    def ratios(self, said: tuple[str, Number, Number]) -> Found:
        """The sides of a ratio that were found together."""
        yield "Number", self.ratio_of(*said), 0.0

    def ratio_to_rest(self, whole: Whole, others: Number) -> Found:
        """`ratio of Sunday issues to all other issues`."""
        sides = self.rest_of(whole, others) if whole.is_ratio else None
        if sides is not None:
            yield "Number", self.ratio_of(whole.kind, *sides), -1.5

    def out_of(self, share: Number, second: Second) -> Found:
        """`share of orders that were late, out of all shipped orders`: what comes last is the whole."""
        is_part, whole = second
        term = share.term
        is_percentage = isinstance(term, Calculation) and (term.operator, term.right) == ("*", PER_CENT)
        ratio = term.left if isinstance(term, Calculation) and is_percentage else term
        if not is_part or not share.is_settled or not isinstance(ratio, Calculation):
            return
        part, every = ratio.left, whole.term
        if not isinstance(part, Measure) or not isinstance(every, Measure) or ratio.operator != "/":
            return
        if (part.table, part.of) != (every.table, every.of):
            return
        other = ratio.right
        if isinstance(other, Measure) and not set(conjuncts(other.where)) <= set(conjuncts(part.where)):
            # "Ratio of coins to pottery among all finds": both sides are some of them.
            yield "Number", narrowed(share, every.where), -1.5
        else:
            narrower = narrowed(Number(part, part.table), every.where)
            kind = "percentage" if is_percentage else "fraction"
            yield "Number", self.ratio_of(kind, narrower, whole), -1.5

    def ratio_of(self, kind: str, one: Number, two: Number) -> Number:
        """One number by another, per cent where that was asked for; what follows holds of both."""
        term: Term = Calculation("/", one.term, two.term)
        if kind == "percentage":
            term = per_cent(term)
        return Number(term, one.table, is_settled=True)

    def in_scope(self, one: Number, two: Number, *, is_part: bool) -> Number | None:
        """The first number of a ratio under the conditions that are said once, at the end, for both.

        Of "A to B in New York" the city is meant of both, when both are told apart by something else.
        """
        a, b = one.term, two.term
        if not isinstance(a, Measure) or not isinstance(b, Measure) or a.table != b.table:
            return one
        own = {subject for c in conjuncts(a.where) for subject in subjects_of(c)}
        later = [c for c in conjuncts(b.where) if not subjects_of(c) & own]
        is_parallel = len(later) < len(conjuncts(b.where))
        if not later or a.where is None:
            return one
        if not is_part and not is_parallel:
            return None
        return Number(replace(a, where=both(a.where, *later)), one.table)

    def share(self, kind: str, number: Number) -> Found:
        """`as a percentage of total revenue`: of each group beside all of them."""
        term: Term = Compared("share", number.term)
        if kind == "percentage":
            term = per_cent(term)
        yield "Number", replace(number, term=term, is_settled=True), 0.0

    def part_as_share(self, part: Number, share: tuple[str, Number]) -> Found:
        """`freight in 2024 as a percentage of total freight`: a part of what is named."""
        kind, whole = share
        one, two = part.term, whole.term
        if isinstance(one, Measure) and isinstance(two, Measure) and one.where is not None:
            is_part = set(conjuncts(two.where)) < set(conjuncts(one.where))
            if is_part and (one.table, one.function, one.of) == (two.table, two.function, two.of):
                yield "Number", self.ratio_of(kind, part, whole), -1.0

    def column_as_share(self, columns: Columns, share: tuple[str, Number]) -> Found:
        number = self.implied(columns)
        if number is not None:
            yield from self.part_as_share(number, share)

    def share_column(self, kind: str, columns: Columns) -> Found:
        number = self.implied(columns)
        if number is not None:
            yield from self.share(kind, number)

    def share_rows(self, kind: str, rows: Rows) -> Found:
        yield from self.share(kind, self.counted(rows))


def _are_of_one_kind(part: Number, whole: Number) -> bool:
    """Whether a number may be a part of another: no sum of money is a share of so many orders."""
    one, two = part.term, whole.term
    if not isinstance(one, Measure) or not isinstance(two, Measure):
        return True
    is_count, is_of_count = one.function.startswith("count"), two.function.startswith("count")
    # Seats that were taken are a part of the capacity, which another table holds.
    return is_count == is_of_count or (is_count and one.table != two.table)


def _are_rows_of_two(one: Number, two: Number) -> bool:
    """Whether rows of one table are counted beside rows of another one."""
    counts = [n.term for n in (one, two) if isinstance(n.term, Measure) and n.term.function == "count"]
    return len(counts) == len({count.table for count in counts}) == 2


def subjects_of(predicate: Predicate) -> set[object]:
    """What a condition is about: the table whose rows it counts, or its columns."""
    return {predicate.table} if isinstance(predicate, Exists) else set(attributes(predicate))
