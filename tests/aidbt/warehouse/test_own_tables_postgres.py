"""Our tables in a warehouse that several processes write at once."""

from __future__ import annotations

import threading
import time

import psycopg2
import pytest

from aidbt.warehouse.adapter import AdapterWarehouse
from aidbt.warehouse.own_tables import OwnTable, read_rows, replace_rows
from tests.kit import PASSWORD, USER, PostgresServer

TABLE = OwnTable("ours", {"node": "text", "high": "double"}, "node")
_WAITING = "select count(*) from pg_locks where not granted"


@pytest.fixture
def shop(postgres: PostgresServer) -> AdapterWarehouse:
    postgres.create_database("own_tables")
    target = {"host": "127.0.0.1", "port": postgres.port, "user": USER, "dbname": "own_tables", "threads": 1}
    return AdapterWarehouse("postgres", {**target, "schema": "main", "password": PASSWORD}, schema="main")


@pytest.mark.long
def test_rows_that_two_replace_at_once_are_there_once(shop: AdapterWarehouse, postgres: PostgresServer):
    replace_rows(shop, TABLE, [["orders", 1.0], ["items", 1.0]])
    second = threading.Thread(
        target=replace_rows, args=(shop, TABLE, [["orders", 3.0]]), kwargs={"parts": ["orders"]}
    )
    with psycopg2.connect(postgres.url("own_tables")) as connection, connection.cursor() as first:
        first.execute("delete from main.ours where node = 'orders'")
        first.execute("insert into main.ours values ('orders', 2.0)")
        second.start()
        deadline = time.monotonic() + 30
        while postgres.psql(_WAITING).strip() == "0":
            assert second.is_alive() and time.monotonic() < deadline
            time.sleep(0.01)
    connection.close()  # the end of its block has committed
    second.join(30)

    with shop.connect() as connection:
        assert sorted(read_rows(connection, "main", TABLE) or ()) == [("items", 1.0), ("orders", 3.0)]
