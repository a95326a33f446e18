"""Fits what stands in `aidbt/monitors/detectors/evidence.py` and `calibration.py`, and prints it.

Sets of our own making with the seeds 6 to 9 are used for it, and no others: not those that the benchmark
makes by default, and no data that came from elsewhere. Weights are a logistic regression with an L2 penalty
whose weights are not negative (L-BFGS-B: Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16, 1995), first of
all kinds of metrics together, then of each kind, leaning on what holds for all. Days of one label count as
one day together, or the longest faults would decide.

`--without FAMILY` leaves the sets of one family out, to see what the weights are worth on it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aidbt.monitors.detectors.evidence import KINDS, PIECES, Evidence, kinds_of, log_odds
from aidbt.monitors.detectors.statistical import StatisticalDetector
from aidbt.monitors.thresholds import threshold_of
from benchmarks.anomaly_sets import LabelledSet, read_set
from benchmarks.anomaly_sets.figures import Truth, episodes_of, truth_of
from benchmarks.anomaly_sets.made import MIXES, make_set

SEEDS = (6, 7, 8, 9)
FIRST_DAY = 30
# Buckets that nothing is odd about are not looked at; of those that little is odd about, so many.
_LEAST, _LITTLE, _SHARE = 0.3, 1.0, 0.15
_PENALTY = 20.0
# A kind with fewer faulty labels has the weights of all.
_FEWEST = 40
_ODDS = np.arange(-8.0, 2.1, 1.0)


@dataclass(frozen=True, slots=True)
class Case:
    """Judged buckets of one set: what was said of each (N × pieces), its kind, and what it counts."""

    pieces: np.ndarray
    kinds: np.ndarray
    faulty: np.ndarray
    weight: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without", default="", choices=["", *(mix.name for mix in MIXES)])
    chosen = parser.parse_args()
    cases, said = [], []
    for data in _sets(chosen.without):
        evidence, _ = StatisticalDetector().evidence(data.history)
        truth = truth_of(data, first=FIRST_DAY)
        cases.append(case_of(data, evidence, truth))
        said.append((data, evidence))
    found = fitted(cases)
    print("WEIGHTS = {")
    for kind, (weights, start) in found.items():
        print(f'    "{kind}": ({tuple(round(float(one), 2) for one in weights)}, {start:.2f}),')
    print("}")
    print("_ODDS =", _ODDS.tolist())
    print("_AMONG =", [round(float(one), 2) for one in calibration(said)])


def _sets(without: str) -> Iterator[LabelledSet]:
    with tempfile.TemporaryDirectory(prefix="aidbt-weights-") as scratch:
        for seed in SEEDS:
            for mix in MIXES:
                if mix.name != without:
                    yield read_set(make_set(mix, Path(scratch), seed=seed))


def case_of(data: LabelledSet, evidence: Evidence, truth: Truth) -> Case:
    """The buckets of a set that say something, one in a few of those that say little."""
    rng = np.random.default_rng(0)
    weight = np.where(truth.faulty, 0.0, 1.0)
    for row, label in zip(truth.rows, truth.labels.itertuples(), strict=True):
        weight[row, label.start : label.end + 1] = 1 / (label.end - label.start + 1)
    says_little = ~truth.faulty & (evidence.strongest <= _LITTLE)
    weight[says_little] /= _SHARE
    counted = truth.judged & truth.observed & ~truth.neutral & (evidence.strongest > _LEAST) & (weight > 0)
    counted &= ~says_little | (rng.random(counted.shape) < _SHARE)
    pieces = np.stack([evidence.piece(name)[counted] for name in PIECES], axis=1)
    kinds = kinds_of(data.history.families, evidence.sign)[counted]
    return Case(pieces.astype(float), kinds, truth.faulty[counted], weight[counted])


def fitted(cases: list[Case]) -> dict[str, tuple[np.ndarray, float]]:
    """Kind → weights and start."""
    pieces = np.concatenate([case.pieces for case in cases])
    kinds, faulty, weight = (
        np.concatenate([getattr(case, name) for case in cases]) for name in ("kinds", "faulty", "weight")
    )
    common = _regression(pieces, faulty, weight, np.zeros(len(PIECES)))
    found = {}
    for place, kind in enumerate(KINDS):
        own = kinds == place
        enough = faulty[own].sum() >= _FEWEST
        found[kind] = _regression(pieces[own], faulty[own], weight[own], common[0]) if enough else common
    return found


def _regression(
    pieces: np.ndarray, faulty: np.ndarray, weight: np.ndarray, lean: np.ndarray
) -> tuple[np.ndarray, float]:
    from scipy.optimize import minimize

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        odds = pieces @ at[:-1] + at[-1]
        away = at[:-1] - lean
        value = (weight * (np.logaddexp(0, odds) - faulty * odds)).sum() + _PENALTY * (away**2).sum()
        off = weight * (1 / (1 + np.exp(-odds)) - faulty)
        return value, np.r_[pieces.T @ off + 2 * _PENALTY * away, off.sum()]

    bounds = [(0, None)] * len(lean) + [(None, None)]
    found = minimize(loss, np.r_[lean, -6.0], jac=True, method="L-BFGS-B", bounds=bounds).x
    return found[:-1], float(found[-1])


def calibration(said: list[tuple[LabelledSet, Evidence]]) -> np.ndarray:
    """For each of the odds, the score that promises as many false alarms as there were in the family of sets
    with the most, with the weights that stand in `evidence` (run again after others were put in there).
    """
    wrong: dict[str, np.ndarray] = {}
    weeks: dict[str, float] = {}
    for data, evidence in said:
        truth, odds = truth_of(data), log_odds(evidence, data.history.families)
        found = np.array([episodes_of(truth, odds >= limit).wrong.sum() for limit in _ODDS])
        wrong[data.name] = wrong.get(data.name, 0) + found
        weeks[data.name] = weeks.get(data.name, 0) + truth.monitor_weeks
    most = np.max([100 * (found + 1) / weeks[name] for name, found in wrong.items()], axis=0)
    return np.array([threshold_of(one, "day") for one in most])


if __name__ == "__main__":
    main()
