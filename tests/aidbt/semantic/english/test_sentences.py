"""What is said of rows in whole sentences: numbers with units, times beside times, verbs that say something."""

from __future__ import annotations

import datetime as dt

import pytest

from aidbt.semantic.english.dropped import check_dropped
from aidbt.semantic.english.units import factor_of, unit_of
from aidbt.semantic.graph import GraphColumn
from aidbt.semantic.query import Attribute, Comparison, Grain, InPeriod, TimePoint
from tests.aidbt.semantic.english.small_shop import ask, reading, refusal, rows, values, world


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("products priced over $4", {"Green Tea", "Chess Set"}),
        ("products with a price of more than 4 dollars", {"Green Tea", "Chess Set"}),
        ("products with a price between $2 and $4", {"Crisps", "Nut Bar"}),
        ("products with a price under 0.01k", {"Green Tea", "Cola", "Crisps", "Nut Bar"}),
        ("products with a stock of 2 or 3", {"Cola", "Chess Set"}),
        ("products with a stock of 2, 3 or 20", {"Green Tea", "Cola", "Chess Set"}),
        ("products whose stock is less than twice the reorder level", {"Cola", "Crisps", "Chess Set"}),
        ("products whose stock is at least 5 times the reorder level", {"Nut Bar"}),
        ("products whose reorder level is more than 50% of the stock", {"Cola", "Crisps"}),
        ("products with a reorder level of at most half the stock", set()),
    ],
)  # fmt: skip
def test_columns_are_compared_with_amounts(question: str, found: set[str]) -> None:
    if found:
        assert values(question) == found
    else:
        refusal(question)
