"""Reads every node of a project: which columns it has, and what each is made of.

One pass in the order of the project. The SQL of a node is resolved once, against what is known by then of the
relations it reads; an earlier reading is taken again when neither its SQL nor any of those changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Column, Relation
from aidbt.lineage.graph import Lineage, NodeLineage
from aidbt.lineage.order import reading_order
from aidbt.lineage.origins import Origin, with_origin
from aidbt.lineage.reading import NodeReader, Reading, SoFar, external_id
from aidbt.lineage.schemas import declared_keys
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolved import KnownRelation, OutputColumn

# Changes whenever the same SQL would be read otherwise.
READER_VERSION = 2
_SQLGLOT = version("sqlglot")
READ_TYPES = ("source", "seed", "model", "snapshot")


def project_lineage(
    manifest: Manifest,
    *,
    adapter: str = "",
    seen: Mapping[str, Relation] | None = None,
    others: Iterable[Relation] = (),
    origins: Mapping[str, Origin] | None = None,
    project_root: Path | None = None,
    earlier: Mapping[str, Reading] | None = None,
    on_read: Callable[[dict[str, Reading]], None] | None = None,
) -> Lineage:
    """The columns of every source, seed, model and snapshot, and what each is made of.

    Needs no connection. What cannot be read is a finding, and the node then has the columns that are known
    of it otherwise; the rest of the project is read all the same.

    Args:
        manifest: of `dbt compile`, `run` or `build`, so that models have compiled SQL; for one without, its
            own text is read where that needs no rendering.
        adapter: dbt's name of the adapter; "" takes the manifest's.
        seen: unique_id → the relation as the warehouse or a catalog has it.
        others: relations of the warehouse that the project does not declare, which SQL may name outright.
        origins: unique_id of a source → where its rows were loaded from.
        project_root: where seed files stand; None leaves them unread.
        earlier: unique_id → an earlier reading, to be taken again where it still holds.
        on_read: gets all readings, to be kept.
    """
    adapter = adapter or manifest.metadata.adapter_type
    reader = _Reader(manifest, sqlglot_dialect(adapter), seen or {}, tuple(others), project_root)
    readings = reader.read_all(dict(earlier or {}))
    if on_read is not None:
        on_read(readings)
    nodes = {unique_id: reading.lineage for unique_id, reading in readings.items()}
    for unique_id, origin in (origins or {}).items():
        if unique_id in nodes:
            above, nodes[unique_id] = with_origin(nodes[unique_id], origin)
            nodes = {above.unique_id: above, **nodes}
    findings = [*reader.findings, *(f for reading in readings.values() for f in reading.findings)]
    return Lineage(nodes, findings, dialect=reader.dialect, reread=reader.reread)


class _Reader:
    def __init__(
        self,
        manifest: Manifest,
        dialect: str,
        seen: Mapping[str, Relation],
        others: tuple[Relation, ...],
        project_root: Path | None,
    ) -> None:
        self.manifest = manifest
        self.dialect = dialect
        self.seen = seen
        self.others = others
        self.project_root = project_root
        self.keys = declared_keys(manifest)
        self.nodes = {
            node.unique_id: node
            for group in (manifest.sources, manifest.nodes)
            for node in group.values()
            if node.resource_type in READ_TYPES
        }
        self.findings: list[Finding] = []
        self.reread: list[str] = []

    def read_all(self, readings: dict[str, Reading]) -> dict[str, Reading]:
        """Every node, each after what it reads."""
        parents = {name: [p for p in node.depends_on if p != name] for name, node in self.nodes.items()}
        while True:
            order, cycles = reading_order(parents)
            readings = self._pass(order, readings)
            # SQL may name a relation that dbt does not know it reads: that one has to come first.
            late = {
                name: extra
                for name, reading in readings.items()
                if name in parents
                and (extra := (reading.reads.keys() & self.nodes.keys()) - {*parents[name], name})
            }
            if not late:
                break
            for name, extra in late.items():
                parents[name] = [*parents[name], *sorted(extra)]
        self.findings += [_cycle(cycle, self.nodes) for cycle in cycles]
        return readings

    def _pass(self, order: list[str], earlier: Mapping[str, Reading]) -> dict[str, Reading]:
        so_far = SoFar(
            self.manifest,
            self.dialect,
            self.nodes,
            self.seen,
            self.keys,
            self.project_root,
            RelationIndex((), self.dialect),
        )
        outside: dict[str, Reading] = {}
        inside: dict[str, Reading] = {}
        for name in order:
            so_far.know(self.nodes[name], KnownRelation(name, is_complete=False))
        for relation in self.others:
            name = external_id(relation.database, relation.schema, relation.name)
            known = KnownRelation(name, relation.columns)
            so_far.put(relation.database, relation.schema, relation.name, known)
            outside[name] = Reading("", _external(name, str(relation), relation.columns))
        for name in order:
            inside[name] = self._reading(so_far, self.nodes[name], earlier.get(name))
            so_far.know(self.nodes[name], _known(inside[name].lineage))
            for read in inside[name].reads:
                if read not in self.nodes:
                    outside.setdefault(read, Reading("", _external(read)))
        return {**outside, **inside}

    def _reading(self, so_far: SoFar, node: Node, earlier: Reading | None) -> Reading:
        key = self._key(node)
        if earlier is not None and earlier.key == key and earlier.holds(so_far.digests):
            return earlier
        if node.unique_id not in self.reread:
            self.reread.append(node.unique_id)
        return NodeReader(so_far, node, key).read()

    def _key(self, node: Node) -> str:
        raw = node.raw
        seen = self.seen.get(node.unique_id)
        parts = (
            READER_VERSION, _SQLGLOT, self.dialect, node.path, node.name, node.depends_on,
            raw.get("compiled_code") or raw.get("raw_code"), raw.get("columns"), node.config.get("contract"),
            node.config.get("column_types"), node.config.get("snapshot_meta_column_names"),
            [node.config.get(name) for name in ("strategy", "unique_key", "updated_at", "hard_deletes")],
            node.checksum if node.resource_type == "seed" else "",
            self.keys.get(node.unique_id),
            [(c.name, c.data_type, c.nullable) for c in seen.columns] if seen else None,
        )  # fmt: skip
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _external(unique_id: str, name: str = "", columns: tuple[Column, ...] = ()) -> NodeLineage:
    return NodeLineage(
        unique_id,
        name or unique_id.removeprefix("external."),
        "external",
        columns=tuple(OutputColumn(c.name, c.data_type, c.nullable, made="generated") for c in columns),
        is_complete=bool(columns),
        known_from="warehouse" if columns else "nothing",
        why="" if columns else "the project does not declare it",
    )


def _known(lineage: NodeLineage) -> KnownRelation:
    columns = tuple(Column(c.name, c.data_type, c.nullable) for c in lineage.columns)
    unique = tuple(
        tuple(found.name if (found := lineage.column(name)) else name for name in names)
        for names in lineage.unique
    )
    return KnownRelation(lineage.unique_id, columns, lineage.is_complete, unique)


def _cycle(cycle: tuple[str, ...], nodes: Mapping[str, Node]) -> Finding:
    names = [nodes[name].name for name in cycle]
    shown = " → ".join([*names[:6], "…" if len(names) > 6 else names[0]])
    return Finding(
        "lineage.cycle",
        Severity.ERROR,
        nodes[cycle[0]].path,
        f"{len(names)} nodes read each other in a circle: {shown}; their columns are known only in part",
    )


def seen_relations(
    manifest: Manifest, relations: Iterable[Relation]
) -> tuple[dict[str, Relation], list[Relation]]:
    """(unique_id → the relation of a warehouse that it stands for, the relations that are no node's).

    Compared without case, the database only where both name one.
    """
    by_name: dict[tuple[str, str], list[Node]] = {}
    for group in (manifest.sources, manifest.nodes):
        for node in group.values():
            if node.resource_type in READ_TYPES and node.config.get("materialized") != "ephemeral":
                name = (node.schema.casefold(), (node.identifier or node.name).casefold())
                by_name.setdefault(name, []).append(node)
    found: dict[str, Relation] = {}
    others: list[Relation] = []
    for relation in relations:
        nodes = [
            node
            for node in by_name.get((relation.schema.casefold(), relation.name.casefold()), ())
            if not (relation.database and node.database)
            or relation.database.casefold() == node.database.casefold()
        ]
        found.update((node.unique_id, relation) for node in nodes)
        if not nodes:
            others.append(relation)
    return found, others
