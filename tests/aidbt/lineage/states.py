"""Projects at one time, made by hand from compiled SQL: their manifest and their lineage."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aidbt.core.schema import Column
from aidbt.lineage.columns import project_lineage
from aidbt.lineage.graph import Lineage
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node

RAW = {
    "orders": {
        "id": "INTEGER",
        "customer_id": "INTEGER",
        "amount": "DOUBLE",
        "status": "VARCHAR",
        "at": "TIMESTAMP",
    },
    "customers": {"id": "INTEGER", "name": "VARCHAR", "region": "VARCHAR"},
}
_READ = re.compile(r"\b(main|raw)\.(\w+)")


@dataclass(frozen=True)
class State:
    """A project as `project_changes` takes it."""

    manifest: Manifest
    lineage: Lineage


def state(
    models: Mapping[str, str],
    *,
    sources: Mapping[str, Mapping[str, str]] = RAW,
    configs: Mapping[str, dict[str, Any]] | None = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    raw: Mapping[str, dict[str, Any]] | None = None,
    others: Sequence[Node] = (),
    complete: bool = True,
    snapshots: Sequence[str] = (),
) -> State:
    """A project of models, of which compiled SQL names `main.model` and `raw.source`.

    Args:
        configs, columns, raw: model → its configuration, the columns of its YAML, more of the manifest.
        others: tests, exposures and the like.
        snapshots: which of the models are snapshots.
        complete: whether the columns of sources are all that they have.
    """
    nodes = {}
    for name, sql in models.items():
        config = {"materialized": "table", **(configs or {}).get(name, {})}
        described = tuple(Column(n, t) for n, t in (columns or {}).get(name, {}).items())
        kind = "snapshot" if name in snapshots else "model"
        nodes[f"{kind}.shop.{name}"] = Node(
            f"{kind}.shop.{name}",
            kind,
            name,
            f"models/{name}.sql",
            "shop",
            "db",
            "main",
            (raw or {}).get(name, {}).get("alias", name),
            columns=described,
            depends_on=tuple(dict.fromkeys(_unique_id(*found) for found in _READ.findall(sql))),
            checksum=hashlib.sha256(sql.encode()).hexdigest(),
            config=config,
            raw={"compiled_code": sql, "raw_code": sql, **(raw or {}).get(name, {})},
        )
    tables = {_unique_id("raw", name): _source(name, its, complete) for name, its in sources.items()}
    tests = {node.unique_id: node for node in others if node.resource_type == "test"}
    rest = {node.unique_id: node for node in others if node.resource_type != "test"}
    metadata = ArtifactMetadata(
        12, "1.11.0", "", datetime(2026, 1, 1, tzinfo=UTC), "duckdb", {"project_name": "shop"}
    )
    manifest = Manifest(metadata, {**nodes, **tests}, tables, rest)
    return State(manifest, project_lineage(manifest, adapter="duckdb"))


def thing(kind: str, name: str, *reads: str, **raw: Any) -> Node:
    """An exposure, a metric, a test: what is no node that is built."""
    return Node(
        f"{kind}.shop.{name}",
        kind,
        name,
        "models/things.yml",
        "shop",
        depends_on=tuple(r if "." in r else f"model.shop.{r}" for r in reads),
        config=raw.pop("config", {}),
        raw=raw,
    )


def generic_test(kind: str, model: str, column: str, **kwargs: Any) -> Node:
    """A generic data test on a column of a model."""
    attached = f"model.shop.{model}"
    reads = [attached, *([kwargs["to"]] if "to" in kwargs else [])]
    return thing(
        "test",
        f"{kind}_{model}_{column}",
        *reads,
        attached_node=attached,
        column_name=column,
        test_metadata={"name": kind, "kwargs": {"column_name": column, "model": "x", **kwargs}},
    )


def _unique_id(schema: str, name: str) -> str:
    return f"source.shop.raw.{name}" if schema == "raw" else f"model.shop.{name}"


def _source(name: str, columns: Mapping[str, str], complete: bool) -> Node:
    return Node(
        _unique_id("raw", name),
        "source",
        name,
        "models/raw.yml",
        "shop",
        "db",
        "raw",
        name,
        columns=tuple(Column(n, t) for n, t in columns.items()),
        config={"contract": {"enforced": complete}},
        source_name="raw",
    )
