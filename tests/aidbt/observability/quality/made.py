"""Projects as manifests and results that a test writes down, without dbt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aidbt.core.config import QualitySettings
from aidbt.core.findings import Severity
from aidbt.core.incidents import Incident, IncidentState
from aidbt.core.measured import Anomaly, Monitor
from aidbt.observability.quality.judging import Quality, quality_of
from aidbt.observability.quality.known import Known, Rows, Seen
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)


def model(name: str, *, reads: Sequence[str] = (), **raw: Any) -> Node:
    """A model; `meta` and `materialized` stand in its config."""
    config = {"materialized": raw.pop("materialized", "table"), "meta": raw.pop("meta", {})}
    return Node(
        f"model.shop.{name}",
        "model",
        name,
        f"models/{raw.get('layer', '')}/{name}.sql",
        package="shop",
        depends_on=tuple(reads),
        config=config,
        raw={"fqn": ["shop", *([raw["layer"]] if "layer" in raw else []), name], "config": config},
    )


def source(name: str, **raw: Any) -> Node:
    """A table of the source `raw`."""
    return Node(
        f"source.shop.raw.{name}", "source", name, "models/raw.yml", "shop", source_name="raw", raw=raw
    )


def check(
    name: str, on: str, column: str = "", *, config: Mapping[str, Any] | None = None, **kwargs: Any
) -> Node:
    """A generic data test of a model or of a column."""
    return Node(
        f"test.shop.{name}_{on}_{column}",
        "test",
        f"{name}_{on}_{column}",
        "models/schema.yml",
        "shop",
        depends_on=(f"model.shop.{on}",),
        config=dict(config or {}),
        raw={
            "test_metadata": {"name": name, "kwargs": kwargs},
            "column_name": column or None,
            "attached_node": f"model.shop.{on}",
        },
    )


def project(nodes: Iterable[Node], others: Iterable[Node] = ()) -> Manifest:
    """A manifest of the project `shop`."""
    found = list(nodes)
    return Manifest(
        ArtifactMetadata(12, "1.11.0", "", NOW, raw={"project_name": "shop"}),
        {node.unique_id: node for node in found if node.resource_type != "source"},
        {node.unique_id: node for node in found if node.resource_type == "source"},
        {node.unique_id: node for node in others},
    )


def known(
    results: Mapping[str, str | tuple[str, int]], rows: Mapping[str, int] | None = None, **more: Any
) -> Known:
    """Results by a part of the unique_id: "fail", or ("fail", 3) with what was found."""
    found = {
        name: Seen(said, NOW) if isinstance(said, str) else Seen(said[0], NOW, said[1])
        for name, said in results.items()
    }
    return Known(
        results=found,
        rows={f"model.shop.{name}": Rows(count) for name, count in (rows or {}).items()},
        runs=1,
        last_run_at=NOW,
        **more,
    )


def judged(manifest: Manifest, what: Known, **settings: Any) -> Quality:
    return quality_of(manifest, what, QualitySettings.model_validate(settings))


def incident(*anomalies: Anomaly, id: str = "INC-1", well: Iterable[str] = ()) -> Incident:
    return Incident(
        id,
        IncidentState.OPEN,
        Severity.WARN,
        "odd",
        anomalies[0].monitor.node,
        (anomalies[0].monitor.node,),
        NOW,
        NOW,
        anomalies=tuple(anomalies),
        well=frozenset(well),
    )


def anomaly(name: str, metric: str, column: str = "", **numbers: float) -> Anomaly:
    day = NOW.replace(tzinfo=None)
    return Anomaly(
        Monitor(f"model.shop.{name}", metric, column), day, "day", 5.0, f"{metric} is odd", **numbers
    )  # type: ignore[arg-type]
