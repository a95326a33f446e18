"""A check of what was measured: on a real DuckDB, a real store, and day after day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.config import MonitorSettings, Settings
from aidbt.core.errors import UnknownName
from aidbt.core.findings import Severity
from aidbt.core.incidents import IncidentState
from aidbt.monitors.judging.bounds import read_bounds
from aidbt.observability.monitoring import Outcome, check_project
from aidbt.store.incidents import Incidents
from tests.aidbt.monitors.measured_shop import ORDERS, Measured, manifest_of, measured_shop, model

FIRST = datetime(2026, 1, 5)  # a Monday
DAYS = 60
TODAY = FIRST + timedelta(days=DAYS)
# Every day its orders, at weekends a third; each of a status, some without an amount.
ORDERS_SQL = f"""
create or replace table main.orders as
select row_number() over () as id, moment as ordered_at,
    case when n % 3 = 0 then 'new' when n % 3 = 1 then 'paid' else 'sent' end as status,
    case when n % 20 = 0 then null else 20 + (n * 7 % 11) end as amount
from (
    select n,
        timestamp '{FIRST}' + to_days(day::int) + to_seconds((n * 86399 / (how_many - 1))::int) as moment
    from (
        select day, (case when day % 7 >= 5 then 300 else 900 end) + (day * 37 % 41) as how_many
        from range({DAYS + 10}) days(day)
    ), lateral (select unnest(range(how_many)) as n)
)
"""


def volume_test(name: str, column: str = "", on: str = "orders") -> dict[str, Any]:
    node = f"model.shop.{on}"
    return {
        "unique_id": f"test.shop.{name}_{on}_{column}", "resource_type": "test", "name": f"{name}_{on}",
        "original_file_path": "models/schema.yml", "column_name": column or None, "attached_node": node,
        "test_metadata": {"name": name, "kwargs": {"event_time": "ordered_at"}},
        "depends_on": {"nodes": [node]},
    }  # fmt: skip


class Watched:
    """The shop on a day: what is after it is not there yet."""

    def __init__(self, shop: Measured) -> None:
        self.shop = shop
        shop.run(ORDERS_SQL, "create table main.all_orders as select * from main.orders")
        shop.nodes = [
            model("orders"), model("revenue", reads=[ORDERS]),
            volume_test("aidbt_volume"), volume_test("aidbt_null_rate", "Amount"),
        ]  # fmt: skip
        shop.run("create table main.revenue as select 1 as one")
        self.on(0)

    def on(self, day: int, where: str = "true", columns: str = "*") -> Watched:
        """The morning of a day, with the orders before it that are there."""
        today = TODAY + timedelta(days=day)
        self.shop.now = (today + timedelta(hours=6)).replace(tzinfo=UTC)
        self.shop.run(
            f"create or replace table main.orders as select {columns} from main.all_orders"
            f" where ordered_at < timestamp '{today}' and ({where})"
        )
        return self

    def check(self, **options: Any) -> Outcome:
        self.shop.collect()
        return self.again(**options)

    def again(self, **options: Any) -> Outcome:
        manifest = manifest_of(self.shop.folder / "manifest.json", self.shop.nodes, self.shop.sources)
        settings = Settings(monitors=MonitorSettings())
        return check_project(
            manifest, self.shop.store, settings, self.shop.warehouse, now=self.shop.now, **options
        )


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with measured_shop(tmp_path) as made:
        yield Watched(made)


HALF_OF_YESTERDAY = f"ordered_at < timestamp '{TODAY}' or id % 4 = 0"


def metrics(outcome: Outcome) -> set[str]:
    return {anomaly.monitor.metric for anomaly in outcome.found.anomalies}


def test_a_quiet_past_is_learned_and_nothing_is_told(watched: Watched):
    found = watched.check()

    assert (found.found.anomalies, found.changes, found.is_at("warn")) == ((), (), False)
    assert found.found.monitors > 5


def test_a_day_with_a_quarter_of_its_rows_is_one_incident_told_once(watched: Watched):
    watched.check()

    found = watched.on(1, HALF_OF_YESTERDAY).check()

    assert "row_count" in metrics(found)
    (change,) = found.changes
    assert (change.what, change.after.root) == ("opened", ORDERS)
    assert found.is_at("warn")
    assert not found.is_at("none")
    assert found.is_at("error") == (change.after.severity is Severity.ERROR)
    again = watched.again()
    assert (again.found.anomalies, again.changes, again.is_at("warn")) == ((), (), False)


def test_a_metric_of_a_persons_own_is_judged_and_belongs_to_what_it_is_made_of(watched: Watched):
    takings = "select date_trunc('day', ordered_at), sum(amount) from {{ ref('orders') }} group by 1"
    monitors = {"custom": {"takings": takings}}

    def checked(day: int, where: str = "true") -> Outcome:
        shop = watched.on(day, where).shop
        shop.collect(settings=monitors)
        known = Settings(monitors=MonitorSettings.model_validate(monitors))
        manifest = manifest_of(shop.folder / "manifest.json", shop.nodes)
        return check_project(manifest, shop.store, known, shop.warehouse, now=shop.now)

    assert checked(0).found.anomalies == ()
    found = checked(1, HALF_OF_YESTERDAY.replace("% 4", "% 40"))
    assert "custom:takings" in metrics(found)
    (change,) = found.changes
    assert change.after.root == ORDERS and "custom.project.takings" in change.after.affected
    assert [one.what for one in checked(1).changes] == ["resolved"]


def test_rows_that_come_late_end_the_incident(watched: Watched):
    watched.check()
    watched.on(1, HALF_OF_YESTERDAY).check()

    found = watched.on(1).check()

    assert [change.what for change in found.changes] == ["resolved"]
    assert Incidents(watched.shop.store).all()[0].state is IncidentState.RESOLVED


def test_good_days_end_it_too(watched: Watched):
    watched.check()
    watched.on(1, HALF_OF_YESTERDAY).check()

    found = watched.on(
        2, HALF_OF_YESTERDAY.replace("or id", f"or ordered_at >= '{TODAY}'::timestamp + to_days(1) or id")
    ).check()

    assert [change.what for change in found.changes] == ["resolved"]


def test_what_is_only_tried_out_is_not_remembered(watched: Watched):
    watched.check()

    tried = watched.on(1, HALF_OF_YESTERDAY).check(write=False)

    assert "row_count" in metrics(tried)
    assert Incidents(watched.shop.store).all() == ()
    assert len(watched.again().changes) == 1


def test_a_column_that_is_gone_and_a_value_that_is_new(watched: Watched):
    watched.check()

    columns = (
        "id, ordered_at, 1 as extra,"
        f" case when ordered_at >= timestamp '{TODAY}' and id % 5 = 0 then 'lost' else status end as status"
    )
    found = watched.on(1, columns=columns).check()

    said = {(a.monitor.metric, a.monitor.column): a.message for a in found.found.anomalies}
    assert said["schema", "amount"].startswith("orders: column amount (")
    assert "has the new value 'lost'" in said["new_values", "status"]
    assert [f.message for f in found.findings if f.code == "monitor.column_added"] == [
        "new column extra: nothing depends on it yet"
    ]
    # Neither explains the other: two causes, of which a person may say different things.
    assert [change.after.cause for change in found.changes] == [("schema", "amount"), ("data", "status")]
    assert watched.again().found.anomalies == ()


def test_bounds_are_written_for_the_data_tests_that_there_are(watched: Watched):
    found = watched.check()

    bounds = read_bounds(watched.shop.warehouse)
    assert {(b.metric, b.column_name) for b in bounds} == {("row_count", ""), ("null_rate", "amount")}
    assert found.bounded_until == "2026-03-14 00:00:00"
    widest = {b.bucket: b for b in bounds if b.severity == "error" and b.metric == "row_count"}
    monday, saturday = widest["2026-03-09"], widest["2026-03-07"]
    assert 200 < (monday.low or 0) < 920 < (monday.high or 0)
    assert (saturday.low or 0) < 320 < (saturday.high or 0) < (monday.high or 0)
    assert (monday.bucket_from, monday.bucket_to) == ("2026-03-09 00:00:00", "2026-03-10 00:00:00")
    assert (monday.valid_from, monday.valid_to) == ("2026-03-10 00:00:00", "2026-03-11 00:00:00")
    assert (monday.event_time, monday.time_type, monday.relation) == (
        "ordered_at",
        "timestamp",
        "main.orders",
    )


def test_where_nobody_may_write_bounds_that_is_said_and_the_rest_is_done(watched: Watched):
    watched.check()
    watched.on(1, HALF_OF_YESTERDAY)
    watched.shop.collect()
    watched.shop.run("drop table aidbt_monitor_bounds", "create view aidbt_monitor_bounds as select 1 as x")

    found = watched.again()

    assert [finding.code for finding in found.findings] == ["monitor.bounds_not_written"]
    assert len(found.changes) == 1
    assert found.bounded_until == ""


def test_a_model_that_is_no_more_ends_its_incident(watched: Watched):
    watched.check()
    watched.on(1, HALF_OF_YESTERDAY).check()
    watched.shop.nodes = [model("revenue")]

    found = watched.again()

    assert [change.what for change in found.changes] == ["terminated"]


def test_since_a_day_the_past_is_judged_too(watched: Watched):
    gone = FIRST + timedelta(days=45)
    watched.on(0, f"ordered_at not between timestamp '{gone}' and timestamp '{gone + timedelta(days=1)}'")
    assert watched.check().found.anomalies == ()

    found = watched.again(since=FIRST + timedelta(days=30))

    assert {anomaly.start for anomaly in found.found.anomalies} == {gone}


def test_nothing_measured_is_nothing_to_check_and_a_wrong_name_is_told(watched: Watched):
    assert watched.again().found.monitors == 0
    with pytest.raises(UnknownName, match="no node is called 'ordres'"):
        watched.again(select=["ordres"])


def test_only_what_is_selected_is_judged(watched: Watched):
    watched.check()
    watched.on(1, HALF_OF_YESTERDAY)
    watched.shop.collect()

    before = read_bounds(watched.shop.warehouse)

    assert watched.again(select=["revenue"]).found.anomalies == ()
    assert read_bounds(watched.shop.warehouse) == before != []
    assert "row_count" in metrics(watched.again(select=["orders"]))
    assert read_bounds(watched.shop.warehouse) != before
