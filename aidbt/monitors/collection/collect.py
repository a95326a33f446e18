"""Collecting: every model measured once, on one connection, each kept as soon as it is there.

Reading, deciding and keeping are apart: `targets`, `scans`, `windows`, `statement`, `reading` and `late`
decide; here and in `measuring` they are put together with a warehouse and a store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from aidbt.core.config import MonitorSettings, Settings
from aidbt.core.errors import UsageError
from aidbt.core.findings import Finding
from aidbt.core.measured import node_name
from aidbt.monitors.collection.custom import MetricSql, custom_metrics, measure_custom
from aidbt.monitors.collection.measuring import Measured, WrittenBy, measured_and_kept
from aidbt.monitors.collection.missing import note_missing, note_seen, seen_tables
from aidbt.monitors.collection.places import remember_places
from aidbt.monitors.collection.scans import scans_of, told_apart_by
from aidbt.monitors.collection.standing import set_apart
from aidbt.monitors.collection.targets import Target, find_targets
from aidbt.project.manifest import Manifest
from aidbt.project.selection import select_nodes
from aidbt.store import Store
from aidbt.store.buckets import Buckets
from aidbt.store.leases import Leases, this_process
from aidbt.warehouse import Warehouse
from aidbt.warehouse.bounded import with_deadline
from aidbt.warehouse.budget import Approve, RunsAs, ScanPlan, monitoring_plan, require_approval

LEASE = "monitors"
# A record of the store: node → what its buckets go by.
_TOLD_BY = "monitor_told_by"


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
                seen=seen_tables(store),
            )
            note_seen(store, found.seen)
            note_missing(store, found.gone, {node.unique_id for node in nodes}, now=started)
            spans = {"day": buckets.spans("day"), "hour": buckets.spans("hour")}
            by = _told_by(store)
            scans = scans_of(found.targets, spans, settings.monitors, started, as_of, since, by)
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
                one, told = measured_and_kept(connection, store, scan, started, written, timeout_s)
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
        _remember_told_by(store, [one for one in found.targets if one.unique_id in done], settings.monitors)
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


def _told_by(store: Store) -> dict[str, str]:
    record = store.get(_TOLD_BY, "all")
    return dict(record.value) if record is not None else {}


def _remember_told_by(store: Store, targets: Sequence[Target], settings: MonitorSettings) -> None:
    before = _told_by(store)
    now = before | {target.unique_id: told_apart_by(target, settings) for target in targets}
    if now != before:
        store.put(_TOLD_BY, "all", now)


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
