"""Whole transactions gathered into a micro-batch: in memory, or in a file when one is too large for that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aidbt.core.loads import POSITION
from ingestion.cdc.postgres.decoder import Decoded, Decoder
from ingestion.cdc.postgres.replication import Received, ReplicationStream
from ingestion.cdc.postgres.versions import SchemaChange, SeenRelation
from ingestion.changes import BatchLimits, TableChanges
from ingestion.spill import ChangeFile

# What is decoded at once: enough for arrays to pay, and little beside the memory that a batch may take.
PIECE_MESSAGES, PIECE_BYTES = 100_000, 16 << 20

IDLE_S = 10.0  # between two batches in which nothing happened
_POLL_S = 0.2  # how soon `stop` is seen while nothing comes
_BREATH_S = 0.01


class Gathering:
    """What has been decoded since the last micro-batch.

    Attributes:
        events: rows and dead letters.
        size_bytes: as Arrow, wherever they are.
        first, last: the range of positions; 0, 0 without events.
        end_lsn, committed_at: of the last commit; None without one.
        last_of: the last position of each table's rows, by the source's name; None for a table that has
            dead letters only.
        is_whole: whether it ends with a commit.
        schema_changes, relations: what the stream said of tables.
    """

    def __init__(self, spill_to: Path, memory_bytes: int) -> None:
        """Args:
        spill_to: the file for what is larger than `memory_bytes`.
        """
        self.events = 0
        self.size_bytes = 0
        self.first = 0
        self.last = 0
        self.end_lsn: int | None = None
        self.committed_at: int | None = None
        self.last_of: dict[str, int | None] = {}
        self.is_whole = True
        self.schema_changes: list[SchemaChange] = []
        self.relations: list[SeenRelation] = []
        self._spill_to = spill_to
        self._memory_bytes = memory_bytes
        self._pieces: list[TableChanges] = []
        self._file: ChangeFile | None = None

    def add(self, decoded: Decoded) -> None:
        """The next piece of the stream.

        Raises:
            WriteError: it does not fit on the disk.
        """
        for piece in decoded.changes:
            self.size_bytes += piece.rows.get_total_buffer_size()  # text columns share the messages
            self.last_of.setdefault(piece.to.source_table, None)
            if piece.rows.num_rows:
                self.last_of[piece.to.source_table] = piece.rows.column(POSITION)[-1].as_py()
        self._pieces += decoded.changes
        self.schema_changes += decoded.schema_changes
        self.relations += decoded.relations
        if decoded.events:
            self.first = self.first or decoded.first
            self.last = decoded.last
        self.events += decoded.events
        self.is_whole = not decoded.open_transaction
        if decoded.end_lsn is not None:
            self.end_lsn, self.committed_at = decoded.end_lsn, decoded.committed_at
        if self._file is not None or self.size_bytes > self._memory_bytes:
            self._spill()

    def changes(self) -> tuple[TableChanges, ...] | ChangeFile:
        """All of it, to be iterated again and again. Nothing can be added any more.

        Raises:
            WriteError: it does not fit on the disk.
        """
        if self._file is None:
            return tuple(self._pieces)
        self._file.finish()
        return self._file

    def discard(self) -> None:
        """Forget it, with its file."""
        if self._file is not None:
            self._file.delete()

    def _spill(self) -> None:
        if self._file is None:
            self._file = ChangeFile.create(self._spill_to)
        for piece in self._pieces:
            self._file.append(piece)
        self._pieces = []


def gatherings(
    stream: ReplicationStream,
    decoder: Decoder,
    limits: BatchLimits,
    new: Callable[[], Gathering],
    *,
    target: int | None,
    stop: threading.Event,
) -> Iterator[Gathering | None]:
    """Whole transactions, as much at a time as the limits say; without events at most every `IDLE_S`.

    None while nothing comes and everything that came has been given out.

    Args:
        target: end behind the first commit that ends beyond this position; None for going on.
        stop: end before the next transaction.

    Raises:
        SourceUnavailable: the server went away.
        SourceError: it ended the stream, or sent what cannot be decoded.
        WriteError: a transaction fits neither in memory nor on the disk.
    """
    received, gathering = Received(), new()
    given_s = time.monotonic()
    waits_since_s: float | None = None  # the first message that has not been given out
    piece = max(1, min(PIECE_MESSAGES, limits.events))
    while True:
        has_more = stream.receive(received, messages=piece, size_bytes=PIECE_BYTES)
        now_s = time.monotonic()
        if waits_since_s is None and received.payloads:
            waits_since_s = now_s
        waited_s = now_s - waits_since_s if waits_since_s is not None else 0.0
        is_piece = len(received.payloads) >= piece or received.size_bytes >= PIECE_BYTES
        ends = stop.is_set() or (target is not None and received.end_lsn > target)
        is_due = ends or waited_s >= limits.seconds or not gathering.is_whole
        if received.whole and (is_due or is_piece):
            gathering.add(decoder.decode(*received.take(received.whole)))
        elif is_piece and not received.whole:
            if gathering.events and gathering.is_whole:
                yield gathering  # what begins here is large: it gets a batch of its own
                gathering, given_s = new(), time.monotonic()
            gathering.add(decoder.decode(*received.take(len(received.payloads))))
        if gathering.is_whole and gathering.end_lsn is not None:
            is_full = gathering.events >= limits.events or gathering.size_bytes >= limits.size_bytes
            is_old = waited_s >= limits.seconds if gathering.events else now_s - given_s >= IDLE_S
            if ends or is_full or is_old:
                yield gathering
                gathering, given_s = new(), time.monotonic()
                waits_since_s = given_s if received.payloads else None
        if ends:
            gathering.discard()
            return
        if not has_more:
            if not received.payloads and not gathering.events:
                yield None
            stream.wait(_POLL_S)
            if received.payloads and not ends:
                # We are ahead of the server. To wake up for every packet costs both sides twice the CPU.
                stop.wait(_BREATH_S)
