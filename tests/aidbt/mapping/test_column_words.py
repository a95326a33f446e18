"""How a name is split into words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from match_tasks import table

from aidbt.core.words import MAX_WORDS, letters_of, singular_words, words_of
from aidbt.mapping.sides import Side


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("snake_case_name", ("snake", "case", "name")),
        ("camelCaseName", ("camel", "case", "name")),
        ("HTTPLink", ("http", "link")),
        ("SHOUTED NAME", ("shouted", "name")),
        ("addr2line", ("addr", "2", "line")),
        ("Größe (cm)", ("grosse", "cm")),
        ("Prénom", ("prenom",)),
        ("名前", ("名前",)),
        ("ДатаРождения", ("датарождения",)),
        ("_fivetran_synced", ("fivetran", "synced")),
        ("%%", ()),
        ("", ()),
    ],
)
def test_a_name_is_split_at_separators_capitals_and_digits(name, words):
    assert words_of(name) == words


def test_words_are_compared_in_the_singular():
    assert singular_words("customer_addresses") == ("customer", "address")


def test_a_very_long_name_is_cut_into_so_many_words_and_keeps_all_its_letters():
    name = "word_" * 100

    assert len(words_of(name)) == MAX_WORDS
    assert letters_of(name) == "word" * 100


@given(st.text(max_size=60))
def test_whatever_a_name_is_its_words_are_letters_or_digits_in_lower_case(name):
    words = words_of(name)

    assert all(word and (word.isdecimal() or not any(c.isdecimal() for c in word)) for word in words)
    assert all(word == word.lower() for word in words)
    assert letters_of(name).startswith("".join(words))


def test_letters_that_a_cryptic_table_s_columns_begin_with_are_cut_off():
    names = ["CUSNO", "CUSNAM", "CUSEML", "CUSADR", "CUSCTRY", "BALANCE", "CUSTOMER"]
    side = Side([table(*names)])

    assert side.words[0] == ("cus", "no")
    assert side.words[2] == ("cus", "eml")
    assert side.words[5:] == [("balance",), ("customer",)]
