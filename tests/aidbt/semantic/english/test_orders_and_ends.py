"""Orders, ends and parts: what comes first, what is best, what is last of each, and of what a share is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aidbt.semantic.english.small_shop import ask, refusal, rows


def ordered(question: str) -> list[Any]:
    """The names in an answer, in its order."""
    return [next(value for value in row if isinstance(value, str)) for row in rows(question)]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Order the products by price, highest first",
         ["Chess Set", "Green Tea", "Nut Bar", "Crisps", "Cola"]),
        ("List the products and their price, starting with the one with the highest stock",
         ["Nut Bar", "Green Tea", "Cola", "Chess Set", "Crisps"]),
        ("number of products by category, sorted by number of products descending, then by category name",
         ["Drinks", "Snacks", "Toys"]),
        ("Return each category and its number of products, highest first and in alphabetical order of name"
         " where equal", ["Drinks", "Snacks", "Toys"]),
        ("Return the category name and number of products of each category, from the lowest number of"
         " products to the highest and alphabetically by name where it is equal",
         ["Toys", "Drinks", "Snacks"]),
    ],
)  # fmt: skip
def test_orders_are_of_what_stands_behind_by(question: str, names: list[str]) -> None:
    assert ordered(question) == names


@pytest.mark.parametrize(
    ("question", "name"),
    [("which product has the best rating", "Green Tea"), ("which product has the worst rating", "Chess Set")],
)
def test_best_and_worst_are_known_of_what_is_good_or_bad(question: str, name: str) -> None:
    assert ordered(question) == [name]


@pytest.mark.parametrize(
    "question", ["which product has the best price", "which product has the worst stock"]
)
def test_best_and_worst_of_what_is_neither_are_refused(question: str) -> None:
    assert refusal(question).message


@pytest.mark.parametrize(
    ("question", "shares"),
    [
        ("What percentage of the orders of each employee were returned?", {0.0, 50.0}),
        ("What percentage of the products in each category is discontinued?", {0.0, 50.0}),
    ],
)
def test_a_share_of_each_group_is_of_its_own_rows(question: str, shares: set[float]) -> None:
    assert {row[-1] for row in rows(question)} == shares


def test_a_share_of_the_total_is_of_no_restricted_groups() -> None:
    assert refusal("percentage of freight for each customer in Berlin").message


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("What is the most recent rating of each customer?", {("Alfa", 5), ("Beta", 3)}),
        ("What is the latest status of each customer's orders?",
         {("Alfa", "open"), ("Beta", "open"), ("Gamma", "cancelled")}),
    ],
)  # fmt: skip
def test_what_is_most_recent_is_that_of_the_last_row(question: str, values: set[tuple[str, Any]]) -> None:
    assert {row[1:3] for row in rows(question)} == values


def test_for_all_rows_are_those_without_any_too() -> None:
    assert set(rows("Return the customer name and number of orders for all customers")) == {
        ("Alfa", 3), ("Beta", 3), ("Gamma", 1), ("Delta", 0),
    }  # fmt: skip


def test_a_length_of_time_of_what_was_done_groups_by_when_it_was() -> None:
    found = rows("number of employees by year of hiring")

    assert (2024, 1) in found and len(found) == 5


def test_the_most_of_something_unsaid_is_not_the_number_of_rows() -> None:
    assert refusal("customers that spent the most on delivered orders").message


def test_a_number_that_counts_things_is_added_up() -> None:
    assert ask("how much stock is there by category") == ask("total stock by category")


def test_a_part_of_what_was_counted_stands_beside_it() -> None:
    question = "How many orders are there? Return the number of orders and how many of them are open."

    assert rows(question) == [(7, 2)]
