"""Collecting: every model measured once, on one connection, each kept as soon as it is there.

Reading, deciding and keeping are apart: `targets`, `windows`, `statement`, `reading` and `late` decide; here
they are put together with a warehouse and a store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from aidbt.core.config import MonitorSettings, Settings
from aidbt.core.errors import DeadlineExceeded, UsageError, WarehouseError, WarehouseLocked
from aidbt.core.findings import Finding
from aidbt.core.measured import Bucket, FactKey, Grain, node_name
from aidbt.monitors.collection.asking import changed_since, measured_answer, newest_of
from aidbt.monitors.collection.custom import MetricSql, custom_metrics, measure_custom
from aidbt.monitors.collection.late import Changed
from aidbt.monitors.collection.missing import LOST, note_missing
from aidbt.monitors.collection.places import remember_places
from aidbt.monitors.collection.reading import (
    Answer,
    buckets_of,
    scan_facts,
    whole_bucket,
)
from aidbt.monitors.collection.standing import set_apart
from aidbt.monitors.collection.targets import Target, find_targets
from aidbt.monitors.collection.told import TIMEOUT_HINT, not_measured, odd_rows, rows_lost
from aidbt.monitors.collection.unchanged import note_version, unchanged_bucket
from aidbt.monitors.collection.windows import Window, window_of
from aidbt.project.manifest import Manifest
from aidbt.project.selection import select_nodes
from aidbt.store import Store
from aidbt.store.buckets import Buckets
from aidbt.store.leases import Leases, this_process
from aidbt.warehouse import Connection, Warehouse
from aidbt.warehouse.bounded import in_time, with_deadline
from aidbt.warehouse.budget import Approve, RunsAs, ScanPlan, monitoring_plan, require_approval
from aidbt.warehouse.sampling import kind_of

LEASE = "monitors"
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


@dataclass(frozen=True, slots=True)
class Collection:
    """What one collection did.

    Attributes:
        plan: what was read.
        findings: what could not be measured, and what is odd about the rest.
        standing: what is odd as it was when people were told of it.
        forgotten: buckets that were older than `monitors.history_days`.
    """

    measured: tuple[Measured, ...] = ()
    findings: tuple[Finding, ...] = ()
    standing: tuple[Finding, ...] = ()
    plan: ScanPlan = field(default_factory=lambda: ScanPlan((), RunsAs("")))
    forgotten: int = 0
    started_at: datetime | None = None
    seconds: float = 0.0

    @property
    def buckets(self) -> int:
        """How many were measured."""
        return sum(each.buckets for each in self.measured)

    @property
    def new(self) -> int:
        """How many of them had never been measured."""
        return sum(each.new for each in self.measured)


def collect(
    manifest: Manifest,
    warehouse: Warehouse,
    store: Store,
    settings: Settings,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    runs_as: RunsAs | None = None,
    approve: Approve | None = None,
    written_by: Callable[[str], WrittenBy | None] = lambda unique_id: None,
    metric_sql: MetricSql | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_node: Callable[[str], None] = lambda name: None,
) -> Collection:
    """Measure what is new of every model, and what may have changed of what was measured.

    A node that cannot be measured is a finding, and the others go on. What was measured of a node is kept at
    once, all of it or nothing.

    Args:
        select, exclude: see `select_nodes`.
        since: measure from then on again, whatever is known; a local time of `monitors.timezone`.
        until: measure as if it were then, for data that ended: up to that bucket, and the history before it.
        approve: asked when the scans are over the budget; None refuses then.
        written_by: unique_id → the run that wrote it last, where that is known.
        metric_sql: writes the SQL of metrics of the semantic layer that are custom metrics.

    Raises:
        UnknownName: a selector matches nothing.
        UsageError: nothing that is over begins at `since` or later, or `until` is still to come.
        BudgetExceeded: the scans are over the budget, and nobody agreed. Nothing was read.
        LeaseTaken: another process is collecting for this project.
        WarehouseLocked, WarehouseError: the warehouse cannot be opened or listed.
        StoreError: the store cannot be read or written.
    """
    started, begun = now(), time.perf_counter()
    as_of = _as_of(started, since, until, settings.monitors.timezone)
    buckets = Buckets(store)
    nodes = select_nodes(manifest, select, exclude)
    timeout_s = settings.monitors.statement_timeout_s
    with Leases(store).leased([LEASE], this_process("aidbt monitor collect")) as lease:
        with warehouse.connect() as connection, with_deadline(warehouse, connection, timeout_s):
            found = find_targets(
                manifest,
                nodes,
                warehouse.relations(),
                settings.monitors,
                is_selected=bool(select),
                measured=buckets.nodes(),
            )
            note_missing(store, found.gone, {node.unique_id for node in nodes}, now=started)
            scans = _scans(found.targets, buckets, settings.monitors, started, as_of, since)
            plan = monitoring_plan(
                [(scan.target.relation, scan.share) for scan in scans],
                runs_as=runs_as or RunsAs(warehouse.dialect),
            )
            require_approval(plan, settings.budget, approve)
            measured, findings = [], list(found.findings)
            for scan in scans:
                on_node(scan.target.name)
                lease.check()
                written = written_by(scan.target.unique_id)
                one, told = _collected(connection, store, scan, started, written, timeout_s)
                measured += one
                findings += told
        whole = () if select or exclude else ("project", "aidbt.yml")
        here = [node_name(node.unique_id) for node in nodes]
        news, standing = set_apart(store, findings, {*here, *whole})
        if settings.monitors.custom and not select:
            custom, told = _custom(manifest, warehouse, buckets, settings.monitors, started, metric_sql)
            measured += custom
            news += told
        done = {each.unique_id for each in measured}
        remember_places(store, (node for node in nodes if node.unique_id in done))
        oldest = (as_of - timedelta(days=settings.monitors.history_days + 1)).replace(tzinfo=None)
        forgotten = buckets.forget_before(oldest)
    return Collection(
        tuple(measured),
        tuple(news),
        tuple(standing),
        plan,
        forgotten,
        started,
        time.perf_counter() - begun,
    )


def _as_of(now: datetime, since: datetime | None, until: datetime | None, timezone: str) -> datetime:
    """The moment up to which is measured."""
    as_of = now if until is None else until.replace(tzinfo=ZoneInfo(timezone))
    if as_of > now:
        raise UsageError(f"nothing can be measured until {until:%Y-%m-%d}: that is still to come")
    if since is not None and since >= as_of.astimezone(ZoneInfo(timezone)).replace(tzinfo=None):
        end = "that is still to come" if until is None else f"that is not before {until:%Y-%m-%d} (--until)"
        raise UsageError(f"nothing can be measured since {since:%Y-%m-%d}: {end}")
    return as_of


def _custom(
    manifest: Manifest,
    warehouse: Warehouse,
    buckets: Buckets,
    settings: MonitorSettings,
    now: datetime,
    metric_sql: MetricSql | None,
) -> tuple[list[Measured], list[Finding]]:
    """What was measured and kept of the metrics of a person's own."""
    metrics, findings = custom_metrics(manifest, settings, dialect=warehouse.dialect, metric_sql=metric_sql)
    made, failed = measure_custom(metrics, warehouse, settings, now=now)
    spans = {grain: buckets.spans(grain) for grain in {bucket.grain for bucket in made}}
    buckets.put(made)
    measured = []
    for metric in metrics:
        own = [bucket for bucket in made if bucket.node == metric.node]
        if own:
            known = spans[own[0].grain].get(metric.node)
            new = sum(known is None or bucket.start > known[1] for bucket in own)
            measured.append(Measured(metric.node, own[0].grain, len(own), 0, new, why="monitors.custom"))
    return measured, [*findings, *failed]


@dataclass(frozen=True, slots=True)
class _Scan:
    """A target with the window that is to be measured of it; None for all of it.

    Attributes:
        oldest: the start of the oldest bucket that is known.
        is_told: whether a person said from when on; what is older is then left alone.
        share: what part of the table is read, about.
    """

    target: Target
    window: Window | None
    oldest: datetime | None = None
    share: float = 1.0
    is_told: bool = False


def _scans(
    targets: Sequence[Target],
    buckets: Buckets,
    settings: MonitorSettings,
    now: datetime,
    as_of: datetime,
    since: datetime | None,
) -> list[_Scan]:
    spans = {"day": buckets.spans("day"), "hour": buckets.spans("hour")}
    found = []
    for target in targets:
        if target.event_time is None:
            found.append(_Scan(target, None))
            continue
        # A date has no hours.
        grain = "day" if kind_of(target.event_time.data_type) == "date" else settings.grain
        oldest, last = spans[grain].get(target.unique_id, (None, None))
        window = window_of(
            last,
            as_of,
            grain=grain,
            zone=settings.timezone,
            history_days=settings.history_days,
            late_days=settings.late_days,
            since=since,
        )
        window = replace(window, now=now)
        found.append(_Scan(target, window, oldest, _share(window, oldest), since is not None))
    return found


def _share(window: Window, oldest: datetime | None) -> float:
    """What part of a table a window is, if rows are spread evenly over the time that is known of."""
    known = window.until - min(oldest or window.since, window.since)
    return min((window.until - window.since) / known, 1.0) if known else 1.0


def _collected(
    connection: Connection,
    store: Store,
    scan: _Scan,
    now: datetime,
    written: WrittenBy | None,
    timeout_s: float,
) -> tuple[list[Measured], list[Finding]]:
    """What was measured and kept of one target; a finding where the warehouse refused."""
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
            changed = _late(connection, buckets, scan)
            window = scan.window
            if window is not None and changed.reopened:
                window = window.reaching_back_to(changed.reopened[0])
            answer = measured_answer(connection, buckets, target, window, now)
            newest = None if _has_rows(answer) else newest_of(connection, target)
    except WarehouseLocked:
        raise
    except (WarehouseError, DeadlineExceeded) as error:
        return [], [not_measured(target, error)]
    findings = [*_newly_lost(store, target, changed.lost), *odd_rows(target, window, answer, newest)]
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
    scan: _Scan,
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


def _late(connection: Connection, buckets: Buckets, scan: _Scan) -> Changed:
    """Which older buckets changed, unless a person said from when on to measure."""
    if scan.is_told:
        return Changed()
    return changed_since(connection, buckets, scan.target, scan.window, scan.oldest)


def _has_rows(answer: Answer) -> bool:
    return any(facts.get(("rows", "")) for facts in answer.facts.values())


def _newly_lost(store: Store, target: Target, lost: Sequence[datetime]) -> list[Finding]:
    """A finding for buckets that have lost their rows since that was last told."""
    record = store.get(LOST, target.unique_id)
    told = {datetime.fromisoformat(start) for start in (record.value if record else ())}
    if set(lost) != told:
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
