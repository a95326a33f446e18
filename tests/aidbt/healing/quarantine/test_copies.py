"""Which of several rows with the same key stays."""

from __future__ import annotations

from datetime import datetime

import pytest

from aidbt.healing.quarantine.copies import Order, order_of

EARLY, LATE = datetime(2026, 3, 1), datetime(2026, 3, 2)
NAMES = ("id", "amount", "updated_at", "_loaded_at")
TYPES = {"id": "integer", "amount": "varchar", "updated_at": "timestamp", "_loaded_at": "timestamp"}


def rows(*each: tuple[object, ...]) -> list[tuple[object, ...]]:
    return [(row[0], *row) for row in each]


@pytest.mark.parametrize(
    ("found", "order"),
    [
        (rows((1, "5", EARLY, LATE), (1, "5", EARLY, LATE)), Order(keys=1)),
        (rows((1, "5", EARLY, EARLY), (1, "5", EARLY, LATE)), Order(earliest=("_loaded_at",), keys=1)),
        (rows((1, "5", EARLY, LATE), (1, "6", LATE, LATE)), Order("updated_at", keys=1)),
        (
            rows((1, "5", EARLY, EARLY), (1, "6", LATE, EARLY), (1, "6", LATE, LATE), (2, "7", LATE, LATE),
                 (2, "7", LATE, LATE)),
            Order("updated_at", ("_loaded_at",), keys=2),
        ),
    ],
)  # fmt: skip
def test_copies_keep_the_first_load_and_versions_the_newest(found: list[tuple[object, ...]], order: Order):
    assert order_of(found, NAMES, TYPES) == order


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (rows((1, "5", LATE, EARLY), (1, "6", LATE, LATE)), "differ, e.g. in amount"),
        (rows((1, "5", None, EARLY), (1, "6", LATE, LATE)), "no column says which is newer"),
        (
            rows((1, "5", EARLY, LATE), (1, "6", LATE, LATE), (2, "5", LATE, LATE), (2, "6", LATE, LATE)),
            "2 of 2 keys",
        ),
    ],
)
def test_a_tie_is_for_a_person(found: list[tuple[object, ...]], why: str):
    order = order_of(found, NAMES, TYPES)
    assert isinstance(order, str) and why in order


def test_two_columns_that_both_order_the_rows_are_for_a_person():
    found = [(1, 1, 2, EARLY), (1, 1, 1, LATE)]
    types = {"version": "integer", "updated_at": "timestamp"}
    order = order_of(found, ("id", "version", "updated_at"), types)
    assert isinstance(order, str) and "version and updated_at" in order


def test_when_rows_were_loaded_does_not_say_which_is_right():
    order = order_of(rows((1, "5", None, EARLY), (1, "6", None, LATE)), NAMES, TYPES)
    assert isinstance(order, str)


def test_a_key_that_was_used_again_is_no_newer_version():
    names = ("id", "ordered_at", "customer", "amount", "updated_at")
    types = dict.fromkeys(("ordered_at", "updated_at"), "timestamp") | {"id": "integer"}
    again = rows((1, EARLY, "c1", "5", EARLY), (1, LATE, "c9", "7", LATE))
    assert "differ in ordered_at" in str(order_of(again, names, types))

    names = ("id", "customer", "amount", "shop", "updated_at")
    again = rows((1, "c1", "5", "a", EARLY), (1, "c9", "7", "b", LATE))
    assert "may be two things" in str(order_of(again, names, types))
