"""How a question is read as a whole: what is certain, what is refused, and that it ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.closed_words import spelled
from aidbt.semantic.english.reading import MOST_TOKENS
from aidbt.semantic.english.words.tokens import sentences, tokens
from aidbt.semantic.query import OneOf, parts
from tests.aidbt.semantic.english.small_shop import CLOCK, ask, reading, refusal, rows

WORDS = """customers orders of in Germany not or and Cola more than 5 who never ordered the with price 2024
    their without "x" between by most , . ? average""".split()


def test_a_reading_holds_its_phrases_and_the_clock():
    found = reading("customers in Germany")

    assert found.query.clock == CLOCK
    assert [(item.start, item.end) for item in found.phrases] == [(0, 3)]


def test_a_later_sentence_says_what_is_shown():
    assert rows("Which customers never ordered? Return their names and cities.") == [("Delta", "Berlin")]


def test_the_columns_asked_for_later_are_of_the_rows_spoken_of():
    query = ask("Which customers bought Cola? Return the name.")

    assert [output.term.table for output in query.outputs] == ["customers"]


@pytest.mark.parametrize("word", ["distinct", "unique", "different"])
def test_distinct_rows_are_asked_for_by_name(word):
    assert ask(f"{word} cities of customers in Germany").distinct


def test_words_that_are_not_understood_are_named():
    assert refusal("customers who are polite in Berlin").spans == ("polite",)


def test_a_value_that_is_not_there_is_refused_by_name():
    assert "Backordered" in str(refusal('orders with status "Backordered"'))


def test_two_readings_about_as_likely_are_both_told():
    assert len(refusal("who ordered Cola").readings) == 2


def test_of_several_conditions_none_is_lost():
    query = ask("open or returned orders from Germany with freight above 3")

    assert sum(isinstance(part, OneOf) for part in parts(query)) == 2


def test_a_sentence_ends_with_its_mark():
    found = sentences(tokens("Which orders are open? Return the id; sort them."))

    assert [" ".join(token.text for token in sentence) for sentence in found] == [
        "Which orders are open ?",
        "Return the id ;",
        "sort them .",
    ]


def test_contractions_are_written_out():
    assert [word for token in tokens("can't what's they've") for word in spelled(token)] == [
        "can", "not", "what", "be", "they", "have",
    ]  # fmt: skip


def test_a_sentence_without_end_is_refused():
    assert "more than" in str(refusal("customers and " * MOST_TOKENS))


@pytest.mark.parametrize("question", ["", "?", "the", "ß ∂ ƒ", "'; drop table customers; --", "什么"])
def test_what_is_no_question_is_refused(question):
    assert isinstance(refusal(question), Refused)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9))
def test_any_words_are_answered_or_refused(words):
    try:
        rows(" ".join(words))
    except Refused as error:
        assert str(error)


def test_a_refusal_names_the_nearest_question_that_can_be_answered():
    with pytest.raises(Refused) as refused:
        ask("number of orders per flurbly country")
    assert refused.value.spans == ("flurbly",)
    assert refused.value.nearest == "number of orders per country"
    assert ask(refused.value.nearest)
