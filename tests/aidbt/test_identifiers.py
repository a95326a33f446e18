"""Names and texts written into SQL and into dbt's Jinja mean what they were."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from sqlglot import exp, parse_one

from aidbt.sql.identifiers import (
    escape_jinja,
    quote_identifier,
    quote_new_identifier,
    quote_text,
    reserved_words,
)

DIALECTS = [
    "duckdb", "postgres", "spark", "snowflake", "bigquery", "redshift", "databricks", "trino",
]  # fmt: skip

QUOTED = [
    ("dep_delay", "duckdb", "dep_delay"),
    ("DepDelay", "duckdb", '"DepDelay"'),
    ("DepDelay", "spark", "DepDelay"),
    ("DepDelay", "bigquery", "DepDelay"),
    ("DepDelay", "databricks", "DepDelay"),
    ("DepDelay", "trino", '"DepDelay"'),
    ("DepDelay", "redshift", '"DepDelay"'),
    ("DepDelay", "postgres", '"DepDelay"'),
    ("DEP_DELAY", "snowflake", "dep_delay"),
    ("dep_delay", "snowflake", '"dep_delay"'),
    ("DepDelay", "snowflake", '"DepDelay"'),
    ("ORDER", "snowflake", '"ORDER"'),
    ("ROWS", "snowflake", '"ROWS"'),
    ("timestamp", "redshift", '"timestamp"'),
    ("timestamp", "postgres", "timestamp"),
    ("hash", "bigquery", "`hash`"),
    ("table", "bigquery", "`table`"),
    ("system_user", "postgres", '"system_user"'),
    ("_x1", "postgres", "_x1"),
    ("order", "duckdb", '"order"'),
    ("Order", "duckdb", '"Order"'),
    ("ORDER", "spark", "`ORDER`"),
    ("select", "postgres", '"select"'),
    ("1st", "duckdb", '"1st"'),
    ("a b", "duckdb", '"a b"'),
    ("a-b", "spark", "`a-b`"),
    ('a"b', "duckdb", '"a""b"'),
    ("a`b", "spark", "`a``b`"),
    ('a"b', "spark", '`a"b`'),
    ("größe", "duckdb", '"größe"'),
    ("", "duckdb", '""'),
    ("a\n", "duckdb", '"a\n"'),
    ("{{ x }}", "duckdb", '"{{ x }}"'),
]


@pytest.mark.parametrize(("name", "dialect", "written"), QUOTED)
def test_a_name_is_quoted_only_where_it_must_be(name: str, dialect: str, written: str):
    assert quote_identifier(name, dialect) == written


NEW = [
    ("order_id", "snowflake", "order_id"),
    ("order", "snowflake", '"ORDER"'),
    ("OrderId", "snowflake", '"OrderId"'),
    ("order_id", "postgres", "order_id"),
    ("OrderId", "postgres", '"OrderId"'),
    ("order", "bigquery", "`order`"),
    ("größe", "snowflake", '"größe"'),
]


@pytest.mark.parametrize(("name", "dialect", "written"), NEW)
def test_a_name_that_we_give_can_be_read_bare_wherever_that_is_possible(
    name: str, dialect: str, written: str
):
    assert quote_new_identifier(name, dialect) == written


def stored(identifier: exp.Identifier, dialect: str) -> str:
    """What a system makes of a written identifier."""
    if identifier.quoted or dialect in ("duckdb", "spark", "databricks", "bigquery"):
        return identifier.name
    return identifier.name.upper() if dialect == "snowflake" else identifier.name.lower()


PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)


@settings(deadline=None)
@given(st.one_of(PRINTABLE, st.text("aA_1$`\"\\.' ", min_size=1)), st.sampled_from(DIALECTS))
def test_any_written_name_is_read_back_as_the_same_name(name: str, dialect: str):
    tree = parse_one(f"select 1 as {quote_identifier(name, dialect)}", dialect=dialect)

    identifier = tree.selects[0].args["alias"]

    assert stored(identifier, dialect) == name


@settings(deadline=None)
@given(st.one_of(PRINTABLE, st.text("'\\\"a\n", max_size=8)), st.sampled_from(DIALECTS))
def test_any_written_text_is_read_back_as_the_same_text(text: str, dialect: str):
    assert parse_one(f"select {quote_text(text, dialect)}", dialect=dialect).selects[0].name == text


@pytest.mark.parametrize("dialect", [*DIALECTS, "sqlserver"])
def test_no_reserved_word_stands_bare(dialect: str):
    words = {word.upper() if dialect == "snowflake" else word for word in reserved_words(dialect)}

    assert {word for word in words if quote_identifier(word, dialect)[0] not in '"`'} == set()
    assert {"select", "order", "table"} <= reserved_words(dialect)


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        yield opened


def test_every_keyword_of_duckdb_is_a_column_name_in_every_place(connection):
    """As a column that is read, an alias, in an expression, in order by, and as a table."""
    keywords = [
        word for (word,) in connection.execute("select keyword_name from duckdb_keywords()").fetchall()
    ]
    broken = []
    for word in [*keywords, *(word.upper() for word in keywords)]:
        name = quote_identifier(word, "duckdb")
        sql = f'with {name} as (select 7 as "{word}") select {name} + 0 as {name} from {name} order by {name}'
        try:
            found = connection.execute(sql)
            if (found.description[0][0], found.fetchone()) != (word, (7,)):
                broken.append(word)
        except duckdb.Error:
            broken.append(word)

    assert len(keywords) > 400
    assert broken == []


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=20))
def test_any_name_is_read_back_by_duckdb(connection, name: str):
    written = quote_identifier(name, "duckdb")

    assert connection.execute(f"select 1 as {written}").description[0][0] == name


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=50))
def test_any_text_is_read_back_by_duckdb(connection, text: str):
    assert connection.execute(f"select {quote_text(text)}").fetchone() == (text,)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "plain"),
        ("{ x }", "{ x }"),
        ("{{ x }}", "{{ '{' }}{ x }}"),
        ("{% x %}", "{{ '{' }}% x %}"),
        ("{# x #}", "{{ '{' }}# x #}"),
        ("{{{", "{{ '{' }}{{ '{' }}{"),
        ("}}", "}}"),
        ("", ""),
    ],
)
def test_what_would_open_a_jinja_tag_is_written_so_that_it_does_not(text: str, written: str):
    assert escape_jinja(text) == written


@settings(deadline=None)
@given(st.one_of(st.text("{}%#-+ '\"\\\nx"), st.text()))
def test_any_escaped_text_is_printed_as_it_was(text: str):
    # dbt's own environment keeps the last newline as well; \r\n becomes \n in any template.
    printed = Environment(keep_trailing_newline=True).from_string(escape_jinja(text)).render()

    assert printed == text.replace("\r\n", "\n").replace("\r", "\n")
