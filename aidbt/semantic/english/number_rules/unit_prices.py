"""Prices by the unit: "the most expensive materials per unit" are those with the greatest `unit_cost`."""

from __future__ import annotations

from aidbt.core.words import singular_words
from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Best, Group, Number, Top
from aidbt.semantic.english.meanings.phrases import Columns, Found
from aidbt.semantic.query import Attribute, Measure

_ADVERBS = {
    "hour": "hourly", "day": "daily", "night": "nightly", "week": "weekly", "month": "monthly",
    "year": "yearly",
}  # fmt: skip
_OF_ONE = ("avg", "median", "min", "max")


def add_unit_price_rules(rule: Rule) -> None:
    """Hand each rule to `rule(left, right, function)`."""
    rule("Best", "Group", lambda best, group: [("Best", best, -1.0)] if _is_unit_of(best.by, group) else [])
    rule("TopOf", "Group", _first_by_unit)
    rule("Number", "Group", _number_by_unit)


def _first_by_unit(top: Top, group: Group) -> Found:
    """`the 5 cheapest materials per unit`."""
    if isinstance(top.of, Best) and _is_unit_of(top.of.by, group):
        yield "TopOf", top, -1.0


def _number_by_unit(number: Number, group: Group) -> Found:
    """`the average cost of materials per unit`."""
    measure = number.term
    of = measure.of if isinstance(measure, Measure) and measure.function in _OF_ONE else None
    if isinstance(of, Attribute) and group.terms and _is_unit_of(Columns((of,)), group):
        yield "Number", number, -1.0


def _is_unit_of(by: object, group: Group) -> bool:
    """Whether what is said with "per" is in the name of a price already: the unit of `unit_cost`."""
    if not isinstance(by, Columns) or len(by.terms) > 1 or not group.is_per or group.parts:
        return False
    named, table = set(singular_words(by.terms[0].column)), by.terms[0].table
    if len(group.grains) == 1 and not group.terms:
        grain = group.grains[0].value
        return bool({grain, _ADVERBS.get(grain, grain)} & named)
    if len(group.terms) != 1 or group.rows or group.grains:
        return False
    unit = set(singular_words(group.terms[0].column))
    return group.terms[0].table == table and unit < named
