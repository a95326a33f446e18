"""The complete lines of a stream, some megabytes at a time.

A schema block is several times as long as its event and the same in every line. So it is cut off where it is
read: two megabytes at a time, compared and cut while it is still in the processor's cache.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from aidbt.core.errors import SourceError
from ingestion.cdc.debezium.schemas import SCHEMA, Schemas

_PIECE_BYTES = 2 << 20  # half of it costs more for each piece, twice as much falls out of the cache
_LOOKED_AT = 1 << 16  # bytes that tell how long lines are
_BLOCK_BYTES = 8 << 20
_BLOCK_LINES = 13_000
_LARGEST_BLOCK_BYTES = 24 << 20  # larger ones malloc gives back to the system, and faults in anew each time
_MAX_LINE_BYTES = 1 << 30
_MOST_DELETES = 1000  # in a row; beyond that they are no changed keys
_DELETE = re.compile(rb'"op": ?"d"|^(null|.*"(value|payload)": ?null\}+)\s*$', re.MULTILINE)
_NEWLINE, _CLOSING = (ord(letter) for letter in "\n}")


def _none() -> np.ndarray:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines one behind another, each with its newline.

    Attributes:
        text: the lines; of some only the payload, without the schema block and the brace around it.
        places: where those lines begin in `text`, ascending.
        prefixes: what stood in front of each of them, by its number in `Schemas.prefixes`.
        size_bytes: of the lines as they stand in the stream.
    """

    text: bytearray
    places: np.ndarray = field(default_factory=_none)
    prefixes: np.ndarray = field(default_factory=_none)
    size_bytes: int = 0


def blocks(stream: Any, path: str, schemas: Schemas) -> Iterator[Block]:
    """The complete lines of a stream; what is left behind the last newline is not among them.

    A block holds until the next one is asked for: its memory is used again.

    Args:
        path: what the stream is called in errors.
        schemas: the schema blocks that are known; those that are met are added.

    Raises:
        SourceError: a line is too long, or a packed stream is damaged.
    """
    lines, wanted, is_end = _Lines(schemas), _BLOCK_BYTES, False
    while not is_end:
        lines.make_room(wanted + _PIECE_BYTES)
        while lines.size < wanted and not is_end:
            is_end = not lines.read(stream, path, min(_PIECE_BYTES, wanted))
        end = lines.complete if is_end else _before_delete(lines.text, lines.complete)
        if end:
            block = lines.take(end)
            wanted = max(_wanted(block), 2 * lines.size)
            yield block
        elif not is_end:
            wanted *= 2
            if wanted > _MAX_LINE_BYTES:
                raise SourceError(
                    f"{path} has a line of more than {_MAX_LINE_BYTES >> 20} MB",
                    hint="it should hold one event a line",
                )


@dataclass(slots=True)
class _Lines:
    """What was read of a stream and not given out: complete lines, cut, and a part of the next one.

    Attributes:
        text: begins with them.
        size: of all that was read; `complete`: of the complete lines.
        places, prefixes: as those of `Block`, in parts.
    """

    schemas: Schemas
    text: bytearray = field(default_factory=bytearray)
    size: int = 0
    complete: int = 0
    places: list[np.ndarray] = field(default_factory=lambda: [_none()])
    prefixes: list[np.ndarray] = field(default_factory=lambda: [_none()])
    _rest: bytes = b""

    def make_room(self, size: int) -> None:
        """Have a buffer of that size, which begins with what is not given out."""
        rest = self._rest or bytes(self.text[: self.size])
        self.text, self._rest = _resized(self.text, size), b""
        self.text[: self.size] = rest

    def read(self, stream: Any, path: str, size: int) -> int:
        """Read so many bytes more, and cut the lines that are complete now; gives how many bytes came."""
        with memoryview(self.text) as view:
            count = _fill(stream, view[self.size : self.size + size], path)
        self.size += count
        end = self.text.rfind(b"\n", self.size - count, self.size) + 1
        if end:
            self._cut(end)
        return count

    def take(self, end: int) -> Block:
        """The lines in front of `end`; what is behind it is kept."""
        self._rest = bytes(self.text[end : self.size])
        del self.text[end:]
        places, prefixes = np.concatenate(self.places), np.concatenate(self.prefixes)
        first = int(np.searchsorted(places, end))
        lengths = np.array([len(prefix) + len("}") for prefix in self.schemas.prefixes], np.int64)
        size_bytes = end + int(lengths[prefixes[:first]].sum())
        block = Block(self.text, places[:first], prefixes[:first], size_bytes)
        self.places, self.prefixes = [places[first:] - end], [prefixes[first:]]
        self.size, self.complete = self.size - end, self.complete - end
        return block

    def _cut(self, end: int) -> None:
        """Cut the schema blocks off from around the lines that end at `end`, if the first of them has one."""
        cut = end
        if self.text.startswith(SCHEMA, self.complete):
            cut = self._cut_lines(*_line_ends(self.text, self.complete, end, self.schemas))
            if cut < end:
                self.text[cut : cut + self.size - end] = self.text[end : self.size]
        self.complete, self.size = cut, cut + self.size - end

    def _cut_lines(self, ends: np.ndarray, prefixes: np.ndarray) -> int:
        """Move what is kept of lines together; gives where it ends."""
        starts = np.concatenate(([self.complete], ends[:-1]))
        octets = np.frombuffer(self.text, np.uint8)
        prefixes[octets[ends - 2] != _CLOSING] = -1  # something stands behind the payload
        is_cut = prefixes >= 0
        lengths = np.array([*map(len, self.schemas.prefixes), 0], np.int64)
        octets[ends[is_cut] - 2] = _NEWLINE
        # Every second one of these parts is kept; those between are what stood around them.
        offsets = np.empty(2 * len(ends), np.int64)
        offsets[0::2], offsets[1::2] = starts + lengths[prefixes], ends - is_cut
        parts = pa.Array.from_buffers(
            pa.large_binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(self.text)]
        )
        kept = parts.take(pa.array(np.arange(0, len(offsets), 2)))
        places = np.frombuffer(kept.buffers()[1], np.int64, len(ends) + 1) + self.complete
        cut = int(places[-1])
        octets[self.complete : cut] = np.frombuffer(kept.buffers()[2], np.uint8, cut - self.complete)
        self.places.append(places[:-1][is_cut])
        self.prefixes.append(prefixes[is_cut])
        return cut


def _line_ends(text: bytearray, start: int, end: int, schemas: Schemas) -> tuple[np.ndarray, np.ndarray]:
    """Where lines end, each behind its newline, and the number of each one's prefix or -1.

    A long schema block is only compared with that of the line before, not searched.
    """
    starts_with, find = text.startswith, text.find
    ends: list[int] = []
    runs: list[tuple[int, int]] = []  # of lines with the same prefix: its number, how many lines
    while start < end:
        number, first = schemas.match(text, start), len(ends)
        if number < 0:
            start = find(b"\n", start) + 1
            ends.append(start)
        else:
            prefix, length = schemas.prefixes[number], len(schemas.prefixes[number])
            while start < end and starts_with(prefix, start):
                start = find(b"\n", start + length) + 1
                ends.append(start)
        runs.append((number, len(ends) - first))
    numbers, counts = np.array(runs, np.int64).T
    return np.array(ends, np.int64), np.repeat(numbers, counts)


def _wanted(block: Block) -> int:
    """How large the next block should be: one of longer lines should hold as many of them."""
    looked_at = min(len(block.text), _LOOKED_AT)
    lines = max(block.text.count(b"\n", 0, looked_at), 1)
    return max(_BLOCK_BYTES, min(_BLOCK_LINES * looked_at // lines, _LARGEST_BLOCK_BYTES))


def _resized(buffer: bytearray, size: int) -> bytearray:
    """A buffer of that size: the same one where nobody holds it any more, so that its memory is at hand."""
    if size > 2 * len(buffer):
        return bytearray(size)  # whose memory is not touched before it is filled
    try:
        if size > len(buffer):
            buffer.extend(bytes(size - len(buffer)))
        else:
            del buffer[size:]
    except BufferError:
        return bytearray(size)
    return buffer


def _before_delete(text: bytearray, end: int) -> int:
    """The end of the lines in front of deletes (and tombstones) that a block ends with.

    What follows may be the insert that belongs to a delete: together they are a changed key, and they have to
    be in one micro-batch.
    """
    found = end
    for _ in range(_MOST_DELETES):
        start = text.rfind(b"\n", 0, max(found - 1, 0)) + 1
        if not _DELETE.search(text, start, found):
            return found or end
        found = start
    return end


def _fill(stream: Any, view: memoryview, path: str) -> int:
    """Read until the buffer is full or nothing more comes; gives how many bytes there are."""
    size = 0
    try:
        while size < len(view) and (count := stream.readinto(view[size:])):
            size += count
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(
            f"{path} is damaged or not complete: {error}",
            hint="compress a file when it is complete; one that still grows is read as it is",
        ) from error
    return size
