"""What somebody gave or got is recorded of them, or of rows that belong to them; else it is no answer."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def school() -> World:
    """Coaches with a score of their own, pupils, their lessons, and the notes that pupils leave."""
    return made_up(
        {
            "coach": "coach_id coach_name score:m",
            "pupil": "pupil_id pupil_name points:n",
            "lesson": "lesson_id coach_id pupil_id held_on:d fee:m grade:n",
            "note": "note_id lesson_id pupil_id mark:n left_on:d",
        }
    )


@pytest.mark.parametrize(
    "question",
    [
        "What score did pupils give for each lesson?",
        "Which score did pupils leave for each lesson?",
        "What score did pupils submit for each lesson?",
    ],
)
def test_nobody_gave_what_is_recorded_of_others(school: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(school, question)


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("What grade did pupils give for each lesson?", "lesson.grade"),
        ("What grade did pupils receive in each lesson?", "lesson.grade"),
        ("What is the average grade given by pupils?", "AVG(lesson.grade)"),
        ("What score did coaches get?", "coach.score"),
        ("What is the score of each coach?", "coach.score"),
        ("List the score of the coach of each lesson.", "coach.score"),
    ],
)
def test_what_belongs_to_somebody_was_given_by_them(school: World, question: str, part: str) -> None:
    assert part in sql_of(school, question)


@pytest.mark.parametrize(
    "question", ["Awards of coaches who taught pupils", "Award and name of coaches for pupils"]
)
def test_a_column_that_is_called_like_a_verb_is_none(question: str) -> None:
    club = made_up(
        {
            "coach": "coach_id coach_name award",
            "pupil": "pupil_id pupil_name",
            "lesson": "lesson_id coach_id pupil_id fee:m",
        }
    )

    assert "coach.award" in sql_of(club, question)
