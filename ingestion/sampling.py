"""A second look at some of the rows of a stream, behind the back of the commits.

Which rows are looked at depends on their keys alone, so that all changes of a row are, in every run and in
every process. What is found are findings: nothing is held back because of them.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from aidbt.core.errors import StoreError
from aidbt.core.findings import Finding, Severity
from aidbt.core.loads import (
    CHANGE_COLUMNS,
    COMMITTED_AT,
    DELETED,
    OPERATION,
    POSITION,
    SEQUENCE,
    TRUNCATED,
    UNCHANGED,
)
from aidbt.store import Store
from aidbt.store.metrics import Metrics, Sample
from ingestion.changes import TableChanges

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Hashes = npt.NDArray[np.uint64]

NULL_SHARE = "ingest.null_share"  # the metric: of a column's sampled rows, 0..1

_BYTES = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)
_MOST_WAITING_BYTES = 64 << 20
_CLOCKS_DIFFER = timedelta(minutes=1)
_WINDOW_S = 600.0
_WINDOW_ROWS = 500  # fewer say too little about a share
_LEAST_PAST = 3
_LEAST_CHANGE = 0.1


@dataclass(slots=True)
class _Window:
    """What was sampled of one table since its shares were last compared."""

    since: float
    rows: int = 0
    nulls: dict[str, int] = field(default_factory=dict)


class QualitySample:
    """Looks at a fixed part of the rows of one source's stream, in a thread of its own.

    Checked are: NULL in a key, a commit time in the future, and the share of NULL in each column against
    the table's own past, which the store keeps. What comes faster than it can be looked at is left out,
    and counted.
    """

    def __init__(self, share: float, store: Store, *, now: Callable[[], datetime]) -> None:
        """Args:
        share: the part of the rows, 0..1; 0 looks at nothing.
        """
        self._share = share
        self._metrics = Metrics(store)
        self._now = now
        self._waiting: queue.SimpleQueue[TableChanges | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._left_out = 0
        self._found: dict[tuple[str, str], Finding] = {}
        self._windows: dict[str, _Window] = {}
        self._thread = threading.Thread(target=self._run, name="aidbt-sample", daemon=True)

    def __enter__(self) -> QualitySample:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.put(None)
        self._thread.join()

    def offer(self, changes: TableChanges) -> None:
        """Let the rows be looked at later; returns at once."""
        if not self._share:
            return
        size_bytes = changes.rows.get_total_buffer_size()
        with self._lock:
            if self._waiting_bytes + size_bytes > _MOST_WAITING_BYTES:
                self._left_out += changes.rows.num_rows
                return
            self._waiting_bytes += size_bytes
        self._waiting.put(changes)

    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, by table."""
        with self._lock:
            found = sorted(self._found.values(), key=lambda finding: (finding.where, finding.code))
            left_out = self._left_out
        if left_out:
            message = f"{left_out:,} rows came too fast for the quality sample and were not looked at"
            found.append(Finding("ingest.sample_left_out", Severity.INFO, "the stream", message))
        return tuple(found)

    def _run(self) -> None:
        while (changes := self._waiting.get()) is not None:
            rows = _nulls(changes, in_sample(changes, self._share))
            with self._lock:
                self._waiting_bytes -= changes.rows.get_total_buffer_size()
            self._check(changes, rows)
        for table in list(self._windows):
            self._compare(table)

    def _check(self, changes: TableChanges, rows: pa.Table) -> None:
        table = f"{changes.to.source}.{changes.to.source_table}"
        for finding in (
            _null_in_key(table, changes.key, rows),
            _from_the_future(table, rows, self._now() + _CLOCKS_DIFFER),
        ):
            if finding is not None:
                self._add(finding)
        window = self._windows.setdefault(table, _Window(time.monotonic()))
        _count_nulls(window, rows)
        if window.rows >= _WINDOW_ROWS and time.monotonic() - window.since >= _WINDOW_S:
            self._compare(table)

    def _add(self, finding: Finding) -> None:
        with self._lock:
            self._found.setdefault((finding.code, finding.where), finding)

    def _compare(self, table: str) -> None:
        """Compare the shares of NULL in a table with those before, and add them to those."""
        window = self._windows.pop(table)
        if window.rows < _WINDOW_ROWS:
            return
        at = self._now()
        shares = {column: nulls / window.rows for column, nulls in window.nulls.items()}
        try:
            for column, share in shares.items():
                past = [point.mean for point in self._metrics.series(NULL_SHARE, f"{table}.{column}")]
                if is_unusual(share, window.rows, past):
                    self._add(_unusual(f"{table}.{column}", share, fmean(past), window.rows))
            self._metrics.record_all(
                Sample(NULL_SHARE, f"{table}.{column}", share, at) for column, share in shares.items()
            )
        except StoreError:
            return  # without its past nothing can be said about a share


def in_sample(changes: TableChanges, share: float) -> pa.Array:
    """Which rows belong to the sample, as booleans: those of about that share of all keys.

    Without a key it is those of about that share of all places in the source's log.
    """
    import numpy as np

    rows = changes.rows
    keys = [name for name in changes.key if name in rows.column_names] or [POSITION, SEQUENCE]
    mixed = np.zeros(rows.num_rows, np.uint64)
    for name in keys:
        mixed = _mixed(mixed ^ _hashes(rows.column(name)))
    limit = np.uint64(min(int(share * 2.0**64), 2**64 - 1))
    return pa.array(mixed <= limit)


def _nulls(changes: TableChanges, taken: pa.Array) -> pa.Table:
    """Of the rows that are taken: for every column of the source whether it is NULL, and what the log adds.

    The values are not taken along: nothing asks for them, and Arrow cannot pick them out of text views.
    """
    columns = [
        column if name in CHANGE_COLUMNS else pc.is_null(column)
        for name, column in zip(changes.rows.column_names, changes.rows.columns, strict=True)
    ]
    return pa.table(columns, names=changes.rows.column_names).filter(taken)


def is_unusual(share: float, rows: int, past: Sequence[float]) -> bool:
    """Whether a share of so many rows is far from those before.

    Far is what neither chance (three standard errors of a share of so many rows) nor how the past itself
    went up and down (three standard deviations) explains, and at least a tenth.

    Args:
        share, past: 0..1; with fewer than three in the past nothing is unusual.
    """
    if len(past) < _LEAST_PAST:
        return False
    usual = fmean(past)
    by_chance = 3 * sqrt(usual * (1 - usual) / rows)
    return abs(share - usual) > _LEAST_CHANGE + by_chance + 3 * pstdev(past)


def _unusual(column: str, share: float, usual: float, rows: int) -> Finding:
    return Finding(
        "ingest.null_share",
        Severity.WARN,
        column,
        f"{share:.0%} of the rows have NULL, where {usual:.0%} is usual",
        {"share": f"{share:.4f}", "usual": f"{usual:.4f}", "rows": str(rows)},
    )


def _null_in_key(table: str, key: Sequence[str], rows: pa.Table) -> Finding | None:
    keyed = rows.filter(pc.not_equal(rows[OPERATION], TRUNCATED))
    for column in key:
        nulls = pc.sum(keyed[column]).as_py() if column in keyed.column_names else 0
        if nulls:
            return Finding(
                "ingest.key_null",
                Severity.ERROR,
                f"{table}.{column}",
                f"{nulls} of {keyed.num_rows} sampled rows have NULL in the key: they are no row's changes",
                {"nulls": str(nulls), "rows": str(keyed.num_rows)},
            )
    return None


def _from_the_future(table: str, rows: pa.Table, latest: datetime) -> Finding | None:
    newest: datetime | None = pc.max(rows[COMMITTED_AT]).as_py()
    if newest is None or newest <= latest:
        return None
    return Finding(
        "ingest.commit_in_future",
        Severity.WARN,
        table,
        f"a change was committed at {newest:%Y-%m-%d %H:%M:%S} UTC, which is still to come: "
        "the clock of the source or of this machine is wrong",
        {"committed_at": newest.isoformat()},
    )


def _count_nulls(window: _Window, rows: pa.Table) -> None:
    """Count NULL in rows that came whole: not deleted, every column sent."""
    whole = pc.and_(
        pc.invert(pc.is_in(rows[OPERATION], pa.array([DELETED, TRUNCATED]))), pc.is_null(rows[UNCHANGED])
    )
    rows = rows.filter(whole)
    window.rows += rows.num_rows
    for name in rows.column_names:
        if name not in CHANGE_COLUMNS:
            window.nulls[name] = window.nulls.get(name, 0) + (pc.sum(rows[name]).as_py() or 0)


def _hashes(column: pa.ChunkedArray) -> Hashes:
    """A number for each value, the same in every run: whole numbers and times by value, others by the bytes
    of their text.
    """
    import numpy as np

    array = column.combine_chunks()
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_nested(array.type) or pa.types.is_interval(array.type):  # Arrow has no text for these
        array = pa.array([None if value is None else repr(value) for value in array.to_pylist()], pa.string())
    if pa.types.is_integer(array.type) or pa.types.is_temporal(array.type):
        width = pa.int32() if array.type.bit_width == 32 else pa.int64()
        numbers = array if pa.types.is_integer(array.type) else array.view(width)
        values: Hashes = numbers.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64)
        return values
    is_bytes = any(of_type(array.type) for of_type in _BYTES)
    return _of_bytes(array.cast(pa.large_binary() if is_bytes else pa.large_string()))


def _of_bytes(texts: pa.Array) -> Hashes:
    """Each value's length and bytes, mixed eight at a time (a byte at a time is ten times slower)."""
    import numpy as np

    if not len(texts):
        return np.zeros(0, np.uint64)
    _, offsets_buffer, data = texts.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    content = np.zeros(last - first + 8, np.uint8)  # eight can be read from any place in it
    if last > first:
        content[: last - first] = np.frombuffer(data, np.uint8)[first:last]
    words = np.ndarray((last - first + 1,), "<u8", content, strides=(1,))
    only = np.array([2 ** (8 * count) - 1 for count in range(9)], np.uint64)
    starts, lengths = offsets[:-1] - first, np.diff(offsets)
    hashes = _mixed(lengths.astype(np.uint64))
    for place in range(0, int(lengths.max()), 8):
        longer = np.flatnonzero(lengths > place)
        word = words[starts[longer] + place] & only[np.minimum(lengths[longer] - place, 8)]
        hashes[longer] = _mixed(hashes[longer] ^ word)
    return hashes


def _mixed(numbers: Hashes) -> Hashes:
    """The numbers, well mixed: the finalizer of SplitMix64 (Steele, Lea, Flood 2014)."""
    import numpy as np

    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = numbers ^ (numbers >> np.uint64(31))
    return mixed
