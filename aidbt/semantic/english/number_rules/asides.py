"""Words beside rows and columns that say what is to be seen of them, and of which of them."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.chart import Rule
from aidbt.semantic.english.meanings.number_phrases import Number
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Found, Link, Rows
from aidbt.semantic.english.row_rules.nouns import NounRules
from aidbt.semantic.query import attributes


def add_aside_rules(rule: Rule, rules: NounRules) -> None:
    """Hand each rule to `rule(left, right, function)`."""
    rule("Prep", "Col", lambda how, columns: _with(columns, rules) if how == "with" else ())
    rule("Comma", "WithCols", lambda _, columns: [("WithCols", columns, 0.0)])
    # "The five dearest products, giving the name and the price"
    rule("Comma", "Giving", lambda *_: [("Show", "besides", -0.2)])
    rule("Cond", "Col", lambda condition, columns: _of_kind(condition, columns, rules))
    rule("GoingBy", "Col", lambda _, columns: [("SaidOf", columns, 0.0)] if columns.rows is None else [])
    rule("Comma", "SaidOf", lambda _, columns: [("SaidOf", columns, 0.0)])
    rule("Number", "SaidOf", lambda number, columns: _said_of("Number", number, columns))
    rule("Rows", "SaidOf", lambda rows, columns: _said_of("Rows", rows, columns))
    rule("Rows", "Only", lambda rows, _: [("OnlyRows", rows, 0.0)] if rows.where is not None else [])
    # "Average freight per customer, delivered orders only"
    rule("Comma", "OnlyRows", lambda _, rows: [("OnlyOf", Link(rows), -0.3)])


def _said_of(category: str, said: Number | Rows, columns: Columns) -> Found:
    """`open tickets (going by the status)`: the column that a condition is of anyhow."""
    where = said.where if isinstance(said, Rows) else said.term
    held = {(term.table, term.column) for term in attributes(where)}
    if all((term.table, term.column) in held for term in columns.terms):
        yield category, said, -0.5


def _with(columns: Columns, rules: NounRules) -> Found:
    """`with name and price`; of "with email" or "with discount" those may be meant that have one."""
    is_of_all = columns.rows is None or columns.rows.where is None
    # What rows are known by is there, whatever the schema says.
    is_there = all(
        not rules.column(term).nullable or term in rules.label(term.table) for term in columns.terms
    )
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
