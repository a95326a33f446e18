"""Verbs of roles, "who led the most trips", and rows that belong together in a role and otherwise too."""

from __future__ import annotations

from functools import cache

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@cache
def hikes() -> World:
    """Trips, each of one leader, and the geologists who were on them."""
    return made_up(
        {
            "geologist": "geologist_id name region",
            "trip": "trip_id place leader_id starts_on:d price:m status",
            "trip_member": "trip_id:k geologist_id:k task days_walked:n",
        },
        {("trip", "status"): ("planned", "finished"), ("trip_member", "task"): ("guide", "cook")},
    )


@pytest.mark.parametrize(
    ("question", "piece"),
    [
        ("Which geologists led more than 2 trips?",
         "SELECT COUNT(*) FROM trip WHERE geologist.geologist_id = trip.leader_id) > 2"),
        ("Which geologists have never led a trip?",
         "NOT (EXISTS(SELECT 1 FROM trip WHERE geologist.geologist_id = trip.leader_id))"),
        ("Which geologists led no finished trips?", "trip.leader_id AND trip.status = 'finished'"),
        ("How many geologists have led a planned trip?", "trip.leader_id AND trip.status = 'planned'"),
        ("Which geologist led the most trips?", "geologist.geologist_id = trip.leader_id GROUP BY"),
        ("How many trips has each geologist led?", "geologist.geologist_id = trip.leader_id GROUP BY"),
        ("How many trips are there per leader?", "geologist.geologist_id = trip.leader_id GROUP BY"),
    ],
)  # fmt: skip
def test_a_verb_says_in_whose_role_somebody_was(question: str, piece: str) -> None:
    assert piece in sql_of(hikes(), question)


@pytest.mark.parametrize(
    "question",
    [
        "How many trips does each geologist have?",
        "Which geologists have more than 2 trips?",
        "How many geologists are there per trip?",
    ],
)
def test_who_led_and_who_was_there_may_be_meant(question: str) -> None:
    with pytest.raises(Refused):
        sql_of(hikes(), question)


@pytest.mark.parametrize(
    ("question", "piece"),
    [
        ("Which geologists have been a member of more than 4 trips?", "COUNT(DISTINCT trip.trip_id)"),
        ("How many geologists have been members of at least 3 trips?", "COUNT(DISTINCT trip.trip_id)"),
    ],
)
def test_what_lies_between_is_said(question: str, piece: str) -> None:
    found = sql_of(hikes(), question)
    assert piece in found
    assert "leader_id" not in found


def test_those_who_study_something_are_people_and_members_of_something_are_not_others() -> None:
    assert hikes()[1].people_tables == {"geologist"}


@pytest.mark.parametrize(
    "question",
    [
        "Give me the total number of days walked by each geologist across all trips.",
        "What is the number of days walked per geologist?",
        "How many days did each geologist walk?",
        "How many days were walked by each geologist?",
    ],
)
def test_days_that_a_column_counts_are_added_up(question: str) -> None:
    found = sql_of(hikes(), question)
    assert "SUM(trip_member.days_walked)" in found
    assert "leader_id" not in found


@cache
def books() -> World:
    """Books, and who has done what for them."""
    return made_up(
        {
            "writer": "writer_id name country specialty",
            "book": "book_id title genre language",
            "book_writer": "book_id:k writer_id:k part",
            "deal": "deal_id book_id writer_id advance:m",
        },
        {
            ("writer", "country"): ("Spain", "India"),
            ("writer", "specialty"): ("satire", "travel"),
            ("book", "genre"): ("Crime", "Science"),
            ("book", "language"): ("French", "Spanish"),
            ("book_writer", "part"): ("lead", "illustrator"),
        },
    )


@pytest.mark.parametrize(
    "question",
    ["Who are the lead writers of books in the crime genre?", "Which lead writers have crime books?"],
)
def test_who_was_what_of_what_is_said_by_one_row(question: str) -> None:
    found = sql_of(books(), question)
    assert found.count("EXISTS") == 1
    assert "book_writer.part = 'lead' AND book.genre = 'Crime'" in found


def test_a_country_is_no_language_that_is_spoken_there() -> None:
    assert "book.language = 'French'" in sql_of(books(), "How many French books are there?")
    with pytest.raises(Refused):
        sql_of(books(), "Which books are from France?")


def test_specialists_have_a_specialty() -> None:
    assert "writer.specialty = 'satire'" in sql_of(books(), "How many satire specialists are there?")
    with pytest.raises(Refused):
        sql_of(books(), "How many specialists are there?")
