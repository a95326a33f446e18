"""Which nodes count as changed, and in what: from two manifests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aidbt.core.schema import Column
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.review.changed_nodes import changed_nodes

METADATA = ArtifactMetadata(12, "1.11", "", datetime(2026, 1, 1, tzinfo=UTC), "duckdb")
ORDERS = Node(
    "model.shop.orders", "model", "orders", "models/orders.sql", checksum="a",
    columns=(Column("id", description="The order."),), config={"materialized": "table"},
    raw={"raw_code": "select 1 as id", "compiled_code": "select 1 as id"},
)  # fmt: skip
TOTALS = Node(
    "model.shop.totals", "model", "totals", "models/totals.sql", depends_on=("model.shop.orders",), raw={}
)
UNIT = Node("unit_test.shop.orders.t", "unit_test", "t", "models/orders.yml", raw={"given": [{"rows": [1]}]})


def project(*nodes: Node) -> Manifest:
    return Manifest(METADATA, {node.unique_id: node for node in nodes}, {})


def orders(**changed: Any) -> Node:
    raw = {**ORDERS.raw, **changed.pop("raw", {})}
    return replace(ORDERS, raw=raw, **changed)


def what(node: Node, was: Node = ORDERS) -> tuple[str, ...] | None:
    """What is said to differ; None when nothing is."""
    found = changed_nodes(project(was), project(node))
    return found[0].what if found else None


@pytest.mark.parametrize(
    "changed",
    [
        {"config": {"materialized": "table", "tags": ["nightly"]}},
        {"config": {"materialized": "table", "grants": {}, "pre-hook": []}},
        {"path": "models/marts/orders.sql"},
        {"raw": {"created_at": 1.5, "patch_path": "x"}},
    ],
    ids=["a tag", "empty settings", "another folder", "when it was parsed"],
)
def test_what_builds_the_same_thing_is_no_change(changed: dict[str, Any]):
    assert what(orders(**changed)) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"raw": {"raw_code": "select 2 as id", "compiled_code": "select 2 as id"}}, ("SQL",)),
        ({"raw": {"compiled_code": "select 2 as id"}}, ("SQL, through a macro or variable",)),
        (
            {"config": {"materialized": "view", "unique_key": "id"}},
            ("configuration (materialized, unique_key)",),
        ),
        ({"columns": (Column("id", description="Another."),)}, ("descriptions",)),
        ({"raw": {"columns": {"id": {"name": "id", "data_type": "int"}}}}, ("declared columns",)),
    ],
)
def test_what_differs_is_said_in_words(changed: dict[str, Any], said: tuple[str, ...]):
    assert what(orders(**changed)) == said


def test_the_time_of_compiling_is_no_change():
    text = "select '{}' as loaded_at, '{}' as run"
    at = [
        ("2026-01-01 10:00:00.123456+00:00", "0b4b1e58-58c4-4c8b-a1e1-0f7f0f6a1c11"),
        ("2026-02-03T11:59:59Z", "5f0c4c8f-3c49-4a57-9b51-0a5c1dfc2e22"),
    ]
    one, other = (orders(raw={"compiled_code": text.format(*values)}) for values in at)

    assert what(other, was=one) is None


def test_nodes_are_added_removed_and_ranked_by_who_reads_them():
    new = replace(TOTALS, unique_id="model.shop.new", name="new", depends_on=("model.shop.orders",))
    edited = orders(raw={"raw_code": "select 2 as id"})

    found = changed_nodes(project(ORDERS, TOTALS), project(edited, new))

    assert [(n.name, n.kind, n.readers) for n in found] == [
        ("orders", "modified", 2), ("new", "added", 0), ("totals", "removed", 0),
    ]  # fmt: skip


def test_a_rename_is_one_change_and_not_two():
    renamed = replace(ORDERS, unique_id="model.shop.sales", name="sales")
    names = {"model.shop.orders": "model.shop.sales"}

    [found] = changed_nodes(project(ORDERS), project(renamed), renamed=names)

    assert (found.name, found.kind, found.what) == ("sales", "modified", ("name, was orders",))


def test_a_unit_test_with_other_rows_is_changed():
    other = replace(UNIT, raw={"given": [{"rows": [2]}]})

    assert [n.what for n in changed_nodes(project(UNIT), project(other))] == [("definition",)]
