"""Monitors as data tests through a real dbt, against bounds that aidbt wrote: on DuckDB and on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aidbt.core.errors import WarehouseError
from aidbt.generate.base_models import macro_files
from aidbt.monitors.judging.bounds import Bound, read_bounds, write_bounds
from aidbt.warehouse import Warehouse
from aidbt.warehouse.adapter import AdapterWarehouse
from aidbt.warehouse.duckdb import DuckDBWarehouse
from tests.dbt_shop import DBT_PROJECT, Shop
from tests.kit import PASSWORD, USER, PostgresServer, ServerMissing, postgres_server

DAY = datetime(2026, 11, 20)
NEXT = DAY + timedelta(days=1)
# Ten orders on each of three days; the last comes an hour before midnight.
ORDERS = """
select
    i as id,
    cast('2026-11-18 05:00:00' as timestamp) + (i / 10) * interval '1 day' + (i % 10) * interval '2 hours'
        as ordered_at,
    cast(cast('2026-11-18 05:00:00+00:00' as timestamptz) + (i / 10) * interval '1 day'
        + (i % 10) * interval '2 hours' as timestamptz) as "Seen At",
    cast('2026-11-18' as date) + cast(i / 10 as integer) as day,
    case when i % 5 = 0 then null else 2.5 end as amount,
    i % 4 as kind,
    'x' as note
from generate_series(0, 29) as numbers(i)
"""
TESTS = """
models:
  - name: orders
    data_tests:
      - aidbt_volume: {arguments: {event_time: ordered_at}}
      - aidbt_volume: {name: volume_of_instants, arguments: {event_time: "Seen At"}}
      - aidbt_freshness: {arguments: {event_time: ordered_at}}
    columns:
      - name: amount
        data_tests:
          - aidbt_null_rate
          - aidbt_mean: {arguments: {event_time: ordered_at}}
          - aidbt_zero_rate
      - name: kind
        data_tests:
          - aidbt_distinct
          - aidbt_negative_rate
"""
FILES = {
    "dbt_project.yml": DBT_PROJECT.replace("}", ", require_generic_test_arguments_property: true}"),
    "models/orders.sql": "{{ config(materialized='table') }}"
    + ORDERS.replace("i / 10", "cast(floor(i / 10.0) as integer)"),
    "models/below.sql": "select count(*) as n from {{ ref('orders') }}",
    "models/tests.yml": TESTS,
    **macro_files("macros"),
}
# Builds several times in one process, each with other variables; prints what became of each node.
BUILD = """
import json, sys
from dbt.cli.main import dbtRunner
for arguments in json.loads(sys.argv[1]):
    said = []
    runner = dbtRunner(callbacks=[lambda event: said.append(event.info.msg)])
    result = runner.invoke(arguments)
    if result.result is None:
        sys.exit(f"failed: {arguments}: {result.exception}")
    found = {r.node.name: [str(r.status), r.message] for r in result.result.results}
    print(json.dumps({"results": found, "said": [m for m in said if "aidbt: " in m]}))
"""


def build(shop: Shop, *runs: Mapping[str, str], flags: Sequence[str] = ()) -> list[dict[str, Any]]:
    """What became of every node of each build, and what our macros said."""
    options = ["--quiet", "--no-use-colors", "build", "--project-dir", str(shop.root), "--profiles-dir"]
    arguments = [[*options, str(shop.root), "--vars", json.dumps(dict(run)), *flags] for run in runs]
    env = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    done = subprocess.run(
        [sys.executable, "-c", BUILD, json.dumps(arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**env, "SHOP_PASSWORD": PASSWORD},
        cwd=shop.root,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    found = []
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            run = json.loads(line)
            statuses = {_short(name): status for name, (status, _) in run["results"].items()}
            found.append({"results": statuses, "said": run["said"]})
    return found


def _short(test: str) -> str:
    """A test's name without what dbt adds to it: aidbt_mean_orders_amount__ordered_at."""
    return test.partition("_orders")[0].removeprefix("aidbt_")


def bound(metric: str, column: str = "", low: float | None = None, high: float | None = None) -> Bound:
    """A narrow band of the day before."""
    return Bound(
        node="model.shop.orders",
        relation="main.orders",
        column_name=column,
        metric=metric,
        bucket="2026-11-20",
        bucket_from="2026-11-20 00:00:00",
        bucket_to="2026-11-21 00:00:00",
        low=low,
        high=high,
        severity="warn",
        event_time="ordered_at",
        time_type="timestamp",
        valid_from="2026-11-21 00:00:00",
        valid_to="2026-11-22 00:00:00",
        computed_at="2026-11-20 06:00:00",
    )


def both(narrow: Bound, low: float | None, high: float | None) -> list[Bound]:
    return [narrow, replace(narrow, low=low, high=high, severity="error")]


AS_EXPECTED = [
    *both(bound("row_count", low=8, high=12), 4, 20),
    *both(bound("freshness_minutes", high=60), None, 600),
    *both(bound("null_rate", "amount", high=0.25), None, 0.5),
    *both(bound("mean", "amount", 2.4, 2.6), 2, 3),
    *both(bound("zero_rate", "amount", 0, 0.01), 0, 0.1),
    *both(bound("distinct_count", "KIND", 4, 4), 2, 8),
    *both(bound("negative_rate", "kind", 0, 0), 0, 0.1),
]
FINE = {
    "below": "success", "orders": "success", "volume": "pass", "volume_of_instants": "pass",
    "freshness": "pass", "null_rate": "pass", "mean": "pass", "zero_rate": "pass", "distinct": "pass",
    "negative_rate": "pass",
}  # fmt: skip
NOW = {"aidbt_now": "2026-11-21 07:00:00"}


@pytest.fixture
def on_duckdb(tmp_path: Path) -> tuple[Shop, Warehouse]:
    profile = 'shop: {target: dev, outputs: {dev: {type: duckdb, path: "{{ flags.PROFILES_DIR }}/s.duckdb"}}}'
    shop = Shop(tmp_path / "shop").write({**FILES, "profiles.yml": profile})
    return shop, DuckDBWarehouse(shop.root / "s.duckdb")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def on_postgres(tmp_path: Path, server: PostgresServer) -> tuple[Shop, Warehouse]:
    database = f"monitored_{uuid.uuid4().hex[:8]}"
    server.create_database(database)
    target = {
        "type": "postgres", "host": "127.0.0.1", "port": server.port, "user": USER, "dbname": database,
        "schema": "main", "threads": 1,
    }  # fmt: skip
    with_password = {**target, "password": "{{ env_var('SHOP_PASSWORD') }}"}
    profile = {"shop": {"target": "dev", "outputs": {"dev": with_password}}}
    shop = Shop(tmp_path / "shop").write({**FILES, "profiles.yml": json.dumps(profile)})
    return shop, AdapterWarehouse("postgres", {**target, "password": PASSWORD}, schema="main")


@pytest.mark.long
def test_a_build_without_bounds_passes_and_says_so(on_duckdb: tuple[Shop, Warehouse]):
    shop, _ = on_duckdb

    (found,) = build(shop, {})

    assert found["results"] == FINE
    why = "there is no table aidbt_monitor_bounds in main; run aidbt monitor run"
    assert found["said"] == [f"aidbt: monitors were not compared: {why}"]


def check_builds(shop: Shop, warehouse: Warehouse) -> None:
    """Each kind of band is kept, warned about, and failed at, where it should be."""
    instant = "timestamp with time zone"
    write_bounds(warehouse, AS_EXPECTED)
    fine, before, later = build(
        shop, NOW, {"aidbt_now": "2026-11-20 23:00:00"}, {"aidbt_now": "2026-11-25 01:00:00"}
    )
    assert (fine["results"], before["results"], later["results"]) == (FINE, FINE, FINE)
    assert [line for line in fine["said"] if "Seen At" not in line] == []
    assert all("its bounds begin at 2026-11-21 00:00:00 UTC" in line for line in before["said"])
    assert all("its bounds ended at 2026-11-22 00:00:00 UTC" in line for line in later["said"])
    assert len(before["said"]) == len(later["said"]) == 8

    write_bounds(
        warehouse, [*both(bound("row_count", low=11, high=12), 4, 20), bound("mean", "amount", 3, 4)]
    )
    (warned,) = build(shop, NOW)
    assert warned["results"] == {**FINE, "volume": "warn", "mean": "warn"}

    seen = replace(
        bound("row_count", low=11, high=12), event_time="Seen At", time_type=instant,
        bucket_from="2026-11-20 00:00:00+00:00", bucket_to="2026-11-21 00:00:00+00:00",
    )  # fmt: skip
    write_bounds(warehouse, [*both(seen, 10.5, 20), bound("freshness_minutes", high=59)])
    (failed,) = build(shop, NOW)
    # 19 hours after midnight plus five: the newest order of the day is one hour before its end.
    assert failed["results"] == {
        **FINE,
        "volume_of_instants": "fail",
        "below": "skipped",
        "freshness": "warn",
    }


@pytest.mark.long
def test_a_value_beyond_the_narrow_band_warns_beyond_the_wide_one_stops_the_build(
    on_duckdb: tuple[Shop, Warehouse],
):
    shop, warehouse = on_duckdb
    bounds = [*both(bound("row_count", low=11, high=12), 10.5, 20), bound("mean", "amount", 3, 4)]
    write_bounds(warehouse, bounds)

    (found,) = build(shop, NOW)

    assert found["results"] == {
        **FINE, "volume": "fail", "volume_of_instants": "pass", "mean": "warn", "below": "skipped"
    }  # fmt: skip
    assert sorted(line for line in found["said"] if "not compared" not in line) == [
        "aidbt: orders, 2026-11-20: 10 rows, usual is 11 to 12, and the build stops below 11 or above 20;"
        " more: aidbt monitor run, aidbt incidents list",
        "aidbt: orders.amount, 2026-11-20: 2.5 on average, usual is 3 to 4;"
        " more: aidbt monitor run, aidbt incidents list",
    ]


@pytest.mark.long
def test_with_empty_models_nothing_is_compared(on_duckdb: tuple[Shop, Warehouse]):
    shop, warehouse = on_duckdb
    write_bounds(warehouse, both(bound("row_count", low=8, high=12), 4, 20))

    (found,) = build(shop, NOW, flags=["--empty"])

    assert (found["results"], found["said"]) == (FINE, [])


@pytest.mark.long
def test_a_project_in_which_tests_only_warn_is_not_stopped_and_failures_are_kept(
    on_duckdb: tuple[Shop, Warehouse],
):
    shop, warehouse = on_duckdb
    text = (shop.root / "dbt_project.yml").read_text()
    shop.write({"dbt_project.yml": text + "data_tests: {+severity: warn}\n"})
    write_bounds(warehouse, both(bound("row_count", low=11, high=12), 10.5, 20))

    (found,) = build(shop, NOW, flags=["--store-failures"])

    assert found["results"] == {**FINE, "volume": "warn"}
    with duckdb.connect(str(shop.root / "s.duckdb")) as connection:
        kept = "main_dbt_test__audit.aidbt_volume_orders_ordered_at"
        assert connection.sql(f"from {kept}").fetchall() == [("row_count", "2026-11-20", 10.0, 11.0, 12.0, 2)]


@pytest.mark.long
def test_bounds_are_of_all_rows_so_a_test_of_some_compares_nothing(on_duckdb: tuple[Shop, Warehouse]):
    shop, warehouse = on_duckdb
    text = (shop.root / "dbt_project.yml").read_text()
    shop.write({"dbt_project.yml": text + "data_tests: {+where: 'id < 5'}\n"})
    write_bounds(warehouse, both(bound("row_count", low=11, high=12), 10.5, 20))

    (found,) = build(shop, NOW)

    assert found["results"] == FINE
    assert "aidbt: orders row_count was not compared: the test has a where" in "\n".join(found["said"])


@pytest.mark.long
def test_on_duckdb(on_duckdb: tuple[Shop, Warehouse]):
    check_builds(*on_duckdb)


@pytest.mark.long
def test_on_postgres_too(on_postgres: tuple[Shop, Warehouse]):
    check_builds(*on_postgres)


@pytest.mark.long
def test_a_day_without_rows_fails_by_its_volume_and_passes_by_its_shares(on_duckdb: tuple[Shop, Warehouse]):
    shop, warehouse = on_duckdb
    empty = [
        replace(b, bucket_from="2026-11-25 00:00:00", bucket_to="2026-11-26 00:00:00") for b in AS_EXPECTED
    ]
    write_bounds(warehouse, empty)

    (found,) = build(shop, NOW)

    assert found["results"] == {
        **FINE, "volume": "fail", "freshness": "fail", "distinct": "fail", "below": "skipped"
    }  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("odd", ["nan", "infinity"])
def test_what_is_no_finite_number_fails_as_what_is_too_much(on_duckdb: tuple[Shop, Warehouse], odd: str):
    shop, warehouse = on_duckdb
    orders = FILES["models/orders.sql"].replace("else 2.5 end", f"else cast('{odd}' as double) end")
    shop.write({"models/orders.sql": orders})
    write_bounds(warehouse, both(bound("mean", "amount", 2.4, 2.6), 2, 3))

    (found,) = build(shop, NOW)

    assert found["results"] == {**FINE, "mean": "fail", "below": "skipped"}


@pytest.mark.long
def test_a_table_of_dates_goes_by_days(on_duckdb: tuple[Shop, Warehouse]):
    shop, warehouse = on_duckdb
    shop.write({"models/tests.yml": TESTS.replace("event_time: ordered_at", "event_time: day")})
    daily = replace(
        bound("row_count", low=10, high=10), event_time="day", time_type="date",
        bucket_from="2026-11-20", bucket_to="2026-11-21",
    )  # fmt: skip
    age = replace(daily, metric="freshness_minutes", low=None, high=1440.0)
    write_bounds(warehouse, [daily, age])

    (found,) = build(shop, NOW)

    assert found["results"] == FINE
    assert not [line for line in found["said"] if "row_count" in line and "Seen At" not in line]
    write_bounds(warehouse, [replace(daily, low=11), replace(age, high=1439.0)])
    assert build(shop, NOW)[0]["results"] == {**FINE, "volume": "warn", "freshness": "warn"}


def test_bounds_are_replaced_whole_or_by_node(on_duckdb: tuple[Shop, Warehouse]):
    _, warehouse = on_duckdb
    other = replace(AS_EXPECTED[0], node='model.shop.other\'s \\ "table"', low=None, high=1e-9)
    write_bounds(warehouse, [AS_EXPECTED[0], other])
    assert set(read_bounds(warehouse)) == {AS_EXPECTED[0], other}

    write_bounds(warehouse, [AS_EXPECTED[2]], nodes=["model.shop.orders"])
    assert set(read_bounds(warehouse)) == {AS_EXPECTED[2], other}

    write_bounds(warehouse, [])
    assert read_bounds(warehouse) == []


def test_a_table_of_another_version_is_made_anew(on_duckdb: tuple[Shop, Warehouse]):
    _, warehouse = on_duckdb
    with duckdb.connect(str(on_duckdb[0].root / "s.duckdb")) as connection:
        connection.execute("create table aidbt_monitor_bounds as select 1 as node")

    write_bounds(warehouse, AS_EXPECTED[:1])

    assert read_bounds(warehouse) == AS_EXPECTED[:1]


@pytest.mark.long
def test_who_may_not_write_gets_one_clear_error(on_postgres: tuple[Shop, Warehouse], server: PostgresServer):
    _, owner = on_postgres
    write_bounds(owner, AS_EXPECTED)
    dbname = owner._settings["dbname"] if isinstance(owner, AdapterWarehouse) else ""
    server.psql("create user reader password 'r'")
    server.psql("grant usage on schema main to reader", dbname=dbname)
    settings = {
        "type": "postgres", "host": "127.0.0.1", "port": server.port, "user": "reader", "password": "r",
        "dbname": dbname, "schema": "main",
    }  # fmt: skip

    with pytest.raises(WarehouseError, match="aidbt_monitor_bounds cannot be written") as caught:
        write_bounds(AdapterWarehouse("postgres", settings, schema="main"), AS_EXPECTED)

    assert "create tables in main" in (caught.value.hint or "")
