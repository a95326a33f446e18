"""What is said of rows with "are": flags, kinds and parts, also behind the groups; and of several numbers."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def school() -> World:
    """Teachers of departments, and what pupils pay for."""
    return made_up(
        {
            "departments": "department_id name",
            "teachers": "teacher_id full_name department_id is_part_time:b job",
            "pupils": "pupil_id full_name town is_boarder:b joined_on:d",
            "fees": "fee_id pupil_id fee_amount:m discount:m status paid_on:d",
            "agents": "agent_id agency_name region commission_pct:n",
            "referrals": "referral_id agent_id pupil_id commission:m bonus:m referred_on:d",
        },
        {
            ("teachers", "job"): ["lecturer", "tutor"],
            ("fees", "status"): ["paid", "late"],
            ("pupils", "town"): ["Ely", "Grantham"],
            ("agents", "region"): ["North", "South"],
        },
    )


CLAIMED = [
    ("Which teachers are part time?", "WHERE teachers.is_part_time = TRUE"),
    ("Which teachers are not part time?", "WHERE teachers.is_part_time <> TRUE"),
    (
        "How many teachers of each department are part time?",
        "WHERE teachers.is_part_time = TRUE GROUP BY dep",
    ),
    ("How many teachers per department are part time?", "WHERE teachers.is_part_time = TRUE GROUP BY dep"),
    ("What share of the teachers of each department are part time?", "GROUP BY departments.department_id"),
    ("number of teachers by is_part_time", "GROUP BY teachers.is_part_time"),
    ("number of teachers by is part time", "GROUP BY teachers.is_part_time"),
]


@pytest.mark.parametrize(("question", "expected"), CLAIMED)
def test_what_rows_are_is_a_condition(school: World, question: str, expected: str) -> None:
    assert expected in sql_of(school, question)


LISTED = [
    ("Which fees are listed as late?", "WHERE fees.status = 'late'"),
    ("How many fees are not marked as paid?", "WHERE NOT (fees.status = 'paid')"),
    ("total discount of fees classified as late", "WHERE fees.status = 'late'"),
    ("How many pupils have a fee flagged as late?", "WHERE EXISTS(SELECT 1 FROM fees"),
]


@pytest.mark.parametrize(("question", "expected"), LISTED)
def test_what_rows_are_listed_as_they_are(school: World, question: str, expected: str) -> None:
    assert expected in sql_of(school, question)


OFTEN = [
    (
        "Show every town with the number of times it was named, from most to least common.",
        "ORDER BY COUNT(*) DESC",
    ),
    ("Show every job with how often it is done, the least common first.", "ORDER BY COUNT(*) ASC"),
]


@pytest.mark.parametrize(("question", "expected"), OFTEN)
def test_how_often_is_what_the_answer_is_sorted_by(school: World, question: str, expected: str) -> None:
    assert sql_of(school, question).endswith(expected)


def test_what_was_done_most_often_is_no_time() -> None:
    tanks = made_up({"tanks": "tank_id code", "water_tests": "test_id tank_id tested_at:t result"})
    sql = sql_of(tanks, "Which tanks are tested most often?")
    assert sql.startswith("SELECT tanks.tank_id AS tank_id, tanks.code AS code, COUNT(*) AS water_tests")
    assert sql.endswith("GROUP BY tanks.tank_id, tanks.code ORDER BY COUNT(*) DESC LIMIT 1")


SHARES = [
    "What share of the pupils of each town are boarders?",
    "What share of pupils in each town are boarders?",
    "For each town, what share of pupils are boarders?",
]


@pytest.mark.parametrize("question", SHARES)
def test_the_part_may_be_a_noun_behind_the_groups(school: World, question: str) -> None:
    assert sql_of(school, question) == (
        "SELECT pupils.town AS town, CAST(COUNT(CASE WHEN pupils.is_boarder = TRUE THEN 1 END) AS DOUBLE)"
        " / NULLIF(COUNT(*), 0) AS ratio FROM pupils GROUP BY pupils.town"
    )


SPREAD = [
    (
        "What is the total bonus and the average commission of referrals in 2024?",
        "SELECT SUM(referrals.bonus) AS total_bonus, AVG(referrals.commission) AS average_commission FROM",
    ),
    (
        "What is the total commission and total bonus of referrals by agents in the North?",
        "SUM(referrals.commission) AS total_commission, SUM(referrals.bonus) AS total_bonus FROM referrals",
    ),
    (
        "average discount and highest fee amount of late fees",
        "SELECT AVG(fees.discount) AS average_discount, MAX(fees.fee_amount) AS highest_fee_amount FROM fees "
        "WHERE fees.status = 'late'",
    ),
]


@pytest.mark.parametrize(("question", "expected"), SPREAD)
def test_rows_behind_several_amounts_are_those_of_all(school: World, question: str, expected: str) -> None:
    sql = sql_of(school, question)
    assert expected in sql and "CASE" not in sql


@pytest.mark.parametrize(
    "question",
    [
        "What share of the pupils of each town are teachers?",
        # The first number may be of all of them.
        "What is the total discount and the number of late fees?",
        "What is the number of fees and the total discount of late fees?",
        "What is the total discount of fees and the average discount of late fees?",
        # Percentages are not added up.
        "What is the total commission pct per region?",
        "What is the sum of the commission percentages of agents?",
    ],
)
def test_what_may_be_said_of_others_is_refused(school: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(school, question)


def test_people_of_one_name_are_told_apart(school: World) -> None:
    sql = sql_of(school, "Return the full name of the pupil and the number of fees.")
    assert sql.startswith("SELECT pupils.full_name AS full_name, COUNT(*) AS fees")
    assert "GROUP BY pupils.full_name, pupils.pupil_id" in sql


def test_an_amount_beside_a_count_is_of_the_rows_counted() -> None:
    world = made_up(
        {
            "pupils": "pupil_id full_name",
            "exams": "exam_id pupil_id exam_date:d fee:m",
            "lessons": "les_id pupil_id les_typ fee_amt:m start_ts:t",
        },
        {("lessons", "les_typ"): ["NGT", "STD"]},
    )
    sql = sql_of(world, "number of lessons and total fee per lesson type")
    assert sql.startswith("SELECT lessons.les_typ AS les_typ, COUNT(*) AS lessons, SUM(lessons.fee_amt)")
    with pytest.raises(AidbtError):
        sql_of(world, "number of lessons and total price per lesson type")


DEFINED = [
    (
        "TRP = total referrals, counting only referrals made by agents in the region North",
        "How many TRP are there in each town?",
        "WHERE agents.region = 'North' GROUP BY pupils.town",
    ),
    (
        "RN = number of referrals made by agents in the region North",
        "What is the RN?",
        "WHERE agents.region = 'North'",
    ),
    (
        "FBT = number of late fees by town",
        "What is the FBT?",
        "WHERE fees.status = 'late' GROUP BY pupils.town",
    ),
]


@pytest.mark.parametrize(("instructions", "question", "expected"), DEFINED)
def test_who_did_it_makes_no_groups_of_a_definition(
    school: World, instructions: str, question: str, expected: str
) -> None:
    assert sql_of(school, question, instructions).endswith(expected)


def test_a_definition_that_may_have_groups_is_refused(school: World) -> None:
    with pytest.raises(AidbtError):
        sql_of(school, "What is the LF per town?", "LF = number of fees paid by boarders")
