"""What a whole database is of: the zoo, the museum, the catalogue."""

from __future__ import annotations

from functools import cache

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@cache
def museum() -> World:
    tables = {
        "painters": "painter_id full_name joined_on:d left_on:d",
        "paintings": "painting_id painter_id title style acquired_on:d",
        "seedcounts": "seedcount_id seeds:n",
    }
    return made_up(tables, {("paintings", "style"): ["cubist", "baroque"]})


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("how many paintings are there in the museum", "how many paintings are there"),
        ("how many paintings does the museum own per style", "how many paintings per style"),
        ("number of cubist paintings in our collection", "number of cubist paintings"),
        ("list the titles of all paintings in the catalogue", "list the titles of all paintings"),
        ("how many painters left the museum in 2024", "how many painters left in 2024"),
        ("painters who joined the gallery in 2024", "painters who joined in 2024"),
        ("the museum's paintings by style", "paintings by style"),
        ("number of paintings of the museum", "number of paintings"),
        ("how many paintings are in the seed bank", "how many paintings"),
    ],
)
def test_the_one_house_that_all_is_of_says_nothing(question: str, plain: str):
    assert sql_of(museum(), question) == sql_of(museum(), plain)


@pytest.mark.parametrize(
    "question",
    [
        "number of paintings per museum",
        "how many paintings are there in the biggest museum",
        "how many paintings are there in the Berlin museum",
        "number of paintings in each museum",
        "how many paintings are in the other museum",
        "paintings in museums",
        "what is the name of the museum",
    ],
)
def test_one_of_several_houses_is_no_house_of_all(question: str):
    with pytest.raises(Refused):
        sql_of(museum(), question)


def test_a_house_that_the_data_knows_is_that():
    world = made_up({"museums": "museum_id museum_name", "paintings": "painting_id museum_id title"})

    with pytest.raises(Refused):
        sql_of(world, "how many paintings are there in the Berlin museum")
    assert "museums" in sql_of(world, "number of paintings per museum")
