"""Histories of days, for tests of detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from aidbt.core.measured import Monitor
from aidbt.monitors.history import Family, History

START = datetime(2026, 1, 5)  # a Monday
ORDERS = "model.shop.orders"
ROWS = Monitor(ORDERS, "row_count")
AGE = Monitor(ORDERS, "freshness_minutes")
NULLS = Monitor(ORDERS, "null_rate", "email")
KEYS = Monitor(ORDERS, "distinct_count", "id")
MEAN = Monitor(ORDERS, "mean", "amount")
SHARES = Monitor(ORDERS, "distribution", "status")
COPIES = Monitor(ORDERS, "rows_per_key", "id")
FAMILIES = {
    "row_count": Family.COUNT,
    "freshness_minutes": Family.MINUTES,
    "null_rate": Family.RATE,
    "distinct_count": Family.COUNT,
    "mean": Family.AMOUNT,
    "distribution": Family.DISTANCE,
    "rows_per_key": Family.EXCESS,
}


def history_of(
    values: Mapping[Monitor, Sequence[float]],
    *,
    rows: float = 10_000.0,
    refreshed: Sequence[int] = (),
    shares: np.ndarray | None = None,
) -> History:
    """One monitor a row, in the order given; `refreshed` are days of full refreshes."""
    monitors = tuple(values)
    found = np.array([values[monitor] for monitor in monitors], float)
    is_rows = [monitor.metric == "row_count" for monitor in monitors]
    counted = found[is_rows.index(True)] if any(is_rows) else np.full(found.shape[1], rows)
    flags = np.zeros(found.shape, bool)
    flags[:, list(refreshed)] = True
    volume = is_rows.index(True) if any(is_rows) else -1
    return History(
        monitors=monitors,
        families=tuple(FAMILIES[monitor.metric] for monitor in monitors),
        grain="day",
        starts=tuple(START + timedelta(days=day) for day in range(found.shape[1])),
        values=found,
        rows=np.tile(counted, (len(monitors), 1)),
        variances=np.full(found.shape, np.nan),
        refreshed=flags,
        holidays=np.zeros(found.shape),
        parents=np.full(len(monitors), -1),
        volumes=np.array([-1 if of_rows else volume for of_rows in is_rows]),
        shares={} if shares is None else {monitors.index(SHARES): shares},
    )


def shop(days: int = 120, *, seed: int = 5) -> dict[Monitor, np.ndarray]:
    """A table with a week of its own, quiet weekends, and nothing wrong."""
    rng = np.random.default_rng(seed)
    weekday = np.array([1.0, 1.1, 1.05, 1.0, 0.9, 0.5, 0.4])[np.arange(days) % 7]
    rows = np.round(10_000 * weekday * np.exp(rng.normal(0, 0.03, days)))
    return {
        ROWS: rows,
        AGE: 60 + rng.normal(0, 5, days),
        NULLS: rng.binomial(10_000, 0.05, days) / 10_000,
        KEYS: np.round(rows**0.9 * np.exp(rng.normal(0, 0.01, days))),
        MEAN: 50 * np.exp(rng.normal(0, 0.01, days)),
        COPIES: 1 + np.abs(rng.normal(0, 0.0005, days)),
    }


def until(history: History, bucket: int) -> History:
    """Only the buckets before one."""
    cut = {
        name: getattr(history, name)[:, :bucket]
        for name in ("values", "rows", "variances", "refreshed", "holidays")
    }
    shares = {row: of[:bucket] for row, of in history.shares.items()}
    return replace(history, starts=history.starts[:bucket], shares=shares, **cut)
