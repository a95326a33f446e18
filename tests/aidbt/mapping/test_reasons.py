"""Why a pair is proposed, in sentences that are true."""

from __future__ import annotations

import pytest
from match_tasks import schemas, table

from aidbt.core.schema import Column
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


def test_words_of_a_declared_synonym_are_named_where_the_name_has_fewer():
    wanted = Column("aircraft_registration", synonyms=("tail_number",))

    assert reasons(schemas([table("tailnum")], [table(wanted)]), 0, 0, {}) == (
        "words in common with a synonym: tail, num → number",
    )


def test_the_same_kind_of_personal_data_is_a_reason_and_another_kind_is_none():
    pair = schemas([table("f7")], [table("email")])

    assert reasons(pair, 0, 0, {"personal": 1.0}) == ("both hold the same kind of personal data",)
    assert reasons(pair, 0, 0, {"personal": 0.0}) == ()
