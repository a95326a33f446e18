"""How far experts are usually off, upwards and downwards apart, beyond what sampling explains."""

from __future__ import annotations

import numpy as np

# How much of the variance is that of the value's own side, the rest being that of both.
_OWN_SIDE = 0.5
# An error of less is none.
_NOTHING = 1e-9


class Spread:
    """Running variances of the errors of E experts on M monitors, on their scales."""

    def __init__(self, experts: int, prior: np.ndarray, floor: np.ndarray) -> None:
        self._floor = floor**2
        self._both = np.tile(prior**2, (experts, 1))
        self._above = self._both.copy()
        self._below = self._both.copy()
        self._count = np.zeros(self._both.shape)

    def variance(self, is_above: bool) -> np.ndarray:
        """E × M, of errors to one side."""
        side = self._above if is_above else self._below
        variance: np.ndarray = np.maximum(_OWN_SIDE * side + (1 - _OWN_SIDE) * self._both, self._floor)
        return variance

    def learn(self, error: np.ndarray, known: np.ndarray, noise: np.ndarray, learns: np.ndarray) -> None:
        """Takes in errors (E × M, bounded), without the part that few buckets or few rows account for."""
        square = np.maximum(error**2 / (1 + 1 / np.maximum(known, 0.5)) - noise, 0)
        rate = np.maximum(1 / (self._count + 4), 0.04) * learns
        self._both += rate * (square - self._both)
        self._count += learns
        rate = np.maximum(1 / (self._count / 2 + 5), 0.06) * learns
        # An error of nothing is small on both sides, and one to the other side says that this one is no wider
        # than both: where a table grows steadily there are none below, and its first variance would stay.
        for side, is_here in ((self._above, error > -_NOTHING), (self._below, error < _NOTHING)):
            side += rate * (np.where(is_here, square, np.minimum(self._both, side)) - side)


# The predicted noise of a number of rows is believed as much as so many buckets, of which older ones are
# forgotten; that of a mean less, since rows that are sums over a day are no sample of anything.
_BELIEVED, _BELIEVED_OF_MEANS, _KEPT = 8.0, 1.0, 0.99
# A squared surprise counts for at most so many predicted ones; what is cut off that way is made up for.
_MOST, _CUT = 4.0, 1.1
_LEAST = 0.01


class Dispersion:
    """How much of the chance that values are expected to have really shows: a table of fixed size has none,
    and neither have the means of a mart whose few rows are the same regions every day.

    Args:
        counts, means: M, whose noise may be less than predicted.
    """

    def __init__(self, counts: np.ndarray, means: np.ndarray) -> None:
        self._applies = counts | means
        self._believed = np.where(means, _BELIEVED_OF_MEANS, _BELIEVED)
        self._total = np.zeros(len(counts))
        self._count = np.zeros(len(counts))

    def share(self) -> np.ndarray:
        """What to multiply the predicted noise by, M, 0.01..1."""
        found = (self._believed + _CUT * self._total) / (self._believed + self._count)
        return np.where(self._applies, np.clip(found, _LEAST, 1), 1.0)

    def learn(self, residual: np.ndarray, predicted: np.ndarray, who: np.ndarray) -> None:
        """Takes in how far values were off, against the variance that was predicted."""
        square = np.where(who, residual, 0) ** 2 / np.maximum(predicted, 1e-12)
        self._total = np.where(who, _KEPT * self._total + np.minimum(square, _MOST), self._total)
        self._count = np.where(who, _KEPT * self._count + 1, self._count)
