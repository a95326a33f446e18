"""What a refused question is told: the words, what they may have meant, and what can be asked."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.grounding.index import ColumnName, ValueName
from aidbt.semantic.english.grounding.refusal import (
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
    [("custmers", "customers"), ("Germny", "Germany"), ("delivred", "delivered"), ("catgories", "categories"),
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


@pytest.mark.parametrize(
    ("span", "offered"), [("carier cd", ("carrier_cd",)), ("carier code", ("carrier code",))]
)
def test_a_name_is_offered_as_the_project_writes_it_and_once(span: str, offered: tuple[str, ...]) -> None:
    _, lexicon = world()
    column = ColumnName("orders", "carrier_cd", 1.0)
    abbreviated = lexicon.with_meanings({("carrier", "cd"): [column], ("carrier", "code"): [column]})

    assert candidates(span, abbreviated) == offered


def test_an_embedding_orders_the_candidates_and_adds_none() -> None:
    _, lexicon = world()
    plain = candidates("order stat", lexicon)

    ranked = candidates("order stat", lexicon, rank=lambda _, found: [float(n == plain[-1]) for n in found])

    assert plain[0] == "order status"
    assert ranked[0] == plain[-1] != plain[0]
    assert candidates("zzzzqqq", lexicon, rank=lambda _, found: [1.0] * len(found)) == ()


def test_a_word_that_only_grammar_makes_is_offered_to_nobody() -> None:
    _, lexicon = world()

    assert "remote" in candidates("remot", lexicon)
    assert not {"imremote", "unremote"} & set(candidates("imremote", lexicon))


def test_a_refusal_says_which_words_and_what_they_may_be() -> None:
    _, lexicon = world()

    refused = not_understood(
        ["custmers"], lexicon, question="how many custmers", answers=lambda text: "customer" in text
    )

    assert refused.spans == ("custmers",)
    assert refused.candidates["custmers"][0] == "customers"
    assert refused.nearest == "how many customers"
    assert "'custmers'" in refused.message
    assert refused.hint is not None and "how many customers" in refused.hint
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
