"""Listings that show rows which their conditions are of: seen from those rows.

"Which customers have open orders? Return their name and the order date" lists the open orders, each with its
customer: seen from the customers, also the dates of their other orders would stand beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.semantic.english.meanings.phrases import Link, Rows
from aidbt.semantic.english.meanings.relations import Held
from aidbt.semantic.english.number_rules.numbers import NumberRules
from aidbt.semantic.english.queries.related_rows import first_of_many
from aidbt.semantic.graph import Path, is_to_one
from aidbt.semantic.query import Attribute, Exists, Predicate, SemanticQuery, both, conjuncts


def of_shown_rows(query: SemanticQuery, rules: NumberRules) -> SemanticQuery:
    """A listing as seen from the related rows that it shows, where one condition says which those are."""
    shown = [output.term for output in query.outputs if isinstance(output.term, Attribute)]
    if not any(term.table == query.base for term in shown):
        return query
    while (seen := _seen_from_shown(query, rules)) is not None:
        query = seen
    return query


def _seen_from_shown(query: SemanticQuery, rules: NumberRules) -> SemanticQuery | None:
    """A listing from one step nearer to what it shows; None where it is not certain which rows are meant."""
    terms = [output.term for output in query.outputs] + [order.term for order in query.order_by]
    shown = [term for term in terms if isinstance(term, Attribute)]
    is_plain = query.base and query.limit is None and len(shown) == len(terms)
    if not is_plain or any(term.via for term in shown):
        return None
    through = {first_of_many(rules.graph, query.base, term) for term in shown} - {""}
    said = conjuncts(query.where)
    some = [one for one in said if isinstance(one, Exists) and _through(one, query.base, rules) in through]
    if len(through) != 1 or len(some) != 1 or some[0].via or (some[0].operator, some[0].count) != (">=", 1):
        return None
    table, rest = through.pop(), both(*(one for one in said if one != some[0]))
    if not _are_same_from(table, query.base, shown, rules):
        return None
    held = [_held(table, some[0].table, some[0].where, rules), _held(table, query.base, rest, rules)]
    if None in held:
        return None
    return replace(query, base=table, where=both(*(one[0] for one in held if one)), distinct=True)


def _held(table: str, other: str, where: Predicate | None, rules: NumberRules) -> Held | None:
    """What a condition on the same rows, or on others that they belong to, is as seen from them."""
    if table == other or where is None:
        return where, 0.0
    path = rules.path(table, other)
    is_own = path is not None and is_to_one(path)
    return rules.holds(Rows(table), Link(Rows(other, where))) if is_own else None


def _through(exists: Exists, base: str, rules: NumberRules) -> str:
    return first_of_many(rules.graph, base, Attribute(exists.table, "", exists.via))


def _are_same_from(table: str, base: str, shown: Sequence[Attribute], rules: NumberRules) -> bool:
    """Whether what is shown of rows is the same seen from related ones, which each belong to one of them."""
    there, back = rules.path(base, table), rules.path(table, base)
    if there is None or back is None or not is_to_one(back):
        return False
    names = [step.relationship.name for step in there]
    if [step.relationship.name for step in reversed(back)] != names:
        return False
    tables = {term.table for term in shown}
    return all(_is_same_way(there, back, rules.path(base, one), rules.path(table, one)) for one in tables)


def _is_same_way(there: Path, back: Path, one: Path | None, other: Path | None) -> bool:
    """Whether a way from rows and one from their related rows lead over the same to a column."""
    if one is None or other is None:
        return False
    is_before, is_behind = one == there[: len(one)] and is_to_one(other), one == (*there, *other)
    return is_before or is_behind or other == (*back, *one)
