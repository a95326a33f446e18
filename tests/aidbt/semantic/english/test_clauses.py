"""Clauses with a pronoun, ends of an order, what rows come to in all, and how long things take."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.small_shop import refusal, rows, values
from tests.aidbt.semantic.english.with_rows import Answer, database

CLUBS = """
create table club(club_id integer primary key, name varchar, founded integer, email varchar);
insert into club values (1, 'Rovers', 1899, 'info@gmail.com'), (2, 'United', 1950, 'gmail@club.org'),
    (3, 'Town', 1920, null);
create table player(player_id integer primary key, name varchar, club_id integer references club(club_id));
insert into player values (1, 'Ann', 1), (2, 'Bob', 1), (3, 'Cem', 2);
create table badge(badge_id integer primary key, name varchar);
insert into badge values (1, 'First Aid'), (2, 'Coach');
create table holds(player_id integer references player(player_id),
    badge_id integer references badge(badge_id), obtained_on date, primary key (player_id, badge_id));
insert into holds values (1, 1, '2021-01-01'), (1, 2, '2022-01-01'), (3, 2, '2023-01-01');
create table donation(donation_id integer primary key, club_id integer references club(club_id),
    amount integer, donated_on date);
insert into donation values (1, 1, 300, '2024-01-01'), (2, 1, 300, '2025-01-01'), (3, 2, 400, '2025-02-01');
"""


@pytest.fixture(scope="module")
def clubs() -> Answer:
    """The answer to a question about some clubs, in its own order."""
    return database(CLUBS, {("badge", "name"): ["First Aid", "Coach"]}).answer


# --- clauses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    ["List the players and the club they play for", "List all players and the club they belong to"],
)
def test_a_thing_that_a_pronoun_hangs_on_is_called_by_its_name(clubs: Answer, question: str) -> None:
    found = sorted(row[1:] for row in clubs(question))
    assert found == [("Ann", "Rovers"), ("Bob", "Rovers"), ("Cem", "United")]


@pytest.mark.parametrize("clause", ["they were founded", "it was founded", "they were founded in"])
def test_the_year_that_something_was_done_in_is_the_column_of_it(clubs: Answer, clause: str) -> None:
    found = clubs(f"List the clubs and the year {clause}")
    assert {row[1:] for row in found} == {("Rovers", 1899), ("United", 1950), ("Town", 1920)}


def test_who_manages_whom_takes_more_than_a_pronoun_to_say() -> None:
    refusal("List the managers and the employees they manage")


# --- ends of an order ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "List all clubs from the oldest to the newest",
        "List all clubs from the oldest club to the newest",
        "List all clubs and the year they were founded, from the oldest club to the newest one.",
        "List all clubs from the oldest to the most recently founded one",
    ],
)
def test_what_has_no_time_is_as_old_as_its_year_of_beginning(clubs: Answer, question: str) -> None:
    assert [row[1] for row in clubs(question)] == ["Rovers", "Town", "United"]


@pytest.mark.parametrize(
    "question",
    [
        "List the employees, the most recently hired first",
        "List the employees, sorted by hire date, with the most recently hired first",
        "List the employees from the most recently hired to the first hired",
        "List the employees, starting with the most recently hired",
    ],
)
def test_who_was_hired_last_may_come_first(question: str) -> None:
    assert [row[1] for row in rows(question)] == ["Di", "Cy", "Bo", "Ed", "Ada"]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Which product is the most expensive?", "Chess Set"),
        ("Which drinks product is the cheapest?", "Cola"),
        ("Which employee is the newest?", "Di"),
    ],
)
def test_what_is_said_to_be_the_most_is_asked_for(question: str, name: str) -> None:
    (found,) = rows(question)
    assert name in found


@pytest.mark.parametrize("order", ["by city", "alphabetically by city", "alphabetically"])
def test_what_is_ordered_is_the_answer_where_there_are_orders_too(order: str) -> None:
    assert rows(f"number of customers in each city, ordered {order}") == [
        ("Berlin", 2),
        ("Munich", 1),
        ("Porto", 1),
    ]


# --- verbs that tables are called by ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ('Which players hold the "First Aid" badge?', ["Ann"]),
        ("Which players hold the Coach badge?", ["Ann", "Cem"]),
        ("Which players hold at least 2 badges?", ["Ann"]),
        ("Which players hold no badge?", ["Bob"]),
        ("Which players do not hold the First Aid badge?", ["Bob", "Cem"]),
    ],
)
def test_a_table_may_be_the_verb_between_two_others(clubs: Answer, question: str, names: list[str]) -> None:
    assert sorted(row[1] for row in clubs(question)) == names


# --- what rows come to --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "Which clubs have donated more than 500 in total?",
        "Which clubs donated a total of more than 500?",
        "clubs that have donated over 500 altogether",
    ],
)
def test_in_total_all_rows_of_one_are_meant(clubs: Answer, question: str) -> None:
    assert [(row[1], row[-1]) for row in clubs(question)] == [("Rovers", 600)]


def test_without_in_total_it_is_not_said_whether_one_or_all_are_meant(clubs: Answer) -> None:
    with pytest.raises(Refused):
        clubs("Which clubs have donated more than 500?")


def test_an_address_is_known_by_what_stands_behind_its_sign(clubs: Answer) -> None:
    assert clubs("How many clubs with a Gmail address are there?") == [(1,)]


@pytest.mark.parametrize("others", ["those who are not", "customers who are not", "customers that are not"])
def test_the_others_of_a_ratio_are_of_whom_it_is_not_said(others: str) -> None:
    assert values(f"What is the ratio of active customers to {others}?") == {3.0}


def test_the_others_of_something_else_are_not_said() -> None:
    refusal("What is the ratio of active customers to orders that are not?")


# --- how long things take -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "average days to ship an order",
        "What is the average number of days it takes to ship an order?",
        "On average, how many days does it take to ship an order?",
        "How many days does it take on average to ship an order?",
    ],
)
def test_how_long_it_takes_is_from_when_a_row_happened(question: str) -> None:
    assert values(question) == {6.5}


def test_what_took_the_longest_has_the_most_time_between() -> None:
    assert rows("Which order took the longest to ship?")[0][0] == 1001


def test_people_told_by_what_they_did_are_counted_by_when_they_did_it() -> None:
    assert values("How many distinct customers ordered per month?") == {1, 2}
    assert len(rows("How many customers signed up per month?")) == 4
    assert len(rows("How many distinct employees shipped an order in each month of 2024?")) == 2
    assert refusal("How many customers never ordered per month?")


@pytest.mark.parametrize("known", ["no known comment", "no recorded comment"])
def test_what_is_not_recorded_is_missing(known: str) -> None:
    assert values(f"How many reviews have {known}?") == {1}
    assert values("How many reviews with a recorded comment are there?") == {
        len(rows("reviews with a known comment"))
    }


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("What city is each customer in?", ("Alfa", "Porto")),
        ("Which department is each employee in?", ("Cy", "Finance")),
        ("What country is each customer from?", ("Gamma", "Germany")),
    ],
)
def test_what_each_is_in_is_shown_beside_it(question: str, held: tuple[str, str]) -> None:
    assert held in {row[1:3] for row in rows(question)}


def test_what_each_is_in_and_of_says_nothing() -> None:
    assert refusal("What city is each customer of in?")
