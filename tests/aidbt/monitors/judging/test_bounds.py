"""Bounds of the next buckets: which there are, when they count, and which rows they are of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.measured import Grain, Monitor
from aidbt.monitors.history import Family, History, Scores
from aidbt.monitors.judging.bounds import AHEAD, Bound, Place, band_of, bounds_of, opened, with_ahead

NODE = "model.shop.orders"
ROWS, NULLS = Monitor(NODE, "row_count"), Monitor(NODE, "null_rate", "Amount")
NOW = datetime(2026, 3, 28, 6, tzinfo=UTC)
FRIDAY = "2026-03-27"
PLACE = Place("main.orders", "ordered_at", "TIMESTAMP")
FAMILIES = {"row_count": Family.COUNT, "null_rate": Family.RATE, "mean": Family.AMOUNT}


def history(*monitors: Monitor, days: int = 20, grain: Grain = "day") -> History:
    """Up to Friday, 27 March 2026: two days before the clocks change in Berlin."""
    span = timedelta(hours=1) if grain == "hour" else timedelta(days=1)
    last = datetime(2026, 3, 27)
    shape = (len(monitors), days)
    unknown = np.full(shape, np.nan)
    none = np.full(len(monitors), -1)
    return History(
        monitors=monitors,
        families=tuple(FAMILIES.get(m.metric, Family.MINUTES) for m in monitors),
        grain=grain,
        starts=tuple(last - span * (days - 1 - n) for n in range(days)),
        values=np.full(shape, 100.0),
        rows=np.full(shape, 100.0),
        variances=unknown,
        refreshed=np.zeros(shape, bool),
        holidays=np.zeros(shape),
        parents=none,
        volumes=none,
    )


def scores(made: History, expected: float, low: float, high: float, seen: int = 100) -> Scores:
    def whole(value: float) -> np.ndarray:
        return np.full(made.values.shape, value)

    return Scores(whole(0), whole(0), whole(expected), whole(low), whole(high), whole(seen))


def bounds(
    *monitors: Monitor, grain: Grain = "day", place: Place = PLACE, seen: int = 100, **options: Any
) -> list[Bound]:
    """Of the day before and the days to come: 100 are expected, 80 to 120 are usual."""
    made = with_ahead(history(*monitors, grain=grain))
    found = scores(made, options.pop("expected", 100), options.pop("low", 80), options.pop("high", 120), seen)
    settings: Mapping[str, Any] = {"wanted": monitors, "timezone": "UTC", "dialect": "duckdb", **options}
    since = datetime(2026, 3, 27)
    return bounds_of(made, found, {NODE: place}, threshold=3.0, since=since, now=NOW, **settings)


def test_a_week_is_foretold_with_what_is_warned_of_and_what_fails():
    found = bounds(ROWS)

    assert [b.bucket for b in found if b.severity == "warn"] == [
        f"2026-0{3 if day <= 31 else 4}-{day if day <= 31 else day - 31:02}" for day in range(27, 35)
    ]
    warn, error = found[:2]
    assert (warn.severity, warn.low, warn.high) == ("warn", 80, 120)
    assert error.severity == "error"
    assert 75 < (error.low or 0) < 78  # rows that are missing stop a build sooner than rows too many
    assert (error.high or 0) > 140
    assert (warn.node, warn.relation, warn.metric, warn.column_name) == (NODE, "main.orders", "row_count", "")
    assert warn.computed_at == "2026-03-28 06:00:00"


def test_a_day_is_judged_by_runs_of_the_next_day():
    (friday,) = [b for b in bounds(ROWS) if (b.bucket, b.severity) == ("2026-03-27", "warn")]

    assert (friday.bucket_from, friday.bucket_to) == ("2026-03-27 00:00:00", "2026-03-28 00:00:00")
    assert (friday.valid_from, friday.valid_to) == ("2026-03-28 00:00:00", "2026-03-29 00:00:00")
    assert (friday.event_time, friday.time_type) == ("ordered_at", "timestamp")


def test_a_table_that_is_loaded_late_is_judged_later():
    found = bounds(ROWS, place=Place("main.orders", "ordered_at", "TIMESTAMP", late=2))

    assert (found[0].bucket, found[0].valid_from) == ("2026-03-27", "2026-03-30 00:00:00")


@pytest.mark.parametrize(
    ("event_type", "dialect", "time_type", "start", "end"),
    [
        # The clock is set forward on the 29th: that day has 23 hours.
        ("TIMESTAMP", "duckdb", "timestamp", "2026-03-28 23:00:00", "2026-03-29 22:00:00"),
        ("TIMESTAMP WITH TIME ZONE", "postgres", "timestamp with time zone", "2026-03-28 23:00:00+00:00",
         "2026-03-29 22:00:00+00:00"),
        ("timestamp", "spark", "timestamp", "2026-03-28 23:00:00+00:00", "2026-03-29 22:00:00+00:00"),
        ("TIMESTAMP_NTZ(9)", "snowflake", "timestamp_ntz", "2026-03-28 23:00:00", "2026-03-29 22:00:00"),
        ("DATETIME", "bigquery", "datetime", "2026-03-28 23:00:00", "2026-03-29 22:00:00"),
        ("DATE", "trino", "date", "2026-03-29", "2026-03-30"),
    ],
)  # fmt: skip
def test_rows_of_a_local_day_are_told_in_the_columns_own_type(
    event_type: str, dialect: str, time_type: str, start: str, end: str
):
    place = Place("main.orders", "at", event_type)
    found = bounds(ROWS, place=place, timezone="Europe/Berlin", dialect=dialect)

    (sunday,) = [b for b in found if (b.bucket, b.severity) == ("2026-03-29", "warn")]
    assert (sunday.time_type, sunday.bucket_from, sunday.bucket_to) == (time_type, start, end)
    assert (sunday.valid_from, sunday.valid_to) == ("2026-03-29 22:00:00", "2026-03-30 22:00:00")


def test_runs_of_dbt_judge_each_bucket_of_a_week_at_some_time_and_none_twice():
    found = [b for b in bounds(ROWS, timezone="America/New_York") if b.severity == "warn"]

    assert [b.valid_to for b in found[:-1]] == [b.valid_from for b in found[1:]]


def test_in_cold_start_there_are_only_warnings_and_they_are_wide():
    found = bounds(ROWS, seen=9)

    assert {b.severity for b in found} == {"warn"}
    assert (found[0].low or 0) < 75


def test_a_mean_is_as_bad_too_low_as_too_high():
    mean = Monitor(NODE, "mean", "amount")
    warn, error = bounds(mean)[:2]

    assert (warn.low, warn.high) == (80, 120)
    assert 80 - (error.low or 0) == pytest.approx((error.high or 0) - 120, rel=0.01) != 0


def test_what_people_said_of_a_monitor_holds_for_its_tests():
    (raised,) = [
        b for b in bounds(ROWS, limits=np.array([4.0])) if (b.bucket, b.severity) == (FRIDAY, "warn")
    ]
    assert (raised.low or 0) < 75 < 130 < (raised.high or 0)

    found = bounds(ROWS, is_fine=lambda monitor, start: (monitor, start.day) == (ROWS, 27))
    friday = [b for b in found if b.bucket == FRIDAY]
    assert [(b.low, b.high, b.severity) for b in friday] == [(None, None, "warn")]
    assert {b.low for b in found if b.bucket != FRIDAY} != {None}


def test_bounds_that_stand_are_opened_where_nothing_is_wrong():
    before = bounds(ROWS)

    now = opened(before, lambda monitor, start: (monitor, start.day) == (ROWS, 27))

    assert [b for b in now if b.bucket != FRIDAY] == [b for b in before if b.bucket != FRIDAY]
    assert {(b.low, b.high) for b in now if b.bucket == FRIDAY} == {(None, None)}


def test_a_day_nobody_can_say_anything_of_has_none():
    assert bounds(ROWS, low=float("nan")) == []


def test_only_what_data_tests_ask_for_and_known_nodes_have_bounds():
    other = Monitor("model.shop.other", "row_count")
    wanted = [Monitor(NODE, "null_rate", "amount"), other, Monitor(NODE, "mean_length", "note")]

    found = bounds(ROWS, NULLS, other, wanted=wanted, expected=0.02, low=0.01, high=0.03)

    assert {(b.node, b.metric, b.column_name) for b in found} == {(NODE, "null_rate", "Amount")}
    assert {b.low for b in found} == {None}  # fewer nulls are no fault
    assert all(0.03 <= (b.high or 0) <= 1 for b in found)


def test_hours_go_by_utc_and_reach_two_days():
    found = [b for b in bounds(ROWS, grain="hour", timezone="Asia/Tokyo") if b.severity == "warn"]

    assert len(found) == AHEAD["hour"] + 1
    assert (found[0].bucket, found[0].bucket_to) == ("2026-03-27 00:00", "2026-03-27 01:00:00")


def test_what_is_measured_whole_is_bounded_until_it_is_measured_again():
    found = bounds(ROWS, grain="run", place=Place("main.orders"))

    assert {(b.bucket, b.bucket_from, b.event_time) for b in found} == {("next run", "", "")}
    assert (found[0].valid_from, found[0].valid_to) == ("2026-03-28 06:00:00", "2026-04-27 06:00:00")


BANDS = st.tuples(st.floats(0.001, 0.9), st.floats(0, 0.99), st.floats(0, 5))


@given(BANDS, st.sampled_from([ROWS, NULLS, Monitor(NODE, "mean", "amount")]), st.floats(1, 3))
def test_a_wider_band_holds_the_narrower_one(
    band: tuple[float, float, float], monitor: Monitor, factor: float
):
    expected, below, above = band
    made = history(monitor)
    found = scores(made, expected, expected * (1 - below), min(expected * (1 + above), 0.99))

    narrow, wide = band_of(made, found, 0), band_of(made, found, 0, factor=factor)

    assert (narrow[0] <= expected).all()
    assert (narrow[1] >= expected).all()
    assert (wide[0] <= narrow[0] + 1e-9).all()
    assert (wide[1] >= narrow[1] - 1e-9).all()


def test_a_column_that_ripens_is_compared_when_it_is_ripe_and_its_table_at_once():
    nulls = Monitor(NODE, "null_rate", "amount")

    found = bounds(ROWS, nulls, ripe_after=lambda monitor: 2 * (monitor == nulls))

    of_rows, of_nulls = (
        next(b for b in found if b.metric == metric and b.bucket == "2026-03-27")
        for metric in ("row_count", "null_rate")
    )
    assert of_rows.valid_from == "2026-03-28 00:00:00"
    assert (of_nulls.valid_from, of_nulls.valid_to) == ("2026-03-30 00:00:00", "2026-03-31 00:00:00")
