"""What is said of texts, of columns named with their values, of brackets, and of each of several periods."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.aidbt.semantic.english.small_shop import refusal, rows, values


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("customers whose name starts with A or ends with ta", {"Alfa", "Beta", "Delta"}),
        ("customers whose name starts with 'A' or ends with 'ta' or contains 'mm'",
         {"Alfa", "Beta", "Gamma", "Delta"}),
        ("customers whose name starts with A and ends with a", {"Alfa"}),
        ("customers with a name that begins with 'B' or begins with 'G'", {"Beta", "Gamma"}),
        ("customers whose name starts with A or whose city is Munich", {"Alfa", "Gamma"}),
        ("customers whose name starts with A, B or G", {"Alfa", "Beta", "Gamma"}),
        ("customers whose name does not start with A or D", {"Beta", "Gamma"}),
        ("customers whose name does not start with A", {"Beta", "Gamma", "Delta"}),
        ("customers whose name does not contain 'lt'", {"Alfa", "Beta", "Gamma"}),
        ("customers whose name contains the letter m", {"Gamma"}),
        ("products whose name begins with the letters 'Ch'", {"Chess Set"}),
        ("customers whose name is like 'a%'", {"Alfa"}),
        ("customers whose name is like '%ta'", {"Beta", "Delta"}),
        ("customers whose name is like '%LT%'", {"Delta"}),
        ("customers whose name is like lf", {"Alfa"}),
        ("products whose name contains 'tea', ignoring case", {"Green Tea"}),
        ("customers whose name ends with .com", set()),
    ],
)  # fmt: skip
def test_texts_are_like_others(question: str, found: set[str]) -> None:
    assert values(question) == found


@pytest.mark.parametrize(
    "question",
    [
        "customers whose name is like 'a%a'",
        "customers whose name is like '%'",
        "customers whose name starts with A or ends with b and contains c",
    ],
)
def test_patterns_that_say_more_are_refused(question: str) -> None:
    refusal(question)


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("how many customers are in the city of Berlin", 2),
        ("number of orders of customers from the city of Berlin", 3),
        ("number of orders with a status of delivered", 3),
        ("how many customers are there with a segment of retail", 2),
        ("how many products are in the category of Drinks", 2),
    ],
)
def test_a_column_may_stand_before_its_value(question: str, count: int) -> None:
    assert rows(question) == [(count,)]


@pytest.mark.parametrize(
    "question", ["customers in the segment of Berlin", "how many customers are in the city of Germany"]
)
def test_a_value_of_another_column_is_not_taken_for_it(question: str) -> None:
    refusal(question)


def test_brackets_hold_what_is_shown_and_nothing_goes_on_out_of_them() -> None:
    assert rows("List customers (name and city) who signed up in 2024 and are active") == [("Beta", "Berlin")]


@pytest.mark.parametrize(
    "time", ["in each of the last 8 weeks", "for each of the past 8 weeks", "during each of the last 8 weeks"]
)
def test_each_of_several_periods_is_a_group_in_them(time: str) -> None:
    found = rows(f"How many orders were placed {time} excluding the current week?")

    assert [(week.date(), count) for week, count in found] == [
        (dt.date(2025, 5, 26), 1),
        (dt.date(2025, 6, 2), 1),
    ]


def test_how_many_of_those_are_counted_in_the_same_groups() -> None:
    found = rows(
        "How many orders were placed in each of the last 3 weeks excluding the current week? "
        "How many of those were cancelled?"
    )

    assert [row[1:] for row in found] == [(1, 1), (1, 0)]


def test_each_of_the_last_months_until_now_is_not_guessed() -> None:
    refusal("How many orders were placed in each of the last 6 months?")
