"""What lands rows in bronze, and what is asked of it, by sqlglot's name of the warehouse's dialect."""

from __future__ import annotations

from aidbt.core.registry import Registry

WRITERS = Registry(
    "bronze writer",
    {"duckdb": "ingestion.bronze.duckdb:DuckDBWriter"},
    extras={"duckdb": "ingest"},
)
SINKS = Registry(
    "change sink",
    {"duckdb": "ingestion.bronze.duckdb_changes:DuckDBChangeSink"},
    extras={"duckdb": "ingest"},
)
CHANGE_LOGS = Registry(
    "change log",
    {"duckdb": "ingestion.bronze.duckdb_logs:DuckDBChangeLogs"},
    extras={"duckdb": "ingest"},
)
