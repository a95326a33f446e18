"""Reading what a report says, from the store alone: the warehouse is not asked, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from aidbt.core.config import Settings
from aidbt.core.errors import AidbtError
from aidbt.core.incidents import Incident
from aidbt.core.measured import Grain
from aidbt.monitors.incidents.changes import open_ones
from aidbt.monitors.incidents.surroundings import Surroundings, surroundings
from aidbt.monitors.judging.checking import COLD_START_BUCKETS
from aidbt.observability.coinciding import coinciding
from aidbt.observability.cost import Costs as PeriodCosts
from aidbt.observability.cost import costs_of
from aidbt.observability.quality.known import Known
from aidbt.observability.recorded import RecordedRun, recorded_runs
from aidbt.observability.report.causes_part import attempts_of
from aidbt.observability.report.incident_charts import read_charts
from aidbt.observability.report.lineage_part import lineage_part
from aidbt.observability.report.results import declared_of, freshness_of, results_of, runs_of
from aidbt.observability.report.scored import scored
from aidbt.observability.report.values import (
    Costs,
    IncidentPart,
    MetricChart,
    NodeCost,
    Quality,
    Report,
    Spend,
    Watched,
)
from aidbt.observability.targets import left_out
from aidbt.project.manifest import Manifest
from aidbt.project.private_messages import identifiers_of
from aidbt.store import Store
from aidbt.store.buckets import Buckets, Series
from aidbt.store.incidents import Incidents
from aidbt.store.llm_ledger import LlmLedger

if TYPE_CHECKING:
    import numpy as np

    from aidbt.monitors.feedback.verdicts import Feedback

_GRAINS: tuple[Grain, ...] = ("day", "hour", "run")
_SPANS = {"day": timedelta(days=1), "hour": timedelta(hours=1), "run": timedelta(0)}
_LATELY = timedelta(days=30)
# Results of nodes that are read, about 1 kB each; of a large project that is run often the newest.
_MOST_RESULTS = 400_000
_FEWEST_RUNS, _MOST_RUNS = 20, 5_000
_MOST_CALLS = 1_000_000
_MOST_OVER = 60
_MOST_COSTS = 300


def gather(
    store: Store,
    settings: Settings,
    *,
    project: str,
    manifest: Manifest | None,
    target_path: Path,
    since: datetime,
    now: datetime,
    feedback: Sequence[Feedback] = (),
    notes: Sequence[str] = (),
    target: str = "",
) -> Report:
    """What the store knows of a project, as far as it happened since a time; what is open counts anyway.

    Args:
        manifest: None where there is none; what needs it is then left out.
        target_path: where dbt's newest artifacts are.
        feedback: what people said of incidents.
        notes: what the caller could not read.
        target: whose runs count; see `recorded_runs`.

    Raises:
        StoreError: the store cannot be read.
    """
    around = surroundings(manifest) if manifest is not None else Surroundings()
    said = list(notes)
    others = left_out(store.run_targets(since=since), target)
    said += [f"{others}."] if others else []
    recorded = _recorded(store, since, said, target)
    identifiers = identifiers_of(manifest) if manifest is not None else set()
    runs = runs_of(recorded, identifiers)
    incidents = _incidents(store, since)
    charts = _charts(
        incidents, store, settings, around, [run.started_at for run in runs], feedback, now, said
    )
    said_of = coinciding(incidents, store, settings.monitors, around.parents)
    attempts = attempts_of(store, incidents, said)
    parts = [
        IncidentPart(
            one,
            charts.get(one.id, ()),
            lineage_part(one, around.parents),
            said_of.get(one.id, ()),
            attempts.get(one.id, ()),
        )
        for one in incidents
    ]
    known, quality = _quality(store, settings, manifest, target_path, since, now, said, target)
    measured = _measured(Buckets(store), manifest, settings)
    calls = LlmLedger(store).calls(_MOST_CALLS, since=since)
    costs = costs_of(recorded, calls, settings.cost, since=since, until=now)
    return Report(
        project=project,
        made_at=now,
        since=since,
        watched=measured.watched,
        incidents=tuple(parts),
        tests=results_of(recorded, around.tested, known.results, identifiers),
        freshness=freshness_of(
            measured.newest,
            measured.judged,
            declared_of(recorded, known.results),
            [one for one in incidents if not one.state.is_over],
            now,
        ),
        runs=runs,
        quality=quality,
        costs=costs_part(costs),
        spend=spend_part(costs),
        notes=tuple(said),
        target=target,
    )


def _recorded(store: Store, since: datetime, notes: list[str], target: str) -> tuple[RecordedRun, ...]:
    """The runs of the period, oldest first; a note where they are too many to be read."""
    newest = recorded_runs(store, since=since, limit=_FEWEST_RUNS, target=target)
    if len(newest) < _FEWEST_RUNS:
        return newest
    most = runs_to_read(max(len(run.results) for run in newest))
    found = recorded_runs(store, since=since, limit=most + 1, target=target)
    if len(found) <= most:
        return found
    kept = found[1:]
    notes.append(
        f"Of the runs only the newest {most:,} were read, those since {kept[0].started_at:%Y-%m-%d}."
    )
    return kept


def runs_to_read(results: int, *, most: int = _MOST_RESULTS) -> int:
    """How many runs with so many results may be read at once.

    Example:
        >>> runs_to_read(6_000), runs_to_read(1), runs_to_read(0)
        (66, 5000, 5000)
    """
    return min(max(most // max(results, 1), _FEWEST_RUNS), _MOST_RUNS)


# --- incidents ----------------------------------------------------------------------------------------


def _incidents(store: Store, since: datetime) -> list[Incident]:
    """Those that are open, the worst first, then those that ended in the period, newest first."""
    known = Incidents(store).all()
    over = [one for one in known if one.state.is_over and (one.ended_at or one.updated_at) >= since]
    over.sort(key=lambda one: (one.opened_at, one.id), reverse=True)
    return [*open_ones(known), *over[:_MOST_OVER]]


def _charts(
    incidents: Sequence[Incident],
    store: Store,
    settings: Settings,
    around: Surroundings,
    runs: Sequence[datetime],
    feedback: Sequence[Feedback],
    now: datetime,
    notes: list[str],
) -> dict[str, tuple[MetricChart, ...]]:
    """Those of each incident; a note where, for example, the country's holidays are not to be had."""
    try:
        return read_charts(
            incidents,
            Buckets(store),
            settings.monitors,
            parents=around.parents,
            runs=runs,
            feedback=feedback,
            now=now,
        )
    except AidbtError as error:
        notes.append(f"Charts of incidents could not be made: {error.message}.")
        return {}


# --- what is measured ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Measured:
    """What monitors have.

    Attributes:
        newest: node → the time (UTC) of its newest row.
        judged: nodes whose past is long enough to be judged.
    """

    watched: Watched = Watched()
    newest: Mapping[str, datetime] = field(default_factory=dict)
    judged: frozenset[str] = frozenset()


def _measured(buckets: Buckets, manifest: Manifest | None, settings: Settings) -> _Measured:
    zone = ZoneInfo(settings.monitors.timezone)
    counts = buckets.nodes()
    newest: dict[str, datetime] = {}
    seen: dict[str, int] = {}
    firsts, lasts = [], []
    for grain in _GRAINS:
        spans = {n: s for n, s in buckets.spans(grain).items() if manifest is None or manifest.find(n)}
        for series in _lately(buckets, grain, spans):
            node = series.node
            seen[node] = max(seen.get(node, 0), counts[node][grain])
            firsts.append(spans[node][0])
            lasts.append(spans[node][1])
            at = newest_row(series, zone)
            if at is not None:
                newest[node] = max(at, newest.get(node, at))
    models = [n.unique_id for n in manifest.of_type("model")] if manifest is not None else []
    watched = Watched(
        models=len(seen),
        buckets=sum(seen.values()),
        unmeasured=sum(name not in seen for name in models),
        cold=sum(number < COLD_START_BUCKETS for number in seen.values()),
        since=min(firsts, default=None),
        until=max(lasts, default=None),
    )
    return _Measured(watched, newest, frozenset(n for n, c in seen.items() if c >= COLD_START_BUCKETS))


def _lately(
    buckets: Buckets, grain: Grain, spans: Mapping[str, tuple[datetime, datetime]]
) -> Iterator[Series]:
    """The newest buckets of what was measured itself, not only its runs."""
    if not spans:
        return
    since = max(last for _, last in spans.values()) - _LATELY
    late = [node for node, (_, last) in spans.items() if last < since]
    for series in buckets.read(spans.keys() - set(late), grain, since=since):
        if ("rows", "") in series.keys:
            yield series
    for node in late:
        series_of = buckets.series(node, grain, since=spans[node][1])
        if series_of is not None and ("rows", "") in series_of.keys:
            yield series_of


def newest_row(series: Series, zone: ZoneInfo) -> datetime | None:
    """The time (UTC) of the newest row that any bucket had; None where none has a time.

    Args:
        zone: in which days begin.
    """
    import numpy as np

    ages: np.ndarray = series.fact("event_age_s")
    if not np.isfinite(ages).any():
        return None
    span = _SPANS[series.grain]
    of = zone if series.grain == "day" else UTC
    times = [
        (start + span).replace(tzinfo=of).astimezone(UTC) - timedelta(seconds=float(age))
        for start, age in zip(series.starts, ages, strict=True)
        if np.isfinite(age)
    ]
    return max(times)


# --- quality ------------------------------------------------------------------------------------------


def _quality(
    store: Store,
    settings: Settings,
    manifest: Manifest | None,
    target_path: Path,
    since: datetime,
    now: datetime,
    notes: list[str],
    target: str,
) -> tuple[Known, Quality | None]:
    if manifest is None:
        return Known(), None
    try:
        return scored(manifest, store, target_path, settings.quality, since=since, now=now, target=target)
    except AidbtError as error:
        notes.append(f"Quality could not be scored: {error.message}.")
        return Known(), None


# --- costs --------------------------------------------------------------------------------------------


def costs_part(costs: PeriodCosts) -> Costs | None:
    """What nodes took, in the report's form; None where nothing ran."""
    if not costs.nodes:
        return None
    nodes = tuple(
        NodeCost(
            node=one.unique_id,
            seconds=one.seconds,
            runs=one.runs,
            share=one.share,
            trend=tuple(seconds for _, seconds in one.trend),
            change=None if one.change is None else 1 + one.change,
            bytes=one.bytes_billed,
            money=one.money,
        )
        for one in costs.nodes[:_MOST_COSTS]
    )
    left_out = max(len(costs.nodes) - _MOST_COSTS, 0)
    return Costs(nodes, costs.seconds, costs.money, costs.currency, left_out)


def spend_part(costs: PeriodCosts) -> Spend | None:
    """What language models did cost, in the report's form; None where none was called."""
    if not costs.llm:
        return None
    is_money = costs.llm_cost > 0
    first, last = costs.since.astimezone(UTC).date(), costs.until.astimezone(UTC).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)] if is_money else []
    return Spend(
        calls=sum(one.calls for one in costs.llm),
        tokens=sum(one.tokens for one in costs.llm),
        money=float(costs.llm_cost) if is_money else None,
        days=tuple(
            (datetime(day.year, day.month, day.day, tzinfo=UTC), float(costs.llm_by_day.get(day, 0)))
            for day in days
        ),
        kinds=tuple(
            (one.feature, one.model, one.calls, one.tokens, float(one.cost) if one.cost else None)
            for one in costs.llm
        ),
        is_money=is_money,
    )
