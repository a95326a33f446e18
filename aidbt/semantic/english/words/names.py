"""What the rows of tables may be called, by the tables' names and the project's words for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aidbt.semantic.english.words.spellings import spellings
from aidbt.semantic.english.words.tokens import lemma
from aidbt.semantic.english.words.word_lists import Phrase, loose_synonyms, synonyms
from aidbt.semantic.graph import GraphTable
from aidbt.semantic.tables.naming import NamedTable

# How sure a name is: as it is written, in other words for the same, in a part of it, or in what may be meant.
EXACT, CLEAR, SHORTER, SYNONYM, PART, LOOSE = 1.0, 0.95, 0.85, 0.7, 0.6, 0.5
KEYS = {"id", "key", "uuid", "guid", "identifier", "no", "number", "code"}
# Words that say what kind of column it is, which people leave out.
KINDS = {"type", "name", "kind", "category", "code", "title", "class"}
TIMES = {"date", "at", "on", "for", "time", "ts", "timestamp", "datetime", "day", "dt"}


@dataclass(frozen=True, slots=True)
class Name:
    """A phrase that names something.

    Attributes:
        weight: 0..1, how sure that is.
        counts: whether the column holds a number of what the phrase names.
    """

    phrase: Phrase
    weight: float
    counts: bool = False


# Nouns without a plural, whose rows are counted in pieces.
_MASS_NOUNS = frozenset(
    """equipment furniture luggage baggage art artwork jewelry clothing software hardware mail evidence
    machinery merchandise cargo gear kit property inventory music""".split()
)
# What stands behind a table's noun, and before it in English: the daily spend of `spend_daily`.
HOW_OFTEN = frozenset("hourly daily nightly weekly monthly quarterly yearly annual".split())
# Nouns of two words run together: a callup, a pickup, a checkout.
PARTICLES = ("up", "out", "off", "in")
# Of nouns in -in most are one word: a cabin, a margin.
_WITH_IN = {"check", "log", "sign", "clock", "punch", "walk", "opt", "trade", "plug"}


def particles(noun: str) -> Iterator[tuple[str, str]]:
    """The two words that a noun is made of, where the second is a particle: a callup, a checkin."""
    for particle in PARTICLES:
        first = noun.removesuffix(particle)
        if first != noun and len(first) > 2 and (particle != "in" or first in _WITH_IN):
            yield first, particle


def table_names(table: GraphTable, named: NamedTable, heads: dict[str, set[str]]) -> Iterator[Name]:
    """What the rows of a table may be called.

    Args:
        heads: by the last word of each table's nouns the tables that have it.
    """
    for synonym in table.synonyms:
        yield Name(lemmas(synonym), EXACT)
    for noun in named.nouns:
        for form, factor in spellings(noun, named):
            yield Name(form, EXACT * factor)
            if len(form) > 1 and form[-1] in HOW_OFTEN:
                yield Name((form[-1], *form[:-1]), PART * factor)
            elif len(form) > 1 and len(heads.get(form[-1], {table.name})) == 1:
                yield Name(form[-1:], SHORTER * factor)
            if len(form) > 2:
                yield Name(form[-2:], SHORTER * factor)
            if len(form) > 1:
                yield Name((initials(form),), PART)
            for mass in _mass_nouns(form[-1]):
                for unit in ("piece", "item", "unit"):
                    yield Name((unit, "of", *form[:-1], mass), EXACT * factor)
            for parted in particles(form[0]) if len(form) == 1 else ():
                yield Name(parted, CLEAR * factor)
            yield from other_words(form, factor)


def _mass_nouns(word: str) -> list[str]:
    """Those that a word is, or the long beginning of: `equip`."""
    return [m for m in _MASS_NOUNS if m == word or (len(word) >= 5 and m.startswith(word))]


def other_words(form: Phrase, factor: float) -> Iterator[Name]:
    """Synonyms of a whole phrase, and of its last word in it, or of the first of two."""
    for other in synonyms(form):
        yield Name(other, SYNONYM * factor)
    for other in loose_synonyms(form):
        yield Name(other, LOOSE * factor)
    if len(form) > 1:
        for other in synonyms(form[-1:]):
            yield Name((*form[:-1], *other), SYNONYM * factor)
    if len(form) == 2:
        for other in synonyms(form[:1]):
            yield Name((*other, *form[1:]), SYNONYM * factor)


def initials(noun: Phrase) -> str:
    """What a noun of several words is shortened to: `ae` for an adverse event."""
    return "".join(word[0] for word in noun)


def lemmas(text: str) -> Phrase:
    return tuple(lemma(word) for word in text.lower().replace("-", " ").replace("_", " ").split())
