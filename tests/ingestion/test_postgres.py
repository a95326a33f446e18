"""PostgreSQL as a source: one snapshot, read-only, and errors that say what to do."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from aidbt.core.errors import SettingsError, SourceUnavailable
from aidbt.core.resilience import ManualClock
from ingestion.connectors.postgres.errors import connection_error
from ingestion.connectors.postgres.url import server_url
from ingestion.settings import connector_from
from tests.ingestion.helpers import Watched, new_database
from tests.kit import PASSWORD, free_port, postgres_server

BIG = "create table big as select g as id, repeat('x', 150) as v from generate_series(1, 200000) g;"


def test_tables_partitions_and_views(database, bronze):
    database.psql(
        """
        create table plain (id int);
        insert into plain values (1);
        create table parent (id int, day date) partition by range (day);
        create table parent_2025 partition of parent for values from ('2025-01-01') to ('2026-01-01');
        create table parent_2026 partition of parent for values from ('2026-01-01') to ('2027-01-01');
        insert into parent values (1, '2025-05-05'), (2, '2026-06-06');
        create table sums (a int, b int generated always as (a + 1) stored);
        insert into sums values (1);
        create view a_view as select id from plain;
        create materialized view a_matview as select id from plain;
        """
    )

    everything = bronze.land(database.connector())
    assert {load.table: load.rows_landed for load in everything.tables} == {
        "parent": 2,
        "plain": 1,
        "sums": 1,
    }
    assert bronze.rows("select a, b from bronze_shop.sums") == [(1, 2)]

    named = bronze.land(database.connector(tables=["a_view", "a_mat*", "p*"]))
    assert [failure.error for failure in named.failures] == ["no table matches 'a_mat*'"]
    named = bronze.land(database.connector(tables=["a_view", "p*"]))
    assert [load.table for load in named.landed] == ["a_view", "parent", "plain"]
    asked = bronze.land(database.connector(), tables=["a_matview"])
    assert [load.table for load in asked.landed] == ["a_matview"]


def test_a_table_without_columns_is_refused(database, bronze):
    database.psql("create table nothing (); insert into nothing default values")

    load = bronze.land_one(database.connector())
    assert (load.status, load.error) == ("failed", "the table nothing has no columns")


def test_virtual_generated_columns_are_read(database, bronze):
    database.psql(
        "create table t (a int, b int generated always as (a * 2) virtual); insert into t values (2)"
    )

    bronze.land_one(database.connector())
    assert bronze.rows("select a, b from bronze_shop.t") == [(2, 4)]


def test_comments_become_comments_in_bronze(database, bronze):
    database.psql(
        "create table t (id int, \"odd 'name\" text); comment on table t is 'It''s {{ odd }}';"
        "comment on column t.\"odd 'name\" is 'Café \\ ;'"
    )

    bronze.land_one(database.connector())
    assert bronze.rows("select comment from duckdb_tables() where table_name = 't'") == [("It's {{ odd }}",)]
    comments = bronze.rows("select column_name, comment from duckdb_columns() where comment is not null")
    assert comments == [("odd 'name", "Café \\ ;")]


def test_another_schema_is_read_and_an_unknown_one_is_named_with_the_nearest(database, bronze):
    database.psql('create schema "Odd one"; create table "Odd one".t as select 1 as id')

    assert bronze.land_one(database.connector(schema="Odd one")).status == "landed"
    (failure,) = bronze.land(database.connector(schema="publik")).failures
    assert failure.hint == "did you mean 'public'?"


def test_all_tables_are_read_as_of_one_moment(database, bronze):
    database.psql("create table a as select 1 as id; create table b as select 1 as id; analyze")
    changed = threading.Event()

    def change_both() -> None:
        if not changed.is_set():
            changed.set()
            database.psql("insert into a values (2); insert into b values (2)")

    report = bronze.land(Watched(database.connector(), change_both), parallel=1)

    assert changed.is_set()
    assert [load.rows_landed for load in report.tables] == [1, 1]
    positions = bronze.rows("select distinct position from bronze_shop._aidbt_loads")
    assert len(positions) == 1 and '"lsn"' in positions[0][0]


@pytest.mark.parametrize("kind", ["table", "partitioned table"])
def test_a_table_that_is_truncated_and_filled_again_meanwhile_does_not_land_as_empty(kind, database, bronze):
    database.psql("create table a as select 1 as id; create table big as select generate_series(1, 10) as id")
    if kind == "table":
        database.psql("create table b as select 1 as id")
    else:
        database.psql(
            "create table b (id int) partition by list (id);"
            "create table b1 partition of b for values in (1); create table b2 partition of b default;"
            "insert into b values (1), (2)"
        )
    done = []

    def reload_b() -> None:
        if not done:
            done.append(database.psql("set lock_timeout = '5s'; truncate b; insert into b values (7)"))

    report = bronze.land(Watched(database.connector(tables=["a", "b"]), reload_b), parallel=1)

    a, b = report.tables
    assert (a.status, b.status) == ("landed", "failed")
    assert b.error == "the table public.b was truncated or rewritten after this run began; its rows are gone"
    assert bronze.land(database.connector(tables=["b"])).tables[0].rows_landed == 1


def test_a_table_that_has_been_read_is_not_locked_any_more(database, bronze):
    database.psql(
        "create table a as select 1 as id; create table b (id int) partition by list (id);"
        "create table b1 partition of b default"
    )
    altered = []

    def alter(load) -> None:
        if not altered:  # the sessions of the run stay open until this has returned
            altered.append(load.table)
            database.psql(f"set lock_timeout = '5s'; alter table {load.table} add column more int")

    report = bronze.land(database.connector(), parallel=1, on_table=alter)

    assert report.is_complete and altered


@pytest.mark.long
def test_many_tables_are_read_at_once_each_in_many_batches(database, bronze):
    database.psql(
        "\n".join(
            f"create table t{n} as select g as id, repeat('x', 100) as v from generate_series(1, 60000) g;"
            for n in range(8)
        )
    )

    report = bronze.land(database.connector(), parallel=6)

    assert [load.rows_landed for load in report.landed] == [60_000] * 8
    union = " union all ".join(f"select id from bronze_shop.t{n}" for n in range(8))
    assert bronze.rows(f"select count(*), count(distinct id), sum(id) from ({union})") == [
        (480_000, 60_000, 8 * 60_000 * 60_001 // 2)
    ]


def test_nothing_is_written_to_the_source(database, bronze):
    database.psql(
        "create table log (id int); create table t as select 1 as id;"
        "create function noted() returns int language sql as 'insert into log values (1) returning 1';"
        "create view v as select noted() as id"
    )

    load = bronze.land_one(database.connector(tables=["v"]))
    assert "cannot execute INSERT in a read-only transaction" in load.error


def test_a_crash_of_the_server_in_the_middle_leaves_only_the_earlier_batch(bronze):
    with postgres_server() as server:
        server.psql(BIG)
        connector = connector_from(server.url(), "shop", root=Path())
        first = bronze.land_one(connector)

        crash = Watched(connector, lambda: server.stop("immediate"))
        load = bronze.land_one(crash, clock=ManualClock())

    assert load.status == "failed"
    assert "127.0.0.1" in load.error and "nothing answers there" in load.error
    assert 0 < load.rows_read < 200_000  # of the first try; no other one got a connection
    assert bronze.rows("select _aidbt_batch_id, count(*) from bronze_shop.big group by 1") == [
        (first.batch_id, 200_000)
    ]
    assert bronze.rows("select batch_id from bronze_shop._aidbt_loads") == [(first.batch_id,)]


def test_a_connection_that_is_cut_is_made_again_and_the_table_read_from_the_start(database, bronze):
    database.psql(BIG)
    cut: list[str] = []

    def cut_once() -> None:
        if not cut:
            cut.append(
                database.psql(
                    "select pg_terminate_backend(pid) from pg_stat_activity where state = 'active' "
                    "and query like 'COPY%' and datname = current_database()"
                )
            )

    load = bronze.land_one(Watched(database.connector(), cut_once), clock=ManualClock())

    assert cut == ["t"]
    assert (load.status, load.rows_read, load.rows_landed) == ("landed", 200_000, 200_000)
    assert bronze.rows("select count(*), count(distinct id) from bronze_shop.big") == [(200_000, 200_000)]


def test_when_the_snapshot_is_lost_no_table_is_read_under_another_one(database, bronze):
    database.psql("create table a as select 1 as id; create table b as select 1 as id; analyze")

    def end_every_session() -> None:
        database.psql(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )

    report = bronze.land(Watched(database.connector(), end_every_session), parallel=1, clock=ManualClock())

    assert report.failed
    for load in report.failed:
        assert "the snapshot under which this run reads is gone" in load.error
        assert "run this again" in load.hint


def test_what_may_not_be_read_is_refused_with_the_grant_that_lacks(postgres, database, bronze):
    database.psql(
        "create table open_ as select 1 as id; create table secret as select 1 as id;"
        "create role reader login password 'pw'; grant select on open_ to reader"
    )
    url = postgres.url(database.name, user="reader", password="pw")
    report = bronze.land(connector_from(url, "shop", root=Path()))
    database.psql("drop owned by reader; drop role reader")

    opened, secret = report.tables
    assert (opened.status, secret.status) == ("landed", "failed")
    assert secret.error == (
        "the table public.secret may not be read by 'reader': permission denied for table secret"
    )
    assert 'GRANT SELECT ON it TO "reader"' in secret.hint


def test_rows_that_row_level_security_would_hide_refuse_the_table(postgres, database, bronze):
    database.psql(
        "create table t as select g as id from generate_series(1, 3) g;"
        "alter table t enable row level security; create policy p on t using (id < 2);"
        "create role tenant login password 'pw'; grant select on t to tenant"
    )
    url = postgres.url(database.name, user="tenant", password="pw")
    load = bronze.land_one(connector_from(url, "shop", root=Path()))
    database.psql("drop owned by tenant; drop role tenant")

    assert "row-level security would hide rows from 'tenant'" in load.error


def test_a_server_that_cannot_be_used_is_named_without_the_password(postgres, database, bronze):
    port = free_port()
    failures = {
        "refused the password of user 'aidbt'": postgres.url(database.name, password="wr0ng-secret"),
        "there is no database 'nowhere'": postgres.url("nowhere"),
        "nothing answers there (connection refused)": f"postgresql://ann:wr0ng-secret@127.0.0.1:{port}/x",
        "no such host": "postgresql://ann:wr0ng-secret@nowhere.invalid/x",
    }
    for said, url in failures.items():
        report = bronze.land(connector_from(url, "shop", root=Path()), clock=ManualClock())
        (failure,) = report.failures
        assert said in failure.error
        assert failure.hint
        assert "wr0ng" not in repr(report) and PASSWORD not in repr(report)
        assert not bronze.warehouse.path.exists()


def test_the_password_is_in_no_representation(database):
    connector = database.connector()
    source = connector.open()
    try:
        shown = repr([connector, vars(connector), connector.settings, source, vars(source)])
    finally:
        source.close()
    assert PASSWORD not in shown
    assert "correct%20horse" not in shown


@pytest.mark.parametrize(
    "words",
    ["starting up", "shutting down", "not yet accepting connections", "in recovery mode"],
)
def test_a_server_that_comes_back_after_a_crash_is_waited_for(words):
    url = server_url("postgresql://ann@localhost/x")

    error = connection_error(Exception(f"FATAL:  the database system is {words}"), url)

    assert isinstance(error, SourceUnavailable) and error.retryable


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@ss@host/db",
        "postgresql://u:p/ss@host/db",
        "postgresql://u:p:ss@host:port/db",
        "postgresql://u:p#ss@host/db",
        "postgresql://u:p?ss@host/db",
        "postgresql://u:p ss@host/db",
        "mysql://u:ss@host/db",
    ],
)
def test_a_url_that_libpq_could_misread_is_refused_without_repeating_it(url):
    with pytest.raises(SettingsError) as caught:
        server_url(url)
    assert "ss" not in caught.value.message.replace("password", "").replace("passes", "")
    assert caught.value.__cause__ is None


def test_what_a_url_shows():
    url = server_url("postgres://ann:p%40ss@[::1]:5433,other:5434/shop?sslmode=require")

    assert url.shown == "ann@[::1]:5433,other:5434/shop"
    assert url.full == (
        "postgresql://ann:p%40ss@[::1]:5433,other:5434/shop?sslmode=require"
        "&client_encoding=UTF8&application_name=aidbt%20ingest&connect_timeout=10"
    )
    assert url.scrub("no p%40ss and no p@ss") == "no ***** and no *****"
    assert "p%40ss" not in repr(url)


def test_foreign_tables_are_read_only_when_they_are_named(database, bronze):
    database.psql(
        "create foreign data wrapper nothing; create server nowhere foreign data wrapper nothing;"
        "create foreign table f (a text) server nowhere"
    )

    assert bronze.land(database.connector()).tables == ()
    load = bronze.land_one(database.connector(tables=["f"]))
    assert 'foreign-data wrapper "nothing" has no handler' in load.error


@pytest.mark.long
def test_another_version_of_postgresql(bronze):
    with postgres_server(version=16) as server:
        server.psql(
            "create table t as select 1.50::numeric(4,2) as a, 'infinity'::date as b, '{1,2}'::int[] as c"
        )
        load = bronze.land_one(connector_from(server.url(), "old", root=Path()))

    assert load.status == "landed", load.error
    assert bronze.rows("select a::varchar, b::varchar, c from bronze_old.t") == [("1.50", "infinity", [1, 2])]


def test_a_database_without_tables_is_an_empty_report(postgres, bronze):
    report = bronze.land(new_database(postgres).connector())

    assert report.tables == () and report.is_complete
    assert not bronze.warehouse.path.exists()
