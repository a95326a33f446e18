"""What goes wrong with a table, for some days: each kind changes what its values are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

CATEGORIES = 8


@dataclass(slots=True)
class Makings:
    """What the metrics of one table are made of, an array of T days each.

    Attributes:
        log_rate: of the expected rows.
        clumps: how many rows come together; 0 for a number that does not vary by chance.
        minutes: how old the newest row is.
        nulls_low, nulls_mid: log-odds of a null.
        amount: logarithm of the mean.
        keys: factor on the distinct keys.
        categories: how many there are.
        copies: of each row, 1 or more.
        shares: T × 8.
        empty: T bool, no rows at all.
    """

    log_rate: np.ndarray
    clumps: float
    minutes: np.ndarray
    nulls_low: np.ndarray
    nulls_mid: np.ndarray
    amount: np.ndarray
    keys: np.ndarray
    categories: np.ndarray
    copies: np.ndarray
    shares: np.ndarray
    empty: np.ndarray

    def copy(self) -> Makings:
        """The same, to be changed."""
        fields = self.__dataclass_fields__
        return Makings(**{name: np.copy(getattr(self, name)) for name in fields})


Days = slice
Apply = Callable[[Makings, Days, float, np.random.Generator], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault.

    Attributes:
        days: shortest and longest.
        plain, subtle: the range of its size.
        metrics: those that it may show in.
    """

    apply: Apply
    days: tuple[int, int]
    plain: tuple[float, float]
    subtle: tuple[float, float]
    metrics: tuple[str, ...]


def _length(days: Days) -> int:
    return int(days.stop - days.start)


def _fewer_rows(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    table.log_rate[days] += np.log(max(1 - size, 1e-6))
    table.empty[days] |= size >= 0.999


def _partial_load(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    """Some of the files are missing, and with them some of the customers."""
    _fewer_rows(table, days, size, rng)
    table.keys[days] *= (1 - size) ** rng.uniform(0, 0.3)
    table.amount[days] += rng.normal(0, 0.1) * size


def _more_rows(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    table.log_rate[days] += np.log1p(size)


def _duplicates(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    table.log_rate[days] += np.log1p(size)
    table.copies[days] += size


def _late(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    """What is missing at the hour of the measuring is as late as it is."""
    table.minutes[days] += size
    table.log_rate[days] += np.log(max(1 - size / 1440, 0.05))


def _stale(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    table.minutes[days] += 1440 * np.arange(1, _length(days) + 1)
    table.empty[days] = True


def _null_spike(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    low = 1 / (1 + np.exp(-table.nulls_low[days])) + 0.02 * size
    table.nulls_low[days] = np.log(low / (1 - low))
    table.nulls_mid[days] += size


def _null_creep(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    table.nulls_mid[days] += np.linspace(0, size, _length(days) + 1)[1:]


def _null_drop(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    table.nulls_mid[days] -= size


def _all_null(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    table.nulls_low[days] = 30


def _unit_change(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    """Cents for euros, pounds for dollars: a factor, up or down."""
    table.amount[days] += rng.choice([-1, 1]) * np.log1p(size)


def _mean_shift(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    table.amount[days] += rng.choice([-1, 1]) * size


def _slow_drift(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    table.amount[days] += rng.choice([-1, 1]) * np.linspace(0, size, _length(days) + 1)[1:]


def _other_shares(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    one = np.eye(CATEGORIES)[int(rng.integers(CATEGORIES))]
    table.shares[days] = (1 - size) * table.shares[days] + size * one


def _new_categories(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    table.categories[days] += max(1, round(size))


def _fewer_keys(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    table.keys[days] *= 1 - size


def _bad_migration(table: Makings, days: Days, size: float, rng: np.random.Generator) -> None:
    """Keys that no longer match, and columns that were not carried over."""
    table.keys[days] *= 1 - size
    table.nulls_mid[days] += 3 * size
    table.log_rate[days] += np.log1p(-size * 0.5)


VOLUME = ("row_count", "distinct_key")
ARRIVAL = ("freshness_min", "row_count", "distinct_key")
NULLS = ("null_rate_lo", "null_rate_mid")
FAULTS = {
    "volume_drop": Kind(_fewer_rows, (1, 4), (0.5, 1.0), (0.2, 0.4), VOLUME),
    "partial_load": Kind(_partial_load, (1, 3), (0.3, 0.7), (0.12, 0.25), VOLUME),
    "volume_rise": Kind(_more_rows, (1, 4), (1.2, 4.0), (0.35, 0.7), VOLUME),
    "dup_load": Kind(_duplicates, (1, 2), (0.4, 1.0), (0.05, 0.15), ("row_count", "dup_ratio")),
    "late_load": Kind(_late, (1, 1), (500, 1100), (150, 300), ARRIVAL),
    "stale": Kind(_stale, (1, 4), (1, 1), (1, 1), ARRIVAL),
    "null_spike": Kind(_null_spike, (1, 5), (0.8, 2.5), (0.3, 0.6), NULLS),
    "null_creep": Kind(_null_creep, (8, 20), (0.8, 1.6), (0.4, 0.7), ("null_rate_mid",)),
    "null_drop": Kind(_null_drop, (1, 6), (1.0, 2.5), (0.4, 0.8), ("null_rate_mid",)),
    "schema_drop": Kind(_all_null, (1, 3), (1, 1), (1, 1), ("null_rate_lo",)),
    "unit_change": Kind(_unit_change, (2, 7), (0.3, 9.0), (0.06, 0.15), ("mean_amount",)),
    "mean_shift": Kind(_mean_shift, (1, 6), (0.2, 0.5), (0.06, 0.12), ("mean_amount",)),
    "slow_drift": Kind(_slow_drift, (12, 24), (0.2, 0.5), (0.08, 0.15), ("mean_amount",)),
    "category_drift": Kind(_other_shares, (3, 7), (0.2, 0.5), (0.06, 0.12), ("dist_psi",)),
    "new_enum": Kind(_new_categories, (2, 7), (2, 9), (1, 1), ("distinct_cat",)),
    "card_collapse": Kind(_fewer_keys, (1, 4), (0.3, 0.8), (0.08, 0.2), ("distinct_key",)),
    "bad_migration": Kind(
        _bad_migration, (1, 5), (0.3, 0.6), (0.1, 0.2), ("row_count", "distinct_key", "null_rate_mid")
    ),
}
