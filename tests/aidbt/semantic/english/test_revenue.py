"""What was sold and what that brought in, where nothing is called revenue or tickets."""

from __future__ import annotations

from functools import cache

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of

_CONCERTS = "concert_id title genre seats_taken:n"
_SALES = "sale_id concert_id channel quantity:n unit_price:n sold_on:d"


@cache
def theater() -> World:
    return made_up({"concerts": _CONCERTS, "ticket_sales": _SALES})


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("total revenue", "SUM(ticket_sales.quantity * ticket_sales.unit_price)"),
        ("ticket revenue per concert", "SUM(ticket_sales.quantity * ticket_sales.unit_price)"),
        ("revenue per month", "SUM(ticket_sales.quantity * ticket_sales.unit_price)"),
        ("which genre had the highest revenue", "SUM(ticket_sales.quantity * ticket_sales.unit_price) DESC"),
        ("how many tickets were sold", "SUM(ticket_sales.quantity)"),
        ("number of tickets sold per channel", "SUM(ticket_sales.quantity)"),
        ("which concert sold the most tickets", "ORDER BY SUM(ticket_sales.quantity) DESC LIMIT 1"),
        ("top 3 genres with the most tickets", "ORDER BY SUM(ticket_sales.quantity) DESC LIMIT 3"),
        ("how many ticket sales were there", "COUNT(*)"),
        ("which channel had the highest revenue, and how much was it", "unit_price) DESC LIMIT 1"),
    ],
)
def test_prices_times_quantities_are_revenue_and_quantities_are_of_what_is_sold(question: str, part: str):
    assert part in sql_of(theater(), question)


def test_the_amount_of_sales_is_their_revenue():
    world = made_up(
        {"concerts": _CONCERTS, "ticket_sales": "sale_id concert_id quantity:n amount:n sold_on:d"}
    )

    assert "SUM(ticket_sales.amount)" in sql_of(world, "total revenue per concert")


@pytest.mark.parametrize(
    "tables",
    [
        {"concerts": _CONCERTS, "ticket_sales": _SALES + " discount:n"},
        {"concerts": _CONCERTS, "ticket_sales": _SALES, "bar_orders": "order_id concert_id amount:n"},
        {"concerts": _CONCERTS, "ticket_sales": _SALES, "payments": "payment_id sale_id amount:n"},
        {"concerts": _CONCERTS, "reviews": "review_id concert_id stars:n"},
        {"concerts": _CONCERTS, "payouts": "payout_id concert_id amount:n"},
    ],
)
def test_revenue_that_may_be_several_things_or_none_is_refused(tables: dict[str, str]):
    with pytest.raises(Refused):
        sql_of(made_up(tables), "total revenue per concert")


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("how many meals were served", "SUM(days.meals_served)"),
        ("how many meals did each canteen serve", "SUM(days.meals_served)"),
        ("which canteen served the most meals", "SUM(days.meals_served) DESC"),
        ("billed amount per canteen", "SUM(days.amt_billed)"),
    ],
)
def test_a_participle_says_what_was_done_with_what_a_column_counts(question: str, part: str):
    canteens = {
        "canteens": "canteen_id name",
        "days": "day_id canteen_id on_day:d meals_served:n amt_billed:n",
    }

    assert part in sql_of(made_up(canteens), question)


@pytest.mark.parametrize("question", ["how many meals were wasted", "how many meals did each canteen plan"])
def test_what_was_done_otherwise_is_not_what_a_column_counts(question: str):
    canteens = {
        "canteens": "canteen_id name",
        "days": "day_id canteen_id on_day:d meals_served:n meals_wasted:n planned_on:d",
    }
    canteens["days"] = (
        canteens["days"].replace("meals_wasted:n ", "") if "wasted" in question else canteens["days"]
    )

    with pytest.raises(Refused):
        sql_of(made_up(canteens), question)
