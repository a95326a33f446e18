"""Conditions on rows that are related to those that are asked about: which of them are of the same row.

"Drivers who drove when a collision happened on the Red Line" drove on that line at that time. Two conditions
that each look for a row of their own would also find who drove elsewhere then, and there at another time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from aidbt.semantic.english.grounding.refusal import Doubtful
from aidbt.semantic.english.meanings.same_rows import is_another
from aidbt.semantic.graph import Graph, NoPath, Path, is_to_one
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Exists,
    Measure,
    Not,
    Predicate,
    SemanticQuery,
    attributes,
    both,
    measures,
    parts,
    queries_in,
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


def related_in(query: SemanticQuery, graph: Graph) -> Iterator[list[Related]]:
    """The conditions on related rows, together where they are of the same rows."""
    for part in queries_in(query):
        if part.base:
            yield list(_related(part.where, part.base, graph))
        for measure in measures(part):
            if measure.table:
                yield list(related_of(part, measure, graph))


def related_of(query: SemanticQuery, measure: Measure, graph: Graph) -> Iterator[Related]:
    """The conditions on rows that are related to those a measure is of."""
    return _related(both(query.where, measure.where), measure.table, graph)


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
        Doubtful: it is not certain that they are of the same row, or that they are not.
    """
    for found in related_in(query, graph):
        some = [one for one in found if one.is_some]
        for one, other in combinations(some, 2):
            if (one.through, one.inside) != (other.through, other.inside):
                continue
            # Of "ordered tea and ordered cola" each may be another order's, and no item is both.
            if bool(one.inside) == is_another(one.exists, other.exists):
                raise Doubtful(f"two conditions may be of the same row of {one.through}, or of two")
    for part in queries_in(query):
        _check_shown(part, graph)
        _check_ways(part)
        _check_nearer(part, graph)


def _check_ways(query: SemanticQuery) -> None:
    """That groups are not of one thing in two ways: copies of a branch beside patrons at home there."""
    groups = [term for term in query.group_by if isinstance(term, Attribute) and len(measures(query)) > 1]
    for one, other in combinations(groups, 2):
        if (one.table, one.column) == (other.table, other.column) and one.via != other.via:
            raise Doubtful(f"{one.table} makes groups in two ways, and it is not certain that both are meant")


def _check_nearer(query: SemanticQuery, graph: Graph) -> None:
    """That groups are of what is measured, and not of rows that a condition names and that are nearer.

    Of "vehicles sent to incidents in each district" the district may be the incident's.
    """
    tables = {term.table for term in query.group_by if isinstance(term, Attribute) and term.table}
    for measure in measures(query):
        if not measure.table:
            continue
        for one in related_of(query, measure, graph):
            for table in tables - {measure.table}:
                if any(_is_nearer(other, table, measure.table, graph) for other in _spoken_of(one.exists)):
                    raise Doubtful(f"it is not certain whose {table} is meant")


def _spoken_of(exists: Exists) -> set[str]:
    """The tables that a condition on related rows is about."""
    about = {part.table for part in parts(exists) if isinstance(part, Exists)}
    return about | {attribute.table for attribute in attributes(exists)}


def _is_nearer(other: str, table: str, measured: str, graph: Graph) -> bool:
    """Whether rows belong to one of a table in a shorter way than those that are measured."""
    if other in (table, measured):
        return False
    own = graph.paths(measured, table)
    if own and other in {step.end for step in own[0]}:
        return False
    ways = [path for path in graph.paths(other, table) if is_to_one(path)]
    is_apart = bool(ways) and all(step.end != measured for step in ways[0])
    return bool(own) and is_apart and len(ways[0]) < len(own[0])


def _check_shown(query: SemanticQuery, graph: Graph) -> None:
    """That what is shown of related rows is of those that the conditions are of."""
    if not query.base:
        return
    shown = [output.term for output in query.outputs if isinstance(output.term, Attribute)]
    through = {first_of_many(graph, query.base, term) for term in shown} - {""}
    for one in _related(query.where, query.base, graph):
        if one.is_some and one.through in through:
            raise Doubtful(f"rows of {one.through} may be shown that the conditions do not hold of")
