"""Reading a big table through several connections: complete, once, at one moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidbt.core.errors import SourceError
from ingestion.connectors.postgres import ranges
from ingestion.connectors.postgres.ranges import block_ranges, merged, worthwhile_parts
from tests.ingestion.helpers import Bronze, Database


@given(blocks=st.integers(0, 10_000), parts=st.integers(1, 40))
def test_ranges_cover_every_block_once(blocks: int, parts: int) -> None:
    found = block_ranges(blocks, parts)

    assert found[0].first == 0 and found[-1].end is None
    assert [r.end for r in found[:-1]] == [r.first for r in found[1:]]
    assert all(r.first < r.end for r in found[:-1] if r.end is not None)
    sizes = [r.end - r.first for r in found[:-1] if r.end is not None]
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_only_a_big_table_is_read_through_several_connections() -> None:
    assert worthwhile_parts(0, 8) == worthwhile_parts(100 << 20, 8) == 1
    assert worthwhile_parts(200 << 20, 8) == 3
    assert worthwhile_parts(1 << 40, 8) == 8


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Tables are big from 64 kB on; gives how many parts each reading had."""
    counts: list[int] = []

    def counted(parts: Any) -> Any:
        counts.append(len(parts))
        return merged(parts)

    monkeypatch.setattr(ranges, "_PART_BYTES", 1 << 16)
    monkeypatch.setattr("ingestion.connectors.postgres.source.merged", counted)
    yield counts


ROWS = "insert into {} select i, repeat('x', i % 200) from generate_series(1, 6000) i;"


@pytest.mark.parametrize(
    "sql",
    [
        "create table t (id int, note text);" + ROWS.format("t") + "delete from t where id % 3 = 0",
        "create table t (id int, note text) partition by range (id);"
        "create table a partition of t for values from (0) to (1000);"
        "create table b partition of t for values from (1000) to (9000);" + ROWS.format("t"),
        "create table t (id int, note text);" + ROWS.format("t") + "create table a (more int) inherits (t);"
        "insert into a select i, 'child', 1 from generate_series(7000, 7100) i",
    ],
    ids=["plain", "partitioned", "inherited"],
)
def test_a_table_read_in_ranges_is_complete(
    database: Database, bronze: Bronze, small_parts: list[int], sql: str
) -> None:
    database.psql(sql)

    load = bronze.land_one(database.connector(tables=["t"]))

    wanted = database.psql("select count(*), sum(id), sum(length(note)) from t")
    landed = bronze.rows("select count(*), sum(id), sum(length(note)) from bronze_shop.t")[0]
    assert small_parts and small_parts[0] > 2
    assert load.reconciles
    assert "\t".join(map(str, landed)) == wanted


def test_all_ranges_see_the_table_at_the_moment_of_the_snapshot(
    database: Database, small_parts: list[int]
) -> None:
    database.psql("create table t (id int, note text);" + ROWS.format("t"))
    source = database.connector().open()
    (table,) = source.tables()
    database.psql(
        "update t set id = id + 100000; insert into t select i, 'new' from generate_series(1, 9000) i"
    )

    with source.read(table) as stream:
        ids = pa.Table.from_batches(list(stream.reader(stream.schema.names))).column("id").to_pylist()
    source.close()

    assert small_parts[0] > 2
    assert sorted(ids) == list(range(1, 6001))


def test_what_cannot_land_in_one_range_fails_the_table(
    database: Database, bronze: Bronze, small_parts: list[int]
) -> None:
    database.psql(
        "create table t (id int, note text, n numeric(5, 1));"
        + ROWS.format("t (id, note)")
        + "update t set n = 'NaN' where id = 5999"
    )

    load = bronze.land_one(database.connector())

    assert load.status == "failed" and "column n" in (load.error or "")
    assert load.rows_landed == 0 and small_parts[0] > 2


def test_a_reading_that_is_given_up_leaves_no_thread(database: Database, small_parts: list[int]) -> None:
    database.psql("create table t (id int, note text);" + ROWS.format("t") + ROWS.format("t"))
    source = database.connector().open()
    (table,) = source.tables()

    with source.read(table) as stream:
        stream.reader(stream.schema.names).read_next_batch()
    source.close()

    assert small_parts[0] > 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("aidbt-range")]


def test_a_big_table_leaves_half_of_the_connections_to_others(
    database: Database, bronze: Bronze, small_parts: list[int]
) -> None:
    database.psql("create table t (id int, note text);" + ROWS.format("t"))

    bronze.land(database.connector(connections=4))
    bronze.land(database.connector(name="one", connections=1))

    assert small_parts == [2]
    assert bronze.value("select count(*) from bronze_one.t") == 6000


def test_the_first_error_ends_the_others() -> None:
    def endless() -> Iterator[pa.RecordBatch]:
        while True:
            yield pa.record_batch({"a": [1]})

    def failing() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"a": [2]})
        raise SourceError("gone")

    with pytest.raises(SourceError, match="gone"):
        for _ in merged([endless(), failing(), endless()]):
            pass
