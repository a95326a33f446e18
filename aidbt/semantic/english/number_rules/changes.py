"""Changes of numbers: since the period before, from one period to another, and what runs along time."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Claim, Columns, Condition, Found, Link, Rows, Span
from aidbt.semantic.english.number_rules.aggregates import narrowed, per_cent, time_of_number
from aidbt.semantic.english.number_rules.nested import NestedRules
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.query import Calculation, Compared, Function, Grain, Measure, OneOf, Term, parts

Changing = tuple[str, Number]
"""A number that changed: `change`, `relative_change`, or `decrease`."""
ChangeKind = Literal["change", "relative_change"]
_FROM = ("from", "between", "in")


class ChangeRules(NestedRules):
    """How numbers are held against those of other times and groups."""

    def change_rules(self, rule: Rule) -> None:
        """Add the rules of changes."""
        rule("ChangeIn", "Number", lambda kind, number: [("Changing", (kind, number), 0.0)])
        rule("ChangeIn", "Col", self.changing_column)
        rule("ChangeIn", "Rows", lambda kind, rows: [("Changing", (kind, self.counted(rows)), 0.0)])
        rule("ByPercent", "Number", lambda _, number: [("InPercent", number, 0.0)])
        rule("ByPercent", "Col", self.column_in_percent)
        rule("InPercent", "Grew", lambda number, _: [("Changing", ("relative_change", number), 0.0)])
        rule("Number", "Grew", lambda number, kind: [("Changing", (kind, number), 0.0)])
        rule("Changing", "SinceGrain", self.since_before)
        rule("Time", "ToTime AndTime", lambda one, two: [("TwoTimes", (one, two), 0.0)])
        rule("And", "Time", lambda _, period: [("AndTime", period, 0.0)])
        rule("Prep Between", "TwoTimes", lambda how, two: [("TwoTimes", two, 0.0)] * (how in _FROM))
        rule("Between", "Time", lambda _, period: [("Time", period, 0.4)])
        rule("Changing", "TwoTimes", self.from_one_to_other)
        rule("DifferBetween", "Cond Link", self.between_values)

    def changing_column(self, kind: str, columns: Columns) -> Found:
        """`change in freight`."""
        number = self.implied(columns)
        if number is not None:
            yield "Changing", (kind, number), 0.0

    def column_in_percent(self, _: None, columns: Columns) -> Found:
        """`by what percentage did freight`, before what it did."""
        number = self.implied(columns)
        if number is not None:
            yield "InPercent", number, 0.0

    def since_before(self, changing: Changing, grain: Grain) -> Found:
        """`change of the freight against the previous quarter`."""
        kind, number = changing
        if kind == "decrease":
            return
        is_percent = kind == "relative_change"
        of: ChangeKind = "relative_change" if is_percent else "change"
        found = self.changed(number, grain, of, is_percent=is_percent)
        if found is not None:
            yield "Number", found, -1.0

    def from_one_to_other(self, changing: Changing, times: tuple[Period, Period]) -> Found:
        """`change in the number of orders from 2024 to 2025`."""
        kind, number = changing
        sides = [self._in_period(number, period) for period in times]
        if not isinstance(number.term, Measure) or None in sides:
            return
        one, two = (side.term for side in sides if side is not None)
        if kind == "decrease":
            one, two = two, one
        term: Term = Calculation("-", two, one)
        if kind == "relative_change":
            term = per_cent(Calculation("/", term, one))
        yield "Number", Number(term, number.table, is_settled=True), -2.0

    def changed(self, number: Number, grain: Grain, kind: ChangeKind, *, is_percent: bool) -> Number | None:
        """A number of each length of time beside that of the one before; None where it has no time."""
        time = time_of_number(number) or self.time_of(number.table) if number.table else None
        if time is None or not isinstance(number.term, Measure | Calculation):
            return None
        term: Term = Compared(kind, number.term, replace(time, grain=grain))
        return replace(number, term=per_cent(term) if is_percent else term)

    def running(self, _: None, number: Number) -> Found:
        """`cumulative revenue`; along which time is known when the groups are."""
        yield "Number", replace(number, term=Compared("running", number.term)), 0.0

    def running_column(self, _: None, columns: Columns) -> Found:
        number = self.implied(columns)
        if number is not None:
            yield from self.running(None, number)

    def running_rows(self, _: None, rows: Rows) -> Found:
        yield from self.running(None, self.counted(rows))

    def moving_span(self, span: Span, _: None) -> Found:
        """`3-month moving average`, before it is said of what."""
        if isinstance(span.count, int) and span.count > 1:
            yield "MovingOf", span, -0.5

    def rolling_span(self, span: Span, function: Function) -> Found:
        """`rolling 3-month average`, which is no average of the last three months."""
        if function == "avg":
            for category, meaning, _ in self.moving_span(span, None):
                yield category, meaning, -2.0

    def moving(self, span: Span, number: Number) -> Found:
        """`3-month moving average of freight`: along the time of what is measured, in groups of a month."""
        time = time_of_number(number) or self.time_of(number.table) if number.table else None
        if time is not None and isinstance(span.count, int):
            along = replace(time, grain=span.unit)
            term = Compared("moving_average", number.term, along, steps=span.count)
            yield "Number", replace(number, term=term), 0.0

    def moving_column(self, span: Span, columns: Columns) -> Found:
        number = self.implied(columns)
        if number is not None:
            yield from self.moving(span, number)

    def moving_rows(self, span: Span, rows: Rows) -> Found:
        yield from self.moving(span, self.counted(rows))

    def _in_period(self, number: Number, period: Period) -> Number | None:
        """A number of the rows of one period alone."""
        found = self.claimed(Rows(number.table), period) if number.table else None
        return narrowed(number, found[0].where) if found is not None else None

    def between_values(self, _: None, claim: Claim) -> Found:
        """`differ between Berlin and Lisbon`: values that are named make the groups."""
        if not isinstance(claim, Condition | Link):
            return
        where = claim.predicate if isinstance(claim, Condition) else claim.rows.where
        if any(isinstance(part, OneOf) and len(part.values) > 1 for part in parts(where)):
            yield "Contrast", replace(claim, is_each=False) if isinstance(claim, Condition) else claim, 0.0
