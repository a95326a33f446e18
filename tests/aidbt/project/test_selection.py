"""Which nodes a person means."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidbt.core.errors import UnknownName
from aidbt.project.manifest import Manifest
from aidbt.project.selection import select_nodes, upstream_of
from tests.aidbt.monitors.measured_shop import column_test, manifest_of, model


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    source = {
        **model("orders"),
        "unique_id": "source.shop.raw.orders",
        "resource_type": "source",
        "source_name": "raw",
    }
    nodes = [
        model(
            "stg_orders", reads=["source.shop.raw.orders"], original_file_path="models/staging/stg_orders.sql"
        ),
        model("totals", reads=["model.shop.stg_orders"], tags=["daily"]),
        model("report", reads=["model.shop.totals"]),
        column_test("unique", "totals", "id"),
    ]
    return manifest_of(tmp_path / "manifest.json", nodes, [source])


@pytest.mark.parametrize(
    ("select", "exclude", "names"),
    [
        ([], [], ["stg_orders", "totals", "report", "orders"]),
        (["totals"], [], ["totals"]),
        (["*o*s"], [], ["stg_orders", "totals", "orders"]),
        (["+totals"], [], ["stg_orders", "totals", "orders"]),
        (["totals+"], [], ["totals", "report"]),
        (["stg_orders+"], ["report"], ["stg_orders", "totals"]),
        (["tag:daily", "report"], [], ["totals", "report"]),
        (["tag:daily report"], [], ["totals", "report"]),
        (["path:models/staging"], [], ["stg_orders"]),
        (["source:raw"], [], ["orders"]),
        (["source:raw.orders+"], ["source:*"], ["stg_orders", "totals", "report"]),
        (["model.shop.totals"], [], ["totals"]),
    ],
)
def test_nodes_are_selected_as_dbt_selects_them(
    manifest: Manifest, select: list[str], exclude: list[str], names: list[str]
) -> None:
    assert [node.name for node in select_nodes(manifest, select, exclude)] == names


@pytest.mark.parametrize(
    "selector", ["total", "tag:weekly", "path:models/gold", "source:crm", "state:modified"]
)
def test_what_matches_nothing_is_an_error(manifest: Manifest, selector: str) -> None:
    with pytest.raises(UnknownName):
        select_nodes(manifest, [selector])


def test_lineage_is_of_data_only(manifest: Manifest) -> None:
    assert upstream_of(manifest) == {
        "source.shop.raw.orders": (),
        "model.shop.stg_orders": ("source.shop.raw.orders",),
        "model.shop.totals": ("model.shop.stg_orders",),
        "model.shop.report": ("model.shop.totals",),
    }
