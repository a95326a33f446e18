"""Sums of what was done that are held against a number, and how many rows or values are left then."""

from __future__ import annotations

import pytest

from aidbt.core.errors import AidbtError
from tests.aidbt.semantic.english.made_up import World, made_up, sql_of


@pytest.fixture(scope="module")
def press() -> World:
    """Titles in several editions, which are sold, and readers who pay."""
    return made_up(
        {
            "genre": "genre_id genre_name",
            "title": "title_id genre_id title_name",
            "edition": "edition_id title_id format published_on:d",
            "sale": "sale_id edition_id units:n sold_on:d price:m",
            "reader": "reader_id reader_name country joined_on:d",
            "payment": "payment_id reader_id amount:m paid_at:t",
        },
        {("reader", "country"): ["Chile", "Peru"]},
    )


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("Which titles sold more than 1000 units?", "HAVING SUM(sale.units) > 1000"),
        ("Which titles sold at least 500 units in 2024?", "HAVING SUM(sale.units) >= 500"),
        ("Which titles sold more than 1000 units in total?", "HAVING SUM(sale.units) > 1000"),
        ("Which genres sold over 1000 units across all their titles?", "HAVING SUM(sale.units) > 1000"),
        ("Which titles have sales of more than 1000 units?", "AND sale.units > 1000"),
        ("Which titles had a sale with more than 1000 units?", "AND sale.units > 1000"),
    ],
)
def test_what_was_sold_is_added_up_unless_a_single_row_is_spoken_of(
    press: World, question: str, held: str
) -> None:
    assert held in sql_of(press, question)


@pytest.mark.parametrize(
    ("question", "groups", "counted"),
    [
        ("How many titles sold more than 1000 units?", "HAVING SUM(sale.units) > 1000", "COUNT(*) AS titles"),
        (
            "How many readers from Peru paid more than 500 in total?",
            "GROUP BY reader.reader_id, reader.reader_name HAVING SUM(payment.amount) > 500",
            "SELECT COUNT(*) AS readers FROM source_rows",
        ),
        (
            "How many titles sold more than 1000 units per genre?",
            "title.title_id, title.title_name HAVING SUM(sale.units) > 1000",
            "source_rows.genre_name AS genre_name, COUNT(*) AS titles FROM source_rows GROUP BY",
        ),
        (
            "How many countries have more than 10 readers?",
            "GROUP BY reader.country HAVING COUNT(*) > 10",
            "SELECT COUNT(*) AS countries FROM source_rows",
        ),
        (
            "How many countries have at least 5 readers who joined in 2024?",
            "NOT reader.country IS NULL AND (reader.joined_on",
            "SELECT COUNT(*) AS countries FROM source_rows",
        ),
    ],
)
def test_rows_and_values_are_counted_of_which_a_number_is_so_great(
    press: World, question: str, groups: str, counted: str
) -> None:
    sql = sql_of(press, question)

    assert groups in sql
    assert counted in sql


def test_rows_are_counted_by_an_average_of_theirs(press: World) -> None:
    sql = sql_of(press, "How many readers have an average payment amount above 50?")

    assert "HAVING AVG(payment.amount) > 50" in sql
    assert "SELECT COUNT(*) AS readers" in sql


@pytest.mark.parametrize(
    "question",
    [
        "How many titles sold more than 1000 units per month?",
        "Which genres sold fewer than 100 units?",
        "Which titles sold more than 1000 units in one sale?",
        "What is the highest number of sales?",
        "What are the most sales of a title?",
    ],
)
def test_what_may_be_of_one_row_or_of_all_of_them_is_refused(press: World, question: str) -> None:
    with pytest.raises(AidbtError):
        sql_of(press, question)


@pytest.mark.parametrize(
    "question",
    ["What is the highest number of sales of a title?", "What is the maximum number of sales of any title?"],
)
def test_the_most_of_one_is_the_greatest_of_the_numbers_of_each(press: World, question: str) -> None:
    assert "SELECT MAX(source_rows.sales)" in sql_of(press, question)


def test_what_was_done_at_a_time_is_held_against_its_own_time(press: World) -> None:
    assert "edition.published_on >=" in sql_of(press, "Which titles published in 2020 sold over 100 units?")
    with pytest.raises(AidbtError):
        sql_of(press, "How many units of titles published in 2020 were sold?")
    with pytest.raises(AidbtError):
        sql_of(press, "Which titles published in 2020 have the most sales?")
