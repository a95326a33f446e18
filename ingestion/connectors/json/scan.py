"""A block of lines, each a JSON object, cut into its keys and values by where they begin and end.

RapidJSON (in Arrow) says whether a line is JSON; where keys and values stand follows from the places of
quotes and brackets, found for the whole block at once. Values keep the bytes they were written with.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.json as arrow_json

_NO_VALUE = -1
_QUOTE, _BACKSLASH, _NEWLINE, _COMMA, _COLON, _CLOSING = (ord(mark) for mark in '"\\\n,:}')
_MARKS = bytes(code in b'"{}[],:\n' for code in range(256))
_BLANK = np.isin(np.arange(256), list(b" \t\r\n"))
DEPTH = np.zeros(256, np.int8)
DEPTH[list(b"{[")], DEPTH[list(b"}]")] = 1, -1
# A column that no file has; Arrow counts rows only where it reads at least one.
_NONE = pa.schema([("\x00", pa.null())])


class NotJson(ValueError):
    """A block in which a line is not one JSON object."""


@dataclass(frozen=True)
class Scanned:
    """A block of lines that are JSON objects.

    Attributes:
        lines: how many there are.
        names: the keys, decoded, in the order in which they come first.
        repeated: the lines in which a key stands twice.
    """

    lines: int
    names: Sequence[str]
    repeated: Sequence[int]
    _values: pa.LargeBinaryArray
    _line_of: np.ndarray
    _name_of: np.ndarray

    @cached_property
    def _by_name(self) -> tuple[np.ndarray, np.ndarray]:
        """(the values ordered by name, where each name begins among them)."""
        width = len(self.names)
        if (
            len(self._name_of) == self.lines * width
            and (self._name_of.reshape(self.lines, width) == np.arange(width)).all()
        ):  # all lines have the same keys in the same order
            order = np.arange(self.lines * width).reshape(self.lines, width).T.ravel()
            return order, np.arange(width + 1) * self.lines
        order = np.argsort(self._name_of, kind="stable")
        return order, np.searchsorted(self._name_of[order], np.arange(len(self.names) + 1))

    def column(self, number: int) -> pa.LargeBinaryArray:
        """The values of the key `names[number]` as they are written, one per line; NULL without the key."""
        order, bounds = self._by_name
        which = order[bounds[number] : bounds[number + 1]]
        lines = self._line_of[which]
        if len(which) == self.lines and (lines[1:] > lines[:-1]).all():
            return self._values.take(pa.array(which))
        places = np.full(self.lines, _NO_VALUE)
        places[lines] = which
        return self._values.take(pa.array(places, mask=places == _NO_VALUE))


def scan(block: bytes, lines: int) -> Scanned:
    """Where the keys and values of a block are.

    Args:
        block: so many lines, each with its newline.

    Raises:
        NotJson: a line is not one JSON object, or the block is not UTF-8.
    """
    check(block, lines)
    buffer = np.frombuffer(block, np.uint8)
    marks = marks_of(block)
    # The syntax is known to be right, so that only the marks directly inside of a line's object matter.
    depths = np.cumsum(DEPTH[marks.codes], dtype=np.int32)
    is_colon = (depths == 1) & (marks.codes == _COLON)
    is_end = ((depths == 1) & (marks.codes == _COMMA)) | ((depths == 0) & (marks.codes == _CLOSING))
    chosen = np.flatnonzero(is_colon | is_end)
    follows_colon = np.concatenate(([False], is_colon[chosen[:-1]]))
    ends = marks.at[chosen[follows_colon]]  # without those of empty objects
    colons = np.flatnonzero(is_colon)
    line_of = np.cumsum(marks.codes == _NEWLINE)[colons]
    starts, ends = _trimmed(buffer, marks.at[colons] + 1, ends)
    closing = marks.quotes_before[colons] - 1
    names, name_of = _named(buffer, marks.quotes[closing - 1], marks.quotes[closing] + 1)
    return Scanned(
        lines,
        names,
        _repeated(line_of * len(names) + name_of, max(len(names), 1)),
        cut(buffer, starts, ends),
        line_of,
        name_of,
    )


def check(block: bytes, lines: int) -> None:
    """Check that every line of a block is one JSON object.

    Raises:
        NotJson: one is not, or the block is not UTF-8.
    """
    try:
        pa.array([block], pa.large_binary()).cast(pa.large_string())  # UTF-8
        table = arrow_json.read_json(
            pa.BufferReader(block),
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=max(len(block) + 1, 1024)),
            parse_options=arrow_json.ParseOptions(explicit_schema=_NONE, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid as error:
        if "too big to be stored" in str(error):  # a number: no reason to refuse one that is kept as written
            _check_lines(block)
            return
        raise NotJson(str(error)) from error
    if table.num_rows != lines:
        raise NotJson(f"{lines} lines hold {table.num_rows} objects")
    if b"NaN" in block or b"Inf" in block:  # which RapidJSON takes for numbers
        _check_lines(block)


def _check_lines(block: bytes) -> None:
    """The same check line by line, with numbers of any size and without words for numbers."""
    for line in block.split(b"\n")[:-1]:
        try:
            found = json.loads(line, parse_constant=_refused, parse_float=str, parse_int=str)
            json.dumps(found, ensure_ascii=False).encode()  # halves of a character are none
        except (ValueError, RecursionError) as error:
            raise NotJson(str(error)) from error
        if not isinstance(found, dict):
            raise NotJson("it is no object")


def _refused(word: str) -> None:
    raise NotJson(f"{word} is no JSON")


@dataclass(frozen=True, slots=True)
class Marks:
    """The brackets, commas, colons and newlines outside of texts, and the quotes around texts.

    Attributes:
        at, codes: where and which they are.
        quotes: where the quotes are.
        quotes_before: how many of these stand before each mark.
    """

    at: np.ndarray
    codes: np.ndarray
    quotes: np.ndarray
    quotes_before: np.ndarray


def marks_of(block: bytes) -> Marks:
    """The marks of a text that begins outside of a value; it may end anywhere."""
    buffer = np.frombuffer(block, np.uint8)
    at = np.flatnonzero(np.frombuffer(block.translate(_MARKS), np.bool_))
    codes = buffer[at]
    is_quote = codes == _QUOTE
    if b"\\" in block:
        is_quote[is_quote] = ~_is_escaped(buffer, at[is_quote])
    before = np.cumsum(is_quote, dtype=np.int32)
    marks = np.flatnonzero((before & 1 == 0) & (codes != _QUOTE))
    return Marks(at.take(marks), codes.take(marks), at[is_quote], before.take(marks))


def _is_escaped(buffer: np.ndarray, quotes: np.ndarray) -> np.ndarray:
    """Whether an odd number of backslashes stands before each of these."""
    odd = np.zeros(len(quotes), bool)
    which = np.arange(len(quotes))
    behind = quotes - 1
    while len(which):
        goes_on = (behind >= 0) & (buffer[behind] == _BACKSLASH)
        which, behind = which[goes_on], behind[goes_on] - 1
        odd[which] ^= True
    return odd


def _trimmed(buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spans without the white space around."""
    while (blank := _BLANK[buffer[starts]]).any():
        starts = starts + blank
    while (blank := _BLANK[buffer[ends - 1]]).any():
        ends = ends - blank
    return starts, ends


def cut(buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> pa.LargeBinaryArray:
    """The parts of a buffer between these places, which ascend."""
    if not len(starts):
        return pa.array([], pa.large_binary())
    # The gaps between them are elements of Arrow's array as well, so that nothing is copied yet.
    offsets = np.stack((starts, ends), axis=1).astype(np.int64).ravel()
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(buffer)]
    parts = pa.Array.from_buffers(pa.large_binary(), len(offsets) - 1, buffers, null_count=0)
    return parts.take(pa.array(np.arange(0, len(offsets), 2)))


def _named(buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[list[str], np.ndarray]:
    """(the different names, which of them each key is); `starts` and `ends` hold the quotes."""
    keys = cut(buffer, starts, ends).dictionary_encode()
    written = [json.loads(key) for key in keys.dictionary.to_pylist()]
    names = list(dict.fromkeys(written))
    number = {name: place for place, name in enumerate(names)}
    as_number = np.array([number[name] for name in written], np.int64)
    return names, as_number[keys.indices.to_numpy()] if written else np.array([], np.int64)


def _repeated(places: np.ndarray, names: int) -> list[int]:
    """The lines that have a key twice; `places` are line * names + name."""
    if (places[1:] > places[:-1]).all():
        return []
    ordered = np.sort(places)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return sorted(set((twice // names).tolist()))
