"""Values that came and went in columns of codes."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from aidbt.monitors.judging.categories import category_anomalies, category_changes

DAYS = 40
USUAL = {"new": 40.0, "paid": 200.0, "sent": 150.0}


def found(
    before: list[dict[str, float]], now: dict[str, float], at_least: float = 3.0
) -> set[tuple[str, str]]:
    changes = category_changes(before, now, period=7)
    return {(change.kind, change.value) for change in changes if change.score >= at_least}


def counts(seed: int = 1) -> list[dict[str, float]]:
    draw = np.random.default_rng(seed)
    return [{value: float(draw.poisson(rows)) for value, rows in USUAL.items()} for _ in range(DAYS)]


def test_a_value_that_was_never_there_and_one_that_always_was():
    assert found(counts(), {"paid": 210.0, "sent": 149.0, "returned": 60.0}) == {
        ("new", "returned"), ("vanished", "new")
    }  # fmt: skip


def test_the_same_values_are_nothing_new():
    assert found(counts(), {"new": 38.0, "paid": 190.0, "sent": 160.0}) == set()


def test_few_rows_of_a_new_value_are_a_slip_of_the_hand():
    assert found(counts(), {**USUAL, "piad": 3.0}) == set()


def test_a_column_that_brings_a_new_value_every_few_days_is_open():
    before = [{**USUAL, **({f"campaign {day}": 30.0} if day % 3 == 0 else {})} for day in range(DAYS)]

    assert found(before, {**USUAL, "campaign 40": 30.0}) == set()


def test_a_value_that_was_there_long_ago_is_not_new():
    before = counts()
    before[2]["lost"] = 10.0

    assert found(before, {**USUAL, "lost": 60.0}) == set()


def test_a_rare_value_may_be_missing_for_a_day():
    before = [{**USUAL, "odd": 2.0} for _ in range(DAYS)]

    assert found(before, dict(USUAL)) == set()


def test_a_value_that_is_missing_every_sunday_has_not_vanished_on_one():
    before = [dict(USUAL) if day % 7 else {"paid": 200.0, "sent": 150.0} for day in range(42)]

    assert found(before, {"paid": 200.0, "sent": 150.0}) == set()


def test_on_a_day_with_hardly_any_rows_nothing_has_vanished():
    assert found(counts(), {"paid": 1.0}) == set()


@pytest.mark.parametrize("known", [0, 13])
def test_with_a_short_past_nothing_is_said(known: int):
    assert category_changes(counts()[:known], {"lost": 500.0}) == []


def test_a_list_that_may_have_been_cut_off_says_nothing():
    long = {f"v{number}": 10.0 for number in range(20)}

    assert category_changes([long] * DAYS, {**USUAL}) == []
    assert category_changes(counts(), long) == []


def test_days_without_rows_are_no_days():
    assert category_changes([*counts(), {}, {}], {}) == []
    assert found([*counts(), {}, {}], {**USUAL, "returned": 60.0}) == {("new", "returned")}


def test_one_anomaly_says_what_came_and_one_what_went():
    changes = category_changes(
        counts(), {"paid": 200.0, "a\nvery long value, longer than a line": 90.0, "x": 9.0}
    )

    new, gone = category_anomalies(
        "model.shop.orders", "status", changes, datetime(2026, 11, 20), threshold=2
    )

    assert (new.monitor.metric, gone.monitor.metric) == ("new_values", "vanished_values")
    assert new.message == (
        "orders.status has the new value 'a very long value, long…' and 1 other in 99 rows, not seen in the"
        " 40 buckets before"
    )
    assert gone.message.startswith("orders.status has no 'sent' and 1 other any more, which about 1")
