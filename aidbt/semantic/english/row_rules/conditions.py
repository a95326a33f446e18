"""Conditions: a column beside a number, a value, a text, another column, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, TypeAlias

from aidbt.core.words import words_of
from aidbt.semantic.english.meanings.chart import LiftRule, Rule
from aidbt.semantic.english.meanings.number_phrases import Number
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
    Range,
    Scaled,
    Texts,
)
from aidbt.semantic.english.meanings.relations import Relations
from aidbt.semantic.english.meanings.same_rows import is_contradiction, negated
from aidbt.semantic.english.words.units import factor_of, is_money, whole
from aidbt.semantic.graph import GraphColumn, is_to_one
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Calculation,
    Comparison,
    Extreme,
    Grain,
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
        rule("Col Rated", "Range", self.within)
        rule("Col Rated", "Num", self.equal)
        rule("Sized", "CmpNum", lambda columns, compare: own(self.compared(columns, compare)))
        rule("Sized", "CmpTimes", lambda columns, compare: own(self.compared(columns, compare)))
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
        rule("NotNull", "Col", lambda _, columns: [("KnownCol", columns, 0.0)])
        rule("Owning", "KnownCol", lambda _, columns: self.present(columns))
        rule("Neg No", "KnownCol", lambda _, columns: self.missing(columns))
        rule("Fill", "KnownCol", lambda _, columns: [("KnownCol", columns, 0.0)])
        rule("Col", "NotNull", lambda columns, _: self.present(columns))
        rule("Null Neg", "Col", lambda _, columns: self.missing(columns))
        rule("No", "Col", lambda _, columns: self.none(columns))
        rule("Neg", "Did", lambda _, columns: self.not_done(columns))
        rule("Owning", "Col", lambda _, columns: self.present(columns))
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

    def opposite_comparison(self, _: object, compare: Compare) -> Found:
        yield "CmpNum", replace(compare, operator=_OPPOSITES[compare.operator]), 0.0

    # --- other columns ------------------------------------------------------------------------------------

    def than_column(self, operator: Operator, columns: Columns) -> Found:
        if len(columns.terms) == 1:
            yield "CmpCol", Against(operator, columns), 0.1

    def than_scaled(self, operator: Operator, scaled: Scaled) -> Found:
        """`less than twice the unit cost`."""
        for attribute in self.only(scaled.columns, "number"):
            yield "CmpCol", Against(operator, Columns((attribute,)), scaled.factor), 0.0

    def compared_columns(self, columns: Columns, compare: Against) -> Found:
        """`shipped after the required date`, `stock below the reorder level`."""
        one, two = self.alone(columns), self.alone(compare.columns)
        if one is None or two is None or one == two:
            return
        path = self.path(one.table, two.table)
        kinds = {self.column(one).kind, self.column(two).kind}
        if path is None or not is_to_one(path):
            return
        if kinds == {"time", "date"}:
            # Paid at noon of the due date is not after it.
            one, two = (
                replace(a, grain=Grain.DAY) if self.column(a).kind == "time" else a for a in (one, two)
            )
        if kinds == {"number"} or kinds <= {"time", "date"}:
            other = two if compare.factor == 1 else Calculation("*", two, Value(compare.factor))
            yield "Cond", Condition(one.table, Comparison(compare.operator, one, other)), 0.3 * len(path)

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

    def texts_joined(self, one: Texts, joined: tuple[str, Texts]) -> Found:
        """`"a" and "b"`, which are names of one or the other, and parts of a name that has both."""
        how, other = joined
        yield "Names" if how == "and" else "Texts", (*one, *other), 0.0

    def like_each(self, how: How, texts: Texts) -> Found:
        """`contains "a" and "b"`; what starts with "a" and "b" is not said to be one of them or which."""
        if how == "contains":
            yield "LikeTexts", ("and", tuple((how, (text,)) for text in texts)), 0.0

    def likes_joined(self, likes: Likes, joined: tuple[str, Like]) -> Found:
        """A third after "or", and after "and"; of both together it is not said which belong together."""
        if joined[0] == likes[0]:
            yield "LikeTexts", (likes[0], (*likes[1], joined[1])), 0.0

    def like_all(self, columns: Columns, likes: Likes) -> Found:
        """`name starts with "A" or ends with "z"`."""
        for attribute in self.only(columns, "text"):
            found = tuple(each.predicate for like in likes[1] for each in self.likes(attribute, like))
            held = AnyOf(found) if likes[0] == "or" else All(found)
            if len(found) == len(likes[1]):
                yield "Cond", Condition(attribute.table, held), 0.0

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
        if absent:
            yield "Cond", replace(absent, predicate=Not(absent.predicate)), 0.3
        for attribute in self.only(columns, "number") if not absent else ():
            if is_money(self.column(attribute)):
                more = Comparison(">", attribute, Value(0))
                yield "Cond", Condition(attribute.table, more, is_own=True), 0.6

    def opposite(self, condition: Condition) -> Found:
        """What a condition denies."""
        yield "Cond", replace(condition, predicate=negated(condition.predicate)), 0.0

    # --- and, or ------------------------------------------------------------------------------------------

    def claims(self, one: Claim, joined: tuple[str, Claim]) -> Found:
        """Two claims as one; "a or b and c" says too little about what belongs together."""
        how, other = joined
        is_any = how in ("or", "nor")
        if how == "nor" and (_is_denied(one) or _is_denied(other)):
            return  # of "neither a nor b" both are denied at once
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


def _is_amount(condition: Condition) -> bool:
    """Whether there is so much of something: "no stock", "less than 5 units"."""
    return all(isinstance(part, Comparison | Missing) for part in _either(condition.predicate))


def _either(predicate: Predicate) -> tuple[Predicate, ...]:
    return predicate.predicates if isinstance(predicate, AnyOf) else (predicate,)


def own(found: Found) -> Found:
    """Conditions that a verb says of the rows themselves."""
    for category, condition, cost in found:
        if isinstance(condition, Condition):
            yield category, replace(condition, is_own=True), cost


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
