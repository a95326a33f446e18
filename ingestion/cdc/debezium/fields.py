"""Rows of JSON that are alike, read as columns without a parser.

Within a table rows mostly name the same columns in the same order. They are read side by side, a column at a
time: the bytes of its name are compared, and what follows is taken as a number, a text, true, false or null,
whose end is where the next name has to begin. Every byte of a row is accounted for so. Rows that look
otherwise (an escape, a space, a fraction, another order) are left to a parser, and so are tables with columns
of fractions, lists and structs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.cdc.debezium.windows import (
    FIRST_BYTE,
    WORD,
    ZEROS,
    joined,
    leading_digits,
    stands,
    windows,
    words,
)

_QUOTE, _BACKSLASH, _COMMA, _OPENING, _CLOSING, _MINUS = (ord(letter) for letter in '"\\,{}-')
_SPACE = ord(" ")  # bytes below it are no part of a JSON text
_MOST_DIGITS = 19  # more than these do not fit into 64 bits
_NULL = np.uint64(int.from_bytes(b"null", "little"))
_TRUE = np.uint64(int.from_bytes(b"true", "little"))
_FALSE = np.uint64(int.from_bytes(b"false", "little"))
_FOUR_BYTES, _FIVE_BYTES = np.uint64(2**32 - 1), np.uint64(2**40 - 1)
_POWERS = 10 ** np.arange(WORD + 1, dtype=np.uint64)
_SLICE = 1 << 17  # bytes that are searched at once: they stay in the processor's cache
_LARGEST_TEXT = 2**31 - 1 - 2**16  # places in it are 32 bits wide


@dataclass(frozen=True, slots=True)
class Fields:
    """What was read of some rows.

    Attributes:
        which: the numbers of the rows that were read, ascending.
        columns: the values of these rows, by name.
    """

    which: np.ndarray
    columns: dict[str, pa.Array]


@dataclass(slots=True)
class _Values:
    """One column of the rows that are still read.

    Attributes:
        values: numbers, truth values, or where texts begin.
        ends: where texts end; None for others.
        is_null: None when none is.
    """

    values: np.ndarray
    ends: np.ndarray | None
    is_null: np.ndarray | None

    def keep(self, which: np.ndarray) -> None:
        self.values = self.values[which]
        self.ends = None if self.ends is None else self.ends[which]
        self.is_null = None if self.is_null is None else self.is_null[which]


def read_fields(rows: pa.LargeBinaryArray, types: Mapping[str, pa.DataType | None]) -> Fields | None:
    """The columns of rows `{"name":value,…}`, of those that are alike; None when too few are.

    Args:
        rows: in UTF-8, none of them null.
        types: of the columns, as their values stand in JSON; one that no row names is null.
    """
    if not len(rows) or not all(map(_is_simple, types.values())):
        return None
    names = _names(rows[0].as_py())
    if not names or not set(names) <= set(types):
        return None
    text = _Text.of(rows, names)
    if text is None:
        return None
    walk = _Walk(text)
    for number, name in enumerate(names):
        walk.read("{,"[number > 0] + json.dumps(name, ensure_ascii=False) + ":", types[name])
    walk.finish()
    if len(walk.which) * 2 < len(rows):
        return None
    found = {name: _array(values, types[name], text) for name, values in zip(names, walk.found, strict=True)}
    count = len(walk.which)
    return Fields(walk.which, {name: found.get(name, pa.nulls(count, of)) for name, of in types.items()})


def _is_simple(of: pa.DataType) -> bool:
    return bool(pa.types.is_integer(of) or pa.types.is_boolean(of) or pa.types.is_string(of))


def _names(row: bytes) -> list[str]:
    """The names that a row gives its values; none when it is no row."""
    try:
        found = json.loads(row)
    except ValueError:
        return []
    return list(found) if isinstance(found, dict) else []


@dataclass(frozen=True, slots=True)
class _Text:
    """Rows one behind another, with room behind them, so that a window can be taken at any place.

    Attributes:
        octets: their bytes, and the room.
        size: without the room.
        starts, ends: of each row.
    """

    octets: np.ndarray
    size: int
    starts: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, rows: pa.LargeBinaryArray, names: list[str]) -> _Text | None:
        """The text of some rows; None when it is too large.

        Args:
            names: that their values have, which say how wide the windows are.
        """
        offsets = np.frombuffer(rows.buffers()[1], np.int64)[rows.offset : rows.offset + len(rows) + 1]
        first, last = int(offsets[0]), int(offsets[-1])
        room = 6 * max(map(len, names)) + 6 * WORD  # a letter may be escaped in six bytes
        if last - first > _LARGEST_TEXT:
            return None
        octets = np.frombuffer(rows.buffers()[2], np.uint8)[first : last + room]
        if len(octets) < last - first + room:
            octets = np.concatenate((octets[: last - first], np.zeros(room, np.uint8)))
        return cls(octets, last - first, offsets[:-1] - first, offsets[1:] - first)


class _Walk:
    """Reads rows side by side, and lets go of those that are not alike.

    Attributes:
        which: the numbers of the rows that are still read.
        found: the columns so far.
    """

    def __init__(self, text: _Text) -> None:
        self.found: list[_Values] = []
        self.which = np.arange(len(text.starts))
        self._text = text
        self._places = text.starts
        self._ends = text.ends
        self._closers, self._quotes, odd = self._scanned()
        # The number of the closer that comes next in each row.
        self._closer = np.searchsorted(self._closers, text.starts)
        self._expected = np.zeros(len(text.starts), np.int64)  # quotes in each row
        is_even = (text.octets[text.starts] == _OPENING) & (text.octets[text.ends - 1] == _CLOSING)
        is_even &= text.starts < text.ends
        is_even[np.searchsorted(text.ends, odd, side="right")] = False
        self._keep(is_even)

    def read(self, key: str, of: pa.DataType) -> None:
        """One column more, whose key (with what stands before it) has to stand at the place of each row."""
        wanted = key.encode()
        found = windows(self._text.octets, self._places, len(wanted) + 4 * WORD)
        is_alike = stands(found, wanted)
        if not is_alike.all():
            self._keep(is_alike)
            found = found[is_alike]
        self._expected += 2
        begins = self._places + len(wanted)
        if pa.types.is_string(of):
            self._read_texts(words(found, len(wanted)), begins)
        elif pa.types.is_boolean(of):
            self._read_truths(words(found, len(wanted)), begins)
        else:
            self._read_numbers(found, len(wanted), begins, 2 ** (of.bit_width - 1) - 1)

    def finish(self) -> None:
        """Let go of the rows that hold more than what was read."""
        self._keep(self._places == self._ends - 1)
        octets, size = self._text.octets, self._text.size
        # A text ends at the first quote that a comma or brace follows. It has to be the first quote at all,
        # so no row may have more of them than its keys and texts have.
        rest = np.ones(len(self._text.starts), bool)
        rest[self.which] = False
        others = sum(
            np.count_nonzero(octets[self._text.starts[row] : self._text.ends[row]] == _QUOTE)
            for row in np.flatnonzero(rest)
        )
        if self._quotes - others != self._expected.sum():
            counts = np.add.reduceat(octets[:size] == _QUOTE, self._text.starts, dtype=np.int64)
            self._keep(counts[self.which] == self._expected)

    def _scanned(self) -> tuple[np.ndarray, int, np.ndarray]:
        """Where quotes stand that a comma or brace follows, then the end; how many quotes there are; where
        bytes stand that no plain row has.
        """
        octets, size = self._text.octets, self._text.size
        closers, odd, count = [], [], 0
        for start in range(0, size, _SLICE):
            part = octets[start : min(start + _SLICE, size)]
            follows = octets[start + 1 : start + 1 + len(part)]
            is_quote = part == _QUOTE
            count += int(np.count_nonzero(is_quote))
            is_quote &= (follows == _COMMA) | (follows == _CLOSING)
            closers.append(np.flatnonzero(is_quote) + start)
            is_backslash = part == _BACKSLASH
            if part.min() < _SPACE or is_backslash.any():
                odd.append(np.flatnonzero(is_backslash | (part < _SPACE)) + start)
        nowhere = np.empty(0, np.int64)
        return np.concatenate([*closers, [size]]), count, np.concatenate([nowhere, *odd])

    def _read_texts(self, words: np.ndarray, begins: np.ndarray) -> None:
        is_text = (words & FIRST_BYTE) == _QUOTE
        begins = begins + 1
        while (is_before := self._closers[self._closer] < begins).any():  # the first quote of a text ",…"
            self._closer += is_before
        ends = self._closers[self._closer]
        if is_text.all():
            self._closer += 1
            self._expected += 2
            self._found(_Values(begins, ends, None), is_text, ends + 1)
            return
        is_null = _is_null(words)
        ends = np.where(is_text, ends, begins + 3)
        self._closer += is_text
        self._expected += 2 * is_text
        self._found(_Values(begins, ends, is_null), is_text | is_null, ends + is_text)

    def _read_truths(self, words: np.ndarray, begins: np.ndarray) -> None:
        is_true = (words & _FOUR_BYTES) == _TRUE
        is_false = (words & _FIVE_BYTES) == _FALSE
        is_null = _is_null(words)
        ends = begins + 4 + is_false
        self._found(
            _Values(is_true, None, is_null if is_null.any() else None), is_true | is_false | is_null, ends
        )

    def _read_numbers(self, found: np.ndarray, offset: int, begins: np.ndarray, limit: int) -> None:
        is_negative = found[:, offset] == _MINUS
        has_negative = bool(is_negative.any())
        if has_negative:
            found, offset = windows(self._text.octets, begins + is_negative, 3 * WORD), 0
        first = words(found, offset)
        numbers, lengths, is_known = _numbers(found, offset, first)
        is_known &= numbers <= np.uint64(limit)
        values = numbers.view(np.int64)
        ends = begins + lengths
        if has_negative:
            values = np.where(is_negative, -values, values)
            ends += is_negative
        is_null = None
        if not lengths.all():
            is_null = _is_null(first) & ~is_negative
            is_known |= is_null
            ends = np.where(is_null, begins + 4, ends)
        self._found(_Values(values, None, is_null), is_known, ends)

    def _found(self, values: _Values, is_known: np.ndarray, places: np.ndarray) -> None:
        self.found.append(values)
        self._places = places
        self._keep(is_known & (places < self._ends))

    def _keep(self, is_alike: np.ndarray) -> None:
        """Let go of all rows but these."""
        if is_alike.all():
            return
        self.which = self.which[is_alike]
        self._places = self._places[is_alike]
        self._ends = self._ends[is_alike]
        self._closer = self._closer[is_alike]
        self._expected = self._expected[is_alike]
        for values in self.found:
            values.keep(is_alike)


def _is_null(words: np.ndarray) -> np.ndarray:
    found: np.ndarray = (words & _FOUR_BYTES) == _NULL
    return found


def _numbers(found: np.ndarray, offset: int, first: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whole numbers without a sign, as JSON writes them: (values, digits of each, whether it is one).

    Args:
        offset: in the windows, of the first digit.
        first: the eight bytes there.
    """
    digits = first ^ ZEROS
    counts = leading_digits(digits)
    numbers = joined(digits << ((np.uint64(WORD) - counts) << np.uint64(3)))
    is_known = (counts > 0) & (((digits & FIRST_BYTE) > 0) | (counts == 1))
    lengths = counts
    for word in (1, 2):
        goes_on = lengths == np.uint64(WORD * word)
        if not goes_on.any():
            break
        digits = words(found, offset + WORD * word) ^ ZEROS
        counts = np.where(goes_on, leading_digits(digits), 0)
        more = joined(digits << ((np.uint64(WORD) - counts) << np.uint64(3)))
        is_known &= lengths + counts <= _MOST_DIGITS  # else it may have wrapped around
        numbers = numbers * _POWERS[counts] + more
        lengths = lengths + counts
    return numbers, lengths.view(np.int64), is_known


def _array(found: _Values, of: pa.DataType, text: _Text) -> pa.Array:
    if found.ends is None:
        return pa.array(found.values, mask=found.is_null).cast(of)
    # Every second one of these is a value; those between are what stands between two values.
    offsets = np.empty(2 * len(found.ends) + 1, np.int32)
    offsets[0:-1:2] = found.values
    offsets[1::2] = found.ends
    offsets[-1] = offsets[-2] if len(found.ends) else 0
    pieces = pa.Array.from_buffers(
        pa.string(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(text.octets)], null_count=0
    )
    return pieces.take(pa.array(np.arange(0, len(offsets) - 1, 2), mask=found.is_null))
