"""Rows that are listed beside those they are told of: "what products are in each order"."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.number_phrases import Group, Sorted
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.graph import is_to_one


def name_parents(asked: Asked, rules: NumberRules) -> None:
    """`each product with its category`: of the one thing that each of them belongs to, its name is meant."""
    _name_rows(asked, rules)
    owners = [rows.table for rows in asked.group.rows]
    for place, shown in enumerate(asked.shown):
        if isinstance(shown, Rows) and shown.where is None and len(owners) == 1 and shown.table != owners[0]:
            path = rules.path(owners[0], shown.table)
            names = rules.names(shown.table)
            if path is not None and is_to_one(path) and names:
                asked.shown[place] = Columns(names)


def _name_rows(asked: Asked, rules: NumberRules) -> None:
    """`each product name`: of each product, where something of a product is asked for besides."""
    group, tables = asked.group, {term.table for term in asked.group.terms}
    if group.rows or len(tables) != 1 or group.grains or group.parts or not asked.shown:
        return
    table = min(tables)
    if table and set(group.terms) == set(rules.names(table)):
        asked.group = replace(group, terms=rules.label(table), rows=(Rows(table),))


def are_pairs(asked: Asked, rules: NumberRules) -> bool:
    """Whether rows are listed beside others, one of each at a time."""
    group, things = asked.group, [one for one in asked.shown if isinstance(one, Rows)]
    is_asked = (asked.lists or asked.asks) and not (asked.counts or asked.changes or group.is_per)
    if not is_asked or group.grains or group.parts or len(group.rows) != 1 or len(things) != len(asked.shown):
        return False
    rows, shown = group.rows[0], [thing.table for thing in things]
    is_known = len(shown) == 1 and set(group.terms) <= set(rules.label(rows.table)) and shown[0] != rows.table
    return is_known and rows.where is None and rules.path(rows.table, shown[0]) is not None


def list_pairs(asked: Asked) -> None:
    """Show what made groups beside what is shown, in its order."""
    columns = [Columns((term,)) for term in asked.group.terms]
    asked.orders = asked.orders or [Sorted(one, is_descending=False) for one in columns]
    asked.shown, asked.group = [*asked.group.rows, *asked.shown], Group()
