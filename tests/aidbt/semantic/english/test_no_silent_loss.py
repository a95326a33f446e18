"""A word that changes what a question means changes its answer, or the question is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aidbt.semantic.english.checks.complete import check_complete
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.phrases import Rows
from aidbt.semantic.query import Attribute, Comparison, OneOf, Predicate, Value
from tests.aidbt.semantic.english.small_shop import reading, rows, world

REFUSED = [
    # All, only, both: of related rows a query asks whether there is one.
    "customers who ordered all products",
    "customers who did not order all products",
    "products that all customers bought",
    "orders that contain all products",
    "departments where not all employees are remote",
    "customers who ordered only in 2024",
    "customers who only ordered in 2024",
    "return the distinct cities of customers that ordered only in 2024",
    "customers with open and delivered orders",
    "products in both Drinks and Snacks",
    "customers who ordered neither Cola nor Green Tea",
    # Ends that are not the same.
    "bottom 3 most common statuses",
    # Edges of periods that are another period's.
    "how many orders in the past 30 days, inclusive of 31 days ago",
    "orders last week (exclusive of the current day)",
    # What is spoken of again was something else.
    "average salary per department. Return the department name and the total.",
    "number of orders per year, sorted by quarter",
    # Values, numbers and words that no part of the answer holds.
    "which customers have no 3 or more orders",
    'customers "Alfa" price above the average',
    "what is the total value of all orders",
    # Rows, times and groups that may be others than those that are spoken of.
    "orders shipped in 2024 per month",
    "number of orders per hour of the day",
    "products whose name starts with 'C' and 'G'",
    "what is the longest order",
]


@pytest.mark.parametrize("question", REFUSED)
def test_what_a_query_cannot_say_is_refused(question: str) -> None:
    with pytest.raises(Refused):
        reading(question)


CHANGED = [
    ("products with 'a' and 'e' in the name", "products with 'a' or 'e' in the name"),
    ("customers who ordered Cola and Green Tea", "customers who ordered Cola or Green Tea"),
    ("customers who have orders", "customers who have no orders"),
    ("customers with one order", "customers with more than one order"),
    ("employees hired before 2023", "employees hired after 2023"),
    ("the 2 most expensive products", "the 2 least expensive products"),
    ("orders in the past 30 days", "orders in the past 31 days"),
    ("average salary per department", "median salary per department"),
    ("number of orders per month", "number of orders per year"),
    ("orders that were shipped", "orders that were not shipped"),
]


@pytest.mark.parametrize(("question", "other"), CHANGED)
def test_another_word_is_another_query(question: str, other: str) -> None:
    assert reading(question).query != reading(other).query


@pytest.mark.parametrize(
    ("lost", "where"),
    [
        ("delivered", Comparison(">", Attribute("orders", "freight"), Value(3))),
        ("3", OneOf(Attribute("orders", "status"), (Value("delivered"),))),
    ],
)
def test_a_word_that_a_rule_dropped_is_missed(lost: str, where: Predicate) -> None:
    found = reading("delivered orders with freight above 3")
    query = replace(found.query, where=where)
    phrases = [replace(item, meaning=Rows("orders", where)) for item in found.phrases]

    with pytest.raises(Refused):
        check_complete([phrases], query, world()[0])


SAID = [
    # Words of quantity that say nothing of the rows themselves.
    ("how many of all orders are open", [2]),
    ("customers with only one order", ["Gamma"]),
    ("only delivered orders", [1000, 1001, 1003]),
    # Each of two things may be another row's.
    ("customers who ordered both Cola and Green Tea", ["Alfa"]),
    ("customers who ordered Cola and who ordered Nut Bar", ["Alfa"]),
    ("orders with Green Tea and Nut Bar", [1000]),
    # Texts: parts of one name, or names of several rows.
    ("products whose name contains 'a' and 'r'", ["Green Tea", "Nut Bar"]),
    ("customers 'Alfa' and 'Beta'", ["Alfa", "Beta"]),
]


@pytest.mark.parametrize(("question", "answer"), SAID)
def test_words_that_say_little_do_not_stand_in_the_way(question: str, answer: list[object]) -> None:
    found = [row[-1] for row in rows(question)]

    assert sorted(found, key=str) == sorted(answer, key=str)


def test_a_condition_that_numbers_share_is_of_those_that_are_asked_for_later_too() -> None:
    found = rows(
        "How many orders were placed in 2025? Return the number of orders and how many of them are open."
    )

    assert found == [(4, 2)]
