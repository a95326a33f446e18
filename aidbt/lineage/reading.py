"""One node of a project, read: its SQL resolved against what is known of the relations it reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Relation
from aidbt.lineage.differences import schema_differences
from aidbt.lineage.graph import KnownFrom, NodeLineage
from aidbt.lineage.schemas import (
    Schema,
    declared_sources,
    declared_tags,
    schema_without_sql,
    seed_schema,
)
from aidbt.lineage.snapshots import with_snapshot_columns
from aidbt.lineage.uncompiled import EPHEMERAL, sql_as_written
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.parse import parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import resolve
from aidbt.sql.resolved import ColumnUse, KnownRelation, OutputColumn, ResolvedQuery, SqlProblem

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(slots=True)
class Reading:
    """One node as it was read, and from what: it holds as long as `key` and all of `reads` are the same.

    Attributes:
        key: of its SQL and of what the project declares about it.
        reads: the relations its SQL reads → the digest of their columns.
    """

    key: str
    lineage: NodeLineage
    reads: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def holds(self, digests: Mapping[str, str]) -> bool:
        """Whether everything it read is still what it was."""
        return all(digests.get(name) == digest for name, digest in self.reads.items())


@dataclass(slots=True)
class SoFar:
    """What is known of a project while its nodes are read one after the other.

    Attributes:
        nodes: what is to be read, by unique_id.
        seen: unique_id → the relation as the warehouse or a catalog has it.
        keys: unique_id → the sets of columns that are declared unique.
        index: every relation by its name, with the columns that are known by now.
        digests: relation → the digest of its columns.
    """

    manifest: Manifest
    dialect: str
    nodes: Mapping[str, Node]
    seen: Mapping[str, Relation]
    keys: Mapping[str, tuple[tuple[str, ...], ...]]
    project_root: Path | None
    index: RelationIndex
    digests: dict[str, str] = field(default_factory=dict)

    def know(self, node: Node, relation: KnownRelation) -> None:
        """Enter what is known of a node's relation."""
        if node.config.get("materialized") == "ephemeral":
            self.put("", "", EPHEMERAL + (node.identifier or node.name), relation)
        else:
            self.put(node.database, node.schema, node.identifier or node.name, relation)

    def put(self, database: str, schema: str, name: str, relation: KnownRelation) -> None:
        """Enter what is known of a relation."""
        self.index.put(database, schema, name, relation)
        self.digests[relation.key] = _digest(relation)


class NodeReader:
    """One node, read anew."""

    def __init__(self, so_far: SoFar, node: Node, key: str) -> None:
        self.so_far = so_far
        self.node = node
        self.key = key
        self.findings: list[Finding] = []

    def read(self) -> Reading:
        seen = self.so_far.seen.get(self.node.unique_id)
        schema = schema_without_sql(self.node, seen, self._seed(), dialect=self.so_far.dialect)
        if self.node.resource_type in ("model", "snapshot") and self.node.raw.get("language") != "python":
            sql, known_from, why = self._sql()
            if sql is not None:
                query, problems = self._resolved(sql)
                self._report(problems, known_from)
                if query is not None:
                    return self._from_query(query, schema, known_from)
                why = problems[0].message if problems else "its SQL could not be read"
            return self._without_edges(schema, why)
        if self.node.resource_type == "model":
            return self._from_declaration(schema)
        return self._ground(schema)

    # --- with SQL ---

    def _sql(self) -> tuple[str | None, KnownFrom, str]:
        """(its SQL, where that is from, why there is none)."""
        compiled = self.node.raw.get("compiled_code")
        if compiled:
            return str(compiled), "compiled sql", ""
        written = self.node.raw.get("raw_code")
        if not written:
            return None, "nothing", "the manifest has neither its compiled SQL nor its text"
        return sql_as_written(str(written), self.node, self.so_far.manifest, self.so_far.dialect)

    def _resolved(self, sql: str) -> tuple[ResolvedQuery | None, tuple[SqlProblem, ...]]:
        parsed = parse_sql(sql, self.so_far.dialect)
        if parsed.tree is None:
            return None, parsed.problems
        drop_ephemeral_ctes(parsed.tree)
        query = resolve(parsed.tree, self.so_far.index, self.so_far.dialect, text=sql)
        unknown = [p for p in query.problems if p.code == "relation.unknown"]
        if unknown:
            for problem in unknown:
                self._add_external(sql[problem.start : problem.end])
            known = query.problems
            query = resolve(parsed.tree, self.so_far.index, self.so_far.dialect, text=sql)
            problems = (*(p for p in known if p.code == "relation.unknown"), *query.problems)
            return query, problems
        return query, query.problems

    def _add_external(self, written: str) -> None:
        """Know a relation that only the SQL names: nothing is known of its columns."""
        from sqlglot import exp

        table = exp.to_table(written, dialect=self.so_far.dialect)
        name = external_id(table.catalog, table.db, table.name)
        self.so_far.put(table.catalog, table.db, table.name, KnownRelation(name, is_complete=False))

    def _report(self, problems: Iterable[SqlProblem], known_from: KnownFrom) -> None:
        for problem in problems:
            self.findings.append(problem_finding(problem, self.node, compiled=known_from == "compiled sql"))

    def _from_query(self, query: ResolvedQuery, schema: Schema, known_from: KnownFrom) -> Reading:
        columns = query.columns
        if self.node.resource_type == "snapshot":
            columns = with_snapshot_columns(columns, self.node, self.so_far.dialect)
        columns, why = self._reconciled(columns, query.is_complete, schema)
        lineage = self._lineage(
            columns,
            is_complete=query.is_complete,
            row_uses=query.row_uses,
            parents=query.relations,
            known_from=known_from,
            why=why,
        )
        return self._reading(lineage, query.relations)

    def _reconciled(
        self, columns: tuple[OutputColumn, ...], is_complete: bool, schema: Schema
    ) -> tuple[tuple[OutputColumn, ...], str]:
        """The columns of the SQL beside those that a contract or the warehouse has: what one of them leaves
        open the other tells, and where they differ is a finding.
        """
        if schema.known_from not in ("contract", "catalog"):
            return columns, "" if is_complete else "it selects all columns of what is not fully known"
        by_name = {column.name.casefold(): column for column in schema.columns}
        typed = []
        for column in columns:
            known = by_name.get(column.name.casefold())
            if known is not None and (not column.data_type or schema.known_from == "contract"):
                column = replace(column, data_type=known.data_type)
            typed.append(column)
        self.findings += schema_differences(
            columns, schema, self.node, self.so_far.dialect, is_complete=is_complete
        )
        if is_complete:
            return tuple(typed), ""
        names = {column.name.casefold() for column in columns}
        passed_on = [c for c in schema.columns if c.name.casefold() not in names]
        why = "a star passes it on from a relation whose columns are not all known"
        typed += [OutputColumn(c.name, c.data_type, c.nullable, why=why) for c in passed_on]
        return tuple(typed), ""

    # --- without ---

    def _seed(self) -> Schema | None:
        if self.node.resource_type != "seed" or self.so_far.project_root is None:
            return None
        root = self.so_far.project_root
        if self.node.package != self.so_far.manifest.metadata.raw.get("project_name"):
            root = Path(str(self.node.raw.get("root_path") or root))  # a package's own folder
        return seed_schema(self.node, root / self.node.path, self.so_far.dialect)

    def _ground(self, schema: Schema) -> Reading:
        columns = tuple(
            OutputColumn(c.name, c.data_type, c.nullable, made="generated") for c in schema.columns
        )
        return self._reading(
            self._lineage(
                columns, is_complete=schema.is_complete, known_from=schema.known_from, why=schema.why
            )
        )

    def _without_edges(self, schema: Schema, why: str) -> Reading:
        columns = tuple(OutputColumn(c.name, c.data_type, c.nullable, why=why) for c in schema.columns)
        return self._reading(
            self._lineage(
                columns,
                is_complete=schema.is_complete,
                known_from=schema.known_from,
                why=why,
                parents=self.node.depends_on,
            )
        )

    def _from_declaration(self, schema: Schema) -> Reading:
        """A Python model: its columns, and what they are made of, as its YAML declares them."""
        declared = declared_sources(self.node)
        why = "it is a Python model; its YAML can say what a column is made of: meta.aidbt.from"
        columns = []
        for column in schema.columns:
            names = declared.get(column.name, ())
            uses = tuple(sorted({use for name in names if (use := self._declared_use(name)) is not None}))
            missing = len(names) - len(uses)
            columns.append(
                OutputColumn(
                    column.name,
                    column.data_type,
                    column.nullable,
                    made="expression" if uses and not missing else "unknown",
                    uses=uses,
                    why="" if uses and not missing else why,
                )
            )
        lineage = self._lineage(
            tuple(columns),
            is_complete=schema.is_complete,
            known_from=schema.known_from,
            why="" if columns and all(c.made != "unknown" for c in columns) else why,
            parents=self.node.depends_on,
        )
        return self._reading(lineage, [name for name in self.node.depends_on if name in self.so_far.nodes])

    def _declared_use(self, text: str) -> ColumnUse | None:
        name, _, column = text.rpartition(".")
        for unique_id in self.node.depends_on:
            parent = self.so_far.nodes.get(unique_id)
            if parent is not None and _title(parent).casefold() == name.casefold():
                return ColumnUse(unique_id, column, "expression")
        self.findings.append(
            Finding(
                "lineage.declared_unknown",
                Severity.WARN,
                self.node.path,
                f"{self.node.name} says that a column is made of {text!r}, but it reads no such node",
            )
        )
        return None

    # --- both ---

    def _lineage(
        self,
        columns: tuple[OutputColumn, ...],
        *,
        is_complete: bool,
        known_from: KnownFrom,
        why: str = "",
        row_uses: tuple[ColumnUse, ...] = (),
        parents: Iterable[str] = (),
    ) -> NodeLineage:
        node = self.node
        names = {column.name.casefold(): column.name for column in columns}
        tags = {names.get(name.casefold(), name): tags for name, tags in declared_tags(node).items()}
        read = [p for p in (*parents, *node.depends_on) if p in self.so_far.digests or p in parents]
        return NodeLineage(
            node.unique_id,
            _title(node),
            node.resource_type,
            node.path,
            columns,
            is_complete,
            row_uses,
            tuple(dict.fromkeys(read)),
            known_from,
            why,
            tags,
            self.so_far.keys.get(node.unique_id, ()),
        )

    def _reading(self, lineage: NodeLineage, reads: Iterable[str] = ()) -> Reading:
        digests = self.so_far.digests
        return Reading(
            self.key,
            lineage,
            {name: digests[name] for name in reads if name in digests},
            _once(self.findings),
        )


def external_id(database: str, schema: str, name: str) -> str:
    """What a relation is called here that the project does not declare."""
    return "external." + ".".join(part for part in (database, schema, name) if part)


def problem_finding(problem: SqlProblem, node: Node, *, compiled: bool) -> Finding:
    """The finding for a problem in the SQL of a node."""
    where = f"{node.path}:{problem.line}" if problem.line and not compiled else node.path
    place = f" (compiled line {problem.line})" if compiled and problem.line else ""
    evidence = {"nearest": ", ".join(problem.nearest)} if problem.nearest else {}
    return Finding(problem.code, problem.severity, where, f"{node.name}: {problem.message}{place}", evidence)


def _once(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Without repetitions: a name that is wrong in several places of a line is one finding."""
    return tuple({(f.code, f.where, f.message): f for f in findings}.values())


def _title(node: Node) -> str:
    """The name that people select it by: "source.table", "model", "model.v2"."""
    if node.resource_type == "source":
        return f"{node.source_name}.{node.name}"
    version = node.raw.get("version")
    return node.name if version is None else f"{node.name}.v{version}"


def _digest(relation: KnownRelation) -> str:
    columns = [(c.name, c.data_type, c.nullable) for c in relation.columns]
    return hashlib.sha256(repr((columns, relation.is_complete, relation.unique)).encode()).hexdigest()[:24]


def drop_ephemeral_ctes(tree: exp.Query) -> None:
    """Take out the ephemeral models that dbt put into the SQL: they are nodes of their own."""
    with_ = tree.args.get("with_")
    if with_ is None:
        return
    kept = [cte for cte in with_.expressions if not cte.alias.startswith(EPHEMERAL)]
    if not kept:
        tree.set("with_", None)
    elif len(kept) < len(with_.expressions):
        with_.set("expressions", kept)
