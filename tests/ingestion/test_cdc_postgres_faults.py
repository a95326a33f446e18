"""What goes wrong with a slot, a server or a warehouse is a loud error, never a gap."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from aidbt.core.errors import SourceError, SourceUnavailable
from ingestion.bronze import SINKS
from ingestion.cdc.postgres import checks, slot_making, slots
from ingestion.changes import StreamState
from ingestion.settings import connector_from
from tests.ingestion.helpers import Bronze, Database
from tests.ingestion.streams import AT_ONCE, Stream, alter_system, forget, lsn, slot, source_rows
from tests.kit import PASSWORD, PostgresServer, ServerMissing, postgres_server

TABLE = (
    "create table t (id int primary key, v text); insert into t select g, 'v' from generate_series(1, 3) g"
)


class Killed(Exception):
    """The process is gone."""


@pytest.fixture
def streamed(database: Database) -> Iterator[Database]:
    database.psql(TABLE)
    yield database
    forget(database)


@pytest.fixture
def stream(streamed: Database, bronze: Any, tmp_path: Any) -> Stream:
    return Stream(streamed.connector(cdc={}), bronze, tmp_path / "scratch")


def anew(stream: Stream, database: Database, table: str = "t") -> None:
    """What the errors tell people to do, which mends it."""
    stream.run(resnapshot=["*"])
    database.psql(f"insert into {table} (id) values (1000)")
    stream.run()
    assert stream.now(table) == source_rows(database, table)


@pytest.mark.long
@pytest.mark.parametrize(
    ("kill_at", "when"),
    [(0, "after"), (2, "before")]
    + [
        pytest.param(kill_at, when, marks=pytest.mark.long)
        for kill_at in range(6)
        for when in ("before", "after")
    ],
)
def test_killed_at_any_commit_of_the_first_run_nothing_is_lost(streamed, stream, kill_at, when):
    streamed.psql("create table u (id int primary key); insert into u values (1)")
    counts = iter(range(1000))

    def kill(batch: Any) -> None:
        streamed.psql(
            "insert into t values ((select max(id) + 1 from t)); insert into u select max(id) + 1 from u"
        )
        if next(counts) == kill_at:
            raise Killed

    try:
        stream.run(**{f"{when}_commit": kill})
    except Killed:
        stream.run()
    stream.run()

    for table in ("t", "u"):
        assert stream.now(table) == source_rows(streamed, table)
        changes = [
            (row["_aidbt_position"], row["id"]) for row in stream.log(table) if row["_aidbt_op"] == "c"
        ]
        assert len(changes) == len(set(changes))


@pytest.mark.long
def test_a_slot_that_was_dropped_is_an_error_until_all_tables_are_taken_anew(streamed, stream):
    stream.run()
    assert not cannot_go_on(stream)
    streamed.psql("select pg_drop_replication_slot('aidbt_shop')")
    streamed.psql("delete from t where id = 1")
    assert "the replication slot aidbt_shop is gone" in cannot_go_on(stream)[0]

    with pytest.raises(SourceError, match="the replication slot aidbt_shop is gone") as caught:
        stream.run()
    assert "aidbt ingest cdc shop --snapshot '*'" in caught.value.hint and not caught.value.retryable
    anew(stream, streamed)


def cannot_go_on(stream: Stream) -> list[str]:
    """What the checks say of what has landed and the slot."""
    found = stream.connector.check_changes(StreamState(parts=stream.state()))
    return [finding.message for finding in found if finding.code == "cdc.cannot_go_on"]


@pytest.mark.long
def test_a_slot_that_was_made_again_is_an_error(streamed, stream):
    stream.run()
    streamed.psql("select pg_drop_replication_slot('aidbt_shop')")
    streamed.psql("insert into t values (4)")
    streamed.psql("select pg_create_logical_replication_slot('aidbt_shop', 'pgoutput')")

    with pytest.raises(SourceError, match="beyond what has landed"):
        stream.run()
    anew(stream, streamed)


def test_a_slot_that_was_advanced_by_somebody_else_is_an_error(streamed, stream):
    stream.run()
    streamed.psql("set local synchronous_commit = on; insert into t values (4)")
    streamed.psql("select pg_replication_slot_advance('aidbt_shop', pg_current_wal_lsn())")

    assert "it was advanced or made again by somebody else" in cannot_go_on(stream)[0]
    with pytest.raises(SourceError, match="it was advanced or made again by somebody else"):
        stream.run()


def test_what_has_landed_but_was_not_acknowledged_is_not_landed_twice(streamed, stream):
    stream.run()
    streamed.psql("insert into t values (4)")

    def kill(batch: Any) -> None:
        raise Killed

    with pytest.raises(Killed):
        stream.run(after_commit=kill)
    assert lsn(slot(streamed)["confirmed_flush_lsn"]) < stream.state()[""]["lsn"]
    streamed.psql("insert into t values (5)")
    stream.run()

    assert stream.operations("t") == "trrrcc"


def test_what_has_landed_is_acknowledged_while_nothing_more_comes(streamed, stream):
    stream.run()
    streamed.psql("insert into t values (4)")
    source = stream.connector.open_changes(scratch=stream.scratch)
    with closing(source), stream.bronze.warehouse.connect(read_only=False) as connection:
        sink = SINKS.load("duckdb")(connection)
        state = sink.state("bronze_shop", "shop")
        batches = source.batches(state, AT_ONCE, until_current=False, stop=threading.Event())
        batch = next(batch for batch in batches if batch is not None and batch.events)
        sink.commit(batch, "bronze_shop", now=datetime.now(UTC))

        next(batch for batch in batches if batch is None)
        source.acknowledge(batch)
        until = time.monotonic() + 10
        while lsn(slot(streamed)["confirmed_flush_lsn"]) < batch.last:
            assert time.monotonic() < until
            next(batches)
        assert source.lag().backlog_bytes < 100_000


@pytest.mark.long
def test_the_server_is_never_told_more_than_what_has_landed(streamed, stream):
    stream.run()
    told: list[tuple[int, int]] = []

    def look(batch: Any) -> None:
        streamed.psql("insert into t select max(id) + 1 from t; create table if not exists other (a int)")
        told.append((lsn(slot(streamed)["confirmed_flush_lsn"]), batch.position[""]["lsn"]))

    streamed.psql("insert into t values (4)")
    stop = threading.Event()
    stream.run(
        before_commit=look, limits=AT_ONCE, until_current=False, stop=stop,
        after_commit=lambda batch: stop.set() if len(told) > 4 else None,
    )  # fmt: skip

    assert len(told) > 4 and all(confirmed < landing for confirmed, landing in told)
    assert [b for _, b in told] == sorted(b for _, b in told)
    assert lsn(slot(streamed)["confirmed_flush_lsn"]) <= stream.state()[""]["lsn"]


def test_a_table_that_is_truncated_while_it_is_read_is_read_again(streamed, stream):
    done: list[str] = []

    def truncate(batch: Any) -> None:
        if batch.events and not done:
            done.append(streamed.psql("truncate t; insert into t values (7)"))

    with pytest.raises(SourceUnavailable, match="was truncated or rewritten") as caught:
        stream.run(before_commit=truncate)
    assert caught.value.retryable
    stream.run()
    assert stream.now("t") == source_rows(streamed, "t")


def test_a_slot_of_another_warehouse_is_not_touched(streamed, stream, tmp_path):
    stream.run()
    before = slot(streamed)
    other = Stream(stream.connector, Bronze(tmp_path / "other.duckdb"), tmp_path)

    with pytest.raises(SourceError, match="it feeds another warehouse") as caught:
        other.run()
    assert "cdc: slot" in caught.value.hint
    assert slot(streamed) == before


@pytest.fixture
def writing(streamed: Database) -> Iterator[Any]:
    """A transaction of somebody who has written and does not end it."""
    connection = psycopg2.connect(streamed.url, application_name="nightly")
    with connection.cursor() as cursor:
        cursor.execute("insert into t values (100)")
    yield connection
    connection.close()


def slots_of(database: Database) -> str:
    """The slots of a database that are there, one that is being made too."""
    return database.psql("select slot_name from pg_replication_slots where database = current_database()")


@pytest.mark.long
@pytest.mark.parametrize("has_landed", [False, True], ids=["the first snapshot", "one of a new table"])
def test_a_stop_while_the_server_waits_for_transactions_leaves_no_slot(has_landed, request, streamed, stream):
    if has_landed:
        stream.run()
        streamed.psql("create table u (id int primary key); insert into u values (1)")
    before = slots_of(streamed)
    writing = request.getfixturevalue("writing")
    stop = threading.Event()

    def end() -> None:
        until = time.monotonic() + 30
        while slots_of(streamed) == before and time.monotonic() < until:
            time.sleep(0.02)
        stop.set()
        stopped_at.append(time.monotonic())

    stopped_at: list[float] = []
    ending = threading.Thread(target=end)
    ending.start()
    stream.run(stop=stop)
    ending.join()
    assert time.monotonic() - stopped_at[0] < 10
    assert slots_of(streamed) == before

    writing.commit()
    stream.run()
    assert stream.now("t") == source_rows(streamed, "t")
    if has_landed:
        assert set(stream.now("u")) == {1}


def test_whom_a_snapshot_waits_for_is_said(writing, streamed, stream, monkeypatch):
    monkeypatch.setattr(slot_making, "_LOOK_EVERY_S", 0.2)
    stream.run(after_commit=lambda batch: writing.commit() if batch.findings else None)

    (message,) = stream.messages
    assert "has to wait until every transaction that was writing has ended: server process " in message
    assert f"{writing.info.backend_pid} (nightly, since 2" in message
    assert stream.now("t") == source_rows(streamed, "t")


@pytest.mark.long
def test_two_consumers_of_one_slot(streamed, stream, monkeypatch):
    stream.run()
    monkeypatch.setattr(slots, "_PATIENCE_S", 0.2)
    errors: list[SourceError] = []

    def second(batch: Any) -> None:
        with pytest.raises(SourceError) as caught:
            list(stream.connector.open_changes(scratch=Path()).batches(
                sink_state, AT_ONCE, until_current=True, stop=threading.Event()
            ))  # fmt: skip
        errors.append(caught.value)

    with stream.bronze.warehouse.connect(read_only=False) as connection:
        sink_state = SINKS.load("duckdb")(connection).state("bronze_shop", "shop")
    streamed.psql("insert into t values (4)")
    stream.run(before_commit=second)

    assert "is read by somebody else: server process" in errors[0].message
    assert "aidbt ingest" in errors[0].message
    assert stream.operations("t") == "trrrc"


@pytest.mark.long
def test_a_table_in_bronze_that_is_older_than_the_stream_is_an_error(streamed, stream):
    stream.run()
    streamed.psql("insert into t values (4)")
    stream.run()
    with stream.bronze.warehouse.connect(read_only=False) as connection:
        connection.rows("delete from bronze_shop.t where id = 4")
        connection.rows("delete from bronze_shop._aidbt_loads where batch_id = (select max(batch_id) from "
                        "bronze_shop._aidbt_loads where table_name = 't')")  # fmt: skip

    with pytest.raises(SourceError, match="before what the stream had landed") as caught:
        stream.run()
    assert "--snapshot t" in caught.value.hint
    stream.run(resnapshot=["t"])
    assert stream.now("t") == source_rows(streamed, "t")


@pytest.mark.long
def test_a_table_restored_alone_from_an_older_copy_is_an_error(streamed, stream):
    streamed.psql("create table other (id int primary key)")
    stream.run()
    with stream.bronze.warehouse.connect(read_only=False) as connection:
        connection.rows("create table kept as select * from bronze_shop.t")
    streamed.psql("insert into t values (4); insert into other values (1)")
    stream.run()
    with stream.bronze.warehouse.connect(read_only=False) as connection:
        connection.rows("create or replace table bronze_shop.t as from kept")

    with pytest.raises(SourceError, match="1 of the rows that landed last in bronze_shop") as caught:
        stream.run()
    assert "--snapshot t" in caught.value.hint
    streamed.psql("insert into t values (5)")
    stream.run(resnapshot=["t"])
    stream.run()
    assert stream.now("t") == source_rows(streamed, "t")
    assert set(stream.now("other")) == {1}


def test_a_table_that_was_emptied_in_bronze_is_an_error(streamed, stream):
    stream.run()
    with stream.bronze.warehouse.connect(read_only=False) as connection:
        connection.rows("delete from bronze_shop.t")

    with pytest.raises(SourceError, match="4 of the rows that landed last") as caught:
        stream.run()
    assert "--snapshot t" in caught.value.hint


def test_a_table_whose_last_batches_held_dead_letters_only_is_not_taken_for_an_older_copy(streamed, stream):
    streamed.psql("create table m (id int primary key, n numeric(8, 2)); insert into m values (1, 1)")
    stream.run()
    streamed.psql("insert into m values (2, 'NaN')")
    stream.run()
    streamed.psql("insert into m values (3, 3)")
    stream.run()

    assert set(stream.now("m")) == {1, 3}


@pytest.mark.long
def test_a_table_that_was_out_of_the_publication_for_a_while_is_an_error(streamed, stream):
    stream.run()
    streamed.psql("alter publication aidbt_shop drop table t")
    streamed.psql("insert into t values (4)")
    streamed.psql("alter publication aidbt_shop add table t")

    with pytest.raises(SourceError, match="taken out of it and put in again"):
        stream.run()
    stream.run(resnapshot=["t"])
    assert stream.now("t") == source_rows(streamed, "t")


@pytest.mark.long
def test_a_table_made_again_while_the_source_is_opened_is_no_gap_but_looked_at_again(streamed, stream):
    stream.run()
    with closing(stream.connector.open_changes(scratch=stream.scratch)) as source:
        streamed.psql(
            "drop table t; create table t (id int primary key, v text); insert into t values (9, 'new')"
        )
        with stream.bronze.warehouse.connect(read_only=False) as connection:
            state = SINKS.load("duckdb")(connection).state(stream.schema, source.name)
        with pytest.raises(SourceUnavailable, match=r"public\.t was dropped or made again just now"):
            next(iter(source.batches(state, AT_ONCE, until_current=True, stop=threading.Event())))
    stream.run()

    assert stream.now("t") == source_rows(streamed, "t")


@pytest.mark.long
def test_a_column_renamed_before_its_table_is_read_is_a_matter_of_trying_again(streamed, stream):
    renamed = []

    def rename(batch):
        if batch.events and not renamed:  # the rows of t, counted and not read yet
            renamed.append(streamed.psql("alter table t rename column v to w"))

    with pytest.raises(SourceUnavailable, match="was changed while it was read"):
        stream.run(before_commit=rename)
    stream.run()

    assert stream.now("t") == source_rows(streamed, "t")


@pytest.mark.long
def test_a_table_that_is_renamed_stops_the_stream_and_goes_on_under_its_new_name(streamed, stream):
    stream.run()
    streamed.psql("alter table t rename to t2")
    streamed.psql("insert into t2 values (4)")
    stream.run()

    assert stream.now("t2") == source_rows(streamed, "t2")
    assert any("public.t is not streamed any more" in message for message in stream.messages)


def test_what_the_user_may_not_do_is_said_with_the_command_for_its_owner(
    postgres, streamed, bronze, tmp_path
):
    streamed.psql("create role reader login password 'pw'; grant select on t to reader")
    url = postgres.url(streamed.name, user="reader", password="pw")
    reader = Stream(connector_from(url, "shop", root=Path(), options={"cdc": {}}), bronze, tmp_path)
    try:
        with pytest.raises(SourceError) as first:
            reader.run()
        found = {finding.code for finding in reader.connector.check_changes()}
        streamed.psql("alter role reader replication")
        with pytest.raises(SourceError) as second:
            reader.run()
        command = second.value.hint.partition("run: ")[2]
        streamed.psql(command)
        reader.run()
        streamed.psql("insert into t values (4)")
        reader.run()
    finally:
        forget(streamed)
        streamed.psql("drop owned by reader; drop role reader")

    assert first.value.hint == 'as a superuser: ALTER ROLE "reader" REPLICATION;'
    assert {"cdc.no_right_to_replicate", "cdc.not_published"} <= found
    assert command.startswith('CREATE PUBLICATION "aidbt_shop" FOR TABLE ONLY "public"."t" WITH')
    assert reader.now("t") == source_rows(streamed, "t")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("create publication aidbt_shop for table t with (publish = 'insert')", "every kind of change"),
        ("create publication aidbt_shop for table t where (id > 1)", "leaves out rows of public.t"),
        (
            "create table p (id int primary key) partition by range (id);"
            "create publication aidbt_shop for all tables",
            "sends changes of public.p under the names of its partitions",
        ),
    ],
)
def test_a_publication_that_leaves_something_out_is_refused(streamed, stream, sql, said):
    streamed.psql(sql)

    found = [f.message for f in stream.connector.check_changes() if f.code == "cdc.publication"]
    assert len(found) == 1 and said in found[0]
    with pytest.raises(SourceError, match=said):
        stream.run()


@pytest.mark.long
def test_a_publication_of_somebody_else_is_used_as_it_is(streamed, bronze, tmp_path):
    streamed.psql("create publication everything for all tables")
    stream = Stream(streamed.connector(cdc={"publication": "everything", "slot": "mine"}), bronze, tmp_path)
    stream.run()
    streamed.psql("insert into t values (4)")
    stream.run()

    assert stream.operations("t") == "trrrc"
    assert streamed.psql("select pubname from pg_publication") == "everything"
    assert slot(streamed, "mine")["plugin"] == "pgoutput"


@pytest.mark.long
def test_a_commit_that_takes_longer_than_the_server_waits_for_senders(streamed, stream):
    alter_system(streamed.url, "set wal_sender_timeout = '300ms'")
    try:
        stream.run()
        streamed.psql("insert into t values (4)")
        slow = iter([True, False])
        stream.run(before_commit=lambda batch: time.sleep(1.0 if next(slow, False) else 0))
    finally:
        alter_system(streamed.url, "reset wal_sender_timeout")

    assert stream.operations("t") == "trrrc"


def test_another_server_behind_the_url_is_an_error(streamed, stream):
    stream.run()
    stream.keep(system="7")

    with pytest.raises(SourceError, match="is another one than before: its system identifier is"):
        stream.run()


def test_a_server_whose_log_ends_before_what_has_landed_is_an_error(streamed, stream):
    stream.run()
    stream.keep(lsn=1 << 60)

    with pytest.raises(SourceError, match="was restored from a backup: its log ends at"):
        stream.run()
    with pytest.raises(SourceError, match="rows of now would sort before older ones"):
        stream.run(resnapshot=["*"])


def test_a_server_that_left_the_timeline_before_what_has_landed_is_an_error(streamed, stream):
    stream.run()
    stream.keep(timeline=2)

    with pytest.raises(SourceError, match="lacks changes that have landed already"):
        stream.run()


def test_another_slot_in_the_settings_is_an_error(streamed, stream):
    stream.run()
    stream.connector = streamed.connector(cdc={"slot": "other"})

    with pytest.raises(
        SourceError, match="came through the replication slot aidbt_shop, the settings say other"
    ):
        stream.run()


def test_a_slot_of_somebody_else_is_not_dropped_when_all_is_taken_anew(streamed, stream):
    stream.run()
    streamed.psql("select pg_create_logical_replication_slot('other', 'pgoutput')")
    before = slot(streamed, "other")
    stream.connector = streamed.connector(cdc={"slot": "other"})

    with pytest.raises(SourceError, match="it feeds another warehouse"):
        stream.run(resnapshot=["*"])
    assert slot(streamed, "other") == before


def test_a_slot_that_is_left_for_another_one_is_named(streamed, stream):
    stream.run()
    stream.connector = streamed.connector(cdc={"slot": "other"})
    stream.run(resnapshot=["*"])

    (message,) = stream.messages
    assert "aidbt_shop is not read any more" in message and slot(streamed) and slot(streamed, "other")
    assert stream.now("t") == source_rows(streamed, "t")


def test_a_slot_that_is_advanced_while_a_table_is_read_is_an_error(streamed, stream):
    stream.run()
    streamed.psql("create table late (id int primary key)")

    def advance(batch: Any) -> None:
        if "table:public.late" in batch.position:
            streamed.psql("set local synchronous_commit = on; insert into t values (4)")
            streamed.psql("select pg_replication_slot_advance('aidbt_shop', pg_current_wal_lsn())")

    with pytest.raises(SourceError, match="it was advanced or made again by somebody else"):
        stream.run(before_commit=advance)


def test_a_request_to_read_a_table_anew_outlives_a_kill(streamed, stream):
    streamed.psql("create table other (id int primary key)")
    stream.run()

    def kill(batch: Any) -> None:
        if batch.events:
            raise Killed

    with pytest.raises(Killed):
        stream.run(resnapshot=["t"], before_commit=kill)
    stream.run()

    assert stream.operations("t") == "trrrtrrr"


@pytest.fixture(scope="module")
def lonely_server() -> Iterator[PostgresServer]:
    """A server that tests may stop."""
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def stopped_and_started(
    lonely_server: PostgresServer, bronze: Any, tmp_path: Any
) -> Iterator[tuple[Database, Stream]]:
    """A table that is streamed from a server that the test may stop."""
    database = Database(lonely_server, "postgres")
    database.psql(TABLE)
    yield database, Stream(database.connector(cdc={}), bronze, tmp_path / "scratch")
    forget(database)
    database.psql("drop table t")


@pytest.mark.long
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_goes_away_in_mid_stream_is_waited_for(stopped_and_started, mode):
    database, stream = stopped_and_started
    stream.run()
    database.psql("insert into t values (4)")

    def stop(batch: Any) -> None:
        begin = time.monotonic()
        database.server.stop(mode)  # though nothing is read meanwhile, it does not wait for the stream
        seconds.append(time.monotonic() - begin)

    seconds: list[float] = []
    with pytest.raises(SourceUnavailable) as caught:
        stream.run(before_commit=stop, until_current=False, limits=AT_ONCE)
    with pytest.raises(SourceUnavailable, match="nothing answers there"):
        stream.run()
    database.server.start(same_port=True)
    database.psql("insert into t values (5)")
    stream.run()

    assert caught.value.retryable and PASSWORD not in str(caught.value)
    assert seconds[0] < 20
    assert stream.now("t") == source_rows(database, "t")
    assert stream.operations("t") == "trrrcc"


@pytest.mark.long
def test_a_slot_whose_log_was_removed_is_an_error(stopped_and_started):
    database, stream = stopped_and_started
    stream.run()
    alter_system(database.url, "set max_slot_wal_keep_size = '1MB'")
    for _ in range(3):
        database.psql("create table x as select g from generate_series(1, 10) g; drop table x")
        database.psql("select pg_switch_wal()")
    database.psql("checkpoint")
    assert slot(database)["wal_status"] == "lost"

    with pytest.raises(SourceError, match="has removed changes"):
        stream.run()
    assert "cdc.slot_lost" in {finding.code for finding in stream.connector.check_changes()}
    alter_system(database.url, "reset max_slot_wal_keep_size")
    anew(stream, database)


@pytest.mark.long
def test_a_prepared_transaction_that_a_snapshot_waits_for_is_said(stopped_and_started, monkeypatch):
    database, stream = stopped_and_started
    alter_system(database.url, "set max_prepared_transactions = 1")
    database.server.stop()
    database.server.start(same_port=True)
    database.psql("begin; insert into t values (4); prepare transaction 'forgotten'")
    monkeypatch.setattr(slot_making, "_LOOK_EVERY_S", 0.2)
    monkeypatch.setattr(checks, "_LONG_TRANSACTIONS", checks._LONG_TRANSACTIONS.replace("1 minute", "0 s"))

    found = [f.message for f in stream.connector.check_changes() if f.code == "cdc.long_transaction"]
    connection = psycopg2.connect(database.url)
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        stream.run(
            after_commit=lambda b: cursor.execute("commit prepared 'forgotten'") if b.findings else None
        )

    assert [message.partition(" has not ended")[0] for message in found] == [
        "the prepared transaction forgotten"
    ]
    assert stream.messages[0].endswith("has ended: a prepared transaction (see pg_prepared_xacts)")
    assert stream.now("t") == source_rows(database, "t")


@pytest.mark.long
def test_a_server_restored_from_an_older_copy_is_an_error(bronze, tmp_path):
    with postgres_server() as server:
        server.psql(TABLE)
        stream = Stream(Database(server, "postgres").connector(cdc={}), bronze, tmp_path)
        server.stop()
        copy = server.folder / "copy"
        subprocess.run(["cp", "-a", server.data, copy], check=True)
        server.start(same_port=True)
        stream.connector = Database(server, "postgres").connector(cdc={})
        stream.run()
        server.psql("insert into t select g from generate_series(4, 2000) g")
        stream.run()
        server.stop()
        shutil.rmtree(server.data)
        copy.rename(server.data)
        server.start(same_port=True)

        with pytest.raises(SourceError, match="its log ends at"):
            stream.run()


def test_the_password_is_in_no_error_of_the_stream(streamed, bronze, tmp_path):
    url = streamed.server.url(streamed.name, password="wr0ng-secret")
    connector = connector_from(url, "shop", root=Path(), options={"cdc": {}})

    with pytest.raises(SourceError) as caught:
        connector.open_changes(scratch=tmp_path)
    assert "refused the password of user 'aidbt'" in caught.value.message
    assert "wr0ng" not in repr(caught.value) and caught.value.__cause__ is None
