"""Tables that change in the source while they are streamed: each batch under its own schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from aidbt.core.findings import Severity
from ingestion.cdc.postgres.tables import KnownColumn, column_changes
from ingestion.changes import BatchLimits, StreamState
from tests.ingestion.helpers import Database
from tests.ingestion.streams import Stream, forget, source_rows


@pytest.fixture
def streamed(database: Database) -> Iterator[Database]:
    yield database
    forget(database)


@pytest.fixture
def stream(streamed: Database, bronze: Any, tmp_path: Any) -> Stream:
    """A table with three rows, landed."""
    streamed.psql(
        "create table t (id int primary key, v text, n int);"
        "insert into t select g, 'v' || g, g from generate_series(1, 3) g"
    )
    stream = Stream(streamed.connector(cdc={}), bronze, tmp_path / "scratch")
    stream.run()
    return stream


def test_an_added_column_gets_the_values_that_older_rows_have(streamed, stream):
    streamed.psql("insert into t values (4, 'v4', 4)")
    streamed.psql("alter table t add column w int default 7, add column u uuid default gen_random_uuid()")
    streamed.psql("update t set w = null where id = 1; insert into t values (5, 'v5', 5, 8)")
    stream.run()
    streamed.psql("update t set w = 9 where id = 2")
    stream.run()

    assert stream.now("t") == source_rows(streamed, "t")
    fetched = [row for row in stream.log("t") if row["_aidbt_op"] == "u" and row["_aidbt_sequence"] == 0]
    assert {row["id"] for row in fetched} == {1, 2, 3, 4, 5}
    assert {tuple(row["_aidbt_unchanged"]) for row in fetched} == {("v", "n")}
    assert stream.messages == ["public.t: w was added; u was added"]


def test_values_of_an_added_column_are_fetched_after_a_kill_too(streamed, stream):
    streamed.psql("alter table t add column w int default 7")
    streamed.psql("insert into t values (4, 'v4', 4, 8)")

    class Killed(Exception):
        pass

    def kill(batch: Any) -> None:
        if batch.events > 1:  # the values of the new column
            raise Killed

    with pytest.raises(Killed):
        stream.run(before_commit=kill)
    assert stream.state()["table:public.t"]["backfill"] == ["w"]
    stream.run()

    assert stream.state()["table:public.t"]["backfill"] == []
    assert stream.now("t") == source_rows(streamed, "t")


@pytest.mark.long
def test_a_dead_letter_from_before_the_values_of_an_added_column_is_no_sign_of_a_restored_table(
    streamed, stream
):
    streamed.psql("create table m (id int primary key, n numeric(8, 2)); insert into m values (1, 1)")
    stream.run()
    streamed.psql("alter table m add column w int default 7")
    streamed.psql("insert into m values (2, 2)")
    streamed.psql("insert into m values (3, 'NaN')")
    stream.run(limits=BatchLimits(events=1))
    stream.run()

    assert stream.operations("m") == "trcuuu"


def test_a_dropped_column_stays_and_is_null_from_then_on(streamed, stream):
    streamed.psql("alter table t drop column n")
    streamed.psql("insert into t values (4, 'v4')")
    stream.run()

    assert stream.now("t")[4] == {"id": 4, "v": "v4", "n": None}
    assert stream.now("t")[1]["n"] == 1
    assert stream.messages == ["public.t: n was dropped"]


def test_a_renamed_column_is_known_by_its_number_and_gets_all_values_under_its_new_name(streamed, stream):
    streamed.psql("alter table t rename column v to label")
    streamed.psql("insert into t values (4, 'v4', 4)")
    stream.run()

    assert stream.messages == ["public.t: v was renamed label"]
    assert {key: row["label"] for key, row in stream.now("t").items()} == {n: f"v{n}" for n in range(1, 5)}


def test_a_column_dropped_and_added_again_under_its_name_is_a_new_one(streamed, stream):
    streamed.psql("alter table t drop column n; alter table t add column n int default 100")
    streamed.psql("insert into t values (4, 'v4', 4)")
    stream.run()

    assert stream.now("t") == source_rows(streamed, "t")


@pytest.mark.long
@pytest.mark.parametrize(
    "changes",
    [
        ["alter table t drop column n; alter table t add column n int"],
        ["alter table t drop column n", "alter table t add column n int"],
        ["alter table t rename column n to m; alter table t add column n int"],
        ["alter table t alter column n type bigint using nullif(n, 2)"],
    ],
    ids=["dropped", "dropped before", "renamed", "retyped"],
)
def test_older_values_of_another_column_under_the_same_name_do_not_stay(changes, streamed, stream):
    for change in changes:
        streamed.psql(change)
        stream.run()

    rows = source_rows(streamed, "t")
    assert stream.now("t") == rows and None in {row["n"] for row in rows.values()}


def test_a_widened_column_keeps_its_name(streamed, stream):
    streamed.psql("alter table t alter column n type bigint using n * 10")
    streamed.psql("insert into t values (4, 'v4', 5000000000)")
    stream.run()

    assert stream.now("t") == source_rows(streamed, "t")
    assert stream.messages == ["public.t: n has another type"]


def test_a_retyped_column_lands_beside_the_old_one_and_the_stream_goes_on(streamed, stream):
    streamed.psql("alter table t alter column n type text using 'n' || n")
    streamed.psql("insert into t values (4, 'v4', 'four')")
    stream.run()

    columns = set(stream.now("t")[1]) - {"id", "v", "n"}
    (variant,) = columns
    assert variant.startswith("n__")
    assert {key: row[variant] for key, row in stream.now("t").items()} == {
        1: "n1",
        2: "n2",
        3: "n3",
        4: "four",
    }


@pytest.mark.long
def test_a_column_that_lands_as_text_by_another_setting_gets_the_values_of_older_rows(
    streamed, bronze, tmp_path
):
    streamed.psql(
        "create table t (id int primary key, a int[]); insert into t values (1, '{1,2}'), (2, null)"
    )
    Stream(streamed.connector(cdc={}), bronze, tmp_path).run()
    changed = Stream(streamed.connector(cdc={}, as_text=["t.a"]), bronze, tmp_path)
    changed.run()
    streamed.psql("insert into t values (3, '{{1,2},{3,4}}')")
    changed.run()

    assert {key: row["a__varchar"] for key, row in changed.now("t").items()} == {
        1: "{1,2}", 2: None, 3: "{{1,2},{3,4}}",
    }  # fmt: skip
    assert changed.operations("t") == "trruuc"
    assert changed.messages == ["public.t: by the setting as_text other values land in a"]


SHAPE = """
create type shape;
create function shape_in(cstring) returns shape language internal immutable strict as 'textin';
create function shape_out(shape) returns cstring language internal immutable strict as 'textout';
create type shape (input = shape_in, output = shape_out, like = text);
"""


@pytest.mark.long
def test_a_column_of_an_unknown_type_that_is_added_lands_as_text_and_is_told(streamed, stream):
    streamed.psql(SHAPE + "alter table t add column outline shape default 'POINT(1 2)'")
    streamed.psql("insert into t values (4, 'v4', 4, 'POINT(3 4)'), (5, 'v5', 5, null)")
    stream.run()
    streamed.psql("alter table t alter column n type shape using (n || '!')::text::shape")
    streamed.psql("update t set outline = 'LINE' where id = 1")
    stream.run()

    rows = {key: (row["outline"], row["n__varchar"]) for key, row in stream.now("t").items()}
    assert rows == {key: (row["outline"], row["n"]) for key, row in source_rows(streamed, "t").items()}
    said = "has the type public.shape, which is not known here, and lands as PostgreSQL's text; name"
    assert [message for message in stream.messages if "not known" in message] == [
        f"public.t: outline {said} 't.outline' under as_text if that is right",
        f"public.t: n {said} 't.n' under as_text if that is right",
    ]
    found = stream.connector.check_changes(StreamState(parts=stream.state()))
    warned = [finding for finding in found if finding.code == "cdc.unknown_type"]
    assert [finding.severity for finding in warned] == [Severity.WARN] * 2
    told, versions = len(stream.messages), stream.operations("t")

    named = streamed.connector(cdc={}, as_text=["t.outline", "t.n"])
    stream.connector = named
    stream.run()
    assert (len(stream.messages), stream.operations("t")) == (told, versions)
    stream.connector = streamed.connector(cdc={})
    stream.run(resnapshot=["t"])
    assert stream.now("t")[1]["outline"] == "LINE"


@pytest.mark.long
def test_a_table_that_has_an_unknown_type_from_the_start_waits_for_a_choice(streamed, stream):
    streamed.psql(
        SHAPE + "create table s (id int primary key, outline shape); insert into s values (1, 'POINT')"
    )
    streamed.psql("insert into t values (4, 'v4', 4)")
    stream.run()
    assert stream.now("t") == source_rows(streamed, "t")
    (message,) = stream.messages
    assert "it has not landed" in message and "add 's.outline' under as_text" in message
    found = [finding for finding in stream.connector.check_changes() if finding.code == "cdc.unknown_type"]
    assert [(finding.severity, finding.where) for finding in found] == [(Severity.ERROR, "shop: public.s")]

    stream.connector = streamed.connector(cdc={}, as_text=["s.outline"])
    stream.run()
    assert stream.now("s") == {1: {"id": 1, "outline": "POINT"}}
    assert not [finding for finding in stream.connector.check_changes() if finding.code == "cdc.unknown_type"]


def test_several_changes_in_one_transaction_with_rows_between(streamed, stream):
    streamed.psql(
        "insert into t values (4, 'v4', 4); alter table t add column a int default 1;"
        "insert into t values (5, 'v5', 5, 2); alter table t drop column v; insert into t values (6, 6, 3);"
        "alter table t rename a to b; insert into t values (7, 7, 4)"
    )
    stream.run()

    now = {key: (row["n"], row["b"]) for key, row in stream.now("t").items()}
    assert now == {key: (row["n"], row["b"]) for key, row in source_rows(streamed, "t").items()}
    versions = [batch for batch in stream.batches if batch.events][-2]
    assert sorted({piece.schema_version for piece in versions.changes}) == [1, 2, 3, 4]


def test_another_key_reads_the_table_anew(streamed, stream):
    streamed.psql("alter table t drop constraint t_pkey; alter table t add primary key (v)")
    streamed.psql("insert into t values (1, 'v4', 4)")
    stream.run()
    streamed.psql("update t set n = 40 where v = 'v4'; delete from t where v = 'v1'")
    stream.run()

    assert stream.now("t", key="v") == source_rows(streamed, "t", key="v")
    assert "public.t is read anew: its key is now v" in stream.messages


@pytest.mark.long
def test_a_table_made_again_under_its_name_is_read_anew(streamed, stream):
    streamed.psql("insert into t values (4, 'v4', 4)")
    streamed.psql(
        "drop table t; create table t (id int primary key, v text); insert into t values (1, 'new')"
    )
    stream.run()
    streamed.psql("insert into t values (2, 'newer')")
    stream.run()

    assert {key: row["v"] for key, row in stream.now("t").items()} == {1: "new", 2: "newer"}


def test_a_column_added_to_a_quiet_table_is_seen(streamed, stream):
    streamed.psql("alter table t add column w int default 7")
    stream.run()

    assert stream.now("t") == source_rows(streamed, "t")
    streamed.psql("insert into t values (4, 'v4', 4, 8)")
    stream.run()
    assert stream.now("t") == source_rows(streamed, "t")


def columns(*given: tuple[int, str, int]) -> tuple[KnownColumn, ...]:
    return tuple(KnownColumn(number, name, type_oid, -1) for number, name, type_oid in given)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ([(1, "a", 23)], [(1, "a", 23)], ""),
        ([(1, "a", 23)], [(1, "a", 23), (2, "b", 23)], "b was added"),
        ([(1, "a", 23), (2, "b", 23)], [(1, "a", 23)], "b was dropped"),
        ([(1, "a", 23)], [(1, "b", 23)], "a was renamed b"),
        ([(1, "a", 23)], [(1, "a", 25)], "a has another type"),
        ([(1, "a", 23)], [(2, "a", 23)], "a was added"),
        ([(1, "a", 23), (2, "b", 25)], [(1, "b", 23), (2, "a", 25)], "b was added; a was added"),
        ([(0, "a", 23)], [(3, "a", 23)], ""),
    ],
)
def test_what_became_of_the_columns(old, new, said):
    changes = column_changes(columns(*old), columns(*new), lambda a, b: a.type_oid != b.type_oid)

    assert str(changes) == said
