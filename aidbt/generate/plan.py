"""`aidbt generate`: what is missing is decided, and what follows from the decisions becomes a patch.

Two questions are kept apart. `decide_all` looks at the warehouse and brings the mappings up to date;
`plan_files` looks at decisions and files only, so that `--check` needs no warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from aidbt.core.config import LoadedSettings, read_text
from aidbt.core.errors import EditConflict, WriteError
from aidbt.core.findings import Finding, Severity
from aidbt.core.patch import FileEdit, Patch, apply_patch, digest, read_or_none
from aidbt.core.schema import MONITOR_TESTS, Mapping, Target
from aidbt.generate.adoption.parents import StagedByPeople, staged_by_people
from aidbt.generate.adoption.staged import read_models
from aidbt.generate.base_models import (
    BaseModel,
    base_entries,
    base_model_files,
    base_models,
    macro_files,
)
from aidbt.generate.bases import Bases
from aidbt.generate.changes import GeneratedFiles
from aidbt.generate.check_yaml import check_dbt_yaml
from aidbt.generate.compare import Desired, place_of
from aidbt.generate.discover import Skipped, is_selected
from aidbt.generate.files import (
    Entry,
    Rendering,
    StagedTable,
    property_entries,
    staging_models,
)
from aidbt.generate.lock import LOCK_FILE, MONITOR_ENTRY, Lock, decided_digest, lock_text, read_lock
from aidbt.generate.mappings import NO_MODELS, Decisions, Models, decide_all
from aidbt.generate.naming import project_layout, source_table_names, with_homes
from aidbt.generate.outcome import GeneratePlan
from aidbt.generate.rendering import rendering
from aidbt.mapping.changes import unknown_targets
from aidbt.mapping.files import load_mappings, load_targets, mapping_path, mapping_yaml, parse_mapping
from aidbt.mapping.question_files import QUESTIONS_FILE, open_questions, questions_edit
from aidbt.mapping.saving import mapping_edit
from aidbt.project import Project
from aidbt.project.declared import Declared, declared
from aidbt.project.packages import MONITOR_MACROS, has_our_macros
from aidbt.sql.expressions import expression_problem
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import Approve

PROPOSALS_DIR = ".aidbt/proposals"


def run_generate(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse | None,
    profiles: ProfileCache | None,
    bases: Bases,
    *,
    select: Iterable[str] = (),
    write: bool = True,
    upgrade: bool = False,
    refresh: bool = False,
    approve: Approve | None = None,
    models: Models = NO_MODELS,
) -> GeneratePlan:
    """Plan, and write unless told otherwise.

    Args:
        warehouse, profiles: None compares decisions with files only (`--check`).
        bases: what was generated before, for merging.
        upgrade: whether files may change that only this version of aidbt writes differently.
        refresh: whether what aidbt decided before is decided again; what people decided stays.
        approve: asked before a scan that is over the budget; None refuses.
        models: what is asked of models, where there are any.
    """
    if warehouse is None or profiles is None:
        plan = check_files(project, settings, bases, select=select, upgrade=upgrade)
    else:
        plan = plan_generate(
            project,
            settings,
            warehouse,
            profiles,
            bases,
            select=select,
            upgrade=upgrade,
            refresh=refresh,
            approve=approve,
            models=models,
        )
    if write:
        apply_patch(plan.patch, project.root)
        bases.put(plan.bases)
        write_proposals(project.root, plan.proposals)
    return plan


def plan_generate(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    bases: Bases,
    *,
    select: Iterable[str] = (),
    upgrade: bool = False,
    refresh: bool = False,
    approve: Approve | None = None,
    models: Models = NO_MODELS,
) -> GeneratePlan:
    """Bring the mappings up to date with the warehouse, and plan the files that follow.

    Args:
        select: `source:NAME`, `source:NAME.TABLE`, a table or a staging model, with `*`; empty is all.

    Raises:
        UsageError: a selector matches nothing.
        BudgetExceeded: the scan is over the budget, and nobody agreed.
        AidbtError: the project, a file of decisions or the warehouse cannot be read.
    """
    targets = load_targets(project.root, warehouse.dialect)
    mappings = load_mappings(project.root, warehouse.dialect)
    lock = read_lock(project.root)
    here = project_files(project, settings, mappings, lock)
    with warehouse.connect():  # kept open under the connections below: each opening costs 0.1 s
        decisions = decide_all(
            project,
            settings,
            warehouse,
            profiles,
            targets,
            mappings,
            here,
            select=tuple(select),
            refresh=refresh,
            approve=approve,
            models=models,
        )
    found = plan_files(
        project, settings, decisions, targets, lock, here, bases.get, select=tuple(select), upgrade=upgrade
    )
    return replace(found, before=mappings)


def check_files(
    project: Project,
    settings: LoadedSettings,
    bases: Bases,
    *,
    select: Iterable[str] = (),
    upgrade: bool = False,
) -> GeneratePlan:
    """The plan that follows from the decisions as they stand; no warehouse is opened."""
    lock = read_lock(project.root)
    dialect = project.profile().type
    decisions = Decisions(load_mappings(project.root, dialect))
    here = project_files(project, settings, decisions.mappings, lock)
    targets = load_targets(project.root, dialect)
    chosen = tuple(select)
    return plan_files(
        project, settings, decisions, targets, lock, here, bases.get, select=chosen, upgrade=upgrade
    )


def project_files(
    project: Project, settings: LoadedSettings, mappings: dict[str, Mapping], lock: Lock
) -> Declared:
    """What people declared in the project: everything but what we generated.

    Where the lock was lost, what the mappings lead to counts as generated; what differs there becomes a
    proposal, as for any file.
    """
    own = {
        *lock.sources,
        *(name.removeprefix("source ") for found in lock.entries.values() for name in found),
    }
    paths = {path for path in lock.files if path.endswith(".sql") or not lock.sources}
    if lock.digest is None:
        layout = project_layout(project, settings)
        models = layout.model_names(mappings.values())
        bases = layout.base_names(mappings.values())
        for mapping in mappings.values():
            model, base = models[mapping.key], bases.get(mapping.parent)
            paths |= {layout.sources_file(mapping.source), layout.models_file(mapping, model)}
            paths.add(layout.model_file(mapping, model))
            if base is not None:
                paths |= {layout.base_file(mapping, base), layout.base_models_file(mapping, base)}
    return declared(project, generated=paths, own_sources=own)


def plan_files(
    project: Project,
    settings: LoadedSettings,
    decisions: Decisions,
    targets: dict[str, Target],
    lock: Lock,
    here: Declared,
    base: Callable[[str], str | None],
    *,
    select: tuple[str, ...] = (),
    upgrade: bool = False,
) -> GeneratePlan:
    """What the decisions make of the project's files.

    Args:
        base: the text of something that was generated before, by its digest.
    """
    findings = [*decisions.findings, *unknown_targets(decisions.mappings.values(), targets)]
    decisions, saved, proposals = _mapping_files(project.root, decisions)
    findings += _bad_expressions(decisions, project.profile().type)
    staged, skipped = _staged_tables(project, settings, decisions, here, lock)
    options = rendering(project, settings, here)
    if any(table.base for table in staged):  # our macros come with the models that call them
        options = replace(options, macros=True)
    options = replace(options, monitors=True)  # and with the tests
    files = GeneratedFiles(project.root, lock, here, base, upgrade=upgrade, restore=bool(select))

    selected = {
        t.mapping.key
        for t in staged
        if not select or is_selected(t.mapping.source, t.mapping.table, select, settings)
    }
    deleted: set[str] = set()  # by a person, who does not want the model: nothing may describe or test it
    for table, model in zip(staged, staging_models(staged, options), strict=True):
        if table.mapping.key in selected:
            files.add_file(Desired(model.path, model.text, model.decided))
        if files.is_deleted(model.path):
            deleted.add(table.mapping.key)
    bases = base_models([t for t in staged if t.mapping.key not in deleted])
    needed = [b for b in bases if any(t.base == b.model and t.mapping.key in selected for t in staged)]
    for model in base_model_files(needed, options):
        files.add_file(Desired(model.path, model.text, model.decided), is_needed=True)
    watched = [t for t in staged if t.mapping.key in selected - deleted and _is_watched(t.mapping)]
    for place, macro in _needed_macros(project, needed, watched, lock).items():
        files.add_file(Desired(place, macro, decided_digest(place)), is_needed=True)
    sources = {t.mapping.source for t in staged if t.mapping.key in selected}
    source_files = {source: path for source in sources if (path := here.source_file(source))}
    people = _PeoplesModels(here, options.dialect)
    entries = property_entries(staged, targets, options, source_files, people.get, without=deleted)
    entries += base_entries(bases, options)
    findings += _left_entries([t.model for t in staged if t.mapping.key in deleted], lock)
    chosen = {f"model {t.model}" for t in staged if t.mapping.key in selected}
    chosen |= {f"model {found.model}" for found in needed}
    chosen |= {e.name for e in entries if e.head is not None and e.head["name"] in sources}
    for path, group in _by_path(entries, here).items():
        if any(entry.name in chosen for entry in group):
            files.add_properties(path, group, options)

    findings += _orphans(project.root, files, staged, select)
    _check_rendered(files.texts(), options)
    asked = _question_edits(project.root, decisions)
    edits = [*saved, *asked, *files.edits()]
    new_lock = files.lock(aidbt=lock.aidbt)
    if new_lock != replace(lock, digest=None) or (new_lock.files and lock.digest is None):
        text = lock_text(replace(new_lock, aidbt=version("aidbt")))
        old = read_or_none(project.root / LOCK_FILE)
        edits.append(FileEdit(LOCK_FILE, lock.digest, text, "what was generated", old))
    return GeneratePlan(
        patch=Patch(tuple(edits), "aidbt generate"),
        mappings=decisions.mappings,
        files=files.compared,
        mapping_files=tuple(saved),
        spliced=tuple(edit.path for edit in files.splices),
        proposals={**proposals, **files.proposals},
        reasons=files.reasons,
        findings=tuple(findings),
        skipped=(*decisions.skipped, *skipped),
        bases=files.bases,
        level=decisions.level,
        wrote_with=lock.aidbt,
        questions=tuple(open_questions(decisions.questions or {}, decisions.mappings)),
        tables=decisions.tables,
    )


def _needed_macros(
    project: Project, bases: Sequence[BaseModel], watched: Sequence[StagedTable], lock: Lock
) -> dict[str, str]:
    """Our macros by path, where a model or a test calls them; those of monitors unless `init` copied them."""
    files = macro_files(project.paths("macro")[0].relative_to(project.root).as_posix())
    if any(base.mapping.row_key for base in bases):
        return files
    stem = MONITOR_MACROS.removesuffix(".sql")
    ours = {path: text for path, text in files.items() if Path(path).stem == stem}
    is_copied = has_our_macros(project, MONITOR_MACROS) and not ours.keys() & lock.files.keys()
    is_called = watched or any(
        name.startswith(MONITOR_ENTRY) for found in lock.entries.values() for name in found
    )
    return {} if is_copied or not is_called else ours


def _is_watched(mapping: Mapping) -> bool:
    return any(test.test in MONITOR_TESTS and test.status == "accepted" for test in mapping.tests)


class _PeoplesModels:
    """The hand-written staging models, read when one is asked for: that takes seconds in a large project."""

    def __init__(self, here: Declared, dialect: str) -> None:
        self._here, self._dialect = here, dialect

    def get(self, key: str) -> StagedByPeople | None:
        """The model that stages "source.table", or None."""
        return self._models.get(key)

    @cached_property
    def _models(self) -> dict[str, StagedByPeople]:
        return staged_by_people(read_models(self._here, self._dialect), self._here)


def _by_path(entries: Iterable[Entry], here: Declared) -> dict[str, list[Entry]]:
    """The entries by the file they belong in; one that people keep in another file stays there."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        elsewhere = here.properties.get(entry.name.removeprefix("model ")) if entry.head is None else None
        path = elsewhere[0] if elsewhere and entry.path not in elsewhere else entry.path
        found.setdefault(path, []).append(entry)
    return found


def _staged_tables(
    project: Project, settings: LoadedSettings, decisions: Decisions, here: Declared, lock: Lock
) -> tuple[list[StagedTable], list[Skipped]]:
    layout = with_homes(project_layout(project, settings), here)
    mappings = list(decisions.mappings.values())
    models, bases = layout.model_names(mappings), layout.base_names(mappings)
    names = source_table_names(mappings, project.profile().type)
    staged, skipped = [], []
    for decided in mappings:
        # The items of a list are those of its table's rows.
        of_table = decisions.mappings.get(decided.parent, decided)
        mapping = replace(decided, rows=of_table.rows, row_key=of_table.row_key)
        model, base = models[mapping.key], bases.get(mapping.parent, "")
        paths = {model: layout.model_file(mapping, model)}
        if base:
            paths[base] = layout.base_file(mapping, base)
        taken = next((here.models[n] for n in paths if _is_peoples(n, paths[n], project, here, lock)), "")
        if taken:
            skipped.append(Skipped(mapping.key, f"{taken} exists and was not written by aidbt"))
            continue
        if not mapping.selected():
            continue
        known = here.find_table(mapping.schema, mapping.table)
        staged.append(
            StagedTable(
                mapping=mapping,
                schema=mapping.schema,
                identifier=mapping.table,
                source_table=known.table if known else names[mapping.key],
                model=model,
                loads=mapping.rows != "all",
                base=base,
                declared_elsewhere=known is not None,
            )
        )
    return sorted(staged, key=lambda t: t.model), skipped


def _is_peoples(model: str, path: str, project: Project, here: Declared, lock: Lock) -> bool:
    """Whether a model of that name is there that we did not write, or write elsewhere."""
    place = place_of(path, project.root, lock.files, here.files)
    was_moved = place != path and here.models.get(model) == place
    return model in here.models and not was_moved


def _left_entries(models: list[str], lock: Lock) -> list[Finding]:
    """The entries of deleted models in people's property files, which we do not touch."""
    return [
        Finding(
            "generated.entry_left",
            Severity.WARN,
            path,
            f"its entry of {model} describes a model that was deleted; remove it",
        )
        for path, entries in sorted(lock.entries.items())
        for model in models
        if f"model {model}" in entries
    ]


def _mapping_files(root: Path, decisions: Decisions) -> tuple[Decisions, list[FileEdit], dict[str, str]]:
    """The saving of the mappings that changed. Where a person's layout would be lost it becomes a proposal,
    and what is in the file counts on.
    """
    changed = {key: decisions.mappings[key] for key in decisions.changed}
    edits, proposals = mapping_edits(root, changed)
    kept: dict[str, Mapping] = {}
    for key in sorted(changed.keys() - edits.keys()):
        path = root / mapping_path(changed[key])
        kept[key] = parse_mapping(read_text(path), path, root)
    return replace(decisions, mappings={**decisions.mappings, **kept}), list(edits.values()), proposals


def mapping_edits(root: Path, changed: dict[str, Mapping]) -> tuple[dict[str, FileEdit], dict[str, str]]:
    """The saving of mappings by key; and the texts that are only proposed, by path: those of files whose
    layout saving would lose.
    """
    edits: dict[str, FileEdit] = {}
    proposals: dict[str, str] = {}
    for key, mapping in sorted(changed.items()):
        try:
            edits[key] = mapping_edit(mapping, root)
        except EditConflict:
            proposals[mapping_path(mapping)] = mapping_yaml(mapping)
    return edits, proposals


def _question_edits(root: Path, decisions: Decisions) -> list[FileEdit]:
    """The saving of what is asked once per pattern and source."""
    if decisions.questions is None:
        return []
    edit = questions_edit(read_or_none(root / QUESTIONS_FILE), decisions.questions)
    return [edit] if edit is not None else []


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


def _orphans(
    root: Path, files: GeneratedFiles, staged: list[StagedTable], select: tuple[str, ...]
) -> list[Finding]:
    if select:
        return []
    from aidbt.generate.english_models.kept import kept_names

    known, sentences = set(files.compared), kept_names(root)
    return [
        Finding("generated.orphan", Severity.WARN, path, "no decision stands behind it any more; delete it?")
        for path in sorted(files.lock(aidbt="").files)
        if path not in known and Path(path).stem not in sentences and (root / path).exists()
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
