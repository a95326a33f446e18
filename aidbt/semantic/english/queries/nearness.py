"""Columns that are called the same: those of the rows that are asked about are meant, none farther off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.words.tokens import verb_stem
from aidbt.semantic.graph import Graph, NoPath
from aidbt.semantic.query import (
    Attribute,
    Measure,
    Missing,
    Not,
    OneOf,
    Predicate,
    SemanticQuery,
    Value,
    attributes,
    conjuncts,
    measures,
    parts,
)

_NOWHERE = 99
_SHORTEST = 2


def is_nearer(one: SemanticQuery, other: SemanticQuery, graph: Graph) -> bool:
    """Whether queries differ only in columns that are called the same, and the one's are nearer to its rows.

    Of "flights per origin airport" the airport is the flight's own, and not that of a mart of its days. What
    lies as near to other rows that something is said of is meant as likely: of "analyses of gold finds per
    country" the finds have one, too.
    """
    ours, theirs = set(attributes(one)), set(attributes(other))
    if not theirs - ours or _values(one) != _values(other):
        return False
    return all(
        any(
            _is_called_alike(mine, term) and _steps(one, mine, graph) < _least_steps(other, term, graph)
            for mine in ours - theirs
        )
        for term in theirs - ours
    )


def _is_called_alike(one: Attribute, other: Attribute) -> bool:
    """Whether columns have one name, or each the name of its rows before it: the status of an order."""
    ours, theirs = (set(words_of(a.column)) - set(singular_words(a.table)) for a in (one, other))
    return one.column == other.column or (bool(ours) and ours == theirs)


def is_by_value(one: SemanticQuery, other: SemanticQuery) -> bool:
    """Whether queries differ only in that the one asks for a value where the other asks for its time.

    "Released payments" are those whose status is "released", though `released_at` says when they were; and
    "unread messages" those that are "unread", though they have no `read_at` either.
    """
    if _says_status_too(one, other):
        return True
    said = [part for part in parts(one) if isinstance(part, OneOf)]
    there = [part for part in parts(other) if isinstance(part, Not) and isinstance(part.predicate, Missing)]
    inner = {part.predicate for part in there}
    timed: list[Not | Missing] = [*there]
    timed += [part for part in parts(other) if isinstance(part, Missing) and part not in inner]
    for value in set(said) - set(parts(other)):
        words = [str(v.value).lower() for v in value.values if isinstance(v, Value)]
        for done in timed:
            missing = done.predicate if isinstance(done, Not) else done
            time = missing.term if isinstance(missing, Missing) else None
            if not isinstance(time, Attribute) or not isinstance(value.term, Attribute):
                continue
            is_undone = isinstance(done, Missing)
            stems = {
                verb_stem(_UNDONE.sub("", word)) for word in words if bool(_UNDONE.match(word)) == is_undone
            }
            is_same = value.term.table == time.table and _is_of_verb(words_of(time.column), stems)
            if is_same and _with(other, done, value) == _with(one, done, value):
                return True
    return False


_UNDONE = re.compile(r"(?:un|not[ _-]|non[ _-]?)(?=[a-z]{3})")


def _says_status_too(one: SemanticQuery, other: SemanticQuery) -> bool:
    """Whether queries differ only in that the one asks for a value: "payments that are paid"."""
    held, bare = conjuncts(one.where), conjuncts(other.where)
    more = [predicate for predicate in held if predicate not in bare]
    is_value = len(more) == 1 and isinstance(more[0], OneOf) and len(more[0].values) == 1
    return is_value and len(held) == len(bare) + 1 and replace(one, where=other.where) == other


def _is_of_verb(words: Sequence[str], stems: Iterable[str]) -> bool:
    """Whether a word is of the same verb as one of the stems, or short for it: `disc_dt`."""
    known = [verb_stem(word) for word in words if len(word) > _SHORTEST]
    return any(stem.startswith(word) for stem in stems for word in known)


def _with(node: Any, done: Predicate, value: Predicate) -> Any:
    """A query with one predicate in place of another, and without the times that its rows are seen at."""
    if node == done:
        return value
    if isinstance(node, tuple):
        return tuple(_with(part, done, value) for part in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    kept = {field.name: _with(getattr(node, field.name), done, value) for field in fields(node)}
    return replace(node, **(kept | {"at": None} if isinstance(node, Measure) else kept))


def _values(query: SemanticQuery) -> set[Value]:
    return {part for part in parts(query) if isinstance(part, Value)}


def _least_steps(query: SemanticQuery, term: Attribute, graph: Graph) -> int:
    """How many references a column is away from the rows of a query, or from others that something is said
    of; from none of the rows that it is a column of itself.
    """
    wheres = (query.where, *(measure.where for measure in measures(query)))
    said = {attribute.table for attribute in attributes(wheres)} - {term.table, ""}
    return min(_steps(query, term, graph), *(_away(t, term, graph) for t in said), _NOWHERE)


def _steps(query: SemanticQuery, term: Attribute, graph: Graph) -> int:
    """How many references a column is away from the rows that a query lists or measures."""
    return _away(query.base or next((measure.table for measure in measures(query)), ""), term, graph)


def _away(start: str, term: Attribute, graph: Graph) -> int:
    """How many references a column is away from the rows of a table."""
    if start == term.table:
        return 0
    try:
        return len(graph.path(start, term.table, term.via)) if start and term.table else _NOWHERE
    except NoPath:
        return _NOWHERE
