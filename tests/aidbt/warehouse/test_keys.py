"""Pairs and triples of columns as keys: proven on every row, and asked of few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest

from aidbt.core.schema import Column, ColumnProfile, Relation
from aidbt.warehouse.duckdb import DuckDBConnection
from aidbt.warehouse.keys import composite_keys, is_composite_key
from aidbt.warehouse.rows import Rows


class Counted(DuckDBConnection):
    """A connection that remembers what was asked."""

    def __init__(self, raw: duckdb.DuckDBPyConnection) -> None:
        super().__init__(raw)
        self.asked: list[str] = []

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        return super().rows(sql, parameters)


@pytest.fixture
def connection() -> Counted:
    return Counted(duckdb.connect())


def profiled(connection: Counted, query: str) -> tuple[Rows, list[ColumnProfile], int]:
    """A table made by a query, with the figures that the search for keys reads."""
    connection.raw.execute(f"create or replace table t as {query}")
    described = connection.raw.execute("describe t").fetchall()
    count = connection.raw.execute("select count(*) from t").fetchall()[0][0]
    profiles = []
    for name, data_type, *_ in described:
        figures = f'count(distinct "{name}"), count(*) - count("{name}"), max(length("{name}"::varchar))'
        distinct, nulls, longest = connection.raw.execute(f"select {figures} from t").fetchall()[0]
        is_code = data_type == "VARCHAR" and distinct <= 20
        profiles.append(
            ColumnProfile(
                name,
                data_type,
                null_rate=nulls / count if count else 0.0,
                distinct_count=distinct,
                max_length=longest,
                formats={"code": 1.0} if is_code else {},
            )
        )
    relation = Relation("main", "t", tuple(Column(p.name, p.data_type) for p in profiles))
    return Rows(connection, relation, None), profiles, count


@pytest.mark.parametrize(
    ("query", "key"),
    [
        # The lines of orders.
        (
            "select i // 3 as order_id, i % 3 as line_number, i * 1.5 as amount from range(600) r(i)",
            ("order_id", "line_number"),
        ),
        # A bridge table: neither of the two counts within the other.
        (
            "select i % 40 as student_id, i // 40 as course_id, hash(i) % 5 as points from range(800) r(i)",
            ("student_id", "course_id"),
        ),
        # A daily figure per code.
        (
            "select date '2026-01-01' + (i // 7)::int as day_date, 'c' || (i % 7) as store_code, i as visits"
            " from range(700) r(i)",
            ("day_date", "store_code"),
        ),
        # Names with spaces and capitals.
        ('select i // 5 as "Order Id", i % 5 as "Line No" from range(500) r(i)', ("Order Id", "Line No")),
        # Three are needed.
        (
            "select i // 8 as order_id, i // 2 % 4 as line_number, i % 2 as version from range(800) r(i)",
            ("order_id", "line_number", "version"),
        ),
    ],
)
def test_columns_that_are_a_key_together_are_found(connection, query, key):
    assert composite_keys(*profiled(connection, query)) == (key,)


@pytest.mark.parametrize(
    ("why", "columns"),
    [
        ("a part may be null", "i // 3 as order_id, nullif(i % 3, 2) as line_number from range(600) r(i)"),
        ("too few rows", "i // 3 as order_id, i % 3 as line_number from range(12) r(i)"),
        ("measures", "i // 3 as amount, i % 3 as quantity, i // 3 as price from range(600) r(i)"),
        ("free text", "'text ' || (i // 3) as body, 'part ' || (i % 3) as title from range(600) r(i)"),
        ("floats", "(i // 3)::double as a_id, (i % 3)::double as b_id from range(600) r(i)"),
        ("unique by chance", "hash(i) % 900 as buyer_id, hash(i + 50) % 900 as ad_id from range(60) r(i)"),
        (
            "one row twice",
            "i // 3 as order_id, i % 3 as line_number from range(600) r(i) union all select 7, 1",
        ),
    ],
)
def test_what_is_no_key_is_not_taken_for_one(connection, why, columns):
    assert composite_keys(*profiled(connection, f"select {columns}")) == (), why


def test_at_most_a_handful_of_combinations_is_compared_on_every_row(connection):
    ids = ", ".join(f"hash(i + {n * 1000}) % 37 as c{n}_id" for n in range(12))
    rows, profiles, count = profiled(connection, f"select {ids} from range(900) r(i)")
    connection.asked.clear()

    assert composite_keys(rows, profiles, count) == ()

    assert len(connection.asked) <= 7


def test_what_repeats_in_a_sample_is_not_asked_of_all_rows(connection):
    rows, profiles, count = profiled(
        connection, "select i % 20 as a_id, i % 21 as b_id, i // 20 as c_no from range(450) r(i)"
    )
    connection.asked.clear()

    found = composite_keys(rows, profiles, count, repeats_in_sample=lambda names: names == ("a_id", "b_id"))

    assert found == (("a_id", "c_no"),)
    assert len(connection.asked) == 1


def test_a_decision_looks_at_every_row_again(connection):
    rows, _, _ = profiled(connection, "select i // 3 as order_id, i % 3 as line_number from range(600) r(i)")
    assert is_composite_key(connection, rows.relation, ["order_id", "line_number"])

    connection.raw.execute("insert into t values (null, 1)")
    assert not is_composite_key(connection, rows.relation, ["order_id", "line_number"])

    connection.raw.execute("delete from t where order_id is null; insert into t values (3, 1)")
    assert not is_composite_key(connection, rows.relation, ["order_id", "line_number"])


def test_only_the_latest_batch_of_a_bronze_table_counts(connection):
    connection.raw.execute("create table _aidbt_loads (table_name varchar, batch_id varchar)")
    connection.raw.execute("insert into _aidbt_loads values ('t', 'b1'), ('t', 'b2')")
    rows, _, _ = profiled(
        connection,
        "select i // 3 as order_id, i % 3 as line_number, 'b' || b as _aidbt_batch_id"
        " from range(60) r(i), (values (1), (2)) l(b)",
    )

    assert is_composite_key(connection, rows.relation, ["order_id", "line_number"])
