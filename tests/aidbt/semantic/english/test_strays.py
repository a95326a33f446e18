"""Columns, values and deeds are of the rows that are spoken of; those of other rows are no answer."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def mill() -> World:
    """Crops of farms, and the laboratories that test them; ploughs have a status of their own."""
    return made_up(
        {
            "farm": "farm_id fname country soil",
            "crop": "crop_id farm_id kind cut_on:d",
            "plough": "plough_id farm_id colour status",
            "bolt": "bolt_id plough_id mark_colour price:m",
            "laboratory": "laboratory_id lname country",
            "test": "test_id crop_id laboratory_id fee:m sent_on:d finished_on:d?",
        },
        {
            ("farm", "country"): ["Spain", "Malta"],
            ("farm", "soil"): ["Clay", "Sandy"],
            ("laboratory", "country"): ["Spain", "Cyprus"],
            ("crop", "kind"): ["rye", "oats"],
            ("plough", "status"): ["finished", "running"],
            ("plough", "colour"): ["red", "green"],
        },
    )


@pytest.fixture(scope="module")
def choirs() -> World:
    """Choirs with their singers, who attend concerts and are assessed, and the halls of concerts."""
    return made_up(
        {
            "hall": "hall_code hall_name",
            "choir": "choir_id choir_name",
            "singer": "singer_id sname choir_id",
            "concert": "concert_id choir_id hall_code held_on:d",
            "attendance": "attendance_id concert_id singer_id fee:m",
            "assessment": "assessment_id singer_id given_on:d",
        },
        {
            ("hall", "hall_code"): ["HAS", "DO", "KEM", "IN"],
            ("concert", "hall_code"): ["HAS", "DO", "KEM", "IN"],
        },
    )


@pytest.fixture(scope="module")
def boats() -> World:
    """Boats that are hired out and repaired."""
    return made_up(
        {
            "boat": "boat_id bname",
            "hire": "hire_id boat_id hired_on:d amount_due:m amount_paid:m",
            "repair": "repair_id boat_id repaired_on:d cost:m",
            "part": "part_id repair_id label quantity:n",
        }
    )


@pytest.mark.parametrize(
    ("question", "part"),
    [
        # What is claimed of rows is theirs: the status of a plough says nothing of tests.
        ("What share of the tests sent to each laboratory is still not finished?", "finished_on IS NULL"),
        ("What share of the tests of each laboratory is finished?", "NOT test.finished_on IS NULL"),
        ("What share of the crops of each farm are not rye?", "NOT (crop.kind = 'rye')"),
        ("How many finished tests are there per plough status?", None),
        ("How many ploughs are finished?", "plough.status = 'finished'"),
        # Of columns that are called the same, those of rows that were named are meant.
        ("total fee of the tests of crops from Clay farms in each country", "GROUP BY farm.country"),
        ("number of tests by country", "GROUP BY laboratory.country"),
        ("number of rye crops by country", "GROUP BY farm.country"),
        ("number of tests of rye crops by country", None),
        ("average price of bolts by colour", "GROUP BY bolt.mark_colour"),
        ("average price of bolts by plough colour", "GROUP BY plough.colour"),
    ],
)
def test_what_is_said_is_of_the_rows_that_are_spoken_of(mill: World, question: str, part: str | None) -> None:
    if part is None:
        with pytest.raises(AidbtError):
            sql_of(mill, question)
    else:
        assert part in sql_of(mill, question)


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("Which singers have attended at least 4 concerts?", ">= 4"),
        ("Which choirs have never had a concert?", "NOT EXISTS"),
        ("How many concerts were there in HAS?", "hall_code = 'HAS'"),
        ("How many concerts were there in HAS or DO?", "IN ('HAS', 'DO')"),
        ("How many concerts were there in IN?", "hall_code = 'IN'"),
        ('How many concerts were there in "has"?', "hall_code = 'HAS'"),
    ],
)
def test_a_word_of_sentences_is_a_value_only_as_it_is_written(
    choirs: World, question: str, part: str
) -> None:
    said = sql_of(choirs, question)
    assert part in said
    assert said.count("'HAS'") == question.upper().count("IN HAS") + question.count('"has"')


def test_in_a_question_of_capitals_no_word_is_a_code(choirs: World) -> None:
    assert "'" not in sql_of(choirs, "HOW MANY CHOIRS DO WE HAVE")


def test_what_a_verb_tells_of_others_is_not_told_of_groups(choirs: World) -> None:
    assert "COUNT(DISTINCT" in sql_of(choirs, "How many concerts has each singer attended?")
    assert "EXISTS" in sql_of(choirs, "How many singers were assessed per choir?")
    for question in (
        # Those of the choir, or those that its singers went to?
        "How many concerts has each choir attended?",
        # No assessment tells in which hall it was.
        "How many singers were assessed in each hall?",
    ):
        with pytest.raises(AidbtError):
            sql_of(choirs, question)


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("How many repairs were made in 2025, and what was the total cost?", True),
        ("How many repairs were made in 2025, and what was the average cost?", True),
        ("How many repairs were made in 2025 and what was the total quantity?", True),
        ("How many repairs were made in 2025, and what is the total number of repairs?", False),
        ("number of repairs and total cost in 2025", True),
        ("number of repairs in 2025 and total cost", True),
    ],
)
def test_a_second_question_is_of_what_the_first_one_counts(boats: World, question: str, kept: bool) -> None:
    said = sql_of(boats, question)
    assert ("CASE WHEN" not in said) == kept
    assert said.count("2025-01-01") == (2 if "quantity" in question else 1)


@pytest.mark.parametrize(
    "question",
    [
        # Amounts of rows that nobody speaks of: hires have some of their own.
        "How many hires were there in 2025, and what was the total cost?",
        "How many hires per boat and what is the total cost?",
        "How many hires were there in 2025, and what was the total amount?",
        # Not all of them are, and no column says which.
        "How many repairs were accepted per boat?",
        "How many repairs were accepted in 2025?",
    ],
)
def test_what_may_be_of_others_is_not_answered(boats: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(boats, question)
