"""Latest row per key and history of a change log: however it arrives, in any number of runs, one result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.change_logs import CompilerError, Model
from tests.end_to_end.change_log_oracle import Event, histories, latest_rows

KEY = ("order", "Teil ö")
VALUES = ("a", "it's", "b")
LOG = """
create table log (
    "order" integer, "Teil ö" varchar, a integer, "it's" varchar, b decimal(6, 2), _aidbt_op varchar,
    _aidbt_position bigint, _aidbt_sequence bigint, _aidbt_event_at timestamptz,
    _aidbt_committed_at timestamptz, _aidbt_unchanged varchar[], _aidbt_loaded_at timestamptz,
    _aidbt_batch_id varchar
)
"""
KEYS = [(number, text) for number in (1, 2) for text in ("x", "y")]
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Shrinking would take minutes; the long form does it.
SOON = settings(PATIENT, max_examples=20, derandomize=True, phases=[Phase.explicit, Phase.generate])
OFTEN = settings(PATIENT, max_examples=300)


def at(second: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)


@dataclass
class Warehouse:
    """A change log in DuckDB with a model of each kind over it."""

    connection: duckdb.DuckDBPyConnection

    def __post_init__(self) -> None:
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute(LOG)
        self.latest = Model(self.connection, "aidbt_latest", "log", "latest", KEY)
        self.history = Model(self.connection, "aidbt_history", "log", "history", KEY)

    def land(self, events: Iterable[Event]) -> None:
        self.connection.register("landing", pa.table(_columns(list(events))))
        self.connection.execute("insert into log by name from landing")
        self.connection.unregister("landing")

    def run(self, *, full_refresh: bool = False) -> None:
        for model in (self.latest, self.history):
            model.run(full_refresh=full_refresh)

    def latest_rows(self) -> list[dict[str, Any]]:
        return self.rows("from latest order by all")

    def versions(self) -> list[dict[str, Any]]:
        return self.rows("from history order by all")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.connection.sql(sql).to_arrow_table().to_pylist()


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with duckdb.connect() as connection:
        yield Warehouse(connection)


def event(key: int, op: str, place: tuple[int, int], /, batch: int = 1, **values: Any) -> Event:
    """An event of the key (key, "x"); columns that are not named hold NULL."""
    unchanged = values.pop("unchanged", None)
    whole = {name: values.get(name) for name in VALUES}
    return Event((key, "x"), op, *place, whole, unchanged, at=place[0] * 60, batch=batch)


def truncate(place: tuple[int, int], batch: int = 1) -> Event:
    return replace(event(0, "t", place, batch), key=())


def _columns(events: Sequence[Event]) -> dict[str, Any]:
    fields: dict[str, tuple[pa.DataType, list[Any]]] = {
        "order": (pa.int32(), [event.key[0] if event.key else None for event in events]),
        "Teil ö": (pa.string(), [event.key[1] if event.key else None for event in events]),
        "a": (pa.int32(), [event.values["a"] for event in events]),
        "it's": (pa.string(), [event.values["it's"] for event in events]),
        "b": (pa.int32(), [event.values["b"] for event in events]),
        "_aidbt_op": (pa.string(), [event.op for event in events]),
        "_aidbt_position": (pa.int64(), [event.position for event in events]),
        "_aidbt_sequence": (pa.int64(), [event.sequence for event in events]),
        "_aidbt_event_at": (pa.timestamp("us", "UTC"), [at(event.at + 1) for event in events]),
        "_aidbt_committed_at": (pa.timestamp("us", "UTC"), [at(event.at) for event in events]),
        "_aidbt_unchanged": (pa.list_(pa.string()), [event.unchanged for event in events]),
        # Two batches may be loaded at the same time; their ids differ.
        "_aidbt_loaded_at": (pa.timestamp("us", "UTC"), [at(event.batch // 2) for event in events]),
        "_aidbt_batch_id": (pa.string(), [batch_id(event.batch) for event in events]),
    }
    return {name: pa.array(values, data_type) for name, (data_type, values) in fields.items()}


def batch_id(batch: int) -> str:
    return f"20260101T000000.000000Z-{batch:04}"


def expected_latest(events: Sequence[Event]) -> list[dict[str, Any]]:
    rows = [_common(version) for version in latest_rows(events).values()]
    return in_order(rows)


def expected_versions(events: Sequence[Event]) -> list[dict[str, Any]]:
    rows = [
        {
            **_common(version),
            "_aidbt_valid_from": at(version.event.at),
            "_aidbt_valid_to": None if version.valid_to is None else at(version.valid_to),
            "_aidbt_is_current": version.is_current,
        }
        for version in histories(events)
    ]
    return in_order(rows)


def _common(version: Any) -> dict[str, Any]:
    event = version.event
    return {
        **dict(zip(KEY, version.key, strict=True)),
        **{name: version.values.get(name) for name in VALUES},
        "_aidbt_op": event.op,
        "_aidbt_position": event.position,
        "_aidbt_sequence": event.sequence,
        "_aidbt_event_at": at(event.at + 1),
        "_aidbt_committed_at": at(event.at),
        "_aidbt_unchanged": None if event.unchanged is None else list(event.unchanged),
        "_aidbt_loaded_at": at(version.batch // 2),
        "_aidbt_batch_id": batch_id(version.batch),
        "_aidbt_is_deleted": event.is_deleted,
    }


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["order"], row["Teil ö"], row["_aidbt_position"]))


def check(warehouse: Warehouse, events: Sequence[Event]) -> None:
    """Both tables hold what the oracle says, and the current versions are the latest rows."""
    assert in_order(warehouse.latest_rows()) == expected_latest(events)
    assert in_order(warehouse.versions()) == expected_versions(events)
    columns = ", ".join(f'"{name}"' for name in (*KEY, *VALUES))
    current = warehouse.rows(f"select {columns} from history where _aidbt_is_current order by all")
    assert current == warehouse.rows(f"select {columns} from latest where not _aidbt_is_deleted order by all")


@st.composite
def arrivals(draw: st.DrawFn) -> list[list[list[Event]]]:
    """Runs of batches of events: any history of four keys, in any order, with duplicates."""
    places = st.lists(st.tuples(st.integers(1, 7), st.integers(1, 3)), unique=True, min_size=5, max_size=16)
    events = [_any_event(draw, place) for place in draw(places)]
    for position in draw(st.lists(st.integers(1, 6), unique=True, max_size=2)):
        # A snapshot: what was before is gone, then the rows that are there, all at one place.
        events.append(truncate((position, -1)))
        events += [_any_event(draw, (position, 0), key=key, op="r") for key in KEYS if draw(st.booleans())]
    order = draw(st.sampled_from(["in order", "disordered"]))
    if order == "disordered":
        events = draw(st.permutations(events))
        events += [draw(st.sampled_from(events)) for _ in range(draw(st.integers(0, 4))) if events]
    else:
        events.sort(key=lambda event: event.place)
    batches = _cut(draw, events)
    numbered = [[replace(event, batch=n) for event in batch] for n, batch in enumerate(batches, 1)]
    return _cut(draw, numbered)


def _any_event(draw: st.DrawFn, place: tuple[int, int], key: Any = None, op: str | None = None) -> Event:
    op = op or draw(st.sampled_from(["c", "u", "u", "u", "u", "d", "t"]))
    if op == "t":
        return truncate(place)
    # One key has most of the events, so that much happens to it.
    key = key or draw(st.sampled_from([*KEYS, *KEYS[:1] * 4]))
    unchanged = None
    values: dict[str, Any] = dict.fromkeys(VALUES)
    if op != "d":
        values = {
            "a": draw(st.sampled_from([None, 1])),
            "it's": draw(st.sampled_from(["p", "q"])),
            "b": draw(st.sampled_from([None, 1, 2])),
        }
    if op == "u":
        unchanged = draw(st.sampled_from([None, (), ("it's",), ("a", "b"), ("a", "it's"), VALUES]))
        values |= dict.fromkeys(unchanged or ())
    return Event(key, op, *place, values, unchanged, at=place[0] * 60)


def _cut(draw: st.DrawFn, items: list[Any]) -> list[list[Any]]:
    cuts = sorted(draw(st.lists(st.integers(0, len(items)), min_size=1, max_size=5)))
    return [items[a:b] for a, b in zip([0, *cuts], [*cuts, len(items)], strict=True)]


def any_order_in_any_number_of_runs_is_one_full_build(runs: list[list[list[Event]]]) -> None:
    events = [event for run in runs for batch in run for event in batch]
    with duckdb.connect() as connection:
        warehouse = Warehouse(connection)
        for run in runs:
            for batch in run:
                warehouse.land(batch)
            warehouse.run()
        check(warehouse, events)
        warehouse.run()
        check(warehouse, events)
        warehouse.run(full_refresh=True)
        check(warehouse, events)


@given(runs=arrivals())
@SOON
@pytest.mark.long
def test_any_order_of_arrival_in_any_number_of_runs_is_one_full_build(runs: list[list[list[Event]]]):
    any_order_in_any_number_of_runs_is_one_full_build(runs)


@pytest.mark.long
@given(runs=arrivals())
@OFTEN
def test_any_order_in_any_number_of_runs_is_one_full_build_tried_long(
    runs: list[list[list[Event]]],
):
    any_order_in_any_number_of_runs_is_one_full_build(runs)


def test_a_late_older_event_does_not_bring_a_deleted_key_back(warehouse: Warehouse):
    warehouse.land([event(1, "d", (5, 1), batch=1)])
    warehouse.run()
    warehouse.land([event(1, "c", (4, 1), a=1, batch=2)])
    warehouse.run()

    (row,) = warehouse.latest_rows()
    assert (row["_aidbt_is_deleted"], row["_aidbt_op"], row["a"]) == (True, "d", None)
    kept, ended = warehouse.versions()
    assert (kept["a"], kept["_aidbt_valid_from"], kept["_aidbt_valid_to"]) == (1, at(240), at(300))
    assert ended["_aidbt_valid_from"] == ended["_aidbt_valid_to"] == at(300)


def test_a_key_that_is_created_again_gets_a_new_version(warehouse: Warehouse):
    warehouse.land([event(1, "c", (1, 1), a=1), event(1, "d", (2, 1)), event(1, "c", (3, 1), a=1)])
    warehouse.run()

    assert [row["_aidbt_is_deleted"] for row in warehouse.latest_rows()] == [False]
    spans = [(row["_aidbt_valid_from"], row["_aidbt_valid_to"], row["a"]) for row in warehouse.versions()]
    assert sorted(spans, key=str) == [(at(60), at(120), 1), (at(120), at(120), None), (at(180), None, 1)]


def test_what_a_truncate_removed_stays_gone_when_an_older_row_comes_late(warehouse: Warehouse):
    warehouse.land([truncate((5, 1))])
    warehouse.run()
    warehouse.land([event(1, "c", (4, 1), a=1, batch=2), event(2, "c", (6, 1), a=2, batch=2)])
    warehouse.run()

    assert {row["order"]: row["_aidbt_is_deleted"] for row in warehouse.latest_rows()} == {1: True, 2: False}


def test_a_truncate_that_comes_late_ends_what_its_own_transaction_began(warehouse: Warehouse):
    events = [event(1, "c", (1, 1), a=1), event(1, "u", (6, 1), a=2), truncate((1, 2), batch=2)]
    for run in (events[:2], events[2:]):
        warehouse.land(run)
        warehouse.run()

    check(warehouse, events)
    assert [row["_aidbt_is_deleted"] for row in in_order(warehouse.versions())] == [True, False]


def test_a_truncate_is_not_applied_again_when_another_one_comes_late(warehouse: Warehouse):
    events = [
        event(1, "r", (4, 0), a=1),
        truncate((5, -1)),
        event(1, "r", (5, 0), a=1),
        truncate((4, -1), batch=2),
    ]
    for run in (events[:3], events[3:]):
        warehouse.land(run)
        warehouse.run()

    check(warehouse, events)
    assert [row["_aidbt_is_current"] for row in warehouse.versions()] == [True]


def test_an_unchanged_row_read_again_by_a_snapshot_is_one_version_and_a_missing_one_is_deleted(
    warehouse: Warehouse,
):
    warehouse.land([event(1, "c", (1, 1), a=1), event(2, "c", (1, 2), a=2)])
    warehouse.run()
    warehouse.land([event(1, "r", (9, 0), a=1, batch=2)])
    warehouse.run()
    warehouse.land([truncate((9, -1), batch=3)])
    warehouse.run()

    (kept,) = (row for row in warehouse.versions() if row["order"] == 1)
    assert (kept["_aidbt_valid_from"], kept["_aidbt_is_current"]) == (at(60), True)
    assert {row["order"]: row["_aidbt_is_deleted"] for row in warehouse.latest_rows()} == {1: False, 2: True}


def test_a_row_that_its_own_transaction_overwrote_is_no_version(warehouse: Warehouse):
    warehouse.land([event(1, "c", (1, 1), a=1), event(1, "u", (1, 2), a=2), event(1, "u", (1, 3), a=3)])
    warehouse.run()

    assert [row["a"] for row in warehouse.versions()] == [3]


def test_a_value_that_is_not_sent_for_a_long_time_is_still_known(warehouse: Warehouse):
    warehouse.land([event(1, "c", (1, 1), a=1, b=1)])
    for number in (2, 3, 4):
        warehouse.run()
        warehouse.land([event(1, "u", (number, 1), b=number, unchanged=("a",), batch=number)])
    warehouse.run()

    assert warehouse.rows("select a, b from latest") == [{"a": 1, "b": 4}]
    assert [(row["a"], row["b"]) for row in in_order(warehouse.versions())] == [
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 4),
    ]


def test_a_value_that_was_not_sent_is_the_newest_one_known_even_when_that_comes_late(warehouse: Warehouse):
    warehouse.land([event(1, "c", (1, 1), a=1, b=1), event(1, "u", (5, 1), b=2, unchanged=("a",), batch=1)])
    warehouse.run()
    assert warehouse.rows("select a, b from latest") == [{"a": 1, "b": 2}]

    warehouse.land([event(1, "u", (4, 1), a=7, b=1, batch=2)])
    warehouse.run()

    assert warehouse.rows("select a, b from latest") == [{"a": 7, "b": 2}]
    assert [row["a"] for row in in_order(warehouse.versions())] == [1, 7, 7]


def test_a_new_column_that_is_filled_afterwards_leaves_the_others_as_they_were(warehouse: Warehouse):
    warehouse.land([event(1, "c", (1, 1), a=1, b=1), event(2, "c", (1, 2), a=2, b=2)])
    warehouse.run()
    warehouse.connection.execute("alter table log add column discount decimal(4, 2)")
    warehouse.land([event(1, "u", (5, 0), unchanged=VALUES, batch=2)])
    warehouse.connection.execute("update log set discount = 0.25 where _aidbt_position = 5")
    warehouse.run()

    latest = '"order", a, b, cast(discount as varchar) as discount from latest order by all'
    assert warehouse.rows(f"select {latest}") == [
        {"order": 1, "a": 1, "b": 1, "discount": "0.25"},
        {"order": 2, "a": 2, "b": 2, "discount": None},
    ]
    continued = in_order(warehouse.latest_rows()), in_order(warehouse.versions())
    warehouse.run(full_refresh=True)
    assert (in_order(warehouse.latest_rows()), in_order(warehouse.versions())) == continued


def test_batches_without_news_cost_nothing_and_change_nothing(warehouse: Warehouse):
    warehouse.run()
    assert warehouse.latest_rows() == warehouse.versions() == []

    warehouse.land([event(1, "c", (1, 1), a=1)])
    warehouse.run()
    before = warehouse.latest_rows(), warehouse.versions()
    warehouse.run()

    assert (warehouse.latest_rows(), warehouse.versions()) == before
    assert "1 = 0" in warehouse.latest.compiled()


def test_a_run_in_order_reads_neither_the_rows_it_replaces_nor_the_log_behind_them(warehouse: Warehouse):
    warehouse.land([event(1, "c", (1, 1), a=1)])
    warehouse.run()
    warehouse.land([event(1, "u", (2, 1), a=2, batch=2)])

    sql = warehouse.latest.compiled()
    assert "latest" not in sql
    assert sql.count("_aidbt_batch_id > ") == sql.count("from log")


def test_batches_that_ascend_are_not_asked_for_the_last_load_of_a_key(warehouse: Warehouse):
    events = [event(1, "c", (1, 1), a=1, batch=1), event(1, "u", (2, 1), a=2, batch=2)]
    warehouse.land(events)

    assert "loaded" not in warehouse.latest.compiled().replace("_aidbt_loaded_at", "")
    warehouse.run()
    check(warehouse, events)


def test_an_event_that_comes_again_in_the_same_run_is_of_the_load_that_brought_it_last(warehouse: Warehouse):
    events = [event(key, "r", (1, 0), batch=batch, a=key) for batch in (1, 2) for key in range(50)]
    warehouse.land(events)
    warehouse.run()

    assert {row["_aidbt_batch_id"] for row in warehouse.latest_rows()} == {batch_id(2)}
    check(warehouse, events)


def test_the_newest_of_events_at_the_highest_places_there_are_is_found(warehouse: Warehouse):
    highest = 2**63 - 1
    places = [(highest, highest), (highest, highest - 1), (highest - 1, highest), (highest, -1)]
    warehouse.land(
        replace(event(1, "u", (1, 1), a=number), position=position, sequence=sequence)
        for number, (position, sequence) in enumerate(places)
    )
    warehouse.latest.run()

    assert warehouse.rows("select a from latest") == [{"a": 0}]


@pytest.mark.parametrize(
    ("config", "key", "message"),
    [
        ({}, ["order", "nummer"], "key column nummer is not in log"),
        ({"unique_key": ["order"]}, list(KEY), "must name the same columns"),
        ({"unique_key": None}, list(KEY), "unique_key is not set"),
        ({"incremental_strategy": "append"}, list(KEY), r"use 'delete\+insert'"),
        ({"on_schema_change": "ignore"}, list(KEY), "on_schema_change='sync_all_columns'"),
    ],
)
def test_a_configuration_that_would_lose_rows_is_refused(
    warehouse: Warehouse, config: dict[str, Any], key: list[str], message: str
):
    model = Model(warehouse.connection, "aidbt_latest", "log", "latest", key, config)

    with pytest.raises(CompilerError, match=message):
        model.run()


def test_what_is_no_change_log_is_refused(warehouse: Warehouse):
    warehouse.connection.execute("create table plain (id integer)")

    for relation, message in (("plain", "not a change log"), ("nothing", "is not there")):
        with pytest.raises(CompilerError, match=message):
            Model(warehouse.connection, "aidbt_latest", relation, "latest", ["id"]).run()


def test_a_type_that_was_widened_is_not_rounded_silently(warehouse: Warehouse):
    warehouse.land([event(1, "c", (1, 1), b=1)])
    warehouse.run()
    warehouse.connection.execute("alter table log alter b type decimal(8, 4)")
    warehouse.latest.config["on_schema_change"] = "append_new_columns"

    with pytest.raises(CompilerError, match=r"b is DECIMAL\(8,4\) in log and DECIMAL\(6,2\) in latest"):
        warehouse.latest.run()


def test_merge_on_duckdb_is_warned_of(warehouse: Warehouse):
    warehouse.latest.config["incremental_strategy"] = "merge"

    warehouse.latest.compiled()

    assert len(warehouse.latest.warnings) == 1
    assert "delete+insert" in warehouse.latest.warnings[0]
