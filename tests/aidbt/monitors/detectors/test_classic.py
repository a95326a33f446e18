"""The preset `classic`: the method, the period and the weights of each kind of metric."""

from __future__ import annotations

import numpy as np
import pytest

from aidbt.monitors.detectors import classic, classic_methods
from aidbt.monitors.detectors.classic import PLANS, WEIGHTS, ClassicDetector, Kind, kind_of
from aidbt.monitors.detectors.classic_methods import (
    divergence,
    divergence_z,
    expected_arrival,
    moving_average,
    outside_range,
    percentage_change,
    seasonal,
    z_score,
)
from aidbt.monitors.detectors.rules import broken_rules
from aidbt.monitors.history import Family
from tests.aidbt.monitors.daily import AGE, COPIES, KEYS, MEAN, NULLS, ROWS, SHARES, history_of, shop

LEAST = np.array([1e-6])


def by(method, baseline, value) -> float:
    return float(method(np.array([baseline], float), np.array([value], float), LEAST, 7)[0])


def test_periods_and_weights_are_those_of_the_document():
    assert {kind.value: plan.days for kind, plan in PLANS.items()} == {
        "freshness": 7,
        "volume": 28,
        "distribution": 90,
        "null rate": 14,
        "cardinality": 30,
    }
    assert WEIGHTS == {"statistics": 0.35, "isolation_forest": 0.30, "autoencoder": 0.25, "rules": 0.10}


def test_every_family_is_of_one_kind():
    kinds = {family: kind_of(family, False) for family in Family}

    assert kinds[Family.COUNT] is Kind.CARDINALITY
    assert kind_of(Family.COUNT, True) is Kind.VOLUME
    assert kinds[Family.MINUTES] is Kind.FRESHNESS
    assert kinds[Family.RATE] is kinds[Family.EXCESS] is Kind.NULL_RATE
    assert kinds[Family.DISTANCE] is kinds[Family.AMOUNT] is Kind.DISTRIBUTION


def test_a_z_score_is_of_the_baseline_alone():
    assert by(z_score, [8, 10, 12, 10], 14) == pytest.approx(4 / np.std([8, 10, 12, 10], ddof=1))


def test_too_short_a_baseline_says_nothing():
    assert np.isnan(by(z_score, [np.nan, 1, 2, 3], 9))


def test_what_comes_in_time_is_not_late():
    assert by(expected_arrival, [50, 60, 70, 60], 70) == 0
    assert by(expected_arrival, [50, 60, 70, 60], 90) == pytest.approx(20 / np.std([50, 60, 70, 60], ddof=1))


def test_a_seasonal_value_is_compared_with_its_own_weekday():
    week = [100, 101, 99, 100, 100, 20, 10]
    baseline = np.tile(week, 4) + np.tile([0.0, 1.0, -1.0, 0.0], 7)

    sunday_like_monday = by(seasonal, baseline, 10)
    monday = by(seasonal, baseline, 100)

    assert abs(monday) < 2
    assert sunday_like_monday < -20


def test_a_moving_average_follows_the_last_week():
    baseline = [10.0] * 7 + [20.0, 21, 19, 20, 21, 19, 20]

    assert abs(by(moving_average, baseline, 20)) < 0.1
    assert by(moving_average, baseline, 60) > 5


def test_a_percentage_change_is_against_the_bucket_before():
    assert by(percentage_change, [100, 102, 100, 102, 100], 102) == pytest.approx(0.8, abs=0.05)
    assert by(percentage_change, [100, 102, 100, 102, 100], 50) < -15


def test_inside_its_historical_range_a_value_is_usual():
    baseline = [10, 12, 14, 12]

    assert by(outside_range, baseline, 14) == 0
    assert by(outside_range, baseline, 15) > 2
    assert by(outside_range, baseline, 9) < -2


def test_equal_shares_do_not_diverge_and_others_do():
    even = np.full(4, 0.25)

    assert divergence(even, even) == pytest.approx(0)
    assert divergence(np.array([0.5, 0.5, 0.0, 0.0]), even) == pytest.approx(np.log(2), rel=0.01)


def test_a_value_that_takes_over_a_column_diverges_from_what_it_was():
    rng = np.random.default_rng(3)
    baseline = rng.dirichlet(np.full(4, 500.0), (1, 30))

    usual = divergence_z(baseline, rng.dirichlet(np.full(4, 500.0), 1))
    other = divergence_z(baseline, np.array([[0.7, 0.1, 0.1, 0.1]]))

    assert usual[0] < 4
    assert other[0] > 50


@pytest.mark.parametrize(
    ("monitor", "value"),
    [(ROWS, 2_000), (AGE, 900), (NULLS, 0.4), (KEYS, 900), (MEAN, 500), (COPIES, 1.5)],
)
def test_each_kind_of_fault_is_told_at_the_usual_threshold(monitor, value):
    values = shop()
    values[KEYS] = np.resize([5_000.0, 5_050, 4_950, 5_020], 120)
    values[monitor][100] = value
    detector = ClassicDetector(with_forest=False)

    found = detector.scores(history_of(values))

    row = list(values).index(monitor)
    assert found.score[row, 100] > detector.threshold(0.5)
    assert not found.low[row, 100] <= value <= found.high[row, 100]


def test_a_distribution_is_judged_by_its_shares():
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.full(5, 800.0), 120)
    shares[100] = [0.6, 0.1, 0.1, 0.1, 0.1]
    detector = ClassicDetector(with_forest=False)

    found = detector.scores(history_of({SHARES: np.full(120, 0.01)}, shares=shares))

    assert found.score[0].argmax() == 100
    assert found.score[0, 100] > detector.threshold(0.5)


def test_the_judged_bucket_is_no_part_of_its_baseline():
    calm, odd = shop(), shop()
    odd[ROWS][100] = 1

    before, after = (ClassicDetector(with_forest=False).scores(history_of(of)) for of in (calm, odd))

    assert after.expected[0, 100] == before.expected[0, 100]


def test_a_full_refresh_is_neither_judged_nor_learned():
    values = shop()
    values[ROWS][100] = 5_000_000
    detector = ClassicDetector(with_forest=False)

    found = detector.scores(history_of(values, refreshed=[100]))

    assert found.score[0, 100] == 0
    assert found.high[0, 101] < 100_000


def test_two_odd_metrics_of_a_node_count_for_more_than_one():
    alone, together = shop(), shop()
    for values in (alone, together):
        values[ROWS][100] = 2_000
    together[NULLS][100] = 0.9
    scores = [
        ClassicDetector(with_forest=False).scores(history_of(of)).score[0, 100] for of in (alone, together)
    ]

    assert scores[1] == pytest.approx(scores[0] * classic.CORRELATED, rel=0.02)


def test_a_critical_node_counts_for_more():
    values = shop()
    values[MEAN][100] = 70
    history = history_of(values)
    usual, critical = (
        ClassicDetector(critical=nodes, with_forest=False).scores(history).score[4, 100]
        for nodes in ((), ("model.shop.orders",))
    )

    assert critical == pytest.approx(usual * classic.CRITICAL)


def test_no_rows_where_there_always_were_some_breaks_a_rule():
    values = shop()
    values[ROWS][100] = 0

    rules = broken_rules(history_of(values))

    assert np.argwhere(rules).tolist() == [[0, 100]]


def test_nothing_but_nulls_breaks_a_rule_where_there_were_few_and_not_where_there_always_were_many():
    few, many = shop(), shop()
    few[NULLS][100] = 1.0
    many[NULLS] = np.full(120, 0.98)
    many[NULLS][100] = 1.0

    assert np.argwhere(broken_rules(history_of(few))).tolist() == [[2, 100]]
    assert not broken_rules(history_of(many)).any()


def test_a_table_that_is_often_empty_breaks_no_rule():
    values = shop()
    values[ROWS][[20, 100]] = 0

    assert np.argwhere(broken_rules(history_of(values))).tolist() == [[0, 20]]


def test_methods_are_not_confused_by_an_empty_baseline():
    empty = np.full((2, 28), np.nan)
    for method in (z_score, seasonal, moving_average, percentage_change, expected_arrival, outside_range):
        with np.errstate(all="raise"):
            found = method(empty, np.array([1.0, 2.0]), np.full(2, 0.1), 7)
        assert not np.isfinite(found).any(), method.__name__
    assert classic_methods.FEWEST == 4
