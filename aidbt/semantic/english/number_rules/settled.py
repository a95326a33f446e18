"""Columns that several tables have: of a question the one of a table that it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.number_phrases import Best, Shown, Sorted, Top
from aidbt.semantic.english.meanings.phrases import Amount, Columns
from aidbt.semantic.english.number_rules.asked import Asked
from aidbt.semantic.query import Attribute


def settle(asked: Asked) -> None:
    """Of a column that several tables have, take the one of a table that is spoken of."""
    spoken = [shown.table for shown in asked.shown if isinstance(shown, Amount)]
    spoken += [rows.table for rows in (*asked.group.rows, *asked.rows())]
    spoken += [number.table for number in asked.numbers()]
    bests = [*asked.best, *(top.of for top in asked.tops if isinstance(top.of, Best))]
    if any(not top.is_descending for top in asked.tops) and any(best.is_descending for best in bests):
        raise Refused("the last of what has most is asked for, and it is not certain which end is meant")
    asked.tops = [_settled_top(top, spoken) for top in asked.tops]
    groups = [*asked.group.terms, *(term for top in asked.tops for term in _grouping(top))]
    asked.returned = [_grouped_by(shown, groups) for shown in asked.returned]
    asked.shown = [_settled(shown, spoken) for shown in asked.shown]
    asked.returned = [_settled(shown, spoken) for shown in asked.returned]
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


def _grouping(top: Top) -> tuple[Attribute, ...]:
    """The columns that make the groups of which the first are meant: "which 4 combinations of region and"."""
    of = top.of.rows if isinstance(top.of, Best) else top.of
    return of.terms if isinstance(of, Columns) else ()


def _grouped_by(shown: Shown, groups: Sequence[Attribute]) -> Shown:
    """The columns that make the groups, where those that are called the same are to be shown."""
    if not isinstance(shown, Columns) or shown.rows is not None:
        return shown
    if len(shown.terms) == 1:
        for term in groups:
            if term in shown.alike and term != shown.terms[0]:
                return replace(shown, terms=(term,), alike=())
        return shown
    # "City" may be the driver's or the trip's: where drivers' cities make the groups, it is theirs.
    return replace(shown, terms=tuple(_namesake(term, shown, groups) for term in shown.terms))


def _namesake(term: Attribute, shown: Columns, groups: Sequence[Attribute]) -> Attribute:
    """The one column of groups, else not shown, that is meant where a column makes none of them."""
    found = [other for other in shown.namesakes(term) if other in groups and other not in shown.terms]
    return found[0] if len(found) == 1 and term not in groups else term


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
