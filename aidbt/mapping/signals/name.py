"""How alike the words of two names are.

A word counts by how rare it is in the two schemas, so that a prefix shared by every column says little.
"""

from __future__ import annotations

import numpy as np

from aidbt.core.words import letters_of, words_of
from aidbt.mapping.names import Phrase
from aidbt.mapping.sides import Side
from aidbt.mapping.signals import Evidence, Pairs, SchemaPair

# Pairs looked at together: bounds the memory, whatever the number of pairs.
_CHUNK = 50_000
_SAME = 0.9


def name_signal(task: SchemaPair, pairs: Pairs) -> Evidence:
    """Measures: `same` is 1 for the same letters and digits, 0.9 where they are the same but for the words of
    the own table; `words` how much of both names, by weight, finds a partner in the other (a soft Dice
    coefficient); `source_words` and `target_words` how much of each does; `opposed` is 1 where they have
    words that exclude each other, and abstains elsewhere. The best of a target's name and
    its synonyms counts: a synonym is a person's word.
    """
    found = Evidence()
    found.add("same", _same(task, pairs))
    names = task.names
    by_source, by_target, dice = _found(names.source, names.target, names.likeness, pairs)
    for j, synonym in names.synonyms:
        at = np.flatnonzero(pairs.target == j)
        here = Pairs(pairs.source[at], np.zeros(len(at), dtype=int))
        again = _found(names.source, synonym, names.likeness, here)
        better = again[2] > dice[at]
        for old, new in zip((by_source, by_target, dice), again, strict=True):
            old[at[better]] = new[better]
    found.add("words", dice)
    found.add("source_words", by_source)
    found.add("target_words", by_target)
    found.add("opposed", *_opposed(task, pairs))
    return found


def _opposed(task: SchemaPair, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """1 where each name has a word that excludes one of the other, and neither has both."""
    names = task.names
    found = np.zeros(len(pairs), dtype=bool)
    # Few words exclude any other.
    excludes = [
        np.any(names.opposed, axis=axis)[phrase.ids].any(axis=1)
        for axis, phrase in ((1, names.source), (0, names.target))
    ]
    likely = np.flatnonzero(excludes[0][pairs.source] & excludes[1][pairs.target])
    for start in range(0, len(likely), _CHUNK):
        part = likely[start : start + _CHUNK]
        left, right = names.source.ids[pairs.source[part]], names.target.ids[pairs.target[part]]
        same = names.likeness[left[:, :, None], right[:, None, :]] >= _SAME
        against = names.opposed[left[:, :, None], right[:, None, :]]
        # A word that the other name has too says nothing: `ship_to` and `ship_from` differ by the rest.
        against &= ~same.any(axis=2)[:, :, None] & ~same.any(axis=1)[:, None, :]
        found[part] = against.any(axis=(1, 2))
    return found.astype(np.float32), found


def _same(task: SchemaPair, pairs: Pairs) -> np.ndarray:
    found = np.zeros(len(pairs), dtype=np.float32)
    for value, left, right in (
        (0.9, _own_letters(task.source), _own_letters(task.target)),
        (1.0, _letters(task.source), _letters(task.target)),
    ):
        found[_equal(left, right, pairs)] = value
    for j, column in enumerate(task.target.columns):
        for synonym in column.synonyms:
            wanted = _key(synonym)
            is_it = np.array([bool(wanted) and text == wanted for text in _letters(task.source)], dtype=bool)
            found[(pairs.target == j) & is_it[pairs.source]] = 1.0
    return found


def _equal(left: list[str], right: list[str], pairs: Pairs) -> np.ndarray:
    places = {text: n for n, text in enumerate(sorted({*left, *right} - {""}))}
    a = np.array([places.get(text, -1) for text in left], dtype=np.int64)
    b = np.array([places.get(text, -2) for text in right], dtype=np.int64)
    return np.asarray(a[pairs.source] == b[pairs.target])


def _letters(side: Side) -> list[str]:
    return [_key(column.name) for column in side.columns]


def _key(name: str) -> str:
    """What has to be equal for two names to be the same: their letters and digits, if they have any."""
    return letters_of(name) or name.strip()


def _own_letters(side: Side) -> list[str]:
    """The name without the words of its table, unless that is all there is, or it is too long to be split."""
    found = []
    for column, words, table in zip(side.columns, side.words, side.table_of, strict=True):
        rest = [word for word in words if word not in side.table_words[table]]
        is_cut = "".join(words_of(column.name)) != letters_of(column.name)
        found.append(_key(column.name) if is_cut else "".join(rest or words))
    return found


def _found(
    left: Phrase, right: Phrase, likeness: np.ndarray, pairs: Pairs
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The share of each side's weight that found a partner, and of both together."""
    by_source, by_target, both = (np.zeros(len(pairs), dtype=np.float32) for _ in range(3))
    for start in range(0, len(pairs), _CHUNK):
        part = slice(start, start + _CHUNK)
        i, j = pairs.source[part], pairs.target[part]
        # The likeness of every word of one name to every word of the other, (pairs, width, width).
        each = likeness[left.ids[i][:, :, None], right.ids[j][:, None, :]]
        found_left = (each.max(axis=2) * left.weights[i]).sum(axis=1)
        found_right = (each.max(axis=1) * right.weights[j]).sum(axis=1)
        weight_left, weight_right = left.weights[i].sum(axis=1), right.weights[j].sum(axis=1)
        by_source[part] = found_left / np.maximum(weight_left, 1e-6)
        by_target[part] = found_right / np.maximum(weight_right, 1e-6)
        both[part] = (found_left + found_right) / np.maximum(weight_left + weight_right, 1e-6)
    return by_source, by_target, both
