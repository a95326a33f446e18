"""Negated conditions mean the same in whatever dialect they were written."""

from __future__ import annotations

import duckdb
import pytest
from sqlglot import exp, parse_one

from aidbt.sql.negations import with_nots
from aidbt.sql.parse import parse_sql

DIALECTS = ("duckdb", "postgres", "redshift", "spark", "databricks", "snowflake", "bigquery", "trino")
CONDITIONS = (
    "x IS NOT NULL",
    "x NOT LIKE 'a%'",
    "x NOT LIKE 'a!%' ESCAPE '!'",
    "x IS NOT NULL AND x NOT LIKE 'a%'",
    "NOT x NOT LIKE 'a%'",
    "(x NOT LIKE 'a%') = (x IS NOT NULL)",
)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_no_negation_is_left_as_a_flag(condition: str, dialect: str):
    tree = with_nots(parse_one(condition, dialect=dialect))

    assert tree.find(exp.Not)
    assert not any(node.args.get("negate") for node in tree.walk())


@pytest.mark.parametrize("condition", CONDITIONS)
def test_it_is_true_of_the_same_rows(condition: str):
    rewritten = with_nots(parse_one(condition, dialect="postgres")).sql("duckdb")
    query = "select x from (values ('a'), ('ab'), ('a%'), ('b'), (null)) t(x) where {} order by all"

    with duckdb.connect() as connection:
        found, expected = (connection.execute(query.format(one)).fetchall() for one in (rewritten, condition))
    assert found == expected


@pytest.mark.parametrize("dialect", DIALECTS)
def test_queries_are_read_in_one_form(dialect: str):
    tree = parse_sql("select a from t where a is not null and b not like 'x%'", dialect).tree

    assert tree is not None
    assert len(list(tree.find_all(exp.Not))) == 2
