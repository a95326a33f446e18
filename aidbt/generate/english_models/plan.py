"""`aidbt model`: a sentence, or a kept reading, becomes the files of a model.

The order is: read, lay out, compile with dbt, climb the ladder, decide on tests and materialization, find
witness rows, compare with the files that are there. Whatever fails on the way, nothing was written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import SettingsError, UsageError
from aidbt.core.patch import FileEdit, Patch, apply_patch, digest, read_or_none
from aidbt.core.resilience import Level
from aidbt.generate.bases import Bases
from aidbt.generate.compare import REASONS, Compared, Desired, compare
from aidbt.generate.english_models.decisions import Chosen
from aidbt.generate.english_models.draft import Draft, draft_model
from aidbt.generate.english_models.ground import Ground, Request, Sentence
from aidbt.generate.english_models.kept import KeptModel, kept_edit, read_kept
from aidbt.generate.english_models.places import (
    check_name,
    check_not_taken,
    sql_place,
    with_column_names,
    with_moves,
)
from aidbt.generate.english_models.refine import refined
from aidbt.generate.english_models.steps import without_order
from aidbt.generate.english_models.witnesses import Witnesses
from aidbt.generate.english_models.yaml_merge import merge_yaml
from aidbt.generate.lock import LOCK_FILE, Lock, Written, decided_digest, lock_text, read_lock
from aidbt.generate.plan import write_proposals
from aidbt.project import Project
from aidbt.project.declared import declared
from aidbt.semantic.query import Clock, SemanticQuery
from aidbt.semantic.rewriting import under_clock
from aidbt.semantic.wording.sentences import describe
from aidbt.sql.validate import Rung


class WouldReplace(UsageError):
    """A sentence would take the place of another one that a model was written from."""

    exit_code = 1


@dataclass(frozen=True)
class ModelPlan:
    """What becomes of a model.

    Attributes:
        reading: in English.
        sql: the text of the model, as the decisions make it.
        files: what becomes of its files, by path.
        proposals: path → text of what is only proposed, since a person wrote there.
        replaced: the sentence whose place this one takes; "" for none.
        materialized: with the reason, where it was decided now.
        witnesses: None where there is no unit test; `notes` say why.
        rungs: the checks that passed.
        notes: what a person should know.
    """

    name: str
    sentence: str
    reading: str
    sql: str
    patch: Patch
    kept: KeptModel
    files: dict[str, Compared] = field(default_factory=dict)
    proposals: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    replaced: str = ""
    materialized: Chosen = Chosen("view", "")
    witnesses: Witnesses | None = None
    rungs: tuple[Rung, ...] = ()
    notes: tuple[str, ...] = ()
    by: str = ""
    level: Level = Level.FULL
    bases: dict[str, str] = field(default_factory=dict, repr=False)

    def in_state(self, *states: str) -> list[str]:
        """The files in one of the states of `compare`."""
        return sorted(path for path, found in self.files.items() if found.state in states)


def run_model(
    project: Project,
    settings: LoadedSettings,
    request: Request,
    ground: Ground,
    bases: Bases,
    *,
    write: bool = True,
    upgrade: bool = False,
) -> ModelPlan:
    """Plan a model, and write it unless told otherwise.

    Raises:
        Refused: the sentence is not understood.
        WouldReplace: it reads otherwise than the one that the model was written from.
        ModelRefused: its SQL did not pass every check.
        AidbtError: the project, the warehouse or a file cannot be read, or the name is taken.
    """
    plan = plan_model(project, settings, request, ground, bases.get, upgrade=upgrade, is_dry=not write)
    if write:
        apply_patch(plan.patch, project.root)
        bases.put(plan.bases)
        write_proposals(project.root, plan.proposals)
    return plan


def plan_model(
    project: Project,
    settings: LoadedSettings,
    request: Request,
    ground: Ground,
    base: Callable[[str], str | None],
    *,
    upgrade: bool = False,
    is_dry: bool = False,
) -> ModelPlan:
    """What becomes of a model; nothing is written.

    Args:
        base: the text of something that was generated before, by its digest.
        is_dry: whether the plan is only looked at: then it may show what would replace another sentence.

    Raises:
        WouldReplace: it is not only looked at, and reads otherwise than the one it was written from.
        AidbtError: as `run_model`.
    """
    check_name(request.name)
    lock = read_lock(project.root)
    here = declared(project, generated=set(lock.files))
    before = read_kept(project.root, request.name)
    if before is None:
        ours = [path for path in lock.files if (project.root / path).exists()]
        check_not_taken(request.name, here, ground.manifest, ours)
    moved = with_moves(lock, request.name, project, here)
    place = sql_place(project, request.name, request.folder, moved, here)
    sentence = _read(request, before, ground, project.profile().type)
    request = _settled(request, before, sentence.query, ground, project.profile().type, is_dry=is_dry)
    draft = draft_model(project, settings, request, before, sentence.query, ground, here, place)
    files = _compared(draft, project.root, moved, base, upgrade=upgrade)
    old = _said(before) if before is not None and request.sentence else ""
    replaced = old if old != _said(draft.kept) else ""
    return _planned(project, draft, sentence, lock, moved, files, replaced)


# --- reading -----------------------------------------------------------------------------------------------


def _read(request: Request, before: KeptModel | None, ground: Ground, dialect: str) -> Sentence:
    """The reading that the model is to have.

    Raises:
        UsageError: there is nothing to read.
    """
    if request.sentence:
        sentence = ground.read(request.sentence)
    elif before is not None:
        sentence = Sentence(before.query(ground.graph, ground.semantic))
    else:
        raise UsageError(
            f"there is no model {request.name} yet",
            hint=f'give its sentence: aidbt model "orders per month" --name {request.name}',
        )
    first = request.sentence or (before.sentence if before is not None else "")
    query = sentence.query
    for phrase in request.refine:
        query = refined(query, first, phrase, lambda text: ground.read(text).query)
    return replace(sentence, query=_of_a_model(query, dialect))


def _of_a_model(query: SemanticQuery, dialect: str) -> SemanticQuery:
    """The query in no order that decides nothing, with names that columns can have.

    The warehouse tells the time whenever it builds the model; one that was read at another time is kept.
    """
    clock = Clock(None, query.clock.week_start)
    return with_column_names(under_clock(without_order(query), clock), dialect)


def _settled(
    request: Request,
    before: KeptModel | None,
    query: SemanticQuery,
    ground: Ground,
    dialect: str,
    *,
    is_dry: bool,
) -> Request:
    """The request without a sentence and phrases that change nothing in what is kept.

    Raises:
        WouldReplace: a sentence would change it, and nobody said that it may.
    """
    if before is None or request.replace:
        return request
    kept = _kept_query(before, ground, dialect)
    if kept == query:
        return replace(request, sentence="", refine=())
    if not request.sentence or is_dry:
        return request
    asked = ", ".join((request.sentence, *request.refine))
    raise WouldReplace(
        f"{before.name} is there already, and says something else; nothing was written\n"
        f"  kept:  {_said(before)}\n         {describe(kept, ground.graph) if kept else before.described}\n"
        f"  asked: {asked}\n         {describe(query, ground.graph)}",
        hint="--replace puts the new sentence in the place of the old one; or choose another --name",
    )


def _kept_query(kept: KeptModel, ground: Ground, dialect: str) -> SemanticQuery | None:
    """The query that is kept; None where it cannot be read any more."""
    try:
        return _of_a_model(kept.query(ground.graph, ground.semantic), dialect)
    except SettingsError:
        return None


def _said(kept: KeptModel) -> str:
    """The sentence of a model with what was added to it."""
    return ", ".join((kept.sentence, *kept.refined))


# --- files -------------------------------------------------------------------------------------------------

_WAITS_FOR_A_PERSON = ("conflict", "proposal")


@dataclass(frozen=True)
class _Files:
    """What becomes of the files of a model.

    Attributes:
        wanted: as the decisions make them.
        reasons: by path why a file is only proposed, where that is not the usual one.
    """

    wanted: tuple[Desired, ...]
    compared: dict[str, Compared]
    reasons: dict[str, str]


def _compared(
    draft: Draft, root: Path, lock: Lock, base: Callable[[str], str | None], *, upgrade: bool
) -> _Files:
    """What becomes of a model's files.

    SQL and YAML belong together: where one waits for a person, the other one does too, if it is there.
    """
    sql = Desired(draft.place, draft.sql, draft.decided)
    properties = Desired(yaml_place(draft.place), draft.yaml, draft.decided)
    macros = [Desired(path, text, decided_digest(path)) for path, text in draft.macros.items()]
    wanted = (sql, properties, *macros)
    found = {
        item.path: compare(item, root, lock.files.get(item.path), base, upgrade=upgrade, restore=True)
        for item in wanted
    }
    reasons: dict[str, str] = {}
    if found[properties.path].state in ("merged", "conflict"):
        found[properties.path], why = _merged(found[properties.path], properties, root, lock, base)
        reasons |= {properties.path: why} if why else {}
    for item, other in ((sql, properties), (properties, sql)):
        is_held = found[item.path].state in ("updated", "merged")
        if is_held and found[other.path].state in _WAITS_FOR_A_PERSON:
            found[item.path] = Compared(item.path, "proposal", item.text, lock=lock.files[item.path])
            reasons[item.path] = f"it belongs together with {PurePosixPath(other.path).name}"
    return _Files(wanted, found, reasons)


def _merged(
    found: Compared, wanted: Desired, root: Path, lock: Lock, base: Callable[[str], str | None]
) -> tuple[Compared, str]:
    """What becomes of the YAML that a person edited, and why it is only proposed."""
    known, name = lock.files[wanted.path], PurePosixPath(wanted.path).stem
    was, yours = base(known.text), read_or_none(root / wanted.path)
    assert was is not None and yours is not None
    merged = merge_yaml(was, yours, wanted.text)
    if merged.text is None:
        why = _CHANGED_TEST.format(tests=" and ".join(merged.tests), name=name) if merged.tests else ""
        return replace(found, state="conflict", text=wanted.text, edit=None, lock=known), why
    new = Written(digest(wanted.text), wanted.decided)
    if merged.text == yours:  # the person made the same change
        return Compared(wanted.path, "edited", lock=new), ""
    edit = FileEdit(wanted.path, digest(yours), merged.text, REASONS["merged"], yours)
    return Compared(wanted.path, "merged", merged.text, edit, new), ""


_CHANGED_TEST = (
    "you changed {tests}, whose rows are others now: take your change out to have ours, or give your test"
    " another name and it stays in the place of ours; then run aidbt model --name {name}"
)


def _planned(
    project: Project,
    draft: Draft,
    sentence: Sentence,
    lock: Lock,
    moved: Lock,
    files: _Files,
    replaced: str,
) -> ModelPlan:
    kept, compared = draft.kept, files.compared
    saved = kept_edit(kept, project.root)
    new = replace(
        moved, files=moved.files | {c.path: c.lock for c in compared.values() if c.lock is not None}
    )
    edits = [
        *sorted((c.edit for c in compared.values() if c.edit is not None), key=lambda edit: edit.path),
        *([saved] if saved is not None else []),
        *_lock_edits(project, lock, new),
    ]
    waiting = {path: c.text for path, c in compared.items() if c.state in _WAITS_FOR_A_PERSON}
    return ModelPlan(
        kept.name,
        _said(kept),
        kept.described,
        draft.sql,
        Patch(tuple(edits), f"aidbt model {kept.name}"),
        kept,
        files=compared,
        proposals={path: text for path, text in waiting.items() if text is not None},
        reasons=files.reasons,
        replaced=replaced,
        materialized=draft.chosen,
        witnesses=draft.witnesses,
        rungs=draft.rungs,
        notes=tuple(dict.fromkeys([*sentence.notes, *draft.notes])),
        by=sentence.by,
        level=sentence.level,
        bases={
            digest(i.text): i.text for i in files.wanted if new.files.get(i.path) != moved.files.get(i.path)
        },
    )


def yaml_place(sql_path: str) -> str:
    """The property file of a model: beside it, of the same name."""
    return str(PurePosixPath(sql_path).with_suffix(".yml"))


def _lock_edits(project: Project, lock: Lock, new: Lock) -> list[FileEdit]:
    if new == lock:
        return []
    text = lock_text(replace(new, aidbt=version("aidbt")))
    old = read_or_none(project.root / LOCK_FILE)
    return [FileEdit(LOCK_FILE, lock.digest, text, "what was generated", old)]
