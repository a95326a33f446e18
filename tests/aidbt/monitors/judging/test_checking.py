"""From scores to anomalies, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest

from aidbt.core.measured import Monitor
from aidbt.monitors.detectors.registry import detector_of
from aidbt.monitors.history import Family, History, Scores
from aidbt.monitors.judging.checking import check

FIRST = datetime(2026, 8, 3)  # a Monday
ROWS = Monitor("model.shop.orders", "row_count")


def history(values: Sequence[float], monitor: Monitor = ROWS, family: Family = Family.COUNT) -> History:
    """One monitor over days."""
    row = np.array([values], dtype=float)
    unknown = np.full(row.shape, np.nan)
    return History(
        (monitor,), (family,), "day", tuple(FIRST + timedelta(days=n) for n in range(len(values))), row,
        unknown, unknown, np.zeros(row.shape, bool), np.zeros(row.shape), np.array([-1]), np.array([-1]),
    )  # fmt: skip


def scores(last: float, *, expected: float, low: float, high: float, days: int, seen: int = 100) -> Scores:
    """Nothing odd before the last day."""
    score = np.zeros((1, days))
    score[0, -1] = last

    def whole(value: float) -> np.ndarray:
        return np.full((1, days), value)

    return Scores(score, np.sign(score), whole(expected), whole(low), whole(high), np.full((1, days), seen))


def weeks(monday: float, last: float) -> list[float]:
    """Five weeks and a Monday."""
    return [*([monday, 900, 900, 900, 900, 100, 100] * 5), last]


def test_it_says_what_was_expected_and_what_days_like_it_had():
    values = weeks(3500, 1204)
    values[0:29:7] = [3100, 3500, 3480, 3900, 3400]

    (found,) = check(history(values), scores(7, expected=3480, low=3120, high=3890, days=36), 3.1)

    assert found.message == (
        "orders: 1,204 rows on Monday 2026-09-07; expected 3,120 to 3,890; the 4 Mondays before had 3,400 to"
        " 3,900"
    )
    assert (found.value, found.expected, found.low, found.high) == (1204, 3480, 3120, 3890)
    assert (found.score, found.detector, found.is_certain) == (7, "statistical", False)


@pytest.mark.parametrize(
    ("monitor", "family", "value", "said"),
    [
        (Monitor("model.shop.orders", "null_rate", "email"), Family.RATE, 0.124, "12.4 % of email null"),
        (Monitor("model.shop.orders", "mean", "amount"), Family.AMOUNT, 43.1, "mean of amount 43.1"),
        (
            Monitor("model.shop.orders", "freshness_minutes"), Family.MINUTES, 1565.0,
            "newest row 1 d 2 h 5 min old at the end of Monday 2026-09-07",
        ),
        (Monitor("model.shop.orders", "custom:margin"), Family.AMOUNT, 0.000123, "margin 0.000123"),
        (
            Monitor("model.shop.orders", "distribution", "status"), Family.DISTANCE, 2.5,
            "the values of status are distributed otherwise on Monday 2026-09-07 (distance 2.5, expected up"
            " to 0.2)",
        ),
    ],
)  # fmt: skip
def test_values_are_told_in_their_own_units(monitor: Monitor, family: Family, value: float, said: str):
    made = history([0.1] * 35 + [value], monitor, family)

    (found,) = check(made, scores(7, expected=0.1, low=0.1, high=0.2, days=36), 3.1)

    assert found.message.startswith(f"orders: {said}")


def test_what_is_usual_by_itself_is_said_to_be_so():
    (found,) = check(history(weeks(900, 800)), scores(4, expected=900, low=700, high=1000, days=36), 3.1)

    assert "expected about 900; not too far off by itself (700 to 1,000), but beside" in found.message


def test_below_the_threshold_and_before_the_day_nothing_is_told():
    made, found = history(weeks(900, 20)), scores(3.0, expected=900, low=700, high=1000, days=36)

    assert check(made, found, 3.1) == []
    assert len(check(made, found, 2.9)) == 1
    assert check(made, found, 2.9, FIRST + timedelta(days=36)) == []
    assert check(made, found, 2.9, judged=np.zeros((1, 36), bool)) == []


def test_a_difference_that_nobody_would_act_on_is_none():
    assert check(history(weeks(900, 880)), scores(9, expected=900, low=899, high=901, days=36), 3) == []


def test_each_monitor_may_have_a_threshold_of_its_own():
    made, found = history(weeks(900, 20)), scores(3.5, expected=900, low=700, high=1000, days=36)

    assert check(made, found, np.array([4.0])) == []


def test_in_cold_start_it_must_be_odder_and_says_so():
    made = history(weeks(900, 20))
    cold = scores(3.5, expected=900, low=700, high=1000, days=36, seen=9)

    assert check(made, cold, 3.1) == []
    (found,) = check(made, cold, 2.4)
    assert found.evidence == {"seen": "9", "cold_start": "true"}
    assert found.message.endswith("; only 9 buckets are known so far")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_anomaly(value: float):
    assert check(history(weeks(900, value)), scores(9, expected=900, low=1, high=2, days=36), 3) == []


def test_where_nothing_is_expected_the_value_alone_is_told():
    nothing = float("nan")
    (found,) = check(
        history([5.0] * 3 + [900]), scores(9, expected=nothing, low=nothing, high=nothing, days=4), 3
    )

    assert (found.expected, found.low, found.high) == (None, None, None)
    assert found.message == "orders: 900 rows on Thursday 2026-08-06"


@pytest.mark.parametrize("preset", ["default", "classic"])
def test_a_real_detector_finds_the_day_that_a_person_would(preset: str):
    draw = np.random.default_rng(1)
    values = [*(1000 + 30 * draw.standard_normal(80)), 250.0]
    made = history(values)
    detector = detector_of(preset)

    found = check(made, detector.scores(made), detector.threshold(0.5))

    assert FIRST + timedelta(days=80) in [anomaly.start for anomaly in found]
    assert len(found) <= 2
