"""One-to-one assignment of source columns to target columns, with "no match" as an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aidbt.mapping.signals import Pairs

# Worth less than any difference that means something; settles ties by position, the same way everywhere.
_TIE = 1e-9


def assigned_pairs(pairs: Pairs, scores: np.ndarray, shape: tuple[int, int], *, least: float) -> np.ndarray:
    """Which pairs the one-to-one assignment with the highest total score takes.

    A pair is worth its score above `least`, so that a poor pair never pushes out a good one, and pairs below
    it are never taken. The linear assignment problem on a sparse matrix, solved by scipy (R. Jonker and A.
    Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment problems", 1987);
    "no match" is one more partner, worth nothing, of every source.

    Args:
        scores: shape (pairs,).
        shape: the number of sources and of targets.

    Returns:
        Boolean array of shape (pairs,).
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    taken = np.zeros(len(pairs), dtype=bool)
    worth = scores - least
    kept = np.flatnonzero(worth > 0)
    if not len(kept):
        return taken
    rows, columns = pairs.source[kept], pairs.target[kept]
    value = worth[kept] - _TIE * np.abs(rows - columns)
    sources, row = np.unique(rows, return_inverse=True)
    count, width = len(sources), shape[1]
    # Zeros would not be stored: every cost is moved by the same amount, one for each source's one partner.
    cost = np.concatenate([value.max() + 1 - value, np.full(count, value.max() + 1)])
    where = (np.concatenate([row, np.arange(count)]), np.concatenate([columns, width + np.arange(count)]))
    matrix = csr_array((cost, where), shape=(count, width + count))
    chosen_rows, chosen_columns = min_weight_full_bipartite_matching(matrix)
    chosen = np.full(count, -1)
    chosen[chosen_rows] = chosen_columns
    taken[kept[chosen[row] == columns]] = True
    return taken


def assign(scores: np.ndarray, *, least: float) -> dict[int, int]:
    """The same for a full matrix.

    Args:
        scores: shape (sources, targets).

    Returns:
        Target index → source index, for the targets that got one.

    Example:
        >>> assign(np.array([[0.9, 0.8], [0.7, 0.1]]), least=0.3)
        {1: 0, 0: 1}
    """
    from aidbt.mapping.signals import Pairs

    rows, columns = np.indices(scores.shape)
    pairs = Pairs(rows.ravel(), columns.ravel())
    taken = np.flatnonzero(assigned_pairs(pairs, scores.ravel().astype(float), scores.shape, least=least))
    return {int(pairs.target[k]): int(pairs.source[k]) for k in taken}
