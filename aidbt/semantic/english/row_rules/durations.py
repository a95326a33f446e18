"""Times: when something was done, and how long it took or was after something else."""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.phrases import (
    Amount,
    Claim,
    Columns,
    Compare,
    Condition,
    Found,
    Recurring,
    Rows,
    Span,
)
from aidbt.semantic.english.meanings.row_times import ORIGINS, in_year, on_days
from aidbt.semantic.english.row_rules.conditions import ConditionRules
from aidbt.semantic.english.row_rules.number_conditions import Adjective, own
from aidbt.semantic.english.words.deadlines import is_of_today
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.english.words.tokens import verb_stem
from aidbt.semantic.english.words.units import unit_of
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import (
    All,
    Attribute,
    Comparison,
    Duration,
    Grain,
    InPeriod,
    Missing,
    Not,
    Operator,
    Predicate,
    TimePoint,
    Value,
    both,
)

_AFTER = (">", "of", "from")
# Whole numbers of such a name are years.
_FOUNDED = {"founded", "established", "incorporated", "built", "opened", "launched", "published", "released"}
_BIRTHS = ("birth", "dob", "date_of_birth", "born")
_AMOUNTING = ("of", "at", "by")
SameAs = tuple[Grain, Columns]
"""A grain, and the time that something else is in the same of."""
Side = tuple[Operator, Span, str]
SpanFrom = tuple[Operator, Span, str, Attribute]
"""How long, and whether before ("<") or after (">") something else."""


class DurationRules(ConditionRules):
    """What is said of times, over one graph."""

    def duration_rules(self, rule: Rule) -> None:
        """Add the rules of times."""
        rule("Col Did", "Time", lambda columns, period: own(self.at_time(columns, period)))
        rule("ByTime", "Col", lambda _, columns: [("ByTimeOf", columns, 0.0)])
        rule("Time", "ByTimeOf", lambda period, columns: own(self.at_time(columns, period)))
        rule("Did", "Claim", self.on_days)
        rule("Time", "CmpAfter", self.or_later)
        rule("AdjCol", "Span", self.older)
        rule("AdjCol", "Num", self.older_in_years)
        rule("AdjCol", "Span", lambda adj, span: [("Aged", (adj, span), 0.0)])
        rule("AdjCol", "Num", lambda adj, years: [("Aged", (adj, Span(years, Grain.YEAR)), 0.0)])
        rule("Prep", "Col", lambda how, col: [("AtCol", col, 0.0)] if how in ("on", "at") else [])
        rule("Rel", "TheyDid", lambda _, did: [("AtCol", did, 0.0)])
        rule("Aged", "AtCol", self.aged_at)
        rule("Prep", "CmpSpan", lambda how, span: [("ForSpan", span, 0.0)] if how == "for" else [])
        rule("Did", "ForSpan", self.done_for)
        rule("Did", "AtCol", lambda did, when: own(self.at_same(did, (Grain.DAY, when))))
        rule("Prep", "Col Event", lambda how, col: [("OfDid", col, 0.0)] if how == "of" else [])
        rule("DateOf", "Rel InWhich", lambda word, _: [("DateOf", word, 0.0)])
        rule("DateOf", "Did", lambda _, did: self.date_done(did))
        rule("DateOf", "ToDid OfDid", lambda _, did: self.date_done(did))
        rule("Prep", "Did", lambda how, did: [("OfDid", did, 0.0)] if how == "of" else [])
        rule("Cond", "Today", self.said_of_today)
        self._same_rules(rule)
        self._span_rules(rule)
        self._lapse_rules(rule)

    def _same_rules(self, rule: Rule) -> None:
        """Within a length of time, and in the same one as something else."""
        rule("Within", "Span", lambda _, span: [("WithinSpan", span, 0.0)])
        rule("Did", "WithinSpan", lambda did, span: self.took(("<=", span), did))
        rule("Same", "Prep", lambda unit, how: [("Same", unit, 0.0)] if how == "as" else [])
        rule("Same", "Rel InWhich", lambda unit, _: [("Same", unit, 0.0)])
        rule("Same", "TheyDid", self.same_as_they)
        rule("Grain", "TheyDid", self.same_as_they)
        rule("Prep", "TheySame", lambda how, same: [("TheySame", same, 0.0)] * (how == "in"))
        rule("Rows", "TheySame", lambda rows, other: self.rows_at_theirs("Rows", rows, other))
        rule("Act", "TheySame", lambda rows, other: self.rows_at_theirs("Act", rows, other))
        rule("Same", "Col Did", lambda unit, columns: [("SameAs", (Grain(unit), columns), 0.0)])
        rule("Same", "Rows", self.same_as_rows)
        rule("Col", "SameAs", self.at_same)
        rule("Did", "SameAs", lambda did, other: own(self.at_same(did, other)))
        rule("Rows", "SameAs", lambda rows, other: self.rows_at_same("Rows", rows, other))
        rule("Act", "SameAs", lambda rows, other: self.rows_at_same("Act", rows, other))

    def _span_rules(self, rule: Rule) -> None:
        """Lengths of time, and columns that hold them."""
        rule("Num", "Grain", lambda count, unit: [("Span", Span(count, unit), 0.0)])
        rule("Cmp", "Span", lambda operator, span: [("CmpSpan", (operator, span), 0.0)])
        rule("Span", "CmpAfter", lambda span, operator: [("CmpSpan", (operator, span), 0.0)])
        rule("Within", "Span", lambda _, span: [("CmpSpan", ("<=", span), 0.0)])
        rule("Prep", "CmpSpan", lambda how, span: [("CmpSpan", span, 0.0)] if how in _AMOUNTING else [])
        rule("Prep", "Span", lambda how, span: [("CmpSpan", ("=", span), 0.2)] if how == "of" else [])
        rule("Col Rated", "CmpSpan", self.amounting)
        rule("Sized", "CmpSpan", lambda columns, measured: own(self.amounting(columns, measured)))
        rule("AdjCol", "Span", lambda adj, span: own(self.amounting(adj[0], (adj[1], span))))
        rule("And Prep", "Span", lambda how, high: [("JSpan", high, 0.0)] if how in ("and", "to") else [])
        rule("BetweenNum", "JSpan", lambda low, high: self.between(low, high.count, unit_of(high.unit)))

    def _lapse_rules(self, rule: Rule) -> None:
        """How long after or before something else, and how long it took."""
        rule("CmpSpan Span", "When Prep", self.span_side)
        rule("SpanSide", "Col Did", self.span_from)
        rule("Did", "SpanFrom", self.did_span)
        rule("Rows", "SpanFrom", lambda rows, measured: self.rows_span("Rows", rows, measured))
        rule("Act", "SpanFrom", lambda rows, measured: self.rows_span("Act", rows, measured))
        rule("Took", "CmpSpan", lambda _, span: [("TookSpan", span, 0.0)])
        rule("Prep", "Did", lambda how, did: [("ToDid", did, 0.0)] if how == "to" else [])
        rule("TookSpan", "ToDid", self.took)
        rule("TookSpan", "ToDid", lambda span, did: [("TookSpanTo", (span, did), 0.0)])
        rule("When", "TheyDid", lambda how, did: [("AfterTheyDid", did, 0.0)] if how in (">", ">=") else [])
        rule("TookSpanTo", "AfterTheyDid", self.took_after)
        rule("Count", "Amount", lambda _, amount: [("Amount", amount, -0.2)])
        rule("They", "Took", lambda *_: [("TheyTook", None, 0.0)])
        rule("Is", "TheyTook", lambda *_: [("TheyTook", None, 0.0)])
        rule("TheyTook", "Fill", lambda *_: [("TheyTook", None, 0.0)])
        rule("TheyTook", "ToDid", lambda _, did: [("TookTo", did, 0.0)])
        rule("TheyTook", "OnAverage", lambda *_: [("TookOnAverage", None, 0.0)])
        rule("TookOnAverage", "ToDid", lambda _, did: [("TookMean", did, 0.0)])
        rule("Grain", "TookMean", lambda unit, did: _renamed("MeanAmount", self.taken(unit, did)))
        rule("MeanAmount", "Rows", lambda mean, rows: _renamed("MeanAmount", self.taken_of(mean, rows)))
        rule("Grain", "ToDid TookTo", self.taken)
        rule("HowLong", "TookTo", self.taken_in_days)
        rule("HowLong", "TookMean", lambda _, did: _renamed("MeanAmount", self.taken_in_days(None, did)))
        rule("Amount", "Rows", self.taken_of)
        rule("Amount", "AfterTheyDid", self.taken_after)

    def at_time(self, columns: Columns, period: Period) -> Found:
        """`hired in 2024`, `order date before 2024-03-01`."""
        attribute = self.alone(columns)
        if attribute is None:
            return
        if self.is_time(attribute):
            predicate: Predicate | None = InPeriod(attribute, period.start, period.end)
        elif self.is_year(attribute):
            predicate = in_year(attribute, period)
        else:
            return
        if predicate:
            yield "Cond", Condition(attribute.table, predicate), 0.0

    def said_of_today(self, condition: Condition, _: object) -> Found:
        """`overdue as of today`, `open today`."""
        if is_of_today(condition.predicate):
            yield "Cond", condition, -0.3

    def is_year(self, attribute: Attribute) -> bool:
        """Whether a column of numbers is a year: "built_year", "yearfounded", or just "founded"."""
        name = attribute.column.lower()
        is_named = name.startswith("year") or name.endswith(("year", "_yr")) or "year" in singular_words(name)
        return self.column(attribute).kind == "number" and (is_named or name in _FOUNDED)

    def date_done(self, did: Columns) -> Found:
        """`the date they were hired`, `the date of joining`."""
        if self.only(did, "time", "date"):
            yield "Col", did, 0.0

    def amounting(self, columns: Columns, measured: tuple[Operator, Span]) -> Found:
        """`delay over 60 minutes`, of a column of numbers."""
        operator, span = measured
        yield from self.compared(columns, Compare(operator, span.count, unit_of(span.unit)))

    def same_as_rows(self, unit: str, rows: Rows) -> Found:
        """`in the same month as the customer signed up`."""
        if rows.time is not None and rows.where is None:
            yield "SameAs", (Grain(unit), Columns((rows.time,))), 0.0

    def same_as_they(self, unit: str, did: Columns) -> Found:
        """`in the same month as they signed up`, `in the month they were hired`."""
        if unit not in (Grain.SECOND, Grain.MINUTE, Grain.HOUR):
            yield "TheySame", (Grain(unit), did), 0.0

    def rows_at_theirs(self, category: str, rows: Rows, same: SameAs) -> Found:
        """`orders in the month they signed up`: who did is somebody that the orders belong to."""
        if same[1].terms[0].table != rows.table:
            yield from self.rows_at_same(category, rows, same)

    def at_same(self, columns: Columns, same: SameAs) -> Found:
        """`closed on the same day they were opened`."""
        unit, others = same
        for one in self.only(columns, "time", "date"):
            for two in self.only(others, "time", "date"):
                path = self.path(one.table, two.table)
                if one != two and path is not None and is_to_one(path):
                    is_same = Comparison("=", replace(one, grain=unit), replace(two, grain=unit))
                    yield "Cond", Condition(one.table, is_same), 0.2 * len(path)

    def rows_at_same(self, category: str, rows: Rows, same: SameAs) -> Found:
        """`orders placed in the same month as the customer signed up`."""
        time = rows.time or self.time_of(rows.table)
        for _, condition, cost in self.at_same(Columns((time,)), same) if time is not None else ():
            if isinstance(condition, Condition):
                yield category, replace(rows, where=both(rows.where, condition.predicate)), cost + 0.1

    def or_later(self, period: Period, operator: Operator) -> Found:
        """`in 2005 or later`."""
        is_later = operator == ">="
        ends = replace(period, end=None) if is_later else replace(period, start=None)
        yield "Time", ends, 0.0

    def on_days(self, did: Columns, claim: Claim) -> Found:
        """`shipped on weekends`."""
        if isinstance(claim, Recurring):
            for attribute in self.only(did, "time", "date"):
                yield "Cond", Condition(attribute.table, on_days(attribute, claim), is_own=True), 0.0

    def older(self, adjective: Adjective, span: Span) -> Found:
        """`older than 30 years`: more time has passed since."""
        for attribute in self.only(adjective[0], "time", "date"):
            ago = TimePoint(shift=-int(span.count), unit=span.unit)
            if span.count == int(span.count):
                is_later = adjective[1] == ">"
                period = InPeriod(attribute, ago if is_later else None, None if is_later else ago)
                yield "Cond", Condition(attribute.table, period), 0.0

    def done_for(self, did: Columns, measured: tuple[Operator, Span]) -> Found:
        """`employed for more than 20 years`, of what came to be and went on."""
        operator, span = measured
        for attribute in self.only(did, "time", "date"):
            is_begun = {verb_stem(word) for word in words_of(attribute.column)} & ORIGINS
            if is_begun and span.count == int(span.count) and operator != "=":
                ago = TimePoint(shift=-int(span.count), unit=span.unit)
                is_long = operator in (">", ">=")
                period = InPeriod(attribute, None if is_long else ago, ago if is_long else None)
                yield "Cond", Condition(attribute.table, period, is_own=True), -0.3

    def older_in_years(self, adjective: Adjective, years: float) -> Found:
        """`older than 30`, of whom the day of birth is known."""
        if adjective[0].terms[0].column.lower().startswith(_BIRTHS):
            yield from self.older(adjective, Span(years, Grain.YEAR))

    def aged_at(self, aged: tuple[Adjective, Span], when: Columns) -> Found:
        """`younger than 18 on the day they joined`."""
        (columns, operator), span = aged
        for born in self.only(columns, "time", "date"):
            for then in self.only(when, "time", "date"):
                path = self.path(then.table, born.table)
                is_known = born.column.lower().startswith(_BIRTHS) and path is not None and is_to_one(path)
                if is_known and span.count == int(span.count):
                    is_less: Operator = "<" if operator == ">" else ">"
                    lived = Comparison(is_less, Duration(born, then, span.unit), Value(int(span.count)))
                    yield "Cond", Condition(then.table, lived, is_own=True), -0.5

    def span_side(self, measured: Span | tuple[Operator, Span], side: str) -> Found:
        """`within 3 days of`, `more than 5 days after`."""
        operator, span = ("=", measured) if isinstance(measured, Span) else measured
        if side in _AFTER or side == "<":
            yield "SpanSide", (operator, span, "<" if side == "<" else ">"), 0.0

    def are_days_counted(self, start: Attribute, end: Attribute, unit: Grain) -> bool:
        """Whether days are counted as on a calendar, since of one end only the day is known."""
        return unit is Grain.DAY and {self.column(start).kind, self.column(end).kind} == {"time", "date"}

    def lasting_so(self, start: Attribute, end: Attribute, operator: Operator, span: Span) -> Predicate:
        """That a time lasts so long; never before it begins, when only its greatest length is said."""
        lasts = Duration(start, end, span.unit, self.are_days_counted(start, end, span.unit))
        found = Comparison(operator, lasts, Value(span.count))
        return All((Comparison(">=", lasts, Value(0)), found)) if operator in ("<", "<=") else found

    def span_from(self, side: Side, columns: Columns) -> Found:
        for attribute in self.only(columns, "time", "date"):
            yield "SpanFrom", (*side, attribute), 0.0

    def did_span(self, did: Columns, measured: SpanFrom) -> Found:
        """`shipped within 3 days of the order date`."""
        operator, span, side, other = measured
        for done in self.only(did, "time", "date"):
            path = self.path(done.table, other.table)
            if path is not None and is_to_one(path) and done != other:
                start, end = (other, done) if side == ">" else (done, other)
                yield (
                    "Cond",
                    Condition(done.table, self.lasting_so(start, end, operator, span)),
                    0.2 * len(path),
                )

    def rows_span(self, category: str, rows: Rows, measured: SpanFrom) -> Found:
        """`customers who ordered within 30 days of signing up`: when the orders happened."""
        time = rows.time or self.time_of(rows.table)
        for _, condition, cost in self.did_span(Columns((time,)), measured) if time is not None else ():
            if isinstance(condition, Condition):
                yield category, replace(rows, where=both(rows.where, condition.predicate)), cost + 0.1

    def took(self, measured: tuple[Operator, Span], did: Columns) -> Found:
        """`took longer than 3 days to ship`: from when the row happened."""
        for end in self.only(did, "time", "date"):
            start = self.time_of(end.table)
            if start is not None and start != end:
                yield "Cond", Condition(end.table, self.lasting_so(start, end, *measured)), 0.2

    def took_after(self, took: tuple[tuple[Operator, Span], Columns], first: Columns) -> Found:
        """`took longer than 5 months to be banked after they were collected`."""
        measured, did = took
        for end in self.only(did, "time", "date"):
            for start in self.only(first, "time", "date"):
                if start.table == end.table and start != end:
                    yield "Cond", Condition(end.table, self.lasting_so(start, end, *measured)), 0.0

    def taken(self, unit: Grain, did: Columns) -> Found:
        """`days to ship`, `hours it takes to ship`: from when the row happened."""
        for end in self.only(did, "time", "date"):
            start = self.time_of(end.table)
            if start is not None and start != end:
                done = Not(Missing(end)) if self.column(end).nullable else None
                rows = Rows(end.table, done) if done else None
                yield "Amount", Amount(end.table, Duration(start, end, unit), rows), 0.0

    def taken_in_days(self, _: object, did: Columns) -> Found:
        """`how long it takes to ship`: in days, where no hour is known of either end."""
        for category, amount, cost in self.taken(Grain.DAY, did):
            term = amount.term if isinstance(amount, Amount) else None
            ends = (term.start, term.end) if isinstance(term, Duration) else ()
            if all(isinstance(end, Attribute) and self.column(end).kind == "date" for end in ends):
                yield category, amount, cost

    def taken_of(self, amount: Amount, rows: Rows) -> Found:
        """`days to ship an order`."""
        if rows.table == amount.table and rows.time is None and amount.rows in (None, self._done(amount)):
            where = both(rows.where, amount.rows.where if amount.rows is not None else None)
            yield "Amount", replace(amount, rows=replace(rows, where=where)), -0.1

    def taken_after(self, amount: Amount, first: Columns) -> Found:
        """`days it takes to fix a fault after it is reported`."""
        term = amount.term
        for start in self.only(first, "time", "date") if isinstance(term, Duration) else ():
            if isinstance(term, Duration) and start.table == amount.table and start != term.end:
                yield "Amount", replace(amount, term=replace(term, start=start)), -0.5

    def _done(self, amount: Amount) -> Rows | None:
        """The rows of which it is known how long it took."""
        end = amount.term.end if isinstance(amount.term, Duration) else None
        return Rows(amount.table, Not(Missing(end))) if isinstance(end, Attribute) else None


def _renamed(category: str, found: Found) -> Found:
    """The same meanings under another category."""
    return [(category, meaning, cost) for _, meaning, cost in found]
