"""What a reviewer of a branch is told: its mappings beside those that the branch began with."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping as Dict

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import SettingsError
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Mapping
from aidbt.generate.lock import LOCK_FILE
from aidbt.generate.outcome import GeneratePlan
from aidbt.generate.pull_request.risks import Review, is_of_a_relationship
from aidbt.generate.pull_request.summary import Summary, summarize
from aidbt.mapping.files import MAPPINGS_DIR, parse_mapping
from aidbt.patching.branch import branch_of
from aidbt.project import Project
from aidbt.project.files import AIDBT_DIR
from aidbt.store import Store

# Kinds of records in the store: the first is written after each build.
ROW_COUNTS = "row_count"
_FINDINGS = "relationship_finding"


def run_summary(project: Project, settings: LoadedSettings, plan: GeneratePlan) -> Summary:
    """What one run decided."""
    return _summary(project, settings, plan, plan.before)


def branch_review(
    project: Project,
    settings: LoadedSettings,
    plan: GeneratePlan,
    store: Store,
) -> Review:
    """What the branch decided since it left the main one, committed or not; without git, what the run did.

    Args:
        store: knows what earlier runs and builds found (`remember_findings`, the row counts of builds).
    """
    branch = branch_of(project.root, MAPPINGS_DIR)
    before = plan.before if branch is None else _mappings(project, branch.texts)
    summary = _summary(project, settings, plan, before)
    files = {edit.path for edit in plan.patch.edits}
    if branch is not None:
        ours = plan.files.keys() | {LOCK_FILE}
        files |= {path for path in branch.changed if path in ours or path.startswith(f"{AIDBT_DIR}/")}
    counts = store.all(ROW_COUNTS)
    rows = [counts[key].value for table in summary.tables if (key := table.mapping.key) in counts]
    return Review(
        summary,
        files=len(files),
        findings=(*plan.findings, *_earlier(store, summary, plan)),
        proposals=tuple(plan.proposals),
        questions=tuple(
            (asked.sentence, _answer(asked.question.id, asked.question.recommended))
            for asked in sorted(plan.questions, key=lambda question: -len(question.about))
        ),
        rows_built=(sum(row["in"] for row in rows), sum(row["out"] for row in rows))
        if len(rows) == len(summary.tables)
        else None,
    )


def remember_findings(store: Store, plan: GeneratePlan) -> None:
    """Keep what was found about relationships: it is looked for only once, when a table is decided."""
    found = {
        f.where: {"code": f.code, "message": f.message} for f in plan.findings if is_of_a_relationship(f)
    }
    store.put_all(_FINDINGS, found)


def _earlier(store: Store, summary: Summary, plan: GeneratePlan) -> list[Finding]:
    """The findings of earlier runs about columns of this branch that have no test since."""
    known = {finding.where for finding in plan.findings}
    tested = {
        f"{table.mapping.key}.{source}"
        for table in summary.tables
        for test in table.mapping.tests
        if test.test == "relationships" and test.status == "accepted"
        for column in table.mapping.columns
        if column.target == test.column
        for source in column.sources
    }
    columns = {
        f"{table.mapping.key}.{source}"
        for table in summary.tables
        for item in table.columns
        for source in item.column.sources
    }
    return [
        Finding(record.value["code"], Severity.INFO, where, record.value["message"])
        for where, record in store.all(_FINDINGS).items()
        if where in columns - tested - known
    ]


def _summary(
    project: Project, settings: LoadedSettings, plan: GeneratePlan, before: Dict[str, Mapping]
) -> Summary:
    return summarize(
        before,
        plan.mappings,
        tables={key: (table.relation, table.profile) for key, table in plan.tables.items()},
        rules=settings.values.conventions,
        kind=project.profile().type,
    )


def _mappings(project: Project, texts: Dict[str, str]) -> dict[str, Mapping]:
    """The mappings of an earlier commit; one that cannot be read counts as not there."""
    found = {}
    for path, text in texts.items():
        if path.endswith((".yml", ".yaml")):
            with contextlib.suppress(SettingsError):
                mapping = parse_mapping(text, project.root / path, project.root)
                found[mapping.key] = mapping
    return found


def _answer(question: str, option: str) -> str:
    return f"aidbt review answer {shlex.quote(question)} {shlex.quote(option)}"
