"""Queries without what says nothing in them: times that nothing is grouped by, rows without a value."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from aidbt.semantic.english.number_rules.grammar import Rules
from aidbt.semantic.query import (
    Attribute,
    Compared,
    Grain,
    Measure,
    Missing,
    Not,
    SemanticQuery,
    attributes,
    both,
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
    groups = [one.group_by for one in parts(query) if isinstance(one, SemanticQuery)]
    grouped = [a for a in attributes(tuple(groups)) if a.grain or a.part]
    timed = [m for m in measures(query) if m.at is not None]
    return query if grouped or not timed else _without_times(query)


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
