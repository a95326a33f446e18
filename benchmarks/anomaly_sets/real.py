"""Real daily series without labels: what is looked at is how often a detector alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from aidbt.core.measured import Monitor
from aidbt.monitors.calendar import holidays_of
from aidbt.monitors.detectors.registry import Detector
from aidbt.monitors.history import Family, History
from aidbt.monitors.judging.checking import odd_buckets
from benchmarks.anomaly_sets.peers import PEERS

RIVAL = "elementary day of week"
# File → the country it is of; "" where that is not known.
FILES = {
    "nab_nyc_taxi_daily.csv": "US",
    "prophet_example_pedestrians_covid.csv": "AU",
    "prophet_example_wp_log_R.csv": "",
    "prophet_example_wp_log_peyton_manning.csv": "",
}
SNOW_STORM = ("nab_nyc_taxi_daily.csv", (date(2015, 1, 26), date(2015, 1, 27)))


@dataclass(frozen=True, slots=True)
class RealSeries:
    """One series; `history` has the one monitor."""

    name: str
    days: tuple[date, ...]
    history: History


def real_series(folder: Path) -> list[RealSeries]:
    """The series that are there; page views, which the files have as logarithms, are counts again."""
    return [_read(folder / name, country) for name, country in FILES.items() if (folder / name).is_file()]


def _read(path: Path, country: str) -> RealSeries:
    frame = pd.read_csv(path)
    day, value = pd.to_datetime(frame.iloc[:, 0]).dt.date, frame.iloc[:, 1].astype(float)
    if "_log_" in path.name:
        value = np.exp(value).round()
    known = dict(zip(day, value, strict=True))
    first, last = min(known), max(known)
    days = tuple(first + timedelta(days=number) for number in range((last - first).days + 1))
    return RealSeries(path.name, days, _history(days, [known.get(each, np.nan) for each in days], country))


def _history(days: tuple[date, ...], numbers: list[float], country: str) -> History:
    values = np.array([numbers], float)
    return History(
        monitors=(Monitor("model.real.series", "row_count"),),
        families=(Family.COUNT,),
        grain="day",
        starts=tuple(datetime(day.year, day.month, day.day) for day in days),
        values=values,
        rows=values.copy(),
        variances=np.full(values.shape, np.nan),
        refreshed=np.zeros(values.shape, bool),
        holidays=holidays_of(country, days)[None],
        parents=np.array([-1]),
        volumes=np.array([-1]),
    )


def alerted_days(series: RealSeries, detector: Detector, budget: float) -> list[date]:
    """The days that a detector alerts on."""
    scores = detector.scores(series.history)
    return _days(series, odd_buckets(series.history, scores, detector.threshold(budget))[0])


def rival_days(series: RealSeries) -> list[date]:
    """The days that Elementary's day-of-week variant alerts on."""
    peer = PEERS[RIVAL]
    return _days(series, peer.scores(series.history.values)[0] > peer.threshold)


def _days(series: RealSeries, alerts: np.ndarray) -> list[date]:
    return [series.days[place] for place in np.flatnonzero(alerts)]
