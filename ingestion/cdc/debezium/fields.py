"""Rows of JSON that are alike, read as columns without a parser.

Within a table rows mostly name the same columns in the same order. Where no text holds an escape, the quotes
say where each value begins and ends: the names are compared, eight bytes at a time, and what stands between
them is taken as a number, a text, true, false or null. Every byte of a row is accounted for so. Rows that
look otherwise are left to a parser, and so are columns of fractions, lists and structs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

_QUOTE, _BACKSLASH, _COMMA, _OPENING, _CLOSING, _MINUS, _ZERO = (ord(letter) for letter in '"\\,{}-0')
_SPACE = ord(" ")  # bytes below it are no part of a JSON text
_WORD = 8
_MOST_DIGITS = 19  # more than these do not fit into 64 bits
_FRONT = 3 * _WORD  # a number is read in up to three words that end with it
_NULL = int.from_bytes(b"null", "little")
_TRUE = int.from_bytes(b"true", "little")
_FALSE = int.from_bytes(b"false", "little")
_FOUR_BYTES, _FIVE_BYTES = np.uint64(2**32 - 1), np.uint64(2**40 - 1)
# The last n bytes of a word, by n.
_LAST_BYTES = np.array([2**64 - 2 ** (64 - 8 * n) for n in range(_WORD + 1)], np.uint64)
_ZEROS = np.uint64(0x3030303030303030)
_BEYOND_NINE = np.uint64(0x7676767676767676)  # makes the highest bit of a byte that is more than 9
_HIGH_BITS = np.uint64(0x8080808080808080)


@dataclass(frozen=True, slots=True)
class _Text:
    """Rows one behind another, with room around them, so that words can be read at any place.

    Attributes:
        octets: their bytes.
        words: the eight bytes from each place on, as one number.
    """

    octets: np.ndarray
    words: np.ndarray

    @classmethod
    def around(cls, text: pa.Buffer, behind: int) -> _Text:
        room = np.zeros(_FRONT + len(text) + behind, np.uint8)
        room[_FRONT : _FRONT + len(text)] = np.frombuffer(text, np.uint8)
        return cls(room, np.ndarray((len(room) - _WORD + 1,), "<u8", buffer=room, strides=(1,)))

    def stands(self, places: np.ndarray, wanted: bytes) -> bool:
        """Whether some bytes stand at all of these places."""
        for offset in range(0, len(wanted), _WORD):
            part = wanted[offset : offset + _WORD]
            words = self.words[places + offset]
            if len(part) < _WORD:
                words = words & np.uint64(2 ** (8 * len(part)) - 1)
            if (words != np.uint64(int.from_bytes(part, "little"))).any():
                return False
        return True


@dataclass(frozen=True, slots=True)
class _Values:
    """Where the values of one column begin and end, quotes left out, and which were in quotes."""

    starts: np.ndarray
    ends: np.ndarray
    is_text: np.ndarray


def read_fields(
    rows: pa.LargeBinaryArray, types: Mapping[str, pa.DataType | None]
) -> dict[str, pa.Array] | None:
    """The columns of rows `{"name":value,…}`; None when only a parser can tell.

    Args:
        rows: in UTF-8, none of them null.
        types: of the columns, as their values stand in JSON; one that no row names is null.
    """
    if not all(map(_is_simple, types.values())):
        return None
    _, offsets_buffer, text = rows.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)[: len(rows) + 1]
    content = np.frombuffer(text, np.uint8)
    if (content < _SPACE).any() or (content == _BACKSLASH).any():
        return None
    names = _names(rows[0].as_py())
    if not names or not set(names) <= set(types):
        return None
    keys = [json.dumps(name, ensure_ascii=False).encode() + b":" for name in names]
    around = _Text.around(text, behind=max(map(len, keys)) + _WORD)
    values = _walk(around, offsets[:-1] + _FRONT, offsets[1:] + _FRONT, keys)
    if values is None:
        return None
    columns = {name: pa.nulls(len(offsets) - 1, of) for name, of in types.items() if name not in names}
    for name, found in zip(names, values, strict=True):
        column = _column(around, found, types[name])
        if column is None:
            return None
        columns[name] = column
    return columns


def _is_simple(of: pa.DataType) -> bool:
    return bool(pa.types.is_integer(of) or pa.types.is_boolean(of) or pa.types.is_string(of))


def _names(row: bytes) -> list[str]:
    """The names that a row gives its values; none when it is no row."""
    try:
        found = json.loads(row)
    except ValueError:
        return []
    return list(found) if isinstance(found, dict) else []


def _walk(text: _Text, starts: np.ndarray, ends: np.ndarray, keys: list[bytes]) -> list[_Values] | None:
    """The places of all values; None unless every row has these keys, in this order, and nothing else.

    Args:
        starts, ends: of the rows in `text`.
    """
    if (text.octets[starts] != _OPENING).any() or (text.octets[ends - 1] != _CLOSING).any():
        return None
    quotes = np.flatnonzero(text.octets == _QUOTE)
    quote = np.searchsorted(quotes, starts)  # the number of the quote that the next key begins with
    quotes = np.concatenate((quotes, np.full(4, len(text.octets))))
    found: list[_Values] = []
    places = starts + 1
    for key in keys:
        is_last = len(found) + 1 == len(keys)
        if not text.stands(places, key):
            return None
        begins = places + len(key)
        is_text = text.octets[begins] == _QUOTE
        following = ends - 1 if is_last else quotes[quote + 2] - 1
        if is_text.any():
            # Both quotes of the key, then those of the text.
            stops = np.where(is_text, quotes[quote + 3], following)
            separators = stops + is_text
            quote = quote + 2 + 2 * is_text
        else:
            stops = separators = following
            quote = quote + 2
        if (separators >= ends).any():
            return None
        if is_last:
            if (separators != ends - 1).any():
                return None
        elif (text.octets[separators] != _COMMA).any():
            return None
        found.append(_Values(begins + is_text, stops, is_text))
        places = separators + 1
    return found


def _column(text: _Text, values: _Values, of: pa.DataType) -> pa.Array | None:
    """One column; None when a value is not of its type."""
    words = text.words[values.starts]
    lengths = values.ends - values.starts
    if pa.types.is_string(of):
        is_null = ~values.is_text
        if is_null.any() and not (_is_null(words, lengths) | values.is_text).all():
            return None
        return _strings(text, values, is_null)
    if values.is_text.any():
        return None
    is_null = _is_null(words, lengths)
    if pa.types.is_boolean(of):
        is_true = ((words & _FOUR_BYTES) == _TRUE) & (lengths == len("true"))
        is_false = ((words & _FIVE_BYTES) == _FALSE) & (lengths == len("false"))
        return pa.array(is_true, mask=is_null) if (is_true | is_false | is_null).all() else None
    return _integers(text, values, is_null, of)


def _is_null(words: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    found: np.ndarray = ((words & _FOUR_BYTES) == _NULL) & (lengths == len("null"))
    return found


def _strings(text: _Text, values: _Values, is_null: np.ndarray) -> pa.Array:
    # Every second one of these is a value; those between are what stands between two values.
    offsets = np.empty(2 * len(is_null) + 1, np.int32)
    offsets[0:-1:2] = values.starts
    offsets[1::2] = values.ends
    offsets[-1] = offsets[-2]
    pieces = pa.Array.from_buffers(
        pa.string(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(text.octets)], null_count=0
    )
    which = np.arange(0, len(offsets) - 1, 2)
    return pieces.take(pa.array(which, mask=is_null if is_null.any() else None))


def _integers(text: _Text, values: _Values, is_null: np.ndarray, of: pa.DataType) -> pa.Array | None:
    """Whole numbers as JSON writes them, eight digits at a time.

    The digits of a word are joined by three multiplications: pairs, fours, eight (D. Lemire, "Quickly parsing
    eight digits", 2018).
    """
    is_negative = text.octets[values.starts] == _MINUS
    starts = values.starts + is_negative
    lengths = np.where(is_null, 0, values.ends - starts)
    longest = int(lengths.max())
    if longest > _MOST_DIGITS or (lengths == 0)[~is_null].any():
        return None
    if ((text.octets[starts] == _ZERO) & (lengths > 1)).any():
        return None
    result = np.zeros(len(starts), np.uint64)
    for end in range(0, longest, _WORD):
        digits = text.words[values.ends - end - _WORD] ^ _ZEROS
        digits &= _LAST_BYTES[np.clip(lengths - end, 0, _WORD)]
        if (((digits + _BEYOND_NINE) | digits) & _HIGH_BITS).any():
            return None
        result += _joined(digits) * np.uint64(10**end)
    limit = 2 ** (of.bit_width - 1) - 1
    if int(result.max()) > limit:
        return None
    numbers = result.view(np.int64)
    if is_negative.any():
        numbers = np.where(is_negative, -numbers, numbers)
    return pa.array(numbers, mask=is_null if is_null.any() else None).cast(of)


def _joined(digits: np.ndarray) -> np.ndarray:
    """The numbers of eight digits, the first in the lowest byte."""
    pairs = digits * np.uint64(10) + (digits >> np.uint64(8))
    low = np.uint64(0x000000FF000000FF)
    first = (pairs & low) * np.uint64(100 + (10**6 << 32))
    second = ((pairs >> np.uint64(16)) & low) * np.uint64(1 + (10**4 << 32))
    joined: np.ndarray = (first + second) >> np.uint64(32)
    return joined
