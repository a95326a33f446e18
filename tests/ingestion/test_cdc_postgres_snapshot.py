"""Snapshots of tables that hold what cannot land, or that may not be read: everything else lands."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aidbt.core.errors import SourceError
from aidbt.core.findings import Severity
from ingestion.bronze import SINKS
from ingestion.bronze.base import KeptLetter
from ingestion.changes import MicroBatch
from ingestion.settings import connector_from
from tests.ingestion.helpers import Bronze, Database, new_database
from tests.ingestion.streams import Stream, forget, source_rows


@pytest.fixture
def streamed(database: Database) -> Iterator[Database]:
    yield database
    forget(database)


@pytest.fixture
def stream(streamed: Database, bronze: Bronze, tmp_path: Path) -> Stream:
    return Stream(streamed.connector(cdc={}), bronze, tmp_path / "scratch")


def letters_of(stream: Stream) -> list[KeptLetter]:
    with stream.bronze.warehouse.connect(read_only=False) as connection:
        return list(SINKS.load("duckdb")(connection).letters("bronze_shop", "shop"))


def replay(stream: Stream, letters: list[KeptLetter]) -> None:
    """As `aidbt ingest replay` does it."""
    source = stream.connector.open_changes(scratch=stream.scratch)
    try:
        with stream.bronze.warehouse.connect(read_only=False) as connection:
            sink = SINKS.load("duckdb")(connection)
            given = [(kept.to, kept.letter) for kept in letters]
            changes = list(source.replay(given, sink.state("bronze_shop", "shop")))
            batch = MicroBatch("shop", changes, 0, 0, {}, sum(each.events for each in changes))
            ids = [kept.letter_id for kept in letters]
            sink.commit(batch, "bronze_shop", now=datetime.datetime.now(datetime.UTC), replayed=ids)
    finally:
        source.close()


def test_rows_that_cannot_land_are_dead_letters_in_a_snapshot_as_in_mid_stream(streamed, stream):
    values = [
        "'NaN', '{1,2}', now(), null",
        "1.5, '{{1,2},{3,4}}', now(), null",
        "2.5, '[0:1]={7,8}', 'infinity', null",
        "3.5, '{}', timestamptz '294250-01-01 00:00+00', null",
        "null, null, null, array['NaN'::numeric(6, 2)]",
        "4.5, '{5,null}', '-infinity', array[1.25]",
    ]
    streamed.psql(
        "create table t (id int primary key, n numeric(8, 2), a int[], at timestamptz, l numeric(6, 2)[]);"
        "create table other (id int primary key); insert into other values (1)"
    )
    for number, row in enumerate(values, start=1):
        streamed.psql(f"insert into t values ({number}, {row})")
    (snapshot,) = [batch for batch in stream.run() if batch.events > 1 and "table:public.t" in batch.position]
    in_snapshot = letters_of(stream)
    for number, row in enumerate(values, start=11):
        streamed.psql(f"insert into t values ({number}, {row})")
    stream.run()
    in_stream = letters_of(stream)[len(in_snapshot) :]

    assert snapshot.events == 1 + len(values)
    assert set(stream.now("t")) == {6, 16} and set(stream.now("other")) == {1}
    seen = [{(kept.letter.cause, kept.letter.reason) for kept in each} for each in (in_snapshot, in_stream)]
    assert len(in_snapshot) == 5 and seen[0] == seen[1]
    raw = [[json.loads(kept.letter.raw)["values"][1:3] for kept in each] for each in (in_snapshot, in_stream)]
    assert raw[0] == raw[1] and ["NaN", "{1,2}"] in raw[0]


def test_bytes_that_are_no_text_are_dead_letters_in_a_snapshot_as_in_mid_stream(postgres, bronze, tmp_path):
    database = new_database(postgres, encoding="SQL_ASCII")
    values = [
        "E'Zo\\xeb', null, 1",
        "'plain', array['a', E'\\xc3'], 2",
        "'Zoë', array['ë'], 3",
        "null, null, 4",
    ]
    database.psql(
        "create table t (id int primary key, v text, l text[], n int);"
        "create table latin (v text primary key); insert into latin values (E'\\xe9'), ('e')"
    )
    stream = Stream(database.connector(cdc={}), bronze, tmp_path / "scratch")
    try:
        for number, row in enumerate(values, start=1):
            database.psql(f"insert into t values ({number}, {row})")
        stream.run()
        in_snapshot = letters_of(stream)
        for number, row in enumerate(values, start=11):
            database.psql(f"insert into t values ({number}, {row})")
        stream.run()
        in_stream = letters_of(stream)[len(in_snapshot) :]
    finally:
        forget(database)

    landed = {key: (row["v"], row["l"], row["n"]) for key, row in stream.now("t").items()}
    assert landed == {
        n: v for m in (0, 10) for n, v in {3 + m: ("Zoë", ["ë"], 3), 4 + m: (None, None, 4)}.items()
    }
    assert set(stream.now("latin", key="v")) == {"e"}
    of_t = [kept for kept in in_snapshot if kept.to.table == "t"]
    for letters in (of_t, in_stream):
        assert [kept.letter.cause for kept in letters] == ["not_text", "not_text"]
        raw = [json.loads(kept.letter.raw)["values"][1:] for kept in letters]
        assert raw == [["Zo\udceb", None, "1"], ["plain", "{a,\udcc3}", "2"]]


def test_a_name_that_is_no_text_is_an_error_that_says_what_to_do(postgres, bronze, tmp_path):
    database = new_database(postgres, encoding="SQL_ASCII")
    database.psql(
        "create table t (id int primary key);"
        "do $$ begin execute format('alter table t add column %I text', E'caf\\xe9'); end $$"
    )
    stream = Stream(database.connector(cdc={}), bronze, tmp_path / "scratch")

    for attempt in (stream.run, stream.connector.open):
        with pytest.raises(SourceError, match="invalid byte sequence") as caught:
            attempt()
        assert caught.value.hint is not None and caught.value.hint.endswith("is no UTF-8: rename it")


def test_a_database_in_another_encoding_is_streamed_as_unicode_whatever_the_url_says(
    postgres, bronze, tmp_path
):
    database = new_database(postgres, encoding="LATIN1")
    database.psql("create table t (id int primary key, v text); insert into t values (1, 'Zoë')")
    url = f"{database.url}?client_encoding=LATIN1"
    connector = connector_from(url, "shop", root=Path(), options={"cdc": {}})
    stream = Stream(connector, bronze, tmp_path / "scratch")
    try:
        stream.run()
        database.psql("insert into t values (2, 'Zoë')")
        stream.run()
    finally:
        forget(database)

    assert {row["v"] for row in stream.now("t").values()} == {"Zoë"} and stream.operations("t") == "trc"


def test_dead_letters_of_a_snapshot_land_after_the_setting_is_changed(streamed, bronze, tmp_path, stream):
    streamed.psql(
        "create table t (id int primary key, a int[], b bool, c char(4), i inet, j jsonb, y bytea, v text);"
        "insert into t values (1, '{{1,2}}', true, 'x', '10.0.0.1', '{\"k\": 1}', '\\x00ff', ''),"
        "(2, '{3}', false, 'y', '10.0.0.0/8', null, null, null)"
    )
    stream.run()
    changed = Stream(streamed.connector(cdc={}, as_text=["t.a"]), bronze, tmp_path)
    replay(changed, letters_of(stream))
    changed.run()

    first, second = changed.now("t")[1], changed.now("t")[2]
    assert first["a__varchar"] == "{{1,2}}" and second["a__varchar"] == "{3}"
    expected = source_rows(streamed, "t")[1]
    assert (first["b"], first["c"], first["i"], first["v"]) == (True, "x   ", "10.0.0.1", "")
    assert bytes(first["y"]) == bytes(expected["y"]) and json.loads(first["j"]) == expected["j"]
    assert not letters_of(changed)


def test_values_of_an_added_column_that_cannot_land_are_dead_letters(streamed, stream):
    streamed.psql("create table t (id int primary key); insert into t values (1), (2)")
    stream.run()
    streamed.psql("alter table t add column n numeric(8, 2) default 'NaN'")
    streamed.psql("insert into t values (3, 1)")
    stream.run()

    assert {key: row["n"] for key, row in stream.now("t").items()} == {1: None, 2: None, 3: 1}
    assert sorted(json.loads(kept.letter.raw)["values"] for kept in letters_of(stream)) == [
        ["1", "NaN"],
        ["2", "NaN"],
    ]


@pytest.mark.long
@pytest.mark.parametrize(
    ("sql", "mended", "code"),
    [
        ("revoke select on t from reader", "grant select on t to reader", "cdc.may_not_read"),
        ("alter table t enable row level security", "alter role reader bypassrls", "cdc.rows_hidden"),
    ],
    ids=["no right to read", "row-level security"],
)
def test_a_table_that_may_not_be_read_holds_up_no_other_and_is_tried_again(
    sql, mended, code, postgres, streamed, bronze, tmp_path
):
    streamed.psql(
        "create role reader login password 'pw' replication;"
        "create table a (id int primary key); create table t (id int primary key);"
        "create table z (id int primary key); grant select on all tables in schema public to reader;"
        "create publication aidbt_shop for table only a, only t, only z;"
        "insert into a values (1); insert into t values (1); insert into z values (1)"
    )
    streamed.psql(sql)
    url = postgres.url(streamed.name, user="reader", password="pw")
    stream = Stream(connector_from(url, "shop", root=Path(), options={"cdc": {}}), bronze, tmp_path)
    try:
        checked = [finding for finding in stream.connector.check_changes() if finding.code == code]
        first = stream.run()
        streamed.psql("insert into a values (2); insert into t values (2); insert into z values (2)")
        second = stream.run()
        streamed.psql(mended)
        third = stream.run()
        streamed.psql("insert into t values (3)")
        stream.run()
        rows = source_rows(streamed, "t")
    finally:
        forget(streamed)
        streamed.psql("drop owned by reader; drop role reader")

    assert [(each.severity, each.where) for each in checked] == [(Severity.ERROR, "shop: public.t")]
    for run in (first, second):
        (finding,) = [finding for batch in run for finding in batch.findings]
        assert (finding.code, finding.severity) == ("cdc.not_readable", Severity.ERROR)
        assert finding.where == "shop: public.t" and "tried again" in finding.message
    assert not [finding for batch in third for finding in batch.findings]
    assert set(stream.now("a")) == set(stream.now("z")) == {1, 2}
    assert stream.now("t") == rows and stream.operations("t") == "trrc"


@pytest.mark.long
def test_a_column_rewritten_to_the_same_type_gets_its_new_values(streamed, stream):
    streamed.psql(
        "create table t (id int primary key, n int, v text);"
        "insert into t select g, g, 'v' || g from generate_series(1, 3) g"
    )
    stream.run()
    streamed.psql("alter table t alter column n type int using nullif(n * 10, 20)")
    stream.run()
    streamed.psql("alter table t alter column v type text using upper(v)")
    streamed.psql("insert into t values (4, 40, 'v4')")
    stream.run()

    assert stream.now("t") == source_rows(streamed, "t")
    assert stream.messages == [
        "public.t: ALTER TABLE has rewritten n",
        "public.t: ALTER TABLE has rewritten v",
    ]


@pytest.mark.long
def test_a_rewritten_key_reads_the_table_anew(streamed, stream):
    streamed.psql("create table t (id int primary key, v text); insert into t values (1, 'a'), (2, 'b')")
    stream.run()
    streamed.psql("alter table t alter column id type int using id + 1")
    stream.run()

    assert stream.now("t") == source_rows(streamed, "t")
    assert stream.messages == ["public.t is read anew: its key was rewritten"]


def test_a_rewritten_column_of_a_table_without_a_key_is_said(streamed, stream):
    streamed.psql("create table t (n int); insert into t values (1)")
    stream.run()
    streamed.psql("alter table t alter column n type int using n * 10")
    stream.run()

    assert [message for message in stream.messages if "--snapshot t" in message]


@pytest.mark.long
def test_new_files_of_a_table_are_no_reason_to_read_it_again(streamed, stream):
    streamed.psql(
        "create table t (id int primary key, n int) partition by range (id);"
        "create table t1 partition of t for values from (0) to (9); create table u (id int primary key);"
        "insert into t values (1, 1); insert into u values (1)"
    )
    stream.run()
    streamed.psql("alter table t alter column n set default 5; truncate u; insert into u values (2)")
    stream.run()
    streamed.psql("cluster u using u_pkey")
    stream.run()

    assert (stream.operations("t"), stream.operations("u")) == ("tr", "trtc")
    assert set(stream.now("u")) == {2}


@pytest.mark.long
@pytest.mark.parametrize("table", ["t", "p"])
def test_a_rewrite_of_partitions_is_seen_too(table, streamed, stream):
    streamed.psql(
        "create table t (id int primary key, n int);"
        "create table p (id int primary key, n int) partition by range (id);"
        "create table p1 partition of p for values from (0) to (9);"
        "insert into t values (1, 1); insert into p values (1, 1)"
    )
    stream.run()
    streamed.psql(f"alter table {table} alter column n type int using n + 1")
    stream.run()

    assert stream.now(table) == {1: {"id": 1, "n": 2}}
