"""Definitions in their many forms: steps, pieces of SQL, ranks, changes, numbers of each month, codes."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.aidbt.semantic.english.told_shop import told_refusal, told_rows, told_value


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("AOF is calculated as total freight divided by the number of orders.", 6.6429),
        ("AOF is computed by dividing the total freight by the number of orders.", 6.6429),
        ("To calculate the Order Freight (AOF), divide the total freight by the number of orders.", 6.6429),
        ("To get the share (AOF), divide the delivered orders by all orders and multiply by 100.", 42.8571),
        ("AOF = SUM(freight) / COUNT(DISTINCT order_id)", 6.6429),
        ("AOF = SUM(CASE WHEN status = 'delivered' THEN 1 ELSE 0 END) * 100.0 / COUNT(*)", 42.8571),
        ("AOF = returned orders over delivered orders", 0.3333),
        ("AOF = total freight over delivered orders", 24.5),
        ("AOF = returned orders relative to all orders", 0.1429),
        ("AOF (ratio) = customers with at least 2 orders / customers with any order", 0.6667),
        ("AOF = sum of stock and reorder level of discontinued products", 10),
        ("AOF = total freight of orders excluding cancelled orders", 43.5),
        ("AOF = average freight of orders, only counting delivered orders", 8.1667),
        ("AOF = order freight = total freight of delivered orders", 24.5),
        ("AOF = Median Shipping Time in days, from the order until the order was shipped", 7),
    ],
)
def test_a_number_is_worked_out_as_it_is_defined(definition: str, value: float) -> None:
    assert told_value("What is the AOF?", definition) == value


@pytest.mark.parametrize(
    "definition",
    [
        "A pile is a product whose stock is more than 2.5 times the reorder level.",
        "Piles are products whose stock is at least 2.5 times their reorder level.",
        "A pile is a product with a stock above 2.5 times the reorder level (reorder_level).",
    ],
)
def test_so_many_times_a_column_is_what_another_is_held_against(definition: str) -> None:
    assert told_value("How many piles are there?", definition) == 2


@pytest.mark.parametrize(
    "definition",
    [
        "AOF = sum of the freight of blessed orders",
        "AOF = total freight = sum of the freight of blessed orders",
        "AOF = average freight of orders over a recent period",
        "AOF = total quantity * unit_price / number of orders",
        "AOF = customer rank by total freight, with rank 1 for the highest and the lowest",
        "To calculate it (AOF), divide the total freight by the moon.",
    ],
)
def test_a_definition_that_is_not_read_to_its_last_word_defines_nothing(definition: str) -> None:
    assert "AOF" in told_refusal("What is the AOF?", definition).message


def test_a_window_that_is_left_open_is_that_of_the_question() -> None:
    definition = "AOF = average freight of orders over a recent period"

    assert told_value("What is the AOF in 2025?", definition) == 7.5


@pytest.mark.parametrize(
    ("definition", "changes"),
    [
        ("MoM = month-over-month change in total freight", [None, None, -3.5]),
        ("MoM = percentage change in total freight from the previous month", [None, None, -46.6667]),
        (
            "MoM = month-over-month change in freight = (freight_given_month - freight_previous_month)"
            " / freight_previous_month",
            [None, None, -0.4667],
        ),
        (
            "MoM = month-over-month change in volume = (total_given_month - total_previous_month) /"
            " total_previous_month, where the total of a month is the sum of the freight of orders",
            [None, None, -0.4667],
        ),
    ],
)
def test_a_change_is_absolute_or_relative_as_its_definition_says(
    definition: str, changes: list[float | None]
) -> None:
    assert [row[-1] for row in told_rows("What is the MoM in 2024?", definition)] == changes


@pytest.mark.parametrize(
    ("definition", "months"),
    [
        ("PMO = per month order count", [2, 11, 12]),
        ("PMO = number of orders per month. Truncate dates to month.", [2, 11, 12]),
        ("PMO = orders per month, by the month in which they were shipped", [2, 12]),
    ],
)
def test_a_number_of_each_month_brings_its_groups_along(definition: str, months: list[int]) -> None:
    rows = told_rows("What is the PMO in 2024?", definition)

    assert [row[0] for row in rows] == [dt.datetime(2024, month, 1) for month in months]
    assert {row[1] for row in rows} == {1}


def test_new_rows_of_a_month_are_those_whose_own_time_is_in_it() -> None:
    assert told_rows("What is the PMNC in 2024?", "PMNC = per month new customers") == [
        (dt.datetime(2024, 1, 1), 1),
        (dt.datetime(2024, 5, 1), 1),
    ]


def test_groups_of_a_definition_that_are_not_those_of_the_question_are_refused() -> None:
    definition = "MoM = month-over-month change in total freight for each employee each month"

    assert "groups" in told_refusal("What is the MoM by status?", definition).message


@pytest.mark.parametrize(
    "definition",
    [
        "CR = customer rank by total freight, with rank 1 being the customer with the highest freight",
        "CR = Customer Revenue Rank, which ranks customers based on the total freight of their orders",
        "Customer Rank (CR) is determined by ranking customers based on their total freight.",
    ],
)
def test_a_rank_is_of_what_its_definition_ranks(definition: str) -> None:
    rows = told_rows("What is the CR of each customer?", definition)

    assert [(row[1], row[-1]) for row in rows] == [("Beta", 1), ("Alfa", 2), ("Gamma", 3)]


@pytest.mark.parametrize(
    "definition",
    [
        "LR = most recent rating for each customer",
        "LR = Latest Rating, which is the most recent rating of a customer",
        "LR = Latest Rating, i.e. the rating of the most recent review of each customer",
    ],
)
def test_what_is_latest_is_that_of_the_last_row_of_each(definition: str) -> None:
    rows = told_rows("What is the LR for each customer?", definition)

    assert [row[1:3] for row in rows] == [("Alfa", 5), ("Beta", 3)]


@pytest.mark.parametrize(
    ("question", "instructions", "value"),
    [
        ("How many sent orders are there?", "Order status: delivered = sent, open = in progress.", 3),
        ("How many orders are in progress?", "Order status: delivered = sent, open = in progress.", 2),
        (
            "How many shut orders?",
            "status can be 'delivered' (shut), 'open' (running) or 'cancelled' (void)",
            3,
        ),
        (
            "How many finished orders?",
            "status is 'delivered' for finished orders and 'open' for new ones.",
            3,
        ),
        ("How many loyal customers are there?", "A customer is loyal if they placed at least 3 orders.", 2),
        ("How many loyal customers are there?", "Loyal customers have more than 2 orders.", 2),
        ("How many lapsed customers are there?", "A lapsed customer is one without an order in 2025.", 1),
        ("How many customers are still buying?", "A customer with an order in 2025 is still buying.", 3),
        ("How many fresh orders are there?", "fresh = status = 'open' AND freight > 6", 1),
        ("How many products are scarce?", "Products whose stock is below 4 are scarce.", 3),
        ("How many products have fewer than 4 pieces?", "Pieces are counted in the column stock.", 3),
    ],
)
def test_what_holds_of_rows_is_defined_by_codes_and_clauses(
    question: str, instructions: str, value: int
) -> None:
    assert told_value(question, instructions) == value


def test_a_code_that_the_data_does_not_have_is_refused() -> None:
    refused = told_refusal("How many orders are on hold?", "Order status: H = on hold, D = done.")

    assert "H" in refused.message


def test_procedures_name_what_has_no_meaning_of_its_own() -> None:
    steps = (
        "To get the delivery rate of orders per customer, join customers and orders, group by customer, and"
        " calculate the percentage of delivered orders."
    )

    assert told_value("What is the delivery rate?", steps) == 42.8571
    assert told_value("What is the total freight?", "To get the total freight, join a and b.") == 46.5


def test_a_number_that_is_spoken_of_again_is_the_defined_one() -> None:
    definition = "MoM = month-over-month change in the total freight of delivered orders"
    question = "What is the MoM for each month of 2024? Return the month, the total freight and MoM."

    assert [row[1] for row in told_rows(question, definition)] == [None, None]
    assert sorted(row[2] for row in told_rows(question, definition)) == [5.0, 7.5]
