"""All, only and both: words that say of how many related rows a claim is.

A query asks whether there is a related row. "Customers who ordered all products", "only in 2024" or "both tea
and cola" ask for more; what says nothing of rows themselves ("all orders") must not be let be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from aidbt.semantic.english.grounding.refusal import Doubtful
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Condition, Rows
from aidbt.semantic.english.queries.related_rows import Related, related_in
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import Attribute, Extreme, OneOf, SemanticQuery, parts, queries_in

# What "only" makes exact rather than the only one: "only two orders".
_COUNTED = {"Num", "CmpNum", "Range", "Twice", "CmpTimes"}

_CLAIMING = {"Rel", "Owning", "Act", "Did", "Verb"}


def check_quantifiers(sentences: Sequence[Iterable[Item]], query: SemanticQuery, graph: Graph) -> None:
    """That no word asks for all, for nothing but, or for each of several related rows.

    Raises:
        Doubtful: one does, where the query only asks for one row.
    """
    related = [one for found in related_in(query, graph) for one in found]
    tables = {one.exists.table for one in related}
    is_any = any(map(partial(_lists_values, graph), queries_in(query)))
    items = [item for sentence in sentences for item in sentence]
    _check_both(items, query)
    is_mean = any(isinstance(part, Extreme) and part.operator != "=" for part in parts(query))
    for item in items:
        if is_mean and _is_of_own(list(item.words())):
            raise Doubtful("a mean of each row's own kind is spoken of, not that of all", spans=("their",))
        if _denies_all(list(item.words())):
            raise Doubtful("it is not certain whether none or not all are meant", spans=("all",))
        for node in item.nodes():
            if _is_every(node) & tables:
                raise Doubtful("all of several related rows are asked for", spans=("all",))
            if _is_only(node) and (related or (is_any and _is_claimed(item))):
                raise Doubtful("it is not certain what there must be nothing else of", spans=("only",))
            if _is_each(node, related):
                raise Doubtful("it is not certain whether one row has to be of each kind", spans=("and",))


def _is_of_own(words: Sequence[Item]) -> bool:
    """`the average of their category`, which is another one for each of them."""
    kinds = [word.category for word in words if word.category not in ("Fill", "Is")]
    mean = next((place for place, kind in enumerate(kinds) if kind == "Agg"), len(kinds))
    later = kinds[mean:]
    return any(kind in ("Poss", "Their") and "Rows" in later[place:] for place, kind in enumerate(later))


def _check_both(items: Sequence[Item], query: SemanticQuery) -> None:
    """That "both" is not said of values of which a row has one: nothing is in both Drinks and Snacks."""
    if not any((word.category, word.meaning) == ("Fill", "both") for item in items for word in item.words()):
        return
    chosen = {part.term: set(part.values) for part in parts(query) if isinstance(part, OneOf)}
    for item in items:
        for node in item.nodes():
            each = _each_of(node)
            if each is not None and chosen.get(each.term, set()) >= set(each.values):
                raise Doubtful("it is not certain what has to be both", spans=("both",))


def _each_of(node: Item) -> OneOf | None:
    """The values joined by "and" of which a condition is, if it is."""
    match node.meaning:
        case Condition(predicate=OneOf() as each, is_each=True):
            return each
        case _:
            return None


def _is_every(node: Item) -> set[str]:
    """The table of which all rows are meant, if they are."""
    if len(node.made_of) == 2 and node.made_of[0].category == "Every" and isinstance(node.meaning, Rows):
        return {node.meaning.table}
    return set()


def _denies_all(words: Sequence[Item]) -> bool:
    """`not all employees`, `did not buy all products`."""
    kinds = [word.category for word in words]
    denied = min((kinds.index(kind) for kind in ("Neg", "No") if kind in kinds), default=len(kinds))
    return "Every" in kinds[denied:]


def _lists_values(graph: Graph, query: SemanticQuery) -> bool:
    """Whether values are listed that some row has, rather than rows that are told apart."""
    if not query.base:
        return False
    table = graph.table(query.base)
    telling = {table.label, *(column for key in table.keys for column in key)}
    shown = [output.term for output in query.outputs if isinstance(output.term, Attribute)]
    return not any(term.table == table.name and term.column in telling for term in shown)


def _is_claimed(item: Item) -> bool:
    """Whether a phrase says by a verb what holds: "that have prices only in May"."""
    return any(word.category in _CLAIMING for word in item.words())


def _is_only(node: Item) -> bool:
    kinds = {part.category for part in node.made_of}
    return "Only" in kinds and not kinds & _COUNTED


def _is_each(node: Item, related: Sequence[Related]) -> bool:
    """Whether each of several values is asked for, where one related row with any of them would do."""
    each = _each_of(node)
    if each is None:
        return False
    for one in related:
        chosen = [part for part in parts(one.exists.where) if isinstance(part, OneOf)]
        if any(part.term == each.term and set(part.values) >= set(each.values) for part in chosen):
            return True
    return False
