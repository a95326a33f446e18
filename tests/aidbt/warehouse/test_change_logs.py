"""The rows of a change log as they are now, compared with plain Python that applies the events in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.schema import Column, Relation, TableProfile
from aidbt.warehouse.checks import distinct_values, is_key, rows_lost_by_casts
from aidbt.warehouse.dialects import DIALECTS, render
from aidbt.warehouse.duckdb import DuckDBConnection, DuckDBWarehouse
from aidbt.warehouse.keys import is_composite_key
from aidbt.warehouse.profiling import profile_table
from aidbt.warehouse.rows import change_key, rows_of
from tests.bronze_logs import ChangeLog, Event

ORDERS = {"id": "BIGINT", "status": "VARCHAR", "note": "VARCHAR"}


class Log:
    """A change log in memory, as the warehouse describes it."""

    def __init__(self, columns: dict[str, str], key: Sequence[str]) -> None:
        self.raw = duckdb.connect()
        self.log = ChangeLog(self.raw, "raw", "orders", columns, key)

    @property
    def connection(self) -> DuckDBConnection:
        return DuckDBConnection(self.raw)

    @property
    def relation(self) -> Relation:
        described = self.raw.execute("describe raw.orders").fetchall()
        return Relation("raw", "orders", tuple(Column(name, kind) for name, kind, *_ in described))

    def rows(self, *names: str) -> list[tuple[Any, ...]]:
        rows = rows_of(self.connection, self.relation)
        listed = ", ".join(names)
        source = rows.select().sql("duckdb").removeprefix("SELECT").strip()
        return sorted(self.raw.execute(f"select {listed} {source}").fetchall(), key=repr)

    def profile(self) -> TableProfile:
        return profile_table(self.connection, self.relation, sample_rows=1000)


def events_of(history: Sequence[tuple[str, int, str | None, bool]]) -> list[Event]:
    """A history of one table as a stream sends it: created once, then updated, deleted, truncated."""
    found, alive = [], set()
    for position, (op, key, value, is_sent) in enumerate(history, 1):
        if op == "t":
            found.append(Event("t", position, {}))
            alive.clear()
        elif key not in alive:
            found.append(Event("c", position, {"id": key, "status": value, "note": value}))
            alive.add(key)
        elif op == "d":
            found.append(Event("d", position, {"id": key}))
            alive.discard(key)
        else:
            sent = {"id": key, "status": value} | ({"note": value} if is_sent else {})
            found.append(Event("u", position, sent, unchanged=None if is_sent else ["note"]))
    return found


def applied(events: Sequence[Event]) -> dict[int, tuple[Any, Any]]:
    rows: dict[int, tuple[Any, Any]] = {}
    for event in events:
        key = event.values.get("id")
        if event.op == "t":
            rows.clear()
        elif event.op == "d":
            rows.pop(key, None)
        else:
            kept = rows[key][1] if event.unchanged else event.values.get("note")
            rows[key] = event.values.get("status"), kept
    return rows


HISTORIES = st.lists(
    st.tuples(st.sampled_from("uuuudt"), st.integers(1, 4), st.sampled_from(["a", "b", None]), st.booleans()),
    max_size=15,
)


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(history=HISTORIES, data=st.data())
def test_the_rows_are_what_applying_the_events_in_order_gives(history, data):
    events = events_of(history)
    duplicates = data.draw(st.lists(st.sampled_from(events), max_size=3)) if events else []
    log = Log(ORDERS, ["id"])
    log.log.land(data.draw(st.permutations([*events, *duplicates])))

    wanted = sorted([(key, *values) for key, values in applied(events).items()], key=repr)
    assert log.rows("id", "status", "note") == wanted


def test_a_new_snapshot_takes_the_rows_before_it_away():
    log = Log(ORDERS, ["id"])
    log.log.land([Event("c", 10, {"id": 1}), Event("c", 11, {"id": 2})])
    log.log.land([Event("t", 20, {}, sequence=-1), Event("r", 20, {"id": 2, "status": "new"}, sequence=0)])

    assert log.rows("id", "status") == [(2, "new")]


def test_a_backfilled_column_keeps_the_others():
    log = Log(ORDERS, ["id"])
    log.log.land([Event("c", 10, {"id": 1, "status": "open", "note": "n"})])
    log.log.add_column("discount", "DOUBLE")
    backfilled = Event("u", 20, {"id": 1, "discount": 0.5}, sequence=0, unchanged=["status", "note"])
    log.log.land([backfilled])

    assert log.rows("id", "status", "note", "discount") == [(1, "open", "n", 0.5)]


def test_without_a_key_every_row_behind_the_last_truncation_counts():
    log = Log(ORDERS, [])
    log.log.land(
        [Event("c", 1, {"id": 1}), Event("t", 2, {}), Event("c", 3, {"id": 2}), Event("c", 4, {"id": 2})]
    )

    assert change_key(log.connection, log.relation) == ()
    assert log.rows("id") == [(2,), (2,)]


def test_a_log_without_a_load_behind_it_is_read_whole():
    """Somebody selected * from bronze into another schema."""
    log = Log(ORDERS, ["id"])
    log.log.land([Event("c", 1, {"id": 1}), Event("d", 2, {"id": 1})])
    log.raw.execute("create schema copy; create table copy.orders as from raw.orders")

    copied = Relation("copy", "orders", log.relation.columns)

    assert change_key(log.connection, copied) is None
    assert rows_of(log.connection, copied).first(duckdb_count()) == (2,)


def duckdb_count() -> Any:
    from sqlglot import exp

    return exp.Count(this=exp.Star())


def test_a_profile_is_of_the_rows_as_they_are_now():
    log = Log(ORDERS, ["id"])
    log.log.land([Event("c", n, {"id": n, "status": "open", "note": f"note {n}"}) for n in range(1, 101)])
    log.log.land([Event("u", 100 + n, {"id": n, "status": "paid"}, unchanged=["note"]) for n in range(1, 51)])
    log.log.land([Event("d", 200 + n, {"id": n}) for n in range(91, 101)])

    profile = log.profile()

    assert profile.row_count == 90
    assert profile.keys == ("id", "note")
    assert [c.name for c in profile.columns] == [*ORDERS, "_aidbt_loaded_at", "_aidbt_batch_id"]
    status, note = profile.column("status"), profile.column("note")
    assert status is not None and dict(status.top_values) == pytest.approx({"paid": 5 / 9, "open": 4 / 9})
    assert note is not None and note.null_rate == 0
    loaded = profile.column("_aidbt_loaded_at")
    assert loaded is not None and loaded.role == "load_time"


def test_the_declared_key_of_several_columns_is_the_key_of_the_profile():
    """No statistics would take two texts for a key."""
    log = Log({"a": "VARCHAR", "b": "VARCHAR", "c": "VARCHAR"}, ["a", "c"])
    rows = [Event("r", 1, {"a": f"x{n % 5}", "b": "y", "c": f"z{n // 5}"}, sequence=0) for n in range(20)]
    log.log.land(rows)

    assert log.profile().composite_keys == (("a", "c"),)
    assert is_composite_key(log.connection, log.relation, ["a", "c"])


def test_every_question_about_rows_is_about_those_of_now():
    log = Log({"id": "BIGINT", "amount": "VARCHAR"}, ["id"])
    log.log.land([Event("c", 1, {"id": 1, "amount": "many"}), Event("c", 2, {"id": 2, "amount": "7"})])
    log.log.land([Event("u", 3, {"id": 1, "amount": "8"})])
    connection, relation = log.connection, log.relation

    lost = rows_lost_by_casts(connection, relation, [("amount", "integer")])

    assert lost == {("amount", "integer"): 0}
    assert distinct_values(connection, relation, ["amount"], limit=9) == {"amount": ["7", "8"]}
    assert is_key(connection, relation, "id")


def test_the_fingerprint_follows_the_last_batch(tmp_path: Path):
    with duckdb.connect(str(tmp_path / "w.duckdb")) as raw:
        log = ChangeLog(raw, "raw", "orders", ORDERS, ["id"])
        log.land([Event("c", 1, {"id": 1})])
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")

    def mark() -> str:
        relations = [r for r in warehouse.relations() if r.name == "orders"]
        [profile] = warehouse.profile(relations, sample_rows=100)
        return profile.fingerprint

    before, again = mark(), mark()
    with duckdb.connect(str(tmp_path / "w.duckdb")) as raw:
        raw.execute("insert into raw._aidbt_loads select * replace ('b9' as batch_id) from raw._aidbt_loads")

    assert before == again != mark()


class Recorder:
    """A warehouse that knows one change log and answers nothing else."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if "information_schema" in sql.lower() or sql.startswith("SHOW"):
            return [(1,)]
        if "max(" in sql.lower():
            return [("orders", "b7")]
        if "b7" in sql:
            return [("orders", "postgres", '[{"name": "id", "type": "BIGINT", "key": true}]')]
        return [(20, -1)]


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "duckdb"])
def test_elsewhere_the_latest_rows_are_a_subquery(dialect: str):
    fold = str.upper if dialect == "snowflake" else str
    names = ["id", "status", "_aidbt_op", "_aidbt_position", "_aidbt_sequence", "_aidbt_batch_id"]
    relation = Relation("raw", fold("orders"), tuple(Column(fold(name), "text") for name in names))
    connection = Recorder(dialect)

    rows = rows_of(connection, relation)

    assert change_key(connection, relation) == (fold("id"),)
    assert rows.relation.column_names == [fold("id"), fold("status"), fold("_aidbt_batch_id")]
    assert rows.relation.kind == "view"  # so that no block of the log is drawn as a sample of its rows
    statement = render(rows.select(duckdb_count()), dialect).lower()
    assert "partition by" in statement
    assert "> 20" in statement
