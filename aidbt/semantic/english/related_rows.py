"""Conditions on rows that are related to those that are asked about: which of them are of the same row.

"Drivers who drove when a collision happened on the Red Line" drove on that line at that time. Two conditions
that each look for a row of their own would also find who drove elsewhere then, and there at another time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from aidbt.semantic.english.refusal import Refused
from aidbt.semantic.english.relations import is_another
from aidbt.semantic.graph import Graph, NoPath, Path
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Exists,
    Not,
    Predicate,
    SemanticQuery,
    both,
    measures,
)


@dataclass(frozen=True, slots=True)
class Related:
    """A condition on rows of which there may be many for one.

    Attributes:
        through: the first table on the way that has many rows for one.
        is_some: whether it asks for one of them at least, and nothing denies it.
        inside: the conditions of the same kind that it is a part of, the outermost first.
    """

    exists: Exists
    through: str
    is_some: bool
    inside: tuple[Exists, ...] = ()


def queries_in(query: SemanticQuery | None) -> Iterator[SemanticQuery]:
    """A query and those that it is made of."""
    while query is not None:
        yield query
        query = query.source


def related_in(query: SemanticQuery, graph: Graph) -> Iterator[list[Related]]:
    """The conditions on related rows, together where they are of the same rows."""
    for part in queries_in(query):
        if part.base:
            yield list(_related(part.where, part.base, graph))
        for measure in measures(part):
            if measure.table:
                yield list(_related(both(part.where, measure.where), measure.table, graph))


def _related(
    predicate: Predicate | None,
    start: str,
    graph: Graph,
    *,
    is_denied: bool = False,
    inside: tuple[Exists, ...] = (),
) -> Iterator[Related]:
    match predicate:
        case Exists():
            through = first_of_many(graph, start, Attribute(predicate.table, "", predicate.via))
            is_some = not is_denied and (predicate.operator, predicate.count) == (">=", 1)
            outer = inside
            if through:
                yield Related(predicate, through, is_some, inside)
                outer = (*inside, predicate)
            yield from _related(predicate.where, predicate.table, graph, is_denied=is_denied, inside=outer)
        case Not():
            yield from _related(predicate.predicate, start, graph, is_denied=True, inside=inside)
        case All() | AnyOf():
            for part in predicate.predicates:
                yield from _related(part, start, graph, is_denied=is_denied, inside=inside)


def first_of_many(graph: Graph, start: str, to: Attribute) -> str:
    """The first table on the way from rows to a column that has many rows for one; "" where none has."""
    if not start or start == to.table:
        return ""
    try:
        path: Path = graph.path(start, to.table, to.via)
    except NoPath:
        return ""
    return next((step.end for step in path if not step.is_to_one), "")


def check_same_rows(query: SemanticQuery, graph: Graph) -> None:
    """That no two conditions look for rows of their own where one row is meant, nor is another one shown.

    Raises:
        Refused: it is not certain that they are of the same row, or that they are not.
    """
    for found in related_in(query, graph):
        some = [one for one in found if one.is_some]
        for one, other in combinations(some, 2):
            if (one.through, one.inside) != (other.through, other.inside):
                continue
            # Of "ordered tea and ordered cola" each may be another order's, and no item is both.
            if bool(one.inside) == is_another(one.exists, other.exists):
                raise Refused(f"two conditions may be of the same row of {one.through}, or of two")
    for part in queries_in(query):
        _check_shown(part, graph)
        _check_ways(part)


def _check_ways(query: SemanticQuery) -> None:
    """That groups are not of one thing in two ways: copies of a branch beside patrons at home there."""
    groups = [term for term in query.group_by if isinstance(term, Attribute) and len(measures(query)) > 1]
    for one, other in combinations(groups, 2):
        if (one.table, one.column) == (other.table, other.column) and one.via != other.via:
            raise Refused(f"{one.table} makes groups in two ways, and it is not certain that both are meant")


def _check_shown(query: SemanticQuery, graph: Graph) -> None:
    """That what is shown of related rows is of those that the conditions are of."""
    if not query.base:
        return
    shown = [output.term for output in query.outputs if isinstance(output.term, Attribute)]
    through = {first_of_many(graph, query.base, term) for term in shown} - {""}
    for one in _related(query.where, query.base, graph):
        if one.is_some and one.through in through:
            raise Refused(f"rows of {one.through} may be shown that the conditions do not hold of")
