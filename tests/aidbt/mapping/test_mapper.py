"""From matches to a mapping: what becomes of each column, with a declared target and without one."""

import pytest

from aidbt.core.config import MappingSettings
from aidbt.core.schema import Column, ColumnProfile, Relation, TableProfile, Target
from aidbt.mapping.mapper import (
    CastQuestion,
    keep_every_column,
    map_to_target,
    needed_cast,
)
from aidbt.mapping.matcher import match
from aidbt.mapping.signals import MatchTask

SETTINGS = MappingSettings()


def relation(*columns, name="orders") -> Relation:
    return Relation("raw_shop", name, tuple(Column(*column) for column in columns))


def test_a_certain_match_is_accepted_and_a_doubtful_one_waits():
    source = relation(("order_id", "INTEGER"), ("amt", "DECIMAL(10,2)"), ("blurb", "VARCHAR"))
    target = Target("orders", (Column("order_id", "integer"), Column("price_in_cents", "integer")))

    found = {m.target: m for m in match(MatchTask(source, target), MappingSettings(precision=0.9))}

    assert (found["order_id"].source, found["order_id"].band) == ("order_id", "accept")
    assert found["price_in_cents"].band in ("review", "none")


def test_a_lossy_cast_waits_for_a_person():
    source = relation(("quantity", "DOUBLE"))
    target = Target("t", (Column("quantity", "integer"),))
    matches = match(MatchTask(source, target), SETTINGS)
    proven = {CastQuestion("quantity", "integer"): 0}

    lossy = map_to_target("shop", source, target, matches, lost={}, dialect="duckdb")
    safe = map_to_target("shop", source, target, matches, lost=proven, dialect="duckdb")

    assert lossy.columns[0].status == "review"
    assert "lose" in lossy.columns[0].note
    assert (safe.columns[0].status, safe.columns[0].cast) == ("accepted", "integer")


def test_an_instant_is_not_cast_to_a_local_time_unseen():
    source = relation(("paid_at", "TIMESTAMP WITH TIME ZONE"))
    target = Target("t", (Column("paid_at", "timestamp"),))
    safe = {CastQuestion("paid_at", "timestamp"): 0}

    mapping = map_to_target(
        "shop", source, target, match(MatchTask(source, target), SETTINGS), lost=safe, dialect="duckdb"
    )

    assert mapping.columns[0].status == "review"
    assert "time zone" in mapping.columns[0].note


def test_source_columns_that_no_target_takes_are_listed_and_load_columns_are_not():
    source = relation(("order_id", "INTEGER"), ("internal", "VARCHAR"), ("_aidbt_batch_id", "VARCHAR"))
    target = Target("t", (Column("order_id", "integer"),))

    mapping = map_to_target(
        "shop", source, target, match(MatchTask(source, target), SETTINGS), lost={}, dialect="duckdb"
    )

    assert mapping.unmapped == ("internal",)
    assert mapping.rows == "latest_batch"


@pytest.mark.parametrize(
    ("have", "want", "cast"),
    [
        ("INTEGER", "int", None),
        ("INTEGER", "bigint", "bigint"),
        ("TIMESTAMP WITH TIME ZONE", "timestamptz", None),
        ("VARCHAR", "text", None),
        ("DECIMAL(10,2)", "decimal(10, 2)", None),
        ("DECIMAL(10,2)", "decimal(12,2)", "decimal(12,2)"),
        ("INTEGER", "", None),
    ],
)
def test_a_cast_is_written_only_where_the_types_differ(have, want, cast):
    assert needed_cast(Column("a", have), Column("a", want), "duckdb") == cast


def test_without_a_target_every_column_is_kept_and_named_by_convention():
    source = relation(
        ("id", "INTEGER"), ("customerId", "INTEGER"), ("Paid", "BOOLEAN"), ("created", "TIMESTAMP")
    )

    mapping = keep_every_column("shop", source, None, lost={}, dialect="duckdb")

    assert [c.target for c in mapping.selected()] == ["order_id", "customer_id", "is_paid", "created_at"]
    assert not mapping.waiting()


def test_names_that_fold_to_one_get_numbers():
    source = relation(("User Name", "VARCHAR"), ("user_name", "VARCHAR"), ("USER-NAME", "VARCHAR"))

    mapping = keep_every_column("shop", source, None, lost={}, dialect="duckdb")

    assert [c.target for c in mapping.columns] == ["user_name", "user_name_2", "user_name_3"]


def test_text_is_cast_only_when_every_row_was_proven():
    source = relation(("ordered", "VARCHAR"))
    dates = ColumnProfile("ordered", "VARCHAR", 0, 90, max_length=10, formats={"date": 1.0})
    held = TableProfile("raw_shop", "orders", 100, 100, "x", (dates,))

    unproven = keep_every_column("shop", source, held, lost={}, dialect="duckdb")
    proven = keep_every_column(
        "shop", source, held, lost={CastQuestion("ordered", "date"): 0}, dialect="duckdb"
    )

    assert unproven.columns[0].cast is None
    assert proven.columns[0].cast == "date"
