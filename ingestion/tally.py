"""Counting what a stream does, for whoever watches it."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace

from aidbt.core.resilience import Level
from ingestion.changes import Committed, Lag
from ingestion.records import StreamedTable, StreamProgress

_RATE_OVER_S = 10.0


class Tally:
    """What the stream of one source has done so far. Safe to share between threads."""

    def __init__(self, source: str) -> None:
        self._lock = threading.Lock()
        self._now = StreamProgress(
            source=source,
            events=0,
            events_per_s=0.0,
            commits=0,
            lag_s=None,
            backlog_bytes=None,
            dead_letters=0,
            waiting=0,
            waiting_bytes=0,
            level=Level.FULL,
            note="",
            happened=(),
            tables=(),
        )
        self._tables: dict[str, StreamedTable] = {}
        self._recent = deque([(time.monotonic(), 0)])

    def committed(self, done: Committed) -> None:
        """A micro-batch has landed."""
        with self._lock:
            for table in done.tables:
                to = table.to
                so_far = self._tables.get(to.source_table) or StreamedTable(
                    to.source_table, to.schema, to.table
                )
                self._tables[to.source_table] = replace(
                    so_far,
                    rows_landed=so_far.rows_landed + table.rows_landed,
                    dead_letters=so_far.dead_letters + table.dead_letters,
                    schema_changes=so_far.schema_changes + table.schema_changes,
                )
            letters = sum(table.dead_letters for table in done.tables)
            rows = sum(table.rows_landed for table in done.tables)
            self._now = replace(
                self._now,
                events=self._now.events + rows + letters,
                dead_letters=self._now.dead_letters + letters,
                commits=self._now.commits + 1,
            )
            self._recent.append((time.monotonic(), self._now.events))

    def stands(self, *, level: Level, note: str = "") -> None:
        """How well it works now, and what it waits for."""
        with self._lock:
            self._now = replace(self._now, level=level, note=note)

    def waits(self, batches: int, size_bytes: int) -> None:
        """What is in the spool now."""
        with self._lock:
            self._now = replace(self._now, waiting=batches, waiting_bytes=size_bytes)

    def lags(self, lag: Lag) -> None:
        """How far behind the source is now."""
        with self._lock:
            self._now = replace(self._now, lag_s=lag.seconds, backlog_bytes=lag.backlog_bytes)

    def happened(self, what: str) -> None:
        """Something that the report should say; the same thing once."""
        with self._lock:
            if what not in self._now.happened:
                self._now = replace(self._now, happened=(*self._now.happened, what))

    @property
    def commits(self) -> int:
        """Micro-batches that have landed."""
        return self._now.commits

    def progress(self) -> StreamProgress:
        """How it stands now."""
        with self._lock:
            now = time.monotonic()
            while len(self._recent) > 1 and self._recent[0][0] < now - _RATE_OVER_S:
                self._recent.popleft()
            since, events = self._recent[0]
            rate = (self._now.events - events) / max(now - since, 1e-3)
            tables = sorted(self._tables.values(), key=lambda table: table.table)
            return replace(self._now, events_per_s=rate, tables=tuple(tables))
