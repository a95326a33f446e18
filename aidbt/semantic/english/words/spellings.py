"""How names are written: short forms, and words that run together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from aidbt.core.lexicon import expansions, is_word
from aidbt.semantic.english.words.word_lists import Phrase
from aidbt.semantic.tables.naming import NamedTable

_MOST_SPELLINGS = 12
_DONE = {"edon", "edat", "edby", "edin"}
_SMALL = {"id", "by", "of", "at", "num", "no", "is", "to", "in", "on"}


def spellings(words: Phrase, named: NamedTable) -> list[tuple[Phrase, float]]:
    """A name as it is written and with its short forms spelled out, each with a factor for its weight."""
    parted = tuple(part for word in words for part in _parts(word, named))
    choices = [_spelled(word) for word in parted]
    found: dict[Phrase, float] = {words: 1.0, parted: 1.0}
    for combination in itertools.islice(itertools.product(*choices), _MOST_SPELLINGS):
        phrase = tuple(word for part, _ in combination for word in part)
        factor = min((factor for _, factor in combination), default=1.0)
        found[phrase] = max(factor, found.get(phrase, 0.0))
    return list(found.items())


def _spelled(word: str) -> Sequence[tuple[Phrase, float]]:
    """What a word may stand for; a word of the language stands for itself."""
    if word == "id" or (is_word(word) and len(word) > 3):
        return [((word,), 1.0)]
    known = [(meaning, 1.0 if rank == 0 else 0.92) for rank, meaning in enumerate(expansions(word))]
    return [*known, ((word,), 1.0)] if is_word(word) or not known else known


def _parts(word: str, named: NamedTable) -> Phrase:
    """A word taken apart where words run together: `journalname`, `numcitedby`, `certifiedon`."""
    if len(word) < 5 or is_word(word):
        return (word,)
    if word[-4:] in _DONE and len(word) > 6:
        return word[:-2], word[-2:]
    nouns = {part for noun in named.nouns for part in noun}
    best: list[Phrase | None] = [None] * (len(word) + 1)
    best[0] = ()
    for end in range(2, len(word) + 1):
        for start in range(end - 1):
            before, part = best[start], word[start:end]
            is_known = part in nouns or (is_word(part) and len(part) > 2) or part in _SMALL
            if before is not None and is_known:
                longer = (*before, part)
                current = best[end]
                if current is None or len(longer) < len(current):
                    best[end] = longer
    return best[len(word)] or _by_ending(word)


# How names end whose words run together, behind a word that no list has: `seedcount`, `weightg`.
_ENDINGS = (
    "count",
    "name",
    "type",
    "date",
    "code",
    "number",
    "price",
    "amount",
    "sent",
    "sold",
    "paid",
    "used",
)


def _by_ending(word: str) -> Phrase:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) >= len(ending) + 4:
            return word.removesuffix(ending), ending
    return (word,)
