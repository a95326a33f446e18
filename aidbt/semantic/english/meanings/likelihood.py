"""How likely a way to cut a question into phrases is, by what its phrases say together."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.number_phrases import (
    Best,
    Group,
    Number,
    Numbers,
    Scoped,
    Sorted,
    Top,
    TopColumns,
)
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.query import Comparison, Exists, Measure, Missing, OneOf, parts

Cut = tuple[float, tuple[Item, ...]]
"""Phrases that stand side by side, and how likely each of them is, added up."""
_AGAIN = 0.2
"""What it says for a way that a later sentence names a column of the first one."""

_OF_OTHERS = 0.2


def unlikely(item: Item) -> float:
    """How unlikely a phrase of a definition is: "not paid" is a state before it is a lack of payments."""
    is_of_others = any(isinstance(part, Exists) for part in parts(item.meaning))
    return (_OF_OTHERS if is_of_others else 0.0) - item.score


def likelihood(cut: Sequence[Cut]) -> float:
    """How likely cuts of the sentences are together: columns are of rows that are spoken of."""
    phrases = [item.meaning for _, items in cut for item in items]
    phrases += [part for p in phrases if isinstance(p, Scoped) for part in (p.of, p.group)]
    tables = {phrase.table for phrase in phrases if isinstance(phrase, Rows | Number)}
    tables |= {p.rows.table for p in phrases if isinstance(p, Columns) and p.rows is not None}
    firsts = [node for p in phrases if isinstance(p, Best | Top | TopColumns) for node in parts(p)]
    tables |= {node.table for node in firsts if isinstance(node, Rows)}
    bare = [p for p in phrases if isinstance(p, Columns) and p.rows is None]
    bare += [p.by for p in phrases if isinstance(p, Sorted) and isinstance(p.by, Columns)]
    grouped = [term for p in phrases if isinstance(p, Group) for term in p.terms]
    strange = sum(not tables & {term.table for term in (*p.terms, *p.alike)} for p in bare)
    strange += sum(term.table not in tables and not term.via for term in grouped)
    elsewhere = sum(not tables & {term.table for term in p.terms} for p in bare) - strange
    likely = sum(score for score, _ in cut) + _AGAIN * (_named_again(cut) - _amounts_elsewhere(phrases))
    return likely - (0.3 * strange + 0.2 * elsewhere if tables else 0.0)


def _amounts_elsewhere(phrases: Sequence[object]) -> int:
    """How many sums are of other rows than those counted: "the number of orders and the total amount"."""
    numbers = [n for p in phrases for n in (p.items if isinstance(p, Numbers) else (p,))]
    measures = [n.term for n in numbers if isinstance(n, Number) and isinstance(n.term, Measure)]
    counted = {m.table for m in measures if m.function == "count" and m.of is None}
    return sum(m.table not in counted for m in measures if m.of is not None) if counted else 0


def _named_again(cut: Sequence[Cut]) -> int:
    """How many columns of the first sentence later ones name again, which says which of their name it is."""
    first, *later = [_named(items) for _, items in cut]
    return sum(len(first & named) for named in later)


def _named(items: Sequence[Item]) -> set[object]:
    """The columns that phrases name, without those that are called the same, and what they say of them:
    of "unread messages", spoken of again, the same holds.
    """
    nodes = [node for item in items for node in parts(item.meaning)]
    named: set[object] = {term for node in nodes if isinstance(node, Columns | Group) for term in node.terms}
    named |= {node for node in nodes if isinstance(node, OneOf | Comparison | Missing)}
    return named | {node.of for node in nodes if isinstance(node, Measure) and node.of is not None}
