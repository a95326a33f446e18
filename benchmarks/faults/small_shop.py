"""A smaller shop, which runs on PostgreSQL behind a proxy."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.faults.landing import TABLES, Calendar, of_load, rows
from benchmarks.faults.proxy import Proxy
from benchmarks.faults.slot import Slot
from benchmarks.faults.state import Table, Tables
from tests.kit import PostgresServer

PROJECT = Path(__file__).parent / "project_small"
LANDED = ("raw_shop.customers", "raw_shop.orders", "raw_pay.payments")
RAW = ("raw_shop", "raw_pay")
PRODUCTION = ("staging", "marts")
ROLE, PASSWORD, DATABASE = "shop_dbt", "let me build", "shop"
PROFILES = """\
small_shop:
  target: prod
  outputs:
    prod:
      type: postgres
      host: 127.0.0.1
      port: {port}
      user: {role}
      password: "{password}"
      dbname: {database}
      schema: marts
      threads: 2
      connect_timeout: 3
      retries: 0
"""
# What happens to rows that are there already, when the newest load comes.
_CHANGE = (
    "update raw_shop.orders set status = 'delivered', updated_at = timestamp '{now}' - interval '1 hour'"
    " where status = 'shipped' and id % 7 = 3"
)


class SmallShop:
    """How the project on PostgreSQL is made, landed and looked at.

    Attributes:
        server: of this site alone.
        proxy: what dbt connects to.
    """

    def __init__(self, calendar: Calendar, server: PostgresServer, proxy: Proxy) -> None:
        self.calendar, self.server, self.proxy = calendar, server, proxy
        self._rows = {table: found for table, found in rows(calendar).items() if table in LANDED}

    def make(self, slot: Slot) -> None:
        """The project in production: two loads landed and built.

        Raises:
            RuntimeError: the healthy project does not build.
        """
        shutil.rmtree(slot.work, ignore_errors=True)
        shutil.copytree(PROJECT, slot.project)
        slot.profiles.mkdir(parents=True)
        slot.files.mkdir()
        values = {"port": self.proxy.port, "role": ROLE, "password": PASSWORD, "database": DATABASE}
        (slot.profiles / "profiles.yml").write_text(PROFILES.format(**values))
        slot.git("init", "--quiet", "-b", "main")
        self._administer(f"create role {ROLE} login", f"create database {DATABASE}", *_role_as_it_was())
        grants = [_MAY_CREATE, *(f"create schema {schema}" for schema in RAW)]
        grants += [f"create table {table} ({TABLES[table]})" for table in LANDED]
        grants += [f"grant usage on schema {schema} to {ROLE}" for schema in RAW]
        grants += [f"grant select on all tables in schema {schema} to {ROLE}" for schema in RAW]
        self.execute(slot, grants)
        slot.commit("The shop's models")
        for load in (1, 2):
            self._land(slot, load)
            slot.clear_log()
            done = slot.dbt("dbt build", slot.env())
            if done.returncode:
                raise RuntimeError(f"dbt build failed on the healthy project:\n{done.stdout[-4000:]}")
        slot.collect(slot.last_good)

    def land(self, slot: Slot) -> None:
        """The newest load, as it should be."""
        self._land(slot, 3)
        self.execute(slot, [_CHANGE])

    def execute(self, slot: Slot, statements: Iterable[str]) -> None:
        """Run SQL, as whoever owns the sources does; `{now}` is when the newest load came."""
        with self._connect() as cursor:
            for statement in statements:
                cursor.execute(statement.replace("{now}", str(self.calendar.now)))

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self._connect() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def raw(self, slot: Slot) -> Tables:
        """What the sources hold."""
        return self._tables(RAW)

    def production(self, slot: Slot) -> Tables:
        """What dbt has built."""
        return self._tables(PRODUCTION)

    def quarantined(self, slot: Slot) -> dict[str, list[str]]:
        """Relations called `…quarantine…` that dbt has built → the texts of their rows."""
        names = [name for name in self.production(slot) if "quarantine" in name]
        return {name: [row[0] for row in self.ask(f"select q::text from {name} as q")] for name in names}

    def save(self, slot: Slot, name: str) -> None:
        """Keep what the slot is like: its folder, and its database as a template."""
        slot.save(name)
        self._copy_database(DATABASE, f"{DATABASE}_{name}")

    def restore(self, slot: Slot, name: str) -> None:
        """Make the slot what it was when it was kept as `name`, with the role as it was at first."""
        slot.restore(name)
        self.proxy.mode = "through"
        self.proxy.cut()
        self._administer(*_role_as_it_was())
        self._copy_database(f"{DATABASE}_{name}", DATABASE)
        # What is granted on a database does not come with its template.
        self.execute(slot, [_MAY_CREATE])

    def _copy_database(self, old: str, new: str) -> None:
        self._administer(f"drop database if exists {new} with (force)", _CUT_OFF.format(database=old),
                         f"create database {new} template {old}")  # fmt: skip

    def _administer(self, *statements: str) -> None:
        with self._connect("postgres") as cursor:
            for statement in statements:
                cursor.execute(statement)

    @contextmanager
    def _connect(self, database: str = DATABASE) -> Iterator[Any]:
        import psycopg2

        connection = psycopg2.connect(self.server.url(database))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def _land(self, slot: Slot, load: int) -> None:
        with self._connect() as cursor:
            for table, found in of_load(self._rows, self.calendar, load).items():
                text = io.StringIO()
                csv.writer(text).writerows(found)
                text.seek(0)
                cursor.copy_expert(f"copy {table} from stdin (format csv)", text)

    def _tables(self, schemas: tuple[str, ...]) -> dict[str, Table]:
        with self._connect() as cursor:
            cursor.execute(_RELATIONS, [list(schemas)])
            listed = cursor.fetchall()
            return {f"{schema}.{name}": _table(cursor, schema, name, view) for schema, name, view in listed}


_MAY_CREATE = f"grant create on database {DATABASE} to {ROLE}"
_CUT_OFF = (
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
    " and pid <> pg_backend_pid()"
)
_RELATIONS = (
    "select n.nspname, c.relname, case c.relkind when 'v' then pg_get_viewdef(c.oid) else '' end"
    " from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
    " where n.nspname = any(%s) and c.relkind in ('r', 'v', 'm') order by 1, 2"
)
_COLUMNS = (
    "select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute as a"
    " where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped order by 1"
)


def _table(cursor: Any, schema: str, name: str, definition: str) -> Table:
    import psycopg2

    relation = f'"{schema}"."{name}"'
    cursor.execute(_COLUMNS, [relation])
    kinds = dict(cursor.fetchall())
    quoted = [f'"{column}"' for column in kinds]
    sums = [f"coalesce(sum(hashtextextended({column}::text, 0)), 0)::text" for column in quoted]
    every = f"coalesce(sum(hashtextextended(row({', '.join(quoted)})::text, 0)), 0)::text"
    try:
        cursor.execute(f"select count(*), {', '.join([every, *sums])} from {relation}")
    except psycopg2.Error as error:
        return Table(-1, {}, str(error).splitlines()[0], definition)
    count, content, *found = cursor.fetchone()
    return Table(count, {c: (kinds[c], s) for c, s in zip(kinds, found, strict=True)}, content, definition)


def _role_as_it_was() -> tuple[str, ...]:
    return (
        f"alter role {ROLE} login password '{PASSWORD}' valid until 'infinity' connection limit -1",
        f"alter role {ROLE} reset all",
    )
