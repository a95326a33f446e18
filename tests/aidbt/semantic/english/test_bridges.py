"""Counts of things over the rows that relate them to others, and questions whose verb stands last."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aidbt.semantic.english.small_shop import refusal, rows, values


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("How many different products were ordered by each customer?",
         [(10, "Alfa", 3), (11, "Beta", 4), (12, "Gamma", 1)]),
        ("How many different products has each customer ordered?",
         [(10, "Alfa", 3), (11, "Beta", 4), (12, "Gamma", 1)]),
        ("How many products did each customer order?", [(10, "Alfa", 3), (11, "Beta", 4), (12, "Gamma", 1)]),
        ("How many customers ordered each product?",
         [(100, "Green Tea", 2), (101, "Cola", 1), (102, "Crisps", 1), (103, "Nut Bar", 2),
          (104, "Chess Set", 2)]),
        ("Which customer ordered the most products?", [(11, "Beta", 4)]),
        ("Which category has the most reviewed products?", [(1, "Drinks", 1)]),
        ("How many reviewed products are there in each category?", [(1, "Drinks", 1), (3, "Toys", 1)]),
        ("How many units of each product did Alfa order?",
         [(100, "Green Tea", 2), (101, "Cola", 10), (103, "Nut Bar", 1)]),
        ("How many orders did each employee handle?", [(1, "Ada", 2), (2, "Bo", 4), (5, "Ed", 1)]),
        ("How often was each product reviewed?", [(100, "Green Tea", 2), (104, "Chess Set", 1)]),
        ("How many times was each product reviewed?", [(100, "Green Tea", 2), (104, "Chess Set", 1)]),
        ("For each product, how many times was it reviewed?", [(100, "Green Tea", 2), (104, "Chess Set", 1)]),
        ("how many employees handled orders in each country", [("Germany", 3), ("Portugal", 2)]),
        ("how many employees handled delivered orders in each country", [("Germany", 1), ("Portugal", 1)]),
        ("How many times did each customer order?", [(10, "Alfa", 3), (11, "Beta", 3), (12, "Gamma", 1)]),
        ("How many times was Cola ordered?", [(2,)]),
        ("How many products did Alfa order?", [(3,)]),
    ],
)  # fmt: skip
def test_things_are_counted_over_what_happened(question: str, found: list[tuple[Any, ...]]) -> None:
    top = "most" in question
    assert (rows(question)[:1] if top else sorted(rows(question))) == found


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Which customers have ordered products from more than one category?", {"Alfa", "Beta"}),
        ("Which customers ordered products in at least 3 different categories?", {"Beta"}),
        ("Which products were ordered by more than one customer?", {"Green Tea", "Nut Bar", "Chess Set"}),
        ("Which customers ordered more than 3 products?", {"Beta"}),
        ("Which customers placed an order with more than one product?", {"Alfa", "Beta"}),
        ("Which categories have at least 2 products that were reviewed?", set()),
        ("Which categories contain products that were never reviewed?", {"Drinks", "Snacks"}),
        ("Which employees have no orders assigned to them?", {"Cy", "Di"}),
        ("Which employees have at least two orders assigned to them?", {"Ada", "Bo"}),
        ("List the reviewed products.", {"Green Tea", "Chess Set"}),
        ("Which customers ordered products?", {"Alfa", "Beta", "Gamma"}),
        ("products that nobody has paid for", None),
    ],
)
def test_things_are_related_by_what_happened(question: str, found: set[str] | None) -> None:
    if found is None:
        refusal(question)
    else:
        assert values(question) == found


@pytest.mark.parametrize(
    "question",
    [
        # By reviews, or by orders.
        "How many different customers are represented in each category?",
        "How many different products does each customer have?",
        # Nobody counts guests in how much they spent.
        "How much have customers from each country eaten?",
    ],
)
def test_things_that_are_related_in_several_ways_are_not_counted(question: str) -> None:
    refusal(question)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("List the names of customers along with the products they ordered.",
         {("Alfa", "Cola"), ("Alfa", "Green Tea"), ("Alfa", "Nut Bar"), ("Beta", "Chess Set"),
          ("Beta", "Crisps"),
          ("Beta", "Green Tea"), ("Beta", "Nut Bar"), ("Gamma", "Chess Set")}),
        ("List the names of customers and the products they reviewed.",
         {("Alfa", "Green Tea"), ("Beta", "Chess Set"), ("Beta", "Green Tea")}),
        ("List the names of products together with the customers who reviewed them.",
         {("Green Tea", "Alfa"), ("Chess Set", "Beta"), ("Green Tea", "Beta")}),
        ("Show each product with its category.",
         {("Green Tea", "Drinks"), ("Cola", "Drinks"), ("Crisps", "Snacks"), ("Nut Bar", "Snacks"),
          ("Chess Set", "Toys")}),
        ("For each category, list the products in it.",
         {("Drinks", "Green Tea"), ("Drinks", "Cola"), ("Snacks", "Crisps"), ("Snacks", "Nut Bar"),
          ("Toys", "Chess Set")}),
    ],
)  # fmt: skip
def test_rows_are_listed_beside_others(question: str, found: set[tuple[str, str]]) -> None:
    names = [tuple(value for value in row if isinstance(value, str)) for row in rows(question)]
    assert len(names) == len(found)
    assert set(names) == found


def test_what_each_has_is_listed_and_not_counted() -> None:
    assert len(rows("What products are in each order?")) == 9


@pytest.mark.parametrize(
    "question",
    [
        "List the customers and products.",
        "Which customers reviewed them?",
        "How many customers ordered them?",
    ],
)
def test_rows_that_belong_together_in_several_ways_are_not_listed(question: str) -> None:
    refusal(question)
