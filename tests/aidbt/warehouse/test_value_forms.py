"""How values are written is counted alike in every warehouse, and as Python reads it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.schema import Column, Relation
from aidbt.warehouse.dialects import DIALECTS, render
from aidbt.warehouse.value_forms import (
    FORMS_OF_DATES,
    FORMS_OF_MONEY,
    NAMED_DATES,
    NULL_WORDS,
    _has_form,
    count_forms,
    null_word_spellings,
)
from tests.aidbt.warehouse.conftest import open_target

TABLE = Relation("main", "t", (Column("c", "VARCHAR"),))


class Memory:
    """DuckDB in memory as a connection."""

    dialect = "duckdb"

    def __init__(self, values: list[str | None]) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("create table t (c varchar)")
        self._connection.executemany("insert into t values (?)", [[value] for value in values])

    def rows(self, sql: str, parameters=()) -> list[tuple]:
        return self._connection.execute(sql, parameters).fetchall()


def forms(values: list[str | None], *names: str) -> dict[str, int]:
    counted = count_forms(Memory(values), TABLE, [("c", name) for name in names])
    return {name: rows for (_, name), rows in counted.items()}


def is_date(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 32), st.integers(0, 13), st.integers(1896, 2104)), min_size=1, max_size=40
    )
)
def test_a_date_is_one_that_exists(parts):
    texts = [f"{a:02}/{b:02}/{year}" for a, b, year in parts]

    found = forms(texts, "day first", "month first")

    assert found["day first"] == sum(is_date(text, "%d/%m/%Y") for text in texts)
    assert found["month first"] == sum(is_date(text, "%m/%d/%Y") for text in texts)


@pytest.mark.parametrize("form", NAMED_DATES)
def test_dates_with_names_of_months_are_those_of_the_calendar(form):
    days = [date(2019, 12, 1) + timedelta(days=number) for number in range(500)]
    texts = [day.strftime(form) for day in days]
    wrong = [
        date(2020, 1, 1).strftime(form).replace("1", "31", 1).replace("Jan", "Feb").replace("uary", "ruary")
    ]

    assert forms([*texts, *wrong], form) == {form: 500}


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("$1,234.50", "."), ("1.234,50 €", ","), ("(12.00)", "."), ("-£5", ".,"), ("EUR 1 234,5", ","),
        ("1,234", ".,"), ("12.50 USD", "."), ("1,23,45", ""), ("1.2.3", ""), ("a lot", ""), ("12 apples", ""),
    ],
)  # fmt: skip
def test_money_is_read_with_a_point_or_a_comma(text, points):
    found = forms([text], "money .", "money ,")

    assert "".join(point for point in ".," if found[f"money {point}"]) == points


def test_words_for_nothing_are_counted_as_they_are_written():
    values = [" N/A ", "n/a", "n/a", "", None, "NULL", "nobody", "no"]

    assert forms(values, "filled", "padded", "null word") == {"filled": 7, "padded": 1, "null word": 5}
    assert null_word_spellings(Memory(values), TABLE, ["c"]) == {"c": {"n/a": 2, "": 1, "N/A": 1, "NULL": 1}}


EVERY_FORM = (
    "filled",
    "padded",
    "null word",
    "whole number",
    "amount",
    "iso date",
    "iso time",
    *FORMS_OF_DATES,
    *FORMS_OF_MONEY,
)
MIXED = [
    "03/04/2021", "31/12/2021 9:05", "12/31/21", "29/02/2020", "29/02/2021", "3.4.2021", "3-4-2021 10:11:12",
    "3 Apr 2021", "April 3, 2021", "30 Feb 2021", "$1,234.50", "1.234,50 €", "(12.00)", "EUR 5", "-7", "007",
    "12.5", " x ", "N/A", "", "-", None, "2024-02-29", "2023-02-29 10:00:00.5", "2024-02-29T23:59",
    "a\nb", "03/04/2021\n", "it's 100 %", "\\N",
]  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_form_has_words_in_every_dialect(dialect):
    for form in EVERY_FORM:
        assert render(_has_form("c", "VARCHAR", form), dialect)
    assert "100" in render(_has_form("c", "INTEGER", "price ending"), dialect)


@pytest.mark.long
def test_postgres_counts_what_duckdb_counts(postgres, postgres_target):
    postgres.create_database("value_forms")
    rows = ", ".join("(null)" if v is None else "('" + v.replace("'", "''") + "')" for v in MIXED)
    postgres.psql(f"create table public.t (c text); insert into public.t values {rows}", "value_forms")
    warehouse = open_target(postgres_target("value_forms"))
    asked = [("c", form) for form in EVERY_FORM]

    with warehouse.connect() as connection:
        relation = Relation("public", "t", (Column("c", "text"),), database="value_forms")
        found = count_forms(connection, relation, asked)
        words = null_word_spellings(connection, relation, ["c"])

    assert found == count_forms(Memory(MIXED), TABLE, asked)
    assert words == null_word_spellings(Memory(MIXED), TABLE, ["c"])


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.sampled_from(NULL_WORDS).flatmap(lambda w: st.sampled_from([w, w.upper(), f" {w}"])),
        min_size=1,
        max_size=9,
    )
)
def test_every_word_for_nothing_is_spelled_out(words):
    spelled = null_word_spellings(Memory(words), TABLE, ["c"])["c"]

    assert sum(spelled.values()) == len(words)
    assert set(spelled) == {word.strip() for word in words}
