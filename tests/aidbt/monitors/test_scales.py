"""Scales, tails, calendars: what the detector reckons with."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.errors import SettingsError
from aidbt.monitors.baseline.tails import deviation_of, score_of, upper_tail
from aidbt.monitors.baseline.transforms import SCALES, unit_of, usual_rows
from aidbt.monitors.calendar import holidays_of, month_edges, next_start
from aidbt.monitors.detectors.calibration import as_score, calibrated, own_score_of
from aidbt.monitors.detectors.evidence import Evidence, bucket_before, log_odds
from aidbt.monitors.history import Family
from aidbt.monitors.views.support import strongest_neighbours
from tests.aidbt.monitors.daily import AGE, KEYS, ROWS, history_of

RANGES = {
    Family.COUNT: (0, 1e12),
    Family.MINUTES: (0, 1e7),
    Family.RATE: (0, 1),
    Family.AMOUNT: (-1e12, 1e12),
    Family.DISTANCE: (0, 10),
    Family.EXCESS: (1, 50),
}


@pytest.mark.parametrize("family", Family)
@given(data=st.data())
def test_a_scale_and_back_is_the_same_value(family, data):
    low, high = RANGES[family]
    value = np.array([[data.draw(st.floats(low, high))]])
    unit = np.array([[data.draw(st.floats(1, 1e6))]])
    scale = SCALES[family]

    there = scale.forward(value, unit)

    assert scale.back(there, unit) == pytest.approx(value, rel=1e-5, abs=1e-6)
    assert (scale.noise(there, np.array([[100.0]]), unit, np.array([[True]])) >= 0).all()


@pytest.mark.parametrize("family", Family)
def test_a_scale_keeps_the_order(family):
    low, high = RANGES[family]
    values = np.linspace(low, min(high, 1_000), 50)[None]

    assert (np.diff(SCALES[family].forward(values, np.full((1, 50), 100.0))) > 0).all()


def test_a_number_is_measured_by_its_first_values():
    values = np.array([[np.nan, 10, 12, 8, 10, 10, 1e9], [5, -5, 5, -5, 5, 5, 5], [0, 0, 0, 0, 0, 0, 0]])

    assert unit_of(values).tolist() == pytest.approx([0.01, 5, 1])
    assert usual_rows(np.array([[np.nan, 0, 4, 6, 5, 5, 5, 900]])).tolist() == [5]


def test_tails_are_those_of_students_t():
    from scipy import stats

    z = np.array([-50, -3, -0.1, 0, 0.1, 2, 8, 60, 1e6])

    assert upper_tail(z) == pytest.approx(stats.t.sf(z, 6), rel=1e-9)
    assert score_of(2 * upper_tail(np.array([deviation_of(4.0)])))[0] == pytest.approx(4, abs=0.01)


def test_holidays_of_a_country_are_those_of_all_its_parts():
    days = [date(2026, 6, 3), date(2026, 6, 4), date(2026, 6, 5), date(2026, 6, 6)]  # Corpus Christi: the 4th

    assert holidays_of("DE-BY", days).tolist() == [0.5, 1, 0.5, 0]
    assert holidays_of("DE", days).tolist() == [0.5, 1, 0.5, 0]
    assert holidays_of("DE-BE", days).tolist() == [0, 0, 0, 0]
    assert holidays_of("", days).tolist() == [0, 0, 0, 0]


def test_days_around_christmas_count_where_it_is_kept():
    eve = [date(2026, 12, 24)]

    assert holidays_of("GB", eve).tolist() == [1]
    assert holidays_of("JP", eve).tolist() == [0]


@pytest.mark.parametrize(("country", "hint"), [("ED", "DE"), ("DE-YB", "BY"), ("XX", "DE or DE-BY")])
def test_a_country_nobody_knows_is_refused(country, hint):
    with pytest.raises(SettingsError) as refused:
        holidays_of(country, [date(2026, 1, 1)])

    assert "kno" in refused.value.message or "called" in refused.value.message
    assert refused.value.hint


def test_edges_of_months_and_the_next_bucket():
    starts = [datetime(2026, 1, 30) + timedelta(days=day) for day in range(4)]

    assert month_edges(starts).tolist() == [0, 1, 2, 3]
    assert next_start(starts, "day") == datetime(2026, 2, 3)
    assert next_start(starts, "hour") == datetime(2026, 2, 2, 1)


def test_scores_that_were_too_high_in_the_past_are_shrunk_and_others_not():
    rng = np.random.default_rng(1)
    honest = -np.log10(rng.uniform(size=(60, 140)))
    families = [Family.RATE] * 30 + [Family.COUNT] * 30
    scores = honest.copy()
    scores[:30] *= 2

    found = calibrated(scores, families)

    assert np.median(found[:30, 70:] / honest[:30, 70:]) == pytest.approx(1, abs=0.15)
    assert np.median(found[30:, 70:] / honest[30:, 70:]) == pytest.approx(1, abs=0.1)
    assert np.array_equal(found[:, :21], scores[:, :21])


def test_a_final_score_grows_with_what_it_is_made_of():
    strongest, odds = np.tile(np.linspace(0.1, 60, 200), (2, 1)), np.tile(np.linspace(-13, 19, 200), (2, 1))
    alone, both, no = np.array([[own_score_of(3.1)]]), np.array([True, False]), np.array([False])

    found = as_score(odds, strongest, both, both)

    assert (np.diff(found[:, :130]) > 0).all()
    assert as_score(np.zeros((1, 1)), alone, no, no) == pytest.approx(3.1)
    assert as_score(odds, 0 * strongest, both, both).max() == 0


def test_what_is_beyond_doubt_needs_no_neighbours_and_what_nothing_else_could_explain_less():
    odds, strongest = np.full((2, 1), -9.0), np.full((2, 1), 12.0)

    found = as_score(odds, strongest, np.array([True, True]), np.array([True, False]))

    assert found[0, 0] > 4
    assert found[1, 0] > found[0, 0]


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("sign", [-1, 1])
def test_more_evidence_never_makes_a_fault_less_likely(family, sign):
    pieces = ("strongest", "given", "drift", "neighbour", "before")
    none = dict.fromkeys(pieces, np.zeros((1, 30)))
    more = np.linspace(0, 30, 30)[None]

    for piece in pieces:
        odds = log_odds(Evidence(**none | {piece: more}, sign=np.full((1, 30), sign)), [family])
        assert (np.diff(odds) >= 0).all()
        assert odds[0, 0] < -5


def test_neighbours_are_heard_in_the_direction_of_one_cause_only():
    history = history_of({ROWS: [1, 1], AGE: [1, 1], KEYS: [1, 1]})
    scores = np.array([[2.0, 2.0], [6.0, 6.0], [0.1, 0.1]])
    sign = np.array([[-1, 1], [1, 1], [-1, -1]])  # fewer rows and later; more rows and later

    found, has_neighbours = strongest_neighbours(scores, sign, history)

    assert found[0].tolist() == [6, 0]
    assert found[1].tolist() == [2, 0.1]
    assert found[2].tolist() == [6, 6]
    assert has_neighbours.all()


def test_yesterday_counts_when_it_was_off_in_the_same_direction():
    scores, sign = np.array([[3.0, 4.0, 5.0]]), np.array([[1, 1, -1]])

    assert bucket_before(scores, sign).tolist() == [[0, 3, 0]]
