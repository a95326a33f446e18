"""Which of two queries is the ordinary one, whose columns and values the same words may mean."""

from __future__ import annotations

import pytest

from aidbt.semantic.english.queries.nearness import is_by_value
from aidbt.semantic.query import All, Attribute, Missing, Not, OneOf, Output, Predicate, SemanticQuery, Value


def _asked(*where: Predicate) -> SemanticQuery:
    return SemanticQuery((Output(Attribute("bills", "bill_id"), "bill_id"),), base="bills", where=All(where))


@pytest.mark.parametrize("is_first", [True, False])
def test_a_value_is_meant_before_its_time_wherever_that_stands(is_first: bool) -> None:
    is_released = OneOf(Attribute("bills", "status"), (Value("released"),))
    was_released = Not(Missing(Attribute("bills", "released_at")))
    on_hand = Not(Missing(Attribute("bills", "release_code")))
    by_value = (is_released, on_hand) if is_first else (on_hand, is_released)
    by_time = (was_released, on_hand) if is_first else (on_hand, was_released)

    assert is_by_value(_asked(*by_value), _asked(*by_time))
