"""Answers as tables, CSV and JSON: nothing is lost, missing values are seen, terminals are left alone."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import click
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.cli.query_output import (
    csv_lines,
    json_rows,
    refusal_json,
    refusal_lines,
    table_lines,
    total_line,
)
from aidbt.semantic.english.grounding.refusal import Refused


def table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    return [click.unstyle(line) for line in table_lines(columns, rows)]


def test_numbers_stand_to_the_right_with_as_many_decimals_each():
    rows = [("Germany", 12, Decimal("1050.5500"), 0.25), ("France", None, Decimal("3"), 1.0)]

    assert table(("country", "orders", "revenue", "share"), rows) == [
        "  country  orders  revenue  share",
        "  Germany      12  1050.55   0.25",
        "  France     NULL     3.00   1.00",
    ]


def test_a_missing_value_is_no_empty_text():
    assert table(("name", "is_new"), [(None, True), ("", None)]) == [
        "  name  is_new",
        "  NULL  true",
        "        NULL",
    ]


def test_times_that_are_all_days_are_shown_as_days():
    january, noon = dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, 12)

    assert table(("month",), [(january,), (None,)])[1:] == ["  2024-01-01", "  NULL"]
    assert table(("at",), [(january,), (noon,)])[1:] == ["  2024-01-01 00:00:00", "  2024-01-01 12:00:00"]


def test_a_small_number_is_not_shown_as_none():
    assert table(("share",), [(0.00002,), (0.5,)])[1:] == ["  2e-05", "    0.5"]


def test_what_a_terminal_would_obey_is_written_out():
    (_, line) = table(("name",), [("a\x1b[2J\nb\u202e",)])

    assert line == "  a\\x1b[2J\\nb\\u202e"


def test_wide_letters_are_aligned():
    assert table(("name", "n"), [("東京", 1), ("Ulm", 22)]) == ["  name   n", "  東京   1", "  Ulm   22"]


def test_long_answers_are_cut_and_it_is_said():
    lines = table(("n",), [(n,) for n in range(250)])

    assert len(lines) == 102
    assert "150 more" in lines[-1]


def test_the_total_is_said():
    rows = [(1,), (2,)]
    assert total_line([], 0, is_cut=False) == "no rows: nothing in the data fits"
    assert total_line(rows, 2, is_cut=False) == "2 rows"
    assert total_line(rows, 4_711, is_cut=True) == "the first 2 rows of 4,711 (semantic.max_rows)"
    assert "not counted" in total_line(rows, None, is_cut=True)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8")), st.integers(), st.decimals(allow_nan=False)),
        max_size=5,
    )
)
def test_csv_is_read_back_as_it_was(rows: list[tuple[str, int, Decimal]]):
    text = "\r\n".join(csv_lines(("name", "n", "d"), rows)) + "\r\n"

    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))

    assert read == [["name", "n", "d"], *([name, str(n), str(d)] for name, n, d in rows)]


def test_csv_tells_a_missing_value_from_an_empty_text():
    assert list(csv_lines(("a", "b"), [(None, ""), (True, dt.date(2024, 1, 2))])) == [
        "a,b",
        ',""',
        "true,2024-01-02",
    ]


def test_json_loses_nothing_of_a_number():
    exact = Decimal("0.1234567890123456789")
    rows = [(Decimal("12"), Decimal("1.5"), exact, float("inf"), dt.datetime(2024, 1, 2, 3), [None, b"a"])]

    (row,) = json.loads(json.dumps(json_rows(tuple("abcdef"), rows)))

    assert row == {
        "a": 12,
        "b": 1.5,
        "c": str(exact),
        "d": "inf",
        "e": "2024-01-02T03:00:00",
        "f": [None, "b'a'"],
    }


def test_a_refusal_names_the_words_the_candidates_and_what_can_be_asked():
    refused = Refused(
        "not understood: 'regon'",
        spans=["regon"],
        candidates={"regon": ["region"]},
        nearest="orders by region",
    )

    assert [click.unstyle(line) for line in refusal_lines(refused)] == [
        "not answered: not understood: 'regon'",
        "  'regon' may be 'region'",
        "  can be answered: orders by region",
    ]
    assert refusal_json(refused) == {
        "is_answered": False,
        "level": "full",
        "refused": "not understood: 'regon'",
        "hint": "'regon' may be 'region'; this can be answered: orders by region",
        "spans": ["regon"],
        "candidates": {"regon": ["region"]},
        "nearest": "orders by region",
        "readings": [],
    }


def test_two_readings_are_both_shown():
    refused = Refused("it may mean two things", readings=["By order date.", "By ship date."])

    assert "  2. By ship date." in [click.unstyle(line) for line in refusal_lines(refused)]
