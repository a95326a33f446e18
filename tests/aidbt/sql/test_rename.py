"""New names for the columns that a piece of SQL reads, and nothing else in it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.sql.identifiers import quote_identifier
from aidbt.sql.rename import rename_columns


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("lower(trim( mail ))", {"mail": "e-mail"}, 'lower(trim( "e-mail" ))'),
        ("date(date)", {"date": "day"}, "date(day)"),
        ("MAIL || 'mail'", {"mail": "address"}, "address || 'mail'"),
        ('"Mail Address" is null', {"Mail Address": "mail"}, "mail is null"),
        ("a - b", {"a": "b", "b": "a"}, "b - a"),
        ("payload.city", {"payload": "doc"}, "doc.city"),
        ("payload.city", {"city": "town"}, "payload.city"),
        (
            "list_transform(x, mail -> mail + x)",
            {"mail": "y", "x": "z"},
            "list_transform(z, mail -> mail + z)",
        ),
        ("not deleted and mail <> ''", {"deleted": "order"}, "not \"order\" and mail <> ''"),
        ("amount /* amount */ + 1", {"amount": "total"}, "total /* amount */ + 1"),
        ("mail", {"login": "x"}, "mail"),
    ],
)
def test_only_columns_get_their_new_names(text, names, expected):
    assert rename_columns(text, names, "duckdb") == expected


@pytest.mark.parametrize(
    "text", ["{{ clean('mail') }}", "lower(mail", "mail; drop table t", "mail as x, mail -"]
)
def test_what_is_not_one_piece_of_sql_is_not_rewritten(text):
    assert rename_columns(text, {"mail": "address"}, "duckdb") is None


def test_jinja_that_says_nothing_of_the_column_stays():
    assert rename_columns("{{ now() }}", {"mail": "address"}, "duckdb") == "{{ now() }}"


def test_a_quoted_name_of_another_case_is_another_column_where_the_dialect_minds():
    assert rename_columns('"Mail" || mail', {"mail": "m"}, "postgres") == '"Mail" || m'
    assert rename_columns('"Mail" || mail', {"mail": "m"}, "duckdb") == "m || m"


# Without the brace that opens Jinja: such text is left to a person.
LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="{")
NAMES = st.text(LETTERS, min_size=1, max_size=8)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@settings(max_examples=50, deadline=None)
@given(old=NAMES, new=NAMES)
def test_whatever_its_name_a_column_means_the_same_after_the_rename(connection, old, new):
    text = f"coalesce(upper({quote_identifier(old, 'duckdb')}), '') || 'x'"

    moved = rename_columns(text, {old: new}, "duckdb")

    assert moved is not None
    row = connection.sql("select 'v' as v").project(f"v as {quote_identifier(new, 'duckdb')}")
    assert row.project(moved).fetchall() == [("Vx",)]
