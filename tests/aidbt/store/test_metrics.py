"""Measurements: noted cheaply, added up as they age without changing their totals, and gone in the end."""

from __future__ import annotations

import math
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from aidbt.core.errors import UsageError
from aidbt.store import Store
from aidbt.store.metrics import EVENTS, KEEP, KEEP_EACH, LAG_S, Metrics, Point, Sample
from tests.aidbt.store.places import PostgresPlace, SetClock, together

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR_S = 3600.0


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON.timestamp())


@pytest.fixture
def metrics(store: Store, clock: SetClock) -> Metrics:
    return Metrics(store, clock=clock)


def events(minute: float, value: float, entity: str = "shop.orders") -> Sample:
    return Sample(EVENTS, entity, value, NOON + timedelta(minutes=minute))


def test_what_was_noted_comes_back_in_the_order_of_time(metrics: Metrics):
    metrics.record_all([events(2, 7), events(1, 5), events(3, 9, "shop.users")])
    metrics.record(LAG_S, "shop.orders", 0.25)

    at = NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)
    assert metrics.series(EVENTS, "shop.orders") == [Point(at[0], 1, 5, 5, 5), Point(at[1], 1, 7, 7, 7)]
    assert metrics.series(EVENTS, "shop.orders", since=at[1]) == [Point(at[1], 1, 7, 7, 7)]
    assert metrics.series(LAG_S, "shop.orders") == [Point(NOON, 1, 0.25, 0.25, 0.25)]
    assert metrics.series(LAG_S, "shop.users") == []


def test_the_latest_of_each_entity_is_found_by_how_its_name_begins(metrics: Metrics):
    metrics.record_all(
        [events(1, 1), events(3, 3), events(2, 2), events(9, 4, "shop_2.a"), events(1, 5, "S.a")]
    )

    assert metrics.latest(EVENTS, prefix="shop.") == {"shop.orders": events(3, 3)}
    assert set(metrics.latest(EVENTS)) == {"shop.orders", "shop_2.a", "S.a"}
    assert metrics.latest(LAG_S) == {}


def test_old_measurements_of_an_hour_are_added_up(metrics: Metrics, clock: SetClock):
    metrics.record_all(
        [events(0, 1), events(10, 5), events(59, 3), events(60, 9), events(1, 2, "shop.users")]
    )
    clock.now += KEEP_EACH.total_seconds() + HOUR_S + 1

    metrics.record(LAG_S, "shop", 1)

    assert metrics.series(EVENTS, "shop.orders") == [
        Point(NOON, 3, 9, 1, 5),
        Point(NOON + timedelta(hours=1), 1, 9, 9, 9),
    ]
    assert metrics.series(EVENTS, "shop.orders")[0].mean == 3
    assert metrics.series(EVENTS, "shop.users") == [Point(NOON, 1, 2, 2, 2)]
    assert metrics.latest(EVENTS)["shop.users"] == Sample(EVENTS, "shop.users", 2, NOON)


def test_after_thirty_days_measurements_are_gone(store: Store, metrics: Metrics, clock: SetClock):
    metrics.record_all([events(0, 1), events(90, 1)])
    clock.now += KEEP.total_seconds() + HOUR_S

    metrics.record(LAG_S, "shop", 1)

    assert [point.at for point in metrics.series(EVENTS, "shop.orders")] == [NOON + timedelta(hours=1)]
    with store.transaction() as connection:
        assert connection.execute(text("select count(*) from metrics")).scalar_one() == 2


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.tuples(st.integers(0, 5000), st.integers(-1000, 1000)), min_size=1, max_size=20),
    ages_h=st.lists(st.integers(0, 100), max_size=4),
)
def test_however_they_age_count_sum_and_extremes_of_what_is_kept_stay(
    store: Store, values: list[tuple[int, int]], ages_h: list[int]
):
    clock, entity = SetClock(NOON.timestamp()), uuid.uuid4().hex
    Metrics(store, clock=clock).record_all([events(minute, value, entity) for minute, value in values])

    for age_h in ages_h:
        clock.now += age_h * HOUR_S
        Metrics(store, clock=clock).record(LAG_S, entity, 1)

    points = Metrics(store, clock=clock).series(EVENTS, entity)
    assert sum(point.count for point in points) == len(values)
    assert sum(point.total for point in points) == sum(value for _, value in values)
    assert min(point.low for point in points) == min(value for _, value in values)
    assert max(point.high for point in points) == max(value for _, value in values)


def test_nothing_to_note_is_nothing(metrics: Metrics):
    metrics.record_all([])

    assert metrics.latest(EVENTS) == {}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_and_nothing_of_it_is_kept(metrics: Metrics, value: float):
    with pytest.raises(UsageError, match=r"ingest\.events of 'shop\.orders' is no finite number"):
        metrics.record_all([events(1, 1), events(2, value)])

    assert metrics.series(EVENTS, "shop.orders") == []


@pytest.mark.long
def test_processes_that_note_and_tidy_at_once_lose_nothing(postgres_place: PostgresPlace):
    postgres_place.open().close()
    code = """\
from datetime import UTC, datetime
from aidbt.store.metrics import Metrics, Sample
at = datetime(2026, 3, 1, 12, tzinfo=UTC)
store = here()
for hour in range(20):
    clock = lambda: at.timestamp() + (49 + hour) * 3600
    Metrics(store, clock=clock).record_all([Sample("n", "both", 1, at), Sample("n", args[0], 1, at)])
"""
    together(postgres_place, code, ("a",), ("b",))

    metrics = Metrics(postgres_place.open(), clock=SetClock(NOON.timestamp()))
    counts = {name: sum(p.count for p in metrics.series("n", name)) for name in ("both", "a", "b")}
    assert counts == {"both": 40, "a": 20, "b": 20}
