"""Advice on which rows count, and on single columns; what instructions say is never passed over."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.instructions.advice import restrictions
from aidbt.semantic.english.instructions.parsed import read_instructions, statements
from tests.aidbt.semantic.english.told_shop import told_refusal, told_value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Exclude test users unless asked otherwise.", "Exclude test users."),
        ("Always exclude test users.", "Exclude test users."),
        ("Cancelled orders should be excluded from all totals.", "Exclude Cancelled orders."),
        ("Cancelled orders do not count.", "Exclude Cancelled orders."),
        ("Only consider paid orders.", "Only include paid orders."),
        ("Only paid orders count for revenue.", "Only include paid orders."),
        ("Keep only paid orders.", "Only include paid orders."),
        ("Cancelled orders should never be counted.", "Exclude Cancelled orders."),
        ("Cancelled orders are never included.", "Exclude Cancelled orders."),
    ],
)
def test_advice_on_rows_is_a_sentence_of_the_question(text: str, sentence: str) -> None:
    assert [found.sentence for found in restrictions(text)] == [sentence]


@pytest.mark.parametrize(
    "text",
    [
        "Ignore nulls.",
        "Join orders and customers.",
        "Filter names with ILIKE.",
        "Cancelled orders should never be excluded.",
        "Cancelled orders are not ignored.",
    ],
)
def test_other_advice_restricts_nothing(text: str) -> None:
    assert list(restrictions(text)) == []


@pytest.mark.parametrize(
    ("question", "instructions", "value"),
    [
        ("What is the total freight?", "Only consider delivered orders.", 24.5),
        ("What is the total freight?", "Cancelled orders do not count.", 43.5),
        ("What is the total freight?", "Cancelled orders should never be excluded.", 46.5),
        ("What is the total freight?", "Keep only delivered orders.", 24.5),
        ("What is the total freight of cancelled orders?", "Exclude cancelled orders unless asked for.", 3),
        ("How many customers are there?", "Cancelled orders do not count.", 4),
        ("What is the total freight?", "Always join orders with customers first. Use DATE_TRUNC.", 46.5),
        (
            "What is the total freight?",
            "Amounts are stored in euros. Weekends are Saturdays and Sundays.",
            46.5,
        ),
    ],
)
def test_advice_is_held_where_the_question_is_about_its_rows(
    question: str, instructions: str, value: float
) -> None:
    assert told_value(question, instructions) == value


@pytest.mark.parametrize(
    ("question", "instructions"),
    [
        ("How many customers have ordered?", "Cancelled orders do not count."),
        ("What is the total freight?", "Exclude test orders."),
        ("What is the total freight?", "Look at delivered orders only."),
        ("What is the total freight?", "Return only orders that were delivered in the sense of clause 4."),
        ("How many orders are there?", "status = 'phoned' in orders means that it was placed by phone."),
        ("What is the total freight?", "The freight of gifts is paid by their senders."),
        ("How many delivered orders are there?", "An order is delivered in the sense of clause 4."),
        (
            "What is the total freight?",
            "To get the freight of orders, join a and b, keep only the last.",
        ),
        ("What is the average rating?", "Only the latest row of reviews per customer matters."),
        ("How many orders are there?", "employee_id = 2 in orders means that it was placed by phone."),
    ],
)
def test_what_is_said_of_the_question_and_not_understood_refuses_it(question: str, instructions: str) -> None:
    assert told_refusal(question, instructions).message


@pytest.mark.parametrize(
    ("text", "name", "how"),
    [
        (
            "Client industry should be matched case-insensitively with wildcards.",
            "client industry",
            "contains",
        ),
        ("Filter names with ILIKE, states with an exact match.", "state", ""),
        (
            "Use ILIKE with wildcards when filtering emails, and exact matches when filtering statuses",
            "status",
            "",
        ),
        ("Festival names should be filtered using ILIKE without wildcards.", "festival name", "folded"),
    ],
)
def test_columns_are_matched_each_in_its_way(text: str, name: str, how: str) -> None:
    assert (tuple(name.split()), how) in read_instructions(text).of_columns


def test_a_column_is_matched_as_its_advice_says() -> None:
    question = "how many products named 'Tea' are there"

    assert told_value(question, "Product names should be matched case-insensitively with wildcards.") == 1
    assert "Tea" in told_refusal(question, "Cities should be matched with wildcards.").message


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("TPV = Total Payment Volume = sum of amounts MoMC = change in it To get x, do y. CR = rank", 4),
        ("Countries are codes (e.g. IN for India). Names are not.", 2),
        ("a_col = first name, b_col = last name", 2),
    ],
)
def test_statements_end_where_another_begins(text: str, count: int) -> None:
    assert len(list(statements(text))) == count
