"""Values that are asked for themselves: which brands have no damage, which countries more than 5 guests."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Rows
from aidbt.semantic.graph import Graph, NoPath, is_to_one
from aidbt.semantic.query import (
    Attribute,
    Comparison,
    Exists,
    InPeriod,
    Measure,
    Missing,
    Not,
    Predicate,
    SemanticQuery,
    Value,
    both,
    conjuncts,
    measures,
)

_BEFORE_SUBJECTS = {"Show", "Fill", "Who"}
_HAVING = {"Owning", "Verb"}


def of_values(query: SemanticQuery, items: Sequence[Item], graph: Graph) -> SemanticQuery:
    """A query for values of columns, each of which is one thing, where no rows are named that have them.

    Of "which brands have no damage" those brands are meant none of whose vehicles has any.

    Args:
        items: the phrases of the question's first sentence.

    Raises:
        Refused: so many of something are claimed of values that cannot be counted for each.
    """
    shown = [output.term for output in query.outputs if output.is_shown]
    terms = tuple(term for term in shown if isinstance(term, Attribute) and _is_shared(term, query, graph))
    is_list = bool(query.base) and not query.group_by and not query.limit and not any(measures(query))
    words = _of_values(items)
    if not is_list or not terms or len(terms) < len(shown) or not words:
        return query
    named = [
        before for before, word in pairwise(words) if _is_named(word, {query.base, *(t.table for t in terms)})
    ]
    if any(before.category not in _HAVING for before in named):
        return query
    held = conjuncts(query.where)
    counted = [one for one in held if (some := _counted(one)) and (some.operator, some.count) != (">=", 1)]
    denied = [one for one in held if isinstance(one, Not) and not isinstance(one.predicate, Missing | Exists)]
    if not named and any(isinstance(one.predicate, InPeriod) for one in denied):
        counted += denied
    elif not named and denied:
        raise Refused("it is not certain whether no row with such a value may be so, or not all of them")
    if not counted or named:
        return replace(query, distinct=True)
    if len(counted) > 1 or query.order_by:
        raise Refused("it is not certain what is claimed of each value")
    rest = [one for one in held if one not in counted]
    rest += [Not(Missing(term)) for term in terms if graph.table(term.table).column(term.column).nullable]
    having = _having(counted[0], query.base, graph)
    where = both(*dict.fromkeys(rest))
    return replace(query, base="", group_by=terms, where=where, having=having, distinct=False)


def _counted(said: object) -> Exists | None:
    """So many related rows, of which a condition is, also where it denies that there are any."""
    if isinstance(said, Not) and isinstance(said.predicate, Exists):
        one = said.predicate
        return replace(one, operator="=", count=0) if (one.operator, one.count) == (">=", 1) else None
    return said if isinstance(said, Exists) else None


def _having(said: Predicate, base: str, graph: Graph) -> Predicate | None:
    """So many related rows of each group, or none."""
    some = _counted(said)
    none = said.predicate if isinstance(said, Not) else None
    if some is not None and (some.operator, some.count) == ("=", 0):
        none = replace(some, operator=">=", count=1)
    if none is not None:
        # What all measures share would choose the rows, so that no group without any were there.
        is_none = Comparison("=", Measure("count", base, where=none), Value(0))
        return both(is_none, Comparison(">", Measure("count", base), Value(0)))
    if some is None:
        return None
    try:
        path = graph.path(some.table, base)
    except NoPath:
        path = None
    if path is None or some.via or not is_to_one(path):
        raise Refused("it is not certain of what so many are claimed")
    return Comparison(some.operator, Measure("count", some.table, where=some.where), Value(some.count))


def _is_shared(term: Attribute, query: SemanticQuery, graph: Graph) -> bool:
    """Whether several rows may have the same value: it is no key of those that are listed, nor their name."""
    table = graph.table(term.table)
    is_own = term.table == query.base
    return not (is_own and (term.column == table.label or any(term.column in key for key in table.keys)))


def _of_values(items: Sequence[Item]) -> list[Item]:
    """The words of a sentence from the values on that it begins with, such as "room types"; else none."""
    words = [word for item in items for word in item.words()]
    while words and words[0].category in _BEFORE_SUBJECTS:
        words = words[1:]
    if len(words) > 1 and words[1].category == "Col" and isinstance(words[0].meaning, Rows):
        words = words[1:]
    return words if words and words[0].category == "Col" else []


def _is_named(word: Item, tables: Collection[str]) -> bool:
    return isinstance(word.meaning, Rows) and word.meaning.table in tables
