"""Whether two names of a column say the same: what tells `amount_v2`, `amount__str` from `amount_net`."""

from __future__ import annotations

from aidbt.core.types import Family
from aidbt.warehouse.words import singular_word, words_of

# Words that say how a value is written, or which try it is: nothing of what it is.
_FORM = frozenset(
    (
        "v", "ver", "version", "new", "str", "string", "text", "txt", "varchar", "char", "int", "integer",
        "bigint", "smallint", "float", "double", "real", "dec", "decimal", "numeric", "num", "number", "bool",
        "boolean", "json", "col", "column", "field", "value", "val", "in", "of", "the", "is",
    )
)  # fmt: skip
# Words that a column of the kind may have or not. Of a number each other word ("net", "usd", "cents") may be
# what it counts, and of a time "utc" or "local" where.
_TIME = frozenset(("at", "on", "date", "time", "ts", "datetime", "timestamp", "day"))
_NEUTRAL = {
    "text": frozenset(("address", "code", "name", "full", "no", "nr", "id", "key", "label", "type", "ref")),
    "number": frozenset(("amount", "amt")),
    "integer": frozenset(("amount", "amt", "count", "id", "no", "nr")),
    "timestamp": _TIME, "date": _TIME,
}  # fmt: skip
# What loaders (Stitch, Singer) put behind a column whose values came in two types, by what it says.
_TYPE_ENDS: dict[Family, frozenset[str]] = {
    "text": frozenset(("s", "st", "str", "string", "text", "varchar")),
    "integer": frozenset(("i", "it", "int", "integer", "bi", "bigint", "long")),
    "number": frozenset(("de", "decimal", "numeric", "number", "f", "fl", "float", "double", "it", "i")),
    "boolean": frozenset(("b", "bo", "bool", "boolean")),
    "date": frozenset(("da", "date")),
    "timestamp": frozenset(("t", "ti", "ts", "timestamp", "datetime", "time", "date")),
}
# Words of what changes in rows that stay, though nothing marks them as updated.
_LIVELY = frozenset(
    (
        "last", "latest", "recent", "current", "next", "seen", "status", "state", "stage", "phase", "step",
        "tier", "level", "plan", "balance", "stock", "count", "points", "score", "rank", "rating", "visits",
        "logins", "views", "active", "progress",
    )
)  # fmt: skip
_SAYS_NOTHING = ("e", "tele")  # before mail and phone
_SHORTEST = 3  # letters of what stands for a longer word


def says_the_same(old: str, new: str, family: Family, table: str = "") -> bool:
    """Whether one name is the other but for words that say nothing of what the column is.

    Args:
        family: of what the column held.
        table: whose words a name may have or not.

    Example:
        >>> says_the_same("amount", "amount_v2", "number"), says_the_same("amount", "amount_net", "number")
        (True, False)
    """
    both, first, second = _differing(old, new, family, table)
    if not first and not second:
        return both
    if len(first) != 1 or len(second) != 1:
        return False
    short, long = sorted((*first, *second), key=len)
    return _is_short_for(short, long, family)


def changes_with_time(name: str, family: Family) -> bool:
    """Whether a column is one that changes in rows that stay, as the last login, a status, a balance do.

    Example:
        >>> changes_with_time("last_login", "text"), changes_with_time("email", "text")
        (True, False)
    """
    return family in ("timestamp", "date", "boolean") or not _LIVELY.isdisjoint(words_of(name))


def says_type(name: str, other: str, family: Family) -> bool:
    """Whether one name is the other with the word for a type, as loaders name a column of two types.

    Args:
        family: of the column of that other name.

    Example:
        >>> says_type("amount", "amount__de", "number"), says_type("price", "price__de", "text")
        (True, False)
    """
    return other.casefold().removeprefix(f"{name.casefold()}__") in _TYPE_ENDS.get(family, ())


def says_more(old: str, new: str, family: Family, table: str = "") -> bool:
    """Whether one name says more than the other one does, as `shipping_country` than `country`."""
    _, first, second = _differing(old, new, family, table)
    return bool(first) != bool(second)


def says_another(old: str, new: str, family: Family, table: str = "") -> bool:
    """Whether the names are of two of a kind, as `billing_country` and `shipping_country`: they share a word,
    and each has one of its own."""
    left, right = ({singular_word(word) for word in words_of(name)} for name in (old, new))
    _, first, second = _differing(old, new, family, table)
    return bool(left & right) and bool(first) and bool(second)


def _differing(old: str, new: str, family: Family, table: str) -> tuple[bool, set[str], set[str]]:
    """(whether they share a word, words of meaning of the one name alone, of the other one alone)."""
    own = {singular_word(word) for word in words_of(table)}
    said = _NEUTRAL.get(family, frozenset()) | own
    left, right = (
        {singular_word(w) for w in words_of(name) if not w.isdigit()} - _FORM for name in (old, new)
    )
    first, second = (
        {word for word in words - said if not any(_is_short_for(word, whole, family) for whole in own)}
        for words in (left - right, right - left)
    )
    return bool(left & right), first, second


def _is_short_for(short: str, long: str, family: Family) -> bool:
    """Whether a word abbreviates another one: qty, quantity; of texts also mail, email. Another one with
    something before it (paid, prepaid) is none."""
    if long.endswith(short) and long != short and long.removesuffix(short) not in _SAYS_NOTHING:
        return False
    letters = iter(long)
    is_in = len(short) >= _SHORTEST and all(letter in letters for letter in short)
    return is_in and (short[0] == long[0] or (family == "text" and short in long))
