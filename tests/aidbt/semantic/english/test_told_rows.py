"""Which rows definitions are of: those of a whole calculation, and the last one of each thing."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of

LAST = "To find a member's current tier, take only the latest row of tier_snapshot for each member"


@pytest.fixture(scope="module")
def loyalty() -> World:
    """Members whose tier changes, and what they spend in shops."""
    return made_up(
        {
            "member": "member_id member_name country",
            "tier": "tier_id tier_name",
            "tier_snapshot": "snapshot_id member_id tier_id snapshot_date:d points:n",
            "store": "store_id store_name region",
            "purchase": "purchase_id member_id store_id spend:m kind bought_on:d",
        },
        {("purchase", "kind"): ["regular", "gift"], ("store", "region"): ["North", "South"]},
    )


@pytest.mark.parametrize(
    "body",
    [
        "the highest spend minus the lowest spend among its regular purchases",
        "highest spend minus lowest spend of regular purchases",
    ],
)
def test_rows_behind_a_span_are_those_of_both_its_ends(loyalty: World, body: str) -> None:
    question = "Which 3 regions have the largest spend spread? Return the region and the spread."
    sql = sql_of(loyalty, question, f"The spend spread of a group is {body}")

    assert "MAX(purchase.spend) - MIN(purchase.spend)" in sql
    assert "WHERE purchase.kind = 'regular'" in sql
    assert "LIMIT 3" in sql


def test_rows_behind_the_last_of_two_sums_are_its_own(loyalty: World) -> None:
    told = "DIF = total spend minus total spend of gift purchases"
    sql = sql_of(loyalty, "What is the DIF per region?", told)

    assert "SUM(purchase.spend) - SUM(CASE WHEN purchase.kind = 'gift'" in sql


def test_the_last_word_of_a_name_says_nothing_where_the_name_is_not_said(loyalty: World) -> None:
    with pytest.raises(AidbtError):
        sql_of(loyalty, "What is the spread per region?", "The price spread is the highest spend")


@pytest.mark.parametrize("end", ["", " and join it to tier"])
def test_the_last_row_of_each_says_what_it_refers_to(loyalty: World, end: str) -> None:
    question = "What is the current tier of each member? Return the member ID and the tier name."
    sql = sql_of(loyalty, question, LAST + end)

    assert "ORDER BY member.member_id ASC" in sql
    assert "tier_snapshot.snapshot_date DESC" in sql
    assert "tier.tier_name" in sql


@pytest.mark.parametrize(
    ("said", "expected"),
    [("a place of 3 or better", "race.place <= 3"), ("a place of 3 or worse", "race.place >= 3"),
     ("a score of 8 or better", "race.score >= 8")],
)  # fmt: skip
def test_the_better_place_is_the_lower_and_the_better_score_the_higher(said: str, expected: str) -> None:
    races = made_up({"race": "race_id rider place:n score:n weight:n"})

    assert expected in sql_of(races, f"How many races have {said}?")


def test_what_is_better_must_be_known() -> None:
    with pytest.raises(AidbtError):
        sql_of(made_up({"race": "race_id rider weight:n"}), "How many races have a weight of 60 or better?")


def test_a_noun_said_again_is_no_verb() -> None:
    club = made_up(
        {
            "member": "member_id name country status",
            "member_limit_snapshot": "member_id:k taken_on:d limit:n",
        },
        {("member", "status"): ["active", "left"]},
    )
    told = "TAM = Total Active Members, members with status 'active'"

    with pytest.raises(AidbtError):
        sql_of(club, "What is the TAM per country?", told)
