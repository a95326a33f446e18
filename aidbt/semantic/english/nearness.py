"""Columns that are called the same: those of the rows that are asked about are meant, none farther off."""

from __future__ import annotations

from aidbt.semantic.graph import Graph, NoPath
from aidbt.semantic.query import Attribute, SemanticQuery, Value, attributes, measures, parts

_NOWHERE = 99


def is_nearer(one: SemanticQuery, other: SemanticQuery, graph: Graph) -> bool:
    """Whether queries differ only in columns that are called the same, and the one's are nearer to its rows.

    Of "flights per origin airport" the airport is the flight's own, and not that of a mart of its days.
    """
    ours, theirs = set(attributes(one)), set(attributes(other))
    if not theirs - ours or _values(one) != _values(other):
        return False
    return all(
        any(
            mine.column == term.column and _steps(one, mine, graph) < _steps(other, term, graph)
            for mine in ours - theirs
        )
        for term in theirs - ours
    )


def _values(query: SemanticQuery) -> set[Value]:
    return {part for part in parts(query) if isinstance(part, Value)}


def _steps(query: SemanticQuery, term: Attribute, graph: Graph) -> int:
    """How many references a column is away from the rows that a query lists or measures."""
    start = query.base or next((measure.table for measure in measures(query)), "")
    if start == term.table:
        return 0
    try:
        return len(graph.path(start, term.table, term.via)) if start and term.table else _NOWHERE
    except NoPath:
        return _NOWHERE
