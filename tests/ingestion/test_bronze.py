"""A batch in bronze is complete or not there at all, whatever happens."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from aidbt.core.errors import SourceError, WarehouseError
from ingestion.bronze import WRITERS
from ingestion.bronze.base import Destination, WriteConflict
from ingestion.bronze.batch_ids import next_batch_id
from ingestion.bronze.names import distinct
from ingestion.connectors.base import DeadLetter, Stream

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SCHEMA = pa.schema([("id", pa.int64())])


def batch(*ids: int) -> pa.RecordBatch:
    return pa.record_batch({"id": pa.array(ids, pa.int64())})


def stream(*batches: pa.RecordBatch, **more: object) -> Stream:
    return Stream(SCHEMA, iter(batches), **more)


def to(table: str = "t", source: str = "shop", source_table: str | None = None) -> Destination:
    return Destination("bronze", table, source, source_table or table, "csv")


@pytest.fixture
def writer(bronze):
    """A writer of the test's warehouse, with the schema `bronze` prepared."""
    with bronze.warehouse.connect(read_only=False) as connection:
        writer = WRITERS.load("duckdb")(connection)
        writer.prepare("bronze")
        writer.rows = connection.rows
        yield writer


def test_every_dialect_with_a_writer_is_known():
    assert WRITERS.names() == ["duckdb"]


def test_what_stands_in_the_table_of_loads(writer):
    landed = writer.write(
        stream(batch(1, 2), position={"lsn": "0/1"}, rejected=[DeadLetter("f", 3, "cause", "why", "raw")]),
        to(),
        now=NOON,
    )

    assert (landed.rows_landed, landed.rows_rejected) == (2, 1)
    assert writer.rows("select * exclude (aidbt_version) from bronze._aidbt_loads") == [
        (
            "t", "20261120T120000.000000Z-0001", NOON, "shop", "t", "csv", 3, 2, 1,
            '{"lsn": "0/1"}', '[{"name": "id", "type": "BIGINT"}]',
        )
    ]  # fmt: skip
    assert writer.rows("select * from bronze._aidbt_dead_letters") == [
        (
            f"{landed.batch_id}/t/1", "t", landed.batch_id, "shop", "t", "csv",
            "f", 3, "cause", "why", "raw", None,
        )
    ]  # fmt: skip
    assert writer.rows("select distinct _aidbt_loaded_at, _aidbt_batch_id from bronze.t") == [
        (NOON, landed.batch_id)
    ]


def test_batch_ids_ascend_as_text_even_when_the_clock_is_set_back(writer):
    clock = [NOON, NOON - timedelta(days=400), NOON, NOON + timedelta(microseconds=1), NOON - timedelta(1)]

    ids = [writer.write(stream(batch(1)), to(), now=now).batch_id for now in clock]

    assert ids == sorted(set(ids))
    assert {len(batch_id) for batch_id in ids} == {28}
    assert writer.rows("select max(_aidbt_batch_id) from bronze.t") == [(ids[-1],)]
    assert writer.write(stream(batch(1)), to("other"), now=NOON).batch_id == ids[0]


def test_batch_ids_go_on_when_their_number_is_used_up():
    assert next_batch_id(NOON, "20261120T120000.999999Z-9999") == "20261120T120001.000000Z-0001"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "A", "a_2"], ["a", "A_3", "a_2"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["", "column_1", ""], ["column_1", "column_1_2", "column_3"]),
        (["É", "é"], ["É", "é_2"]),
    ],
)
def test_names_that_are_equal_without_case_are_told_apart(names, expected):
    assert distinct(names) == expected


def test_a_batch_of_many_row_groups_is_read_in_the_same_session_and_after(writer, bronze):
    """DuckDB 2.0.0 hides such rows when the table was made by CREATE TABLE AS in the same transaction."""
    batches = [batch(*range(start, start + 50_000)) for start in range(0, 400_000, 50_000)]

    assert writer.write(stream(*batches), to(), now=NOON).rows_landed == 400_000
    assert writer.rows("select count(distinct id), sum(id) from bronze.t") == [(400_000, 79_999_800_000)]


def test_a_stream_that_fails_leaves_nothing_and_its_own_error_comes_out(writer):
    writer.write(stream(batch(1)), to(), now=NOON)

    def failing():
        yield batch(*range(200_000))
        raise SourceError("the wire broke", hint="mend it")

    with pytest.raises(SourceError, match="the wire broke") as caught:
        writer.write(Stream(SCHEMA, failing()), to(), now=NOON)

    assert caught.value.hint == "mend it"
    assert writer.rows("select id from bronze.t") == [(1,)]
    assert len(writer.rows("select * from bronze._aidbt_loads")) == 1


def test_a_stream_that_is_stopped_leaves_nothing(writer):
    stop = threading.Event()

    def stopping():
        yield batch(1)
        stop.set()
        yield batch(2)

    with pytest.raises(SourceError, match="stopped"):
        writer.write(Stream(SCHEMA, stopping()), to(), now=NOON, stop=stop)
    assert writer.rows("select count(*) from duckdb_tables() where table_name = 't'") == [(0,)]


def test_counts_that_do_not_agree_are_rolled_back(writer):
    class Miscounted(Stream):
        @property
        def rows_read(self) -> int:
            return super().rows_read + 1

    with pytest.raises(WarehouseError, match="3 rows were read, but 2 landed and 0 were rejected"):
        writer.write(Miscounted(SCHEMA, [batch(1, 2)]), to(), now=NOON)
    assert writer.rows("select count(*) from duckdb_tables() where table_name = 't'") == [(0,)]
    assert writer.rows("select * from bronze._aidbt_loads") == []


def test_loads_of_another_source_are_not_mixed_in(writer):
    writer.write(stream(batch(1)), to("t", source_table="T"), now=NOON)

    with pytest.raises(
        WarehouseError, match=r"bronze.t holds loads of shop.T; those of shop.t would be mixed"
    ):
        writer.write(stream(batch(2)), to("t"), now=NOON)
    with pytest.raises(WarehouseError, match=r"those of crm\.T would be mixed"):
        writer.write(stream(batch(2)), to("t", source="crm", source_table="T"), now=NOON)


def test_tables_and_views_that_aidbt_did_not_make_are_left_alone(writer):
    writer.rows("create table bronze.mine (id bigint)")
    writer.rows("create view bronze.seen as select 1 as id")

    with pytest.raises(WarehouseError, match="exists, and aidbt did not make it"):
        writer.write(stream(batch(1)), to("mine"), now=NOON)
    with pytest.raises(WarehouseError, match="is a view in the warehouse"):
        writer.write(stream(batch(1)), to("seen"), now=NOON)
    assert writer.rows("select * from bronze.mine") == []


@pytest.mark.parametrize("table", ["_aidbt_loads", "_AIDBT_Rejects"])
def test_a_table_named_like_ours_is_refused(table, writer):
    with pytest.raises(SourceError, match="loads are recorded under that name"):
        writer.write(stream(batch(1)), to(table), now=NOON)


def test_many_threads_commit_to_the_table_of_loads_at_once(writer):
    errors: list[BaseException] = []
    together = threading.Barrier(8)

    def load(number: int) -> None:
        def batches():
            yield batch(*range(1000))
            together.wait(timeout=30)  # all eight transactions are open, and commit one on another's heels
            yield batch(*range(1000, 150_000))

        try:
            for repeat in range(3):
                source = batches() if repeat == 0 else iter([batch(1)])
                writer.write(Stream(SCHEMA, source), to(f"t{number}"), now=NOON)
        except BaseException as error:  # noqa: BLE001 - reported by the test
            errors.append(error)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    counted = (
        "select table_name, sum(rows_landed), count(distinct batch_id) from bronze._aidbt_loads group by 1"
    )
    assert sorted(writer.rows(counted)) == [(f"t{number}", 150_002, 3) for number in range(8)]


def test_two_first_loads_of_one_table_at_once_are_a_conflict_that_may_be_tried_again(writer):
    def interrupted():
        yield batch(1)
        with pytest.raises(WriteConflict) as caught:
            writer.write(stream(batch(2)), to(), now=NOON)
        assert caught.value.retryable
        yield batch(3)

    writer.write(Stream(SCHEMA, interrupted()), to(), now=NOON)
    assert writer.rows("select id from bronze.t order by id") == [(1,), (3,)]
    assert writer.write(stream(batch(4)), to(), now=NOON).batch_id == "20261120T120000.000000Z-0002"


LOADER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import pyarrow as pa
from aidbt.warehouse.duckdb import DuckDBWarehouse
from ingestion.bronze.base import Destination
from ingestion.bronze.duckdb import DuckDBWriter
from ingestion.connectors.base import Stream

def batches():
    for start in range(0, 500_000, 50_000):
        yield pa.record_batch({"id": pa.array(range(start, start + 50_000), pa.int64())})
    print("reading", flush=True)
    sys.stdin.read()  # until the test kills this process

with DuckDBWarehouse(Path(sys.argv[1])).connect(read_only=False) as connection:
    writer = DuckDBWriter(connection)
    stream = Stream(pa.schema([("id", pa.int64())]), batches())
    writer.write(stream, Destination("bronze", "t", "shop", "t", "csv"), now=datetime.now(UTC))
"""


def test_a_killed_process_leaves_no_part_of_a_batch(bronze):
    with bronze.warehouse.connect(read_only=False) as connection:
        writer = WRITERS.load("duckdb")(connection)
        writer.prepare("bronze")
        first = writer.write(stream(batch(1, 2, 3)), to(), now=NOON)

    command = [sys.executable, "-c", LOADER, str(bronze.warehouse.path)]
    folder = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=folder) as loader:
        assert loader.stdout is not None
        assert loader.stdout.readline() == "reading\n"
        loader.send_signal(signal.SIGKILL)

    assert bronze.rows("select _aidbt_batch_id, count(*) from bronze.t group by 1") == [(first.batch_id, 3)]
    assert bronze.rows("select batch_id from bronze._aidbt_loads") == [(first.batch_id,)]
