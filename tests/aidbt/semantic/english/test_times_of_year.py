"""Months and weekdays of all years, first years, first ones by rows, and lengths of time in between."""

from __future__ import annotations

import pytest

from tests.aidbt.semantic.english.hire_shop import hired, not_hired
from tests.aidbt.semantic.english.small_shop import refusal, rows


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many clients were born in the month of May?", 1),
        ("How many clients were born in February or July?", 2),
        ("How many rentals were requested in the months of January and February?", 2),
        ("How many rentals were requested in any June?", 3),
        ("How many clients were born in May 1980?", 1),
        ("How many rentals were requested in the month of June 2023?", 1),
        ("How many rentals were requested within the first week after the client joined?", 2),
        ("How many rentals were requested in the first 30 days after the client joined?", 2),
        ("How many rentals have a known returned date?", 3),
        ("How many rentals were requested in the last 30 days, including the day 30 days ago?", 2),
        ("How many rentals were requested in the last 2 months, not counting the current month?", 0),
    ],
)
def test_times_of_any_year_and_first_ones(question: str, answer: int) -> None:
    assert [row[-1] for row in hired(question)] == [answer]


def test_a_month_without_a_year_may_be_that_of_one_year() -> None:
    assert not_hired("How many rentals were requested in June?")


def test_the_weekday_that_is_asked_for_is_none_of_five() -> None:
    assert rows("On which weekday were the most orders placed?") == rows(
        "On which day of the week were the most orders placed? Return the weekday and the number of orders."
    )
    assert hired("How many rentals were requested on weekdays?") == [(2,)]
    assert hired("How many rentals were requested on a weekday?") == [(2,)]


def test_the_hour_is_said_again() -> None:
    asked = "In which hour of the day were the most rentals requested?"

    assert hired(f"{asked} Return the hour and the number of rentals.") == hired(asked) == [(10, 3)]


def test_the_days_in_between_are_those_of_a_condition() -> None:
    answer = hired(
        "Which rentals were returned more than 2 days after the day they were requested?"
        " Return the tool and the number of days in between."
    )

    assert {(row[0], row[-1]) for row in answer} == {("Drill", 3), ("Saw", 8), ("Rake", 6)}
    assert not_hired("Which rentals are power rentals? Return the tool and the number of days in between.")


def test_days_that_rows_last_are_averaged() -> None:
    assert hired("How many days did fairs last on average per hall?") == hired(
        "average length of fairs in days per hall"
    )


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who are the top 2 customers by orders?", {("Alfa", 3), ("Beta", 3)}),
        ("top 1 customer by delivered orders", {("Alfa", 2)}),
        ("top 1 department by employees", None),
    ],
)
def test_the_first_by_rows_have_most_of_them(question: str, answer: set[tuple[str, int]] | None) -> None:
    found = {(row[-2], row[-1]) for row in rows(question)}

    assert found == answer if answer else len(found) == 1


def test_the_first_of_each_are_not_counted() -> None:
    assert refusal("top 2 orders by customer")
    assert refusal("top 2 customers by country and orders")


def test_things_beside_what_firsts_are_by_are_of_those() -> None:
    ((*_, orders, people),) = rows(
        "Which category has the most reviews in 2025? Return the name, the number of reviews"
        " and the number of distinct customers."
    )

    assert people <= orders


def test_what_is_added_up_is_what_firsts_are_by() -> None:
    found = rows("Which 2 countries had the highest freight? Return the country and the total freight.")

    assert [row[-1] for row in found] == sorted((row[-1] for row in found), reverse=True)
    assert len({row[0] for row in found}) == 2


def test_part_of_what_was_counted() -> None:
    ((every, some),) = hired(
        "How many rentals were requested in 2025? How many of them were made on weekends?"
    )

    assert (every, some) == (2, 2)


def test_the_highest_of_kinds_in_a_time_is_their_sum_where_that_is_shown() -> None:
    found = rows(
        "Which 2 countries had the highest freight in 2025? Return the country and the total freight."
    )

    assert found == rows("top 2 countries by total freight in 2025")


@pytest.mark.parametrize(
    "told",
    [
        "RPM = COUNT(DISTINCT tool) per month, truncating requested_at to month",
        "RPM = number of rentals, by requested_at truncated to the month",
    ],
)
def test_definitions_of_each_month_say_how_times_are_cut(told: str) -> None:
    found = hired("What is the RPM in 2023?", told)

    assert [row[-1] for row in found] == [1, 1]
