"""What questions say of times: between two of them, how long rows last, the first of each, today."""

from __future__ import annotations

import pytest

from tests.aidbt.semantic.english.hire_shop import hired, not_hired
from tests.aidbt.semantic.english.small_shop import refusal, rows, values


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("average number of hours between a rental's request and handing out", 7.375),
        ("What is the average time, in hours, between a request and its handing out?", 7.375),
        ("How many days passed between the request and the return of rentals on average?", 5.667),
        ("average time between being requested and being handed out in hours for power rentals", 9.333),
        ("average number of hours between the start of the shift and the end of the shift", 6.75),
        ("average duration of shifts in hours", 6.75),
        ("average shift duration in minutes", 405.0),
        ("average length of fairs in days", 36.0),
    ],
)
def test_the_time_between_two_events(question: str, answer: float) -> None:
    ((found,),) = hired(question)

    assert found == pytest.approx(answer, abs=0.001)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which fair lasted the longest?", {"Old Saws"}),
        ("What are the 2 longest fairs?", {"Old Saws", "Garden Days"}),
        ("Which fairs lasted longer than 1 month?", {"Old Saws", "Garden Days"}),
        ("Which fairs lasted more than 2 months?", set()),  # from the 31st of January to the 30th of March
        ("fairs that ran for more than 8 days", {"Old Saws", "Garden Days", "Spring Tools"}),
        ("Which fairs are open today?", {"Garden Days"}),
        ("Which fairs are currently running?", {"Garden Days"}),
    ],
)
def test_rows_that_last(question: str, answer: set[str]) -> None:
    assert {row[1] for row in hired(question)} == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many rentals are overdue?", 1),
        ("How many rentals are overdue as of today?", 1),
        ("total price of overdue rentals", 20),
        ("How many rentals were returned after their due date?", 1),
        ("How many clients are older than 30?", 1),
        ("How many clients were younger than 18 when they joined?", 2),
        ("How many clients were younger than 18 on the day they joined?", 2),
        ("How many clients rented something in the same month in which they joined?", 2),
        ("How many clients made a rental in the month they joined?", 2),
        ("How many rentals took longer than 2 hours to be handed out after they were requested?", 2),
        ("How many rentals were there in the past 30 days?", 2),
        ("How many rentals are due in the next 5 days?", 1),
        ("How many weekend rentals were there?", 3),
    ],
)
def test_counts_by_what_is_said_of_times(question: str, answer: int) -> None:
    assert [row[-1] for row in hired(question)] == [answer]


def test_a_time_that_was_named_is_spoken_of_again() -> None:
    found = hired(
        "Which clients made a rental in the month they joined? Return the client id and the number of rentals"
        " in that month."
    )

    assert {(row[0], row[-1]) for row in found} == {(1, 1), (2, 1)}
    assert not_hired("How many rentals were there in that month?")


def test_that_weekends_are_saturdays_and_sundays_is_known() -> None:
    asked = "How many rentals were requested on weekends?"

    assert hired(asked, "Weekends are Saturdays and Sundays.") == hired(asked) == [(3,)]


def test_the_number_of_days_is_that_which_was_spoken_of() -> None:
    answer = hired("How many days does each fair last? Return the title and the number of days.")

    assert {(row[0], row[-1]) for row in answer} == {
        ("Spring Tools", 9), ("Garden Days", 40), ("Old Saws", 59)
    }  # fmt: skip


def test_a_length_is_shown_in_the_unit_that_is_asked_for() -> None:
    ((shift, minutes),) = hired(
        "Which shift lasted the longest? Return the shift id and the number of minutes."
    )

    assert (shift, minutes) == (2, 570)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "For each client, how many days passed between joining and their first rental? "
            "Return the client id and the number of days.",
            {(1, 2), (2, 4), (3, 455)},
        ),
        ("Return the client name and the date of their first rental", None),
    ],
)
def test_the_first_of_each(question: str, answer: set[tuple[int, int]] | None) -> None:
    found = hired(question)

    if answer is None:
        assert {(row[0], str(row[-1])[:10]) for row in found} >= {
            ("Ana", "2023-01-12"),
            ("Ben", "2023-06-24"),
        }
    else:
        assert {(row[0], row[-1]) for row in found} == answer


@pytest.mark.parametrize(
    "question",
    [
        "How many hours?",  # between what
        "How many cancelled rentals are overdue today?",
        "Which fairs were open in 2024?",
        "How many rentals took longer than 2 hours to be cleaned after they were requested?",
        "Which rentals lasted longer than 2 days?",  # from the request, or from when they were handed out
        "How many clients were younger than 18 on the day they left?",
    ],
)
def test_times_that_are_not_known_are_refused(question: str) -> None:
    assert not_hired(question)


def test_what_came_to_be_goes_on_for_a_time() -> None:
    assert values("employees who have been employed for more than 5 years") == {"Ada"}
    assert refusal("orders shipped for more than 3 days")


def test_years_are_numbers() -> None:
    assert rows("number of orders per year") == [(2024, 3), (2025, 4)]
    assert rows("In which year were the most orders placed?") == [(2025, 4)]


def test_a_running_total_follows_the_years() -> None:
    assert [row[-1] for row in rows("running total of orders per year")] == [3, 7]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("orders placed between 1 May and 10 June 2025", {1004, 1005}),
        ("orders placed between March 1 and May 31, 2025 (both dates inclusive)", {1003, 1004}),
        ("orders placed in May or June 2025", {1004, 1005, 1006}),
        ("orders placed last calendar month", {1004}),
    ],
)
def test_a_year_said_once_is_of_both_ends(question: str, answer: set[int]) -> None:
    assert {row[0] for row in rows(question)} == answer


def test_the_month_they_signed_up_is_that_of_who_ordered() -> None:
    assert values("How many orders were placed in the same month as the customer signed up?") == {0}
    assert refusal("Which product was ordered in the same month as they signed up?")


def test_nothing_is_counted_by_what_belongs_to_one_of_it() -> None:
    assert refusal("Which 2 customer countries had the most distinct customers order between 2024 and 2025?")
