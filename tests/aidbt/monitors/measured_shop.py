"""A shop whose tables are measured: rows of known days, made by DuckDB, described by a small manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from aidbt.core.config import MonitorSettings, Settings
from aidbt.monitors.collection.collect import Collection, collect
from aidbt.project.manifest import Manifest, read_manifest
from aidbt.store import Store, open_store
from aidbt.store.buckets import Buckets, Series
from aidbt.warehouse.duckdb import DuckDBWarehouse

NOW = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)
ORDERS = "model.shop.orders"
# Ten days, 3 March being empty; three rows of today, and one of next year.
ORDERS_SQL = """
create or replace table main.orders as
select day * 1000 + i as id,
    timestamp '2026-03-01 08:00:00' + to_days(day::int) + to_minutes(i::int) as ordered_at,
    case when i % 4 = 0 then 'open' when i % 4 = 1 then 'in transit' else 'paid' end as status,
    case when i % 10 = 0 then null else i * 1.25 end as amount,
    i % 2 = 0 as is_gift,
    'm' || i || '@example.org' as email,
    current_timestamp as _loaded_at
from range(0, 10) d(day), range(0, 100) r(i) where day <> 2
union all select 90000 + i, timestamp '2026-03-11 01:00:00', 'paid', 1, true, 'x@y.z', current_timestamp
from range(3) t(i)
union all select 99999, timestamp '2027-01-01', 'paid', 1, true, 'x@y.z', current_timestamp
"""


def model(name: str, **changed: Any) -> dict[str, Any]:
    """A node of a manifest."""
    return {
        "unique_id": f"model.shop.{name}",
        "resource_type": "model",
        "name": name,
        "original_file_path": f"models/{name}.sql",
        "package_name": "shop",
        "schema": "main",
        "alias": name,
        "config": {"materialized": "table", **changed.pop("config", {})},
        "depends_on": {"nodes": changed.pop("reads", [])},
        "columns": {},
        **changed,
    }


def column_test(name: str, on: str, column: str) -> dict[str, Any]:
    """A generic data test of a column."""
    return {
        "unique_id": f"test.shop.{name}_{on}_{column}",
        "resource_type": "test",
        "name": f"{name}_{on}_{column}",
        "original_file_path": "models/schema.yml",
        "test_metadata": {"name": name},
        "column_name": column,
        "attached_node": f"model.shop.{on}",
        "depends_on": {"nodes": [f"model.shop.{on}"]},
    }


def combination_test(on: str, *columns: str) -> dict[str, Any]:
    """dbt_utils' test of columns that are unique together."""
    kwargs = {"combination_of_columns": list(columns)}
    return {
        **column_test("unique_combination_of_columns", on, ""),
        "test_metadata": {
            "name": "unique_combination_of_columns",
            "namespace": "dbt_utils",
            "kwargs": kwargs,
        },
    }


def manifest_of(
    path: Path, nodes: Sequence[Mapping[str, Any]], sources: Sequence[Mapping[str, Any]] = ()
) -> Manifest:
    """A manifest with these nodes, as dbt writes one."""
    schema = "https://schemas.getdbt.com/dbt/manifest/v12.json"
    metadata = {"dbt_schema_version": schema, "dbt_version": "1.11.0", "generated_at": "2026-03-11T00:00:00Z"}
    data = {
        "metadata": metadata,
        "nodes": {node["unique_id"]: node for node in nodes},
        "sources": {node["unique_id"]: node for node in sources},
    }
    path.write_text(json.dumps(data))
    return read_manifest(path)


@dataclass
class Measured:
    """A warehouse, a store, and a clock that is set."""

    folder: Path
    store: Store
    now: datetime = NOW
    nodes: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)

    @property
    def warehouse(self) -> DuckDBWarehouse:
        return DuckDBWarehouse(self.folder / "shop.duckdb")

    def run(self, *statements: str) -> None:
        """Change the warehouse."""
        with duckdb.connect(str(self.folder / "shop.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)

    def collect(self, *, settings: Mapping[str, Any] | None = None, **options: Any) -> Collection:
        monitors = MonitorSettings.model_validate(settings or {})
        manifest = manifest_of(self.folder / "manifest.json", self.nodes, self.sources)
        return collect(
            manifest, self.warehouse, self.store, Settings(monitors=monitors), now=lambda: self.now, **options
        )

    def series(self, node: str = ORDERS, grain: Any = "day") -> Series:
        found = Buckets(self.store).series(node, grain)
        assert found is not None
        return found

    def later(self, **passed: float) -> Measured:
        self.now += timedelta(**passed)
        return self


@contextmanager
def measured_shop(folder: Path) -> Iterator[Measured]:
    """The shop with one model, `orders`, whose event time is declared."""
    store = open_store(folder / "state.db")
    shop = Measured(folder, store)
    shop.run(ORDERS_SQL)
    shop.nodes = [
        model("orders", config={"event_time": "ordered_at"}),
        column_test("unique", "orders", "id"),
    ]
    try:
        yield shop
    finally:
        store.close()
