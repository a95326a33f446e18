"""Loads by cursor, from a real PostgreSQL into a real DuckDB."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from aidbt.store import open_store
from aidbt.store.leases import Leases
from ingestion.settings import connector_from
from tests.ingestion.helpers import Bronze, Database

ROOT = Path(__file__).parents[2]
ORDERS = """
create table orders (id int primary key, total numeric(10,2), note text, updated_at timestamptz);
insert into orders values
    (1, 10.00, 'a', '2026-01-01 10:00'),
    (2, 20.00, null, '2026-01-01 11:00'),
    (3, 30.00, 'c', '2026-01-01 12:00')
"""
BY_CURSOR = {"orders": {"cursor": "updated_at", "key": ["id"]}}
LOG = (
    "select id, _aidbt_op, _aidbt_position from bronze_shop.orders order by _aidbt_position, _aidbt_sequence"
)


MANY = "insert into orders select i, 'x', i from generate_series(1, 5000) i"
# Kills itself when all rows are in, and only the commit is left to do.
KILLED = """
import os, signal
from pathlib import Path
from aidbt.warehouse.duckdb import DuckDBWarehouse
from ingestion.bronze import duckdb_changes
from ingestion.pipeline import run_loads
from ingestion.settings import connector_from
def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
duckdb_changes.records.keep_positions = killed
incremental = {{"orders": {{"cursor": "updated_at", "key": ["id"]}}}}
orders = connector_from("{url}", "shop", root=Path(), options={{"incremental": incremental}})
run_loads([orders], lambda: DuckDBWarehouse(Path("{warehouse}")))
"""


def connector(database: Database, **more: Any) -> Any:
    return database.connector(incremental={"orders": {**BY_CURSOR["orders"], **more}})


def test_the_first_load_reads_everything_and_the_next_only_what_has_changed(
    database: Database, bronze: Bronze
) -> None:
    database.psql(ORDERS)
    first = bronze.land_one(connector(database))
    database.psql("update orders set total = 21, updated_at = '2026-01-01 13:00' where id = 2")

    second = bronze.land_one(connector(database))

    assert (first.rows_read, first.rows_landed) == (3, 3)
    assert bronze.rows(LOG) == [(1, "r", 1), (2, "r", 1), (3, "r", 1), (2, "u", 2)]
    assert (second.rows_read, second.rows_landed, second.rows_skipped) == (2, 1, 1)
    assert second.reconciles


def current(bronze: Bronze) -> set[tuple[Any, ...]]:
    """The rows that the log says there are now: the newest of every key, unless it is a deletion."""
    log = bronze.rows(
        "select id, total, note, updated_at, _aidbt_op from bronze_shop.orders "
        "order by _aidbt_position, _aidbt_sequence"
    )
    rows: dict[int, tuple[Any, ...]] = {}
    for *row, operation in log:
        if operation == "t":
            rows.clear()
        elif operation == "d":
            rows.pop(row[0])
        else:
            rows[row[0]] = tuple(row)
    return set(rows.values())


def test_rows_with_an_equal_cursor_that_come_later_are_read(database: Database, bronze: Bronze) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database))
    database.psql("insert into orders values (4, 40, 'late twin', '2026-01-01 12:00')")

    load = bronze.land_one(connector(database))

    assert (load.rows_read, load.rows_landed, load.rows_skipped) == (2, 1, 1)
    assert bronze.rows(LOG)[-1] == (4, "u", 2)


def test_a_row_that_was_committed_late_is_read_within_the_lag(database: Database, bronze: Bronze) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database, lag="2 hours"))
    database.psql("insert into orders values (4, 40, 'late', '2026-01-01 10:30')")

    load = bronze.land_one(connector(database, lag="2 hours"))

    assert (load.rows_read, load.rows_landed, load.rows_skipped) == (4, 1, 3)
    assert bronze.rows(LOG)[-1] == (4, "u", 2)


def test_rows_without_a_cursor_are_read_every_time_and_land_when_they_differ(
    database: Database, bronze: Bronze
) -> None:
    database.psql(ORDERS + "; insert into orders values (4, 40, 'x', null), (5, 50, 'y', null)")
    bronze.land(connector(database))
    database.psql("update orders set note = 'z' where id = 5")

    load = bronze.land_one(connector(database))

    assert (load.rows_landed, load.rows_skipped) == (1, 2)
    assert bronze.rows(LOG)[-1] == (5, "u", 2)


def test_keys_that_are_gone_land_as_deletions_once(database: Database, bronze: Bronze) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database, deletes=True))
    database.psql("delete from orders where id in (1, 3)")

    second = bronze.land_one(connector(database, deletes=True))
    third = bronze.land_one(connector(database, deletes=True))

    assert bronze.rows(LOG)[3:] == [(1, "d", 2), (3, "d", 2)]
    assert (second.rows_marked, third.rows_marked, third.rows_landed) == (2, 0, 0)
    assert second.reconciles and third.reconciles
    assert (
        bronze.rows("select total, note from bronze_shop.orders where _aidbt_op = 'd'") == [(None, None)] * 2
    )


def test_a_key_that_comes_again_after_its_deletion_lands_again(database: Database, bronze: Bronze) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database, deletes=True))
    database.psql("delete from orders where id = 3")
    bronze.land(connector(database, deletes=True))
    database.psql("insert into orders values (3, 30.00, 'c', '2026-01-01 12:00')")

    bronze.land(connector(database, deletes=True))

    assert bronze.rows(LOG)[3:] == [(3, "d", 2), (3, "u", 3)]


def test_rows_that_came_below_what_was_read_are_told_of(database: Database, bronze: Bronze) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database, deletes=True))
    database.psql("insert into orders values (4, 40, 'too late', '2025-01-01 10:30')")

    load = bronze.land_one(connector(database, deletes=True))

    assert load.rows_landed == 0
    assert load.notes == (
        "1 row of orders never read, with a cursor below what was read before; give 'lag' more, and read the "
        "table anew with --full",
    )


def test_a_full_reload_begins_with_the_row_that_says_all_before_is_gone(
    database: Database, bronze: Bronze
) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database))
    database.psql("delete from orders where id = 1")

    load = bronze.land_one(connector(database), full=True)
    after = bronze.land_one(connector(database))

    assert bronze.rows(LOG)[3:] == [(None, "t", 2), (2, "r", 2), (3, "r", 2)]
    assert load.reconciles and load.rows_marked == 1
    assert (after.rows_landed, after.rows_skipped) == (0, 1)


def test_a_cursor_that_goes_back_is_an_error_until_the_table_is_read_anew(
    database: Database, bronze: Bronze
) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database))
    database.psql("update orders set updated_at = updated_at - interval '1 year'")

    load = bronze.land_one(connector(database))
    anew = bronze.land_one(connector(database), full=True)
    after = bronze.land_one(connector(database))

    assert load.status == "failed" and "the cursor of orders went back" in (load.error or "")
    assert "--full" in (load.hint or "")
    assert anew.status == after.status == "landed"


@pytest.mark.parametrize(
    ("options", "sql", "message"),
    [
        ({"cursor": "changed_at"}, "", "the table orders has no column 'changed_at'"),
        ({"key": ["nr"]}, "", "the table orders has no column 'nr'"),
        ({"cursor": "note"}, "", "orders.note cannot be a cursor"),
        ({"lag": 5}, "", "the lag of orders does not fit its cursor updated_at"),
        ({"key": ["note"]}, "update orders set note = 'a'", "more than one row with the key (note) = (a)"),
        ({"key": ["note"]}, "", "orders has rows whose key (note) is NULL: 1"),
    ],
)
def test_what_cannot_be_loaded_by_cursor_is_refused(
    database: Database, bronze: Bronze, options: dict[str, Any], sql: str, message: str
) -> None:
    database.psql(f"{ORDERS}; {sql}")

    load = bronze.land_one(connector(database, **options))

    assert load.status == "failed" and message in (load.error or ""), load.error
    assert bronze.value("select count(*) from information_schema.tables where table_name = 'orders'") == 0


@pytest.mark.parametrize("options", [{"key": ["id", "note"]}, {"cursor": "id", "lag": 0}])
def test_another_key_or_cursor_needs_a_full_reload(
    database: Database, bronze: Bronze, options: dict[str, Any]
) -> None:
    database.psql(ORDERS + "; update orders set note = 'b' where note is null")
    bronze.land(connector(database))

    load = bronze.land_one(connector(database, **options))
    anew = bronze.land_one(connector(database, **options), full=True)

    assert load.status == "failed" and "was loaded with" in (load.error or "")
    assert anew.status == "landed"


def test_a_table_under_incremental_that_is_not_there_is_an_error(database: Database, bronze: Bronze) -> None:
    database.psql(ORDERS)
    settings = {"oders": BY_CURSOR["orders"]}

    report = bronze.land(database.connector(incremental=settings))

    assert report.failures[0].error == "the source has no table 'oders', which 'incremental' names"
    assert report.failures[0].hint == "did you mean 'orders'?"


def test_a_table_that_was_restored_goes_on_from_where_it_stands(database: Database, bronze: Bronze) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database))
    database.psql("insert into orders values (4, 40, 'd', '2026-01-02 10:00')")
    bronze.land(connector(database))
    with bronze.warehouse.connect(read_only=False) as connection:
        connection.raw.execute("delete from bronze_shop.orders where _aidbt_position = 2")

    bronze.land(connector(database))

    assert bronze.rows(LOG)[3:] == [(4, "u", 3)]


def test_a_column_that_was_added_is_followed(database: Database, bronze: Bronze) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database))
    database.psql("alter table orders add column city text; update orders set city = 'Ulm' where id = 3")

    load = bronze.land_one(connector(database))
    again = bronze.land_one(connector(database))

    assert load.schema_changes == ("added city (VARCHAR)",)
    assert bronze.rows("select id, city from bronze_shop.orders where _aidbt_position = 2") == [(3, "Ulm")]
    assert (again.rows_landed, again.rows_skipped) == (0, 1)


def test_a_table_that_was_dropped_in_bronze_is_loaded_from_the_start(
    database: Database, bronze: Bronze
) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database))
    with bronze.warehouse.connect(read_only=False) as connection:
        connection.raw.execute("drop table bronze_shop.orders")

    bronze.land(connector(database))

    assert bronze.rows(LOG) == [(1, "r", 2), (2, "r", 2), (3, "r", 2)]


def test_a_load_that_fails_changes_nothing(database: Database, bronze: Bronze) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database))
    before = bronze.rows("select * from bronze_shop._aidbt_streams")
    database.psql("insert into orders values (4, 40, 'x', '2026-01-02'), (5, 'NaN', 'x', '2026-01-02')")

    load = bronze.land_one(connector(database))

    assert "column total" in (load.error or "") and load.reconciles
    assert bronze.rows("select * from bronze_shop._aidbt_streams") == before
    assert len(bronze.rows(LOG)) == 3


def test_values_that_differ_only_in_form_are_changes(database: Database, bronze: Bronze) -> None:
    database.psql(
        "create table orders (id uuid primary key, f float8, i interval, j jsonb, tags text[], n int);"
        "insert into orders values ('00000000-0000-0000-0000-000000000001', 0, '1 month', '{}', '{a}', 1),"
        "('00000000-0000-0000-0000-000000000002', 0, '1 month', '{}', '{a}', 1),"
        "('00000000-0000-0000-0000-000000000003', 'NaN', '1 day', null, null, 1)"
    )
    settings = {"orders": {"cursor": "n", "key": ["id"], "deletes": True}}
    bronze.land(database.connector(incremental=settings))
    database.psql(
        "update orders set f = '-0' where id::text like '%1'; update orders set i = '30 days' where id::text "
        "like '%2'; delete from orders where id::text like '%3'"
    )

    bronze.land(database.connector(incremental=settings))

    assert bronze.rows(
        "select right(id::text, 1), _aidbt_op from bronze_shop.orders where _aidbt_position = 2 order by 1"
    ) == [("1", "u"), ("2", "u"), ("3", "d")]


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 20))])
def test_the_log_says_what_the_source_holds_after_every_load(
    database: Database, bronze: Bronze, seed: int
) -> None:
    random = Random(seed)
    database.psql(
        "create table orders (id int primary key, total numeric(10,2), note text, updated_at bigint)"
    )
    load = connector(database, lag=random.choice([0, 3]), deletes=True)
    clock = 0
    for _ in range(4):
        for _ in range(random.randrange(8)):
            clock += random.randrange(2)
            key, note = random.randrange(12), random.choice(["a", "b", None])
            database.psql(
                f"delete from orders where id = {key}"
                if random.random() < 0.3
                else f"insert into orders values ({key}, {random.randrange(3)}, nullif('{note}', 'None'), "
                f"nullif({clock}, {random.choice([clock, -1])})) on conflict (id) do update set "
                "total = excluded.total, note = excluded.note, updated_at = excluded.updated_at"
            )
        result = bronze.land_one(load)
        assert result.status == "landed" and result.reconciles, result
        held = database.psql("select coalesce(json_agg(o), '[]') from orders o")
        wanted = {(r["id"], Decimal(str(r["total"])), r["note"], r["updated_at"]) for r in json.loads(held)}
        assert current(bronze) == wanted


@pytest.mark.long
def test_many_rows_are_compared_and_landed_in_pieces(database: Database, bronze: Bronze) -> None:
    database.psql(
        "create table orders (id int primary key, note text, updated_at int);"
        "insert into orders select i, repeat('x', 250), i from generate_series(1, 150000) i"
    )
    bronze.land(connector(database, lag=1_000_000, deletes=True))
    database.psql("update orders set note = 'y' where id % 3 = 0; delete from orders where id % 5 = 0")

    load = bronze.land_one(connector(database, lag=1_000_000, deletes=True))

    assert (load.rows_read, load.rows_landed, load.rows_marked) == (120_000, 40_000 + 30_000, 30_000)
    assert load.reconciles
    assert bronze.rows(
        "select count(*), count(distinct _aidbt_sequence) from bronze_shop.orders where _aidbt_position = 2"
    ) == [(70_000, 70_000)]


def test_any_database_of_sqlalchemy_is_loaded_by_cursor_in_the_same_way(
    bronze: Bronze, tmp_path: Path
) -> None:
    path = tmp_path / "shop.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as shop:
        shop.execute("create table orders (id integer primary key, note text, changed_at timestamp)")
        shop.execute(
            "insert into orders values (1, 'a', '2026-01-01 10:00:00'), (2, 'b', '2026-01-01 11:00:00'), "
            "(3, 'c', null)"
        )
        shop.commit()
        settings = {"orders": {"cursor": "changed_at", "key": ["id"], "lag": "1 hour", "deletes": True}}
        orders = connector_from(f"sqlite:///{path}", "shop", root=tmp_path, options={"incremental": settings})
        first = bronze.land_one(orders)
        shop.execute("insert into orders values (4, 'late', '2026-01-01 10:30:00')")
        shop.execute("update orders set note = 'z' where id = 3")
        shop.execute("delete from orders where id = 1")
        shop.commit()
        second = bronze.land_one(orders)

    assert (first.rows_read, first.rows_landed) == (3, 3)
    assert sorted(bronze.rows(LOG)[3:]) == [(1, "d", 2), (3, "u", 2), (4, "u", 2)]
    assert second.reconciles and (second.rows_skipped, second.notes) == (1, ())


def test_a_cursor_that_has_another_type_needs_a_full_reload(database: Database, bronze: Bronze) -> None:
    database.psql(ORDERS)
    bronze.land(connector(database))
    database.psql(
        "alter table orders alter updated_at type timestamp; insert into orders values (4, 1, '', now())"
    )

    load = bronze.land_one(connector(database))
    anew = bronze.land_one(connector(database), full=True)
    after = bronze.land_one(connector(database))

    assert load.status == "failed" and "has another type" in (load.error or "")
    assert anew.status == after.status == "landed"
    assert (after.rows_landed, after.rows_skipped) == (0, 1)


def test_many_tables_are_loaded_by_cursor_at_once_under_leases(
    database: Database, bronze: Bronze, tmp_path: Path
) -> None:
    names = [f"t{number}" for number in range(6)]
    database.psql("".join(f"create table {n} (id int); insert into {n} values (1), (2);" for n in names))
    loads = database.connector(incremental={name: {"cursor": "id", "key": ["id"]} for name in names})
    leases = Leases(open_store(tmp_path / "store.db"))

    for rows in (2, 1):
        report = bronze.land(loads, parallel=6, leases=leases)
        assert report.is_complete, report.failed
        assert [load.rows_read for load in report.landed] == [rows] * 6


def test_a_process_that_is_killed_while_it_loads_leaves_no_trace(
    database: Database, bronze: Bronze, tmp_path: Path
) -> None:
    database.psql("create table orders (id int primary key, note text, updated_at int);" + MANY)
    bronze.land(connector(database))
    before = bronze.rows("select * from bronze_shop._aidbt_streams")
    database.psql("update orders set updated_at = updated_at + 100000")
    script = tmp_path / "load.py"
    script.write_text(KILLED.format(url=database.url, warehouse=bronze.warehouse.path))

    done = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == -signal.SIGKILL, done.stderr
    assert bronze.rows("select * from bronze_shop._aidbt_streams") == before
    assert bronze.value("select count(*) from bronze_shop.orders") == 5000
    load = bronze.land_one(connector(database))
    assert (load.rows_landed, bronze.value("select max(_aidbt_position) from bronze_shop.orders")) == (
        5000,
        2,
    )
