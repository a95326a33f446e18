"""The figures of streams, kept in the store behind the back of the commits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from aidbt.core.errors import StoreError
from aidbt.store import Store
from aidbt.store.metrics import (
    BACKLOG_BYTES,
    BATCH_EVENTS,
    COMMIT_S,
    DEAD_LETTERS,
    EVENTS,
    LAG_S,
    Metrics,
    Sample,
)
from ingestion.changes import Committed, Lag

_EVERY_S = 5.0
_MOST_SAMPLES = 10_000


class Recorder:
    """Writes figures of commits to the store every few seconds, in a thread of its own.

    A store that cannot be written costs figures, never a stream: of what is not written yet the newest are
    kept, up to a limit.
    """

    def __init__(
        self,
        store: Store,
        *,
        on_landed: Callable[[str, str], None] | None = None,
        on_problem: Callable[[StoreError], None],
        now: Callable[[], datetime],
    ) -> None:
        """Args:
        on_landed: told (source, table in bronze) of every table that changed since the last time.
        on_problem: told why figures cannot be written, the first time.
        """
        self._on_problem = on_problem
        self._has_problem = False
        self._metrics = Metrics(store)
        self._on_landed = on_landed
        self._now = now
        self._lock = threading.Lock()
        self._samples: list[Sample] = []
        self._changed: set[tuple[str, str]] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aidbt-metrics", daemon=True)

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()
        self._write()

    def committed(self, source: str, done: Committed, seconds: float) -> None:
        """Note a commit, which took so many seconds; returns at once."""
        at = self._now()
        rows = sum(table.rows_landed for table in done.tables)
        letters = sum(table.dead_letters for table in done.tables)
        samples = [
            Sample(BATCH_EVENTS, source, rows + letters, at),
            Sample(COMMIT_S, source, seconds, at),
        ]
        for table in done.tables:
            entity = f"{source}.{table.to.source_table}"
            samples.append(Sample(EVENTS, entity, table.rows_landed + table.dead_letters, at))
            if table.dead_letters:
                samples.append(Sample(DEAD_LETTERS, entity, table.dead_letters, at))
        with self._lock:
            self._samples = (self._samples + samples)[-_MOST_SAMPLES:]
            self._changed.update((source, table.to.table) for table in done.tables)

    def lags(self, source: str, lag: Lag) -> None:
        """Note how far behind a source is; returns at once."""
        at = self._now()
        values = {LAG_S: lag.seconds, BACKLOG_BYTES: lag.backlog_bytes}
        with self._lock:
            self._samples += [
                Sample(name, source, value, at) for name, value in values.items() if value is not None
            ]

    def _run(self) -> None:
        while not self._closing.wait(_EVERY_S):
            self._write()

    def _write(self) -> None:
        with self._lock:
            samples, self._samples = self._samples, []
            changed, self._changed = self._changed, set()
        try:
            self._metrics.record_all(samples)
            for source, table in sorted(changed):
                if self._on_landed is not None:
                    self._on_landed(source, table)
        except StoreError as error:
            if not self._has_problem:
                self._has_problem = True
                self._on_problem(error)
            with self._lock:
                self._samples = (samples + self._samples)[-_MOST_SAMPLES:]
                self._changed |= changed
