"""Data is only read: who tells to change it is not answered with the rows that are so already."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def studio() -> World:
    """Lessons that are booked, and books that are lent."""
    return made_up(
        {
            "student": "student_id name city",
            "lesson": "lesson_id title status held_on:d",
            "booking": "booking_id lesson_id student_id state cancel_reason price:m booked_on:d",
            "book": "book_id title language",
            "update": "update_id lesson_id headline posted_on:d",
        },
        {
            ("student", "city"): ["Leeds", "York"],
            ("lesson", "status"): ["open", "closed"],
            ("booking", "state"): ["confirmed", "cancelled", "refunded"],
            ("booking", "cancel_reason"): ["illness", "weather"],
            ("book", "language"): ["French", "Welsh"],
        },
    )


@pytest.mark.parametrize(
    "question",
    [
        "Please cancel all bookings of students from Leeds.",
        "Cancel bookings of students from Leeds",
        "Could you please cancel the bookings of May 2025?",
        "I want you to delete all cancelled bookings",
        "I’d like you to delete all cancelled bookings",
        "Close all open lessons",
        "Mark all bookings as refunded",
        "Update the status of lesson 5 to closed",
        "Please book a lesson for Ann",
        "Set the price of all bookings to 10",
        "Add a student from York",
    ],
)
def test_data_is_not_changed(studio: World, question: str) -> None:
    with pytest.raises(AidbtError, match="only read"):
        sql_of(studio, question)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Please list all closed lessons", "lesson.status = 'closed'"),
        ("Could you please list the cancelled bookings?", "booking.state = 'cancelled'"),
        ("Could you show me the students from Leeds?", "student.city = 'Leeds'"),
        ("Cancelled bookings per lesson", "booking.state = 'cancelled'"),
        ("Cancel reasons by number of bookings", "booking.cancel_reason"),
        ("Book titles", "book.title"),
        ("Updates per month", "COUNT(*)"),
        ("Add up the prices of all bookings", "SUM(booking.price)"),
        ("Please order the lessons by number of bookings", "ORDER BY COUNT(*)"),
    ],
)
def test_what_begins_as_a_command_does_is_answered(studio: World, question: str, expected: str) -> None:
    assert expected in sql_of(studio, question)


@pytest.mark.parametrize("question", ["How does a student earn its bookings?", "How do students pay?"])
def test_rows_do_not_say_how_something_is_done(studio: World, question: str) -> None:
    with pytest.raises(AidbtError, match="how something is done"):
        sql_of(studio, question)


def test_how_numbers_compare_is_a_question_for_them(studio: World) -> None:
    sql = sql_of(studio, "How does the average price differ between students of Leeds and York?")

    assert "AVG(booking.price)" in sql
