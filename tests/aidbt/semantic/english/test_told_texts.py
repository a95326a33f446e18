"""Advice on how the texts of some columns are matched: of those alone, in their case, as one text."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of

WILDCARDS = "Match all strings case-insensitively with wildcards."


@pytest.fixture(scope="module")
def houses() -> World:
    """Houses of landlords; of names and streets no values are known."""
    return made_up(
        {
            "landlord": "landlord_id landlord_name status",
            "property": "property_id landlord_id street city",
            "unit": "unit_id property_id rooms:n",
        },
        {("landlord", "status"): ["active", "inactive"], ("property", "city"): ["Leeds", "York"]},
    )


@pytest.mark.parametrize(
    ("question", "instructions", "where"),
    [
        (
            'Which landlords have a name ending in "Ltd" and are still active?',
            "Landlord names should be matched with LIKE and the percent sign, with respect to case.",
            "landlord.landlord_name LIKE '%Ltd' AND landlord.status = 'active'",
        ),
        (
            "How many landlords called Brown are there?",
            "All landlord names should be matched case-insensitively with wildcards.",
            "LOWER(landlord.landlord_name) LIKE '%brown%'",
        ),
        (
            "How many landlords called Brown are there?",
            "Match landlord names case-sensitively with wildcards.",
            "landlord.landlord_name LIKE '%Brown%'",
        ),
        (
            "How many properties in Leeds belong to active landlords?",
            "City names should be matched with wildcards, whatever their case.",
            "LOWER(property.city) LIKE '%leeds%' AND landlord.status = 'active'",
        ),
        ("How many active landlords are there?", WILDCARDS, "LOWER(landlord.status) = 'active'"),
        ("How many inactive landlords are there?", WILDCARDS, "LOWER(landlord.status) LIKE '%inactive%'"),
    ],
)
def test_advice_holds_for_the_columns_that_it_names(
    houses: World, question: str, instructions: str, where: str
) -> None:
    assert where in sql_of(houses, question, instructions)


@pytest.mark.parametrize("columns", ["Streets", "Street names"])
def test_neighbouring_words_of_a_name_are_one_text(houses: World, columns: str) -> None:
    question = "How many units are there in properties on Mill Lane or Park Row?"
    sql = sql_of(houses, question, f"{columns} should be matched case-insensitively with wildcards")

    assert "LOWER(property.street) LIKE '%mill lane%' OR LOWER(property.street) LIKE '%park row%'" in sql


def test_nobody_is_meant_by_where_something_is(houses: World) -> None:
    question = "How many units are there in properties {} Smith Brothers?"

    assert "LIKE '%smith brothers%'" in sql_of(houses, question.format("of"), WILDCARDS)
    with pytest.raises(AidbtError):
        sql_of(houses, question.format("on"), WILDCARDS)
