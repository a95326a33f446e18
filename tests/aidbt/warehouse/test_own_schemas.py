"""Tables copied into schemas of ours, and these dropped with all they hold, on real engines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aidbt.core.schema import Relation
from aidbt.warehouse import Warehouse, open_warehouse
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.schemas import Copy, copy_tables, drop_schemas
from tests.kit import PostgresServer


def test_a_copy_takes_further_rows_and_goes_with_its_schema(tmp_path: Path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute('create table "Or ders" as select range as id from range(3)')
    warehouse = DuckDBWarehouse(path)

    copy_tables(warehouse, [Copy(Relation("main", "Or ders"), "aidbt_1_", "Or ders")])

    _check(warehouse, "Or ders", 3)


@pytest.mark.long
def test_on_postgres_too(postgres: PostgresServer, postgres_target: Callable[..., dict[str, Any]]):
    postgres.create_database("own_schemas")
    postgres.psql("create table orders as select 1 as id", "own_schemas")
    target = postgres_target("own_schemas", schema="public")
    warehouse = open_warehouse("postgres", schema="public", settings=target)

    copy_tables(warehouse, [Copy(Relation("public", "orders"), "aidbt_1_", "orders")])

    _check(warehouse, "orders", 1)


@pytest.mark.long
def test_on_spark_in_the_format_of_the_table(spark_target: dict[str, Any]):
    warehouse = open_warehouse("spark", schema="own_schemas", settings=spark_target)
    with warehouse.connect() as connection:
        connection.rows("create schema if not exists own_schemas")
        connection.rows("create table own_schemas.orders using parquet as select 1 as id, 2 as day")

    orders = Relation("own_schemas", "orders")
    copy_tables(warehouse, [Copy(orders, "aidbt_1_", "orders", "parquet", ("day",))])

    _check(warehouse, "orders", 1)


def _check(warehouse: Warehouse, name: str, rows: int) -> None:
    quote = "`" if warehouse.dialect == "spark" else '"'
    with warehouse.connect() as connection:
        assert connection.rows(f"select count(*) from aidbt_1_.{quote}{name}{quote}") == [(rows,)]
    assert drop_schemas(warehouse, [("", "aidbt_1_"), ("", "aidbt_never_there_")]) == []
    assert "aidbt_1_" not in {relation.schema for relation in warehouse.relations()}
