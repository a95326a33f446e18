"""Definitions as glossaries have them: short names and long ones, scopes, ranks, last rows, steps."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.aidbt.semantic.english.told_shop import told_refusal, told_rows, told_value


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("AOF = average freight of orders, excluding cancelled orders", 7.25),
        ("AOF = average freight of orders, whatever their status", 6.6429),
        ("AOF = average freight per order, only considering those with status 'delivered'", 8.1667),
        ("AOF = total freight (status = 'delivered')", 24.5),
        ("AOF = total freight of orders that are not cancelled (status = 'cancelled')", 43.5),
        ("AOF = sum of (quantity * unit_price) of all order items", 163),
        ("AOF = stock minus reorder level of discontinued products", -10),
        ("AOF = Average Ordered Freight, the average freight of delivered orders", 8.1667),
        ("AOF = number of orders with status = 'open'", 2),
        ("AOF = Mean Time To Ship an order in days, for delivered orders", 5.6667),
        ("AOF = Total Shipping Days, the time between the order and the shipment of orders in days", 26),
    ],
)
def test_a_definition_says_of_which_rows_it_is(definition: str, value: float) -> None:
    assert told_value("What is the AOF?", definition) == value


@pytest.mark.parametrize(
    "definition",
    [
        "AOF = average freight per customer of blessed orders",
        "AOF = average freight per blessing",
        "AOF = average freight of orders, excluding blessed orders",
        "AOF = Average Ordered Freight, the freight of saints",
        "AOF = total freight (mood = 'blessed')",
    ],
)
def test_a_scope_that_is_not_understood_defines_nothing(definition: str) -> None:
    assert "AOF" in told_refusal("What is the AOF?", definition).message


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the TOO in each city?", {("Porto", 1), ("Berlin", 1)}),
        ("How many TOO are there in each city? Return the city and the TOO.", {("Porto", 1), ("Berlin", 1)}),
    ],
)
def test_a_total_of_rows_is_how_many_there_are(question: str, expected: set[tuple[str, int]]) -> None:
    assert set(told_rows(question, "TOO = Total Open Orders, i.e. orders with status 'open'")) == expected


def test_a_time_between_is_in_the_unit_that_the_question_says() -> None:
    definition = "Handling time = time between ordered_on and shipped_on of an order"

    assert told_value("What is the average handling time in days?", definition) == 6.5
    assert told_refusal("What is the average handling time?", definition)


# --- ranks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definition", "ranks"),
    [
        (
            "CFR = Customer Spending Rank, which orders customers by the total freight of their delivered"
            " orders. The customer with rank 1 has the highest freight.",
            [("Alfa", 12.5, 1), ("Beta", 12, 2)],
        ),
        (
            "CFR = Customer Spending Rank, based on the total freight of delivered orders. Rank 1 is the"
            " customer who has spent the least.",
            [("Beta", 12, 1), ("Alfa", 12.5, 2)],
        ),
    ],
)
def test_what_a_rank_is_called_by_is_what_it_is_by(
    definition: str, ranks: list[tuple[str, float, int]]
) -> None:
    question = "What is the CFR of each customer? Return the customer name, total spending and CFR."

    assert [row[1:] for row in told_rows(question, definition)] == ranks


def test_ranks_count_inside_of_what_their_definition_says() -> None:
    definition = (
        "PQR = Product Quantity Rank, which ranks the products within their category by their total quantity."
        " The product with the highest quantity in its category has PQR 1."
    )

    rows = told_rows("What is the PQR of each product? Return the product name and the PQR.", definition)

    assert [(row[1], row[-1]) for row in rows] == [
        ("Green Tea", 1), ("Cola", 2), ("Nut Bar", 1), ("Crisps", 2), ("Chess Set", 1),
    ]  # fmt: skip


# --- totals so far, and changes ---------------------------------------------------------------------------


def test_a_running_total_is_what_there_is_at_the_end_of_each_month() -> None:
    definition = "RTO = running total of orders since the start of the year"

    assert told_rows("What is the RTO at the end of each month in 2024?", definition) == [
        (dt.datetime(2024, 2, 1), 1),
        (dt.datetime(2024, 11, 1), 2),
        (dt.datetime(2024, 12, 1), 3),
    ]


def test_what_came_about_in_a_month_is_not_what_there_is_at_its_end() -> None:
    assert "end" in told_refusal("What is the total freight at the end of each month?", "").message


def test_a_change_counts_the_rows_that_are_said_apart() -> None:
    definition = (
        "MoM = month-over-month change in freight = (freight_given_month - freight_previous_month)"
        " / freight_previous_month, considering only delivered orders"
    )

    rows = told_rows("What is the freight and the MoM for each month of 2024?", definition)

    assert [row[1] for row in rows] == [5, 7.5]


# --- the last row of each ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "definition", "expected"),
    [
        (
            "What is the MRO of each German customer? Return the customer name, the ordered date and status.",
            "MRO = Most Recent Order, i.e. the last one placed by each customer",
            {("Beta", "open"), ("Gamma", "cancelled")},
        ),
        (
            "What is the status of the FO of each customer?",
            "FO = First Order, the earliest order of a customer",
            {("Alfa", "delivered"), ("Beta", "returned"), ("Gamma", "cancelled")},
        ),
        (
            "What is the LDS of each customer? Return the customer name and the LDS.",
            "LDS = Last Delivery Status, which is the status of the most recent order of a customer that was"
            " not cancelled",
            {("Alfa", "open"), ("Beta", "open")},
        ),
    ],
)
def test_the_last_row_of_each_is_known_by_its_time(
    question: str, definition: str, expected: set[tuple[str, str]]
) -> None:
    texts = [
        tuple(value for value in row if isinstance(value, str)) for row in told_rows(question, definition)
    ]

    assert set(texts) == expected


_LATEST = "To get the rating of any product, only select the latest row of reviews for each product"


def test_what_is_kept_as_it_was_is_asked_for_as_it_is() -> None:
    rows = told_rows(
        "What is the current rating of each product? Return the product name and rating.", _LATEST
    )

    assert [row[1:3] for row in rows] == [("Green Tea", 3), ("Chess Set", 2)]


def test_an_aggregate_over_last_rows_is_not_guessed() -> None:
    assert told_refusal("What is the average rating?", _LATEST)
    assert told_refusal("How many products have a rating of 3?", _LATEST)


# --- steps ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "steps", "expected"),
    [
        (
            "Which customer has the highest total shipping spend?",
            "To get the total shipping spend per customer, join customers and orders, keep only orders with"
            " status = 'delivered', group by customer and sum the freight.",
            {("Alfa", 12.5)},
        ),
        (
            "What is the total freight per customer?",
            "To get the total freight per customer, join customers and orders, leave out cancelled orders and"
            " sum the freight.",
            {("Alfa", 21.5), ("Beta", 22)},
        ),
        (
            "What is the total order value of each product?",
            "To get the total order value of a product, join products and order_items and sum quantity times"
            " unit_price per product.",
            {("Green Tea", 49), ("Cola", 15), ("Crisps", 6), ("Nut Bar", 18), ("Chess Set", 75)},
        ),
    ],
)
def test_steps_say_which_rows_count_and_what_is_added_up(
    question: str, steps: str, expected: set[tuple[str, float]]
) -> None:
    assert {row[1:] for row in told_rows(question, steps)} == expected


def test_steps_that_choose_rows_in_a_way_that_is_not_understood_are_refused() -> None:
    steps = (
        "To get the total freight per customer, join customers and orders, leave out blessed orders and sum"
        " the freight."
    )

    assert told_refusal("What is the total freight per customer?", steps)
    assert told_value("How many products are there?", steps) == 5


def test_the_latest_row_of_each_needs_no_definition() -> None:
    rows = told_rows("What is the freight of the latest order of each customer?", "")

    assert {(row[1], row[2]) for row in rows} == {("Alfa", 9), ("Beta", 6), ("Gamma", 3)}
