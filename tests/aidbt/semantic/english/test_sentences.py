"""What is said of rows in whole sentences: amounts, times beside times, orders, and what verbs say."""

from __future__ import annotations

from itertools import pairwise

import pytest

from aidbt.semantic.english.words.units import factor_of, unit_of
from aidbt.semantic.graph import GraphColumn
from tests.aidbt.semantic.english.small_shop import ask, refusal, rows, values


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("products priced over $4", {"Green Tea", "Chess Set"}),
        ("products with a price of more than 4 dollars", {"Green Tea", "Chess Set"}),
        ("products with a price between $2 and $4", {"Crisps", "Nut Bar"}),
        ("products with a price under 0.01k", {"Green Tea", "Cola", "Crisps", "Nut Bar"}),
        ("products with a price of at most 0.001 million",
         {"Green Tea", "Cola", "Crisps", "Nut Bar", "Chess Set"}),
        ("products with a stock of 2 or 3", {"Cola", "Chess Set"}),
        ("products with a stock of 2, 3 or 20", {"Green Tea", "Cola", "Chess Set"}),
        ("products whose stock is less than twice the reorder level", {"Cola", "Crisps"}),
        ("products whose stock is at least 5 times the reorder level", {"Nut Bar"}),
        ("products whose reorder level is more than 50% of the stock", {"Cola", "Crisps"}),
        ("products with no stock left", {"Crisps"}),
    ],
)  # fmt: skip
def test_columns_are_compared_with_amounts(question: str, found: set[str]) -> None:
    assert values(question) == found


@pytest.mark.parametrize(
    "question",
    [
        "products with a stock over 3 euros",
        "products with a price over 3 hours",
        "products with a price of 2 and 3",
        "customers older than 40",
    ],
)
def test_amounts_in_what_a_column_is_not_in_are_refused(question: str) -> None:
    refusal(question)


@pytest.mark.parametrize(
    ("column", "unit", "factor"),
    [
        (GraphColumn("fee_cents", "number", unit="cents"), "euros", 0.01),
        (GraphColumn("delay_min", "number", unit="minutes"), "hours", 1 / 60),
        (GraphColumn("fee", "number"), "dollars", 1),
        (GraphColumn("weight", "number"), "pounds", 1),
        (GraphColumn("delay", "number"), "hours", None),
        (GraphColumn("birth_year", "number", unit="years"), "years", None),
        (GraphColumn("fee_usd", "number", unit="usd"), "euros", None),
    ],
)
def test_a_column_is_in_a_unit_where_something_shows_it(
    column: GraphColumn, unit: str, factor: float | None
) -> None:
    assert factor_of(column, unit) == (factor if factor is None else pytest.approx(factor))


def test_units_are_said_by_words_and_signs() -> None:
    assert [unit_of(word) for word in ("kg", "€", "%", "hour", "order")] == [
        "kilograms", "euros", "percent", "hours", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("orders shipped in the same month as they were ordered", {1000, 1003}),
        ("orders ordered in the same year as the customer signed up", {1002}),
        ("orders shipped within 5 days", {1000, 1003}),
        ("orders ordered within 30 days of signing up", set()),
        ("orders from 2025 onwards", {1003, 1004, 1005, 1006}),
        ("orders from March 2025 and later", {1003, 1004, 1005, 1006}),
    ],
)
def test_times_are_held_against_other_times(question: str, found: set[int]) -> None:
    assert {row[0] for row in rows(question)} == found


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("unshipped orders", {1004, 1005, 1006}),
        ("orders that are unshipped", {1004, 1005, 1006}),
        ("unmanaged employees", {1}),
        ("unreviewed products", {101, 102, 103}),
    ],
)
def test_what_was_not_done_is_said_in_one_word(question: str, found: set[int]) -> None:
    assert {row[0] for row in rows(question)} == found


@pytest.mark.parametrize(
    ("question", "is_descending"),
    [
        ("products from the cheapest to the most expensive", False),
        ("products sorted by price, from the most expensive to the cheapest", True),
        ("products, most expensive first", True),
    ],
)
def test_an_order_is_said_by_its_two_ends(question: str, is_descending: bool) -> None:
    prices = [row[-1] for row in rows(question)]

    assert all((one >= other) is is_descending or one == other for one, other in pairwise(prices))
    assert len(ask(question).order_by) == 1


def test_a_time_is_named_by_what_was_done_then() -> None:
    assert rows("number of customers who signed up per year") == [(2023, 1), (2024, 2), (2025, 1)]
    assert rows("name of employees and the date they were hired")[0][1].year == 2015


@pytest.mark.parametrize(
    "question",
    [
        "what does a person need to study to become a clerk",
        "customers who want to become active",
        "products in 2024",
        "customers in 2024",
        "employees who are still living",
        "orders as of today",
        "first orders in 2025",
    ],
)
def test_words_that_say_something_are_not_left_out(question: str) -> None:
    refusal(question)


def test_a_verb_that_only_joins_may_be_left_out() -> None:
    assert values("customers who left a review") == {"Alfa", "Beta"}
    assert rows("how many products belong to Drinks") == [(2,)]
