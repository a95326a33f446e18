"""Tails of Student's t with six degrees of freedom, which errors of monitors are taken to follow.

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
