"""Words that say something of what stands before them, and make no group or number of their own."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of
from tests.aidbt.semantic.english.small_shop import refusal, rows


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What was the total freight in 2024, and for how many customers?", [(Decimal("16.50"), 2)]),
        ("What was the total quantity of Green Tea, and in how many orders?", [(12, 2)]),
        ("How many orders are there, and from how many distinct customers?", [(7, 3)]),
        ("How many orders were placed in 2025, and by how many customers, and with how many employees?",
         [(4, 3, 3)]),
        ("How many customers are there, and in how many countries?", [(4, 2)]),
        ("What is the average rating, and from how many reviews?", [(pytest.approx(10 / 3), 3)]),
        ("For each status, how many orders are there and of how many customers?",
         [("cancelled", 1, 1), ("delivered", 3, 2), ("open", 2, 2), ("returned", 1, 1)]),
    ],
)  # fmt: skip
def test_things_are_counted_among_the_rows_of_the_number_before(
    question: str, found: list[tuple[Any, ...]]
) -> None:
    assert (
        sorted(tuple(float(v) if hasattr(v, "quantize") else v for v in row) for row in rows(question))
        == found
    )


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Who are our 2 best customers by total freight?", [(11, "Beta", 22), (10, "Alfa", 21.5)]),
        (
            "What are the 2 top customers by number of orders, with the number?",
            [(11, "Beta", 3), (10, "Alfa", 3)],
        ),
        ("Top 1 status by total freight, with the amount.", [("delivered", 24.5)]),
        ("What are the five-rating reviews?", [(1,)]),
    ],
)
def test_so_many_of_the_best_may_be_said_in_other_orders(question: str, found: list[tuple[Any, ...]]) -> None:
    assert sorted(rows(question)) == sorted(found)


def test_an_amount_is_no_number_of_rows() -> None:
    refusal("Top 3 customers by number of orders, with the amount.")


@pytest.mark.parametrize(
    "question",
    [
        "How many products are there, and in how many orders?",
        "What is the total freight, and of how many customers in Berlin?",
        "Which employee handled the most orders, and for how many customers?",
        "How many orders are there, and by which customers?",
    ],
)
def test_what_they_are_counted_among_has_to_be_certain(question: str) -> None:
    refusal(question)


@cache
def garage() -> World:
    return made_up(
        {
            "branch": "branch_id name kind town",
            "part": "part_id name unit unit_cost:m category",
            "mechanic": "mechanic_id name branch_id hourly_rate:m service_fee:m hired_on:d",
            "contract": "contract_id branch_id start_date:d end_date:d? monthly_fee:m status",
            "job": "job_id branch_id mechanic_id state booked_on:d started_on:d? amount:m",
            "booking": "booking_id job_id channel paid:m",
        },
        {
            ("branch", "kind"): ["tyre", "body"],
            ("part", "unit"): ["each", "litre"],
            ("job", "state"): ["open", "done"],
            ("contract", "status"): ["active", "ended"],
        },
    )


@pytest.mark.parametrize(
    "question",
    [
        "How many contracts were there at the end of 2024?",
        "What was the monthly fee of contracts at the start of 2024?",
        "What will the monthly fee be at the end of 2026?",
        "What was the tyre amount at each branch?",
        "What is the hourly rate per branch on average?",
    ],
)
def test_what_may_be_said_of_something_else_is_refused(question: str) -> None:
    with pytest.raises(Refused):
        sql_of(garage(), question)


def test_what_ends_in_a_year_has_its_end_then() -> None:
    assert "contract.end_date >=" in sql_of(garage(), "How many contracts end in 2024?")


@pytest.mark.parametrize(
    "question", ["How many jobs are on the books for each branch?", "How many jobs per branch?"]
)
def test_what_is_on_the_books_is_there(question: str) -> None:
    assert "EXISTS" not in sql_of(garage(), question)


@pytest.mark.parametrize(
    ("question", "order"),
    [
        ("What are the 5 most expensive parts per unit?", "part.unit_cost DESC LIMIT 5"),
        ("What is the cheapest part per unit?", "part.unit_cost ASC LIMIT 1"),
        ("Which mechanic is the most expensive per hour?", "mechanic.hourly_rate DESC LIMIT 1"),
        # What is paid besides makes nobody expensive.
        ("Who is the most expensive mechanic?", "mechanic.hourly_rate DESC LIMIT 1"),
    ],
)
def test_prices_by_the_unit_make_no_groups(question: str, order: str) -> None:
    found = sql_of(garage(), question)
    assert found.endswith(order)
    assert "PARTITION" not in found


def test_other_words_behind_per_make_groups() -> None:
    assert "PARTITION BY part.category" in sql_of(garage(), "What is the most expensive part per category?")
    assert "GROUP BY part.unit" in sql_of(garage(), "How many parts are there per unit?")
    assert sql_of(garage(), "What is the average cost per unit?").startswith("SELECT AVG(part.unit_cost)")


@pytest.mark.parametrize(
    ("question", "column"),
    [
        ("Which jobs were started in May 2025? Return the job id and the date.", "started_on"),
        ("Which jobs were booked in May 2025? Return the job id, the branch name and the date.", "booked_on"),
    ],
)
def test_the_date_of_rows_is_the_one_they_were_asked_for_by(question: str, column: str) -> None:
    found = sql_of(garage(), question)
    assert f"job.{column} AS {column}" in found
    assert "hired_on" not in found


def test_no_date_of_others_is_shown() -> None:
    with pytest.raises(Refused):
        sql_of(garage(), "Which jobs are open? Return the job id and the date.")


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What percentage of orders are unshipped (no shipped date)?", pytest.approx(300 / 7)),
        ("How many orders are open (going by the status)?", 2),
        ("How many open orders, judging by the status, are there?", 2),
    ],
)
def test_brackets_may_say_the_same_again(question: str, found: object) -> None:
    assert rows(question) == [(found,)]


@pytest.mark.parametrize(
    "question",
    [
        "What share of orders has not been shipped (shipped date is missing)?",
        "What percentage of orders are open (no shipped date)?",
    ],
)
def test_of_which_rows_brackets_are_has_to_be_certain(question: str) -> None:
    refusal(question)


def test_what_is_written_about_something_is_no_address() -> None:
    desk = made_up({"client": "client_id name email", "ticket": "ticket_id client_id subject opened_on:d"})
    told = "Subjects of tickets and emails are matched with wildcards."
    found = sql_of(desk, "How many clients have tickets about login?", told)
    assert "LOWER(ticket.subject) LIKE '%login%'" in found
    assert "client.email" not in found
