"""Runs aidbt's reader over a compiled project in a process of its own, so that it can be measured.

`python -m benchmarks.lineage_project.ours WAY MANIFEST CATALOG ANSWER`: "cold" reads once and writes the
edges, "bare" does so without the catalog of the models, "again" reads once more with nothing changed and with
one leaf changed, and writes what that took.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from aidbt.core.schema import Relation
from aidbt.lineage.columns import project_lineage
from aidbt.lineage.graph import Lineage
from aidbt.lineage.reading import Reading
from aidbt.project.artifacts import read_catalog
from aidbt.project.manifest import Manifest, Node, read_manifest


def cold(manifest_path: Path, catalog_path: Path) -> dict[str, Any]:
    """The edges and the coverage, with the catalog that the peers have too."""
    manifest, seen = read_manifest(manifest_path), _catalog(catalog_path)
    lineage = project_lineage(manifest, seen=seen)
    return {
        "edges": _edges(lineage),
        "rows": {
            unique_id: sorted({(use.relation, use.column) for use in node.row_uses if use.column})
            for unique_id, node in lineage.nodes.items()
        },
        "coverage": _coverage(lineage),
        "findings": [f"{finding.code}: {finding.message}" for finding in lineage.findings],
    }


def bare(manifest_path: Path, catalog_path: Path) -> dict[str, Any]:
    """The edges and the coverage with the columns of the sources only, as when no model was ever built."""
    sources = {name: one for name, one in _catalog(catalog_path).items() if name.startswith("source.")}
    lineage = project_lineage(read_manifest(manifest_path), seen=sources)
    return {"edges": _edges(lineage), "coverage": _coverage(lineage)}


def again(manifest_path: Path, catalog_path: Path) -> dict[str, Any]:
    """CPU seconds with nothing changed and with one leaf changed, the manifest in memory."""
    manifest, seen = read_manifest(manifest_path), _catalog(catalog_path)
    readings: dict[str, Reading] = {}
    project_lineage(manifest, seen=seen, on_read=readings.update)
    changed = _with_changed_leaf(manifest)
    unchanged_s, _ = _timed(lambda: project_lineage(manifest, seen=seen, earlier=readings))
    leaf_s, lineage = _timed(lambda: project_lineage(changed, seen=seen, earlier=readings))
    return {"unchanged_s": unchanged_s, "changed_leaf_s": leaf_s, "reread": list(lineage.reread)}


def _catalog(path: Path) -> dict[str, Relation]:
    if not path.exists():
        return {}
    catalog = read_catalog(path)
    return {**catalog.nodes, **catalog.sources}


def _edges(lineage: Lineage) -> dict[str, dict[str, list[tuple[str, str]]]]:
    """Columns that are resolved; what is said to be unknown is left out, as no answer."""
    return {
        unique_id: {
            column.name: sorted({(use.relation, use.column) for use in column.uses if use.column})
            for column in node.columns
            if column.made != "unknown"
        }
        for unique_id, node in lineage.nodes.items()
    }


def _coverage(lineage: Lineage) -> dict[str, Any]:
    found = lineage.coverage
    return {
        "models": found.models,
        "models parsed": found.parsed,
        "columns known": found.columns,
        "columns resolved": found.resolved,
        "columns grounded": found.grounded,
        "columns typed": found.typed,
        "unresolved": [[one.node, list(one.columns), one.why] for one in found.unresolved],
    }


def _with_changed_leaf(manifest: Manifest) -> Manifest:
    read = {parent for node in manifest.nodes.values() for parent in node.depends_on}
    leaf = max(
        node.unique_id
        for node in manifest.nodes.values()
        if node.resource_type == "model" and node.unique_id not in read and node.raw.get("compiled_code")
    )
    return replace(manifest, nodes={**manifest.nodes, leaf: _changed(manifest.nodes[leaf])})


def _changed(node: Node) -> Node:
    code = f"select *, 1 as one_more\nfrom (\n{node.raw['compiled_code']}\n) as before"
    return replace(node, checksum=f"{node.checksum}+", raw={**node.raw, "compiled_code": code})


def _timed(call: Callable[[], Lineage]) -> tuple[float, Lineage]:
    started = time.process_time()
    result = call()
    return time.process_time() - started, result


WAYS = {"cold": cold, "bare": bare, "again": again}


def main(way: str, manifest: str, catalog: str, answer: str) -> None:
    Path(answer).write_text(json.dumps(WAYS[way](Path(manifest), Path(catalog))), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
