"""The values of many monitors over the same buckets, side by side as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np

from aidbt.core.measured import Grain, Monitor


class Family(StrEnum):
    """How the values of a metric behave; what a transform, a prior and a smallest effect belong to.

    COUNT: rows, distinct values: above 0, errors are relative. MINUTES: an age. RATE: a share 0..1 of rows.
    AMOUNT: a mean, sum, quantile or any other number. DISTANCE: of two distributions, 0 or more. EXCESS: a
    ratio of 1 or a little more (rows per key).
    """

    COUNT = "count"
    MINUTES = "minutes"
    RATE = "rate"
    AMOUNT = "amount"
    DISTANCE = "distance"
    EXCESS = "excess"


@dataclass(frozen=True, slots=True)
class History:
    """M monitors over T buckets, oldest first, without holes in time: what was not measured is NaN.

    Attributes:
        families: of each monitor.
        starts: of each bucket.
        values: M × T, in the metrics' own units.
        rows: M × T, the rows that a value is of; NaN where that is not known.
        variances: M × T, the sampling variance of a value in its own unit squared; NaN where not known.
        refreshed: M × T bool, buckets written by a full refresh or a flagged backfill.
        holidays: M × T, 1 on a public holiday, 0.5 beside one, else 0.
        parents: M, the row of the same metric one node upstream; −1 for none.
        volumes: M, the row of the node's row count; −1 for none, and for row counts themselves.
        shares: row of a DISTANCE monitor → T × K shares of its K values or bins; rows of NaN where unknown.
    """

    monitors: tuple[Monitor, ...]
    families: tuple[Family, ...]
    grain: Grain
    starts: tuple[datetime, ...]
    values: np.ndarray
    rows: np.ndarray
    variances: np.ndarray
    refreshed: np.ndarray
    holidays: np.ndarray
    parents: np.ndarray
    volumes: np.ndarray
    shares: Mapping[int, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scores:
    """What a detector makes of a history: arrays M × T, each column from that bucket and those before only.

    Attributes:
        score: calibrated −log10 of the probability of something as odd; 0 where nothing can be said.
        sign: −1 below, 1 above what was expected, 0 where nothing can be said.
        expected, low, high: what was expected and the band at the history's threshold, in the metric's unit.
        seen: how many buckets were learned from before.
    """

    score: np.ndarray
    sign: np.ndarray
    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seen: np.ndarray
