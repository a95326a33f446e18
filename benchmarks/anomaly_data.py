"""Labelled metrics of a warehouse, in the format of the anomaly data, as a history that detectors read."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from aidbt.core.measured import Monitor
from aidbt.monitors.calendar import holidays_of
from aidbt.monitors.history import Family, History

# The data's metrics: what ours is called, the column, the family.
METRICS = {
    "row_count": ("row_count", "", Family.COUNT),
    "freshness_min": ("freshness_minutes", "", Family.MINUTES),
    "null_rate_lo": ("null_rate", "lo", Family.RATE),
    "null_rate_mid": ("null_rate", "mid", Family.RATE),
    "distinct_key": ("distinct_count", "key", Family.COUNT),
    "distinct_cat": ("distinct_count", "cat", Family.COUNT),
    "mean_amount": ("mean", "amount", Family.AMOUNT),
    "dist_psi": ("distribution", "cat", Family.DISTANCE),
    "dup_ratio": ("rows_per_key", "key", Family.EXCESS),
}


def history_of(folder: Path | str) -> tuple[History, list[tuple[str, str]]]:
    """The series of a folder as a history, and (table, metric) of each of its rows.

    Only what a dbt run knows is handed on: values, lineage, the calendar's country, full refreshes.
    """
    folder = Path(folder)
    series = pd.read_parquet(folder / "series.parquet")
    wide = series.pivot(index=["table", "metric"], columns="day", values="value").sort_index()
    keys = [(str(table), str(metric)) for table, metric in wide.index]
    row_of = {key: row for row, key in enumerate(keys)}
    context = pd.read_parquet(folder / "context.parquet")
    first = date.fromisoformat(str(context.date.iloc[0])[:10])
    days = [first + timedelta(days=number) for number in range(wide.shape[1])]
    values = wide.to_numpy(float)
    rows = np.array([values[row_of[table, "row_count"]] for table, _ in keys])
    refreshed, holidays = _context(context, keys, days)
    history = History(
        monitors=tuple(_monitor(table, metric) for table, metric in keys),
        families=tuple(METRICS[metric][2] for _, metric in keys),
        grain="day",
        starts=tuple(datetime(day.year, day.month, day.day) for day in days),
        values=values,
        rows=rows,
        variances=np.full(values.shape, np.nan),
        refreshed=refreshed,
        holidays=holidays,
        parents=_parents(folder, keys, row_of),
        volumes=np.array(
            [-1 if metric == "row_count" else row_of[table, "row_count"] for table, metric in keys]
        ),
        shares=_shares(folder, row_of, len(days)),
    )
    return history, keys


def _monitor(table: str, metric: str) -> Monitor:
    name, column, _ = METRICS[metric]
    return Monitor(node=f"model.data.{table}", metric=name, column=column)


def _parents(folder: Path, keys: list[tuple[str, str]], row_of: dict[tuple[str, str], int]) -> np.ndarray:
    lineage = pd.read_parquet(folder / "lineage.parquet")
    parent = dict(zip(lineage.child, lineage.parent, strict=True))
    return np.array([row_of.get((parent.get(table, ""), metric), -1) for table, metric in keys])


def _context(
    context: pd.DataFrame, keys: list[tuple[str, str]], days: list[date]
) -> tuple[np.ndarray, np.ndarray]:
    """Full refreshes and holidays, M × T; a pipeline is the first four characters of a table's name."""
    refreshes = context.pivot(index="pipeline", columns="day", values="full_refresh")
    countries = context.groupby("pipeline").country.first()
    calendars = {country: holidays_of(country, days) for country in sorted(set(countries))}
    pipelines = [table[:4] for table, _ in keys]
    refreshed = np.array([refreshes.loc[name].to_numpy(bool) for name in pipelines])
    return refreshed, np.array([calendars[countries[name]] for name in pipelines])


def _shares(folder: Path, row_of: dict[tuple[str, str], int], days: int) -> dict[int, np.ndarray]:
    histogram = pd.read_parquet(folder / "hist.parquet")
    columns = [name for name in histogram.columns if name not in ("table", "day")]
    shares = {}
    for table, part in histogram.groupby("table"):
        found = np.full((days, len(columns)), np.nan)
        found[part.day.astype(int).to_numpy()] = part[columns].to_numpy(float)
        shares[row_of[str(table), "dist_psi"]] = found
    return shares
