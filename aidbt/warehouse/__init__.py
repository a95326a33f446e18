"""The warehouse dbt builds into: opening it, listing what is there, profiling it."""

from __future__ import annotations

from pathlib import Path

from aidbt.core.errors import WarehouseError
from aidbt.core.registry import Registry
from aidbt.warehouse.base import Connection, Warehouse

__all__ = ["WAREHOUSES", "Connection", "Warehouse", "open_warehouse"]

WAREHOUSES = Registry(
    "warehouse", {"duckdb": "aidbt.warehouse.duckdb:DuckDBWarehouse"}, extras={"duckdb": "duckdb"}
)


def open_warehouse(kind: str, *, path: Path, schema: str, memory_limit: str = "500MB") -> Warehouse:
    """The warehouse of a profile; nothing is opened until it is used.

    Args:
        kind: the adapter type of the profile.
        path: the database file, absolute.
        schema: the schema dbt builds into.

    Raises:
        WarehouseError: this kind cannot be read yet.
        MissingExtra: its driver is not installed.
    """
    if kind not in WAREHOUSES.names():
        raise WarehouseError(
            f"the profile's warehouse is '{kind}'; this version reads only: {', '.join(WAREHOUSES.names())}",
            hint="choose a DuckDB target with --target; other warehouses are not supported yet",
        )
    warehouse: Warehouse = WAREHOUSES.load(kind)(path, schema=schema, memory_limit=memory_limit)
    return warehouse
