"""Numbers, groups, orders and the first so many, asked in English of a small shop."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from tests.aidbt.semantic.english.small_shop import ask, refusal, rows


def _month(year: int, month: int) -> dt.datetime:
    return dt.datetime(year, month, 1)


def _plain(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows with numbers as floats, rounded, and dates as times."""

    def plain(value: Any) -> Any:
        if isinstance(value, Decimal | float):
            return round(float(value), 4)
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return dt.datetime(value.year, value.month, value.day)
        return value

    return [tuple(map(plain, row)) for row in found]


def _bag(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(_plain(found), key=repr)


AGGREGATES = [
    ("How many customers are there in total?", 4),
    ("total orders", 7),
    ("total freight", 46.5),
    ("freight total", 46.5),
    ("What was the freight in 2024?", 16.5),
    ("What is the median salary?", 450),
    ("number of distinct countries", 2),
    ("How many different cities do customers live in?", 3),
    ("how many units were sold", 34),
    ("earliest hire date", dt.datetime(2015, 3, 1)),
    ("total quantity times unit price", 163.0),
    ("difference between the highest and lowest price", 23.5),
    ("How many more delivered orders than returned orders?", 2),
]


@pytest.mark.parametrize(("question", "expected"), AGGREGATES)
def test_one_number_is_asked_for(question, expected):
    assert _plain(rows(question)) == [(expected,)]


SIDE_BY_SIDE = [
    ("number of customers and number of products", [(4, 5)]),
    ("How many customers and products are there?", [(4, 5)]),
    ("How many products cost more than 3 and what is their average price?", [(2, 14.75)]),
    ("total freight and number of orders of German customers", [(25.0, 4)]),
    ("total orders, and how many of them were returned", [(7, 1)]),
    ("minimum, maximum and average price of products", [(1.5, 25.0, 7.2)]),
    ("the number and total freight of orders", [(7, 46.5)]),
    ("number of orders and total freight per country", [("Portugal", 3, 21.5), ("Germany", 4, 25.0)]),
    ("For each country, show the number of customers and the number of orders",
     [("Portugal", 1, 3), ("Germany", 3, 4)]),
    ("number of orders and total freight in 2024", [(3, 16.5)]),
    ("What is the total freight and how many orders were there in 2024?", [(16.5, 3)]),
    ("List each department with its number of employees and average salary",
     [(1, "Sales", 2, 650.0), (2, "Finance", 2, 525.0)]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), SIDE_BY_SIDE)
def test_numbers_stand_side_by_side(question, expected):
    assert _bag(rows(question)) == _bag(expected)


GROUPED = [
    ("number of orders by status", [("cancelled", 1), ("delivered", 3), ("open", 2), ("returned", 1)]),
    ("orders by status", [("cancelled", 1), ("delivered", 3), ("open", 2), ("returned", 1)]),
    ("order count by status", [("cancelled", 1), ("delivered", 3), ("open", 2), ("returned", 1)]),
    ("how often does each status occur", [("cancelled", 1), ("delivered", 3), ("open", 2), ("returned", 1)]),
    ("freight by quarter",
     [(_month(2024, 1), 5.0), (_month(2024, 10), 11.5), (_month(2025, 1), 12.0), (_month(2025, 4), 18.0)]),
    ("monthly orders in 2024", [(_month(2024, 2), 1), (_month(2024, 11), 1), (_month(2024, 12), 1)]),
    ("orders by day of the week", [(2, 1), (5, 3), (6, 3)]),
    ("number of orders by weekday", [(2, 1), (5, 3), (6, 3)]),
    ("average freight per order", [(6.6429,)]),
    ("average price by discontinued", [(False, 8.5), (True, 2.0)]),
    ("average budget of employees in each location", [("Berlin", 50000.0), ("Lisbon", 90000.0)]),
    ("number of customers who signed up per year",
     [(2023, 1), (2024, 2), (2025, 1)]),
    ("Count the customers in each segment. Return the segment and the count.",
     [("retail", 2), ("wholesale", 2)]),
    ("total freight by customer and year",
     [(10, "Alfa", 2024, 12.5), (10, "Alfa", 2025, 9.0),
      (11, "Beta", 2024, 4.0), (11, "Beta", 2025, 18.0),
      (12, "Gamma", 2025, 3.0)]),
    ("total freight per customer, only delivered orders", [(10, "Alfa", 12.5), (11, "Beta", 12.0)]),
    ("freight in 2024 vs 2025", [(2024, 16.5), (2025, 30.0)]),
    ("lowest and highest salary by department", [(1, "Sales", 400, 900), (2, "Finance", 450, 600)]),
    ("total freight per order month in 2024",
     [(_month(2024, 2), 5.0), (_month(2024, 11), 7.5), (_month(2024, 12), 4.0)]),
    ("compare the average salary of Berlin and Lisbon", [("Berlin", 525.0), ("Lisbon", 650.0)]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), GROUPED)
def test_what_is_asked_for_by_group_is_counted_or_added_up(question, expected):
    assert _bag(rows(question)) == _bag(expected)


FIRST = [
    ("Which customer has the fewest orders?", [(12, "Gamma", 1)]),
    ("top 2 products by price", [(104, "Chess Set", 25.0), (100, "Green Tea", 4.5)]),
    ("Top 2 customers by total freight", [(11, "Beta", 22.0), (10, "Alfa", 21.5)]),
    ("best-selling product by quantity", [(100, "Green Tea", 12)]),
    ("the last 2 orders", [(1006, dt.datetime(2025, 6, 14)), (1005, dt.datetime(2025, 6, 7))]),
    ("the 2 countries with the highest total freight", [("Germany", 25.0), ("Portugal", 21.5)]),
    ("Which category has the highest average price?", [(3, "Toys", 25.0)]),
    ("most common status of orders", [("delivered", 3)]),
    ("Which month had the highest freight?", [(_month(2025, 6), 15.0)]),
    ("What day of the week has the most orders?", [(6, 3)]),
    ("customers per country, most first", [("Germany", 3), ("Portugal", 1)]),
    ("Show the average salary by title, highest first",
     [("Director", 900.0), ("Analyst", 600.0), ("Clerk", 383.3333)]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), FIRST)
def test_the_first_come_in_their_order(question, expected):
    if "day of the week" in question:  # two days are as good as each other
        assert rows(question)[0][1] == 3
    else:
        assert _plain(rows(question)) == expected


WITHIN = [
    ("best-selling product of each category by quantity",
     [(1, "Drinks", 100, "Green Tea", 12), (2, "Snacks", 103, "Nut Bar", 6),
      (3, "Toys", 104, "Chess Set", 3)]),
    ("Which employee has the highest salary in each department?",
     [(1, "Sales", 1, "Ada", 900), (2, "Finance", 3, "Cy", 600)]),
    ("most recent order of each customer",
     [(10, "Alfa", 1005, dt.datetime(2025, 6, 7)), (11, "Beta", 1006, dt.datetime(2025, 6, 14)),
      (12, "Gamma", 1004, dt.datetime(2025, 5, 30))]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), WITHIN)
def test_the_first_of_each_group_are_taken_within_it(question, expected):
    assert _bag(rows(question)) == _bag(expected)


RATIOS = [
    ("What percentage of orders were returned?", [(14.2857,)]),
    ("what fraction of orders are cancelled", [(0.1429,)]),
    ("per customer, what percentage of orders were delivered?",
     [(10, "Alfa", 66.6667), (11, "Beta", 33.3333), (12, "Gamma", 0.0)]),
    ("percentage of active customers per country", [("Germany", 66.6667), ("Portugal", 100.0)]),
    ("What share of the customers of each segment is active? Return the segment and the share.",
     [("retail", 1.0), ("wholesale", 0.5)]),
    ("cancellation rate by country", [("Germany", 25.0), ("Portugal", 0.0)]),
    ("ratio of delivered orders to returned orders", [(3.0,)]),
    ("share of orders that were returned, out of all delivered or returned orders", [(0.25,)]),
    ("What percentage of products is discontinued, per category",
     [(1, "Drinks", 0.0), (2, "Snacks", 50.0), (3, "Toys", 0.0)]),
    ("each country as a percentage of total freight", [("Germany", 53.7634), ("Portugal", 46.2366)]),
    ("share of customers by segment", [("retail", 0.5), ("wholesale", 0.5)]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), RATIOS)
def test_ratios_and_shares_have_the_whole_that_was_said(question, expected):
    assert _bag(rows(question)) == _bag(expected)


ALONG_TIME = [
    ("running total of orders per quarter",
     [(_month(2024, 1), 1), (_month(2024, 10), 3), (_month(2025, 1), 4), (_month(2025, 4), 7)]),
    ("year over year change in freight", [(_month(2024, 1), 16.5, None), (_month(2025, 1), 30.0, 13.5)]),
    ("freight per quarter with the percentage change vs the previous quarter",
     [(_month(2024, 1), 5.0, None), (_month(2024, 10), 11.5, None), (_month(2025, 1), 12.0, 4.3478),
      (_month(2025, 4), 18.0, 50.0)]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), ALONG_TIME)
def test_periods_are_compared_with_the_calendar_one_before(question, expected):
    assert _plain(rows(question)) == expected


NESTED = [
    ("average number of orders per customer", [(2.3333,)]),
    ("On average, how many orders per customer?", [(2.3333,)]),
    ("maximum number of orders per customer", [(3,)]),
    ("average monthly freight", [(7.75,)]),
    ("average number of orders per customer by country", [("Germany", 2.0), ("Portugal", 3.0)]),
]


@pytest.mark.parametrize(("question", "expected"), NESTED)
def test_numbers_of_groups_are_averaged_over_the_groups(question, expected):
    assert _bag(rows(question)) == _bag(expected)


HAVING = [
    ("departments whose average salary is above 600", [(1, "Sales", 650.0)]),
    ("customers whose total freight exceeds 21.6", [(11, "Beta", 22.0)]),
    ("Which countries have more than 2 customers?", [("Germany", 3)]),
    ("products above the average price", [(104, "Chess Set")]),
    ("customers who have more orders than average", [(10, "Alfa", 3), (11, "Beta", 3)]),
    ("customers with more than the average number of orders", [(10, "Alfa", 3), (11, "Beta", 3)]),
]


@pytest.mark.parametrize(("question", "expected"), HAVING)
def test_groups_and_rows_are_held_against_numbers(question, expected):
    assert _bag(rows(question)) == _bag(expected)


REFUSED = [
    "top 3 customers",
    "compare them",
    "cumulative freight",
    "Return the name and the share.",
    "average number of orders and the total freight per customer and number of products",
    "average freight of the top 3 customers",
    "number of orders and active customers",
    "departments with the most reviews",
    "which country has the second most customers",
]


@pytest.mark.parametrize("question", REFUSED)
def test_what_is_not_said_is_not_guessed(question):
    assert refusal(question)


def test_columns_are_called_what_people_call_them():
    query = ask("number of orders, total freight and average freight per customer")

    names = [output.name for output in query.outputs]
    assert names == ["customer_id", "name", "orders", "total_freight", "average_freight"]
