"""The SQL that staging keeps for reading values means the same on every server that is here."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
import sqlglot

from aidbt.core.errors import WarehouseError
from aidbt.core.schema import Column, MappedColumn, Mapping, Relation, RowRule
from aidbt.core.types import type_name
from aidbt.generate.questions.nested_sql import list_in, read_field, read_key
from aidbt.generate.questions.value_sql import (
    choice,
    in_cents,
    only_like,
    read_date,
    read_epoch,
    read_money,
    without_words,
)
from aidbt.generate.staging import staging_sql
from aidbt.warehouse.dialects import DIALECTS
from aidbt.warehouse.documents import rows_lost_by_reading
from aidbt.warehouse.value_forms import pattern_of
from tests.aidbt.warehouse.conftest import open_target

CASES = [
    ("date", "'03/04/2021'", date(2021, 4, 3), "%d/%m/%Y"),
    ("date", "'3/4/2021'", date(2021, 3, 4), "%m/%d/%Y"),
    ("date", "'3.4.2021 9:05'", datetime(2021, 4, 3, 9, 5), "%d.%m.%Y %H:%M"),
    ("date", "'12-31-2021 23:59:58'", datetime(2021, 12, 31, 23, 59, 58), "%m-%d-%Y %H:%M:%S"),
    ("date", "'3 Apr 2021'", date(2021, 4, 3), "%d %b %Y"),
    ("date", "'3-Apr-2021'", date(2021, 4, 3), "%d-%b-%Y"),
    ("date", "'April 3, 2021'", date(2021, 4, 3), "%B %d, %Y"),
    ("date", "nullif('N/A', 'N/A')", None, "%d/%m/%Y"),
    ("epoch", "cast(1600000001 as bigint)", datetime(2020, 9, 13, 12, 26, 41), "seconds"),
    ("epoch", "cast(1600000001500 as bigint)", datetime(2020, 9, 13, 12, 26, 41, 500_000), "milliseconds"),
    ("epoch", "cast(1600000001500000 as bigint)", datetime(2020, 9, 13, 12, 26, 41, 500_000), "microseconds"),
    ("money", "'$1,234.50'", Decimal("1234.50"), "."),
    ("money", "'1.234,50 €'", Decimal("1234.50"), ","),
    ("money", "'(12.00)'", Decimal("-12.00"), "."),
    ("cents", "1999", Decimal("19.99"), ""),
    ("cents", "cast(-5 as bigint)", Decimal("-0.05"), ""),
    ("choice", "'Y'", True, ""),
    ("choice", "'n'", False, ""),
    ("choice", "'perhaps'", None, ""),
    ("like", "'-42'", "-42", "whole number"),
    ("like", "'12.505'", "12.505", "number"),
    ("like", "'2026-02-28'", "2026-02-28", "iso date"),
    ("like", "'tall'", None, "number"),
    ("like", "'007'", None, "whole number"),
    ("words", "' N/A'", None, ""),
    ("words", "'it is'", "it is", ""),
    ("key", '\'{"a": {"b": "x y"}}\'', "x y", ""),
]


def expression(kind: str, value: str, how: str, dialect: str) -> str | None:
    """The SQL of one case."""
    if kind == "date":
        return read_date(value, how, dialect)
    if kind == "epoch":
        return read_epoch(value, how, dialect)
    if kind == "money":
        number = read_money(value, how, dialect, negative_in_brackets=True)
        return f"cast({number} as {type_name('decimal(18, 2)', dialect)})"
    if kind == "cents":
        return f"cast({in_cents(value)} as {type_name('decimal(18, 2)', dialect)})"
    if kind == "choice":
        return choice(value, "y", "n", dialect, is_text=True)
    if kind == "like":
        return only_like(value, pattern_of(how), dialect)
    if kind == "words":
        return without_words(f"trim({value})", ["N/A", "null"], dialect)
    return read_key(Column("c", "text"), ("a", "b"), dialect)


def selected(dialect: str) -> str:
    columns = [
        f"{expression(kind, value, how, dialect)} as c{number}"
        for number, (kind, value, _, how) in enumerate(CASES)
    ]
    document = next(value for kind, value, _, _ in CASES if kind == "key")
    return f"select {', '.join(columns)} from (select {document} as c) as t"


EXPECTED = [value for _, _, value, _ in CASES]


def test_duckdb_reads_them():
    assert duckdb.sql(selected("duckdb")).fetchall() == [tuple(EXPECTED)]


@pytest.mark.long
def test_postgres_reads_them(postgres, postgres_target):
    postgres.create_database("value_sql")
    with open_target(postgres_target("value_sql")).connect() as connection:
        (row,) = connection.rows(selected("postgres"))

    assert list(row) == EXPECTED


@pytest.mark.long
def test_spark_reads_them(spark_target):
    with open_target(spark_target).connect() as connection:
        (row,) = connection.rows(selected("spark"))
        (field,) = connection.rows(
            "select " + read_field("s", ("geo", "lat"), "spark") + " as lat from"
            " (select named_struct('geo', named_struct('lat', 1.5D)) as s) as t"
        )

    assert list(map(plain, row)) == EXPECTED
    assert field == (1.5,)


# --- the items of lists -------------------------------------------------------------------------------


def items_sql(dialect: str, data_type: str) -> str:
    """A staging model of the items of a JSON list, on a table `docs` with a document in each row."""
    column = Column("doc", data_type)
    mapping = Mapping(
        "s",
        "docs",
        (
            MappedColumn("id", ("id",)),
            MappedColumn("item_index", ("item_index",)),
            MappedColumn("sku", ("item",), expression=read_key(Column("item", "json"), ("sku",), dialect)),
        ),
        items="doc.lines",
        list_sql=list_in(column, ("lines",), dialect, is_json=True),
        row_rules=(RowRule("latest_row", keys=("id",), order_by="version"),),
    )
    text = staging_sql(mapping, source_table="docs", loads=False, dialect=dialect)
    return text.replace("{{ source('s', 'docs') }}", f"({documents(data_type)}) as docs")


def documents(data_type: str) -> str:
    rows = [
        (1, 1, '{"lines": [{"sku": "old"}]}'),
        (1, 2, '{"lines": [{"sku": "a"}, {"sku": "b"}]}'),
        (2, 1, '{"lines": []}'),
        (3, 1, "{}"),
    ]
    selects = [f"select {n} as id, {v} as version, cast('{doc}' as {data_type}) as doc" for n, v, doc in rows]
    return " union all ".join(selects)


ITEMS = [(1, 1, "a"), (1, 2, "b")]


def test_duckdb_lists_the_items_of_json():
    for data_type in ("json", "varchar"):
        assert sorted(duckdb.sql(items_sql("duckdb", data_type)).fetchall()) == ITEMS


@pytest.mark.long
def test_postgres_lists_the_items_of_json(postgres, postgres_target):
    postgres.create_database("items_sql")
    with open_target(postgres_target("items_sql")).connect() as connection:
        for data_type in ("jsonb", "json", "text"):
            assert sorted(connection.rows(items_sql("postgres", data_type))) == ITEMS


@pytest.mark.long
def test_spark_lists_the_items_of_json(spark_target):
    with open_target(spark_target).connect() as connection:
        assert sorted(map(tuple, connection.rows(items_sql("spark", "string")))) == ITEMS


def lost(connection: Any, dialect: str, data_type: str, broken: str = "{}") -> list[int | None]:
    """Rows that lose a value by reading two keys of a document as numbers, and the items of a list."""
    column = Column("doc", data_type)
    connection.rows("create schema if not exists reading")
    connection.rows("drop table if exists reading.docs")
    rows = ['{"a": 1, "b": 2, "l": [{"n": 1}, {"n": "x"}]}', '{"a": 3, "b": "x", "l": [{"n": 2}]}', broken]
    written = " union all ".join(f"select cast('{row}' as {data_type}) as doc" for row in rows)
    connection.rows(f"create table reading.docs as {written}")
    relation = Relation("reading", "docs", (column,))
    keys = [(read_key(column, (key,), dialect), "bigint") for key in "ab"]
    found = rows_lost_by_reading(connection, relation, [*keys, (keys[0][0], "")])
    item = (read_key(Column("item", "json"), ("n",), dialect), "bigint")
    items = rows_lost_by_reading(
        connection, relation, [item], list_sql=list_in(column, ("l",), dialect, is_json=True)
    )
    return [*(found.get(pair) for pair in [*keys, (keys[0][0], "")]), items.get(item)]


class DuckDB:
    dialect = "duckdb"

    def __init__(self) -> None:
        self._connection = duckdb.connect()

    def rows(self, sql: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(sql).fetchall()
        except duckdb.Error as error:
            raise WarehouseError(str(error)) from error


@pytest.mark.parametrize("data_type", ["json", "varchar"])
def test_duckdb_says_what_reading_json_would_lose(data_type):
    assert lost(DuckDB(), "duckdb", data_type) == [0, 1, 0, 1]


@pytest.mark.long
def test_postgres_says_what_reading_json_would_lose(postgres, postgres_target):
    postgres.create_database("reading")
    with open_target(postgres_target("reading")).connect() as connection:
        for data_type in ("jsonb", "json", "text"):
            assert lost(connection, "postgres", data_type) == [0, 1, 0, 1]
        assert lost(connection, "postgres", "text", broken="no json") == [None, None, None, None]


def test_text_that_is_no_json_proves_nothing():
    assert lost(DuckDB(), "duckdb", "varchar", broken="no json") == [None, None, None, None]


@pytest.mark.long
def test_spark_says_what_reading_json_would_lose(spark_target):
    with open_target(spark_target).connect() as connection:
        assert lost(connection, "spark", "string", broken="no json") == [0, 1, 0, 1]


def plain(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_can_parse_its_words(dialect):
    sqlglot.parse_one(selected(dialect), dialect=dialect)
    for form in ("%d/%m/%Y", "%d %b %Y", "%m-%d-%Y %H:%M:%S"):
        lenient = read_date("c", form, dialect, or_null=True)
        assert (lenient is None) == (dialect in ("postgres", "redshift"))
        if lenient is not None:
            sqlglot.parse_one(f"select {lenient}", dialect=dialect)


def test_short_years_are_not_read_where_they_would_all_be_of_this_century():
    assert read_date("c", "%d/%m/%y", "spark") is None
    read = read_date("'03/04/99'", "%d/%m/%y", "duckdb")
    assert duckdb.sql(f"select {read}").fetchall() == [(date(1999, 4, 3),)]
