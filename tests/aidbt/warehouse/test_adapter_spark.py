"""A real Spark through dbt's adapter: what is listed, what is refused. Starting it takes some seconds."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from aidbt.core.errors import WarehouseError
from aidbt.sql.identifiers import quote_identifier, quote_text
from aidbt.warehouse.adapter import AdapterConnection, AdapterWarehouse
from tests.aidbt.warehouse.conftest import Target, open_target

pytestmark = pytest.mark.long

SHOP = [
    "create schema raw_shop",
    "create table raw_shop.orders (id bigint comment 'its number', `Order Ref` string,"
    " lines array<struct<a: int>>, amount decimal(12, 2), day date)"
    " using parquet partitioned by (day) comment 'What people bought.'",
    "insert into raw_shop.orders"
    " select id, 'x', array(named_struct('a', 1)), id / 4, date '2024-01-02' from range(8)",
    "create view raw_shop.big_orders as select id from raw_shop.orders where amount > 1",
    "create temporary view temporary_one as select 1 as x",
]
NAMES = ["Order", "a`b", "a\\b", "größe", "1st", "a b", "select", "Left", "'", "{{ x }}"]
TEXTS = ["it's", "back\\slash", "two\\\\", "new\nline", '"', "100%", "\\'", ""]


@pytest.fixture(scope="module")
def warehouse(spark_target: Target) -> AdapterWarehouse:
    return open_target(spark_target, tag="generate")


@pytest.fixture(scope="module")
def connection(warehouse: AdapterWarehouse) -> Iterator[AdapterConnection]:
    """Opened once, and nothing of it reaches the terminal."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warehouse.connect() as opened:
        for statement in SHOP:
            opened.rows(statement)
        yield opened
    assert said.getvalue() == ""


def test_tables_are_listed_with_types_comments_and_sizes_and_rows_once_analysed(
    warehouse: AdapterWarehouse, connection: AdapterConnection
):
    found = {str(relation): relation for relation in warehouse.relations()}
    orders = found["raw_shop.orders"]

    assert {name: relation.kind for name, relation in found.items()} == {
        "raw_shop.big_orders": "view",
        "raw_shop.orders": "table",
    }
    assert [(c.name, c.data_type, c.description) for c in orders.columns] == [
        ("id", "bigint", "its number"),
        ("Order Ref", "string", ""),
        ("lines", "array<struct<a:int>>", ""),
        ("amount", "decimal(12,2)", ""),
        ("day", "date", ""),
    ]
    assert (orders.description, orders.partitioned_by) == ("What people bought.", "day")
    assert orders.row_count is None
    assert orders.size_bytes > 0
    assert (found["raw_shop.big_orders"].size_bytes, found["raw_shop.big_orders"].version) == (None, "")

    connection.rows("analyze table raw_shop.orders compute statistics")
    [analysed] = [r for r in warehouse.relations() if r.name == "orders"]
    assert analysed.row_count == 8


def test_the_version_changes_with_the_files_of_a_table(
    warehouse: AdapterWarehouse, connection: AdapterConnection
):
    def version() -> str:
        return next(r.version for r in warehouse.relations() if r.name == "orders")

    before = version()
    assert before and version() == before
    connection.rows("insert into raw_shop.orders select * from raw_shop.orders limit 1")
    assert version() != before


def test_values_come_as_they_are(connection: AdapterConnection):
    [row] = connection.rows("select '007', 7L, cast(1.5 as decimal(4, 2)), true, null, date '2024-01-02'")

    assert row == ("007", 7, Decimal("1.50"), True, None, date(2024, 1, 2))


def test_names_and_texts_are_read_back(connection: AdapterConnection):
    columns = ", ".join(f"1 as {quote_identifier(name, 'spark')}" for name in NAMES)
    table = quote_identifier(NAMES[0], "spark")
    [row] = connection.rows(f"select {table}, struct(*) from (select {columns})")
    assert list(row[1].asDict()) == NAMES

    [texts] = connection.rows(f"select {', '.join(quote_text(text, 'spark') for text in TEXTS)}")
    assert list(texts) == TEXTS
    assert connection.rows("select ?, ?", ["it's", "back\\slash"]) == [("it's", "back\\slash")]


def test_every_keyword_stands_where_a_name_stands(connection: AdapterConnection):
    words = [word for (word,) in connection.rows("select keyword from sql_keywords()")]
    written = [quote_identifier(word.lower(), "spark") for word in words]

    inner = ", ".join(f"{number} as {name}" for number, name in enumerate(written))
    [row] = connection.rows(f"select {', '.join(written)} from (select {inner})")

    assert [word for number, word in enumerate(words) if row[number] != number] == []
    assert len(words) > 300


def test_a_refused_statement_is_one_line_and_leaves_the_connection_usable(connection: AdapterConnection):
    with pytest.raises(WarehouseError, match=r"spark refused: \[TABLE_OR_VIEW_NOT_FOUND\]") as caught:
        connection.rows("select * from nix.nix")
    with pytest.raises(WarehouseError, match="broken on purpose"):
        connection.rows("select raise_error('broken on purpose')")

    assert "\n" not in caught.value.message
    assert connection.rows("select 1") == [(1,)]


def test_the_session_is_in_utc_meanwhile_and_then_as_before(
    spark_target: Target, connection: AdapterConnection
):
    from pyspark.sql import SparkSession

    assert connection.rows("select current_timezone()") == [("UTC",)]
    session = SparkSession.builder.getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    try:
        with open_target(spark_target).connect() as second:
            assert second.rows("select current_timezone()") == [("UTC",)]
        assert session.conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"
    finally:
        session.conf.set("spark.sql.session.timeZone", "UTC")
