"""One table measured and kept: what changed is asked for, then the scan, then its buckets are put."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aidbt.core.errors import DeadlineExceeded, WarehouseError, WarehouseLocked
from aidbt.core.findings import Finding
from aidbt.core.measured import Bucket, FactKey, Grain
from aidbt.monitors.collection.asking import changed_since, filled_before, measured_answer, newest_of
from aidbt.monitors.collection.late import Changed
from aidbt.monitors.collection.missing import LOST
from aidbt.monitors.collection.reading import Answer, buckets_of, scan_facts, whole_bucket
from aidbt.monitors.collection.scans import Scan
from aidbt.monitors.collection.targets import Target
from aidbt.monitors.collection.told import TIMEOUT_HINT, not_measured, odd_rows, rows_lost
from aidbt.monitors.collection.unchanged import note_version, unchanged_bucket
from aidbt.monitors.collection.windows import Window
from aidbt.store import Store
from aidbt.store.buckets import Buckets
from aidbt.warehouse import Connection
from aidbt.warehouse.bounded import in_time

_SMALL_TABLE_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class WrittenBy:
    """The run that wrote a node last.

    Attributes:
        run_id: dbt's invocation.
        is_refreshed: whether it was a full refresh or a backfill since the last collection.
    """

    run_id: str
    is_refreshed: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """What was collected of one node.

    Attributes:
        buckets: how many were measured: `new` ones, `reopened` ones, since their rows had changed, and
            the last days, in which rows may still come.
        rows: in them.
        why: what named its event time; "" where it was measured as a whole.
    """

    unique_id: str
    grain: Grain
    buckets: int
    rows: int
    new: int = 0
    reopened: int = 0
    why: str = ""
    seconds: float = 0.0


def measured_and_kept(
    connection: Connection,
    store: Store,
    scan: Scan,
    now: datetime,
    written: WrittenBy | None,
    timeout_s: float,
) -> tuple[list[Measured], list[Finding]]:
    """What was measured and kept of one target, all of it or nothing; a finding where the warehouse refused.

    Raises:
        WarehouseLocked: another process took the warehouse.
        StoreError: the store cannot be read or written.
    """
    begun = time.perf_counter()
    target, buckets = scan.target, Buckets(store)
    try:
        if connection.dialect == "duckdb":
            # Two threads cost a third more CPU and save no time that anybody notices on a small table.
            is_small = (target.relation.row_count or 0) < _SMALL_TABLE_ROWS
            connection.rows("set threads = 1" if is_small else "reset threads")
        same = unchanged_bucket(store, target, now) if scan.window is None else None
        if same is not None:
            buckets.put(_flagged([same], written, None))
            return [_told_of(target, [same], begun, new=1)], []
        with in_time(connection, timeout_s, hint=TIMEOUT_HINT):
            told = _told_lost(store, target)
            changed = _late(connection, buckets, scan, told)
            window = scan.window
            if window is not None and changed.reopened:
                window = window.reaching_back_to(changed.reopened[0])
            answer = measured_answer(connection, buckets, target, window, now)
            newest = None
            if not _has_rows(answer):
                newest = newest_of(connection, target)
                if newest is None and window is not None:  # emptied, which counting rows tells on DuckDB only
                    changed = replace(changed, lost=filled_before(buckets, target, window))
    except WarehouseLocked:
        raise
    except (WarehouseError, DeadlineExceeded) as error:
        return [], [not_measured(target, error)]
    findings = [*_newly_lost(store, target, changed.lost, told), *odd_rows(target, window, answer, newest)]
    known = None
    if window is not None:
        known = buckets.series(target.unique_id, window.grain, since=window.since, with_shares=False)
    made = _made(scan, window, answer, changed, now, scan_facts(known))
    buckets.put(_flagged(made, written, None if known is None else known.starts[-1]))
    if window is None:
        note_version(store, target, made[0])
    before = set() if known is None else set(known.starts)
    new = sum(bucket.start not in before for bucket in made)
    return [_told_of(target, made, begun, new=new, reopened=len(changed.reopened))], findings


def _told_of(
    target: Target, made: Sequence[Bucket], begun: float, *, new: int, reopened: int = 0
) -> Measured:
    return Measured(
        target.unique_id,
        made[0].grain if made else "day",
        len(made),
        round(sum(each.facts.get(("rows", ""), 0.0) for each in made)),
        new,
        reopened,
        target.why,
        time.perf_counter() - begun,
    )


def _made(
    scan: Scan,
    window: Window | None,
    answer: Answer,
    changed: Changed,
    now: datetime,
    known: Mapping[datetime, Mapping[FactKey, float]],
) -> list[Bucket]:
    """The buckets to keep: not those whose rows went away since they were measured."""
    if window is None:
        return [whole_bucket(scan.target, answer, now)]
    since = scan.oldest
    if since is not None:
        filled = (start for start, facts in answer.facts.items() if start and facts["rows", ""])
        since = max(min([since, *filled]), window.since)
    gone = {*changed.lost, *changed.expired}
    made = buckets_of(scan.target, window, answer, since=since, known=known)
    return [bucket for bucket in made if bucket.start not in gone]


def _late(connection: Connection, buckets: Buckets, scan: Scan, lost: Collection[datetime]) -> Changed:
    """Which older buckets changed, unless a person said from when on to measure."""
    if scan.is_told:
        return Changed()
    return changed_since(connection, buckets, scan.target, scan.window, scan.oldest, lost)


def _has_rows(answer: Answer) -> bool:
    return any(facts.get(("rows", "")) for facts in answer.facts.values())


def _told_lost(store: Store, target: Target) -> set[datetime]:
    """The buckets that had lost their rows when the table was looked at last."""
    record = store.get(LOST, target.unique_id)
    return {datetime.fromisoformat(start) for start in (record.value if record else ())}


def _newly_lost(
    store: Store, target: Target, lost: Sequence[datetime], told: Collection[datetime]
) -> list[Finding]:
    """A finding for buckets that have lost their rows since that was last told."""
    if set(lost) != set(told):
        store.put(LOST, target.unique_id, [start.isoformat() for start in lost])
    new = [start for start in lost if start not in told]
    return [rows_lost(target, new)] if new else []


def _flagged(made: Sequence[Bucket], written: WrittenBy | None, known_until: datetime | None) -> list[Bucket]:
    """The buckets with the run that wrote them: new ones only, since what was known was written before."""
    if written is None:
        return list(made)
    return [
        replace(bucket, run_id=written.run_id, is_refreshed=written.is_refreshed)
        if known_until is None or bucket.start > known_until
        else bucket
        for bucket in made
    ]
