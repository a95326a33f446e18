"""What the ceiling and the weights of the detector are reckoned from is what the made sets really hold."""

from __future__ import annotations

import numpy as np
import pytest

from aidbt.monitors.detectors.evidence import KINDS, PIECES
from benchmarks.anomaly_ceiling import Known, known_of, known_scores
from benchmarks.anomaly_sets import LabelledSet, read_set
from benchmarks.anomaly_sets.figures import truth_of
from benchmarks.anomaly_sets.made import Mix, make_set
from benchmarks.anomaly_sets.measure import on_scale
from benchmarks.anomaly_weights import Case, fitted

MIX = Mix("two", 11, ("snapshot", "hourly_batches"), {"volume_drop": 1.0}, pipelines=2, subtle=0.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> LabelledSet:
    return read_set(make_set(MIX, tmp_path_factory.mktemp("sets"), seed=3))


@pytest.fixture(scope="module")
def known() -> Known:
    return known_of(MIX, 3)


def test_the_ceiling_knows_the_same_values_as_the_set_holds_and_their_level(data, known):
    for row, (table, metric) in enumerate(data.keys):
        assert np.allclose(
            known.values[table, metric], on_scale(metric, data.history.values[row]), equal_nan=True
        )
    rows = ("p001_src", "row_count")
    assert np.nanstd(known.clean[rows] - known.level[rows]) < 0.15


def test_who_knows_the_level_finds_what_is_lost(data, known):
    truth = truth_of(data)

    scores = known_scores(data, known)

    faulty, normal = scores[truth.faulty & truth.judged], scores[~truth.faulty & ~truth.neutral]
    assert len(faulty)
    assert np.median(faulty) > np.quantile(normal, 0.999)


@pytest.mark.parametrize("kind", ["rate", "amount"])
def test_weights_are_those_that_the_cases_were_made_with(kind):
    rng = np.random.default_rng(1)
    pieces = rng.exponential(2, (20_000, len(PIECES)))
    weights = np.array([0.0, 0.3, 1.5, 0.5, 1.0, 0.2])
    faulty = rng.random(20_000) < 1 / (1 + np.exp(6 - pieces @ weights))
    kinds = np.full(20_000, KINDS.index(kind))

    found, start = fitted([Case(pieces, kinds, faulty, np.ones(20_000))])[kind]

    assert found == pytest.approx(weights, abs=0.1)
    assert start == pytest.approx(-6, abs=0.4)
