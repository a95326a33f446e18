"""What the tests of streaming from PostgreSQL share: a small driver, and what a change log says now."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras

from ingestion.bronze import SINKS
from ingestion.changes import BatchLimits, Lag, MicroBatch
from tests.ingestion.helpers import Bronze, Database

AT_ONCE = BatchLimits(seconds=0.0)
_USUAL = BatchLimits()


class Stream:
    """A source whose changes are landed in bronze, one batch after the other, in this thread."""

    def __init__(self, connector: Any, bronze: Bronze, scratch: Path) -> None:
        self.connector = connector
        self.bronze = bronze
        self.scratch = scratch
        self.batches: list[MicroBatch] = []
        self.messages: list[str] = []
        self.lag: Lag | None = None
        self.schema = connector.settings.bronze_schema

    def run(
        self,
        *,
        limits: BatchLimits = _USUAL,
        resnapshot: Sequence[str] = (),
        until_current: bool = True,
        stop: threading.Event | None = None,
        before_commit: Callable[[MicroBatch], None] | None = None,
        after_commit: Callable[[MicroBatch], None] | None = None,
    ) -> list[MicroBatch]:
        """The batches that landed, until everything that was committed before the call has."""
        landed: list[MicroBatch] = []
        source = self.connector.open_changes(scratch=self.scratch, resnapshot=resnapshot)
        try:
            with self.bronze.warehouse.connect(read_only=False) as connection:
                sink = SINKS.load("duckdb")(connection)
                sink.prepare(self.schema)
                state = sink.state(self.schema, source.name)
                stop = stop or threading.Event()
                for batch in source.batches(state, limits, until_current=until_current, stop=stop):
                    if batch is None:
                        continue
                    if before_commit is not None:
                        before_commit(batch)
                    sink.commit(batch, self.schema, now=datetime.datetime.now(datetime.UTC))
                    if after_commit is not None:
                        after_commit(batch)
                    source.acknowledge(batch)
                    landed.append(batch)
                    self.messages += [finding.message for finding in batch.findings]
                    self.lag = source.lag()
        finally:
            source.close()
            self.batches += landed
        return landed

    def state(self) -> dict[str, Any]:
        """The parts of the stream as the warehouse has them."""
        with self.bronze.warehouse.connect(read_only=False) as connection:
            return dict(
                SINKS.load("duckdb")(connection).state(self.schema, self.connector.settings.name).parts
            )

    def keep(self, **position: Any) -> None:
        """Change what is kept of the stream's position, as if another stream had landed."""
        kept = json.dumps(self.state()[""] | position)
        with self.bronze.warehouse.connect(read_only=False) as connection:
            connection.rows(f"update {self.schema}._aidbt_streams set position = ? where part = ''", [kept])

    def log(self, table: str) -> list[dict[str, Any]]:
        """All rows of a change log in the order of the source."""
        with self.bronze.warehouse.connect() as connection:
            cursor = connection.raw.execute(f'select * from "{self.schema}"."{table}"')
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return sorted(rows, key=lambda row: (row["_aidbt_position"], row["_aidbt_sequence"]))

    def operations(self, table: str) -> str:
        """The operations of a change log in the order of the source, one letter each."""
        return "".join(row["_aidbt_op"] for row in self.log(table))

    def now(self, table: str, key: str = "id") -> dict[Any, dict[str, Any]]:
        """The rows that a change log says there are, by key: every event applied, one after the other."""
        rows: dict[Any, dict[str, Any]] = {}
        for event in self.log(table):
            values = {name: value for name, value in event.items() if not name.startswith("_aidbt_")}
            if event["_aidbt_op"] == "t":
                rows.clear()
            elif event["_aidbt_op"] == "d":
                rows.pop(values[key], None)
            else:
                unchanged = event["_aidbt_unchanged"] or ()
                before = rows.get(values[key], {})
                rows[values[key]] = values | {name: before.get(name) for name in unchanged}
        return rows


def source_rows(database: Database, table: str, key: str = "id") -> dict[Any, dict[str, Any]]:
    """The rows of a table in the source now, by key."""
    connection = psycopg2.connect(database.url)
    psycopg2.extras.register_uuid(conn_or_curs=connection)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f'select * from "{table}"')
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    finally:
        connection.close()
    return {row[key]: row for row in rows}


def slot(database: Database, name: str = "aidbt_shop") -> dict[str, Any]:
    """The slot's row in pg_replication_slots; empty when there is none."""
    found = database.psql(f"select row_to_json(s) from pg_replication_slots s where slot_name = '{name}'")
    return dict(json.loads(found)) if found else {}


def alter_system(url: str, command: str) -> None:
    """ALTER SYSTEM, which is no part of a transaction, and is valid from then on."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"alter system {command}")
            cursor.execute("select pg_reload_conf()")
    finally:
        connection.close()


def lsn(text: str) -> int:
    """16/B374D848 as a number."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def forget(database: Database) -> None:
    """Drop the slots and publications of a database."""
    database.psql(
        """
        select pg_terminate_backend(active_pid, 10000) from pg_replication_slots
        where database = current_database() and active;
        """
    )
    database.psql(
        """
        select pg_drop_replication_slot(slot_name) from pg_replication_slots
        where database = current_database() and not temporary;
        do $$ declare name text; begin
            for name in select pubname from pg_publication loop
                execute format('drop publication %I', name);
            end loop;
        end $$;
        """
    )
