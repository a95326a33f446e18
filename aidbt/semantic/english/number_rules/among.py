"""Things that are counted among the rows of the number before them: "and on how many jobs?"."""

from __future__ import annotations

from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Number, Numbers
from aidbt.semantic.english.meanings.phrases import Columns, Found, Rows
from aidbt.semantic.english.number_rules.combining import second
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.graph import is_to_one
from aidbt.semantic.query import Attribute, Measure


def add_among_rules(rule: Rule, rules: NumberRules) -> None:
    """Hand each rule to `rule(left, right, function)`."""
    rule("InMany", "Rows Col", second("Among"))
    rule("And Comma", "Among", second("AndAmong"))
    rule("Number Numbers", "AndAmong", lambda number, things: _among(number, things, rules))


def _among(number: Number | Numbers, things: Rows | Columns, rules: NumberRules) -> Found:
    """`the total quantity sold, and in how many orders`: of what was added up, each thing once."""
    before = number.items if isinstance(number, Numbers) else (number,)
    told = before[0].term
    of = _thing(things, rules)
    if not isinstance(told, Measure) or of is None or before[0].is_settled:
        return
    path = rules.path(told.table, of.table)
    if path is None or not is_to_one(path):
        return
    is_own = told.table == of.table and isinstance(things, Rows)
    counted = Measure("count", told.table, None, told.where, told.at)
    apart = Measure("count_distinct", told.table, of, told.where, told.at)
    yield "Numbers", Numbers((*before, Number(counted if is_own else apart, told.table))), -0.5


def _thing(things: Rows | Columns, rules: NumberRules) -> Attribute | None:
    """What tells one thing from another: its key, or the one column that is named."""
    if isinstance(things, Rows):
        keys = rules.graph.table(things.table).keys[:1]
        is_plain = things.where is None and len(keys) == 1 and len(keys[0]) == 1
        return Attribute(things.table, keys[0][0]) if is_plain else None
    is_plain = len(things.terms) == 1 and things.rows is None and rules.column(things.terms[0]).kind == "text"
    return things.terms[0] if is_plain else None
