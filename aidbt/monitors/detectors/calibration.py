"""Scores of different kinds of metrics made comparable by what the past shows.

A score is meant to be −log10 of a probability, but models are never quite right: where a kind of metric
scored above 2 more often than in one bucket of a hundred, its scores are shrunk, and the other way round.
All monitors of a family are counted together; while there are few, the model is trusted more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aidbt.monitors.history import Family

# The factor is made again every so many buckets, of so many before.
_EVERY, _WINDOW, _FIRST = 7, 120, 21
# As many scores as say as much as the model alone.
_MODEL_WORTH = 300.0
_LOWEST, _HIGHEST = 0.5, 2.0
_BINS, _WIDTH = 500, 0.02
# Shares of scores that a tail is measured at: 5 % are to be above 1.3, 1 % above 2.
_TAILS = ((0.95, 1.3), (0.99, 2.0))


def calibrated(scores: np.ndarray, families: Sequence[Family]) -> np.ndarray:
    """Scores M × T with each family's scaled by its own past, never by the bucket itself or later ones."""
    found = scores.copy()
    names = np.array([family.value for family in families])
    for name in sorted(set(names)):
        rows = np.flatnonzero(names == name)
        factors = _factors(scores[rows])
        found[rows] *= factors[None, :].astype(scores.dtype)
    return found


def _factors(scores: np.ndarray) -> np.ndarray:
    """What to multiply each bucket's scores by, T."""
    buckets = scores.shape[1]
    factors = np.ones(buckets)
    counts = np.array([_histogram(scores[:, at : at + _EVERY]) for at in range(0, buckets, _EVERY)])
    span = _WINDOW // _EVERY
    for step in range(_FIRST // _EVERY, len(counts)):
        past = counts[max(0, step - span) : step].sum(axis=0)
        factors[step * _EVERY : (step + 1) * _EVERY] = _factor(past)
    return factors


def _histogram(scores: np.ndarray) -> np.ndarray:
    positive = scores[scores > 0]
    bins = np.minimum((positive / _WIDTH).astype(int), _BINS - 1)
    return np.bincount(bins, minlength=_BINS)


def _factor(counts: np.ndarray) -> float:
    total = counts.sum()
    if not total:
        return 1.0
    reached = np.cumsum(counts) / total
    ratios = []
    for share, wanted in _TAILS:
        quantile = (np.searchsorted(reached, share) + 0.5) * _WIDTH
        ratios.append(wanted / quantile)
    factor = float(np.clip(np.mean(ratios), _LOWEST, _HIGHEST))
    trust = total / (total + _MODEL_WORTH)
    return float(factor**trust)


# What log-odds are worth, as −log10 of how often a bucket has as many without a fault, and what the strongest
# view of a monitor is worth that has no neighbours. The first is what benchmarks/anomaly_weights.py measures
# in the family of sets with the most false alarms, with a margin of 0.15.
_ODDS = np.array([-14.0, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 20])
_AMONG = np.array([0, 1.1, 1.28, 1.66, 2.05, 2.43, 2.81, 3.15, 3.51, 3.85, 4.32, 4.79, 10])
_SCORED = np.array([0, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 10, 12, 14, 40])
_ALONE = np.array(
    [0, 1.15, 1.53, 2, 2.45, 2.88, 3.17, 3.33, 3.45, 3.58, 3.72, 3.87, 4.1, 4.5, 5.3, 5.9, 6.5, 14]
)
# What neighbours do not confirm has to be so much odder by itself; less where there is neither a parent nor
# rows to be judged given, as for the rows of a source.
_UNCONFIRMED, _WITH_NOTHING_GIVEN = 0.5, 0.2


def as_score(
    odds: np.ndarray, strongest: np.ndarray, has_neighbours: np.ndarray, has_given: np.ndarray
) -> np.ndarray:
    """−log10 of a probability, M × T, of log-odds or, of monitors without neighbours, of the strongest view.

    A bucket without any evidence scores 0.

    Args:
        has_neighbours, has_given: M; the second says whether there is a parent or rows to be judged given.
    """
    alone = np.interp(strongest, _SCORED, _ALONE)
    among = np.interp(odds, _ODDS, _AMONG) * (strongest > 0)
    margin = np.where(has_given, _UNCONFIRMED, _WITH_NOTHING_GIVEN)[:, None]
    doubted = np.maximum(among, alone - margin)
    found: np.ndarray = np.where(has_neighbours[:, None], doubted, alone)
    return found


def own_score_of(score: float) -> float:
    """What a monitor without neighbours has to score for that, before `as_score`."""
    return float(np.interp(score, _ALONE, _SCORED))
