"""Statements of answers: checked before they run, bounded while they do."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from aidbt.core.config import BudgetSettings, SemanticSettings
from aidbt.core.errors import BudgetExceeded, DeadlineExceeded, WarehouseError
from aidbt.core.schema import Column, Relation
from aidbt.semantic.explaining import explain_query, group_names, units_of
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, Relationship
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.query import Attribute, Exists, Measure, Order, Output, OutputRef, SemanticQuery
from aidbt.semantic.running import require_scan_allowed, run_statement, scan_of
from aidbt.semantic.statement import Statement, count_statement, limited, problems_of, require_safe
from aidbt.warehouse.bounded import bounded_rows
from aidbt.warehouse.budget import RunsAs
from aidbt.warehouse.duckdb import DuckDBWarehouse

GRAPH = Graph(
    (
        GraphTable(
            "people",
            (GraphColumn("id", "number"), GraphColumn("city", "text", description="Where\nthey live.")),
            schema="main",
            keys=(("id",),),
        ),
        GraphTable(
            "visits",
            (GraphColumn("person_id", "number"), GraphColumn("paid", "number", unit="eur")),
            schema="main",
        ),
    ),
    (Relationship("visits.person_id", "visits", ("person_id",), "people", ("id",), evidence="tested"),),
)
CITY = Attribute("people", "city")
PAID = Measure("sum", "visits", Attribute("visits", "paid"))
PER_CITY = SemanticQuery((Output(CITY, "city"), Output(PAID, "paid")), group_by=(CITY,))


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("create table people as select i as id, 'c' || i % 3 as city from range(50) r(i)")
        connection.execute(
            "create table visits as select i % 50 as person_id, 2 as paid from range(200) r(i)"
        )
    return DuckDBWarehouse(tmp_path / "w.duckdb")


def statement(sql: str, *columns: str) -> Statement:
    return Statement(sql, columns, "duckdb")


def test_rows_beyond_the_limit_are_counted_and_not_read(warehouse: DuckDBWarehouse):
    whole = statement("select id from people order by id", "id")
    rows = run_statement(whole, whole, warehouse, SemanticSettings(max_rows=10))

    assert rows.values == tuple((n,) for n in range(10))
    assert (rows.total, rows.is_cut) == (50, True)


def test_an_answer_that_fits_is_not_counted_again(warehouse: DuckDBWarehouse):
    whole = statement("select id from people where id < 3", "id")
    rows = run_statement(whole, statement("no SQL at all"), warehouse, SemanticSettings(max_rows=3))

    assert (len(rows.values), rows.total, rows.is_cut) == (3, 3, False)


def test_a_query_that_takes_too_long_is_stopped(warehouse: DuckDBWarehouse):
    endless = "select count(*) from range(10000000) a(x), range(10000000) b(y) where (x * y) % 7 = 3"

    with pytest.raises(DeadlineExceeded, match=r"did not end within 0.2 s"):
        bounded_rows(warehouse, endless, at_most=1, timeout_s=0.2)


@pytest.mark.parametrize(
    "sql",
    [
        "create table t (a int)",
        "delete from people",
        "select * from read_text('/etc/hostname')",
        "attach 'x.db'",
    ],
)
def test_the_connection_only_reads_and_reaches_nothing_else(warehouse: DuckDBWarehouse, sql: str):
    with pytest.raises(WarehouseError):
        bounded_rows(warehouse, sql, at_most=1, timeout_s=5)
    assert bounded_rows(warehouse, "select count(*) from people", at_most=1, timeout_s=5) == [(50,)]


@pytest.mark.parametrize(
    "sql",
    [
        "select * from salaries",
        "select * from read_csv('people.csv')",
        "delete from people",
        "select 1; select 2",
        "select getenv('HOME') from people",
        "select nothing from people",
    ],
)
def test_what_is_no_plain_reading_of_known_tables_is_refused(sql: str):
    with pytest.raises(CannotPlan, match="did not pass its checks"):
        require_safe(statement(sql), GRAPH)


def test_the_sql_of_a_query_passes_its_checks(warehouse: DuckDBWarehouse):
    planned = statement(plan(PER_CITY, GRAPH).sql("duckdb", identify=True), "city", "paid")

    assert problems_of(planned, GRAPH) == []
    assert bounded_rows(warehouse, count_statement(planned), at_most=1, timeout_s=5) == [(3,)]


def test_a_limit_cuts_the_rows_of_the_answer():
    inside = SemanticQuery((Output(CITY, "city"),), limit=2, limit_within=(CITY,), order_by=(Order(CITY),))

    assert limited(PER_CITY, 10).limit == 10
    assert limited(limited(PER_CITY, 3), 10).limit == 3
    assert limited(limited(PER_CITY, 30), 10).limit == 10
    assert limited(inside, 10) == replace(inside, at_most=10)
    assert limited(limited(inside, 3), 10).at_most == 3


def test_what_would_be_read_is_asked_for_first():
    wide = tuple(Column(f"c{n}", "BIGINT") for n in range(9))
    people = Relation("main", "people", (Column("city", "BIGINT"), *wide), size_bytes=10_000)
    other = Relation("main", "visits", (Column("city", "BIGINT"),), size_bytes=99_000)
    plan_ = scan_of(statement("select city from main.people"), [other, people], RunsAs("snowflake"))

    assert [(table.relation, table.scan_bytes) for table in plan_.tables] == [("main.people", 1_000)]
    require_scan_allowed(plan_, BudgetSettings(scan_bytes=1_000), None)
    require_scan_allowed(plan_, BudgetSettings(scan_bytes=999), lambda _: True)
    with pytest.raises(BudgetExceeded, match="the query was not run"):
        require_scan_allowed(plan_, BudgetSettings(scan_bytes=999), None)


def test_a_table_is_read_as_often_as_it_is_named_and_one_that_is_not_known_may_be_of_any_size():
    people = Relation("main", "people", (Column("id", "BIGINT"),), size_bytes=100)
    same_name = Relation("archive", "people", (Column("id", "BIGINT"),), size_bytes=9_999)
    sql = """
        with ids as (select id from main.people)
        select ids.id from ids join main.people as p on p.id = ids.id join elsewhere.people as e on e.id = 1
    """
    plan_ = scan_of(statement(sql), [same_name, people], RunsAs("snowflake"))

    assert [(table.relation, table.scan_bytes) for table in plan_.tables] == [
        ("main.people", 200),
        ("elsewhere.people", None),
    ]
    with pytest.raises(BudgetExceeded, match=r"the size of elsewhere\.people is not known"):
        require_scan_allowed(plan_, BudgetSettings(), None)


def test_an_answer_says_what_it_rests_on():
    explained = explain_query(PER_CITY, GRAPH)

    assert explained.columns == ("people.city: Where they live.", "visits.paid")
    assert explained.joins == ("visits.person_id = people.id (tested)",)
    assert units_of(PER_CITY, GRAPH) == {"paid": "eur"}
    assert group_names(PER_CITY) == ("city",)


def test_related_rows_and_the_inner_question_are_explained_too():
    asked = SemanticQuery((Output(CITY, "city"),), base="people", where=Exists("visits"))
    outer = SemanticQuery((Output(Measure("max", "", OutputRef("paid")), "most"),), source=PER_CITY)

    assert explain_query(asked, GRAPH).joins == ("visits.person_id = people.id (tested)",)
    assert explain_query(outer, GRAPH) == explain_query(PER_CITY, GRAPH)


def test_a_time_zone_does_not_move_a_time(warehouse: DuckDBWarehouse):
    rows = bounded_rows(warehouse, "select timestamptz '2024-01-01 00:00:00+00'", at_most=1, timeout_s=5)

    assert rows[0][0].astimezone(dt.UTC) == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
