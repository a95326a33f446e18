"""Readings that fit together and may not be what was meant, and short names that say little."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def harbour() -> World:
    return made_up(
        {
            "language": "language_id name speaker_num:n",
            "speaker": "speaker_id name language_id",
            "trip": "trip_id status people:n cars:n sch_dep:t act_dep:t",
            "tape": "tape_id title recorded_on:d checked_at:t host_id minutes:n",
            "host": "host_id name joined_on:d",
            "invoice": "invoice_id status amount:n paid_at:t",
        },
        {("trip", "status"): ["confirmed", "scheduled"], ("invoice", "status"): ["paid", "refunded"]},
    )


@pytest.fixture(scope="module")
def party() -> World:
    return made_up(
        {"pty": "pt_id pt_nm fnd_yr:n reg_dt:d", "cand": "cd_id cd_nm pt_id", "pymt": "pymt_id pymt_amt:n"}
    )


@pytest.mark.parametrize(
    "question",
    [
        "How many speakers are there for each language?",
        "How many tapes have not been checked (no checked timestamp)?",
    ],
)
def test_what_may_be_meant_otherwise_is_not_answered(harbour: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(harbour, question)


def test_trips_to_come_are_not_told_by_when_they_really_left() -> None:
    left = made_up({"trip": "trip_id status act_dep:t"})

    with pytest.raises(AidbtError, match="not what will be"):
        sql_of(left, "How many trips depart in the next 7 days?")
    assert "act_dep >= " in sql_of(left, "How many trips departed in the last 7 days?")


def test_a_condition_behind_a_ratio_is_of_both_its_parts_or_it_is_refused(harbour: World) -> None:
    try:
        sql = sql_of(harbour, "How many people are there per car over all confirmed trips?")
    except AidbtError:
        return
    assert sql.count("'confirmed'") == 2 or " WHERE " in sql


def test_a_status_says_more_than_a_time(harbour: World) -> None:
    sql = sql_of(harbour, "What is the total amount of paid invoices?")

    assert "invoice.status = 'paid'" in sql and "paid_at" not in sql


def test_beside_a_title_the_date_is_that_of_the_same_rows(harbour: World) -> None:
    sql = sql_of(harbour, "Show the title and the date of all tapes.")

    assert "tape.recorded_on" in sql and "joined_on" not in sql


@pytest.mark.parametrize(
    ("question", "column"),
    [
        ("What are the names of the candidates?", "cand.cd_nm"),
        ("List the names of all parties.", "pty.pt_nm"),
        ("What is the total payment amount?", "pymt.pymt_amt"),
    ],
)
def test_what_stands_before_a_key_says_nothing(party: World, question: str, column: str) -> None:
    assert column in sql_of(party, question)


def test_a_year_in_short_is_what_a_verb_is_of(party: World) -> None:
    assert "fnd_yr < 1940" in sql_of(party, "List the parties founded before 1940")


def test_a_key_of_one_row_is_not_counted(harbour: World) -> None:
    with pytest.raises(AidbtError, match="single row"):
        sql_of(harbour, "What is the name of the host of tape 2, and how many tapes are there in total?")


@pytest.mark.parametrize("number", ["3", "three"])
def test_so_many_different_ones_are_not_what_happened_to_them(number: str) -> None:
    fair = made_up(
        {
            "backer": "backer_id name",
            "campaign": "campaign_id title",
            "pledge": "pledge_id backer_id campaign_id amount:m status",
        },
        {("pledge", "status"): ["collected", "failed"]},
    )

    with pytest.raises(AidbtError, match="different campaigns"):
        sql_of(fair, f"How many backers made collected pledges to at least {number} different campaigns?")


def test_who_attended_is_told_by_the_flag_of_attendance() -> None:
    club = made_up(
        {
            "member": "member_id name",
            "outing": "outing_id title",
            "attendance": "attendance_id member_id outing_id attended:b fee:n",
        }
    )

    assert "attended = TRUE" in sql_of(club, "Which members attended an outing?")
    assert "attended" not in sql_of(club, "How many attendances are there?")


@pytest.mark.parametrize(
    "question",
    [
        "What are the top 3 countries by total price, with the number of different customers who ordered?",
        "Which 3 customers have the largest total price over all orders?",
        "What is the average age of customers?",
    ],
)
def test_what_is_added_up_makes_no_groups(question: str) -> None:
    shop = made_up(
        {"customer": "customer_id name country", "order": "order_id customer_id price:n min_age:n status"}
    )

    try:
        sql = sql_of(shop, question)
    except AidbtError:
        return
    assert "SUM(" in sql and "GROUP BY order" not in sql
