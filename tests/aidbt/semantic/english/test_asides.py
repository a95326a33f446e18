"""What is said in brackets, behind a dash or at the end holds of what it was said of, or is not answered."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def club() -> World:
    """Members of clubs, their check-ins and lessons; rooms with screens."""
    return made_up(
        {
            "club": "club_id name city opened_on:d",
            "member": "member_id club_id name city status joined_on:d",
            "checkin": "checkin_id member_id club_id checked_in_on:d",
            "room": "room_id club_id type has_screen:b",
            "lesson": "lesson_id room_id state rating:n held_on:d",
            "booking": "booking_id lesson_id member_id state booked_on:d",
        },
        {
            ("member", "status"): ["active", "paused"],
            ("member", "city"): ["Leeds", "York"],
            ("club", "city"): ["Leeds", "York"],
            ("room", "type"): ["hall", "studio"],
            ("lesson", "state"): ["held", "cancelled"],
            ("booking", "state"): ["kept", "cancelled"],
        },
    )


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "number of active members per club - with at least one checkin in 2025",
            "EXISTS(SELECT 1 FROM checkin WHERE member.member_id = checkin.member_id",
        ),
        ("number of lessons per room that were not cancelled", "NOT (lesson.state = 'cancelled')"),
        (
            "Which clubs have rooms with a screen but no studios?",
            "AND NOT EXISTS(SELECT 1 FROM room AS room_2",
        ),
        ("Which lessons were booked more than twice?", "> 2"),
        ("How many lessons were rated above 4?", "lesson.rating > 4"),
    ],
)
def test_asides_are_of_what_is_asked_for(club: World, question: str, expected: str) -> None:
    assert expected in sql_of(club, question)


@pytest.mark.parametrize(
    "question",
    [
        # In each of both months, and not in one of them.
        "Which members had a booking in both January and February 2025?",
        # Every one of them, and no groups.
        "Which members went to every club?",
        # How often, and not how well.
        "average rating of lessons per room (only those rated at least twice)",
        # By whom, and no groups.
        "number of bookings per lesson that were cancelled by the member",
        # A contrast, and no condition.
        "the five clubs with the most members, not bookings",
        # What is open was opened; of which clubs opened nothing is asked.
        "number of members per club (open clubs only), and their number",
        # Paid or kept: of how much nothing is known.
        "number of bookings per lesson that were kept in full",
        # The members' own city.
        "bookings per type where the member lives",
    ],
)
def test_what_may_be_of_something_else_is_not_answered(club: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(club, question)
