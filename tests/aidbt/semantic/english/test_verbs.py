"""Which forms of verbs speak of tables, of times, or of nothing but a relation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.semantic.english.grounding.verbs import VerbsOf, forms, verbs
from aidbt.semantic.english.meanings.phrases import Columns, Rows
from tests.aidbt.semantic.english.small_shop import world

FORMS = {
    "ship": "ship ships shipping shipped",
    "place": "place places placing placed",
    "carry": "carry carries carrying carried",
    "stay": "stay stays staying stayed",
    "visit": "visit visits visiting visited",
    "submit": "submit submits submitting submitted",
    "watch": "watch watches watching watched",
}


def said(text: str) -> list[tuple[str, object]]:
    """What the first verb of a text may be, of those that hold all of it."""
    words = text.split()
    found = VerbsOf(world()[1]).at(words, 0)
    return [(category, meaning) for length, category, meaning, _ in found if length == len(words)]


@pytest.mark.parametrize("verb", FORMS)
def test_a_regular_verb_has_four_forms(verb):
    assert [" ".join(form) for form in forms(verb)] == FORMS[verb].split()


def test_irregular_forms_take_the_place_of_regular_ones():
    assert [" ".join(form) for form in forms("write", ["wrote", "written"])] == [
        "write",
        "writes",
        "writing",
        "wrote",
        "written",
    ]
    assert ("took", "place") in forms("take_place", ["took", "taken"])


@settings(deadline=None)
@given(st.sampled_from([verb for listed in verbs().values() for verb in listed]))
def test_every_listed_verb_has_forms_that_differ(verb):
    assert len(set(verb.forms)) == len(verb.forms) >= 3  # "bid" is its own past


@pytest.mark.parametrize("text", ["ordered", "bought", "purchased", "sold"])
def test_verbs_of_trade_speak_of_orders(text):
    assert ("Act", Rows("orders")) in said(text)


def test_the_verb_of_a_table_is_made_of_its_noun():
    assert ("Act", Rows("reviews")) in said("reviewed")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("hired", "hired_on"),
        ("joined", "hired_on"),
        ("left", "left_on"),
        ("shipped", "shipped_on"),
        ("signed up", "signed_up_at"),
        ("registered", "signed_up_at"),
    ],
)
def test_participles_name_the_times_they_are_of(text, column):
    names = [
        meaning.terms[0].column
        for kind, meaning in said(text)
        if kind == "Did" and isinstance(meaning, Columns)
    ]

    assert column in names


def test_verbs_that_only_relate_are_plain_and_others_unknown():
    assert [kind for kind, _ in said("handled")] == ["Verb"]
    assert not said("recommended")
    assert not said("prefer")
