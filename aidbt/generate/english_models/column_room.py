"""What a column has room for: numbers of its size, texts of its length, the labels of its type."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from aidbt.semantic.graph import GraphColumn

_SIZE = re.compile(r"\(\s*(?P<precision>\d+)\s*(,\s*(?P<scale>\d+)\s*)?\)")
_BOUNDS = {
    **dict.fromkeys(("tinyint", "int1", "byte"), (-(2**7), 2**7 - 1)),
    **dict.fromkeys(("smallint", "int2", "short"), (-(2**15), 2**15 - 1)),
    **dict.fromkeys(("integer", "int", "int4", "signed"), (-(2**31), 2**31 - 1)),
    **dict.fromkeys(("bigint", "int8", "long"), (-(2**63), 2**63 - 1)),
    "utinyint": (0, 2**8 - 1),
    "usmallint": (0, 2**16 - 1),
    "uinteger": (0, 2**32 - 1),
    "ubigint": (0, 2**64 - 1),
}
_EXACT = re.compile(r"dec|numeric|number|bignumeric|bigdecimal|money", re.IGNORECASE)
_LABEL = re.compile(r"'((?:[^']|'')*)'")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# A shorter text is filled up with blanks in these, and is another text then.
_PADDED = re.compile(r"(n|bp)?char\s*\(|character\s*\(", re.IGNORECASE)


def is_exact(column: GraphColumn) -> bool:
    """Whether a column of numbers holds decimals."""
    return _EXACT.match(column.data_type) is not None


def has_room(column: GraphColumn, value: Any) -> bool:
    """Whether a column can hold a number or a text as it is, to its last digit or letter."""
    if isinstance(value, str):
        return _has_room_for_text(column, value)
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return not is_number or _has_room_for_number(column, value)


def _has_room_for_number(column: GraphColumn, number: float | Decimal) -> bool:
    exact = Decimal(str(number))
    size = _SIZE.search(column.data_type)
    if size is not None and is_exact(column):
        precision, scale = int(size["precision"]), int(size["scale"] or 0)
        return abs(exact) < 10 ** (precision - scale) and exact == round(exact, scale)
    bounds = _BOUNDS.get(column.data_type.lower())
    return bounds is None or (exact == int(exact) and bounds[0] <= exact <= bounds[1])


def _has_room_for_text(column: GraphColumn, text: str) -> bool:
    if _is_uuid(column):
        return _UUID.fullmatch(text) is not None
    if _is_enum(column):
        return text in labels(column)
    longest = _length(column)
    if longest is None:
        return True
    return len(text) == longest if _PADDED.match(column.data_type) else len(text) <= longest


def few_texts(column: GraphColumn, number: int) -> list[str]:
    """Texts of a type that does not take any text, so many of UUIDs; [] for one that does."""
    if _is_uuid(column):
        return [f"00000000-0000-4000-8000-{n:012}" for n in range(1, number + 1)]
    return labels(column) if _is_enum(column) else []


def texts_in_room(column: GraphColumn, number: int) -> list[str]:
    """So many different texts at most, as long as they have to be: k1, k2, …

    Example:
        >>> texts_in_room(GraphColumn("c", "text", "varchar(2)"), 11)[8:]
        ['k9', 'ka', 'kb']
        >>> texts_in_room(GraphColumn("c", "text", "char(4)"), 2)
        ['k001', 'k002']
    """
    longest = _length(column)
    width = (longest or 1) - 1 if _PADDED.match(column.data_type) else 0
    texts = [f"k{n:0{width}}" for n in range(1, number + 1)]
    # In the shortest columns a letter tells more of them apart than a digit.
    letters = [f"{'k' * ((longest or 1) - 1)}{letter}" for letter in "abcdefghijlmnopqrstuvwxyz"]
    fitting = (text for text in (*texts, *letters) if has_room(column, text))
    return list(dict.fromkeys(fitting))[:number]


def labels(column: GraphColumn) -> list[str]:
    """The texts that an ENUM names."""
    return [label.replace("''", "'") for label in _LABEL.findall(column.data_type)]


def _length(column: GraphColumn) -> int | None:
    size = _SIZE.search(column.data_type) if column.kind == "text" and not _is_enum(column) else None
    return max(int(size["precision"]), 1) if size is not None else None


def _is_enum(column: GraphColumn) -> bool:
    return column.data_type.lower().startswith("enum")


def _is_uuid(column: GraphColumn) -> bool:
    return column.data_type.lower() in ("uuid", "uniqueidentifier")
