"""What a refused question is told: the words, what they may have meant, and what can be asked."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.index import ValueName
from aidbt.semantic.english.refusal import (
    Refused,
    candidates,
    check_values,
    nearest_question,
    not_understood,
    unknown_value,
)
from aidbt.semantic.query import Attribute, Matches, OneOf, Output, SemanticQuery, Value
from tests.aidbt.semantic.english.small_shop import world


@pytest.mark.parametrize(
    ("span", "meant"),
    [("custmers", "customer"), ("Germny", "Germany"), ("delivred", "delivered"), ("catgories", "category"),
     ("porto alegre", "Porto")],
)  # fmt: skip
def test_a_misspelt_word_is_offered_what_it_is_nearest_to(span: str, meant: str) -> None:
    _, lexicon = world()

    assert meant in candidates(span, lexicon)


def test_at_most_three_are_offered_and_none_for_what_is_like_nothing() -> None:
    _, lexicon = world()

    assert len(candidates("order dat", lexicon)) <= 3
    assert candidates("zzzzqqq", lexicon) == ()
    assert candidates("?", lexicon) == ()


def test_a_word_in_small_letters_is_offered_no_code() -> None:
    _, lexicon = world()
    codes = {("fulx",): [ValueName("customers", "city", "FULX", 1.0)]}
    with_codes = lexicon.with_meanings(codes)

    assert candidates("FUELX", with_codes) == ("FULX",)
    assert candidates("fuelx", with_codes) == ()


def test_embeddings_order_candidates_and_add_none() -> None:
    _, lexicon = world()
    plain = candidates("order dat", lexicon)

    ranked = candidates("order dat", lexicon, rank=lambda span, found: [float(i) for i in range(len(found))])

    assert len(ranked) == len(plain)


def test_a_refusal_says_which_words_and_what_they_may_be() -> None:
    _, lexicon = world()

    refused = not_understood(
        ["custmers"], lexicon, question="how many custmers", answers=lambda text: "customer" in text
    )

    assert refused.spans == ("custmers",)
    assert refused.candidates["custmers"][0] == "customer"
    assert refused.nearest == "how many customer"
    assert "'custmers'" in refused.message
    assert refused.hint is not None and "how many customer" in refused.hint
    assert refused.exit_code == 1


def test_the_nearest_question_leaves_out_what_nothing_is_like() -> None:
    found = {"gizmo": (), "custmers": ("customer", "customer id")}

    assert nearest_question("gizmo custmers", found, lambda text: text == "customer id") == "customer id"
    assert nearest_question("gizmo custmers", found, lambda text: False) == ""


def test_two_readings_are_told_apart() -> None:
    refused = Refused("it can be read in two ways", readings=("the first", "the second"))

    assert refused.hint == "say which is meant: the first; or: the second"


def _asking(predicate: Matches | OneOf) -> SemanticQuery:
    name = Attribute("customers", "name")
    return SemanticQuery((Output(name, "name"),), base="customers", where=predicate)


def test_a_value_that_is_not_there_is_refused_with_the_nearest() -> None:
    _, lexicon = world()
    country = Attribute("customers", "country")

    with pytest.raises(Refused) as caught:
        check_values(_asking(Matches(country, "is", "Germani")), lexicon)

    assert caught.value.spans == ("Germani",)
    assert caught.value.candidates["Germani"] == ("Germany",)
    assert "nearest: Germany" in caught.value.message


def test_values_are_known_whatever_their_case_also_in_an_inner_question() -> None:
    _, lexicon = world()
    country = Attribute("customers", "country")

    check_values(_asking(OneOf(country, (Value("GERMANY"), Value("portugal")))), lexicon)
    inner = _asking(OneOf(country, (Value("Atlantis"),)))
    with pytest.raises(Refused):
        check_values(SemanticQuery((), source=inner), lexicon)


def test_of_a_column_whose_values_are_not_known_nothing_is_refused() -> None:
    _, lexicon = world()

    check_values(_asking(Matches(Attribute("reviews", "comment"), "is", "anything")), lexicon)
    assert unknown_value("x", lexicon, "reviews", "comment").candidates == {}
