"""Validating what a dbt project runs: its models as dbt compiles them, files beside it, a text.

The relations that a query may read, with their columns, are those of the project's lineage; what is found is
told at the lines of the files that people edit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from aidbt.core.config import DbtSettings
from aidbt.core.errors import DbtError, UnknownName, UsageError
from aidbt.core.findings import Finding, Severity
from aidbt.core.patch import state_dir
from aidbt.core.schema import Column, Relation
from aidbt.lineage.graph import Lineage, NodeLineage
from aidbt.lineage.project import ReadProject
from aidbt.project import Project
from aidbt.project.dbt import run_dbt
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolved import KnownRelation
from aidbt.sql.validate import Allowed, Engine, Rung, Validation, Written, findings_of, validate_sql

STDIN = "<stdin>"
# What dbt runs as one query.
QUERY_TYPES = frozenset({"model", "snapshot", "analysis", "test"})
_EXTERNAL = "external."
# Files that stand beside SQL in a dbt project, and are none.
_NO_SQL = frozenset({".py", ".yml", ".yaml", ".csv", ".md", ".json", ".toml", ".duckdb", ".parquet"})
_TEMPLATE = re.compile(r"\{\{|\{%")


@dataclass(frozen=True, slots=True)
class Checked:
    """One query after the ladder.

    Attributes:
        unique_id: dbt's id of what it belongs to; "" for a text that is no node's.
        findings: at the lines of its file.
        reached: the highest rung that passed; None when it could not even be read.
        skipped: rung → why it was not asked, or was stopped.
        ms: rung → milliseconds.
    """

    path: str
    unique_id: str = ""
    findings: tuple[Finding, ...] = ()
    reached: Rung | None = None
    columns: tuple[Column, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)
    ms: dict[str, float] = field(default_factory=dict)

    @property
    def is_valid(self) -> bool:
        """Whether no finding is an error."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Query:
    """What is to be validated.

    Attributes:
        unique_id: of the node that it belongs to; "" for none.
        written: None when dbt has compiled nothing for the node, `why` says why then.
        keys: sets of columns that are declared unique.
    """

    unique_id: str
    path: str
    written: Written | None
    keys: tuple[tuple[str, ...], ...] = ()
    why: str = ""


class ProjectValidator:
    """Validates queries against one project as it was read.

    Args:
        read: the project, its lineage and its manifest.
        engine: a guarded connection to its warehouse; None validates without one.
        functions: names of functions that the project allows beside those that only compute.
        compile: what dbt makes of a template that is no node's; it raises DbtError. None leaves templates as
            they are, and says so.
    """

    def __init__(
        self,
        read: ReadProject,
        root: Path,
        *,
        engine: Engine | None = None,
        functions: Sequence[str] = (),
        compile: Callable[[str], str] | None = None,
    ) -> None:
        self._manifest = read.manifest
        self._lineage = read.lineage
        self._reasons = read.not_compiled
        self._root = root
        self._engine = engine
        self._compile = compile
        self._dialect = sqlglot_dialect(read.manifest.metadata.adapter_type)
        is_all_known = not read.warehouse_problem
        self._relations, self._stand_ins = known_relations(
            read.manifest, read.lineage, self._dialect, is_all_known=is_all_known
        )
        own = (node.name.lower() for node in read.manifest.of_type("function"))
        self._allowed = Allowed(functions=frozenset({*own, *(name.lower() for name in functions)}))

    def queries(self, select: Sequence[str] = ()) -> list[Query]:
        """What the project itself runs, in the order of its manifest.

        Args:
            select: names of nodes, their files or folders in the project, `*` matching anything; none
                selects all.

        Raises:
            UnknownName: a name selects nothing.
        """
        nodes = [node for node in self._manifest.nodes.values() if self._is_query(node)]
        if not select:
            return [*(self._query(node) for node in nodes), *self._left_out()]
        for wanted in select:
            if not any(_is_selected(node, wanted) for node in nodes):
                raise UnknownName("model", wanted, {node.name for node in nodes})
        return [self._query(node) for node in nodes if any(_is_selected(node, w) for w in select)]

    def query_of_file(self, path: Path) -> Query:
        """The query in a file: the node's that dbt made of it, else its own text.

        Raises:
            UsageError: it cannot be read.
        """
        full = path.resolve()
        by_path = {
            (self._root / node.path).resolve(): node
            for node in self._manifest.nodes.values()
            if self._is_query(node)
        }
        if full in by_path:
            return self._query(by_path[full])
        text = _read_sql(path)
        inside = full.is_relative_to(self._root.resolve())
        name = full.relative_to(self._root.resolve()).as_posix() if inside else str(path)
        return self.query_of_text(text, name=name, is_file=inside)

    def query_of_text(self, text: str, *, name: str = STDIN, is_file: bool = False) -> Query:
        """A text as a query, compiled when it is a template.

        Args:
            is_file: whether it is the whole of a file of the project, which a patch can edit.
        """
        compiled = text
        if self._compile is not None and _TEMPLATE.search(text):
            try:
                compiled = self._compile(text)
            except DbtError as error:
                return Query("", name, None, why=error.message)
        return Query("", name, Written(name, text, compiled, is_file=is_file))

    def check(self, query: Query, *, upto: Rung = "sample") -> Checked:
        """What can be said against a query, at the lines of its file."""
        if query.written is None:
            finding = Finding("sql.not_compiled", Severity.ERROR, query.path, query.why)
            return Checked(query.path, query.unique_id, (finding,))
        validation = validate_sql(
            query.written.compiled,
            dialect=self._dialect,
            relations=self._relations,
            engine=self._engine,
            upto=upto,
            allowed=self._allowed,
            stand_ins=self._stand_ins,
            keys=query.keys,
        )
        return _checked(query, query.written, validation)

    def _is_query(self, node: Node) -> bool:
        is_own = node.package in ("", self._manifest.metadata.raw.get("project_name", node.package))
        is_sql = node.raw.get("language", "sql") == "sql" and not node.raw.get("test_metadata")
        return is_own and is_sql and node.resource_type in QUERY_TYPES

    def _query(self, node: Node) -> Query:
        compiled = node.raw.get("compiled_code")
        if not compiled:
            return Query(node.unique_id, node.path, None, why=self._why_not_compiled(node))
        lineage = self._lineage.nodes.get(node.unique_id)
        keys = lineage.unique if lineage is not None else ()
        return Query(node.unique_id, node.path, self._written(node, str(compiled)), keys)

    def _left_out(self) -> list[Query]:
        """The files that dbt cannot parse the project with."""
        return [
            Query("", path, None, why=f"dbt cannot parse the project with it: {reason}")
            for path, reason in self._reasons.items()
            if self._manifest.find(path) is None
        ]

    def _why_not_compiled(self, node: Node) -> str:
        reason = self._reasons.get(node.unique_id) or "'dbt compile' says why"
        return f"dbt has compiled nothing for {node.name}: {reason}"

    def _written(self, node: Node, compiled: str) -> Written:
        """The file of a node, when it is what dbt read; a block in a file of several is not edited."""
        raw = str(node.raw.get("raw_code") or "")
        try:
            text = (self._root / node.path).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return Written(node.path, raw or compiled, compiled, is_file=False)
        return Written(node.path, text, compiled, is_file=raw.strip() in text)


def inline_compiler(project: Project, settings: DbtSettings) -> Callable[[str], str]:
    """What dbt makes of a template that stands in no file of the project; each call runs dbt."""

    def compile(text: str) -> str:
        folder = state_dir(project.root) / "compiled" / "inline"
        report = run_dbt(
            project,
            "compile",
            runner=settings.runner,
            executable=settings.executable,
            extra_args=["--inline", text, "--target-path", str(folder)],
        )
        compiled = next((result.raw.get("compiled_code") for result in report.results), None)
        if compiled is None:
            why = next((failure.message for failure in report.failures), "it gave no reason").strip()
            raise DbtError(f"dbt cannot compile it: {why}", hint="check its refs, sources and macros")
        return str(compiled)

    return compile


def _read_sql(path: Path) -> str:
    """The text of a file of SQL.

    Raises:
        UsageError: it is none, or cannot be read.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder", hint=f"aidbt validate -s {path} is about the models in it")
    if path.suffix.lower() in _NO_SQL:
        raise UsageError(f"{path} is no file of SQL", hint="name files of SQL, or - for standard input")
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not text in UTF-8", hint="is it a file of SQL?") from error


def _is_selected(node: Node, wanted: str) -> bool:
    """Whether a selection means a node: by its name, its file, or a folder that it stands in."""
    folder = wanted.removeprefix("path:").rstrip("/")
    return (
        fnmatchcase(node.name, wanted) or fnmatchcase(node.path, folder) or node.path.startswith(folder + "/")
    )


def known_relations(
    manifest: Manifest, lineage: Lineage, dialect: str, *, is_all_known: bool = True
) -> tuple[RelationIndex, dict[str, Relation]]:
    """(what a query of the project may read, the same by unique_id with their columns).

    Args:
        is_all_known: whether the warehouse told all that it has. Else a relation that the project does not
            declare may be there all the same.
    """
    entries: list[tuple[str, str, str, KnownRelation]] = []
    tables: dict[str, Relation] = {}
    for unique_id, node in lineage.nodes.items():
        place = _place(manifest, node, is_all_known=is_all_known)
        if place is None:
            continue
        database, schema, name = place
        columns = tuple(Column(c.name, c.data_type, c.nullable) for c in node.columns)
        entries.append(
            (database, schema, name, KnownRelation(unique_id, columns, node.is_complete, node.unique))
        )
        if node.is_complete:
            tables[unique_id] = Relation(schema, name, columns, database)
    return RelationIndex(entries, dialect), tables


def _place(manifest: Manifest, node: NodeLineage, *, is_all_known: bool) -> tuple[str, str, str] | None:
    """(database, schema, name) of a node in the warehouse; None when it has no place there."""
    if node.unique_id.startswith(_EXTERNAL):
        parts = node.unique_id.removeprefix(_EXTERNAL).split(".")
        is_there = node.known_from != "nothing" or not is_all_known
        if not is_there or len(parts) > 3:
            return None
        database, schema, name = ["", "", *parts][-3:]
        return database, schema, name
    known = manifest.find(node.unique_id)
    if known is None or known.config.get("materialized") == "ephemeral":
        return None
    return known.database, known.schema, known.identifier or known.name


def _checked(query: Query, written: Written, validation: Validation) -> Checked:
    return Checked(
        query.path,
        query.unique_id,
        tuple(findings_of(validation.problems, written)),
        validation.reached,
        validation.columns,
        {r.rung: r.why for r in validation.rungs if r.outcome in ("skipped", "stopped")},
        {r.rung: round(r.ms, 2) for r in validation.rungs if r.outcome != "skipped"},
    )
