"""Other rows counted beside some: "the active customers and the inactive ones", "… and how many are not"."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Number, Numbers
from aidbt.semantic.english.meanings.phrases import Condition, Found
from aidbt.semantic.english.meanings.same_rows import negated
from aidbt.semantic.english.number_rules.combining import second
from aidbt.semantic.query import Exists, InPeriod, Measure, Predicate, attributes, both, conjuncts


def add_other_part_rules(rule: Rule) -> None:
    """Hand each rule to `rule(left, right, function)`."""
    rule("Cond", "Ones", lambda condition, _: [("OnesOf", condition, 0.0)])
    rule("Fill", "OnesOf", second("OnesOf"))
    rule("Count", "OnesOf", second("OnesOf"))
    rule("And", "OnesOf", second("AndOnes"))
    # "How many are protected and how many are open to visitors" leaves out of what; as does "are not".
    rule("Count", "Pred", lambda _, claim: [("CountIs", claim, 0.0)] if isinstance(claim, Condition) else [])
    rule("Count", "Cond", second("CountIs"))
    rule("And Comma", "CountIs", second("AndOnes"))
    rule("Count", "Neg", lambda *_: [("CountNot", None, 0.0)])
    rule("And Comma", "CountNot", second("AndNot"))
    rule("Number Numbers", "AndOnes", _and_ones)
    rule("Number", "AndNot", _and_not)


def _and_ones(number: Number | Numbers, other: Condition) -> Found:
    """`the active customers and the inactive ones`: the same number of those of which another value holds."""
    last = number.items[-1] if isinstance(number, Numbers) else number
    before = number.items if isinstance(number, Numbers) else (number,)
    held = conjuncts(last.term.where) if isinstance(last.term, Measure) else ()
    said = [one for one in held if set(attributes(one)) == set(attributes(other.predicate))]
    if len(said) == 1 and said[0] != other.predicate:
        yield "Numbers", Numbers((*before, _instead(last, said[0], other.predicate))), -1.0


def _and_not(number: Number, _: None) -> Found:
    """`how many sites are protected and how many are not`: the rows of which one condition does not hold."""
    held = conjuncts(number.term.where) if isinstance(number.term, Measure) else ()
    told = [one for one in held if not isinstance(one, InPeriod)]
    if len(told) == 1:
        yield "Numbers", Numbers((number, _instead(number, told[0], _denied(told[0])))), -1.0


def _denied(predicate: Predicate) -> Predicate:
    """What holds where a predicate does not; of related rows that there are none."""
    if isinstance(predicate, Exists) and (predicate.operator, predicate.count) == (">=", 1):
        return replace(predicate, operator="=", count=0)
    return negated(predicate)


def _instead(number: Number, old: Predicate, new: Predicate) -> Number:
    """A number of rows of which one predicate holds in place of another."""
    if not isinstance(number.term, Measure):
        return number
    kept = [one for one in conjuncts(number.term.where) if one != old]
    return replace(number, term=replace(number.term, where=both(*kept, new)))
