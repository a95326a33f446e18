"""Why a pair is proposed, in sentences that are true."""

from __future__ import annotations

import pytest
from match_tasks import schemas, table

from aidbt.mapping.reasons import reasons


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [("ZBRTWR", "zebra_tower", "ZBRTWR may be short for zebra_tower"),
     ("zebra_tower", "ZBRTWR", "ZBRTWR may be short for zebra_tower")],
)  # fmt: skip
def test_a_name_that_is_matched_by_its_letters_alone_says_so(source: str, target: str, sentence: str):
    pair = schemas([table(source)], [table(target)])

    assert sentence in reasons(pair, 0, 0, {"shortened": 0.8})
    assert reasons(pair, 0, 0, {"shortened": 0.3}) == ()


def test_words_that_are_known_say_more_than_letters():
    pair = schemas([table("cust_nm")], [table("customer_name")])

    assert reasons(pair, 0, 0, {"shortened": 1.0}) == ("words in common: cust → customer, nm → name",)
