"""Buckets of monitors: packed, replaced when they come again, read as arrays."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidbt.core.errors import UsageError
from aidbt.core.measured import Bucket, FactKey
from aidbt.store import Store
from aidbt.store.buckets import Buckets
from tests.aidbt.store.places import Place, together

DAY = datetime(2026, 3, 1)
AT = datetime(2026, 3, 9, 6, 30, tzinfo=UTC)


def bucket(day: int = 0, node: str = "model.shop.orders", **facts: float) -> Bucket:
    return Bucket(
        node, "day", DAY + timedelta(days=day), {(name, ""): value for name, value in facts.items()}
    )


def test_a_bucket_is_read_as_it_was_kept(store: Store) -> None:
    kept = Bucket(
        "model.shop.orders", "day", DAY,
        {("rows", ""): 12.0, ("nulls", "e-mail"): 3.0, ("sum", "amount"): -0.1},
        shares={"status": {"paid": 9.0, "ö'": 3.0}},
        collected_at=AT, run_id="run-1", is_refreshed=True,
    )  # fmt: skip
    Buckets(store).put([kept])

    assert Buckets(store).buckets("model.shop.orders", "day") == [kept]


_KEYS = st.tuples(st.sampled_from(["rows", "nulls", "sum"]), st.text(max_size=3))
_FACTS = st.dictionaries(_KEYS, st.floats(allow_nan=False, allow_infinity=False), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(history=st.lists(_FACTS, min_size=1, max_size=6))
def test_whatever_facts_there_are_come_back_at_their_places(
    tmp_path_factory: pytest.TempPathFactory, history: list[dict[FactKey, float]]
) -> None:
    from aidbt.store import open_store

    store = open_store(tmp_path_factory.mktemp("store") / "state.db")
    Buckets(store).put(Bucket("n", "day", DAY + timedelta(days=d), f) for d, f in enumerate(history))

    series = Buckets(store).series("n", "day")
    assert series is not None
    for day, facts in enumerate(history):
        for key in series.keys:
            value = series.fact(*key)[day]
            assert value == facts[key] if key in facts else math.isnan(value)
    store.close()


def test_a_bucket_that_arrives_twice_replaces_itself(store: Store) -> None:
    Buckets(store).put([bucket(0, rows=10), bucket(1, rows=20)])
    Buckets(store).put([bucket(1, rows=21, nulls=2)])

    series = Buckets(store).series("model.shop.orders", "day")
    assert series is not None
    assert series.fact("rows").tolist() == [10, 21]
    assert np.isnan(series.fact("nulls")).tolist() == [True, False]
    assert np.isnan(series.fact("never")).all()


def test_what_is_not_finite_keeps_everything_out(store: Store) -> None:
    with pytest.raises(UsageError, match="no finite number"):
        Buckets(store).put([bucket(0, rows=1), bucket(1, rows=math.inf)])

    assert Buckets(store).nodes() == {}


def test_columns_are_kept_once_for_each_change(store: Store) -> None:
    def seen(day: int, **columns: str) -> Bucket:
        return Bucket("n", "day", DAY, {}, columns=columns, collected_at=AT + timedelta(days=day))

    buckets = Buckets(store)
    buckets.put([seen(0, id="integer")])
    buckets.put([seen(1, id="integer")])
    buckets.put([seen(2, id="bigint", at="date")])

    assert buckets.columns_seen("n") == [
        (AT, {"id": "integer"}),
        (AT + timedelta(days=2), {"id": "bigint", "at": "date"}),
    ]
    assert buckets.latest_columns("n") == {"id": "bigint", "at": "date"}
    assert buckets.latest_columns("other") == {}


def test_nodes_and_grains_stand_apart_and_are_forgotten_alone(store: Store) -> None:
    buckets = Buckets(store)
    buckets.put([bucket(0, rows=1), bucket(5, rows=1), bucket(2, "b", rows=1)])
    buckets.put([Bucket("b", "hour", DAY, {("rows", ""): 3.0})])

    assert buckets.nodes() == {"model.shop.orders": {"day": 2}, "b": {"day": 1, "hour": 1}}
    assert buckets.last("model.shop.orders", "day") == DAY + timedelta(days=5)
    assert [series.node for series in buckets.read(None, "day")] == ["b", "model.shop.orders"]
    assert buckets.forget("b") == 2
    assert buckets.forget_before(DAY + timedelta(days=3)) == 1
    assert [b.start for b in buckets.buckets("model.shop.orders", "day")] == [DAY + timedelta(days=5)]
    assert buckets.series("b", "day") is None


def test_only_what_begins_late_enough_is_read(store: Store) -> None:
    Buckets(store).put([bucket(day, rows=day) for day in range(5)])

    series = Buckets(store).series("model.shop.orders", "day", since=DAY + timedelta(days=3))
    assert series is not None
    assert series.fact("rows").tolist() == [3, 4]


@pytest.mark.long
def test_two_processes_keep_the_same_buckets_at_once(place: Place) -> None:
    place.open().close()
    code = """
from datetime import datetime, timedelta
from aidbt.core.measured import Bucket
from aidbt.store.buckets import Buckets
for round in range(10):
    Buckets(here()).put(
        Bucket("n", "day", datetime(2026, 1, 1) + timedelta(days=d), {("rows", ""): d, (args[0], ""): 1.0})
        for d in range(20)
    )
"""
    together(place, code, ("a",), ("b",))

    store = place.open()
    series = Buckets(store).series("n", "day")
    assert series is not None
    assert series.fact("rows").tolist() == list(range(20))
    store.close()


def test_what_is_read_can_be_written_to_meanwhile(store: Store) -> None:
    buckets = Buckets(store)
    buckets.put([bucket(0, "a", rows=1), bucket(0, "b", rows=2)])

    for series in buckets.read(None, "day"):
        buckets.put([bucket(1, series.node, rows=3)])

    assert buckets.nodes() == {"a": {"day": 2}, "b": {"day": 2}}


def test_shares_are_left_out_where_nobody_asks_for_them(store: Store) -> None:
    Buckets(store).put([Bucket("a", "day", DAY, {("rows", ""): 1.0}, shares={"x": {"y": 1.0}})])

    found = Buckets(store).series("a", "day", with_shares=False)
    assert found is not None
    assert found.shares == ({},)
