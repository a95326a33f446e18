"""What sentences of instructions are of: the definition they stand behind, or every question."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of

WAIT = "Wait time = begun_at - arrived_at"
LEFT_OUT = "Calls without a begun_at are left out"


@pytest.fixture(scope="module")
def desk() -> World:
    """Calls that wait, and plans that clients pay for."""
    return made_up(
        {
            "client": "client_id client_name city",
            "plan": "plan_id plan_name tier monthly_fee:m",
            "contract": "contract_id client_id plan_id state signed_on:d",
            "call": "call_id client_id topic outcome arrived_at:t begun_at:t? first_reply_at:t? cost:m?",
            "bill": "bill_id client_id amount:m status billed_on:d",
            "reminder": "reminder_id bill_id sent_on:d",
            "ride": "ride_id client_id distance_km:n fare:m tax:m kind started_at:t ended_at:t",
        },
        {
            ("contract", "state"): ["active", "ended"],
            ("plan", "tier"): ["basic", "plus"],
            ("call", "outcome"): ["answered", "cancelled"],
            ("bill", "status"): ["paid", "void", "open"],
            ("ride", "kind"): ["city", "rural"],
        },
    )


@pytest.mark.parametrize("after", ["", " CPC = total cost / number of calls."])
@pytest.mark.parametrize(
    "advice", [LEFT_OUT, "Ignore calls without a begun_at", "Calls that never began are left out"]
)
def test_what_is_left_out_of_a_definition_is_left_out_of_it_alone(
    desk: World, advice: str, after: str
) -> None:
    sql = sql_of(desk, "How many calls were there per topic?", f"{WAIT}. {advice}.{after}")

    assert "WHERE" not in sql


def test_what_is_left_out_of_a_definition_is_left_out_where_it_is_asked_for(desk: World) -> None:
    told = f"Answer rate = answered calls / all calls. {LEFT_OUT}."

    assert "begun_at IS NULL" in sql_of(desk, "What is the answer rate per topic?", told)


@pytest.mark.parametrize(
    "told",
    [
        f"{LEFT_OUT}.",
        f"{LEFT_OUT}. {WAIT}.",
        f"{WAIT}.\n{LEFT_OUT}.",
        f"{WAIT}. Always ignore calls without a begun_at.",
        f"Bill total = sum of amount of bills. {LEFT_OUT}.",
    ],
)
def test_advice_on_a_line_of_its_own_is_of_every_question(desk: World, told: str) -> None:
    assert "begun_at IS NULL" in sql_of(desk, "How many calls were there per topic?", told)


def test_a_state_behind_a_definition_that_is_not_asked_for_may_be_of_either(desk: World) -> None:
    told = "CPC = total cost / number of calls. Cancelled calls are left out."
    with pytest.raises(AidbtError, match="not certain whether advice"):
        sql_of(desk, "How many calls were there per topic?", told)


def test_rows_without_an_end_have_no_length(desk: World) -> None:
    told = "FRT (first response time) = time between the arrival of a call and its first reply, in hours. "
    sql = sql_of(desk, "What is the average FRT per topic?", f"{told}Calls without a reply are ignored.")

    assert "AVG" in sql and "first_reply_at" in sql


STEPS = (
    "MRR per tier: join contract and plan in a CTE, keep only contracts with state active, "
    "then group by tier and sum monthly_fee."
)


@pytest.mark.parametrize("question", ["What is the MRR of each tier?", "Show the MRR per tier."])
def test_steps_are_known_by_their_name_without_its_groups(desk: World, question: str) -> None:
    sql = sql_of(desk, question, STEPS)

    # Of every active contract, and not of the plans that have one.
    assert "FROM contract" in sql and "contract.state = 'active'" in sql and "EXISTS" not in sql


def test_a_formula_of_each_is_known_by_its_whole_name_alone(desk: World) -> None:
    told = "Fare per client = total fare / number of clients"

    assert "/" not in sql_of(desk, "What is the total fare per kind?", told)


def test_advice_is_of_one_of_two_numbers(desk: World) -> None:
    told = "BPC = number of bills / number of contracts. Void bills are left out."
    with pytest.raises(AidbtError, match="advice"):
        sql_of(desk, "What is the BPC per city?", told)


def test_advice_on_rows_between_is_not_passed_over(desk: World) -> None:
    told = "RPB = number of reminders to bills / number of bills. Void bills are left out."
    with pytest.raises(AidbtError):
        sql_of(desk, "What is the RPB per city?", told)
    told = "NR (number of reminders) = number of reminders that bills got. Void bills are left out."
    with pytest.raises(AidbtError):
        sql_of(desk, "What is the NR per city?", told)


def test_a_state_in_a_definition_is_no_lack_of_other_rows(desk: World) -> None:
    sql = sql_of(desk, "What is the OPA per city?", "OPA = total amount of bills that are not void")

    assert "bill.status = 'void'" in sql


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Which client has taken the longest ride?", "The length of a ride is its distance_km."),
        ("Which client has taken the longest ride?", "Length of a ride = distance_km."),
        ("What is the average cost per topic?", "Calls without a cost count as 0."),
        ("What is the average cost per topic?", "Missing costs are treated as zero."),
        ("How many clients are there per city?", "Count every client once, by the contract signed last."),
        ("How many rides are there per kind?", "Only rides of more than a kilometre are real rides."),
    ],
)
def test_what_would_change_the_answer_is_not_passed_over(desk: World, question: str, told: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(desk, question, told)


@pytest.mark.parametrize(
    "told", ["Count every client once, by the contract signed last.", "Only paid bills are real bills."]
)
def test_how_others_count_is_no_matter(desk: World, told: str) -> None:
    assert "COUNT(*)" in sql_of(desk, "How many rides are there per kind?", told)


def test_several_values_are_those_of_one_column(desk: World) -> None:
    told = "Settled bills have status 'paid' or 'void'"

    assert "status IN ('paid', 'void')" in sql_of(desk, "How many settled bills are there per city?", told)


def test_what_missing_values_of_others_count_as_is_no_matter(desk: World) -> None:
    assert "AVG(ride.fare)" in sql_of(
        desk, "What is the average fare per kind?", "Missing costs are treated as zero."
    )


@pytest.mark.parametrize("group", ["per kind", "for each kind", "by kind"])
def test_the_average_of_a_formula_of_rows_is_not_that_of_its_sums(desk: World, group: str) -> None:
    sql = sql_of(desk, f"What is the average net fare {group}?", "Net fare = fare - tax")

    assert "AVG((ride.fare - ride.tax))" in sql and "GROUP BY ride.kind" in sql


@pytest.mark.parametrize(
    "question", ["What is the total ride per client?", "What is the total ride by kind?"]
)
def test_the_total_of_one_is_no_number_of_rows(desk: World, question: str) -> None:
    with pytest.raises(AidbtError, match="of what"):
        sql_of(desk, question)


@pytest.mark.parametrize(
    "question", ["What is the total ride count per kind?", "What is the total number of rides per kind?"]
)
def test_the_total_count_is_a_number_of_rows(desk: World, question: str) -> None:
    assert "COUNT(*)" in sql_of(desk, question)


@pytest.mark.parametrize("which", ["which weekday", "which weekdays"])
def test_weekdays_that_are_asked_for_are_days_of_the_week(desk: World, which: str) -> None:
    sql = sql_of(desk, f"On {which} are the most rides started?")

    assert "GROUP BY ISODOW(ride.started_at)" in sql
