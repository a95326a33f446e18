"""What the statistical detector finds odd, and what not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aidbt.core.measured import Monitor
from aidbt.monitors.detectors.statistical import StatisticalDetector, with_next
from aidbt.monitors.history import Family, History, Scores
from tests.aidbt.monitors.daily import AGE, KEYS, MEAN, NULLS, ROWS, SHARES, history_of, shop, until

DETECTOR = StatisticalDetector()
LIMIT = DETECTOR.threshold()


def scored(history: History) -> Scores:
    return DETECTOR.scores(history)


def alone(monitor: Monitor, values: np.ndarray, **more: object) -> Scores:
    return scored(history_of({monitor: values}, **more))  # type: ignore[arg-type]


def steady(days: int = 100, *, level: float = 10_000, error: float = 0.03, seed: int = 3) -> np.ndarray:
    return np.round(level * np.exp(np.random.default_rng(seed).normal(0, error, days)))


def odd_days(found: Scores, row: int = 0) -> list[int]:
    return np.flatnonzero(found.score[row] >= LIMIT).tolist()


def test_nothing_later_changes_a_score():
    rng = np.random.default_rng(1)
    values = shop(100)
    values[ROWS][60:] *= 0.4
    values[MEAN][20:25] = np.nan
    values[KEYS][:30] = np.nan
    values[SHARES] = np.abs(rng.normal(0.01, 0.002, 100))
    history = history_of(values, refreshed=[40], shares=rng.dirichlet(np.ones(5) * 80, 100))
    history.holidays[:, 50] = 1

    whole = scored(history)

    for cut in (30, 61, 77):
        part = scored(until(history, cut))
        assert np.allclose(whole.score[:, :cut], part.score, atol=1e-6)
        assert np.allclose(whole.low[:, 10:cut], part.low[:, 10:cut], equal_nan=True)


def test_the_order_of_monitors_does_not_matter():
    history = history_of(shop())
    turned = history_of(dict(reversed(shop().items())))

    assert np.allclose(scored(history).score, scored(turned).score[::-1], atol=1e-5)


def test_half_the_rows_are_odd_and_a_tenth_fewer_are_not():
    rows = steady()
    rows[70] *= 0.5
    rows[90] *= 0.93

    assert odd_days(alone(ROWS, rows)) == [70]


def test_as_many_more_rows_are_less_odd_than_fewer_but_ten_times_as_many_are_found():
    fewer, more, many = steady(), steady(), steady()
    fewer[80] /= 1.8
    more[80] *= 1.8
    many[80] *= 10

    scores = [alone(ROWS, rows).score[0, 80] for rows in (more, fewer, many)]

    assert scores[0] < scores[1]
    assert scores[2] >= LIMIT


def test_an_empty_weekend_is_expected_and_an_empty_wednesday_is_not():
    rows = steady(120)
    rows[np.arange(120) % 7 >= 5] = 0
    rows[86] = 0  # a Wednesday

    found = odd_days(alone(ROWS, rows))

    assert [day for day in found if day >= 14] == [86]


def test_a_load_once_a_week_is_learned():
    rows = np.where(np.arange(140) % 7 == 2, steady(140), 0)
    rows[121] = 0  # the load that did not come

    found = odd_days(alone(ROWS, rows))

    assert [day for day in found if day >= 28] == [121]


def test_a_new_level_is_told_once_and_then_accepted():
    rows = steady(140)
    rows[80:] *= 0.5

    found = odd_days(alone(ROWS, rows))

    assert 80 in found
    assert max(found) < 80 + 21


def test_an_incident_does_not_hide_the_next_one():
    rows = steady()
    rows[60:63] *= 0.2
    rows[75] *= 0.5

    assert 75 in odd_days(alone(ROWS, rows))


def test_a_full_refresh_is_neither_judged_nor_learned_from():
    rows = steady()
    rows[70] *= 30

    found = alone(ROWS, rows, refreshed=[70])

    assert odd_days(found) == []
    assert found.expected[0, 71] == pytest.approx(10_000, rel=0.05)


def test_a_closed_holiday_is_like_a_sunday():
    rows = steady(120)
    rows[np.arange(120) % 7 >= 5] = 0
    rows[86] = 0
    history = history_of({ROWS: rows})
    history.holidays[0, 86] = 1

    assert [day for day in odd_days(scored(history)) if day >= 21] == []


def test_rows_may_be_a_day_older_after_a_closed_day_that_follows_another():
    """Friday is a holiday: on Saturday nothing came for two days, of which one is usual."""
    age = 60 + np.random.default_rng(2).normal(0, 5, 120)
    weekday = np.arange(120) % 7
    age[weekday == 5] += 1440
    age[weekday == 6] += 2880
    late = age.copy()
    late[88:91] += 1440  # Friday to Sunday
    stale = age.copy()
    stale[87] += 1440  # a Thursday
    calm, odd = history_of({AGE: late}), history_of({AGE: stale})
    calm.holidays[0, 88] = 1

    assert [day for day in odd_days(scored(calm)) if day > 28] == []
    assert 87 in odd_days(scored(odd))


def test_a_month_start_is_expected_when_two_before_were_alike():
    rows = steady(160)
    history = history_of({ROWS: rows})
    firsts = [place for place, start in enumerate(history.starts) if start.day == 1]
    for day in firsts:
        history.values[0, day] *= 3

    found = scored(history)

    assert found.expected[0, firsts[3]] > 2 * found.expected[0, firsts[3] + 3]
    assert firsts[3] not in odd_days(found)


def test_one_null_in_a_handful_of_rows_is_chance_and_a_hundredth_of_many_is_not():
    nulls = np.zeros(100)
    few, many = nulls.copy(), nulls.copy()
    few[80] = 1 / 5
    many[80] = 0.01

    assert 80 not in odd_days(alone(NULLS, few, rows=5))
    assert 80 in odd_days(alone(NULLS, many, rows=100_000))


def test_more_rows_do_not_make_a_rate_of_nothing_odd():
    rows = steady(level=10, error=0.2)
    rows[80] = 500

    found = scored(history_of({ROWS: rows, NULLS: np.zeros(100)}))

    assert 80 not in odd_days(found, 1)


def test_a_drop_that_the_model_upstream_does_not_have_is_odder_for_that():
    source = steady(100, error=0.15, seed=4)
    model = np.round(source * 0.5 * np.exp(np.random.default_rng(5).normal(0, 0.005, 100)))
    model[80] *= 0.5
    raw = Monitor("model.shop.raw", "row_count")
    unrelated = replace(history_of({raw: source, ROWS: model}), volumes=np.array([-1, -1]))
    found = [
        DETECTOR.evidence(replace(unrelated, parents=np.array([-1, parent])))[0].strongest[1, 80]
        for parent in (0, -1)
    ]

    assert found[0] > found[1] + 0.5


def test_keys_that_no_longer_follow_the_rows_are_odd_though_either_was_as_low_before():
    rows = steady(120, error=0.3, seed=11)
    keys = np.round(rows**0.8 * np.exp(np.random.default_rng(12).normal(0, 0.01, 120)))
    keys[100] *= 0.8
    history = history_of({ROWS: rows, KEYS: keys})
    apart = replace(history, volumes=np.full(2, -1))

    assert odd_days(scored(history), 1) == [100]
    assert odd_days(scored(apart), 1) == []


def test_a_mean_that_creeps_for_weeks_is_found_and_one_that_wanders_is_not():
    rng = np.random.default_rng(13)
    calm = 100 * np.exp(rng.normal(0, 0.03, 160))
    creeping, wandering = calm.copy(), calm * np.exp(np.cumsum(rng.normal(0, 0.004, 160)))
    creeping[100:121] *= np.exp(np.linspace(0, 0.25, 21))

    found = odd_days(alone(MEAN, creeping))

    assert found
    assert 105 < min(found) < 121
    assert max(found) < 126
    assert odd_days(alone(MEAN, calm)) == odd_days(alone(MEAN, wandering)) == []


def test_shares_that_move_are_found_by_themselves():
    rng = np.random.default_rng(6)
    shares = rng.dirichlet(np.array([50, 30, 15, 5]) * 20, 100)
    shares[80] = [0.3, 0.5, 0.15, 0.05]

    found = alone(SHARES, np.full(100, 0.01), shares=shares)

    assert odd_days(found) == [80]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_not_scored_and_not_learned(bad):
    values = steady()
    values[70:75] = bad

    found = alone(MEAN, values)

    assert (found.score[0, 70:75] == 0).all()
    assert np.isfinite(found.expected[0, 10:]).all()
    assert odd_days(found) == []


def test_huge_and_tiny_numbers_do_no_harm():
    values = {MEAN: np.full(60, 1e300), NULLS: np.full(60, -5.0), AGE: np.full(60, -1e9), KEYS: np.zeros(60)}
    values[MEAN][40] = -1e308

    found = scored(history_of(values))

    assert np.isfinite(found.score).all()


def test_nothing_is_said_before_the_sixth_bucket_and_a_monitor_may_start_late():
    rows = steady()
    rows[:50] = np.nan
    rows[52] = 1

    found = alone(ROWS, rows)

    assert (found.score[0, :55] == 0).all()
    assert found.seen[0, 49] == 0
    assert found.seen[0, 60] == 10


def test_a_table_of_fixed_size_has_a_narrow_band():
    found = alone(ROWS, np.full(80, 100.0))

    assert 70 < found.low[0, 79] < 100 < found.high[0, 79] < 140


def test_the_band_of_a_bucket_ahead_is_as_narrow_as_that_of_the_last():
    ahead = with_next(history_of({MEAN: 100 + np.random.default_rng(14).normal(0, 0.2, 60)}))
    ahead.variances[:] = 0.04

    found = scored(ahead)

    last, following = (found.high[0, bucket] - found.low[0, bucket] for bucket in (-2, -1))
    assert following == pytest.approx(last, rel=0.1)


def test_without_faults_false_alarms_stay_within_the_budget():
    rng = np.random.default_rng(8)
    monitors = {
        Monitor(f"model.shop.t{number}", "row_count"): np.round(
            10 ** rng.uniform(1, 6) * np.exp(rng.standard_t(6, 200) * rng.uniform(0.02, 0.2))
        )
        for number in range(150)
    }
    found = scored(replace(history_of(monitors), volumes=np.full(150, -1)))

    alarms = (found.score[:, 14:] >= LIMIT).sum()

    assert 100 * alarms / (150 * 186 / 7) <= DETECTOR.false_alarms


def test_a_smaller_budget_asks_for_more():
    thresholds = [DETECTOR.threshold(budget) for budget in (5, 0.5, 0.05)]

    assert thresholds == sorted(thresholds)
    assert StatisticalDetector(false_alarms=5).threshold() == thresholds[0]


def test_the_next_bucket_has_an_expectation_and_a_band():
    history = history_of({ROWS: shop()[ROWS][:117]})  # up to a Friday

    ahead = with_next(history)
    found = scored(ahead)

    assert ahead.starts[-1].strftime("%A") == "Saturday"
    assert found.expected[0, -1] == pytest.approx(5_000, rel=0.1)
    assert found.low[0, -1] < found.expected[0, -1] < found.high[0, -1]
    assert found.score[0, -1] == 0


def test_hours_have_a_rhythm_of_days_and_nights():
    rng = np.random.default_rng(9)
    hours = np.arange(24 * 28)
    busy = (hours % 24 >= 8) & (hours % 24 < 20)
    rows = np.round(np.where(busy, 1_000, 0) * np.exp(rng.normal(0, 0.05, len(hours))))
    gone = 24 * 24 + 12
    rows[gone] = 0
    history = history_of({ROWS: rows})
    start = history.starts[0]
    history = replace(
        history, grain="hour", starts=tuple(start + (history.starts[1] - start) / 24 * int(h) for h in hours)
    )

    found = scored(history)
    odd = np.flatnonzero(found.score[0] >= DETECTOR.threshold(grain="hour"))

    assert [hour for hour in odd if hour > 24 * 14] == [gone]


def test_no_monitors_no_buckets():
    history = history_of({ROWS: steady(30)})
    nothing = replace(
        history,
        monitors=(),
        families=(),
        **{name: getattr(history, name)[:0] for name in ("values", "rows", "variances", "refreshed")},
        holidays=history.holidays[:0],
        parents=history.parents[:0],
        volumes=history.volumes[:0],
    )

    assert scored(nothing).score.shape == (0, 30)
    assert scored(until(history, 0)).score.shape == (1, 0)
    assert Family.COUNT in history.families


@pytest.mark.long
def test_twenty_thousand_monitors_of_one_graph_over_a_year_are_scored():
    rng = np.random.default_rng(10)
    nodes = [f"model.shop.m{number}" for number in range(1000)]
    rows = np.round(np.exp(rng.normal(8, 0.05, (1000, 365))))
    metrics = [("row_count", ""), ("freshness_minutes", "")] + [("null_rate", f"c{c}") for c in range(18)]
    values = {
        Monitor(node, metric, column): rows[place] if metric == "row_count" else rng.uniform(0.04, 0.05, 365)
        for place, node in enumerate(nodes)
        for metric, column in metrics
    }
    history = history_of(values)
    size = len(metrics)
    mine = np.arange(len(values)) // size * size
    history = replace(
        history,
        rows=np.repeat(rows, size, axis=0),
        volumes=np.where(np.arange(len(values)) % size == 0, -1, mine),
        parents=np.where(mine >= size, np.arange(len(values)) - size, -1),
    )

    found = scored(history)

    assert np.isfinite(found.score).all()


def test_means_of_the_same_few_rows_every_day_are_not_taken_for_a_sample():
    """A mart of totals of four regions: s²/n says that a day's mean may be anything."""
    rng = np.random.default_rng(1)
    weekday = np.array([1, 1.05, 1.1, 1.1, 1.3, 0.6, 0.5])[np.arange(100) % 7]
    regions = np.array([0.6, 0.25, 0.1, 0.05])
    totals = 27_000 * weekday[:, None] * np.exp(rng.normal(0, 0.03, (100, 1))) * regions
    totals[90] *= 0.32
    history = history_of({ROWS: np.full(100, 4.0), MEAN: totals.mean(axis=1)})
    variances = np.full(history.values.shape, np.nan)
    variances[1] = totals.var(axis=1, ddof=1) / 4
    history = replace(history, variances=variances)

    found = scored(history)

    assert odd_days(found, 1) == [90]
    assert found.low[1, 89] > found.expected[1, 89] / 2.5
    assert found.high[1, 89] < found.expected[1, 89] * 2.5
