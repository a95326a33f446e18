"""What the tests of faults share: a source that keeps an audit, people who write it, and the real command.

Every change of the source's tables is noted by triggers in the transaction that makes it, so what was rolled
back is not there, and what was committed is there once. `Source.check` compares a warehouse with that: each
change of each key exactly once and in order, and the rows of now equal in every column. Free of pytest.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
from click.testing import CliRunner
from psycopg2 import errors, extras

from aidbt.cli.main import cli
from tests.change_logs import Model
from tests.kit import PostgresServer

KEYS = {"orders": ("id",), "lines": ("order_id", "line_no")}
URL = "{{ env_var('SHOP_URL') }}"
LONG_TEXT = 4000  # characters, which are kept outside of the row

_SCHEMA = """
create table orders (
    id integer primary key, customer text, amount numeric(12, 2), is_paid boolean, placed_at timestamptz,
    day date, ratio double precision, tags text[], doc jsonb, body text, stamp bigint
);
create table lines (
    order_id integer, line_no integer, quantity integer, note text, stamp bigint,
    primary key (order_id, line_no)
);
alter table orders alter body set storage external, alter doc set storage external;
alter table lines alter note set storage external;
create schema audit;
create sequence audit.stamps;
create table audit.events (
    n bigserial primary key, of_table text, op text, old_key text, new_key text, stamp bigint
);
create function audit.key(document jsonb, names text[]) returns text language sql immutable as
    'select string_agg(document ->> name, '':'' order by at) from unnest(names) with ordinality k(name, at)';
create function audit.stamp() returns trigger language plpgsql as
    'begin new.stamp := nextval(''audit.stamps''); return new; end';
create function audit.note() returns trigger language plpgsql as $$
begin
    if tg_op = 'TRUNCATE' then
        insert into audit.events (of_table, op) values (tg_table_name, 't');
        return null;
    end if;
    insert into audit.events (of_table, op, old_key, new_key, stamp) values (
        tg_table_name, lower(left(tg_op, 1)),
        case when tg_op <> 'INSERT' then audit.key(to_jsonb(old), tg_argv::text[]) end,
        case when tg_op <> 'DELETE' then audit.key(to_jsonb(new), tg_argv::text[]) end,
        case when tg_op <> 'DELETE' then new.stamp end
    );
    return null;
end $$;
"""
_TRIGGERS = """
create trigger stamp before insert or update on {table} for each row execute function audit.stamp();
create trigger note after insert or update or delete on {table}
    for each row execute function audit.note({key});
create trigger emptied after truncate on {table} for each statement execute function audit.note();
"""

_READERS = """
select 1 from pg_replication_slots s join pg_stat_activity a on a.pid = s.active_pid
where s.database = '{name}' and a.query ilike 'start_replication%'
"""
# Opens a DuckDB file as soon as nobody else has it, until the input ends.
_HOLD = """
import duckdb, sys, time
while True:
    try:
        connection = duckdb.connect(sys.argv[1])
        break
    except duckdb.IOException:
        time.sleep(0.005)
print("open", flush=True)
sys.stdin.read()
"""
# One change of one key: its operation, and the number that the row was given by it.
_Change = tuple[str, int | None]


class Source:
    """A database of two tables with an audit, on a server that may be stopped and started."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        server.create_database(name)
        self.server = server
        self.name = name
        triggers = [_TRIGGERS.format(table=table, key=", ".join(key)) for table, key in KEYS.items()]
        self.psql(_SCHEMA + "".join(triggers))

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def psql(self, sql: str) -> str:
        return self.server.psql(sql, self.name)

    def fill(self, orders: int) -> None:
        """So many orders, each with a line."""
        self.psql(
            "insert into orders (id, customer, amount, body) "
            f"select g, 'customer ' || g, g, repeat('b', g % 100) from generate_series(1, {orders}) g;"
            f"insert into lines select g, 1, g from generate_series(1, {orders}) g"
        )

    def fill_more(self, orders: int) -> None:
        """So many more, nobody else's, with long texts, and a line each: all in one transaction."""
        self.psql(
            "insert into orders (id, amount, body) "
            f"select g, g, repeat('b', 1000) from generate_series(1001, {1000 + orders}) g;"
            f"insert into lines select g, 1, g from generate_series(1001, {1000 + orders}) g"
        )

    def rows(self, sql: str) -> list[dict[str, Any]]:
        connection = psycopg2.connect(self.url)
        try:
            with connection.cursor(cursor_factory=extras.RealDictCursor) as cursor:
                cursor.execute(sql)
                return [dict(row) for row in cursor.fetchall()]
        finally:
            connection.close()

    def slot(self, name: str = "aidbt_shop") -> dict[str, Any]:
        """The slot's row in pg_replication_slots; empty when there is none."""
        found = self.rows(f"select * from pg_replication_slots where slot_name = '{name}'")
        return found[0] if found else {}

    def is_read(self) -> bool:
        """Whether somebody streams from a slot of the database now, rather than that he makes one."""
        return bool(self.rows(_READERS.format(name=self.name)))

    def drop(self) -> None:
        """Leave the server without its slots and the database."""
        self.psql(
            f"select pg_terminate_backend(active_pid) from pg_replication_slots "
            f"where database = '{self.name}' and active_pid is not null"
        )
        until(lambda: not self.rows(f"select 1 from pg_replication_slots where database = '{self.name}' "
                                    "and active"), "the slots are free")  # fmt: skip
        self.psql(
            f"select pg_drop_replication_slot(slot_name) from pg_replication_slots "
            f"where database = '{self.name}'"
        )

    def check(self, warehouse: Path, *, dead: Sequence[int] = ()) -> int:
        """Check that everything that was committed is in the warehouse once, and its rows of now are ours.

        Args:
            dead: the stamps of changes that are dead letters, each the only one of its key.

        Returns:
            How many changes there are in the log besides the snapshots.

        Raises:
            AssertionError: something is missing, or there twice, or another.
        """
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("set timezone = 'UTC'")
            return sum(self._check_table(connection, table, set(dead)) for table in KEYS)

    def _check_table(self, connection: duckdb.DuckDBPyConnection, table: str, dead: set[int]) -> int:
        log = _rows(connection, f"from bronze_shop.{table} order by _aidbt_position, _aidbt_sequence")
        changes = [row for row in log if row["_aidbt_sequence"] > 0]
        places = [(row["_aidbt_position"], row["_aidbt_sequence"]) for row in changes]
        assert len(places) == len(set(places)), f"{table}: changes landed twice"
        snapshots = [number for number, row in enumerate(log) if row["_aidbt_sequence"] == -1]
        assert snapshots, f"{table}: no snapshot"

        committed, landed = self._committed(table, dead), _landed(log[snapshots[-1] + 1 :], KEYS[table])
        for key in sorted(committed.keys() | landed.keys()):
            _check_key(f"{table} {key}", committed[key], landed[key])

        Model(connection, "aidbt_latest", f"bronze_shop.{table}", f"latest_{table}", list(KEYS[table])).run(
            full_refresh=True
        )
        now = _rows(connection, f"from latest_{table} where not _aidbt_is_deleted")
        rows = [{name: value for name, value in row.items() if not name.startswith("_aidbt_")} for row in now]
        expected = [row for row in self.rows(f"select * from {table}") if row["stamp"] not in dead]
        assert _by_key(rows, table) == _by_key(expected, table)
        return len(changes)

    def _committed(self, table: str, dead: set[int]) -> dict[str, list[_Change]]:
        """What the audit says of each key, in the order in which it happened to the key."""
        events = self.rows(f"select * from audit.events where of_table = '{table}' order by n")
        changes: dict[str, list[_Change]] = defaultdict(list)
        for key in {event[name] for event in events for name in ("old_key", "new_key")} - {None}:
            changes[key] = []
        for event in events:
            if event["op"] == "t":
                for of_key in changes.values():
                    of_key.append(("t", None))
            elif event["op"] == "u" and event["old_key"] == event["new_key"]:
                changes[event["new_key"]].append(("u", event["stamp"]))
            else:
                if event["old_key"] is not None:
                    changes[event["old_key"]].append(("d", None))
                if event["new_key"] is not None:
                    changes[event["new_key"]].append(("c", event["stamp"]))
        for of_key in changes.values():
            of_key[:] = [change for change in of_key if change[1] not in dead]
        return changes


class Writers:
    """People who write at the same time, each in transactions over both tables; begun by `with`.

    Their changes are: new rows, rows of which some columns are updated, others under a new key, deletions, a
    table emptied now and then, and transactions that are rolled back. A server that goes away is waited for.
    """

    def __init__(self, source: Source, seed: int, *, count: int = 2, pause_s: float = 0.01) -> None:
        self._source = source
        self._pause_s = pause_s
        self._end = threading.Event()
        self._failures: list[psycopg2.Error] = []
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(seed * 1000 + number),))
            for number in range(count)
        ]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _run(self, rng: random.Random) -> None:
        try:
            while not self._end.is_set():
                try:
                    self._write(rng)
                except (psycopg2.OperationalError, psycopg2.InterfaceError):
                    self._end.wait(0.05)
        except psycopg2.Error as error:  # raised where the writers end
            self._failures.append(error)

    def _write(self, rng: random.Random) -> None:
        connection = psycopg2.connect(self._source.url)
        try:
            while not self._end.wait(self._pause_s):
                try:
                    with connection.cursor() as cursor:
                        for _ in range(rng.randint(1, 5)):
                            cursor.execute(*_statement(rng))
                    if rng.random() < 0.15:
                        connection.rollback()
                    else:
                        connection.commit()
                except (errors.UniqueViolation, errors.DeadlockDetected):
                    connection.rollback()
        finally:
            connection.close()


def _statement(rng: random.Random) -> tuple[str, list[Any]]:
    """One change of one table, with its parameters."""
    order_id, other = rng.randint(1, 60), rng.randint(1, 60)
    kind = rng.choices(["insert", "update", "rekey", "delete", "truncate"], [30, 50, 8, 11.7, 0.3])[0]
    if rng.random() < 0.6:
        if kind == "truncate":
            return "truncate orders", []
        if kind == "delete":
            return "delete from orders where id = %s", [order_id]
        if kind == "rekey":
            return "update orders set id = %s where id = %s", [other, order_id]
        values = _order(rng)
        if kind == "update":
            chosen = rng.sample(sorted(values), rng.randint(1, 3))
            assignments = ", ".join(f"{name} = %s" for name in chosen)
            return f"update orders set {assignments} where id = %s", [*(values[n] for n in chosen), order_id]
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        sql = f"insert into orders (id, {names}) values (%s, {marks}) on conflict do nothing"
        return sql, [order_id, *values.values()]
    if kind == "truncate":
        return "truncate lines", []
    line_no, quantity = rng.randint(1, 3), rng.randint(0, 99)
    if kind == "delete":
        return "delete from lines where order_id = %s", [order_id]
    if kind == "rekey":
        sql = "update lines set order_id = %s where order_id = %s and line_no = %s"
        return sql, [other, order_id, line_no]
    if kind == "update":
        return "update lines set quantity = %s where order_id = %s", [quantity, order_id]
    sql = "insert into lines values (%s, %s, %s, %s) on conflict do nothing"
    return sql, [order_id, line_no, quantity, _text(rng)]


def _order(rng: random.Random) -> dict[str, Any]:
    return {
        "customer": rng.choice([None, "", "Zoë", "line\nbreak\ttab\\", f"customer {rng.random()}"]),
        "amount": rng.choice([None, rng.randint(-(10**9), 10**9) / 100]),
        "is_paid": rng.choice([None, True, False]),
        "placed_at": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=rng.randint(0, 10**14)),
        "day": rng.choice([None, datetime(2026, 1, 1).date() + timedelta(days=rng.randint(-999, 999))]),
        "ratio": rng.choice([None, rng.random(), 1e300, -0.5]),
        "tags": rng.choice([None, [], ["a", "b,c", '"'], ["x", None]]),
        "doc": extras.Json({"text": _text(rng), "n": [1, None]}),
        "body": _text(rng),
    }


def _text(rng: random.Random) -> str | None:
    return rng.choice([None, "short", f"{rng.random()}-" * (LONG_TEXT // 18), "x" * LONG_TEXT])


class Shop:
    """A project that streams a source named `shop`, and its commands as processes of their own."""

    def __init__(self, folder: Path, source: Source) -> None:
        self.folder = folder
        self.source = source
        self.warehouse = folder / "warehouse.duckdb"
        self.spool = folder / ".aidbt" / "spool" / "shop"
        self.scratch = folder / ".aidbt" / "scratch" / "shop"
        self.configure()
        profile = {"type": "duckdb", "path": str(self.warehouse)}
        self.write("dbt_project.yml", {"name": "shop", "profile": "shop"})
        self.write("profiles.yml", {"shop": {"target": "dev", "outputs": {"dev": profile}}})
        self.connect()

    def configure(self, **ingest: Any) -> None:
        """Other settings, beside leases that end soon and micro-batches that are small."""
        settings = {"lease_seconds": 1, "batch_seconds": 0.1, "batch_events": 200, **ingest}
        self.write("aidbt.yml", {"ingest": settings})

    def connect(self, name: str = "shop", **options: Any) -> None:
        """A connector to the source, which streams all its tables unless the options say otherwise."""
        settings = {"connector": "postgres", "url": URL, "cdc": {}, **options}
        self.write(f"aidbt/connectors/{name}.yml", {k: v for k, v in settings.items() if v is not None})

    def write(self, path: str, content: Any) -> None:
        """A file of the project; JSON is YAML."""
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(json.dumps(content))

    def start(self, *arguments: str, python: Sequence[str] = ("-m", "aidbt")) -> Running:
        """`aidbt ingest …`, which goes on by itself.

        Args:
            python: how the interpreter is to begin.
        """
        command = [sys.executable, *python, "ingest", *arguments, "--project-dir", str(self.folder)]
        return Running(command, self.folder, {"SHOP_URL": self.source.url})

    def stream(self, *arguments: str, **how: Any) -> Running:
        """`aidbt ingest cdc shop`, until it is stopped."""
        return self.start("cdc", "shop", *arguments, **how)

    def run(self, *arguments: str, code: int = 0) -> str:
        """`aidbt ingest …` in this process, which saves its start; what it says on stdout.

        Raises:
            AssertionError: it ended with another exit code.
        """
        arguments = ("ingest", *arguments, "--project-dir", str(self.folder))
        done = CliRunner().invoke(cli, arguments, env={"SHOP_URL": self.source.url})
        assert done.exit_code == code, (done.output, done.exception)
        return done.stdout

    def catch_up(self) -> str:
        """`aidbt ingest cdc shop --once`, which has to succeed; what it says on stdout."""
        return self.run("cdc", "shop", "--once")

    @contextlib.contextmanager
    def warehouse_in_use(self) -> Iterator[None]:
        """While the block runs, another process has the warehouse open."""
        command = [sys.executable, "-c", _HOLD, str(self.warehouse)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None and process.stdout is not None
            assert process.stdout.readline() == b"open\n"
            try:
                yield
            finally:
                process.stdin.close()

    def spooled_bytes(self) -> int:
        """The length of what waits in the spool."""
        return sum(path.stat().st_size for path in self.spool.glob("*.changes"))

    def value(self, sql: str) -> Any:
        """The only value of a query on the warehouse, which nobody else may have open."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            ((value,),) = connection.execute(sql).fetchall()
        return value


class Running:
    """A command that runs; killed at the end of its `with` block when it still does."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        environment = {**os.environ, "COLUMNS": "200", "AIDBT_EMBEDDINGS_MODEL": "none", **environment}
        number = len(list(folder.glob("*.stderr")))
        self._out, self._err = (folder / f"{number}.{name}" for name in ("stdout", "stderr"))
        with self._out.open("w") as out, self._err.open("w") as err:
            self._process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    @property
    def stands(self) -> str:
        """The last line that says how the stream stands."""
        return next(line for line in reversed(self.err.splitlines()) if line.startswith("shop: "))

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def until(self, is_so: Callable[[], object], what: str) -> None:
        """Wait for something that has to happen while the command runs."""
        until(lambda: is_so() or self._has_ended(what), what)

    def says(self, text: str) -> None:
        """Wait until it has said something on stderr."""
        self.until(lambda: text in self.err, f"{text!r} is said")

    def kill(self) -> None:
        """SIGKILL, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.send_signal(signal.SIGTERM)

    def ended(self, code: int) -> str:
        """Wait for the end, which has to be this exit code; what was said on stdout."""
        try:
            found = self._process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert found == code, f"exit code {found}, not {code}\n{self.out}\n{self.err}"
        assert "Traceback" not in self.err, self.err
        return self.out

    def _has_ended(self, what: str) -> bool:
        code = self._process.poll()
        assert code is None, f"it ended ({code}) before {what}\n{self.out}\n{self.err}"
        return False


def until(is_so: Callable[[], object], what: str, *, seconds: float = 60) -> None:
    """Wait for something that has to happen."""
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at, f"after {seconds:.0f} s it is not so that {what}"
        time.sleep(0.03)


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    assert cursor.description is not None
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _by_key(rows: Sequence[dict[str, Any]], table: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Rows by their key, with JSON as what it says."""
    found = {}
    for row in rows:
        doc = row.get("doc")
        values = {**row, "doc": json.loads(doc)} if isinstance(doc, str) else row
        found[tuple(row[name] for name in KEYS[table])] = values
    return found


def _landed(log: Sequence[dict[str, Any]], key: Sequence[str]) -> dict[str, list[_Change]]:
    """What a change log says of each key, in order: "r" for a row of the snapshot."""
    changes: dict[str, list[_Change]] = defaultdict(list)
    for row in log:
        if row["_aidbt_op"] != "t":
            changes[_key(row, key)] = []
    for row in log:
        if row["_aidbt_op"] == "t":
            for of_key in changes.values():
                of_key.append(("t", None))
        else:
            changes[_key(row, key)].append((row["_aidbt_op"], row["stamp"]))
    return changes


def _key(row: dict[str, Any], names: Sequence[str]) -> str:
    return ":".join(str(row[name]) for name in names)


def _check_key(what: str, committed: list[_Change], landed: list[_Change]) -> None:
    """Check that what has landed of a key is its snapshot, and all that was committed behind that."""
    if not any(op != "t" for op, _ in landed):
        landed = []
    if not landed:
        gone = not committed or committed[-1][0] in "dt"
        assert gone, f"{what}: {committed} was committed, nothing has landed"
        return
    if landed[0][0] == "r":
        stamps = [stamp for _, stamp in committed]
        assert landed[0][1] in stamps, f"{what}: the snapshot has {landed[0]}, never committed: {committed}"
        expected = committed[stamps.index(landed[0][1]) + 1 :]
        assert landed[1:] == expected, f"{what}: {landed} landed, {committed} was committed"
        return
    begin = len(committed) - len(landed)
    assert begin >= 0 and committed[begin:] == landed, f"{what}: {landed} landed, {committed} was committed"
    assert begin == 0 or committed[begin - 1][0] in "dt", f"{what}: {landed} landed, {committed} committed"
