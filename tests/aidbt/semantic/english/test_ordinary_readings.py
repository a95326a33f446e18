"""The ordinary reading of words that several columns, tables or ways between them go by."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from aidbt.semantic.english.grounding.refusal import Refused
from tests.aidbt.semantic.english.small_shop import refusal, rows, values
from tests.aidbt.semantic.english.with_rows import Answer, database

GALLERY = """
create table artist(artist_id integer primary key, artist_name varchar not null,
    nationality varchar not null);
insert into artist values (1, 'Munk', 'Denmark'), (2, 'Vik', 'Norway'), (3, 'Lind', 'Sweden');
create table artwork(artwork_id integer primary key, title varchar not null, artist_id integer not null
    references artist(artist_id), insured_value integer, length_m double, status varchar, sold_on date);
insert into artwork values
    (1, 'Harbour', 1, 500, 2.0, 'sold', '2024-01-05'), (2, 'Fjord', 1, 900, 4.0, 'kept', null),
    (3, 'Birch', 2, 100, 1.0, 'lent', '2024-03-01'), (4, 'Snow', 3, 300, 3.0, 'sold', '2025-02-02');
create table exhibition(exhibition_id integer primary key, exhibition_title varchar not null,
    country varchar);
insert into exhibition values (1, 'Seas', 'Norway'), (2, 'Winters', 'Denmark');
create table exhibition_artwork(exhibition_id integer references exhibition(exhibition_id),
    artwork_id integer references artwork(artwork_id), primary key (exhibition_id, artwork_id));
insert into exhibition_artwork values (1, 1), (1, 2), (1, 3), (2, 3), (2, 4), (2, 2);
create table guard(guard_id integer primary key, guard_name varchar not null);
insert into guard values (1, 'Ida'), (2, 'Jon');
create table exhibition_guard(exhibition_id integer references exhibition(exhibition_id),
    guard_id integer references guard(guard_id), since date, primary key (exhibition_id, guard_id));
insert into exhibition_guard values (1, 1, '2024-01-01'), (2, 1, '2024-01-01'), (2, 2, '2024-01-01');
create table alarm(alarm_id integer primary key, exhibition_id integer references exhibition(exhibition_id),
    guard_id integer references guard(guard_id), injured integer, alarm_status varchar);
insert into alarm values (1, 1, 2, 2, 'false'), (2, 2, 2, 1, 'real'), (3, 2, 2, 0, 'real');
create table purchase(purchase_id integer primary key, artwork_id integer not null
    references artwork(artwork_id), amount integer, tax integer, purchase_status varchar);
insert into purchase values (1, 1, 400, 0, 'paid'), (2, 4, 300, 30, 'open');
create table city(city_id integer primary key, city_name varchar not null);
insert into city values (1, 'Oslo'), (2, 'Bergen');
create table voyage(voyage_id integer primary key, origin_city_id integer not null
    references city(city_id), destination_city_id integer not null references city(city_id), cost integer);
insert into voyage values (1, 1, 2, 10), (2, 2, 1, 20), (3, 1, 2, 40);
"""


@pytest.fixture(scope="module")
def gallery() -> Answer:
    """The answer to a question about a gallery, in its own order."""
    return database(GALLERY).answer


def refused(answer: Answer, question: str) -> str:
    """Why a question is refused."""
    with pytest.raises(Refused) as caught:
        answer(question)
    return caught.value.message


# --- columns that are called the same -----------------------------------------------------------------------


def test_the_titles_of_the_first_so_many_are_their_own(gallery: Answer) -> None:
    found = gallery("What are the titles of the 2 most valuable artworks?")
    assert [row[0] for row in found] == ["Fjord", "Harbour"]


def test_the_names_of_what_has_none_are_not_those_of_others() -> None:
    assert "two ways" in str(refusal("What are the names of the 2 oldest orders?"))


def test_a_column_that_is_named_again_is_the_one_of_before() -> None:
    question = "top 2 combinations of customer city and order status by number of orders. Return the {}."
    assert rows(question.format("city, status and number of orders"))[0] == ("Porto", "delivered", 2)


def test_a_status_is_that_of_the_rows_that_are_counted(gallery: Answer) -> None:
    assert sorted(gallery("How many purchases are there for each status?")) == [("open", 1), ("paid", 1)]


def test_a_value_says_more_than_the_time_that_goes_with_it(gallery: Answer) -> None:
    assert gallery("How many sold artworks are there?") == [(2,)]


def test_what_is_said_of_a_place_is_not_said_of_who_is_from_there(gallery: Answer) -> None:
    found = gallery("Which artists had artworks at an exhibition in Denmark?")
    assert sorted(row[-1] for row in found) == ["Lind", "Munk", "Vik"]
    assert [row[-1] for row in gallery("Which artists are from Denmark?")] != []


def test_where_rows_begin_and_end_is_said_by_from_and_to(gallery: Answer) -> None:
    assert gallery("How many voyages from Oslo to Bergen are there?") == [(2,)]
    assert gallery("What is the total cost of voyages to Oslo?") == [(20,)]


# --- two nouns together -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("average price per product category", {("Drinks", 3.0), ("Snacks", 2.5), ("Toys", 25.0)}),
        ("How many products are there per product category?", {("Drinks", 2), ("Snacks", 2), ("Toys", 1)}),
    ],
)
def test_a_noun_before_what_its_rows_refer_to_says_no_more(question: str, expected: set[Any]) -> None:
    assert {(row[-2], float(row[-1])) for row in rows(question)} == expected


@pytest.mark.parametrize(
    ("question", "expected"), [("number of customer orders", 7), ("number of product reviews", 3)]
)
def test_a_noun_before_rows_that_belong_to_it_says_no_more(question: str, expected: int) -> None:
    assert values(question) == {expected}


def test_a_noun_whose_verb_follows_is_what_is_asked_for() -> None:
    assert [row[1] for row in rows("Which customer orders Cola?")] == ["Alfa"]


@pytest.mark.parametrize("question", ["Which clerk has the highest salary?", "Which clerk was hired last?"])
def test_rows_are_asked_for_by_what_kind_they_are_of(question: str) -> None:
    assert rows(question)[0][1] == "Di"


def test_a_kind_is_meant_rather_than_all_rows_that_may_be_called_so() -> None:
    found = rows(
        "Return the names and hire dates of all clerks, from the most recently hired to the earliest."
    )
    assert [row[0] for row in found] == ["Di", "Bo", "Ed"]


# --- combinations -------------------------------------------------------------------------------------------


def test_combinations_are_of_columns_that_only_meet_in_what_is_counted() -> None:
    found = rows("How many orders are there for each combination of employee title and customer country?")
    assert ("Clerk", "Germany", 3) in found
    found = rows("What are the top 2 combinations of customer and product by total quantity?")
    assert {(row[1], row[3], row[4]) for row in found} == {("Beta", "Green Tea", 10), ("Alfa", "Cola", 10)}


# --- ways that lie between ----------------------------------------------------------------------------------


def test_what_is_counted_meets_the_groups_in_rows_next_to_it(gallery: Answer) -> None:
    found = gallery("How many different artists are represented in each exhibition?")
    assert {row[-2:] for row in found} == {("Seas", 2), ("Winters", 3)}


def test_a_table_that_two_are_named_in_relates_them_sooner_than_another(gallery: Answer) -> None:
    assert gallery("Which guard is assigned to the most exhibitions?")[0][-2:] == ("Ida", 2)


def test_rows_belong_to_what_their_parts_refer_to() -> None:
    assert {row[1:] for row in rows("number of orders per category")} == {
        ("Drinks", 4), ("Snacks", 3), ("Toys", 2),
    }  # fmt: skip


def test_what_meets_only_far_off_is_not_counted_together() -> None:
    assert "distantly related" in str(refusal("How many employees are there per product?"))
    assert "distantly related" in str(refusal("How many departments are there per customer?"))


def test_both_of_two_values_are_asked_of_rows_of_their_own() -> None:
    assert [row[1] for row in rows("Which customers have reviewed both Green Tea and Chess Set?")] == ["Beta"]
    assert "both" in str(refusal("products in both Drinks and Snacks"))


def test_both_of_two_kinds_are_some_of_each() -> None:
    found = rows("Which customers have both open and delivered orders?")
    assert {row[1] for row in found} == {"Alfa", "Beta"}
    assert {row[1] for row in rows("Which customers have both open and returned orders?")} == {"Beta"}


def test_so_many_that_others_belong_to_are_counted_by_what_lies_between(gallery: Answer) -> None:
    found = gallery(
        "Which guards are assigned to at least 2 exhibitions? Return the name and number of exhibitions."
    )
    assert [row[-2:] for row in found] == [("Ida", 2)]


def test_several_that_something_was_done_to_most_are_the_first_so_many() -> None:
    assert rows("Which 2 products have been reviewed the most?") == [
        (100, "Green Tea", 2), (104, "Chess Set", 1),
    ]  # fmt: skip


# --- amounts ------------------------------------------------------------------------------------------------


def test_an_amount_without_a_part_of_it_is_no_amount_of_rows_without_it(gallery: Answer) -> None:
    assert "without" in refused(gallery, "What is the total amount of purchases per status, without tax?")
    assert gallery("How many purchases without tax are there?") == [(1,)]


def test_a_length_in_metres_is_said_without_its_unit(gallery: Answer) -> None:
    assert gallery("What is the average length of artworks?") == [(2.5,)]


def test_people_are_what_a_number_of_injured_is_of(gallery: Answer) -> None:
    assert gallery("What is the total number of people injured in alarms?") == [(3,)]


def test_who_spent_most_in_something_is_told_by_its_sum() -> None:
    assert rows("Which customer spent the most in freight?")[0][1:] == ("Beta", Decimal("22.00"))


def test_what_each_spent_is_the_sum_of_what_that_cost(gallery: Answer) -> None:
    expected = {("Munk", 400), ("Lind", 300)}
    assert {row[-2:] for row in gallery("How much did each artist spend on purchases?")} == expected
    assert gallery("How much has each artwork spent on paid purchases?") == [(1, "Harbour", 400)]


def test_what_each_spent_is_refused_where_nothing_has_a_price() -> None:
    refusal("How much did each department spend?")


def test_what_is_shown_in_another_unit_belongs_to_the_groups() -> None:
    assert "other things" in str(
        refusal("Which customer has the most orders? Return the name and the quantity.")
    )


# --- of each group, and on average --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "What is the price of the most expensive product in each category?",
        "For each category, the price of the most expensive product",
    ],
)
def test_what_the_greatest_of_all_is_has_is_asked_of_each_group(question: str) -> None:
    assert {row[1:3] for row in rows(question)} == {
        ("Drinks", Decimal("4.50")), ("Snacks", Decimal("3.00")), ("Toys", Decimal("25.00")),
    }  # fmt: skip


def test_the_last_of_each_has_what_is_asked_for() -> None:
    found = rows("What is the freight of the most recent order of each customer?")
    assert {row[1:3] for row in found} == {
        ("Alfa", Decimal("9.00")), ("Beta", Decimal("6.00")), ("Gamma", Decimal("3.00")),
    }  # fmt: skip


def test_a_sum_of_what_the_greatest_has_is_refused() -> None:
    assert "each group" in str(
        refusal("What is the total price of the most expensive product in each category?")
    )


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("On average, how many orders does a customer place?", 7 / 3),
        ("On average, how many delivered orders does a customer have?", 1.5),
        ("On average how many reviews does a product have?", 1.5),
    ],
)
def test_what_one_has_on_average_is_the_mean_of_all_that_have_some(question: str, expected: float) -> None:
    assert values(question) == {expected}


def test_what_one_of_a_kind_has_on_average_is_refused() -> None:
    assert "average" in str(refusal("On average, how many orders does a German customer place?"))


# --- orders of the first so many ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "the 2 cheapest products by price, cheapest first",
        "the 2 cheapest products, from cheapest to most expensive",
        "What are the 2 cheapest products by price?",
    ],
)
def test_an_order_that_the_first_are_in_anyway_says_no_more(question: str) -> None:
    assert [row[1] for row in rows(question)] == ["Cola", "Crisps"]


def test_the_first_in_another_order_than_their_own_are_refused() -> None:
    assert "two orders" in str(refusal("the 2 cheapest products, most expensive first"))


def test_ends_that_are_clauses_are_an_order() -> None:
    found = rows("List the employees from the one that was hired first to the one that was hired last.")
    assert [row[1] for row in found] == ["Ada", "Ed", "Bo", "Cy", "Di"]


def test_the_best_paid_have_the_highest_salary() -> None:
    assert [row[1] for row in rows("List the 2 best paid employees.")] == ["Ada", "Cy"]
    assert rows("Who is the worst paid employee?")[0][1] == "Ed"


def test_what_the_most_is_said_of_stands_before_it() -> None:
    assert rows("What is the name of the customer with the most orders?")[0][:2] in {
        (10, "Alfa"),
        (11, "Beta"),
    }


def test_what_was_counted_adds_up_to_its_amount(gallery: Answer) -> None:
    assert gallery("How many purchases were there and what do they add up to?") == [(2, 700)]
    assert refused(gallery, "How many guards are there and what do they add up to?")
