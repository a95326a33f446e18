"""What is wrong by itself: no rows where there always were some, nothing but nulls where there were few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aidbt.core.measured import Grain
from aidbt.monitors.history import Family, History, Scores
from aidbt.monitors.thresholds import threshold_of

# What a broken rule scores: clear of the threshold of any sensible budget.
BROKEN = 6.0
# Below the first of these all shares of nulls so far, at or above the second the judged one.
_FEW_NULLS, _ALL_NULLS = 0.5, 0.99
# A table that had rows in fewer buckets has no "always".
_ALWAYS = 7


def broken_rules(history: History) -> np.ndarray:
    """`BROKEN` where a rule is broken that the buckets before it kept, else 0; M × T."""
    known = np.isfinite(history.values)
    before = np.cumsum(known, axis=1) - known
    low = _before(np.minimum.accumulate(np.where(known, history.values, np.inf), axis=1), np.inf)
    high = _before(np.maximum.accumulate(np.where(known, history.values, -np.inf), axis=1), -np.inf)
    is_rows = np.array([family is Family.COUNT for family in history.families]) & (history.volumes < 0)
    is_rate = np.array([family is Family.RATE for family in history.families])
    gone = is_rows[:, None] & (history.values == 0) & (low > 0)
    all_null = is_rate[:, None] & (history.values >= _ALL_NULLS) & (high < _FEW_NULLS)
    return np.where((gone | all_null) & known & (before >= _ALWAYS), BROKEN, 0.0)


def _before(running: np.ndarray, first: float) -> np.ndarray:
    """Of each bucket what was true up to the one before."""
    return np.hstack([np.full((len(running), 1), first), running[:, :-1]])


@dataclass(frozen=True, slots=True)
class RulesDetector:
    """The rules alone: certain, and blind to everything else.

    Attributes:
        false_alarms: wished at most, per 100 monitors and week; rules have no bands that depend on it.
    """

    false_alarms: float = 0.5

    def threshold(self, false_alarms: float | None = None, grain: Grain = "day") -> float:
        """The score above which a bucket is an anomaly; a broken rule is above it whatever is wished."""
        wished = self.false_alarms if false_alarms is None else false_alarms
        return min(threshold_of(wished, grain), BROKEN - 1)

    def scores(self, history: History) -> Scores:
        """What breaks a rule in each bucket, from that bucket and those before it alone."""
        score = broken_rules(history)
        is_rate = np.array([family is Family.RATE for family in history.families])[:, None]
        sign = np.where(score > 0, np.where(is_rate, 1, -1), 0).astype(np.int8)
        known = np.isfinite(history.values)
        seen = np.cumsum(known, axis=1) - known
        nothing = np.full(score.shape, np.nan)
        return Scores(score, sign, nothing, nothing.copy(), nothing.copy(), seen)
