"""Planned SQL on a real Spark against the evaluation of the same question in plain Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlglot import exp

from aidbt.semantic.evaluation.evaluator import evaluate
from aidbt.semantic.graph import NoPath
from aidbt.semantic.planning.errors import CannotPlan
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.planning.rendering import render_query
from aidbt.sql.identifiers import quote_identifier
from aidbt.warehouse.adapter import AdapterConnection
from tests.aidbt.semantic.telling_queries import QUERIES, ROWS, SHOP, TYPES, bag, plain
from tests.aidbt.semantic.telling_strategies import queries
from tests.aidbt.warehouse.conftest import open_target, spark_target

pytestmark = pytest.mark.long

__all__ = ["spark_target"]


def _view(table: str) -> str:
    """The statement that makes a temporary view of a table's rows."""
    # One time in the session's zone, as Spark's tables mostly have them, and one without.
    types = {name: "timestamptz" if name == "shipped_at" else kind for name, kind in TYPES[table].items()}
    rows = [
        exp.Tuple(expressions=[_constant(row[name], kind) for name, kind in types.items()])
        for row in ROWS[table]
    ]
    columns = [exp.to_identifier(name, quoted=True) for name in types]
    values = exp.Values(expressions=rows, alias=exp.TableAlias(this=exp.to_identifier("v"), columns=columns))
    select = exp.select("*").from_(values)
    return f"create temporary view {quote_identifier(table, 'spark')} as {select.sql('spark')}"


def _constant(value: Any, kind: str) -> exp.Expr:
    is_time = isinstance(value, dt.date)
    return exp.cast(exp.Literal.string(str(value)) if is_time else exp.convert(value), kind)


@pytest.fixture(scope="module")
def connection(spark_target) -> Iterator[AdapterConnection]:
    with open_target(spark_target, tag="questions").connect() as opened:
        for table in TYPES:
            opened.rows(_view(table))
        yield opened


@pytest.mark.parametrize("name", QUERIES)
def test_every_construct_gives_what_plain_python_gives_on_spark(connection, name):
    query = QUERIES[name]

    found = connection.rows(render_query(plan(query, SHOP), "spark"))

    expected = evaluate(query, SHOP, ROWS)
    assert bag(found) == bag(expected)
    if query.order_by:
        assert plain(found) == plain(expected)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(queries)
def test_questions_of_any_shape_are_answered_as_in_plain_python_on_spark(connection, query):
    try:
        sql = render_query(plan(query, SHOP), "spark")
    except (CannotPlan, NoPath):
        return

    assert bag(connection.rows(sql)) == bag(evaluate(query, SHOP, ROWS))
