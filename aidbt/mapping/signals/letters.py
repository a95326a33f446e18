"""How alike the letters of two names are, whatever their words."""

from __future__ import annotations

import numpy as np

from aidbt.mapping.names import gram_matrix
from aidbt.mapping.sides import Side
from aidbt.mapping.signals import Evidence, Pairs, SchemaPair
from aidbt.mapping.sparse import products

_SIZES = (2, 3, 4)


def letters_signal(task: SchemaPair, pairs: Pairs) -> Evidence:
    """Measures: `letters` is the cosine of the names' character n-grams, rare ones counting more; `spelled`
    the same after abbreviations of either name were spelled out.
    """
    found = Evidence()
    found.add("letters", _cosine([_plain(s) for s in (task.source, task.target)], pairs))
    names = task.names
    spelled = [["_".join(words) for words in side.words] for side in (names.source, names.target)]
    found.add("spelled", _cosine(spelled, pairs))
    return found


def _plain(side: Side) -> list[str]:
    return ["_".join(words) for words in side.words]


def _cosine(texts: list[list[str]], pairs: Pairs) -> np.ndarray:
    both = gram_matrix([*texts[0], *texts[1]], _SIZES, rare=True)
    return products(both[: len(texts[0])], both[len(texts[0]) :], pairs.source, pairs.target)
