"""A bucket's shares of values against those of the past, with the chance that few rows leave.

Compared are square roots of shares: their squared distance (Hellinger's) has about the same variance,
(K − 1) / 4n, whatever the shares are, so that small and large tables are judged alike.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from aidbt.monitors.baseline.sheet import known_rows
from aidbt.monitors.baseline.tails import score_of
from aidbt.monitors.history import History

_FEWEST, _GUARDED, _SUSPICIOUS, _ACCEPTED_AFTER = 7, 14, 3.0, 10
_RATES = (0.05, 0.3)
_FIRST_VARIANCE = 4e-4
_FORGET = 0.9
# How many buckets a learned variance is worth: the denominator's degrees of freedom.
_FREEDOM = 30


def distribution_scores(history: History) -> np.ndarray:
    """−log10 of the probability of shares as far from the usual, M × T; 0 where there are no shares."""
    found = np.zeros(history.values.shape)
    by_size: dict[int, list[int]] = defaultdict(list)
    for row, shares in history.shares.items():
        by_size[shares.shape[1]].append(row)
    for size, rows in by_size.items():
        if size > 1:
            shares = np.array([history.shares[row] for row in rows])
            shares[history.rows[rows] == 0] = np.nan
            found[rows] = _scores(shares, known_rows(history.rows[rows]))
    return found


def _scores(shares: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Of shares R × T × K and rows R × T."""
    usual = _UsualShares(len(shares), shares.shape[2])
    measured = np.isfinite(shares).all(axis=2) & (np.nansum(shares, axis=2) > 0.5)
    roots = np.sqrt(np.where(measured[:, :, None], np.maximum(shares, 0), 0))
    found = np.zeros(measured.shape)
    for bucket in range(measured.shape[1]):
        found[:, bucket] = usual.step(roots[:, bucket], measured[:, bucket], rows[:, bucket])
    return found


class _UsualShares:
    """A slow and a quick average of the roots of shares, weighted by how well each did lately."""

    def __init__(self, size: int, values: int) -> None:
        self._freedom = values - 1
        self._level = np.zeros((len(_RATES), size, values))
        self._variance = np.full((len(_RATES), size), _FIRST_VARIANCE)
        self._likelihood = np.zeros((len(_RATES), size))
        self._count = np.zeros(size)
        self._odd_for = np.zeros(size, int)

    def step(self, roots: np.ndarray, measured: np.ndarray, rows: np.ndarray) -> np.ndarray:
        from scipy.special import fdtrc

        chance = self._freedom / (4 * rows)
        distance = ((roots - self._level) ** 2).sum(axis=2)
        usual = self._variance + chance
        weight = np.exp(self._likelihood - self._likelihood.max(axis=0))
        weight /= weight.sum(axis=0)
        probability = (weight * fdtrc(self._freedom, _FREEDOM, distance / usual)).sum(axis=0)
        score = np.where(measured & (self._count >= _FEWEST), score_of(probability), 0)
        odd = (score > _SUSPICIOUS) & (self._count > _GUARDED)
        self._odd_for = np.where(measured, np.where(odd, self._odd_for + 1, 0), self._odd_for)
        accepts = self._odd_for > _ACCEPTED_AFTER
        self._learn(roots, distance, chance, measured & (~odd | accepts), accepts)
        self._count += measured
        return score

    def _learn(
        self,
        roots: np.ndarray,
        distance: np.ndarray,
        chance: np.ndarray,
        who: np.ndarray,
        accepts: np.ndarray,
    ) -> None:
        usual = self._variance + chance
        rate = np.maximum(np.array(_RATES)[:, None], 1 / (self._count + 1))
        rate = np.where(accepts, 0.5, rate)
        beyond = np.maximum(np.minimum(distance, 9 * usual) - chance, 0) / (1 + rate)
        speed = np.maximum(1 / (self._count + 4), 0.04) * (who & (self._count > 0))
        self._variance += speed * (beyond - self._variance)
        gained = self._freedom * (-0.5 * np.log(usual) - np.minimum(distance / (2 * usual), 8.5))
        self._likelihood = np.where(who, _FORGET * self._likelihood + gained, self._likelihood)
        self._level += (rate * who)[:, :, None] * (roots - self._level)
