"""Micro-batches that wait on disk, in order, until the warehouse takes them."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aidbt.core.errors import AidbtError, SourceError
from ingestion.changes import MicroBatch
from ingestion.spill import ChangeFile, remove_unfinished

_ENDING = ".changes"


@dataclass(frozen=True, slots=True)
class Pulled:
    """A micro-batch, and where the stream stood before it.

    Attributes:
        start: part of the stream → position, of all parts: the batch may land only behind exactly these.
    """

    batch: MicroBatch
    start: Mapping[str, Any]

    @property
    def end(self) -> Mapping[str, Any]:
        """Where the stream stands when the batch has landed."""
        return moved(self.start, self.batch.position)


def moved(start: Mapping[str, Any], position: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a stream with those of a position in their place, as the sink will give them back."""
    after: dict[str, Any] = json.loads(json.dumps({**start, **position}))
    return after


def is_read_in_place(batch: MicroBatch) -> bool:
    """Whether the changes are read from the source only while they are iterated, as those of a snapshot."""
    return not isinstance(batch.changes, (tuple, list, ChangeFile))


class Spool:
    """The micro-batches of one source that wait, in files of one folder, oldest first.

    Every file says where the stream stood before it. So what a process left behind is used by the next
    only as far as it follows on what has landed: nothing lands twice, and nothing is skipped. Whatever is
    dropped here is read from the source again, which is told about a batch only when it has landed.

    One process uses a folder at a time: the one that holds the stream's lease.
    """

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        """The spool in a folder, with what a former process left there, up to the first damaged file.

        Args:
            limit_bytes: how long the files may be in sum.
        """
        self.folder = folder
        self._limit_bytes = limit_bytes
        self._waiting: deque[Pulled] = deque()
        remove_unfinished(folder)
        paths = sorted(folder.glob(f"*{_ENDING}"))
        self._number = int(paths[-1].stem) if paths else 0
        for number, path in enumerate(paths):
            try:
                self._waiting.append(_pulled(ChangeFile.open(path)))
            except SourceError:
                for unusable in paths[number:]:
                    unusable.unlink(missing_ok=True)
                break

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def size_bytes(self) -> int:
        """The length of all files."""
        return sum(pulled.batch.size_bytes for pulled in self._waiting)

    def has_room_for(self, batch: MicroBatch) -> bool:
        """Whether one more batch stays within the limit; one that is read in place can wait as it is."""
        if is_read_in_place(batch):
            return False
        changes = batch.changes
        size_bytes = changes.size_bytes if isinstance(changes, ChangeFile) else batch.size_bytes
        return self.size_bytes + size_bytes <= self._limit_bytes

    def add(self, pulled: Pulled) -> None:
        """Keep a batch durably, behind the others.

        Raises:
            WriteError: the disk is full, or cannot be written; nothing changed.
            SourceError: the batch's changes could not be read.
        """
        batch = pulled.batch
        file = ChangeFile.create(self.folder / f"{self._number + 1:012}{_ENDING}")
        try:
            for changes in batch.changes:
                file.append(changes)
            note = {
                "source": batch.source,
                "start": pulled.start,
                "position": batch.position,
                "first": batch.first,
                "last": batch.last,
                "events": batch.events,
                "is_idle": batch.is_idle,
            }
            file.finish(sync=True, note=note)
        except AidbtError:
            file.delete()
            raise
        self._number += 1
        self._waiting.append(_pulled(file))

    def first(self) -> Pulled | None:
        """The batch whose turn it is, its changes read from the file; None when nothing waits."""
        return self._waiting[0] if self._waiting else None

    def remove_first(self) -> None:
        """Forget the batch whose turn it was: it has landed."""
        _delete(self._waiting.popleft())

    def clear(self) -> int:
        """Forget all that waits; how many batches that were."""
        dropped = len(self._waiting)
        while self._waiting:
            self.remove_first()
        return dropped

    def follow(self, parts: Mapping[str, Any]) -> int:
        """Forget what does not follow on `parts`, where the stream has landed; how many batches that were.

        Those are batches that have landed, and all behind a gap.
        """
        following: deque[Pulled] = deque()
        dropped = 0
        for pulled in self._waiting:
            if pulled.start == parts:
                following.append(pulled)
                parts = pulled.end
            else:
                _delete(pulled)
                dropped += 1
        self._waiting = following
        return dropped


def _pulled(file: ChangeFile) -> Pulled:
    note = dict(file.note)
    start = note.pop("start")
    return Pulled(MicroBatch(**note, changes=file, size_bytes=file.size_bytes), start)


def _delete(pulled: Pulled) -> None:
    assert isinstance(pulled.batch.changes, ChangeFile)
    pulled.batch.changes.delete()
