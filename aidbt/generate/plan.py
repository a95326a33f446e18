"""`aidbt generate`: what is missing is decided, and what follows from the decisions becomes a patch.

Two questions are kept apart. `decide_all` looks at the warehouse and brings the mappings up to date;
`plan_files` looks at decisions and files only, so that `--check` needs no warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from aidbt.core.config import LoadedSettings, read_text
from aidbt.core.errors import EditConflict, WriteError
from aidbt.core.findings import Finding, Severity
from aidbt.core.patch import FileEdit, Patch, apply_patch, digest, read_or_none
from aidbt.core.resilience import Level
from aidbt.core.schema import Mapping, Target
from aidbt.generate.adopted import read_models
from aidbt.generate.bases import Bases
from aidbt.generate.check_yaml import check_dbt_yaml
from aidbt.generate.compare import WRITES, Compared, Desired, compare, place_of
from aidbt.generate.decide import RawTable
from aidbt.generate.discover import Skipped, is_selected
from aidbt.generate.files import (
    Entry,
    Rendering,
    StagedTable,
    property_entries,
    property_file,
    staging_models,
)
from aidbt.generate.lock import LOCK_FILE, Lock, lock_text, read_lock
from aidbt.generate.mappings import Decisions, decide_all
from aidbt.generate.naming import project_layout, source_table_names, with_homes
from aidbt.generate.parents import StagedByPeople, staged_by_people
from aidbt.generate.rendering import rendering
from aidbt.generate.shared import splice_entries
from aidbt.mapping.files import load_mappings, load_targets, mapping_path, mapping_yaml, parse_mapping
from aidbt.mapping.question_files import QUESTIONS_FILE, OpenQuestion, open_questions, questions_edit
from aidbt.mapping.queue import mapping_edit
from aidbt.project import Project
from aidbt.project.declared import Declared, declared
from aidbt.sql.expressions import expression_problem
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import Approve

PROPOSALS_DIR = ".aidbt/proposals"


@dataclass(frozen=True, slots=True)
class GeneratePlan:
    """What generating does, or would do when nothing is to be written.

    Attributes:
        patch: the files to write, the lock included; empty when nothing changes.
        files: what becomes of every generated dbt file, by path.
        mapping_files: mapping files that are written.
        spliced: property files of people that get entries of ours.
        proposals: files that are a person's, for which something new is proposed: path → proposed text.
        reasons: why something is only proposed, by path, where there is more to say.
        mappings: every decided mapping.
        bases: digest → text of what is written, to be remembered as the base of later merges.
        questions: what is asked once per pattern and source, and waits.
        before: the mappings as they were saved before.
        tables: what the tables hold that were looked at, by "source.table".
    """

    patch: Patch
    mappings: dict[str, Mapping]
    files: dict[str, Compared] = field(default_factory=dict)
    mapping_files: tuple[FileEdit, ...] = ()
    spliced: tuple[str, ...] = ()
    proposals: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    bases: dict[str, str] = field(default_factory=dict, repr=False)
    level: Level = Level.FULL
    wrote_with: str = ""
    questions: tuple[OpenQuestion, ...] = ()
    before: dict[str, Mapping] = field(default_factory=dict, repr=False)
    tables: dict[str, RawTable] = field(default_factory=dict, repr=False)

    def in_state(self, *states: str) -> tuple[str, ...]:
        """The generated files in one of the states of `compare`, in the order of their paths."""
        return tuple(sorted(path for path, found in self.files.items() if found.state in states))

    @property
    def written(self) -> tuple[str, ...]:
        """Files that were not there before."""
        new = [edit.path for edit in self.mapping_files if edit.before is None]
        return (*new, *self.in_state("written"))

    @property
    def updated(self) -> tuple[str, ...]:
        """Files that change: generated ones, mappings, and people's files that get entries."""
        changed = [edit.path for edit in self.mapping_files if edit.before is not None]
        return (*changed, *self.in_state("updated"), *self.spliced)

    @property
    def merged(self) -> tuple[str, ...]:
        """Files that a person edited, into which something new went beside the edit."""
        return self.in_state("merged")

    @property
    def unchanged(self) -> tuple[str, ...]:
        return self.in_state("unchanged")

    @property
    def edited(self) -> tuple[str, ...]:
        """Files that a person edited and for which nothing new is proposed."""
        return self.in_state("edited")

    @property
    def deleted(self) -> tuple[str, ...]:
        """Generated files that somebody removed; they are written again when they are selected."""
        return self.in_state("deleted")

    @property
    def older(self) -> tuple[str, ...]:
        """Files that another version of aidbt wrote from the same decisions, in other words than this one."""
        return self.in_state("older")

    @property
    def is_drift(self) -> bool:
        """Whether decisions and files differ."""
        return bool(self.written or self.updated or self.merged or self.proposals)

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
    bases: Bases,
    *,
    select: Iterable[str] = (),
    write: bool = True,
    upgrade: bool = False,
    refresh: bool = False,
    approve: Approve | None = None,
) -> GeneratePlan:
    """Plan, and write unless told otherwise.

    Args:
        warehouse, profiles: None compares decisions with files only (`--check`).
        bases: what was generated before, for merging.
        upgrade: whether files may change that only this version of aidbt writes differently.
        refresh: whether what aidbt decided before is decided again; what people decided stays.
        approve: asked before a scan that is over the budget; None refuses.
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
        for mapping in mappings.values():
            model = models[mapping.key]
            paths |= {layout.sources_file(mapping.source), layout.models_file(mapping, model)}
            paths.add(layout.model_file(mapping, model))
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
    findings = [*decisions.findings, *_unknown_targets(decisions, targets)]
    decisions, mapping_edits, proposals = _mapping_files(project.root, decisions)
    findings += _bad_expressions(decisions, project.profile().type)
    options = rendering(project, settings, here)
    staged, skipped = _staged_tables(project, settings, decisions, here, lock)
    files = _Files(project.root, lock, here, base, upgrade=upgrade, restore=bool(select))

    selected = {
        t.mapping.key
        for t in staged
        if not select or is_selected(t.mapping.source, t.mapping.table, select, settings)
    }
    deleted: set[str] = set()  # by a person, who does not want the model: nothing may describe or test it
    for table, model in zip(staged, staging_models(staged, options), strict=True):
        if table.mapping.key in selected:
            files.add_model(Desired(model.path, model.text, model.decided))
        if files.is_deleted(model.path):
            deleted.add(table.mapping.key)
    sources = {t.mapping.source for t in staged if t.mapping.key in selected}
    source_files = {source: path for source in sources if (path := here.source_file(source))}
    people = _PeoplesModels(here, options.dialect)
    entries = property_entries(staged, targets, options, source_files, people.get, without=deleted)
    findings += _left_entries([t.model for t in staged if t.mapping.key in deleted], lock)
    chosen = {f"model {t.model}" for t in staged if t.mapping.key in selected}
    chosen |= {e.name for e in entries if e.head is not None and e.head["name"] in sources}
    for path, group in _by_path(entries, here).items():
        if any(entry.name in chosen for entry in group):
            files.add_properties(path, group, options)

    findings += _orphans(project.root, files, staged, select)
    _check_rendered(files.texts(), options)
    asked = _question_edits(project.root, decisions)
    edits = [*mapping_edits, *asked, *files.edits()]
    new_lock = files.lock(aidbt=lock.aidbt)
    if new_lock != replace(lock, digest=None) or (new_lock.files and lock.digest is None):
        text = lock_text(replace(new_lock, aidbt=version("aidbt")))
        old = read_or_none(project.root / LOCK_FILE)
        edits.append(FileEdit(LOCK_FILE, lock.digest, text, "what was generated", old))
    return GeneratePlan(
        patch=Patch(tuple(edits), "aidbt generate"),
        mappings=decisions.mappings,
        files=files.compared,
        mapping_files=tuple(mapping_edits),
        spliced=tuple(edit.path for edit in files.splices),
        proposals={**proposals, **files.proposals},
        reasons=files.reasons,
        findings=tuple(findings),
        skipped=(*decisions.skipped, *skipped),
        bases=files.bases,
        wrote_with=lock.aidbt,
        questions=tuple(open_questions(decisions.questions or {}, decisions.mappings)),
        tables=decisions.tables,
    )


class _Files:
    """What becomes of the generated files, gathered one after the other."""

    def __init__(
        self,
        root: Path,
        lock: Lock,
        here: Declared,
        base: Callable[[str], str | None],
        *,
        upgrade: bool,
        restore: bool,
    ) -> None:
        self._root, self._old, self._here, self._base = root, lock, here, base
        self._upgrade, self._restore = upgrade, restore
        self._files = dict(lock.files)
        self._entries = {path: dict(found) for path, found in lock.entries.items()}
        self._sources = set(lock.sources)
        self.compared: dict[str, Compared] = {}
        self.splices: list[FileEdit] = []
        self._entries_alone: dict[str, str] = {}
        self.proposals: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self.bases: dict[str, str] = {}

    def add_model(self, desired: Desired) -> None:
        """Compare the SQL file of a model."""
        self._compare(desired)

    def is_deleted(self, path: str) -> bool:
        """Whether a model that was written is not there any more, nor written again now."""
        found = self.compared.get(path)
        if found is not None:
            return found.state == "deleted"
        place = place_of(path, self._root, self._old.files, self._here.files)
        return path in self._old.files and not (self._root / place).exists()

    def add_properties(self, path: str, entries: list[Entry], options: Rendering) -> None:
        """Compare a property file: as a whole where it is ours, entry by entry where it is not."""
        text = property_file(entries, options)
        before = read_or_none(self._root / path)
        is_ours = path in self._old.files or before is None or before.replace("\r\n", "\n") == text
        if not is_ours and before is not None:
            self._splice(path, before, entries, options)
            return
        held = [entry.name for entry in entries if self._waits(entry)]
        decided = _joined(entry.decided for entry in entries)
        found = self._compare(Desired(path, text, decided), hold=bool(held))
        if found.lock is not None:
            pairs = {e.name.removeprefix("source ") for e in entries if e.head is not None}
            self._sources |= pairs

    def _compare(self, desired: Desired, *, hold: bool = False) -> Compared:
        place = place_of(desired.path, self._root, self._old.files, self._here.files)
        known = self._old.files.get(place) or self._files.pop(desired.path, None)
        desired = replace(desired, path=place)
        found = compare(desired, self._root, known, self._base, upgrade=self._upgrade, restore=self._restore)
        if hold and found.state in ("updated", "merged"):
            # It would document and test what a kept model does not have.
            found = Compared(found.path, "proposal", desired.text, lock=known)
        self.compared[found.path] = found
        if found.lock is not None:
            self._files[found.path] = found.lock
            if found.lock != known:
                self.bases[digest(desired.text)] = desired.text
        if found.state in ("proposal", "conflict") and found.text is not None:
            self.proposals[found.path] = found.text
        return found

    def _waits(self, entry: Entry) -> bool:
        """Whether the SQL of a model waits for a person."""
        model = entry.name.removeprefix("model ")
        return any(
            Path(path).stem == model and found.state in ("proposal", "conflict")
            for path, found in self.compared.items()
        )

    def _splice(self, path: str, before: str, entries: list[Entry], options: Rendering) -> None:
        known = self._old.entries.get(path, {})
        found = splice_entries(before, entries, known, self._base, path=path)
        if found.entries:
            self._entries[path] = found.entries
        self.bases |= found.bases
        if found.text != before:
            edit = FileEdit(path, digest(before), found.text, "entries of new models", before)
            self.splices.append(edit)
            self._entries_alone[path] = property_file(entries, options)
        if found.refused:
            refused = {name for name, _ in found.refused}
            wanted = [entry for entry in entries if entry.name in refused]
            self.proposals[path] = _ENTRIES_ONLY.format(path=path) + property_file(wanted, options)
            self.reasons[path] = "; ".join(dict.fromkeys(reason for _, reason in found.refused))

    def edits(self) -> list[FileEdit]:
        """The changes, in the order of their paths."""
        whole = [found.edit for found in self.compared.values() if found.edit is not None]
        return sorted([*whole, *self.splices], key=lambda edit: edit.path)

    def texts(self) -> dict[str, str]:
        """What is written of us, by path: whole files, and our entries without what people wrote."""
        return self._entries_alone | {
            path: found.edit.after
            for path, found in self.compared.items()
            if found.state in WRITES and found.edit and found.edit.after is not None
        }

    def lock(self, *, aidbt: str) -> Lock:
        """What the lock is to say."""
        return Lock(self._files, self._entries, tuple(sorted(self._sources)), aidbt)


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


def _joined(hashes: Iterable[str]) -> str:
    return digest(" ".join(hashes))[:16]


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
    models = layout.model_names(mappings)
    names = source_table_names(mappings, project.profile().type)
    staged, skipped = [], []
    for mapping in mappings:
        model = models[mapping.key]
        path = layout.model_file(mapping, model)
        place = place_of(path, project.root, lock.files, here.files)
        was_moved = place != path and here.models.get(model) == place
        if model in here.models and not was_moved:
            skipped.append(Skipped(mapping.key, f"{here.models[model]} exists and was not written by aidbt"))
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
                loads=mapping.latest_batch,
                declared_elsewhere=known is not None,
            )
        )
    return sorted(staged, key=lambda t: t.model), skipped


# A proposal for a file that people share with us must not be taken for the whole of it.
_ENTRIES_ONLY = "# Entries for {path}: they belong into that file, not in its place.\n"


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


def _mapping_files(root: Path, decisions: Decisions) -> tuple[Decisions, list[FileEdit], dict[str, str]]:
    """The saving of the mappings that changed. Where a person's layout would be lost it becomes a proposal,
    and what is in the file counts on.
    """
    edits: list[FileEdit] = []
    proposals: dict[str, str] = {}
    kept: dict[str, Mapping] = {}
    for key in sorted(decisions.changed):
        mapping = decisions.mappings[key]
        try:
            edits.append(mapping_edit(mapping, root))
        except EditConflict:
            path = mapping_path(mapping)
            proposals[path] = mapping_yaml(mapping)
            kept[key] = parse_mapping(read_text(root / path), root / path, root)
    return replace(decisions, mappings={**decisions.mappings, **kept}), edits, proposals


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


def _orphans(root: Path, files: _Files, staged: list[StagedTable], select: tuple[str, ...]) -> list[Finding]:
    if select:
        return []
    known = set(files.compared)
    return [
        Finding("generated.orphan", Severity.WARN, path, "no decision stands behind it any more; delete it?")
        for path in sorted(files.lock(aidbt="").files)
        if path not in known and (root / path).exists()
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
