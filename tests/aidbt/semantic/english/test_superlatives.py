"""What was done most, both ends of a column, units that are asked for, and what is not recorded."""

from __future__ import annotations

import time
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import made_up, sql_of
from tests.aidbt.semantic.english.small_shop import refusal, rows, values


@pytest.mark.parametrize(
    "question",
    [
        "the most reviewed product",
        "Which product was reviewed the most?",
        "Which product has been reviewed the most?",
        "most reviewed products",
        "the product that was reviewed the most",
    ],
)
def test_what_was_done_most_has_most_rows_of_what_was_done(question: str) -> None:
    assert rows(question)[0][:2] == (100, "Green Tea")


def test_what_was_done_most_is_found_in_each_group() -> None:
    found = rows("For every segment, the customer with the most orders")
    assert {(row[0], row[2]) for row in found} == {
        ("retail", "Alfa"), ("retail", "Beta"), ("wholesale", "Gamma"),
    }  # fmt: skip


def test_the_busiest_time_is_the_one_with_most_rows() -> None:
    assert rows("What was the busiest month for orders?") == [(datetime(2025, 6, 1), 2)]
    assert rows("busiest year for reviews") == [(2025, 2)]


def test_the_busiest_of_what_several_things_happen_to_is_refused() -> None:
    assert "busiest" in str(refusal("the busiest customer"))


@pytest.mark.parametrize(
    "question",
    [
        "the cheapest and the most expensive product price",
        "What are the cheapest and most expensive price of products?",
    ],
)
def test_both_ends_of_a_column_are_its_lowest_and_highest_value(question: str) -> None:
    assert rows(question) == [(Decimal("1.50"), Decimal("25.00"))]


@pytest.mark.parametrize("unit", ["dollars", "euros", "usd"])
def test_a_currency_says_nothing_of_money_that_has_none(unit: str) -> None:
    assert values(f"What is the total freight in {unit}?") == {Decimal("46.50")}


def test_a_unit_of_another_kind_is_refused() -> None:
    assert refusal("What is the average price in hours?")


@pytest.mark.parametrize(
    "question",
    [
        "Of the orders placed in 2024, what percentage were returned?",
        "Of the orders from 2024, what percent was returned?",
    ],
)
def test_a_share_of_rows_that_are_named_first(question: str) -> None:
    assert rows(question) == [(pytest.approx(100 / 3),)]


def test_rows_to_be_ignored_do_not_count() -> None:
    assert values("How many orders are there? Ignore cancelled orders.") == {6}
    assert values("How many orders are there, ignoring orders that were cancelled?") == {6}


@pytest.mark.parametrize(
    "question",
    [
        "How many orders will we have tomorrow?",
        "What will the freight be?",
        "Which products should we discontinue?",
    ],
)
def test_nobody_knows_what_will_be_or_should(question: str) -> None:
    assert refusal(question)


@pytest.mark.parametrize(
    "question",
    [
        "orders of customers with " * 12 + "orders",
        "name and " * 30 + "city of customers",
        "number of orders and " * 20 + "customers",
    ],
)
def test_no_sentence_takes_long_to_be_read_or_refused(question: str) -> None:
    started = time.process_time()
    try:
        rows(question)
    except AidbtError as refused:
        assert str(refused)
    assert time.process_time() - started < 4


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Which employee has the latest hire date?", [(4, "Di")]),
        ("Show the employee with the earliest hire date.", [(1, "Ada")]),
        ("Who has the most recent hire date?", [(4, "Di")]),
        ("Which order has the latest ship date?", [(1003,)]),
        ("Which 2 orders have the latest ship dates?", [(1003,), (1002,)]),
    ],
)
def test_what_has_the_latest_date_is_the_last_by_it(question: str, found: list[tuple[Any, ...]]) -> None:
    assert [row[: len(one)] for row, one in zip(rows(question), found, strict=True)] == found


def test_the_latest_date_of_each_is_a_number_of_each() -> None:
    assert len(rows("latest order date per customer")) == 3
    assert len(rows("earliest hire date by department")) == 2


def test_years_have_a_first_and_a_last_too() -> None:
    writers = made_up({"writer": "writer_id name country debut_year:n"})
    each = sql_of(writers, "What is the earliest debut year of the writers in each country?")
    assert "MIN(writer.debut_year)" in each
    assert "ORDER BY writer.debut_year DESC LIMIT 1" in sql_of(
        writers, "Which writer has the latest debut year?"
    )
