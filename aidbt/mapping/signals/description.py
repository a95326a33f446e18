"""Words of a source's name or comment in the target's description."""

from __future__ import annotations

import numpy as np

from aidbt.core.words import singular_words
from aidbt.mapping.signals import Evidence, Pairs, SchemaPair
from aidbt.mapping.sparse import Terms, of_length_1, products, weighted, widened

_WORDS = 40
_STOP_WORDS = frozenset(
    """a an and any are as at be by can for from has have if in is it its of on or should that the their this
    to was were what when where whether which who with will would not no other used use value field
    column""".split()
)


def description_signal(task: SchemaPair, pairs: Pairs) -> Evidence:
    """Measures: `described` is the share of the source's name, by how rare its words are, that stands in the
    target's name or description; `descriptions` the cosine of the words of both descriptions, rare ones
    counting more. Only where there are descriptions.
    """
    said = [_content(column.description) for column in task.target.columns]
    asked = [_content(column.description) for column in task.source.columns]
    with_name = [
        (*words, *text) if text else () for words, text in zip(task.names.target.words, said, strict=True)
    ]
    terms = Terms()
    right, left, comments = terms.rows(with_name), terms.rows(task.names.source.words), terms.rows(asked)
    right, left = widened(right, comments), widened(left, comments)
    seen = np.bincount(right.indices, minlength=right.shape[1])
    weights = np.log1p(max(len(said), 1) / np.maximum(seen, 1))
    has_text = np.array([bool(text) for text in said], dtype=bool)
    is_asked = np.array([bool(text) for text in asked], dtype=bool)

    found = Evidence()
    left = weighted(left, weights)
    totals = np.asarray(left.sum(axis=1)).ravel()
    shares = products(left, right, pairs.source, pairs.target) / np.maximum(totals[pairs.source], 1e-9)
    found.add("described", shares, has_text[pairs.target])
    comments, right = (of_length_1(weighted(rows, weights)) for rows in (comments, right))
    cosine = products(comments, right, pairs.source, pairs.target)
    found.add("descriptions", cosine, is_asked[pairs.source] & has_text[pairs.target])
    return found


def _content(text: str) -> tuple[str, ...]:
    words = [word for part in text.split()[: 2 * _WORDS] for word in singular_words(part)]
    return tuple(word for word in words if word not in _STOP_WORDS)[:_WORDS]
