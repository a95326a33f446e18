"""`aidbt generate --unit-tests` says what it drafted, what the tests show, and what it refused and why."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result
from dbt_shop import held_by_another_process, new_shop

from aidbt.cli.main import cli
from aidbt.core.errors import UnknownName, UsageError

MODELS = {
    "big": "select id, lower(status) as status from w.raw.orders where amount > 100",
    "now": "select id, current_date as today from w.raw.orders",
    "all_of_them": "select id from w.raw.orders",
}
COLUMNS = {"id": "integer", "status": "varchar", "amount": "double"}


def manifest() -> dict[str, Any]:
    """A manifest as `dbt compile` leaves it."""

    def node(name: str, sql: str) -> dict[str, Any]:
        return {
            "unique_id": f"model.shop.{name}", "name": name, "alias": name, "resource_type": "model",
            "original_file_path": f"models/{name}.sql", "package_name": "shop", "database": "w",
            "schema": "main", "columns": {}, "config": {"materialized": "view"}, "language": "sql",
            "depends_on": {"nodes": ["source.shop.raw.orders"], "macros": []}, "raw_code": sql,
            "compiled_code": sql,
        }  # fmt: skip

    source = {
        "unique_id": "source.shop.raw.orders", "name": "orders", "identifier": "orders",
        "resource_type": "source", "source_name": "raw", "original_file_path": "models/sources.yml",
        "package_name": "shop", "database": "w", "schema": "raw", "config": {},
        "columns": {name: {"name": name, "data_type": kind} for name, kind in COLUMNS.items()},
    }  # fmt: skip
    later = datetime.now(UTC) + timedelta(minutes=1)  # newer than every file, so that no dbt is run
    return {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "dbt_version": "1.11.0",
            "generated_at": later.isoformat(),
            "adapter_type": "duckdb",
        },
        "nodes": {f"model.shop.{name}": node(name, sql) for name, sql in MODELS.items()},
        "sources": {source["unique_id"]: source},
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shop = new_shop(tmp_path, {f"models/{name}.sql": sql for name, sql in MODELS.items()})
    shop.write({"target/manifest.json": json.dumps(manifest())})
    return tmp_path


def run(root: Path, *words: str) -> Result:
    where = ["--project-dir", str(root), "--profiles-dir", str(root)]
    return CliRunner().invoke(cli, ["generate", "--unit-tests", *words, *where], standalone_mode=False)


def test_it_says_what_was_drafted_and_what_was_refused(root: Path):
    done = run(root)

    assert done.exit_code == 0, done.output
    said = done.stdout.splitlines()
    assert said[0] == "wrote 1 unit test for 1 model"
    assert "4 of 4 faults shown" in said[1]
    assert "models/big.yml" in said[1]
    assert any(line.startswith("no test for now: it reads the clock outright") for line in said)
    assert any(line.startswith("no test for all_of_them:") for line in said)
    assert "dbt test" in said[-1]
    assert (root / "models/big.yml").is_file()


def test_a_dry_run_shows_the_diff_and_writes_nothing(root: Path):
    done = run(root, "--dry-run", "-s", "big")

    assert "+++" in done.stdout
    assert "would write 1 unit test" in done.stdout
    assert not (root / "models/big.yml").exists()


def test_json_holds_every_model_with_its_state(root: Path):
    done = run(root, "--output", "json")

    states = {model["model"]: model["state"] for model in json.loads(done.stdout)["models"]}
    assert states == {"big": "drafted", "now": "refused", "all_of_them": "nothing"}


def test_strict_exits_1_while_a_model_has_none(root: Path):
    assert run(root, "--dry-run", "--strict", "-s", "big").exit_code == 0
    assert run(root, "--dry-run", "--strict").exit_code == 1


@pytest.mark.parametrize("other", ["--check", "--upgrade", "--pr-body"])
def test_options_of_the_other_generate_are_refused(root: Path, other: str):
    assert isinstance(run(root, other).exception, UsageError)


def test_a_model_that_is_not_there_is_refused(root: Path):
    assert isinstance(run(root, "-s", "bigg").exception, UnknownName)


def test_a_warehouse_that_could_not_be_asked_for_types_is_said(root: Path):
    bare = manifest()
    for source in bare["sources"].values():
        source["columns"] = {}
    (root / "target/manifest.json").write_text(json.dumps(bare))
    duckdb.connect(str(root / "shop.duckdb")).close()

    with held_by_another_process(root / "shop.duckdb"):
        done = run(root)

    assert done.exit_code == 0, done.output
    assert any(line.startswith("no test for big:") for line in done.stdout.splitlines())
    assert "note: the warehouse was not asked for types: the warehouse" in done.stdout
