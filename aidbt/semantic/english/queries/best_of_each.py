"""What the greatest row of each group has: "the price of the most expensive product in each category"."""

from __future__ import annotations

from dataclasses import replace

from aidbt.semantic.english.meanings.number_phrases import Best, Top
from aidbt.semantic.english.meanings.phrases import Columns
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.query import Attribute, Extreme, both, conjuncts


def best_of_each(asked: Asked) -> None:
    """Where groups are asked for, the greatest of all that columns are of is that of each group."""
    columns = [shown for shown in asked.shown if isinstance(shown, Columns)]
    if not asked.group.terms or any(rows.where is not None for rows in asked.group.rows):
        return
    if len(columns) != 1 or asked.shown != columns or asked.tops or asked.best or asked.claims:
        return
    rows = columns[0].rows
    held = conjuncts(rows.where) if rows is not None else ()
    firsts = [one for one in held if isinstance(one, Extreme) and one.operator == "="]
    if rows is None or len(firsts) != 1 or firsts[0].function not in ("min", "max"):
        return
    by = firsts[0].term
    if not isinstance(by, Attribute) or by.table != rows.table:
        return
    of = replace(rows, where=both(*(one for one in held if one != firsts[0])))
    best = Best(Columns((by,)), firsts[0].function == "max", of)
    asked.shown = [replace(columns[0], rows=of)]
    asked.tops = [Top(1, best, best.is_descending)]
