"""Orders said in a sentence of their own, what counts besides, and numbers that are asked for again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of
from tests.aidbt.semantic.english.small_shop import refusal, rows

MEAN = "What is the average freight per customer? "


def places() -> World:
    """Ships and parties, whose years have short names, and the people of a club."""
    return made_up(
        {
            "vsl": "vsl_id vsl_nm bld_yr:n",
            "party": "party_id name fnd_yr:n reg_dt:d",
            "member": "member_id name birth_year:n",
        }
    )


@pytest.mark.parametrize("question", ["List the categories sorted by name, newest first."])
def test_nothing_is_newest_by_its_name(question: str) -> None:
    refusal(question)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        (MEAN + "Sort from the highest average to the lowest.", ["Beta", "Alfa", "Gamma"]),
        (MEAN + "Order from the lowest to the highest average.", ["Gamma", "Alfa", "Beta"]),
        (MEAN + "Sort by the average from high to low.", ["Beta", "Alfa", "Gamma"]),
        ("number of orders per customer, highest count first", ["Alfa", "Beta", "Gamma"]),
        ("Show the 3 largest products by stock, largest first.", ["Nut Bar", "Green Tea", "Cola"]),
        ("Which products have a stock above 2? Order them from highest to lowest.",
         ["Nut Bar", "Green Tea", "Cola"]),
        ("Which 3 products have the lowest price? Give the name and price, starting with the lowest.",
         ["Cola", "Crisps", "Nut Bar"]),
        ("List the titles of employees; where two share a title, sort them by name.", []),
        ("List employees with their title, sorted by title; where two share a title, sort them by name.",
         ["Cy", "Bo", "Di", "Ed", "Ada"]),
    ],
)  # fmt: skip
def test_orders_are_said_in_sentences_of_their_own(question: str, names: list[str]) -> None:
    if not names:
        assert refusal(question).message
        return
    known = set(names)
    found = [next(value for value in row if value in known) for row in rows(question) if known & set(row)]
    assert found == names


@pytest.mark.parametrize(
    "question",
    [
        MEAN + "Sort by the total from high to low.",
        MEAN + "Sort by count.",
        "Show the 3 longest products by number of orders.",
        "List the customers, sorted by freight",
    ],
)
def test_orders_by_what_was_not_asked_for_are_refused(question: str) -> None:
    assert refusal(question).message


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("Give me the number of orders of every customer, including customers without orders.", [0, 1, 3, 3]),
        ("Number of orders per customer, including those with no orders", [0, 1, 3, 3]),
        ("How many orders does each customer have, including customers who never ordered?", [0, 1, 3, 3]),
        ("Number of orders per customer, even those without any", [0, 1, 3, 3]),
        ("How many customers are in each country, including inactive ones?", [1, 3]),
        ("List all products, including discontinued ones.", [1] * 5),
    ],
)
def test_what_is_included_leaves_out_no_others(question: str, numbers: list[int]) -> None:
    found = rows(question)
    assert sorted(row[-1] if isinstance(row[-1], int) else 1 for row in found) == numbers


@pytest.mark.parametrize(
    "question",
    [
        "Number of orders per customer, including customers without reviews",
        "Number of orders per status, including customers without orders",
        "Total freight of delivered orders per customer, including cancelled orders",
        "List the delivered orders, including cancelled ones",
    ],
)
def test_what_else_is_included_is_refused(question: str) -> None:
    assert refusal(question).message


@pytest.mark.parametrize(
    ("question", "row"),
    [
        ("Who are the 2 employees that handled the most orders? Show the number too.", ("Bo", 4)),
        ("Which customer do we have the most orders for, and how many is that?", None),
        ("What are the 3 most common statuses and how many orders are in each?", ("delivered", 3)),
        ("What are the 2 most common cities and how often was each given?", ("Berlin", 2)),
        ("Which cities are shared by more than 1 customer, and by how many?", ("Berlin", 2)),
        ("Which 2 cities do we see most often?", ("Berlin", 2)),
        ("Which 2 customers earned us the most in freight?", ("Beta", Decimal("22.00"))),
        ("How many employees are there per title? Leave out those whose title is unknown.", ("Clerk", 3)),
        ("Ignoring employees without a department, how many employees are there per title?", ("Clerk", 2)),
        ("For every country, count the active customers and the inactive ones.", ("Germany", 2, 1)),
        ("How many delivered orders and cancelled ones did each customer place?", ("Gamma", 0, 1)),
    ],
)
def test_numbers_are_asked_for_again(question: str, row: tuple[Any, ...] | None) -> None:
    found = rows(question)
    assert row is None or row in {one[-len(row) :] for one in found}


@pytest.mark.parametrize(
    "question",
    [
        "Count the delivered orders and the active ones",
        "List the customers. Show the number too.",
        "Which employee earned us the most?",
    ],
)
def test_numbers_that_nothing_speaks_of_are_refused(question: str) -> None:
    assert refusal(question).message


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("vessels built before 1990", "vsl.bld_yr < 1990"),
        ("Which vessel is the newest?", "ORDER BY vsl.bld_yr DESC LIMIT 1"),
        (
            "List the parties founded before 1940, oldest first.",
            "party.fnd_yr < 1940 ORDER BY party.fnd_yr ASC",
        ),
        ("members born before 1945", "member.birth_year < 1945"),
    ],
)
def test_years_are_told_by_participles(question: str, part: str) -> None:
    assert part in sql_of(places(), question)


def test_years_of_other_events_are_none() -> None:
    with pytest.raises(Refused):
        sql_of(places(), "members founded before 1945")
