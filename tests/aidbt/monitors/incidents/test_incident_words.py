"""Incidents in a line, as a person would say it."""

from __future__ import annotations

import pytest

from aidbt.core.measured import Anomaly
from aidbt.monitors.incidents.words import title_of
from tests.aidbt.monitors.findings import anomaly, node


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (anomaly("orders", value=380), "orders has 62 % fewer rows than expected on a Friday"),
        (anomaly("orders", value=1210), "orders has 21 % more rows than expected on a Friday"),
        (anomaly("orders", value=4200), "orders has 4.2 times the rows expected on a Friday"),
        (anomaly("orders", value=0), "orders has no rows of Friday 20 November, 1,000 were expected"),
        (anomaly("orders", value=1, expected=1e6), "orders has 99.9 % fewer rows than expected on a Friday"),
        (
            anomaly("orders", "freshness_minutes", value=400, expected=40),
            "orders is 6 hours later than expected",
        ),
        (
            anomaly("orders", "null_rate", "email", value=0.125, expected=0.004),
            "orders.email: share of nulls 12 %, expected 0.4 %",
        ),
        (
            anomaly("orders", "null_rate", "email", value=0.67, expected=0.0000037),
            "orders.email: share of nulls 67 %, expected 0 %",
        ),
        (
            anomaly("orders", "mean", "amount", value=350, expected=1000),
            "orders.amount: mean 65 % lower than expected on a Friday",
        ),
        (
            anomaly("orders", "mean", "amount", value=-3, expected=7),
            "orders.amount: mean -3, expected 7",
        ),
        (
            anomaly("orders", "distinct_count", "id", value=0, expected=0),
            "orders.id has more distinct values than expected on a Friday",
        ),
        (
            anomaly("orders", "build_seconds", value=64, expected=20),
            "orders: seconds to build 3.2 times what was expected on a Friday",
        ),
        (
            anomaly("orders", "custom:net margin", value=0.5, expected=1),
            "orders: net margin 50 % lower than expected on a Friday",
        ),
        (
            anomaly("orders", "mean", "x", value=float("inf"), expected=7),
            "orders.x mean: inf, expected 7",
        ),
    ],
)
def test_a_finding_is_said_with_what_was_expected(found: Anomaly, said: str):
    assert title_of(node("orders"), [found], [], []) == said


def test_rows_that_are_missing_say_more_than_what_they_would_have_held():
    found = [anomaly("orders", "mean", "amount", score=6.2), anomaly("orders", score=5)]
    assert "fewer rows" in title_of(node("orders"), found, [], [])


def test_what_is_below_is_counted_by_kind():
    below = ["model.shop.a", "model.shop.b", "exposure.shop.c", "snapshot.shop.d"]
    title = title_of(node("orders"), [anomaly("orders")], [], below)
    assert title.endswith("; 2 models, 1 snapshot and 1 exposure below")


def test_failing_tests_are_named_or_counted():
    one = title_of(node("orders"), [], ["test.shop.unique_orders_id.a1"], [])
    two = title_of(node("orders"), [], ["test.shop.unique_orders_id.a1", "test.shop.b.c"], [])
    assert (one, two) == ("orders: the test unique_orders_id failed", "orders: 2 tests failed")
