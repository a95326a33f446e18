"""The review of a pull request: what the working tree changes since it left a branch, what that reaches, and
what a person has to look at."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aidbt.core.config import Settings
from aidbt.core.errors import AidbtError
from aidbt.core.findings import Finding
from aidbt.core.schema import Column, Relation
from aidbt.lineage.base import Base, read_base
from aidbt.lineage.changes import project_changes
from aidbt.lineage.columns import project_lineage, seen_relations
from aidbt.lineage.graph import Coverage, Lineage
from aidbt.lineage.impact import Impact, impact_of
from aidbt.lineage.kept import keep_readings, kept_readings
from aidbt.lineage.project import ReadProject, read_project
from aidbt.lineage.reading import Reading
from aidbt.lineage.schemas import tested_node
from aidbt.project import Project
from aidbt.project.dbt_invocation import OnEvent
from aidbt.project.manifest import Manifest
from aidbt.review.changed_nodes import ChangedNode, changed_nodes
from aidbt.review.checks.run import Checked, run_checks, side, written_of
from aidbt.review.compared import NodeData
from aidbt.review.verdict import Verdict, reach_verdict
from aidbt.sql.resolved import SqlProblem
from aidbt.store import Cache
from aidbt.warehouse import Warehouse

_COMPILED_LINE = re.compile(r" \(compiled line (\d+)\)")
_KEPT = "pull request"  # under which the readings of both sides are cached


@dataclass(frozen=True, slots=True)
class Review:
    """What was found in a pull request.

    Attributes:
        base_ref, base_commit: what the working tree is compared with: the commit where it left that branch.
        wrong: what the change made wrong with the project's SQL.
        data: of the changed tables and what hangs on them, where two builds of them were compared.
        failures: (name, message) of what failed when the head was built.
        coverage: how much of the head's columns is known.
        not_done: what was not looked at, and why, in sentences.
    """

    base_ref: str
    base_commit: str
    changed: tuple[ChangedNode, ...]
    impact: Impact
    checked: Checked
    wrong: tuple[Finding, ...]
    data: tuple[NodeData, ...]
    failures: tuple[tuple[str, str], ...]
    coverage: Coverage
    not_done: tuple[str, ...]
    verdict: Verdict


@dataclass(frozen=True)
class BothSides:
    """The project at both ends of a pull request, read in the same way."""

    ref: str
    base: Base
    head: ReadProject


def read_both(
    project: Project,
    settings: Settings,
    ref: str,
    *,
    warehouse: Warehouse | None = None,
    cache: Cache | None = None,
    on_event: OnEvent | None = None,
) -> BothSides:
    """The project as it is, and as it was where the work left `ref`.

    Args:
        warehouse: asked for the columns of sources, nothing else: those of both sides, for what a branch has
            built says nothing of its change. None, and one that cannot be reached, leaves them to the YAML.

    Raises:
        ProjectError: git cannot give the base, or dbt cannot even read the project there.
        DbtError: dbt cannot read the project as it is.
    """
    base = read_base(project, settings.dbt, ref, cache=cache, on_event=on_event)
    head = read_project(project, settings.dbt, cache=cache, on_event=on_event)
    if warehouse is None:
        return BothSides(ref, base, head)
    try:
        relations = warehouse.relations()
    except AidbtError as error:
        return BothSides(ref, base, replace(head, warehouse_problem=error.message))
    # What was read of one side holds for the other wherever nothing changed.
    readings = kept_readings(cache, _KEPT) if cache is not None else {}
    at_base = _with_sources(base.manifest, base.lineage, relations, readings)
    at_head = _with_sources(head.manifest, head.lineage, relations, readings)
    if cache is not None:
        keep_readings(cache, readings, {*at_base.reread, *at_head.reread}, _KEPT)
    return BothSides(ref, replace(base, lineage=at_base), replace(head, lineage=at_head))


def _with_sources(
    manifest: Manifest, lineage: Lineage, relations: Sequence[Relation], readings: dict[str, Reading]
) -> Lineage:
    """The same project read with the columns that the warehouse has of its sources.

    Args:
        readings: what was read before; what is read now is put in.
    """
    seen, _ = seen_relations(manifest, relations)
    ground = {name: relation for name, relation in seen.items() if name.startswith("source.")}
    for node in lineage.nodes.values():
        if node.resource_type == "seed" and node.is_complete:
            columns = tuple(Column(c.name, c.data_type, c.nullable) for c in node.columns)
            ground[node.unique_id] = Relation("", node.name, columns)
    read = project_lineage(manifest, seen=ground, earlier=dict(readings), on_read=readings.update)
    kept = [finding for finding in lineage.findings if finding.code == "lineage.not_compiled"]
    read.findings = (*kept, *read.findings)
    return read


def review(
    sides: BothSides,
    project: Project,
    settings: Settings,
    *,
    data: Sequence[NodeData] = (),
    failures: Sequence[tuple[str, str]] = (),
    not_done: Sequence[str] = (),
) -> Review:
    """The review of a change, from what was read of both sides.

    Args:
        data: what comparing two builds gave.
        failures: (name, message) of what failed when the head was built.
        not_done: what the caller could not do, and why.

    Raises:
        UnknownName: the settings name a check that does not exist.
    """
    base, head = sides.base, sides.head
    changes = project_changes(base, head)
    changed = changed_nodes(
        base.manifest, head.manifest, reformatted=changes.reformatted, renamed=changes.renamed
    )
    impact = impact_of(changes.changes, changes.lineage, head.manifest)
    checked = run_checks(
        side(base.manifest, base.lineage),
        side(head.manifest, head.lineage),
        [node.unique_id for node in changed if node.kind != "removed"],
        retested=_tested(changed, base.manifest),
        root=project.root,
        levels=settings.review.checks,
        renamed=changes.renamed,
    )
    new = _new_findings(base.lineage.findings, head.lineage.findings)
    wrong = [_located(finding, head.manifest, project.root) for finding in new]
    verdict = reach_verdict(changed, impact, checked, wrong=wrong, data=data, failures=failures)
    notes = [*not_done]
    if base.problem:
        notes.append(f"{base.problem}; of these only the text was read")
    if head.warehouse_problem:
        notes.append(f"the warehouse was not asked for the sources' columns: {head.warehouse_problem}")
    return Review(
        sides.ref,
        base.commit,
        tuple(changed),
        impact,
        checked,
        tuple(wrong),
        tuple(data),
        tuple(failures),
        head.lineage.coverage,
        tuple(notes),
        verdict,
    )


def _tested(changed: Sequence[ChangedNode], base: Manifest) -> list[str]:
    """The nodes of which a test was taken away or changed."""
    tests = (base.find(node.unique_id) for node in changed if node.resource_type == "test")
    return [tested for test in tests if test is not None and (tested := tested_node(test))]


def _new_findings(base: Sequence[Finding], head: Sequence[Finding]) -> list[Finding]:
    """What is wrong at the head and was not at the base, wherever it stood there."""
    known = Counter(map(_meaning, base))
    found = []
    for finding in head:
        if known[_meaning(finding)] > 0:
            known[_meaning(finding)] -= 1
        else:
            found.append(finding)
    return found


def _located(finding: Finding, manifest: Manifest, root: Path) -> Finding:
    """A finding about the SQL of a node at the line of its file, and with its unique_id."""
    path = finding.where.partition(":")[0]
    nodes = [node for node in manifest.nodes.values() if node.path == path and node.resource_type != "test"]
    node = next((node for node in nodes if finding.message.startswith(f"{node.name}: ")), None)
    if node is None:
        return finding
    message = finding.message.removeprefix(f"{node.name}: ")
    found = replace(finding, message=message, evidence={"node": node.unique_id, **finding.evidence})
    compiled = _COMPILED_LINE.search(message)
    if compiled is None:
        return found
    line, _, _ = written_of(node, root).place(SqlProblem(finding.code, "", int(compiled[1]), 1))
    if not line:
        return found
    return replace(found, where=f"{path}:{line}", message=_COMPILED_LINE.sub("", message))


def _meaning(finding: Finding) -> tuple[str, str]:
    return finding.code, _COMPILED_LINE.sub("", finding.message)
