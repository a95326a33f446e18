"""The words of a name: split at separators, capitals and digits, in the singular."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Longer names are cut: nothing that a person wrote as a name needs more to be told from the others.
MAX_CHARACTERS = 120
MAX_WORDS = 12
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PARTS = re.compile(r"[^\W\d_]+|\d+")


@lru_cache(maxsize=100_000)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, without accents; numbers are words of their own.

    Example:
        >>> words_of("CustAddr2_HTTPLink"), words_of("Größe (cm)"), words_of("%%")
        (('cust', 'addr', '2', 'http', 'link'), ('grosse', 'cm'), ())
    """
    return tuple(_split(name[:MAX_CHARACTERS]))[:MAX_WORDS]


@lru_cache(maxsize=100_000)
def singular_words(name: str) -> tuple[str, ...]:
    """The words of a name in the singular."""
    return tuple(singular(word) for word in words_of(name))


@lru_cache(maxsize=100_000)
def letters_of(name: str) -> str:
    """Letters and digits of a name in lower case, and nothing else; all of them, however long it is."""
    return "".join(_split(name))


def _split(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    if not plain.isupper():
        plain = _CAMEL.sub(" ", plain)
    return _PARTS.findall(plain.lower())


# Singulars in -ie, and words that are their own plural.
_IN_IE = frozenset("movie cookie calorie rookie hoodie brownie selfie zombie genie prairie".split())
_UNCHANGED = frozenset("species series headquarters premises mathematics physics economics".split())
_BUSES = re.compile(r"[^ao]uses$")


def singular(noun: str) -> str:
    """The singular of an English plural, as far as table names need it.

    Example:
        >>> [singular(n) for n in ["flights", "companies", "addresses", "status", "news", "boxes"]]
        ['flight', 'company', 'address', 'status', 'news', 'box']
        >>> [singular(n) for n in ["species", "movies", "bonuses", "causes", "sizes"]]
        ['species', 'movie', 'bonus', 'cause', 'size']
    """
    if noun in _UNCHANGED:
        return noun
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-1] if noun[:-1] in _IN_IE else noun[:-3] + "y"
    if noun.endswith(("sses", "shes", "ches", "xes", "tzes")) or _BUSES.search(noun):
        return noun[:-2]
    if noun.endswith("s") and not noun.endswith(("ss", "us", "is", "news")) and len(noun) > 3:
        return noun[:-1]
    return noun
