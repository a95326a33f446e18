"""How far the shares of a column's values are from what they were before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

REST = ""  # all values that are not among the most frequent
_VALUES = 12
_PAST = 28  # buckets that say what is usual
_FEWEST = 3


def share_matrix(
    shares: Sequence[Mapping[str, float]], filled: np.ndarray, *, values: int = _VALUES
) -> tuple[tuple[str, ...], np.ndarray]:
    """The names of the K values that are most frequent over all, the rest last, and T × K shares of them.

    Args:
        shares: of each bucket: value → rows.
        filled: T, rows that are not null; what the named values leave of them is the rest.
    """
    totals: dict[str, float] = {}
    for found in shares:
        for value, rows in found.items():
            totals[value] = totals.get(value, 0.0) + rows
    named = sorted(sorted(totals), key=lambda value: -totals[value])[:values]
    counts = np.array([[found.get(value, 0.0) for value in named] for found in shares], dtype=float)
    counts = counts.reshape(len(shares), len(named))
    rest = np.maximum(np.nan_to_num(filled) - counts.sum(axis=1), 0)
    counts = np.column_stack([counts, rest])
    whole = counts.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = np.where((whole > 0) & _is_known(shares)[:, None], counts / whole, np.nan)
    return (*named, REST), matrix


def _is_known(shares: Sequence[Mapping[str, float]]) -> np.ndarray:
    return np.array([bool(found) for found in shares], dtype=bool)


def stability_index(shares: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The population stability index of each bucket against the buckets before it, of shape (T,).

    PSI = Σ (p − q) ln(p / q), the symmetric form of Kullback and Leibler's divergence ("On information and
    sufficiency", 1951). q is the mean of the last 28 buckets that were known before the one that is judged.
    Half a row is added to each value, so that one that was never seen costs what its rows are worth. NaN
    where fewer than three buckets are known before.

    Args:
        shares: T × K; rows of NaN where unknown.
        rows: T, how many rows the shares are of.
    """
    found = np.full(len(shares), np.nan)
    known = np.flatnonzero(np.isfinite(shares).all(axis=1)) if shares.size else np.array([], int)
    if len(known) <= _FEWEST:
        return found
    counted = np.maximum(np.nan_to_num(rows[known], nan=1.0), 1.0)[:, None]
    k = shares.shape[1]
    added = 0.5 * k
    sums = np.vstack([np.zeros(k), np.cumsum(shares[known] * counted, axis=0)])
    totals = np.concatenate([[0.0], np.cumsum(counted[:, 0])])
    for place in range(_FEWEST, len(known)):
        first = max(place - _PAST, 0)
        before = (sums[place] - sums[first] + 0.5) / (totals[place] - totals[first] + added)
        p = (shares[known[place]] * counted[place] + added * before) / (counted[place] + added)
        found[known[place]] = float(np.sum((p - before) * np.log(p / before)))
    return found


def chance_distance(values: int, rows: np.ndarray) -> np.ndarray:
    """What the index is on average by chance alone: (K − 1) / n, since n × PSI is about chi-square with K − 1
    degrees of freedom (Yurdakul, "Statistical properties of population stability index", 2018), when what it
    is compared with is of many more rows.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(rows > 0, (values - 1) / rows, np.nan)
