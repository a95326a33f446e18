"""Words that say which time, whose role, or which number is meant, said beside others that might be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.instructions.told_periods import with_told_periods
from aidbt.semantic.english.words.tokens import tokens
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of
from tests.aidbt.semantic.english.small_shop import refusal, rows

_TOLD = "Last 7 days = CURRENT_DATE - INTERVAL '7 days' to CURRENT_DATE"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "What are the 2 orders with the highest freight? Return the order id and the total freight.",
            [(1003, Decimal("12.00")), (1005, Decimal("9.00"))],
        ),
        ("Which 2 departments have the largest budgets? Return the name and the sum of the budget.",
         [("Sales", 90000), ("Finance", 50000)]),
        # The verb's own time, and not that of all orders.
        ("average freight per status for orders required in December 2024", [("delivered", 7.5)]),
    ],
)  # fmt: skip
def test_what_is_told_of_rows_is_their_own(question: str, expected: list[tuple[Any, ...]]) -> None:
    assert rows(question) == expected


def test_a_sum_of_the_first_so_many_is_not_each_ones_own() -> None:
    assert (
        "of several together"
        in refusal(
            "What are the 2 products with the most stock? Return the category and the total stock."
        ).message
    )


@pytest.fixture(scope="module")
def post() -> World:
    return made_up(
        {
            "letter": "letter_id sender_role member_id sent_at:t",
            "member": "member_id first_name last_name branch_id joined_at:t",
            "branch": "branch_id branch_name",
        },
        {("letter", "sender_role"): ["member", "clerk"]},
    )


@pytest.mark.parametrize(
    "question", ["How many letters were sent by members?", "How many letters from members?"]
)
def test_a_role_says_who_did_it(post: World, question: str) -> None:
    assert "sender_role" in sql_of(post, question)


def test_a_period_is_as_long_as_instructions_say() -> None:
    assert (
        with_told_periods("orders in the last 7 days inclusive of today?", _TOLD)
        == "orders in the last 7 days?"
    )
    assert "today" in with_told_periods("orders in the last 8 days inclusive of today?", _TOLD)
    with pytest.raises(Refused):
        with_told_periods("orders in the last 7 days?", _TOLD.replace("'7", "'6"))


def test_particles_are_several_only_behind_a_hyphen() -> None:
    assert [token.lemma for token in tokens("check-ins of ins")] == ["check", "in", "of", "ins"]
