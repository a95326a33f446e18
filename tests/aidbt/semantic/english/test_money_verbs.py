"""What was paid or given comes to a sum, and "the total" is of something that was said."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def fund() -> World:
    """Gifts, what is lent, and what is ordered."""
    return made_up(
        {
            "donor": "donor_id name country joined_on:d",
            "donation": "donation_id donor_id amount:m channel donated_on:d",
            "refund": "refund_id donation_id amount:m reason refunded_on:d",
            "bill": "bill_id donor_id amount_due:m amount_paid:m billed_on:d paid_on:d",
            "order": "order_id donor_id quantity:n amount:m channel ordered_on:d",
        },
        {
            ("donor", "country"): ["France", "Spain"],
            ("donation", "channel"): ["web", "mail"],
            ("order", "channel"): ["shop", "phone"],
            ("refund", "reason"): ["error", "regret"],
        },
    )


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "Give me the total donated through each channel, along with the number of donations.",
            ["SUM(donation.amount)", "COUNT(*)", "GROUP BY donation.channel"],
        ),
        ("How much was refunded in 2024?", ["SUM(refund.amount)", "refund.refunded_on >="]),
        ("number of refunds and total refunded per reason", ["COUNT(*)", "SUM(refund.amount)"]),
        ("How many refunds were there per reason? Also give the total refunded.", ["SUM(refund.amount)"]),
        ("total paid per donor", ["SUM(bill.amount_paid)"]),
        (
            "Total amount of the donations per channel. Show the channel and the total.",
            ["SUM(donation.amount)"],
        ),
        ("How many donations are there per channel? Return the channel and the total.", ["COUNT(*)"]),
    ],
)
def test_verbs_of_money_speak_of_amounts(fund: World, question: str, expected: list[str]) -> None:
    sql = sql_of(fund, question)
    assert [part for part in expected if part not in sql] == []


@pytest.mark.parametrize(
    "question",
    [
        # Of orders there are quantities and amounts, and "ordered" says neither.
        "total ordered per channel",
        "the total ordered through each channel, along with the number of orders",
        "Give me the total and the number of donations per channel",
        "number of donations per channel, and the total",
        "How many donations are there per channel? What is the total?",
        "For each channel, show the average and the number of donations",
    ],
)
def test_a_total_of_nothing_is_refused(fund: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(fund, question)
