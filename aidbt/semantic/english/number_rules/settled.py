"""Columns that several tables have: of a question the one of a table that it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import (
    Best,
    Group,
    Shown,
    Sorted,
    Top,
)
from aidbt.semantic.english.meanings.phrases import (
    Amount,
    Columns,
)
from aidbt.semantic.english.number_rules.asked import Asked


def settle(asked: Asked) -> None:
    """Of a column that several tables have, take the one of a table that is spoken of."""
    spoken = [shown.table for shown in asked.shown if isinstance(shown, Amount)]
    spoken += [rows.table for rows in (*asked.group.rows, *asked.rows())]
    spoken += [number.table for number in asked.numbers()]
    bests = [*asked.best, *(top.of for top in asked.tops if isinstance(top.of, Best))]
    if any(not top.is_descending for top in asked.tops) and any(best.is_descending for best in bests):
        raise Refused("the last of what has most is asked for, and it is not certain which end is meant")
    asked.returned = [_grouped_by(shown, asked.group) for shown in asked.returned]
    asked.shown = [_settled(shown, spoken) for shown in asked.shown]
    asked.returned = [_settled(shown, spoken) for shown in asked.returned]
    asked.tops = [_settled_top(top, spoken) for top in asked.tops]
    asked.orders = [_settled_order(order, spoken) for order in asked.orders]
    rivals = dict(asked.group.rivals)
    columns = [Columns((term,), None, rivals.get(term, ())) for term in asked.group.terms]
    settled = [_settled(column, spoken) for column in columns]
    terms = tuple(column.terms[0] for column in settled if isinstance(column, Columns))
    asked.group = replace(asked.group, terms=tuple(dict.fromkeys(terms)))


def _settled_top(top: Top, spoken: Sequence[str]) -> Top:
    """`top 5 countries by number of users`: the users' own country."""
    match top.of:
        case Columns() as columns:
            settled = _settled(columns, spoken)
            return replace(top, of=settled) if isinstance(settled, Columns) else top
        case Best(rows=Columns() as columns) as best:
            settled = _settled(columns, spoken)
            return replace(top, of=replace(best, rows=settled)) if isinstance(settled, Columns) else top
    return top


def _settled_order(order: Sorted, spoken: Sequence[str]) -> Sorted:
    """`the five heaviest parcels, ordered by weight`: the parcels' own weight."""
    return replace(order, by=_settled(order.by, spoken)) if isinstance(order.by, Columns) else order


def _grouped_by(shown: Shown, group: Group) -> Shown:
    """The column that makes the groups, where one that is called the same is to be shown."""
    if isinstance(shown, Columns) and shown.rows is None and len(shown.terms) == 1:
        for term in group.terms:
            if term in shown.alike and term != shown.terms[0]:
                return replace(shown, terms=(term,), alike=())
    return shown


def _settled(shown: Shown, spoken: Sequence[str]) -> Shown:
    if not isinstance(shown, Columns) or shown.rows is not None or len(shown.terms) != 1:
        return shown
    for table in spoken:
        if shown.terms[0].table == table:
            return shown
        for other in shown.alike:
            if other.table == table:
                return replace(shown, terms=(other,), alike=())
    return shown
