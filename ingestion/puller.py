"""Reading a log of changes in a thread of its own, one micro-batch ahead of what is being landed."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ingestion.changes import BatchLimits, ChangeSource, Lag, MicroBatch, StreamState
from ingestion.spool import is_read_in_place

_LAG_EVERY_S = 5.0
_POLL_S = 0.2


class Puller:
    """Opens a change source, gives out its micro-batches, and tells it which have landed.

    The source is opened, read, told and closed in one thread; told between two batches, and whenever it has
    none to give. At most one batch waits here to be taken, so that a reader who stops taking stops the
    source, and memory is bounded by three batches: one that lands, one that waits, one that is being read.
    Where the changes of a batch are read only when they land (a snapshot that is no list and no file), the
    source is asked for nothing else meanwhile.

    Attributes:
        lag: how far behind the source was when it was last asked.
        is_at_end: whether every batch was taken and no more will come.
    """

    def __init__(
        self,
        open_source: Callable[[], ChangeSource],
        state: StreamState,
        limits: BatchLimits,
        *,
        until_current: bool,
    ) -> None:
        """Begin to read behind `state`."""
        self.lag = Lag()
        self.is_at_end = False
        self._open = open_source
        self._state = state
        self._limits = limits
        self._until_current = until_current
        self._lag_due_at = time.monotonic()
        self._ready: queue.Queue[MicroBatch | None] = queue.Queue(maxsize=1)  # None: no more will come
        self._landed: queue.SimpleQueue[MicroBatch] = queue.SimpleQueue()
        self._read_in_place: MicroBatch | None = None
        self._released = threading.Event()
        self._stop = threading.Event()
        self._closing = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aidbt-pull")
        self._reading = self._thread.submit(self._read)

    def take(self, *, timeout_s: float) -> MicroBatch | None:
        """The next micro-batch; None when there is none yet, or no more.

        Raises:
            SourceError: what the source raised.
        """
        try:
            batch = self._ready.get(timeout=timeout_s)
        except queue.Empty:
            if self._reading.done():
                self._reading.result()
            return None
        self.is_at_end = batch is None
        return batch

    @property
    def has_more(self) -> bool:
        """Whether the next micro-batch, or the end, can be taken without waiting."""
        return not self._ready.empty()

    def landed(self, batch: MicroBatch) -> None:
        """The batch has been committed, which the source is told before it is asked for more."""
        self._landed.put(batch)

    def release(self, batch: MicroBatch) -> None:
        """The changes of the batch were read, and are not needed again."""
        if batch is self._read_in_place:
            self._released.set()

    def stop(self) -> None:
        """Let the source end before its next transaction; `take` goes on until then."""
        self._stop.set()

    def close(self) -> None:
        """Tell the source what has landed, and close it. Where it cannot be told, the next run will."""
        self._stop.set()
        self._closing.set()
        self._thread.shutdown()

    def _read(self) -> None:
        with contextlib.closing(self._open()) as source:
            batches = source.batches(
                self._state, self._limits, until_current=self._until_current, stop=self._stop
            )
            for batch in batches:
                if batch is None:
                    self._tell(source, is_idle=True)
                elif self._give(source, batch):
                    self._tell(source)
                else:
                    break
            self._give(source, None)
            self._closing.wait()
            self._lag_due_at = time.monotonic()
            self._tell(source)

    def _give(self, source: ChangeSource, batch: MicroBatch | None) -> bool:
        """Let it be taken, and its changes be read where they are read only then; False when closing."""
        in_place = batch is not None and is_read_in_place(batch)
        if in_place:
            self._released.clear()
            self._read_in_place = batch
        while not self._closing.is_set():
            try:
                self._ready.put(batch, timeout=_POLL_S)
            except queue.Full:
                self._tell(source)  # nothing is being read from it: whatever waits here is complete
                continue
            while in_place and not self._closing.is_set() and not self._released.wait(_POLL_S):
                pass
            return True
        return False

    def _tell(self, source: ChangeSource, *, is_idle: bool = False) -> None:
        """Acknowledge what has landed, and ask how far behind the source is: now and then, and when it has
        just been told of the last batch for now, after which that would stay as it was.
        """
        is_last = is_idle and not self._landed.empty()
        while not self._landed.empty():
            source.acknowledge(self._landed.get())
        if is_last or time.monotonic() >= self._lag_due_at:
            self.lag = source.lag()
            self._lag_due_at = time.monotonic() + _LAG_EVERY_S
