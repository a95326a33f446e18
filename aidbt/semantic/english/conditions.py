"""Conditions: a column beside a number, a value, a text, another column, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, TypeAlias

from aidbt.semantic.english.chart import LiftRule, Rule
from aidbt.semantic.english.number_phrases import Number
from aidbt.semantic.english.phrases import (
    Against,
    Claim,
    Claims,
    Columns,
    Compare,
    Condition,
    Found,
    Opposite,
    Range,
    Texts,
)
from aidbt.semantic.english.relations import Relations, is_contradiction, negated
from aidbt.semantic.graph import GraphColumn, is_to_one
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Comparison,
    Extreme,
    Matches,
    Measure,
    Missing,
    Not,
    OneOf,
    Operator,
    Predicate,
    Value,
    attributes,
)

How: TypeAlias = Literal["starts", "ends", "contains", "is", "like"]
Like: TypeAlias = "tuple[How, Texts]"
Likes: TypeAlias = "tuple[str, tuple[Like, ...]]"
Ranked = Literal["min", "max", "avg", "median"]
Mean: TypeAlias = "tuple[Operator, Ranked, Measure | None]"
_RANKED: dict[object, Ranked] = {"min": "min", "max": "max", "avg": "avg", "median": "median"}
Adjective = tuple[Columns, Operator]
_OPPOSITES: dict[Operator, Operator] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "="}
_CLAIMS = "Cond Link Claim"
_AT = ("of", "at")
# Numbers that are read as years rather than as amounts.
YEARS = range(1900, 2101)


class ConditionRules(Relations):
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
        rule("And Or", "CmpNum", lambda how, compare: [("JCmp", (how, compare), 0.0)])
        rule("CmpNum", "JCmp", self.compares)
        rule("Prep", "CmpNum", lambda how, compare: [("CmpNum", compare, 0.0)] if how in _AT else [])
        rule("Prep", "Num", lambda how, number: [("CmpNum", Compare("=", number), 0.2)] if how in _AT else [])
        rule("Prep", "Range", lambda how, numbers: [("Range", numbers, 0.0)] if how in _AT else [])
        rule("Col Rated", "CmpNum", self.compared)
        rule("Col Rated", "Range", self.within)
        rule("Col Rated", "Num", self.equal)
        rule("Sized", "CmpNum", lambda columns, compare: own(self.compared(columns, compare)))
        rule("Sized", "Range", lambda columns, numbers: own(self.within(columns, numbers)))
        rule("Sized", "Num", lambda columns, number: own(self.equal(columns, number)))
        rule("Sized", "CmpMean", lambda columns, mean: own(self.against_mean(columns, mean)))
        rule("CmpNum", "Col", self.so_much)
        rule("Num", "Col", lambda number, columns: self.so_much(Compare("=", number), columns, 0.4))
        rule("AdjCol", "Num", lambda adj, number: own(self.compared(adj[0], Compare(adj[1], number))))
        rule("Rated", "Cond", self.rated)
        rule("Cond", "Col", lambda condition, columns: self.rated(columns, condition))
        lift("Rated", self.present)

    def _column_rules(self, rule: Rule) -> None:
        rule("Cmp When", "Col Did", self.than_column)
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
        rule("And Or Comma", "Texts", lambda _, texts: [("JTexts", texts, 0.0)])
        rule("Texts", "JTexts", lambda one, other: [("Texts", (*one, *other), 0.0)])
        rule("Col", "Texts", lambda columns, texts: self.like(columns, ("is", texts)))
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
        rule("Col", "Null", lambda columns, _: self.missing(columns))
        rule("Null Neg", "Col", lambda _, columns: self.missing(columns))
        rule("No", "Col", lambda _, columns: self.none(columns))
        rule("Neg", "Did", lambda _, columns: self.not_done(columns))
        rule("Owning", "Col", lambda _, columns: self.present(columns))
        rule("Neg", "Cond", lambda _, condition: self.opposite(condition))
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

    # --- what columns are ---------------------------------------------------------------------------------

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
        for attribute in self.only(columns, "number"):
            found = tuple(Comparison(c.operator, attribute, Value(c.value)) for c in numbers.parts)
            yield "Cond", Condition(attribute.table, AnyOf(found) if numbers.is_any else All(found)), 0.0

    def compared(self, columns: Columns, compare: Compare) -> Found:
        """`price above 5`."""
        for attribute in self.only(columns, "number"):
            predicate = Comparison(compare.operator, attribute, Value(compare.value))
            yield "Cond", Condition(attribute.table, predicate), 0.0

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

    def rated(self, columns: Columns, condition: Condition) -> Found:
        """`rated above 3 stars`, `weigh more than 23 kg`: the column is named twice."""
        if columns.rows is None and attributes(condition.predicate) == list(columns.terms):
            yield "Cond", condition, -0.3

    def opposite_comparison(self, _: object, compare: Compare) -> Found:
        yield "CmpNum", replace(compare, operator=_OPPOSITES[compare.operator]), 0.0

    # --- other columns ------------------------------------------------------------------------------------

    def than_column(self, operator: Operator, columns: Columns) -> Found:
        if len(columns.terms) == 1:
            yield "CmpCol", Against(operator, columns), 0.1

    def compared_columns(self, columns: Columns, compare: Against) -> Found:
        """`shipped after the required date`, `stock below the reorder level`."""
        one, two = self.alone(columns), self.alone(compare.columns)
        if one is None or two is None or one == two:
            return
        path = self.path(one.table, two.table)
        kinds = {self.column(one).kind, self.column(two).kind}
        if path is None or not is_to_one(path):
            return
        if kinds == {"number"} or kinds <= {"time", "date"}:
            yield "Cond", Condition(one.table, Comparison(compare.operator, one, two)), 0.3 * len(path)

    def done_against(self, did: Columns, against: Against) -> Found:
        """`shipped after the required date`."""
        yield from own(self.compared_columns(did, against))

    def than_aggregate(self, operator: Operator, function: object, of: Measure | None) -> Found:
        """`above average`, `than the average price`."""
        if function in _RANKED:
            yield "CmpMean", (operator, _RANKED[function], of), 0.0

    def than_number(self, operator: Operator, number: Number) -> Found:
        """`than the average price of Drinks`."""
        if isinstance(number.term, Measure):
            yield from self.than_aggregate(operator, number.term.function, number.term)

    def more_than_aggregate(self, adjective: Adjective, function: object) -> Found:
        """`more expensive than average`."""
        if function in _RANKED:
            yield from self.against_mean(adjective[0], (adjective[1], _RANKED[function], None))

    def more_than_number(self, adjective: Adjective, number: Number) -> Found:
        """`more expensive than the average list price`."""
        of = number.term
        if isinstance(of, Measure) and of.function in _RANKED:
            mean = (adjective[1], _RANKED[of.function], of)
            for category, condition, _ in self.against_mean(adjective[0], mean):
                yield category, condition, -0.4

    def against_mean(self, columns: Columns, mean: Mean) -> Found:
        """`price above the average`: of the same column, among the rows that are said."""
        operator, function, of = mean
        for attribute in self.only(columns, "number"):
            if of is None or of.of == attribute:
                found = Extreme(attribute, function, of.where if of else None, operator)
                yield "Cond", Condition(attribute.table, found), 0.0

    # --- values and texts ---------------------------------------------------------------------------------

    def own_value(self, columns: Columns, value: Condition) -> Found:
        """`status open`: the value is one of that column."""
        predicate = value.predicate
        if isinstance(predicate, OneOf) and predicate.term == self.alone(columns):
            yield "Val", value, -0.5

    def values(self, one: Condition, joined: tuple[str, Condition]) -> Found:
        """`Germany, Italy or France`: of a single-valued column "and" says the same as "or"."""
        how, other = joined
        first, second = one.predicate, other.predicate
        if not isinstance(first, OneOf) or not isinstance(second, OneOf) or first.term != second.term:
            return
        merged = replace(first, values=tuple(dict.fromkeys((*first.values, *second.values))))
        is_each = how == "and" or one.is_each or other.is_each
        yield "Val", Condition(one.table, merged, is_each), -0.5

    def like(self, columns: Columns, like: tuple[How, Texts]) -> Found:
        """`name contains "x"`."""
        for attribute in self.only(columns, "text"):
            for condition in self.likes(attribute, like):
                yield "Cond", condition, 0.3 if like[0] == "is" else 0.0

    def unlike(self, columns: Columns, like: Like) -> Found:
        """`name does not start with "A"`."""
        for category, condition, cost in self.like(columns, like):
            if isinstance(condition, Condition):
                yield category, replace(condition, predicate=negated(condition.predicate)), cost

    def likes_joined(self, likes: Likes, joined: tuple[str, Like]) -> Found:
        """A third after "or", and after "and"; of both together it is not said which belong together."""
        if joined[0] == likes[0]:
            yield "LikeTexts", (likes[0], (*likes[1], joined[1])), 0.0

    def like_all(self, columns: Columns, likes: Likes) -> Found:
        """`name starts with "A" or ends with "z"`."""
        for attribute in self.only(columns, "text"):
            found = tuple(each.predicate for like in likes[1] for each in self.likes(attribute, like))
            yield "Cond", Condition(attribute.table, AnyOf(found) if likes[0] == "or" else All(found)), 0.0

    def likes(self, attribute: Attribute, like: tuple[How, Texts]) -> Iterator[Condition]:
        """That a text is like any of several."""
        how, texts = like
        found = [
            _pattern(attribute, text) if how == "like" else Matches(attribute, how, text) for text in texts
        ]
        known = tuple(each for each in found if each is not None)
        if len(known) == len(texts):
            yield Condition(attribute.table, known[0] if len(known) == 1 else AnyOf(known))

    # --- missing ------------------------------------------------------------------------------------------

    def absent(self, columns: Columns) -> Condition | None:
        """That a column is empty; None of one that never is, and of several."""
        attribute = self.alone(columns)
        if attribute is None or not self.column(attribute).nullable:
            return None
        return Condition(attribute.table, Missing(attribute), is_own=True)

    def missing(self, columns: Columns) -> Found:
        """`phone is missing`."""
        absent = self.absent(columns)
        if absent:
            yield "Cond", absent, 0.3

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
        """`with a phone number`."""
        absent = self.absent(columns)
        if absent:
            yield "Cond", replace(absent, predicate=Not(absent.predicate)), 0.3

    def opposite(self, condition: Condition) -> Found:
        """What a condition denies."""
        yield "Cond", replace(condition, predicate=negated(condition.predicate)), 0.0

    # --- and, or ------------------------------------------------------------------------------------------

    def claims(self, one: Claim, joined: tuple[str, Claim]) -> Found:
        """Two claims as one; "a or b and c" says too little about what belongs together."""
        how, other = joined
        is_any = how in ("or", "nor")
        if any(isinstance(part, Claims) and part.is_any != is_any for part in (one, other)):
            return
        if isinstance(one, Condition) and isinstance(other, Condition) and one.table == other.table:
            predicates = (one.predicate, other.predicate)
            if not is_any and (_is_but_not(*predicates) or is_contradiction(All(predicates))):
                return
            yield "Cond", Condition(one.table, AnyOf(predicates) if is_any else All(predicates)), 0.05
            return
        is_alike = type(one) is type(other)
        yield "Claim", Claims((*_parts(one), *_parts(other)), is_any), 0.1 if is_alike or not is_any else 0.5


def _pattern(attribute: Attribute, text: str) -> Matches | None:
    """SQL's pattern, whose signs stand before and after; a text without any is contained. None for others."""
    bare = text.strip("%")
    if not bare or "%" in bare:
        return None
    if text.startswith("%") == text.endswith("%"):
        return Matches(attribute, "contains", bare)
    return Matches(attribute, "ends" if text.startswith("%") else "starts", bare)


def own(found: Found) -> Found:
    """Conditions that a verb says of the rows themselves."""
    for category, condition, cost in found:
        if isinstance(condition, Condition):
            yield category, replace(condition, is_own=True), cost


def _is_but_not(one: Predicate, other: Predicate) -> bool:
    """Whether of "bought Cola but not Tea" both are said of one row, of which the one says the other."""
    return isinstance(other, Not) and attributes(one) == attributes(other)


def _parts(claim: Claim) -> tuple[Claim, ...]:
    return claim.parts if isinstance(claim, Claims) else (claim,)
