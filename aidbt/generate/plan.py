"""`aidbt generate`: what is missing is decided, and what follows from the decisions becomes a patch.

Two questions are kept apart. `decide_all` looks at the warehouse and brings the mappings up to date;
`plan_files` looks at decisions and files only, so that `--check` needs no warehouse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import EditConflict, WriteError
from aidbt.core.findings import Finding, Severity
from aidbt.core.patch import FileEdit, Patch, apply_patch, digest, read_or_none
from aidbt.core.resilience import Level
from aidbt.core.schema import Mapping, Target
from aidbt.generate.check_yaml import check_dbt_yaml
from aidbt.generate.discover import Skipped, is_selected
from aidbt.generate.files import Rendering, StagedTable, render_files
from aidbt.generate.lock import LOCK_FILE, Lock, lock_text, read_lock
from aidbt.generate.mappings import Decisions, decide_all
from aidbt.generate.naming import Layout, layout_for, model_names, source_table_names
from aidbt.mapping.files import load_mappings, load_targets, mapping_path, mapping_yaml
from aidbt.mapping.queue import mapping_edit
from aidbt.project import Project
from aidbt.project.declared import Declared, declared
from aidbt.project.version import nested_test_arguments
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse

PROPOSALS_DIR = ".aidbt/proposals"


@dataclass(frozen=True, slots=True)
class GeneratePlan:
    """What generating does, or would do when nothing is to be written.

    Attributes:
        patch: the files to write, the lock included; empty when nothing changes.
        written, updated, unchanged: generated dbt and mapping files, by path.
        edited: generated files that a person changed and for which nothing new is proposed.
        proposals: files that are a person's, for which something new is proposed: path → proposed text.
        mappings: every decided mapping.
    """

    patch: Patch
    mappings: dict[str, Mapping]
    written: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    proposals: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    level: Level = Level.FULL

    @property
    def is_drift(self) -> bool:
        """Whether decisions and files differ."""
        return bool(self.written or self.updated or self.proposals)

    @property
    def has_errors(self) -> bool:
        """Whether a finding is at the gate."""
        return any(finding.severity == Severity.ERROR for finding in self.findings)

    @property
    def waiting(self) -> int:
        return sum(len(mapping.waiting()) for mapping in self.mappings.values())

    @property
    def waiting_tests(self) -> int:
        return sum(len(mapping.waiting_tests()) for mapping in self.mappings.values())

    @property
    def columns_accepted(self) -> int:
        return sum(c.status == "accepted" for mapping in self.mappings.values() for c in mapping.columns)

    @property
    def tests_accepted(self) -> int:
        return sum(t.status == "accepted" for mapping in self.mappings.values() for t in mapping.tests)


def run_generate(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse | None,
    profiles: ProfileCache | None,
    *,
    select: Iterable[str] = (),
    write: bool = True,
) -> GeneratePlan:
    """Plan, and write unless told otherwise.

    Args:
        warehouse, profiles: None compares decisions with files only (`--check`).
    """
    if warehouse is None or profiles is None:
        plan = check_files(project, settings)
    else:
        plan = plan_generate(project, settings, warehouse, profiles, select=select)
    if write:
        apply_patch(plan.patch, project.root)
        write_proposals(project.root, plan.proposals)
    return plan


def plan_generate(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    select: Iterable[str] = (),
) -> GeneratePlan:
    """Bring the mappings up to date with the warehouse, and plan the files that follow.

    Args:
        select: `source:NAME`, `source:NAME.TABLE`, a table or a staging model, with `*`; empty is all.

    Raises:
        UsageError: a selector matches nothing.
        AidbtError: the project, a file of decisions or the warehouse cannot be read.
    """
    targets = load_targets(project.root)
    mappings = load_mappings(project.root)
    lock = read_lock(project.root)
    here = declared(project, generated=lock.files)
    decisions = decide_all(settings, warehouse, profiles, targets, mappings, here, select=tuple(select))
    return plan_files(project, settings, decisions, targets, lock, here, select=tuple(select))


def check_files(project: Project, settings: LoadedSettings) -> GeneratePlan:
    """The plan that follows from the decisions as they stand; no warehouse is opened."""
    lock = read_lock(project.root)
    here = declared(project, generated=lock.files)
    decisions = Decisions(load_mappings(project.root))
    return plan_files(project, settings, decisions, load_targets(project.root), lock, here)


def plan_files(
    project: Project,
    settings: LoadedSettings,
    decisions: Decisions,
    targets: dict[str, Target],
    lock: Lock,
    here: Declared,
    *,
    select: tuple[str, ...] = (),
) -> GeneratePlan:
    """What the decisions make of the project's files."""
    findings = list(decisions.findings)
    staged, models, skipped = _staged_tables(project, settings, decisions, here)
    findings += _unknown_targets(decisions, targets)
    options = _rendering(project, settings)
    texts = render_files(staged, targets, options)
    if select:
        chosen = [m for m in decisions.mappings.values() if is_selected(m.source, m.table, select, settings)]
        kept, names = {m.source for m in chosen}, {models[m.key] for m in chosen}
        texts = {p: t for p, t in texts.items() if _belongs(p, names, kept, options.layout)}
    edits: list[FileEdit] = []
    sorted_out: dict[str, list[str]] = {"written": [], "updated": [], "unchanged": [], "edited": []}
    proposals: dict[str, str] = {}
    files = dict(lock.files)
    for key in sorted(decisions.changed):
        _plan_mapping_file(project.root, decisions.mappings[key], edits, sorted_out, proposals)
    for path, text in texts.items():
        state, before = _compare(project.root / path, path, text, lock)
        if state == "proposal":
            proposals[path] = text
        else:
            sorted_out[state].append(path)
        if state in ("written", "updated"):
            reason = "generated" if state == "written" else "decisions changed"
            edits.append(FileEdit(path, digest(before) if before is not None else None, text, reason, before))
        if state in ("written", "updated", "unchanged"):
            files[path] = digest(text)
    findings += _orphans(project.root, lock, texts, select)
    _check_rendered({e.path: e.after for e in edits if e.after is not None}, options)
    new_lock = lock_text(files)
    if files != lock.files or (files and lock.digest is None):
        old = read_or_none(project.root / LOCK_FILE)
        edits.append(FileEdit(LOCK_FILE, lock.digest, new_lock, "what was generated", old))
    return GeneratePlan(
        patch=Patch(tuple(edits), "aidbt generate"),
        mappings=decisions.mappings,
        written=tuple(sorted_out["written"]),
        updated=tuple(sorted_out["updated"]),
        unchanged=tuple(sorted_out["unchanged"]),
        edited=tuple(sorted_out["edited"]),
        proposals=proposals,
        findings=tuple(findings),
        skipped=(*decisions.skipped, *skipped),
    )


def _staged_tables(
    project: Project, settings: LoadedSettings, decisions: Decisions, here: Declared
) -> tuple[list[StagedTable], dict[str, str], list[Skipped]]:
    mappings = list(decisions.mappings.values())
    models = model_names(mappings, settings.values.generate.prefix)
    names = source_table_names(mappings)
    staged, skipped = [], []
    for mapping in mappings:
        model = models[mapping.key]
        if model in here.models:
            skipped.append(Skipped(mapping.key, f"{here.models[model]} is a person's model of that name"))
            continue
        known = here.sources.get((mapping.schema.lower(), mapping.table.lower()))
        staged.append(
            StagedTable(
                mapping=mapping,
                schema=mapping.schema,
                identifier=mapping.table,
                source_table=known.table if known else names[mapping.key],
                model=model,
                loads=mapping.latest_batch,
                declared_elsewhere=known is not None,
            )
        )
    return staged, models, skipped


def _rendering(project: Project, settings: LoadedSettings) -> Rendering:
    has_staging = any((folder / "staging").is_dir() for folder in project.paths("model"))
    origins = settings.origins
    was_set = any(origins[f"generate.{name}"] != "default" for name in ("sources_path", "staging_path"))
    return Rendering(
        layout=layout_for(settings.values.generate, has_staging_folder=has_staging, was_set=was_set),
        dialect=project.profile().type,
        nested_arguments=nested_test_arguments(project),
        freshness_warn_hours=settings.values.generate.freshness_warn_hours,
    )


def _belongs(path: str, models: set[str], sources: set[str], layout: Layout) -> bool:
    shared = {f for source in sources for f in (layout.sources_file(source), layout.models_file(source))}
    return path in shared or Path(path).stem in models


def _unknown_targets(decisions: Decisions, targets: dict[str, Target]) -> list[Finding]:
    return [
        Finding(
            "mapping.unknown_target",
            Severity.ERROR,
            mapping.path or mapping_path(mapping),
            f"{mapping.key} is mapped to the target '{mapping.target}', which is not declared",
        )
        for mapping in decisions.mappings.values()
        if mapping.target is not None and mapping.target not in targets
    ]


def _plan_mapping_file(
    root: Path,
    mapping: Mapping,
    edits: list[FileEdit],
    sorted_out: dict[str, list[str]],
    proposals: dict[str, str],
) -> None:
    """A decided mapping is written as a whole; one that a person laid out by hand gets a proposal instead."""
    try:
        edit = mapping_edit(mapping, root)
    except EditConflict:
        proposals[mapping_path(mapping)] = mapping_yaml(mapping)
        return
    edits.append(edit)
    sorted_out["written" if edit.before is None else "updated"].append(edit.path)


def _compare(path: Path, short: str, text: str, lock: Lock) -> tuple[str, str | None]:
    """What becomes of a generated file: its state and the text that is there now."""
    before = read_or_none(path)
    if before is None:
        return "written", None
    if before == text:
        return "unchanged", before
    wrote = lock.files.get(short)
    if wrote == digest(before):
        return "updated", before
    if wrote == digest(text):
        return "edited", before
    return "proposal", before


def _orphans(root: Path, lock: Lock, texts: dict[str, str], select: tuple[str, ...]) -> list[Finding]:
    if select:
        return []
    return [
        Finding(
            "generated.orphan", Severity.WARN, path, f"no decision stands behind {path} any more; delete it?"
        )
        for path in sorted(set(lock.files) - set(texts))
        if (root / path).exists()
    ]


def _check_rendered(texts: dict[str, str], options: Rendering) -> None:
    """What we write is checked against dbt's own schema first: a fault of ours must not reach a project."""
    for path, text in texts.items():
        if path.endswith(".yml") and not path.startswith("aidbt/"):
            problem = check_dbt_yaml(text, nested_arguments=options.nested_arguments)
            if problem:
                raise WriteError(
                    f"{path} would not be valid for dbt: {problem}; nothing was written",
                    hint="this is a fault in aidbt; please report it with the names of the table's columns",
                )


def write_proposals(root: Path, proposals: dict[str, str]) -> list[str]:
    """Write each proposed text beside the project's files, for a person to compare; returns the paths."""
    edits = []
    for path, text in proposals.items():
        where = f"{PROPOSALS_DIR}/{path}"
        before = read_or_none(root / where)
        if before != text:
            edits.append(
                FileEdit(where, digest(before) if before is not None else None, text, "proposal", before)
            )
    apply_patch(Patch(tuple(edits), "proposals"), root)
    return [f"{PROPOSALS_DIR}/{path}" for path in proposals]
