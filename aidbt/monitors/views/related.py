"""A bucket given what happened to another monitor: the same metric upstream, or the node's rows.

A surprise that the other one had too is explained by it, so that what is left is compared far more
sharply: a regression of one's residuals on the other's, learned as it goes.
"""

from __future__ import annotations

import numpy as np

from aidbt.monitors.sheet import Sheet
from aidbt.monitors.tails import score_of, upper_tail
from aidbt.monitors.views.good_news import GoodNews
from aidbt.monitors.views.own import Outlook

_FEWEST = 6
_FORGET = 0.97
SLOPE_DOUBT = 0.1
# How sure the slope is beforehand, in squared prior deviations of the monitor.
_PRIOR_WEIGHT = 0.02
# What is further off than so many standard errors is not learned from.
_TOO_FAR = 6.0


class GivenOther:
    """Regressions of M monitors' residuals, each on that of another."""

    def __init__(self, sheet: Sheet, others: np.ndarray, slope: float) -> None:
        self._sheet = sheet
        self._has = others >= 0
        self._others = np.where(self._has, others, 0)
        self._slope = slope
        self._weight = _PRIOR_WEIGHT * sheet.prior**2
        self._xy = np.zeros(len(others))
        self._xx = np.zeros(len(others))
        self._variance = sheet.prior**2
        self._count = np.zeros(len(others))
        self._good_news = GoodNews(sheet)

    def step(self, bucket: int, outlook: Outlook) -> np.ndarray:
        """−log10 of the probability of what the other does not explain, M; 0 where nothing can be said."""
        sheet = self._sheet
        other = outlook.residual[self._others]
        judged = self._has & ~np.isnan(outlook.residual) & ~np.isnan(other) & ~sheet.is_soft[bucket]
        own, other = np.where(judged, outlook.residual, 0), np.where(judged, other, 0)
        slope = (self._xy + self._weight * self._slope) / (self._xx + self._weight)
        left = own - slope * other
        variance = np.maximum(self._variance, 0.5 * sheet.floor**2)
        # the further out the other is, the more the slope's own error counts
        of_slope = other**2 * (variance / (self._xx + self._weight) + SLOPE_DOUBT**2)
        deviation = np.sqrt(variance * (1 + 2 / np.maximum(self._count, 1)) + of_slope + outlook.noise)
        off = left / deviation
        score = np.where(judged & (self._count >= _FEWEST), score_of(2 * upper_tail(np.abs(off))), 0)
        score = self._good_news.left_of(score, bucket, left > 0, outlook.mean)
        self._learn(outlook, own, other, left, judged & (np.abs(off) < _TOO_FAR))
        return score

    def _learn(
        self, outlook: Outlook, own: np.ndarray, other: np.ndarray, left: np.ndarray, who: np.ndarray
    ) -> None:
        bound = 3 * outlook.deviation[self._others]
        x = np.clip(other, -bound, bound)
        y = np.clip(own, -4 * outlook.deviation, 4 * outlook.deviation)
        self._xy = np.where(who, _FORGET * self._xy + x * y, self._xy)
        self._xx = np.where(who, _FORGET * self._xx + x * x, self._xx)
        bound = 3 * np.sqrt(self._variance)
        square = np.maximum(np.clip(left, -bound, bound) ** 2 - outlook.noise, 0)
        rate = np.maximum(1 / (self._count + 3), 0.03) * who
        self._variance = self._variance + rate * (square - self._variance)
        self._count = self._count + who
