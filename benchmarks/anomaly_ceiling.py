"""What somebody could find in the made sets who knows them: about the ceiling of any detector's figures.

Each set is made once more from the same random numbers, but without its noise: that gives the level which
every metric really had on every day, promotions, unmarked backfills, breaks and holidays included. How far
clean values lie from it tells the noise. Whoever knows all that compares each value with its true level,
alone and given its parent's and its rows' (a regression on the clean year), on one day and over the last 3, 7
and 14, and believes the oddest of these. What is then left is what chance hides: faults too small for their
noise, and the first days of slow ones. (Who also listens to a monitor's neighbours may be a little better.)

    python -m benchmarks.anomaly_ceiling [--seed N]
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from aidbt.monitors.calendar import holidays_of
from benchmarks.anomaly_sets import LabelledSet, made, read_set
from benchmarks.anomaly_sets.faults import FAULTS
from benchmarks.anomaly_sets.figures import (
    Truth,
    average_precision,
    episodes_of,
    labels_hit,
    recall_within,
    truth_of,
)
from benchmarks.anomaly_sets.measure import METRICS, Chance, measure, on_scale
from benchmarks.anomaly_sets.shapes import SHAPES, World

SPANS = (1, 3, 7, 14)
BUDGET = 0.5


class Quiet:
    """A generator that draws as another does, and gives back no noise: days have their means.

    What is drawn with `standard_normal` are walks, which are levels.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rng, name)

    def normal(self, loc: float, scale: float, size: Any) -> np.ndarray:
        """The means of what is drawn for each day."""
        drawn = self._rng.normal(loc, scale, size)
        return np.full_like(drawn, loc) if made.DAYS in np.atleast_1d(size) else drawn

    def standard_t(self, freedom: float, size: int) -> np.ndarray:
        """Nothing."""
        return np.zeros_like(self._rng.standard_t(freedom, size))

    def random(self, size: Any = None) -> Any:
        """The middle of what is drawn for each day."""
        drawn = self._rng.random(size)
        return drawn if size is None else np.full_like(drawn, 0.5)


@dataclass(frozen=True, slots=True)
class Known:
    """Of each monitor of a set, T days on the scale where differences are alike: what was, what would have
    been without faults, and what was to be expected.
    """

    values: dict[tuple[str, str], np.ndarray]
    clean: dict[tuple[str, str], np.ndarray]
    level: dict[tuple[str, str], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    print(f"{'set':12} F1 at {BUDGET}  AP     incidents at {BUDGET}  at 1")
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as scratch:
        for mix in made.MIXES:
            if mix.faults_each:
                data = read_set(made.make_set(mix, Path(scratch), seed=seed))
                f1, precision, incidents, more = ceiling(data, mix, seed)
                print(f"{mix.name:12} {f1:.3f}      {precision:.3f}  {incidents:.3f}             {more:.3f}")


def ceiling(data: LabelledSet, mix: made.Mix, seed: int) -> tuple[float, float, float, float]:
    """The best F1 within the budget of false alarms, average precision, recall of incidents at the budget and
    at one false alarm.
    """
    truth, scores = truth_of(data), known_scores(data, known_of(mix, seed))
    incidents, limit = recall_within(truth, scores, BUDGET)
    judged = scores[:, truth.judged]
    limits = np.quantile(judged[judged > limit], np.linspace(0, 0.95, 20))
    best = max(_f1(truth, scores > one) for one in (limit, *limits))
    return best, average_precision(truth, scores), incidents, recall_within(truth, scores, 1.0)[0]


def _f1(truth: Truth, alerts: np.ndarray) -> float:
    episodes = episodes_of(truth, alerts)
    right, recall = int(episodes.right.sum()), float((labels_hit(truth, alerts) >= 0).mean())
    precision = right / max(1, right + int(episodes.wrong.sum()))
    return 2 * precision * recall / max(1e-9, precision + recall)


def known_of(mix: made.Mix, seed: int) -> Known:
    """A set's pipelines with and without faults and noise."""
    start = date(2022, 1, 3) + timedelta(days=int(np.random.default_rng([mix.seed, seed]).integers(1100)))
    known = Known({}, {}, {})
    for number in range(mix.pipelines):
        plain, quiet = (np.random.default_rng([mix.seed, seed, number]) for _ in range(2))
        with_noise = _tables(mix, number, start, plain)
        without = _tables(mix, number, start, Quiet(quiet))
        for name, (makings, closed, chance, faulty) in with_noise.items():
            level = measure(without[name][0], closed, _no_chance(chance))[0]
            clean, values = (measure(one, closed, chance)[0] for one in (makings, faulty))
            for metric in METRICS:
                for into, of in ((known.values, values), (known.clean, clean), (known.level, level)):
                    into[name, metric] = on_scale(metric, of[metric])
    return known


def _tables(mix: made.Mix, number: int, start: date, rng: Any) -> dict[str, Any]:
    """Table → its makings, closed days, chance, and its makings with faults; drawn as `make_set` draws."""
    name, shape = f"p{number:03d}", mix.shapes[number % len(mix.shapes)]
    _, region = made.PLACES[int(rng.integers(len(made.PLACES)))]
    days = tuple(start + timedelta(days=day) for day in range(made.DAYS))
    world = World(days, np.array([day.weekday() for day in days]), holidays_of(region, days) == 1, rng)
    volume = SHAPES[shape](world)
    made._everyday_events(volume, rng)
    parents = {"stg": "src", "mart_a": "stg", "mart_b": "mart_a" if rng.random() < 0.3 else "stg"}
    faults = made._faults(mix, name, rng)
    source, found = made._source(world, volume), {}
    for table in made.TABLES:
        makings = made._table_of(source, table, rng)
        chance = Chance.drawn(rng, made.DAYS)
        faulty = makings.copy()
        for fault in faults:
            if fault.root in made._line(table, parents):
                own = np.random.default_rng(fault.seed)
                FAULTS[fault.kind].apply(faulty, fault.days, fault.size, own)
        found[f"{name}_{table}"] = (makings, volume.closed, chance, faulty)
    return found


def _no_chance(chance: Chance) -> Chance:
    days = len(chance.rows)
    half, none = np.full(days, 0.5), np.zeros(days)
    return Chance(
        half, half, half, none, none, none, np.zeros_like(chance.shares), chance.spread, chance.exponent
    )


def known_scores(data: LabelledSet, known: Known) -> np.ndarray:
    """How odd each value is to somebody who knows its level and noise, M × T."""
    history = data.history
    off = np.array([known.values[key] - known.level[key] for key in data.keys])
    noise = np.array([known.clean[key] - known.level[key] for key in data.keys])
    noise[history.refreshed] = np.nan
    found = np.zeros(off.shape)
    for row in range(len(off)):
        others = [int(links[row]) for links in (history.parents, history.volumes) if links[row] >= 0]
        given = [(off[row], noise[row])]
        if others:
            slopes = _slopes(noise[row], noise[others])
            given.append((off[row] - slopes @ off[others], noise[row] - slopes @ noise[others]))
        for values, usual in given:
            for span in SPANS:
                found[row] = np.fmax(found[row], _deviations(values, usual, span))
    return np.where(history.refreshed | np.isnan(history.values), 0, found)


def _slopes(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    counted = np.isfinite(values) & np.isfinite(others).all(axis=0)
    return np.linalg.lstsq(others[:, counted].T, values[counted], rcond=None)[0]


def _deviations(values: np.ndarray, usual: np.ndarray, span: int) -> np.ndarray:
    """Means over a span, in deviations of those of the clean year; 0 where the last day says it is over."""
    mean, clean = _mean(values, span), _mean(usual, span)
    clean = clean[np.isfinite(clean)]
    if not len(clean):
        return np.zeros(len(values))
    middle = clean.mean()
    # with heavy tails one in two hundred is further out than a standard deviation says
    spread = max(clean.std(), np.quantile(np.abs(clean - middle), 0.995) / 2.81, 1e-3)
    goes_on = (values - middle) * np.sign(mean - middle) >= 0.5 * np.abs(mean - middle)
    return np.where(goes_on, np.abs(mean - middle) / spread, 0)


def _mean(values: np.ndarray, span: int) -> np.ndarray:
    padded = np.r_[np.full(span - 1, np.nan), values]
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, span).mean(axis=1))


if __name__ == "__main__":
    main()
