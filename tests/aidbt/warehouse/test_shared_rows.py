"""The same rows of two tables, chosen by the hash of their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from aidbt.core.schema import Column, ColumnProfile, Relation, TableProfile
from aidbt.warehouse.dialects import DIALECTS
from aidbt.warehouse.duckdb import DuckDBConnection
from aidbt.warehouse.shared_rows import shared_rows
from tests.aidbt.warehouse.test_sql_on_servers import PostgresConnection


@pytest.fixture
def connection():
    with duckdb.connect() as raw:
        yield DuckDBConnection(raw)


def table(connection: DuckDBConnection, name: str, query: str) -> Relation:
    connection.raw.execute(f"create or replace table {name} as {query}")
    described = connection.rows(f"describe {name}")
    return Relation("main", name, tuple(Column(row[0], row[1]) for row in described))


def rows(connection, relation: Relation, *names: str, by: str, one_in=1, limit=2000, **lengths: float):
    figures = [ColumnProfile(name, "VARCHAR", 0, 1, mean_length=mean) for name, mean in lengths.items()]
    profile = TableProfile("main", relation.name, 1, 1, "", tuple(figures))
    return shared_rows(connection, relation, profile, names, by=by, one_in=one_in, limit=limit)


def test_two_tables_give_the_rows_of_the_same_keys_whatever_their_type_and_order(connection):
    left = table(connection, "l", "select i as id, i * 2 as twice from range(40000) r(i)")
    right = table(connection, "r", "select (39999 - i)::varchar as ref, 'x' || i as x from range(39000) r(i)")

    of_left = rows(connection, left, "id", "twice", by="id", one_in=20)
    of_right = rows(connection, right, "ref", by="ref", one_in=20)

    assert 1700 < len(of_left) <= 2000
    assert {row["ref"] for row in of_right} == {row["id"] for row in of_left if int(row["id"]) >= 1000}
    assert all(int(row["twice"]) == 2 * int(row["id"]) for row in of_left)


def test_who_asks_again_gets_the_same_rows_in_the_same_order(connection):
    relation = table(connection, "t", "select i as id from range(9000) r(i)")

    first, again = (rows(connection, relation, "id", by="id", one_in=2, limit=50) for _ in range(2))

    assert first == again
    assert len(first) == 50


def test_values_are_texts_and_null_is_none(connection):
    relation = table(
        connection,
        "t",
        "select 1 as id, true as flag, date '2026-01-31' as day, 1.50::decimal(9,2) as price, null::int as n,"
        " {'a': 1} as nested",
    )

    found = rows(connection, relation, "id", "flag", "day", "price", "n", "nested", "missing", by="id")

    assert found == [{"id": "1", "flag": "true", "day": "2026-01-31", "price": "1.50", "n": None}]


def test_only_the_latest_batch_counts(connection):
    connection.raw.execute("create table _aidbt_loads (table_name varchar, batch_id varchar)")
    connection.raw.execute("insert into _aidbt_loads values ('t', 'b1'), ('t', 'b2')")
    relation = table(
        connection, "t", "select 7 as id, b as _aidbt_batch_id from (values ('b1'), ('b2')) v(b)"
    )

    assert rows(connection, relation, "id", "_aidbt_batch_id", by="id") == [
        {"id": "7", "_aidbt_batch_id": "b2"}
    ]


def test_of_very_long_texts_fewer_rows_are_fetched(connection):
    relation = table(connection, "t", "select i as id, 'long' as story from range(300) r(i)")

    assert len(rows(connection, relation, "id", "story", by="id", story=1_000_000.0)) == 50


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(-(10**6), 10**6), max_size=60), st.integers(1, 9))
def test_the_parts_of_a_table_are_chosen_by_the_keys_alone(keys: set[int], one_in: int):
    with duckdb.connect() as raw:
        connection = DuckDBConnection(raw)
        values = ", ".join(f"({key})" for key in sorted(keys)) or "(null)"
        whole = table(
            connection, "whole", f"select k::bigint as k from (values {values}) v(k) where k is not null"
        )
        half = table(connection, "half", "select k from whole where k % 2 = 0")

        of_whole = rows(connection, whole, "k", by="k", one_in=one_in)
        of_half = rows(connection, half, "k", by="k", one_in=one_in)

    assert of_half == [row for row in of_whole if int(row["k"]) % 2 == 0]


class Asked:
    """A connection in any dialect that remembers what it was asked and knows nothing."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.asked: list[str] = []

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        return []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_is_asked_one_statement_that_it_can_read(dialect: str):
    connection = Asked(dialect)
    relation = Relation("main", "t", (Column("a", "bigint"), Column("b", "boolean")))

    assert rows(connection, relation, "a", "b", by="a", one_in=7) == []

    [sql] = connection.asked
    parsed = sqlglot.parse_one(sql, read=dialect)
    assert parsed.find(exp.Order) is not None
    assert parsed.args["limit"].expression.name == "2000"


def test_a_warehouse_whose_sql_is_not_known_is_asked_nothing():
    connection = Asked("oracle")

    assert rows(connection, Relation("main", "t", (Column("a", "bigint"),)), "a", by="a") == []
    assert connection.asked == []


def test_postgres_gives_the_rows_of_the_same_keys_too(postgres):
    connection = PostgresConnection(postgres.create_database("shared_rows"))
    connection.rows("create table l as select i as id, i % 2 = 0 as even from generate_series(1, 5000) i")
    connection.rows(
        "create table r as select i::text as ref, i * 1.5 as x from generate_series(2001, 5000) i"
    )
    left = Relation("public", "l", (Column("id", "integer"), Column("even", "boolean")))
    right = Relation("public", "r", (Column("ref", "text"), Column("x", "numeric")))

    of_left = rows(connection, left, "id", "even", by="id", one_in=10)
    of_right = rows(connection, right, "ref", "x", by="ref", one_in=10)
    connection.raw.close()

    assert 300 < len(of_left) < 700
    assert [row["ref"] for row in of_right] == [row["id"] for row in of_left if int(row["id"]) > 2000]
    assert all(row["even"] == ("true" if int(row["id"]) % 2 == 0 else "false") for row in of_left)
