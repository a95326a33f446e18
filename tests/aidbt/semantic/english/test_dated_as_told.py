"""Times by which instructions date rows, and the ends that they give to periods."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.instructions.told_periods import with_told_periods
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of

WEEKS = "Last 8 weeks = DATE_TRUNC('week', CURRENT_DATE) - INTERVAL '8 weeks' "


@pytest.fixture(scope="module")
def salon() -> World:
    """Appointments, which are made and held at other times."""
    return made_up(
        {
            "stylist": "stylist_id stylist_name hired_on:d",
            "appointment": "appointment_id stylist_id booked_at:t starts_at:t paid_on:d fee:m",
        }
    )


@pytest.mark.parametrize(
    "told",
    [
        "Truncate booked_at to month for aggregation.",
        "Truncate the booking time to month for aggregation.",
        "Appointments are dated by booked_at.",
        "PMA = per month appointments. Truncate booked_at to month.",
    ],
)
def test_rows_are_dated_as_they_are_told_to_be(salon: World, told: str) -> None:
    sql = sql_of(salon, "How many appointments were there per month in 2025?", told)

    assert "DATE_TRUNC('MONTH', appointment.booked_at)" in sql
    assert "starts_at" not in sql and "paid_on" not in sql


@pytest.mark.parametrize(
    ("question", "told", "time"),
    [
        # The question says when by its verb.
        ("How many appointments were booked per month?", "Truncate starts_at to month.", "booked_at"),
        # It is of other lengths of time.
        ("How many appointments were paid per week?", "Truncate booked_at to month.", "paid_on"),
        # It is of other rows.
        ("How many stylists were hired per month?", "Truncate booked_at to month.", "hired_on"),
    ],
)
def test_what_is_told_of_other_times_changes_nothing(
    salon: World, question: str, told: str, time: str
) -> None:
    assert f"{time})" in sql_of(salon, question, told)


@pytest.mark.parametrize(
    "end",
    [
        "to DATE_TRUNC('week', CURRENT_DATE)",
        "up to but not including DATE_TRUNC('week', CURRENT_DATE)",
        "to DATE_TRUNC('week', CURRENT_DATE) - INTERVAL '1 day'",
    ],
)
def test_weeks_that_end_with_the_last_one_leave_out_this_one(end: str) -> None:
    asked = "orders in the last 8 weeks?"

    assert with_told_periods(asked, WEEKS + end) == "orders in the last 8 weeks, excluding the current week?"


def test_an_end_that_the_question_says_is_not_said_again() -> None:
    asked = "orders in each of the last 8 weeks, excluding the current week"

    assert with_told_periods(asked, f"{WEEKS}to DATE_TRUNC('week', CURRENT_DATE)") == asked


def test_periods_of_another_length_than_they_say_are_refused() -> None:
    told = f"{WEEKS}to DATE_TRUNC('week', CURRENT_DATE)".replace("'8", "'9")
    with pytest.raises(Refused):
        with_told_periods("orders in the last 8 weeks", told)


@pytest.mark.parametrize(
    "told",
    [
        "Last 8 weeks = CURRENT_DATE - INTERVAL '8 weeks' to CURRENT_DATE",
        "Last 8 weeks = DATE_SUB(CURRENT_DATE, INTERVAL 8 WEEK) to CURRENT_DATE",
        WEEKS.replace("8 weeks", "6 weeks") + "to DATE_TRUNC('week', CURRENT_DATE)",
    ],
)
def test_weeks_until_now_are_left_as_they_are(told: str) -> None:
    assert with_told_periods("orders in the last 8 weeks", told) == "orders in the last 8 weeks"
