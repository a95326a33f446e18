"""How near in meaning names are to a word that nothing goes by: what an embedding says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aidbt.core.errors import AidbtError
from aidbt.core.words import words_of
from aidbt.semantic.english.grounding.refusal import Rank

if TYPE_CHECKING:
    import numpy as np

Embed = Callable[[Sequence[str]], "np.ndarray"]
"""Texts → vectors of length 1, shape (texts, dimension)."""


def ranked_by(open_embed: Callable[[], Embed | None]) -> Rank:
    """A rank by the cosine of embeddings, names spelt as words; without embeddings all are equally near.

    Args:
        open_embed: called when there is something to rank, never before; None, or an error, is no embedding:
            an order of candidates is not worth a command that fails.
    """

    def rank(text: str, phrases: Sequence[str]) -> Sequence[float]:
        try:
            embed = open_embed()
            vectors = embed([_spoken(text) for text in (text, *phrases)]) if embed is not None else None
        except AidbtError:
            vectors = None
        if vectors is None:
            return [0.0] * len(phrases)
        return [max(0.0, float(cosine)) for cosine in vectors[1:] @ vectors[0]]

    return rank


def _spoken(name: str) -> str:
    """A name as its words, as people say it.

    Example:
        >>> _spoken("order_items"), _spoken("Germany"), _spoken("?")
        ('order items', 'germany', '?')
    """
    return " ".join(words_of(name)) or name
