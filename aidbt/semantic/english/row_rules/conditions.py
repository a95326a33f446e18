"""Conditions: which phrases make one, and what two of them are together."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.meanings.phrases import (
    Against,
    Claim,
    Claims,
    Columns,
    Compare,
    Condition,
    Found,
    Link,
    Opposite,
    Scaled,
)
from aidbt.semantic.english.meanings.same_rows import is_contradiction
from aidbt.semantic.english.row_rules.absences import Absences
from aidbt.semantic.english.row_rules.number_conditions import own
from aidbt.semantic.english.words.additive import is_additive
from aidbt.semantic.english.words.periods import Period
from aidbt.semantic.query import (
    All,
    AnyOf,
    Comparison,
    InPeriod,
    Missing,
    Not,
    Predicate,
    attributes,
    both,
    conjuncts,
)

_CLAIMS = "Cond Link Claim"
_AT = ("of", "at")


class ConditionRules(Absences):
    """What columns say, over one graph."""

    def condition_rules(self, rule: Rule, lift: LiftRule) -> None:
        """Add the rules of conditions."""
        self._number_rules(rule, lift)
        self._column_rules(rule)
        self._text_rules(rule, lift)
        self._missing_rules(rule)
        self._joining_rules(rule)

    def _number_rules(self, rule: Rule, lift: LiftRule) -> None:
        rule("Cmp", "Num", lambda operator, number: [("CmpNum", Compare(operator, number), 0.0)])
        rule("Num", "CmpAfter", lambda number, operator: [("CmpNum", Compare(operator, number), 0.0)])
        rule("Neg", "CmpNum", self.opposite_comparison)
        rule("Between", "Num", lambda _, low: [("BetweenNum", low, 0.0)])
        rule("And Prep", "Num", lambda how, high: [("JNum", high, 0.0)] if how in ("and", "to") else [])
        rule("BetweenNum", "JNum", self.between)
        self._unit_rules(rule)
        rule("And Or", "CmpNum", lambda how, compare: [("JCmp", (how, compare), 0.0)])
        rule("CmpNum", "JCmp", self.compares)
        rule("Prep", "CmpNum", lambda how, compare: [("CmpNum", compare, 0.0)] if how in _AT else [])
        rule("Prep", "Num", lambda how, number: [("CmpNum", Compare("=", number), 0.2)] if how in _AT else [])
        rule("Prep", "Range", lambda how, numbers: [("Range", numbers, 0.0)] if how in _AT else [])
        rule("And Or Comma", "Num", lambda how, number: [("JNumber", (how, number), 0.0)])
        rule("Num Either", "JNumber", self.either)
        lift("Either", lambda numbers: [("Range", numbers, 0.1)] if numbers.is_any else [])
        rule("Col Rated", "CmpNum", self.compared)
        rule("Num", "OrBetter", lambda number, how: [("NumBetter", (number, how == "better"), 0.0)])
        rule("Prep", "NumBetter", lambda how, number: [("NumBetter", number, 0.0)] if how in _AT else [])
        rule("Col Rated", "NumBetter", self.or_better)
        rule("Col Rated", "Range", self.within)
        rule("Col Rated", "Num", self.equal)
        rule("Sized", "CmpNum", lambda columns, compare: own(self.compared(columns, compare)))
        rule("Sized", "CmpTimes", lambda columns, compare: own(self.happened(columns, compare)))
        rule("Sized", "Range", lambda columns, numbers: own(self.within(columns, numbers)))
        rule("Sized", "Num", lambda columns, number: own(self.equal(columns, number)))
        rule("Sized", "CmpMean", lambda columns, mean: own(self.against_mean(columns, mean)))
        rule("CmpNum", "Col", self.so_much)
        rule("Range", "Col", self.one_of_so_much)
        rule("Num", "Col", lambda number, columns: self.so_much(Compare("=", number), columns, 0.4))
        rule("AdjCol", "Num", self.more_than)
        rule("Rated", "Cond", self.rated)
        rule("Cond", "Col", lambda condition, columns: self.rated(columns, condition))
        lift("Rated", self.present)

    def _unit_rules(self, rule: Rule) -> None:
        """Numbers with what they are in: "over 100 euros", "between 30 and 60 minutes"."""
        rule("Num", "Unit", lambda number, unit: [("Sum", (number, unit), 0.0)])
        rule("Num", "Scale", lambda number, scale: [("Num", number * scale, -0.2)])
        rule("Sum", "Scale", lambda amount, scale: [("Sum", (amount[0] * scale, amount[1]), -0.2)])
        rule("Cmp", "Sum", lambda operator, amount: [("CmpNum", Compare(operator, *amount), 0.0)])
        rule("Sum", "CmpAfter", lambda amount, operator: [("CmpNum", Compare(operator, *amount), 0.0)])
        rule("Prep", "Sum", lambda how, amount: [("CmpNum", Compare("=", *amount), 0.2)] * (how in _AT))
        rule("And Prep", "Sum", lambda how, high: [("JSum", high, 0.0)] if how in ("and", "to") else [])
        rule("Between", "Sum", lambda _, low: [("BetweenSum", low, 0.0)])
        rule("BetweenNum", "JSum", lambda low, high: self.between(low, *high))
        rule("BetweenSum", "JSum", lambda low, high: self.between(low[0], *high) if low[1] == high[1] else [])

    def _column_rules(self, rule: Rule) -> None:
        rule("Cmp When", "Col Did", self.than_column)
        rule("Num", "Times", lambda factor, _: [("Twice", factor, 0.0)])
        rule("Sum", "Prep", lambda part, how: [("Twice", part[0] / 100, 0.0)] if part[1] == "percent" else [])
        rule("Half", "Col", lambda _, columns: [("ScaledCol", Scaled(0.5, columns), 0.0)])
        rule("Twice", "Col", lambda factor, columns: [("ScaledCol", Scaled(factor, columns), 0.0)])
        rule("Cmp", "ScaledCol", self.than_scaled)
        rule("Prep", "CmpCol", lambda how, against: [("CmpCol", against, 0.0)] if how in _AT else [])
        rule("Col", "CmpCol", self.compared_columns)
        rule("Did", "CmpCol", self.done_against)
        rule("AdjCol", "Col Did", lambda adj, other: self.compared_columns(adj[0], Against(adj[1], other)))
        rule("Cmp", "Agg", lambda operator, function: self.than_aggregate(operator, function, None))
        rule("Cmp", "Number", self.than_number)
        rule("Col Rated", "CmpMean", self.against_mean)
        rule("AdjCol", "Agg", self.more_than_aggregate)
        rule("AdjCol", "Number", self.more_than_number)

    def _text_rules(self, rule: Rule, lift: LiftRule) -> None:
        lift("Val", lambda condition: [("Cond", condition, 0.05)])
        lift("Quo", lambda text: [("Texts", (text,), 0.0)])
        rule("Col Rated", "Val", self.own_value)
        rule("Val", "Col", lambda value, columns: self.own_value(columns, value))
        rule("Prep", "Val", lambda how, value: [("OfVal", value, 0.0)] if how == "of" else [])
        rule("Col", "OfVal", self.own_value)
        rule("Val", "Prep", lambda value, how: [("ValIn", value, 0.0)] * (how in ("in", "as")))
        rule("ValIn", "Col", lambda value, columns: self.own_value(columns, value))
        rule("And Or Comma", "Texts", lambda how, texts: [("JTexts", (how, texts), 0.0)])
        rule("Comma", "Names", lambda _, texts: [("JTexts", ("and", texts), 0.0)])
        rule("Texts", "JTexts", self.texts_joined)
        rule("Like", "Names", self.like_each)
        rule("Names", "Prep", lambda texts, how: self.like_each("contains", texts) if how == "in" else [])
        rule("LikeTexts", "Col", lambda likes, columns: self.like_all(columns, likes))
        rule("Col", "Texts Names", lambda columns, texts: self.like(columns, ("is", texts)))
        rule("Like", "Texts", lambda how, texts: [("LikeText", (how, texts), 0.0)])
        rule("Col", "LikeText", self.like)
        rule("Neg", "LikeText", lambda _, like: [("NotLike", like, 0.0)])
        rule("Col", "NotLike", self.unlike)
        rule("And Or", "LikeText", lambda how, like: [("JLike", (how, like), 0.0)])
        rule("LikeText", "JLike", lambda one, joined: [("LikeTexts", (joined[0], (one, joined[1])), 0.0)])
        rule("LikeTexts", "JLike", self.likes_joined)
        rule("Col", "LikeTexts", self.like_all)
        rule("Texts", "Prep", lambda texts, how: [("TextIn", texts, 0.0)] if how == "in" else [])
        rule("TextIn", "Col", lambda texts, columns: self.like(columns, ("contains", texts)))

    def _missing_rules(self, rule: Rule) -> None:
        rule("Col", "Null", lambda columns, _: self.said_missing(columns))
        rule("NotNull Known", "Col", lambda _, columns: [("KnownCol", columns, 0.0)])
        rule("Owning", "KnownCol", lambda _, columns: self.present(columns))
        rule("Neg No", "KnownCol", lambda _, columns: self.missing(columns))
        rule("Fill", "KnownCol", lambda _, columns: [("KnownCol", columns, 0.0)])
        rule("Col", "NotNull", lambda columns, _: self.present(columns))
        rule("Null Neg", "Col", lambda _, columns: self.missing(columns))
        rule("No", "Col", lambda _, columns: self.none(columns))
        rule("Neg", "Did", lambda _, columns: self.not_done(columns))
        rule("Owning", "Col", lambda _, columns: self.present(columns))
        rule("Has", "Col", lambda _, columns: self.in_stock(columns))
        rule("Cond", "Left", lambda condition, _: [("Cond", condition, -0.3)] * _is_amount(condition))
        rule("Neg", "Cond", lambda _, condition: self.opposite(condition))
        rule("No", "Feature", lambda _, condition: self.opposite(condition))
        rule("Using", "Feature", lambda _, condition: [("Cond", condition, 0.0)])
        rule("Using", "Col", lambda _, columns: self.present(columns))
        rule("Owning", "Feature", lambda _, condition: [("Cond", condition, 0.0)])
        rule("Neg", "Claim Time", lambda _, claim: [("Claim", Opposite(claim), 0.1)])

    def _joining_rules(self, rule: Rule) -> None:
        rule("And Or Comma", "Val", lambda how, value: [("JVal", (how, value), 0.0)])
        rule("Val", "JVal", self.values)
        rule("And Or", _CLAIMS, lambda how, claim: [("JClaim", (how, claim), 0.1)])
        rule("Comma", _CLAIMS, lambda _, claim: [("JClaim", ("and", claim), 0.4)])
        rule(_CLAIMS, "JClaim", self.claims)
        rule("Or", "Time", lambda _, period: [("JTime", period, 0.0)])
        rule("Time", "JTime", lambda one, other: [("Claim", Claims((one, other), is_any=True), 0.0)])
        rule("Comma", "And", lambda _, how: [("And", how, 0.0)])
        rule("Comma", "Or", lambda _, how: [("Or", how, 0.0)])

    def happened(self, columns: Columns, compare: Compare) -> Found:
        """`viewed more than 100 times`, of a number of views; of what was rated so often nothing is known."""
        terms = (columns.terms[0], *columns.alike)
        if any(is_additive(self.graph.table(term.table), term.column) for term in terms):
            yield from self.compared(columns, compare)

    def claims(self, one: Claim, joined: tuple[str, Claim]) -> Found:
        """Two claims as one; "a or b and c" says too little about what belongs together."""
        how, other = joined
        is_any = how in ("or", "nor")
        if how == "nor" and (_is_denied(one) or _is_denied(other)):
            return  # of "neither a nor b" both are denied at once
        if any(isinstance(part, Claims) and part.is_any != is_any for part in (one, other)):
            return
        if isinstance(one, Link) and isinstance(other, Opposite) and isinstance(other.of, Period):
            yield from self.done_not_at(one, other.of) if not is_any else ()
            return
        if isinstance(one, Condition) and isinstance(other, Condition) and one.table == other.table:
            predicates = (one.predicate, other.predicate)
            if not is_any and (_is_but_not(*predicates) or is_contradiction(All(predicates))):
                return
            yield "Cond", Condition(one.table, AnyOf(predicates) if is_any else All(predicates)), 0.05
            return
        is_alike = type(one) is type(other)
        yield "Claim", Claims((*_parts(one), *_parts(other)), is_any), 0.1 if is_alike or not is_any else 0.5

    def done_not_at(self, link: Link, period: Period) -> Found:
        """`booked in 2023 but not in 2024`: with such rows in the one time, and with none in the other."""
        held = conjuncts(link.rows.where)
        rest = [part for part in held if not isinstance(part, InPeriod)]
        found = self.claimed(replace(link.rows, where=both(*rest)), period)
        if found and len(rest) < len(held) and (link.operator, link.count) == (">=", 1):
            none = replace(link, rows=found[0], operator="=", count=0, is_plain=False)
            yield "Claim", Claims((link, none)), 0.1


def _is_amount(condition: Condition) -> bool:
    """Whether there is so much of something: "no stock", "less than 5 units"."""
    return all(isinstance(part, Comparison | Missing) for part in _either(condition.predicate))


def _either(predicate: Predicate) -> tuple[Predicate, ...]:
    return predicate.predicates if isinstance(predicate, AnyOf) else (predicate,)


def _is_but_not(one: Predicate, other: Predicate) -> bool:
    """Whether of "bought Cola but not Tea" both are said of one row, of which the one says the other."""
    return isinstance(other, Not) and attributes(one) == attributes(other)


def _is_denied(claim: Claim) -> bool:
    """Whether a claim is that something is not so."""
    if isinstance(claim, Condition):
        return isinstance(claim.predicate, Not)
    return isinstance(claim, Opposite) or (isinstance(claim, Link) and claim.count == 0)


def _parts(claim: Claim) -> tuple[Claim, ...]:
    return claim.parts if isinstance(claim, Claims) else (claim,)
