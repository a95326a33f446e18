"""What people call the values of columns: as they stand, in other words for codes, places and sexes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from aidbt.semantic.english.words.tokens import tokens
from aidbt.semantic.english.words.word_lists import Phrase, lines

# A column is of places when that share of its values are.
_LEAST_SHARE = 0.6
_NEVER_A_NAME = re.compile(r"[\W_]*|[\d\W_]{1,3}")


@dataclass(frozen=True, slots=True)
class Place:
    """One thing that has a name and codes; `others` are adjectives and further names, as phrases."""

    name: str
    codes: tuple[str, ...] = ()
    others: tuple[Phrase, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What a column may hold for it."""
        return (self.name, *self.codes, *(" ".join(other) for other in self.others))

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """What a question may call it: names, adjectives, and longer codes."""
        longer = [phrase_of(code) for code in self.codes if len(code) > 2]
        return tuple(dict.fromkeys([phrase_of(self.name), *longer, *self.others]))


def phrase_of(text: str) -> Phrase:
    """A value as the lemmas of its words; () for what is no name, such as a short number."""
    if _NEVER_A_NAME.fullmatch(text):
        return ()
    spaced = text.replace("_", " ")
    return tuple(plain(token.lemma) for token in tokens(spaced) if token.kind != "mark")


@lru_cache(maxsize=100_000)
def plain(word: str) -> str:
    """A word in small letters and without accents."""
    folded = unicodedata.normalize("NFKD", word.lower())
    return "".join(char for char in folded if not unicodedata.combining(char))


def value_names(values: Sequence[str]) -> Iterator[tuple[Phrase, str, float]]:
    """Phrases with the value of a column that each may mean, and how sure that is."""
    for value in values:
        phrase = phrase_of(value)
        if phrase:
            yield phrase, value, 1.0
    for kind in ("countries", "states", "sexes"):
        known = _known(kind)
        places = {value: known[plain(value)] for value in values if plain(value) in known}
        others = {plain(value) for value in values} - {plain(value) for value in places}
        if values and len(places) >= _LEAST_SHARE * (len(places) + len(others)):
            for value, place in places.items():
                yield from _called(value, place, kind)


def _called(value: str, place: Place, kind: str) -> Iterator[tuple[Phrase, str, float]]:
    for phrase in place.phrases:
        if phrase != phrase_of(value):
            yield phrase, value, 0.95
    if kind == "states" or len(value) > 2:
        for code in place.codes:
            if code != value:
                yield (plain(code),), value, 0.8


@cache
def places(kind: str) -> tuple[Place, ...]:
    """The places, or sexes, of one kind: a section of the list."""
    return tuple(_place(text) for section, text in lines("places.txt") if section == kind)


@cache
def _known(kind: str) -> dict[str, Place]:
    """The places of one kind by each of their names and codes, in small letters."""
    found: dict[str, Place] = {}
    for place in places(kind):
        for name in place.names:
            found.setdefault(plain(name), place)
    return found


def _place(text: str) -> Place:
    """`Name: CODE CODE, Other Name; adjective`."""
    name, _, rest = text.partition(":")
    named, _, adjectives = rest.partition(";")
    codes, *others = (part.strip() for part in named.split(","))
    phrases = [phrase_of(other) for other in others if other]
    phrases += [phrase_of(adjective) for adjective in adjectives.split()]
    return Place(name.strip(), tuple(codes.split()), tuple(phrases))
