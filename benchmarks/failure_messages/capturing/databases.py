"""Real faults of DuckDB, SQLite, PostgreSQL, MariaDB: statements, locks, logins, resources, lost servers."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aidbt.core.failures import ErrorClass as E
from benchmarks.failure_messages import Example
from benchmarks.failure_messages.capturing.statements import FAULTS, SETUP
from tests.kit import MariaDbServer, PostgresServer, free_port

_NETWORK = (E.NETWORK_TIMEOUT, E.CONNECTION_RESET, E.TEMPORARY_UNAVAILABLE, E.ENDPOINT_CHANGED)
_BUSY = (E.RESOURCE_EXHAUSTION,)


def said(error: BaseException) -> str:
    """What a driver prints of an error, as dbt shows it."""
    return str(error).strip()


def _statements(
    engine: str, connect: Callable[[], Any], broken: tuple[type[Exception], ...]
) -> Iterator[Example]:
    """Each fault in a database of its own."""
    for fault in FAULTS:
        if fault.engines and engine not in fault.engines:
            continue
        connection = connect()
        cursor = connection.cursor()
        try:
            for sql in (*SETUP, *fault.before):
                cursor.execute(sql)
        except broken:
            connection.close()
            continue
        try:
            cursor.execute(fault.sql)
            if cursor.description:
                cursor.fetchall()
        except broken as error:
            yield Example(
                said(error), fault.label, engine, engine, fault.accept, "; ".join((*fault.before, fault.sql))
            )
        finally:
            connection.close()


@contextlib.contextmanager
def _caught(
    found: list[Example], label: E, engine: str, how: str, accept: tuple[E, ...] = ()
) -> Iterator[None]:
    """Keep what a block raises; a block that raises nothing broke nothing."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever is raised is what is wanted
        found.append(Example(said(error), label, engine, engine, accept, how))


# --- DuckDB -----------------------------------------------------------------------------------------------


def duckdb_faults(folder: Path) -> list[Example]:
    """DuckDB's."""
    import duckdb

    found = [*_statements("duckdb", lambda: duckdb.connect(":memory:"), (duckdb.Error,))]
    found += _duckdb_files(folder)
    path = folder / "locked.duckdb"
    from tests.dbt_shop import held_by_another_process

    with (
        held_by_another_process(path),
        _caught(found, E.CONCURRENCY_CONFLICT, "duckdb", "another process holds the file", _BUSY),
    ):
        duckdb.connect(str(path))
    one = duckdb.connect(":memory:")
    one.execute("create table t (a integer primary key, b integer); insert into t values (1, 1)")
    other = one.cursor()
    one.begin()
    one.execute("update t set b = 2")
    other.begin()
    with _caught(found, E.CONCURRENCY_CONFLICT, "duckdb", "two transactions update one row", _BUSY):
        other.execute("update t set b = 3")
    small = duckdb.connect(":memory:", config={"memory_limit": "20MB", "temp_directory": ""})
    for sql in (
        "select list(i) from range(20000000) t(i)",
        "select a.i, b.i from range(3000000) a(i) join range(3000000) b(i) using (i) order by random()",
        "create table big as select i, repeat('x', 100) s from range(2000000) t(i)",
        "select distinct i, md5(i::varchar) from range(3000000) t(i)",
    ):
        with _caught(found, E.RESOURCE_EXHAUSTION, "duckdb", f"memory_limit 20MB: {sql}"):
            small.execute(sql).fetchall()
    spill = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": "30MB",
            "temp_directory": str(folder / "spill"),
            "max_temp_directory_size": "1MB",
        },
    )
    with _caught(found, E.RESOURCE_EXHAUSTION, "duckdb", "max_temp_directory_size 1MB"):
        spill.execute(
            "create table big as select i, random() r from range(5000000) t(i) order by r"
        ).fetchall()
    closed = duckdb.connect(":memory:", config={"enable_external_access": "false"})
    with _caught(found, E.PERMISSION_DENIED, "duckdb", "enable_external_access false"):
        closed.execute("select * from read_csv('/etc/hosts')")
    with _caught(found, E.PERMISSION_DENIED, "duckdb", "read_only", (E.CONCURRENCY_CONFLICT,)):
        duckdb.connect(str(path)).close()
        duckdb.connect(str(path), read_only=True).execute("create table t (a int)")
    with _caught(found, E.MISSING_DEPENDENCY, "duckdb", "an extension that is not installed"):
        duckdb.connect(":memory:").execute("load 'spatial_of_nobody'")
    with _caught(found, E.MISSING_SETTING, "duckdb", "a setting that does not exist"):
        duckdb.connect(":memory:").execute("set memory_limits = '1GB'")
    return found


def _duckdb_files(folder: Path) -> list[Example]:
    import duckdb

    found: list[Example] = []
    con = duckdb.connect(":memory:")
    bad = {
        "bad.parquet": b"this is no parquet at all, is it?",
        "cut.parquet": b"PAR1 cut",
        "bad.json": b'{"a": 1\n{"b":',
        "wide.csv": b"a,b\n1,2\n3,4,5\n",
        "typed.csv": b"a,b\n1,2\nx,4\n",
        "bad.duckdb": b"not a database" * 400,
        "latin.csv": b"a,b\n1,caf\xe9\n",
        "quoted.csv": b'a,b\n1,"open\n2,3\n',
    }
    for name, content in bad.items():
        (folder / name).write_bytes(content)
    good = folder / "good.parquet"
    con.execute(f"copy (select i, repeat('x', 50) s from range(100000) t(i)) to '{good}' (format parquet)")
    data = good.read_bytes()
    (folder / "flipped.parquet").write_bytes(
        data[: len(data) // 3] + bytes(500) + data[len(data) // 3 + 500 :]
    )
    (folder / "half.parquet").write_bytes(data[: len(data) // 2])
    con.execute(f"copy (select 'x' i, 1 s) to '{folder / 'z_other.parquet'}' (format parquet)")
    for sql, label, accept in (
        (f"select * from '{folder}/bad.parquet'", E.CORRUPT_DATA, ()),
        (f"select * from '{folder}/cut.parquet'", E.CORRUPT_DATA, ()),
        (f"select * from '{folder}/half.parquet'", E.CORRUPT_DATA, ()),
        (f"select max(s) from '{folder}/flipped.parquet'", E.CORRUPT_DATA, ()),
        (f"attach '{folder}/bad.duckdb'", E.CORRUPT_DATA, ()),
        (f"select * from read_json('{folder}/bad.json')", E.TYPE_COERCION_FAILURE, (E.CORRUPT_DATA,)),
        (
            f"select * from read_csv('{folder}/wide.csv', columns={{'a': 'int', 'b': 'int'}}, "
            f"auto_detect=false, header=true)",
            E.COLUMN_ADDED,
            (E.TYPE_COERCION_FAILURE,),
        ),
        (
            f"select * from read_csv('{folder}/typed.csv', columns={{'a': 'int', 'b': 'int'}})",
            E.TYPE_COERCION_FAILURE,
            (E.TYPE_CHANGED,),
        ),
        (f"select * from read_csv('{folder}/latin.csv')", E.TYPE_COERCION_FAILURE, (E.CORRUPT_DATA,)),
        (
            f"select * from read_csv('{folder}/quoted.csv', strict_mode=true, "
            f"auto_detect=false, columns={{'a': 'int', 'b': 'varchar'}})",
            E.TYPE_COERCION_FAILURE,
            (E.CORRUPT_DATA, E.SQL_SYNTAX),
        ),
        (f"select * from '{folder}/gone.parquet'", E.TABLE_RENAMED, (E.ENDPOINT_CHANGED,)),
        (f"select * from read_csv('{folder}/landing/*.csv')", E.TABLE_RENAMED, (E.ENDPOINT_CHANGED,)),
        (f"select j from '{good}'", E.COLUMN_REMOVED, (E.COLUMN_RENAMED, E.SQL_SEMANTIC)),
        (
            f"select i from read_parquet(['{good}', '{folder}/z_other.parquet'])",
            E.TYPE_CHANGED,
            (E.TYPE_COERCION_FAILURE,),
        ),
    ):
        with _caught(found, label, "duckdb", sql.replace(str(folder), "FOLDER"), accept):
            con.execute(sql).fetchall()
    return found


# --- SQLite -----------------------------------------------------------------------------------------------


def sqlite_faults(folder: Path) -> list[Example]:
    """SQLite's."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:")
        connection.execute("pragma foreign_keys = on")
        return connection

    found = [*_statements("sqlite", connect, (sqlite3.Error, sqlite3.Warning))]
    path = folder / "s.db"
    one, other = sqlite3.connect(path), sqlite3.connect(path, timeout=0.05)
    one.executescript("create table t (a); begin immediate; insert into t values (1)")
    with _caught(found, E.CONCURRENCY_CONFLICT, "sqlite", "another connection writes", _BUSY):
        other.execute("insert into t values (2)")
    one.close()
    (folder / "bad.db").write_bytes(b"SQLite format 3\x00" + bytes(range(256)) * 20)
    with _caught(found, E.CORRUPT_DATA, "sqlite", "overwritten pages"):
        sqlite3.connect(folder / "bad.db").execute("select * from sqlite_master")
    (folder / "no.db").write_bytes(b"hello, I am a text file. " * 100)
    with _caught(found, E.CORRUPT_DATA, "sqlite", "a text file"):
        sqlite3.connect(folder / "no.db").execute("select * from t")
    with _caught(found, E.PERMISSION_DENIED, "sqlite", "opened read only"):
        sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute("create table u (a)")
    with _caught(found, E.RESOURCE_EXHAUSTION, "sqlite", "max_page_count 3"):
        small = sqlite3.connect(":memory:")
        small.execute("pragma max_page_count = 3")
        small.executescript("create table t (a); insert into t values (zeroblob(100000))")
    return found


# --- PostgreSQL -------------------------------------------------------------------------------------------


def postgres_faults() -> list[Example]:
    """PostgreSQL's, through psycopg2."""
    import psycopg2

    found: list[Example] = []
    with PostgresServer() as server:
        number = iter(range(10_000))

        def connect() -> Any:
            name = f"d{next(number)}"
            connection = psycopg2.connect(server.create_database(name))
            connection.autocommit = True
            return connection

        found += _statements("postgres", connect, (psycopg2.Error,))
        found += _postgres_sessions(server)
        found += _postgres_logins(server)
    with _caught(found, E.CONNECTION_RESET, "postgres", "the server is stopped", _NETWORK):
        psycopg2.connect(server.url(), connect_timeout=2)
    return found


def _postgres_sessions(server: PostgresServer) -> list[Example]:
    import psycopg2

    found: list[Example] = []
    one, other = (psycopg2.connect(server.url()) for _ in range(2))
    setup = psycopg2.connect(server.url())
    setup.autocommit = True
    setup.cursor().execute("create table t (a int primary key, b int); insert into t values (1, 1), (2, 2)")
    with _caught(
        found, E.CONCURRENCY_CONFLICT, "postgres", "lock_timeout while another holds the row", _BUSY
    ):
        one.cursor().execute("update t set b = 2 where a = 1")
        other.cursor().execute("set lock_timeout = 50; update t set b = 3 where a = 1")
    other.rollback()
    with _caught(found, E.CONCURRENCY_CONFLICT, "postgres", "nowait", _BUSY):
        other.cursor().execute("select * from t for update nowait")
    one.rollback()
    other.rollback()
    with _caught(found, E.CONCURRENCY_CONFLICT, "postgres", "two serializable transactions write", _BUSY):
        for session in (one, other):
            session.set_session(isolation_level="SERIALIZABLE")
            session.cursor().execute("select sum(b) from t")
        for place, session in enumerate((one, other)):
            session.cursor().execute("insert into t values (%s, 1)", (10 + place,))
        one.commit()
        other.commit()
    with _caught(found, E.CONCURRENCY_CONFLICT, "postgres", "repeatable read, updated meanwhile", _BUSY):
        one, other = (psycopg2.connect(server.url()) for _ in range(2))
        other.set_session(isolation_level="REPEATABLE READ")
        other.cursor().execute("select * from t")
        one.cursor().execute("update t set b = 9 where a = 1")
        one.commit()
        other.cursor().execute("update t set b = 8 where a = 1")
    found += _postgres_deadlock(server)
    for sql, label, how, accept in (
        ("set statement_timeout = 50; select pg_sleep(2)", E.NETWORK_TIMEOUT, "statement_timeout", _BUSY),
        (
            "select pg_terminate_backend(pg_backend_pid())",
            E.CONNECTION_RESET,
            "terminated by an administrator",
            _NETWORK,
        ),
        (
            "set temp_file_limit = '64kB'; set work_mem = '64kB'; select * from "
            "generate_series(1, 1000000) i order by random()",
            E.RESOURCE_EXHAUSTION,
            "temp_file_limit",
            (),
        ),
        (
            "set default_transaction_read_only = on; commit; create table r (a int)",
            E.PERMISSION_DENIED,
            "read only",
            (),
        ),
        (
            "with recursive r(a) as (select 1 union all select a + 1 from r) select repeat('x', "
            "1073741824 + 0 * a) from r",
            E.RESOURCE_EXHAUSTION,
            "a value of more than 1 GB",
            (),
        ),
        (
            "select ('{' || repeat('{', 50000))::json",
            E.RESOURCE_EXHAUSTION,
            "stack depth",
            (E.TYPE_COERCION_FAILURE,),
        ),
        ("drop schema public", E.SQL_SEMANTIC, "others depend on it", (E.CONCURRENCY_CONFLICT,)),
        ("create extension postgis", E.MISSING_DEPENDENCY, "an extension that is not installed", ()),
        ("set work_memory = '1GB'", E.MISSING_SETTING, "a setting that does not exist", (E.SQL_SEMANTIC,)),
        ("set work_mem = 'lots'", E.MISSING_SETTING, "a setting's value", (E.SQL_SEMANTIC,)),
        (
            "select 1 / (b - b) from t",
            E.CONSTRAINT_VIOLATION,
            "division by zero",
            (E.TYPE_COERCION_FAILURE, E.SQL_SEMANTIC),
        ),
        (
            "merge into t using (values (1), (1)) s(a) on t.a = s.a when matched then update set b = 5",
            E.DUPLICATE_KEY,
            "merge matches twice",
            (),
        ),
        (
            "insert into t values (1, 2), (1, 3) on conflict (a) do update set b = excluded.b",
            E.DUPLICATE_KEY,
            "upsert twice",
            (),
        ),
        ("create table t (a int)", E.SQL_SEMANTIC, "the table is there already", (E.CONCURRENCY_CONFLICT,)),
        ("copy t from program 'echo x,y'", E.TYPE_COERCION_FAILURE, "copy of letters", (E.COLUMN_ADDED,)),
        (
            "copy t from program 'printf \"3\\t4\\t5\\n\"'",
            E.COLUMN_ADDED,
            "copy of a wider file",
            (E.TYPE_COERCION_FAILURE,),
        ),
        (
            "copy t from program 'printf \"3\\n\"'",
            E.COLUMN_REMOVED,
            "copy of a narrower file",
            (E.COLUMN_ADDED, E.TYPE_COERCION_FAILURE),
        ),
        ("select E'\\\\xff'::bytea::text::int", E.TYPE_COERCION_FAILURE, "bytes as a number", ()),
        ("select convert_from('\\xff', 'utf8')", E.TYPE_COERCION_FAILURE, "bytes that are no UTF-8", ()),
        ("select '2024-02-30'::date", E.TYPE_COERCION_FAILURE, "no such day", ()),
        ("select 'NaN'::numeric::int", E.TYPE_COERCION_FAILURE, "not a number", ()),
        ("select 99999999999::int", E.TYPE_COERCION_FAILURE, "too large", ()),
    ):
        with (
            _caught(found, label, "postgres", how, accept),
            contextlib.closing(psycopg2.connect(server.url())) as connection,
        ):
            cursor = connection.cursor()
            cursor.execute(sql)
            cursor.fetchall()
    return found


def _postgres_deadlock(server: PostgresServer) -> list[Example]:
    import psycopg2

    found: list[Example] = []
    one, other = (psycopg2.connect(server.url()) for _ in range(2))
    one.cursor().execute("update t set b = 1 where a = 1")
    other.cursor().execute("update t set b = 1 where a = 2")

    def second() -> None:
        with _caught(
            found, E.CONCURRENCY_CONFLICT, "postgres", "two transactions wait for each other", _BUSY
        ):
            other.cursor().execute("update t set b = 1 where a = 1")

    thread = threading.Thread(target=second)
    thread.start()
    time.sleep(0.2)
    with _caught(found, E.CONCURRENCY_CONFLICT, "postgres", "two transactions wait for each other", _BUSY):
        one.cursor().execute("update t set b = 1 where a = 2")
    one.rollback()
    thread.join()
    return found


def _postgres_logins(server: PostgresServer) -> list[Example]:
    import psycopg2

    found: list[Example] = []
    server.psql(
        "create role reader login password 'r'; create role expired login password 'e' valid "
        "until '2020-01-01';"
        "create role nobody_in; create role one login password 'o' connection limit 0; create schema private;"
        "create table private.x (a int); create table mine (a int)"
    )
    for url, sql, label, how, accept in (
        (server.url(password="wrong"), "", E.CREDENTIAL_EXPIRED, "a wrong password", ()),
        (
            server.url(user="expired", password="e"),
            "",
            E.CREDENTIAL_EXPIRED,
            "a password that is out of date",
            (),
        ),
        (server.url(user="nobody", password="x"), "", E.CREDENTIAL_EXPIRED, "a user that does not exist", ()),
        (
            server.url().replace(":" + server.url().split(":")[2].split("@")[0] + "@", "@"),
            "",
            E.CREDENTIAL_EXPIRED,
            "no password",
            (E.MISSING_SETTING,),
        ),
        (
            server.url(user="nobody_in", password="x"),
            "",
            E.CREDENTIAL_EXPIRED,
            "a role that may not log in",
            (E.PERMISSION_DENIED,),
        ),
        (
            server.url(user="one", password="o"),
            "",
            E.RESOURCE_EXHAUSTION,
            "connection limit of the role",
            (E.RATE_LIMIT_EXCEEDED, E.QUOTA_EXCEEDED),
        ),
        (
            server.url("no_such_db"),
            "",
            E.ENDPOINT_CHANGED,
            "a database that does not exist",
            (E.TABLE_RENAMED, E.MISSING_SETTING),
        ),
        (
            server.url(user="reader", password="r"),
            "select * from private.x",
            E.PERMISSION_DENIED,
            "no right to a schema",
            (),
        ),
        (
            server.url(user="reader", password="r"),
            "select * from mine",
            E.PERMISSION_DENIED,
            "no right to a table",
            (),
        ),
        (
            server.url(user="reader", password="r"),
            "insert into mine values (1)",
            E.PERMISSION_DENIED,
            "no right to insert",
            (),
        ),
        (
            server.url(user="reader", password="r"),
            "drop table mine",
            E.PERMISSION_DENIED,
            "not the owner",
            (),
        ),
        (
            server.url(user="reader", password="r"),
            "create schema s",
            E.PERMISSION_DENIED,
            "no right to create",
            (),
        ),
        (
            server.url(user="reader", password="r"),
            "create role r2",
            E.PERMISSION_DENIED,
            "no right to create roles",
            (),
        ),
        (
            server.url(user="reader", password="r"),
            "copy mine to '/tmp/x'",
            E.PERMISSION_DENIED,
            "no right to files",
            (),
        ),
        (
            server.url(user="reader", password="r"),
            "alter system set work_mem = '1MB'",
            E.PERMISSION_DENIED,
            "no superuser",
            (),
        ),
        (f"postgresql://a:b@127.0.0.1:{free_port()}/x", "", E.CONNECTION_RESET, "nobody listens", _NETWORK),
        (
            "postgresql://a:b@no-such-host.invalid/x",
            "",
            E.NETWORK_TIMEOUT,
            "a host that does not exist",
            _NETWORK,
        ),
        (
            "postgresql://a:b@10.255.255.1/x?connect_timeout=2",
            "",
            E.NETWORK_TIMEOUT,
            "a host that does not answer",
            _NETWORK,
        ),
        (
            server.url() + "?sslmode=require",
            "",
            E.MISSING_SETTING,
            "SSL that the server has not",
            (E.NETWORK_TIMEOUT, E.CONNECTION_RESET),
        ),
    ):
        with _caught(found, label, "postgres", how, accept):
            connection = psycopg2.connect(url)
            if sql:
                connection.cursor().execute(sql)
    return found


# --- MariaDB ----------------------------------------------------------------------------------------------


def mariadb_faults() -> list[Example]:
    """MariaDB's, through PyMySQL."""
    import pymysql
    from sqlalchemy.engine import make_url

    found: list[Example] = []
    with MariaDbServer() as server:
        url = make_url(server.url())

        def connect(**changed: Any) -> Any:
            given = {
                "host": url.host,
                "port": url.port,
                "user": url.username,
                "password": url.password,
                "database": "shop",
            }
            return pymysql.connect(**{**given, "autocommit": True, **changed})

        def emptied() -> Any:
            server.run("drop database shop; create database shop", dbname="mysql")
            return connect()

        found += _statements("mysql", emptied, (pymysql.Error,))
        server.run(
            "create table t (a int primary key, b int); insert into t values (1, 1), (2, 2);"
            " create table aria_t (a int) engine=aria; create database private; create table "
            "private.x (a int)"
        )
        one, other = connect(autocommit=False), connect(autocommit=False)
        with _caught(found, E.CONCURRENCY_CONFLICT, "mysql", "innodb_lock_wait_timeout", _BUSY):
            one.cursor().execute("update t set b = 2 where a = 1")
            other.cursor().execute("set innodb_lock_wait_timeout = 1")
            other.cursor().execute("update t set b = 3 where a = 1")
        for sql, label, how, accept, changed in (
            ("select * from private.x", E.PERMISSION_DENIED, "no right to a table", (), {}),
            ("create database y", E.PERMISSION_DENIED, "no right to create", (), {}),
            ("set global max_connections = 3", E.PERMISSION_DENIED, "no right to settings", (), {}),
            (
                "set session max_statement_time = 0.05; select sleep(2), a from t",
                E.NETWORK_TIMEOUT,
                "max_statement_time",
                _BUSY,
                {"client_flag": 65536},
            ),
            ("select 1", E.CREDENTIAL_EXPIRED, "a wrong password", (), {"password": "wrong"}),
            ("select 1", E.CREDENTIAL_EXPIRED, "a user that does not exist", (), {"user": "nobody"}),
            (
                "select 1",
                E.ENDPOINT_CHANGED,
                "a database that does not exist",
                (E.TABLE_RENAMED, E.MISSING_SETTING, E.PERMISSION_DENIED),
                {"database": "gone"},
            ),
            ("select 1", E.CONNECTION_RESET, "nobody listens", _NETWORK, {"port": free_port()}),
            (
                "select 1",
                E.NETWORK_TIMEOUT,
                "a host that does not exist",
                _NETWORK,
                {"host": "no-such-host.invalid"},
            ),
            (
                "select 1",
                E.NETWORK_TIMEOUT,
                "a host that does not answer",
                _NETWORK,
                {"host": "10.255.255.1", "connect_timeout": 2},
            ),
            (
                "create table t (a int)",
                E.SQL_SEMANTIC,
                "the table is there already",
                (E.CONCURRENCY_CONFLICT,),
                {},
            ),
            (
                "set no_such_setting = 1",
                E.MISSING_SETTING,
                "a setting that does not exist",
                (E.SQL_SEMANTIC,),
                {},
            ),
        ):
            with _caught(found, label, "mysql", how, accept):
                cursor = connect(**changed).cursor()
                for part in sql.split("; "):
                    cursor.execute(part)
                    cursor.fetchall()
        lost = connect()
        with _caught(found, E.CONNECTION_RESET, "mysql", "the session is killed", _NETWORK):
            server.run(f"kill {lost.thread_id()}")
            lost.cursor().execute("select 1")
            lost.cursor().execute("select 1")
    return found
