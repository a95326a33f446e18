"""Scales on which the errors of a metric are alike whatever its size, one per family, and the way back.

A count errs by a share of itself, a rate by its odds, an age by a factor. On its scale a value is
compared with others by differences alone, and the error of measuring it (few rows, few values) is
predicted from what was expected, so that a surprising value cannot excuse itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aidbt.monitors.history import Family

# The smallest and the first standard deviation that errors of a family are taken to have, on its scale.
_FLOORS = {
    Family.COUNT: 0.01,
    Family.MINUTES: 0.08,
    Family.RATE: 0.02,
    Family.AMOUNT: 0.006,
    Family.DISTANCE: 0.2,
    Family.EXCESS: 0.2,
}
_PRIORS = {
    Family.COUNT: 0.12,
    Family.MINUTES: 0.3,
    Family.RATE: 0.15,
    Family.AMOUNT: 0.06,
    Family.DISTANCE: 0.6,
    Family.EXCESS: 0.6,
}
# Rows that a value is taken to be of where nobody counted them.
UNKNOWN_ROWS = 10_000.0
# More rows than that tell no more.
MOST_ROWS = 1e12
# Differences of less than about that many minutes say nothing.
FRESH_MINUTES = 10.0
# A number that never changed its sign is compared by factors down to this share of its usual size, or so many
# times its usual distance from it: what varies by half of its size may become zero or change its sign.
_SMALL = 1e-3
_STEADY = 4.0
_TINY = 1e-100
# So many values tell how large a number usually is; before them nothing is scored.
FIRST_VALUES = 5


@dataclass(frozen=True, slots=True)
class Scale:
    """What belongs to a family.

    Attributes:
        floor, prior: smallest and first standard deviation of errors, on the scale.
        forward: (values, unit) → on the scale. `unit` is of `unit_of` for amounts, else of `usual_rows`.
        back: (on the scale, unit) → values.
        noise: (expected on the scale, rows, unit, whether the value is below it) → sampling variance.
    """

    floor: float
    prior: float
    forward: Callable[[np.ndarray, np.ndarray], np.ndarray]
    back: Callable[[np.ndarray, np.ndarray], np.ndarray]
    noise: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def unit_of(values: np.ndarray) -> np.ndarray:
    """Below which size a number counts as small, for each row of M × T: of its first values, so that it is
    known before anything is scored. A number of both signs is compared by differences, not by factors.
    """
    found = np.ones(len(values))
    measured = np.isfinite(values)
    for row in np.flatnonzero(measured.any(axis=1)):
        first = values[row, measured[row]][:FIRST_VALUES]
        size = float(np.median(np.abs(first))) or float(np.abs(first).max()) or 1.0
        one_sign = (first > 0).all() or (first < 0).all()
        away = float(np.median(np.abs(first - np.median(first))))
        found[row] = np.clip(_STEADY * away, size * _SMALL, size) if one_sign else size
    return np.maximum(found, _TINY)


def usual_rows(rows: np.ndarray) -> np.ndarray:
    """How many rows a bucket of each row of M × T had at first: what a share can be told from."""
    found = np.full(len(rows), UNKNOWN_ROWS)
    measured = np.isfinite(rows) & (rows > 0)
    for row in np.flatnonzero(measured.any(axis=1)):
        found[row] = np.median(rows[row, measured[row]][:FIRST_VALUES])
    usual: np.ndarray = np.clip(found, 1.0, MOST_ROWS)
    return usual


# A share of rows: its odds, with half a row more on either side.
def _odds(values: np.ndarray, usual: np.ndarray) -> np.ndarray:
    half = 0.5 / (usual + 1)
    share = np.clip(values, 0, 1)
    found: np.ndarray = np.log((share + half) / (1 - share + half))
    return found


def _share(scaled: np.ndarray, usual: np.ndarray) -> np.ndarray:
    half = 0.5 / (usual + 1)
    share = 1 / (1 + np.exp(-np.clip(scaled, -40, 40)))
    found: np.ndarray = np.clip(share * (1 + 2 * half) - half, 0, 1)
    return found


def _odds_noise(
    expected: np.ndarray, rows: np.ndarray, usual: np.ndarray, is_below: np.ndarray
) -> np.ndarray:
    half, share = 0.5 / (usual + 1), _share(expected, usual)
    chance = (share * (1 - share) + 0.15 / rows) / rows
    found: np.ndarray = chance / ((share + half) * (1 - share + half)) ** 2
    return found


def _count_noise(
    expected: np.ndarray, rows: np.ndarray, unit: np.ndarray, is_below: np.ndarray
) -> np.ndarray:
    """Of few values one more or less is nothing; of values nearly as many as rows, chance is that of rows."""
    count = np.exp(np.clip(expected, -20, 30)) + 0.5
    found: np.ndarray = (0.12 + 0.5 * is_below) / count**2 + np.minimum(count / rows, 1) / count
    return found


# Rows per key: what is above 1, and half a row.
def _excess_offset(usual: np.ndarray) -> np.ndarray:
    return 5e-4 + 0.5 / usual


def _excess_noise(
    expected: np.ndarray, rows: np.ndarray, usual: np.ndarray, is_below: np.ndarray
) -> np.ndarray:
    offset = _excess_offset(usual)
    extra = np.maximum(_exp(expected) - offset, 0)
    found: np.ndarray = 0.25 * (extra + 0.3 / rows) / rows / (extra + offset) ** 2
    return found


# A distance: about as much again as a few rows leave by chance.
def _distance_offset(usual: np.ndarray) -> np.ndarray:
    return 2e-4 + 3 / usual


def _distance_noise(
    expected: np.ndarray, rows: np.ndarray, usual: np.ndarray, is_below: np.ndarray
) -> np.ndarray:
    found: np.ndarray = (7 * np.maximum(1 / rows - 1 / usual, 0) / _exp(expected)) ** 2
    return found


def _exp(scaled: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.exp(np.clip(scaled, -50, 50))
    return found


def _no_noise(expected: np.ndarray, rows: np.ndarray, unit: np.ndarray, is_below: np.ndarray) -> np.ndarray:
    return np.zeros_like(expected)


def _amount_noise(
    expected: np.ndarray, rows: np.ndarray, unit: np.ndarray, is_below: np.ndarray
) -> np.ndarray:
    return np.broadcast_to(1 / rows, expected.shape)


_Way = Callable[..., np.ndarray]
_WAYS: dict[Family, tuple[_Way, _Way, _Way]] = {
    Family.COUNT: (
        lambda x, unit: np.log(np.maximum(x, 0) + 0.5),
        lambda y, unit: np.maximum(_exp(y) - 0.5, 0),
        _count_noise,
    ),
    Family.MINUTES: (
        lambda x, unit: np.log(np.maximum(x, 0) + FRESH_MINUTES),
        lambda y, unit: np.maximum(_exp(y) - FRESH_MINUTES, 0),
        _no_noise,
    ),
    Family.RATE: (_odds, _share, _odds_noise),
    Family.AMOUNT: (
        lambda x, unit: np.arcsinh(x / (2 * unit)),
        lambda y, unit: 2 * unit * np.sinh(np.clip(y, -50, 50)),
        _amount_noise,
    ),
    Family.DISTANCE: (
        lambda x, usual: np.log(np.maximum(x, 0) + _distance_offset(usual)),
        lambda y, usual: np.maximum(_exp(y) - _distance_offset(usual), 0),
        _distance_noise,
    ),
    Family.EXCESS: (
        lambda x, usual: np.log(np.maximum(x - 1, 0) + _excess_offset(usual)),
        lambda y, usual: 1 + np.maximum(_exp(y) - _excess_offset(usual), 0),
        _excess_noise,
    ),
}
SCALES = {family: Scale(_FLOORS[family], _PRIORS[family], *ways) for family, ways in _WAYS.items()}


def variance_on_scale(values: np.ndarray, variances: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Known sampling variances of numbers, from their own unit squared to their scale."""
    found: np.ndarray = variances / (values**2 + (2 * unit) ** 2)
    return found
