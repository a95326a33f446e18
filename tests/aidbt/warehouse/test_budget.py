"""What a scan will cost, from metadata alone, and who is asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.config import BudgetSettings
from aidbt.core.errors import BudgetExceeded
from aidbt.core.schema import Column, Relation
from aidbt.warehouse.budget import (
    DECIDING,
    PROFILING,
    RunsAs,
    ScanPlan,
    human_bytes,
    needs_approval,
    require_approval,
    runs_as,
    scan_plan,
    told_bytes,
)
from aidbt.warehouse.duckdb import DuckDBWarehouse
from tests.aidbt.warehouse.conftest import Target, open_target
from tests.kit import PostgresServer

GB = 1_000_000_000
ORDERS = Relation(
    "raw",
    "orders",
    (
        Column("id", "bigint"),
        Column("customer_id", "bigint"),
        Column("note", "text"),
        Column("amount", "numeric"),
    ),
    row_count=1_000,
    size_bytes=40 * GB,
)
VIEW = replace(ORDERS, name="big_orders", kind="view", row_count=None, size_bytes=None)


def plan_of(*relations: Relation, kind: str = "snowflake", why=PROFILING) -> ScanPlan:
    return scan_plan([(relation, why) for relation in relations], runs_as=RunsAs(kind))


def test_a_size_from_the_catalog_is_exact_and_counted_for_every_reading():
    [table] = plan_of(ORDERS).tables

    assert (table.size_bytes, table.basis) == (40 * GB, "exact")
    # 24 of the 48 bytes of a row are text, which is asked for its ranges again; 16 may be keys.
    assert [(r.purpose, r.times) for r in table.readings] == [("profile", 1.43), ("keys", 0.29)]
    assert table.scan_bytes == pytest.approx(1.72 * 40 * GB)


def test_a_table_without_a_size_is_estimated_from_its_rows_and_types():
    [table] = plan_of(replace(ORDERS, size_bytes=None)).tables

    assert table.basis == "estimated"
    assert table.size_bytes == 1_000 * (8 + 8 + 24 + 16)


@pytest.mark.parametrize("kind", ["view", "external"])
def test_what_is_read_elsewhere_has_no_size(kind: str):
    [table] = plan_of(replace(ORDERS, kind=kind, size_bytes=None)).tables

    assert (table.size_bytes, table.scan_bytes, table.basis) == (None, None, "unknown")


def test_a_warehouse_of_rows_reads_the_whole_table_for_each_statement():
    in_columns, in_rows = plan_of(ORDERS), plan_of(ORDERS, kind="postgres")

    assert [(r.purpose, r.times) for r in in_rows.tables[0].readings] == [("profile", 3), ("keys", 3)]
    assert in_rows.scan_bytes > 2 * in_columns.scan_bytes


def test_deciding_reads_more_than_profiling_and_says_what_for():
    both = plan_of(ORDERS, why=(*PROFILING, *DECIDING))

    assert both.purposes == ("profile", "keys", "casts", "foreign keys", "values")
    assert both.scan_bytes > plan_of(ORDERS).scan_bytes


def test_the_plan_is_as_well_known_as_its_worst_known_table():
    estimated = replace(ORDERS, name="guess", size_bytes=None)

    assert plan_of(ORDERS).basis == "exact"
    assert plan_of(ORDERS, VIEW).basis == "exact"
    assert plan_of(ORDERS, estimated, VIEW).basis == "estimated"
    assert plan_of(VIEW).basis == "unknown"
    assert plan_of(ORDERS, VIEW).unknown == ("raw.big_orders",)
    assert told_bytes(plan_of(ORDERS, VIEW)) == "68.8 GB and 1 of unknown size"
    assert told_bytes(plan_of(VIEW)) == "1 of unknown size"


@pytest.mark.parametrize(
    ("plan", "budget", "asks"),
    [
        (plan_of(ORDERS), BudgetSettings(), ""),
        (
            plan_of(ORDERS),
            BudgetSettings(scan_bytes=50 * GB),
            "what would be read (1 table, 68.8 GB) is over the budget of 50 GB",
        ),
        (
            plan_of(ORDERS),
            BudgetSettings(scan_bytes=0),
            "what would be read (1 table, 68.8 GB) is over the budget of 0 bytes",
        ),
        (plan_of(), BudgetSettings(scan_bytes=0), ""),
        (plan_of(VIEW), BudgetSettings(), "the size of raw.big_orders is not known"),
        (plan_of(VIEW, kind="postgres"), BudgetSettings(), ""),  # costs time, not money
        (plan_of(VIEW), BudgetSettings(unknown_sizes="allow"), ""),
        (
            plan_of(VIEW, kind="duckdb"),
            BudgetSettings(scan_bytes=0),
            "what would be read (1 table, 1 of unknown size) is over the budget of 0 bytes",
        ),
        (plan_of(VIEW, kind="newcomer"), BudgetSettings(), "the size of raw.big_orders is not known"),
    ],
)
def test_who_is_asked(plan: ScanPlan, budget: BudgetSettings, asks: str):
    assert needs_approval(plan, budget) == asks


def test_nobody_who_agrees_is_an_error_with_the_numbers_and_the_ways_out():
    with pytest.raises(BudgetExceeded) as caught:
        require_approval(plan_of(ORDERS), BudgetSettings(scan_bytes=GB), None)

    assert str(caught.value) == (
        "nothing was scanned: what would be read (1 table, 68.8 GB) is over the budget of 1 GB\n"
        "hint: go on with --yes, raise budget.scan_bytes in aidbt.yml, or select fewer tables with -s"
    )
    assert caught.value.exit_code == 2


def test_only_a_plan_over_the_budget_is_asked_about_and_a_no_counts():
    asked: list[ScanPlan] = []

    def no(plan: ScanPlan) -> bool:
        asked.append(plan)
        return False

    require_approval(plan_of(ORDERS), BudgetSettings(), no)
    assert asked == []
    with pytest.raises(BudgetExceeded):
        require_approval(plan_of(ORDERS), BudgetSettings(scan_bytes=1), no)
    assert asked == [plan_of(ORDERS)]
    require_approval(plan_of(ORDERS), BudgetSettings(scan_bytes=1), lambda plan: True)


def test_the_way_out_of_an_unknown_size_is_its_own_setting():
    with pytest.raises(BudgetExceeded) as caught:
        require_approval(plan_of(VIEW), BudgetSettings(), None)

    assert "set budget.unknown_sizes: allow" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    [
        (
            "snowflake",
            {"user": "ann", "role": "LOADER", "warehouse": "WH", "database": "RAW", "password": "s3cret"},
            RunsAs("snowflake", "ann", "LOADER", "WH", "RAW"),
        ),
        (
            "bigquery",
            {"project": "data", "execution_project": "billed", "impersonate_service_account": "a@b"},
            RunsAs("bigquery", "a@b", "", "billed", "data"),
        ),
        (
            "databricks",
            {"catalog": "main", "http_path": "/sql/1", "token": "s3cret"},
            RunsAs("databricks", "", "", "/sql/1", "main"),
        ),
        ("postgres", {"user": "ann", "dbname": "shop"}, RunsAs("postgres", "ann", database="shop")),
    ],
)
def test_the_plan_says_whom_it_runs_as_without_a_secret(kind: str, settings: dict, expected: RunsAs):
    assert runs_as(kind, settings) == expected
    assert "s3cret" not in repr(runs_as(kind, settings))


@given(st.integers(0, 10**17))
def test_bytes_for_people_are_right_to_a_tenth(size: int):
    number, unit = human_bytes(size).split(" ")
    factor = {"byte": 1, "bytes": 1} | {
        u: 1000 ** (i + 1) for i, u in enumerate(["kB", "MB", "GB", "TB", "PB"])
    }

    assert float(number.replace(",", "")) * factor[unit] == pytest.approx(size, rel=0.05)
    assert len(number) <= 4


def test_a_duckdb_table_is_estimated_from_what_its_catalog_says(tmp_path):
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select i::bigint as id, i::integer as n from range(10000) r(i)")
        connection.execute("create view v as from t")

    table, view = DuckDBWarehouse(path).relations()
    plan = plan_of(table, view, kind="duckdb")

    assert [(t.size_bytes, t.basis) for t in plan.tables] == [(120_000, "estimated"), (None, "unknown")]


# What PostgreSQL itself counted of a table's profile, against the plan.
SHAPES = {
    "numbers only": "select i as id, i * 2 as amount from generate_series(1, 5000) as i",
    "text and two ids": "select i as id, i % 50 as user_id, 'note ' || i as note, 'ab' as state"
    " from generate_series(1, 5000) as i",
    "no key": "select i % 7 as a, i % 3 as b, 'x' || i % 11 as c from generate_series(1, 5000) as i",
}


@pytest.mark.long
@pytest.mark.parametrize("shape", SHAPES)
def test_postgresql_reads_about_as_often_as_planned(
    shape: str, postgres: PostgresServer, postgres_target: Callable[..., Target]
):
    postgres.psql("drop table if exists planned")
    postgres.psql(f"create table planned as {SHAPES[shape]}")
    postgres.psql("analyze planned")
    warehouse = open_target(postgres_target("postgres"))
    [relation] = [r for r in warehouse.relations() if r.name == "planned"]
    before = rows_read(postgres)

    [profile] = warehouse.profile([relation], sample_rows=100)

    end = time.monotonic() + 5
    while (read := rows_read(postgres) - before) == 0 and time.monotonic() < end:
        time.sleep(0.05)  # counters arrive when the connection has closed
    [planned] = plan_of(relation, kind="postgres").tables
    assert profile.row_count == 5000
    assert 0.5 <= planned.times / (read / 5000) <= 2, (planned.times, read / 5000)


def rows_read(postgres: PostgresServer) -> int:
    return int(postgres.psql("select seq_tup_read from pg_stat_user_tables where relname = 'planned'"))
