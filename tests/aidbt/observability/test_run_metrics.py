"""What runs tell of each node, and that a check watches it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from aidbt.core.config import Settings
from aidbt.core.measured import Anomaly, Bucket, Grain
from aidbt.monitors.collection.measuring import WrittenBy
from aidbt.observability.monitoring import check_store, remember
from aidbt.observability.observing.observe import take_in
from aidbt.observability.recorded import Asked, RecordedNode, RecordedRun
from aidbt.observability.refreshes import rebuilt_nodes, refreshed_runs, writers
from aidbt.observability.run_metrics import connector_buckets, keep_connectors, run_buckets, waits_of
from aidbt.store import Store, open_store
from aidbt.store.buckets import Buckets
from aidbt.store.metrics import COMMIT_S, EVENTS, LAG_S, Metrics, Sample
from tests.aidbt.monitors.measured_shop import ORDERS, manifest_of, model

FIRST = datetime(2026, 1, 5, 6, tzinfo=UTC)
REVENUE = "model.shop.revenue"
RUNS = 40


def node(name: str, seconds: float, *, at: datetime = FIRST, late: float = 0, **more: object) -> RecordedNode:
    begun = at + timedelta(seconds=late)
    times = {"started_at": begun, "executed_at": begun, "finished_at": begun + timedelta(seconds=seconds)}
    return RecordedNode(name, "success", seconds, **{**times, **more})  # type: ignore[arg-type]


def run(number: int, *nodes: RecordedNode, asked: Asked = Asked(), command: str = "build") -> RecordedRun:  # noqa: B008
    at = FIRST + timedelta(days=number)
    total = sum(result.seconds for result in nodes)
    return RecordedRun(
        f"run-{number}", command, "success", at, at + timedelta(seconds=total), asked=asked, results=nodes
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / "state.db")) as store:
        yield store


class Job:
    """A job that runs every morning; orders takes about two minutes."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.random = np.random.default_rng(3)
        self.number = 0
        for _ in range(RUNS):
            self.once()

    def once(self, seconds: float = 120.0, *, asked: Asked = Asked()) -> None:  # noqa: B008
        took = seconds * float(self.random.normal(1, 0.05))
        orders = node(ORDERS, took, rows_affected=100_000 + int(self.random.normal(0, 2_000)))
        take_in(run(self.number, orders, node(REVENUE, 0.3), asked=asked), self.store, project="shop")
        self.number += 1

    def check(self) -> tuple[Anomaly, ...]:
        manifest = manifest_of(
            self.folder / "manifest.json", [model("orders"), model("revenue", reads=[ORDERS])]
        )
        now = FIRST + timedelta(days=self.number, hours=-20)
        found = check_store(manifest, self.store, Settings(), now=now)
        remember(self.store, found)
        assert not found.found.gone
        return found.found.anomalies


def test_a_model_that_takes_five_times_as_long_is_told(store: Store, tmp_path: Path):
    job = Job(store, tmp_path)
    assert job.check() == ()

    job.once(600)
    found = {(a.monitor.node, a.monitor.metric): a for a in job.check()}

    assert (ORDERS, "build_seconds") in found
    assert ("project.shop", "job_seconds") in found
    message = found[ORDERS, "build_seconds"].message
    assert "seconds to build in the run of 2026-02-14" in message and "expected" in message
    assert "'dbt build' took" in found["project.shop", "job_seconds"].message
    assert all(name != REVENUE for name, _ in found)
    assert job.check() == ()


def test_a_full_refresh_and_a_faster_run_are_no_news(store: Store, tmp_path: Path):
    job = Job(store, tmp_path)
    job.check()

    job.once(900, asked=Asked(full_refresh=True))
    job.once(60)

    assert [a for a in job.check() if a.monitor.metric in ("build_seconds", "job_seconds")] == []


def test_thousands_of_runs_are_judged_by_the_last_ones(store: Store):
    for number in range(600):
        Buckets(store).put(
            [Bucket(ORDERS, "run", datetime(2026, 1, 1) + timedelta(minutes=5 * number), {("ok", ""): 1.0})]
        )

    assert Buckets(store).newest_start("run", 500) == datetime(2026, 1, 1) + timedelta(minutes=500)
    assert Buckets(store).newest_start("run", 601) is None


# --- one run --------------------------------------------------------------------------------------------


def test_a_node_waits_from_when_all_that_it_reads_was_done():
    a, b = node("model.shop.a", 10), node("model.shop.b", 40)
    test = node("test.shop.not_null_a", 5, late=10)
    child = node("model.shop.c", 5, late=20)
    both = node("model.shop.d", 5, late=41)
    parents = {
        "test.shop.not_null_a": ["model.shop.a"],
        "model.shop.c": ["model.shop.a", "model.shop.elsewhere"],
        "model.shop.d": ["model.shop.a", "model.shop.b"],
    }

    found = waits_of([a, b, test, child, both], parents)

    assert found == {
        "model.shop.a": 0.0,
        "model.shop.b": 0.0,
        "model.shop.c": 5.0,  # a took 10, its test 5
        "model.shop.d": 1.0,
    }
    assert waits_of([a, b], {}) == {}


def test_what_failed_or_was_skipped_has_no_times():
    failed = RecordedNode("model.shop.a", "error", 900.0)
    skipped = RecordedNode("model.shop.b", "skipped")

    buckets = {b.node: dict(b.facts) for b in run_buckets(run(0, failed, skipped), "shop")}

    assert buckets["model.shop.a"] == {("ok", ""): 0.0}
    assert "model.shop.b" not in buckets
    assert buckets["project.shop"]["run_failed", "build"] == 1


def test_jobs_are_told_apart_by_what_they_select():
    selected = run(0, node(ORDERS, 5), asked=Asked(select=("staging+", "tag:x"), exclude=("slow",)))

    [whole] = [bucket for bucket in run_buckets(selected, "shop") if bucket.node == "project.shop"]

    assert ("run_seconds", "build -s staging+ tag:x --exclude slow") in whole.facts


# --- refreshes --------------------------------------------------------------------------------------------


def test_a_refresh_counts_until_the_node_was_measured_again():
    full = Asked(full_refresh=True)
    runs = [run(2, node(ORDERS, 5), node(REVENUE, 5)), run(1, node(ORDERS, 5), asked=full)]
    before, after = (dict.fromkeys((ORDERS, REVENUE), FIRST + timedelta(days=n)) for n in (0.5, 1.5))

    assert writers(runs, before)[ORDERS] == WrittenBy("run-2", True)
    assert not writers(runs, before)[REVENUE].is_refreshed
    assert not writers(runs, after)[ORDERS].is_refreshed
    # The first measurement has nothing that its rows could be unlike.
    assert not writers(runs, {})[ORDERS].is_refreshed


def test_a_run_that_wrote_nothing_is_no_writer():
    tested = run(3, node(ORDERS, 5), command="test")
    failed = run(2, RecordedNode(ORDERS, "error", 5), asked=Asked(full_refresh=True))

    assert writers([tested, failed, run(1, node(ORDERS, 5))], {ORDERS: FIRST})[ORDERS] == WrittenBy(
        "run-1", False
    )


def test_a_full_refresh_changes_only_what_grows_and_what_is_made_of_it(tmp_path: Path):
    nodes = [
        model("stg"),
        model("events", config={"materialized": "incremental"}, reads=["model.shop.stg"]),
        model("daily", reads=["model.shop.events"]),
        model("orders", reads=["model.shop.stg"]),
    ]
    shop = manifest_of(tmp_path / "manifest.json", nodes)
    every = [node(one.unique_id, 5) for one in shop.of_type("model")]
    measured = {one.unique_id: FIRST for one in every}

    written = writers([run(1, *every, asked=Asked(full_refresh=True))], measured, rebuilt_nodes(shop))

    refreshed = {name for name, by in written.items() if by.is_refreshed}
    assert refreshed == {"model.shop.events", "model.shop.daily"}


@pytest.mark.parametrize("grain", ["day", "run"])
def test_the_store_knows_who_wrote_a_node(store: Store, grain: Grain):
    def measured(day: int) -> None:
        at = FIRST + timedelta(days=day, hours=1)
        start = at.replace(tzinfo=None)
        Buckets(store).put([Bucket(ORDERS, grain, start, {("rows", ""): 5.0}, collected_at=at)])

    def written(day: int) -> WrittenBy | None:
        return refreshed_runs(store, now=FIRST + timedelta(days=day, hours=1))(ORDERS)

    measured(0)
    backfill = Asked(event_time_start="2026-01-01")
    take_in(run(1, node(ORDERS, 5, rows_affected=9), asked=backfill), store, project="shop")
    assert written(1) == WrittenBy("run-1", True)
    measured(1)
    assert written(1) == WrittenBy("run-1", False)

    # What only a run tells of a node is no measurement of its rows.
    take_in(run(2, node(ORDERS, 5), asked=Asked(full_refresh=True)), store, project="shop")
    assert written(2) == WrittenBy("run-2", True)
    assert refreshed_runs(store)("model.shop.nobody") is None


def test_old_runs_are_not_read_again_for_what_was_measured_since(store: Store):
    for number in range(30):
        take_in(run(number, node(ORDERS, 5), node(REVENUE, 5)), store, project="shop")
    at = FIRST + timedelta(days=28, hours=1)
    start = at.replace(tzinfo=None)
    Buckets(store).put([Bucket(ORDERS, "day", start, {("rows", ""): 5.0}, collected_at=at)])
    read: list[datetime | None] = []
    asked = store.runs
    store.runs = lambda *args, **how: read.append(how["since"]) or asked(*args, **how)  # type: ignore

    assert refreshed_runs(store, now=FIRST + timedelta(days=30))(ORDERS) == WrittenBy("run-29", False)
    assert read == [at - timedelta(days=1)]


# --- connectors ---------------------------------------------------------------------------------------------


def test_what_streams_note_becomes_hours(store: Store):
    at = datetime(2026, 3, 31, 10, tzinfo=UTC)
    samples = [
        Sample(EVENTS, "crm.users", 100, at),
        Sample(EVENTS, "crm.users", 50, at + timedelta(minutes=30)),
        Sample(EVENTS, "crm.users", 7, at + timedelta(minutes=70)),
        Sample(LAG_S, "crm", 3, at),
        Sample(LAG_S, "crm", 90, at + timedelta(minutes=1)),
        Sample(COMMIT_S, "crm", 1, at),
        Sample(COMMIT_S, "crm", 3, at + timedelta(minutes=1)),
    ]
    Metrics(store, clock=lambda: at.timestamp()).record_all(samples)

    now = at + timedelta(minutes=75)

    found = connector_buckets(store, since=at - timedelta(days=1), now=now)

    assert keep_connectors(store, now=now) == keep_connectors(store, now=now) == 2
    assert Buckets(store).spans("hour").keys() == {"connector.crm", "connector.crm.users"}
    assert {(b.node, b.start): dict(b.facts) for b in found} == {
        ("connector.crm", datetime(2026, 3, 31, 10)): {("lag_s", ""): 90.0, ("commit_s", ""): 2.0},
        ("connector.crm.users", datetime(2026, 3, 31, 10)): {("events", ""): 150.0},
    }


def test_values_that_are_gone_do_not_come_back_by_a_run_of_dbt(store: Store, tmp_path: Path):
    """A model without times is measured whole; the buckets of its runs stand among those, without values."""
    manifest = manifest_of(tmp_path / "manifest.json", [model("orders")])

    def measured(number: int, values: dict[str, float]) -> None:
        facts = {("rows", ""): sum(values.values()), ("nulls", "status"): 0.0}
        at = datetime(2026, 1, 5, 8) + timedelta(days=number)
        Buckets(store).put([Bucket(ORDERS, "run", at, facts, {"status": values})])

    def check(number: int) -> tuple[list[Anomaly], set[str]]:
        now = datetime(2026, 1, 5, 12, tzinfo=UTC) + timedelta(days=number)
        found = check_store(manifest, store, Settings(), now=now)
        remember(store, found)
        new = [a for a in found.found.anomalies if a.monitor.metric == "vanished_values"]
        return new, {monitor.metric for monitor in found.found.passed}

    for number in range(20):
        take_in(run(number, node(ORDERS, 20)), store, project="shop")
        measured(number, {"new": 300.0 + number, "paid": 500.0 - number})
    check(19)
    measured(20, {"new": 810.0})
    assert len(check(20)[0]) == 1

    take_in(run(21, node(ORDERS, 20)), store, project="shop")

    told, passed = check(21)
    assert told == [] and "vanished_values" not in passed
