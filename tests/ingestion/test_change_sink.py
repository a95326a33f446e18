"""A micro-batch of changes lands whole, with its position and its dead letters, or leaves no trace."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aidbt.core.errors import SourceError, WarehouseError
from aidbt.warehouse.duckdb import DuckDBConnection
from ingestion.bronze import SINKS, WRITERS
from ingestion.bronze.base import DiskFull, Fence, RowsMissing, StaleFence, WarehouseDown, WriteConflict
from ingestion.changes import CHANGE_FIELDS, DeadLetter, Destination, MicroBatch, TableChanges
from ingestion.connectors.base import Stream

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ITEMS = pa.schema([("id", pa.int64()), ("name", pa.string())])
LETTER = DeadLetter("shop", 7, "not_exact", "numeric is NaN", '{"id": 1}')
OWN = ("_aidbt_op", "_aidbt_position", "_aidbt_sequence", "_aidbt_unchanged")


def to(table: str = "items", source: str = "shop", source_table: str | None = None) -> Destination:
    return Destination("bronze", table, source, source_table or f"public.{table}", "postgres")


def changes(
    *rows: tuple[Any, ...],
    schema: pa.Schema = ITEMS,
    where: Destination | None = None,
    key: tuple[str, ...] = ("id",),
    version: int = 1,
    letters: tuple[DeadLetter, ...] = (),
    events: int | None = None,
) -> TableChanges:
    """Rows are (op, position, sequence, unchanged or None, the columns' values …)."""
    ops, positions, sequences, unchanged = ([row[n] for row in rows] for n in range(4))
    columns = [pa.array([row[4 + number] for row in rows], field.type) for number, field in enumerate(schema)]
    at = pa.nulls(len(rows), CHANGE_FIELDS[3].type)
    own = [
        pa.array(ops, pa.string()),
        pa.array(positions, pa.int64()),
        pa.array(sequences, pa.int64()),
        at,
        at,
        pa.array(unchanged, pa.list_(pa.string())),
    ]
    return TableChanges(
        to=where or to(),
        rows=pa.Table.from_arrays([*columns, *own], schema=pa.schema([*schema, *CHANGE_FIELDS])),
        key=key,
        schema_version=version,
        events=len(rows) + len(letters) if events is None else events,
        dead_letters=letters,
    )


def batch(*pieces: TableChanges, position: dict[str, Any] | None = None, **more: Any) -> MicroBatch:
    found = [p for piece in pieces for p in piece.rows["_aidbt_position"].to_pylist()]
    first, last = (min(found), max(found)) if found else (0, 0)
    events = sum(piece.events for piece in pieces)
    given = {"source": "shop", "first": first, "last": last, "events": events, **more}
    return MicroBatch(changes=pieces, position=position or {"": {"lsn": last}}, **given)


class Sink:
    """A sink of the test's warehouse, at noon, that can be looked into."""

    def __init__(self, connection: DuckDBConnection) -> None:
        self.sink = SINKS.load("duckdb")(connection)
        self.writer = WRITERS.load("duckdb")(connection)
        self.connection = connection
        self.rows = connection.rows
        self.sink.prepare("bronze")

    def land(self, *pieces: TableChanges, now: datetime = NOON, **more: Any) -> Any:
        options = {name: more.pop(name) for name in ("fence", "replayed") if name in more}
        return self.sink.commit(batch(*pieces, **more), "bronze", now=now, **options)

    def log(self, *columns: str, table: str = "items") -> list[tuple[Any, ...]]:
        """Columns of a change log, in its order."""
        named = ", ".join(f'"{name}"' for name in columns)
        return self.rows(f"select {named} from bronze.{table} order by _aidbt_position, _aidbt_sequence")


@contextlib.contextmanager
def opened(bronze: Any) -> Iterator[Sink]:
    with bronze.warehouse.connect(read_only=False) as connection:
        yield Sink(connection)


@pytest.fixture
def sink(bronze):
    with opened(bronze) as sink:
        yield sink


def test_every_dialect_with_a_sink_is_known():
    assert SINKS.names() == ["duckdb"]


def test_rows_dead_letters_and_position_are_one_commit(sink):
    done = sink.land(
        changes(("c", 10, 1, None, 1, "one"), ("u", 12, 2, ["name"], 1, None), letters=(LETTER,)),
        changes(("d", 12, 1, None, 9, None), where=to("orders")),
        position={"": {"lsn": 13}, "table:public.items": {"snapshot": None}},
    )

    items, orders = done.tables
    assert (items.rows_landed, items.dead_letters, orders.rows_landed) == (2, 1, 1)
    assert sink.log("id", "name", *OWN, "_aidbt_loaded_at", "_aidbt_batch_id") == [
        (1, "one", "c", 10, 1, None, NOON, items.batch_id),
        (1, None, "u", 12, 2, ["name"], NOON, items.batch_id),
    ]
    assert sink.rows(
        "select table_name, source_table, rows_read, rows_landed, rows_rejected, position, columns "
        "from bronze._aidbt_loads order by 1"
    ) == [
        (
            "items", "public.items", 3, 2, 1, '{"first": 10, "last": 12, "schema_version": 1}',
            '[{"name": "id", "type": "BIGINT", "key": true}, {"name": "name", "type": "VARCHAR"}]',
        ),
        (
            "orders", "public.orders", 1, 1, 0, '{"first": 12, "last": 12, "schema_version": 1}',
            '[{"name": "id", "type": "BIGINT", "key": true}, {"name": "name", "type": "VARCHAR"}]',
        ),
    ]  # fmt: skip
    state = sink.sink.state("bronze", "shop")
    assert state.parts == {"": {"lsn": 13}, "table:public.items": {"snapshot": None}}
    assert state.tables["public.items"].batch_id == items.batch_id
    assert state.tables["public.orders"].position == {"first": 12, "last": 12, "schema_version": 1}


def test_parts_that_are_not_named_keep_their_position_and_other_sources_have_their_own(sink):
    sink.land(position={"a": 1, "b": [2]}, is_idle=True)
    sink.land(position={"b": {"three": "ü"}}, is_idle=True)
    sink.land(position={"a": 9}, is_idle=True, source="crm")

    assert sink.sink.state("bronze", "shop").parts == {"a": 1, "b": {"three": "ü"}}
    assert sink.sink.state("bronze", "crm").parts == {"a": 9}
    assert sink.rows("from bronze._aidbt_loads") == []


def test_all_pieces_of_a_table_are_one_batch_whatever_their_schema(sink):
    wider = ITEMS.append(pa.field("price", pa.decimal128(10, 2)))
    done = sink.land(
        changes(("c", 1, 1, None, 1, "one")),
        changes(("c", 1, 2, None, 5, "five"), where=to("orders")),
        changes(("c", 2, 1, None, 2, "two", 3), schema=wider, version=2),
        changes(("c", 3, 1, None, 3, "three")),
    )

    assert {table.to.table: table.rows_landed for table in done.tables} == {"items": 3, "orders": 1}
    assert done.tables[0].schema_changes == (
        "added price (DECIMAL(10,2))",
        "no longer sent: price (DECIMAL(10,2)), NULL from now on",
    )
    assert sink.rows("select count(distinct _aidbt_batch_id), count(price) from bronze.items") == [(1, 1)]


TWO = ("c", 2, 1, None, 2, "b")


def broken(*pieces: TableChanges) -> Iterator[TableChanges]:
    yield from pieces
    raise SourceError("the spill is broken", hint="mend it")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda: batch(changes(TWO, events=2)), "2 events were read, but they are 1 row"),
        (lambda: batch(changes(TWO), events=3), "has 3 events, but its tables have 1"),
        (
            lambda: batch(changes(TWO, letters=(LETTER,)), changes(where=to("_aidbt_Loads"))),
            "loads are recorded under that name",
        ),
        (lambda: MicroBatch("shop", broken(changes(TWO)), 2, 2, {"": 2}, 1), "the spill is broken"),
    ],
)  # fmt: skip
def test_what_does_not_add_up_leaves_no_trace(sink, fault, message):
    sink.land(changes(("c", 1, 1, None, 1, "a")), position={"": 1})

    with pytest.raises((WarehouseError, SourceError), match=message):
        sink.sink.commit(fault(), "bronze", now=NOON)

    assert sink.log("id") == [(1,)]
    assert sink.sink.state("bronze", "shop").parts == {"": 1}
    assert sink.rows("select count(*) from bronze._aidbt_loads") == [(1,)]
    assert sink.rows("from bronze._aidbt_dead_letters") == []
    sink.land(changes(("c", 2, 1, None, 2, "b")), position={"": 2})
    assert sink.log("id") == [(1,), (2,)]


def test_a_row_that_is_lost_in_the_warehouse_is_noticed(sink, monkeypatch):
    """As when a driver drops rows: in place of all rows, all but one are given to DuckDB."""
    from ingestion.bronze.duckdb_table import Landing

    insert = Landing.insert
    monkeypatch.setattr(Landing, "insert", lambda self, rows, fit: insert(self, rows.slice(1), fit))

    with pytest.raises(WarehouseError, match="2 events were read, but 1 landed and 0 are dead letters"):
        sink.land(changes(("c", 1, 1, None, 1, "a"), ("c", 1, 2, None, 2, "b")))
    assert sink.rows("select count(*) from duckdb_tables() where table_name = 'items'") == [(0,)]


def test_a_table_of_batches_and_a_change_log_are_not_mixed(sink):
    sink.writer.write(Stream(ITEMS, iter([])), to("full"), now=NOON)
    sink.land(changes(("c", 1, 1, None, 1, "a")))

    with pytest.raises(WarehouseError, match="full holds complete batches of full loads") as caught:
        sink.land(changes(("c", 1, 1, None, 1, "a"), where=to("full")))
    assert "another bronze_schema" in caught.value.hint
    with pytest.raises(WarehouseError, match="items is a change log") as caught:
        sink.writer.write(Stream(ITEMS, iter([])), to(), now=NOON)
    assert "aidbt ingest cdc" in caught.value.hint


def test_changes_of_another_table_are_not_mixed_in(sink):
    sink.land(changes(("c", 1, 1, None, 1, "a")))

    with pytest.raises(
        WarehouseError, match=r"holds loads of shop\.public\.items; those of shop\.other\.items"
    ):
        sink.land(changes(("c", 2, 1, None, 2, "b"), where=to(source_table="other.items")))
    with pytest.raises(WarehouseError, match=r"a\.new and b\.new would both land in bronze\.new"):
        sink.land(
            changes(("c", 2, 1, None, 2, "b"), where=to("new", source_table="a.new")),
            changes(("c", 2, 2, None, 2, "b"), where=to("new", source_table="b.new")),
        )


def test_a_clock_that_is_set_back_moves_neither_batch_ids_nor_load_times_back(sink):
    clock = [NOON, NOON - timedelta(days=30), NOON - timedelta(days=400), NOON + timedelta(seconds=1)]

    done = [
        sink.land(changes(("c", n, 1, None, n, "x")), now=now).tables[0]
        for n, now in enumerate(clock, start=1)
    ]

    assert sink.log("_aidbt_loaded_at") == [(NOON,), (NOON,), (NOON,), (clock[-1],)]
    ids = [table.batch_id for table in done]
    assert ids == sorted(set(ids)) == [row[0] for row in sink.log("_aidbt_batch_id")]
    assert [table.rows_landed for table in done] == [1, 1, 1, 1]


def test_a_full_load_at_a_clock_that_is_set_back_has_the_load_time_of_the_one_before(sink):
    row = pa.record_batch([[1], ["a"]], schema=ITEMS)
    for now in (NOON, NOON - timedelta(days=1)):
        sink.writer.write(Stream(ITEMS, iter([row])), to("full"), now=now)

    assert sink.rows("select _aidbt_loaded_at, count(*) from bronze.full group by 1") == [(NOON, 2)]


# --- fences -------------------------------------------------------------------------------------------


def test_a_lower_token_is_refused_and_writes_nothing(sink):
    sink.land(changes(("c", 1, 1, None, 1, "a")), position={"": 1}, fence=Fence("stream:shop", 4))
    sink.land(changes(("c", 2, 1, None, 2, "b")), position={"": 2}, fence=Fence("stream:shop", 4))
    sink.land(changes(("c", 3, 1, None, 3, "c")), position={"": 3}, fence=Fence("stream:shop", 5))

    with pytest.raises(StaleFence, match=r"taken over stream:shop \(its token is 5, ours 4\)") as caught:
        sink.land(changes(("c", 4, 1, None, 4, "d")), position={"": 4}, fence=Fence("stream:shop", 4))
    assert (caught.value.seen, caught.value.retryable) == (5, False)
    assert sink.log("id") == [(1,), (2,), (3,)]
    sink.land(changes(("c", 4, 1, None, 4, "d")), fence=Fence("stream:other", 1))
    assert set(sink.sink.state("bronze", "shop").parts) == {""}


def test_a_claimed_fence_stops_whoever_held_it_before_its_next_commit(sink):
    sink.land(changes(("c", 1, 1, None, 1, "a")), fence=Fence("stream:shop", 4))
    assert sink.sink.fence_token("bronze", "stream:shop") == 4

    sink.sink.claim("bronze", Fence("stream:shop", 5))

    with pytest.raises(StaleFence):
        sink.land(changes(("c", 2, 1, None, 2, "b")), fence=Fence("stream:shop", 4))
    with pytest.raises(StaleFence):
        sink.sink.claim("bronze", Fence("stream:shop", 4))
    with pytest.raises(StaleFence):
        sink.writer.write(Stream(ITEMS, iter([])), to("full"), now=NOON, fence=Fence("stream:shop", 4))
    assert sink.sink.fence_token("bronze", "stream:shop") == 5
    assert sink.sink.fence_token("bronze", "stream:nobody") is None


def test_a_fence_that_is_claimed_while_a_commit_is_open_is_a_conflict_not_a_loss(sink):
    sink.sink.claim("bronze", Fence("stream:shop", 4))

    def claimed_meanwhile() -> Iterator[TableChanges]:
        yield changes(TWO)
        sink.sink.claim("bronze", Fence("stream:shop", 5))

    with pytest.raises(WriteConflict) as caught:
        sink.sink.commit(
            MicroBatch("shop", claimed_meanwhile(), 2, 2, {}, 1), "bronze", now=NOON,
            fence=Fence("stream:shop", 4),
        )  # fmt: skip
    assert caught.value.retryable
    assert sink.sink.state("bronze", "shop").tables == {}
    assert sink.sink.fence_token("bronze", "stream:shop") == 5


# --- keys that change ---------------------------------------------------------------------------------

DOCUMENTS = pa.schema(
    [("id", pa.int64()), ("zone", pa.string()), ("text", pa.string()), ("tags", pa.list_(pa.string()))]
)


def documents(*rows: tuple[Any, ...]) -> TableChanges:
    return changes(*rows, schema=DOCUMENTS, where=to("documents"), key=("id", "zone"))


def documents_now(sink: Sink) -> list[tuple[Any, ...]]:
    return sink.log("id", "text", "tags", "_aidbt_unchanged", table="documents")


def test_values_that_were_not_sent_follow_a_changed_key(sink):
    sink.land(
        documents(
            ("c", 1, 1, None, 1, "a", "long text", ["x"]),
            ("c", 1, 2, None, 1, "b", "of another zone", ["y"]),
            ("u", 2, 1, ["text"], 1, "a", None, ["x", "z"]),
        )
    )
    sink.land(
        documents(
            ("d", 3, 1, None, 1, "a", None, None),
            ("c", 3, 2, ["text", "tags"], 2, "a", None, None),
            ("u", 4, 1, ["text"], 2, "a", None, ["new"]),
        )
    )

    assert documents_now(sink)[-3:] == [
        (1, None, None, None),
        (2, "long text", ["x", "z"], None),
        (2, None, ["new"], ["text"]),
    ]


def test_values_follow_a_chain_of_changed_keys_in_one_batch(sink):
    sink.land(
        documents(
            ("c", 1, 1, None, 1, "a", "one", ["1"]),
            ("d", 2, 1, None, 1, "a", None, None),
            ("c", 2, 2, ["text", "tags"], 2, "a", None, None),
        ),
        documents(
            ("u", 3, 1, ["text"], 2, "a", None, ["2"]),
            ("d", 4, 1, None, 2, "a", None, None),
            ("c", 4, 2, ["text", "tags"], 3, "b", None, None),
            ("d", 4, 3, None, 3, "b", None, None),
            ("c", 4, 4, ["text"], 1, "a", None, ["4"]),
            ("d", 5, 1, None, 1, "a", None, None),
            ("c", 5, 2, ["text", "tags"], 9, "a", None, None),
        ),
    )

    assert [row for row in documents_now(sink) if row[1] or row[2]] == [
        (1, "one", ["1"], None),
        (2, "one", ["1"], None),
        (2, None, ["2"], ["text"]),
        (3, "one", ["2"], None),
        (1, "one", ["4"], None),
        (9, "one", ["4"], None),
    ]


def test_values_follow_a_changed_key_whose_new_row_comes_later_out_of_a_dead_letter(sink):
    sink.land(documents(("c", 1, 1, None, 1, "a", "long text", ["x"])))
    sink.land(documents(("d", 2, 1, None, 1, "a", None, None)))
    sink.land(documents(("c", 2, 2, ["text"], 2, "a", None, ["y"])), position={})

    assert documents_now(sink)[-1] == (2, "long text", ["y"], None)


def test_an_unchanged_column_without_any_value_so_far_stays_unknown(sink):
    schema = pa.schema([("id", pa.int64()), ("text", pa.null())])
    sink.land(changes(("c", 1, 1, None, 1, None), schema=schema))
    sink.land(changes(("d", 2, 1, None, 1, None), ("c", 2, 2, ["text"], 2, None), schema=schema))

    assert sink.log("id", "_aidbt_unchanged")[-1] == (2, ["text"])


def test_a_value_that_nobody_knows_is_not_made_up(sink):
    sink.land(
        documents(
            ("d", 4, 1, None, 1, "a", None, None),
            ("c", 4, 2, ["text", "tags"], 2, "a", None, None),
            ("u", 5, 1, None, 2, "a", "later", ["t"]),
        )
    )

    assert documents_now(sink)[1] == (2, None, None, ["tags", "text"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_values_of_changed_keys_equal_those_of_the_source(sink, data):
    """Random histories of two rows whose keys move, cut anywhere into batches, against a source in memory."""
    table = f"docs{next(_TABLES)}"
    schema = pa.schema([("id", pa.int64()), ("a", pa.string()), ("b", pa.string())])
    source: dict[int, dict[str, str]] = {}
    expected: dict[tuple[int, int], dict[str, str]] = {}
    rows: list[tuple[Any, ...]] = []
    for position in range(1, data.draw(st.integers(2, 12)) + 1):
        if not source or (len(source) < 2 and data.draw(st.booleans())):
            key = data.draw(st.sampled_from([n for n in range(4) if n not in source]))
            source[key] = {"a": f"a{position}", "b": f"b{position}"}
            rows.append(("c", position, 1, None, key, *source[key].values()))
            continue
        key = data.draw(st.sampled_from(sorted(source)))
        values = source[key]
        changed = [name for name in ("a", "b") if data.draw(st.booleans())]
        values |= {name: f"{name}{position}" for name in changed}
        unchanged = [name for name in ("a", "b") if name not in changed] or None
        sent = [values[name] if name in changed else None for name in ("a", "b")]
        if data.draw(st.booleans()):
            new = data.draw(st.sampled_from([n for n in range(4) if n not in source]))
            source[new] = source.pop(key)
            rows += [("d", position, 1, None, key, None, None), ("c", position, 2, unchanged, new, *sent)]
            expected[position, 2] = dict(values)
        else:
            rows.append(("u", position, 1, unchanged, key, *sent))
    while rows:
        size = data.draw(st.integers(1, len(rows)))
        if size < len(rows) and rows[size - 1][0] == "d" and rows[size][2] == 2:
            size += 1  # a batch holds whole transactions
        piece, rows = rows[:size], rows[size:]
        sink.land(changes(*piece, schema=schema, where=to(table)))

    found = sink.rows(
        f"select _aidbt_position, _aidbt_sequence, a, b, _aidbt_unchanged from bronze.{table} "
        "where _aidbt_op = 'c' and _aidbt_sequence = 2"
    )
    assert {(p, s): {"a": a, "b": b} for p, s, a, b, _ in found} == expected
    assert all(unchanged is None for *_, unchanged in found)


_TABLES = itertools.count(1)


def test_a_table_without_columns_lands(sink):
    sink.land(changes(("c", 1, 1, None), ("t", 2, 1, None), schema=pa.schema([]), key=()))

    assert sink.log("_aidbt_op", "_aidbt_position") == [("c", 1), ("t", 2)]


def test_lists_of_extension_types_land_as_they_are(sink):
    ids = pa.array([[b"0123456789abcdef"], None], pa.list_(pa.binary(16))).cast(pa.list_(pa.uuid()))
    docs = pa.array([['{"a": 1}'], []]).cast(pa.list_(pa.json_()))
    plain = changes(("c", 1, 1, None, 1, "a"), ("c", 1, 2, None, 2, "b"))
    rows = plain.rows.add_column(2, "ids", ids).add_column(3, "docs", docs)

    sink.land(dataclasses.replace(plain, rows=rows))

    assert sink.log("ids", "docs") == [([UUID(bytes=b"0123456789abcdef")], ['{"a": 1}']), (None, [])]


def test_names_in_the_list_of_unchanged_columns_are_those_of_bronze(sink):
    schema = pa.schema([("id", pa.int64()), ("a", pa.string()), ("A", pa.string())])
    sink.land(
        changes(
            ("c", 1, 1, None, 1, "x", "X"), ("u", 2, 1, ["A"], 1, "y", None), ("u", 3, 1, [], 1, "y", "Y"),
            ("u", 4, 1, ["a", "A"], 1, None, None), schema=schema,
        )
    )  # fmt: skip

    assert sink.log("a", "A_2", "_aidbt_unchanged") == [
        ("x", "X", None), ("y", None, ["A_2"]), ("y", "Y", []), (None, None, ["a", "A_2"]),
    ]  # fmt: skip
    assert json.loads(sink.rows("select columns from bronze._aidbt_loads")[0][0])[2] == {
        "name": "A_2", "type": "VARCHAR", "source": "A",
    }  # fmt: skip


def test_a_column_called_rowid_leaves_changed_keys_as_they_came(sink):
    schema = pa.schema([("id", pa.int64()), ("RowId", pa.int64()), ("text", pa.string())])
    sink.land(
        changes(
            ("c", 1, 1, None, 1, 5, "long"), ("d", 2, 1, None, 1, None, None),
            ("c", 2, 2, ["text"], 2, 6, None), schema=schema,
        )
    )  # fmt: skip

    assert sink.log("id", "text", "_aidbt_unchanged")[-1] == (2, None, ["text"])


# --- columns that change ------------------------------------------------------------------------------


def priced(position: int, kind: pa.DataType, value: Any, version: int) -> TableChanges:
    schema = pa.schema([("id", pa.int64()), ("price", kind)])
    return changes(("c", position, 1, None, position, value), schema=schema, version=version)


def test_a_type_that_does_not_fit_lands_in_a_column_of_its_own_and_the_stream_goes_on(bronze):
    said = []
    steps = [(pa.int32(), 1), (pa.int64(), 2**40), (pa.string(), "n/a"), (pa.float64(), 0.5), (pa.int16(), 7)]
    for number, (kind, value) in enumerate([*steps, (pa.string(), "again")], start=1):
        with opened(bronze) as sink:  # a new one each time: what it knows stands in the warehouse
            done = sink.land(priced(number, kind, value, version=number))
            said.append(done.tables[0].schema_changes)

    assert said == [
        (),
        ("widened price (INTEGER → BIGINT)",),
        ("retyped price (BIGINT → VARCHAR): its values now go to price__varchar",),
        (
            "retyped price (BIGINT → DOUBLE): its values now go to price__double",
            "no longer sent: price__varchar (VARCHAR), NULL from now on",
        ),
        ("no longer sent: price__double (DOUBLE), NULL from now on", "sent again: price"),
        ("no longer sent: price (BIGINT), NULL from now on", "sent again: price__varchar"),
    ]
    assert bronze.rows("select price, price__varchar, price__double from bronze.items order by id") == [
        (1, None, None), (2**40, None, None), (None, "n/a", None),
        (None, None, 0.5), (7, None, None), (None, "again", None),
    ]  # fmt: skip
    assert bronze.rows("select distinct position->>'schema_version' from bronze._aidbt_loads order by 1") == [
        (str(version),) for version in range(1, 7)
    ]


def test_a_value_that_was_not_sent_may_stand_where_the_column_landed_before_it_was_retyped(bronze):
    schema = pa.schema([("id", pa.int64()), ("price", pa.float64())])
    with opened(bronze) as sink:
        sink.land(priced(1, pa.int32(), 5, version=1))
    with opened(bronze) as sink:
        sink.land(priced(2, pa.string(), "n/a", version=2))
    with opened(bronze) as sink:
        sink.land(changes(("u", 3, 1, ["price"], 1, None), schema=schema, version=3))

    unchanged = bronze.rows("select _aidbt_unchanged from bronze.items where _aidbt_position = 3")
    assert unchanged == [(["price__double", "price", "price__varchar"],)]


def test_a_column_whose_type_comes_and_goes_has_one_column_for_each_type(bronze):
    numbers = pa.schema([("id", pa.int64()), ("name", pa.int64())])
    for position in (1, 4):
        with opened(bronze) as sink:  # a new one: what it knows stands in the warehouse
            sink.land(
                changes(("c", position, 1, None, 1, "one")),
                changes(("c", position, 2, None, 2, 2), schema=numbers),
                changes(("c", position, 3, None, 3, "three")),
                changes(("c", position, 4, None, 4, 4), schema=numbers),
                changes(("c", position, 5, None, 5, "five")),
            )

    found = bronze.rows(
        "select columns('^[a-z].*') from bronze.items order by _aidbt_position, _aidbt_sequence"
    )
    assert found == [(1, "one", None), (2, None, 2), (3, "three", None), (4, None, 4), (5, "five", None)] * 2


def test_a_key_in_a_column_of_its_own_is_still_the_key(sink):
    sink.land(changes(("c", 1, 1, None, 1, "a")))
    texts = pa.schema([("id", pa.string()), ("name", pa.string())])

    sink.land(changes(("c", 2, 1, None, "x", "b"), schema=texts, version=2))

    (columns,) = sink.rows("select columns from bronze._aidbt_loads order by batch_id desc limit 1")[0]
    assert json.loads(columns)[0] == {"name": "id__varchar", "type": "VARCHAR", "source": "id", "key": True}


# --- dead letters -------------------------------------------------------------------------------------


def letter(place: int, cause: str = "not_exact") -> DeadLetter:
    return DeadLetter("slot", place, cause, f"reason {place}", f'{{"n": {place}}}')


def test_dead_letters_are_grouped_by_table_and_cause(sink):
    sink.land(changes(letters=(letter(1), letter(2))), changes(letters=(letter(3),), where=to("orders")))
    sink.land(changes(letters=(letter(4), letter(5, "wrong_type"))))
    sink.land(changes(letters=(letter(6),), where=to("t", source="crm")), source="crm")

    groups = sink.sink.dead_letters("bronze", "shop")

    assert [(g.source_table, g.table, g.cause, g.waiting, g.replayed) for g in groups] == [
        ("public.items", "items", "not_exact", 3, 0),
        ("public.items", "items", "wrong_type", 1, 0),
        ("public.orders", "orders", "not_exact", 1, 0),
    ]
    assert groups[0].example == letter(4)
    assert groups[0].first_batch_id < groups[0].last_batch_id
    assert {group.source for group in sink.sink.dead_letters("bronze")} == {"shop", "crm"}


def test_dead_letters_of_no_known_table_make_none(sink):
    unknown = to("_unknown", source_table="")
    nothing = changes(schema=pa.schema([]), where=unknown, key=(), letters=(letter(1),))

    done = sink.land(nothing, changes(("c", 1, 1, None, 1, "a")))
    sink.land(nothing)

    assert (done.tables[0].rows_landed, done.tables[0].dead_letters) == (0, 1)
    assert sink.rows("select count(*) from duckdb_tables() where table_name = '_unknown'") == [(0,)]
    assert [kept.to for kept in sink.sink.letters("bronze", "shop")] == [unknown, unknown]


def test_a_record_that_is_no_unicode_is_kept_with_escapes(sink):
    sink.land(changes(letters=(dataclasses.replace(letter(1), raw="a\udce9\x00b"),)))

    (kept,) = sink.sink.letters("bronze", "shop")
    assert kept.letter.raw == "a\\udce9\x00b"


def test_letters_are_found_by_table_and_cause_oldest_first(sink):
    sink.land(changes(letters=(letter(1), letter(2, "wrong_type"))))
    sink.land(changes(letters=(letter(3),)), changes(letters=(letter(4),), where=to("orders")))

    def places(**which: Any) -> list[int]:
        return [kept.letter.place for kept in sink.sink.letters("bronze", "shop", **which)]

    assert places() == [1, 2, 3, 4]
    assert places(table="public.items") == places(table="items") == [1, 2, 3]
    assert places(cause="not_exact", limit=2) == [1, 3]
    assert places(table="orders", cause="wrong_type") == []
    assert sink.sink.letters("bronze", "crm") == []
    assert sink.sink.letters("bronze", "shop", table="orders")[0].to == to("orders")


def test_a_replay_lands_and_marks_its_letters_in_one_commit(sink):
    sink.land(changes(("c", 5, 1, None, 5, "five"), letters=(letter(1), letter(2))), position={"": 5})
    before = sink.sink.state("bronze", "shop")
    ids = [kept.letter_id for kept in sink.sink.letters("bronze", "shop")]

    replay = MicroBatch("shop", [changes(("c", 1, 1, None, 1, "one"), letters=(letter(2),))], 1, 1, {}, 2)
    done = sink.sink.commit(replay, "bronze", now=NOON, replayed=ids)

    (waiting,) = sink.sink.letters("bronze", "shop")
    assert (waiting.letter.place, waiting.batch_id) == (2, done.tables[0].batch_id)
    (group,) = sink.sink.dead_letters("bronze", "shop")
    assert (group.waiting, group.replayed) == (1, 2)
    assert sink.sink.state("bronze", "shop") == before  # a replay goes on nowhere

    with pytest.raises(WarehouseError, match="2 of 2 dead letters were replayed meanwhile"):
        sink.sink.commit(replay, "bronze", now=NOON, replayed=ids)
    assert sink.rows("select count(*) from bronze.items") == [(2,)]


def test_a_replay_of_which_nothing_came_is_refused(sink):
    sink.land(changes(letters=(letter(1),)), changes(letters=(letter(2),), where=to("orders")))
    ids = [kept.letter_id for kept in sink.sink.letters("bronze", "shop")]

    with pytest.raises(WarehouseError, match=r"letters of bronze\.orders were replayed, but nothing"):
        sink.land(changes(("c", 1, 1, None, 1, "one")), replayed=ids)
    assert len(sink.sink.letters("bronze", "shop")) == 2


def test_rejects_of_earlier_versions_are_taken_over_once(bronze):
    with bronze.warehouse.connect(read_only=False) as connection:
        connection.rows("create schema bronze")
        connection.rows(
            "create table bronze._aidbt_rejects (table_name varchar, batch_id varchar, file varchar, "
            "line bigint, reason varchar, raw varchar)"
        )
        connection.rows("insert into bronze._aidbt_rejects values ('t', 'b1', 'f.csv', 2, 'why', '1,2,3')")
        sink = Sink(connection)
        sink.sink.prepare("bronze")

        assert connection.rows("select * exclude (source) from bronze._aidbt_dead_letters") == [
            ("b1/t/1", "t", "b1", "t", "csv", "f.csv", 2, "wrong_field_count", "why", "1,2,3", None)
        ]
        assert connection.rows("select 1 from duckdb_tables() where table_name = '_aidbt_rejects'") == []


# --- faults -------------------------------------------------------------------------------------------


def test_a_table_that_was_dropped_has_no_state_and_can_be_snapshot_anew(sink):
    sink.land(changes(("c", 1, 1, None, 1, "a")), changes(("c", 1, 2, None, 1, "a"), where=to("orders")))
    sink.rows("drop table bronze.items")

    assert set(sink.sink.state("bronze", "shop").tables) == {"public.orders"}
    with pytest.raises(WarehouseError, match="items"):  # this sink remembers the table; a new one does not
        sink.land(changes(("c", 2, 1, None, 2, "b")))
    sink.land(changes(("t", 3, -1, None, None, None), ("r", 3, 0, None, 3, "c")))
    assert sink.log("id", "_aidbt_op") == [(None, "t"), (3, "r")]


RESTORE = """
create or replace table bronze.items as
select * from bronze.items where _aidbt_batch_id < (select max(_aidbt_batch_id) from bronze.items)
"""
LOSE = {
    "restored": (RESTORE, 2),
    "one row deleted": ("delete from bronze.items where id = 2", 1),
    "emptied": ("delete from bronze.items", 2),
}


@pytest.mark.parametrize("lost", LOSE)
def test_rows_that_somebody_took_away_are_missed_until_the_table_is_read_anew(bronze, lost):
    statement, rows = LOSE[lost]
    with opened(bronze) as sink:
        sink.land(changes(("c", 1, 1, None, 1, "a")), changes(("c", 1, 2, None, 1, "a"), where=to("orders")))
        sink.land(changes(TWO, ("c", 2, 2, None, 3, "c")))
        sink.land(changes(letters=(LETTER,)))  # a batch without rows says nothing of them
        sink.rows(statement)
    with opened(bronze) as sink:
        tables = sink.sink.state("bronze", "shop").tables
        before = sink.log("id", *OWN)

        assert {name: table.rows_missing for name, table in tables.items()} == {
            "public.items": rows,
            "public.orders": 0,
        }
        with pytest.raises(
            RowsMissing, match=f"^{rows} of the rows that landed last in bronze.items"
        ) as error:
            sink.land(changes(("c", 3, 1, None, 4, "d")))
        assert error.value.hint.startswith(
            "take the table anew: aidbt ingest cdc shop --snapshot public.items"
        )
        assert sink.log("id", *OWN) == before

        sink.land(changes(("t", 4, -1, None, None, None), ("r", 4, 0, None, 1, "a")))
        sink.land(changes(("c", 5, 1, None, 5, "e")))
        assert sink.sink.state("bronze", "shop").tables["public.items"].rows_missing == 0


def test_a_stream_whose_records_are_deleted_lands_from_its_beginning_again(bronze):
    first = changes(("c", 1, 1, None, 1, "a"))
    with opened(bronze) as sink:
        sink.land(first, position={"": {"file": 1}})
        sink.rows("truncate bronze.items")
    with opened(bronze) as sink:
        sink.rows("delete from bronze._aidbt_streams where source = 'shop'")
        sink.rows("delete from bronze._aidbt_loads where source = 'shop'")
        assert sink.sink.state("bronze", "shop").parts == {}
        sink.land(first, position={"": {"file": 1}})

        assert sink.log("id", "name") == [(1, "a")]


def test_a_table_that_is_dropped_while_its_stream_runs_is_not_made_anew_in_silence(bronze):
    with opened(bronze) as sink:
        sink.land(changes(TWO))
        sink.rows("drop table bronze.items")
    with opened(bronze) as sink, pytest.raises(RowsMissing):
        sink.land(changes(("c", 3, 1, None, 3, "c")))


def test_the_old_table_of_a_source_that_lands_under_another_name_may_be_dropped(bronze):
    renamed = to("goods", source_table="public.items")
    with opened(bronze) as sink:
        sink.land(changes(TWO))
        sink.land(changes(("t", 3, -1, None, None, None), where=renamed))
        sink.rows("drop table bronze.items")
    with opened(bronze) as sink:
        sink.land(changes(("c", 4, 1, None, 4, "d"), where=renamed))

        assert sink.sink.state("bronze", "shop").tables["public.items"].rows_missing == 0


def test_a_sink_that_is_alone_at_its_connection_has_one_thread(sink):
    threads = "select current_setting('threads')"
    before = sink.rows(threads)
    SINKS.load("duckdb")(sink.connection)
    assert sink.rows(threads) == before

    SINKS.load("duckdb")(sink.connection, alone=True)

    assert sink.rows(threads) == [(1,)]


def test_a_snapshot_of_many_pieces_is_read_in_the_same_session_and_after(bronze):
    """DuckDB 2.0.0 hides rows above one row group of a table that was made by CREATE TABLE AS."""
    pieces = [
        changes(*(("r", 1, 0, None, n, "x") for n in range(start, start + 20_000)))
        for start in range(0, 200_000, 20_000)
    ]
    counted = "select count(distinct id), sum(id) from bronze.items"

    with opened(bronze) as sink:
        assert sink.land(*pieces).tables[0].rows_landed == 200_000
        assert sink.rows(counted) == [(200_000, 19_999_900_000)]
    assert bronze.rows(counted) == [(200_000, 19_999_900_000)]


def test_pieces_are_let_go_one_after_the_other(sink):
    """What DuckDB registers under a name is held until the transaction ends: pieces must not be."""
    held: list[int] = []

    def pieces() -> Iterator[TableChanges]:
        for start in range(0, 40_000, 2_000):
            yield changes(*(("r", 1, 0, None, n, "x" * 100) for n in range(start, start + 2_000)))
            held.append(pa.total_allocated_bytes())

    sink.sink.commit(MicroBatch("shop", pieces(), 1, 1, {}, 40_000), "bronze", now=NOON)

    assert held[-1] - held[0] < 500_000  # one piece has 320,000 bytes, all have 6.4 million


def test_a_table_is_widened_and_filled_in_one_commit_and_read_after_reopening(bronze):
    many = changes(*(("r", 1, 0, None, n, "x") for n in range(130_000)))
    wide = pa.schema([("id", pa.int64()), ("name", pa.string()), ("more", pa.int64())])
    narrow = pa.schema([("id", pa.int32()), ("name", pa.string())])
    with opened(bronze) as sink:
        sink.land(changes(*(("r", 1, 0, None, -n, "y") for n in range(1, 130_001)), schema=narrow))
        done = sink.land(changes(("c", 2, 1, None, 1 << 40, "z", 7), schema=wide), many)
        assert done.tables[0].schema_changes[:2] == ("added more (BIGINT)", "widened id (INTEGER → BIGINT)")
    assert bronze.rows("select count(*), count(distinct id), max(id), sum(more) from bronze.items") == [
        (260_001, 260_001, 1 << 40, 7)
    ]


def test_two_streams_commit_at_once(sink):
    errors: list[BaseException] = []

    def stream(source: str) -> None:
        try:
            for position in range(1, 21):
                where = to(source, source=source)
                sink.sink.commit(
                    batch(changes(("c", position, 1, None, position, "x"), where=where), source=source),
                    "bronze", now=NOON, fence=Fence(f"stream:{source}", 1),
                )  # fmt: skip
        except BaseException as error:  # noqa: BLE001 - reported by the test
            errors.append(error)

    threads = [threading.Thread(target=stream, args=(f"s{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    for number in range(4):
        assert sink.sink.state("bronze", f"s{number}").parts == {"": {"lsn": 20}}
        assert sink.rows(f"select count(*) from bronze.s{number}") == [(20,)]


FULL_DISK = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.ingestion.test_change_sink import fill_the_disk
print(json.dumps(fill_the_disk(Path(sys.argv[1]))))
"""


def fill_the_disk(folder: Path) -> dict[str, Any]:
    """Run in a process of its own: files may not grow beyond a few megabytes, then they may again.

    A write beyond the limit fails as on a full disk, with another number (EFBIG).
    """
    import signal

    from tests.ingestion.helpers import Bronze

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    bronze = Bronze(folder / "warehouse.duckdb")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    landed, failures = 0, []
    while len(failures) < 2:
        with opened(bronze) as sink:
            landed = sink.sink.state("bronze", "shop").parts.get("", 0)
            limit = landed * 100_000 + 4_000_000
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            try:
                while True:
                    rows = (("c", landed + 1, n, None, n, f"{n}{'x' * 60}") for n in range(4_000))
                    sink.land(changes(*rows), position={"": landed + 1})
                    landed += 1
            except WarehouseDown as error:
                failures.append(f"{type(error).__name__}: {error.message}")
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with opened(bronze) as sink:
        position = sink.sink.state("bronze", "shop").parts[""]
        counts = sink.rows("select _aidbt_position, count(*) from bronze.items group by 1 order by 1")
    return {"failures": failures, "position": position, "counts": counts}


@pytest.mark.long
def test_a_disk_that_fills_up_keeps_whole_batches_and_goes_on_when_there_is_room(tmp_path):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path), str(Path(__file__).parents[2])]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["failures"]) == 2
    assert found["counts"] == [[position, 4_000] for position in range(1, found["position"] + 1)]


def test_a_full_disk_is_told_from_a_conflict():
    import duckdb

    from ingestion.bronze.duckdb_run import _translated

    full = duckdb.TransactionException(
        'TransactionContext Error: Failed to commit: Could not write file "w.db.wal": No space left on device'
    )
    assert isinstance(_translated(full), DiskFull)
    assert not _translated(full).retryable
