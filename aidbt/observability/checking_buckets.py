"""The buckets of one grain judged: what is odd, what has passed, and the bounds of those that come."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from aidbt.core.config import MonitorSettings
from aidbt.core.measured import Anomaly, Grain, Monitor
from aidbt.monitors.calendar import holidays_of
from aidbt.monitors.detectors.registry import PRESETS, detector_of
from aidbt.monitors.feedback.holding import Expected
from aidbt.monitors.feedback.verdicts import Adjustment, Alert, Feedback, is_said_fine, learned_from
from aidbt.monitors.histories import SPANS, history_of
from aidbt.monitors.judging.bounds import AHEAD, Bound, Place, bounds_of, with_ahead
from aidbt.monitors.judging.categories import category_anomalies, category_changes, moved_most
from aidbt.monitors.judging.checking import COLD_START_BUCKETS, check
from aidbt.monitors.judging.declared import monitor_tests
from aidbt.monitors.judging.due import Judged, after_judging, buckets_late, due, is_news, unripe_since
from aidbt.monitors.judging.remembered import judged_key, most_late
from aidbt.monitors.judging.ripening import key_of, ripe_after, with_firsts, without_unripe
from aidbt.monitors.metrics import DISTRIBUTION, USUAL
from aidbt.observability.adjusting import adjusted_thresholds, limits_of
from aidbt.observability.checked import Check, Checked, Remembered
from aidbt.project.manifest import Manifest
from aidbt.project.selection import all_above, upstream_of
from aidbt.store.buckets import Series

if TYPE_CHECKING:
    from aidbt.monitors.history import History, Scores


@dataclass(frozen=True, slots=True)
class Judging:
    """What a check is made with; `since` and `until` (not included) are local times of buckets to judge."""

    manifest: Manifest
    settings: MonitorSettings
    since: datetime | None
    until: datetime | None
    now: datetime
    places: Mapping[str, Place]
    dialect: str
    feedback: Sequence[Feedback] = ()
    alerts: Sequence[Alert] = ()


def check_grain(series: Sequence[Series], before: Mapping[str, Judged], judging: Judging) -> Check:
    """What is odd in the buckets of one grain, and the bounds of those that come."""
    settings = judging.settings
    raw = _history(series, judging)
    if raw is None:
        return Check(Checked())
    grain = raw.grain
    most = most_late(grain, settings)
    known = {one.node: before.get(one.node, Judged()) for one in series}
    ripe = {node: ripe_after(judged, grain, most) for node, judged in known.items()}
    expected = Expected(judging.feedback, raw, series, _above(judging), judging.alerts)
    scored = _scored(without_unripe(raw, ripe, series), series, judging, expected)
    late = {one.node: buckets_late(known[one.node], one, most) for one in series}
    digests = {one.node: _due_of(one, before.get(one.node), late[one.node], judging) for one in series}
    again = {one.node: _waiting(known[one.node], digests[one.node], judging) for one in series}
    turn = _Turn(digests, again, ripe)
    anomalies, passed = _odd(scored, series, turn, PRESETS[settings.preset])
    news = [
        anomaly
        for anomaly in anomalies
        if is_news(before.get(anomaly.monitor.node), anomaly) and not expected.covers(anomaly)
    ]
    remembered = _remembered(raw, series, known, turn, anomalies, most)
    newest = scored.scores.seen[:, len(scored.history.starts) - 1 - AHEAD[grain]]
    found = Checked(
        monitors=len(scored.history.monitors),
        cold=int((newest < COLD_START_BUCKETS).sum()),
        buckets=sum(len(starts) for starts in digests.values()),
        anomalies=tuple(news),
        known=len(anomalies) - len(news),
        passed=passed,
        well=_well(scored.history, series, turn, anomalies),
        bounds=tuple(expected.widened(_bounds(scored, series, late, ripe, judging))),
    )
    return Check(found, Remembered(judged=remembered, adjusted=scored.adjusted))


def _remembered(
    raw: History,
    series: Sequence[Series],
    known: Mapping[str, Judged],
    turn: _Turn,
    anomalies: Sequence[Anomaly],
    most: int,
) -> dict[str, Judged]:
    """What the store keeps of each node; `raw` is with what is not ripe yet."""
    rows: dict[str, list[int]] = {one.node: [] for one in series}
    for row, monitor in enumerate(raw.monitors):
        rows[monitor.node].append(row)
    odd: dict[str, list[Anomaly]] = {one.node: [] for one in series}
    for anomaly in anomalies:
        odd[anomaly.monitor.node].append(anomaly)
    return {
        judged_key(one.node, raw.grain): after_judging(
            with_firsts(known[one.node], raw, rows[one.node], one, most),
            one,
            turn.digests[one.node],
            odd[one.node],
            most=most,
            ripe=turn.ripe[one.node],
        )
        for one in series
    }


def _due_of(series: Series, before: Judged | None, late: int, judging: Judging) -> dict[datetime, str]:
    found = due(before, series, late=late, late_days=judging.settings.late_days, since=judging.since)
    return {s: digest for s, digest in found.items() if judging.until is None or s < judging.until}


def _waiting(before: Judged, digests: Mapping[datetime, str], judging: Judging) -> frozenset[datetime]:
    """The buckets that monitors which ripen are judged in, if they are ripe."""
    if judging.since is not None:
        return frozenset(digests)
    until = judging.until or datetime.max
    return frozenset(digests).union(start for start in before.unripe if start < until)


def _above(judging: Judging) -> Mapping[str, Collection[str]]:
    """Node → all that it is made of; nothing where nobody said anything."""
    return all_above(judging.manifest) if judging.feedback else {}


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is judged this time, by node.

    Attributes:
        digests: its buckets.
        again: the buckets of monitors that ripen.
        ripe: `key_of` each of these → after how many further buckets it is ripe.
    """

    digests: Mapping[str, Mapping[datetime, str]]
    again: Mapping[str, frozenset[datetime]]
    ripe: Mapping[str, Mapping[str, int]]

    def starts(self, monitor: Monitor) -> Collection[datetime]:
        """The buckets of one monitor, ripe or not."""
        ripens = key_of(monitor) in self.ripe[monitor.node]
        return self.again[monitor.node] if ripens else self.digests[monitor.node].keys()

    def values_of(self, series: Series, column: str) -> frozenset[datetime]:
        """The buckets in which the values of a column of codes are judged: ripe as their distribution is."""
        monitor = Monitor(series.node, DISTRIBUTION, column)
        since = unripe_since(series, self.ripe[series.node].get(key_of(monitor), 0))
        return frozenset(start for start in self.starts(monitor) if start < since)


@dataclass(frozen=True, slots=True)
class _Scored:
    """A history with the buckets that are foretold, and what a detector made of it.

    Attributes:
        limits: of each monitor, the score from which on a bucket is an anomaly; `threshold` without what
            people said of it.
    """

    history: History
    scores: Scores
    threshold: float
    limits: np.ndarray
    adjusted: dict[Monitor, Adjustment]


def _history(series: Sequence[Series], judging: Judging) -> History | None:
    """None where nothing is to be watched."""
    settings = judging.settings
    return history_of(
        series,
        upstream=upstream_of(judging.manifest),
        metrics=settings.metrics or USUAL,
        holidays=partial(holidays_of, settings.country) if settings.country else None,
    )


def _scored(history: History, series: Sequence[Series], judging: Judging, expected: Expected) -> _Scored:
    settings = judging.settings
    detector = detector_of(settings.preset, settings.false_alarms)
    threshold = detector.threshold(settings.false_alarms, history.grain)
    adjusted = adjusted_thresholds(
        history,
        series,
        detector,
        threshold,
        judging.feedback,
        judging.alerts,
        settings.metrics or USUAL,
    )
    history = learned_from(history, (*judging.feedback, *expected.implied()))
    ahead = with_ahead(history, _holidays_ahead(history, settings))
    limits = limits_of(ahead, threshold, adjusted)
    return _Scored(ahead, detector.scores(ahead), threshold, limits, adjusted)


def _odd(
    scored: _Scored, series: Sequence[Series], turn: _Turn, detector: str
) -> tuple[list[Anomaly], dict[Monitor, datetime]]:
    """What is odd in the buckets that are judged, and the newest bucket of each monitor that is not."""
    is_due = _due(scored.history, turn)
    anomalies = check(scored.history, scored.scores, scored.limits, judged=is_due, detector=detector)
    passed = _newest(scored.history, is_due, anomalies)
    of_node = {one.node: one for one in series}
    anomalies = [
        _with_not_finite(_with_moved(anomaly, of_node[anomaly.monitor.node]), of_node[anomaly.monitor.node])
        for anomaly in anomalies
    ]
    for one in series:
        new, well = _categories(one, turn, scored.threshold)
        anomalies += new
        passed |= well
    return anomalies, passed


def _holidays_ahead(history: History, settings: MonitorSettings) -> np.ndarray | None:
    if not settings.country or history.grain == "run":
        return None
    span = SPANS[history.grain]
    days = [(history.starts[-1] + span * (n + 1)).date() for n in range(AHEAD[history.grain])]
    return np.broadcast_to(holidays_of(settings.country, days), (len(history.monitors), len(days)))


def _due(history: History, turn: _Turn) -> np.ndarray:
    """M × T bool: the buckets to judge."""
    places = {start: number for number, start in enumerate(history.starts)}
    found = np.zeros(history.values.shape, bool)
    for row, monitor in enumerate(history.monitors):
        found[row, [places[start] for start in turn.starts(monitor) if start in places]] = True
    return found


def _well(
    history: History, series: Sequence[Series], turn: _Turn, anomalies: Sequence[Anomaly]
) -> dict[tuple[Grain, Monitor], tuple[datetime, ...]]:
    """Of each monitor that was odd the buckets in which it was not."""
    odd = {(anomaly.monitor, anomaly.start) for anomaly in anomalies}
    rows = {monitor: row for row, monitor in enumerate(history.monitors)}
    filled = {monitor.node: history.rows[row] > 0 for monitor, row in rows.items()}
    places = {start: number for number, start in enumerate(history.starts)}
    of_node = {one.node: one for one in series}
    found = {}
    for monitor in dict.fromkeys(monitor for monitor, _ in odd):
        row = rows.get(monitor)
        # New and vanished values have no row of their own: they are known of every bucket that has any.
        known = np.isfinite(history.values[row]) if row is not None else filled.get(monitor.node)
        if row is None:
            starts: Collection[datetime] = turn.values_of(of_node[monitor.node], monitor.column)
        else:
            starts = turn.starts(monitor)
        found[history.grain, monitor] = tuple(
            start
            for start in sorted(starts)
            if (monitor, start) not in odd and (known is None or known[places[start]])
        )
    return found


def _newest(history: History, is_due: np.ndarray, anomalies: Sequence[Anomaly]) -> dict[Monitor, datetime]:
    """Of each monitor the newest bucket that was judged and is as expected."""
    odd = {(anomaly.monitor, anomaly.start) for anomaly in anomalies}
    found = {}
    for row, bucket in np.argwhere(is_due & np.isfinite(history.values)):
        monitor, start = history.monitors[row], history.starts[bucket]
        if (monitor, start) not in odd:
            found[monitor] = start
    return found


def _categories(
    series: Series, turn: _Turn, threshold: float
) -> tuple[list[Anomaly], dict[Monitor, datetime]]:
    """Values that came and went in the buckets that are judged; and the newest bucket without any."""
    anomalies: list[Anomaly] = []
    passed: dict[Monitor, datetime] = {}
    period = {"day": 7, "hour": 24, "run": 0}[series.grain]
    columns = sorted({column for shares in series.shares for column in shares})
    judged = {column: turn.values_of(series, column) for column in columns}
    for place, start in enumerate(series.starts):
        for column in columns:
            if start not in judged[column]:
                continue
            shares = [found.get(column, {}) for found in series.shares[: place + 1]]
            if not shares[-1]:  # no rows, or a bucket of a run of dbt: nothing is known to have come back
                continue
            changes = category_changes(shares[:-1], shares[-1], period=period)
            new = category_anomalies(
                series.node, column, changes, start, threshold=threshold, grain=series.grain
            )
            anomalies += new
            odd = {anomaly.monitor.metric for anomaly in new}
            for metric in {"new_values", "vanished_values"} - odd:
                passed[Monitor(series.node, metric, column)] = start
    return anomalies, passed


def _with_moved(anomaly: Anomaly, series: Series) -> Anomaly:
    """An anomaly of a distribution with the value that moved most."""
    if anomaly.monitor.metric != DISTRIBUTION:
        return anomaly
    place = series.starts.index(anomaly.start)
    shares = [found.get(anomaly.monitor.column, {}) for found in series.shares[: place + 1]]
    moved = moved_most(shares[:-1], shares[-1])
    if not moved:
        return anomaly
    return replace(
        anomaly, message=f"{anomaly.message}: {moved}", evidence={**anomaly.evidence, "moved": moved}
    )


def _with_not_finite(anomaly: Anomaly, series: Series) -> Anomaly:
    """An anomaly of nulls with how many of them are NaN or infinite."""
    if anomaly.monitor.metric != "null_rate":
        return anomaly
    found = float(series.fact("not_finite", anomaly.monitor.column)[series.starts.index(anomaly.start)])
    if not found > 0:
        return anomaly
    said = f"{found:,.0f} of them {'is' if found == 1 else 'are'} NaN or infinite"
    return replace(anomaly, message=f"{anomaly.message}; {said}")


def _bounds(
    scored: _Scored,
    series: Sequence[Series],
    late: Mapping[str, int],
    ripe: Mapping[str, Mapping[str, int]],
    judging: Judging,
) -> list[Bound]:
    """The bounds for the data tests: of the bucket that was complete last, and of those that come."""
    history = scored.history
    wanted = [test.monitor for test in monitor_tests(judging.manifest)]
    here = {one.node for one in series}
    places = {
        node: replace(place, late=late.get(node, 0))
        for node, place in judging.places.items()
        if node in here and bool(place.event_time) == (history.grain != "run")
    }
    if not places or not wanted:
        return []
    newest = history.starts[-1 - AHEAD[history.grain]]
    span = SPANS.get(history.grain, timedelta(0))
    ages = [age for of_node in ripe.values() for age in of_node.values()]
    since = newest - span * max([*late.values(), *ages], default=0)
    return bounds_of(
        history,
        scored.scores,
        places,
        wanted,
        threshold=scored.threshold,
        limits=scored.limits,
        is_fine=said_fine(judging.manifest, judging.feedback, history.grain),
        ripe_after=lambda monitor: ripe.get(monitor.node, {}).get(key_of(monitor), 0),
        since=since if history.grain != "run" else newest + timedelta(microseconds=1),
        dialect=judging.dialect,
        timezone=judging.settings.timezone,
        now=judging.now,
    )


def said_fine(
    manifest: Manifest, feedback: Sequence[Feedback], grain: Grain
) -> Callable[[Monitor, datetime], bool]:
    """What tells of which buckets people said that nothing is wrong with them."""
    above = all_above(manifest) if feedback else {}
    settles = SPANS.get(grain, timedelta(0)) * COLD_START_BUCKETS
    return partial(is_said_fine, feedback, above, settles)
