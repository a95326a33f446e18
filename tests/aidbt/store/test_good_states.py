from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from aidbt.core.schema import Column, Relation
from aidbt.core.table_state import ColumnState, GoodState, KeyedRows, TableState
from aidbt.store import Store, open_store
from aidbt.store.good_states import GoodStates

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = (
    ColumnState("id", "integer", 0, 2, "1", "2", frozenset({7, 2**63 + 5}), 2**64 - 1),
    ColumnState("mail", "varchar", 1, 1),
)
ROWS = KeyedRows(("id",), 2**64 - 1, ("id", "mail"), {2**63 + 5: (2**63 + 5, None), 7: (7, 9)})
ORDERS = TableState("crm", "orders", COLUMNS, "shop", 2, ROWS)


def state(run: str, *, hours: int = 0, target: str = "prod", **more: object) -> GoodState:
    fields = {"artifacts": {"manifest.json": "{}"}, "texts": {"models/a.sql": "select 1\n"}, **more}
    return GoodState(target, NOON + timedelta(hours=hours), run, **fields)  # type: ignore[arg-type]


def test_a_state_comes_back_as_it_was_kept(store: Store):
    relations = (Relation("crm", "orders", (Column("id", "integer"),), "shop"),)
    kept = GoodStates(store).put(
        state(
            "r1", commit="c0ffee", is_clean=True, engine="duckdb v2", relations=relations,
            tables={"source.shop.crm.orders": ORDERS}, command="dbt build",
        )
    )  # fmt: skip

    assert kept.number == 1
    assert GoodStates(store).last("prod") == kept


def test_the_newest_of_a_target_counts_and_the_rest_is_kept_apart(store: Store):
    states = GoodStates(store)
    states.put(state("old", hours=0))
    states.put(state("new", hours=2))
    states.put(state("dev", hours=9, target="dev"))

    newest, earlier = states.last("prod"), states.last("prod", before=NOON + timedelta(hours=1))

    assert newest is not None and newest.invocation_id == "new"
    assert earlier is not None and earlier.invocation_id == "old"
    assert states.last("staging") is None


def test_only_the_last_few_are_kept_and_what_nothing_needs_any_more_is_gone(store: Store):
    states = GoodStates(store)
    for hour in range(7):
        states.put(state(f"r{hour}", hours=hour, texts={"models/a.sql": f"select {hour}"}))

    with store.transaction() as connection:
        contents = connection.execute(text("select count(*) from good_blobs")).scalar_one()

    assert [run for _, _, run in states.all()] == ["r6", "r5", "r4", "r3", "r2"]
    assert contents == 5 + 2  # a text each; the manifest and the empty list of relations once for all


def test_a_run_that_is_kept_again_replaces_itself(store: Store):
    states = GoodStates(store)
    states.put(state("r1", commit="a"))
    states.put(state("r1", hours=1, commit="b"))

    last = states.last("prod")

    assert last is not None and last.commit == "b"
    assert len(states.all()) == 1


def test_a_run_that_proved_not_to_be_good_is_forgotten_with_its_parts(store: Store):
    states = GoodStates(store)
    states.put(state("good"))
    states.put(state("mended", hours=1, texts={"models/a.sql": "select 2\n"}))
    states.put(state("mended", hours=1, target="dev"))

    states.forget("prod", "mended")
    last = states.last("prod")

    assert last is not None and last.invocation_id == "good"
    assert [(target, run) for target, _, run in states.all()] == [("dev", "mended"), ("prod", "good")]


def test_the_mask_is_made_once_and_differs_between_stores(store: Store, tmp_path: Path):
    other = open_store(tmp_path / "other.db")

    assert GoodStates(store).mask() == GoodStates(store).mask()
    assert GoodStates(store).mask() != GoodStates(other).mask()
