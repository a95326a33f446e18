"""What a share is a part of, what is counted and what is added up, and the times of what was done."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.made_up import made_up, sql_of
from tests.aidbt.semantic.english.small_shop import refusal, rows

DIGS = made_up(
    {
        "sites": "site_id name country region",
        "digs": "dig_id site_id status started_on:d",
        "members": "member_id name joined_on:d",
        "dig_members": "dig_id:k member_id:k role",
        "finds": "find_id dig_id material",
    },
    {
        ("digs", "status"): ["completed", "planned"],
        ("sites", "country"): ["Egypt", "Greece"],
        ("dig_members", "role"): ["supervisor", "digger"],
    },
)
ADS = made_up(
    {
        "advertisers": "advertiser_id name country",
        "invoices": "invoice_id advertiser_id amount:m status issued_on:d paid_on:d?",
    },
    {("invoices", "status"): ["paid", "open"]},
)
WORK = made_up({"workers": "worker_id name", "hours_daily": "worker_id:k day:d hours:m"})
CARS = made_up(
    {
        "members": "member_id name joined_on:d",
        "trips": "trip_id member_id started_at:t",
        "payments": "payment_id trip_id amount:m status created_at:t",
    },
    {("payments", "status"): ["settled", "failed"]},
)
RAIL = made_up(
    {
        "sections": "section_id name commissioned_on:d",
        "inspections": "inspection_id section_id inspected_on:d result",
    }
)
COMPLETED = "CASE WHEN digs.status = 'completed' THEN 1 END"


@pytest.mark.parametrize(
    "question",
    [
        "What share of digs are completed among sites in Egypt?",
        "What share of digs in Egypt are completed?",
        "What is the ratio of completed digs to all digs among the sites in Egypt?",
    ],
)
def test_what_a_share_is_said_to_be_makes_the_part(question: str) -> None:
    sql = sql_of(DIGS, question)
    assert COMPLETED in sql
    assert "WHERE sites.country = 'Egypt'" in sql


def test_the_rows_that_both_sides_of_a_ratio_are_among_are_not_counted() -> None:
    sql = sql_of(DIGS, "What is the ratio of completed digs to all digs among the sites?")
    assert f"COUNT({COMPLETED})" in sql
    assert "COUNT(*)" in sql
    assert "FROM sites)" not in sql


@pytest.mark.parametrize(
    "question",
    [
        "What share of digs were completed in Egypt?",
        "share of completed digs in Egypt",
        "share of completed digs in Egypt per region",
        "How many supervisors of completed digs are there?",
    ],
)
def test_what_makes_the_part_or_is_counted_is_not_guessed(question: str) -> None:
    with pytest.raises(Refused):
        sql_of(DIGS, question)


def test_things_told_by_a_value_are_counted_where_they_are_rows() -> None:
    assert "FROM digs WHERE digs.status = 'completed'" in sql_of(DIGS, "How many completed digs are there?")
    assert COMPLETED in sql_of(DIGS, "What percentage of digs were completed?")


@pytest.mark.parametrize(
    "question", ["Which advertiser paid the most invoices?", "How many invoices did each advertiser pay?"]
)
def test_paying_many_invoices_is_no_sum_of_them(question: str) -> None:
    with pytest.raises(Refused):
        sql_of(ADS, question)


@pytest.mark.parametrize(
    "question",
    [
        "Which advertiser paid the most?",
        "How much did each advertiser pay?",
        "Which advertiser spent the most on invoices?",
    ],
)
def test_paying_much_is_a_sum(question: str) -> None:
    assert "SUM(invoices.amount)" in sql_of(ADS, question)


def test_receiving_most_of_them_is_a_number_of_rows() -> None:
    assert "COUNT(*)" in sql_of(ADS, "Which advertiser received the most invoices?")


@pytest.mark.parametrize("question", ["total hours", "total hours per worker", "worker with the most hours"])
def test_a_column_that_a_table_is_called_by_is_added_up(question: str) -> None:
    sql = sql_of(WORK, question)
    assert "SUM(hours_daily.hours)" in sql
    assert "COUNT(" not in sql


def test_those_who_made_these_payments_are_counted_over_them() -> None:
    said = "ARPM = total settled payment amount / number of distinct members who made"
    sql = sql_of(CARS, "What was the ARPM in 2024?", f"{said} these payments")
    assert "COUNT(DISTINCT members.member_id)" in sql
    assert sql.count("payments.status = 'settled'") == sql.count("2024-01-01") == 1
    # Of payments of any kind, those of the same time are meant.
    assert sql_of(CARS, "What was the ARPM in 2024?", f"{said} payments").count("2024-01-01") == 2
    with pytest.raises(Refused):
        sql_of(CARS, "What was the ARPM per month?", f"{said} payments")
    with pytest.raises(Refused):
        sql_of(CARS, "What was the ARPM in 2024?", f"{said} those trips")


@pytest.mark.parametrize("question", ["sections used in 2024", "sections worked on in 2024"])
def test_what_was_done_with_things_is_not_of_when_they_came_to_be(question: str) -> None:
    with pytest.raises(Refused):
        sql_of(RAIL, question)


def test_times_of_verbs_are_their_own() -> None:
    assert "inspections.inspected_on >=" in sql_of(RAIL, "sections inspected in 2024")
    assert "commissioned_on >=" in sql_of(RAIL, "sections opened in 2024")
    assert [row[0] for row in rows("orders placed in 2024")] == [1000, 1001, 1002]


def test_the_row_of_the_greatest_is_shown_with_what_it_belongs_to() -> None:
    assert rows("Who has the highest salary, and which department do they work in?") == [
        ("Sales", 1, "Ada", 900)
    ]
    assert refusal("In which department is the employee with the highest wage gap?").message
