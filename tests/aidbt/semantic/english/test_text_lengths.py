"""How long texts are, and what is no length of a text."""

from __future__ import annotations

import pytest

from tests.aidbt.semantic.english.small_shop import refusal, rows


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("List the products, ordered by the length of the product name from shortest to longest.", "Cola"),
        ("List the products sorted by the number of characters in the product name, ascending", "Cola"),
        ("Which product has the shortest product name?", "Cola"),
    ],
)
def test_texts_are_as_long_as_they_have_characters(question: str, first: str) -> None:
    assert first in rows(question)[0]


@pytest.mark.parametrize(
    "question", ["What is the length of the price of each product?", "What is the length of each product?"]
)
def test_what_is_no_text_has_no_characters(question: str) -> None:
    assert refusal(question)
