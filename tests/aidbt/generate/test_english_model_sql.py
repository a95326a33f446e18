"""The text of a model from English: steps that a person reads, in the project's style."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from aidbt.generate.english_models.decisions import column_words
from aidbt.generate.english_models.model_sql import CLOCK, model_sql, reads_clock
from aidbt.generate.english_models.places import with_column_names
from aidbt.generate.english_models.steps import model_steps
from aidbt.generate.sql_style import SqlStyle
from aidbt.generate.templates import render
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.planning.rendering import render_query
from aidbt.semantic.query import (
    All,
    Attribute,
    Comparison,
    Exists,
    Grain,
    InPeriod,
    Measure,
    Missing,
    Not,
    Order,
    Output,
    OutputRef,
    SemanticQuery,
    TimePoint,
    Value,
)
from aidbt.sql.identifiers import quote_identifier
from tests.aidbt.generate.english_shop import (
    AMOUNT,
    CALLS,
    COUNTRY,
    IS_PAID,
    MONTH,
    NAME,
    PAID,
    PLACED,
    REVENUE,
    SHOP,
    grouped,
)
from tests.aidbt.semantic import telling_queries as telling

YEAR = InPeriod(PLACED, TimePoint(dt.datetime(2013, 1, 1)), TimePoint(dt.datetime(2014, 1, 1)))
PAST_30_DAYS = InPeriod(PLACED, TimePoint(cut_to=Grain.DAY, shift=-30))


def text(query: SemanticQuery, *, dialect: str = "duckdb", style: SqlStyle | None = None, **more) -> str:
    return model_sql(model_steps(query, SHOP, dialect), CALLS, dialect=dialect, style=style, **more)


def test_a_model_imports_the_columns_it_reads_and_ends_in_final():
    query = grouped(
        (NAME, "name"), (MONTH, "month"), measures={"revenue": REVENUE}, where=All((IS_PAID, YEAR))
    )

    assert (
        text(query, config=["materialized='table'"])
        == """\
{{
    config(
        materialized='table'
    )
}}

with customers as (

    select
        id,
        name
    from {{ ref('stg_customers') }}

),

orders as (

    select
        customer_id,
        amount,
        status,
        placed_at
    from {{ ref('stg_orders') }}

),

final as (

    select
        customers.name,
        date_trunc('month', orders.placed_at) as month,
        sum(orders.amount) as revenue
    from orders
    inner join customers
        on orders.customer_id = customers.id
    where
        orders.status = 'paid'
        and orders.placed_at >= cast('2013-01-01 00:00:00' as timestamp)
        and orders.placed_at < cast('2014-01-01 00:00:00' as timestamp)
    group by
        customers.name,
        date_trunc('month', orders.placed_at)

)

select * from final
"""
    )


def test_measures_of_two_tables_are_steps_named_after_what_they_group():
    query = grouped((NAME, "name"), measures={"revenue": REVENUE, "paid": PAID})

    sql = text(query)

    assert "orders_grouped as (" in sql
    assert "payments_grouped as (" in sql
    assert "coalesce(orders_grouped.revenue, 0) as revenue" in sql
    assert "from {{ source('till', 'payments') }}" in sql
    assert " g1" not in sql
    assert " m1" not in sql


def test_a_step_that_reads_one_table_needs_no_qualifiers():
    query = grouped((COUNTRY, "country"), measures={"customers": Measure("count", "customers")})

    assert """
    select
        country,
        count(*) as customers
    from customers
    group by country
""" in text(query)


def test_a_column_that_has_the_name_of_another_keeps_its_qualifier():
    query = grouped(
        (Attribute("orders", "status"), "amount"), measures={"status": Measure("max", "orders", AMOUNT)}
    )

    assert "orders.status as amount" in text(query)


def test_rows_without_others_are_read_by_not_exists_and_seen_from_the_day_of_the_build():
    query = SemanticQuery(
        (Output(NAME, "name"),),
        base="customers",
        where=All((Not(Exists("orders", where=PAST_30_DAYS)), Missing(COUNTRY))),
    )

    steps = model_steps(query, SHOP, "duckdb")
    sql = model_sql(steps, CALLS, dialect="duckdb")

    assert reads_clock(steps)
    assert "not exists (" in sql
    assert f"cast({CLOCK} as date)" in sql
    assert "current_date" not in sql


def test_an_order_stays_only_where_a_limit_needs_it():
    ordered = grouped(
        (NAME, "name"), measures={"revenue": REVENUE}, order_by=(Order(OutputRef("revenue"), True),)
    )

    assert "order by" not in text(ordered)
    assert "order by" in text(replace(ordered, limit=10))


def test_a_team_that_writes_capitals_and_leading_commas_gets_them():
    style = SqlStyle("SELECT\n  <columns>\nFROM x", commas="leading", keywords="upper", functions="upper")

    sql = text(grouped((NAME, "name"), measures={"revenue": REVENUE}), style=style)

    assert "\n        , SUM(orders.amount) AS revenue\n" in sql
    assert sql.startswith("WITH customers AS (\n    SELECT\n")


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "snowflake", "bigquery", "spark"])
def test_reserved_and_odd_names_are_quoted_as_the_dialect_has_it(dialect: str):
    columns = (GraphColumn("Order Id", "number"), GraphColumn("group", "text"))
    graph = Graph((GraphTable("order items", columns, identifier="order_items", schema="main"),))
    query = SemanticQuery(
        (
            Output(Attribute("order items", "Order Id"), "order_id"),
            Output(Attribute("order items", "group"), "kind"),
        ),
        base="order items",
    )

    sql = model_sql(model_steps(query, graph, dialect), {"order items": "ref('x')"}, dialect=dialect)

    quote = "`" if dialect in ("bigquery", "spark") else '"'
    assert f"{quote}Order Id{quote} as order_id" in sql.replace("AS", "as")
    assert "order_items as (" in sql
    assert sql.count(f"{quote}group{quote}") == 2


def test_what_a_dialect_lacks_is_refused():
    query = grouped((NAME, "name"), measures={"median": Measure("median", "orders", AMOUNT)})

    with pytest.raises(CannotPlan):
        text(query, dialect="mysql")


def test_what_a_dialect_says_otherwise_is_said_its_way():
    query = grouped((NAME, "name"), measures={"median": Measure("median", "orders", AMOUNT)})

    assert "percentile_cont(0.5) within group (order by" in text(query, dialect="postgres")
    assert "array_agg(" in text(query, dialect="bigquery")


@pytest.fixture(scope="module")
def telling_shop() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for table, columns in telling.TYPES.items():
        body = ", ".join(f"{quote_identifier(name, 'duckdb')} {kind}" for name, kind in columns.items())
        connection.execute(f"create table {quote_identifier(table, 'duckdb')} ({body})")
        for row in telling.ROWS[table]:
            marks = ", ".join("?" for _ in row)
            connection.execute(
                f"insert into {quote_identifier(table, 'duckdb')} values ({marks})", list(row.values())
            )
    return connection


@pytest.mark.parametrize("name", telling.QUERIES)
def test_laid_out_as_steps_every_construct_gives_the_rows_it_gives_as_one_query(telling_shop, name: str):
    query = with_column_names(telling.QUERIES[name], "duckdb")
    calls = {table: f"ref('{number}')" for number, table in enumerate(telling.TYPES)}

    sql = model_sql(model_steps(query, telling.SHOP, "duckdb"), calls, dialect="duckdb")

    for table, call in calls.items():
        sql = sql.replace("{{ " + call + " }}", quote_identifier(table, "duckdb"))
    found = telling_shop.execute(sql).fetchall()
    expected = telling_shop.execute(render_query(plan(query, telling.SHOP), "duckdb")).fetchall()
    assert telling.bag(found) == telling.bag(expected)


def test_columns_of_a_question_about_another_keep_their_meaning_under_other_names():
    inner = grouped((MONTH, "month"), measures={"revenue": REVENUE})
    total = Measure("sum", "", OutputRef("revenue"))
    query = SemanticQuery(
        (Output(OutputRef("month"), "The Month"), Output(total, "Revenue in all")),
        group_by=(OutputRef("month"),),
        having=Comparison(">", OutputRef("Revenue in all"), Value(1)),
        order_by=(Order(OutputRef("Revenue in all"), is_descending=True),),
        limit=1,
        source=inner,
    )

    renamed = with_column_names(query, "duckdb")

    assert [output.name for output in renamed.outputs] == ["the_month", "revenue_in_all"]
    assert plan(renamed, SHOP).sql() == plan(query, SHOP).sql().replace('"The Month"', "the_month").replace(
        '"Revenue in all"', "revenue_in_all"
    )


LINTED = (
    "groups of two tables",
    "fewer than two of a far table",
    "in the month of the latest",
    "relative change",
    "having an output",
    "without any",
    "at least two",
    "grain week from sunday",
    "rows of an inner question",
)


@pytest.mark.long
def test_the_text_passes_sqlfluff(tmp_path: Path):
    from sqlfluff.core import FluffConfig, Linter

    (tmp_path / ".sqlfluff").write_text(render("project/sqlfluff.jinja", dialect="duckdb"))
    linter = Linter(config=FluffConfig.from_path(str(tmp_path)))
    calls = {table: f"ref('t{number}')" for number, table in enumerate(telling.TYPES)}

    for name in LINTED:
        query = with_column_names(telling.QUERIES[name], "duckdb")
        sql = model_sql(model_steps(query, telling.SHOP, "duckdb"), calls, dialect="duckdb")
        assert not linter.lint_string(sql).get_violations(), (name, sql)


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("", "Month of placed_at of orders"),
        ("Day of the order, in local time.", "Month of the order, in local time."),
        ("When it was placed.", "Month of when it was placed."),
        ("Day of week of the order.", "Month of day of week of the order."),
        ("UTC time of the order.", "Month of UTC time of the order."),
    ],
)
def test_a_time_that_is_cut_is_described_by_what_it_is_the_time_of(own: str, words: str):
    orders = SHOP.table("orders")
    columns = tuple(replace(c, description=own) if c.name == "placed_at" else c for c in orders.columns)
    tables = tuple(replace(orders, columns=columns) if t is orders else t for t in SHOP.tables)
    query = grouped((MONTH, "month"), measures={"revenue": REVENUE})

    assert column_words(query.outputs[0], query, Graph(tables, SHOP.relationships)) == words
