"""Streams of changes: from several sources into bronze, exactly once, until current or stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path
from typing import Any

from aidbt.core.config import IngestSettings
from aidbt.core.errors import StoreError
from aidbt.store import Store
from aidbt.warehouse import Warehouse
from ingestion.pipeline import utc_now
from ingestion.recorder import Recorder
from ingestion.records import StreamProgress, StreamReport, StreamResult
from ingestion.source_stream import Shared, SourceStream

_TICK_S = 0.25


def run_streams(
    connectors: Sequence[Any],
    open_warehouse: Callable[[], Warehouse],
    store: Store,
    folder: Path,
    *,
    settings: IngestSettings | None = None,
    until_current: bool = False,
    resnapshot: Sequence[str] = (),
    max_seconds: float | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[Sequence[StreamProgress]], None] | None = None,
    on_landed: Callable[[str, str], None] | None = None,
    now: Callable[[], datetime] = utc_now,
) -> StreamReport:
    """Stream the changes of the connectors' tables into bronze, every source in threads of its own.

    Without `until_current` the warehouse is held only while something is written. While it is in use by
    another process, or cannot be written, changes wait in a spool on disk (level `BUFFER`) and land in their
    order afterwards. A source that fails is in the report; the others go on.

    Args:
        connectors: those that read changes (`StreamingConnector`).
        store: where leases are taken (one process streams a source at a time), and metrics are kept.
        folder: what spools and large transactions are written below.
        until_current: end when everything that was committed before the start has landed.
        resnapshot: tables to read in full again, by the source's names.
        max_seconds: stop by then, as `stop` does.
        stop: ends every stream after the batch in hand.
        on_progress: told about four times a second, in this thread.
        on_landed: told of every table that changed (source, table in bronze), some seconds later, in
            another thread.
        now: the time that goes into batches and the report.
    """
    stop = stop or threading.Event()
    started_at = now()
    streams: list[SourceStream] = []

    def on_problem(error: StoreError) -> None:
        for stream in streams:
            stream.tally.happened(f"figures are not kept: {error.message}")

    def on_tick() -> None:
        if on_progress is not None:
            on_progress([stream.tally.progress() for stream in streams])

    with Recorder(store, on_landed=on_landed, on_problem=on_problem, now=now) as recorder:
        shared = Shared(
            open_warehouse,
            store,
            folder,
            settings or IngestSettings(),
            until_current,
            tuple(resnapshot),
            stop,
            recorder,
            now,
        )
        streams += [SourceStream(connector, shared) for connector in connectors]
        results = _run(streams, stop, max_seconds, on_tick)
    return StreamReport(results, started_at, now())


def _run(
    streams: Sequence[SourceStream],
    stop: threading.Event,
    max_seconds: float | None,
    on_tick: Callable[[], None],
) -> tuple[StreamResult, ...]:
    """What became of the streams, once all have ended: by themselves, by `stop`, or when the time is up."""
    ends_at = None if max_seconds is None else time.monotonic() + max_seconds
    with ThreadPoolExecutor(max(len(streams), 1), thread_name_prefix="aidbt-stream") as pool:
        runs = [pool.submit(stream.run) for stream in streams]
        try:
            running = set(runs)
            while running:
                _, running = wait(running, timeout=_TICK_S)
                if ends_at is not None and time.monotonic() >= ends_at:
                    stop.set()
                on_tick()
        finally:
            stop.set()
    return tuple(run.result() for run in runs)
