"""Who did something in each month is counted by when it was done; times that are named are the groups."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def network() -> World:
    """Subscribers and what they used."""
    return made_up(
        {
            "subscriber": "subscriber_id name status activated_on:d",
            "usage": "usage_id subscriber_id type amount_used:n used_on:d",
            "course": "course_id title published_on:d",
            "enrolment": "enrolment_id subscriber_id course_id enrolled_on:d completed_on:d",
        },
        {
            ("subscriber", "status"): ["active", "paused"],
            ("usage", "type"): ["voice", "data", "sms"],
        },
    )


@pytest.fixture(scope="module")
def press() -> World:
    """Imprints, founded in some year, and what they sold."""
    return made_up(
        {
            "imprint": "imprint_id name founded_year:n",
            "title": "title_id imprint_id name genre",
            "sale": "sale_id title_id units:n sold_on:d channel",
            "kitchen": "kitchen_id name city",
            "class": "class_id kitchen_id cuisine state held_on:d score:n",
        },
        {
            ("title", "genre"): ["crime", "poetry"],
            ("sale", "channel"): ["shop", "online"],
            ("class", "state"): ["scheduled", "held", "cancelled"],
            ("class", "cuisine"): ["Thai", "Greek"],
        },
    )


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "How many distinct active subscribers used data in each month of 2025?",
            [
                "DATE_TRUNC('MONTH', usage.used_on)",
                "COUNT(DISTINCT subscriber.subscriber_id)",
                "usage.type = 'data'",
                "subscriber.status = 'active'",
            ],
        ),
        (
            "How many subscribers enrolled in a course in each month of 2024?",
            ["DATE_TRUNC('MONTH', enrolment.enrolled_on)", "enrolment.enrolled_on < CAST('2025-01-01'"],
        ),
        (
            "How many distinct courses had an enrolment in each month of 2024?",
            [
                "DATE_TRUNC('MONTH', enrolment.enrolled_on)",
                "COUNT(DISTINCT course.course_id)",
                "enrolment.enrolled_on < CAST('2025-01-01'",
            ],
        ),
        ("How many courses were published in each month?", ["DATE_TRUNC('MONTH', course.published_on)"]),
        ("How many subscribers activated per month?", ["DATE_TRUNC('MONTH', subscriber.activated_on)"]),
    ],
)
def test_those_who_did_something_are_counted_by_when(
    network: World, question: str, expected: list[str]
) -> None:
    sql = sql_of(network, question)
    assert [part for part in expected if part not in sql] == []


@pytest.mark.parametrize(
    "question",
    [
        # The months may be those in which courses came out, or in which somebody enrolled.
        "How many courses got enrolments in each month of 2024?",
        "How many courses had an enrolment in each month of 2024?",
        "How many courses had no enrolment in each month of 2024?",
        "How many courses were attended in each month?",
        "How many subscribers never used data per month?",
    ],
)
def test_months_of_something_else_are_not_taken(network: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(network, question)


@pytest.mark.parametrize(
    "question",
    [
        "Compare units sold in 2023 and 2024: give me the year and the total units for each of those years.",
        "Compare units sold in 2023 and 2024. Give me the year and the total units.",
        "What were the total units sold in 2023 and in 2024? Show the year and the total units.",
        "total units for 2023 and 2024, by year",
        "For each of the years 2023 and 2024, show the total units",
    ],
)
def test_years_that_are_named_make_the_groups(press: World, question: str) -> None:
    sql = sql_of(press, question)
    assert sql.startswith("SELECT YEAR(sale.sold_on) AS year, SUM(sale.units) AS total_units FROM sale WHERE")
    assert "2023-01-01" in sql and "2025-01-01" in sql and "founded" not in sql


def test_what_is_told_behind_a_colon_is_of_what_stands_before(press: World) -> None:
    sql = sql_of(press, "units sold in 2023 by channel: show the channel and the total units")
    assert sql.count("SUM(") == 1 and "2023-01-01" in sql


@pytest.mark.parametrize(
    "question",
    [
        "total units for each of those years",
        "units sold in 2023 and 2024 for each channel",
        # Classes that took place were scheduled once, too.
        "How many classes have been scheduled?",
        "Which cuisines have already been scheduled in at least 7 different kitchens?",
        "average score of the classes with a recorded result",
    ],
)
def test_what_is_said_otherwise_is_not_guessed(press: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(press, question)


def test_states_are_what_rows_are_in(press: World) -> None:
    assert "class.state = 'scheduled'" in sql_of(press, "How many classes are scheduled per kitchen?")
    assert "class.state = 'cancelled'" in sql_of(press, "Which classes have been cancelled?")
