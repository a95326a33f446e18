"""A bucket given the value of another monitor: the same metric upstream, or the node's rows.

A model keeps about the same share of its parent's rows, and keys grow with rows, so that the one is known far
better from the other than from its own past. A line through both (least squares, older buckets forgotten,
leaning on a slope known beforehand) takes out what they have in common. It needs no forecast of either, so
that it stays right on holidays, after a growth step and while a level is learned anew.
"""

from __future__ import annotations

import numpy as np

from aidbt.monitors.baseline.sheet import Sheet
from aidbt.monitors.baseline.tails import score_of, upper_tail
from aidbt.monitors.views.good_news import GoodNews
from aidbt.monitors.views.own import Outlook

_FEWEST = 8
_FORGET = 0.98
# How sure the slope is beforehand, in squared prior deviations of the monitor.
_SLOPE_WORTH = 0.5
# What is further off than so many standard errors is not learned from, unless that goes on for so long.
_TOO_FAR, _ACCEPTED_AFTER = 5.0, 10
# One bucket counts for at most so many deviations, and at least so much when the spread is learned.
_BOUND, _RATE = 3.0, 0.04


class GivenOther:
    """Lines of M monitors' values over those of another each, on their scales."""

    def __init__(self, sheet: Sheet, others: np.ndarray, slope: float) -> None:
        size = len(others)
        self._sheet = sheet
        self._has = others >= 0
        self._others = np.where(self._has, others, 0)
        self._slope = slope
        self._worth = _SLOPE_WORTH * sheet.prior**2
        self._x, self._y, self._xx, self._xy, self._weight, self._count = (np.zeros(size) for _ in range(6))
        self._variance = sheet.prior**2
        self._far_for = np.zeros(size, int)
        self._good_news = GoodNews(sheet)

    def step(self, bucket: int, outlook: Outlook) -> np.ndarray:
        """−log10 of the probability of being so far from the line, M; 0 where nothing can be said, or where
        the value is not off in that direction from its own past.
        """
        sheet = self._sheet
        value = sheet.scaled[bucket]
        other = value[self._others]
        judged = self._has & ~np.isnan(value) & ~np.isnan(other) & ~sheet.refreshed[bucket]
        right = np.where(judged, other - self._x, 0)
        up = np.where(judged, value - self._y, 0)
        left = up - right * (self._xy + self._worth * self._slope) / (self._xx + self._worth)
        variance = np.maximum(self._variance, 0.5 * sheet.floor**2)
        # the further out the other is, and the fewer buckets the line is of, the less it is known
        doubt = 1 / np.maximum(self._weight, 1e-9) + right**2 / (self._xx + self._worth)
        deviation = np.sqrt(variance * (1 + doubt) + outlook.noise)
        off = left / deviation
        known = judged & (self._count >= _FEWEST)
        score = np.where(known, score_of(2 * upper_tail(np.abs(off))), 0)
        score = self._good_news.left_of(score, bucket, left > 0, outlook.mean)
        is_far = known & (np.abs(off) > _TOO_FAR)
        self._far_for = np.where(judged, np.where(is_far, self._far_for + 1, 0), self._far_for)
        who = judged & (~is_far | (self._far_for > _ACCEPTED_AFTER))
        bound = _BOUND * deviation
        self._learn_spread(np.clip(left, -bound, bound) ** 2, outlook.noise, who & (self._weight > 0))
        self._learn_line(right, up, who)
        found: np.ndarray = score * (np.sign(left) == outlook.sign)
        return found

    def _learn_spread(self, square: np.ndarray, noise: np.ndarray, who: np.ndarray) -> None:
        beyond = np.maximum(square / (1 + 1 / np.maximum(self._weight, 1)) - noise, 0)
        rate = np.maximum(1 / (self._count + 3), _RATE) * who
        self._variance = self._variance + rate * (beyond - self._variance)

    def _learn_line(self, right: np.ndarray, up: np.ndarray, who: np.ndarray) -> None:
        """Moves the middle of both, and takes in how they go together about it."""
        about = who & (self._weight > 0)
        self._weight = np.where(who, _FORGET * self._weight + 1, self._weight)
        part = np.where(who, 1 / np.maximum(self._weight, 1), 0)
        self._xx = np.where(about, _FORGET * self._xx + (1 - part) * right**2, self._xx)
        self._xy = np.where(about, _FORGET * self._xy + (1 - part) * right * up, self._xy)
        self._x = self._x + part * right
        self._y = self._y + part * up
        self._count = self._count + who
