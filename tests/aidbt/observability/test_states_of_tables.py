"""Tables and columns that are gone, from the warehouse to incidents and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aidbt.core.findings import Severity
from aidbt.observability.monitoring import Outcome
from aidbt.observability.recorded import RecordedNode, RecordedRun, keep_run
from tests.aidbt.monitors.measured_shop import ORDERS, measured_shop, model
from tests.aidbt.observability.test_monitoring import Watched


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with measured_shop(tmp_path) as made:
        made_of = Watched(made)
        made_of.check()
        yield made_of


def told(outcome: Outcome) -> list[tuple[str, str]]:
    """What happened to which incident, by its title without what is below."""
    return [(change.what, change.after.title.partition("; ")[0]) for change in outcome.changes]


GONE = "orders: there is no table main.orders any more, or this user may not see it"


def test_a_table_that_is_gone_is_an_incident_once_and_over_when_it_is_back(watched: Watched):
    watched.on(1).shop.run("drop table main.orders")

    found = watched.check()

    assert told(found) == [("opened", GONE)]
    incident = found.changes[0].after
    assert (incident.root, incident.severity, incident.cause) == (ORDERS, Severity.ERROR, ("table", ""))
    assert incident.exposed == ("model.shop.revenue",)
    assert found.is_at("error") and told(watched.check()) == []
    assert told(watched.on(2).check()) == [("resolved", GONE)]
    watched.on(3).shop.run("drop table main.orders")
    assert [title for _, title in told(watched.check())] == [GONE]


PRODUCTS = "source.shop.raw.products"
NO_PRODUCTS = "raw.products: there is no table main.products any more, or this user may not see it"


def with_products(watched: Watched) -> Watched:
    """A source of which nothing says when its rows happened, and a model that is made of it."""
    where = {"schema": "main", "identifier": "products", "original_file_path": "models/_raw.yml"}
    watched.shop.sources = [
        {"unique_id": PRODUCTS, "resource_type": "source", "name": "products", "package_name": "shop"}
        | {"source_name": "raw", "config": {}, "columns": {}, **where},
    ]
    watched.shop.nodes = [*watched.shop.nodes, model("stg_products", reads=[PRODUCTS])]
    watched.shop.run(
        "create table main.products as select 1 as id", "create table main.stg_products as select 1"
    )
    watched.check()
    return watched


def ran(watched: Watched, *results: tuple[str, str]) -> None:
    at = watched.shop.now
    nodes = tuple(RecordedNode(name, status) for name, status in results)  # type: ignore[arg-type]
    failed = any(node.failed for node in nodes)
    keep_run(
        watched.shop.store,
        RecordedRun(f"run-{at}", "build", "failed" if failed else "success", at, at, results=nodes),
    )


@pytest.mark.long
def test_a_source_without_a_time_that_is_dropped_is_told_with_what_failed_for_it(watched: Watched):
    with_products(watched).on(1).shop.run("drop table main.products")
    ran(watched, ("model.shop.stg_products", "error"))

    [change] = watched.check().changes

    assert change.after.title == f"{NO_PRODUCTS}; stg_products failed"
    assert (change.after.root, change.after.cause) == (PRODUCTS, ("table", ""))
    assert told(watched.check()) == []
    watched.on(2).shop.run("create table main.products as select 1 as id")
    ran(watched, ("model.shop.stg_products", "success"))
    assert [what for what, _ in told(watched.check())] == ["resolved"]


@pytest.mark.long
def test_a_source_that_nobody_reads_any_more_may_go(watched: Watched):
    with_products(watched)
    watched.shop.nodes = [node for node in watched.shop.nodes if node["name"] != "stg_products"]
    watched.on(1).shop.run("drop table main.products")

    assert told(watched.check()) == []


@pytest.mark.long
def test_a_source_that_is_gone_and_taken_out_of_the_project_is_over(watched: Watched):
    with_products(watched).on(1).shop.run("drop table main.products")
    assert told(watched.check()) == [("opened", NO_PRODUCTS)]
    watched.shop.nodes = [node for node in watched.shop.nodes if node["name"] != "stg_products"]
    watched.shop.sources = []

    assert [what for what, _ in told(watched.on(2).check())] == ["terminated"]


def test_a_table_that_was_never_built_is_no_incident(watched: Watched):
    watched.shop.nodes = [*watched.shop.nodes, model("planned")]

    assert told(watched.on(1).check()) == []


@pytest.mark.long
def test_when_most_tables_are_gone_that_is_one_incident_of_the_project(watched: Watched):
    more = [f"m{number}" for number in range(6)]
    watched.shop.nodes = [*watched.shop.nodes, *(model(name) for name in more)]
    watched.shop.run(*(f"create table main.{name} as select 1 as one" for name in more))
    watched.check()
    watched.on(1).shop.run("drop table main.orders", *(f"drop table main.{name}" for name in more))

    found = watched.check()

    [(what, title)] = told(found)
    assert what == "opened" and title.startswith("dbt: 7 of 8 tables are not there any more (main.m0, ")
    watched.shop.run(*(f"create table main.{name} as select 1 as one" for name in more))
    assert {what for what, _ in told(watched.on(2).check())} == {"resolved"}


@pytest.mark.long
def test_a_check_of_some_tables_says_nothing_of_the_project(watched: Watched):
    more = [f"m{number}" for number in range(6)]
    watched.shop.nodes = [*watched.shop.nodes, *(model(name) for name in more)]
    watched.shop.run(*(f"create table main.{name} as select 1 as one" for name in more))
    watched.check()
    watched.on(1).shop.run("drop table main.orders", *(f"drop table main.{name}" for name in more))
    assert [what for what, _ in told(watched.check())] == ["opened"]

    assert told(watched.check(select=["m0", "revenue"])) == []

    assert told(watched.check()) == []


def test_a_truncated_table_is_one_finding_and_not_one_of_each_metric(watched: Watched):
    found = watched.on(1, "false").check()

    assert [anomaly.monitor.metric for anomaly in found.found.anomalies] == ["rows_lost"]
    [(what, title)] = told(found)
    assert what == "opened" and "older buckets (2026-01-0" in title and title.endswith(") are gone")
    assert told(watched.on(2, "false").check()) == []
    assert [what for what, _ in told(watched.on(3).check())] == ["resolved"]


@pytest.mark.long
def test_a_column_that_is_back_ends_its_incident(watched: Watched):
    assert told(watched.on(1, columns="* exclude (amount)").check()) == [
        ("opened", "orders: column amount (BIGINT) is gone")
    ]
    assert told(watched.on(2).check())[0][0] == "resolved"


@pytest.mark.long
def test_a_type_that_is_as_before_ends_it_and_is_no_second_finding(watched: Watched):
    wide = "* replace (amount::varchar as amount)"
    assert [what for what, _ in told(watched.on(1, columns=wide).check())] == ["opened"]

    back = watched.on(2).check()

    assert [what for what, _ in told(back)] == ["resolved"]
    assert "schema" not in {anomaly.monitor.metric for anomaly in back.found.anomalies}


@pytest.mark.long
def test_a_change_that_the_project_has_taken_in_is_over(watched: Watched):
    watched.on(1, columns="* exclude (amount)").check()
    watched.shop.nodes = [model("orders"), model("revenue", reads=[ORDERS], raw_code="select id from orders")]

    assert told(watched.again()) == [("resolved", "orders: column amount (BIGINT) is gone")]


def test_what_nothing_names_is_a_finding_and_no_incident(watched: Watched):
    found = watched.on(1, columns="* exclude (status)").check()

    assert (found.found.anomalies, found.changes) == ((), ())
    [finding] = [f for f in found.findings if f.code == "monitor.column_unnamed"]
    assert finding.message == "column status (VARCHAR) is gone: nothing in the project names it"


def test_a_renamed_column_is_told_as_renamed(watched: Watched):
    found = watched.on(1, columns="* exclude (amount), amount as order_amount").check()

    assert told(found) == [("opened", "orders: column amount is gone, probably renamed to order_amount")]
    assert [f for f in found.findings if f.code == "monitor.column_added"] == []
