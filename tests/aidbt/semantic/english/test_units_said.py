"""A unit at the end of a question is that of all numbers in its answer, also of those beside rows."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def stall() -> World:
    return made_up({"product": "product_id name price_cents:n cost_cents:n weight:n"})


@pytest.mark.parametrize(
    "question",
    [
        "Which product has the highest price, in euros?",
        "What are the 3 products with the highest price, in euros?",
        "Show the name and price of the 3 products with the highest price, in euros",
        "Show the name and price of all products, in euros",
    ],
)
def test_no_amount_is_shown_in_another_unit(stall: World, question: str) -> None:
    sql = sql_of(stall, question)

    assert "AS price_cents" not in sql
    assert " / NULLIF(100, 0)" in sql


def test_an_amount_in_another_unit_goes_by_its_columns_name(stall: World) -> None:
    sql = sql_of(stall, "Show the name and price of all products, in euros")

    assert "NULLIF(100, 0) AS price FROM" in sql


def test_a_unit_that_nothing_is_in_is_refused(stall: World) -> None:
    with pytest.raises(AidbtError, match="nothing is known to be in euros"):
        sql_of(stall, "Show the name and weight of products, in euros")
