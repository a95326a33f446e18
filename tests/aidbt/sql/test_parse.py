"""Reading one query from a text, and saying where the text is wrong."""

from __future__ import annotations

import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.sql.parse import Places, call_deep, parse_sql
from aidbt.sql.resolved import SqlProblem


def problem(text: str, dialect: str = "duckdb") -> SqlProblem:
    """The one problem of a text that gives no tree."""
    parsed = parse_sql(text, dialect)
    assert parsed.tree is None
    (found,) = parsed.problems
    return found


def test_a_query_is_read_with_the_places_of_its_names():
    parsed = parse_sql("select a,\n  b as c\nfrom t", "duckdb")

    assert parsed.tree is not None
    assert parsed.problems == ()
    meta = parsed.tree.expressions[1].this.this.meta
    assert parsed.text[meta["start"] : meta["end"] + 1] == "b"
    assert parsed.places.at(meta["start"]) == (2, 3)


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "about"),
    [
        ("", "sql.empty", 1, 1, ""),
        (" ;; -- nothing\n", "sql.empty", 1, 1, ""),
        ("select a\nfrom t wher b", "sql.syntax", 2, 13, "b"),
        ("select a from", "sql.syntax", 1, 14, ""),
        ("select (a from t", "sql.syntax", 1, 11, "from"),
        ("select 'abc", "sql.syntax", 1, 8, ""),
        ("select 1 /* abc", "sql.syntax", 1, 16, ""),
        ("select 1;\nselect 2", "sql.several_statements", 2, 1, "select"),
        ("drop table t", "sql.not_a_query", 1, 1, "drop"),
        ("create table t as select 1", "sql.not_a_query", 1, 1, "create"),
        ("insert into t select 1", "sql.not_a_query", 1, 1, "insert"),
        ("explain select 1", "sql.not_a_query", 1, 1, "explain"),
        ("select 1 as a into t", "sql.not_a_query", 1, 1, "select"),
        ("select * from {{ ref('x') }}", "sql.template", 1, 15, "{{"),
        ("{# note #} select 1", "sql.template", 1, 1, "{#"),
    ],
)
def test_what_is_no_query_has_one_problem_at_its_place(
    text: str, code: str, line: int, column: int, about: str
):
    found = problem(text)

    assert (found.code, found.line, found.column) == (code, line, column)
    assert text[found.start : found.end] == about


def test_a_text_in_another_dialect_is_said_to_be_readable_there():
    found = problem("select array_agg(x) from `a.b.c`")

    assert found.message.startswith("this is not duckdb SQL, though bigquery, databricks and spark read it: ")


def test_a_text_that_nothing_reads_is_no_sql():
    assert problem("select from from from").message.startswith("this is not SQL: ")


@pytest.mark.parametrize(
    "text",
    [
        "select '{{ x }}' as a, \"{% y %}\" from t -- {{ z }}",
        "select {'a': {'b': 1}} as a",
        "/* {{ ref('x') }} */ select 1 as a",
        "\ufeffselect 1 as a",
        "; select 1 as a;;",
    ],
)
def test_what_only_looks_like_a_problem_is_read(text: str):
    assert parse_sql(text, "duckdb").problems == ()


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("values (1, 2), (3, 4)", "*"),
        ("from t", "*"),
        ("with a as (select 1 as x) values ((select x from a), 2);", "*"),
        ("pivot t on a using sum(b)", "*"),
        ("with t as (select 1 as a) pivot t on a using sum(a)", "*"),
        ("(select a from t) limit 1", "a"),
    ],
)
def test_whatever_gives_rows_is_a_query(text: str, columns: str):
    tree = parse_sql(text, "duckdb").tree

    assert tree is not None
    assert tree.selects[0].sql() == columns


DEEP = {
    "brackets": "select " + "(" * 500 + "1" + ")" * 500 + " as a",
    "subqueries": "select * from (" * 500 + "select 1 as a" + ")" * 500,
    "case": "select " + "case when a then " * 500 + "1" + " end" * 500 + " as a from t",
    "a union of 2,000 queries": " union all ".join(["select 1 as a"] * 2000),
    "5,000 terms": "select 1 as a from t where " + " and ".join(["a = 1"] * 5000),
    "5,000 lines": "select\n" + ",\n".join(f"  a + {n} as a{n}" for n in range(5000)) + "\nfrom t",
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_and_long_texts_are_read(name: str):
    assert parse_sql(DEEP[name], "duckdb").problems == ()


@pytest.mark.long
def test_a_text_nested_beyond_reason_is_said_to_be():
    assert problem("select " + "(" * 50_000 + "1" + ")" * 50_000).code == "sql.too_deep"


def test_deep_calls_leave_the_limits_as_they_were():
    before = (sys.getrecursionlimit(), threading.stack_size())

    def depth(n: int) -> int:
        return n if n == 0 else 1 + depth(n - 1)

    assert call_deep(lambda: depth(20_000)) == 20_000
    with pytest.raises(ZeroDivisionError):
        call_deep(lambda: 1 // 0)
    assert (sys.getrecursionlimit(), threading.stack_size()) == before


@given(st.text("ab\n\r'é ", max_size=40), st.integers(0, 45))
def test_a_place_leads_back_to_its_offset(text: str, offset: int):
    places = Places(text)
    line, column = places.at(offset)

    assert places.offset(line, column) == min(offset, len(text))
    assert line == text.count("\n", 0, min(offset, len(text))) + 1


@given(
    st.text("select ab,.*()'\"{}[]%#-/;:=1\n", max_size=60),
    st.sampled_from(["duckdb", "bigquery", "snowflake"]),
)
def test_no_text_is_too_odd_to_be_answered(text: str, dialect: str):
    parsed = parse_sql(text, dialect)

    assert (parsed.tree is None) == bool(parsed.problems)
    for found in parsed.problems:
        assert 0 <= found.start <= found.end <= len(text)
        assert found.line >= 1
