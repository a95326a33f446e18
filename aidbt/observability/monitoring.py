"""What is in the store is judged: anomalies become incidents, and bounds for the next buckets are written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from aidbt.core.config import MonitorSettings, Settings
from aidbt.core.errors import AidbtError
from aidbt.core.findings import Finding, Severity
from aidbt.core.incidents import ALIVE, IncidentChange
from aidbt.core.measured import Grain, is_of_runs
from aidbt.monitors.collection.custom import upstream_of_custom
from aidbt.monitors.collection.missing import seen_tables
from aidbt.monitors.collection.targets import find_targets
from aidbt.monitors.feedback.verdicts import Feedback, alerts_of
from aidbt.monitors.incidents.changes import News
from aidbt.monitors.incidents.desk import record
from aidbt.monitors.incidents.surroundings import surroundings
from aidbt.monitors.incidents.words import severity_of
from aidbt.monitors.judging.bounds import Place, write_bounds
from aidbt.monitors.judging.declared import monitor_tests
from aidbt.monitors.judging.remembered import JUDGED, judged_before
from aidbt.monitors.judging.schema_changes import Renames
from aidbt.observability.adjusting import remember_adjusted
from aidbt.observability.checked import Check, Checked, together
from aidbt.observability.checking_buckets import Judging, check_grain
from aidbt.observability.checking_columns import COMPARED, check_columns, likely_renames
from aidbt.observability.checking_tables import TOLD as STATES_TOLD
from aidbt.observability.checking_tables import check_tables, explained
from aidbt.observability.columns_below import changed_columns, columns_below
from aidbt.observability.failing_runs import remember_runs, run_news
from aidbt.observability.retelling import retell
from aidbt.project.manifest import Manifest
from aidbt.project.selection import select_nodes
from aidbt.store import Store
from aidbt.store.buckets import Buckets
from aidbt.store.incidents import Incidents
from aidbt.warehouse import Warehouse

_GRAINS: tuple[Grain, ...] = ("day", "hour", "run")
# Of what has no buckets of its own so many runs are looked back at.
_MOST_RUNS = 500


def check_store(
    manifest: Manifest,
    store: Store,
    settings: Settings,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    places: Mapping[str, Place] | None = None,
    dialect: str = "",
    renames: Renames | None = None,
    feedback: Sequence[Feedback] = (),
    now: datetime | None = None,
) -> Check:
    """Judge the buckets that are new or changed since they were judged last; nothing is written.

    Args:
        select, exclude: see `select_nodes`.
        since: judge everything from that local time on, whatever was judged.
        until: judge what was before that local time, as if it were then; of runs nothing is judged.
        places: nodes whose bounds are asked for, as `bound_places` gives them.
        dialect: of the warehouse, for types of columns and literals in bounds.
        renames: tells which columns have a new name.
        feedback: what people said of alerts, nodes by unique_id.

    Raises:
        UnknownName: a selector matches nothing.
        StoreError: the store cannot be read.
    """
    now = _as_of(now, until, settings.monitors)
    buckets = Buckets(store)
    known = {node.unique_id for node in select_nodes(manifest, (), ())}
    wanted = {node.unique_id for node in select_nodes(manifest, select, exclude)}
    there, seen = buckets.nodes(), seen_tables(store)
    parts = []
    incidents = Incidents(store).all(states=ALIVE)
    alerts = alerts_of(Incidents(store).all()) if feedback else ()
    judging = Judging(manifest, settings.monitors, since, until, now, places or {}, dialect, feedback, alerts)
    custom = there.keys() & upstream_of_custom(manifest, settings.monitors, dialect).keys()
    if not (select or exclude):
        wanted |= custom | {node for node in there if is_of_runs(node)}
    for grain in _GRAINS if until is None else _GRAINS[:2]:
        nodes = [node for node, grains in there.items() if node in wanted and grain in grains]
        if nodes:
            oldest = (now - timedelta(days=settings.monitors.history_days + 1)).replace(tzinfo=None)
            if grain == "run":  # of which there may be one every few minutes
                oldest = max(oldest, buckets.newest_start(grain, _MOST_RUNS) or oldest)
            series = list(buckets.read(nodes, grain, since=oldest))
            part = check_grain(series, judged_before(store, nodes, grain), judging)
            parts.append(part.without(explained(series, store)) if until is None else part)
    if until is None:  # the columns are those of today
        watched = sorted(wanted & there.keys() & known)
        is_all = not (select or exclude)
        tables = sorted(wanted & known & (there.keys() | seen))
        parts.append(check_tables(store, tables, _project(manifest), now, is_all=is_all))
        parts.append(
            check_columns(
                manifest,
                store,
                watched,
                incidents=incidents,
                renames=renames or likely_renames(settings.mapping),
                dialect=dialect,
                now=now,
            )
        )
    found = together(parts)
    there_still = known | custom
    gone = frozenset(
        node for node in {*there, *seen} if node not in there_still and "." in node and not is_of_runs(node)
    )
    return replace(found, found=replace(found.found, gone=gone))


def _project(manifest: Manifest) -> str:
    return str(manifest.metadata.raw.get("project_name") or "dbt")


def _as_of(now: datetime | None, until: datetime | None, settings: MonitorSettings) -> datetime:
    if until is not None:
        return until.replace(tzinfo=ZoneInfo(settings.timezone)).astimezone(UTC)
    return now or datetime.now(UTC)


def remember(store: Store, check: Check) -> None:
    """Keep what was judged, so that it is not told again.

    Raises:
        StoreError: the store cannot be written.
    """
    store.put_all(JUDGED, {key: judged.to_json() for key, judged in check.remembered.judged.items()})
    store.put_all(COMPARED, dict(check.remembered.compared))
    store.put_all(STATES_TOLD, dict(check.remembered.states))
    nodes = {key.rpartition("|")[0] for key in check.remembered.judged}
    remember_adjusted(store, check.remembered.adjusted, nodes)


def bound_places(manifest: Manifest, warehouse: Warehouse, settings: MonitorSettings) -> dict[str, Place]:
    """Where the rows of the nodes stand that have monitors as data tests.

    Raises:
        WarehouseError: the warehouse cannot be reached.
    """
    tested = {test.monitor.node for test in monitor_tests(manifest)}
    nodes = [node for name in sorted(tested) if (node := manifest.find(name)) is not None]
    if not nodes:
        return {}
    targets = find_targets(manifest, nodes, warehouse.relations(), settings, is_selected=True).targets
    return {
        target.unique_id: Place(
            str(target.relation),
            target.event_time.name if target.event_time else "",
            target.event_time.data_type if target.event_time else "",
        )
        for target in targets
    }


def keep_bounds(
    warehouse: Warehouse, found: Checked, places: Collection[str], *, is_all: bool
) -> Finding | None:
    """Write the bounds; a finding where that is not possible, since everything else goes on without them."""
    if not places:
        return None
    try:
        write_bounds(warehouse, found.bounds, nodes=None if is_all else places)
    except AidbtError as error:
        hint = f"; {error.hint}" if error.hint else ""
        said = f"the bounds that data tests compare with were not written: {error.message}{hint}"
        return Finding("monitor.bounds_not_written", Severity.WARN, "aidbt_monitor_bounds", said)
    return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check led to.

    Attributes:
        changes: what became of the incidents.
        findings: those of the check, and what could not be done after it.
        bounded_until: the time (UTC) until which data tests have bounds to compare with; "" for none.
        tried: how bad each anomaly is, where nothing of it was kept and there are no changes.
        still_open: incidents that were open before, and are.
    """

    found: Checked
    changes: tuple[IncidentChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    bounded_until: str = ""
    tried: tuple[Severity, ...] = ()
    still_open: tuple[str, ...] = ()

    def is_at(self, gate: str) -> bool:
        """Whether something new is at the gate or above: "error", "warn", or "none" for never."""
        bad = {"error": (Severity.ERROR,), "warn": (Severity.ERROR, Severity.WARN)}.get(gate, ())
        told = [
            change.after.severity
            for change in self.changes
            if change.what in _NEWS and not change.after.state.is_over
        ]
        return any(severity in bad for severity in (*told, *self.tried))


_NEWS = ("opened", "updated", "worse", "reopened")


def check_project(
    manifest: Manifest,
    store: Store,
    settings: Settings,
    warehouse: Warehouse,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    feedback: Sequence[Feedback] = (),
    target: str = "",
    write: bool = True,
    now: datetime | None = None,
) -> Outcome:
    """Judge what is new, bring the incidents up to date, and write the bounds for the next buckets.

    Args:
        until: see `check_store`; incidents are then told as of the buckets that they are of, nobody is told
            of them, and no bounds are written.
        feedback: see `check_store`.
        target: whose runs count; see `recorded_runs`.
        write: False only says what is found; nothing is kept of it.

    Raises:
        UnknownName: a selector matches nothing.
        StoreError: the store cannot be read or written.
    """
    places, problem = _places(manifest, warehouse, settings.monitors) if until is None else ({}, [])
    around = surroundings(manifest)
    custom = upstream_of_custom(manifest, settings.monitors, warehouse.dialect)
    around = replace(around, parents={**around.parents, **custom})
    made = check_store(
        manifest,
        store,
        settings,
        select=select,
        exclude=exclude,
        since=since,
        until=until,
        places=places,
        dialect=warehouse.dialect,
        feedback=feedback,
        now=now,
    )
    found, findings = made.found, [*made.found.findings, *problem]
    if not write:
        budget = settings.monitors.false_alarms
        tried = [
            severity_of([a], (), (a.monitor.node,), around, false_alarms=budget) for a in found.anomalies
        ]
        return Outcome(found, findings=tuple(findings), tried=tuple(tried))
    if until is not None:
        changes = retell(store, found, around, settings)
        remember(store, made)
        return Outcome(found, changes, tuple(findings))
    wanted = {node.unique_id for node in select_nodes(manifest, select, exclude)}
    mine = [node for node in places if node in wanted]
    unwritten = keep_bounds(warehouse, found, mine, is_all=not (select or exclude))
    findings += [unwritten] if unwritten is not None else []
    runs = run_news(store, target=target, now=now)
    alive = Incidents(store).all(states=ALIVE)
    changed = changed_columns(found.anomalies, alive)
    around = replace(around, columns_below=columns_below(manifest, store, changed))
    news = News(found.anomalies, runs.failures, found.passed, runs.succeeded, found.gone)
    changes = record(store, news, around, settings, now=now)
    remember(store, made)
    remember_runs(store, runs)
    bounded = max((bound.valid_to for bound in found.bounds), default="") if unwritten is None else ""
    told = {change.after.id for change in changes}
    still = [one.id for one in Incidents(store).all(states=ALIVE) if one.id not in told]
    return Outcome(found, changes, tuple(findings), bounded, still_open=tuple(still))


def _places(
    manifest: Manifest, warehouse: Warehouse, settings: MonitorSettings
) -> tuple[dict[str, Place], list[Finding]]:
    """Where the tested nodes stand; a finding where the warehouse does not tell."""
    try:
        return bound_places(manifest, warehouse, settings), []
    except AidbtError as error:
        said = f"the bounds that data tests compare with were not written: {error.message}"
        return {}, [Finding("monitor.bounds_not_written", Severity.WARN, "aidbt_monitor_bounds", said)]
