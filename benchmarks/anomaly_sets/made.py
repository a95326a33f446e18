"""Sets of our own making: pipelines of many shapes, with faults whose days are known.

Every table is measured twice from the same random numbers, without its faults and with them. A label stands
where a metric is moved by more than it varies by itself (over the days of the fault together, four deviations
from week to week): what cannot be seen by anybody is no label. The rest of the pipeline is neutral on those
days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from aidbt.monitors.calendar import holidays_of
from benchmarks.anomaly_sets.faults import CATEGORIES, FAULTS, Makings
from benchmarks.anomaly_sets.measure import METRICS, Chance, measure, visible
from benchmarks.anomaly_sets.shapes import SHAPES, Event, Volume, World

DAYS = 365
FIRST_FAULT = 20
APART = 9  # days between two faults of a pipeline
# Country, and the part of it whose holidays the business really keeps.
PLACES = (("US", "US-CA"), ("DE", "DE-BY"), ("GB", "GB-ENG"), ("FR", "FR"), ("NL", "NL"), ("ES", "ES-MD"))
TABLES = ("src", "stg", "mart_a", "mart_b")


@dataclass(frozen=True, slots=True)
class Mix:
    """What a set is made of.

    Attributes:
        faults: kind → weight; all kinds alike when empty.
        faults_each: of a pipeline in a year.
        subtle: the share of small faults.
    """

    name: str
    seed: int
    shapes: tuple[str, ...]
    faults: dict[str, float] = field(default_factory=dict)
    faults_each: int = 7
    subtle: float = 0.25
    pipelines: int = 8


# One family of businesses each, so that a family whose figures fall behind is seen.
MIXES = (
    Mix("everyday", 101, ("shop", "office", "snapshot", "growing")),
    Mix("calendars", 202, ("closed_weekends", "working_days", "billing", "terms")),
    Mix("loads", 303, ("weekly_load", "hourly_batches")),
    Mix("small", 404, ("sparse", "campaigns")),
    Mix("shifting", 505, ("shifting", "growing")),
    Mix(
        "faint",
        606,
        tuple(SHAPES),
        {"slow_drift": 2, "null_creep": 2, "partial_load": 2, "mean_shift": 1, "dup_load": 1, "new_enum": 1},
        subtle=0.6,
        pipelines=10,
    ),
    Mix("everything", 707, tuple(SHAPES), pipelines=13),
    Mix("quiet", 808, tuple(SHAPES), faults_each=0, pipelines=13),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where it starts and how large it is."""

    incident: str
    kind: str
    root: str
    days: slice
    size: float
    is_subtle: bool
    seed: int


def make_set(mix: Mix, folder: Path, *, seed: int = 0) -> Path:
    """Write the set of a mix into `folder/<name>`; the same mix and seed always give the same set."""
    parts: dict[str, list[pd.DataFrame]] = {
        name: [] for name in ("series", "labels", "benign", "context", "lineage", "hist")
    }
    start = date(2022, 1, 3) + timedelta(days=int(np.random.default_rng([mix.seed, seed]).integers(1100)))
    for number in range(mix.pipelines):
        rng = np.random.default_rng([mix.seed, seed, number])
        for name, frame in _pipeline(mix, number, start, rng).items():
            parts[name].append(frame)
    into = folder / mix.name
    into.mkdir(parents=True, exist_ok=True)
    for name, frames in parts.items():
        pd.concat(frames, ignore_index=True).to_parquet(into / f"{name}.parquet")
    return into


def _pipeline(mix: Mix, number: int, start: date, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    name = f"p{number:03d}"
    shape = mix.shapes[number % len(mix.shapes)]
    country, region = PLACES[int(rng.integers(len(PLACES)))]
    days = tuple(start + timedelta(days=day) for day in range(DAYS))
    weekdays = np.array([day.weekday() for day in days])
    world = World(days, weekdays, holidays_of(region, days) == 1, rng)
    volume = SHAPES[shape](world)
    events = [*volume.events, *_everyday_events(volume, rng), *_holidays(world)]
    parents = {"stg": "src", "mart_a": "stg", "mart_b": "mart_a" if rng.random() < 0.3 else "stg"}
    faults = _faults(mix, name, rng)
    series, labels, shares = _tables(name, world, volume, parents, faults)
    context = pd.DataFrame(
        {
            "pipeline": name,
            "day": np.arange(DAYS),
            "date": [day.isoformat() for day in days],
            "country": country,
            "full_refresh": volume.refreshed,
            "archetype": shape,
        }
    )
    return {
        "series": series,
        "labels": labels,
        "hist": shares,
        "context": context,
        "benign": pd.DataFrame(
            [(name, *event) for event in events], columns=["pipeline", "start", "end", "kind"]
        ),
        "lineage": pd.DataFrame(
            [(f"{name}_{child}", f"{name}_{parent}") for child, parent in parents.items()],
            columns=["child", "parent"],
        ),
    }


def _holidays(world: World) -> list[Event]:
    return [(int(day), int(day), "holiday") for day in np.flatnonzero(world.holidays)]


def _everyday_events(volume: Volume, rng: np.random.Generator) -> list[Event]:
    """Promotions (not of snapshots) and backfills, put into the volume; most backfills are known to dbt."""
    events: list[Event] = []
    if not len(volume.refreshed):
        volume.refreshed = np.zeros(DAYS, bool)
    for _ in range(rng.poisson(1.0) if volume.clumps else 0):
        first, length = int(rng.integers(FIRST_FAULT, DAYS - 8)), int(rng.integers(2, 6))
        volume.log_rate[first : first + length] += rng.uniform(0.15, 0.5)
        events.append((first, first + length - 1, "promo"))
    for _ in range(rng.poisson(1.0)):
        day, is_flagged = int(rng.integers(FIRST_FAULT, DAYS - 2)), rng.random() < 0.9
        volume.log_rate[day] += np.log(rng.uniform(2, 15))
        volume.refreshed[day] |= is_flagged
        events.append((day, day, "backfill_flagged" if is_flagged else "backfill_unflagged"))
    return events


def _faults(mix: Mix, pipeline: str, rng: np.random.Generator) -> list[Fault]:
    weights = mix.faults or dict.fromkeys(FAULTS, 1.0)
    kinds, chances = list(weights), np.array(list(weights.values())) / sum(weights.values())
    taken = np.zeros(DAYS, bool)
    found = []
    for number in range(mix.faults_each):
        name = kinds[int(rng.choice(len(kinds), p=chances))]
        kind, is_subtle = FAULTS[name], bool(rng.random() < mix.subtle)
        length = int(rng.integers(kind.days[0], kind.days[1] + 1))
        first = int(rng.integers(FIRST_FAULT, DAYS - length - 5))
        if taken[max(0, first - APART) : first + length + APART].any():
            continue
        taken[first : first + length] = True
        root = str(rng.choice(TABLES, p=[0.35, 0.25, 0.2, 0.2]))
        size = float(rng.uniform(*(kind.subtle if is_subtle else kind.plain)))
        days, seed = slice(first, first + length), int(rng.integers(2**31))
        found.append(Fault(f"{pipeline}_i{number}", name, root, days, size, is_subtle, seed))
    return found


def _tables(
    pipeline: str, world: World, volume: Volume, parents: dict[str, str], faults: Sequence[Fault]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The series, labels and shares of a pipeline's tables."""
    rng = world.rng
    source = _source(world, volume)
    series, labels, shares = [], [], []
    for table in TABLES:
        makings = _table_of(source, table, rng)
        chance = Chance.drawn(rng, DAYS)
        clean, _ = measure(makings, volume.closed, chance)
        reached = [fault for fault in faults if fault.root in _line(table, parents)]
        faulty = makings.copy()
        for fault in reached:
            FAULTS[fault.kind].apply(faulty, fault.days, fault.size, np.random.default_rng(fault.seed))
        values, histogram = measure(faulty, volume.closed, chance)
        name = f"{pipeline}_{table}"
        for metric in METRICS:
            series.append(
                pd.DataFrame(
                    {"table": name, "metric": metric, "day": np.arange(DAYS), "value": values[metric]}
                )
            )
        for fault in reached:
            for metric in FAULTS[fault.kind].metrics:
                if visible(metric, clean[metric], values[metric], fault.days, volume.refreshed):
                    labels.append(
                        (fault.incident, name, metric, fault.days.start, fault.days.stop - 1, fault.kind,
                         fault.is_subtle, f"{pipeline}_{fault.root}")
                    )  # fmt: skip
        shares.append(_share_frame(name, histogram))
    columns = ["incident", "table", "metric", "start", "end", "kind", "subtle", "root_table"]
    return pd.concat(series), pd.DataFrame(labels, columns=columns), pd.concat(shares)


def _line(table: str, parents: dict[str, str]) -> list[str]:
    """A table and all that it is made of."""
    line = [table]
    while line[-1] in parents:
        line.append(parents[line[-1]])
    return line


def _share_frame(table: str, histogram: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(histogram.astype(np.float32), columns=[f"s{place}" for place in range(CATEGORIES)])
    return frame.assign(day=np.arange(DAYS, dtype=float), table=table).dropna()


def _walk(rng: np.random.Generator, scale: float) -> np.ndarray:
    return np.cumsum(scale * rng.standard_normal(DAYS))


def _source(world: World, volume: Volume) -> Makings:
    """What all tables of a pipeline have in common."""
    rng = world.rng
    middle = rng.uniform(0.02, 0.4)
    low = 10 ** rng.uniform(-4.5, -2.5)
    amount = (
        np.log(10) * rng.uniform(0.5, 3) + _walk(rng, 0.002) + rng.normal(0, rng.uniform(0.004, 0.04), DAYS)
    )
    shares = np.log(rng.dirichlet(np.full(CATEGORIES, 3.0)))
    drift = np.cumsum(rng.uniform(0.002, 0.01) * rng.standard_normal((DAYS, CATEGORIES)), axis=0)
    mixed = np.exp(shares + drift + rng.normal(0, 0.02, (DAYS, CATEGORIES)))
    minutes = np.exp(np.log(10) * rng.uniform(1, 2.2) + rng.normal(0, rng.uniform(0.05, 0.35), DAYS))
    return Makings(
        log_rate=volume.log_rate,
        clumps=volume.clumps,
        minutes=minutes + 5 + 1440 * _closed_so_far(volume.closed),
        nulls_low=np.full(DAYS, np.log(low / (1 - low))),
        nulls_mid=np.log(middle / (1 - middle))
        + rng.normal(0, rng.uniform(0.01, 0.08), DAYS)
        + _walk(rng, 0.008),
        amount=amount + rng.normal(0, 0.01, 7)[world.weekdays],
        keys=np.full(DAYS, rng.uniform(0.05, 0.9)),
        categories=np.full(DAYS, float(rng.integers(4, 50))),
        copies=1 + np.abs(rng.normal(0, 0.001, DAYS)),
        shares=mixed / mixed.sum(1, keepdims=True),
        empty=np.zeros(DAYS, bool),
    )


def _closed_so_far(closed: np.ndarray) -> np.ndarray:
    """How many days in a row nothing has come, the day itself counted."""
    found = np.zeros(len(closed))
    for day in range(len(closed)):
        found[day] = (found[day - 1] if day else 0) + 1 if closed[day] else 0
    return found


def _table_of(source: Makings, table: str, rng: np.random.Generator) -> Makings:
    """What one table makes of the source: a part of its rows, and a little noise of its own."""
    kept = {"src": (1, 1), "stg": (0.7, 1), "mart_a": (0.1, 0.9), "mart_b": (0.02, 0.3)}[table]
    made = source.copy()
    own = 0.0 if source.clumps == 0 else rng.uniform(0.002, 0.03)
    made.log_rate = made.log_rate + np.log(rng.uniform(*kept)) + rng.normal(0, own, DAYS)
    made.minutes = made.minutes + 0.06 * rng.normal(0, 1, DAYS) * np.minimum(made.minutes, 240)
    made.nulls_mid = made.nulls_mid + rng.normal(0, 0.02, DAYS)
    made.amount = made.amount + rng.normal(0, 0.005, DAYS)
    return made
