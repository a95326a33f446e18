"""Mutants of a query: each has one fault, and what a fault is called is what it does."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.sql.mutants import mutants
from aidbt.sql.parse import parse_sql


def mutants_of(sql: str) -> dict[str, str]:
    """The words of each mutant → its SQL."""
    tree = parse_sql(sql, "duckdb").tree
    assert tree is not None
    return {mutant.words: mutant.tree.sql("duckdb") for mutant in mutants(tree)}


@pytest.mark.parametrize(
    ("sql", "words", "mutated"),
    [
        ("select a from t where a > 1 and b", "without the condition a > 1", "SELECT a FROM t WHERE b"),
        ("select a from t where a > 1", "a >= 1 for a > 1", "SELECT a FROM t WHERE a >= 1"),
        ("select a from t where a = 1", "a <> 1 for a = 1", "SELECT a FROM t WHERE a <> 1"),
        (
            "select a from t where a between 1 and 3",
            "a BETWEEN 1 AND 3 without 3 itself",
            "SELECT a FROM t WHERE (a >= 1 AND a < 3)",
        ),
        ("select a from t where a in (1, 2)", "a without 2 in its list", "SELECT a FROM t WHERE a IN (1)"),
        ("select a from t where not b", "b for NOT b", "SELECT a FROM t WHERE b"),
        (
            "select a from t where a like 'x%'",
            "a LIKE 'x' for a LIKE 'x%'",
            "SELECT a FROM t WHERE a LIKE 'x'",
        ),
        (
            "select 1 from t left join u on t.a = u.a",
            "u by inner join",
            "SELECT 1 FROM t INNER JOIN u ON t.a = u.a",
        ),
        ("select 1 from t join u on t.a = u.a", "joined without t.a = u.a", "SELECT 1 FROM t JOIN u ON TRUE"),
        ("select distinct a from t", "without distinct", "SELECT a FROM t"),
        (
            "select a from t union all select a from u",
            "union without duplicates",
            "SELECT a FROM t UNION SELECT a FROM u",
        ),
        (
            "select a, b, sum(c) as c from t group by 1, b",
            "not grouped by a",
            'SELECT MIN(a) AS "a", b, SUM(c) AS c FROM t GROUP BY b',
        ),
        (
            "select case when a then 1 when b then 2 else 3 end from t",
            "without the arm a",
            "SELECT CASE WHEN b THEN 2 ELSE 3 END FROM t",
        ),
        (
            "select case when a then 1 else 3 end from t",
            "without else 3",
            "SELECT CASE WHEN a THEN 1 END FROM t",
        ),
        ("select coalesce(a, 0) from t", "coalesce without 0", "SELECT a FROM t"),
        ("select sum(a) from t", "AVG(a) for SUM(a)", "SELECT AVG(a) FROM t"),
        ("select count(distinct a) from t", "COUNT(a) for COUNT(DISTINCT a)", "SELECT COUNT(a) FROM t"),
        (
            "select row_number() over (partition by a order by b desc, c) from t",
            "the other way round by b",
            "SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b ASC, c) FROM t",
        ),
        (
            "select row_number() over (partition by a order by b) from t",
            "RANK() for ROW_NUMBER()",
            "SELECT RANK() OVER (PARTITION BY a ORDER BY b) FROM t",
        ),
        (
            "select a + interval 7 day from t",
            "INTERVAL '8' DAY for INTERVAL '7' DAY",
            "SELECT a + INTERVAL '8' DAY FROM t",
        ),
        ("select a from t limit 5", "one row more than the limit", "SELECT a FROM t LIMIT 6"),
        ("select lower(a) from t", "a for LOWER(a)", "SELECT (a) FROM t"),
    ],
)
def test_a_fault_is_what_it_is_called(sql: str, words: str, mutated: str):
    assert mutants_of(sql)[words] == mutated


def test_each_mutant_is_another_text_and_the_query_stays():
    tree = parse_sql("select a, sum(b) from t where a > 1 or b in (1, 2) group by a", "duckdb").tree
    assert tree is not None
    before = tree.sql()

    texts = [mutant.tree.sql() for mutant in mutants(tree)]

    assert len(texts) == len(set(texts)) > 8
    assert before not in texts
    assert tree.sql() == before


def test_an_order_that_decides_nothing_is_left_alone():
    assert mutants_of("select a from t order by a") == {}
    assert "the other way round by a" in mutants_of("select a from t order by a limit 1")


def test_a_recursive_query_is_not_made_endless():
    sql = (
        "with recursive n as (select 1 as i union all select i + 1 from n where i < 3) "
        "select i from n where i > 1"
    )

    assert all("i > 1" in words or "i >= 1" in words for words in mutants_of(sql))


CONDITIONS = st.recursive(
    st.sampled_from(["a > 1", "b = 'x'", "a is null", "b in ('x', 'y')", "ok", "a between 0 and 2"]),
    lambda inner: st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(
        lambda parts: f"({''.join(parts)})"
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=8)
@given(CONDITIONS)
def test_every_mutant_of_a_condition_runs(condition: str):
    with duckdb.connect() as database:
        database.execute("create table t (a int, b varchar, ok boolean)")
        for sql in mutants_of(f"select case when {condition} then 1 end from t where {condition}").values():
            assert database.execute(sql).fetchall() == []
