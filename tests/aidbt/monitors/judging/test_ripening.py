"""Columns that ripen: what the newest buckets say at first is learned, and not judged before it stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from aidbt.monitors.histories import history_of
from aidbt.monitors.history import History
from aidbt.monitors.judging.due import Judged, after_judging
from aidbt.monitors.judging.ripening import ripe_after, with_firsts, without_unripe
from aidbt.store.buckets import Series

FIRST = datetime(2026, 10, 1)
NODE = "model.shop.customers"
KEY = "null_rate|value"
ROWS = 200.0
MOST = 3


def measured(shares: list[float]) -> tuple[Series, History]:
    """Days of 200 rows with so many nulls each."""
    starts = tuple(FIRST + timedelta(days=number) for number in range(len(shares)))
    facts = np.array([[ROWS, ROWS * share] for share in shares])
    no = np.zeros(len(shares), bool)
    keys = {("rows", ""): 0, ("nulls", "value"): 1}
    series = Series(
        NODE, "day", starts, keys, facts, ({},) * len(shares), no, np.full(len(shares), np.nan),
        ("",) * len(shares),
    )  # fmt: skip
    history = history_of([series], metrics=["null_rate"])
    assert history is not None
    return series, history


def lived(share: Callable[[int, int], float], days: int = 20, known: Judged | None = None) -> Judged:
    """What is remembered after so many mornings; `share` of a day and its age is the nulls in it."""
    known = known or Judged()
    for today in range(10, 10 + days):
        series, history = measured([share(day, today - day) for day in range(today + 1)])
        known = after_judging(with_firsts(known, history, [0], series, MOST), series, {}, (), most=MOST)
    return known


def falling(day: int, age: int) -> float:
    return (1.0, 0.6, 0.1)[min(age, 2)]


def test_a_column_that_is_null_at_first_is_ripe_when_it_stands_still():
    assert ripe_after(lived(falling), "day", MOST) == {KEY: 2}


def test_what_moves_until_it_is_measured_last_is_ripe_then():
    known = lived(lambda day, age: max(1.0 - 0.2 * age, 0.1))

    assert ripe_after(known, "day", MOST) == {KEY: MOST}


@pytest.mark.parametrize(
    ("what", "share"),
    [
        ("stands still", lambda day, age: 0.1),
        ("moves by chance only", lambda day, age: 0.1 + 0.01 * (age and day % 2)),
        ("moves now up, now down", lambda day, age: 0.5 + (0.3 if day % 2 else -0.3) * (age == 0)),
        ("was wrong for four days, and mended", lambda day, age: 1.0 if 20 <= day < 24 and not age else 0.1),
        ("moved and came back", lambda day, age: 0.6 if age == 1 else 0.1),
    ],
)
def test_nothing_else_ripens(what: str, share: Callable[[int, int], float]):
    assert ripe_after(lived(share), "day", MOST) == {}, what


def test_two_buckets_are_not_enough():
    assert ripe_after(lived(falling, days=2 + MOST), "day", MOST) == {}
    assert ripe_after(lived(falling, days=3 + MOST), "day", MOST) == {KEY: 2}


def test_a_column_that_ripens_no_more_is_judged_at_once_again():
    still = lived(lambda day, age: falling(day, age) if day < 15 else 0.1, days=30)

    assert ripe_after(still, "day", MOST) == {}


def test_of_what_stands_still_only_the_newest_buckets_are_remembered():
    assert [len(seen) for seen in lived(lambda day, age: 0.1, days=40).firsts.values()] == [MOST]
    assert all(len(seen) <= 14 + MOST for seen in lived(falling, days=60).firsts.values())


def test_where_nothing_is_measured_again_nothing_is_learned():
    series, history = measured([0.1] * 20)

    assert with_firsts(Judged(), history, [0], series, 0) == Judged()
    assert ripe_after(lived(falling), "day", 0) == {}


def test_what_is_not_ripe_is_not_there_and_the_rest_is_untouched():
    series, history = measured([0.1] * 18 + [0.6, 1.0])

    found = without_unripe(history, {NODE: {KEY: 2}}, [series])

    assert np.isnan(found.values[0]).tolist() == [False] * 18 + [True] * 2
    assert found.values[0, :18].tolist() == history.values[0, :18].tolist()
    assert not np.isnan(history.values).any()
    assert without_unripe(history, {NODE: {}}, [series]).values is history.values


def test_what_ripens_is_judged_when_it_is_ripe_though_nothing_changed_since():
    series, _ = measured([0.1] * 20)
    digests = dict.fromkeys(series.starts[-4:], "as it was")

    known = after_judging(None, series, digests, (), most=MOST, ripe={KEY: 2})
    assert known.unripe == series.starts[-2:]

    series, _ = measured([0.1] * 21)
    later = after_judging(known, series, {series.starts[-1]: "new"}, (), most=MOST, ripe={KEY: 2})
    assert later.unripe == series.starts[-2:]


def test_what_was_told_of_a_bucket_that_is_not_ripe_stays_told():
    series, _ = measured([0.1] * 20)
    told = {f"{KEY}|{start.isoformat()}": 1.0 for start in series.starts[-3:]}
    digests = dict.fromkeys(series.starts[-3:], "as it is")

    known = after_judging(Judged(told=told), series, digests, (), most=MOST, ripe={KEY: 2})

    assert list(known.told) == list(told)[-2:]


def test_it_survives_the_store_and_stores_of_before_are_read():
    known = replace(lived(falling), unripe=(FIRST,))
    said = json.loads(json.dumps(known.to_json()))

    assert Judged.from_json(said) == known
    del said["firsts"], said["unripe"]
    assert Judged.from_json(said) == replace(known, firsts={}, unripe=())
