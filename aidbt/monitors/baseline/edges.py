"""What ends and beginnings of months add, learned apart from the rhythm of weeks."""

from __future__ import annotations

import numpy as np

from aidbt.monitors.calendar import EDGES

# How much of an effect that was seen is doubted.
_DOUBT = 0.5
# Effects of more than a factor of e^3 are cut.
_LARGEST = 3.0


class MonthEdges:
    """What the last two months showed at each edge, of M monitors.

    Only what both agree on is expected, so that one incident on a first of the month is not expected again.
    """

    def __init__(self, size: int) -> None:
        self._last = np.zeros((EDGES, size))
        self._before = np.zeros((EDGES, size))

    def shift(self, edge: int) -> np.ndarray:
        """What to add to the expectation, M."""
        last, before = self._last[edge], self._before[edge]
        agreed = np.minimum(np.abs(last), np.abs(before))
        return np.where(last * before > 0, np.sign(last) * agreed, 0)

    def doubt(self, edge: int) -> np.ndarray:
        """The variance to add to the expectation's, M."""
        largest: np.ndarray = np.maximum(np.abs(self._last[edge]), np.abs(self._before[edge]))
        return (_DOUBT * largest) ** 2

    def learn(self, edge: int, beyond: np.ndarray, who: np.ndarray) -> None:
        """Takes in how far values were beyond what would be expected on any other day."""
        cut = np.clip(beyond, -_LARGEST, _LARGEST)
        self._before[edge] = np.where(who, self._last[edge], self._before[edge])
        self._last[edge] = np.where(who, cut, self._last[edge])
