"""Micro-batches that have been given out and not acknowledged, and what that says of the lag."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aidbt.core.findings import Finding
from ingestion.changes import MicroBatch, TableChanges
from ingestion.spill import ChangeFile


@dataclass(frozen=True, slots=True)
class _Given:
    """A micro-batch that has been given out and not acknowledged."""

    position: Mapping[str, Any]
    streamed_lsn: int | None
    committed_at_s: float | None
    release: Callable[[], None] | None


class Outstanding:
    """Makes the micro-batches of a source, and remembers them until they are acknowledged.

    Attributes:
        landed_at_s: when the source committed what has landed last (seconds since 1970), if that is known.
    """

    def __init__(self, source: str) -> None:
        self.landed_at_s: float | None = None
        self._source = source
        self._given: deque[_Given] = deque()
        self._findings: list[Finding] = []

    def __len__(self) -> int:
        return len(self._given)

    def say(self, finding: Finding) -> None:
        """Something that goes with the next batch."""
        self._findings.append(finding)

    @property
    def has_findings(self) -> bool:
        """Whether something waits for the next batch."""
        return bool(self._findings)

    def batch(
        self,
        changes: Iterable[TableChanges],
        position: Mapping[str, Any],
        *,
        first: int = 0,
        last: int = 0,
        events: int = 0,
        size_bytes: int = 0,
        streamed_lsn: int | None = None,
        committed_at: int | None = None,
        release: Callable[[], None] | None = None,
    ) -> MicroBatch:
        """The next batch to be given out.

        Args:
            streamed_lsn: what the server may be told once it has landed; None of what is not of its stream.
            committed_at: of its last transaction, in microseconds since 1970.
            release: called when it has landed.
        """
        committed_at_s = committed_at / 1e6 if committed_at is not None else None
        self._given.append(_Given(position, streamed_lsn, committed_at_s, release))
        findings, self._findings = tuple(self._findings), []
        return MicroBatch(
            self._source, changes, first, last, position, events, size_bytes,
            is_idle=events == 0, findings=findings,
        )  # fmt: skip

    def landed(self, batch: MicroBatch) -> int | None:
        """The batch, and all that were given out before it, have landed; what the server may be told of."""
        if isinstance(batch.changes, ChangeFile):
            batch.changes.delete()
        lsn = None
        while self._given:
            given = self._given.popleft()
            lsn = given.streamed_lsn or lsn
            self.landed_at_s = given.committed_at_s or self.landed_at_s
            if given.release is not None:
                given.release()
            if given.position == batch.position:
                break
        return lsn
