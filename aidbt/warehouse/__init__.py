"""The warehouse dbt builds into: opening it, listing what is there, profiling it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from aidbt.core.registry import Registry
from aidbt.warehouse.base import Connection, Warehouse

__all__ = ["WAREHOUSES", "Connection", "Warehouse", "adapter_version", "open_warehouse", "trust_of"]

# Read natively; any other kind is read through dbt's adapter for it.
WAREHOUSES = Registry(
    "warehouse", {"duckdb": "aidbt.warehouse.duckdb:DuckDBWarehouse"}, extras={"duckdb": "duckdb"}
)
_PROVEN = frozenset({"duckdb", "postgres", "spark"})
_REHEARSED = frozenset({"snowflake", "bigquery", "redshift", "databricks", "trino"})


def open_warehouse(
    kind: str,
    *,
    path: Path = Path(),
    schema: str,
    settings: Mapping[str, Any] | None = None,
    memory_limit: str = "500MB",
    tag: str = "",
    ask: Callable[[], AbstractContextManager[bool]] | None = None,
) -> Warehouse:
    """The warehouse of a profile; nothing is opened until it is used.

    Args:
        kind: the adapter type of the profile.
        path: the database file of DuckDB, absolute.
        schema: the schema dbt builds into.
        settings: the rendered keys of the profile's target, for dbt's adapter.
        memory_limit: DuckDB's.
        tag: the command that statements are tagged with, e.g. "generate"; not on DuckDB, whose file is
            nobody else's.
        ask: asks for the file of DuckDB while others use it; see `DuckDBWarehouse`.

    Raises:
        MissingExtra: the driver of DuckDB is not installed.
    """
    warehouse: Warehouse
    if kind in WAREHOUSES.names():
        warehouse = WAREHOUSES.load(kind)(path, schema=schema, memory_limit=memory_limit, ask=ask)
    else:
        from aidbt.warehouse.adapter import AdapterWarehouse

        warehouse = AdapterWarehouse(kind, settings or {}, schema=schema, tag=tag)
    return warehouse


def trust_of(kind: str) -> Literal["proven", "rehearsed", "untested"]:
    """How far this version of aidbt was tried on an adapter: "proven" on the real thing, "rehearsed" on the
    text of its statements only.
    """
    return "proven" if kind in _PROVEN else "rehearsed" if kind in _REHEARSED else "untested"


def adapter_version(kind: str) -> str | None:
    """The version of the package of dbt's adapter; None when it is not installed."""
    try:
        return version(f"dbt-{kind}")
    except PackageNotFoundError:
        return None
