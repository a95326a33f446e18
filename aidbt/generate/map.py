"""`aidbt map`: the mappings brought up to date with the warehouse, and no dbt file written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aidbt.core.config import LoadedSettings
from aidbt.core.findings import Finding, Severity
from aidbt.core.patch import Patch, apply_patch, read_or_none
from aidbt.core.resilience import Level
from aidbt.core.schema import Mapping as TableMapping
from aidbt.generate.discover import Skipped, is_selected
from aidbt.generate.lock import read_lock
from aidbt.generate.mappings import NO_MODELS, Models, decide_all
from aidbt.generate.plan import mapping_edits, project_files, write_proposals
from aidbt.mapping.changes import unknown_targets
from aidbt.mapping.files import load_mappings, load_targets
from aidbt.mapping.question_files import QUESTIONS_FILE, OpenQuestion, open_questions, questions_edit
from aidbt.project import Project
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import Approve


@dataclass(frozen=True, slots=True)
class MapPlan:
    """What mapping does, or would do when nothing is to be written.

    Attributes:
        patch: the mapping files and questions to write; empty when nothing changes.
        mappings: those of the selected tables by "source.table", brought up to date.
        changed: the keys that are new or were extended now.
        proposals: mapping files laid out by hand, for which something new is proposed: path → proposed text.
        scanned: how many tables were read now; the others did not change.
        level: REDUCED where a language model was asked and did not answer everything as it should.
        questions: what is asked once per pattern and source, and waits, as far as it is about those tables.
    """

    patch: Patch
    mappings: dict[str, TableMapping]
    changed: frozenset[str] = frozenset()
    proposals: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    scanned: int = 0
    level: Level = Level.FULL

    @property
    def has_errors(self) -> bool:
        """Whether a finding is at the gate."""
        return any(finding.severity == Severity.ERROR for finding in self.findings)


def run_map(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    select: Iterable[str] = (),
    write: bool = True,
    refresh: bool = False,
    approve: Approve | None = None,
    models: Models = NO_MODELS,
) -> MapPlan:
    """Bring the mappings up to date with what the warehouse holds, and write them unless told otherwise.

    Args:
        select: `source:NAME`, `source:NAME.TABLE`, a table or a staging model, with `*`; empty is all.
        refresh: whether what aidbt decided before is decided again; what people decided stays.
        approve: asked before a scan that is over the budget; None refuses.
        models: what is asked of models, where there are any.

    Raises:
        UsageError: a selector matches nothing.
        BudgetExceeded: the scan is over the budget, and nobody agreed.
        AidbtError: the project, a file of decisions or the warehouse cannot be read.
    """
    select = tuple(select)
    targets = load_targets(project.root, warehouse.dialect)
    mappings = load_mappings(project.root, warehouse.dialect)
    here = project_files(project, settings, mappings, read_lock(project.root))
    with warehouse.connect():  # kept open under the connections below: each opening costs 0.1 s
        decided = decide_all(
            project,
            settings,
            warehouse,
            profiles,
            targets,
            mappings,
            here,
            select=select,
            refresh=refresh,
            approve=approve,
            models=models,
        )
    edits, proposals = mapping_edits(project.root, {key: decided.mappings[key] for key in decided.changed})
    selected = {
        key: mapping
        for key, mapping in decided.mappings.items()
        if not select or is_selected(mapping.source, mapping.table, select, settings)
    }
    questions = decided.questions or {}
    asked = questions_edit(read_or_none(project.root / QUESTIONS_FILE), questions)
    plan = MapPlan(
        Patch((*edits.values(), *([asked] if asked else [])), "aidbt map"),
        selected,
        decided.changed,
        proposals,
        (*decided.findings, *unknown_targets(selected.values(), targets)),
        decided.skipped,
        tuple(open_questions(questions, selected)),
        decided.profiled,
        decided.level,
    )
    if write:
        apply_patch(plan.patch, project.root)
        write_proposals(project.root, plan.proposals)
    return plan
