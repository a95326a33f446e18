"""The tables before a build: kept, put back after one that failed, and after one that was killed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aidbt.healing.held_build import HeldBuild, held_at, held_places, kept_build, left_as_built
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.project.profile import Profile
from aidbt.warehouse.duckdb import DuckDBWarehouse

PLACES = [("main", "orders"), ("main", "totals"), ("main", "came")]


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    made = DuckDBWarehouse(tmp_path / "shop.duckdb")
    run(
        made,
        "create table orders as select 1 as id",
        "create view totals as select count(*) as n from orders",
    )
    return made


@pytest.fixture
def build(warehouse: DuckDBWarehouse, tmp_path: Path) -> HeldBuild:
    return HeldBuild(
        tmp_path / "kept/build.duckdb", lambda: warehouse, tmp_path / "run_results.json", scan_bytes=10**9
    )


def run(warehouse: DuckDBWarehouse, *statements: str) -> None:
    with warehouse.connect(read_only=False) as connection:
        for statement in statements:
            connection.rows(statement)


def rows(warehouse: DuckDBWarehouse, query: str) -> list[tuple]:
    with warehouse.connect() as connection:
        return connection.rows(query)


def build_badly(warehouse: DuckDBWarehouse) -> None:
    run(
        warehouse, "create or replace table orders as select 7 as id, 'x' as more",
        "create or replace view totals as select 0 as n", "create table came as select 1 as id",
    )  # fmt: skip


def is_as_before(warehouse: DuckDBWarehouse) -> bool:
    there = rows(warehouse, "select table_name from duckdb_tables() union all select view_name from"
                 " duckdb_views() where not internal order by 1")  # fmt: skip
    found = rows(warehouse, "select * from orders"), rows(warehouse, "select * from totals")
    return (there, *found) == ([("orders",), ("totals",)], [(1,)], [(1,)])


def test_after_a_failed_build_all_is_as_before_and_since_when_is_known(
    warehouse: DuckDBWarehouse, build: HeldBuild, tmp_path: Path
):
    assert build.begin(PLACES) == ""
    build_badly(warehouse)

    assert build.put_back() == ""

    assert is_as_before(warehouse)
    assert held_at(tmp_path / "kept/build.duckdb") is not None
    assert build.begin(PLACES) == ""
    build.forget()
    assert held_at(tmp_path / "kept/build.duckdb") is None
    assert not list((tmp_path / "kept").iterdir())


def test_what_a_killed_build_left_is_put_back_before_the_next(
    warehouse: DuckDBWarehouse, build: HeldBuild, tmp_path: Path
):
    build.begin(PLACES)
    build_badly(warehouse)

    assert build.begin(PLACES) == ""

    assert is_as_before(warehouse)


def test_nothing_is_put_back_over_what_another_run_of_dbt_built_since(
    warehouse: DuckDBWarehouse, build: HeldBuild, tmp_path: Path
):
    build.begin(PLACES)
    build_badly(warehouse)
    (tmp_path / "run_results.json").write_text("{}")
    later = datetime.now(UTC).timestamp() + 5
    os.utime(tmp_path / "run_results.json", (later, later))

    assert build.begin(PLACES) == ""

    assert rows(warehouse, "select id from orders") == [(7,)]


def test_what_is_too_large_to_keep_is_said(warehouse: DuckDBWarehouse, tmp_path: Path):
    run(warehouse, "create or replace table orders as select i as id from range(300000) as r(i)")
    small = HeldBuild(
        tmp_path / "kept/build.duckdb", lambda: warehouse, tmp_path / "run_results.json", scan_bytes=10
    )

    assert small.begin(PLACES) == "they were over budget.scan_bytes"
    assert "not kept any more" in small.put_back()
    assert held_at(tmp_path / "kept/build.duckdb") is None


def test_what_grows_from_run_to_run_is_never_put_back():
    """What it took may be gone from its source by the next run."""
    nodes = [
        Node(f"{kind}.shop.{name}", kind, name, "", schema="main", config={"materialized": how})
        for kind, name, how in (
            ("model", "orders", "table"), ("model", "daily", "incremental"), ("seed", "codes", "seed"),
            ("snapshot", "history", "snapshot"), ("test", "unique_orders", "test"),
        )
    ]  # fmt: skip
    metadata = ArtifactMetadata("", "", datetime(2026, 3, 1, tzinfo=UTC), {})

    places = held_places(Manifest(metadata, {n.unique_id: n for n in nodes}, {}, {}, {}))

    assert places == [("main", "codes"), ("main", "orders")]


def test_each_target_and_database_has_a_file_of_its_own(tmp_path: Path):
    """What a build of one left half way is never put into another."""
    profiles = [
        Profile("shop", target, "duckdb", {"path": path}, tmp_path)
        for target, path in (("dev", "shop.duckdb"), ("prod", "shop.duckdb"), ("dev", "other.duckdb"))
    ]

    assert len({kept_build(tmp_path, profile) for profile in profiles}) == 3


def test_which_tables_stay_as_the_run_left_them(tmp_path: Path):
    nodes = {
        f"model.shop.{name}": Node(
            f"model.shop.{name}", "model", name, "", schema="main", database=database,
            config={"materialized": how},
        )
        for name, how, database in (
            ("orders", "table", "shop"), ("seen", "view", "shop"), ("within", "ephemeral", "shop"),
            ("daily", "incremental", "shop"), ("files", "external", "shop"), ("far", "table", "lake"),
        )
    }  # fmt: skip
    manifest = Manifest(ArtifactMetadata("", "", datetime(2026, 3, 1, tzinfo=UTC), {}), nodes, {}, {}, {})

    assert held_places(manifest, "shop") == [("main", "orders"), ("main", "seen")]
    assert left_as_built(manifest, nodes, "shop") == ["daily", "far", "files"]
    assert left_as_built(manifest, ["model.shop.orders", "model.shop.came"], "shop") == []
