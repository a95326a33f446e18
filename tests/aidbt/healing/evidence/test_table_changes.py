from __future__ import annotations

from collections.abc import Sequence

import pytest

from aidbt.core.table_state import ColumnState, KeyedRows, TableState
from aidbt.healing.evidence.table_changes import Overlap, TableChange, overlap_of, overlaps_of, rewrites_of

EVERYTHING = 2**64 - 1


def table(columns: dict[str, Sequence[int | None]], *, types: str = "varchar", rows: int = 0) -> TableState:
    """A table whose values are these hashes; the first column is its key."""
    count = rows or len(next(iter(columns.values())))
    states = tuple(
        ColumnState(
            name, types, sum(v is None for v in values), len({*values} - {None}), None, None,
            frozenset(v for v in values if v is not None), EVERYTHING,
        )
        for name, values in columns.items()
    )  # fmt: skip
    return TableState("crm", "t", states, rows=count, keyed=keyed(columns))


def keyed(columns: dict[str, Sequence[int | None]]) -> KeyedRows:
    key, *_ = columns
    rows = zip(*columns.values(), strict=True)
    return KeyedRows((key,), EVERYTHING, tuple(columns), {row[0]: row for row in rows if row[0] is not None})


IDS = list(range(100, 140))
MAILS = [1000 + i for i in IDS]
CODES = [i % 3 for i in IDS]
THEN = table({"id": IDS, "mail": MAILS, "code": CODES})


def change(now: dict[str, Sequence[int | None]]) -> TableChange:
    there = table(now)
    return TableChange("source.shop.crm.t", THEN, there, overlaps_of(THEN, there, keyed(now)))


def test_a_renamed_column_holds_the_same_values_on_the_same_keys():
    found = change({"id": IDS, "code": CODES, "address": MAILS})

    assert (found.gone, found.new) == (("mail",), ("address",))
    assert found.overlaps["mail", "address"].says_same


def test_a_decoy_that_holds_the_same_set_of_values_on_other_keys_is_another_column():
    found = change({"id": IDS, "code": CODES, "address": MAILS[::-1]}).overlaps["mail", "address"]

    assert found.share == 1.0
    assert found.says_other and not found.says_same


def test_columns_that_hold_one_value_nearly_everywhere_are_not_known_to_be_the_same():
    ones = [1] * len(IDS)
    flag, other = [0, 0, 0, *ones[3:]], [*ones[3:], 0, 0, 0]

    constant = overlap(ones, ones)
    unlike = overlap(flag, other)
    alike = overlap(flag, flag)

    assert constant.agreement == 1.0 and not constant.is_telling and not constant.says_same
    assert (unlike.agreement or 0) > 0.8 and unlike.beyond_chance < 0 and not unlike.says_same
    assert alike.says_same


def test_without_a_key_all_values_of_a_small_table_say_that_it_is_the_same_column():
    then, there = (table({name: range(6)}).columns[0] for name in ("city", "town"))

    assert overlap_of(then, there, None, None).says_same
    assert not overlap_of(then, table({"town": range(7)}).columns[0], None, None).says_same


def overlap(then: Sequence[int | None], now: Sequence[int | None]) -> Overlap:
    was, there = table({"id": IDS, "a": then}), table({"id": IDS, "b": now})
    return overlap_of(was.columns[1], there.columns[1], was.keyed, there.keyed)


def test_too_few_rows_say_nothing():
    assert Overlap(same=3).agreement is None
    assert not Overlap(share=1.0, support=3).says_same


def test_two_columns_that_hold_each_others_values_are_swapped():
    assert change({"id": IDS, "mail": CODES, "code": MAILS}).swapped == (("code", "mail"),)
    assert change({"id": IDS, "mail": MAILS, "code": CODES}).swapped == ()


def test_the_first_nulls_and_a_jump_of_nulls_count_and_usual_ones_do_not():
    one_null = [None, *MAILS[1:]]

    assert [name for name, *_ in change({"id": IDS, "mail": one_null, "code": CODES}).nulled] == ["mail"]
    was = table({"id": IDS, "mail": one_null})
    now = table({"id": IDS, "mail": [None, None, *MAILS[2:]]})
    assert TableChange("s", was, now).nulled == ()


@pytest.mark.parametrize(
    ("rows", "expected"), [(0, "emptied"), (15, "halved"), (35, ""), (40, ""), (60, ""), (90, "doubled")]
)
def test_how_many_rows_are_left(rows: int, expected: str):
    found = TableChange("s", THEN, table({"id": IDS}, rows=rows) if rows else table({"id": []}))

    says = {"emptied": found.is_emptied, "halved": found.is_halved, "doubled": found.is_doubled}
    assert [name for name, holds in says.items() if holds] == ([expected] if expected else [])


def test_values_that_changed_with_their_mark_are_updates_and_others_are_rewritten():
    marks = [9] * len(IDS)
    was = table({"id": IDS, "mail": MAILS, "updated_at": marks})
    updated = {"id": IDS, "mail": [7, 7, *MAILS[2:]], "updated_at": [10, 10, *marks[2:]]}
    silent = {**updated, "updated_at": marks}

    assert rewrites_of(was, keyed(updated)) == {}
    found = rewrites_of(was, keyed(silent))["mail"]
    assert (found.changed, found.compared, found.marks) == (2, 40, ("updated_at",))


def test_types_count_by_their_meaning():
    was, now = table({"id": IDS}, types="text"), table({"id": IDS}, types="varchar")

    assert TableChange("s", was, now).retyped == ()
    assert TableChange("s", was, table({"id": IDS}, types="bigint")).retyped == (("id", "text", "bigint"),)
