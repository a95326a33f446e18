"""One-to-one assignment of source columns to target columns, with "no match" as an answer."""

from __future__ import annotations

import numpy as np


def assign(scores: np.ndarray, *, least: float) -> dict[int, int]:
    """The one-to-one assignment with the highest total score, leaving out pairs below `least`.

    The linear assignment problem, solved by scipy (a modified Jonker-Volgenant algorithm: D. F. Crouse,
    "On implementing 2D rectangular assignment algorithms", IEEE TAES 52(4), 2016).

    Args:
        scores: shape (sources, targets), each 0..1.
        least: a pair below this is worth nothing, so that a poor pair never pushes out a good one.

    Returns:
        Target index → source index, for the targets that got one.

    Example:
        >>> assign(np.array([[0.9, 0.8], [0.7, 0.1]]), least=0.3)
        {1: 0, 0: 1}
    """
    if scores.size == 0:
        return {}
    from scipy.optimize import linear_sum_assignment

    # Positions settle ties, so that the same scores give the same answer everywhere.
    rows, columns = np.indices(scores.shape)
    worth = np.where(scores >= least, scores, 0.0) - 1e-9 * np.abs(rows - columns)
    chosen = zip(*linear_sum_assignment(-worth), strict=True)
    return {int(target): int(source) for source, target in chosen if scores[source, target] >= least}
