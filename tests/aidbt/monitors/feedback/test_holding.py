"""What a person called expected is not told again: later, by another metric, or in the table above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from aidbt.core.measured import Anomaly, Monitor
from aidbt.monitors.feedback.holding import Expected
from aidbt.monitors.feedback.verdicts import Alert, Feedback, learned_from
from aidbt.monitors.histories import history_of
from aidbt.monitors.judging.bounds import Bound
from aidbt.store.buckets import Series

FIRST = datetime(2027, 9, 1)
DAY = timedelta(days=1)
MART, SOURCE, OTHER = "model.shop.fct_orders", "source.shop.raw.orders", "source.shop.raw.calls"
ABOVE = {MART: {SOURCE, OTHER}}
BOUND = Bound(
    MART, "shop.fct_orders", "", "row_count", "2027-09-05", "", "", 0.0, 1.0, "error", "", "", "", "", ""
)
BEFORE = {"web": 60.0, "app": 40.0}
AFTER = {"web": 48.0, "app": 32.0, "marketplace": 20.0}


def series(node: str, shares: Sequence[Mapping[str, float]], nulls: Sequence[float] = ()) -> Series:
    """Days of one column `channel` with these values, in a hundred rows and the nulls beside them."""
    of_nulls = list(nulls) or [0.0] * len(shares)
    facts = [
        [100.0 + none, none, sum(len(value) * rows for value, rows in day.items())]
        for day, none in zip(shares, of_nulls, strict=True)
    ]
    keys = {("rows", ""): 0, ("nulls", "channel"): 1, ("lengths", "channel"): 2}
    starts = tuple(FIRST + DAY * number for number in range(len(shares)))
    no, never = np.zeros(len(shares), bool), np.full(len(shares), np.nan)
    listed = tuple({"channel": dict(day)} if day else {} for day in shares)
    return Series(node, "day", starts, keys, np.array(facts), listed, no, never, ("",) * len(shares))


def expected(some: Sequence[Series], *feedback: Feedback) -> Expected:
    history = history_of(some, metrics=["null_rate", "mean_length", "distribution"])
    assert history is not None
    return Expected(feedback, history, some, ABOVE)


def said(day: int, metric: str, node: str = MART) -> Feedback:
    start = FIRST + DAY * day
    return Feedback(Monitor(node, metric, "channel"), start, start + DAY, "expected")


def odd(day: int, metric: str, node: str = MART, **more: object) -> Anomaly:
    monitor = Monitor(node, metric, "channel")
    return Anomaly(monitor, FIRST + DAY * day, "day", 4.0, "", **more)  # type: ignore[arg-type]


def test_the_same_nulls_are_expected_weeks_later_and_more_of_them_are_not():
    nulls = [50.0, 60.0, 900.0, *[50.0] * 20, 900.0]
    holds = expected([series(MART, [BEFORE] * 24, nulls)], said(2, "null_rate"))
    assert holds.covers(odd(23, "null_rate", value=0.9, expected=0.35))
    assert holds.covers(odd(23, "null_rate", value=0.6, expected=0.35))
    assert not holds.covers(odd(23, "null_rate", value=0.98, expected=0.35))
    assert not holds.covers(odd(23, "null_rate", value=0.0, expected=0.35))
    assert not holds.covers(odd(1, "null_rate", value=0.9, expected=0.35))
    assert not holds.covers(odd(23, "null_rate", SOURCE, value=0.9, expected=0.35))


def test_what_was_accepted_is_what_was_told_though_the_bucket_was_measured_again():
    said_then = said(2, "null_rate")
    shop = [series(MART, [BEFORE] * 24, [50.0] * 24)]
    history = history_of(shop, metrics=["null_rate"])
    assert history is not None
    told = Alert(
        said_then.monitor, FIRST, FIRST + 2 * DAY, 4.0, "INC-3", ((FIRST, 0.7), (FIRST + 2 * DAY, 1.0))
    )
    again = odd(23, "null_rate", value=1.0, expected=0.35)
    assert Expected([said_then], history, shop, {}, [told]).covers(again)
    assert not Expected([said_then], history, shop, {}).covers(again)


def test_a_build_does_not_stop_at_what_was_accepted():
    holds = expected([series(MART, [BEFORE] * 4, [50.0, 60.0, 900.0, 50.0])], said(2, "null_rate"))
    nulls = replace(BOUND, metric="null_rate", column_name="CHANNEL", low=0.2, high=0.5)
    rows = replace(BOUND, metric="row_count", low=90.0, high=120.0)
    elsewhere = replace(nulls, node=SOURCE)
    assert holds.widened([nulls, rows, elsewhere]) == [replace(nulls, high=0.9), rows, elsewhere]
    is_open = replace(nulls, low=None, high=None)
    assert holds.widened([is_open]) == [is_open]


def test_rows_that_once_did_not_come_are_told_the_next_time():
    start = FIRST + 2 * DAY
    rows = Feedback(Monitor(MART, "row_count"), start, start + DAY, "expected")
    history = history_of([series(MART, [BEFORE] * 24)], metrics=["row_count"])
    assert history is not None
    again = Anomaly(rows.monitor, FIRST + 9 * DAY, "day", 9.0, "", value=100.0, expected=900.0)
    assert not Expected([rows], history, [], {}).covers(again)


def test_a_new_value_is_expected_of_its_source_a_day_later_and_of_its_other_metrics():
    mart = series(MART, [*[BEFORE] * 20, *[AFTER] * 5])
    source = series(SOURCE, [*[BEFORE] * 21, *[AFTER] * 4])
    holds = expected([mart, source], said(20, "new_values"))
    new = {"marketplace": "20 rows"}
    assert holds.covers(odd(21, "new_values", SOURCE, evidence=new))
    assert holds.covers(odd(21, "mean_length", SOURCE, value=4.6, expected=3.0))
    assert holds.covers(odd(24, "distribution", SOURCE, value=0.8, expected=0.0))
    assert holds.covers(odd(22, "mean_length", value=4.6, expected=3.0))
    # Another value is another matter, and so are nulls.
    assert not holds.covers(odd(21, "new_values", SOURCE, evidence={**new, "phone": "9 rows"}))
    assert not holds.covers(odd(21, "vanished_values", SOURCE, evidence={"web": "60 rows"}))
    assert not holds.covers(odd(21, "null_rate", SOURCE, value=0.5, expected=0.0))


def test_what_has_other_values_is_told_though_its_column_is_called_so_too():
    mart = series(MART, [*[BEFORE] * 20, *[AFTER] * 5])
    calls = series(OTHER, [*[{"inbound": 70.0, "outbound": 30.0}] * 21, *[{"outbound": 100.0}] * 4])
    holds = expected([mart, calls], said(20, "new_values"), said(20, "mean_length"))
    assert not holds.covers(odd(21, "mean_length", OTHER, value=8.0, expected=7.3))
    assert not holds.covers(odd(21, "distribution", OTHER, value=0.8, expected=0.0))
    assert {of.monitor.node for of in holds.implied()} == {MART}


def test_the_source_learns_from_the_day_on_that_has_what_was_accepted():
    source = series(SOURCE, [*[BEFORE] * 21, *[AFTER] * 4])
    both = [series(MART, [*[BEFORE] * 20, *[AFTER] * 5]), source]
    holds = expected(both, said(20, "distribution"))
    history = history_of(both, metrics=["null_rate", "mean_length", "distribution"])
    assert history is not None
    learned = learned_from(history, holds.implied())
    known = {
        str(monitor): int(np.isfinite(learned.values[row]).sum())
        for row, monitor in enumerate(learned.monitors)
    }
    assert known["raw.orders.channel mean_length"] == 4
    assert known["fct_orders.channel mean_length"] == 5
    assert known["raw.orders.channel null_rate"] == 25


def test_numbers_that_are_not_listed_are_the_same_where_they_are_as_large():
    start = FIRST + 20 * DAY
    none: Sequence[Mapping[str, float]] = [{}] * 25
    lengths = Feedback(Monitor(MART, "mean_length", "channel"), start, start + DAY, "expected")
    both = [series(MART, none), series(SOURCE, none)]
    for one, day in ((both[0], 20), (both[1], 21)):
        one.values[:, 2] = 300.0
        one.values[day:, 2] = 500.0
    holds = expected(both, lengths)
    assert holds.covers(odd(21, "mean_length", SOURCE, value=5.0, expected=3.0))
    assert not holds.covers(odd(20, "mean_length", SOURCE, value=3.0, expected=6.0))
    assert {(of.monitor.node, of.first) for of in holds.implied()} == {(SOURCE, start + DAY)}
