"""Reading one big table through several connections at once, each a range of its blocks.

A row's ctid is its block and its place there. Ranges of ctids that together cover all of them cover every row
exactly once, whatever the table's size was believed to be, and also those of its partitions, whose ctids each
begin at zero. Under one exported snapshot the parts are the table at one moment. PostgreSQL reads no more
than the blocks of a range from version 14 on.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

HAS_RANGE_SCANS = 140_000  # server_version_num

# Below this a part is read before another connection has paid for itself.
_PART_BYTES = 64 << 20
_WAITING = 2  # batches of each part that wait to be taken
_POLL_S = 0.1

# All rows of the table, or of its largest partition, in blocks and bytes; views and foreign tables have none.
SIZE = """
select
    coalesce(sum(pg_catalog.pg_relation_size(l.relid)), 0)::int8,
    (coalesce(max(pg_catalog.pg_relation_size(l.relid)), 0)
        / pg_catalog.current_setting('block_size')::int8)::int8
from (
    select p.relid from pg_catalog.pg_partition_tree($1::text::oid::regclass) p where p.isleaf
    union
    select $1::text::oid::regclass
) l
"""


@dataclass(frozen=True, slots=True)
class BlockRange:
    """Blocks from `first` on, up to but not `end`; None for all that follow."""

    first: int
    end: int | None


def block_ranges(blocks: int, parts: int) -> list[BlockRange]:
    """Ranges of about the same size that cover a table of any number of blocks.

    Example:
        >>> block_ranges(10, 3)
        [BlockRange(first=0, end=3), BlockRange(first=3, end=6), BlockRange(first=6, end=None)]
    """
    starts = sorted({part * blocks // parts for part in range(parts)})
    return [BlockRange(*pair) for pair in zip(starts, [*starts[1:], None], strict=True)]


def worthwhile_parts(size_bytes: int, most: int) -> int:
    """How many connections a table of a size is read through, at least one."""
    return max(1, min(most, size_bytes // _PART_BYTES))


def within(query: exp.Select, blocks: BlockRange) -> exp.Select:
    """Only the rows of a query on one table that stand in a range of its blocks."""
    ctid = exp.column("ctid")
    if blocks.first:
        query = query.where(exp.GTE(this=ctid, expression=_tid(blocks.first)))
    if blocks.end is not None:
        query = query.where(exp.LT(this=ctid.copy(), expression=_tid(blocks.end)))
    return query


def _tid(block: int) -> exp.Expr:
    """The place before the first row of a block."""
    return exp.Cast(this=exp.Literal.string(f"({block},0)"), to=exp.DataType.build("tid", udt=True))


def merged(
    parts: Sequence[Iterable[pa.RecordBatch]],
) -> Generator[pa.RecordBatch, None, None]:
    """The batches of several readings as they come, each read in a thread of its own.

    When one fails, or the generator is closed, the others end at their next batch; all have ended before this
    one does.

    Raises:
        The error of the first part that fails.
    """
    ready: queue.Queue[tuple[int, pa.RecordBatch | None]] = queue.Queue(_WAITING * len(parts))
    stop = threading.Event()

    def give(number: int, batch: pa.RecordBatch | None) -> None:
        while not stop.is_set():
            try:
                ready.put((number, batch), timeout=_POLL_S)
            except queue.Full:
                continue
            return

    def read(number: int) -> None:
        try:
            for batch in parts[number]:
                give(number, batch)
                if stop.is_set():
                    return
        finally:
            give(number, None)

    with ThreadPoolExecutor(len(parts), thread_name_prefix="aidbt-range") as pool:
        try:
            readings = [pool.submit(read, number) for number in range(len(parts))]
            left = len(parts)
            while left:
                number, batch = ready.get()
                if batch is None:
                    readings[number].result()
                    left -= 1
                else:
                    yield batch
        finally:
            stop.set()
