"""A block of lines cut into envelopes by where their parts begin; nothing is parsed and nothing is copied.

A plain envelope is `{"before":…,"after":…,"source":{…},…,"op":…}` without spaces, as Kafka Connect's
JsonConverter writes it, alone, as the payload behind a schema block, or as the value beside a key. It is cut
before `,"source":{`: its head holds the row, its tail what orders it. Neither can be mistaken inside of a
value, because a quote in a JSON text has a backslash before it. Lines that look otherwise are left to
`careful`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from ingestion.cdc.debezium.windows import ONE, WORD, stands, windows

_NEWLINE, _BRACE, _CLOSING = (ord(letter) for letter in "\n{}")
_BEFORE = b'{"before":'
_NO_BEFORE = b'{"before":null,"after":'
_NO_AFTER = b',"after":null'
_AFTER = b',"after":'
_SOURCE = b',"source":{'
# What stands in its place makes the head a document of its own, with a newline, and the tail another one.
_SEAM = b'}\n{"sorc":{'
_HEAD_ENDS = 2  # characters of the seam that belong to the head
_SCHEMA = b'{"schema":'
_PAYLOAD = b',"payload":'
_KEY = b'{"key":'
_VALUES = (b',"value":{"before":', b',"value":{"schema":')
_VALUE = len(b',"value":')
_ROOM = 1 << 12  # bytes that are kept behind rows that are read together, for the windows on the last one
_FIRST_LINES = 256  # of a block: those that tell how long tails are
_MOST_LENGTHS = 8
_FEW = 8  # one line of so many is looked at alone
_SLICE = 1 << 18  # bytes that are searched at once: they stay in the processor's cache


@dataclass(slots=True)
class Schemas:
    """The schema blocks that were seen, each with the bytes in front of its payload."""

    found: list[dict[str, Any]] = field(default_factory=list)
    _prefixes: list[tuple[bytes, int]] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, schema: dict[str, Any]) -> int:
        """The number of a schema in `found`; equal ones have the same."""
        text = json.dumps(schema, sort_keys=True)
        if text not in self._numbers:
            self._numbers[text] = len(self.found)
            self.found.append(schema)
        return self._numbers[text]

    @property
    def last(self) -> tuple[bytes, int]:
        """The bytes in front of the payload that was met last, and the schema's number; no bytes at first."""
        return self._prefixes[0] if self._prefixes else (b"", -1)

    def match(self, block: bytearray, start: int, end: int) -> tuple[int, int] | None:
        """(its number, where the payload begins) of a schema block at `start`; None when there is none."""
        for place, (prefix, number) in enumerate(self._prefixes):
            if block.startswith(prefix, start, end):
                if place:  # the one that is met again is tried first
                    self._prefixes.insert(0, self._prefixes.pop(place))
                return number, start + len(prefix)
        return self._learned(block, start, end)

    def _learned(self, block: bytearray, start: int, end: int) -> tuple[int, int] | None:
        try:
            text = block[start + len(_SCHEMA) : end].decode()
            schema, length = json.JSONDecoder().raw_decode(text)
        except ValueError:
            return None
        if not isinstance(schema, dict) or not text.startswith(_PAYLOAD.decode(), length):
            return None
        size = len(_SCHEMA) + len(text[:length].encode()) + len(_PAYLOAD)
        number = self.number(schema)
        self._prefixes.insert(0, (bytes(block[start : start + size]), number))
        return number, start + size


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of some lines, as JSON.

    Attributes:
        texts: of each line.
        befores: the rows before those updates that bring one. They are not kept, but have to be rows.
    """

    texts: pa.LargeBinaryArray
    befores: pa.LargeBinaryArray


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a block; each array has one number a line, and -1 where there is no such part.

    Attributes:
        block: as it was read, but for the seams that `seam` writes into it.
        starts, ends: of each line in `block`, without its newline.
        heads_at, tails_at, tails_end: of each envelope: where it begins, where `,"source":{` does (-1 for
            one that is not plain), and where it ends.
        schemas: the number of its schema block.
        keys, key_ends: of the key beside it, in `block`.
    """

    block: bytearray
    starts: np.ndarray
    ends: np.ndarray
    heads_at: np.ndarray
    tails_at: np.ndarray
    tails_end: np.ndarray
    schemas: np.ndarray
    keys: np.ndarray
    key_ends: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def seam(self, which: np.ndarray) -> None:
        """Write the seams of these lines, so that heads and tails are documents."""
        if not len(which):
            return
        words = np.ndarray((len(self.block) - WORD + 1,), "<u8", self.block, strides=(1,))
        places = self.tails_at[which]
        for offset in (0, len(_SEAM) - WORD):
            words[places + offset] = int.from_bytes(_SEAM[offset : offset + WORD], "little")

    def raw(self, number: int) -> bytes:
        """The line as it was read."""
        line = bytes(self.block[self.starts[number] : self.ends[number]])
        source = self.tails_at[number] - self.starts[number]
        if source < 0 or line[source : source + len(_SEAM)] != _SEAM:
            return line
        return line[:source] + _SOURCE + line[source + len(_SEAM) :]

    def not_utf8(self) -> np.ndarray:
        """The numbers of the lines that are not UTF-8."""
        if _is_utf8(self.block):
            return np.empty(0, np.int64)
        return np.array([n for n in range(len(self)) if not _is_utf8(self.raw(n))], np.int64)

    def heads(self, which: np.ndarray) -> pa.Array:
        """`{"before":…,"after":…}` and a newline, of each of these lines (with seams)."""
        return self._views(self.heads_at[which], self.tails_at[which] + _HEAD_ENDS, pa.binary_view())

    def rows(self, which: np.ndarray, is_deleted: np.ndarray) -> Rows | None:
        """The row of each of these lines: that before it where `is_deleted`, else that after it.

        None where one of them is missing, or a deleted one does not stand alone.
        """
        starts, ends = self.heads_at[which], self.tails_at[which]
        octets = np.frombuffer(self.block, np.uint8)
        ends = ends - np.where(is_deleted, len(_NO_AFTER), 0)
        if (ends <= starts).any() or starts[-1] + 3 * WORD > len(octets):
            return None
        is_alone = stands(windows(octets, starts, 3 * WORD), _NO_BEFORE)
        is_alone[is_deleted] = stands(windows(octets, ends[is_deleted], 2 * WORD), _NO_AFTER)
        places = starts + np.where(is_deleted, len(_BEFORE), len(_NO_BEFORE))
        lower = np.flatnonzero(~is_alone)
        if is_deleted[lower].any():
            return None
        befores_end = self._befores_end(starts[lower], ends[lower])
        places[lower] = befores_end + len(_AFTER)
        if (places >= ends).any() or (befores_end < 0).any():
            return None
        if (octets[places] != _BRACE).any() or (octets[starts[lower] + len(_BEFORE)] != _BRACE).any():
            return None
        befores = _texts(self.block, starts[lower] + len(_BEFORE), befores_end)
        return Rows(_texts(self.block, places, ends), befores)

    def _befores_end(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Where the row before an update ends, of heads with both rows; -1 where that cannot be told."""
        find = self.block.find
        return np.array(
            [find(_AFTER, start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)],
            np.int64,
        )

    def tails(self, which: np.ndarray) -> pa.Array:
        """`{"sorc":{…},…}` of each of these lines (with seams)."""
        return self._views(*self.tail_places(which), pa.string_view())

    def have_one_source(self, which: np.ndarray) -> np.ndarray:
        """Whether nothing in the tail of each of these lines (with seams) is a `source` once more."""
        find = self.block.find
        places = zip(self.tails_at[which].tolist(), self.tails_end[which].tolist(), strict=True)
        return np.array([find(_SOURCE, start, end) < 0 for start, end in places], bool)

    def tail_places(self, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where in `block` the tails of these lines begin and end."""
        return self.tails_at[which] + _HEAD_ENDS, self.tails_end[which]

    def key(self, number: int) -> bytes | None:
        """The key beside an envelope."""
        if self.keys[number] < 0:
            return None
        return bytes(self.block[self.keys[number] : self.key_ends[number]])

    def _views(self, starts: np.ndarray, ends: np.ndarray, kind: pa.DataType) -> pa.Array:
        return _views(self.block, starts, ends, kind)


def _views(buffer: bytearray, starts: np.ndarray, ends: np.ndarray, kind: pa.DataType) -> pa.Array:
    """Parts of a buffer as texts, each of more than 12 bytes; nothing is copied."""
    views = np.zeros((len(starts), 4), np.int32)  # length, first four bytes, number of the buffer, offset
    views[:, 0] = ends - starts
    views[:, 1] = np.ndarray((len(buffer) - 3,), "<i4", buffer=buffer, strides=(1,))[starts]
    views[:, 3] = starts
    buffers = [None, pa.py_buffer(views), pa.py_buffer(buffer)]
    return pa.Array.from_buffers(kind, len(starts), buffers, null_count=0)


def _texts(buffer: bytearray, starts: np.ndarray, ends: np.ndarray) -> pa.LargeBinaryArray:
    """Parts of a buffer, which ascend, copied one behind another, and some of what follows the last one."""
    if not len(starts):
        return pa.array([], pa.large_binary())
    # Every second one of these is such a part; those between are what stands between two parts.
    offsets = np.empty(2 * len(starts) + 2, np.int64)
    offsets[0:-2:2] = starts
    offsets[1:-2:2] = ends
    offsets[-2:] = ends[-1], min(len(buffer), ends[-1] + _ROOM)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(buffer)]
    pieces = pa.Array.from_buffers(pa.large_binary(), len(offsets) - 1, buffers, null_count=0)
    return pieces.take(pa.array(np.arange(0, len(offsets), 2)))[:-1]


def _is_utf8(text: bytearray | bytes) -> bool:
    offsets = pa.py_buffer(np.array([0, len(text)], np.int64))
    try:  # ten times as fast as decoding it, and nothing is copied
        pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(text)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def text_of(texts: pa.LargeBinaryArray) -> pa.Buffer:
    """Texts one behind another."""
    offsets = np.frombuffer(texts.buffers()[1], np.int64)
    first, last = int(offsets[texts.offset]), int(offsets[texts.offset + len(texts)])
    return texts.buffers()[2].slice(first, last - first)


def cut(block: bytearray, schemas: Schemas) -> Lines:
    """Where the lines of a block, which ends with a newline, and their parts begin."""
    if not block.startswith((_SCHEMA, _KEY)):
        ends = _newlines(np.frombuffer(block, np.uint8))
        starts = np.concatenate(([0], ends[:-1] + 1))
        tails_at = _tails_at(block, starts, ends)
        if (tails_at < 0).sum() * 2 <= len(starts):
            none = np.full(len(ends), -1)
            return Lines(block, starts, ends, starts, tails_at, ends, none, none, none)
    starts, ends, heads_at, tails_end, numbers, keys, key_ends = _unwrapped(block, schemas)
    tails_at = _tails_at(block, heads_at, tails_end)
    return Lines(block, starts, ends, heads_at, tails_at, tails_end, numbers, keys, key_ends)


def _tails_at(block: bytearray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Where `,"source":{` begins in each envelope; -1 in one that is not plain."""
    is_plain = ends - starts > len(_BEFORE)
    beginnings = windows(np.frombuffer(block, np.uint8), starts[is_plain], WORD)
    is_plain[is_plain] = stands(beginnings, _BEFORE[:WORD])
    return np.where(is_plain, _sources(block, starts, ends), -1)


def _newlines(buffer: np.ndarray) -> np.ndarray:
    """Where the newlines stand."""
    found = []
    for start in range(0, len(buffer), _SLICE):
        is_newline = buffer[start : start + _SLICE] == _NEWLINE
        whole = len(is_newline) // WORD * WORD
        eights = is_newline[:whole].view("<u8")
        which = np.flatnonzero(eights != 0)
        eights = eights[which]
        if (eights & (eights - ONE)).any():  # two in eight bytes
            found.append(np.flatnonzero(is_newline) + start)
            continue
        found.append(which * WORD + (np.bitwise_count((eights & -eights) - ONE) >> 3) + start)
        found.append(np.flatnonzero(is_newline[whole:]) + whole + start)
    return np.concatenate(found)


def _sources(block: bytearray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Where `,"source":{` begins in each envelope; -1 where it has none, or several.

    What follows it is as long in most of them as in some of the first ones, so it is looked for there. A
    place that is found so may be one of several; then the head or the tail is none, and whoever reads them
    finds that.
    """
    buffer = np.frombuffer(block, np.uint8)
    if len(ends) <= _FIRST_LINES:
        return _searched(buffer, starts, ends)
    first = _searched(buffer[: ends[_FIRST_LINES - 1] + 1], starts[:_FIRST_LINES], ends[:_FIRST_LINES])
    sources = np.full(len(ends), -1)
    rest = np.arange(len(ends))
    lengths, counts = np.unique((ends[:_FIRST_LINES] - first)[first >= 0], return_counts=True)
    for length in lengths[np.argsort(counts)[: -_MOST_LENGTHS - 1 : -1]]:
        places = ends[rest] - length
        is_there = (places > starts[rest]) & (length >= 2 * WORD)
        is_there[is_there] = stands(windows(buffer, places[is_there], 2 * WORD), _SOURCE)
        sources[rest[is_there]] = places[is_there]
        rest = rest[~is_there]
    if len(rest) * _FEW > len(ends):
        return _searched(buffer, starts, ends)
    for number in rest.tolist():
        place = block.find(_SOURCE, starts[number], ends[number])
        if place == block.rfind(_SOURCE, starts[number], ends[number]):
            sources[number] = place
    return sources


def _searched(buffer: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """As `_sources`, every brace looked at."""
    braces = np.concatenate(
        [
            np.flatnonzero(buffer[start : start + _SLICE] == _BRACE) + start
            for start in range(0, len(buffer), _SLICE)
        ]
    )
    seams = braces[(braces >= len(_SOURCE)) & (braces < len(buffer) - WORD)] - len(_SOURCE) + 1
    seams = seams[stands(windows(buffer, seams, 2 * WORD), _SOURCE)]
    owner = np.searchsorted(ends, seams)
    is_inside = (owner < len(ends)) & (seams > starts[np.minimum(owner, len(ends) - 1)])
    owner, seams = owner[is_inside], seams[is_inside]
    sources = np.full(len(ends), -1)
    sources[owner] = seams
    sources[np.bincount(owner, minlength=len(ends)) != 1] = -1  # a column may be called source
    return sources


def _unwrapped(block: bytearray, schemas: Schemas) -> np.ndarray:
    """Of each line: start, end, start and end of its envelope, schema's number, start and end of its key.

    Shape (7, lines). Most of a long schema block is only compared with that of the line before, not searched.
    """
    runs: list[np.ndarray] = []
    single: list[Sequence[int]] = []
    start, size = 0, len(block)
    while start < size:
        prefix, number = schemas.last
        ends = _repeated(block, start, prefix) if prefix else []
        if ends:
            if single:
                runs.append(np.array(single, np.int64).T)
                single = []
            runs.append(_run(start, ends, len(prefix), number))
            start = ends[-1] + 1
        if start < size:
            single.append(_parts(block, start, schemas))
            start = single[-1][1] + 1
    if single:
        runs.append(np.array(single, np.int64).T)
    return np.concatenate(runs, axis=1)


def _repeated(block: bytearray, start: int, prefix: bytes) -> list[int]:
    """Where the lines end that all begin with the same bytes, and end with the brace around an envelope."""
    starts_with, find, length = block.startswith, block.find, len(prefix)
    ends: list[int] = []
    while starts_with(prefix, start):
        end = find(b"\n", start + length)
        if block[end - 1] != _CLOSING:
            break
        ends.append(end)
        start = end + 1
    return ends


def _run(start: int, line_ends: Sequence[int], length: int, number: int) -> np.ndarray:
    """What `_unwrapped` gives of lines one behind another, under one schema block of some length."""
    ends = np.array(line_ends, np.int64)
    starts = np.concatenate(([start], ends[:-1] + 1))
    none = np.full(len(ends), -1)
    return np.stack((starts, ends, starts + length, ends - 1, np.full(len(ends), number), none, none))


def _parts(block: bytearray, start: int, schemas: Schemas) -> Sequence[int]:
    """The parts of one line; what is around its envelope, if anything, is a schema block, a key, or both."""
    end = block.find(b"\n", start)
    payload, closing, schema, key, key_end = start, 0, -1, -1, -1
    if block.startswith(_KEY, start):
        value = max(block.find(beginning, start, end) for beginning in _VALUES)
        if value >= 0:
            key, key_end = start + len(_KEY), value
            payload, closing = value + _VALUE, 1
    if block.startswith(_SCHEMA, payload):
        match = schemas.match(block, payload, end)
        if match is not None:
            (schema, payload), closing = match, closing + 1
    if not block.endswith(b"}" * closing, payload, end):  # something stands behind the envelope
        return start, end, start, end, -1, -1, -1
    return start, end, payload, end - closing, schema, key, key_end
