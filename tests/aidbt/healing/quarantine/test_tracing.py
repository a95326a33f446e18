"""What a query gives in the words of one relation that it reads."""

from __future__ import annotations

import pytest

from aidbt.healing.quarantine.tracing import Traced, trace

COLUMNS = ("id", "amount", "status")


def traced(sql: str) -> Traced | None:
    return trace(sql, "duckdb", COLUMNS, lambda table: (table.db, table.name) == ("raw", "payments"))


@pytest.mark.parametrize(
    ("sql", "column", "is_made_of"),
    [
        ("select amount as a from raw.payments", "a", '"amount"'),
        (
            "with s as (select * from raw.payments), r as (select cast(s.amount as int) as a from s)"
            " select * from r",
            "a", 'CAST("amount" AS INT)',
        ),
        ("select p.amount + 1 as a from raw.payments as p join o on o.id = p.id", "a", '"amount" + 1'),
        ("select id * 2 as a from (select id + 1 as id from raw.payments)", "a", '("id" + 1) * 2'),
        ("select * from o union all select * from raw.payments", "amount", '"amount"'),
        ("select x as a from o union all select amount from raw.payments", "a", '"amount"'),
        (
            "select x as a, y as b from o union all by name select id as b, amount as a from raw.payments",
            "a", '"amount"',
        ),
        ("select * exclude (id) replace (id + 1 as status) from raw.payments", "status", '"id" + 1'),
        ("select status as a, count(*) as n from raw.payments group by 1", "a", '"status"'),
    ],
)  # fmt: skip
def test_a_column_is_followed_to_the_relation(sql: str, column: str, is_made_of: str):
    found = traced(sql)

    assert found is not None
    expression = found.column(column)
    assert expression is not None and expression.sql("duckdb") == is_made_of


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(amount) as a from raw.payments",
        "select row_number() over (order by id) as a from raw.payments",
        "select o.a from raw.payments join o using (id)",
        "select (select max(x) from o) as a from raw.payments",
        "select b as a from raw.payments join o using (id)",
    ],
)
def test_what_is_made_of_more_than_one_row_has_no_expression(sql: str):
    found = traced(sql)
    assert found is not None and found.column("a") is None


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 as a", "select * from raw.other", "select a.id from raw.payments a, raw.payments b",
        "select * from raw.payments union all select * from raw.payments", "selec * from", "",
    ],
)  # fmt: skip
def test_a_query_that_does_not_read_it_once_is_not_traced(sql: str):
    assert traced(sql) is None


def test_filters_of_all_levels_are_told_in_the_words_of_the_relation():
    found = traced(
        "select a from (select id as a, status from raw.payments where amount > 1)"
        " where a < 3 and status is null"
    )

    assert found is not None
    assert [item.sql("duckdb") for item in found.filters] == ['"amount" > 1', '"id" < 3', '"status" IS NULL']
    assert found.says_all and found.keeps_rows


@pytest.mark.parametrize(
    ("sql", "says_all", "keeps_rows"),
    [
        ("select id from raw.payments where id in (select id from o)", False, True),
        ("select id from raw.payments qualify row_number() over (partition by id) = 1", False, False),
        ("select distinct id from raw.payments", True, False),
        ("select id from raw.payments limit 3", False, False),
        ("select p.id from raw.payments p join o on o.id = p.id", False, False),
        ("select id from raw.payments union select id from o", True, False),
    ],
)
def test_it_is_known_what_else_leaves_rows_out(sql: str, says_all: bool, keeps_rows: bool):
    found = traced(sql)
    assert found is not None and (found.says_all, found.keeps_rows) == (says_all, keeps_rows)
