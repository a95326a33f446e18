"""Which buckets are judged: once each, again when they changed, and only when they are complete."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from aidbt.core.measured import Anomaly, Monitor
from aidbt.monitors.judging.due import Judged, after_judging, buckets_late, digests_of, due, is_news
from aidbt.store.buckets import Series

FIRST = datetime(2026, 10, 1)
NODE = "model.shop.orders"


def series(rows: Sequence[float]) -> Series:
    """Days with so many rows."""
    starts = tuple(FIRST + timedelta(days=number) for number in range(len(rows)))
    values = np.array(rows, dtype=float)[:, None]
    never = np.full(len(rows), np.nan)
    return Series(
        NODE, "day", starts, {("rows", ""): 0}, values, ({},) * len(rows), np.zeros(len(rows), bool), never,
        ("",) * len(rows),
    )  # fmt: skip


def days(found: dict[datetime, str]) -> list[int]:
    return [(start - FIRST).days for start in sorted(found)]


def judge(before: Judged | None, now: Series, late: int = 0) -> tuple[list[int], Judged]:
    digests = due(before, now, late=late, late_days=3)
    return days(digests), after_judging(before, now, digests, (), most=3)


def test_the_first_time_only_the_newest_days_are_judged():
    assert judge(None, series([100] * 30))[0] == [26, 27, 28, 29]


def test_a_bucket_is_judged_once_and_again_when_it_changed():
    _, known = judge(None, series([100] * 30))

    assert judge(known, series([100] * 30))[0] == []
    assert judge(known, series([100] * 31))[0] == [30]
    assert judge(known, series([100] * 27 + [90, 100, 100]))[0] == [27]


def test_history_that_is_measured_again_is_not_judged():
    _, known = judge(None, series([100] * 30))

    assert judge(known, series([50] * 20 + [100] * 10))[0] == []


def test_days_that_nobody_looked_at_are_judged_later():
    _, known = judge(None, series([100] * 30))

    assert judge(known, series([100] * 40))[0] == list(range(30, 40))


def test_since_a_day_everything_is_judged():
    found = due(Judged(), series([100] * 30), late=0, late_days=3, since=FIRST + timedelta(days=10))

    assert days(found) == list(range(10, 30))


def test_what_is_remembered_survives_the_store():
    _, known = judge(None, series([100] * 30))
    said = json.loads(json.dumps(known.to_json()))

    assert Judged.from_json(said) == known


def run_daily(per_age: Sequence[float], final: float = 100) -> tuple[list[list[int]], Judged]:
    """A table of which the newest days have a share of their rows only; what was judged each day."""
    known: Judged | None = None
    judged = []
    for today in range(30, 45):
        rows = [
            final * (per_age[age] if (age := today - 1 - day) < len(per_age) else 1) for day in range(today)
        ]
        now = series(rows)
        late = buckets_late(known or Judged(), now, 3)
        found, known = judge(known, now, late)
        judged.append(found)
    assert known is not None
    return judged, known


def test_a_table_whose_newest_day_is_always_half_full_is_judged_a_day_later():
    judged, known = run_daily([0.5])

    assert buckets_late(known, series([100] * 44 + [50]), 3) == 1
    assert judged[-3:] == [[40], [41], [42]]


def test_a_table_that_comes_two_days_late_is_judged_then():
    judged, known = run_daily([0.0, 0.4])

    assert buckets_late(known, series([100] * 43 + [40, 0]), 3) == 2
    assert judged[-1] == [41]


def test_a_table_that_is_complete_at_once_is_judged_at_once():
    judged, known = run_daily([1.0])

    assert buckets_late(known, series([100] * 45), 3) == 0
    assert judged[-1] == [43]


def test_one_day_that_came_late_makes_no_table_late():
    known = Judged()
    for today in range(30, 45):
        known = judge(known, series([100] * (today - 1) + [20 if today == 40 else 100]))[1]

    assert buckets_late(known, series([100] * 45), 3) == 0


def test_what_was_told_is_no_news_until_its_value_changes():
    now = series([100] * 29 + [5])
    anomaly = Anomaly(Monitor(NODE, "row_count"), now.starts[-1], "day", 9.0, "5 rows", value=5.0)
    known = after_judging(None, now, due(None, now, late=0, late_days=3), [anomaly], most=3)

    assert is_news(None, anomaly)
    assert not is_news(known, anomaly)
    other = Anomaly(Monitor(NODE, "row_count"), now.starts[-1], "day", 8.0, "9 rows", value=9.0)
    assert is_news(known, other)


def test_what_was_repaired_and_is_broken_again_to_the_same_value_is_news():
    broken, whole = series([100] * 29 + [10]), series([100] * 30)
    anomaly = Anomaly(Monitor(NODE, "row_count"), broken.starts[-1], "day", 5.0, "few", value=10.0)
    told = after_judging(None, broken, due(None, broken, late=0, late_days=3), [anomaly], most=3)

    repaired = after_judging(told, whole, due(told, whole, late=0, late_days=3), [], most=3)

    assert not is_news(told, anomaly)
    assert is_news(repaired, anomaly)
    # Without rows a mean is neither odd nor repaired.
    mean = Anomaly(Monitor(NODE, "mean", "amount"), broken.starts[-1], "day", 5.0, "high", value=9.0)
    told_mean = after_judging(None, broken, due(None, broken, late=0, late_days=3), [mean], most=3)
    empty = series([100] * 29 + [0])
    emptied = after_judging(told_mean, empty, due(told_mean, empty, late=0, late_days=3), [], most=3)
    assert not is_news(emptied, mean)
    # What was not judged again is remembered: the next day's check does not tell it anew.
    next_day = series([100] * 29 + [10, 100])
    later = after_judging(told, next_day, due(told, next_day, late=0, late_days=3), [], most=3)
    assert not is_news(later, anomaly)


def test_a_new_column_changes_nothing_of_the_days_that_do_not_have_it():
    plain = series([100] * 30)
    starts, values = plain.starts, np.full((30, 2), np.nan)
    values[:, 1], values[29, 0] = 100, 3
    wider = replace(plain, keys={("nulls", "a"): 0, ("rows", ""): 1}, values=values)
    before, after = digests_of(plain, FIRST), digests_of(wider, FIRST)

    assert [start for start in starts if before[start] != after[start]] == [starts[29]]
    moved = digests_of(replace(wider, keys={("nulls", "b"): 0, ("rows", ""): 1}), FIRST)
    assert [start for start in starts if moved[start] != after[start]] == [starts[29]]
