"""Building a commit where nobody reads: what differs from the last good state, and all that hangs on it.

What is not built is read where it stands (`--defer`). Before anything is built dbt says where each node would
go, and nothing is built unless all of it goes into schemas whose name only this run can have made; only those
are dropped afterwards.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from aidbt.core.config import DbtSettings
from aidbt.core.table_state import GoodState, TableState
from aidbt.healing.evidence.keeping import measure_all
from aidbt.healing.proof.changed import changed, with_below
from aidbt.lineage.base import base_project
from aidbt.project import Project
from aidbt.project.dbt import RunReport, run_dbt
from aidbt.project.manifest import Manifest, Node, read_manifest
from aidbt.project.other_profile import other_profile
from aidbt.warehouse import Warehouse

_BUILT = ("model", "seed", "snapshot")
_DROP = (
    "{% if execute %}{% do adapter.drop_schema(api.Relation.create(database=DATABASE, schema=SCHEMA)) %}"
    "{% endif %}select 1 as dropped"
)


@dataclass(frozen=True, slots=True)
class Aside:
    """What building a commit aside gave.

    Attributes:
        problem: why it is no proof; "" when everything was built and every test passed.
        tables: unique_id → what was built holds.
        tests: how many data and unit tests passed.
        changed: unique_ids of what differs itself from the last good run.
        left: schemas that could not be dropped.
    """

    problem: str = ""
    tables: dict[str, TableState] | None = None
    tests: int = 0
    changed: frozenset[str] = frozenset()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """What building aside needs.

    Attributes:
        mask: what the store combines hashes with.
        scan_bytes: how much may be read to compare.
    """

    project: Project
    settings: DbtSettings
    warehouse: Warehouse
    mask: int
    scan_bytes: int


def build_aside(ways: Ways, commit: str, good: GoodState) -> Aside:
    """A commit's changes since the last good state, built, tested and measured.

    Raises:
        ProjectError, DbtError, WarehouseError: it could not even be begun.
    """
    manifest_text = good.artifacts.get("manifest.json")
    if manifest_text is None:
        return Aside("the last good state has no manifest, so nothing says what to build")
    token = secrets.token_hex(4)
    schema = f"{ways.project.profile().schema}_heal_{token}"
    with tempfile.TemporaryDirectory(prefix="aidbt-proof-") as folder, contextlib.ExitStack() as stack:
        state, target = Path(folder) / "state", Path(folder) / "target"
        state.mkdir()
        (state / "manifest.json").write_text(manifest_text, encoding="utf-8")
        there = stack.enter_context(base_project(ways.project, ways.settings, commit))
        profiles = stack.enter_context(other_profile(there, schema=schema))
        builder = _Builder(ways, replace(there, profiles_dir=profiles), token, state, target)
        try:
            found = builder.build()
        finally:
            left = builder.drop()
    return replace(found, left=tuple(left))


@dataclass(slots=True)
class _Builder:
    """Builds one commit; `made` are the (database, schema) that may be there afterwards."""

    ways: Ways
    there: Project
    token: str
    state: Path
    target: Path
    made: frozenset[tuple[str, str]] = frozenset()

    def build(self) -> Aside:
        parsed = self._run("parse")
        if parsed.status == "error":
            return Aside(f"dbt cannot read the project: {_said(parsed)}")
        manifest = read_manifest(self.target / "manifest.json")
        own = changed(read_manifest(self.state / "manifest.json"), manifest)
        wanted = with_below(own, manifest)
        nodes = [node for node in manifest.nodes.values() if node.unique_id in wanted and _is_built(node)]
        problem = self._problem(nodes)
        if problem:
            return Aside(problem)
        self.made = frozenset((node.database, node.schema) for node in nodes)
        chosen = tuple(sorted(f"fqn:{'.'.join(map(str, node.raw['fqn']))}" for node in nodes))
        report = self._run("build", "--state", str(self.state), "--defer", select=chosen)
        if report.status != "success":
            return Aside(f"its build failed: {_said(report)}")
        return Aside(tables=self._measured(nodes, manifest), tests=_tests(report), changed=frozenset(own))

    def _problem(self, nodes: list[Node]) -> str:
        """Why these cannot be tried out; "" when they can."""
        if not nodes:
            return "it changes no model, so nothing proves it"
        tables = [node for node in nodes if node.config.get("materialized") != "ephemeral"]
        outside = [node for node in tables if self.token not in node.schema]
        if outside:
            return f"{outside[0].name} always goes into '{outside[0].schema}', so it cannot be tried out"
        growing = [node.name for node in nodes if _grows(node)]
        return f"{growing[0]} keeps rows of earlier runs, which cannot be tried out yet" if growing else ""

    def drop(self) -> list[str]:
        left = []
        for database, schema in sorted(self.made):
            inline = _DROP.replace("DATABASE", repr(database)).replace("SCHEMA", repr(schema))
            if not self._run("compile", "--inline", inline).succeeded:
                left.append(schema)
        return left

    def _measured(self, nodes: list[Node], manifest: Manifest) -> dict[str, TableState]:
        unknown: list[str] = []
        _, _, tables = measure_all(
            self.ways.warehouse, manifest, nodes, mask=self.ways.mask, scan_bytes=self.ways.scan_bytes,
            unknown=unknown,
        )  # fmt: skip
        return tables

    def _run(self, command: str, *options: str, select: tuple[str, ...] = ()) -> RunReport:
        return run_dbt(
            self.there,
            command,
            select=select,
            extra_args=["--target-path", str(self.target), *options],
            runner=self.ways.settings.runner,
            executable=self.ways.settings.executable,
        )


def _is_built(node: Node) -> bool:
    return node.resource_type in _BUILT


def _grows(node: Node) -> bool:
    return node.resource_type == "snapshot" or node.config.get("materialized") == "incremental"


def _tests(report: RunReport) -> int:
    kinds = ("test", "unit_test")
    return sum(result.resource_type in kinds and result.status == "pass" for result in report.results)


def _said(report: RunReport) -> str:
    said: Iterator[str] = (" ".join(failure.message.split()) for failure in report.failures)
    return next(said, "it gave no reason")[:300]
