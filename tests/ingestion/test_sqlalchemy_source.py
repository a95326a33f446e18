"""Tables behind SQLAlchemy land as they are declared; what does not fit is never changed."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from aidbt.core.errors import SettingsError, SourceError, SourceUnavailable
from ingestion.connectors.base import Cursor
from ingestion.settings import connector_from
from tests.kit import MariaDbServer, ServerMissing, free_port


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDbServer]:
    try:
        with MariaDbServer() as server:
            yield server
    except ServerMissing as error:
        pytest.skip(str(error))


@pytest.fixture
def sqlite(tmp_path):
    """Runs statements in a SQLite file; its connector."""

    def sqlite(sql, **options):
        with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
            database.executescript(sql)
        return connector_from("sqlite:///shop.db", "shop", root=tmp_path, options=options)

    return sqlite


def rows_of(bronze, table="t"):
    return bronze.rows(f"select * exclude (_aidbt_loaded_at, _aidbt_batch_id) from bronze_shop.{table}")


def types_of(bronze, table="t"):
    return [
        data_type
        for (data_type,) in bronze.rows(
            "select data_type from duckdb_columns() where schema_name = 'bronze_shop' "
            f"and table_name = '{table}' and not starts_with(column_name, '_aidbt') order by column_index"
        )
    ]


def test_sqlite_lands_as_declared(sqlite, bronze):
    at = sqlite(
        """
        create table t (i int, n decimal(10, 2), m numeric, f real, s varchar(5), b boolean, d date,
            ts datetime, tm time, bl blob, j json, x, "odd na""me" text);
        insert into t values (9223372036854775807, 1.1, 2.50, 1, 'é', 1, '2024-01-02',
            '2024-01-02 03:04:05.5', '03:04:05', x'00ff', '{"a": 1.10}', 7, 'q');
        insert into t (i) values (null);
        """
    )
    load = bronze.land_one(at)

    assert load.status == "landed", load.error
    assert types_of(bronze) == [
        "BIGINT", "DECIMAL(10,2)", "VARCHAR", "DOUBLE", "VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", "TIME",
        "BLOB", "JSON", "VARCHAR", "VARCHAR",
    ]  # fmt: skip
    assert rows_of(bronze) == [
        (
            2**63 - 1, Decimal("1.10"), "2.5", 1.0, "é", True, date(2024, 1, 2),
            datetime(2024, 1, 2, 3, 4, 5, 500_000), time(3, 4, 5), b"\x00\xff", '{"a": 1.10}', "7", "q",
        ),
        (None,) * 13,
    ]  # fmt: skip


MISFITS = [
    ("integer", "2.5"),
    ("integer", "'x'"),
    ("integer", "9223372036854775808"),
    ("boolean", "2"),
    ("date", "'soon'"),
    ("date", "'2024-02-30'"),
    ("date", "20240101"),
    ("datetime", "'2024-01-01 00:00:00+02:00'"),
    ("datetime", "'2024-01-01 00:00:00.1234567'"),
    ("time", "'25:00:00'"),
    ("decimal(5, 2)", "1.005"),
    ("decimal(5, 2)", "100000"),
    ("decimal(5, 2)", "'x'"),
    ("real", "'x'"),
    ("text", "x'00'"),
    ("blob", "'x'"),
    ("", "x'00'"),
]


@pytest.mark.parametrize(("declared", "value"), MISFITS)
def test_a_value_that_is_not_of_its_declared_type_is_refused_with_its_row(declared, value, sqlite, bronze):
    at = sqlite(f"create table t (id integer, a {declared}); insert into t values (1, null), (2, {value})")

    load = bronze.land_one(at)

    assert load.status == "failed"
    assert load.error.startswith("row 2 of the table t: a: ")
    assert "as_text: [t.a]" in load.hint


def test_rows_that_do_not_fit_are_dead_letters_where_some_are_allowed(sqlite, bronze):
    at = sqlite(
        "create table t (id integer, d date); "
        "insert into t values (1, '2024-01-01'), (2, 'soon'), ('x', null), (4, '2024-01-04')",
        max_rejected_rows=2,
        batch_rows=3,
    )
    load = bronze.land_one(at)

    assert (load.rows_read, load.rows_landed, load.rows_rejected) == (4, 2, 2)
    assert [row[0] for row in rows_of(bronze)] == [1, 4]
    assert bronze.rows("select origin, place, cause, reason, raw from bronze_shop._aidbt_dead_letters") == [
        ("t", 2, "wrong_type", "d: 'soon' is no DATE", '{"id": 2, "d": "soon"}'),
        ("t", 3, "wrong_type", "id: 'x' is no INTEGER", '{"id": "x", "d": null}'),
    ]


def test_columns_named_as_text_land_whatever_they_hold(sqlite, bronze):
    at = sqlite("create table t (a integer); insert into t values (1), (2.5), ('x')", as_text=["t.*"])

    bronze.land_one(at)
    assert rows_of(bronze) == [("1",), ("2.5",), ("x",)]


def test_views_land_when_they_are_named(sqlite, bronze):
    at = sqlite(
        "create table t (a integer); create view v as select a + 1 as b from t; insert into t values (1)"
    )
    assert [load.table for load in bronze.land(at).tables] == ["t"]

    named = sqlite("select 1", tables=["v"])
    bronze.land_one(named)
    assert rows_of(bronze, "v") == [("2",)]


def test_a_file_that_is_not_there_is_not_made(tmp_path, bronze):
    (failure,) = bronze.land(connector_from("sqlite:///no.db", "shop", root=tmp_path)).failures

    assert "there is no SQLite file at no.db" in failure.error
    assert not (tmp_path / "no.db").exists()


def test_reading_writes_nothing(sqlite):
    source = sqlite("create table t (a integer)").open()
    with (
        closing(source),
        pytest.raises(SourceError, match="readonly"),
        source._server.translated("a write"),
        source._server.engine.connect() as connection,
    ):
        connection.exec_driver_sql("insert into t values (1)")


def test_a_sqlite_file_that_has_not_changed_is_left_out(sqlite, bronze):
    at = sqlite("create table t (a integer); create table u (a integer)")
    bronze.land(at)

    assert bronze.land(at, changed_only=True).unchanged == ("shop.t", "shop.u")
    sqlite("insert into t values (1)")
    assert len(bronze.land(at, changed_only=True).landed) == 2


@pytest.mark.parametrize(
    ("since", "expected"),
    [(None, [1, 2, 3, 4]), (datetime(2024, 1, 2, 3, 4, 5), [2, 3, 4]), (datetime(2024, 1, 3), [3, 4])],
)
def test_a_cursor_reads_what_is_not_before_it_and_what_has_none(since, expected, sqlite):
    at = sqlite(
        "create table t (at datetime, id integer, x text); "
        "insert into t values ('2024-01-01 00:00:00', 1, ''), "
        "('2024-01-02 03:04:05', 2, ''), ('2024-01-03T00:00:00.5', 3, ''), (null, 4, '')"
    )
    with closing(at.open()) as source:
        (table,) = source.tables()
        with source.read(table, names=["id", "at"], where=Cursor("at", since)) as stream:
            assert stream.schema.names == ["id", "at"]
            assert [row["id"] for batch in stream._batches for row in batch.to_pylist()] == expected
        with pytest.raises(SourceError, match="has no column 'ats'") as caught:
            source.read(table, names=["id"], where=Cursor("ats", since))
    assert caught.value.hint == "did you mean 'at'?"


def test_postgresql_through_sqlalchemy_lands_exactly(database, bronze):
    database.psql(
        """
        create type mood as enum ('ok');
        create table t (s smallint, i int, b bigint, n numeric(12,3), m numeric, f float8, t text, o boolean,
            d date, ts timestamp, tz timestamptz, tm time, iv interval, j json, u uuid, y bytea, e mood,
            a int[], x text[]);
        insert into t values (1, 2, 3, 1.5, 2.500, 0.1, 'x', true, '2024-01-02', '2024-01-02 03:04:05.123456',
            '2024-01-02 03:04:05+02', '03:04:05', '1 month', '{"a": 1.10, "a": 2}',
            '12345678-1234-5678-1234-567812345678', '\\x00ff', 'ok', '{1,null}', '{a}');
        comment on table t is 'of things'; comment on column t.s is 'small'
        """
    )
    url = database.url.replace("postgresql://", "postgresql+psycopg2://")
    load = bronze.land_one(connector_from(url, "shop", root=bronze.warehouse.path.parent))

    assert load.status == "landed", load.error
    assert rows_of(bronze) == [
        (
            1, 2, 3, Decimal("1.500"), "2.500", 0.1, "x", True, date(2024, 1, 2),
            datetime(2024, 1, 2, 3, 4, 5, 123456), datetime(2024, 1, 2, 1, 4, 5, tzinfo=UTC), time(3, 4, 5),
            "1 mon", '{"a": 1.10, "a": 2}', uuid.UUID("12345678-1234-5678-1234-567812345678"), b"\x00\xff",
            "ok", [1, None], ["a"],
        )
    ]  # fmt: skip
    assert bronze.value("select comment from duckdb_tables() where table_name = 't'") == "of things"


def test_a_wrong_password_is_refused_and_never_shown(database):
    url = database.url.replace("postgresql://aidbt:", "postgresql+psycopg2://aidbt:hidden")
    with pytest.raises(SourceError, match="the server refused") as caught:
        connector_from(url, "shop", root=None).open()

    assert "hidden" not in f"{caught.value}{caught.value.__cause__}{caught.value.__context__.__class__}"


def test_mariadb_lands_exactly(mariadb, bronze):
    mariadb.run(
        """
        create or replace table t (ti tinyint, tu tinyint unsigned, i int unsigned, b bigint unsigned,
            n decimal(20,4), f double, c char(3), v varchar(9), e enum('a','b'), st set('x','y'), d date,
            ts datetime(6), tz timestamp null, tm time(3), y year, bl blob, bi bit(3), u uuid);
        set time_zone = '+02:00';
        insert into t values (-1, 255, 4294967295, 18446744073709551615, 1.5, 0.1, 'x', 'ü😀', 'a', 'x,y',
            '2024-01-02', '2024-01-02 03:04:05.123456', '2024-01-02 03:04:05', '-100:00:01.5', 2024,
            x'00ff', b'101', '12345678-1234-5678-1234-567812345678');
        insert into t (ti) values (null);
        """
    )
    load = bronze.land_one(
        connector_from(mariadb.url(), "shop", root=bronze.warehouse.path.parent, options={"tables": ["t"]})
    )

    assert load.status == "landed", load.error
    assert rows_of(bronze) == [
        (
            -1, 255, 2**32 - 1, 2**64 - 1, Decimal("1.5000"), 0.1, "x", "ü😀", "a", "x,y", date(2024, 1, 2),
            datetime(2024, 1, 2, 3, 4, 5, 123456), datetime(2024, 1, 2, 1, 4, 5, tzinfo=UTC),
            -timedelta(hours=100, seconds=1.5), 2024, b"\x00\xff", b"\x05",
            uuid.UUID("12345678-1234-5678-1234-567812345678"),
        ),
        (None,) * 18,
    ]  # fmt: skip


def test_a_day_that_is_none_is_refused(mariadb, bronze):
    mariadb.run(
        "set sql_mode = ''; create or replace table zero (d date); insert into zero values ('0000-00-00')"
    )
    at = connector_from(
        mariadb.url(), "shop", root=bronze.warehouse.path.parent, options={"tables": ["zero"]}
    )

    assert bronze.land_one(at).error == "row 1 of the table zero: d: '0000-00-00' is no DATE"


def test_a_table_of_mariadb_is_read_under_one_snapshot(mariadb):
    mariadb.run("create or replace table seen (a int); insert into seen select seq from seq_1_to_5000")
    at = connector_from(mariadb.url(), "shop", root=None, options={"batch_rows": 100})
    with closing(at.open()) as source:
        (table,) = (table for table in source.tables() if table.name == "seen")
        with source.read(table) as stream:
            batches = iter(stream._batches)
            rows = next(batches).num_rows
            mariadb.run("insert into seen select seq from seq_5001_to_9000; delete from seen where a < 5000")
            assert rows + sum(batch.num_rows for batch in batches) == 5000


def test_a_server_that_does_not_answer_is_unavailable():
    url = f"mysql+pymysql://ann:hidden@127.0.0.1:{free_port()}/shop"
    pytest.importorskip("pymysql")
    with pytest.raises(SourceUnavailable, match="cannot be reached now") as caught:
        connector_from(url, "shop", root=None).open()
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said", "hint"),
    [
        (
            "mssql+pyodbc://a:hidden@h/db",
            "the driver of mssql+pyodbc://a:***@h/db is not installed",
            "pip install",
        ),
        ("nothing://a:hidden@h/db", "no dialect called 'nothing'", "External Dialects"),
    ],
)
def test_what_is_not_installed_is_named(url, said, hint):
    with pytest.raises(SettingsError) as caught:
        connector_from(url, "shop", root=None).open()
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert "hidden" not in str(caught.value)


def test_a_password_in_a_connector_file_is_refused(tmp_path):
    from ingestion.settings import load_connectors

    folder = tmp_path / "aidbt" / "connectors"
    folder.mkdir(parents=True)
    (folder / "shop.yml").write_text("connector: sqlalchemy\nurl: mysql+pymysql://ann:hidden@db/shop\n")
    with pytest.raises(SettingsError, match="'url' holds a password"):
        load_connectors(tmp_path)

    (folder / "shop.yml").write_text(
        "connector: sqlalchemy\nurl: mysql+pymysql://ann:{{ env_var('PW') }}@db/shop\n"
    )
    (connector,) = load_connectors(tmp_path, env={"PW": "a@b/c"})
    assert connector.settings.url.get_secret_value() == "mysql+pymysql://ann:a%40b%2Fc@db/shop"
