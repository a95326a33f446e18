"""What every registered detector has to do, whatever it thinks of as odd."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.config import MonitorSettings
from aidbt.core.errors import MissingExtra, UnknownName
from aidbt.monitors.detectors import isolation_forest
from aidbt.monitors.detectors.registry import DETECTORS, PRESETS, Detector, detector_of, open_detector
from aidbt.monitors.history import Scores
from tests.aidbt.monitors.daily import ROWS, SHARES, history_of, shop, until

ARRAYS = ("score", "sign", "expected", "low", "high", "seen")
detectors = pytest.mark.parametrize("name", DETECTORS.names())
# One of them sees nothing but shares.
of_volumes = pytest.mark.parametrize("name", [name for name in DETECTORS.names() if name != "distribution"])


def same(one: Scores, other: Scores) -> bool:
    return all(np.array_equal(getattr(one, n), getattr(other, n), equal_nan=True) for n in ARRAYS)


@detectors
def test_it_is_a_detector_that_says_something_of_every_bucket(name):
    history = history_of(shop())

    detector = open_detector(name)
    found = detector.scores(history)

    assert isinstance(detector, Detector)
    assert all(getattr(found, array).shape == history.values.shape for array in ARRAYS)
    assert np.isfinite(found.score).all()
    assert (found.score >= 0).all()
    assert set(np.unique(found.sign)) <= {-1, 0, 1}


@detectors
def test_a_bucket_is_judged_by_itself_and_those_before(name):
    values = shop()
    values[ROWS][80] = 3
    history = history_of(values)

    whole, part = (open_detector(name).scores(of) for of in (history, until(history, 85)))

    assert np.allclose(whole.score[:, :85], part.score, atol=1e-6)
    assert np.allclose(whole.expected[:, :85], part.expected, equal_nan=True)


@detectors
def test_the_same_history_always_gets_the_same_scores(name):
    history = history_of(shop())

    assert same(open_detector(name).scores(history), open_detector(name).scores(history))


@of_volumes
def test_an_empty_day_is_the_oddest_of_all(name):
    values = shop()
    values[ROWS][100] = 0

    found = open_detector(name).scores(history_of(values))

    row = found.score[0]
    assert row[100] == row.max() > 1
    assert found.sign[0, 100] == -1


@detectors
def test_what_is_no_number_is_passed_over(name):
    values = shop()
    for monitor, numbers in values.items():
        numbers[[30, 31, 60]] = [np.nan, np.inf, -np.inf] if monitor is not ROWS else np.nan

    found = open_detector(name).scores(history_of(values))

    assert np.isfinite(found.score).all()
    assert (found.score[:, [30, 31, 60]] == 0).all()


@detectors
def test_a_history_of_one_bucket_and_of_constants_alarms_nobody(name):
    detector = open_detector(name)

    short = detector.scores(history_of({ROWS: [5]}))
    constant = detector.scores(history_of(dict.fromkeys(shop(), np.full(60, 1.0))))

    assert short.score.max() == 0
    assert constant.score.max() <= detector.threshold(0.5)


@detectors
def test_who_wishes_fewer_false_alarms_gets_a_higher_threshold(name):
    detector = open_detector(name)

    assert detector.threshold(0.1) > detector.threshold(0.5) > detector.threshold(5)
    assert detector.threshold(0.5, "hour") > detector.threshold(0.5, "day")


@detectors
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_numbers_at_all_are_endured(name, data):
    numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
    values = {
        monitor: data.draw(st.lists(numbers, min_size=30, max_size=30)) for monitor in list(shop(1))[:3]
    }

    found = open_detector(name).scores(history_of(values))

    assert np.isfinite(found.score).all()


@pytest.mark.parametrize("name", ["statistical", "classic", "distribution"])
def test_a_value_that_takes_over_a_column_is_told(name):
    shares = np.random.default_rng(1).dirichlet(np.full(5, 800.0), 90)
    shares[80] = [0.6, 0.1, 0.1, 0.1, 0.1]
    detector = open_detector(name)

    found = detector.scores(history_of({SHARES: np.full(90, 0.01)}, shares=shares))

    assert found.score[0].argmax() == 80
    assert found.score[0, 80] > detector.threshold(0.5)


def test_every_preset_of_the_settings_has_a_detector():
    for preset in ("default", "classic"):
        MonitorSettings(preset=preset)
        assert isinstance(detector_of(preset, 2.0), Detector)
    assert set(PRESETS.values()) <= set(DETECTORS.names())


def test_a_detector_that_does_not_exist_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownName, match="statistcal"):
        open_detector("statistcal")


def test_the_forest_without_scikit_learn_says_which_extra_brings_it(monkeypatch):
    monkeypatch.setattr(isolation_forest, "find_spec", lambda name: None)

    with pytest.raises(MissingExtra) as raised:
        open_detector("isolation_forest")

    assert "monitors" in str(raised.value.hint)
