"""Claim: a full load of a PostgreSQL table into DuckDB costs less CPU than with dlt, and 10 million rows take
at most 1 GB.

One table of 12 columns, all of it into an empty DuckDB file. Ours is what `aidbt ingest run` does, with its
snapshot, counts and records; dlt's source `sql_database` appends with its Arrow backends, pyarrow and
connectorx. CPU seconds are those of the client (the server's are the same work for all), all threads, behind
a load of a small table, so that imports do not count.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.common import Measured, measure, peer_venv, report, standard_arguments
from tests.kit import postgres_server

REQUIREMENTS = (
    "dlt[duckdb]==1.31.0",
    "sqlalchemy>=2,<2.1",
    "connectorx",
    "numpy",
    "pandas",
    "psycopg2-binary",
    "pyarrow",
)
SIZES = {"quick": 200_000, "standard": 2_000_000, "full": 10_000_000}
ROUNDS = {"quick": 1, "standard": 3, "full": 1}
MAKE = """
create table {table} (
    id bigint primary key, customer_id integer not null, status text not null, amount numeric(12, 2) not null,
    quantity smallint not null, discount double precision, placed_at timestamptz not null,
    delivered_on date, email text, note text, is_gift boolean not null, reference uuid not null
);
insert into {table}
select
    i, i * 7919 % 100000, (array['new', 'paid', 'sent', 'returned'])[1 + i % 4], i * 31 % 1000000 / 100.0,
    i % 20, case when i % 3 = 0 then i % 50 / 100.0 end, timestamptz '2024-01-01' + i * interval '7 seconds',
    case when i % 5 > 0 then date '2024-01-01' + (i % 700)::int end,
    'customer' || i % 100000 || '@example.com',
    case when i % 4 = 0 then 'please leave it with the neighbours, number ' || i end, i % 10 = 0,
    md5(i::text)::uuid
from generate_series(1::bigint, {rows}) i;
"""
OURS = """
import json, sys, time
from pathlib import Path
from aidbt.warehouse.duckdb import DuckDBWarehouse
from ingestion.pipeline import run_loads
from ingestion.settings import connector_from
url, folder = sys.argv[1], Path(sys.argv[2])
def load(table):
    warehouse = DuckDBWarehouse(folder / f"{table}.duckdb")
    connector = connector_from(url, "shop", root=folder, options={"tables": [table]})
    started, began = time.process_time(), time.monotonic()
    done = run_loads([connector], lambda: warehouse)
    cpu_s, wall_s = time.process_time() - started, time.monotonic() - began
    assert done.is_complete and done.reconciles, done
    with warehouse.connect() as connection:
        rows = connection.rows(f"select count(*) from bronze_shop.{table}")[0][0]
    return {"cpu_s": cpu_s, "wall_s": wall_s, "rows": rows}
load("few")
print(json.dumps(load("orders")))
"""
DLT = """
import json, sys, time
import dlt, duckdb
from dlt.sources.sql_database import sql_table
url, folder, backend, options = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
def load(table):
    database = f"{folder}/{table}.duckdb"
    pipeline = dlt.pipeline(table, pipelines_dir=folder, destination=dlt.destinations.duckdb(database),
                            dataset_name="bronze")
    started, began = time.process_time(), time.monotonic()
    pipeline.run(sql_table(url, table, backend=backend, **options), write_disposition="append")
    cpu_s, wall_s = time.process_time() - started, time.monotonic() - began
    with duckdb.connect(database) as connection:
        rows = connection.execute(f"select count(*) from bronze.{table}").fetchone()[0]
    return {"cpu_s": cpu_s, "wall_s": wall_s, "rows": rows}
load("few")
print(json.dumps(load("orders")))
"""
# What its documentation recommends for speed: large chunks, Arrow as it comes, types from the reflection.
BACKENDS: dict[str, dict[str, Any]] = {
    "pyarrow": {"chunk_size": 100_000, "reflection_level": "full_with_precision"},
    "connectorx": {
        "chunk_size": 100_000,
        "reflection_level": "full_with_precision",
        "backend_kwargs": {"return_type": "arrow_stream", "batch_size": 100_000},
    },
}


def main() -> None:
    """Print the figures."""
    parser = standard_arguments(__doc__)
    parser.add_argument("--full", action="store_true", help="10 million rows, ours alone, for its memory")
    arguments = parser.parse_args()
    form = "quick" if arguments.quick else "full" if arguments.full else "standard"
    rows = SIZES[form]
    python = peer_venv("dlt_sql_connectorx", REQUIREMENTS) if form != "full" else Path()
    found: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="aidbt-bench-") as name, postgres_server() as server:
        for table, count in (("few", 1_000), ("orders", rows)):
            server.psql(MAKE.format(table=table, rows=count))
            server.psql(f"alter table {table} set (autovacuum_enabled = false); analyze {table}")
        url = server.url()
        for number in range(ROUNDS[form]):
            for run in ("ours", *(() if form == "full" else BACKENDS)):
                folder = Path(name) / f"{number}_{run}"
                folder.mkdir()
                command = (
                    [sys.executable, "-c", OURS, url, folder]
                    if run == "ours"
                    else [python, "-c", DLT, url, folder, run, json.dumps(BACKENDS[run])]
                )
                figures = figures_of(measure(command, env={"RUNTIME__DLTHUB_TELEMETRY": "false"}))
                if figures["rows"] != rows:
                    raise SystemExit(f"{run} landed {figures['rows']:,} of {rows:,} rows")
                found.setdefault(run, []).append(figures)
    best = {run: summary(rows, figures) for run, figures in found.items()}
    ours = best.pop("ours")
    report(
        "batch_ingest",
        ours=ours,
        peers={f"dlt {run}": values for run, values in best.items()},
        ratios={
            f"rows per CPU second, ours / dlt {run}": round(
                ours["rows_per_cpu_s"] / values["rows_per_cpu_s"], 2
            )
            for run, values in best.items()
        },
        output=arguments.output,
    )


def figures_of(measured: Measured) -> dict[str, float]:
    """What a run says of itself, and its peak memory."""
    said: dict[str, float] = json.loads(measured.stdout.splitlines()[-1])
    return {**said, "peak_mb": measured.peak_mb}


def summary(rows: int, runs: list[dict[str, float]]) -> dict[str, Any]:
    """The median of the runs."""
    cpu_s = median(run["cpu_s"] for run in runs)
    return {
        "rows": rows,
        "rows_per_cpu_s": round(rows / cpu_s),
        "cpu_s": round(cpu_s, 2),
        "wall_s": round(median(run["wall_s"] for run in runs), 2),
        "peak_mb": round(max(run["peak_mb"] for run in runs)),
    }


if __name__ == "__main__":
    main()
