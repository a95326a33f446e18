"""What is left on hand, prices per something, and names of columns that are said whole."""

from __future__ import annotations

from functools import cache

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@cache
def yarns() -> World:
    """A yarn shop in which some names run together, as `ordsts` does, and others are written apart."""
    tables = {
        "maker": "mkrno:n mkrnm",
        "yarn": "yarn_id name mkrno:n skeins_on_hand:n price_per_skein:m",
        "ordhdr": "ordno:n ordsts orddt:d",
        "tool": "toolno:n toolnm units_in_stock:n",
        "press_batch": "batch_id ordno:n metres_printed:n metres_spoiled:n",
    }
    return made_up(tables, {("ordhdr", "ordsts"): ["printing", "quoted", "shipped"]})


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("Which yarns have no skeins left on hand?", "WHERE yarn.skeins_on_hand = 0"),
        ("List every yarn with no skeins remaining on hand.", "WHERE yarn.skeins_on_hand = 0"),
        ("Which tools have no units left in stock?", "WHERE tool.units_in_stock = 0"),
        ("Which yarns have fewer than 20 skeins left on hand?", "WHERE yarn.skeins_on_hand < 20"),
        ("Which yarn has the most skeins left on hand?", "ORDER BY yarn.skeins_on_hand DESC LIMIT 1"),
        ("Which yarns have skeins left on hand?", "WHERE yarn.skeins_on_hand > 0"),
        ("How many yarns have any skeins on hand?", "WHERE yarn.skeins_on_hand > 0"),
        ("Which yarns have skeins on hand below 5?", "WHERE yarn.skeins_on_hand < 5"),
        ("the yarns with their skeins on hand", "yarn.skeins_on_hand AS skeins_on_hand FROM yarn"),
    ],
)
def test_what_is_left_on_hand_is_what_is_on_hand(question: str, part: str) -> None:
    found = sql_of(yarns(), question)
    assert part in found
    assert "price_per_skein" not in found


def test_a_price_per_something_is_one_when_it_is_said() -> None:
    assert "AVG(yarn.price_per_skein)" in sql_of(yarns(), "What is the average price per skein?")


@pytest.mark.parametrize(
    "question",
    [
        "Which yarns have no skeins?",
        "What is the highest skein?",
        "Which yarns have fewer than 5 skeins left?",
    ],
)
def test_what_stands_behind_per_is_no_name_of_the_price(question: str) -> None:
    try:
        assert "price_per_skein" not in sql_of(yarns(), question)
    except Refused:
        return


def test_a_whole_name_is_said_before_a_part_of_one_with_a_value() -> None:
    told = "Spoilage is total metres spoiled divided by total metres printed."
    found = sql_of(yarns(), "What is the spoilage?", told)
    assert "SUM(press_batch.metres_spoiled)" in found
    assert "SUM(press_batch.metres_printed)" in found
    assert "ordsts" not in found


def test_a_value_is_still_one_beside_the_rows_that_have_it() -> None:
    assert "ordhdr.ordsts = 'printing'" in sql_of(yarns(), "How many orders are printing?")
