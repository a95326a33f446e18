"""What of a column's values may leave the house."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.config import SendValues
from aidbt.core.schema import Column, ColumnProfile
from aidbt.llm.privacy import masked, shown_values

PLAIN = ColumnProfile("status", "text", 0.0, 2)
PERSONAL = ColumnProfile("email", "text", 0.0, 2, pii="email")
VALUES = ["Gold 1", "Gold 2", "ÉTÉ-7"]


@pytest.mark.parametrize(
    ("policy", "shown"),
    [("none", ()), ("masked", ("aaaa 9", "aaa-9")), ("raw", ("Gold 1", "Gold 2", "ÉTÉ-7"))],
)
def test_values_are_shown_as_far_as_the_policy_goes(policy: SendValues, shown: tuple[str, ...]):
    assert shown_values(PLAIN, VALUES, policy) == shown
    assert shown_values(Column("status"), VALUES, policy) == shown


@pytest.mark.parametrize("policy", ["none", "masked", "raw"])
def test_nothing_is_ever_shown_of_personal_data_or_of_what_nobody_looked_at(policy: SendValues):
    assert shown_values(PERSONAL, VALUES, policy) == ()
    assert shown_values(None, VALUES, policy) == ()


@settings(deadline=None)
@given(st.text())
def test_a_mask_keeps_no_letter_and_no_digit(value: str):
    assert not {char for char in masked(value) if char.isalnum()} - {"a", "9"}
    assert masked(value).isascii()


@settings(deadline=None)
@given(st.text("abcXYZ", min_size=4), st.text("abcXYZ", min_size=4))
def test_values_of_one_shape_cannot_be_told_apart(one: str, other: str):
    size = min(len(one), len(other))

    assert masked(one[:size]) == masked(other[:size])
