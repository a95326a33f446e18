"""Conditions: a column beside a number, a value, a text, a time, another column, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aidbt.semantic.english.chart import Combine, Lift
from aidbt.semantic.english.periods import Period
from aidbt.semantic.english.phrases import (
    Claim,
    Claims,
    Columns,
    Compare,
    Condition,
    Found,
    Opposite,
    Range,
    Recurring,
    Span,
)
from aidbt.semantic.english.relations import Relations, in_year, on_days
from aidbt.semantic.graph import GraphColumn, is_to_one
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Comparison,
    Duration,
    InPeriod,
    Matches,
    Missing,
    Not,
    OneOf,
    Operator,
    Predicate,
    TimePoint,
    Value,
)

Rule = Callable[[str, str, Combine], None]
"""Adds a rule for each pair of the categories named, with blanks between, on the left and on the right."""
LiftRule = Callable[[str, Lift], None]

_OPPOSITES: dict[Operator, Operator] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "="}
_CLAIMS = "Cond Link Claim"
_AT = ("of", "at")
_AFTER = (">", "of", "from")
Texts = tuple[str, ...]
Joined = tuple[str, Condition]


class ConditionRules(Relations):
    """What columns say, over one graph."""

    def condition_rules(self, rule: Rule, lift: LiftRule) -> None:
        """Add the rules of conditions."""
        rule("Cmp", "Num", lambda operator, number: [("CmpNum", Compare(operator, number), 0.0)])
        rule("Num", "CmpAfter", lambda number, operator: [("CmpNum", Compare(operator, number), 0.0)])
        rule("Between", "Num", lambda _, low: [("BetweenNum", low, 0.0)])
        rule("BetweenNum", "JNum", self.between)
        rule("And Prep", "Num", lambda how, high: [("JNum", high, 0.0)] if how in ("and", "to") else [])
        rule("And Or", "CmpNum", lambda how, compare: [("JCmp", (how, compare), 0.0)])
        rule("CmpNum", "JCmp", self.compares)
        rule("Prep", "CmpNum", lambda how, compare: [("CmpNum", compare, 0.0)] if how in _AT else [])
        rule("Prep", "Num", lambda how, number: [("CmpNum", Compare("=", number), 0.2)] if how in _AT else [])
        rule("Prep", "Range", lambda how, parts: [("Range", parts, 0.0)] if how in _AT else [])
        rule("Cmp When", "Col Did", self.than_column)
        rule("Col Rated", "CmpNum", self.compared)
        rule("AdjCol", "Num", lambda adj, number: self.compared(adj[0], Compare(adj[1], number)))
        rule("AdjCol", "Col Did", lambda adj, other: self.compared_columns(adj[0], Compare(adj[1], other)))
        rule("AdjCol", "Span", self.older)
        rule("Col Rated", "Range", self.within)
        rule("CmpNum", "Col", self.so_much)
        rule("Num", "Col", lambda number, columns: self.so_much(Compare("=", number), columns, 0.4))
        rule("Col Did", "CmpCol", self.compared_columns)
        rule("Col Rated", "Num", self.equal)
        lift("Rated", self.present)
        rule("Col", "Val", self.own_value)
        rule("Val", "Col", lambda value, columns: self.own_value(columns, value))
        rule("Col Did", "Time", self.at_time)
        rule("Did", "Claim", self.on_days)
        rule("Col", "Texts", self.is_text)
        rule("Like", "Texts", lambda how, texts: [("LikeText", (how, texts), 0.0)])
        rule("Col", "LikeText", self.like)
        rule("TextIn", "Col", lambda texts, columns: self.like(columns, ("contains", texts)))
        rule("Texts", "Prep", self.text_in)
        rule("Texts", "JTexts", lambda one, other: [("Texts", (*one, *other), 0.0)])
        rule("And Or Comma", "Texts", lambda _, texts: [("JTexts", texts, 0.0)])
        lift("Quo", lambda text: [("Texts", (text,), 0.0)])
        rule("Col", "Null", lambda columns, _: self.missing(columns))
        rule("Null", "Col", lambda _, columns: self.missing(columns))
        rule("Neg No", "Col", lambda _, columns: self.missing(columns))
        rule("Neg", "Did", lambda _, columns: self.missing(columns))
        rule("Owning", "Col", lambda _, columns: self.present(columns))
        rule("Neg", "Cond", lambda _, condition: self.opposite(condition))
        rule("Neg", "Claim Time", lambda _, claim: [("Claim", Opposite(claim), 0.1)])
        rule("Neg", "CmpNum", self.opposite_comparison)
        lift("Val", lambda condition: [("Cond", condition, 0.05)])
        self._joining_rules(rule)
        self._duration_rules(rule)

    def _joining_rules(self, rule: Rule) -> None:
        rule("And Or Comma", "Val", lambda how, value: [("JVal", (how, value), 0.0)])
        rule("Val", "JVal", self.values)
        rule("And Or", _CLAIMS, lambda how, claim: [("JClaim", (how, claim), 0.1)])
        rule("Comma", _CLAIMS, lambda _, claim: [("JClaim", ("and", claim), 0.4)])
        rule("Or", "Time", lambda how, period: [("JTime", period, 0.0)])
        rule("Time", "JTime", lambda one, other: [("Claim", Claims((one, other), is_any=True), 0.0)])
        rule(_CLAIMS, "JClaim", self.claims)
        rule("Comma", "And Or", lambda _, how: [("Or" if how in ("or", "nor") else "And", how, 0.0)])

    def _duration_rules(self, rule: Rule) -> None:
        rule("Num", "Grain", lambda count, unit: [("Span", Span(count, unit), 0.0)])
        rule("Cmp", "Span", lambda operator, span: [("CmpSpan", (operator, span), 0.0)])
        rule("Span", "CmpAfter", lambda span, operator: [("CmpSpan", (operator, span), 0.0)])
        rule("Within", "Span", lambda _, span: [("CmpSpan", ("<=", span), 0.0)])
        rule("CmpSpan Span", "When Prep", self.span_side)
        rule("SpanSide", "Col Did", self.span_from)
        rule("Did", "SpanFrom", self.did_span)
        rule("Took", "CmpSpan", lambda _, span: [("TookSpan", span, 0.0)])
        rule("TookSpan", "Did", self.took)

    # --- what columns are ---------------------------------------------------------------------------------

    def column(self, attribute: Attribute) -> GraphColumn:
        """The column of an attribute."""
        return self.graph.table(attribute.table).column(attribute.column)

    def is_time(self, attribute: Attribute) -> bool:
        """Whether a column holds times or dates."""
        return self.column(attribute).kind in ("time", "date")

    # --- numbers ------------------------------------------------------------------------------------------

    def between(self, low: float, high: float) -> Found:
        if low <= high:
            yield "Range", Range((Compare(">=", low), Compare("<=", high))), 0.0

    def compares(self, one: Compare, joined: tuple[str, Compare]) -> Found:
        """`above 5 and below 10`."""
        how, other = joined
        yield "Range", Range((one, other), is_any=how == "or"), 0.0

    def within(self, columns: Columns, numbers: Range) -> Found:
        """`price between 2 and 5`."""
        for attribute in _only(columns, self, "number"):
            found = tuple(Comparison(c.operator, attribute, Value(c.value)) for c in numbers.parts)
            yield "Cond", Condition(attribute.table, AnyOf(found) if numbers.is_any else All(found)), 0.0

    def compared(self, columns: Columns, compare: Compare) -> Found:
        """`price above 5`."""
        for attribute in _only(columns, self, "number"):
            if not isinstance(compare.value, Columns):
                predicate = Comparison(compare.operator, attribute, Value(compare.value))
                yield "Cond", Condition(attribute.table, predicate), 0.0

    def equal(self, columns: Columns, number: float) -> Found:
        """`rating 5`; a year is more often a time."""
        if columns.rows is None:
            for _, condition, cost in self.compared(columns, Compare("=", number)):
                yield "Cond", condition, cost + (0.8 if 1900 <= number <= 2100 else 0.2)

    def so_much(self, compare: Compare, columns: Columns, cost: float = 0.1) -> Found:
        """`less than 20000 miles`, `more than 3 bedrooms`, of a column that holds how many."""
        if columns.rows is None:
            for category, condition, more in self.compared(columns, compare):
                yield category, condition, more + cost

    def than_column(self, operator: Operator, columns: Columns) -> Found:
        if len(columns.terms) == 1:
            yield "CmpCol", Compare(operator, columns), 0.1

    def compared_columns(self, columns: Columns, compare: Compare) -> Found:
        """`shipped after the required date`, `stock below the reorder level`."""
        other = compare.value
        if not isinstance(other, Columns) or len(columns.terms) != 1:
            return
        one, two = columns.terms[0], other.terms[0]
        path = self.path(one.table, two.table)
        kinds = {self.column(one).kind, self.column(two).kind}
        if one == two or path is None or not is_to_one(path):
            return
        if kinds == {"number"} or kinds <= {"time", "date"}:
            yield "Cond", Condition(one.table, Comparison(compare.operator, one, two)), 0.3 * len(path)

    def older(self, adjective: tuple[Columns, Operator], span: Span) -> Found:
        """`older than 30 years`: more time has passed since."""
        for attribute in _only(adjective[0], self, "time", "date"):
            ago = TimePoint(shift=-int(span.count), unit=span.unit)
            if span.count == int(span.count):
                is_later = adjective[1] == ">"
                period = InPeriod(attribute, ago if is_later else None, None if is_later else ago)
                yield "Cond", Condition(attribute.table, period), 0.0

    def opposite_comparison(self, _: object, compare: Compare) -> Found:
        yield "CmpNum", replace(compare, operator=_OPPOSITES[compare.operator]), 0.0

    # --- values and texts ---------------------------------------------------------------------------------

    def own_value(self, columns: Columns, value: Condition) -> Found:
        """`status open`: the value is one of that column."""
        predicate = value.predicate
        if len(columns.terms) == 1 and isinstance(predicate, OneOf) and predicate.term == columns.terms[0]:
            yield "Val", value, -0.5

    def values(self, one: Condition, joined: Joined) -> Found:
        """`Germany, Italy or France`: of a single-valued column "and" says the same as "or"."""
        how, other = joined
        if isinstance(one.predicate, OneOf) and isinstance(other.predicate, OneOf):
            if one.predicate.term == other.predicate.term:
                listed = (*one.predicate.values, *other.predicate.values)
                merged = replace(one.predicate, values=tuple(dict.fromkeys(listed)))
                is_each = how == "and" or one.is_each or other.is_each
                yield "Val", Condition(one.table, merged, is_each), -0.5

    def is_text(self, columns: Columns, texts: Texts) -> Found:
        yield from self.like(columns, ("is", texts))

    def like(self, columns: Columns, like: tuple[str, Texts]) -> Found:
        how, texts = like
        for attribute in _only(columns, self, "text"):
            found = tuple(Matches(attribute, how, text) for text in texts)  # type: ignore[arg-type]
            predicate: Predicate = found[0] if len(found) == 1 else AnyOf(found)
            yield "Cond", Condition(attribute.table, predicate), 0.3 if how == "is" else 0.0

    def text_in(self, texts: Texts, preposition: str) -> Found:
        if preposition == "in":
            yield "TextIn", texts, 0.0

    # --- missing ------------------------------------------------------------------------------------------

    def missing(self, columns: Columns) -> Found:
        """`without a phone number`, `not shipped yet`; of a column that is never empty it means nothing."""
        if len(columns.terms) == 1 and self.column(columns.terms[0]).nullable:
            yield "Cond", Condition(columns.terms[0].table, Missing(columns.terms[0])), 0.3

    def present(self, columns: Columns) -> Found:
        """`with a phone number`."""
        for _, condition, cost in self.missing(columns):
            assert isinstance(condition, Condition)
            yield "Cond", Condition(condition.table, Not(condition.predicate)), cost

    def opposite(self, condition: Condition) -> Found:
        """What a condition denies."""
        held = condition.predicate
        if isinstance(held, Comparison):
            denied: Predicate = replace(held, operator=_OPPOSITES[held.operator])
        else:
            denied = held.predicate if isinstance(held, Not) else Not(held)
        yield "Cond", Condition(condition.table, denied), 0.0

    # --- and, or ------------------------------------------------------------------------------------------

    def claims(self, one: object, joined: tuple[str, object]) -> Found:
        """Two claims as one; "a or b and c" says too little about what belongs together."""
        how, other = joined
        is_any = how in ("or", "nor")
        kinds = {part.is_any for part in (one, other) if isinstance(part, Claims)}
        if kinds and kinds != {is_any}:
            return
        if isinstance(one, Condition) and isinstance(other, Condition) and one.table == other.table:
            predicates = (one.predicate, other.predicate)
            yield "Cond", Condition(one.table, AnyOf(predicates) if is_any else All(predicates)), 0.05
            return
        parts = [*(one.parts if isinstance(one, Claims) else (one,))]
        parts += other.parts if isinstance(other, Claims) else (other,)
        yield "Claim", Claims(tuple(parts), is_any), 0.1  # type: ignore[arg-type]

    # --- times --------------------------------------------------------------------------------------------

    def at_time(self, columns: Columns, period: Period) -> Found:
        """`hired in 2024`, `order date before 2024-03-01`."""
        if len(columns.terms) != 1:
            return
        attribute = columns.terms[0]
        if self.is_time(attribute):
            predicate: Predicate | None = InPeriod(attribute, period.start, period.end)
        elif attribute.column.lower().endswith("year"):
            predicate = in_year(attribute, period)
        else:
            return
        if predicate:
            yield "Cond", Condition(attribute.table, predicate), 0.0

    def on_days(self, did: Columns, claim: Claim) -> Found:
        """`shipped on weekends`."""
        if isinstance(claim, Recurring):
            for attribute in _only(did, self, "time", "date"):
                yield "Cond", Condition(attribute.table, on_days(attribute, claim)), 0.0

    def span_side(self, measured: Span | tuple[Operator, Span], side: str) -> Found:
        """`within 3 days of`, `more than 5 days after`."""
        operator, span = ("=", measured) if isinstance(measured, Span) else measured
        if side in _AFTER or side == "<":
            yield "SpanSide", (operator, span, "<" if side == "<" else ">"), 0.0

    def span_from(self, side: tuple[Operator, Span, str], columns: Columns) -> Found:
        for attribute in _only(columns, self, "time", "date"):
            yield "SpanFrom", (*side, attribute), 0.0

    def did_span(self, did: Columns, measured: tuple[Operator, Span, str, Attribute]) -> Found:
        """`shipped within 3 days of the order date`."""
        operator, span, side, other = measured
        for own in _only(did, self, "time", "date"):
            path = self.path(own.table, other.table)
            if path is not None and is_to_one(path) and own != other:
                start, end = (other, own) if side == ">" else (own, other)
                yield "Cond", Condition(own.table, _lasting(start, end, operator, span)), 0.2 * len(path)

    def took(self, measured: tuple[Operator, Span], did: Columns) -> Found:
        """`took longer than 3 days to ship`: from when the row happened."""
        for end in _only(did, self, "time", "date"):
            start = self.time_of(end.table)
            if start is not None and start != end:
                yield "Cond", Condition(end.table, _lasting(start, end, *measured)), 0.2


def _only(columns: Columns, rules: ConditionRules, *kinds: str) -> list[Attribute]:
    """The one column of one of the kinds, if it is that; texts by which rows are known have no numbers."""
    attribute = columns.terms[0]
    return [attribute] if len(columns.terms) == 1 and rules.column(attribute).kind in kinds else []


def _lasting(start: Attribute, end: Attribute, operator: Operator, span: Span) -> Predicate:
    """That a time lasts so long; never before it begins, when only its greatest length is said."""
    lasts = Duration(start, end, span.unit)
    found = Comparison(operator, lasts, Value(span.count))
    return All((Comparison(">=", lasts, Value(0)), found)) if operator in ("<", "<=") else found
