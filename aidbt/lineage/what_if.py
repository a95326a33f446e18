"""The SQL of a project's nodes, resolved again where relations have other columns than they had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidbt.core.findings import Severity
from aidbt.core.schema import Column
from aidbt.lineage.graph import Lineage, NodeLineage
from aidbt.lineage.reading import drop_ephemeral_ctes
from aidbt.lineage.uncompiled import EPHEMERAL, sql_as_written
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.parse import parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import resolve
from aidbt.sql.resolved import KnownRelation, OutputColumn, ResolvedQuery

if TYPE_CHECKING:
    from sqlglot import exp

_EXTERNAL = "external."


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """The SQL of a node, resolved.

    Attributes:
        tree: annotated by the resolver.
    """

    tree: exp.Query
    query: ResolvedQuery

    @property
    def errors(self) -> tuple[str, ...]:
        """What keeps it from running, in words."""
        return tuple(p.message for p in self.query.problems if p.severity is Severity.ERROR)


class Project:
    """The relations of a project by name, of which one after the other may be given other columns.

    Args:
        names: unique_id → another one to know the relation by, for nodes that were renamed.
    """

    def __init__(self, lineage: Lineage, manifest: Manifest, names: Mapping[str, str] | None = None) -> None:
        self._manifest = manifest
        self._dialect = lineage.dialect
        self._names = names or {}
        self._index = RelationIndex((), lineage.dialect)
        for node in lineage.nodes.values():
            self.put(node, node.columns)

    def put(self, node: NodeLineage, columns: tuple[OutputColumn, ...]) -> None:
        """Let a node have these columns from now on."""
        known = KnownRelation(
            self._names.get(node.unique_id, node.unique_id),
            tuple(Column(c.name, c.data_type, c.nullable) for c in columns),
            node.is_complete,
            node.unique,
        )
        written = self._manifest.find(node.unique_id)
        if written is None:
            if node.unique_id.startswith(_EXTERNAL):
                parts = node.unique_id.removeprefix(_EXTERNAL).split(".")
                database, schema, name = (["", "", "", *parts])[-3:]
                self._index.put(database, schema, name, known)
        elif written.config.get("materialized") == "ephemeral":
            self._index.put("", "", EPHEMERAL + (written.identifier or written.name), known)
        else:
            self._index.put(written.database, written.schema, written.identifier or written.name, known)

    def read(self, node: Node) -> ReadQuery | str:
        """The SQL of a node against the relations as they are now; else why it cannot be read."""
        sql, why = self.sql(node)
        if sql is None:
            return why
        parsed = parse_sql(sql, self._dialect)
        if parsed.tree is None:
            return parsed.problems[0].message if parsed.problems else "its SQL could not be read"
        drop_ephemeral_ctes(parsed.tree)
        return ReadQuery(parsed.tree, resolve(parsed.tree, self._index, self._dialect, text=sql))

    def sql(self, node: Node) -> tuple[str | None, str]:
        """(the SQL of a node as dbt compiled it, or as it is written, why there is none)."""
        if node.raw.get("language") == "python":
            return None, "it is a Python model"
        if compiled := node.raw.get("compiled_code"):
            return str(compiled), ""
        if written := node.raw.get("raw_code"):
            sql, _, why = sql_as_written(str(written), node, self._manifest, self._dialect)
            return sql, why
        return None, "the manifest has neither its compiled SQL nor its text"
