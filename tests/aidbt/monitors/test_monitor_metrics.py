"""What metrics are made of, and how sure they are."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.errors import UnknownName
from aidbt.core.measured import FactKey, Grain, Monitor
from aidbt.monitors.distances import REST, share_matrix, stability_index
from aidbt.monitors.histories import history_of, monitors_of
from aidbt.monitors.history import Family, History
from aidbt.monitors.metrics import METRICS, metric_of
from aidbt.store.buckets import Series

DAY = datetime(2026, 3, 1)


def series_of(
    days: dict[int, dict[FactKey, float]],
    *,
    node: str = "model.shop.orders",
    grain: Grain = "day",
    shares: dict[int, dict[str, float]] | None = None,
    is_refreshed: bool = False,
) -> Series:
    """The buckets of some days after the first of March, as a store gives them."""
    keys = {key: n for n, key in enumerate(dict.fromkeys(key for facts in days.values() for key in facts))}
    found = np.full((len(days), len(keys)), np.nan)
    for place, facts in enumerate(days.values()):
        for key, value in facts.items():
            found[place, keys[key]] = value
    return Series(
        node=node,
        grain=grain,
        starts=tuple(DAY + timedelta(days=day) for day in days),
        keys=keys,
        values=found,
        shares=tuple({"status": shares[day]} if shares else {} for day in days),
        refreshed=np.full(len(days), is_refreshed),
        collected_at=np.full(len(days), np.nan),
        run_ids=("",) * len(days),
    )


def values(
    history: History | None, metric: str, column: str = "", node: str = "model.shop.orders"
) -> list[float]:
    assert history is not None
    row = history.monitors.index(Monitor(node, metric, column))
    return history.values[row].tolist()


def facts(rows: float, **of_amount: float) -> dict[FactKey, float]:
    return {("rows", ""): rows} | {(name, "amount"): value for name, value in of_amount.items()}


def test_a_day_between_others_without_a_bucket_has_no_rows_and_says_nothing_else() -> None:
    series = series_of({0: facts(10, nulls=1), 2: facts(20, nulls=2), 3: facts(0)})
    history = history_of([series])

    assert values(history, "row_count") == [10, 0, 20, 0]
    assert values(history, "null_rate", "amount")[::2] == [0.1, 0.1]
    assert np.isnan(values(history, "null_rate", "amount")[1::2]).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60))
def test_mean_and_its_variance_are_those_of_the_rows(numbers: list[float]) -> None:
    series = series_of(
        {0: facts(len(numbers), nulls=0, sum=math.fsum(numbers), squares=math.fsum(x * x for x in numbers))},
    )
    history = history_of([series])
    assert history is not None
    row = history.monitors.index(Monitor("model.shop.orders", "mean", "amount"))

    assert history.values[row, 0] == pytest.approx(np.mean(numbers), rel=1e-9, abs=1e-6)
    expected = np.var(numbers, ddof=1) / len(numbers)
    scale = max(abs(x) for x in numbers) ** 2 / len(numbers)
    assert history.variances[row, 0] == pytest.approx(expected, rel=1e-6, abs=1e-9 * scale + 1e-12)


@given(rows=st.integers(1, 10_000), data=st.data())
def test_a_share_is_between_0_and_1_with_the_variance_of_a_binomial(rows: int, data) -> None:
    nulls = data.draw(st.integers(0, rows))
    history = history_of([series_of({0: facts(rows, nulls=nulls)})])
    assert history is not None
    row = history.monitors.index(Monitor("model.shop.orders", "null_rate", "amount"))

    share = nulls / rows
    assert history.values[row, 0] == share
    assert history.variances[row, 0] == pytest.approx(share * (1 - share) / rows)


def test_the_age_of_the_newest_row_grows_while_nothing_comes() -> None:
    def day(rows: float, age: float | None = None) -> dict[FactKey, float]:
        return {("rows", ""): rows} | ({("event_age_s", ""): age} if age is not None else {})

    series = series_of({0: day(5, 600), 1: day(0), 2: day(0), 3: day(5, 1200)})

    assert values(history_of([series]), "freshness_minutes") == [10, 1450, 2890, 20]


def test_rows_per_key_are_1_where_every_key_is_its_own() -> None:
    days = {0: facts(10, keyed=10, keys=10), 1: facts(12, keyed=12, keys=10), 2: facts(10, keyed=0, keys=0)}

    found = values(history_of([series_of(days)]), "rows_per_key", "amount")
    assert found[:2] == [1, 1.2]
    assert math.isnan(found[2])


def test_what_overflowed_is_not_known() -> None:
    days = {0: facts(2, nulls=0, sum=1e300, squares=1e308), 1: facts(2, nulls=0, sum=2, squares=2)}
    history = history_of([series_of(days)])

    assert history is not None
    assert not np.isinf(history.values).any()
    assert not np.isinf(history.variances).any()


def test_shares_stand_side_by_side_with_what_is_left() -> None:
    names, matrix = share_matrix([{"a": 6, "b": 2}, {}, {"a": 5}], np.array([10.0, 10.0, 5.0]))

    assert names == ("a", "b", REST)
    assert matrix[0].tolist() == [0.6, 0.2, 0.2]
    assert np.isnan(matrix[1]).all()
    assert matrix[2].tolist() == [1, 0, 0]


def test_the_distance_is_small_by_chance_and_large_when_shares_move() -> None:
    rng = np.random.default_rng(3)
    shares = rng.multinomial(1000, [0.5, 0.3, 0.2], 40) / 1000
    shares[-1] = [0.3, 0.3, 0.4]
    found = stability_index(shares, np.full(40, 1000.0))

    assert np.isnan(found[:3]).all()
    assert np.nanmedian(found[:-1]) < 0.01
    assert found[-1] > 0.2


def test_the_distance_of_a_bucket_knows_nothing_of_later_ones() -> None:
    rng = np.random.default_rng(4)
    shares, rows = rng.dirichlet([5, 3, 2], 30), np.full(30, 400.0)
    whole = stability_index(shares, rows)

    for end in (5, 12, 29):
        assert np.array_equal(stability_index(shares[:end], rows[:end]), whole[:end], equal_nan=True)


def test_a_monitor_knows_its_parent_and_its_volume() -> None:
    days = {day: facts(100 + day, nulls=1) for day in range(5)}
    few = {day: facts(3, nulls=1) for day in range(5)}
    series = [
        series_of(few, node="source.shop.raw.countries"),
        series_of(days, node="model.shop.stg_orders"),
        series_of(days, node="model.shop.orders"),
    ]
    history = history_of(
        series,
        upstream={
            "model.shop.orders": ["model.shop.unknown", "source.shop.raw.countries"],
            "model.shop.unknown": ["model.shop.stg_orders"],
        },
    )
    assert history is not None

    def of(row: int) -> Monitor | None:
        return None if row < 0 else history.monitors[row]

    place = history.monitors.index(Monitor("model.shop.orders", "null_rate", "amount"))
    assert of(history.volumes[place]) == Monitor("model.shop.orders", "row_count")
    # The nearest that has it, though it is of another size.
    assert of(history.parents[place]) == Monitor("source.shop.raw.countries", "null_rate", "amount")
    rows = history.monitors.index(Monitor("model.shop.stg_orders", "row_count"))
    assert of(history.volumes[rows]) is None
    assert of(history.parents[rows]) is None


def test_of_two_that_are_as_near_the_one_of_like_size_is_the_parent() -> None:
    nodes = {"model.shop.small": 3, "model.shop.large": 1000, "model.shop.orders": 990}
    series = [series_of({day: facts(rows) for day in range(3)}, node=node) for node, rows in nodes.items()]
    history = history_of(series, upstream={"model.shop.orders": ["model.shop.small", "model.shop.large"]})
    assert history is not None

    row = history.monitors.index(Monitor("model.shop.orders", "row_count"))
    assert history.monitors[history.parents[row]].node == "model.shop.large"


def test_refreshes_and_holidays_stand_at_their_buckets() -> None:
    def first_is_one(days: list[date]) -> np.ndarray:
        return np.array([1.0 if day.day == 1 else 0.0 for day in days])

    series = series_of({0: facts(1), 1: facts(2)}, is_refreshed=True)
    history = history_of([series], holidays=first_is_one)
    assert history is not None

    assert history.refreshed.tolist() == [[True, True]]
    assert history.holidays.tolist() == [[1, 0]]


def test_series_of_two_grains_have_no_history_in_common() -> None:
    with pytest.raises(ValueError, match="several grains"):
        history_of(
            [
                series_of({0: facts(1)}),
                series_of({0: facts(1)}, grain="hour"),
            ]
        )


def test_runs_are_side_by_side_whenever_they_were() -> None:
    a = series_of({0: facts(1), 5: facts(2)}, grain="run", node="a")
    b = series_of({3: facts(7)}, grain="run", node="b")
    history = history_of([a, b])
    assert history is not None

    assert [start.day for start in history.starts] == [1, 4, 6]
    assert values(history, "row_count", node="a")[::2] == [1, 2]
    assert math.isnan(values(history, "row_count", node="a")[1])


def test_custom_metrics_are_always_watched() -> None:
    series = series_of({0: {("custom:revenue", ""): 7.0}, 1: {("custom:revenue", ""): 8.0}})

    assert values(history_of([series], metrics=[]), "custom:revenue") == [7, 8]
    assert monitors_of(series, []) == [Monitor("model.shop.orders", "custom:revenue")]


def test_monitors_can_be_counted_without_making_a_history() -> None:
    days = {d: facts(10, nulls=1, sum=5.0, squares=9.0, distinct=3) for d in range(5)}
    series = series_of(days, shares={d: {"a": 5.0, "b": 4.0} for d in range(5)})
    history = history_of([series])
    assert history is not None

    assert set(monitors_of(series)) == set(history.monitors)


def test_every_metric_says_what_it_is_in_words_of_people() -> None:
    assert all(metric.words and "_" not in metric.words for metric in METRICS)
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert metric_of("custom:revenue").family is Family.AMOUNT
    with pytest.raises(UnknownName, match="did you mean 'null_rate'"):
        metric_of("nul_rate")


def test_few_values_that_are_the_same_by_chance_are_not_exact() -> None:
    def day(*numbers: float) -> dict[FactKey, float]:
        return facts(len(numbers), nulls=0, sum=sum(numbers), squares=sum(x * x for x in numbers))

    history = history_of([series_of({0: day(1, 5, 9), 1: day(2, 4, 12), 2: day(0, 0, 0)})])
    assert history is not None
    row = history.monitors.index(Monitor("model.shop.orders", "mean", "amount"))

    assert history.values[row, 2] == 0
    assert history.variances[row, 2] > 0.5 * history.variances[row, :2].min()
