"""Ranks, moving averages, two periods or values beside each other, and what is neither one nor the other."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from aidbt.semantic.english.words.additive import is_additive
from aidbt.semantic.graph import GraphColumn, GraphTable
from aidbt.semantic.query import InPeriod
from aidbt.semantic.wording.sentences import describe
from tests.aidbt.semantic.english.small_shop import ask, reading, refusal, rows, world


def _plain(found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows with decimals as numbers and times as dates."""
    return [tuple(_bare(value) for value in row) for row in found]


def _bare(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dt.datetime):
        return value.date()
    return round(value, 4) if isinstance(value, float) else value


RANKED = [
    ("rank the customers by total freight",
     [(11, "Beta", 22.0, 1), (10, "Alfa", 21.5, 2), (12, "Gamma", 3.0, 3)]),
    ("rank of each country by total freight", [("Germany", 25.0, 1), ("Portugal", 21.5, 2)]),
    ("rank countries by number of customers", [("Germany", 3, 1), ("Portugal", 1, 2)]),
    ("rank customers by total freight in 2024", [(10, "Alfa", 12.5, 1), (11, "Beta", 4.0, 2)]),
    ("rank delivered orders by freight", [(1003, 12.0, 1), (1001, 7.5, 2), (1000, 5.0, 3)]),
    ("rank active customers by total freight, lowest first", [(10, "Alfa", 21.5, 1), (11, "Beta", 22.0, 2)]),
    ("rank employees by salary within each department",
     [(1, "Sales", 1, "Ada", 900, 1), (1, "Sales", 2, "Bo", 400, 2),
      (2, "Finance", 3, "Cy", 600, 1), (2, "Finance", 4, "Di", 450, 2)]),
    ("show the rank of each customer by total freight within their country",
     [("Germany", 11, "Beta", 22.0, 1), ("Germany", 12, "Gamma", 3.0, 2), ("Portugal", 10, "Alfa", 21.5, 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), RANKED)
def test_ranks_come_with_what_is_ranked_and_in_their_order(question, expected):
    assert _plain(rows(question)) == expected
    assert ask(question).outputs[-1].name == "rank"


def test_equals_have_one_rank():
    assert [row[-1] for row in rows("rank customers by number of orders")] == [1, 1, 3]


MOVING = [
    "3-month moving average of freight",
    "3 month moving average of freight",
    "rolling 3-month average of freight",
    "rolling 3 month average of freight",
    "a moving 3-month average of freight",
]


@pytest.mark.parametrize("question", MOVING)
def test_a_moving_average_is_of_a_month_and_those_just_before_it(question):
    assert _plain(rows(question)) == [
        (dt.date(2024, 2, 1), 5.0),
        (dt.date(2024, 11, 1), 7.5),
        (dt.date(2024, 12, 1), 5.75),
        (dt.date(2025, 3, 1), 12.0),
        (dt.date(2025, 5, 1), 7.5),
        (dt.date(2025, 6, 1), 9.0),
    ]


def test_a_moving_average_can_stand_beside_its_numbers():
    found = _plain(rows("monthly orders in 2025 with a 2-month moving average"))
    assert found == [
        (dt.date(2025, 3, 1), 1, 1.0),
        (dt.date(2025, 5, 1), 1, 1.0),
        (dt.date(2025, 6, 1), 2, 1.5),
    ]


def test_a_moving_average_follows_each_group_apart():
    found = _plain(rows("3-month moving average of freight by country"))
    assert ("Portugal", dt.date(2025, 6, 1), 9.0) in found
    assert ("Germany", dt.date(2025, 6, 1), 4.5) in found


COMPARED = [
    ("compare freight in 2024 and 2025", [(2024, 16.5), (2025, 30.0)]),
    ("compare number of orders in 2024 and 2025", [(2024, 3), (2025, 4)]),
    ("compare the number of orders in 2024 and in 2025",
     [(2024, 3), (2025, 4)]),
    ("compare orders this year and last year", [(2024, 3), (2025, 4)]),
    ("compare freight this month and last month", [(dt.date(2025, 5, 1), 3.0), (dt.date(2025, 6, 1), 15.0)]),
    ("compare orders from Germany and Portugal in 2024", [("Germany", 1), ("Portugal", 2)]),
    ("compare orders from Germany and Portugal in 2024 and 2025",
     [("Germany", 2024, 1), ("Germany", 2025, 3),
      ("Portugal", 2024, 2), ("Portugal", 2025, 1)]),
    ("how many more orders in 2025 than in 2024", [(1,)]),
    ("How many more orders were placed in 2025 than in 2024?", [(1,)]),
    ("how many fewer orders in 2024 than in 2025", [(1,)]),
    ("how many more delivered orders in 2025 than in 2024", [(-1,)]),
    ("how much more freight in 2025 than in 2024", [(13.5,)]),
    ("how many more customers are in Germany than in Portugal", [(2,)]),
    ("how many more orders came from Germany than from Portugal", [(1,)]),
    ("how many more orders in 2025 than in 2024 per country", [("Germany", 2), ("Portugal", -1)]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), COMPARED)
def test_what_is_compared_is_told_apart(question, expected):
    assert sorted(_plain(rows(question))) == expected


TOGETHER = [
    ("total freight across all customers", [(46.5,)]),
    ("how many customers across all segments", [(4,)]),
    ("how many customers across different segments", [("retail", 2), ("wholesale", 2)]),
    ("average price across all categories", [(7.2,)]),
    ("total freight across all German customers", [(25.0,)]),
    ("total stock across all discontinued products", [(0,)]),
    ("both the cheapest and the most expensive product", [(101, "Cola", 1.5), (104, "Chess Set", 25.0)]),
    ("orders and freight per status",
     [("cancelled", 1, 3.0), ("delivered", 3, 24.5), ("open", 2, 15.0), ("returned", 1, 4.0)]),
    ("freight and orders per status",
     [("cancelled", 3.0, 1), ("delivered", 24.5, 3), ("open", 15.0, 2), ("returned", 4.0, 1)]),
    ("How many days between order date and ship date on average", [(6.5,)]),
    ("which customer has the fewest orders", [(12, "Gamma", 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), TOGETHER)
def test_all_of_them_are_no_groups_and_rows_beside_their_numbers_are_counted(question, expected):
    assert sorted(_plain(rows(question))) == expected


SORTED = [
    "product name and price, ordered from lowest to highest price",
    "product name and price, lowest first",
    "product name and price, from lowest to highest",
]


def test_what_is_ranked_by_a_number_comes_from_the_greatest_unless_the_other_way_is_said():
    assert [row[0] for row in rows("delivered orders ranked by freight")] == [1003, 1001, 1000]
    assert [row[0] for row in rows("delivered orders ranked by freight from lowest to highest")] == [
        1000,
        1001,
        1003,
    ]


@pytest.mark.parametrize("question", SORTED)
def test_lowest_and_highest_speak_of_the_number_that_is_seen(question):
    assert [row[0] for row in rows(question)] == ["Cola", "Crisps", "Nut Bar", "Green Tea", "Chess Set"]


def test_the_first_of_each_group_are_sorted_by_the_group_and_then_by_what_they_are_best_in():
    found = _plain(rows("top 2 products by price in each category"))
    assert [(row[1], row[3]) for row in found] == [
        ("Drinks", "Green Tea"), ("Drinks", "Cola"), ("Snacks", "Nut Bar"), ("Snacks", "Crisps"),
        ("Toys", "Chess Set"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "question",
    [
        "total freight per country and overall",
        "how many orders were delivered or returned, and how many of each",
        "customers and freight by country",
        "average rating across products",
        "rank customers",
        "rank customers by name",
        "product name, price and stock, highest first",
        "orders in 2024 and 2025",
        "number of orders this year and last year",
        "compare products by price",
        "average salary by order status",
        "budget per employee",
        "7-day moving average",
    ],
)
def test_what_would_be_left_out_or_may_be_two_things_is_refused(question):
    assert str(refusal(question))


def test_ranks_and_moving_averages_are_told_as_what_they_are():
    graph, _ = world()
    ranked = describe(reading("rank employees by salary within each department").query, graph)
    moving = describe(reading("3-month moving average of freight").query, graph)
    assert "rank" in ranked and "department" in ranked
    assert "average" in moving and "3 months" in moving


@pytest.mark.parametrize(
    "column", ["average_amount", "avg_delay_minutes", "max_quantity", "median_duration_days"]
)
def test_a_column_of_averages_is_not_added_up(column):
    assert not is_additive(GraphTable("t", (GraphColumn(column, "number"),)), column)


def test_a_bare_by_groups_also_before_a_period():
    query = ask("orders and average freight by customer in 2024")
    assert [term.column for term in query.group_by] == ["customer_id", "name"]
    assert [output.name for output in query.outputs[2:]] == ["orders", "average_freight"]
    assert isinstance(query.where, InPeriod)
