"""Planned SQL in every dialect: on DuckDB by what it gives, in the others as text that a person can read.

`tests/golden/planned/<dialect>.sql` holds a telling query for every construct in which dialects differ.
PostgreSQL and Spark have files of their own where the SQL is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from aidbt.semantic.evaluation.evaluator import evaluate
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Relationship
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.planning.rendering import lowered_query, render_query
from aidbt.semantic.query import (
    Attribute,
    Clock,
    Compared,
    Comparison,
    Duration,
    Grain,
    InPeriod,
    Measure,
    Order,
    Output,
    SemanticQuery,
    TimePoint,
    Value,
)
from aidbt.sql.identifiers import quote_identifier
from tests.aidbt.semantic.telling_queries import (
    COUNTRY,
    MONTH,
    PAID,
    QUERIES,
    ROWS,
    SHOP,
    TOTAL,
    TYPES,
    bag,
    plain,
)

WRITTEN = ("snowflake", "bigquery", "redshift", "databricks", "trino")
TELLING = (
    "grain week", "grain week from sunday", "part hour", "part day_of_week", "part week",
    "duration in whole days", "duration in whole weeks", "duration in whole months", "duration in hours",
    "the past 30 days", "contains 50%", "contains \\", "avg of a decimal", "median of a decimal",
    "groups of two tables", "months of a date and a time", "numbers of two tables", "running within",
    "moving average", "rank", "nulls last", "distinct", "odd names", "a date before a time",
)  # fmt: skip


@pytest.fixture(scope="module")
def shop() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for table, types in TYPES.items():
            name = quote_identifier(table, "duckdb")
            columns = ", ".join(f"{quote_identifier(c, 'duckdb')} {kind}" for c, kind in types.items())
            connection.execute(f"create table {name} ({columns})")
            marks = ", ".join("?" for _ in types)
            rows = [list(row.values()) for row in ROWS[table]]
            connection.executemany(f"insert into {name} values ({marks})", rows)
        yield connection


@pytest.mark.parametrize("name", QUERIES)
def test_every_construct_gives_what_plain_python_gives_on_duckdb(shop, name):
    query = QUERIES[name]

    found = shop.execute(render_query(plan(query, SHOP), "duckdb")).fetchall()

    expected = evaluate(query, SHOP, ROWS)
    assert bag(found) == bag(expected)
    if query.order_by:
        assert plain(found) == plain(expected)


@pytest.mark.parametrize("dialect", WRITTEN)
def test_what_differs_between_dialects_is_as_written_down(dialect, golden: Path, update_golden: bool):
    path = golden / "planned" / f"{dialect}.sql"
    written = "\n".join(f"-- {name}\n{_text(name, dialect)};\n" for name in TELLING)
    if update_golden:
        path.parent.mkdir(exist_ok=True)
        path.write_text(written)

    assert path.read_text() == written


def _text(name: str, dialect: str) -> str:
    try:
        return render_query(plan(QUERIES[name], SHOP), dialect)
    except CannotPlan as refusal:
        return f"-- refused: {refusal.message}"


@pytest.mark.parametrize("dialect", [*WRITTEN, "postgres", "spark"])
def test_what_is_rendered_can_be_read_again_in_its_dialect(dialect):
    for name in TELLING:
        text = _text(name, dialect)
        if not text.startswith("-- refused"):
            shown = sqlglot.parse_one(text, dialect=dialect).selects
            assert [column.alias_or_name for column in shown] == [o.name for o in QUERIES[name].outputs], name


def test_a_tree_is_left_as_it_is_when_it_is_rendered():
    tree = plan(QUERIES["groups of two tables"], SHOP)
    before = tree.copy()

    for dialect in (*WRITTEN, "postgres", "spark", "duckdb"):
        render_query(tree, dialect)
        lowered_query(tree, dialect)

    assert tree == before


def test_names_that_differ_by_their_case_alone_are_refused():
    query = SemanticQuery((Output(COUNTRY, "name"), Output(TOTAL, "Name")), group_by=(COUNTRY,))

    with pytest.raises(CannotPlan, match="two columns of the answer are called name and Name"):
        plan(query, SHOP)


def test_names_of_the_answer_never_meet_those_of_columns_that_are_not_shown(shop):
    paid = Measure("count", "orders", None, PAID)
    query = SemanticQuery(
        (Output(COUNTRY, "_order_1"), Output(TOTAL, "_1"), Output(Compared("rank", TOTAL), "_rank")),
        group_by=(COUNTRY,),
        having=Comparison(">", paid, Value(0)),
        order_by=(Order(paid, is_descending=True), Order(COUNTRY)),
        limit=2,
        has_ties=True,
    )

    found = shop.execute(render_query(plan(query, SHOP), "duckdb")).fetchall()

    assert plain(found) == plain(evaluate(query, SHOP, ROWS))
    assert [name for name, *_ in shop.description] == ["_order_1", "_1", "_rank"]


def test_a_dialect_that_is_not_known_is_refused():
    with pytest.raises(CannotPlan, match="not written in the SQL of 'vertica'"):
        render_query(plan(QUERIES["case"], SHOP), "vertica")


def test_what_the_vocabulary_does_not_know_is_refused_and_not_passed_through():
    tree = exp.select(exp.func("histogram", exp.column("amount"))).from_("orders")

    with pytest.raises(CannotPlan, match="no equivalent in the SQL of 'snowflake'"):
        render_query(tree, "snowflake")


def test_a_window_over_a_range_is_refused_on_redshift():
    compared = Compared("running", TOTAL, along=MONTH)
    query = SemanticQuery((Output(compared, "running"),), group_by=(MONTH, COUNTRY))

    with pytest.raises(CannotPlan, match="window over a range of values"):
        render_query(plan(query, SHOP), "redshift")


# --- types of times -----------------------------------------------------------------------------------

TIMED = Graph(
    (
        GraphTable(
            "events",
            (
                GraphColumn("born", "date", "DATE"),
                GraphColumn("wall", "time", "DATETIME"),
                GraphColumn("instant", "time", "TIMESTAMP"),
            ),
        ),
    ),
    (),
)
LAST_WEEK = (TimePoint(cut_to=Grain.WEEK, shift=-1, unit=Grain.WEEK), TimePoint(cut_to=Grain.WEEK))


def _since_last_week(column: str, clock: Clock) -> str:
    period = InPeriod(Attribute("events", column), *LAST_WEEK)
    query = SemanticQuery((Output(Measure("count", "events"), "n"),), where=period, clock=clock)
    return render_query(plan(query, TIMED), "bigquery", is_pretty=False).partition(" WHERE ")[2]


def test_bigquery_compares_each_type_of_time_with_its_own():
    clock = QUERIES["last month"].clock

    assert _since_last_week("born", clock) == (
        "`events`.`born` >= CAST('2025-06-02' AS DATE) AND `events`.`born` < CAST('2025-06-09' AS DATE)"
    )
    assert ">= CAST('2025-06-02 00:00:00' AS DATETIME)" in _since_last_week("wall", clock)
    assert ">= CAST('2025-06-02 00:00:00' AS TIMESTAMP)" in _since_last_week("instant", clock)


def test_bigquery_moves_its_own_clock_in_wall_clock_time():
    week = "DATETIME_TRUNC(CAST(CURRENT_DATE AS DATETIME), ISOWEEK)"

    assert _since_last_week("wall", Clock()) == (
        f"`events`.`wall` >= DATETIME_SUB({week}, INTERVAL 7 DAY) AND `events`.`wall` < {week}"
    )
    assert f">= CAST(DATETIME_SUB({week}, INTERVAL 7 DAY) AS TIMESTAMP)" in _since_last_week(
        "instant", Clock()
    )


def test_bigquery_counts_hours_between_a_wall_clock_and_an_instant():
    hours = Duration(Attribute("events", "wall"), Attribute("events", "instant"), Grain.HOUR, is_whole=True)
    query = SemanticQuery((Output(hours, "hours"),), base="events")

    assert render_query(plan(query, TIMED), "bigquery", is_pretty=False) == (
        "SELECT DATETIME_DIFF(DATETIME_TRUNC(CAST(`events`.`instant` AS DATETIME), HOUR),"
        " DATETIME_TRUNC(`events`.`wall`, HOUR), HOUR) AS `hours` FROM `events`"
    )


@pytest.mark.parametrize("dialect", ["postgres", "redshift", "bigquery", "trino"])
@pytest.mark.parametrize(
    "name",
    [
        "groups of two tables",
        "groups of three measures",
        "months of a date and a time",
        "numbers of two tables",
        "truths of two tables",
    ],
)
def test_groups_of_two_tables_are_joined_by_equalities(name, dialect):
    """These engines refuse a FULL JOIN on IS NOT DISTINCT FROM, or compare every group with every other."""
    joins = lowered_query(plan(QUERIES[name], SHOP), dialect).find_all(exp.Join)

    conditions = [join.args["on"] for join in joins if join.side == "FULL"]
    assert all(isinstance(each, exp.EQ) for on in conditions for each in on.flatten())
    assert conditions


def test_a_group_of_a_type_that_is_not_known_is_joined_by_its_text():
    graph = Graph(
        tuple(GraphTable(name, (GraphColumn("kind", "other"),)) for name in ("a", "b")),
        (Relationship("a.kind", "a", ("kind",), "b", ("kind",)),),
    )
    kind = Attribute("b", "kind")
    counts = (Output(Measure("count", "a"), "a"), Output(Measure("count", "b"), "b"))
    query = SemanticQuery((Output(kind, "kind"), *counts), group_by=(kind,))

    assert 'COALESCE(CAST("grouped"."g1" AS TEXT), \'\')' in render_query(plan(query, graph), "postgres")
