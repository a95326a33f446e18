"""What nobody means to ask: half sentences, numbers and brackets without end, columns without a word."""

from __future__ import annotations

import time

import pytest

from aidbt.semantic.english.grounding.refusal import nearest_question
from aidbt.semantic.english.instructions.definitions import definitions_of
from aidbt.semantic.english.instructions.parsed import read_instructions
from aidbt.semantic.english.words.traits import truths_of
from aidbt.semantic.graph import GraphColumn
from tests.aidbt.semantic.english.made_up import made_up, sql_of
from tests.aidbt.semantic.english.small_shop import refusal
from tests.aidbt.semantic.english.told_shop import told_refusal, told_value


@pytest.mark.parametrize(
    "question",
    [
        "",
        "???",
        "orders in every March and",
        "orders from January to May 0000",
        f"orders with freight between 1 and {'9' * 400}",
        "( " * 50,
    ],
)
def test_what_is_no_question_is_refused(question: str) -> None:
    assert refusal(question).message


@pytest.mark.parametrize(
    "body",
    [
        "SUM(CASE WHEN status = 'open' THEN 1 ELSE 'no' END)",
        "MAX(freight, order_id)",
        "COUNT(freight, order_id)",
        "COUNT()",
        "SUM(" + "(" * 900 + "freight" + ")" * 901,
        "SUM(freight)" + " + 1" * 900,
        "(" * 1900 + "freight" + ")" * 1900,
        "1 - " * 900 + "1",
    ],
)
def test_a_piece_of_sql_that_has_no_place_in_a_query_takes_its_name_away(body: str) -> None:
    assert told_refusal("What is the X?", f"X = {body}").spans == ("X",)


def test_a_number_may_be_written_with_its_exponent() -> None:
    assert told_value("What is the X?", "X = SUM(CASE WHEN freight > 1e1 THEN 1 END)") == 1


def test_a_long_list_of_columns_and_a_long_definition_are_read_in_time() -> None:
    prose = "the number of orders per customer in each month for every city of the " * 12
    begun = time.process_time()

    read_instructions("Filter " + " and ".join(["name"] * 40))
    told_refusal("What is the X?", f"X is {prose}")

    assert time.process_time() - begun < 8  # without their bounds it was minutes


def test_a_column_or_a_table_without_a_word_in_its_name_is_let_be() -> None:
    world = made_up({"orders": "order_id #:n amount:m %:b _:d", "_": "note"})

    assert sql_of(world, "How many orders are there?") == "SELECT COUNT(*) AS orders FROM orders"
    assert sql_of(world, "order 12").endswith("WHERE orders.order_id = 12")


def test_what_is_not_understood_is_replaced_as_a_word() -> None:
    found = nearest_question("how many shipments ship", {"ship": ()}, lambda text: True)

    assert found == "how many shipments"


def test_a_flag_that_is_written_in_two_ways_answers_neither_yes_nor_no() -> None:
    assert truths_of(GraphColumn("active", "text", values=("Y", "N"))) is not None
    assert truths_of(GraphColumn("active", "text", values=("Y", "y", "N"))) is None


def test_nothing_is_defined_by_signs_alone() -> None:
    assert [found for text in ("=", "= =", "X =", "()", "X: ") for found in definitions_of(text)] == []
