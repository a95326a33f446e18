"""Planned SQL on a real PostgreSQL against the evaluation of the same question in plain Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from aidbt.semantic.evaluation.evaluator import evaluate
from aidbt.semantic.graph import Graph, GraphColumn, GraphTable, NoPath
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.planning.rendering import render_query
from aidbt.semantic.query import (
    Attribute,
    Clock,
    Compared,
    DatePart,
    Duration,
    Grain,
    InPeriod,
    Measure,
    Missing,
    Not,
    Output,
    SemanticQuery,
    TimePoint,
)
from aidbt.semantic.times import moment, point_sql
from aidbt.sql.identifiers import quote_identifier
from tests.aidbt.semantic import telling_queries as telling
from tests.aidbt.semantic import test_planner as small
from tests.aidbt.semantic.telling_queries import QUERIES, bag, plain
from tests.aidbt.semantic.telling_strategies import queries
from tests.kit import ServerMissing, postgres_server

psycopg2 = pytest.importorskip("psycopg2")

Types = Mapping[str, Mapping[str, str]]
# Midnights, month ends, leap days and week ends come often.
TIMES = st.one_of(
    st.sampled_from(
        [dt.datetime(2024, 2, 29, 23, 59, 59), dt.datetime(2025, 1, 1), dt.datetime(2025, 3, 30, 2, 30),
         dt.datetime(2024, 12, 30), dt.datetime(2025, 6, 15, 12)]
    ),
    st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2040, 1, 1)).map(lambda t: t.replace(microsecond=0)),
)  # fmt: skip
DATES = st.dates(dt.date(1970, 1, 1), dt.date(2040, 1, 1))


class Rows:
    """Tables of one schema of a server."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def create(self, types: Types) -> None:
        for table, columns in types.items():
            body = ", ".join(f"{_quoted(name)} {kind}" for name, kind in columns.items())
            self.sql(f"create table {_quoted(table)} ({body})")

    def fill(self, tables: telling.Tables) -> None:
        """These rows and no others."""
        statements = []
        with self._raw.cursor() as cursor:
            for table, rows in tables.items():
                statements.append(f"truncate {_quoted(table)}")
                marks = [
                    cursor.mogrify("(" + ", ".join(["%s"] * len(row)) + ")", list(row.values())).decode()
                    for row in rows
                ]
                if rows:
                    statements.append(f"insert into {_quoted(table)} values {', '.join(marks)}")
            cursor.execute("; ".join(statements))

    def sql(self, sql: str) -> list[tuple[Any, ...]]:
        with self._raw.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def answer(self, query: SemanticQuery, graph: Graph) -> list[tuple[Any, ...]]:
        return self.sql(render_query(plan(query, graph), "postgres"))


def _quoted(name: str) -> str:
    return quote_identifier(name, "postgres")


@pytest.fixture(scope="module")
def schemas() -> Iterator[Any]:
    """Makes connections to a server of its own, each in a new schema, in a zone that changes its clocks."""
    try:
        with postgres_server() as server:

            def make(name: str) -> Rows:
                raw = psycopg2.connect(server.url())
                raw.autocommit = True
                made = Rows(raw)
                made.sql(f"create schema {name}; set search_path = {name}; set timezone = 'America/New_York'")
                return made

            yield make
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def telling_shop(schemas) -> Rows:
    rows = schemas("telling")
    rows.create(telling.TYPES)
    rows.fill(telling.ROWS)
    return rows


@pytest.fixture(scope="module")
def small_shop(schemas) -> Rows:
    rows = schemas("small")
    for table, columns in small.TYPES.items():
        rows.sql(f"create table {table} ({columns})")
    return rows


def _same(rows: Rows, query: SemanticQuery, tables: telling.Tables) -> None:
    rows.fill(tables)
    assert bag(rows.answer(query, small.SHOP)) == bag(evaluate(query, small.SHOP, tables))


@pytest.mark.parametrize("name", QUERIES)
def test_every_construct_gives_what_plain_python_gives(telling_shop, name):
    query = QUERIES[name]

    found = telling_shop.answer(query, telling.SHOP)

    expected = evaluate(query, telling.SHOP, telling.ROWS)
    assert bag(found) == bag(expected)
    if query.order_by:
        assert plain(found) == plain(expected)


def _evaluated(query: SemanticQuery) -> list[tuple[Any, ...]] | None:
    """What plain Python gives; None when the planner refuses the question."""
    try:
        plan(query, telling.SHOP)
    except (CannotPlan, NoPath):
        return None
    return evaluate(query, telling.SHOP, telling.ROWS)


_QUICK = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


@_QUICK
@given(
    small.shops(),
    small.group_terms,
    st.lists(small.order_measures, min_size=1, max_size=3),
    st.none() | small.order_predicates,
)
def test_grouped_measures_are_what_plain_python_says_on_postgresql(small_shop, tables, groups, found, where):
    outputs = [Output(term, f"g{n}") for n, term in enumerate(groups)]
    outputs += [Output(measure, f"m{n}") for n, measure in enumerate(found)]
    query = SemanticQuery(tuple(outputs), group_by=tuple(groups), where=where, clock=small.CLOCK)

    _same(small_shop, query, tables)


@pytest.mark.long
@_QUICK
@given(small.shops(), small.order_predicates)
def test_listed_rows_are_what_plain_python_says_on_postgresql(small_shop, tables, where):
    outputs = (Output(Attribute("orders", "id"), "id"), Output(small.COUNTRY, "country"))

    _same(small_shop, SemanticQuery(outputs, base="orders", where=where, clock=small.CLOCK), tables)


@_QUICK
@given(
    small.shops(),
    st.sampled_from(
        ["share", "average", "rank", "dense_rank", "running", "previous", "change", "relative_change",
         "moving_average"]
    ),
)  # fmt: skip
def test_groups_beside_each_other_are_what_plain_python_says_on_postgresql(small_shop, tables, kind):
    total = Measure("sum", "orders", small.AMOUNT)
    compared = Compared(kind, total, along=small.MONTH, steps=2)
    query = SemanticQuery(
        (Output(small.MONTH, "month"), Output(total, "total"), Output(compared, "beside")),
        group_by=(small.MONTH,),
        where=Not(Missing(small.PLACED)),
        clock=small.CLOCK,
    )

    _same(small_shop, query, tables)


@_QUICK
@given(queries)
def test_questions_of_any_shape_are_answered_as_in_plain_python(telling_shop, query):
    expected = _evaluated(query)
    assume(expected is not None)

    found = telling_shop.answer(query, telling.SHOP)

    assert bag(found) == bag(expected)
    if query.order_by:
        assert plain(found) == plain(expected)


SPANS = Graph(
    (
        GraphTable(
            "spans",
            (GraphColumn("start", "time"), GraphColumn("day", "date"), GraphColumn("end", "time")),
            keys=(("start",),),
        ),
    ),
    (),
)
START, DAY, END = (Attribute("spans", name) for name in ("start", "day", "end"))


@pytest.fixture(scope="module")
def spans(schemas) -> Rows:
    rows = schemas("spans")
    rows.create({"spans": {"start": "timestamp", "day": "date", "end": "timestamp"}})
    return rows


@settings(_QUICK, max_examples=15)
@given(st.lists(st.tuples(TIMES, DATES, TIMES), min_size=1, max_size=20), st.integers(1, 7))
def test_times_are_cut_counted_and_taken_apart_as_in_plain_python(spans, found, week_start):
    tables = {"spans": [dict(zip(("start", "day", "end"), span, strict=True)) for span in found]}
    terms = [Attribute("spans", column, grain=grain) for column in ("start", "day") for grain in Grain]
    terms += [Attribute("spans", c, part=part) for c in ("start", "day") for part in get_args(DatePart)]
    terms += [Duration(a, b, unit, is_whole=True) for a, b in ((START, END), (END, DAY)) for unit in Grain]
    terms += [Duration(START, END, Grain.HOUR), Duration(DAY, END, Grain.DAY)]
    outputs = tuple(Output(term, f"c{n}") for n, term in enumerate(terms))
    query = SemanticQuery(outputs, base="spans", clock=Clock(None, week_start))

    spans.fill(tables)

    assert bag(spans.answer(query, SPANS)) == bag(evaluate(query, SPANS, tables))


SHIFTS = [(0, Grain.DAY), (-1, Grain.MONTH), (2, Grain.QUARTER), (-3, Grain.HOUR), (1, Grain.WEEK)]
POINTS = [TimePoint(cut_to=cut, shift=shift, unit=unit) for cut in (None, *Grain) for shift, unit in SHIFTS]


def test_relative_times_follow_the_servers_clock(spans):
    """Of one statement, so that the clock stands."""
    now = exp.cast(exp.CurrentTimestamp(), "timestamp")
    for clock in (Clock(), Clock(week_start=7)):
        points = [point_sql(point, clock, as_date=False) for point in POINTS]
        columns = [exp.alias_(term, f"c{n}") for n, term in enumerate([now, *points])]

        (found,) = spans.sql(render_query(exp.Select(expressions=columns), "postgres"))

        at = Clock(found[0], clock.week_start)
        assert list(found[1:]) == [moment(point, at) for point in POINTS]


def test_a_relative_period_of_dates_holds_dates(spans):
    today, tomorrow = spans.sql("select current_date, current_date + 1")[0]
    spans.fill({"spans": [{"start": None, "day": day, "end": None} for day in (today, tomorrow)]})
    period = InPeriod(DAY, TimePoint(), TimePoint(shift=1))
    query = SemanticQuery((Output(DAY, "day"),), base="spans", where=period, clock=Clock())

    assert spans.answer(query, SPANS) == [(today,)]
