"""How alike two column names are: words, abbreviations, run-together words and character n-grams.

A word counts by how rare it is in the two tables, so that a prefix shared by every column says little.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from aidbt.mapping.signals import Evidence, MatchTask
from aidbt.project.conventions import singular, snake_case

# What databases commonly shorten; only where the letters alone do not show it (dep → departure does).
ABBREVIATIONS = {
    "amt": "amount",
    "bal": "balance",
    "cd": "code",
    "cnt": "count",
    "ctry": "country",
    "cust": "customer",
    "dob": "birth date",
    "dt": "date",
    "fk": "foreign key",
    "fname": "first name",
    "lname": "last name",
    "mfr": "manufacturer",
    "nbr": "number",
    "no": "number",
    "num": "number",
    "pk": "primary key",
    "pct": "percent",
    "qty": "quantity",
    "ref": "reference",
    "tel": "phone",
    "ts": "timestamp",
    "tz": "time zone",
    "uom": "unit of measure",
    "usr": "user",
    "yr": "year",
    "zip": "postal code",
}


def name_signal(task: MatchTask) -> Evidence:
    """How alike the names are, taking the best of a target's name and its synonyms."""
    sources = [column.name for column in task.source.columns]
    targets = [(column.name, *column.synonyms) for column in task.target.columns]
    flat = [name for names in targets for name in names]
    scores = score_names(sources, flat)
    best = np.zeros(task.shape)
    start = 0
    for index, names in enumerate(targets):
        # A synonym is a person's word: worth as much as the name itself.
        best[:, index] = scores[:, start : start + len(names)].max(axis=1, initial=0.0)
        start += len(names)
    return Evidence(best, np.ones(task.shape, dtype=bool))


def score_names(sources: Sequence[str], targets: Sequence[str]) -> np.ndarray:
    """How alike two lists of column names are.

    Returns:
        Array of shape (len(sources), len(targets)), each value 0..1; 1 is the same name.

    Example:
        >>> score_names(["cust_email"], ["email", "id"]).argmax()
        np.int64(0)
    """
    source_words = [words_of(name) for name in sources]
    target_words = [words_of(name) for name in targets]
    weight = _rarity([*source_words, *target_words])
    scores = np.zeros((len(sources), len(targets)))
    for i, left in enumerate(source_words):
        for j, right in enumerate(target_words):
            scores[i, j] = 1.0 if left == right else min(_alike(left, right, weight), 0.99)
    return scores


@lru_cache(maxsize=50_000)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in the singular."""
    return tuple(singular(word) for word in snake_case(name).strip("_").split("_"))


def _rarity(lists: Sequence[tuple[str, ...]]) -> dict[str, float]:
    """A weight per word: 1 for a word in one name, falling towards 0.2 for one in every name."""
    seen = Counter(word for words in lists for word in set(words))
    total = max(len(lists), 2)
    return {word: max(1 - math.log(count) / math.log(total), 0.2) for word, count in seen.items()}


def _alike(left: tuple[str, ...], right: tuple[str, ...], weight: dict[str, float]) -> float:
    return max(_word_overlap(left, right, weight), 0.95 * ngram_cosine("".join(left), "".join(right)))


def _word_overlap(left: tuple[str, ...], right: tuple[str, ...], weight: dict[str, float]) -> float:
    """How much of both names finds a partner in the other, by weight (a soft Dice coefficient), and how
    much of the name that says less, because people add words rather than take them away. The latter counts
    by how rare its words are: "minute" in three targets' names tells none of them from the others.
    """
    found_left, found_right = _partners(left, right)
    weights_left = [weight[word] for word in left]
    weights_right = [weight[word] for word in right]
    shared_left = sum(score * w for score, w in zip(found_left, weights_left, strict=True))
    shared_right = sum(score * w for score, w in zip(found_right, weights_right, strict=True))
    dice = (shared_left + shared_right) / (sum(weights_left) + sum(weights_right))
    covered = max(shared_left / len(left), shared_right / len(right))
    return 0.6 * dice + 0.4 * covered


def _partners(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[list[float], list[float]]:
    """For each word of each name, how well its partner in the other name fits; 0 without one."""
    found_left, found_right = [0.0] * len(left), [0.0] * len(right)
    for words, others, found, found_others in (
        (left, right, found_left, found_right),
        (right, left, found_right, found_left),
    ):
        for i, word in enumerate(words):
            run = _run_together(word, others, [j for j, score in enumerate(found_others) if not score])
            if run and not found[i]:
                found[i] = 0.9
                for j in run:
                    found_others[j] = 0.9
    pairs = [
        (score, -abs(i - j), i, j)
        for i, a in enumerate(left)
        for j, b in enumerate(right)
        if (score := word_likeness(a, b)) > 0
    ]
    for score, _, i, j in sorted(pairs, reverse=True):
        if not found_left[i] and not found_right[j]:
            found_left[i] = found_right[j] = score
    return found_left, found_right


@lru_cache(maxsize=200_000)
def word_likeness(a: str, b: str) -> float:
    """How alike two words are, 0..1: the same, an abbreviation, or much the same letters."""
    if a == b:
        return 1.0
    short, long = sorted((a, b), key=len)
    expansion = ABBREVIATIONS.get(short)
    if expansion and (expansion == long or long in expansion.split()):
        return 0.95
    if len(short) >= 2 and short[0] == long[0] and len(long) >= len(short) + 2:
        if long.startswith(short):
            return 0.9 if len(short) >= 3 else 0.7
        if _is_subsequence(short, long):
            return 0.8 if len(short) >= 3 else 0.5
    likeness = ngram_cosine(a, b)
    return likeness * 0.9 if likeness >= 0.5 else 0.0


def _is_subsequence(short: str, long: str) -> bool:
    letters = iter(long)
    return all(letter in letters for letter in short)


def _run_together(word: str, others: tuple[str, ...], free: list[int]) -> tuple[int, ...]:
    """Which words, in order, `word` is made of ("tailnum" of "tail", "number"); empty when it is not."""
    if len(word) < 4 or word in others:
        return ()
    for start in range(len(free)):
        for end in range(start + 2, min(start + 5, len(free) + 1)):
            run = free[start:end]
            if _spells(word, [others[i] for i in run]):
                return tuple(run)
    return ()


def _spells(word: str, parts: Sequence[str]) -> bool:
    """Whether `word` is a beginning (2 letters or more) of each part, one after the other."""
    if not parts:
        return word == ""
    head = parts[0]
    return any(
        word.startswith(head[:size]) and _spells(word[size:], parts[1:]) for size in range(len(head), 1, -1)
    )


@lru_cache(maxsize=200_000)
def ngram_cosine(a: str, b: str) -> float:
    """Cosine of the counts of 2- and 3-character pieces of two words, their ends marked."""
    left, right = _grams(a), _grams(b)
    dot = sum(count * right[gram] for gram, count in left.items() if gram in right)
    return dot / math.sqrt(sum(v * v for v in left.values()) * sum(v * v for v in right.values()))


@lru_cache(maxsize=50_000)
def _grams(word: str) -> Counter[str]:
    marked = f"^{word}$"
    return Counter(marked[i : i + n] for n in (2, 3) for i in range(len(marked) - n + 1))
