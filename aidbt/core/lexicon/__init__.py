"""What names in databases mean: a dictionary of short forms and a small thesaurus.

Both are plain text beside this file, written by hand from general knowledge; each says at its top how a line
reads. Words are compared in lower case and in the singular, as `conventions.singular` makes it, so that they
meet the words of column names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from aidbt.core.errors import SettingsError
from aidbt.core.words import singular

STRICT = 1.0
LOOSE = 0.6

Expansion = tuple[str, ...]

_MOST_EXPANSIONS = 4
_SHORT_FORM = re.compile(r"[a-z0-9]+")
_PHRASE = re.compile(r"[a-z0-9]+( [a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class SynonymGroup:
    """Phrases that stand for each other in data.

    Attributes:
        phrases: their words in the singular, separated by blanks.
        strength: `STRICT` when they name the same thing, `LOOSE` when they are related but not equal.
    """

    phrases: tuple[str, ...]
    strength: float


@lru_cache(maxsize=50_000)
def expansions(word: str) -> tuple[Expansion, ...]:
    """What a short form may stand for, the likeliest first; empty when the dictionary has no such form.

    Example:
        >>> expansions("dob"), expansions("cnt")
        ((('date', 'of', 'birth'),), (('count',), ('contact',), ('content',)))
    """
    known, word = _dictionary(), word.lower()
    return known.get(word) or known.get(singular(word), ())


def related(a: str, b: str) -> float:
    """How nearly two words, or phrases with blanks between their words, name the same thing.

    Returns:
        1.0 (`STRICT`) for the same phrase and for two of one strict group, 0.6 (`LOOSE`) for two of one loose
        group, else 0. The same in both directions; not transitive.

    Example:
        >>> related("zip", "postal codes"), related("city", "town"), related("city", "zip")
        (1.0, 0.6, 0.0)
    """
    a, b = _normal(a), _normal(b)
    return STRICT if a == b else _partners().get(a, {}).get(b, 0.0)


def partners(phrase: str) -> Mapping[str, float]:
    """Every phrase that shares a group with a word or phrase, itself among them, with how nearly they name
    the same thing: `STRICT` or `LOOSE`.
    """
    return _partners().get(_normal(phrase), {})


def is_word(word: str) -> bool:
    """Whether it is a word as it is written, not a short form: the dictionary or the thesaurus uses it so."""
    return _normal(word) in _words()


def groups_of(phrase: str) -> tuple[SynonymGroup, ...]:
    """Every group of the thesaurus that a word or phrase stands in, in the order of the file."""
    return _groups().get(_normal(phrase), ())


def read_abbreviations(text: str, path: str) -> dict[str, tuple[Expansion, ...]]:
    """The short forms of a dictionary with what they stand for, as the file orders them.

    Args:
        path: what errors call the file.

    Raises:
        SettingsError: a line is malformed, or its short form has a line already.
    """
    found: dict[str, tuple[Expansion, ...]] = {}
    for line in _lines(text, path, "a line reads 'short: expansion | other expansion', in lower case"):
        short, colon, meanings = (part.strip() for part in line.text.partition(":"))
        if not colon or not _SHORT_FORM.fullmatch(short):
            raise line.error(f"'{line.text}' is no short form with its expansions")
        if short in found:
            raise line.error(f"'{short}' has a line already")
        phrases = line.phrases(meanings)
        if short in phrases:
            raise line.error(f"'{short}' stands for itself")
        if len(phrases) > _MOST_EXPANSIONS:
            raise line.error(f"'{short}' has {len(phrases)} expansions, more than {_MOST_EXPANSIONS}")
        found[short] = tuple(tuple(phrase.split()) for phrase in phrases)
    return found


def read_synonyms(text: str, path: str) -> tuple[SynonymGroup, ...]:
    """The groups of a thesaurus.

    Args:
        path: what errors call the file.

    Raises:
        SettingsError: a line is malformed, or repeats a group.
    """
    found: dict[frozenset[str], SynonymGroup] = {}
    for line in _lines(text, path, "a line reads 'phrase | phrase' or '~ phrase | phrase', in lower case"):
        phrases = line.phrases(line.text.removeprefix("~"))
        if len(phrases) < 2:
            raise line.error(f"'{line.text}' is a group of one")
        if frozenset(phrases) in found:
            raise line.error(f"'{line.text}' is a group already")
        strength = LOOSE if line.text.startswith("~") else STRICT
        found[frozenset(phrases)] = SynonymGroup(phrases, strength)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that says something, where it stands (`number` from 1) and how such a line should read."""

    text: str
    path: str
    number: int
    hint: str

    def error(self, message: str) -> SettingsError:
        return SettingsError(message, path=self.path, line=self.number, hint=self.hint)

    def phrases(self, text: str) -> tuple[str, ...]:
        """The phrases between the bars, in the singular; an error when one is malformed or given twice."""
        found: list[str] = []
        for phrase in (part.strip() for part in text.split("|")):
            if not _PHRASE.fullmatch(phrase):
                raise self.error(f"'{phrase}' is no phrase of unaccented words")
            if _normal(phrase) in found:
                raise self.error(f"'{_normal(phrase)}' stands there twice")
            found.append(_normal(phrase))
        return tuple(found)


def _lines(text: str, path: str, hint: str) -> Iterator[_Line]:
    """The lines that are neither blank nor comments."""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line and not line.startswith("#"):
            yield _Line(line, path, number, hint)


@lru_cache(maxsize=100_000)
def _normal(phrase: str) -> str:
    return " ".join(singular(word) for word in phrase.lower().split())


@cache
def _dictionary() -> dict[str, tuple[Expansion, ...]]:
    """The shipped dictionary; a short form is found by its singular too, where that is no other form."""
    known = read_abbreviations(_shipped("abbreviations.txt"), "abbreviations.txt")
    return {singular(short): meanings for short, meanings in known.items()} | known


@cache
def _groups() -> dict[str, tuple[SynonymGroup, ...]]:
    """The groups of each phrase of the shipped thesaurus."""
    found: dict[str, tuple[SynonymGroup, ...]] = {}
    for group in read_synonyms(_shipped("synonyms.txt"), "synonyms.txt"):
        for phrase in group.phrases:
            found[phrase] = (*found.get(phrase, ()), group)
    return found


@lru_cache(maxsize=50_000)
def opposites(word: str) -> frozenset[str]:
    """The words that exclude a word in the name of a column: what is billing is not shipping."""
    return _opposites().get(_normal(word), frozenset())


@cache
def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _lines(
        _shipped("opposites.txt"), "opposites.txt", "a line reads 'word | word', in lower case"
    ):
        words = line.phrases(line.text)
        for word in words:
            found.setdefault(word, set()).update(set(words) - {word})
    return {word: frozenset(others) for word, others in found.items()}


@cache
def _words() -> frozenset[str]:
    """The words of three letters or more that short forms stand for, or that have synonyms; a synonym that is
    short for another (`qty`, quantity) is none.
    """
    spelled = {w for meanings in _dictionary().values() for meaning in meanings for w in meaning}
    used = {w for phrase in _groups() for w in phrase.split()}
    return frozenset(w for w in spelled | {w for w in used if not _is_short_synonym(w)} if len(w) > 2)


def _is_short_synonym(word: str) -> bool:
    meanings = (meaning[0] for meaning in expansions(word) if len(meaning) == 1)
    return any(related(word, meaning) == STRICT for meaning in meanings)


@cache
def _partners() -> dict[str, dict[str, float]]:
    """For each phrase the phrases that share a group with it, with the strongest relation."""
    found: dict[str, dict[str, float]] = {}
    for phrase, groups in _groups().items():
        # The strictest group is written last, so that it stands.
        for group in sorted(groups, key=lambda group: group.strength):
            found.setdefault(phrase, {}).update(dict.fromkeys(group.phrases, group.strength))
    return found


def _shipped(name: str) -> str:
    return files("aidbt.core.lexicon").joinpath(name).read_text(encoding="utf-8")
