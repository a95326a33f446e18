"""Whether one name is the other one shortened: its letters in order, mostly from where words begin."""

from __future__ import annotations

import string

import numpy as np

from aidbt.mapping.sides import Side
from aidbt.mapping.signals import Evidence, Pairs, SchemaPair

_SHORT, _LONG = 24, 48
_CHUNK = 20_000
# Points for a letter: one that goes on where the last one was found, that begins a word, or that stands
# somewhere inside one; and what a letter costs that is not found at all. Set by hand.
_GOES_ON, _BEGINS, _INSIDE, _MISSING = 1.0, 1.3, 0.35, -0.8


def abbreviation_signal(task: SchemaPair, pairs: Pairs) -> Evidence:
    """Measures: `shortened` is 1 where all letters of the shorter name stand in the longer one at the
    beginnings of its words, less where they stand inside, are missing, or leave out words.

    An alignment like that of fuzzy finders (Smith and Waterman's local alignment with a bonus at the
    beginning of a word), for many pairs at once. Only pairs whose letters may fit at all are aligned.
    """
    left, right = _Letters(task.source), _Letters(task.target)
    found = np.zeros(len(pairs), dtype=np.float32)
    for start in range(0, len(pairs), _CHUNK):
        part = np.arange(start, min(start + _CHUNK, len(pairs)))
        i, j = pairs.source[part], pairs.target[part]
        # How many letters of each name the other one has.
        shared = np.minimum(left.counts[i], right.counts[j]).sum(axis=1)
        is_shorter = left.sizes[i] <= right.sizes[j]
        short = np.where(is_shorter, left.sizes[i], right.sizes[j])
        may_fit = (short >= 2) & (shared >= 0.75 * short)
        for chosen, a, b, k, m in (
            (may_fit & is_shorter, left, right, i, j),
            (may_fit & ~is_shorter, right, left, j, i),
        ):
            at = np.flatnonzero(chosen)
            if len(at):
                found[part[at]] = _align(a, b, k[at], m[at])
    scores = Evidence()
    scores.add("shortened", found)
    return scores


class _Letters:
    """The Latin letters and digits of every name of a side as numbers; 0 behind the last one."""

    def __init__(self, side: Side) -> None:
        self.codes = np.zeros((len(side), _LONG), dtype=np.uint8)
        self.begins = np.zeros((len(side), _LONG), dtype=bool)
        self.counts = np.zeros((len(side), len(string.ascii_lowercase + string.digits) + 1), dtype=np.uint8)
        self.words = np.ones(len(side), dtype=np.float32)
        known = {letter: n for n, letter in enumerate(string.ascii_lowercase + string.digits, 1)}
        for row, words in enumerate(side.words):
            letters = [(known[c], n == 0) for word in words for n, c in enumerate(word) if c in known]
            for place, (code, begins) in enumerate(letters[:_LONG]):
                self.codes[row, place] = code
                self.begins[row, place] = begins
                self.counts[row, code] += 1
            self.words[row] = max(sum(len(word) > 2 for word in words), 1)
        self.sizes = np.minimum((self.codes > 0).sum(axis=1), _SHORT)


def _align(short: _Letters, long: _Letters, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """The points of the best alignment of each pair, as a share of the most that were possible."""
    size = int(short.sizes[i].max())
    width = int((long.codes[j] > 0).sum(axis=1).max())
    letters, target = short.codes[i, :size], long.codes[j, :width]
    fresh = np.where(long.begins[j, :width], _BEGINS, _INSIDE).astype(np.float32)
    best = np.zeros((len(i), width + 1), dtype=np.float32)  # best[k]: within the first k letters
    ends = np.full((len(i), width + 1), -99.0, dtype=np.float32)  # the same, the last one found at k
    for place in range(size):
        letter = letters[:, place : place + 1]
        is_it = (target == letter) & (letter > 0)
        here = np.maximum(best[:, :-1] + fresh, ends[:, :-1] + _GOES_ON)
        ends = np.full_like(ends, -99.0)
        ends[:, 1:] = np.where(is_it, here, -99.0)
        missed = best + np.where(letter > 0, _MISSING, 0.0).astype(np.float32)
        best = np.maximum.accumulate(np.maximum(missed, ends), axis=1)
    sizes = short.sizes[i].astype(np.float32)
    possible = sizes * _GOES_ON + (_BEGINS - _GOES_ON) * np.minimum(long.words[j], sizes)
    return np.asarray(np.clip(best[:, -1] / possible, 0.0, 1.0))
