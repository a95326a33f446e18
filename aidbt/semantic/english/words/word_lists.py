"""The word lists beside this file: their lines, and those that say one thing of several words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from aidbt.core.lexicon import STRICT, partners, read_synonyms

Phrase = tuple[str, ...]


def lines(name: str) -> Iterator[tuple[str, str]]:
    """Each line of a list that says something, with the section it stands in ("" before the first)."""
    section = ""
    for raw in _text(name).splitlines():
        text = raw.split("#")[0].strip()
        if text.startswith("["):
            section = text.strip("[]")
        elif text:
            yield section, text


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def split_phrase(text: str) -> Phrase:
    """A phrase of a list whose blanks are written as underscores."""
    return tuple(text.split("_"))


@cache
def people() -> frozenset[Phrase]:
    """Nouns for people."""
    return frozenset(split_phrase(word) for _, text in lines("people.txt") for word in text.split())


def are_people(noun: Phrase) -> bool:
    """Whether a noun is one for people: of the list, or of those who study or practise something.

    Example:
        >>> are_people(("lead", "teacher")), are_people(("geologist",)), are_people(("magic",))
        (True, True, False)
    """
    is_listed = noun in people() or noun[-1:] in people()
    return is_listed or (bool(noun) and noun[-1].endswith(_PROFESSIONS))


_PROFESSIONS = ("ologist", "ographer", "ician", "keeper", "monger")


@cache
def antonyms() -> dict[Phrase, tuple[Phrase, ...]]:
    """By what may be true of a row, what it is when that is false."""
    found = {}
    for _, text in lines("antonyms.txt"):
        word, _, others = text.partition(":")
        found[split_phrase(word)] = tuple(map(split_phrase, others.split()))
    return found


@cache
def _groups() -> tuple[dict[Phrase, set[Phrase]], dict[Phrase, set[Phrase]]]:
    """What stands for a phrase in questions always, and what does where one thing can be meant."""
    strict: dict[Phrase, set[Phrase]] = {}
    loose: dict[Phrase, set[Phrase]] = {}
    for group in read_synonyms(_text("synonyms.txt"), "synonyms.txt"):
        for phrase in group.phrases:
            words = tuple(phrase.split())
            others = {tuple(other.split()) for other in group.phrases} - {words}
            (strict if group.strength == STRICT else loose).setdefault(words, set()).update(others)
    return strict, loose


@cache
def synonyms(words: Phrase) -> tuple[Phrase, ...]:
    """The phrases that name the same as a phrase, in questions or in data."""
    known = {
        tuple(other.split()) for other, strength in partners(" ".join(words)).items() if strength == STRICT
    }
    return tuple(sorted((known | _groups()[0].get(words, set())) - {words}))


@cache
def loose_synonyms(words: Phrase) -> tuple[Phrase, ...]:
    """The phrases that name the same where one thing can be meant; the stricter are not among them."""
    return tuple(sorted(_groups()[1].get(words, set()) - set(synonyms(words))))
