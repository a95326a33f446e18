"""Numbers of other parts of the same rows, and several numbers of one group."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.planning.planner import plan
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of
from tests.aidbt.semantic.english.small_shop import ask, refusal, rows, world


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("How many orders are delivered and how many are cancelled?", [(3, 1)]),
        ("How many orders are delivered and how many cancelled?", [(3, 1)]),
        ("How many orders were placed by Alfa and how many by Beta?", [(3, 3)]),
        ("How many products are discontinued and how many are not?", [(1, 4)]),
        ("How many orders have been shipped and how many have not?", [(4, 3)]),
        ("How many products have reviews and how many do not?", [(2, 3)]),
        ("For each category, how many products are discontinued and how many are not?",
         [(1, "Drinks", 0, 2), (2, "Snacks", 1, 1), (3, "Toys", 0, 1)]),
    ],
)  # fmt: skip
def test_the_other_rows_are_counted_beside_them(question: str, found: list[tuple[Any, ...]]) -> None:
    assert sorted(rows(question)) == found


@pytest.mark.parametrize(
    "question",
    [
        "How many orders are delivered and how many cost more than 5?",
        "How many orders were delivered in 2024 in Berlin and how many were not?",
        "How many products are there and how many are not?",
    ],
)
def test_of_what_it_is_a_part_has_to_be_certain(question: str) -> None:
    refusal(question)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What is the ratio of delivered orders to cancelled?", 3.0),
        ("What is the ratio of products in Drinks to Snacks among all products?", 1.0),
        ("What share of the products is discontinued among all products?", 0.2),
    ],
)
def test_both_sides_of_a_ratio_are_told_by_what_they_are(question: str, found: float) -> None:
    assert rows(question) == [(pytest.approx(found),)]


@pytest.mark.parametrize(
    "question",
    ["What is the ratio of delivered orders to Berlin?", "What is the ratio of orders to Berlin?"],
)
def test_a_place_is_no_side_of_a_ratio_of_states(question: str) -> None:
    refusal(question)


def test_what_each_did_is_counted_in_more_groups_and_when_it_was_done() -> None:
    question = "How many orders did each employee handle per year?"
    assert sorted(rows(question)) == [
        (1, "Ada", 2024, 1), (1, "Ada", 2025, 1), (2, "Bo", 2024, 2), (2, "Bo", 2025, 2), (5, "Ed", 2025, 1),
    ]  # fmt: skip
    labs = made_up(
        {"lab": "lab_id name", "analysis": "analysis_id lab_id requested_on:d completed_on:d? method"}
    )
    found = sql_of(labs, "How many analyses did each lab complete in each year?")
    assert "YEAR(analysis.completed_on)" in found
    assert "requested_on" not in found


@cache
def sales() -> World:
    return made_up({"sale": "sale_id channel sold_on:d units:n revenue:m returned_units:n unit_price:m"})


@pytest.mark.parametrize(
    "question",
    [
        "For each sales channel, show the units, the revenue and the number of returned units.",
        "What are the units, the revenue and the returned units in each channel?",
        "Show units, revenue and returned units by channel.",
    ],
)
def test_amounts_side_by_side_are_added_up(question: str) -> None:
    found = sql_of(sales(), question)
    assert all(f"SUM(sale.{name})" in found for name in ("units", "revenue", "returned_units"))
    assert found.endswith("GROUP BY sale.channel")


@pytest.mark.parametrize(
    ("question", "pieces"),
    [
        ("For each customer, show the freight and the number of orders.", ("SUM(", "COUNT(")),
        ("Show the number of orders and the freight per month.", ("SUM(", "COUNT(")),
        ("For each employee, show the salary and the number of orders.", ("employees.salary AS", "COUNT(")),
    ],
)
def test_amounts_of_what_is_counted_are_added_up_beside_it(question: str, pieces: tuple[str, ...]) -> None:
    found = plan(ask(question), world()[0]).sql("duckdb")
    assert all(piece in found for piece in pieces)


def test_of_prices_nobody_asks_for_a_sum() -> None:
    with pytest.raises(Refused):
        sql_of(sales(), "Show the unit price and the revenue per channel.")
