"""Texts and lists of words as sparse rows, and the products of some pairs of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Pairs multiplied together: bounds the memory, whatever the number of pairs.
_CELLS = 2_000_000


class Terms:
    """Numbers for terms, given when a term is first seen."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def rows(self, texts: Sequence[Iterable[str]]) -> csr_array:
        """Texts as rows of 1 for each term that is in them.

        Returns:
            Sparse array of shape (len(texts), terms known so far).
        """
        from scipy.sparse import csr_array

        places = self._places
        rows, columns = [], []
        for row, terms in enumerate(texts):
            for term in dict.fromkeys(terms):
                rows.append(row)
                columns.append(places.setdefault(term, len(places)))
        shape = (len(texts), max(len(places), 1))
        return csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)


def widened(rows: csr_array, like: csr_array) -> csr_array:
    """The rows with as many columns as others have."""
    from scipy.sparse import csr_array

    return csr_array((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], like.shape[1]))


def weighted(rows: csr_array, weights: np.ndarray) -> csr_array:
    """The rows with each column multiplied by its weight."""
    from scipy.sparse import csr_array

    data = rows.data * weights[rows.indices].astype(np.float32)
    return csr_array((data, rows.indices, rows.indptr), shape=rows.shape)


def of_length_1(rows: csr_array) -> csr_array:
    """The rows divided by their Euclidean length; empty rows stay empty."""
    from scipy.sparse import csr_array

    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    data = rows.data / np.repeat(np.maximum(lengths, 1e-9), np.diff(rows.indptr))
    return csr_array((data.astype(np.float32), rows.indices, rows.indptr), shape=rows.shape)


def products(left: csr_array, right: csr_array, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The dot product of row `source[k]` of one side and row `target[k]` of the other, for every k.

    By blocks of the whole product: rows share few columns, so that it costs less than a product of each pair.
    """
    found = np.zeros(len(source), dtype=np.float32)
    across = right.T.tocsr()
    step = max(_CELLS // max(right.shape[0], 1), 1)
    for start in range(0, left.shape[0], step):
        at = np.flatnonzero((source >= start) & (source < start + step))
        if len(at):
            block = (left[start : start + step] @ across).toarray()
            found[at] = block[source[at] - start, target[at]]
    return found
