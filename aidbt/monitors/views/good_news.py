"""What is odd and yet seldom a fault: more rows, fresher rows, fewer duplicates.

Rows above what was expected are a campaign or a backfill nobody marked more often than a fault, and a
load that counts rows twice shows in its duplicates.
"""

from __future__ import annotations

import numpy as np

from aidbt.monitors.baseline.sheet import Sheet
from aidbt.monitors.history import Family

# How much of a score is left, and how much is taken off.
MORE_ROWS = 0.7
MORE_OFF = 1.0
_BETTER = 0.3
# Of so many values or more a distinct count grows with the rows.
_MANY_VALUES = 100.0
_LIKE_ROWS = 0.3


class GoodNews:
    """Which deviations of M monitors are rather good."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._is_count = sheet.is_of(Family.COUNT)
        self._is_better_below = sheet.is_of(Family.MINUTES, Family.DISTANCE, Family.EXCESS)

    def left_of(
        self, score: np.ndarray, bucket: int, is_above: np.ndarray, expected: np.ndarray
    ) -> np.ndarray:
        """Scores M less what is good news; `expected` is on the scale."""
        count = np.exp(np.clip(expected, -20, 30))
        grows = (count > _MANY_VALUES) | (count > _LIKE_ROWS * self._sheet.rows[bucket])
        found = np.where(
            self._is_count & is_above & grows, np.maximum(MORE_ROWS * score - MORE_OFF, 0), score
        )
        return np.where(self._is_better_below & ~is_above, _BETTER * found, found)
