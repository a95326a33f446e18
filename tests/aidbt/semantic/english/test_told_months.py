"""Definitions of what there is of each month: their names make the groups."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def club() -> World:
    """Members who pay, and classes with so many places at most."""
    return made_up(
        {
            "member": "member_id member_name country status joined_on:d",
            "payment": "payment_id member_id amount:m paid_at:t state",
            "class": "class_id class_name max_places:n",
            "booking": "booking_id class_id member_id places:n outcome booked_at:t",
        },
        {
            ("member", "status"): ["active", "inactive"],
            ("payment", "state"): ["settled", "void"],
            ("booking", "outcome"): ["confirmed", "cancelled"],
        },
    )


@pytest.mark.parametrize(
    "definition",
    [
        "PMJ = per month joiners, the number of members who joined in that month. "
        "Truncate the join date to month for aggregation.",
        "PMJ = monthly joiners, the number of members who joined in that month",
        "PMJ (per month joiners) = the number of members who joined in that month",
        "PMJ = per month member signups. Truncate date to month for aggregation",
        "PMJ = per month sign-ups of members",
        "PMJ = per month joiners",
        "PMJ = per month new members, counted by the date they joined",
        "PMJ = per month new members, truncating the join date to the month",
        "PMJ = aggregation of new members after truncating the join date to months",
    ],
)
def test_what_is_called_so_per_month_is_one_number_of_each(club: World, definition: str) -> None:
    sql = sql_of(club, "What is the PMJ for the last 6 months excluding the current month?", definition)

    assert "GROUP BY DATE_TRUNC('MONTH', member.joined_on)" in sql


def test_numbers_of_each_month_stand_beside_each_other_each_by_its_own_time(club: World) -> None:
    told = "PMS = per month member signups. PMP = per month average payment amount."
    sql = sql_of(club, "What are the PMS and PMP in the last 6 months excluding the current month?", told)

    assert "GROUP BY DATE_TRUNC('MONTH', member.joined_on)" in sql
    assert "GROUP BY DATE_TRUNC('MONTH', payment.paid_at)" in sql


@pytest.mark.parametrize(
    "question",
    [
        "What are the PMS and PMP for members who joined in the last 6 months?",
        "What are the PMS and PMP in 2025 for the members who joined in that month?",
    ],
)
def test_of_whose_month_others_are_is_not_guessed(club: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(club, question, "PMS = per month member signups. PMP = per month average payment amount.")


@pytest.mark.parametrize(
    "question",
    ["How many signups were there in 2024?", "How many joiners were there per month?",
     "How many registrations were there by country?"],
)  # fmt: skip
def test_people_who_came_are_counted_by_when_they_did(club: World, question: str) -> None:
    assert "COUNT(*)" in sql_of(club, question)


def test_a_number_of_a_month_that_is_called_nothing_of_the_kind_is_one(club: World) -> None:
    sql = sql_of(club, "What is the NJ in 2024?", "NJ = number of joiners, the members who joined")

    assert "GROUP BY" not in sql


def test_the_rows_that_count_are_told_behind_what_is_added_up(club: World) -> None:
    definition = "PMA = per month paid amounts, counting payments that were not void."
    sql = sql_of(club, "What is the PMA of active members in 2024?", definition)

    assert "SUM(payment.amount)" in sql
    assert "NOT (payment.state = 'void')" in sql
    assert "member.status = 'active'" in sql
    assert "GROUP BY DATE_TRUNC('MONTH', payment.paid_at)" in sql


@pytest.mark.parametrize("most", ["the maximum number of places", "maximum places", "max_places"])
def test_the_most_that_a_column_says_is_no_greatest_of_others(club: World, most: str) -> None:
    definition = f"Occupancy of a class = total places on its confirmed bookings / {most} of the class"
    sql = sql_of(club, "What is the occupancy of each class?", definition)

    assert "max_places" in sql
    assert "MAX(" not in sql


@pytest.mark.parametrize("end", ["over all classes", "across all their classes", "in total"])
def test_what_one_has_over_all_others_is_no_ratio(club: World, end: str) -> None:
    definition = f"A regular is a member who made more than 20 bookings {end}"
    sql = sql_of(club, "How many regulars does each country have?", definition)

    assert "FROM booking WHERE member.member_id = booking.member_id) > 20" in sql
    assert "/" not in sql


def test_the_date_of_the_last_row_is_its_own(club: World) -> None:
    definition = "LPD = last payment date, the date of the most recent payment of each member"
    sql = sql_of(club, "What is the LPD of each member?", definition)

    assert "payment.paid_at" in sql
    assert "joined_on" not in sql


def test_the_most_places_a_class_may_have_are_asked_for_and_compared(club: World) -> None:
    assert "max_places > 10" in sql_of(club, "Which classes have a maximum number of places above 10?")
    with pytest.raises(AidbtError):
        sql_of(club, "Which class has the maximum number of places?")
