"""What else than the usual is fine: holidays, another day on which no load is expected."""

from __future__ import annotations

import numpy as np

from aidbt.monitors.baseline.sheet import Sheet
from aidbt.monitors.baseline.transforms import FRESH_MINUTES
from aidbt.monitors.history import Family

_MINUTES = {"day": 1440.0, "hour": 60.0, "run": 0.0}
# A day is taken for one without a load when rows are expected to be older than that share of a bucket.
_NO_LOAD = 0.7
# What so many holidays before did is expected of the next one too.
_HOLIDAYS = 2
_LARGEST = 3.0


class Allowed:
    """The range of expectations of M monitors on days that are not like others."""

    def __init__(self, sheet: Sheet, grain: str) -> None:
        self._sheet = sheet
        self._bucket_minutes = _MINUTES[grain]
        self._is_age = sheet.is_of(Family.MINUTES) & (self._bucket_minutes > 0)
        self._is_volume = sheet.is_of(Family.COUNT, Family.MINUTES)
        self._effects = np.zeros((_HOLIDAYS, len(sheet.place)))

    def nearest(self, bucket: int, mean: np.ndarray, sunday: np.ndarray) -> np.ndarray:
        """What is fine and nearest to the value, E × M; the expectation itself on a day like others."""
        soft = self._sheet.is_soft[bucket]
        low, high = mean, mean
        if soft.any():
            low, high = np.minimum(mean, sunday), np.maximum(mean, sunday)
            low = np.where(soft, np.minimum(low, mean + np.minimum(self._effects.max(axis=0), 0)), mean)
            high = np.where(soft, np.maximum(high, mean + np.maximum(self._effects.min(axis=0), 0)), mean)
        if bucket and self._is_age.any():
            high = self._one_load_less(bucket, high)
        value = self._sheet.scaled[bucket]
        return np.where(np.isnan(value), mean, np.clip(value, low, high))

    def _one_load_less(self, bucket: int, high: np.ndarray) -> np.ndarray:
        """Where no load is expected, rows are a bucket older than they were in the one before."""
        before = np.exp(np.clip(self._sheet.scaled[bucket - 1], 0, 30))
        older = np.log(before + self._bucket_minutes)
        no_load = self._is_age & (high > np.log(_NO_LOAD * self._bucket_minutes + FRESH_MINUTES))
        return np.where(no_load & (older > high), older, high)

    def learn(self, bucket: int, residual: np.ndarray) -> None:
        """Takes in what a public holiday did, against what would have been expected on another day."""
        who = (self._sheet.holidays[bucket] == 1) & ~np.isnan(residual) & self._is_volume
        if who.any():
            cut = np.clip(residual, -_LARGEST, _LARGEST)
            self._effects = np.where(who, np.vstack([self._effects[1:], cut]), self._effects)
