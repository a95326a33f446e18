"""Tails of Student's t with six degrees of freedom, which errors of monitors are taken to follow at first.

Six is heavy enough that a promotion does not wreck a baseline and light enough that a halved load stands
out. Of an even number the distribution is an algebraic function, so that millions of tails cost little
and nothing cancels far out (Abramowitz and Stegun 26.7.4).
"""

from __future__ import annotations

import numpy as np

FREEDOM = 6
SMALLEST = 1e-30


def upper_tail(z: np.ndarray) -> np.ndarray:
    """The probability of more than z, for |z| of any size."""
    q = FREEDOM / (FREEDOM + z * z)
    outer = q * q * q * (0.625 + q * (0.234375 + 0.140625 * q))
    half = 0.5 * outer / (1 + np.sqrt(1 - q) * (1 + q * (0.5 + 0.375 * q)))
    found: np.ndarray = np.where(z > 0, half, 1 - half)
    return found


def log_density(z: np.ndarray) -> np.ndarray:
    """The logarithm of the density, without its constant."""
    found: np.ndarray = -3.5 * np.log1p(z * z / FREEDOM)
    return found


def score_of(probability: np.ndarray) -> np.ndarray:
    """−log10 of probabilities, 0..30."""
    found: np.ndarray = np.maximum(-np.log10(np.maximum(probability, SMALLEST)), 0.0)
    return found


def deviation_of(score: float | np.ndarray) -> np.ndarray:
    """How many standard errors away has two tails of 10^−score."""
    grid = np.geomspace(1e-3, 1e4, 2000)
    scores = score_of(2 * upper_tail(grid))
    return np.asarray(np.interp(score, scores, grid))


# How much likelier light tails are than heavy ones before anything is seen (log-odds), what one bucket says
# at most against them, how fast it is forgotten, and the share that heavy tails keep.
_PRIOR, _WORST, _FORGET, _KEPT = -2.5, -2.0, 0.995, 0.03
# The logarithms of the densities' constants.
_NORMAL, _STUDENT = -0.9189385, -0.9603900


class LearnedTails:
    """How heavy the tails of M monitors are, by their own past: a mixture of normal ones and of Student's t.

    A table that kept within what is usual for months is believed sooner when it does not.
    """

    def __init__(self, size: int) -> None:
        self._odds = np.full(size, _PRIOR)

    def heavy(self) -> np.ndarray:
        """The share of the heavy tails, M, 0.02..1."""
        found: np.ndarray = np.maximum(1 / (1 + np.exp(self._odds)), _KEPT)
        return found

    def learn(self, z: np.ndarray, who: np.ndarray) -> None:
        """Takes in how far values were off, in standard deviations."""
        gained = np.maximum(_NORMAL - z * z / 2 - _STUDENT - log_density(z), _WORST)
        self._odds = np.where(who, _FORGET * self._odds + (1 - _FORGET) * _PRIOR + gained, self._odds)


def mixed_tail(z: np.ndarray, heavy: np.ndarray) -> np.ndarray:
    """The probability of more than z where heavy tails have that share."""
    from scipy.special import ndtr

    found: np.ndarray = heavy * upper_tail(z) + (1 - heavy) * ndtr(-z)
    return found


def reach_of(score: float, heavy: np.ndarray) -> np.ndarray:
    """About how many standard errors away two mixed tails have 10^−score."""
    from scipy.special import ndtri

    light = -ndtri(10.0**-score / 2)
    found: np.ndarray = np.maximum(deviation_of(score + np.log10(heavy)), light)
    return found
