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

_NEWLINE, _BRACE, _CLOSING, _COLON = (ord(letter) for letter in "\n{}:")
_BEFORE = b'{"before":'
_NO_BEFORE = b'{"before":null,"after":'
_NO_AFTER = b',"after":null'
_SOURCE = b',"source":{'
# What stands in its place makes the head a document of its own, with a newline, and the tail another one.
_SEAM = b'}\n{"sorc":{'
_HEAD_ENDS = 2  # characters of the seam that belong to the head
_SCHEMA = b'{"schema":'
_PAYLOAD = b',"payload":'
_KEY = b'{"key":'
_VALUES = (b',"value":{"before":', b',"value":{"schema":')
_VALUE = len(b',"value":')
_WORD_BEFORE = np.frombuffer(_BEFORE[:8], "<u8")[0]
_WORD_SOURCE = np.frombuffer(_SOURCE[1:9], "<u8")[0]
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
class Lines:
    """The lines of a block; each array has one number a line, and -1 where there is no such part.

    Attributes:
        block: as it was read, but for what `raw` puts back.
        starts, ends: of each line in `block`, without its newline.
        envelopes: the envelopes of all lines, a newline behind each; `block` itself where nothing is around
            them. `seam` writes into it.
        heads_at, tails_at, tails_end: of each envelope: where it begins, where `,"source":{` does (-1 for
            one that is not plain), and where it ends.
        schemas: the number of its schema block.
        keys, key_ends: of the key beside it, in `block`.
    """

    block: bytearray
    starts: np.ndarray
    ends: np.ndarray
    envelopes: bytearray
    heads_at: np.ndarray
    tails_at: np.ndarray
    tails_end: np.ndarray
    schemas: np.ndarray
    keys: np.ndarray
    key_ends: np.ndarray
    _cuts: np.ndarray  # where in `block` a brace was made the newline behind an envelope

    def __len__(self) -> int:
        return len(self.starts)

    def seam(self, which: np.ndarray) -> None:
        """Write the seams of these lines, so that heads and tails are documents."""
        buffer = np.frombuffer(self.envelopes, np.uint8)
        places = self.tails_at[which]
        for offset, letter in enumerate(_SEAM):
            buffer[places + offset] = letter

    def raw(self, number: int) -> bytes:
        """The line as it was read."""
        line = bytes(self.block[self.starts[number] : self.ends[number]])
        if self.envelopes is not self.block:
            end = self._cuts[number] - self.starts[number]
            return line if end == len(line) else line[:end] + b"}" + line[end + 1 :]
        source = self.tails_at[number] - self.starts[number]
        if source < 0 or line[source : source + len(_SEAM)] != _SEAM:
            return line
        return line[:source] + _SOURCE + line[source + len(_SEAM) :]

    def heads(self, which: np.ndarray) -> pa.Array:
        """`{"before":…,"after":…}` and a newline, of each of these lines (with seams)."""
        return self._views(self.heads_at[which], self.tails_at[which] + _HEAD_ENDS, pa.binary_view())

    def rows(self, which: np.ndarray, is_deleted: np.ndarray) -> pa.Array | None:
        """The row of each of these lines: that before it where `is_deleted`, else that after it.

        None where one of them does not stand alone: beside another one, or beside anything but `null`.
        """
        starts, ends = self.heads_at[which], self.tails_at[which]
        starts = starts + np.where(is_deleted, len(_BEFORE), len(_NO_BEFORE))
        ends = ends - np.where(is_deleted, len(_NO_AFTER), 0)
        if (starts >= ends).any():
            return None
        is_alone = np.where(
            is_deleted,
            _stands(self.envelopes, ends, _NO_AFTER),
            _stands(self.envelopes, starts - len(_NO_BEFORE), _NO_BEFORE),
        )
        is_alone &= np.frombuffer(self.envelopes, np.uint8)[starts] == _BRACE
        return _texts(self.envelopes, starts, ends) if is_alone.all() else None

    def tails(self, which: np.ndarray) -> pa.Array:
        """`{"sorc":{…},…}` of each of these lines (with seams)."""
        return self._views(*self.tail_places(which), pa.string_view())

    def tail_places(self, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where in `envelopes` the tails of these lines begin and end."""
        return self.tails_at[which] + _HEAD_ENDS, self.tails_end[which]

    def key(self, number: int) -> bytes | None:
        """The key beside an envelope."""
        if self.keys[number] < 0:
            return None
        return bytes(self.block[self.keys[number] : self.key_ends[number]])

    def _views(self, starts: np.ndarray, ends: np.ndarray, kind: pa.DataType) -> pa.Array:
        return _views(self.envelopes, starts, ends, kind)


def _views(buffer: bytearray, starts: np.ndarray, ends: np.ndarray, kind: pa.DataType) -> pa.Array:
    """Parts of a buffer as texts, each of more than 12 bytes; nothing is copied."""
    views = np.zeros((len(starts), 4), np.int32)  # length, first four bytes, number of the buffer, offset
    views[:, 0] = ends - starts
    views[:, 1] = np.ndarray((len(buffer) - 3,), "<i4", buffer=buffer, strides=(1,))[starts]
    views[:, 3] = starts
    buffers = [None, pa.py_buffer(views), pa.py_buffer(buffer)]
    return pa.Array.from_buffers(kind, len(starts), buffers, null_count=0)


def _texts(buffer: bytearray, starts: np.ndarray, ends: np.ndarray) -> pa.LargeBinaryArray:
    """Parts of a buffer, which ascend, copied one behind another."""
    # Every second one of these is such a part; those between are what stands between two parts.
    offsets = np.empty(2 * len(starts) + 1, np.int64)
    offsets[0:-1:2] = starts
    offsets[1::2] = ends
    offsets[-1] = offsets[-2] if len(starts) else 0
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(buffer)]
    pieces = pa.Array.from_buffers(pa.large_binary(), len(offsets) - 1, buffers, null_count=0)
    return pieces.take(pa.array(np.arange(0, len(offsets) - 1, 2)))


def _stands(buffer: bytearray, places: np.ndarray, wanted: bytes) -> np.ndarray:
    """At which places in a buffer some bytes (eight or more) stand; none reaches beyond its end."""
    words = np.ndarray((len(buffer) - 7,), "<u8", buffer=buffer, strides=(1,))
    last = len(wanted) - 8
    found = np.ones(len(places), bool)
    for offset in sorted({*range(0, last, 8), last}):
        found &= words[places + offset] == np.frombuffer(wanted[offset : offset + 8], "<u8")[0]
    return found


def cut(block: bytearray, schemas: Schemas) -> Lines:
    """Where the lines of a block, which ends with a newline, and their parts begin."""
    if not block.startswith((_SCHEMA, _KEY)):
        starts, ends, sources = _cut_plain(block)
        if (sources < 0).sum() * 2 <= len(starts):
            none = np.full(len(ends), -1)
            return Lines(block, starts, ends, block, starts, sources, ends, none, none, none, ends)
    starts, ends, payloads, payload_ends, numbers, keys, key_ends = _unwrapped(block, schemas)
    np.frombuffer(block, np.uint8)[payload_ends] = _NEWLINE
    envelopes = _joined(block, payloads, payload_ends + 1)
    heads_at, tails_end, sources = _cut_plain(envelopes)
    return Lines(
        block, starts, ends, envelopes, heads_at, sources, tails_end, numbers, keys, key_ends, payload_ends
    )


def _joined(block: bytearray, starts: np.ndarray, ends: np.ndarray) -> bytearray:
    """Parts of a block one behind another."""
    return bytearray(memoryview(_texts(block, starts, ends).buffers()[2]))


def _cut_plain(block: bytearray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(where each line begins, where it ends, where its `,"source":{` begins or -1)."""
    buffer = np.frombuffer(block, np.uint8)
    ends = _places(buffer, _NEWLINE)
    starts = np.concatenate(([0], ends[:-1] + 1))
    sources = np.full(len(ends), -1)
    if len(buffer) <= len(_BEFORE):
        return starts, ends, sources
    # Every eight bytes of the block as one number.
    words = np.ndarray((len(buffer) - 7,), "<u8", buffer=block, strides=(1,))
    is_plain = words[np.minimum(starts, len(words) - 1)] == _WORD_BEFORE
    braces = _places(buffer, _BRACE)
    braces = braces[braces >= len(_SOURCE)]
    seams = braces[words[braces - 9] == _WORD_SOURCE] - len(_SOURCE) + 1
    seams = seams[(buffer[seams] == ord(",")) & (buffer[seams + 9] == _COLON)]
    if len(seams) == len(ends) and ((seams > starts) & (seams < ends)).all():
        sources[is_plain] = seams[is_plain]
    else:  # lines with none, or with several because a column is called source
        owner = np.searchsorted(ends, seams)
        is_single = np.bincount(owner, minlength=len(ends)) == 1
        sources[owner] = seams
        sources[~(is_plain & is_single)] = -1
    return starts, ends, sources


def _places(buffer: np.ndarray, letter: int) -> np.ndarray:
    """Where a letter stands."""
    return np.concatenate(
        [
            np.flatnonzero(buffer[start : start + _SLICE] == letter) + start
            for start in range(0, len(buffer), _SLICE)
        ]
    )


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
