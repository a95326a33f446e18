"""A real PostgreSQL through dbt's adapter: what is listed, what is refused, what is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from aidbt.core.errors import AidbtError, ProfileError, WarehouseError
from aidbt.core.schema import Relation
from aidbt.sql.identifiers import quote_identifier
from aidbt.warehouse.adapter import AdapterConnection, AdapterWarehouse
from aidbt.warehouse.holders import holders
from tests.aidbt.warehouse.conftest import Target, open_target
from tests.kit import PASSWORD, PostgresServer

DATABASE = "catalog_of_a_shop"
SHOP = """
create schema raw_shop;
create type raw_shop.mood as enum ('good', 'bad');
create domain raw_shop.email as varchar(80) not null;
create table raw_shop.orders (
    id bigint primary key, "Order Ref" text, amount numeric(12,2) not null, ref uuid, payload jsonb,
    tags text[], mood raw_shop.mood, at timestamptz, ip inet, mail raw_shop.email,
    doubled numeric generated always as (amount * 2) stored
);
insert into raw_shop.orders (id, amount, mail)
    select i, i / 10.0, 'a@b.c' from generate_series(1, 1000) as i;
comment on table raw_shop.orders is 'What people bought.';
comment on column raw_shop.orders."Order Ref" is 'It''s on the bill: {{ x }}';
create table raw_shop.visits (id int, day date) partition by range (day);
create table raw_shop.visits_1 partition of raw_shop.visits for values from ('2024-01-01') to ('2025-01-01');
create table raw_shop.visits_2 partition of raw_shop.visits for values from ('2025-01-01') to ('2026-01-01');
insert into raw_shop.visits select i, date '2024-06-01' + i from generate_series(1, 500) as i;
create view raw_shop.big_orders as select id, amount from raw_shop.orders where amount > 50;
create materialized view raw_shop.order_days as select distinct at::date as day from raw_shop.orders;
create table raw_shop.empty (x int);
create table raw_shop.dropped_column (a int, b int, c int);
alter table raw_shop.dropped_column drop column b;
analyze;
create table raw_shop.never_analysed as select i from generate_series(1, 100) as i
"""


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> str:
    postgres.create_database(DATABASE)
    for statement in SHOP.split(";\n"):
        postgres.psql(statement, DATABASE)
    return DATABASE


@pytest.fixture(scope="module")
def warehouse(database: str, postgres_target: Callable[..., Target]) -> AdapterWarehouse:
    return open_target(postgres_target(database), tag="profile")


@pytest.fixture(scope="module")
def relations(warehouse: AdapterWarehouse) -> dict[str, Relation]:
    return {str(relation): relation for relation in warehouse.relations()}


@pytest.fixture
def connection(warehouse: AdapterWarehouse) -> Iterator[AdapterConnection]:
    with warehouse.connect() as opened:
        yield opened


def test_tables_and_views_are_listed_and_partitions_are_not(relations: dict[str, Relation]):
    assert {name: relation.kind for name, relation in relations.items()} == {
        "raw_shop.big_orders": "view",
        "raw_shop.dropped_column": "table",
        "raw_shop.empty": "table",
        "raw_shop.never_analysed": "table",
        "raw_shop.order_days": "table",
        "raw_shop.orders": "table",
        "raw_shop.visits": "table",
    }


def test_columns_have_their_types_as_postgresql_writes_them_and_their_comments(
    relations: dict[str, Relation],
):
    orders = relations["raw_shop.orders"]

    assert orders.description == "What people bought."
    assert [(c.name, c.data_type, c.nullable) for c in orders.columns] == [
        ("id", "bigint", False),
        ("Order Ref", "text", True),
        ("amount", "numeric(12,2)", False),
        ("ref", "uuid", True),
        ("payload", "jsonb", True),
        ("tags", "text[]", True),
        ("mood", "raw_shop.mood", True),
        ("at", "timestamp with time zone", True),
        ("ip", "inet", True),
        ("mail", "character varying(80)", False),
        ("doubled", "numeric", True),
    ]
    assert orders.columns[1].description == "It's on the bill: {{ x }}"
    assert relations["raw_shop.dropped_column"].column_names == ["a", "c"]


def test_row_estimates_are_those_of_the_planner_and_none_where_nobody_analysed(
    relations: dict[str, Relation],
):
    assert relations["raw_shop.orders"].row_count == 1000
    assert relations["raw_shop.visits"].row_count == 500  # of all partitions together
    assert relations["raw_shop.empty"].row_count == 0
    assert relations["raw_shop.never_analysed"].row_count is None
    assert relations["raw_shop.big_orders"].row_count is None
    assert relations["raw_shop.orders"].size_bytes >= 8192
    assert relations["raw_shop.visits"].size_bytes >= 2 * 8192
    assert relations["raw_shop.empty"].size_bytes == 0


@pytest.mark.parametrize(
    "change",
    [
        "insert into raw_shop.watched values (1)",
        "update raw_shop.watched set x = 3 where x = 1",
        "delete from raw_shop.watched where x = 2",
        "truncate raw_shop.watched",
    ],
)
@pytest.mark.long
def test_the_version_changes_with_the_contents(
    warehouse: AdapterWarehouse, postgres: PostgresServer, change: str
):
    def version() -> str:
        [watched] = [r for r in warehouse.relations() if r.name == "watched"]
        return watched.version

    postgres.psql("create table raw_shop.watched as select 1 as x union all select 2", DATABASE)
    try:
        before = version()
        assert before and version() == before
        postgres.psql(change, DATABASE)
        assert version() != before
    finally:
        postgres.psql("drop table raw_shop.watched", DATABASE)


def test_values_come_as_they_are(connection: AdapterConnection):
    [row] = connection.rows(
        "select '007', 7::bigint, 1.50::numeric, true, null, '%s', timestamptz '2024-01-02'"
    )

    assert row == ("007", 7, Decimal("1.50"), True, None, "%s", datetime(2024, 1, 2, tzinfo=UTC))


def test_parameters_are_written_as_literals(connection: AdapterConnection):
    values = ["it's", "back\\slash", "100%", "?", "\n"]
    sql = "select ?, ?, ?, ?, ?, '?'"

    assert connection.rows(sql, values) == [(*values, "?")]
    with pytest.raises(ValueError, match="argument"):
        connection.rows("select ?", [1, 2])


def test_every_keyword_stands_where_a_name_stands(connection: AdapterConnection):
    words = [word for (word,) in connection.rows("select word from pg_get_keywords()")]
    broken = []
    for word in words:
        name = quote_identifier(word, "postgres")
        sql = f"with {name} as (select 7 as {name}) select {name} + 0 as {name} from {name} order by {name}"
        with contextlib.suppress(WarehouseError):
            if connection.rows(sql) == [(7,)]:
                continue
        broken.append(word)

    assert broken == []
    assert len(words) > 400


def test_every_statement_carries_its_command(connection: AdapterConnection):
    own = "select query, application_name from pg_stat_activity where pid = pg_backend_pid()"

    [(query, application)] = connection.rows(own)

    assert query.startswith('/* aidbt {"command": "profile", "version": "')
    assert application.startswith("aidbt ")


def test_a_refused_statement_leaves_the_connection_usable(connection: AdapterConnection):
    with pytest.raises(WarehouseError, match='postgres refused: column "nix" does not exist'):
        connection.rows("select nix")

    assert connection.rows("select 1") == [(1,)]


def test_no_transaction_stays_open(connection: AdapterConnection):
    connection.rows("select count(*) from raw_shop.orders")

    assert connection.rows("select count(*) from pg_locks where relation = 'raw_shop.orders'::regclass") == [
        (0,)
    ]


def test_blocks_in_each_other_share_a_connection_and_the_last_one_closes_it(
    warehouse: AdapterWarehouse, postgres: PostgresServer
):
    pid = "select pg_backend_pid()"
    with warehouse.connect() as outer:
        [(first,)] = outer.rows(pid)
        with warehouse.connect() as inner:
            assert inner.rows(pid) == [(first,)]
        assert outer.rows(pid) == [(first,)]

    gone = f"select count(*) from pg_stat_activity where pid = {first}"
    assert wait_for(lambda: postgres.psql(gone) == "0")


def test_data_is_not_landed_through_an_adapter(warehouse: AdapterWarehouse):
    with (
        pytest.raises(WarehouseError, match="data is landed in DuckDB only"),
        warehouse.connect(read_only=False),
    ):
        pass


# --- what a user may not, or cannot -------------------------------------------------------------------


@pytest.fixture
def reader(postgres: PostgresServer, database: str) -> Iterator[str]:
    postgres.psql("create role reader login password 'x'")
    yield "reader"
    postgres.psql("drop owned by reader; drop role reader", DATABASE)


def test_only_what_the_role_may_read_is_listed(
    reader: str, postgres: PostgresServer, postgres_target: Callable[..., Target]
):
    postgres.psql(
        f"grant usage on schema raw_shop to {reader}; grant select on raw_shop.empty to {reader};"
        f" grant select (id, amount) on raw_shop.orders to {reader}",
        DATABASE,
    )

    found = open_target(postgres_target(DATABASE, user=reader, password="x")).relations()

    assert {r.name: r.column_names for r in found} == {"empty": ["x"], "orders": ["id", "amount"]}


@pytest.mark.long
def test_a_role_that_may_see_nothing_is_told_the_grant(reader: str, postgres_target: Callable[..., Target]):
    with pytest.raises(WarehouseError, match=r"may not look into any schema.*raw_shop") as caught:
        open_target(postgres_target(DATABASE, user=reader, password="x")).relations()

    assert "grant usage on schema raw_shop to" in caught.value.hint


def test_a_role_that_may_not_read_the_catalog_is_told_the_grant(
    reader: str, postgres: PostgresServer, postgres_target: Callable[..., Target]
):
    postgres.psql("revoke select on pg_catalog.pg_class from public", DATABASE)
    try:
        with pytest.raises(WarehouseError, match="may not read which tables there are") as caught:
            open_target(postgres_target(DATABASE, user=reader, password="x")).relations()
    finally:
        postgres.psql("grant select on pg_catalog.pg_class to public", DATABASE)

    assert "pg_catalog" in caught.value.hint


def test_a_missing_right_is_an_error_with_the_smallest_grant(
    reader: str, postgres: PostgresServer, postgres_target: Callable[..., Target]
):
    postgres.psql(f"grant usage on schema raw_shop to {reader}", DATABASE)
    warehouse = open_target(postgres_target(DATABASE, user=reader, password="x"))
    denied = pytest.raises(WarehouseError, match="permission denied for table orders")
    with warehouse.connect() as connection, denied as caught:
        connection.rows("select * from raw_shop.orders")

    assert caught.value.hint == "grant select on orders to reader"


@pytest.mark.long
def test_a_timeout_says_so(connection: AdapterConnection):
    connection.rows("set statement_timeout = 50")
    try:
        with pytest.raises(WarehouseError, match="gave up: canceling statement due to statement timeout"):
            connection.rows("select pg_sleep(5)")
    finally:
        connection.rows("set statement_timeout = 0")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"port": 1}, "cannot be reached"),
        pytest.param({"host": "nowhere.invalid"}, "cannot be reached", marks=pytest.mark.long),
        ({"password": "wrong"}, "does not let this user in"),
        pytest.param({"user": "nobody_here"}, "does not let this user in", marks=pytest.mark.long),
        pytest.param({"dbname": "nix"}, "there is no database called 'nix'", marks=pytest.mark.long),
        ({"port": "many"}, "not what dbt-postgres takes: 'port' must be: type integer"),
        ({"password": 1234567}, "not what dbt-postgres takes: 'password' must be: type string"),
    ],
)
def test_a_target_that_leads_nowhere_is_one_clear_error_without_the_password(
    postgres_target: Callable[..., Target], changed: dict[str, Any], says: str
):
    with pytest.raises(AidbtError, match=says) as caught:
        open_target(postgres_target(DATABASE, connect_timeout=3, retries=0) | changed).relations()

    assert caught.value.hint
    assert PASSWORD not in str(caught.value)
    assert "1234567" not in str(caught.value)
    assert isinstance(caught.value, WarehouseError | ProfileError)


@pytest.mark.long
def test_a_server_that_goes_away_is_an_error(connection: AdapterConnection, postgres: PostgresServer):
    [(pid,)] = connection.rows("select pg_backend_pid()")
    postgres.psql(f"select pg_terminate_backend({pid})")

    with pytest.raises(WarehouseError, match="cannot be reached"):
        connection.rows("select 1")


INTERRUPTED = """
import json, sys
from aidbt.warehouse import open_warehouse
target = json.loads(sys.argv[1])
with open_warehouse("postgres", schema="analytics", settings=target, tag="nap").connect() as connection:
    connection.rows("select pg_sleep(60)")
"""


def test_ctrl_c_cancels_the_statement_and_nothing_is_printed(
    database: str, postgres: PostgresServer, postgres_target: Callable[..., Target]
):
    asleep = (
        "select count(*) from pg_stat_activity where query like '/* aidbt%pg_sleep(60)%' and state = 'active'"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, json.dumps(postgres_target(database))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert wait_for(lambda: postgres.psql(asleep) == "1")
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()

    assert process.returncode == -signal.SIGINT
    assert out == ""
    assert err.strip().splitlines()[-1] == "KeyboardInterrupt"
    assert "psycopg2" not in err
    assert wait_for(lambda: postgres.psql(asleep) == "0")


def wait_for(is_so: Callable[[], bool], *, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def test_a_table_that_another_session_holds_is_listed_at_once_and_its_holder_is_known(
    database: str, postgres: PostgresServer, warehouse: AdapterWarehouse
):
    import psycopg2

    with contextlib.closing(psycopg2.connect(postgres.url(database), application_name="night load")) as other:
        cursor, pid = other.cursor(), other.info.backend_pid
        cursor.execute("lock table raw_shop.visits, raw_shop.empty in access exclusive mode")
        cursor.execute("select 1 from raw_shop.orders limit 1")
        with warehouse.connect() as connection:
            held = {f"{one.schema}.{one.table}": one for one in holders(connection)}
            waits = connection.rows("select current_setting('lock_timeout')")
            listed = {str(relation): relation for relation in warehouse.relations()}

    assert held["raw_shop.empty"].is_alone and not held["raw_shop.orders"].is_alone
    assert str(held["raw_shop.empty"]) == f"process {pid} of aidbt (night load)"
    assert waits == [("30s",)]
    assert listed["raw_shop.visits"].size_bytes is None and listed["raw_shop.empty"].columns
    assert listed["raw_shop.orders"].size_bytes
