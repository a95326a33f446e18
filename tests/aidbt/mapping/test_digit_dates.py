"""Dates written YYYYMMDD, where the profile keeps no values to read: they hardly repeat."""

from __future__ import annotations

import duckdb
import pytest

from aidbt.core.schema import Column, ColumnMatch, ColumnProfile, Relation, TableProfile, Target
from aidbt.mapping.signals import MatchTask
from aidbt.mapping.transforms import TransformCandidate, propose_transforms

MATCH = ColumnMatch("ORDDT", "order_date", 0.9, "review")


def proposed(figures: ColumnProfile, *, wanted: str = "date", match: ColumnMatch | None = MATCH):
    task = MatchTask(
        Relation("raw", "t", (Column("ORDDT", "VARCHAR"),)),
        Target("t", (Column("order_date", wanted),)),
        TableProfile("raw", "t", 900, 900, "x", (figures,)),
    )
    return propose_transforms(task, [match] if match else [], dialect="duckdb")


def figures(*, shortest: int = 8, longest: int = 8, integers: float = 1.0) -> ColumnProfile:
    return ColumnProfile(
        "ORDDT", "VARCHAR", 0.0, 512, min_length=shortest, max_length=longest, formats={"integer": integers}
    )


def read(candidate: TransformCandidate, text: str) -> str | None:
    rows = duckdb.execute(f"select cast({candidate.expression} as varchar) from (select ? as ORDDT)", [text])
    return rows.fetchone()[0]


def test_eight_digits_matched_to_a_date_are_proposed_to_be_read_as_one():
    (candidate,) = proposed(figures())

    assert candidate.sources == ("ORDDT",)
    assert not candidate.verified
    assert candidate.evidence[0] == "the values of ORDDT have eight digits, as dates written YYYYMMDD"
    assert [read(candidate, text) for text in ("20240229", "20230229", "00000000")] == [
        "2024-02-29",
        None,
        None,
    ]


@pytest.mark.parametrize(
    "other",
    [figures(shortest=7), figures(longest=10), figures(integers=0.5)],
    ids=["some are shorter", "some are longer", "many are no digits"],
)
def test_what_has_another_form_is_no_date_in_digits(other: ColumnProfile):
    assert proposed(other) == []


def test_eight_digits_are_no_date_where_none_is_wanted_or_nothing_matched():
    assert proposed(figures(), wanted="varchar") == []
    assert proposed(figures(), match=None) == []
