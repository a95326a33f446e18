"""Queries without what says nothing in them: times that nothing is grouped by, rows without a value."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.apart import are_apart
from aidbt.semantic.english.number_rules.grammar import Rules
from aidbt.semantic.query import (
    Attribute,
    Compared,
    Exists,
    Grain,
    InPeriod,
    Measure,
    Missing,
    Not,
    Predicate,
    SemanticQuery,
    attributes,
    both,
    conjuncts,
    measures,
    parts,
)
from aidbt.semantic.rewriting import rewritten


def without_nothing(query: SemanticQuery, rules: Rules) -> SemanticQuery:
    """The different values of one column, of which nothing is none: rows without a code have used none."""
    shown = [output.term for output in query.outputs if output.is_shown]
    term = shown[0]
    if len(shown) > 1 or not isinstance(term, Attribute) or not rules.column(term).nullable:
        return query
    missing = Not(Missing(term))
    return query if missing in parts(query.where) else replace(query, where=both(query.where, missing))


def without_nameless(query: SemanticQuery, rules: Rules) -> SemanticQuery:
    """The values of a column that have most, or enough, of something: no color is not the most common one."""
    is_chosen = query.having is not None or query.limit is not None
    compared = any(isinstance(part, Compared) for part in parts(query))
    term = query.group_by[0] if len(query.group_by) == 1 else None
    if not is_chosen or compared or not isinstance(term, Attribute) or not term.table:
        return query
    if term.grain or term.part or term.via or not rules.column(term).nullable:
        return query
    missing = Not(Missing(term))
    is_said = missing in parts(query.where) or any(part == Missing(term) for part in parts(query))
    return query if is_said else replace(query, where=both(query.where, missing))


def without_idle_times(query: SemanticQuery) -> SemanticQuery:
    """A query without the times of its measures, where nothing is grouped by time: they say nothing then."""
    grouped = [a for a in attributes(query.group_by) if a.grain or a.part]
    timed = [m for m in measures(query) if m.at is not None]
    return query if grouped or not timed else _without_times(query)


def with_denied_times_apart(query: SemanticQuery) -> SemanticQuery:
    """A query of which no related row has to be of one time and not of another: "ordered in 2024 but not in
    2025" is said of those with an order in 2024, and none in 2025.

    Raises:
        Refused: the times overlap, as a year and one of its months do.
    """

    def apart(part: Any) -> Predicate | None:
        if not isinstance(part, Exists) or (part.operator, part.count) == ("=", 0):
            return None
        held = conjuncts(part.where)
        inside = [one for one in held if isinstance(one, InPeriod)]
        denied = [one.predicate for one in held if isinstance(one, Not)]
        denials = [one for one in denied if isinstance(one, InPeriod)]
        pairs = [(one, other) for one in inside for other in denials if one.term == other.term]
        if not pairs:
            return None
        if len(pairs) > 1 or not are_apart(*pairs[0]):
            raise Refused("it is not certain whether something was never done in a time, or at others too")
        one, other = pairs[0]
        rest = [said for said in held if said not in (one, Not(other))]
        some = replace(part, where=both(*rest, one))
        return both(some, Exists(part.table, part.via, both(*rest, other), "=", 0))

    return rewritten(query, apart)


def with_years_as_numbers(query: SemanticQuery) -> SemanticQuery:
    """A query whose groups by year are numbers, as people write years, where none is held against others."""
    if any(isinstance(part, Compared) for part in parts(query)):
        return query
    grouped = {t for t in query.group_by if isinstance(t, Attribute) and t.grain is Grain.YEAR}

    def year(part: Any) -> Any | None:
        return replace(part, grain=None, part="year") if part in grouped else None

    return rewritten(query, year) if grouped else query


def _without_times(node: Any) -> Any:
    if isinstance(node, tuple):
        return tuple(map(_without_times, node))
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed = {f.name: _without_times(getattr(node, f.name)) for f in fields(node) if f.name != "source"}
    return replace(node, **(changed | {"at": None} if isinstance(node, Measure) else changed))
