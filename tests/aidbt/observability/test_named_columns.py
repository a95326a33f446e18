"""Which columns a project names, and which may go without breaking anything that is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aidbt.observability.named_columns import NamedColumns
from aidbt.project.manifest import read_manifest
from tests.aidbt.monitors.measured_shop import ORDERS, column_test, manifest_of, model

DAILY = "model.shop.daily"
TWO_STEPS = "with a as (select * from {{ ref('orders') }}) select * from a"


def is_named(
    path: Path, nodes: list[dict[str, Any]], column: str = "amount", **columns: Mapping[str, str]
) -> bool:
    manifest = manifest_of(path / "manifest.json", nodes)
    return NamedColumns(manifest, lambda node: columns.get(node.rpartition(".")[2], {})).is_named(
        ORDERS, column
    )


def reader(code: str) -> dict[str, Any]:
    return model("daily", reads=[ORDERS], raw_code=code)


@pytest.mark.parametrize(
    "nodes",
    [
        [model("orders", columns={"Amount": {"name": "Amount"}})],
        [model("orders"), column_test("not_null", "orders", "amount")],
        [model("orders", config={"unique_key": ["id", "amount"]})],
        [model("orders", raw_code="select amount from raw")],
        [model("orders"), reader("select sum(AMOUNT) as total from {{ ref('orders') }}")],
        # At the end of a project everything is read, also what only passes through.
        [model("orders", raw_code="select * from raw")],
        [model("orders"), reader(TWO_STEPS)],
    ],
)
def test_what_yaml_tests_settings_or_sql_name_is_named(tmp_path: Path, nodes: list[dict[str, Any]]):
    assert is_named(tmp_path, nodes)


@pytest.mark.parametrize(
    "nodes",
    [
        [model("orders")],
        [model("orders", raw_code="select id, count(*) as n from raw")],
        [model("orders"), reader("select id, amounts from {{ ref('orders') }}")],
    ],
)
def test_what_nothing_names_is_not(tmp_path: Path, nodes: list[dict[str, Any]]):
    assert not is_named(tmp_path, nodes)


def test_what_a_reader_does_not_pass_on_ends_there(tmp_path: Path):
    top = model("top", reads=[DAILY], raw_code="select amount from {{ ref('daily') }}")
    nodes = [model("orders"), reader(TWO_STEPS), top]

    assert is_named(tmp_path, nodes, daily={"id": "INTEGER", "amount": "DOUBLE"})
    # The reader was built without it since: what is called so above comes from elsewhere.
    assert not is_named(tmp_path, nodes, daily={"id": "INTEGER"})


def test_a_semantic_model_names_its_columns(tmp_path: Path):
    manifest = manifest_of(tmp_path / "manifest.json", [model("orders")])
    measures = {
        "unique_id": "semantic_model.shop.orders", "resource_type": "semantic_model", "name": "orders",
        "original_file_path": "models/s.yml", "package_name": "shop",
        "depends_on": {"nodes": [ORDERS]}, "measures": [{"name": "revenue", "expr": "amount"}],
    }  # fmt: skip
    raw = {**manifest.raw, "semantic_models": {"semantic_model.shop.orders": measures}}
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(raw))

    named = NamedColumns(read_manifest(path), lambda node: {})

    assert named.is_named(ORDERS, "amount") and not named.is_named(ORDERS, "id")
