"""From scores to anomalies: which buckets are judged, from which score on, and what is said of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from aidbt.core.measured import Anomaly
from aidbt.monitors.history import Family, History, Scores
from aidbt.monitors.metrics import metric_of
from aidbt.monitors.wording import told_anomaly

# With fewer buckets seen a monitor is in cold start: it tells only what is ten times less likely, and warns.
COLD_START_BUCKETS = 14
COLD_START_MARGIN = 1.0
# Of shares and of ages the least difference that matters is in their own unit, of everything else relative.
_ABSOLUTE = (Family.RATE, Family.MINUTES)
_WEEKS_SHOWN = 4


def check(
    history: History,
    scores: Scores,
    threshold: float | np.ndarray,
    since: datetime | None = None,
    *,
    judged: np.ndarray | None = None,
    detector: str = "statistical",
) -> list[Anomaly]:
    """The buckets that are not as expected, oldest first and the surest first among those of a bucket.

    What was not measured, or is no finite number, is no anomaly here; neither is a difference too small to
    matter.

    Args:
        threshold: the score from which on a bucket is an anomaly; one for all, or M of them.
        since: buckets that begin before are not judged.
        judged: M × T bool, which buckets are judged; None is all of them.
    """
    is_due = np.ones(history.values.shape, bool) if judged is None else judged.copy()
    if since is not None:
        is_due &= np.array([start >= since for start in history.starts])[None, :]
    is_odd = is_due & odd_buckets(history, scores, threshold)
    places = sorted(np.argwhere(is_odd).tolist(), key=lambda at: (at[1], -scores.score[at[0], at[1]], at[0]))
    return [_anomaly(history, scores, monitor, bucket, detector) for monitor, bucket in places]


def odd_buckets(history: History, scores: Scores, threshold: float | np.ndarray) -> np.ndarray:
    """M × T bool: what is an anomaly from that score on (one for all monitors, or M of them)."""
    limits = np.broadcast_to(np.asarray(threshold, float), (len(history.monitors),))[:, None]
    limits = limits + COLD_START_MARGIN * (scores.seen < COLD_START_BUCKETS)
    with np.errstate(invalid="ignore"):
        found: np.ndarray = np.isfinite(history.values) & (scores.score >= limits) & matters(history, scores)
    return found


def matters(history: History, scores: Scores) -> np.ndarray:
    """M × T bool: whether a value is far enough from what was expected that somebody might act on it.

    Where nothing is expected every value is.
    """
    least = np.array([metric_of(monitor.metric).least for monitor in history.monitors])[:, None]
    is_absolute = np.array([family in _ABSOLUTE for family in history.families])[:, None]
    with np.errstate(invalid="ignore"):
        needed = np.where(is_absolute, least, least * np.abs(scores.expected))
        away = np.abs(history.values - scores.expected)
        found: np.ndarray = np.isnan(scores.expected) | ((away > 0) & (away >= needed))
    return found


def _anomaly(history: History, scores: Scores, row: int, bucket: int, detector: str) -> Anomaly:
    monitor, family, start = history.monitors[row], history.families[row], history.starts[bucket]
    value = float(history.values[row, bucket])
    expected, low, high = (float(found[row, bucket]) for found in (scores.expected, scores.low, scores.high))
    alike = list(_alike(history, row, bucket))
    message = told_anomaly(
        monitor, family, start, history.grain, value=value, low=low, high=high, expected=expected, alike=alike
    )
    seen = int(scores.seen[row, bucket])
    is_cold = seen < COLD_START_BUCKETS
    evidence = {"seen": f"{seen}"}
    if is_cold:
        message += f"; only {seen} buckets are known so far"
        evidence["cold_start"] = "true"
    return Anomaly(
        monitor=monitor,
        start=start,
        grain=history.grain,
        score=round(float(scores.score[row, bucket]), 3),
        message=message,
        value=value,
        expected=_known(expected),
        low=_known(low),
        high=_known(high),
        detector=detector,
        evidence=evidence,
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _alike(history: History, row: int, bucket: int) -> Iterator[float]:
    """The values of the same weekday in the weeks before, newest first; none unless buckets are days."""
    if history.grain != "day":
        return
    place = {start: number for number, start in enumerate(history.starts[:bucket])}
    for week in range(1, _WEEKS_SHOWN + 1):
        before = place.get(history.starts[bucket] - timedelta(weeks=week))
        if before is not None and np.isfinite(history.values[row, before]):
            yield float(history.values[row, before])
