"""Reads every node of a project: which columns it has, and what each is made of.

One pass in the order of the project. The SQL of a node is resolved once, against what is known by then of the
relations it reads; an earlier reading is taken again when neither its SQL nor any of those changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Column, Relation
from aidbt.lineage.differences import schema_differences
from aidbt.lineage.graph import KnownFrom, Lineage, NodeLineage
from aidbt.lineage.order import reading_order
from aidbt.lineage.origins import Origin, with_origin
from aidbt.lineage.schemas import (
    Schema,
    declared_keys,
    declared_sources,
    declared_tags,
    schema_without_sql,
    seed_schema,
)
from aidbt.lineage.snapshots import with_snapshot_columns
from aidbt.lineage.uncompiled import EPHEMERAL, sql_as_written
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.parse import parse_sql
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve import resolve
from aidbt.sql.resolved import ColumnUse, KnownRelation, OutputColumn, ResolvedQuery, SqlProblem

if TYPE_CHECKING:
    from sqlglot import exp

# Changes whenever the same SQL would be read otherwise.
READER_VERSION = 1
READ_TYPES = ("source", "seed", "model", "snapshot")


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
        self.index = RelationIndex((), self.dialect)
        self.digests: dict[str, str] = {}
        readings: dict[str, Reading] = {}
        for name in order:
            self._know(self.nodes[name], KnownRelation(name, is_complete=False))
        for relation in self.others:
            name = external_id(relation.database, relation.schema, relation.name)
            self._put(
                relation.database, relation.schema, relation.name, KnownRelation(name, relation.columns)
            )
            readings[name] = Reading("", _external(name, str(relation), relation.columns))
        for name in order:
            node = self.nodes[name]
            reading = self._reading(node, earlier.get(name))
            readings[name] = reading
            self._know(node, _known(reading.lineage))
            for read in reading.reads:
                if read not in self.nodes and read not in readings:
                    readings[read] = earlier[read] if read in earlier else Reading("", _external(read))
        return {
            **{n: r for n, r in readings.items() if n not in self.nodes},
            **{n: readings[n] for n in order},
        }

    def _reading(self, node: Node, earlier: Reading | None) -> Reading:
        key = self._key(node)
        if (
            earlier is not None
            and earlier.key == key
            and all(self.digests.get(name) == digest for name, digest in earlier.reads.items())
        ):
            return earlier
        if node.unique_id not in self.reread:
            self.reread.append(node.unique_id)
        return _NodeReader(self, node, key).read()

    def _key(self, node: Node) -> str:
        raw = node.raw
        parts = (
            READER_VERSION, self.dialect, node.path, node.name, node.depends_on,
            raw.get("compiled_code") or raw.get("raw_code"), raw.get("columns"), node.config.get("contract"),
            node.config.get("column_types"), node.config.get("snapshot_meta_column_names"),
            [node.config.get(name) for name in ("strategy", "unique_key", "updated_at", "hard_deletes")],
            node.checksum if node.resource_type == "seed" else "",
            self.seen.get(node.unique_id), self.keys.get(node.unique_id),
        )  # fmt: skip
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def _know(self, node: Node, relation: KnownRelation) -> None:
        if node.config.get("materialized") == "ephemeral":
            self._put("", "", EPHEMERAL + (node.identifier or node.name), relation)
        else:
            self._put(node.database, node.schema, node.identifier or node.name, relation)

    def _put(self, database: str, schema: str, name: str, relation: KnownRelation) -> None:
        self.index.put(database, schema, name, relation)
        self.digests[relation.key] = _digest(relation)


class _NodeReader:
    """One node, read anew."""

    def __init__(self, reader: _Reader, node: Node, key: str) -> None:
        self.reader = reader
        self.node = node
        self.key = key
        self.findings: list[Finding] = []

    def read(self) -> Reading:
        seen = self.reader.seen.get(self.node.unique_id)
        schema = schema_without_sql(self.node, seen, self._seed())
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
        return sql_as_written(str(written), self.node, self.reader.manifest, self.reader.dialect)

    def _resolved(self, sql: str) -> tuple[ResolvedQuery | None, tuple[SqlProblem, ...]]:
        parsed = parse_sql(sql, self.reader.dialect)
        if parsed.tree is None:
            return None, parsed.problems
        _drop_ephemeral_ctes(parsed.tree)
        query = resolve(parsed.tree, self.reader.index, self.reader.dialect, text=sql)
        unknown = [p for p in query.problems if p.code == "relation.unknown"]
        if unknown:
            for problem in unknown:
                self._add_external(sql[problem.start : problem.end])
            known = query.problems
            query = resolve(parsed.tree, self.reader.index, self.reader.dialect, text=sql)
            problems = (*(p for p in known if p.code == "relation.unknown"), *query.problems)
            return query, problems
        return query, query.problems

    def _add_external(self, written: str) -> None:
        """Know a relation that only the SQL names: nothing is known of its columns."""
        from sqlglot import exp

        table = exp.to_table(written, dialect=self.reader.dialect)
        name = external_id(table.catalog, table.db, table.name)
        self.reader._put(table.catalog, table.db, table.name, KnownRelation(name, is_complete=False))

    def _report(self, problems: Iterable[SqlProblem], known_from: KnownFrom) -> None:
        for problem in problems:
            self.findings.append(problem_finding(problem, self.node, compiled=known_from == "compiled sql"))

    def _from_query(self, query: ResolvedQuery, schema: Schema, known_from: KnownFrom) -> Reading:
        columns = query.columns
        if self.node.resource_type == "snapshot":
            columns = with_snapshot_columns(columns, self.node, self.reader.dialect)
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
            columns, schema, self.node, self.reader.dialect, is_complete=is_complete
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
        if self.node.resource_type != "seed" or self.reader.project_root is None:
            return None
        root = self.reader.project_root
        if self.node.package != self.reader.manifest.metadata.raw.get("project_name"):
            root = Path(str(self.node.raw.get("root_path") or root))  # a package's own folder
        return seed_schema(self.node, root / self.node.path, self.reader.dialect)

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
        return self._reading(lineage, [name for name in self.node.depends_on if name in self.reader.nodes])

    def _declared_use(self, text: str) -> ColumnUse | None:
        name, _, column = text.rpartition(".")
        for unique_id in self.node.depends_on:
            parent = self.reader.nodes.get(unique_id)
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
        read = [p for p in (*parents, *node.depends_on) if p in self.reader.digests or p in parents]
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
            self.reader.keys.get(node.unique_id, ()),
        )

    def _reading(self, lineage: NodeLineage, reads: Iterable[str] = ()) -> Reading:
        digests = self.reader.digests
        return Reading(
            self.key,
            lineage,
            {name: digests[name] for name in reads if name in digests},
            tuple(self.findings),
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


def _title(node: Node) -> str:
    return f"{node.source_name}.{node.name}" if node.resource_type == "source" else node.name


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
    return KnownRelation(lineage.unique_id, columns, lineage.is_complete, lineage.unique)


def _digest(relation: KnownRelation) -> str:
    columns = [(c.name, c.data_type, c.nullable) for c in relation.columns]
    return hashlib.sha256(repr((columns, relation.is_complete, relation.unique)).encode()).hexdigest()[:24]


def _drop_ephemeral_ctes(tree: exp.Query) -> None:
    """Take out the ephemeral models that dbt put into the SQL: they are nodes of their own."""
    with_ = tree.args.get("with_")
    if with_ is None:
        return
    kept = [cte for cte in with_.expressions if not cte.alias.startswith(EPHEMERAL)]
    if not kept:
        tree.set("with_", None)
    elif len(kept) < len(with_.expressions):
        with_.set("expressions", kept)


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
