"""The charts of incidents: what was measured of the monitors that found them, and what was expected."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from aidbt.core.config import MonitorSettings
from aidbt.core.errors import UnknownName
from aidbt.core.incidents import Incident, key_of
from aidbt.core.measured import Anomaly, Grain, Monitor, node_name
from aidbt.monitors.metrics import CUSTOM, metric_of
from aidbt.observability.report.values import ChartPoint, MetricChart
from aidbt.store.buckets import Buckets

if TYPE_CHECKING:
    from aidbt.monitors.feedback.verdicts import Feedback
    from aidbt.monitors.history import History, Scores

_GRAINS: tuple[Grain, ...] = ("day", "hour", "run")
# How many buckets a chart has, and how many of them may come after an incident is over.
_SHOWN: Mapping[Grain, int] = {"day": 60, "hour": 168, "run": 60}
_AFTER: Mapping[Grain, int] = {"day": 7, "hour": 24, "run": 7}
# One thing breaks all metrics of a table: rows that are missing say more than what they would have held, and
# a distance of distributions is hard to read.
_TELLING = {"row_count": 2.0, "freshness_minutes": 2.0, "distribution": -3.0}
_OF_OPEN, _OF_OVER = 3, 1
_MOST_CHARTS = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """A chart that is to be drawn: a monitor in the light of one incident."""

    incident: Incident
    monitor: Monitor
    grain: Grain


def wanted_charts(incidents: Sequence[Incident]) -> list[Wanted]:
    """The most telling monitors of each incident: at its root before elsewhere, the surest first.

    What has no number (a column that is gone) has no chart. Incidents come in the order of the page, and
    behind a number of charts that nobody looks through there are none.
    """
    found: list[Wanted] = []
    for incident in incidents:
        best: dict[tuple[Monitor, Grain], float] = {}
        for anomaly in incident.anomalies:
            if _is_drawn(anomaly):
                key = anomaly.monitor, anomaly.grain
                telling = anomaly.score + _TELLING.get(anomaly.monitor.metric, 0.0)
                best[key] = max(best.get(key, -1.0), telling)
        ordered = sorted(best, key=lambda key: (*_rank(incident, key[0]), -best[key], key))
        most = _OF_OVER if incident.state.is_over else _OF_OPEN
        found += [Wanted(incident, monitor, grain) for monitor, grain in ordered[:most]]
    return found[:_MOST_CHARTS]


def _rank(incident: Incident, monitor: Monitor) -> tuple[bool, bool]:
    """What has passed comes after what is still odd, and other nodes after the root."""
    return key_of(monitor) in incident.well, monitor.node != incident.root


def _is_drawn(anomaly: Anomaly) -> bool:
    if anomaly.value is None:
        return False
    try:
        metric_of(anomaly.monitor.metric)
    except UnknownName:
        return False
    return True


def read_charts(
    incidents: Sequence[Incident],
    buckets: Buckets,
    settings: MonitorSettings,
    *,
    parents: Mapping[str, Collection[str]],
    runs: Sequence[datetime],
    feedback: Sequence[Feedback] = (),
    now: datetime,
) -> dict[str, tuple[MetricChart, ...]]:
    """The charts of each incident, by its id; of those whose buckets are kept no more there are none.

    Args:
        parents: what each node reads, which the band depends on.
        feedback: what people said, from which the monitors learned.

    Raises:
        MissingExtra: the country's holidays need a package that is not installed.
        StoreError: the store cannot be read.
    """
    found: dict[str, list[MetricChart]] = {}
    wanted = wanted_charts(incidents)
    for grain in _GRAINS:
        here = [one for one in wanted if one.grain == grain]
        if not here:
            continue
        history = _history(here, grain, buckets, settings, parents, now)
        if history is None:
            continue
        scores = _scores(history, settings, feedback)
        rows = {monitor: row for row, monitor in enumerate(history.monitors)}
        for one in here:
            if one.monitor in rows:
                chart = chart_of(one, history, scores, rows[one.monitor], runs)
                found.setdefault(one.incident.id, []).append(chart)
    return {id: tuple(charts) for id, charts in found.items()}


def _history(
    wanted: Sequence[Wanted],
    grain: Grain,
    buckets: Buckets,
    settings: MonitorSettings,
    parents: Mapping[str, Collection[str]],
    now: datetime,
) -> History | None:
    from aidbt.monitors.calendar import holidays_of
    from aidbt.monitors.histories import history_of

    nodes = {one.monitor.node for one in wanted}
    nodes |= {above for node in nodes for above in parents.get(node, ())}
    # An archive's incidents lie as far back as its data.
    judged = [one.incident.anomalies[-1].start for one in wanted]
    since = min(now.replace(tzinfo=None), *judged) - timedelta(days=settings.history_days + 1)
    named = {one.monitor.metric for one in wanted if not one.monitor.metric.startswith(CUSTOM)}
    return history_of(
        list(buckets.read(nodes, grain, since=since)),
        upstream={node: tuple(above) for node, above in parents.items()},
        metrics=sorted({"row_count", *named}),
        holidays=partial(holidays_of, settings.country) if settings.country else None,
    )


def _scores(history: History, settings: MonitorSettings, feedback: Sequence[Feedback]) -> Scores:
    from aidbt.monitors.detectors.registry import detector_of
    from aidbt.monitors.feedback.verdicts import learned_from

    return detector_of(settings.preset, settings.false_alarms).scores(learned_from(history, feedback))


def chart_of(
    wanted: Wanted, history: History, scores: Scores, row: int, runs: Sequence[datetime] = ()
) -> MetricChart:
    """A monitor's last buckets, or those around an incident that is over, with what was found then."""
    incident, monitor = wanted.incident, wanted.monitor
    found = {a.start: a for a in incident.anomalies if a.monitor == monitor and a.grain == history.grain}
    places = _shown(history, row, found, is_over=incident.state.is_over)
    points = []
    for place in places:
        start = history.starts[place]
        anomaly = found.get(start)
        points.append(
            ChartPoint(
                start,
                _known(history.values[row, place]),
                # What it was judged with is what counts, whatever would be expected by now.
                _known(scores.low[row, place]) if anomaly is None else anomaly.low,
                _known(scores.high[row, place]) if anomaly is None else anomaly.high,
                _said(anomaly, history.values[row, place]) if anomaly else "",
                bool(history.refreshed[row, place]),
                anomaly is not None and _has_changed(anomaly, history.values[row, place]),
            )
        )
    ticks = runs if history.grain != "run" and len(places) else ()
    return MetricChart(title_of(monitor), history.families[row], history.grain, tuple(points), tuple(ticks))


def _said(anomaly: Anomaly, value: float) -> str:
    """What was found, and that it is not so any more where the bucket was measured again."""
    return f"{anomaly.message} (measured again since)" if _has_changed(anomaly, value) else anomaly.message


def _has_changed(anomaly: Anomaly, value: float) -> bool:
    was = math.nan if anomaly.value is None else anomaly.value
    return not math.isclose(was, value, rel_tol=0.01, abs_tol=1e-9)


def title_of(monitor: Monitor) -> str:
    """What a chart shows, e.g. "orders.email: share of nulls"."""
    of = node_name(monitor.node)
    words = metric_of(monitor.metric).words or monitor.metric.replace("_", " ")
    return f"{of}.{monitor.column}: {words}" if monitor.column else f"{of}: {words}"


def _shown(history: History, row: int, found: Mapping[datetime, Anomaly], *, is_over: bool) -> list[int]:
    """The places of the buckets that are drawn: the newest ones; of an incident that is over, or that lies
    far back in the data, those around what was odd last.
    """
    known = [place for place in range(len(history.starts)) if math.isfinite(history.values[row, place])]
    odd = [place for place in range(len(history.starts)) if history.starts[place] in found]
    if history.grain == "run":  # the runs of other nodes are not this one's
        places = known
    else:
        places = list(range(max([*known[-1:], *odd[-1:], -1]) + 1))
    most = _SHOWN[history.grain]
    after = [place for place in places if odd and place > odd[-1]]
    if odd and (is_over or len(after) > most * 3 // 4):
        places = places[: len(places) - max(0, len(after) - _AFTER[history.grain])]
    return places[-most:]


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
