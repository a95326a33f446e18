"""Adjectives that say much or little of something that a column holds: expensive, younger, heaviest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from aidbt.semantic.english.words.word_forms import shortens
from aidbt.semantic.english.words.word_lists import Phrase, lines, split_phrase
from aidbt.semantic.graph import GraphTable

Degree = Literal["base", "comparative", "superlative"]
_ENTRY = re.compile(r"(?P<word>[a-z]+)(?: \[(?P<irregular>[a-z ]+)\])?")


@dataclass(frozen=True, slots=True)
class Dimension:
    """What a form of an adjective says.

    Attributes:
        nouns: what columns that hold it are called, best first; () is the time when rows happened, for
            "recent", or what the sentence says.
        is_more: whether it says much of them, not little.
    """

    nouns: tuple[Phrase, ...]
    is_more: bool
    degree: Degree


def dimensions(word: str) -> tuple[Dimension, ...]:
    """What an adjective in any of its forms may say; () when it is not listed.

    Example:
        >>> [(d.nouns[0], d.is_more, d.degree) for d in dimensions("cheapest")]
        [(('price',), False, 'superlative')]
    """
    return _forms().get(word.lower(), ())


# Words that say of a year that something began in it.
BEGUN = frozenset(
    """founded foundation founding established incorporated built construction constructed opened opening
    launched launch published publication released release made manufactured manufacture
    commissioned""".split()
)


def year_begun(table: GraphTable) -> str:
    """The one column of a table that says, as a number, in which year its rows came to be; else "".

    Example:
        >>> from aidbt.semantic.graph import GraphColumn
        >>> columns = GraphColumn("clubid", "number"), GraphColumn("year_founded", "number")
        >>> year_begun(GraphTable("club", columns))
        'year_founded'
    """
    found = [c.name for c in table.columns if c.kind == "number" and is_year_begun(c.name)]
    return found[0] if len(found) == 1 else ""


def is_year_begun(column: str) -> bool:
    """Whether a column is called `founded`, `built_year` or `yearbuilt`."""
    words = column.lower().replace("_", " ")
    if words.removeprefix("year").removesuffix("year").strip() in BEGUN:
        return True
    rest = [word for word in words.split() if word not in ("year", "yr")]
    is_year = len(rest) == 1 and len(words.split()) == 2
    return is_year and (rest[0] in SHORT_BUILT or any(shortens(rest[0], word) for word in BEGUN))


SHORT_BUILT = frozenset(("bld", "blt"))
"""Short forms of "built", which no list of nouns spells so."""


@cache
def _forms() -> dict[str, tuple[Dimension, ...]]:
    found: dict[str, tuple[Dimension, ...]] = {}
    for _, text in lines("dimensions.txt"):
        adjectives, _, said = text.partition(":")
        nouns = tuple(split_phrase(noun) for noun in said.split() if noun != "*")
        more, _, less = adjectives.partition("/")
        for listed, is_more in ((more, True), (less, False)):
            for entry in _ENTRY.finditer(listed):
                for form, degree in _degrees(entry["word"], (entry["irregular"] or "").split()):
                    found[form] = (*found.get(form, ()), Dimension(nouns, is_more, degree))
    return found


def _degrees(word: str, irregular: list[str]) -> list[tuple[str, Degree]]:
    if irregular:
        return [(word, "base"), (irregular[0], "comparative"), (irregular[1], "superlative")]
    stem = word[:-1] if word.endswith("e") else word[:-1] + "i" if re.search(r"[^aeiou]y$", word) else word
    # One short vowel before one consonant doubles it: big, bigger.
    stem = stem + stem[-1] if re.fullmatch(r"[^aeiou]+[aeiou][bdgmnpt]", word) else stem
    return [(word, "base"), (stem + "er", "comparative"), (stem + "est", "superlative")]
