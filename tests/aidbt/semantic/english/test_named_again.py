"""Columns that make groups and are named again; rows that are called entries; who "started there"."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def couriers() -> World:
    """Couriers and their parcels, which both have a city."""
    return made_up(
        {
            "couriers": "cou_id cou_name cou_city",
            "parcels": "par_id par_courier_id par_city par_size par_weight_kg:m par_sent_on:d",
        }
    )


@pytest.fixture(scope="module")
def regattas() -> World:
    """Boats that are entered in regattas and come in at a place, and trips of boats."""
    return made_up(
        {
            "regatta": "regatta_id regatta_name location sailed_on:d",
            "entry": "entry_id regatta_id boat_id place:n",
            "boat": "boat_id boat_name harbour",
            "trip": "trip_id boat_id started_at:t minutes:n",
        }
    )


@pytest.mark.parametrize(
    "question",
    [
        "Which 4 combinations of courier city and size have the highest total weight? "
        "Return city, size and kilograms.",
        "Total weight per courier city and size. Return city, size and weight.",
        "Top 3 courier cities by total weight. Return city and weight.",
    ],
)
def test_a_column_that_makes_groups_is_the_one_named_again(couriers: World, question: str) -> None:
    sql = sql_of(couriers, question)
    assert "cou_city" in sql
    assert "par_city" not in sql


def test_a_column_that_is_named_as_that_of_others_is_another(couriers: World) -> None:
    sql = sql_of(
        couriers,
        "Which 4 combinations of courier city and size have the highest total weight? "
        "Return courier city, parcel city, size and weight.",
    )
    assert "cou_city" in sql
    assert "par_city" in sql


def test_cities_that_make_no_groups_are_those_of_the_rows(couriers: World) -> None:
    assert "couriers" not in sql_of(couriers, "List the city and size of each parcel.")


@pytest.mark.parametrize(
    "question",
    [
        "Count the regatta entries per location.",
        "How many regatta entries are there per location?",
        "What is the number of the regatta entries per location?",
    ],
)
def test_entries_are_rows_of_the_table_of_that_name(regattas: World, question: str) -> None:
    sql = sql_of(regattas, question)
    assert "COUNT(*) AS entries FROM entry" in sql
    assert "GROUP BY regatta.location" in sql


def test_entries_are_rows_of_any_table_where_none_is_called_so(couriers: World) -> None:
    assert "FROM parcels" in sql_of(couriers, "How many parcel entries are there?")


def test_a_time_of_other_rows_says_nothing_of_groups(regattas: World) -> None:
    question = "Count the regatta entries per location, and tell me how many different boats started there."
    with pytest.raises(AidbtError, match="regatta or others 'started'"):
        sql_of(regattas, question)


def test_a_time_of_other_rows_is_said_of_what_has_them(regattas: World) -> None:
    assert "trip.started_at" in sql_of(regattas, "How many trips started in 2024?")


def test_the_rows_of_others_are_counted_and_listed() -> None:
    shop = made_up(
        {
            "customer": "customer_id customer_name",
            "orders": "order_id customer_id product_id ordered_on:d",
            "product": "product_id product_name",
        }
    )
    assert "FROM orders" in sql_of(shop, "Count the customer orders.")
    assert "FROM orders" in sql_of(shop, "What is the number of the customer orders?")
