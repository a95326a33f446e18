"""Changes of a real PostgreSQL in bronze: snapshot, then stream, with no gap and no overlap."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from aidbt.core.errors import SettingsError, UnknownName
from ingestion.bronze import SINKS
from ingestion.cdc.postgres import source as source_module
from ingestion.cdc.postgres import transactions
from ingestion.changes import BatchLimits, StreamState
from ingestion.spill import ChangeFile
from tests.ingestion.helpers import Database
from tests.ingestion.streams import AT_ONCE, Stream, forget, lsn, slot, source_rows


@pytest.fixture
def streamed(database: Database) -> Iterator[Database]:
    """An empty database whose slots and publications are dropped in the end."""
    yield database
    forget(database)


@pytest.fixture
def stream(streamed: Database, bronze: Any, tmp_path: Any) -> Stream:
    """All tables of the database, streamed."""
    return Stream(streamed.connector(cdc={}), bronze, tmp_path / "scratch")


def test_a_snapshot_and_then_what_changes(streamed, stream):
    streamed.psql(
        "create table t (id int primary key, v text);"
        "insert into t select g, repeat('x', g) from generate_series(1, 5) g"
    )
    stream.run()
    assert stream.operations("t") == "trrrrr"

    streamed.psql(
        "insert into t values (10, 'new'); update t set v = 'u' where id = 1; delete from t where id = 2"
    )
    streamed.psql("update t set id = 30 where id = 3")
    stream.run()

    assert stream.operations("t") == "trrrrrcuddc"
    assert stream.now("t") == source_rows(streamed, "t")
    *_, first, second = [batch for batch in stream.batches if batch.events][-1:] * 2
    assert first is second and first.events == 5 and not first.is_idle
    committed = {row["_aidbt_committed_at"] is None for row in stream.log("t") if row["_aidbt_op"] in "cud"}
    assert committed == {False}


@pytest.mark.long
def test_nothing_is_lost_or_doubled_while_two_writers_write_through_snapshot_and_stream(streamed, stream):
    streamed.psql(
        "create table a (id int primary key, n int); create table b (id int primary key, n int);"
        "insert into a select g, 0 from generate_series(1, 500) g;"
        "insert into b select g, 0 from generate_series(1, 500) g"
    )
    end = threading.Event()

    def write(seed: int) -> None:
        connection = psycopg2.connect(streamed.url)
        with connection.cursor() as cursor:
            number = seed
            while not end.is_set():
                number = (number * 1103515245 + 12345) % 2**31
                key = number // 7 % 600
                for table in ("a", "b"):
                    if number // 5 % 5 == 0:
                        cursor.execute(f"delete from {table} where id = %s", (key,))
                    else:
                        cursor.execute(
                            f"insert into {table} values (%s, %s) "
                            f"on conflict (id) do update set n = {table}.n + 1",
                            (key, number),
                        )
                if number // 3 % 4:
                    connection.commit()
                else:
                    connection.rollback()
            connection.commit()
        connection.close()

    writers = [threading.Thread(target=write, args=(seed,)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    try:
        time.sleep(0.1)
        for _ in range(3):
            stream.run(limits=BatchLimits(events=200))
    finally:
        end.set()
        for writer in writers:
            writer.join()
    stream.run()

    for table in ("a", "b"):
        assert stream.now(table) == source_rows(streamed, table)
        places = [(row["_aidbt_position"], row["_aidbt_sequence"]) for row in stream.log(table)]
        streamed_places = [place for place in places if place[1] > 0]
        assert len(streamed_places) == len(set(streamed_places)) > 20


def test_each_batch_is_whole_transactions_and_continues_where_the_last_one_ended(streamed, stream):
    streamed.psql("create table t (id int primary key)")
    stream.run()
    for begin in range(0, 100, 10):
        streamed.psql(f"insert into t select generate_series({begin}, {begin + 9})")

    batches = [batch for batch in stream.run(limits=BatchLimits(events=25)) if batch.events]

    assert [batch.events % 10 for batch in batches] == [0] * len(batches)
    assert sum(batch.events for batch in batches) == 100
    assert len(batches) > 2
    ends = [batch.position[""]["lsn"] for batch in batches]
    assert ends == sorted(ends)
    assert all(batch.first <= batch.last < batch.position[""]["lsn"] for batch in batches)


@pytest.mark.long
def test_a_transaction_larger_than_the_limit_is_spilled_and_comes_whole(streamed, stream):
    streamed.psql("create table t (id int primary key, v text)")
    stream.run()
    streamed.psql("insert into t values (-1, 'before')")
    streamed.psql("insert into t select g, repeat('v', 200) from generate_series(1, 20000) g")
    streamed.psql("insert into t values (-2, 'after')")

    files: list[Any] = []

    def note(batch: Any) -> None:
        if isinstance(batch.changes, ChangeFile):
            files.append(batch.changes)
            assert batch.changes.path.exists()

    small = BatchLimits(events=3000, size_bytes=500_000)
    batches = [batch for batch in stream.run(limits=small, before_commit=note) if batch.events]

    large = [batch for batch in batches if batch.events >= 20_000]
    assert len(large) == 1 and isinstance(large[0].changes, ChangeFile)
    assert not any(file.path.exists() for file in files)
    assert list(stream.scratch.iterdir()) == []
    assert stream.now("t") == source_rows(streamed, "t")


def test_stop_ends_before_the_next_transaction_and_forgets_half_of_one(streamed, stream):
    streamed.psql("create table t (id int primary key)")
    stream.run()
    streamed.psql("insert into t values (-1)")
    streamed.psql("insert into t select generate_series(1, 3000)")
    stop = threading.Event()
    stream.run(
        limits=BatchLimits(events=1), until_current=False, stop=stop, after_commit=lambda batch: stop.set()
    )
    assert stream.operations("t") == "tc"

    stream.run()
    assert stream.now("t") == source_rows(streamed, "t")


def test_unchanged_large_values_are_kept(streamed, stream):
    streamed.psql(
        "create table t (id int primary key, big text, n int); alter table t alter big set storage external;"
        "insert into t select g, repeat(chr(64 + g), 4000), 0 from generate_series(1, 3) g"
    )
    stream.run()
    streamed.psql("update t set n = 1 where id = 1; update t set n = 2, big = repeat('z', 5000) where id = 2")
    streamed.psql("update t set id = 30 where id = 3")
    stream.run()

    first = next(row for row in stream.log("t") if row["_aidbt_op"] == "u")
    assert (first["big"], first["_aidbt_unchanged"]) == (None, ["big"])
    assert stream.now("t") == source_rows(streamed, "t")


def test_under_replica_identity_full_the_primary_key_is_the_key(streamed, stream):
    streamed.psql(
        "create table t (id int primary key, big text, n int); alter table t replica identity full;"
        "alter table t alter big set storage external;"
        "insert into t values (1, repeat('a', 4000), 0), (2, 'b', 0)"
    )
    stream.run()
    streamed.psql("update t set n = 1 where id = 1; update t set id = 20 where id = 2")
    stream.run()

    assert stream.now("t") == source_rows(streamed, "t")
    assert stream.state()["table:public.t"]["key"] == ["id"]
    assert [row["_aidbt_unchanged"] for row in stream.log("t") if row["_aidbt_op"] == "u"] == [None]


def test_truncate_empties_every_table_it_names(streamed, stream):
    streamed.psql(
        "create table a (id int primary key); create table b (id int primary key references a);"
        "insert into a values (1); insert into b values (1)"
    )
    stream.run()
    streamed.psql("truncate a, b; insert into a values (7)")
    stream.run()

    assert (stream.operations("a"), stream.operations("b")) == ("trtc", "trt")
    assert stream.now("a") == source_rows(streamed, "a")
    assert stream.now("b") == {}


def test_quoted_and_unicode_names(streamed, stream):
    streamed.psql(
        'create table "Ünï ""q"".x" ("a B" int primary key, "ü" numeric(8, 2));'
        'insert into "Ünï ""q"".x" values (1, 1.5)'
    )
    stream.run()
    streamed.psql('update "Ünï ""q"".x" set "ü" = 2.25; insert into "Ünï ""q"".x" values (2, null)')
    stream.run()

    log = [(row["a B"], row["ü"] and str(row["ü"])) for row in stream.log('Ünï ""q"".x')]
    assert log == [(None, None), (1, "1.50"), (1, "2.25"), (2, None)]


def test_partitions_come_as_the_table_they_are_partitions_of(streamed, stream):
    streamed.psql(
        "create table p (id int, day date, primary key (id, day)) partition by range (day);"
        "create table p1 partition of p for values from ('2025-01-01') to ('2026-01-01');"
        "create table p2 (day date not null, id int not null);"
        "alter table p attach partition p2 for values from ('2026-01-01') to ('2027-01-01');"
        "insert into p values (1, '2025-05-05'), (2, '2026-06-06')"
    )
    stream.run()
    streamed.psql("create table p3 partition of p for values from ('2027-01-01') to ('2028-01-01')")
    streamed.psql("insert into p values (3, '2027-07-07'); update p set day = '2025-02-02' where id = 2")
    stream.run()

    assert stream.now("p") == source_rows(streamed, "p")
    assert stream.bronze.rows("select distinct table_name from bronze_shop._aidbt_loads") == [("p",)]


@pytest.mark.long
def test_tables_that_inherit_are_tables_of_their_own(streamed, stream):
    streamed.psql(
        "create table a (id int primary key); create table b (primary key (id)) inherits (a);"
        "insert into a values (1); insert into b values (2)"
    )
    stream.run()
    streamed.psql("insert into a values (3); insert into b values (4)")
    stream.run()

    assert set(stream.now("a")) == {1, 3}
    assert set(stream.now("b")) == {2, 4}


def test_a_table_without_key_gives_its_inserts_and_its_updates_still_work(streamed, stream):
    streamed.psql("create table t (a int); insert into t values (1)")
    stream.run()
    streamed.psql("insert into t values (2); update t set a = 3; delete from t")
    stream.run()

    assert stream.operations("t") == "trc"
    codes = {finding.code for finding in stream.connector.check_changes()}
    assert "cdc.no_key" in codes and "cdc.updates_fail" not in codes


def test_generated_columns_that_are_not_sent_are_left_out_of_the_snapshot_too(streamed, stream):
    streamed.psql("create table t (id int primary key, b int generated always as (id * 2) stored)")
    streamed.psql("insert into t values (1)")
    stream.run()
    streamed.psql("insert into t values (2)")
    stream.run()

    assert stream.now("t") == {1: {"id": 1}, 2: {"id": 2}}
    assert "cdc.generated_columns" in {finding.code for finding in stream.connector.check_changes()}


def test_a_generated_column_that_becomes_a_plain_one_gets_its_values(streamed, stream):
    streamed.psql(
        "create table p (id int primary key, a int generated always as (id * 2) stored,"
        " b int generated always as (id * 3) virtual) partition by range (id);"
        "create table p1 partition of p for values from (0) to (9); insert into p values (1)"
    )
    stream.run()
    (told,) = [f.message for f in stream.connector.check_changes() if f.code == "cdc.generated_columns"]
    streamed.psql("alter table p alter column a drop expression; insert into p values (2, 20)")
    stream.run()

    assert told == "generated columns are not streamed: a, b"
    assert stream.now("p") == {1: {"id": 1, "a": 2}, 2: {"id": 2, "a": 20}}


def test_only_the_tables_that_are_named_are_streamed(streamed, bronze, tmp_path):
    streamed.psql(
        "create table orders (id int primary key); create table order_lines (id int primary key);"
        "create table other (id int primary key); create view v as select 1 as id;"
        "create unlogged table order_cache (id int primary key)"
    )
    connector = streamed.connector(cdc={"tables": ["order*"]})
    Stream(connector, bronze, tmp_path).run()

    landed = bronze.rows("select distinct source_table from bronze_shop._aidbt_loads order by 1")
    assert landed == [("order_lines",), ("orders",)]
    assert connector.is_streamed and connector.streamed_tables() == ("order*",)


def test_a_table_that_is_added_later_is_read_without_touching_the_others(streamed, bronze, tmp_path):
    streamed.psql("create table a (id int primary key); create table b (id int primary key)")
    streamed.psql("insert into a values (1); insert into b values (1)")
    Stream(streamed.connector(cdc={"tables": ["a"]}), bronze, tmp_path).run()
    streamed.psql("insert into a values (2); insert into b values (2)")

    both = Stream(streamed.connector(cdc={}), bronze, tmp_path)
    both.run()
    streamed.psql("insert into a values (3); insert into b values (3)")
    both.run()

    assert (both.operations("a"), both.operations("b")) == ("trcc", "trrc")
    assert both.now("b") == source_rows(streamed, "b")


@pytest.mark.long
def test_a_table_that_was_left_out_for_a_while_is_read_anew(streamed, bronze, tmp_path):
    streamed.psql("create table a (id int primary key); create table b (id int primary key)")
    both = Stream(streamed.connector(cdc={}), bronze, tmp_path)
    both.run()
    Stream(streamed.connector(cdc={"tables": ["a"]}), bronze, tmp_path).run()
    streamed.psql("insert into b values (1)")
    Stream(streamed.connector(cdc={"tables": ["a"]}), bronze, tmp_path).run()
    both.run()

    assert both.operations("b") == "ttr"


def test_a_table_is_read_anew_on_request(streamed, stream):
    streamed.psql("create table t (id int primary key); insert into t values (1), (2)")
    stream.run()
    streamed.psql("delete from t where id = 1")
    stream.run(resnapshot=["t"])
    streamed.psql("insert into t values (3)")
    stream.run()

    assert stream.operations("t").replace("d", "") == "trrtrc"
    assert stream.now("t") == source_rows(streamed, "t")
    with pytest.raises(UnknownName, match="no streamed table is called 'tt'"):
        stream.run(resnapshot=["tt"])


def test_a_quiet_table_does_not_retain_the_log_of_others(streamed, stream, monkeypatch):
    monkeypatch.setattr(transactions, "IDLE_S", 0.2)
    monkeypatch.setattr(source_module, "IDLE_S", 0.2)
    streamed.psql("create table quiet (id int primary key)")
    stream.run()
    before = lsn(slot(streamed)["confirmed_flush_lsn"])
    stop = threading.Event()

    def busy() -> None:
        until = time.monotonic() + 30
        while not slot(streamed)["active"] and time.monotonic() < until:
            time.sleep(0.02)  # a table that is there when the stream begins is one of its own
        streamed.psql("create table loud as select g, repeat('x', 200) as v from generate_series(1, 20000) g")
        while time.monotonic() < until:
            if lsn(slot(streamed)["confirmed_flush_lsn"]) > before + (1 << 20):
                break
            time.sleep(0.05)
        stop.set()

    writer = threading.Thread(target=busy)
    writer.start()
    idle = stream.run(until_current=False, stop=stop, limits=AT_ONCE)
    writer.join()

    ends = [batch.position[""]["lsn"] for batch in idle]
    assert idle and all(batch.is_idle for batch in idle) and ends == sorted(set(ends))
    assert lsn(slot(streamed)["confirmed_flush_lsn"]) > before + (1 << 20)
    assert lsn(slot(streamed)["confirmed_flush_lsn"]) <= stream.state()[""]["lsn"]


def test_the_lag_is_what_is_not_acknowledged(streamed, stream):
    streamed.psql("create table t (id int primary key)")
    stream.run()
    assert stream.lag is not None and stream.lag.seconds is not None
    assert 0 <= stream.lag.seconds < 5 and stream.lag.backlog_bytes < 100_000

    streamed.psql("set local synchronous_commit = on; insert into t select generate_series(1, 5000)")
    source = stream.connector.open_changes(scratch=stream.scratch)
    try:
        lag = source.lag()
    finally:
        source.close()
    assert lag.backlog_bytes > 100_000 and lag.seconds is None


def test_a_connector_without_a_section_cdc_streams_nothing(database):
    connector = database.connector()

    assert not connector.is_streamed and connector.streamed_tables() == ()
    with pytest.raises(SettingsError, match="the source 'shop' streams nothing"):
        connector.check_changes()


def test_what_cannot_land_is_a_dead_letter_and_lands_after_the_setting_is_changed(streamed, stream):
    streamed.psql("create table t (id int primary key, n numeric(8, 2))")
    stream.run()
    streamed.psql("insert into t values (1, 'NaN'), (2, 2.5)")
    stream.run()
    with stream.bronze.warehouse.connect(read_only=False) as connection:
        letters = SINKS.load("duckdb")(connection).letters("bronze_shop", "shop")
    assert set(stream.now("t")) == {2} and len(letters) == 1

    source = streamed.connector(cdc={}, as_text=["t.n"]).open_changes(scratch=stream.scratch)
    try:
        (changes,) = source.replay([(letter.to, letter.letter) for letter in letters], StreamState())
    finally:
        source.close()
    assert changes.rows.column("n").to_pylist() == ["NaN"] and not changes.dead_letters


def test_a_publication_that_sends_some_columns_lands_those(streamed, stream):
    streamed.psql(
        "create table t (id int primary key, shown text, hidden text); insert into t values (1, 'a', 'x')"
    )
    streamed.psql("create publication aidbt_shop for table t (id, shown)")
    stream.run()
    streamed.psql("insert into t values (2, 'b', 'y'); update t set hidden = 'z'")
    stream.run()

    assert stream.now("t") == {1: {"id": 1, "shown": "a"}, 2: {"id": 2, "shown": "b"}}
