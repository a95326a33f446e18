"""Definitions that write columns by their names, pieces of SQL with rows behind them, and short forms."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of
from tests.aidbt.semantic.english.told_shop import told_refusal, told_rows, told_value


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ("TF = SUM(freight) over delivered orders", 24.5),
        ("TF = total freight moved = SUM(freight) of orders with status open", 15),
        ("TF = delivered orders / (delivered + open orders) * 100", 60),
        ("TF = open orders / (returned + open orders). Orders in any other status are ignored.", 0.6667),
        ("TF = average of stock / reorder level", 2.32),
        (
            "TF = total freight of delivered orders / number of customers with at least one delivered order",
            12.25,
        ),
        ("TF = average freight per order in the past 30 days", 6),
    ],
)
def test_definitions_in_pieces_of_sql_and_short_forms(definition: str, value: float) -> None:
    assert told_value("What is the TF?", definition) == value


@pytest.mark.parametrize(
    "definition",
    [
        "TF = SUM(freight) over blessed orders",
        "TF = delivered orders / (blessed + open orders)",
        "TF = average freight per order in the past blessed days",
    ],
)
def test_pieces_whose_rows_are_not_understood_define_nothing(definition: str) -> None:
    assert told_refusal("What is the TF?", definition)


def test_things_beside_an_amount_of_their_rows_are_those_of_each_group() -> None:
    definition = (
        "FPC = total freight of open orders / number of distinct customers with at least one open order"
    )

    found = told_rows("What is the FPC for each employee?", definition)

    assert {(row[1], row[2]) for row in found if row[2] is not None} == {("Ada", 9), ("Bo", 6)}


@pytest.mark.parametrize(
    "definition",
    [
        "TTS = number of days from the date an order was placed on to the date it was shipped",
        "TTS = days between the ordering of an order and the moment it was shipped",
    ],
)
def test_a_time_that_no_aggregate_is_said_of_is_of_each_row(definition: str) -> None:
    definition = definition.replace("placed on", "ordered")

    assert told_value("What is the average TTS?", definition) == 6.5


def test_the_longest_of_a_number_made_of_times() -> None:
    definition = "ATS = average days between ordered_on and shipped_on of an order"

    found = told_rows("Which customer has the longest ATS? Return the name and ATS.", definition)

    assert found[0][-2:] == ("Alfa", 7.5)
    assert told_refusal("Which customer has the longest ATF?", "ATF = average freight of orders")


def test_a_time_of_some_rows_only() -> None:
    definition = (
        "TTS = number of days from the day an order was ordered to the day it was shipped,"
        " only for delivered orders"
    )

    assert told_value("What is the average TTS?", definition) == 5.6667


@pytest.mark.parametrize(
    "definition",
    [
        "FR = rank of customers by total freight of delivered orders, rank 1 having the highest total",
        "FR = freight rank of a customer by total freight of delivered orders, rank 1 is the highest total",
    ],
)
def test_ranks_of_things_by_a_number(definition: str) -> None:
    found = told_rows("What is the FR of each customer?", definition)

    assert [row[1:] for row in found][:2] == [("Alfa", 12.5, 1), ("Beta", 12, 2)]


@pytest.mark.parametrize(
    "definition",
    [
        "LF = latest freight of a customer, i.e. the freight on its most recent ordered_on",
        "LF = latest freight paid, that is freight on the customer's most recent ordered_on",
        "LF = freight on the most recent ordered_on of a customer",
    ],
)
def test_the_last_value_by_the_time_that_is_named(definition: str) -> None:
    found = told_rows("What is the LF of each customer? Return the name and LF.", definition)

    assert {row[1:3] for row in found} >= {("Alfa", 9), ("Beta", 6), ("Gamma", 3)}


def test_a_last_value_by_no_time_is_none() -> None:
    assert told_refusal(
        "What is the LF of each customer?", "LF = freight on the customer's most recent mood date"
    )


def test_a_change_within_each_group_by_the_month_of_a_time() -> None:
    definition = (
        "MoMF = month-over-month change in delivered freight = (freight this month - freight previous month)"
        " / freight previous month, by month of shipment"
    )
    plain = definition.replace(", by month of shipment", "")

    dated = told_rows("What is the MoMF by month?", definition)

    assert dated != told_rows("What is the MoMF by month?", plain)


def test_a_definition_begins_where_nothing_ended_the_one_before() -> None:
    told = (
        "AOF = average freight of orders, over whatever period is asked for CFR ranks customers by total"
        " freight"
    )

    assert told_value("What is the AOF?", told) == 6.6429


# --- names that all columns of a table begin with -----------------------------------------------------------


@pytest.fixture
def bank() -> World:
    return made_up(
        {
            "vt_client": "cl_id cl_name cl_joined_at:t cl_city",
            "vt_account": "ac_id ac_cl_id ac_fee:n ac_limit:n ac_status ac_opened:d",
            "client_daily_snapshot": "cs_row_id cs_cl_id cs_date:d cs_tier cs_points:n",
        },
        {
            ("vt_account", "ac_status"): ["open", "closed"],
            ("client_daily_snapshot", "cs_tier"): ["gold", "tin"],
        },
    )


def test_columns_are_known_by_the_names_that_definitions_write(bank: World) -> None:
    found = sql_of(bank, "What is the TAF per client?", "TAF = total ac_fee of open accounts")

    assert "SUM(vt_account.ac_fee)" in found and "ac_status = 'open'" in found


def test_a_name_that_no_column_has_is_refused(bank: World) -> None:
    with pytest.raises(Refused):
        sql_of(bank, "What is the TAF per client?", "TAF = total ac_toll of open accounts")


@pytest.mark.parametrize(
    "advice",
    [
        "To get a client's tier or points, only use the latest row of client_daily_snapshot for that client"
        " (highest cs_date).",
        "To get a client's tier or points, take only the latest client_daily_snapshot row of that client.",
    ],
)
def test_only_the_last_row_of_each_counts(bank: World, advice: str) -> None:
    found = sql_of(bank, "What is the tier of each client?", advice)

    assert "cs_tier" in found and "cs_date DESC" in found


def test_how_often_rows_are_written_is_no_part_of_what_they_are(bank: World) -> None:
    found = sql_of(bank, "What is the APS?", "APS = Average points per client snapshot")

    assert "AVG(client_daily_snapshot.cs_points)" in found


# --- what cannot be said ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "How many customers have delivered orders of at least 2 different products?",
        "What is the total freight per country, taking each employee's department?",
    ],
)
def test_what_would_be_counted_otherwise_is_refused(question: str) -> None:
    assert told_refusal(question, "")
