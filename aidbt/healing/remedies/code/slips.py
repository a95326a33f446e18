"""Whether one word is another one with a slip of the hand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

_LONG = 7  # letters; in a shorter word one slip is all that is believed
_SHORT = 4  # letters; in a shorter one no letter is taken for another: `sum` is not `sub`, nor `min` `max`


def is_slip(word: str, meant: str) -> bool:
    """Whether a name was mistyped: one word of it, with one letter wrong, or two where it is long.

    `orders_v3` and `amount_net` are no slips: somebody meant something that is not there yet.

    Example:
        >>> is_slip("custmer_id", "customer_id"), is_slip("min_price", "max_price"), is_slip("a_v2", "a_v1")
        (True, False, False)
    """
    one, other = word.casefold(), meant.casefold()
    if one == other or [c for c in one if c.isdigit()] != [c for c in other if c.isdigit()]:
        return False
    if one.replace("_", "") == other.replace("_", ""):
        return True
    pairs = list(zip_longest(_parts(one), _parts(other), fillvalue=""))
    differing = [(a, b) for a, b in pairs if a != b]
    if len(differing) > 1:
        # A slip across an underscore: the name as a whole, and then one letter only.
        return len(_parts(one)) != len(_parts(other)) and slips(one, other) == 1
    if not differing:  # "Plan Name" and plan_name are two names
        return False
    a, b = differing[0]
    if not a or not b:  # `orders_b`: a word more is another name
        return False
    found = slips(a, b)
    if min(len(a), len(b)) < _SHORT and len(a) == len(b):
        return found == 1 and sorted(a) == sorted(b)
    return found <= (2 if min(len(a), len(b)) >= _LONG else 1)


def nearest_slip(word: str, known: Iterable[str], *, vocabulary: Iterable[str] = ()) -> str | None:
    """The only known name that a word is a slip of; None for none and for several.

    Args:
        vocabulary: names whose words somebody may well have meant: where the differing word is one of them,
            only a missing or added `s` is believed.
    """
    like = {name.casefold(): name for name in known if is_slip(word, name)}
    if len(like) != 1:
        return None
    name = next(iter(like.values()))
    words = {part for item in vocabulary for part in _parts(item.casefold())}
    differing = set(_parts(word.casefold())) - set(_parts(name.casefold()))
    return None if differing & words and not is_plural(word, name) else name


def is_plural(one: str, other: str) -> bool:
    """Whether two names differ by an `s` only."""
    return one.casefold().replace("s", "") == other.casefold().replace("s", "")


def slips(one: str, other: str) -> int:
    """Letters put in, left out, replaced, or swapped with their neighbour: the optimal string alignment
    distance (Damerau, "A technique for computer detection and correction of spelling errors", 1964)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
            if i > 1 and j > 1 and (a, one[i - 2]) == (other[j - 2], b):
                row[j] = min(row[j], last[j - 2] + 1)
    return row[-1]


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"[_\W]+", name) if part]
