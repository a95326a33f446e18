"""The last days against weeks ago: finds what creeps so slowly that a level follows it.

A short memory takes a slow drift for the new normal. Charts that add up small errors (Page's CUSUM,
Biometrika 41, 1954) do not, and neither does a mean of the last days beside one of weeks ago, which forgets
by itself. It is compared with two spans of the past, and only what it is off from both counts: an incident
that lies in one of them is not held against the days after it.
"""

from __future__ import annotations

import numpy as np

from aidbt.monitors.baseline.sheet import Sheet
from aidbt.monitors.baseline.tails import score_of, upper_tail
from aidbt.monitors.history import Family
from aidbt.monitors.views.own import Outlook

# Of how many days ago the means are: of the last ones, and of the two spans these are compared with.
_LATELY, _NEAR, _FAR = (0, 5), (14, 28), (28, 56)
_FEWEST_LATELY, _FEWEST_PAST = 3, 6
# Counts grow and change their level for good reasons; these seldom do.
_FAMILIES = (Family.AMOUNT, Family.RATE)
# What is further off than so many deviations counts for no more, from so many buckets on.
_BOUND, _YOUNG = 4.0, 7
# How much differences vary is learned so many days late, so that a drift does not excuse itself, at this
# rate; the first variance is worth so many of them. The lesser of two differences is smaller than one alone.
_DELAY, _RATE, _WORTH, _LESSER, _MOST = 14, 0.02, 20, 2.0, 9.0
_LEAST_VARIANCE, _OF_FLOOR = 0.5, 0.25
# So many monitors are judged at a time.
_BLOCK = 2000


class Drift:
    """Keeps M monitors' values without their rhythm, bucket by bucket, and compares them at the end."""

    def __init__(self, sheet: Sheet, grain: str) -> None:
        self._sheet = sheet
        self._days = 24 if grain == "hour" else 1
        self._columns = np.flatnonzero(sheet.is_of(*_FAMILIES))
        size = (len(sheet.scaled), len(self._columns))
        self._level, self._deviation, self._sign = (np.zeros(size, np.float32) for _ in range(3))
        self._seen = np.zeros(size[1])

    def keep(self, bucket: int, rhythm: np.ndarray, outlook: Outlook) -> None:
        """Takes in a bucket; `rhythm` is what its weekday and hour add, M."""
        sheet, who = self._sheet, self._columns
        value = np.where(sheet.is_soft[bucket], np.nan, sheet.scaled[bucket])[who]
        # while young, expectations say less than the values
        bound = np.where(self._seen < _YOUNG, np.inf, _BOUND * outlook.deviation[who])
        off = np.clip(value - outlook.mean[who], -bound, bound)
        self._level[bucket] = outlook.mean[who] - rhythm[who] + off
        self._deviation[bucket] = outlook.deviation[who]
        self._sign[bucket] = outlook.sign[who]
        self._seen += np.isfinite(value)

    def scores(self) -> np.ndarray:
        """−log10 of the probability of such a drift, T × M; each bucket from it and those before alone."""
        found = np.zeros(self._sheet.scaled.shape, np.float32)
        for at in range(0, len(self._columns), _BLOCK):
            part = slice(at, at + _BLOCK)
            floor = self._sheet.floor[self._columns[part]]
            drift, expected = self._differences(part)
            score = self._judged(drift, expected, floor)
            found[:, self._columns[part]] = score * (np.sign(drift) == self._sign[:, part])
        return found

    def _differences(self, part: slice) -> tuple[np.ndarray, np.ndarray]:
        """By how much the last days are off from both spans (NaN: not known), and the variance of that if
        errors had no memory; T × some.
        """
        sums = _Sums(self._level[:, part].astype(float))
        lately, count = sums.mean(_LATELY, self._days, _FEWEST_LATELY)
        near, count_near = sums.mean(_NEAR, self._days, _FEWEST_PAST)
        far, _ = sums.mean(_FAR, self._days, _FEWEST_PAST)
        to_near, to_far = lately - near, lately - far
        lesser = np.where(np.abs(to_near) < np.abs(to_far), to_near, to_far)
        drift = np.where(to_near * to_far < 0, 0, lesser)
        share = 1 / np.maximum(count, 1) + 1 / np.maximum(count_near, 1)
        return drift, self._deviation[:, part].astype(float) ** 2 * share

    def _judged(self, drift: np.ndarray, expected: np.ndarray, floor: np.ndarray) -> np.ndarray:
        found = np.zeros(drift.shape)
        variance, seen = np.ones(drift.shape[1]), np.zeros(drift.shape[1])
        delay = _DELAY * self._days
        for bucket in range(len(drift)):
            if bucket >= delay:
                past = drift[bucket - delay]
                who = ~np.isnan(past)
                square = np.where(who, past, 0) ** 2 / np.maximum(expected[bucket - delay], 1e-12)
                rate = np.maximum(1 / (seen + _WORTH), _RATE / self._days) * who
                variance += rate * (np.minimum(_LESSER * square, _MOST * variance) - variance)
                seen += who
            usual = expected[bucket] * np.maximum(variance, _LEAST_VARIANCE) + _OF_FLOOR * floor**2
            off = np.nan_to_num(np.abs(drift[bucket]) / np.sqrt(usual))
            found[bucket] = score_of(2 * upper_tail(off)) * (off > 0)
        return found


class _Sums:
    """Means over spans of T × M values, NaN left out, each span at once for all buckets."""

    def __init__(self, values: np.ndarray) -> None:
        measured = np.isfinite(values)
        zero = np.zeros((1, values.shape[1]))
        self._total = np.vstack([zero, np.cumsum(np.where(measured, values, 0), axis=0)])
        self._count = np.vstack([zero, np.cumsum(measured, axis=0)])

    def mean(self, span: tuple[int, int], days: int, fewest: int) -> tuple[np.ndarray, np.ndarray]:
        """Of the buckets `span[0]` to `span[1]` days ago: NaN of fewer than `fewest`; how many there are."""
        at = np.arange(1, len(self._total))
        end, begin = (np.maximum(at - ago * days, 0) for ago in span)
        count = self._count[end] - self._count[begin]
        total = self._total[end] - self._total[begin]
        return np.where(count >= fewest, total / np.maximum(count, 1), np.nan), count
