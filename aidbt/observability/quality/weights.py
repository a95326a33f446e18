"""How much each node and each column counts, and the layer and owner that a node belongs to."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from aidbt.monitors.incidents.surroundings import Surroundings, criticality_of
from aidbt.observability.quality.dimensions import Counts, Dimension, kind_of
from aidbt.observability.quality.evidence import column_of
from aidbt.observability.quality.known import Known
from aidbt.project.manifest import Manifest, Node

KEY_WEIGHT = 3.0
_CRITICAL, _MINOR = 3.0, 1 / 3
_EXPOSED = 2.0
NOBODY = "(nobody)"
_PREFIXES = {
    "stg": "staging", "src": "staging", "base": "staging", "int": "intermediate", "dim": "marts",
    "fct": "marts", "fact": "marts", "mart": "marts", "agg": "marts", "rpt": "marts",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subject:
    """A node whose quality is scored.

    Attributes:
        weight: beside other nodes.
        columns: folded name → as people spell it, of those that are known.
        keys: folded names of the columns that tell rows apart or point to another table.
        needs: the dimensions that something should be known of.
        sources: all sources that it is made of.
    """

    node: str
    name: str
    resource_type: str
    layer: str
    owner: str
    weight: float
    columns: Mapping[str, str]
    keys: frozenset[str]
    needs: tuple[Dimension, ...]
    sources: frozenset[str]

    def column_weight(self, column: str) -> float:
        """Of a folded column beside the others of the node; of "", the node as a whole, as of a key."""
        return KEY_WEIGHT if not column or column in self.keys else 1.0


def subjects_of(
    manifest: Manifest, known: Known, around: Surroundings, nodes: Iterable[Node]
) -> dict[str, Subject]:
    """The nodes that have data, with what they count."""
    below = readers_below(around.parents)
    sources = sources_above(around.parents, manifest)
    levels = {
        name: _level(manifest.find(name), name in around.critical, name in around.minor) for name in below
    }
    tests = _tests_by_node(manifest, around.tested)
    found = {}
    for node in nodes:
        if node.config.get("materialized") == "ephemeral":
            continue
        name = node.unique_id
        weight = levels.get(name, 1.0) * (1 + math.log2(1 + below.get(name, 0)) / 2)
        columns = _columns(node, known, tests.get(name, ()))
        found[name] = Subject(
            name,
            f"{node.source_name}.{node.name}" if node.source_name else node.name,
            node.resource_type,
            layer_of(node),
            around.owners.get(name, NOBODY),
            weight,
            columns,
            _keys(node, tests.get(name, ())),
            _needs(node),
            sources.get(name, frozenset()),
        )
    return found


def _level(node: Node | None, is_critical: bool, is_minor: bool) -> float:
    """What people said of it: high 3, low 1/3; else 2 where an exposure is made of it, and 1."""
    if is_minor:
        return _MINOR
    if not is_critical:
        return 1.0
    return _CRITICAL if node is not None and criticality_of(node) == "high" else _EXPOSED


def layer_of(node: Node) -> str:
    """The layer of a node: what `meta.layer` says, else its first folder, else what its prefix says."""
    meta = node.config.get("meta")
    said = meta.get("layer") if isinstance(meta, Mapping) else None
    if said:
        return str(said)
    if node.resource_type != "model":
        return {"source": "sources", "seed": "seeds", "snapshot": "snapshots"}.get(
            node.resource_type, node.resource_type
        )
    fqn = node.raw.get("fqn")
    if isinstance(fqn, list) and len(fqn) > 2:
        return str(fqn[1])
    return _PREFIXES.get(node.name.partition("_")[0].lower(), "models")


def readers_below(parents: Mapping[str, Collection[str]]) -> dict[str, int]:
    """How many models and snapshots are made of each node, directly or not."""
    children: dict[str, list[str]] = {}
    for node, ups in parents.items():
        for up in ups:
            children.setdefault(up, []).append(node)
    counted = {n for n in parents if n.startswith(("model.", "snapshot."))}
    return {node: len(_reached(node, children) & counted) for node in parents}


def sources_above(parents: Mapping[str, Collection[str]], manifest: Manifest) -> dict[str, frozenset[str]]:
    """The sources that each node is made of."""
    return {
        node: frozenset(_reached(node, parents) & manifest.sources.keys())
        for node in parents
        if node not in manifest.sources
    }


def _reached(start: str, edges: Mapping[str, Collection[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for name in edges.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen - {start}


def _tests_by_node(manifest: Manifest, tested: Mapping[str, str]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for test, node in tested.items():
        found.setdefault(node, []).append(manifest.get(test))
    return found


def _columns(node: Node, known: Known, tests: Iterable[Node]) -> dict[str, str]:
    """What the warehouse has counts; where nobody looked, what the project describes or tests."""
    names = known.columns.get(node.unique_id) or (
        *(column.name for column in node.columns),
        *(column for test in tests if (column := column_of(test))),
    )
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.casefold(), name)
    return found


def _keys(node: Node, tests: Iterable[Node]) -> frozenset[str]:
    found = {
        column.name for column in node.columns if {"primary_key", "foreign_key"} & set(column.constraints)
    }
    unique_key = node.config.get("unique_key")
    found |= {str(key) for key in ([unique_key] if isinstance(unique_key, str) else unique_key or ())}
    for test in tests:
        kind = kind_of(test, {})
        is_key = kind.counts is Counts.KEYS or kind.dimension is Dimension.CONSISTENCY
        if is_key and (column := column_of(test)):
            found.add(column)
    return frozenset(name.casefold() for name in found)


def _needs(node: Node) -> tuple[Dimension, ...]:
    if node.resource_type == "seed":  # a file of the project does not grow old
        return tuple(d for d in Dimension if d is not Dimension.TIMELINESS)
    return tuple(Dimension)
