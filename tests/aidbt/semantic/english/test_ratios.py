"""Ratios, shares and rates, asked in English of a small shop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.aidbt.semantic.english.small_shop import refusal, rows


def _bag(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in one order, numbers to four places."""
    plain = [tuple(round(float(v), 4) if isinstance(v, Decimal | float) else v for v in row) for row in found]
    return sorted(plain, key=repr)


ONE = [
    # What the second side names, the first one is of too.
    ("What is the ratio of delivered to returned orders?", 3.0),
    ("What is the ratio of delivered to all orders?", 3 / 7),
    ("What is the ratio of retail to wholesale customers in Germany?", 0.5),
    ("What is the ratio between active and inactive customers?", 3.0),
    ("What is the ratio between the number of orders and the number of customers?", 1.75),
    # All others.
    ("What is the ratio of remote employees to all other employees?", 2 / 3),
    ("What is the ratio of retail customers to the rest?", 1.0),
    ("What is the ratio of delivered orders to all other orders in 2025?", 1 / 3),
    # Two times, of which each is one side's.
    ("What is the ratio of freight in 2024 to freight in 2025?", 16.5 / 30),
    (
        "What is the ratio of the total freight of German customers to that of Portuguese customers?",
        25 / 21.5,
    ),
    ("What is the total freight in 2024 as a percentage of the total freight?", 1650 / 46.5),
    ("What is the freight of delivered orders as a percentage of total freight?", 2450 / 46.5),
    # A condition that holds of both sides.
    ("For Berlin customers, what is the ratio of active customers to all customers?", 1.0),
    ("What is the ratio of delivered orders to all orders? Only consider orders in 2024.", 2 / 3),
    ("For the department Sales, what is the ratio of total salary to the budget?", 1300 / 90000),
    ("Out of the products that have reviews, what share is discontinued?", 0.0),
    ("Out of all orders, what share was delivered?", 3 / 7),
    ("What is the share of delivered orders in all orders?", 3 / 7),
    ("What is the ratio of delivered orders to all orders in percent?", 300 / 7),
    ("What share of orders was delivered, as a percentage?", 300 / 7),
    # Rates of rows.
    ("delivery rate of orders in 2024", 200 / 3),
    ("order cancellation rate", 100 / 7),
    ("cancellation rate of orders from Germany", 25.0),
]


@pytest.mark.parametrize(("question", "expected"), ONE)
def test_a_ratio_is_one_number(question: str, expected: float) -> None:
    ((found,),) = rows(question)
    assert round(float(found), 4) == round(expected, 4)


GROUPED = [
    # A column of what makes the groups is their own.
    ("What is the ratio of stock to reorder level for each product?",
     [(100, "Green Tea", 4.0), (101, "Cola", 0.6), (102, "Crisps", 0.0), (103, "Nut Bar", 5.0),
      (104, "Chess Set", 2.0)]),
    ("What is the ratio of total salary to the budget of each department?",
     [(1, "Sales", 0.0144), (2, "Finance", 0.021)]),
    ("For each department, what is the ratio of the number of employees working in it to its budget?",
     [(1, "Sales", 0.0), (2, "Finance", 0.0)]),
    # And where they have several of it, it is added up.
    ("ratio of total salary to budget by location", [("Lisbon", 0.0144), ("Berlin", 0.015)]),
    ("number of orders per 100 customers by country", [("Portugal", 300.0), ("Germany", 133.3333)]),
    ("What is the ratio of orders to customers by country? Leave out cancelled orders.",
     [("Portugal", 3.0), ("Germany", 1.0)]),
    ("What is the ratio of orders to customers by country? Only consider active customers.",
     [("Portugal", 3.0), ("Germany", 1.5)]),
    ("What fraction of the orders of each country was delivered? Return the country and the fraction.",
     [("Portugal", 0.6667), ("Germany", 0.25)]),
    ("What is the ratio of the quantity sold to the stock on average for each product?",
     [(100, "Green Tea", 0.3), (101, "Cola", 1.6667), (102, "Crisps", None), (103, "Nut Bar", 0.06),
      (104, "Chess Set", 0.75)]),
    # Shares of the number beside them.
    ("Show the number of orders by country and their share of all orders in percent.",
     [("Portugal", 3, 42.8571), ("Germany", 4, 57.1429)]),
    ("Show the number of orders by country and the percentage of the total.",
     [("Portugal", 3, 42.8571), ("Germany", 4, 57.1429)]),
    ("number of orders by country and their share", [("Portugal", 3, 0.4286), ("Germany", 4, 0.5714)]),
    ("What percentage of total freight does each country account for?",
     [("Portugal", 46.2366), ("Germany", 53.7634)]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), GROUPED)
def test_ratios_of_groups(question: str, expected: list[tuple[Any, ...]]) -> None:
    assert _bag(rows(question)) == _bag(expected)


HELD = [
    # A share that is held against a number is no number of rows.
    ("List countries where more than 50% of orders were delivered.", ["Portugal"]),
    ("Which countries had more than half of their orders delivered?", ["Portugal"]),
    ("departments where more than 40% of employees are remote", [1, 2]),
    # What groups have in all, beside a column of their own.
    ("List departments whose total salary is more than their budget.", []),
    ("List departments whose total salary is less than 1.5% of their budget.", [1]),
    ("List departments whose total salary is less than half of their budget.", [1, 2]),
    ("List products whose total quantity sold exceeds their stock.", [101, 102, 104]),
    ("products where the quantity sold is higher than the stock", [101, 102, 104]),
]


@pytest.mark.parametrize(("question", "expected"), HELD)
def test_shares_and_sums_are_held_against_others(question: str, expected: list[Any]) -> None:
    assert sorted(row[0] for row in rows(question)) == expected


REFUSED = [
    # It is not said how what does not add up is added up.
    "What is the ratio of stock to reorder level?",
    "ratio of salary to budget by location",
    # Of what all others are the rest is not certain.
    "What is the ratio of delivered orders in 2025 to all other orders?",
    "What is the ratio of orders in 2024 to all other orders?",
    # The mean of each one's own kind is none that a row is held against.
    "Which products are more expensive than the average of their category?",
    "What is the total freight as a percentage of the total freight?",
    # A share of what, or in which groups?
    "number of orders and total freight by country and their share",
    "number of orders and their share",
    "number of orders by country as a percentage",
    "What is the ratio of orders to customers by country? Only consider discontinued products.",
]


@pytest.mark.parametrize("question", REFUSED)
def test_of_what_a_ratio_is_has_to_be_certain(question: str) -> None:
    refusal(question)


CHANGES = [
    ("What was the change in the number of orders from 2024 to 2025?", [(1,)]),
    ("What is the difference in the number of orders between 2024 and 2025?", [(1,)]),
    ("What was the decrease in freight from 2024 to 2025?", [(-13.5,)]),
    ("What was the percentage change in freight from 2024 to 2025?", [(81.8182,)]),
    ("By what percentage did freight grow from 2024 to 2025?", [(81.8182,)]),
    ("How much did the freight increase from 2024 to 2025?", [(13.5,)]),
    ("How much higher is the average salary in Sales than in Finance?", [(125.0,)]),
    ("How does the average freight differ between retail and wholesale customers?",
     [("retail", 7.25), ("wholesale", 3.0)]),
    ("How does the number of orders differ across segments?", [("retail", 6), ("wholesale", 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), CHANGES)
def test_what_changed(question: str, expected: list[tuple[Any, ...]]) -> None:
    assert _bag(rows(question)) == _bag(expected)


SERIES = [
    ("number of orders and number of reviews per year", [(3, 1), (4, 2)]),
    ("How does the ratio of orders to reviews change over the years?", [(3.0,), (2.0,)]),
    ("For each quarter of 2024, return the freight and the change of freight against the quarter before.",
     [(5.0, None), (11.5, None)]),
    ("Show the monthly number of orders in 2024 and the cumulative total.", [(1, 1), (1, 2), (1, 3)]),
    ("Show the number of orders in each quarter of 2024 and the running total within the year.",
     [(1, 1), (2, 3)]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), SERIES)
def test_what_follows_time(question: str, expected: list[tuple[Any, ...]]) -> None:
    found = [row[1:] for row in rows(question)]
    assert _bag(found) == _bag(expected)


@pytest.mark.parametrize(
    "question",
    [
        "Show the number of orders in each quarter and the running total within the year.",
        "Show the number of orders and total freight per month and the cumulative total.",
        "What was the change in the number of orders?",
        "How much did the freight increase?",
    ],
)
def test_changes_have_two_ends(question: str) -> None:
    refusal(question)


HAVING = [
    ("How many customers have an inactive account?", 1),
    ("How many days on average does it take to ship an order?", 6.5),
]


@pytest.mark.parametrize(("question", "expected"), HAVING)
def test_words_between_others(question: str, expected: float) -> None:
    ((found,),) = rows(question)
    assert float(found) == expected
