"""What was said: the words of a question's sentences, and the phrases that they were cut into."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from aidbt.semantic.english.words.tokens import Token

Sentence = tuple[Sequence[Token], Sequence[Item]]
"""The words of a sentence, and the phrases it was cut into."""
Said = Sequence[Sentence]
TO_BE = frozenset({"is", "are", "was", "were"})
TO_HAVE = frozenset({"has", "have", "had"})
VERBS = frozenset({"Verb", "Weak"})
"""Verbs that only say that rows belong together."""


def said_of(sentence: Sequence[Token], word: Item) -> list[str]:
    """The texts of a phrase, in small letters."""
    return [token.text.lower() for token in sentence[word.start : word.end]]


def table_of(word: Item) -> str:
    """The table whose rows or column a word names; "" for none."""
    if isinstance(word.meaning, Columns):
        return word.meaning.terms[0].table
    return word.meaning.table if isinstance(word.meaning, Rows) else ""
