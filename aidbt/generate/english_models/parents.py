"""Which models, sources, seeds and snapshots the tables of a graph are, and how a model reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aidbt.core.errors import UsageError
from aidbt.core.schema import Relation
from aidbt.generate.templates import jinja_text
from aidbt.project.manifest import Manifest, Node
from aidbt.semantic.graph import Graph

_READ = ("model", "seed", "snapshot")


@dataclass(frozen=True, slots=True)
class Parent:
    """What a model can read.

    Attributes:
        call: how it does, e.g. "ref('orders')".
        materialized: e.g. "view"; "source" for a source.
    """

    unique_id: str
    call: str
    materialized: str = ""


def parents_of(graph: Graph, manifest: Manifest) -> dict[str, Parent]:
    """By table of the graph what it is in the project; those that the project does not know are left out."""
    nodes = _by_place(manifest)
    project = str(manifest.metadata.raw.get("project_name") or "")
    found = {}
    for table in graph.tables:
        node = nodes.get(_place(table.schema, table.identifier or table.name))
        if node is not None:
            kind = str(node.config.get("materialized") or ("source" if node.source_name else ""))
            found[table.name] = Parent(node.unique_id, _call(node, project), kind)
    return found


def readable(relations: Sequence[Relation], manifest: Manifest, model: str) -> list[Relation]:
    """The relations that a model of that name may read: not its own, nor what is made of it."""
    barred = _downstream(manifest, model)
    nodes = _by_place(manifest)
    places = {place for place, node in nodes.items() if node.unique_id in barred}
    return [relation for relation in relations if _place(relation.schema, relation.name) not in places]


def of_models(relations: Sequence[Relation], manifest: Manifest, models: Collection[str]) -> list[Relation]:
    """The relations among these that models of some names are built as."""
    nodes = _by_place(manifest)
    built = {place for place, node in nodes.items() if not node.source_name and node.name in models}
    return [relation for relation in relations if _place(relation.schema, relation.name) in built]


def not_built(relations: Sequence[Relation], manifest: Manifest) -> list[str]:
    """The models, seeds and snapshots that are not among the relations of the warehouse, by name."""
    there = {_place(relation.schema, relation.name) for relation in relations}
    nodes = _by_place(manifest).items()
    return sorted(node.name for place, node in nodes if not node.source_name and place not in there)


def calls_of(tables: Iterable[str], parents: Mapping[str, Parent]) -> dict[str, str]:
    """How each of these tables is read.

    Raises:
        UsageError: the project neither builds nor declares one.
    """
    for table in tables:
        if table not in parents:
            raise UsageError(
                f"{table} is in the warehouse, but no model, seed, snapshot or source of the project",
                hint="declare it as a source (aidbt generate does), then ask again",
            )
    return {table: parents[table].call for table in tables}


def readers_of(manifest: Manifest, model: str) -> int:
    """How many models, snapshots and exposures read a model directly."""
    own = {node.unique_id for node in manifest.of_type("model") if node.name == model}
    everything = [*manifest.nodes.values(), *manifest.others.values()]
    readers = ("model", "snapshot", "exposure", "semantic_model")
    return sum(bool(own & set(n.depends_on)) for n in everything if n.resource_type in readers)


def _downstream(manifest: Manifest, model: str) -> set[str]:
    """A model's own id, and those of everything that is made of it."""
    found = {node.unique_id for node in manifest.of_type("model") if node.name == model}
    children: dict[str, list[str]] = {}
    for node in manifest.nodes.values():
        for parent in node.depends_on:
            children.setdefault(parent, []).append(node.unique_id)
    waiting = list(found)
    while waiting:
        fresh = [child for child in children.get(waiting.pop(), ()) if child not in found]
        found.update(fresh)
        waiting += fresh
    return found


def _by_place(manifest: Manifest) -> dict[tuple[str, str], Node]:
    nodes: Collection[Node] = [
        *(node for kind in _READ for node in manifest.of_type(kind)),
        *manifest.sources.values(),
    ]
    found: dict[tuple[str, str], Node] = {}
    for node in nodes:
        if node.config.get("materialized") != "ephemeral":
            found.setdefault(_place(node.schema, node.identifier or node.name), node)
    return found


def _place(schema: str, name: str) -> tuple[str, str]:
    return schema.casefold(), name.casefold()


def _call(node: Node, project: str) -> str:
    if node.source_name:
        return f"source({jinja_text(node.source_name)}, {jinja_text(node.name)})"
    parts = [jinja_text(node.package)] if node.package not in ("", project) else []
    parts.append(jinja_text(node.name))
    version = node.raw.get("version")
    if version is not None:
        parts.append(f"v={version}" if isinstance(version, int | float) else f"v={jinja_text(str(version))}")
    return f"ref({', '.join(parts)})"
