"""`manifest.json` as typed values: every node and source of a dbt project, as dbt understood them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aidbt.core.errors import UnknownName
from aidbt.core.schema import Column
from aidbt.project.artifacts import MANIFEST, ArtifactMetadata, artifact_of, read_artifact


@dataclass(frozen=True, slots=True)
class Node:
    """One thing dbt knows by a unique_id: a model, seed, snapshot, test, source, unit test, exposure, ….

    Attributes:
        path: the file it is written in, relative to its package's folder, with forward slashes.
        package: the dbt project or package it belongs to.
        identifier: the relation's own name in the warehouse; "" when it has none.
        columns: the columns that its YAML describes, in that order; not those of the warehouse.
        depends_on: unique_ids of the nodes it reads, without macros.
        checksum: dbt's hash of its file; "" for what has none (sources, generic tests).
        config: the node's configuration after all defaults.
        source_name: of a source; "" for everything else.
        raw: everything the manifest says about it.
    """

    unique_id: str
    resource_type: str
    name: str
    path: str
    package: str = ""
    database: str = ""
    schema: str = ""
    identifier: str = ""
    description: str = ""
    columns: tuple[Column, ...] = ()
    depends_on: tuple[str, ...] = ()
    checksum: str = ""
    config: dict[str, Any] = field(default_factory=dict, repr=False)
    source_name: str = ""
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A dbt project as dbt parsed it; what is disabled is left out.

    Attributes:
        nodes: models, seeds, snapshots, tests, analyses and hooks, by unique_id.
        sources: source tables, by unique_id.
        others: unit tests, exposures, metrics, semantic models, saved queries and functions, by unique_id.
        raw: the whole file.
    """

    metadata: ArtifactMetadata
    nodes: dict[str, Node]
    sources: dict[str, Node]
    others: dict[str, Node] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def find(self, unique_id: str) -> Node | None:
        """The node, source or other thing of that unique_id, or None."""
        return self.nodes.get(unique_id) or self.sources.get(unique_id) or self.others.get(unique_id)

    def get(self, unique_id: str) -> Node:
        """The node, source or other thing of that unique_id.

        Raises:
            UnknownName: there is none.
        """
        node = self.find(unique_id)
        if node is None:
            raise UnknownName("node", unique_id, [*self.nodes, *self.sources, *self.others])
        return node

    def of_type(self, resource_type: str) -> Iterator[Node]:
        """Every node of one type, e.g. "model" or "source", in the order of the manifest."""
        for group in (self.nodes, self.sources, self.others):
            yield from (node for node in group.values() if node.resource_type == resource_type)


def read_manifest(path: Path) -> Manifest:
    """The project as dbt last parsed it.

    Raises:
        ArtifactError: the file is missing, broken, another artifact, or of a version that is not read.
    """
    return read_artifact(path, MANIFEST, _manifest)


def manifest_of(data: dict[str, Any], place: str) -> Manifest:
    """The project of a manifest whose JSON was read already; `place` names it in messages.

    Raises:
        ArtifactError: it is broken, or of a version that is not read.
    """
    return artifact_of(data, place, MANIFEST, _manifest)


_OTHERS = ("unit_tests", "exposures", "metrics", "semantic_models", "saved_queries", "functions")


def _manifest(data: dict[str, Any], metadata: ArtifactMetadata) -> Manifest:
    return Manifest(
        metadata=metadata,
        nodes={unique_id: _node(item) for unique_id, item in data["nodes"].items()},
        sources={unique_id: _node(item) for unique_id, item in data["sources"].items()},
        others={
            unique_id: _node(item) for group in _OTHERS for unique_id, item in (data.get(group) or {}).items()
        },
        raw=data,
    )


def _node(item: dict[str, Any]) -> Node:
    get = item.get
    columns = get("columns")
    checksum = get("checksum") or ""  # a mapping for files, plain text for unit tests
    return Node(
        unique_id=item["unique_id"],
        resource_type=item["resource_type"],
        name=item["name"],
        path=str(item["original_file_path"]).replace("\\", "/").removeprefix("./"),
        package=get("package_name") or "",
        database=get("database") or "",
        schema=get("schema") or "",
        identifier=get("identifier") or get("alias") or "",
        description=get("description") or "",
        columns=tuple([_column(column) for column in columns.values()]) if columns else (),
        depends_on=tuple((get("depends_on") or {}).get("nodes") or ()),
        checksum=checksum if isinstance(checksum, str) else checksum.get("checksum") or "",
        config=get("config") or {},
        source_name=get("source_name") or "",
        raw=item,
    )


def _column(item: dict[str, Any]) -> Column:
    constraints = item.get("constraints")
    words = tuple([str(constraint["type"]) for constraint in constraints]) if constraints else ()
    return Column(
        item["name"],
        item.get("data_type") or "",
        "not_null" not in words and "primary_key" not in words,
        item.get("description") or "",
        (),
        words,
    )
