"""The detector that is used unless another is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from aidbt.core.measured import Grain
from aidbt.monitors.baseline.sheet import Sheet, sheets
from aidbt.monitors.baseline.tails import reach_of
from aidbt.monitors.calendar import next_start
from aidbt.monitors.detectors.calibration import as_score, calibrated, own_score_of
from aidbt.monitors.detectors.evidence import Evidence, bucket_before, log_odds
from aidbt.monitors.history import History, Scores
from aidbt.monitors.thresholds import threshold_of
from aidbt.monitors.views.distribution import distribution_scores
from aidbt.monitors.views.drift import Drift
from aidbt.monitors.views.own import OwnPast
from aidbt.monitors.views.recent import RecentMean
from aidbt.monitors.views.related import GivenOther
from aidbt.monitors.views.support import strongest_neighbours

# How much a drift counts beside the other views.
_DRIFT = 1.3
# Before anything is known, by how much a value goes along with its parent's and with its rows.
_PARENT_SLOPE, _ROWS_SLOPE = 1.0, 0.5
# Over how many buckets the views of recent means go.
_SPANS = (3,)


@dataclass(frozen=True, slots=True)
class StatisticalDetector:
    """Robust forecasts of every monitor, looked at in several ways, calibrated together.

    Attributes:
        false_alarms: wished at most, per 100 monitors and week; what the bands are drawn for.
    """

    false_alarms: float = 0.5

    def threshold(self, false_alarms: float | None = None, grain: Grain = "day") -> float:
        """The score from which on a bucket is an anomaly, so that at most about so many are false alarms.

        Args:
            false_alarms: wished at most, per 100 monitors and week; the detector's own when None.
        """
        return threshold_of(self.false_alarms if false_alarms is None else false_alarms, grain)

    def scores(self, history: History) -> Scores:
        """What is odd in each bucket, from that bucket and those before it alone.

        The same history always gets the same scores. What was not measured scores 0, as do the first five
        buckets of a monitor, and buckets of a full refresh.
        """
        found = self._found(history)
        evidence, has_neighbours = self._evidence(history, found)
        odds = log_odds(evidence, history.families)
        has_given = (history.parents >= 0) | (history.volumes >= 0)
        return Scores(
            score=as_score(odds, evidence.strongest, has_neighbours, has_given),
            sign=np.where(np.isfinite(history.values) & (found.seen > 0), found.sign, 0),
            expected=found.expected,
            low=found.low,
            high=found.high,
            seen=found.seen,
        )

    def evidence(self, history: History) -> tuple[Evidence, np.ndarray]:
        """What all views say of each bucket, and which monitors have neighbours, M."""
        return self._evidence(history, self._found(history))

    def _found(self, history: History) -> _Found:
        found = _Found.empty(history.values.shape)
        for sheet in sheets(history):
            self._judge(sheet, history.grain, found)
        return found

    def _evidence(self, history: History, found: _Found) -> tuple[Evidence, np.ndarray]:
        families = history.families
        given, drift = calibrated(found.given, families), calibrated(found.drift, families)
        strongest = np.maximum(given, _DRIFT * drift)
        distribution = distribution_scores(history).astype(np.float32)
        for view in (found.own, found.recent, distribution):
            np.maximum(strongest, calibrated(view, families), out=strongest)
        neighbour, has_neighbours = strongest_neighbours(strongest, found.sign, history)
        before = bucket_before(strongest, found.sign)
        return Evidence(strongest, given, drift, neighbour, before, found.sign), has_neighbours

    def _judge(self, sheet: Sheet, grain: Grain, found: _Found) -> None:
        """Walks through the buckets of some monitors, one view beside the other; fills in what is found."""
        past = OwnPast(sheet, grain)
        upstream = GivenOther(sheet, sheet.parents, _PARENT_SLOPE)
        volume = GivenOther(sheet, sheet.volumes, _ROWS_SLOPE)
        lately = [RecentMean(sheet, span) for span in _SPANS]
        drift = Drift(sheet, grain)
        mean, down, up, heavy = (np.empty(sheet.scaled.shape) for _ in range(4))
        for bucket in range(len(sheet.scaled)):
            found.seen[sheet.place, bucket] = past.seen
            heavy[bucket] = past.heavy()
            outlook = past.step(bucket)
            mean[bucket], down[bucket], up[bucket] = outlook.mean, outlook.down, outlook.up
            found.own[sheet.place, bucket] = outlook.score
            found.sign[sheet.place, bucket] = outlook.sign
            given = np.maximum(upstream.step(bucket, outlook), volume.step(bucket, outlook))
            found.given[sheet.place, bucket] = given
            drift.keep(bucket, past.mixture.steady_rhythm(sheet.moment(bucket)), outlook)
            said = [view.step(bucket, outlook, past) for view in lately]
            found.recent[sheet.place, bucket] = np.maximum.reduce(said)
        found.drift[sheet.place] = drift.scores().T
        reach = reach_of(own_score_of(self.threshold(grain=grain)), heavy)
        self._draw(sheet, found, mean, mean - reach * down, mean + reach * up)

    def _draw(self, sheet: Sheet, found: _Found, mean: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """The bands of some monitors; all but `found` T × M on their scales."""
        unknown = found.seen[sheet.place].T == 0
        for target, scaled in ((found.expected, mean), (found.low, low), (found.high, high)):
            target[sheet.place] = np.where(unknown, np.nan, sheet.back(scaled)).T


@dataclass(frozen=True, slots=True)
class _Found:
    """What the views find, M × T each, filled in part by part."""

    own: np.ndarray
    given: np.ndarray
    recent: np.ndarray
    drift: np.ndarray
    sign: np.ndarray
    seen: np.ndarray
    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> _Found:
        own, given, recent, drift, expected, low, high = (np.zeros(shape, np.float32) for _ in range(7))
        sign, seen = np.zeros(shape, np.int8), np.zeros(shape, np.int32)
        return cls(
            own,
            given,
            recent,
            drift,
            sign,
            seen,
            expected.astype(float),
            low.astype(float),
            high.astype(float),
        )


def with_next(history: History, *, holidays: np.ndarray | None = None) -> History:
    """The history with one bucket more, not measured yet; `holidays` of it are M values.

    What `scores` expects of the last bucket is then what is expected next.
    """
    size = (len(history.monitors), 1)
    unknown = np.full(size, np.nan)
    day = np.zeros(size) if holidays is None else holidays.reshape(size)
    start: datetime = next_start(history.starts, history.grain)
    return replace(
        history,
        starts=(*history.starts, start),
        values=np.hstack([history.values, unknown]),
        rows=np.hstack([history.rows, unknown]),
        variances=np.hstack([history.variances, unknown]),
        refreshed=np.hstack([history.refreshed, np.zeros(size, bool)]),
        holidays=np.hstack([history.holidays, day]),
        shares={
            row: np.vstack([shares, np.full((1, shares.shape[1]), np.nan)])
            for row, shares in history.shares.items()
        },
    )
