"""Queries of any kind, compiled here and by MetricFlow's own engine: the same SQL, or both refuse."""

from __future__ import annotations

import datetime as dt
import importlib.util
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from aidbt.core.errors import AidbtError
from aidbt.semantic.definitions import DATE_PARTS, SemanticManifest, SemanticRelation
from aidbt.semantic.layer.yaml_files import read_yaml, yaml_texts
from aidbt.semantic.metricflow.compiler import compile_query, group_by_items
from aidbt.semantic.metricflow.engines import renderer_of
from aidbt.semantic.metricflow.errors import GroupByItem

NAMES = {"source_schema": "demo"}
# Manifests of every kind of join that MetricFlow ships for its own tests; the others are alike, or slow.
QUICK = ("cyclic_join_manifest", "derived_metrics_manifest", "extended_date_manifest", "join_types_manifest",
         "simple_multi_hop_join_manifest")  # fmt: skip
LONG = ("ambiguous_resolution_manifest", "multi_hop_join_manifest", "name_edge_case_manifest",
        "partitioned_multi_hop_join_manifest", "scd_manifest", "simple_manifest")  # fmt: skip
# What MetricFlow raises from its insides besides its own exceptions, which `theirs` adds.
PLAIN = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
TIME_RANGES = (
    None,
    None,
    (dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 5)),
    (None, dt.datetime(2020, 3, 1, 12)),
    (dt.datetime(2019, 12, 31), None),
)


def folder_of(manifest: str) -> Path:
    helpers = importlib.util.find_spec("metricflow_semantics.test_helpers")
    assert helpers is not None
    return Path((helpers.submodule_search_locations or [""])[0]) / "semantic_manifest_yamls" / manifest


def files_of(manifest: str) -> dict[str, str]:
    folder = folder_of(manifest)
    files = yaml_texts(folder)
    if not any("project_configuration" in text for text in files.values()):
        files |= yaml_texts(folder.parent / "shared")
    return files


def engine_of(files: dict[str, str]) -> Any:
    """MetricFlow's engine over what MetricFlow itself reads of the files."""
    from metricflow.engine.metricflow_engine import MetricFlowEngine
    from metricflow_semantic_interfaces.parsing.dir_to_model import parse_yaml_file_paths_to_semantic_manifest
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    manifest = parse_yaml_file_paths_to_semantic_manifest(list(files), NAMES).semantic_manifest
    return MetricFlowEngine(SemanticManifestLookup(manifest), renderer_of("duckdb"))


class Queries:
    """Queries over a manifest, one after the other, the same for the same seed."""

    def __init__(self, manifest: SemanticManifest, seed: int) -> None:
        self._manifest, self._random = manifest, random.Random(seed)

    def next(self) -> dict[str, Any]:
        pick = self._random
        metrics = self._some(self._manifest.metric_names(), (0, 1, 1, 1, 2, 3))
        try:
            items = group_by_items(self._manifest, metrics)
        except AidbtError:
            items = ()
        groups = [self._call(item) for item in self._some(items, (0, 1, 1, 2, 3))]
        orders = [pick.choice(("", "-")) + name for name in self._some([*metrics, *groups], (0, 0, 1, 2))]
        return {
            "metrics": metrics,
            "group_by": groups,
            "where": [self._filter(item) for item in self._some(items, (0, 0, 1, 2))],
            "order_by": orders,
            "limit": pick.choice((None, None, 5)),
            "time_range": pick.choice(TIME_RANGES),
            "min_max_only": pick.random() < 0.05,
            "apply_group_by": pick.random() < 0.9,
        }

    def _some(self, among: Sequence[Any], sizes: Sequence[int]) -> list[Any]:
        return self._random.sample(list(among), min(len(among), self._random.choice(sizes)))

    def _call(self, item: GroupByItem) -> str:
        """An item in one of the forms that a query may name it in."""
        pick = self._random
        name = item.name.upper() if pick.random() < 0.1 else item.name
        if item.kind != "time":
            return pick.choice((name, f"{'Entity' if item.kind == 'entity' else 'Dimension'}('{name}')"))
        grain, part = pick.choice(item.grains), pick.choice(DATE_PARTS)
        return pick.choice(
            (
                name,
                f"{name}__{grain}",
                f"TimeDimension('{name}', '{grain}')",
                f"TimeDimension('{name}', date_part_name='{part}')",
                f"Dimension('{name}').grain('{grain}')",
            )
        )

    def _filter(self, item: GroupByItem) -> str:
        own = 1 if item.kind == "entity" else 2
        parts = item.name.split("__")
        name, links = "__".join(parts[-own:]), parts[:-own]
        path = f", entity_path={links!r}" if links else ""
        if item.kind == "time":
            grain = self._random.choice(item.grains)
            return f"{{{{ TimeDimension('{name}', '{grain}'{path}) }}}} >= '2020-01-01'"
        kind = "Entity" if item.kind == "entity" else "Dimension"
        return f"{{{{ {kind}('{name}'{path}) }}}} = 'a'"


def ours(manifest: SemanticManifest, query: dict[str, Any]) -> str | None:
    try:
        return compile_query(manifest, **query).sql
    except AidbtError:
        return None


def theirs(engine: Any, query: dict[str, Any]) -> str | None:
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest
    from metricflow_semantics.errors.error_classes import MetricFlowException

    start, end = query["time_range"] or (None, None)
    request = MetricFlowQueryRequest.create(
        metric_names=query["metrics"] or None,
        group_by_names=query["group_by"] or None,
        where_constraints=query["where"] or None,
        order_by_names=query["order_by"] or None,
        limit=query["limit"],
        time_constraint_start=start,
        time_constraint_end=end,
        min_max_only=query["min_max_only"],
        apply_group_by=query["apply_group_by"],
    )
    try:
        return str(engine.explain(request).sql_statement.without_descriptions.sql)
    except (*PLAIN, MetricFlowException):
        return None


def words(sql: str | None) -> list[str] | None:
    """The words of a statement in no order: the order of columns, numbering and quotes are ours to choose."""
    if sql is None:
        return None
    plain = re.sub(r"_\d{2,}", "_N", re.sub(r"subq_\d+", "subq_N", sql.replace('"', "")))
    # A name that stands in quotes here stands behind its table there.
    return sorted(re.findall(r"\w+", re.sub(r"\b\w+\.(user|order)\b", r"\1", plain)))


@pytest.mark.parametrize(
    ("manifest", "queries"),
    [
        *((name, 12) for name in QUICK),
        *(pytest.param(name, 150, marks=pytest.mark.long) for name in (*QUICK, *LONG)),
    ],
)
def test_queries_compile_as_metricflow_compiles_them(manifest: str, queries: int) -> None:
    files = files_of(manifest)
    read = read_yaml(files, relation_of=lambda model: SemanticRelation("demo", model), placeholders=NAMES)
    engine, asked = engine_of(files), Queries(read.manifest, seed=20)

    answered = 0
    for _ in range(queries):
        query = asked.next()
        found, expected = ours(read.manifest, query), theirs(engine, query)
        if expected is None and found is not None:
            # Approximate percentiles that the dialect lacks are taken in another form here.
            assert any("approximate" in metric for metric in query["metrics"]), query
            continue
        assert words(found) == words(expected), query
        answered += found is not None
    assert answered > queries / 5
