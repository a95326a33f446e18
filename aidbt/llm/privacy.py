"""Which values of a column may stand in a prompt. The one way by which any get there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from aidbt.core.config import SendValues
from aidbt.core.schema import Column, ColumnProfile

_KEPT = frozenset(" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def shown_values(
    column: ColumnProfile | Column | None, values: Iterable[str], policy: SendValues
) -> tuple[str, ...]:
    """The values of a column as a language model may see them, each once, in their order.

    Args:
        column: its profile, which says whether it holds personal data: then nothing of it is shown. A
            `Column` is one that a person declared with its values; None is one that nobody has looked at,
            of which nothing is shown either.
        policy: `llm.send_values`. "none" shows nothing, "masked" the shape of each value, "raw" the values.

    Example:
        >>> shown_values(ColumnProfile("phone", "text", 0.0, 2), ["+49 30-1234", "+49 30-5678"], "masked")
        ('+99 99-9999',)
    """
    if policy == "none" or column is None or (isinstance(column, ColumnProfile) and column.pii):
        return ()
    return tuple(dict.fromkeys(masked(value) if policy == "masked" else value for value in values))


def masked(value: str) -> str:
    """The shape of a value: letters are "a", digits "9", ASCII punctuation and blanks stay, the rest is "?".

    Example:
        >>> masked("O'Neil, 1987-06-05 ☎")
        "a'aaaa, 9999-99-99 ?"
    """
    return "".join(map(_shape, unicodedata.normalize("NFC", value)))


def _shape(char: str) -> str:
    kind = unicodedata.category(char)[0]
    if kind in "LM":
        return "a"
    if kind == "N":
        return "9"
    return char if char in _KEPT else "?"
