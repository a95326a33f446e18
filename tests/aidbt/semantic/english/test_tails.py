"""Numbers that are asked for at the end of a question: "…, and how many is that?"."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aidbt.semantic.english.small_shop import refusal, rows


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Which employee handled the most orders, and how many?", [(2, "Bo", 4)]),
        ("Which employee handled the most orders, and how many did they handle?", [(2, "Bo", 4)]),
        ("Which employee handled the largest number of orders, and how many were there?", [(2, "Bo", 4)]),
        ("Which product has the most reviews, and how many does it have?", [(100, "Green Tea", 2)]),
        ("Which product has the most reviews, and how many reviews is that?", [(100, "Green Tea", 2)]),
        ("Which product was reviewed the most often, and how many times?", [(100, "Green Tea", 2)]),
        ("Which product has the most reviews? And how many?", [(100, "Green Tea", 2)]),
        ("Which category has the highest total stock, and how much is it?", [(2, "Snacks", 50)]),
        ("Which country has the highest average freight, and what is it?",
         [("Portugal", pytest.approx(7.17, abs=0.01))]),
        ("What is the most common status and how often does it occur?", [("delivered", 3)]),
        ("Which employees handled at least 2 orders, and how many did they handle?",
         [(1, "Ada", 2), (2, "Bo", 4)]),
        ("Which products have more than one review, and how many do they have?", [(100, "Green Tea", 2)]),
    ],
)  # fmt: skip
def test_the_number_that_was_spoken_of_is_shown(question: str, found: list[tuple[Any, ...]]) -> None:
    assert sorted(rows(question)) == found


@pytest.mark.parametrize(
    "question",
    [
        "Which customer placed the most orders, and how much is it?",
        "Which products cost more than 3, and how many?",
        "Which customers live in Berlin, and how often?",
    ],
)
def test_a_number_that_was_not_spoken_of_is_refused(question: str) -> None:
    refusal(question)


def test_each_of_them_is_a_pronoun() -> None:
    assert sorted(rows("Give the names of all employees and how many orders each of them has handled.")) == [
        ("Ada", 2), ("Bo", 4), ("Ed", 1),
    ]  # fmt: skip
