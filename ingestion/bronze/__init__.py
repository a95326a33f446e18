"""The writers of bronze, by sqlglot's name of the warehouse's dialect."""

from __future__ import annotations

from aidbt.core.registry import Registry

WRITERS = Registry(
    "bronze writer",
    {"duckdb": "ingestion.bronze.duckdb:DuckDBWriter"},
    extras={"duckdb": "ingest"},
)
