"""Which rows of a table and its target are looked at."""

from __future__ import annotations

from aidbt.core.schema import Column, ColumnMatch, ColumnProfile, Relation, TableProfile, Target
from aidbt.mapping.signals import MatchTask
from aidbt.mapping.transforms.both_sides import BothSides, RowsWanted, rows_of_both


def profile(row_count: int, keys: tuple[str, ...] = (), **distinct: int) -> TableProfile:
    figures = tuple(ColumnProfile(name, "BIGINT", 0, count) for name, count in distinct.items())
    return TableProfile("raw", "t", row_count, row_count, "", figures, keys=keys)


def asked(
    source: TableProfile | None, target: TableProfile | None = None, *matches: ColumnMatch
) -> BothSides:
    task = MatchTask(
        Relation("raw", "t", (Column("note"), Column("amount"))),
        Target("t", (Column("total"),)),
        source,
        target,
    )
    return rows_of_both(task, matches)


def test_rows_are_chosen_by_the_keys_that_match_and_one_part_of_both_is_taken():
    source = profile(1_000_000, ("cust_no",), cust_no=1_000_000, amount=9)
    target = profile(80_000, ("customer_number",), customer_number=80_000, total=9)

    found = asked(source, target, ColumnMatch("cust_no", "customer_number", 0.9, "accept"))

    assert found.key == ("cust_no", "customer_number")
    assert found.source == RowsWanted(("cust_no", "note", "amount"), "cust_no", 500)
    assert found.target == RowsWanted(("customer_number", "total"), "customer_number", 500)


def test_keys_of_the_same_name_are_the_same_without_a_match():
    source = profile(900, ("ref", "order_id"), ref=900, order_id=900)
    target = profile(900, ("sk", "order_id"), sk=900, order_id=900)

    assert asked(source, target).key == ("order_id", "order_id")


def test_keys_that_have_nothing_in_common_do_not_make_rows_the_same():
    source = profile(8_000, ("ref",), ref=8_000, amount=50)
    target = profile(20_000, ("surrogate",), surrogate=20_000)

    found = asked(source, target)

    assert found.key is None
    assert (found.target.by, found.target.one_in) == ("surrogate", 10)


def test_a_table_without_a_key_gives_rows_of_many_values():
    found = asked(profile(1_000_000, amount=200, note=5_000))

    assert (found.source.by, found.source.one_in) == ("note", 100)
    assert found.target is None


def test_an_empty_or_unknown_table_is_not_read():
    assert asked(None) == asked(profile(0, amount=0)) == BothSides()
    assert asked(profile(10, amount=3), profile(0)).target is None
