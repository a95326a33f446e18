"""Claim: data tests stop a build for nothing a third as often as they warn of nothing, and all the same on
most days on which a table lost half of its rows.

A test fails beyond the wide band and warns beyond the narrow one (`aidbt/monitors/judging/bounds.py`). Here
every day of sets with known faults is held against both, as they follow from the days before it; days close
together count once. Figures for nothing are per 100 tests and week. `--data DIR` holds a set or folders of
sets (see `benchmarks/anomaly_sets`); without it they are made here.
"""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aidbt.core.config import MonitorSettings
from aidbt.monitors.detectors.registry import detector_of
from aidbt.monitors.history import Scores
from aidbt.monitors.judging.bounds import TESTED, bands_of
from aidbt.monitors.judging.checking import COLD_START_BUCKETS
from benchmarks.anomaly import set_folders
from benchmarks.anomaly_sets import LabelledSet, read_set
from benchmarks.anomaly_sets.figures import GAP, truth_of
from benchmarks.common import report, standard_arguments

TESTS = 50  # of one build, which is stopped for nothing where one of them is wrong
FEWEST = 6  # days of which a share says something


def main() -> None:
    parser = standard_arguments(__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", help="a set, or a folder of sets")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other made sets of the same kinds")
    chosen: Namespace = parser.parse_args(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as scratch:
        sets = [read_set(folder) for folder in set_folders(chosen, Path(scratch))]
    found = {data.name: figures(data) for data in sets if data.is_labelled}
    if not found:
        raise SystemExit("no set with labels: nobody can say what is for nothing")
    names = next(iter(found.values())).keys()
    means = {name: _mean(of[name] for of in found.values()) for name in names}
    shown = means if chosen.output == "text" else {**means, "sets": found}
    report("blocked_builds", ours=shown, peers={}, ratios={}, output=chosen.output)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 3) if known else None


def figures(data: LabelledSet) -> dict[str, Any]:
    """What the tests of every monitor that there is a test for would have said after the first 60 days."""
    settings = MonitorSettings()
    detector = detector_of(settings.preset, settings.false_alarms)
    scores, threshold = detector.scores(data.history), detector.threshold(settings.false_alarms)
    truth = truth_of(data)
    rows = [row for row, monitor in enumerate(data.history.monitors) if monitor.metric in TESTED]
    outside = _outside(data, scores, rows, threshold)
    outside["error"] &= scores.seen >= COLD_START_BUCKETS
    normal = truth.observed & truth.judged & ~truth.faulty & ~truth.neutral
    faulty = truth.faulty & truth.judged
    volume = np.array([monitor.metric == "row_count" for monitor in data.history.monitors])[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = data.history.values / scores.expected
    weeks = float((truth.observed & truth.judged)[rows].sum()) / 7
    stops = _episodes(outside["error"] & normal) / weeks
    return {
        "stops_for_nothing": round(100 * stops, 3),
        "warnings_for_nothing": round(100 * _episodes(outside["warn"] & normal) / weeks, 3),
        "stops_for_nothing_a_year_of_50_tests": round(TESTS * stops * 365 / 7, 1),
        "drops_stopped": _share(outside["error"], faulty & volume & (share < 0.5)),
        "faults_stopped": _share(outside["error"][rows], faulty[rows]),
        "faults_told": _share(outside["warn"][rows], faulty[rows]),
    }


def _outside(
    data: LabelledSet, scores: Scores, rows: Sequence[int], threshold: float
) -> dict[str, np.ndarray]:
    """M × T bool by severity: the days on which a test would warn, or fail."""
    found = {name: np.zeros(data.history.values.shape, bool) for name in ("warn", "error")}
    for row in rows:
        bands = bands_of(data.history, scores, row, threshold=threshold)
        for name, (low, high) in zip(found, bands, strict=True):
            with np.errstate(invalid="ignore"):
                found[name][row] = (data.history.values[row] < low) | (data.history.values[row] > high)
    return found


def _episodes(days: np.ndarray) -> int:
    """Days of a monitor that are close together are one: a person looks at it once."""
    found = 0
    for row in days:
        places = np.flatnonzero(row)
        found += int(len(places) > 0) + int((np.diff(places) > GAP).sum())
    return found


def _share(found: np.ndarray, wanted: np.ndarray) -> float | None:
    """The share of what there is that was found; None where there is next to nothing."""
    return round(float((found & wanted).sum() / wanted.sum()), 3) if wanted.sum() >= FEWEST else None


if __name__ == "__main__":
    main()
