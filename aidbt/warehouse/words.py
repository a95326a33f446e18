"""The words a column's name is made of."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_BOUNDARY = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])"
)


@lru_cache(maxsize=65_536)
def words_of(name: str) -> tuple[str, ...]:
    """The words of an identifier in lower case, accents removed; a run of digits is a word.

    Example:
        >>> words_of("billingEmail2"), words_of("Geschäfts-Straße"), words_of("IPAddress")
        (('billing', 'email', '2'), ('geschafts', 'strasse'), ('ip', 'address'))
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ẞ", "SS"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return tuple(word.lower() for word in re.split(r"[\W_]+", _BOUNDARY.sub("_", plain)) if word)


def singular_word(word: str) -> str:
    """A word without the plural ending of English, as far as words in table names need it.

    Example:
        >>> [singular_word(word) for word in ("companies", "customers", "address", "people", "status")]
        ['company', 'customer', 'address', 'person', 'status']
    """
    if word == "people":
        return "person"
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    return word
