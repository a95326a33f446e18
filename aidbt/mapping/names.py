"""The names of two sides read together: words split and expanded with the other side's words in mind."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from aidbt.core.lexicon import STRICT, expansions, is_word, opposites, partners
from aidbt.core.words import singular_words
from aidbt.mapping.sides import Side

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Words of a name that count; the rest of a longer one says little more.
_WIDTH = 10
_STOP_WORDS = frozenset("a an and as at by for from in is of on or the to with".split())
_SHORTENED, _KNOWN_SHORT, _OTHER_MEANING = 0.8, 0.95, 0.8
_RELATED = 0.9


@dataclass(frozen=True)
class Phrase:
    """The words of each column's name of one side.

    Attributes:
        words: as they are compared: run-together words split, acronyms spelled out.
        ids: shape (columns, width), index into the side's vocabulary; -1 where there is no further word.
        weights: same shape, how much each word counts, 0 where there is none.
    """

    words: list[tuple[str, ...]]
    ids: np.ndarray
    weights: np.ndarray


class Names:
    """The words of both sides and how alike they are.

    Attributes:
        source, target: the words of the columns' names.
        likeness: shape (source vocabulary + 1, target vocabulary + 1), each 0..1; the last row and column
            stand for "no word" and are 0.
        opposed: shape of `likeness`, whether two words exclude each other (billing, shipping).
        is_readable: shape (source columns,), whether a name is mostly made of words as people write them,
            not of short forms.
        spelled: the words of the source's and of the target's names, every short form that is known as what
            it stands for.
    """

    def __init__(self, source: Side, target: Side, learned: Mapping[str, str] | None = None) -> None:
        learned = learned or {}
        here, there = _known_words(source), _known_words(target)
        left = [_read(words, there, learned) for words in source.words]
        right = [_read(words, here, learned) for words in target.words]
        synonyms = [
            [_read(singular_words(name), here, learned) for name in c.synonyms] for c in target.columns
        ]
        self._vocabularies = _vocabulary(left), _vocabulary([*right, *(s for all_ in synonyms for s in all_)])
        rarity = _rarity([*left, *right])
        self.source = _phrase(left, self._vocabularies[0], rarity, source)
        self.target = _phrase(right, self._vocabularies[1], rarity, target)
        self.synonyms = [
            (j, _phrase([words], self._vocabularies[1], rarity, None))
            for j, all_ in enumerate(synonyms)
            for words in all_
        ]
        self.opposed = _opposed(list(self._vocabularies[0]), list(self._vocabularies[1]))
        self.is_readable = np.array([_is_readable(words) for words in source.words], dtype=bool)
        self.spelled = (
            [_spelled(words, there, learned) for words in left],
            [_spelled(words, here, learned) for words in right],
        )
        self.likeness = _likeness(list(self._vocabularies[0]), list(self._vocabularies[1]), learned)


def _spelled(words: tuple[str, ...], others: frozenset[str], learned: Mapping[str, str]) -> tuple[str, ...]:
    """A name's words with short forms as what they stand for."""
    return tuple(part for word in words for part in _meant(word, others, learned))


def _meant(word: str, others: frozenset[str], learned: Mapping[str, str]) -> tuple[str, ...]:
    """What a short form stands for: a meaning whose words the other side knows, else the likeliest one."""
    if word in learned:
        return tuple(learned[word].split())
    meanings = () if is_word(word) else expansions(word)
    known = [meaning for meaning in meanings if _has_all(meaning, others)]
    return (*known, *meanings, (word,))[0]


def _is_readable(words: tuple[str, ...]) -> bool:
    """Whether at least half of the letters stand in words."""
    letters = sum(len(word) for word in words if not word.isdigit())
    return 2 * sum(len(word) for word in words if is_word(word)) >= letters


def _known_words(side: Side) -> frozenset[str]:
    """The words of a side's columns, of their synonyms and of its tables."""
    synonyms = (singular_words(name) for column in side.columns for name in column.synonyms)
    return frozenset(word for words in (*side.words, *side.table_words, *synonyms) for word in words)


def _read(words: tuple[str, ...], others: frozenset[str], learned: Mapping[str, str]) -> tuple[str, ...]:
    """A name's words with run-together ones split and acronyms of several words spelled out."""
    found: list[str] = []
    for word in words:
        if word in others:
            found.append(word)
        elif word in learned:
            found += learned[word].split()
        else:
            spelled = _spelled_out(word, others)
            found += spelled or _split(word, others) or (word,)
    return tuple(found[:_WIDTH])


def _spelled_out(word: str, others: frozenset[str]) -> tuple[str, ...]:
    """What the word stands for in several words that the other side knows best, or () when it knows less than
    half; synonyms of several words (`surname`, `last name`) only where it knows all of them.
    """
    several = [found for found in expansions(word) if len(found) > 1]
    for phrase, strength in partners(word).items():
        words = tuple(phrase.split())
        if len(words) > 1 and strength == STRICT and all(w in others for w in words):
            several.append(words)
    known = [sum(w in others or w in _STOP_WORDS for w in found) / len(found) for found in several]
    if not several or max(known) < 0.5:
        return ()
    return several[known.index(max(known))]


def _split(word: str, others: frozenset[str]) -> tuple[str, ...]:
    """The parts that a run-together word is made of, or () when it cannot be told.

    Every part is a word of the other side, or a usual abbreviation. At least one of three letters or more is
    a word that the other side knows, or all of them stand for such words (`cusno`). The fewest parts win.
    """
    if len(word) < 5 or not word.isascii():
        return ()
    # best[k]: the cheapest way to write the first k letters, as (cost, parts).
    best: list[tuple[float, tuple[str, ...]] | None] = [None] * (len(word) + 1)
    best[0] = (0.0, ())
    for end in range(2, len(word) + 1):
        for start in range(max(0, end - 16), end - 1):
            before = best[start]
            cost = _part_cost(word[start:end], others)
            if before is None or cost is None:
                continue
            total = before[0] + cost
            current = best[end]
            if current is None or total < current[0]:
                best[end] = (total, (*before[1], word[start:end]))
    found = best[len(word)]
    parts = found[1] if found is not None else ()
    longer = [part for part in parts if len(part) >= 3]
    is_sure = any(part in others for part in longer) or all(_is_known(part, others) for part in parts)
    return parts if len(parts) > 1 and longer and is_sure else ()


def _is_known(part: str, others: frozenset[str]) -> bool:
    """Whether the other side has the word, or all words of something that it is short for."""
    return part in others or any(_has_all(meaning, others) for meaning in expansions(part))


def _has_all(words: tuple[str, ...], others: frozenset[str]) -> bool:
    return all(word in others or word in _STOP_WORDS for word in words)


def _part_cost(part: str, others: frozenset[str]) -> float | None:
    if part in others:
        return 1.0 if len(part) >= 3 else 1.5
    if expansions(part):
        return 1.6 if len(part) >= 3 else 2.2
    return None


def _vocabulary(phrases: Iterable[tuple[str, ...]]) -> dict[str, int]:
    return {word: n for n, word in enumerate(sorted({word for words in phrases for word in words}))}


def _rarity(phrases: Sequence[tuple[str, ...]]) -> dict[str, float]:
    """A weight per word: 1 for a word in one name, falling towards 0.2 for one in every name."""
    seen = Counter(word for words in phrases for word in set(words))
    total = max(len(phrases), 2)
    return {
        word: (0.3 if word in _STOP_WORDS else 1.0) * max(1 - math.log(count) / math.log(total), 0.2)
        for word, count in seen.items()
    }


def _phrase(
    phrases: list[tuple[str, ...]], vocabulary: dict[str, int], rarity: dict[str, float], side: Side | None
) -> Phrase:
    # As wide as the longest: every pair of names is compared in all of it.
    width = max(map(len, phrases), default=0) or 1
    ids = np.full((len(phrases), width), -1, dtype=np.int32)
    weights = np.zeros((len(phrases), width), dtype=np.float32)
    for row, words in enumerate(phrases):
        # A column's name often repeats its table's: that says little about the column.
        own = set(side.table_words[side.table_of[row]]) if side is not None else set()
        repeats = own & set(words) if not own >= set(words) else set()
        for place, word in enumerate(words):
            ids[row, place] = vocabulary[word]
            weights[row, place] = rarity.get(word, 1.0) * (0.4 if word in repeats else 1.0)
    return Phrase(phrases, ids, weights)


def _likeness(left: list[str], right: list[str], learned: Mapping[str, str]) -> np.ndarray:
    """How alike each word of one side is to each of the other, 0..1, with a last row and column of zeros."""
    found = np.zeros((len(left) + 1, len(right) + 1), dtype=np.float32)
    if not left or not right:
        return found
    grams = (gram_matrix(left, (2, 3)) @ gram_matrix(right, (2, 3)).T).tocoo()
    alike = grams.data >= 0.5
    found[grams.coords[0][alike], grams.coords[1][alike]] = 0.9 * grams.data[alike]
    places = {word: n for n, word in enumerate(right)}
    by_letter: dict[str, list[int]] = {}
    for n, word in enumerate(right):
        by_letter.setdefault(word[0], []).append(n)
    for i, word in enumerate(left):
        for j in by_letter.get(word[0], ()):
            found[i, j] = max(found[i, j], _shortened(word, right[j]))
        for score, other in _meanings(word, learned):
            j_or_none = places.get(other)
            if j_or_none is not None:
                found[i, j_or_none] = max(found[i, j_or_none], score)
    _expand_right(found, left, right, learned)
    for i, word in enumerate(left):
        if word in places:
            found[i, places[word]] = 1.0
    _relate(found, left, right)
    return np.minimum(found, 1.0)


def _opposed(left: list[str], right: list[str]) -> np.ndarray:
    """Which words exclude each other, also by what short words stand for."""
    found = np.zeros((len(left) + 1, len(right) + 1), dtype=bool)
    senses = [[word, *(sense for _, sense in _meanings(word, {})[:1])] for word in right]
    places: dict[str, list[int]] = {}
    for j, words in enumerate(senses):
        for word in words:
            places.setdefault(word, []).append(j)
    for i, word in enumerate(left):
        for sense in [word, *(sense for _, sense in _meanings(word, {})[:1])]:
            for other in opposites(sense):
                found[i, places.get(other, [])] = True
    return found


def _expand_right(found: np.ndarray, left: list[str], right: list[str], learned: Mapping[str, str]) -> None:
    places = {word: n for n, word in enumerate(left)}
    for j, word in enumerate(right):
        for score, other in _meanings(word, learned):
            if other in places:
                found[places[other], j] = max(found[places[other], j], score)


def _relate(found: np.ndarray, left: list[str], right: list[str]) -> None:
    """Synonyms, also of what a short word stands for."""
    places = {word: n for n, word in enumerate(right)}
    for i, word in enumerate(left):
        for sure, sense in [(1.0, word), *_meanings(word, {})]:
            for other, strength in partners(sense).items():
                j = places.get(other)
                if j is not None:
                    found[i, j] = max(found[i, j], _RELATED * sure * strength)


def _meanings(word: str, learned: Mapping[str, str]) -> list[tuple[float, str]]:
    """The single words that a short one stands for, with how sure that is."""
    found = [(1.0, learned[word])] if word in learned and " " not in learned[word] else []
    for rank, expansion in enumerate(expansions(word)):
        if len(expansion) == 1:
            found.append((_KNOWN_SHORT if rank == 0 else _OTHER_MEANING, expansion[0]))
    return found


@lru_cache(maxsize=500_000)
def _shortened(a: str, b: str) -> float:
    """How well the shorter word may be short for the longer one: its beginning, or letters of it in order."""
    short, long = (a, b) if len(a) < len(b) else (b, a)
    if len(short) < 2 or len(long) < len(short) + 2 or short[0] != long[0]:
        return 0.0
    if long.startswith(short):
        return 0.9 if len(short) >= 3 else 0.7
    letters = iter(long)
    if not all(letter in letters for letter in short):
        return 0.0
    # Vowels are dropped first: what is left over should be mostly vowels.
    left_over = Counter(long) - Counter(short)
    vowels = sum(count for letter, count in left_over.items() if letter in "aeiou")
    return (0.6 if len(short) >= 3 else 0.4) + 0.25 * vowels / max(left_over.total(), 1)


@lru_cache(maxsize=50_000)
def _hashed_grams(text: str, size: int) -> Counter[int]:
    """How often each n-gram of a text, its ends marked, stands in it, by its hash below 2**18."""
    import zlib

    marked = f"^{text}$" if text else ""
    grams = (marked[i : i + size] for i in range(len(marked) - size + 1))
    return Counter(zlib.crc32(gram.encode()) & (2**18 - 1) for gram in grams)


def gram_matrix(texts: Sequence[str], sizes: tuple[int, ...], *, rare: bool = False) -> csr_array:
    """Character n-grams of texts, their ends marked, as rows of length 1; an empty text has none.

    Args:
        rare: whether a gram counts by how rare it is among the texts (tf-idf).

    Returns:
        Sparse array of shape (len(texts), 2**18): grams are hashed, so that two calls can be compared.
    """
    from scipy.sparse import csr_array

    indices: list[int] = []
    counts: list[float] = []
    starts = [0]
    for text in texts:
        for n in sizes:
            found = _hashed_grams(text, n)
            indices += found.keys()
            counts += found.values()
        starts.append(len(indices))
    matrix = csr_array((counts, indices, starts), shape=(len(texts), 2**18), dtype=np.float32)
    matrix.sum_duplicates()
    if rare and len(texts):
        seen = np.bincount(matrix.indices, minlength=2**18)
        matrix.data *= np.log1p(len(texts) / np.maximum(seen[matrix.indices], 1)).astype(np.float32)
    norms = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    lengths = np.repeat(np.maximum(norms, 1e-9), np.diff(matrix.indptr))
    matrix.data /= lengths
    return matrix
