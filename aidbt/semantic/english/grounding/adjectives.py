"""Adjectives of size, price and age beside every column that they may be said of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from aidbt.core.words import words_of
from aidbt.semantic.english.grounding.lexicon import ColumnName, Lexicon
from aidbt.semantic.english.grounding.noun_groups import LONGER, NAMED
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Columns
from aidbt.semantic.english.words.dimensions import Dimension, dimensions, year_begun
from aidbt.semantic.query import Attribute

_LASTING = {"serving", "standing", "tenured", "employed"}
_DEGREES = {
    "most": ("superlative", True),
    "least": ("superlative", False),
    "more": ("comparative", True),
    "less": ("comparative", False),
}
_BESIDES = frozenset(
    """cleaning service delivery shipping handling late cancellation deposit processing parking booking admin
    administration setup platform tax extra""".split()
)
_OF_OTHERS = 0.7
_OF_ANY = ("largest", "biggest", "smallest", "longest", "shortest", "highest", "lowest")
# "Shipped later than" is said of the verb's time, not of the row's.
_THAN_TIMES = {"later", "earlier"}


def adjectives(lexicon: Lexicon, texts: Sequence[str], start: int, named: Collection[str]) -> Iterator[Item]:
    """`cheapest`, `most expensive`, `cheaper than`, beside every column that they may be said of."""
    word, following = texts[start], list(texts[start + 1 : start + 3])
    is_said = word in _DEGREES and bool(following)
    degree, is_more = _DEGREES[word] if is_said else ("", True)
    adjective, rest = (following[0], following[1:]) if is_said else (word, following)
    end = start + 1 + is_said
    if word in ("longest", "shortest") and following and following[0] in _LASTING:
        # "The longest serving" came first of all.
        adjective, rest, end = "earliest" if word == "longest" else "latest", following[1:], start + 2
    for said, columns in _dimensions(lexicon, adjective):
        is_much = said.is_more == is_more
        wanted = said.degree if not is_said else degree if said.degree == "base" else ""
        weight = 0.9 * (end - start) ** LONGER + NAMED * (columns.terms[0].table in named)
        # "Largest first" is rather said of the number by which there is an order already.
        weight -= _OF_OTHERS * (word in _OF_ANY and rest[:1] == ["first"])
        if wanted == "superlative":
            yield Item("SupCol", (columns, is_much), start, end, weight)
        elif wanted == "comparative" and rest[:1] == ["than"] and adjective not in _THAN_TIMES:
            yield Item("AdjCol", (columns, ">" if is_much else "<"), start, end + 1, weight + 0.9)


def _dimensions(lexicon: Lexicon, adjective: str) -> Iterator[tuple[Dimension, Columns]]:
    """What an adjective says, with the columns that hold it, of each table one at most.

    The oldest employee is so by birth, where that is known, and else the first to come.
    """
    tables: set[str] = set()
    for said in sorted(dimensions(adjective), key=lambda said: not said.nouns):
        named = [meaning for noun in said.nouns for meaning in lexicon.meanings.get(noun, ())]
        found = [meaning for meaning in named if isinstance(meaning, ColumnName)]
        # What is paid besides makes nothing expensive that has a price: a property by its cleaning fee.
        for meaning in sorted(found, key=lambda one: bool(_BESIDES & set(words_of(one.column)))):
            if meaning.table not in tables:
                tables.add(meaning.table)
                yield said, Columns((Attribute(meaning.table, meaning.column),))
        if not said.nouns:
            for table in lexicon.graph.tables:
                # A year of beginning is no length of time that another could be older than.
                begun = ("" if said.degree == "comparative" else year_begun(table)) or table.time
                if begun and table.name not in tables:
                    yield said, Columns((Attribute(table.name, begun),))
