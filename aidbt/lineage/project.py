"""The lineage of an opened project: its compiled manifest, its warehouse as far as it can be asked, and what
was read before."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sqlglot import exp

from aidbt.core.config import DbtSettings
from aidbt.core.errors import AidbtError, ArtifactError
from aidbt.core.findings import Finding, RunFailure, Severity
from aidbt.core.loads import LOADS_TABLE
from aidbt.core.schema import Relation
from aidbt.lineage.columns import project_lineage, seen_relations
from aidbt.lineage.graph import Lineage
from aidbt.lineage.kept import keep_readings, kept_readings
from aidbt.lineage.origins import Origin
from aidbt.project import Project
from aidbt.project.artifacts import read_catalog
from aidbt.project.compiled import Compiled, compiled_project
from aidbt.project.dbt_invocation import OnEvent
from aidbt.project.manifest import Manifest, Node, read_manifest
from aidbt.store import Cache
from aidbt.warehouse import Connection, Warehouse
from aidbt.warehouse.dialects import render

Compile = Literal["auto", "never"]
# "Runtime Error", "Compilation Error in model orders (models/orders.sql)"
_HEADING = re.compile(r"\w+ Error( in .*)?\Z")


@dataclass(frozen=True, slots=True)
class ReadProject:
    """A project whose columns were read.

    Attributes:
        manifest: what was read.
        warehouse_problem: why the warehouse could not be asked; "" when it was, or was not to be.
        was_compiled: whether dbt was run for it.
        compile_problem: why dbt could compile nothing, so that SQL was read as it is written, as far as that
            goes; "" when it could.
        not_compiled: unique_id of a node that dbt could not compile, or the path of a file that had to be
            left out → why.
    """

    lineage: Lineage
    manifest: Manifest
    warehouse_problem: str = ""
    was_compiled: bool = False
    compile_problem: str = ""
    not_compiled: Mapping[str, str] = field(default_factory=dict)

    def exposures_of(self, unique_ids: Collection[str]) -> dict[str, tuple[Node, tuple[str, ...]]]:
        """unique_id of an exposure → (it, those of these nodes that it reads), in the manifest's order.

        dbt knows which nodes an exposure reads, not which of their columns.
        """
        read = {
            exposure.unique_id: (exposure, tuple(name for name in exposure.depends_on if name in unique_ids))
            for exposure in self.manifest.of_type("exposure")
        }
        return {unique_id: found for unique_id, found in read.items() if found[1]}


def read_project(
    project: Project,
    settings: DbtSettings,
    *,
    warehouse: Warehouse | None = None,
    cache: Cache | None = None,
    manifest_path: Path | None = None,
    compile: Compile = "auto",
    needed: Collection[str] = ("model",),
    as_written: bool = False,
    on_event: OnEvent | None = None,
) -> ReadProject:
    """The columns of a project, compiled by dbt where no compiled manifest of the files as they are exists.

    Args:
        warehouse: asked for the relations it has and for the loads in bronze, nothing else; None reads the
            catalog that dbt left instead. One that cannot be reached is said, and the SQL is read without.
        cache: keeps what was read.
        manifest_path: of another run; nothing is compiled then.
        needed: types of nodes that have to be compiled; the SQL of others is taken as it is written.
        as_written: takes all SQL as it is written where dbt can parse the project and compile nothing of it,
            since its warehouse cannot be reached or its models form a circle.

    Raises:
        DbtError: dbt cannot compile the project, or not even parse it.
        ArtifactError: the manifest is missing or cannot be read.
    """
    if manifest_path is not None:
        compiled = Compiled(read_manifest(manifest_path), manifest_path)
    else:
        compiled = compiled_project(
            project, settings, may_compile=compile == "auto", needed=needed, on_event=on_event
        )
    if not as_written:
        compiled.require_compiled()
    manifest = compiled.manifest
    seen: Mapping[str, Relation] = {}
    others: Sequence[Relation] = ()
    origins = declared_loaders(manifest)
    problem = ""
    if warehouse is not None:
        try:
            relations = warehouse.relations()
            seen, others = seen_relations(manifest, relations)
            origins |= loaded_from(warehouse, manifest, relations)
        except AidbtError as error:
            problem = error.message
    if not seen:
        seen = _catalog(compiled.path.with_name("catalog.json"), project.target_path / "catalog.json")
    key = compiled.path.parent.name if compiled.path.parent != project.target_path else ""
    earlier = kept_readings(cache, key) if cache is not None else {}
    readings: dict[str, Any] = {}
    lineage = project_lineage(
        manifest,
        seen=seen,
        others=others,
        origins=origins,
        project_root=project.root,
        earlier=earlier,
        on_read=readings.update,
    )
    if cache is not None:
        keep_readings(cache, readings, lineage.reread, key)
    lineage.findings = (*_not_compiled(compiled.failures, manifest), *lineage.findings)
    reasons = {failure.unique_id or failure.path: _reason(failure.message) for failure in compiled.failures}
    return ReadProject(lineage, manifest, problem, compiled.was_compiled, compiled.problem, reasons)


def declared_loaders(manifest: Manifest) -> dict[str, Origin]:
    """unique_id of a source → the loader that its YAML names; which columns it reads is declared nowhere."""
    return {
        source.unique_id: Origin(str(loader), f"{source.source_name}.{source.name}", {})
        for source in manifest.sources.values()
        if (loader := source.raw.get("loader"))
    }


def loaded_from(warehouse: Warehouse, manifest: Manifest, relations: Sequence[Relation]) -> dict[str, Origin]:
    """unique_id of a source → the table it was last loaded from, as the loads in bronze tell.

    Raises:
        WarehouseError: the warehouse cannot be read.
    """
    folded = LOADS_TABLE.casefold()
    schemas = {r.schema.casefold(): r for r in relations if r.name.casefold() == folded}
    sources = [s for s in manifest.sources.values() if s.schema.casefold() in schemas]
    if not sources:
        return {}
    found = {}
    with warehouse.connect() as connection:
        loads = {
            name: _last_loads(connection, schemas[name]) for name in {s.schema.casefold() for s in sources}
        }
    for source in sources:
        origin = loads[source.schema.casefold()].get((source.identifier or source.name).casefold())
        if origin is not None:
            found[source.unique_id] = origin
    return found


def _last_loads(connection: Connection, loads: Relation) -> dict[str, Origin]:
    """Table, in lower case → where its latest batch came from."""
    names = ("table_name", "batch_id", "connector", "source", "source_table", "columns")
    stored = {column.name.casefold(): column.name for column in loads.columns}
    if any(name not in stored for name in names):
        return {}
    table = exp.table_(loads.name, db=loads.schema, catalog=loads.database or None, quoted=True)
    columns = [exp.column(stored[name], quoted=True) for name in names]
    query = exp.select(*columns).from_(table).order_by(columns[1].copy())
    found = {}
    for name, _, connector, source, source_table, landed in connection.rows(
        render(query, connection.dialect)
    ):
        found[str(name).casefold()] = Origin(f"{connector} {source}", str(source_table), _landed(landed))
    return found


def _landed(text: object) -> dict[str, str]:
    """Column in bronze → its name in the source."""
    try:
        return {str(c["name"]): str(c.get("source", c["name"])) for c in json.loads(str(text))}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _catalog(*paths: Path) -> dict[str, Relation]:
    for path in paths:
        if path.exists():
            try:
                catalog = read_catalog(path)
            except ArtifactError:
                continue
            return {**catalog.nodes, **catalog.sources}
    return {}


def _reason(message: str) -> str:
    """The first line of dbt's message that says more than where it happened."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if not _HEADING.match(line)]
    return next(iter([*telling, *lines]), "no reason given")


def _not_compiled(failures: Sequence[RunFailure], manifest: Manifest) -> list[Finding]:
    found = []
    for failure in failures:
        node = manifest.find(failure.unique_id)
        reason = _reason(failure.message)
        message = (
            f"{node.name}: dbt could not compile it, so its own text is read: {reason}"
            if node is not None
            else f"{failure.path}: dbt cannot parse the project with it, so it is left out: {reason}"
        )
        found.append(Finding("lineage.not_compiled", Severity.WARN, failure.path, message))
    return found
