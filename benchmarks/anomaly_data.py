"""Metrics of a warehouse, in the format of the anomaly data, as a history that detectors read.

Only series.parquet has to be there: without the others there is no lineage, no calendar, no histogram.
"""

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
# The day of data that does not say: a Monday.
_FIRST = date(2024, 1, 1)


def history_of(folder: Path | str) -> tuple[History, list[tuple[str, str]]]:
    """The series of a folder as a history, and (table, metric) of each of its rows.

    Only what a dbt run knows is handed on: values, lineage, the calendar's country, full refreshes.
    """
    folder = Path(folder)
    series = pd.read_parquet(folder / "series.parquet")
    wide = series.pivot(index=["table", "metric"], columns="day", values="value").sort_index()
    keys = [(str(table), str(metric)) for table, metric in wide.index]
    row_of = {key: row for row, key in enumerate(keys)}
    wide = wide.reindex(columns=range(int(wide.columns.max()) + 1))
    context = table_of(folder, "context", ("pipeline", "day", "date", "country", "full_refresh"))
    first = date.fromisoformat(str(context.sort_values("day").date.iloc[0])[:10]) if len(context) else _FIRST
    days = [first + timedelta(days=number) for number in range(wide.shape[1])]
    values = wide.to_numpy(float)
    volumes = np.array([row_of.get((table, "row_count"), -1) for table, _ in keys])
    rows = np.where((volumes >= 0)[:, None], values[volumes], np.nan)
    refreshed, holidays = _context(context, keys, days)
    history = History(
        monitors=tuple(_monitor(table, metric) for table, metric in keys),
        families=tuple(_named(metric)[2] for _, metric in keys),
        grain="day",
        starts=tuple(datetime(day.year, day.month, day.day) for day in days),
        values=values,
        rows=rows,
        variances=np.full(values.shape, np.nan),
        refreshed=refreshed,
        holidays=holidays,
        parents=_parents(folder, keys, row_of),
        volumes=np.where([metric == "row_count" for _, metric in keys], -1, volumes),
        shares=_shares(folder, row_of, len(days)),
    )
    return history, keys


def table_of(folder: Path, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """One table of a folder; empty, with these columns, where it is not there."""
    path = folder / f"{name}.parquet"
    return pd.read_parquet(path) if path.is_file() else pd.DataFrame(columns=list(columns))


def _named(metric: str) -> tuple[str, str, Family]:
    """What a metric is with us; one that is not known is a number of its own."""
    return METRICS.get(metric, (f"custom:{metric}", "", Family.AMOUNT))


def _monitor(table: str, metric: str) -> Monitor:
    name, column, _ = _named(metric)
    return Monitor(node=f"model.data.{table}", metric=name, column=column)


def _parents(folder: Path, keys: list[tuple[str, str]], row_of: dict[tuple[str, str], int]) -> np.ndarray:
    lineage = table_of(folder, "lineage", ("child", "parent"))
    parent = dict(zip(lineage.child, lineage.parent, strict=True))
    return np.array([row_of.get((parent.get(table, ""), metric), -1) for table, metric in keys])


def _context(
    context: pd.DataFrame, keys: list[tuple[str, str]], days: list[date]
) -> tuple[np.ndarray, np.ndarray]:
    """Full refreshes and holidays, M × T; a pipeline is the first four characters of a table's name."""
    pipelines = [table[:4] for table, _ in keys]
    countries = context.groupby("pipeline").country.first().dropna()
    calendars = {country: holidays_of(country, days) for country in sorted(set(countries))}
    refreshes = context.pivot(index="pipeline", columns="day", values="full_refresh")
    refreshes = refreshes.reindex(index=sorted(set(pipelines)), columns=range(len(days))).eq(True)
    refreshed = np.array([refreshes.loc[name].to_numpy(bool) for name in pipelines])
    none = np.zeros(len(days))
    return refreshed, np.array([calendars.get(countries.get(name), none) for name in pipelines])


def _shares(folder: Path, row_of: dict[tuple[str, str], int], days: int) -> dict[int, np.ndarray]:
    histogram = table_of(folder, "hist", ("table", "day"))
    columns = [name for name in histogram.columns if name not in ("table", "day")]
    shares = {}
    for table, part in histogram.groupby("table"):
        if (str(table), "dist_psi") not in row_of:
            continue
        found = np.full((days, len(columns)), np.nan)
        found[part.day.astype(int).to_numpy()] = part[columns].to_numpy(float)
        shares[row_of[str(table), "dist_psi"]] = found
    return shares
