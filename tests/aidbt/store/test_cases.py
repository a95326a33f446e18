"""Cases that are over, and how far they let a class be trusted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.failures import ErrorClass
from aidbt.store import Store
from aidbt.store.cases import Cases, PastCase, Standing, standings, wilson_lower_bound

RENAMED, LOCK = ErrorClass.COLUMN_RENAMED, ErrorClass.CONCURRENCY_CONFLICT


def test_a_case_comes_back_and_an_outcome_of_one_attempt_counts_once(store: Store):
    cases = Cases(store, "ana", clock=lambda: 0.0)
    case = PastCase("column <name> not found", RENAMED, "right", "column_renamed", "HEAL-1", "remapped")
    cases.add(case)
    cases.add(case)

    assert cases.all() == (case,)
    assert cases.standings() == {RENAMED: Standing(right=1, flawless=1)}


def test_a_person_who_trusts_a_class_again_ends_the_doubt_not_the_count(store: Store):
    cases = Cases(store, "ana")
    cases.add(PastCase("f", RENAMED, "right", attempt="HEAL-1"))
    cases.add(PastCase("f", RENAMED, "wrong", attempt="HEAL-2"))
    doubted = cases.standings()[RENAMED]
    cases.trust(RENAMED)
    trusted = cases.standings()[RENAMED]

    assert doubted.is_doubted and not trusted.is_doubted
    assert (trusted.right, trusted.wrong, trusted.flawless) == (1, 1, 0)


def test_a_class_rises_after_73_flawless_outcomes_and_falls_after_one_wrong_mend():
    flawless = [(RENAMED, "right")] * 73

    assert not standings(flawless[:72])[RENAMED].has_risen
    assert standings(flawless)[RENAMED].has_risen
    assert not standings([*flawless, (RENAMED, "wrong")])[RENAMED].has_risen
    assert not standings([*flawless, (RENAMED, "wrong"), *flawless])[RENAMED].has_risen  # until it is trusted
    assert standings([(RENAMED, "wrong"), (RENAMED, "trusted"), *flawless])[RENAMED].has_risen
    assert LOCK not in standings(flawless)


def test_what_a_person_mended_says_nothing_of_our_mends():
    assert standings([(RENAMED, "handed_over")] * 100) == {}


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_bound_lies_below_the_share_and_more_of_the_same_raises_it(right: int, wrong: int):
    total = right + wrong
    bound = wilson_lower_bound(right, total)

    assert 0 <= bound <= (right / total if total else 0) + 1e-12
    assert wilson_lower_bound(2 * right, 2 * total) >= bound - 1e-12


def test_the_bound_is_wilsons():
    # Worked example of the interval: 81 of 263 at 95 % (Newcombe 1998, table I, method 3).
    assert wilson_lower_bound(81, 263) == pytest.approx(0.2553, abs=5e-5)
