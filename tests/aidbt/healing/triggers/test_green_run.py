"""A green run beside the last good one: what was emptied, halved, put back, swapped or rewritten is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from aidbt.core.table_state import GoodState, TableState
from aidbt.healing.triggers.green_run import wrong_sources
from aidbt.project.manifest import Manifest, manifest_of
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.table_states import engine_of, measured_table
from tests.aidbt.monitors.findings import NOW

MASK = 12_345
ORDERS = "source.shop.crm.orders"


@pytest.fixture
def manifest() -> Manifest:
    source = {
        "unique_id": ORDERS, "resource_type": "source", "name": "orders", "source_name": "crm",
        "schema": "crm", "identifier": "orders", "package_name": "shop", "original_file_path": "s.yml",
    }  # fmt: skip
    head = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "project_name": "shop",
        "generated_at": "2026-03-01T00:00:00Z",
    }
    raw = {"metadata": head, "nodes": {}, "sources": {ORDERS: source}}
    return manifest_of(raw, "manifest.json")


@pytest.fixture
def states(tmp_path: Path, manifest: Manifest) -> Callable[[str], GoodState]:
    """The state after a statement; the first one makes the table."""
    path = tmp_path / "shop.duckdb"

    def state(sql: str) -> GoodState:
        with duckdb.connect(str(path)) as raw:
            raw.execute(sql)
        warehouse = DuckDBWarehouse(path)
        with warehouse.connect() as connection:
            (relation,) = [one for one in warehouse.relations() if one.name == "orders"]
            table: TableState = measured_table(connection, relation, keys=["id"], mask=MASK)
            return GoodState("dev", NOW, "run", engine=engine_of(connection), tables={ORDERS: table})

    state(
        "create schema crm; create table crm.orders as select range as id, 'n' || range as name,"
        " 'c' || (range * 7) as city, timestamp '2026-01-01' + to_hours(range::int) as loaded_at"
        " from range(400)"
    )
    return state


def wrong(was: GoodState, now: GoodState, manifest: Manifest) -> list[str]:
    found = wrong_sources(was, now, manifest, project="shop", root=Path(), mask=MASK)
    return [cause.key.partition("|")[0] for cause in found]


@pytest.mark.parametrize(
    ("sql", "key"),
    [
        ("delete from crm.orders", "volume"),
        ("delete from crm.orders where id % 2 = 0", "volume"),
        ("update crm.orders set name = city, city = name", "swapped"),
        ("insert into crm.orders select id + 400, name, city, loaded_at + to_hours(400) from crm.orders", ""),
        ("delete from crm.orders where id = 7", ""),
    ],
)
def test_what_a_load_does_not_do_is_told_and_what_it_does_is_not(
    states: Callable[[str], GoodState], manifest: Manifest, sql: str, key: str
):
    assert wrong(states("select 1"), states(sql), manifest) == ([key] if key else [])


def test_what_was_not_measured_or_not_looked_at_says_nothing(
    states: Callable[[str], GoodState], manifest: Manifest
):
    was = states("select 1")
    unread = replace(was, tables={ORDERS: replace(was.tables[ORDERS], rows=0, is_measured=False)})

    assert wrong(was, was, manifest) == wrong(was, unread, manifest) == []
    assert wrong(was, replace(states("delete from crm.orders"), engine="another"), manifest) == []
