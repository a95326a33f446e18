"""Whether a question can be read in two ways, or one of them is the ordinary one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Protocol, TypeGuard, TypeVar

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.queries.nearness import is_by_value, is_nearer
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import (
    All,
    AnyOf,
    Attribute,
    Comparison,
    Exists,
    Not,
    OneOf,
    Output,
    Predicate,
    SemanticQuery,
    Value,
    attributes,
    parts,
)
from aidbt.semantic.wording.sentences import describe

MARGIN = 0.16
"""Readings whose scores are no farther apart are about as likely."""
TIE = 0.02
"""Readings whose scores are no farther apart are as likely as each other."""


class _Read(Protocol):
    """What was read as a query."""

    @property
    def query(self) -> SemanticQuery: ...


R = TypeVar("R", bound=_Read)


def certain(readings: Iterator[tuple[float, R]], graph: Graph) -> R:
    """The likeliest reading, unless one that is about as likely speaks of other columns or values.

    Raises:
        Refused: one does, and neither is the ordinary one.
    """
    score, best = next(readings)
    said, meant = _spoken_of(best.query, graph), _normal(best.query, graph)
    for other_score, other in readings:
        if score - other_score >= MARGIN:
            break
        if _normal(other.query, graph) == meant:
            continue
        if is_nearer(best.query, other.query, graph) or is_by_value(best.query, other.query):
            continue
        if is_nearer(other.query, best.query, graph) or is_by_value(other.query, best.query):
            best = other
            said, meant = _spoken_of(best.query, graph), _normal(best.query, graph)
            continue
        is_tie = score - other_score < TIE
        if is_tie or _spoken_of(other.query, graph) != said:
            shown = (describe(best.query, graph), describe(other.query, graph))
            raise Refused("the question can be read in two ways", readings=shown)
    return best


def _normal(node: Any, graph: Graph) -> Any:
    """A query in which what has no order is sorted, and a column that refers to a key is that key."""
    if isinstance(node, tuple):
        return tuple(_normal(part, graph) for part in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    if isinstance(node, Attribute):
        table, column = _keys_referred_to(graph).get((node.table, node.column), (node.table, node.column))
        return replace(node, table=table, column=column)
    if isinstance(node, Output):
        return _normal(node.term, graph)
    if isinstance(node, Not) and _is_true(node.predicate):
        return _normal(replace(node.predicate, right=Value(False)), graph)
    changed = {field.name: _normal(getattr(node, field.name), graph) for field in fields(node)}
    if isinstance(node, All):
        changed["predicates"] = _without_evident(changed["predicates"])
        if len(changed["predicates"]) == 1:
            return changed["predicates"][0]
    if isinstance(node, All | AnyOf):
        changed["predicates"] = tuple(sorted(changed["predicates"], key=repr))
    if isinstance(node, SemanticQuery):
        # What is seen first is not what differs.
        changed["outputs"] = tuple(sorted(changed["outputs"], key=repr))
    return replace(node, **changed)


def _without_evident(said: Sequence[Predicate]) -> tuple[Predicate, ...]:
    """Conditions without that there are any rows of a table which another one says a value of."""
    terms = [one.left for one in said if isinstance(one, Comparison)]
    terms += [one.term for one in said if isinstance(one, OneOf)]
    known = {term.table for term in terms if isinstance(term, Attribute)}
    return tuple(
        one
        for one in said
        if not (isinstance(one, Exists) and one.table in known and one == Exists(one.table, one.via))
    )


def _is_true(predicate: Predicate) -> TypeGuard[Comparison]:
    """Whether a predicate says that a flag is set; what is not set is false, for those who ask."""
    return isinstance(predicate, Comparison) and (predicate.operator, predicate.right) == ("=", Value(True))


def _spoken_of(query: SemanticQuery, graph: Graph) -> frozenset[object]:
    """The columns and values of a query; a column that refers to another is that one."""
    refers = _keys_referred_to(graph)
    found: set[object] = {part for part in parts(query) if isinstance(part, Value)}
    for attribute in attributes(query):
        place = (attribute.table, attribute.column)
        found.add((refers.get(place, place), attribute.via))
    return frozenset(found)


def _keys_referred_to(graph: Graph) -> dict[tuple[str, str], tuple[str, str]]:
    """The key that a column refers to, as table and column."""
    return {
        (r.source, r.source_columns[0]): (r.target, r.target_columns[0])
        for r in graph.relationships
        if len(r.source_columns) == 1
    }
