"""Words that fit the data only from afar, orders by several columns, and what was done in one time and not in
another.
"""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def bakery() -> World:
    """Loaves that customers order, with the fines of late payers and the marks of tasters."""
    return made_up(
        {
            "village": "village_id vname country",
            "customer": "customer_id cname village_id joined_on:d",
            "loaf": "loaf_id label flour_type level grade:n",
            "order": "order_id customer_id loaf_id ordered_on:d shipped_on:d? quantity:n status",
            "reminder": "reminder_id order_id fine_amount:m",
            "score": "score_id order_id points:n",
            "oven": "oven_id oname village_id heat:n",
        },
        {
            ("village", "country"): ["Malta", "Spain"],
            ("loaf", "flour_type"): ["rye", "spelt"],
            ("loaf", "level"): ["Dark", "dark", "light"],
            ("order", "status"): ["open", "returned"],
        },
    )


@pytest.fixture(scope="module")
def harbour() -> World:
    """Berths of boats; trips have a state of their own, and so have the boats."""
    return made_up(
        {
            "boat": "boat_id bname state",
            "trip": "trip_id boat_id state left_on:d fare:m",
            "bill": "bill_id trip_id paid_on:d? due_on:d amount:m",
        },
        {("boat", "state"): ["sunk", "moored"], ("trip", "state"): ["planned", "over"]},
    )


@pytest.mark.parametrize(
    ("question", "order"),
    [
        ("List the loaves sorted by flour type and label.", "loaf.flour_type ASC, loaf.label ASC"),
        (
            "List the loaves sorted by flour type and then grade descending.",
            "loaf.flour_type ASC, loaf.grade DESC",
        ),
        ("List the loaves sorted by grade descending, then label.", "loaf.grade DESC, loaf.label ASC"),
        ("List the loaves by grade descending and then by label.", "loaf.grade DESC, loaf.label ASC"),
        (
            "Number of loaves per flour type and level? Sort by level and then flour type descending.",
            "loaf.level ASC, loaf.flour_type DESC",
        ),
        (
            "Average grade by flour type and level? Sort by average grade descending, then flour type.",
            "AVG(loaf.grade) DESC, loaf.flour_type ASC",
        ),
    ],
)
def test_an_answer_is_sorted_by_every_column_that_is_named(bakery: World, question: str, order: str) -> None:
    assert sql_of(bakery, question).endswith(f"ORDER BY {order}")


def test_a_direction_behind_two_columns_may_be_of_both(bakery: World) -> None:
    with pytest.raises(AidbtError, match="both"):
        sql_of(bakery, "List the loaves sorted by flour type and label descending.")


@pytest.mark.parametrize(
    "question",
    [
        "Which customers ordered in 2023 but not in 2024?",
        "Which customers placed orders in 2023 but not in 2024?",
        "Which customers have orders in 2023 but none in 2024?",
    ],
)
def test_what_was_done_in_one_time_was_not_done_by_another_row(bakery: World, question: str) -> None:
    some, none = sql_of(bakery, question).split(" AND NOT EXISTS")
    assert "'2023-01-01'" in some and "'2024-01-01'" in some and "joined_on" not in some + none
    assert "'2023-01-01'" not in none and "'2025-01-01'" in none


@pytest.mark.parametrize(
    "question",
    [
        # A loaf has no price: the fines for its orders are none.
        "What is the average price per loaf?",
        "What is the fee of each loaf?",
        # How much flour there was is not told by its type, nor by how many orders there were.
        "How much flour does each loaf have?",
        "How much order did each customer make?",
        # Points are of orders, of which a customer has many.
        "What is the rating of each customer?",
        # Nothing of the orders can be seen of those who have none.
        "Which customers have never had an order status?",
        "Average grade by level, ignoring case?",
        # What was sent was shipped, and not ordered, in May.
        "How many orders were sent in May 2025?",
        "Which orders will be shipped next month?",
    ],
)
def test_names_of_something_else_are_asked_about(bakery: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(bakery, question)


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("What is the average fine amount per loaf?", "AVG(reminder.fine_amount)"),
        ("What is the average points per customer?", "AVG(score.points)"),
        ("Show the score of each order.", "score"),
        ("Average grade by flour type, ignoring case?", "GROUP BY loaf.flour_type"),
        ("How many orders were shipped in May 2025?", "order.shipped_on >= "),
        ("Which customers have never had an order?", "NOT EXISTS"),
    ],
)
def test_names_of_their_own_are_answered(bakery: World, question: str, part: str) -> None:
    assert part in sql_of(bakery, question)


def test_a_state_is_of_the_rows_that_have_one(harbour: World) -> None:
    with pytest.raises(AidbtError, match="sunk"):
        sql_of(harbour, "What percentage of trips is sunk?")
    assert "boat.state = 'sunk'" in sql_of(harbour, "How many trips of sunk boats are there?")
    assert "trip.state = 'over'" in sql_of(harbour, "What percentage of trips is over?")


def test_what_was_never_done_was_not_done_within_a_week_either(harbour: World) -> None:
    for question in (
        "How many bills were not paid within 7 days of the due date?",
        "How many bills were not paid within 7 days after the due date?",
        "How many bills were not paid in 2024?",
    ):
        assert "NOT (NOT bill.paid_on IS NULL AND " in sql_of(harbour, question)
    within = sql_of(harbour, "How many bills were paid within 7 days after the due date?")
    assert "NULL" not in within and "<= 7" in within


def test_what_is_paid_is_over(harbour: World) -> None:
    with pytest.raises(AidbtError, match="will be"):
        sql_of(harbour, "Which bills will be paid next month?")
    assert "due_on" in sql_of(harbour, "Which bills will be due next month?")


@pytest.mark.parametrize(
    ("question", "part"),
    [
        # None of the loaves of that flour, and not one of them.
        ("Which flour types have no orders?", "HAVING COUNT(CASE WHEN EXISTS("),
        ("Which flour types were never ordered in 2024?", "HAVING COUNT(CASE WHEN EXISTS("),
        ("Which flour types have more than 3 orders?", "GROUP BY loaf.flour_type HAVING COUNT(*) > 3"),
        ("Which flour types were ordered in 2024?", "SELECT DISTINCT loaf.flour_type"),
        # Rows that are named are each looked at.
        ("List the flour types of loaves that have no orders.", "WHERE NOT EXISTS("),
        ("Which loaves have no orders?", "WHERE NOT EXISTS("),
        ("Which labels have no orders?", "WHERE NOT EXISTS("),
    ],
)
def test_values_that_are_asked_for_are_each_one_thing(bakery: World, question: str, part: str) -> None:
    assert part in sql_of(bakery, question)


@pytest.mark.parametrize(
    "question",
    [
        "How many flour types have no orders?",
        # Both verbs are of orders.
        "Which customers ordered but never placed an order?",
    ],
)
def test_what_is_denied_of_some_rows_is_not_denied_of_all(bakery: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(bakery, question)


def test_values_of_rows_that_have_something_are_each_listed_once(bakery: World) -> None:
    assert "SELECT DISTINCT" in sql_of(bakery, "Which flour types have loaves without orders?")
    assert "HAVING" in sql_of(bakery, "Which levels were never shipped in 2024?")
    with pytest.raises(AidbtError):
        sql_of(bakery, "Which flour types are not dark?")


def test_in_every_month_may_be_in_each_or_in_all(bakery: World) -> None:
    with pytest.raises(AidbtError, match="all of them"):
        sql_of(bakery, "How many customers ordered in every month of 2024?")
    assert "DATE_TRUNC" in sql_of(bakery, "How many customers ordered in each month of 2024?")
