"""Whether two columns hold the same values, the same words, or codes and their labels."""

from __future__ import annotations

import numpy as np

from aidbt.mapping.facts import Facts
from aidbt.mapping.signals import Evidence, Pairs, SchemaPair
from aidbt.mapping.sparse import Terms, of_length_1, products, weighted, widened

# More labels than this are no code list.
_LABELS = 15
_CODE_LENGTH = 2


def values_signal(task: SchemaPair, pairs: Pairs) -> Evidence:
    """Measures: `values` is the share of the source's distinct values that the target holds too, values that
    many columns hold counting less; `value_words` the cosine of the words in the values; `codes` the overlap
    of one side's short codes with the initials of the other side's labels. Only where both sides have values.
    """
    left, right = task.source.facts, task.target.facts
    has_left = np.array([bool(f.values) for f in left], dtype=bool)
    has_right = np.array([bool(f.values) for f in right], dtype=bool)
    mask = has_left[pairs.source] & has_right[pairs.target]
    found = Evidence()
    found.add("values", _shared(left, right, pairs), mask)
    found.add("value_words", _shared_words(left, right, pairs), mask)
    codes, is_coded = _initials(left, right, pairs)
    found.add("codes", codes, mask & is_coded)
    return found


def _shared(left: list[Facts], right: list[Facts], pairs: Pairs) -> np.ndarray:
    terms = Terms()
    a = terms.rows([sorted(f.values) for f in left])
    b = terms.rows([sorted(f.values) for f in right])
    a = widened(a, b)
    seen = np.bincount(np.concatenate([a.indices, b.indices]), minlength=b.shape[1])
    weights = 1 / np.log2(1 + np.maximum(seen, 1))
    a, b = weighted(a, weights), weighted(b, np.ones_like(weights))
    both = products(a, b, pairs.source, pairs.target)
    size_left = np.asarray(a.sum(axis=1)).ravel()[pairs.source]
    size_right = np.asarray(weighted(b, weights).sum(axis=1)).ravel()[pairs.target]
    # Of the smaller set, but two values that are both among a thousand are no more than a hint.
    smaller, larger = np.minimum(size_left, size_right), np.maximum(size_left, size_right)
    return np.asarray(both / np.maximum(0.8 * smaller + 0.2 * larger, 1e-9))


def _shared_words(left: list[Facts], right: list[Facts], pairs: Pairs) -> np.ndarray:
    terms = Terms()
    a = terms.rows([sorted({w for v in f.values for w in v.split()}) for f in left])
    b = terms.rows([sorted({w for v in f.values for w in v.split()}) for f in right])
    a = widened(a, b)
    seen = np.bincount(np.concatenate([a.indices, b.indices]), minlength=b.shape[1])
    weights = np.log1p((len(left) + len(right)) / np.maximum(seen, 1))
    return products(
        of_length_1(weighted(a, weights)), of_length_1(weighted(b, weights)), pairs.source, pairs.target
    )


def _initials(left: list[Facts], right: list[Facts], pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """The overlap of codes with the initials of labels, and where one side has codes and the other labels."""
    kinds = [[_kind(f) for f in side] for side in (left, right)]
    is_code, is_label = (
        [np.array([kind == wanted for kind in side], dtype=bool) for side in kinds]
        for wanted in ("codes", "labels")
    )
    terms = Terms()
    a = terms.rows([_short(f, kind) for f, kind in zip(left, kinds[0], strict=True)])
    b = terms.rows([_short(f, kind) for f, kind in zip(right, kinds[1], strict=True)])
    a = widened(a, b)
    both = products(a, b, pairs.source, pairs.target)
    sizes = [np.asarray(rows.sum(axis=1)).ravel() for rows in (a, b)]
    smaller = np.minimum(sizes[0][pairs.source], sizes[1][pairs.target])
    mask = (is_code[0][pairs.source] & is_label[1][pairs.target]) | (
        is_label[0][pairs.source] & is_code[1][pairs.target]
    )
    return both / np.maximum(smaller, 1), mask


def _kind(facts: Facts) -> str:
    if not facts.is_code_list or not 2 <= len(facts.values) <= _LABELS:
        return ""
    texts = [value for value in facts.values if not value.replace(".", "").isdigit()]
    if len(texts) < 2:
        return ""
    if all(len(text) <= _CODE_LENGTH for text in texts):
        return "codes"
    return "labels" if all(len(text) > _CODE_LENGTH for text in texts) else ""


def _short(facts: Facts, kind: str) -> list[str]:
    if kind == "labels":
        words = [value.split() for value in sorted(facts.values) if value]
        return sorted(
            {parts[0][0] for parts in words} | {"".join(p[0] for p in parts)[:2] for parts in words}
        )
    # yes and no are compared as true and false elsewhere: here it is the letter that counts.
    letters = {"true": "y", "false": "n"}
    return sorted({letters.get(value, value) for value in facts.values}) if kind == "codes" else []
