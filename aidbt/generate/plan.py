"""`aidbt generate`: what is missing is decided, and what follows from the decisions becomes a patch.

Two questions are kept apart. `decide_all` looks at the warehouse and brings the mappings up to date;
`plan_files` looks at decisions and files only, so that `--check` needs no warehouse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from aidbt.core.config import SETTINGS_FILE, LoadedSettings, read_text
from aidbt.core.errors import EditConflict, SettingsError, WriteError
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
from aidbt.mapping.files import load_mappings, load_targets, mapping_path, mapping_yaml, parse_mapping
from aidbt.mapping.queue import mapping_edit
from aidbt.project import Project
from aidbt.project.declared import Declared, declared
from aidbt.project.version import nested_test_arguments
from aidbt.sql.expressions import expression_problem
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
    here = declared(project, generated=_generated_paths(project, settings, mappings, lock))
    with warehouse.connect():  # kept open under the connections below: each opening costs 0.1 s
        decisions = decide_all(settings, warehouse, profiles, targets, mappings, here, select=tuple(select))
    return plan_files(project, settings, decisions, targets, lock, here, select=tuple(select))


def check_files(project: Project, settings: LoadedSettings) -> GeneratePlan:
    """The plan that follows from the decisions as they stand; no warehouse is opened."""
    lock = read_lock(project.root)
    decisions = Decisions(load_mappings(project.root))
    here = declared(project, generated=_generated_paths(project, settings, decisions.mappings, lock))
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
    edits: list[FileEdit] = []
    sorted_out: dict[str, list[str]] = {"written": [], "updated": [], "unchanged": [], "edited": []}
    proposals: dict[str, str] = {}
    for key in sorted(decisions.changed):
        decisions = _plan_mapping_file(project.root, decisions, key, edits, sorted_out, proposals)
    findings += _bad_expressions(decisions, project.profile().type)
    staged, models, skipped = _staged_tables(project, settings, decisions, here)
    findings += _unknown_targets(decisions, targets)
    options = _rendering(project, settings)
    texts = render_files(staged, targets, options)
    if select:
        chosen = [m for m in decisions.mappings.values() if is_selected(m.source, m.table, select, settings)]
        kept, names = {m.source for m in chosen}, {models[m.key] for m in chosen}
        texts = {p: t for p, t in texts.items() if _belongs(p, names, kept, options.layout)}
    files = dict(lock.files)
    compared = {path: _compare(project.root / path, path, text, lock) for path, text in texts.items()}
    held = {str(Path(path).parent) for path, (state, _) in compared.items() if state == "proposal"}
    for path, text in texts.items():
        state, before = compared[path]
        if state == "updated" and path.endswith("__models.yml") and str(Path(path).parent) in held:
            state = "proposal"  # it would document and test what a kept model does not have
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


def _generated_paths(
    project: Project, settings: LoadedSettings, mappings: dict[str, Mapping], lock: Lock
) -> set[str]:
    """The files that are ours to write: what the lock lists, and what the mappings lead to. The latter finds
    them again when the lock was lost; what differs there becomes a proposal, as for any file.
    """
    layout = _rendering(project, settings).layout
    models = model_names(list(mappings.values()), settings.values.generate.prefix)
    paths = set(lock.files)
    for mapping in mappings.values():
        paths |= {layout.sources_file(mapping.source), layout.models_file(mapping.source)}
        paths.add(layout.model_file(mapping.source, models[mapping.key]))
    return paths


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
            skipped.append(Skipped(mapping.key, f"{here.models[model]} exists and was not written by aidbt"))
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
    for name in ("sources_path", "staging_path"):
        folder = (project.root / getattr(settings.values.generate, name)).resolve()
        if not any(folder.is_relative_to(models.resolve()) for models in project.paths("model")):
            raise SettingsError(
                f"generate.{name} is '{getattr(settings.values.generate, name)}', where dbt reads no models",
                path=SETTINGS_FILE,
                hint=f"choose a folder inside {', '.join(p.name for p in project.paths('model'))}",
            )
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
    decisions: Decisions,
    key: str,
    edits: list[FileEdit],
    sorted_out: dict[str, list[str]],
    proposals: dict[str, str],
) -> Decisions:
    """Plan the saving of a mapping. Where a person's layout would be lost it becomes a proposal, and what is
    in the file counts on.
    """
    mapping = decisions.mappings[key]
    try:
        edit = mapping_edit(mapping, root)
    except EditConflict:
        path = mapping_path(mapping)
        proposals[path] = mapping_yaml(mapping)
        kept = parse_mapping(read_text(root / path), root / path, root)
        return replace(decisions, mappings={**decisions.mappings, key: kept})
    edits.append(edit)
    sorted_out["written" if edit.before is None else "updated"].append(edit.path)
    return decisions


def _bad_expressions(decisions: Decisions, dialect: str) -> list[Finding]:
    """Findings for expressions that somebody wrote into a mapping and that cannot stand in a model."""
    findings = []
    for mapping in decisions.mappings.values():
        for column in mapping.selected():
            # What holds Jinja is dbt's to render; it is taken as it is.
            if column.expression is None or "{{" in column.expression or "{%" in column.expression:
                continue
            problem = expression_problem(column.expression, column.sources, dialect)
            if problem:
                where = f"{mapping.path or mapping_path(mapping)}: {column.target}"
                findings.append(
                    Finding("mapping.expression", Severity.ERROR, where, f"its expression: {problem}")
                )
    return findings


def _compare(path: Path, short: str, text: str, lock: Lock) -> tuple[str, str | None]:
    """What becomes of a generated file: its state and the text that is there now."""
    before = read_or_none(path)
    if before is None:
        return "written", None
    content = before.replace("\r\n", "\n")  # git may have changed the line ends
    if content == text:
        return "unchanged", before
    wrote = lock.files.get(short)
    if wrote == digest(content):
        return "updated", before
    if wrote == digest(text):
        return "edited", before
    return "proposal", before


def _orphans(root: Path, lock: Lock, texts: dict[str, str], select: tuple[str, ...]) -> list[Finding]:
    if select:
        return []
    return [
        Finding("generated.orphan", Severity.WARN, path, "no decision stands behind it any more; delete it?")
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
