"""The lines of a block, their parts as Arrow arrays and their rows; most are views on the block's bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.cdc.debezium.windows import WORD, stands, windows

BEFORE = b'{"before":'
SOURCE = b',"source":{'
_BRACE = ord("{")
_NO_BEFORE = b'{"before":null,"after":'
_NO_AFTER = b',"after":null'
_AFTER = b',"after":'
# What stands in its place makes the head a document of its own, with a newline, and the tail another one.
_SEAM = b'}\n{"sorc":{'
_HEAD_ENDS = 2  # characters of the seam that belong to the head
_ROOM = 1 << 12  # bytes that are kept behind rows that are read together, for the windows on the last one


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
        block: the text of a `Block`, but for the seams that `seam` writes into it.
        starts, ends: of each line in `block`, without its newline.
        heads_at, tails_at, tails_end: of each envelope: where it begins, where `,"source":{` does (-1 for
            one that is not plain), and where it ends.
        schemas: the number of its schema block.
        keys, key_ends: of the key beside it, in `block`.
        prefixes: the number, in `cut_off`, of what stood in front of a line that is only an envelope now; a
            brace stood behind it.
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
    prefixes: np.ndarray
    cut_off: Sequence[bytes]

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
        if source >= 0 and line[source : source + len(_SEAM)] == _SEAM:
            line = line[:source] + SOURCE + line[source + len(_SEAM) :]
        prefix = self.prefixes[number]
        return line if prefix < 0 else self.cut_off[prefix] + line + b"}"

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
        places = starts + np.where(is_deleted, len(BEFORE), len(_NO_BEFORE))
        lower = np.flatnonzero(~is_alone)
        if is_deleted[lower].any():
            return None
        befores_end = self._befores_end(starts[lower], ends[lower])
        places[lower] = befores_end + len(_AFTER)
        if (places >= ends).any() or (befores_end < 0).any():
            return None
        if (octets[places] != _BRACE).any() or (octets[starts[lower] + len(BEFORE)] != _BRACE).any():
            return None
        befores = _texts(self.block, starts[lower] + len(BEFORE), befores_end)
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
        return np.array([find(SOURCE, start, end) < 0 for start, end in places], bool)

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
