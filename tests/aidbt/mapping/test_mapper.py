"""From evidence to decisions: combining, assigning, bands, and what becomes of each column."""

import numpy as np
import pytest

from aidbt.core.config import MappingSettings
from aidbt.core.errors import UnknownName
from aidbt.core.schema import Column, ColumnProfile, Relation, TableProfile, Target
from aidbt.mapping.assign import assign
from aidbt.mapping.mapper import (
    CastQuestion,
    combine,
    keep_every_column,
    map_to_target,
    match,
    needed_cast,
)
from aidbt.mapping.signals import Evidence, MatchTask
from aidbt.mapping.tables import tables_for_targets

SETTINGS = MappingSettings()


def relation(*columns, name="orders") -> Relation:
    return Relation("raw_shop", name, tuple(Column(*column) for column in columns))


def test_a_signal_without_evidence_does_not_count_as_half():
    strong = Evidence(np.array([[0.9]]), np.array([[True]]))
    silent = Evidence(np.array([[0.0]]), np.array([[False]]))

    combined = combine({"a": strong, "b": silent}, {"a": 0.4, "b": 0.6}, (1, 1))

    assert combined[0, 0] == pytest.approx(0.9)


def test_no_evidence_at_all_is_no_match():
    silent = Evidence(np.array([[0.7]]), np.array([[False]]))

    assert combine({"a": silent}, {"a": 1.0}, (1, 1))[0, 0] == 0


def test_assignment_takes_the_best_total_and_leaves_poor_pairs_out():
    scores = np.array([[0.9, 0.8, 0.0], [0.85, 0.1, 0.2]])

    assert assign(scores, least=0.3) == {1: 0, 0: 1}


def test_a_poor_pair_never_pushes_out_a_good_one():
    # 0.9 + 0.25 is less than 0.6 + 0.6, but 0.25 is no match.
    scores = np.array([[0.9, 0.25], [0.6, 0.0]])

    assert assign(scores, least=0.3) == {0: 0}


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_assign_is_no_error(shape):
    assert assign(np.zeros(shape), least=0.3) == {}


def test_an_unknown_signal_in_the_settings_is_named():
    settings = MappingSettings(signals={"nmae": 1.0})

    with pytest.raises(UnknownName, match="nmae"):
        match(MatchTask(relation(("a", "INTEGER")), Target("t", (Column("a"),))), settings)


def test_a_certain_match_is_accepted_and_a_doubtful_one_waits():
    source = relation(("order_id", "INTEGER"), ("amt", "DECIMAL(10,2)"), ("blurb", "VARCHAR"))
    target = Target("orders", (Column("order_id", "integer"), Column("price_in_cents", "integer")))

    found = {m.target: m for m in match(MatchTask(source, target), SETTINGS)}

    assert (found["order_id"].source, found["order_id"].band) == ("order_id", "accept")
    assert found["price_in_cents"].band in ("review", "none")


def test_two_equally_good_sources_are_a_question():
    source = relation(("home_email", "VARCHAR"), ("work_email", "VARCHAR"))
    target = Target("t", (Column("email", "varchar"),))

    (found,) = match(MatchTask(source, target), SETTINGS)

    assert found.band == "review"
    assert found.alternatives


def test_a_type_that_does_not_cast_is_never_accepted_unseen():
    source = relation(("scheduled_at", "INTEGER"))
    target = Target("t", (Column("scheduled_at", "timestamp"),))

    (found,) = match(MatchTask(source, target), SETTINGS)

    assert found.band == "review"


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
    assert mapping.latest_batch


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


def test_a_target_finds_its_table_by_its_columns():
    tables = {
        "shop.orders": relation(("order_id", "INTEGER"), ("cust_no", "INTEGER"), ("amt", "DOUBLE")),
        "shop.people": relation(
            ("person_id", "INTEGER"), ("first_nm", "VARCHAR"), ("dob", "DATE"), name="people"
        ),
    }
    targets = {
        "customer": Target("customer", (Column("customer_first_name"), Column("birth_date"))),
        "weather": Target("weather", (Column("temperature"), Column("humidity"))),
    }

    assert tables_for_targets(tables, targets, SETTINGS) == {"customer": "shop.people"}


def test_a_target_that_names_its_table_is_taken_at_its_word():
    tables = {"shop.orders": relation(("x", "INTEGER"))}
    target = Target("anything", (Column("y"),), sources=("shop.orders",))

    assert tables_for_targets(tables, {"anything": target}, SETTINGS) == {"anything": "shop.orders"}
