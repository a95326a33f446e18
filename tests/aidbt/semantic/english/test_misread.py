"""Words that look like others, and phrases that could be joined with others, are read rightly or refused."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of
from tests.aidbt.semantic.english.small_shop import reading


@pytest.fixture(scope="module")
def surgery() -> World:
    """Doctors, their patients and what they write to each other."""
    return made_up(
        {
            "doctor": "doctor_id name field grade joined_on:d active:b",
            "patient": "patient_id name status monthly_fee:n",
            "visit": "visit_id doctor_id patient_id outcome rating:n started_at:t",
            "claim": "claim_id visit_id state amount:n",
            "letter": "letter_id patient_id doctor_id sender written_at:t",
            "gauge": "gauge_id patient_id metric reading:n taken_at:t",
            "licence": "licence_id doctor_id title valid_until:d",
        },
        {
            ("doctor", "field"): ["skin", "heart"],
            ("doctor", "grade"): ["MD", "DO", "NP"],
            ("patient", "status"): ["active", "paused"],
            ("visit", "outcome"): ["kept", "missed"],
            ("claim", "state"): ["paid", "denied"],
            ("letter", "sender"): ["doctor", "patient"],
            ("gauge", "metric"): ["glucose", "pulse"],
        },
    )


@pytest.fixture(scope="module")
def orchard() -> World:
    """Trees and the jars of jam that were sold."""
    return made_up(
        {
            "farm": "farm_id name county",
            "tree": "tree_id farm_id kind state has_net:b has_label:b",
            "harvest": "harvest_id tree_id weight:n picked_on:d",
            "sale": "sale_id harvest_id buyer jars:n sold_on:d channel",
            "worker": "worker_id name post salary:n",
        },
        {
            ("farm", "county"): ["Kent", "Devon"],
            ("tree", "state"): ["alive", "dead", "sold"],
            ("sale", "channel"): ["gate", "shop"],
            ("sale", "buyer"): ["Ann", "Bob"],
            ("worker", "post"): ["picker", "driver"],
        },
    )


@pytest.mark.parametrize(
    "question",
    [
        # Verbs that are spelled like a value of far rows.
        "How many patients pay a monthly fee of more than 200?",
        # So many of something, and not so much.
        "Average rating per field, only for doctors with at least 5 ratings",
        "How many patients over 60 have a claim?",
        "Patients who read every letter",
        "Which fields have no active doctors?",
        "How many doctors have an expired licence?",
        "How many patients did not answer any letter in 2025?",
        "What share of claims was paid, ignoring denied ones?",
        # Who rated something so rated that, and not anything.
        "Which doctors did patients rate above 4?",
        "Which doctors were rated above 4 by patients?",
    ],
)
def test_what_is_hardly_meant_is_not_answered(surgery: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(surgery, question)


@pytest.mark.parametrize(
    "question",
    [
        "What is the revenue per buyer?",
        "Which buyers bought in 2024 but not in 2025?",
        "Top 3 named buyers by jars",
        "Top 3 buyers by jars",
        "Which drivers earn less than the average driver?",
        "Number of trees per farm and the share of those that are dead",
        # What is counted stands behind "how many", and is no verb of something else.
        "How many harvests were located per county?",
    ],
)
def test_what_no_row_tells_is_not_answered(orchard: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(orchard, question)


def test_capitals_are_codes_and_no_words_of_the_language(surgery: World) -> None:
    assert "IN ('MD', 'DO')" in sql_of(surgery, "How many doctors (MD or DO) joined in 2023?")
    assert "doctor.grade = 'DO'" in sql_of(surgery, "How many DO doctors are there?")


def test_an_average_reading_is_no_number_of_readings(surgery: World) -> None:
    sql = sql_of(surgery, "What was the average glucose reading of each patient?")

    assert "AVG(gauge.reading)" in sql and "gauge.metric = 'glucose'" in sql


def test_rows_from_somebody_are_those_that_they_sent(surgery: World) -> None:
    assert "letter.sender = 'patient'" in sql_of(surgery, "How many letters from patients are there?")


def test_what_the_whole_has_is_asked_of_it_or_the_question_is_refused(surgery: World) -> None:
    try:
        sql = sql_of(surgery, "What percentage of visits with a rating got 5 stars?")
    except AidbtError:
        return
    assert "rating IS NULL" in sql


def test_what_is_not_the_case_is_said_of_what_is_counted(orchard: World) -> None:
    sql = sql_of(orchard, "How many trees per county are not dead?")

    assert "NOT (tree.state = 'dead')" in sql and "EXISTS" not in sql


def test_what_rows_have_is_asked_of_them(orchard: World) -> None:
    assert "tree.has_net = TRUE" in sql_of(orchard, "Which trees have a net but no label?")


def test_the_nearest_rows_say_what_was_done(orchard: World) -> None:
    assert "tree.state" not in sql_of(orchard, "What share of all jars sold does each channel account for?")


@pytest.mark.parametrize(
    "question",
    [
        "Sum of freight of the 3 latest orders",
        "Total freight per customer, leaving out customers from Munich and orders of 2025",
        "Which products were both ordered and reviewed by Beta?",
        "What is the value of the stock?",
        "How many reviews of bears are there per product?",
        "monthly retail customers (distinct customers with at least one order)",
        "What is the highest number of orders?",
    ],
)
def test_what_is_said_of_one_phrase_is_not_taken_for_another(question: str) -> None:
    with pytest.raises(AidbtError):
        reading(question)


@pytest.mark.parametrize(
    "question",
    [
        "Which customers have no orders?",
        "How many customers have at least 2 orders?",
        "How many orders did every customer place?",
        "What is the average number of orders per customer?",
        "Total freight per customer, excluding returned orders",
        "How many orders per customer were not delivered?",
        "How many employees have left?",
        "What is the total stock of all products?",
        "Top 3 products by price",
    ],
)
def test_what_is_said_plainly_is_still_answered(question: str) -> None:
    reading(question)
