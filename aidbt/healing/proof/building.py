"""Building a commit where nobody reads: what differs from the last good state, all that hangs on it, and what
the run after it would build.

What is not built is read where it stands (`--defer`). Before anything is built dbt says where each node would
go, and nothing is built unless all of it goes into schemas whose name only this run can have made; only those
are dropped afterwards. Tables that keep rows of earlier runs are copied there first.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from aidbt.core.config import DbtSettings
from aidbt.core.errors import ArtifactError
from aidbt.core.findings import RunFailure
from aidbt.core.schema import Relation
from aidbt.core.table_state import GoodState, TableState
from aidbt.healing.evidence.keeping import measure_all
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.healing.kept_rows import grows
from aidbt.healing.proof.changed import changed, with_below
from aidbt.healing.proof.elsewhere import left_out, turn_elsewhere, writes_itself
from aidbt.healing.proof.taken import Built
from aidbt.lineage.base import base_project
from aidbt.project import Project
from aidbt.project.dbt import RunReport, run_dbt
from aidbt.project.manifest import Manifest, Node, manifest_of, read_manifest
from aidbt.project.selection import all_above
from aidbt.warehouse import Warehouse
from aidbt.warehouse.adapter_errors import AccessDenied
from aidbt.warehouse.budget import estimated_size, human_bytes
from aidbt.warehouse.schemas import COPIES, Copy, copy_tables, drop_schemas

_BUILT = ("model", "seed", "snapshot")
# What dbt's own materializations make goes where `generate_schema_name` says; of others nobody knows.
_KNOWN_KINDS = frozenset(
    ("view", "table", "incremental", "ephemeral", "materialized_view", "seed", "snapshot")
)  # fmt: skip
# Bytes of a name, where longer ones are cut off without an error, and then are another's.
_LONGEST = {"postgres": 63, "redshift": 127}
# What PostgreSQL says to a role that may make no schemas.
_NO_SCHEMAS = re.compile(r"permission denied for database", re.IGNORECASE)
# Settings that name a place of files, whatever the schema is.
_PLACES = ("location", "location_root", "external_location", "s3_data_dir")


@dataclass(frozen=True, slots=True)
class Aside:
    """What building a commit aside gave.

    Attributes:
        problem: why it is no proof; "" when everything was built and every test passed.
        tables: unique_id → what was built holds.
        sources: unique_id → what the sources above it hold now.
        tests: how many data and unit tests passed.
        changed: unique_ids of what differs itself from the last good run.
        manifest: of the commit; None where dbt could not read it.
        left: schemas that could not be dropped.
        notes: what was otherwise than it will be, a sentence each.
        prefix: of the schemas that it was built into, before their names in production.
        failures, skipped: what of it failed, and what was left out for it; named as in production.
        at_home: where its build failed: the commit's manifest with compiled SQL, as if built in production.
        is_denied: whether this user may make no schemas, so that it says nothing of the commit.
    """

    problem: str = ""
    tables: dict[str, TableState] = field(default_factory=dict)
    sources: dict[str, TableState] = field(default_factory=dict)
    tests: int = 0
    changed: frozenset[str] = frozenset()
    manifest: Manifest | None = None
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    prefix: str = ""
    failures: tuple[RunFailure, ...] = ()
    skipped: tuple[str, ...] = ()
    at_home: Manifest | None = None
    is_denied: bool = False


@dataclass(frozen=True, slots=True)
class Ways:
    """What building aside needs.

    Attributes:
        mask: what the store combines hashes with.
        scan_bytes: how much may be read to compare, and copied.
        number: of the attempt, e.g. "12": what a healer of it that was killed left is found by it.
    """

    project: Project
    settings: DbtSettings
    warehouse: Warehouse
    mask: int
    scan_bytes: int
    number: str = "0"


Also = Callable[[Manifest], Collection[str]]
Then = Callable[[Built], str]


def build_aside(
    ways: Ways, commit: str, good: GoodState, *, also: Also = lambda manifest: (),
    without: Collection[str] = (), then: Then = lambda built: "",
) -> Aside:  # fmt: skip
    """A commit's changes since the last good state, built, tested and measured.

    Args:
        also: unique_ids of what else will be built with it; left out where it is over the budget.
        without: unique_ids of what is known not to build or to pass, left out with all that hangs on it.
        then: asked once it is built and before it is dropped: why it is no proof yet, "" where it is.

    Raises:
        ProjectError, DbtError, WarehouseError: it could not even be begun.
    """
    manifest_text = good.artifacts.get("manifest.json")
    if manifest_text is None:
        return Aside("the last good state has no manifest, so nothing says what to build")
    ours = f"aidbt_{ways.mask & 0xFFFFFF:06x}_{ways.number}_"
    prefix = f"{ours}{secrets.token_hex(3)}_"
    with tempfile.TemporaryDirectory(prefix="aidbt-proof-") as folder, contextlib.ExitStack() as stack:
        state, target = Path(folder) / "state", Path(folder) / "target"
        state.mkdir()
        (state / "manifest.json").write_text(manifest_text, encoding="utf-8")
        there = stack.enter_context(base_project(ways.project, ways.settings, commit))
        turn_elsewhere(there, prefix)
        builder = _Builder(ways, there, prefix, state, target)
        builder.sweep(ours)
        try:
            found = builder.build(also, frozenset(without), then)
        finally:
            left = builder.drop()
    return replace(found, left=tuple(left), prefix=prefix)


@dataclass(slots=True)
class _Builder:
    """Builds one commit; `made` are the (database, schema) that may be there afterwards."""

    ways: Ways
    there: Project
    prefix: str
    state: Path
    target: Path
    made: frozenset[tuple[str, str]] = frozenset()

    def build(self, also: Also, without: frozenset[str], then: Then) -> Aside:
        parsed = self._run("parse")
        if parsed.status == "error":
            return Aside(f"dbt cannot read the project: {_said(parsed)}", failures=parsed.failures)
        manifest = read_manifest(self.target / "manifest.json")
        own = changed(read_manifest(self.state / "manifest.json"), manifest)
        relations = self.ways.warehouse.relations()
        wanted = self._wanted(own, frozenset(also(manifest)), manifest, relations)
        wanted -= with_below(set(without), manifest)
        nodes = _selected(wanted, manifest)
        found = Aside(changed=frozenset(own), manifest=manifest, notes=_notes(nodes))
        copies = self._copies(nodes, relations)
        problem = self._problem(nodes, relations) or _sends(nodes, manifest) or self._too_large(copies)
        if problem:
            return replace(found, problem=problem)
        self.made = frozenset(
            (node.database, node.schema)
            for node in manifest.nodes.values()
            if node.schema.casefold().startswith(self.prefix)
        )
        try:
            copy_tables(self.ways.warehouse, copies)
        except AccessDenied as error:
            return replace(found, problem=_denied(f"{error.message}; {error.hint}"), is_denied=True)
        tests = [manifest.nodes[name] for name in wanted if _is_test(manifest.nodes.get(name))]
        chosen = tuple(sorted({fqn(node) for node in (*nodes, *tests)}))
        # dbt runs every test of what is built; of those that nothing is done about it is known how they end.
        known = [manifest.nodes[name] for name in without if _is_test(manifest.nodes.get(name))]
        out = tuple(sorted(fqn(node) for node in known))
        report = self._run("build", "--state", str(self.state), "--defer", select=chosen, exclude=out)
        if report.status != "success":
            return self._failed(found, report)
        warehouse, built = self.ways.warehouse, read_manifest(self.target / "manifest.json")
        problem = then(Built(warehouse, built, warehouse.relations(), self.ways.scan_bytes))
        if problem:
            return replace(found, problem=problem)
        tables, sources = self._measured(nodes, manifest)
        lost = next((n.name for n in nodes if _is_stored(n) and n.unique_id not in tables), "")
        if lost:
            return replace(found, problem=f"{lost} was built aside, and is not found there to be compared")
        return replace(found, tables=tables, sources=sources, tests=_tests(report))

    def _failed(self, found: Aside, report: RunReport) -> Aside:
        failures = (replace(one, message=one.message.replace(self.prefix, "")) for one in report.failures)
        skipped = tuple(result.unique_id for result in report.results if result.status == "skipped")
        try:
            text = (self.target / "manifest.json").read_text(encoding="utf-8").replace(self.prefix, "")
            at_home = manifest_of(json.loads(text), "the manifest of the build aside")
        except (OSError, ValueError, ArtifactError):
            at_home = None
        said = _said(report)
        if _NO_SCHEMAS.search(said):
            return replace(found, problem=_denied(said.replace(self.prefix, "")), is_denied=True)
        problem = f"its build failed: {said}"
        return replace(found, problem=problem, failures=tuple(failures), skipped=skipped, at_home=at_home)

    def _wanted(
        self, own: set[str], also: frozenset[str], manifest: Manifest, relations: Sequence[Relation]
    ) -> set[str]:
        """What is to be built: what differs with all below, and the rest of the run where it is not much."""
        wanted = with_below(own, manifest)
        rest = [node for name in also - wanted if (node := manifest.nodes.get(name)) is not None]
        standing = {node.unique_id: self._standing(node, relations) for node in rest}
        # A seed that stands and did not change would be loaded as it is.
        rest = [n for n in rest if n.resource_type != "seed" or standing[n.unique_id] is None]
        size = sum(estimated_size(r) or 0 for r in standing.values() if r is not None)
        return wanted | {node.unique_id for node in rest} if size <= self.ways.scan_bytes else wanted

    def _standing(self, node: Node, relations: Sequence[Relation]) -> Relation | None:
        """What stands in production for a node of the copy."""
        at_home = node.schema[len(self.prefix) :] if self._is_turned(node) else node.schema
        return relation_of(replace(node, schema=at_home), relations)

    def _is_turned(self, node: Node) -> bool:
        return node.schema.casefold().startswith(self.prefix)

    def _problem(self, nodes: Sequence[Node], relations: Sequence[Relation]) -> str:
        """Why these cannot be tried out; "" when they can."""
        if not nodes:
            return "it changes no model, so nothing proves it"
        tables = [node for node in nodes if node.config.get("materialized") != "ephemeral"]
        for node in tables:
            kind = str(node.config.get("materialized"))
            place = next((name for name in _PLACES if node.config.get(name)), "")
            if not self._is_turned(node):
                return f"{node.name} always goes into '{node.schema}', so it cannot be tried out"
            if kind not in _KNOWN_KINDS and node.resource_type != "snapshot":
                return f"{node.name} is built as '{kind}', of which nobody knows where it writes"
            if place:
                return f"{node.name} has a {place}, so it would write over its own files"
        longest = _LONGEST.get(self.ways.warehouse.dialect, 0)
        for node in tables:
            if longest and len(node.schema.encode()) > longest:
                at_home = node.schema[len(self.prefix) :]
                return f"the schema {at_home} cannot be made aside: a longer name is too long"
        databases = {r.database.casefold() for r in relations if r.database}
        if self.ways.warehouse.dialect == "duckdb" and databases:
            other = [node for node in tables if node.database.casefold() not in databases]
            if other:
                return f"{other[0].name} goes into the attached database '{other[0].database}'"
        return ""

    def _copies(self, nodes: Sequence[Node], relations: Sequence[Relation]) -> list[Copy]:
        """The tables that further rows are added to; one that is not there yet is built as a whole."""
        found = []
        for node in nodes:
            table = self._standing(node, relations) if grows(node) else None
            if table is not None and table.kind != "view":
                name = node.identifier or node.name
                stored, parted = node.config.get("file_format"), node.config.get("partition_by")
                parts = [parted] if isinstance(parted, str) else parted if isinstance(parted, list) else []
                is_spark = self.ways.warehouse.dialect == "spark"
                of_files = (str(stored or ""), tuple(map(str, parts))) if is_spark else ("", ())
                found.append(Copy(table, node.schema, name, *of_files))
        return found

    def _too_large(self, copies: Sequence[Copy]) -> str:
        if not copies:
            return ""
        if self.ways.warehouse.dialect not in COPIES:
            name, dialect = copies[0].table.name, self.ways.warehouse.dialect
            return f"{name} keeps rows of earlier runs, and tables cannot be copied on {dialect} yet"
        size = sum(estimated_size(copy.table) or 0 for copy in copies)
        if size <= self.ways.scan_bytes:
            return ""
        most = human_bytes(self.ways.scan_bytes)
        return f"{human_bytes(size)} would have to be copied, more than budget.scan_bytes = {most}"

    def sweep(self, ours: str) -> None:
        """Drop what a healer of the same attempt left that was killed."""
        there = {(r.database, r.schema) for r in self.ways.warehouse.relations()}
        drop_schemas(self.ways.warehouse, sorted(s for s in there if s[1].casefold().startswith(ours)))

    def drop(self) -> list[str]:
        return drop_schemas(self.ways.warehouse, sorted(self.made)) if self.made else []

    def _measured(
        self, nodes: Sequence[Node], manifest: Manifest
    ) -> tuple[dict[str, TableState], dict[str, TableState]]:
        unknown: list[str] = []
        above = all_above(manifest)
        read = {name for node in nodes for name in above.get(node.unique_id, ()) if name in manifest.sources}
        sources = [manifest.sources[name] for name in sorted(read)]
        tables = [node for node in nodes if _is_stored(node)]
        _, _, found = measure_all(
            self.ways.warehouse, manifest, [*tables, *sources], mask=self.ways.mask,
            scan_bytes=self.ways.scan_bytes, unknown=unknown,
        )  # fmt: skip
        built = {name: table for name, table in found.items() if name in manifest.nodes}
        return built, {name: table for name, table in found.items() if name in manifest.sources}

    def _run(
        self, command: str, *options: str, select: tuple[str, ...] = (), exclude: tuple[str, ...] = ()
    ) -> RunReport:
        return run_dbt(
            self.there,
            command,
            select=select,
            exclude=exclude,
            extra_args=["--target-path", str(self.target), *options],
            runner=self.ways.settings.runner,
            executable=self.ways.settings.executable,
        )


def _is_stored(node: Node) -> bool:
    """Whether it holds rows of its own."""
    return node.config.get("materialized") not in ("view", "ephemeral")


def _denied(why: str) -> str:
    return f"nothing can be tried out here, since this user may make no schemas: {why}"


def fqn(node: Node) -> str:
    """dbt's selector of one node; it may select those whose names go on from there, too."""
    return "fqn:" + ".".join(str(part) for part in node.raw.get("fqn") or (node.name,))


def _selected(wanted: set[str], manifest: Manifest) -> list[Node]:
    """The nodes that are built when these are selected by their names."""
    chosen = {
        tuple(node.raw.get("fqn") or (node.name,))
        for node in manifest.nodes.values()
        if node.unique_id in wanted and _is_built(node)
    }

    def is_met(node: Node) -> bool:
        parts = tuple(node.raw.get("fqn") or (node.name,))
        return any(parts[:end] in chosen for end in range(1, len(parts) + 1))

    return [node for node in manifest.nodes.values() if _is_built(node) and is_met(node)]


def _notes(nodes: Sequence[Node]) -> tuple[str, ...]:
    hooked = [node.name for node in nodes if left_out(node)]
    if not hooked:
        return ()
    more = f" and {len(hooked) - 1:,} more" if len(hooked) > 1 else ""
    return (f"aside, the hooks of {hooked[0]}{more} were left out: they might write elsewhere",)


def _sends(nodes: Sequence[Node], manifest: Manifest) -> str:
    name = next((node.name for node in nodes if writes_itself(node, manifest)), "")
    return f"the code of {name} sends statements of its own, which might write elsewhere" if name else ""


def _is_built(node: Node) -> bool:
    return node.resource_type in _BUILT


def _is_test(node: Node | None) -> bool:
    return node is not None and node.resource_type == "test"


def _tests(report: RunReport) -> int:
    kinds = ("test", "unit_test")
    return sum(result.resource_type in kinds and result.status == "pass" for result in report.results)


def _said(report: RunReport) -> str:
    said: Iterator[str] = (failure.in_a_line() for failure in report.failures)
    return next(said, "it gave no reason")[:300]
