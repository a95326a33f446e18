"""What all views and neighbours say of a bucket together, as log-odds of a fault.

The strongest view alone says too much of some metrics and too little of others: rows above what was expected
are rarely a fault unless something beside them is odd too, a mean that is off from what its rows or its
parent lead to expect nearly always is. How much each piece of evidence is worth for each kind of metric is a
logistic regression whose weights are not negative, so that more evidence never makes a fault less likely.
`python -m benchmarks.anomaly_weights` fits them on sets of our own making, and prints what stands below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aidbt.monitors.history import Family

# Up to which score each piece counts.
_MOST = {"strongest": 12.0, "given": 10.0, "drift": 6.0, "neighbour": 8.0, "before": 4.0}
# From this score on the strongest view has a weight more, up to so many.
_FAR, _FAR_MOST = 8.0, 12.0
PIECES = ("strongest", "far", "given", "drift", "neighbour", "before")
MORE, FEWER = "more", "fewer"
KINDS = (MORE, FEWER, *(family.value for family in Family if family is not Family.COUNT))

# Kind → the weights of PIECES, and what the log-odds are without any evidence.
WEIGHTS: dict[str, tuple[tuple[float, ...], float]] = {
    "more": ((0.0, 0.0, 1.3, 0.78, 1.05, 0.39), -8.72),
    "fewer": ((0.0, 0.62, 0.89, 0.78, 1.3, 0.0), -9.84),
    "minutes": ((0.6, 0.33, 1.22, 0.78, 1.28, 0.54), -14.03),
    "rate": ((0.0, 0.31, 2.06, 0.4, 1.1, 0.72), -11.60),
    "amount": ((0.0, 0.31, 1.9, 0.59, 0.89, 0.76), -10.48),
    "distance": ((0.56, 0.34, 1.33, 0.78, 1.37, 0.73), -13.46),
    "excess": ((0.33, 0.31, 1.49, 0.78, 1.28, 0.39), -14.15),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Scores M × T, and which way each bucket is off.

    Attributes:
        strongest: of all views.
        given: beside the parent or the rows.
        drift: of the last days against weeks ago.
        neighbour: the strongest of a neighbour that is off in the direction that goes with it.
        before: `strongest` of the bucket before, where that was off in the same direction.
        sign: −1 below, 1 above what was expected.
    """

    strongest: np.ndarray
    given: np.ndarray
    drift: np.ndarray
    neighbour: np.ndarray
    before: np.ndarray
    sign: np.ndarray

    def piece(self, name: str) -> np.ndarray:
        """One of PIECES, as the weights expect it."""
        if name == "far":
            return np.clip(self.strongest - _FAR, 0, _FAR_MOST)
        found: np.ndarray = np.clip(getattr(self, name), 0, _MOST[name])
        return found


def bucket_before(scores: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Each bucket's predecessor's score M × T; 0 where that was off in the other direction."""
    found = np.zeros_like(scores)
    found[:, 1:] = np.where(sign[:, 1:] == sign[:, :-1], scores[:, :-1], 0)
    return found


def kinds_of(families: Sequence[Family], sign: np.ndarray) -> np.ndarray:
    """The place in KINDS of each bucket, M × T."""
    own = np.array([0 if one is Family.COUNT else KINDS.index(one.value) for one in families], np.int8)
    found: np.ndarray = np.where((own == 0)[:, None] & (sign <= 0), np.int8(1), own[:, None])
    return found


def log_odds(evidence: Evidence, families: Sequence[Family]) -> np.ndarray:
    """The logarithm of how much likelier a fault is than none, M × T."""
    kinds = kinds_of(families, evidence.sign)
    weights = np.array([WEIGHTS[kind][0] for kind in KINDS], np.float32)
    found: np.ndarray = np.array([WEIGHTS[kind][1] for kind in KINDS], np.float32)[kinds]
    for place, name in enumerate(PIECES):
        found += weights[:, place][kinds] * evidence.piece(name)
    return found
