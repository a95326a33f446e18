"""What would be measured of a table, day by day, from what it is made of and from chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks.anomaly_sets.faults import CATEGORIES, Makings

METRICS = (
    "row_count",
    "freshness_min",
    "null_rate_lo",
    "null_rate_mid",
    "distinct_key",
    "distinct_cat",
    "mean_amount",
    "dist_psi",
    "dup_ratio",
)
REFERENCE_DAYS = 14  # of which the shares are compared with
SEEN = 4.0  # deviations by which a fault has to move a metric, over all of its days


@dataclass(frozen=True, slots=True)
class Chance:
    """The random numbers of one table, drawn once, so that it can be measured twice alike.

    Attributes:
        rows, low, mid: T, uniform.
        keys, amount: T, standard normal.
        categories: T, 0 to 2 that happen not to occur.
        shares: T × 8, standard normal.
        spread: of the amounts of single rows, relative; `exponent` is how keys grow with rows.
    """

    rows: np.ndarray
    low: np.ndarray
    mid: np.ndarray
    keys: np.ndarray
    amount: np.ndarray
    categories: np.ndarray
    shares: np.ndarray
    spread: float
    exponent: float

    @classmethod
    def drawn(cls, rng: np.random.Generator, days: int) -> Chance:
        """New ones."""
        return cls(
            *rng.random((3, days)),
            *rng.standard_normal((2, days)),
            rng.binomial(2, 0.1, days),
            rng.standard_normal((days, CATEGORIES)),
            float(rng.uniform(0.3, 1.5)),
            float(rng.uniform(0.5, 0.98)),
        )


def measure(table: Makings, closed: np.ndarray, chance: Chance) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The metrics, and the shares of the categories (T × 8, NaN on days without rows)."""
    rows = _rows(table, closed, chance)
    some = rows > 0
    count = np.where(some, rows, 1)
    keys = (
        count**chance.exponent * table.keys * np.exp(0.5 * chance.keys / np.sqrt(count) + 0.006 * chance.keys)
    )
    shares = _shares(table, count, chance)
    shares[~some] = np.nan
    metrics = {
        "row_count": rows,
        "freshness_min": table.minutes,
        "null_rate_lo": _rate(table.nulls_low, count, chance.low),
        "null_rate_mid": _rate(table.nulls_mid, count, chance.mid),
        "distinct_key": np.clip(np.round(keys), 1, count),
        "distinct_cat": np.minimum(count, np.maximum(table.categories - chance.categories, 1)),
        "mean_amount": np.exp(table.amount + chance.spread * chance.amount / np.sqrt(count)),
        "dist_psi": _psi(shares),
        "dup_ratio": np.maximum(table.copies, 1),
    }
    always = ("row_count", "freshness_min")
    return {
        name: np.where(some | (name in always), values, np.nan) for name, values in metrics.items()
    }, shares


def _rows(table: Makings, closed: np.ndarray, chance: Chance) -> np.ndarray:
    expected = np.exp(table.log_rate)
    if table.clumps == 0:
        rows = np.round(expected)
    else:
        rows = np.round(stats.poisson.ppf(chance.rows, expected / table.clumps) * table.clumps)
    return np.where(closed | table.empty, 0, rows)


def _rate(log_odds: np.ndarray, rows: np.ndarray, chance: np.ndarray) -> np.ndarray:
    share = 1 / (1 + np.exp(-log_odds))
    return np.asarray(np.clip(stats.binom.ppf(chance, rows.astype(np.int64), share), 0, rows) / rows)


def _shares(table: Makings, rows: np.ndarray, chance: Chance) -> np.ndarray:
    """The normal approximation of a multinomial, with some variation that does not go away with more rows."""
    deviation = np.sqrt(table.shares * (1 - table.shares) * (1 / rows[:, None] + 1 / 3000))
    drawn = np.clip(table.shares + deviation * chance.shares, 0, None)
    return np.asarray(drawn / np.maximum(drawn.sum(1, keepdims=True), 1e-12))


def _psi(shares: np.ndarray) -> np.ndarray:
    """The population stability index against the first days that have rows."""
    known = np.flatnonzero(~np.isnan(shares[:, 0]))[:REFERENCE_DAYS]
    reference = shares[known].mean(0) + 1e-6
    return np.asarray(((shares - reference) * np.log((shares + 1e-4) / reference)).sum(1))


def visible(metric: str, clean: np.ndarray, faulty: np.ndarray, days: slice, refreshed: np.ndarray) -> bool:
    """Whether a fault moves a metric by more than it varies by itself from week to week.

    Days without a value, with no rows either way, or of a full refresh say nothing.
    """
    usual, found = on_scale(metric, clean), on_scale(metric, faulty)
    weekly = usual[7:] - usual[:-7]
    weekly = weekly[~np.isnan(weekly)]
    deviation = np.median(np.abs(weekly)) * 1.4826 / np.sqrt(2) if len(weekly) else 0.0
    moved = (found - usual)[days]
    moved = moved[~np.isnan(moved) & ~refreshed[days]]
    if not len(moved):
        return False
    return bool(np.abs(moved).mean() * np.sqrt(len(moved)) >= SEEN * max(deviation, _SMALLEST[metric]))


# What nobody would call a difference, on the scale below.
_SMALLEST = dict.fromkeys(METRICS, 0.01) | {"freshness_min": 0.1, "null_rate_lo": 2e-3, "dist_psi": 0.15}


def on_scale(metric: str, values: np.ndarray) -> np.ndarray:
    """Where differences are alike at every level."""
    if metric in ("row_count", "distinct_key", "distinct_cat"):
        return np.log(values + 0.5)
    if metric == "freshness_min":
        return np.log(values + 10)
    if metric == "null_rate_mid":
        return np.log((values + 1e-4) / (1 - values + 1e-4))
    if metric in ("null_rate_lo", "dup_ratio"):
        return values
    if metric == "dist_psi":
        return np.log(np.maximum(values, 0) + 2e-3)
    return np.log(np.maximum(values, 1e-9))
