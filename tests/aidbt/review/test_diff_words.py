"""What a data diff is told as."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aidbt.review.data_diff import compare_relations
from aidbt.review.diff_values import (
    ColumnDiff,
    DataDiff,
    Figures,
    Keys,
    Retyped,
    RowsDiff,
    SchemaDiff,
    Share,
)
from aidbt.review.diff_words import describe
from tests.aidbt.review.conftest import Builds

NONE = Keys(Share(0, 1000))
SAME = DataDiff(
    "base.o", "head.o", 1000, 1000, SchemaDiff(), keys=("id",), added=NONE, removed=NONE, changed=NONE
)


def test_equal_builds_are_one_sentence():
    assert describe(SAME) == ["Both sides have the same 1,000 rows and columns, compared by id."]
    unkeyed = replace(SAME, keys=(), added=None, removed=None, changed=None)
    assert describe(unkeyed) == ["Both sides have the same 1,000 rows and columns, compared as whole rows."]
    assert describe(replace(SAME, one_in=21)) == [
        "One key in 21 was compared, the same ones on both sides. "
        "They are the same on both sides, of 1,000 rows."
    ]


def test_sentences_are_ranked_by_weight():
    diff = replace(
        SAME,
        head_rows=1010,
        schema=SchemaDiff(
            added=(("new", "DATE"),),
            removed=(("old", "INTEGER"),),
            retyped=(Retyped("amount", "DECIMAL(9,2)", "DOUBLE", "double"), Retyped("x", "JSON", "INT", "")),
            respelled=(("id", "ID"),),
            is_reordered=True,
        ),
        added=Keys(Share(30, 1010), ("a1", "z9")),
        removed=Keys(Share(20, 1000)),
        changed=Keys(Share(490, 980), ("k1",)),
        rows=(
            RowsDiff("rows of repeated keys", 2, 4, 0, 2, (1, 2)),
            RowsDiff("rows without a key", 3, 3, 0, 0),
        ),
        columns=(
            ColumnDiff(
                "amount", Share(490, 980),
                emptied=90, raised=390, lowered=10, mean_move=0.5, largest_move=2.0,
                base=Figures(1000, 0, 9, "0", "8", 100.0), head=Figures(1010, 90, 9, "0", "9", 120.5),
            ),
            ColumnDiff("at", Share(98, 980), shift_s=7200.0),
            ColumnDiff("day", Share(49, 980), shift_s=86400.0),
            ColumnDiff("note", Share(1, 98000), filled=1),
            ColumnDiff("word", Share(1, 100000), respaced=1),
            ColumnDiff("new", None, head=Figures(1010, 101)),
        ),
        not_compared=(("x", "JSON and INT have nothing in common to compare"),),
    )  # fmt: skip

    assert describe(diff) == [
        "The key (id) repeats: 1 on base and 2 on head. Of their 2 rows of base and 4 of head, "
        "0 are on base alone, 2 on head alone.",
        "The key (id) is null in 3 rows of base and 3 of head; "
        "of these 0 are on base alone, 0 on head alone.",
        "Column old (INTEGER) is gone.",
        "Column amount is DOUBLE, was DECIMAL(9,2); compared as double.",
        "Column x is INT, was JSON; its values cannot be compared.",
        "20 of 1,000 (2 %) keys of base are gone.",
        "Head has 1,010 rows, base 1,000: +10 (+1.00 %).",
        "30 of 1,010 (2.97 %) keys of head are new, e.g. a1 and z9.",
        "Column x was not compared: JSON and INT have nothing in common to compare.",
        "490 of 980 (50 %) keys of both sides have other values, e.g. k1.",
        "amount: 490 of 980 (50 %) values differ: 90 from a value to null; "
        "390 larger and 10 smaller, by +0.5 on average and 2 at most; nulls 0 → 90; total 100 → 120.5.",
        "at: 98 of 980 (10 %) values differ: every time moved by +2 h, as a time zone would.",
        "day: 49 of 980 (5 %) values differ: every time moved by +1 d.",
        "note: 1 of 98,000 (below 0.01 %) values differ: 1 from null to a value.",
        "word: 1 of 100,000 (below 0.01 %) values differ: 1 in case or white space only.",
        "Column new (DATE) is new, 10 % null.",
        "Column id is written ID.",
        "The columns stand in another order.",
    ]


def test_without_a_key_the_figures_of_columns_are_told():
    diff = replace(
        SAME,
        keys=(), why_no_keys="no key is declared", added=None, removed=None, changed=None,
        rows=(RowsDiff("all rows", 1000, 1000, 5, 5),),
        columns=(
            ColumnDiff("n", None, base=Figures(1000, 0, 10, "1", "9"), head=Figures(1000, 5, 11, "0", "8")),
        ),
    )  # fmt: skip

    assert describe(diff) == [
        "Rows were compared as a whole, since no key is declared: 5 are on base alone, 5 on head alone; "
        "a changed row is one of each.",
        "n: nulls 0 → 5; distinct about 10 → 11; least 1 → 0; most 9 → 8.",
    ]


def test_figures_of_a_sample_are_said_to_be_and_have_an_interval():
    diff = replace(SAME, one_in=21, changed=Keys(Share(10, 100, is_sample=True)))

    assert describe(diff) == [
        "One key in 21 was compared, the same ones on both sides. "
        "Row counts are of all rows, all other figures of that sample.",
        "10 of 100 (5.52 % to 17.4 %) keys of both sides have other values.",
    ]


def test_a_diff_of_real_tables_reads_well(builds: Builds):
    base = "select i as id, timestamp '2024-01-01' as at_time, i * 0.5 as x from range(100) r(i)"
    head = f"select id, at_time + interval 1 hour as at_time, x from ({base}) where id > 0"

    assert describe(compare_relations(builds, *builds.make(base, head), keys=["id"])) == [
        "1 of 100 (1 %) keys of base are gone, e.g. 0.",
        "Head has 99 rows, base 100: -1 (-1.00 %).",
        "99 of 99 (100 %) keys of both sides have other values, e.g. 1 and 99.",
        "at_time: 99 of 99 (100 %) values differ: every time moved by +1 h, as a time zone would.",
    ]


@pytest.mark.parametrize("count", [0, 1, 99_999, 100_000])
def test_a_share_is_never_rounded_to_none_or_all(count: int):
    diff = replace(SAME, changed=Keys(Share(count, 100_000)), head_rows=1001)

    told = " ".join(describe(diff))

    assert ("below 0.01 %" in told, "above 99.99 %" in told) == (count == 1, count == 99_999)
