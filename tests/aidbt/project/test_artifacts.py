"""Reading artifacts that a real dbt wrote, and what is said about files that are none."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dbt_shop import new_shop

from aidbt.core.errors import ArtifactError, UnknownName
from aidbt.core.schema import Column
from aidbt.project.artifacts import read_catalog, read_run_results, read_sources
from aidbt.project.dbt import run_dbt
from aidbt.project.manifest import read_manifest

READERS: dict[str, Callable[[Path], Any]] = {
    "manifest.json": read_manifest,
    "run_results.json": read_run_results,
    "sources.json": read_sources,
    "catalog.json": read_catalog,
}

FILES = {
    "seeds/countries.csv": "code,name\nSM,San Marino\nVA,Vatican\n",
    "models/orders.sql": "select 1 as id, 9.5::decimal(10,2) as price, timestamptz '2020-01-01' as loaded_at",
    "models/totals.sql": "{{ config(alias='grand_totals', materialized='table') }} "
    "select sum(price) as total from {{ ref('orders') }}",
    "models/schema.yml": """\
sources:
  - name: raw
    schema: main
    tables:
      - name: stale_orders
        identifier: orders
        columns: [{name: id, data_type: integer}]
        config: {loaded_at_field: loaded_at, freshness: {warn_after: {count: 1, period: day}}}
models:
  - name: orders
    description: What people bought.
    config: {contract: {enforced: true}, tags: [core]}
    columns:
      - name: id
        data_type: integer
        description: The key.
        constraints: [{type: not_null}]
        data_tests: [unique]
      - {name: price, data_type: "decimal(10,2)"}
      - {name: loaded_at, data_type: timestamptz}
unit_tests:
  - name: sums
    model: totals
    given: [{input: ref('orders'), rows: [{price: 1}, {price: 2}]}]
    expect: {rows: [{total: 3}]}
""",
}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifacts of a build, a freshness check and a catalog."""
    shop = new_shop(tmp_path_factory.mktemp("shop"), FILES)
    assert run_dbt(shop.open(), "build").status == "success"
    kept = (shop.root / "target/run_results.json").read_bytes()
    assert run_dbt(shop.open(), "source freshness").status == "success"
    assert run_dbt(shop.open(), "docs generate").status == "success"
    (shop.root / "target/run_results.json").write_bytes(kept)
    return shop.root / "target"


def test_run_results(target: Path):
    artifact = read_run_results(target / "run_results.json")

    results = {result.unique_id: result for result in artifact.results}
    totals = results["model.shop.totals"]
    assert (totals.status, totals.resource_type, totals.message) == ("success", "model", "OK")
    assert totals.relation_name == '"shop"."main"."grand_totals"'
    assert (totals.failures, totals.rows_affected) == (None, None)
    assert totals.execution_time > 0
    assert "sum(price)" in totals.raw["compiled_code"]
    assert next(r.failures for r in artifact.results if r.resource_type == "test") == 0
    assert results["unit_test.shop.totals.sums"].status == "pass"
    assert artifact.raw["args"]["which"] == "build"


def test_metadata_is_the_same_for_every_artifact_and_its_time_is_utc(target: Path):
    for file, read in READERS.items():
        metadata = read(target / file).metadata
        assert metadata.dbt_version.startswith("1.")
        assert len(metadata.invocation_id) == 36
        assert metadata.generated_at.tzinfo is UTC
        assert abs((datetime.now(UTC) - metadata.generated_at).total_seconds()) < 3600
    assert read_manifest(target / "manifest.json").metadata.adapter_type == "duckdb"


def test_a_model_in_the_manifest(target: Path):
    manifest = read_manifest(target / "manifest.json")

    orders, totals = manifest.nodes["model.shop.orders"], manifest.nodes["model.shop.totals"]
    assert (orders.resource_type, orders.name, orders.path) == ("model", "orders", "models/orders.sql")
    assert (orders.database, orders.schema, orders.identifier) == ("shop", "main", "orders")
    assert orders.columns[0] == Column("id", "integer", False, "The key.", (), ("not_null",))
    assert [column.name for column in orders.columns] == ["id", "price", "loaded_at"]
    assert orders.description == "What people bought."
    assert orders.config["tags"] == ["core"]
    assert len(orders.checksum) == 64
    assert (totals.identifier, totals.depends_on) == ("grand_totals", ("model.shop.orders",))
    assert totals.config["materialized"] == "table"
    assert totals.raw["language"] == "sql"


def test_sources_and_others_in_the_manifest(target: Path):
    manifest = read_manifest(target / "manifest.json")

    source = manifest.sources["source.shop.raw.stale_orders"]
    assert (source.source_name, source.name, source.identifier) == ("raw", "stale_orders", "orders")
    assert (source.resource_type, source.path, source.checksum) == ("source", "models/schema.yml", "")
    assert [column.data_type for column in source.columns] == ["integer"]
    assert manifest.get("unit_test.shop.totals.sums").path == "models/schema.yml"
    assert sorted(node.name for node in manifest.of_type("model")) == ["orders", "totals"]
    assert manifest.find("model.shop.nothing") is None
    with pytest.raises(UnknownName, match=r"did you mean 'model.shop.orders'"):
        manifest.get("model.shop.order")


def test_sources_tell_how_old_they_are(target: Path):
    (source,) = read_sources(target / "sources.json").results

    assert (source.unique_id, source.status) == ("source.shop.raw.stale_orders", "warn")
    assert source.max_loaded_at == datetime(2020, 1, 1, tzinfo=UTC)
    assert source.snapshotted_at is not None and source.age_s is not None
    assert source.age_s == pytest.approx((source.snapshotted_at - source.max_loaded_at).total_seconds())


def test_a_source_that_could_not_be_asked(target: Path, tmp_path: Path):
    results = [{"unique_id": "source.shop.raw.gone", "error": "no such table", "status": "runtime error"}]
    path = changed(target / "sources.json", tmp_path, results=results)

    (source,) = read_sources(path).results
    assert (source.status, source.message, source.age_s) == ("runtime error", "no such table", None)


def test_the_catalog_has_the_columns_in_the_order_of_the_table(target: Path):
    catalog = read_catalog(target / "catalog.json")

    orders = catalog.nodes["model.shop.orders"]
    assert (orders.database, orders.schema, orders.name, orders.kind) == ("shop", "main", "orders", "view")
    assert [(column.name, column.data_type) for column in orders.columns] == [
        ("id", "INTEGER"),
        ("price", "DECIMAL(10,2)"),
        ("loaded_at", "TIMESTAMP WITH TIME ZONE"),
    ]
    assert catalog.nodes["model.shop.totals"].kind == "table"
    assert "source.shop.raw.stale_orders" in catalog.sources


# --- other versions, and files that are none ---------------------------------------------------------


def changed(path: Path, folder: Path, **values: Any) -> Path:
    """A copy with other top-level values; `metadata` is merged."""
    content = json.loads(path.read_text())
    content["metadata"] |= values.pop("metadata", {})
    copy = folder / path.name
    copy.write_text(json.dumps({**content, **values}))
    return copy


@pytest.mark.parametrize("file", READERS)
def test_a_newer_schema_with_unknown_fields_is_read(target: Path, tmp_path: Path, file: str):
    kind = {"manifest.json": "manifest", "run_results.json": "run-results"}.get(
        file, file.removesuffix(".json")
    )
    metadata = {
        "dbt_schema_version": f"https://schemas.getdbt.com/dbt/{kind}/v20.json",
        "dbt_version": "2.0.1",
        "generated_at": "2026-07-31T11:00:04.877509123Z",
        "invocation_id": None,
        "engine": "new",
    }
    path = changed(target / file, tmp_path, metadata=metadata, new_section={"a": 1})

    artifact = READERS[file](path)

    assert artifact.metadata.schema_version == 20
    assert artifact.metadata.generated_at == datetime(2026, 7, 31, 11, 0, 4, 877509, tzinfo=UTC)
    assert artifact.metadata.invocation_id == ""
    assert artifact.metadata.raw["engine"] == "new"
    assert artifact.raw["new_section"] == {"a": 1}


@pytest.mark.parametrize(
    ("file", "kind", "version"),
    [
        ("manifest.json", "manifest", 11),
        ("run_results.json", "run-results", 5),
        ("sources.json", "sources", 2),
    ],
)
def test_an_older_schema_is_refused_with_the_version_found_and_those_read(
    target: Path, tmp_path: Path, file: str, kind: str, version: int
):
    address = f"https://schemas.getdbt.com/dbt/{kind}/v{version}.json"
    path = changed(target / file, tmp_path, metadata={"dbt_schema_version": address, "dbt_version": "1.7.4"})

    with pytest.raises(ArtifactError) as caught:
        READERS[file](path)
    assert f"{kind} v{version} (dbt 1.7.4) is not read, only v{version + 1} and newer" in caught.value.message
    assert "dbt 1.8" in (caught.value.hint or "")


def test_a_schema_that_lacks_what_is_needed_is_refused_with_its_version(target: Path, tmp_path: Path):
    path = changed(target / "run_results.json", tmp_path, results=[{"status": "success"}])

    with pytest.raises(ArtifactError, match=r"run-results v6 of dbt 1.* has no 'unique_id'"):
        read_run_results(path)


@pytest.mark.parametrize("file", READERS)
def test_a_missing_file_says_what_writes_it(tmp_path: Path, file: str):
    with pytest.raises(ArtifactError, match="does not exist") as caught:
        READERS[file](tmp_path / file)
    assert "write it with: dbt " in (caught.value.hint or "")


@pytest.mark.parametrize("file", READERS)
def test_a_truncated_file_is_not_complete_json(target: Path, tmp_path: Path, file: str):
    content = (target / file).read_bytes()
    (tmp_path / file).write_bytes(content[: len(content) // 2])

    with pytest.raises(ArtifactError, match="is not complete JSON"):
        READERS[file](tmp_path / file)


@pytest.mark.parametrize("file", READERS)
def test_another_artifact_is_named(target: Path, file: str):
    other = "catalog.json" if file != "catalog.json" else "manifest.json"

    with pytest.raises(ArtifactError, match=f"is dbt's {other.removesuffix('.json')}, not its") as caught:
        READERS[file](target / other)
    assert file in (caught.value.hint or "")


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"metadata": {}}', '{"metadata": {"dbt_schema_version": "x"}}']
)
def test_json_that_is_no_artifact(tmp_path: Path, content: str):
    path = tmp_path / "run_results.json"
    path.write_text(content)

    with pytest.raises(ArtifactError, match="is not an artifact of dbt"):
        read_run_results(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"\x89PNG"])
def test_bytes_that_are_no_json(tmp_path: Path, content: bytes):
    path = tmp_path / "manifest.json"
    path.write_bytes(content)

    with pytest.raises(ArtifactError, match="is not complete JSON"):
        read_manifest(path)


def test_a_folder_cannot_be_read(tmp_path: Path):
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_manifest(tmp_path)


def test_reading_leaves_the_garbage_collector_as_it_was(target: Path, tmp_path: Path):
    read_manifest(target / "manifest.json")
    with pytest.raises(ArtifactError):
        read_manifest(tmp_path / "manifest.json")

    assert gc.isenabled()
