"""Claim: Debezium's events in a file land in DuckDB at 300,000 a CPU second (250,000 with embedded schema
blocks), at least 100 times what dlt does from dicts, and several times what orjson, Arrow and dlt do.

A table of 10 columns, two inserts to one update and one delete, about 600 bytes a line. Ours is the connector
and the sink as `aidbt ingest cdc` runs them; dlt appends the rows with their operation and position, amounts
and times decoded as ours are, in a whole run of its pipeline (extract, normalize, load). CPU seconds are
those of reading and landing, all threads, behind a first small file: imports and that file count
as the start, which is told apart, for ours and for the peers.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import measure, peer_venv, report, standard_arguments

REQUIREMENTS = ("dlt[duckdb]==1.31.0", "orjson", "pyarrow")
# Events of: ours without schema blocks, ours with them, orjson with Arrow and dlt, dlt from dicts.
SIZES = {"quick": (1_000_000, 250_000, 60_000, 4_000), "full": (2_000_000, 500_000, 500_000, 30_000)}
ROUNDS = {"quick": 1, "full": 3}
COLUMNS = {
    "id": {"type": "int64"},
    "customer_id": {"type": "int64"},
    "product_id": {"type": "int32"},
    "status": {"type": "string"},
    "amount": {
        "type": "bytes",
        "name": "org.apache.kafka.connect.data.Decimal",
        "version": 1,
        "parameters": {"scale": "2", "connect.decimal.precision": "12"},
    },
    "quantity": {"type": "int32"},
    "ordered_at": {"type": "int64", "name": "io.debezium.time.MicroTimestamp", "version": 1},
    "note": {"type": "string"},
    "is_active": {"type": "boolean"},
    "email": {"type": "string"},
}
OURS = """
import json, sys, threading, time
from datetime import UTC, datetime
from pathlib import Path
from aidbt.warehouse.duckdb import DuckDBWarehouse
from ingestion.bronze import SINKS
from ingestion.changes import BatchLimits
from ingestion.settings import connector_from
few, file, folder, options = sys.argv[1], sys.argv[2], Path(sys.argv[3]), json.loads(sys.argv[4])
def land(path, database):
    connector = connector_from(path, "shop", root=Path("/"), options={"connector": "debezium", **options})
    with DuckDBWarehouse(folder / database).connect(read_only=False) as connection:
        sink = SINKS.load("duckdb")(connection, alone=True)
        sink.prepare("bronze")
        started = time.process_time()
        changes = connector.open_changes(scratch=folder)
        state = sink.state("bronze", "shop")
        for batch in changes.batches(state, BatchLimits(), until_current=True, stop=threading.Event()):
            sink.commit(batch, "bronze", now=datetime.now(UTC))
            changes.acknowledge(batch)
        changes.close()
        cpu_s = time.process_time() - started
        return cpu_s, connection.rows("select count(*) from bronze.orders")[0][0]
land(few, "few.duckdb")  # so that everything is imported
start_cpu_s = time.process_time()
cpu_s, rows = land(file, "all.duckdb")
print(json.dumps({"rows": rows, "cpu_s": cpu_s, "start_cpu_s": start_cpu_s}))
"""
# What both peers have in common; FROM_DICTS or FROM_ARROW follows.
PEER = """
import json, sys, time
from binascii import a2b_base64
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
import dlt, duckdb, orjson, pyarrow as pa
few, file, folder = sys.argv[1:4]
def decimal(text):
    return None if text is None else Decimal(int.from_bytes(a2b_base64(text), "big", signed=True)).scaleb(-2)
def rows(path, loads):
    with open(path, "rb") as lines:
        for line in lines:
            event = loads(line)
            row = event["before"] if event["op"] == "d" else event["after"]
            yield {**row, "amount": decimal(row["amount"]), "op": event["op"],
                   "lsn": event["source"]["lsn"], "ts_ms": event["source"]["ts_ms"]}
"""
FROM_DICTS = """
@dlt.resource(name="orders", write_disposition="append")
def orders(path):
    start = datetime(1970, 1, 1)
    found = rows(path, json.loads)
    while part := list(islice(found, 10_000)):
        for row in part:
            if row["ordered_at"] is not None:
                row["ordered_at"] = start + timedelta(microseconds=row["ordered_at"])
        yield part
"""
# Parts of 10,000 and a schema take 5.6 µs an event up to Arrow; parts of 50,000 7, without a schema 7.5.
FROM_ARROW = """
schema = pa.schema({
    "id": pa.int64(), "customer_id": pa.int64(), "product_id": pa.int32(), "status": pa.string(),
    "amount": pa.decimal128(12, 2), "quantity": pa.int32(), "ordered_at": pa.timestamp("us"),
    "note": pa.string(), "is_active": pa.bool_(), "email": pa.string(), "op": pa.string(),
    "lsn": pa.int64(), "ts_ms": pa.int64(),
})
@dlt.resource(name="orders", write_disposition="append")
def orders(path):
    found = rows(path, orjson.loads)
    while part := list(islice(found, 10_000)):
        yield pa.Table.from_pylist(part, schema=schema)
"""
RUN_PEER = """
def land(path, name):
    database = folder + "/" + name + ".duckdb"
    pipeline = dlt.pipeline(name, pipelines_dir=folder, destination=dlt.destinations.duckdb(database),
                            dataset_name="bronze")
    started = time.process_time()
    pipeline.run(orders(path))
    cpu_s = time.process_time() - started
    with duckdb.connect(database) as connection:
        return cpu_s, connection.execute("select count(*) from bronze.orders").fetchone()[0]
land(few, "few")  # so that everything is imported
start_cpu_s = time.process_time()
cpu_s, count = land(file, "whole")
print(json.dumps({"rows": count, "cpu_s": cpu_s, "start_cpu_s": start_cpu_s}))
"""


def main() -> None:
    arguments = standard_arguments(__doc__).parse_args()
    form = "quick" if arguments.quick else "full"
    plain, with_schema, arrow, dicts = SIZES[form]
    python = peer_venv("dlt", REQUIREMENTS)
    best: dict[str, float] = {}
    start: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as name:
        folder = Path(name)
        files = {
            "plain": make(folder / "plain.ndjson", plain),
            "with schema": make(folder / "schema.ndjson", with_schema, schema_block()),
            "arrow": make(folder / "arrow.ndjson", arrow),
            "dicts": make(folder / "dicts.ndjson", dicts),
        }
        few = {
            run: make(folder / f"few_{name}.ndjson", 200, block)[0]
            for name, block, named in (
                ("plain", None, ("plain", "arrow", "dicts")),
                ("schema", schema_block(), ("with schema",)),
            )
            for run in named
        }
        for number in range(ROUNDS[form]):
            scratch = folder / str(number)
            runs = {
                "plain": (sys.executable, OURS, options(declared=True)),
                "with schema": (sys.executable, OURS, options(declared=False)),
                "arrow": (python, PEER + FROM_ARROW + RUN_PEER, ""),
                "dicts": (python, PEER + FROM_DICTS + RUN_PEER, ""),
            }
            for run, (interpreter, script, given) in runs.items():
                into = scratch / run.replace(" ", "_")
                into.mkdir(parents=True)
                found = json.loads(
                    measure(
                        [interpreter, "-c", script, few[run], files[run][0], into, given],
                        env={"DLT_TELEMETRY": "false", "RUNTIME__DLTHUB_TELEMETRY": "false"},
                    ).stdout.splitlines()[-1]
                )
                if found["rows"] != files[run][1]:
                    raise SystemExit(f"{run}: {files[run][1]} events, but {found['rows']} rows landed")
                best[run] = max(best.get(run, 0.0), found["rows"] / found["cpu_s"])
                start[run] = round(min(start.get(run, 1e9), found["start_cpu_s"]), 2)
        sizes = {run: os.path.getsize(path) // count for run, (path, count) in files.items()}
    speed = {run: round(value) for run, value in best.items()}
    report(
        "cdc_file",
        ours={
            "events_per_cpu_s": speed["plain"],
            "events_per_cpu_s_with_schema_blocks": speed["with schema"],
            "bytes_per_event": sizes["plain"],
            "bytes_per_event_with_schema_block": sizes["with schema"],
            "events": plain,
            "events_with_schema_blocks": with_schema,
            "start_cpu_s": start["plain"],
        },
        peers={
            "dlt from dicts": {
                "events_per_cpu_s": speed["dicts"],
                "events": dicts,
                "start_cpu_s": start["dicts"],
            },
            "orjson, Arrow and dlt": {
                "events_per_cpu_s": speed["arrow"],
                "events": arrow,
                "start_cpu_s": start["arrow"],
            },
        },
        ratios={
            "dlt from dicts": round(best["plain"] / best["dicts"], 1),
            "orjson, Arrow and dlt": round(best["plain"] / best["arrow"], 1),
        },
        output=arguments.output,
    )


def options(*, declared: bool) -> str:
    """The connector's options, as a user would write them for these files."""
    types = {"amount": "decimal(12, 2)", "ordered_at": "MicroTimestamp"} if declared else {}
    return json.dumps({"bronze_schema": "bronze", "key": {"orders": ["id"]}, "types": {"orders": types}})


def make(path: Path, count: int, schema: str | None = None) -> tuple[Path, int]:
    """A file of events, and how many there are."""
    rng = random.Random(7)
    with path.open("w") as file:
        for number in range(count):
            payload = json.dumps(event(number, rng), separators=(",", ":"))
            file.write(f"{payload}\n" if schema is None else f'{{"schema":{schema},"payload":{payload}}}\n')
    return path, count


def event(number: int, rng: random.Random) -> dict[str, Any]:
    """Every fourth event is an update, every fourth a delete, as PostgreSQL's connector writes them."""
    operation = "ccud"[number % 4]
    row = {
        "id": number,
        "customer_id": rng.randrange(10**6),
        "product_id": rng.randrange(10**4),
        "status": rng.choice(("new", "paid", "sent")),
        "amount": rng.choice(("AeJA", "ASc=", "BNI=", "AeJQ", "/w==")),
        "quantity": rng.randrange(100),
        "ordered_at": 1_700_000_000_000_000 + number * 1000,
        "note": f"note {rng.randrange(10**9)} of the order" if number % 3 else None,
        "is_active": number % 2 == 0,
        "email": f"user{number}@example.com",
    }
    position, now = 24_000_000 + number * 100, 1_700_000_000_000 + number
    gone = {name: row[name] if name == "id" else None for name in row}
    return {
        "before": gone if operation == "d" else None,
        "after": None if operation == "d" else row,
        "source": {
            "version": "3.6.3.Final", "connector": "postgresql", "name": "shop", "ts_ms": now,
            "snapshot": "false", "db": "postgres", "sequence": f'["{position - 56}","{position}"]',
            "ts_us": now * 1000, "ts_ns": now * 1_000_000, "schema": "public", "table": "orders",
            "txId": 700 + number // 10, "lsn": position, "xmin": None, "origin": None, "origin_lsn": None,
        },
        "transaction": None, "op": operation, "ts_ms": now + 5,
        "ts_us": now * 1000 + 5123, "ts_ns": now * 1_000_000 + 5_123_456,
    }  # fmt: skip


def schema_block() -> str:
    """The schema that Kafka Connect's converter puts before each of these events."""
    row = [{**described, "optional": name != "id", "field": name} for name, described in COLUMNS.items()]
    value = {"type": "struct", "fields": row, "optional": True, "name": "shop.public.orders.Value"}
    texts = ("version", "connector", "name", "snapshot", "db", "sequence", "schema", "table", "origin")
    numbers = ("ts_ms", "ts_us", "ts_ns", "txId", "lsn", "xmin", "origin_lsn")
    source = [
        {"type": kind, "optional": True, "field": name}
        for kind, names in (("string", texts), ("int64", numbers))
        for name in names
    ]
    fields = [
        {**value, "field": "before"},
        {**value, "field": "after"},
        {"type": "struct", "fields": source, "optional": False, "field": "source"},
        {"type": "string", "optional": False, "field": "op"},
        *({"type": "int64", "optional": True, "field": name} for name in ("ts_ms", "ts_us", "ts_ns")),
    ]
    return json.dumps({"type": "struct", "fields": fields, "optional": False}, separators=(",", ":"))


if __name__ == "__main__":
    main()
