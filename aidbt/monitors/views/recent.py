"""The mean of the last few buckets: finds what is too small to be seen in one and stays."""

from __future__ import annotations

from collections import deque

import numpy as np

from aidbt.monitors.baseline.mixture import Steady
from aidbt.monitors.baseline.sheet import Sheet
from aidbt.monitors.baseline.tails import score_of, upper_tail
from aidbt.monitors.views.good_news import GoodNews
from aidbt.monitors.views.own import Outlook, OwnPast

_FEWEST = 14
# One bucket alone adds at most so many deviations, so that the mean is of all of them.
_BOUND = 4.0


class RecentMean:
    """Deviations of M monitors over the last `span` buckets from what was usual before these."""

    def __init__(self, sheet: Sheet, span: int) -> None:
        self._sheet = sheet
        self._span = span
        self._past: deque[Steady] = deque(maxlen=span + 1)
        self._noise: deque[np.ndarray] = deque(maxlen=span)
        self._variance = 0.5 * sheet.prior**2
        self._count = np.zeros(len(sheet.place))
        self._good_news = GoodNews(sheet)

    def step(self, bucket: int, outlook: Outlook, own: OwnPast) -> np.ndarray:
        """−log10 of the probability of such a mean, M; 0 where it says nothing or points elsewhere.

        To be called right after `own` has learned this bucket.
        """
        score = np.zeros(len(self._count))
        self._noise.append(outlook.noise)
        if len(self._past) > self._span:
            score = self._judged(bucket, outlook)
        self._past.append(own.mixture.steady())
        return score

    def _judged(self, bucket: int, outlook: Outlook) -> np.ndarray:
        sheet = self._sheet
        usual = self._past[0]
        total, count = np.zeros(len(self._count)), np.zeros(len(self._count))
        bound = _BOUND * outlook.deviation
        for back in range(self._span):
            then = bucket - back
            value = sheet.scaled[then]
            counts = ~np.isnan(value) & ~sheet.is_soft[then]
            off = np.clip(value - usual.expected(sheet.moment(then)), -bound, bound)
            total += np.where(counts, off, 0)
            count += counts
        mean = total / self._span
        judged = count == self._span
        noise = sum(self._noise, np.zeros(len(mean))) / self._span**2
        variance = np.maximum(self._variance, 0.5 * sheet.floor**2) * (1 + 2 / np.maximum(self._count, 1))
        off = mean / np.sqrt(variance + noise)
        score = np.where(judged & (self._count >= _FEWEST), score_of(2 * upper_tail(np.abs(off))), 0)
        score = self._good_news.left_of(score, bucket, mean > 0, outlook.mean)
        rate = np.maximum(1 / (self._count + 4), 0.02) * (judged & (np.abs(off) < 5))
        self._variance = self._variance + rate * (np.maximum(mean**2 - noise, 0) - self._variance)
        self._count = self._count + (rate > 0)
        found: np.ndarray = score * (np.sign(mean) == outlook.sign)
        return found
