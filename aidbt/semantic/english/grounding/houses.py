"""What a whole database is of, and what it lists: "in the zoo", "does the museum own", "of the fleet"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from aidbt.core.words import words_of
from aidbt.semantic.english.grounding.index import Lexicon
from aidbt.semantic.english.meanings.chart import Combine, Item, Rule
from aidbt.semantic.english.meanings.phrases import Found
from aidbt.semantic.english.words.tokens import Token
from aidbt.semantic.english.words.word_lists import lines

# One of a kind is meant: "in each zoo", "in a zoo" and "in the biggest zoo" say more.
_THE = {"the", "our", "your", "this"}
_IN = {"in", "at", "from", "for", "by", "on", "to", "with", "during", "through", "under"}
_POSSESSIVE = ("'s", "’s")
_SHORTEST = 3


@cache
def _nouns() -> frozenset[str]:
    return frozenset(word for _, text in lines("houses.txt") for word in text.split())


def houses(sentence: Sequence[Token], start: int, lexicon: Lexicon) -> Iterator[Item]:
    """The phrases at a token for what all of the data is of: a noun that nothing in the data goes by.

    A word before the noun may say what it is full of: "the seed bank", where seeds are counted.
    """
    if sentence[start].text.lower() not in _THE:
        return
    for place in (start + 1, start + 2):
        if place >= len(sentence) or not _is_house(sentence[place], lexicon):
            continue
        if place == start + 2 and not _is_named(sentence[start + 1], lexicon):
            continue
        is_owner = sentence[place].text.lower().endswith(_POSSESSIVE)
        yield Item("Fill" if is_owner else "House", None, start, place + 1, 0.9 * (place + 1 - start))


def _is_house(token: Token, lexicon: Lexicon) -> bool:
    text = token.text.lower()
    is_noun = text in _nouns() or (text.endswith(_POSSESSIVE) and text[:-2] in _nouns())
    return is_noun and (token.lemma,) not in lexicon.meanings


def _is_named(token: Token, lexicon: Lexicon) -> bool:
    """Whether names of tables or columns begin with a word: "seed" of `seedcount`, "art" of `artworks`."""
    word = token.lemma
    if len(word) < _SHORTEST or not token.text.islower():
        return False
    names = (
        name for table in lexicon.graph.tables for name in (table.name, *(c.name for c in table.columns))
    )
    return any(part.startswith(word) for name in names for part in words_of(name))


def add_house_rules(rule: Rule) -> None:
    """Where such a phrase may stand and say nothing: at a place, and as who does something or suffers it."""
    rule("Prep", "House", _at_house)
    rule("OfHouse", "Prep", lambda _, how: [("Prep", how, 0.1)])
    for phrase in ("Rows", "Number", "Count"):
        rule(phrase, "OfHouse", _first(phrase))
    for verb in ("Verb", "Act", "Did", "Is"):
        rule("House", verb, _second(verb))
    for verb in ("Verb", "Act", "Did"):
        rule(verb, "House", _first(verb))


def _first(phrase: str) -> Combine:
    return lambda meaning, _: [(phrase, meaning, 0.1)]


def _second(phrase: str) -> Combine:
    return lambda _, meaning: [(phrase, meaning, 0.1)]


def _at_house(how: str, _: None) -> Found:
    """`in the zoo`; the name of the zoo is no animal's: "of the zoo" is said of rows and numbers alone."""
    if how == "of":
        yield "OfHouse", None, 0.0
    elif how in _IN:
        yield "Fill", None, 0.2
