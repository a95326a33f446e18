"""Learning from outcomes only where that is better, and word when answers get worse."""

from aidbt.core.failures import ErrorClass as E
from aidbt.healing.classification.learned import fit_text_model
from aidbt.healing.classification.messages import normal_form
from aidbt.healing.classification.retraining import Outcome, accuracy_finding, known_messages, retrained

KNOWN = [(normal_form(f"request {n} timed out"), E.NETWORK_TIMEOUT) for n in "abcdefgh"] + [
    (normal_form(f"user {n} lacks a privilege"), E.PERMISSION_DENIED) for n in "abcdefgh"
]
WORDS = "amber birch cedar daisy ember fern grove hazel iris jade kelp lotus maple nova olive pine".split()


def outcome(form: str, was: E, said: E = E.NETWORK_TIMEOUT, confidence: float = 0.9) -> Outcome:
    return Outcome(form, was, said, confidence)


def fitted():
    return fit_text_model([form for form, _ in KNOWN], [label for _, label in KNOWN])


def test_what_outcomes_teach_is_learned_where_held_out_ones_show_it():
    new = [outcome(f"glacier tier thawing {word} retrieval", E.STALE) for word in WORDS]
    old = [outcome(f"request {word} timed out", E.NETWORK_TIMEOUT) for word in WORDS]

    found = retrained([*new, *old], fitted(), KNOWN)

    assert found.model is not None and "right 16 times" in found.why
    assert found.model.likeliest("glacier tier thawing tulip retrieval")[0][0] is E.STALE


def test_outcomes_that_teach_nothing_leave_the_model_as_it_is():
    same = [outcome(f"request {word} timed out", E.NETWORK_TIMEOUT) for word in WORDS * 2]

    found = retrained(same, fitted(), KNOWN)

    assert found.model is None and "not surely better" in found.why


def test_few_outcomes_teach_nothing():
    found = retrained([outcome("x", E.STALE)], fitted(), KNOWN)

    assert found.model is None and "too few" in found.why


def test_falling_accuracy_is_told_once_it_is_no_chance():
    right = outcome("x", E.NETWORK_TIMEOUT)
    wrong = outcome("x", E.STALE)

    assert accuracy_finding([right] * 45 + [wrong] * 5) is None
    assert accuracy_finding([wrong] * 5) is None
    found = accuracy_finding([right] * 70 + [wrong] * 30)
    assert found is not None and "70 of the last 100" in found.message


def test_the_messages_of_the_shipped_model_are_forms_without_values():
    known = known_messages()

    assert len(known) > 1_000 and {label for _, label in known} == set(E)
    assert not any("@" in form and "example.com" in form for form, _ in known)
