"""The shares of a column's values alone, as a detector: which share moved more than chance moves it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aidbt.core.measured import Grain
from aidbt.monitors.detectors.calibration import calibrated
from aidbt.monitors.history import History, Scores
from aidbt.monitors.thresholds import threshold_of
from aidbt.monitors.views.distribution import distribution_scores


@dataclass(frozen=True, slots=True)
class DistributionDetector:
    """Only monitors of distributions get scores; `statistical` looks at them in this way among others.

    Attributes:
        false_alarms: wished at most, per 100 monitors and week; shares have no bands that depend on it.
    """

    false_alarms: float = 0.5

    def threshold(self, false_alarms: float | None = None, grain: Grain = "day") -> float:
        """The score above which a bucket is an anomaly."""
        return threshold_of(self.false_alarms if false_alarms is None else false_alarms, grain)

    def scores(self, history: History) -> Scores:
        """How odd the shares of each bucket are, from that bucket and those before it alone."""
        score = calibrated(distribution_scores(history), history.families)
        known = np.zeros(score.shape, bool)
        for row, shares in history.shares.items():
            known[row] = np.isfinite(shares).all(axis=1)
        seen = np.cumsum(known, axis=1) - known
        nothing = np.full(score.shape, np.nan)
        # A distance has one direction.
        return Scores(score, (score > 0).astype(np.int8), nothing, nothing.copy(), nothing.copy(), seen)
