"""Types that hold all that a declared type holds, and more: where values came that do not fit."""

from __future__ import annotations

import re

_LADDERS = (("int8", "int16", "int32", "int64"), ("float", "double"))
_WORDS = {"smallint": "int16", "integer": "int32", "int": "int32", "bigint": "int64", "real": "float"}
_DECIMAL = re.compile(r"\s*(?:decimal|numeric)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)\s*", re.IGNORECASE)
_MOST_DIGITS = 38


def wider(text: str) -> tuple[str, ...]:
    """The wider types of one that a person declared, the narrowest first; none where nothing holds more.

    What has landed stays as it is under each of them: the scale of a decimal, and what a number means, do not
    change.

    Example:
        >>> wider("int16"), wider("decimal(8, 2)"), wider("MicroTimestamp")
        (('int32', 'int64'), ('decimal(18, 2)', 'decimal(38, 2)'), ())
    """
    if match := _DECIMAL.fullmatch(text):
        digits, scale = int(match[1]), int(match[2] or 0)
        return tuple(f"decimal({more}, {scale})" for more in (18, _MOST_DIGITS) if more > digits)
    word = _WORDS.get(text.strip().lower(), text.strip())
    for ladder in _LADDERS:
        if word in ladder:
            return ladder[ladder.index(word) + 1 :]
    return ()
