"""What a report takes from a store that was filled as in life: measured, checked, broken, mended, run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.config import CostSettings, MonitorSettings, Settings
from aidbt.core.llm_calls import Amount, Limits, ModelCall
from aidbt.core.resilience import Level
from aidbt.observability.monitoring import check_project
from aidbt.observability.recorded import Asked, RecordedNode, RecordedRun, keep_run
from aidbt.observability.report.gather import gather
from aidbt.observability.report.page import report_page
from aidbt.observability.report.values import Report
from aidbt.store import open_store
from aidbt.store.llm_ledger import LlmLedger
from tests.aidbt.monitors.measured_shop import (
    ORDERS,
    Measured,
    column_test,
    manifest_of,
    measured_shop,
    model,
)

FIRST = datetime(2026, 1, 5)
DAYS = 60
REVENUE = "model.shop.revenue"
UNIQUE = "test.shop.unique_orders_id"
SQL = f"""
create or replace table main.all_orders as
select row_number() over () as id, moment as ordered_at, 20 + (n * 7 % 11) as amount
from (
    select n, timestamp '{FIRST}' + to_days(day::int)
        + to_seconds((n * 86399 / (how_many - 1))::int) as moment
    from (
        select day, (case when day % 7 >= 5 then 300 else 900 end) + (day * 37 % 41) as how_many
        from range({DAYS + 5}) days(day)
    ), lateral (select unnest(range(how_many)) as n)
)
"""


class Watched:
    """The shop day by day; see `on`."""

    def __init__(self, shop: Measured) -> None:
        self.shop = shop
        shop.run(SQL, "create or replace table main.revenue as select 1 as one")
        shop.nodes = [
            model("orders", config={"event_time": "ordered_at"}, group="finance"),
            model("revenue", reads=[ORDERS]),
            column_test("unique", "orders", "id"),
        ]

    def on(self, day: int, where: str = "true") -> Watched:
        """The morning of a day, with those orders before it: measured and checked."""
        today = FIRST + timedelta(days=DAYS + day)
        self.shop.now = (today + timedelta(hours=6)).replace(tzinfo=UTC)
        self.shop.run(
            "create or replace table main.orders as select * from main.all_orders"
            f" where ordered_at < timestamp '{today}' and ({where})"
        )
        self.shop.collect()
        check_project(self.manifest, self.shop.store, self.settings, self.shop.warehouse, now=self.shop.now)
        return self

    @property
    def manifest(self) -> Any:
        return manifest_of(self.shop.folder / "manifest.json", self.shop.nodes)

    @property
    def settings(self) -> Settings:
        return Settings(monitors=MonitorSettings(), cost=CostSettings(per_hour=36.0, currency="EUR"))

    def report(self, **changed: Any) -> Report:
        now = changed.pop("now", self.shop.now)
        options: dict[str, Any] = {"manifest": self.manifest, "since": now - timedelta(days=30), **changed}
        return gather(
            self.shop.store,
            self.settings,
            project="shop",
            target_path=self.shop.folder / "target",
            now=now,
            **options,
        )

    def build(self, *, hours_ago: float, status: str = "pass", failures: int = 0) -> None:
        """A recorded run of both models and the test."""
        begun = self.shop.now - timedelta(hours=hours_ago)
        nodes = (
            RecordedNode(
                ORDERS, "success", 30.0, started_at=begun, finished_at=begun + timedelta(seconds=30)
            ),
            RecordedNode(
                REVENUE, "success", 10.0, started_at=begun, finished_at=begun + timedelta(seconds=10)
            ),
            RecordedNode(UNIQUE, status, 1.0, failures, message=f"Got {failures} results"),
        )
        keep_run(
            self.shop.store,
            RecordedRun(
                f"run-{hours_ago}",
                "build",
                "failed" if status == "fail" else "success",
                begun,
                begun + timedelta(seconds=50),
                results=nodes,
            ),
        )


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A quiet past, and a last day with a tenth of its rows."""
    with measured_shop(tmp_path_factory.mktemp("shop")) as made:
        watched = Watched(made).on(0)
        yesterday = FIRST + timedelta(days=DAYS)
        watched.on(1, f"ordered_at < timestamp '{yesterday}' or id % 10 = 0")
        watched.build(hours_ago=50)
        watched.build(hours_ago=26, status="fail", failures=7)
        watched.build(hours_ago=2, status="fail", failures=9)
        yield watched


def test_an_incident_comes_with_a_chart_of_what_was_measured_and_expected(broken: Watched):
    report = broken.report()

    [part] = [part for part in report.open if part.incident.root == ORDERS]
    chart = part.charts[0]
    assert chart.title == "orders: rows"
    assert len(chart.points) == 60 and chart.points[-1].start == FIRST + timedelta(days=DAYS)
    last, before = chart.points[-1], chart.points[-2]
    assert last.value is not None and last.value < 150 and "expected" in last.said
    assert before.said == ""
    for point in (before, chart.points[-8]):
        assert point.low is not None and point.high is not None and point.value is not None
        assert point.low <= point.value <= point.high
    assert last.low is not None and last.low > last.value
    assert len(chart.runs) == 3
    assert part.lineage is not None
    assert {node.unique_id: node.role for node in part.lineage.nodes} == {ORDERS: "root", REVENUE: "exposed"}


def test_incidents_of_an_archive_have_charts_of_their_own_days(broken: Watched):
    years_later = broken.shop.now + timedelta(days=3000)

    report = broken.report(now=years_later, since=FIRST.replace(tzinfo=UTC))

    [part] = [part for part in report.open if part.incident.root == ORDERS]
    assert part.charts[0].points[-1].start == FIRST + timedelta(days=DAYS)


def test_tests_runs_and_their_times_are_those_that_were_recorded(broken: Watched):
    report = broken.report()

    [test] = report.tests
    assert (test.node, test.status, test.failures, test.message) == (ORDERS, "fail", 9, "Got 9 results")
    assert test.since == broken.shop.now - timedelta(hours=26) + timedelta(seconds=50)
    assert [run.state for run in report.runs] == ["bad", "bad", "good"]
    assert report.costs is not None
    assert [(one.node, one.seconds, one.runs) for one in report.costs.nodes][:2] == [
        (ORDERS, 90.0, 3),
        (REVENUE, 30.0, 3),
    ]
    # Three times half a minute of a warehouse of 36 an hour.
    assert report.costs.money == pytest.approx(0.9) and report.costs.currency == "EUR"


def test_it_knows_what_is_watched_and_how_old_it_is(broken: Watched):
    report = broken.report()

    assert report.watched.since == FIRST
    assert report.watched.models == 2 and report.watched.unmeasured == 0
    [orders] = [one for one in report.freshness if one.node == ORDERS]
    midnight = (FIRST + timedelta(days=DAYS + 1)).replace(tzinfo=UTC)
    assert orders.newest_at is not None and midnight - timedelta(hours=1) < orders.newest_at < midnight
    assert orders.age_s is not None and 6 * 3_600 <= orders.age_s < 7 * 3_600


def test_quality_is_scored_and_says_why(broken: Watched):
    quality = broken.report().quality

    assert quality is not None and quality.score is not None and quality.score < 100
    [orders] = [one for one in quality.models if one.node == ORDERS]
    assert any("unique" in lost.reason for lost in orders.lost)
    assert any(lost.way_back for lost in orders.lost)
    assert quality.ways


def test_it_is_of_one_target_and_says_so_of_the_others(tmp_path: Path):
    now = datetime(2026, 3, 31, tzinfo=UTC)
    with closing(open_store(tmp_path / "state.db")) as store:
        for target in ("dev", "prod", ""):
            begun = now - timedelta(hours=1)
            asked = Asked(target=target)
            keep_run(store, RecordedRun(f"of-{target}", "build", "failed", begun, begun, asked=asked))

        report = gather(
            store,
            Settings(),
            project="shop",
            manifest=None,
            target_path=tmp_path,
            since=now - timedelta(days=30),
            now=now,
            target="prod",
        )

    assert {run.id for run in report.runs} == {"of-prod", "of-"}
    assert report.notes == (
        "1 run is of the target dev and does not count here (prod); with --target dev it does.",
    )
    assert "target <bdi>prod</bdi>" in report_page(report)


def test_without_a_manifest_what_was_measured_and_run_is_still_told(broken: Watched):
    report = broken.report(manifest=None, notes=["there is no manifest"])

    assert report.open and report.open[0].charts
    assert (report.quality, report.notes) == (None, ("there is no manifest",))
    assert report.tests[0].status == "fail"
    assert report.watched.models == 2


def test_what_happened_before_the_period_is_left_out_and_what_is_open_is_not(broken: Watched):
    report = broken.report(since=broken.shop.now - timedelta(hours=12))

    assert len(report.runs) == 1
    assert [part.incident.root for part in report.open] == [
        part.incident.root for part in broken.report().open
    ]


def test_the_page_of_it_shows_all_that(broken: Watched):
    page = report_page(broken.report())

    for said in ("orders: rows", "Got 9 results", "unique_orders_id", "0.90 EUR", "finance"):
        assert said in page


def test_when_the_rows_came_after_all_the_incident_is_over_and_the_chart_says_so(tmp_path: Path):
    with measured_shop(tmp_path) as made:
        watched = Watched(made).on(0)
        late = f"ordered_at < timestamp '{FIRST + timedelta(days=DAYS)}' or id % 10 = 0"
        report = watched.on(1, late).on(1).report()

    assert report.open == ()
    [part] = report.over
    assert part.incident.state.value == "resolved"
    assert part.charts[0].points[-1].said.endswith("(measured again since)")


def test_language_models_are_counted_by_day_and_use(tmp_path: Path):
    store = open_store(tmp_path / "state.db")
    ledger = LlmLedger(store)
    for cost in ("0.25", "0.5"):
        call = ModelCall("map", "a", "gpt", "0" * 8, 1_000, 200, Decimal(cost), "accepted", Level.FULL)
        ledger.settle(ledger.reserve(Amount(1_200, Decimal(cost)), Limits()), call)
    now = datetime.now(UTC) + timedelta(seconds=5)
    report = gather(
        store,
        Settings(),
        project="x",
        manifest=None,
        target_path=tmp_path,
        since=now - timedelta(days=3),
        now=now,
    )
    store.close()

    assert report.spend is not None
    assert (report.spend.calls, report.spend.tokens, report.spend.money) == (2, 2_400, 0.75)
    assert len(report.spend.days) == 4 and sum(value for _, value in report.spend.days) == 0.75
    assert report.spend.kinds == (("map", "gpt", 2, 2_400, 0.75),)


def test_an_empty_store_is_a_report_that_says_what_to_do(tmp_path: Path):
    store = open_store(tmp_path / "state.db")
    now = datetime(2026, 3, 1, tzinfo=UTC)
    report = gather(
        store,
        Settings(),
        project="x",
        manifest=None,
        target_path=tmp_path,
        since=now - timedelta(days=3),
        now=now,
    )
    store.close()

    assert report.is_empty
    assert (report.costs, report.spend, report.quality) == (None, None, None)


def test_holidays_that_are_not_to_be_had_are_a_note(broken: Watched):
    settings = Settings(monitors=MonitorSettings(country="XX"))
    now = broken.shop.now
    report = gather(
        broken.shop.store,
        settings,
        project="shop",
        manifest=broken.manifest,
        target_path=broken.shop.folder,
        since=now - timedelta(days=3),
        now=now,
    )

    assert report.open and not report.open[0].charts
    assert any(note.startswith("Charts of incidents could not be made: ") for note in report.notes)


def test_of_too_many_runs_the_newest_are_read_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("aidbt.observability.report.gather._MOST_RUNS", 25)
    store = open_store(tmp_path / "state.db")
    now = datetime(2026, 3, 1, tzinfo=UTC)
    for number in range(30):
        begun = now - timedelta(hours=number)
        keep_run(store, RecordedRun(f"run-{number}", "build", "success", begun, begun))
    report = gather(
        store,
        Settings(),
        project="x",
        manifest=None,
        target_path=tmp_path,
        since=now - timedelta(days=3),
        now=now,
    )
    store.close()

    assert [run.id for run in report.runs] == [f"run-{number}" for number in range(25)]
    assert report.notes == ("Of the runs only the newest 25 were read, those since 2026-02-28.",)
