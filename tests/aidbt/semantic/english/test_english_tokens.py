"""Sentences as tokens, and words as their base forms."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.semantic.english.words.dimensions import dimensions
from aidbt.semantic.english.words.tokens import lemma, tokens, verb_stem


@pytest.mark.parametrize(
    ("sentence", "lemmas"),
    [
        ("Haven't they ordered?", "have not they ordered ?"),
        ("don't can't won't isnt", "do not can not will not be not"),
        ("full-time best-selling non-vegan", "full time best selling non vegan"),
        ("customers' orders, Ada's manager", "customer order , ada manager"),
        ("# of orders, no. of orders", "number of order , number of order"),
        ("w/ a discount w/o tax", "with a discount without tax"),
        ("from the US or the U.S. for us", "from the usa or the usa for us"),
        ("write to ada@shop.example", "write to ada@shop.example"),
        ("colours, organisations, centres", "color , organization , center"),
        ("promises and exercises", "promise and exercise"),
        ("salespeople and salesmen", "salesperson and salesman"),
        ("above $1,000.50, 10% and -5", "above 1000.50 , 10 and -5"),
        ("10-20 items", "10 - 20 item"),
        ("whats the total", "what the total"),
    ],
)
def test_a_sentence_is_its_base_forms(sentence: str, lemmas: str) -> None:
    assert " ".join(token.lemma for token in tokens(sentence)) == lemmas


@pytest.mark.parametrize(
    ("plural", "singular"),
    [("countries", "country"), ("matches", "match"), ("statuses", "status"), ("buses", "bus"),
     ("people", "person"),
     ("courses", "course"), ("prices", "price"), ("boxes", "box"), ("addresses", "address"), ("news", "news"),
     ("expenses", "expense"), ("analyses", "analysis"), ("children", "child"), ("women", "woman")],
)  # fmt: skip
def test_plurals_have_their_singular(plural: str, singular: str) -> None:
    assert lemma(plural) == singular


@pytest.mark.parametrize(
    "family",
    ["order ordered orders ordering", "receive received receiver receiving", "hire hired hiring",
     "ship shipped shipping shipment", "complete completed completion", "success successful",
     "cancel canceled cancellation", "random randomized randomization", "expire expired expiration"],
)  # fmt: skip
def test_words_of_one_verb_have_one_stem(family: str) -> None:
    assert len({verb_stem(word) for word in family.split()}) == 1


@settings(deadline=None)
@given(st.text(max_size=80))
def test_tokens_stand_where_they_say_and_nothing_but_blanks_is_lost(sentence: str) -> None:
    import unicodedata

    sentence = unicodedata.normalize("NFC", sentence)
    found = tokens(sentence)

    kept = "".join(sentence[token.start : token.end] for token in found)
    assert [token.start for token in found] == sorted(token.start for token in found)
    assert [c for c in kept if not c.isspace() and c != "-"] == [
        c for c in sentence if not c.isspace() and c != "-"
    ]


@settings(deadline=None)
@given(st.text(alphabet="abcdefghilmnoprstuvwyz", min_size=1, max_size=12))
def test_stems_are_no_longer_than_their_words(word: str) -> None:
    assert len(verb_stem(word)) <= len(lemma(word))


@pytest.mark.parametrize(
    ("word", "noun", "is_more", "degree"),
    [
        ("cheapest", "price", False, "superlative"),
        ("heavier", "weight", True, "comparative"),
        ("expensive", "price", True, "base"),
        ("biggest", "size", True, "superlative"),
        ("wealthiest", "income", True, "superlative"),
    ],
)
def test_adjectives_say_much_or_little_of_something(word: str, noun: str, is_more: bool, degree: str) -> None:
    first = dimensions(word)[0]

    assert (first.nouns[0], first.is_more, first.degree) == ((noun,), is_more, degree)


def test_the_oldest_has_most_years_or_the_earliest_birth_date() -> None:
    by_noun = {said.nouns[:1]: said.is_more for said in dimensions("oldest")}

    assert by_noun[(("age",),)] is True
    assert by_noun[(("birth", "date"),)] is False
    assert dimensions("purple") == ()
