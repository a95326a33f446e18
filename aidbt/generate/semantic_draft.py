"""`aidbt semantic draft`: semantic models and metrics proposed for a project's models, as files for review.

A model that has a semantic model is left as it is, whoever wrote it; naming it in the selection drafts it
again where the draft was ours, with the rules of every generated file: what a person changed is merged with
what is new, or the new text is only proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import UnknownName
from aidbt.core.patch import apply_patch
from aidbt.core.schema import Relation, TableProfile
from aidbt.generate.bases import Bases
from aidbt.generate.discover import profiled, scan_gate
from aidbt.generate.lock import Lock, read_lock
from aidbt.generate.outcome import GeneratePlan
from aidbt.generate.plan import write_proposals
from aidbt.generate.semantic_files import TIME_SPINE, SemanticFiles, own_path, spliced_entry
from aidbt.project import Project
from aidbt.project.manifest import Manifest, Node
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.drafting.models import Draft, Drafted, LeftOut, draft
from aidbt.semantic.grounding import project_grounding
from aidbt.semantic.layer.manifest import require_no_errors
from aidbt.semantic.layer.project_layer import project_layer, relations_as_files, relations_of, semantic_texts
from aidbt.semantic.layer.yaml_files import read_yaml
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import Approve


@dataclass(frozen=True, slots=True)
class SemanticDraft:
    """What drafting did, or would do.

    Attributes:
        plan: the files and what becomes of them.
        drafted: the drafts whose files are written or proposed.
        left_out: columns and tables that no draft uses, and why.
        kept: models that have a semantic model, by name with where it is.
        time_spine: the path of the time spine that goes with the drafts; "" where the project has one.
    """

    plan: GeneratePlan
    drafted: tuple[Drafted, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    time_spine: str = ""


def run_semantic_draft(
    project: Project,
    settings: LoadedSettings,
    manifest: Manifest,
    warehouse: Warehouse,
    profiles: ProfileCache,
    bases: Bases,
    *,
    select: Sequence[str] = (),
    write: bool = True,
    approve: Approve | None = None,
) -> SemanticDraft:
    """Draft what is missing, and write it unless told otherwise.

    Args:
        manifest: the project as dbt parsed it.
        select: names of models, `*` matches anything; none are all models that no other layer is above of.
        approve: asked before a scan that is over the budget; None refuses.

    Raises:
        UnknownName: the selection matches no model.
        BudgetExceeded: the scan is over the budget, and nobody agreed.
        AidbtError: the project's semantic layer has errors, or the warehouse cannot be read.
    """
    lock = read_lock(project.root)
    texts = semantic_texts(project)
    wanted = _wanted(manifest, project.name, select)
    layer = project_layer(project, manifest)
    require_no_errors(layer.findings)
    redrafted = {name for name in wanted if select and own_path(name, lock)}
    kept = [(m.model, f"{m.path}:{m.line}") for m in layer.manifest.semantic_models if m.model in wanted]
    kept = [(name, where) for name, where in kept if name not in redrafted]
    removed = (
        [] if select else [name for name in wanted if name not in dict(kept) and _is_spliced(name, lock)]
    )
    missing = {name: node for name, node in wanted.items() if name not in (*dict(kept), *removed)}
    others = {path: text for path, text in texts.items() if path not in _paths_of(redrafted, lock)}
    existing = read_yaml(others, relation_of=relations_of(manifest)).manifest
    found, read = _drafted(
        project, settings, manifest, warehouse, profiles, missing, existing, approve=approve
    )
    files = SemanticFiles(
        project, settings, relations_of(manifest), lock, bases.get, texts, restore=bool(select)
    )
    has_models = found.tables or existing.semantic_models
    spine = files.add_time_spine(read) if has_models and not existing.time_spines else ""
    for drafted in found.tables:
        files.add(drafted)
    plan = _carried_out(files, project, bases, write=write)
    taken_out = [LeftOut(name, "", f"you took its draft out; -s {name} drafts it again") for name in removed]
    return SemanticDraft(plan, found.tables, (*found.left_out, *taken_out), tuple(kept), spine)


def run_time_spine_draft(
    project: Project, settings: LoadedSettings, bases: Bases, *, write: bool = True
) -> SemanticDraft:
    """The time spine alone, from files: dbt cannot parse a project that has semantic models and none.

    It is written again where a person took it out.

    Raises:
        AidbtError: the project's YAML cannot be read.
    """
    lock = read_lock(project.root)
    texts, known = semantic_texts(project), relations_as_files(project)
    files = SemanticFiles(project, settings, known, lock, bases.get, texts, restore=True)
    spine = files.add_time_spine(())
    return SemanticDraft(_carried_out(files, project, bases, write=write), time_spine=spine)


def _carried_out(files: SemanticFiles, project: Project, bases: Bases, *, write: bool) -> GeneratePlan:
    """What becomes of the files, and done unless told otherwise."""
    plan = files.plan()
    if write:
        apply_patch(plan.patch, project.root)
        bases.put(plan.bases)
        write_proposals(project.root, plan.proposals)
    return plan


# --- which models ------------------------------------------------------------------------------------------


def _wanted(manifest: Manifest, project: str, select: Sequence[str]) -> dict[str, Node]:
    """The models to draft, by name: those selected, else those that do not read a source, else all.

    Raises:
        UnknownName: a selector matches nothing.
    """
    models = {
        node.name: node
        for node in manifest.of_type("model")
        if node.package == project and node.config.get("materialized") != "ephemeral"
    }
    for pattern in select:
        if not any(fnmatchcase(name, pattern) for name in models):
            raise UnknownName("model", pattern, models)
    if select:
        return {
            name: node
            for name, node in models.items()
            if any(fnmatchcase(name, pattern) for pattern in select)
        }
    spines = {name: node for name, node in models.items() if _is_spine(node)}
    models = {name: node for name, node in models.items() if name not in spines}
    above = {
        name: node
        for name, node in models.items()
        if not any(parent.startswith("source.") for parent in node.depends_on)
    }
    return above or models


def _is_spine(node: Node) -> bool:
    return node.name == TIME_SPINE or bool(node.raw.get("time_spine"))


def _is_spliced(model: str, lock: Lock) -> bool:
    return any(spliced_entry(model) in entries for entries in lock.entries.values())


def _paths_of(models: Iterable[str], lock: Lock) -> set[str]:
    return {own_path(model, lock) for model in models}


# --- what they hold ----------------------------------------------------------------------------------------


def _drafted(
    project: Project,
    settings: LoadedSettings,
    manifest: Manifest,
    warehouse: Warehouse,
    profiles: ProfileCache,
    models: Mapping[str, Node],
    existing: SemanticManifest,
    *,
    approve: Approve | None,
) -> tuple[Draft, tuple[TableProfile, ...]]:
    """The drafts of models, and the profiles of what they stand beside: what their keys may refer to."""
    if not models:
        return Draft(()), ()
    beside = {**_wanted(manifest, project.name, ()), **models}
    by_place = {(r.schema.lower(), r.name.lower()): r for r in warehouse.relations()}
    relations = {name: by_place.get((n.schema.lower(), n.identifier.lower())) for name, n in beside.items()}
    built = {name: relation for name, relation in relations.items() if relation is not None}
    found = profiled(
        {f"model.{name}": ("model", relation) for name, relation in built.items()},
        warehouse,
        profiles,
        settings,
        scan_gate(project, settings, approve),
    )
    kept = tuple(table.profile for table in found.tables.values())
    with warehouse.connect() as connection:
        grounding = project_grounding(manifest, list(built.values()), kept, connection)
    known = {table.name for table in grounding.graph.tables}
    names = {r.name: name for name, r in built.items() if name in models and r.name in known}
    drafts = draft(grounding.graph, kept, names, existing)
    unread = [LeftOut(name, "", _reason(built.get(name))) for name in models if name not in names.values()]
    return replace(drafts, left_out=(*unread, *drafts.left_out)), kept


def _reason(relation: Relation | None) -> str:
    if relation is None:
        return "it is not built yet; run dbt build first"
    return "its rows are those of another model that is made from it, or it cannot be read"
