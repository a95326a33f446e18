"""Words beside rows and columns that say what is to be seen of them, and of which of them."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Number, Numbers
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Found, Link, Rows
from aidbt.semantic.english.number_rules.aggregates import conjuncts
from aidbt.semantic.english.row_rules.nouns import NounRules
from aidbt.semantic.query import Measure, attributes, both


def add_aside_rules(rule: Rule, rules: NounRules) -> None:
    """Hand each rule to `rule(left, right, function)`."""
    rule("Prep", "Col", lambda how, columns: _with(columns, rules) if how == "with" else ())
    rule("Cond", "Col", lambda condition, columns: _of_kind(condition, columns, rules))
    rule("Rows", "Only", lambda rows, _: [("OnlyRows", rows, 0.0)] if rows.where is not None else [])
    rule("Cond", "Ones", lambda condition, _: [("OnesOf", condition, 0.0)])
    rule("Fill", "OnesOf", lambda _, condition: [("OnesOf", condition, 0.0)])
    rule("Count", "OnesOf", lambda _, condition: [("OnesOf", condition, 0.0)])
    rule("And", "OnesOf", lambda _, condition: [("AndOnes", condition, 0.0)])
    rule("Number Numbers", "AndOnes", _and_ones)
    # "Average freight per customer, delivered orders only"
    rule("Comma", "OnlyRows", lambda _, rows: [("OnlyOf", Link(rows), -0.3)])


def _and_ones(number: Number | Numbers, other: Condition) -> Found:
    """`the active customers and the inactive ones`: the same number of those of which another value holds."""
    last = number.items[-1] if isinstance(number, Numbers) else number
    before = number.items if isinstance(number, Numbers) else (number,)
    held = conjuncts(last.term.where) if isinstance(last.term, Measure) else []
    said = [one for one in held if set(attributes(one)) == set(attributes(other.predicate))]
    if isinstance(last.term, Measure) and len(said) == 1 and said[0] != other.predicate:
        kept = [one for one in held if one not in said]
        term = replace(last.term, where=both(*kept, other.predicate))
        yield "Numbers", Numbers((*before, replace(last, term=term))), -1.0


def _with(columns: Columns, rules: NounRules) -> Found:
    """`with name and price`; of "with email" or "with discount" those may be meant that have one."""
    is_of_all = columns.rows is None or columns.rows.where is None
    is_there = all(not rules.column(term).nullable for term in columns.terms)
    is_number = any(rules.column(term).kind in ("number", "bool") for term in columns.terms)
    if is_of_all and (len(columns.terms) > 1 or (is_there and not is_number)):
        yield "WithCols", replace(columns, rows=None), 0.1


def _of_kind(condition: Condition, columns: Columns, rules: NounRules) -> Found:
    """`total billable hours`: a number of those rows of its table that are so."""
    term = columns.terms[0]
    is_number = len(columns.terms) == 1 and rules.column(term).kind == "number"
    is_own = condition.table == term.table and columns.rows is None and not term.via
    if is_number and is_own and term not in attributes(condition.predicate):
        yield "Col", replace(columns, rows=Rows(term.table, condition.predicate)), 0.2
