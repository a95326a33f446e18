"""How alike the letters of two names are, whatever their words."""

from __future__ import annotations

import numpy as np

from aidbt.mapping.names import gram_matrix
from aidbt.mapping.sides import Side
from aidbt.mapping.signals import Evidence, Pairs, SchemaPair

_SIZES = (2, 3, 4)
_CHUNK = 50_000


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
    left, right = both[: len(texts[0])], both[len(texts[0]) :]
    found = np.zeros(len(pairs), dtype=np.float32)
    for start in range(0, len(pairs), _CHUNK):
        part = slice(start, start + _CHUNK)
        products = left[pairs.source[part]].multiply(right[pairs.target[part]])
        found[part] = np.asarray(products.sum(axis=1)).ravel()
    return found
