"""Parts of values where instructions match texts so, words in names, addresses, and what texts are about."""

from __future__ import annotations

from typing import Any

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.instructions.parsed import read_instructions
from tests.aidbt.semantic.english.small_shop import refusal, rows, values
from tests.aidbt.semantic.english.told_shop import told_refusal, told_rows, told_value
from tests.aidbt.semantic.english.with_rows import Answer, database

WILDCARDS = "Match all strings case-insensitively using wildcard operators."
COMMENTS = "Comments are free text, match them case-insensitively with wildcards."


# --- parts of values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "instructions", "found"),
    [
        ("How many tea products cost more than 3?", WILDCARDS, 1),
        ("How many tea products are there?", "Product names should be matched with wildcards.", 1),
        ("How many orders contain green tea?", "Always filter names using ILIKE with wildcards.", 2),
        ("How many orders contain tea or chess?", "Product names should be matched with wildcards.", 4),
        ("How many products have bar in their name?", WILDCARDS, 1),
        ("How many products had something green as the name?", WILDCARDS, 1),
        ("How many customers bought a nut?", WILDCARDS, 2),
        ("How many customers from berlin are there?", WILDCARDS, 2),
    ],
)
def test_a_word_is_a_part_of_a_value_where_texts_match_so(
    question: str, instructions: str, found: int
) -> None:
    assert told_value(question, instructions) == found


@pytest.mark.parametrize(
    ("question", "instructions"),
    [
        ("How many tea products are there?", "Match all strings case-insensitively."),
        ("How many tea products are there?", "Filter all strings with an exact match."),
        ("How many tea products are there?", "Customer segments should be matched with wildcards."),
        ("How many steepest products are there?", WILDCARDS),
        ("How many ea products are there?", WILDCARDS),
        ("How many unicorn products are there?", WILDCARDS),
    ],
)
def test_a_word_that_no_value_has_and_one_that_has_to_be_all_of_it_are_refused(
    question: str, instructions: str
) -> None:
    told_refusal(question, instructions)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Which reviews mention tea?", {1}),
        ("Which reviews are about the tea?", {1}),
        ("Which reviews mention the tea or the pieces?", {1, 3}),
        ("Which reviews with a rating below 4 mention pieces?", {3}),
    ],
)
def test_what_texts_are_about_is_a_part_of_the_prose_that_instructions_name(
    question: str, found: set[int]
) -> None:
    assert {row[0] for row in told_rows(question, COMMENTS)} == found


def test_what_texts_are_about_is_not_dropped_without_a_column_for_it() -> None:
    refusal("How many reviews mention tea?")
    refusal("How many reviews about pricing have been written?")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (COMMENTS, {("comment",)}),
        (
            "Collector names are stored in full. Filter them using ILIKE with wildcards.",
            {("collector", "name")},
        ),
        (
            "City should be matched with wildcards. Amenities should be matched the same way.",
            {("city",), ("amenity",)},
        ),
        (
            "Ticket topics should be matched case-insensitively, e.g. topic ILIKE '%...%'.",
            {("ticket", "topic")},
        ),
    ],
)
def test_columns_are_matched_by_parts_as_sentences_tell(text: str, columns: set[tuple[str, ...]]) -> None:
    told = {name for name, how in read_instructions(text).of_columns if how == "contains"}
    assert columns <= told


# --- words in names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Which products have tea in their name?", {"Green Tea"}),
        ("products with the word bar in the name", {"Nut Bar"}),
        ("products with 'se' in their name", {"Chess Set"}),
        ("products with tea in the name that cost more than 3", {"Green Tea"}),
    ],
)
def test_words_stand_in_names(question: str, found: set[str]) -> None:
    assert values(question) == found


def test_words_in_other_than_texts_are_refused() -> None:
    refusal("Which products have tea in their price?")
    refusal("Which products have tea in their box?")


# --- definitions of texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "instructions", "found"),
    [
        (
            "How many light products are there?",
            "Light products have 'tea' in their name, matched with ILIKE.",
            1,
        ),
        ("How many alfa customers are there?", "Alfa customers have a name that ends with 'ta'.", 2),
        (
            "How many senior employees are there?",
            "A senior employee is anyone whose title contains the word 'Dir'.",
            1,
        ),
        ("How many LTA customers are there?", "A customer is an LTA if its name ends with 'ta'.", 2),
        (
            "What is the average salary of employees whose grade includes the word clerk?",
            "The grade of an employee is stored in the title column.",
            383.3333,
        ),
    ],
)
def test_definitions_say_what_texts_contain(question: str, instructions: str, found: float) -> None:
    assert told_value(question, instructions) == found


def test_the_head_of_what_is_defined_means_nothing_where_the_definition_is_not_understood() -> None:
    told_refusal("What is the price of each category?", "The price of a category is the sum of blops.")


# --- the same rows ------------------------------------------------------------------------------------------


def test_conditions_of_one_verb_are_of_the_same_row() -> None:
    assert values("Which products were reviewed by Beta with a rating below 3?") == {"Chess Set"}
    assert values("Which customers were served by Ada for returned orders?") == {"Beta"}


def test_two_verbs_may_be_of_two_rows() -> None:
    assert values("customers who ordered in 2024 and ordered in 2025") == {"Alfa", "Beta"}
    refusal("customers who ordered Cola and have returned orders")


def test_such_rows_are_those_that_were_asked_about() -> None:
    found = rows(
        "Which customers placed delivered orders? Return the customer id and the number of such orders."
    )
    assert {(row[0], row[-1]) for row in found} == {(10, 2), (11, 1)}


# --- addresses ----------------------------------------------------------------------------------------------

MEMBERS = """
create table members(member_id integer primary key, name varchar, plan varchar, email varchar);
insert into members values (1, 'Ann', 'free', 'ann@gmail.com'), (2, 'Bob', 'free', 'gmail@acme.io'),
    (3, 'Cem', 'paid', 'cem@OUTLOOK.com'), (4, 'Dee', 'paid', null);
create table offices(office_id integer primary key, city varchar);
insert into offices values (1, 'Oslo');
"""


@pytest.fixture(scope="module")
def members() -> Answer:
    """The answer to a question about some members."""
    return database(MEMBERS, {("members", "plan"): ["free", "paid"]}).answer


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("How many members have a gmail address?", 1),
        ("How many Gmail members are there?", 1),
        ("How many members use gmail or outlook?", 2),
        ("How many members use a Gmail or Outlook email address?", 2),
        ("How many members with a .io or .dev email address are there?", 1),
        ("How many members have an email address at acme.io?", 1),
        ("How many free members with a gmail account are there?", 1),
        ("How many members whose email is a gmail address are there?", 1),
        ("How many members have an email but no gmail address?", 2),
    ],
)
def test_an_address_is_of_a_provider_or_a_domain(members: Answer, question: str, count: int) -> None:
    assert members(question) == [(count,)]


def test_instructions_may_say_how_an_address_ends(members: Answer) -> None:
    told = "Gmail addresses end with '@gmail.com'."
    assert members("How many members with a gmail address are there?", told) == [(1,)]


@pytest.mark.parametrize(
    "question", ["How many gmail offices are there?", "How many acme.io members are there?"]
)
def test_what_has_no_address_is_of_no_provider(members: Answer, question: str) -> None:
    with pytest.raises(Refused):
        members(question)


# --- what else is said of texts and rows --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "instructions", "found"),
    [
        ("How many orders are still pending?", "An order is pending as long as it has not been shipped.", 3),
        ("How many bulk buyers are there?", "Bulk buyers are customers whose segment is wholesale.", 2),
        (
            "What is the average price of products in short supply?",
            "Products in short supply are those with a stock below 10.",
            9.5,
        ),
    ],
)
def test_definitions_tell_kinds_and_states_of_rows(question: str, instructions: str, found: float) -> None:
    assert told_value(question, instructions) == found


@pytest.mark.parametrize(
    ("question", "instructions"),
    [
        ("What is the average price of products?", "Average price = blops per gleep."),
        (
            "How many customers are currently active?",
            "A customer is currently active if the blop is missing.",
        ),
    ],
)
def test_no_word_of_a_name_whose_definition_is_not_understood_means_something(
    question: str, instructions: str
) -> None:
    told_refusal(question, instructions)


@pytest.mark.parametrize(
    "question",
    [
        "What is the number of open orders and their total freight?",
        "How many open orders are there, and their total freight?",
        "Number of open orders, and their total freight",
    ],
)
def test_their_number_is_of_the_rows_that_were_counted(question: str) -> None:
    assert rows(question) == [(2, 15)]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (
            "Which customers have open orders? Return the customer name and the freight.",
            {("Alfa", 9), ("Beta", 6)},
        ),
        (
            "Which customers reviewed Green Tea? Return the customer name and the rating.",
            {("Alfa", 5), ("Beta", 3)},
        ),
        (
            "Which customers ordered Cola? Return the customer name and the quantity.",
            {("Alfa", 6), ("Alfa", 4)},
        ),
    ],
)
def test_rows_that_are_shown_are_those_that_the_condition_is_of(question: str, found: set[Any]) -> None:
    assert set(rows(question)) == found


@pytest.mark.parametrize(
    "question",
    [
        "Which customers have open orders and returned orders? Return the customer name and the freight.",
    ],
)
def test_of_two_conditions_it_is_not_certain_which_rows_are_shown(question: str) -> None:
    refusal(question)


def test_a_sign_for_and_is_the_word() -> None:
    assert rows("How many customers are retail & active?") == rows(
        "How many customers are retail and active?"
    )
