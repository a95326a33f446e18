"""Ordinary forms of sentences: orders said by their ends, what is seen beside rows, the first so many."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.aidbt.semantic.english.small_shop import ask, refusal, rows


def names(question: str) -> list[Any]:
    """The first text of each row of an answer, in its order."""
    return [next(value for value in row if isinstance(value, str)) for row in rows(question)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("List the employees in chronological order of their hire date", ["Ada", "Ed", "Bo", "Cy", "Di"]),
        ("List the employees in the order in which they were hired", ["Ada", "Ed", "Bo", "Cy", "Di"]),
        ("List the products in descending order of price",
         ["Chess Set", "Green Tea", "Nut Bar", "Crisps", "Cola"]),
        ("List the products in reverse alphabetical order",
         ["Nut Bar", "Green Tea", "Crisps", "Cola", "Chess Set"]),
        ("List the products from the highest price to the lowest",
         ["Chess Set", "Green Tea", "Nut Bar", "Crisps", "Cola"]),
        ("Order the products from the most stock to the least",
         ["Nut Bar", "Green Tea", "Cola", "Chess Set", "Crisps"]),
        ("List the products from the most expensive product to the cheapest",
         ["Chess Set", "Green Tea", "Nut Bar", "Crisps", "Cola"]),
        ("number of customers by country, from most to fewest", ["Germany", "Portugal"]),
        ("the cheapest 2 products", ["Cola", "Crisps"]),
        ("List the customers sorted by name", ["Alfa", "Beta", "Delta", "Gamma"]),
    ],
)  # fmt: skip
def test_orders_are_said_by_what_comes_first(question: str, expected: list[str]) -> None:
    assert names(question) == expected


def test_an_order_by_date_is_by_when_rows_happened() -> None:
    assert [row[0] for row in rows("List the orders sorted by date, latest first")][:2] == [1006, 1005]


@pytest.mark.parametrize(
    "question",
    [
        "List the products in chronological order of their price",
        "List the products in alphabetical order of their price",
        "List the products from the highest price to the highest",
        "List the customers from longest to shortest",
        "List the customers in descending order",
    ],
)
def test_an_order_is_of_the_kind_that_it_says(question: str) -> None:
    assert refusal(question).message


@pytest.mark.parametrize(
    "question",
    [
        "order statuses, most common first",
        "order statuses with counts, most frequent first",
        "What are the order statuses, sorted from the most common to the least common?",
        "order statuses from most to least frequent",
        "number of orders by status, most frequent first",
        "orders by status, most frequent first",
        "number of orders per status, most common status first",
    ],
)
def test_what_is_most_frequent_comes_first_with_how_often_it_occurs(question: str) -> None:
    assert rows(question)[:2] == [("delivered", 3), ("open", 2)]


@pytest.mark.parametrize(
    "question",
    [
        "Which order status is the most frequent one?",
        "Which order status occurs most often?",
        "Which order status is used most often?",
    ],
)
def test_what_is_most_frequent_is_said_behind_it_too(question: str) -> None:
    assert rows(question) == [("delivered", 3)]


def test_it_is_said_of_one_thing_how_often_it_occurs() -> None:
    assert refusal("List customers and products, most common first").message
    assert refusal("Which order status is refunded most often?").message


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Show all discontinued products with their category", [(102, "Crisps", 2, "Snacks")]),
        ("Show all discontinued products with their price", [(102, "Crisps", Decimal("2.00"))]),
        ("the 2 most recently hired employees with title and salary",
         [("Clerk", 450, 4, "Di"), ("Analyst", 600, 3, "Cy")]),
        ("What are the names of the discontinued products and their price?", [("Crisps", Decimal("2.00"))]),
        ("List the 2 most expensive products, giving the name of the category and the price, dearest first.",
         [("Toys", Decimal("25.00")), ("Drinks", Decimal("4.50"))]),
        ("Show the two products with the largest stock, with the name of the category and the stock, in "
         "descending order of stock.", [("Snacks", 50), ("Drinks", 20)]),
        ("Who has the highest salary, and in what department do they work?", [("Sales", 1, "Ada", 900)]),
    ],
)  # fmt: skip
def test_what_stands_behind_with_is_seen_beside_rows(question: str, expected: list[tuple[Any, ...]]) -> None:
    assert [row[: len(one)] for row, one in zip(rows(question), expected, strict=True)] == expected


@pytest.mark.parametrize("question", ["List orders with freight", "Number of orders with freight and status"])
def test_having_something_is_not_taken_for_showing_it(question: str) -> None:
    assert refusal(question).message


def test_what_is_seen_beside_rows_is_of_the_rows_that_are_spoken_of() -> None:
    found = rows("customers who ordered in 2024, with their order status")
    assert sorted(row[1:] for row in found) == [("Alfa", "delivered"), ("Beta", "returned")]


def test_what_holds_of_rows_is_no_column_to_be_seen_beside_them() -> None:
    assert names("names of customers who signed up in 2024 and are active") == ["Beta"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("total freight per customer? Show the 2 highest.", ["Beta", "Alfa"]),
        ("How many orders does each customer have? Show only the top 2.", ["Alfa", "Beta"]),
        ("List the products by price, highest first. Show the top 2.", ["Chess Set", "Green Tea"]),
        ("Which product has the most reviews? Return the top 2.", ["Green Tea", "Chess Set"]),
    ],
)
def test_the_first_so_many_may_be_asked_for_afterwards(question: str, expected: list[str]) -> None:
    assert names(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "Show the top 5",
        "How many orders per month? Show the top 2",
        "top 2 customers by freight. Show the top 3.",
    ],
)
def test_the_first_of_nothing_or_of_times_are_not_guessed(question: str) -> None:
    assert refusal(question).message


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("List the names of the products in each category",
         ["Green Tea", "Cola", "Crisps", "Nut Bar", "Chess Set"]),
        ("Show customers with at least 2 orders, sorted by number of orders", ["Alfa", "Beta"]),
        ("Who is the longest serving employee?", ["Ada"]),
        ("the cheapest price of each category", ["Drinks", "Snacks", "Toys"]),
        ("Which country do most of the customers live in?", ["Germany"]),
        ("Which customers reviewed at least 2 of the products?", ["Beta"]),
        ("Which products have the largest stock?", ["Nut Bar"]),
        ("For each category, find the cheapest product", ["Drinks", "Snacks", "Toys"]),
    ],
)  # fmt: skip
def test_ordinary_questions_are_answered(question: str, expected: list[str]) -> None:
    assert names(question) == expected


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("In how many countries do our customers live?", 2),
        ("total delivered freight", Decimal("24.50")),
        ("average freight, delivered orders only", 24.5 / 3),
        ("total freight per country, in dollars", Decimal("25.00")),
        ("top 2 customers by total freight paid", Decimal("21.50")),
        ("For each status, how many orders have it?", 1),
    ],
)
def test_numbers_are_asked_for_in_many_forms(question: str, value: Any) -> None:
    assert value in {row[-1] for row in rows(question)}


@pytest.mark.parametrize(
    "question",
    [
        "number of orders per country, in dollars",
        "total freight and average salary, in kilograms",
        "top 2 customers by total freight refunded",
        "the longest serving department",
    ],
)
def test_what_has_no_place_in_an_answer_is_refused(question: str) -> None:
    assert refusal(question).message


def test_a_mean_per_row_stands_beside_sums_of_groups() -> None:
    found = rows(
        "top 2 customers by total freight. Return the total freight and the average freight per order."
    )
    assert [(row[1], row[2]) for row in found] == [("Beta", Decimal("22.00")), ("Alfa", Decimal("21.50"))]
    assert len(ask("top 2 customers by total freight").group_by) == 2
