"""What is asked for on average: the mean of what every group has, or of what each row is."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Group, Nested, Number, Shown
from aidbt.semantic.english.meanings.phrases import Amount, Columns, Found, Rows
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import Exists, Measure, both, conjuncts, measures


def average(asked: Asked, rules: NumberRules) -> None:
    """`how many orders per customer on average`: the mean of what every group has."""
    counted = [
        n for n in asked.numbers() if isinstance(n.term, Measure) and n.term.function in ("count", "sum")
    ]
    said = list(counted)
    if not counted:
        _average_row(asked, rules)
        return
    things = [shown for shown in asked.shown if isinstance(shown, Rows)]
    if not asked.group and len(things) == 1 and things[0].table != counted[0].table:
        asked.group = Group(rules.label(things[0].table), (things[0],))
        asked.shown.remove(things[0])
    counted = [_of_each(counted[0], asked, rules)] if len(counted) == 1 and not asked.group else counted
    if len(counted) > 1 or not asked.group:
        raise Refused("it is not certain of what the average is meant")
    asked.shown = [shown for shown in asked.shown if shown not in said]
    asked.nested.append(Nested("avg", counted[0], asked.group))
    asked.group = Group()


def _of_each(number: Number, asked: Asked, rules: NumberRules) -> Number:
    """`how many orders does a customer place`: those of each customer, who make the groups."""
    term = number.term
    held = conjuncts(term.where) if isinstance(term, Measure) else ()
    owners = [
        one for one in held if isinstance(one, Exists) and one == Exists(one.table, one.via, None, ">=", 1)
    ]
    if not isinstance(term, Measure) or len(owners) != 1 or owners[0].via:
        return number
    path = rules.path(number.table, owners[0].table)
    if path is None or not is_to_one(path):
        return number
    asked.group = Group(rules.label(owners[0].table), (Rows(owners[0].table),))
    return replace(number, term=replace(term, where=both(*(one for one in held if one != owners[0]))))


def _average_row(asked: Asked, rules: NumberRules) -> None:
    """`how many days between order and shipment on average`: of what each row has."""
    if asked.nested or any(m.function == "avg" for number in asked.numbers() for m in measures(number.term)):
        return
    made = [_mean(shown, rules) for shown in asked.shown]
    if len(made) != 1 or made[0] is None:
        raise Refused("it is not certain of what the average is meant")
    asked.shown = [made[0]]


def _mean(shown: Shown, rules: NumberRules) -> Number | None:
    found: Found = ()
    if isinstance(shown, Amount):
        found = rules.aggregate_amount("avg", shown)
    elif isinstance(shown, Columns):
        found = rules.aggregate("avg", shown)
    return next((number for _, number, _ in found if isinstance(number, Number)), None)
