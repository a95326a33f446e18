"""A project made ready for questions: its tables profiled, its documentation and semantic layer read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import AidbtError, ArtifactError, DbtError, UsageError, WarehouseError
from aidbt.core.loads import BATCH_ID, OPERATION
from aidbt.core.schema import Relation, TableProfile
from aidbt.generate.discover import profiled, scan_gate
from aidbt.generate.english_models.parents import readable
from aidbt.project import Project
from aidbt.project.compiled import compiled_project
from aidbt.project.manifest import Manifest
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.documentation import documentation_of
from aidbt.semantic.grounding import Grounding, project_grounding
from aidbt.semantic.manifest import ARTIFACT, read_artifact
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import Approve

# Tables of ours that say how others were loaded.
_OUR_OWN = "_aidbt_"


@dataclass(frozen=True)
class Grounded:
    """What questions about a project are answered with.

    Attributes:
        relations: those that can be asked about, by the name that they have in the graph.
        profiles: of the same.
        manifest: None where dbt could not parse the project.
        notes: what was left out, and why.
    """

    grounding: Grounding
    relations: dict[str, Relation]
    profiles: dict[str, TableProfile]
    manifest: Manifest | None
    notes: tuple[str, ...] = ()


def ground(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    without: str = "",
    approve: Approve | None = None,
) -> Grounded:
    """The tables of a project that questions can be about, with what names and values mean in them.

    Only tables that changed since they were profiled are scanned.

    Args:
        without: the name of a model: its own table, and what is made of it, cannot be asked about.
        approve: asked before a scan that is over the budget; None refuses.

    Raises:
        WarehouseError: the warehouse cannot be reached, or has no table to ask about.
        BudgetExceeded: the scan is over the budget, and nobody agreed.
    """
    everything = warehouse.relations()
    if not everything:
        raise _nothing_to_ask_about(everything)
    manifest, semantic, notes = _described(project, settings)
    if without and manifest is not None:
        everything = readable(everything, manifest, without)
    asked, left_out = _asked(everything, manifest)
    if not asked:
        raise _nothing_to_ask_about(everything)
    found = profiled(
        {f"relation:{relation}": ("", relation) for relation in asked},
        warehouse,
        profiles,
        settings,
        scan_gate(project, settings, approve),
    )
    notes += [
        f"{key.removeprefix('relation:')} cannot be read: {e.message}" for key, e in found.refused.items()
    ]
    notes += left_out
    relations = [table.relation for table in found.tables.values()]
    held = [table.profile for table in found.tables.values()]
    with warehouse.connect() as connection:
        grounding = project_grounding(manifest, relations, held, connection, semantic=semantic)
    known = {table.name for table in grounding.graph.tables}
    return Grounded(
        grounding,
        {relation.name: relation for relation in relations if relation.name in known},
        {profile.name: profile for profile in held if profile.name in known},
        manifest,
        tuple(notes),
    )


def project_metrics(project: Project, settings: LoadedSettings) -> SemanticManifest:
    """The semantic layer of a project, with the metrics that can be asked for by name.

    Raises:
        DbtError: dbt cannot parse the project.
        ArtifactError: it cannot be read.
        UsageError: the project has no metrics.
    """
    found = _semantic(compiled_project(project, settings.values.dbt, needed=()).path)
    if found is None:
        raise UsageError(
            "the project has no metrics", hint="draft some with 'aidbt semantic draft', or ask in a sentence"
        )
    return found


def _described(
    project: Project, settings: LoadedSettings
) -> tuple[Manifest | None, SemanticManifest | None, list[str]]:
    """What dbt knows of the project, and what is not known and why."""
    try:
        compiled = compiled_project(project, settings.values.dbt, needed=())
    except (DbtError, ArtifactError) as error:
        return None, None, [f"dbt cannot parse the project, so only the warehouse is known: {error.message}"]
    try:
        return compiled.manifest, _semantic(compiled.path), []
    except AidbtError as error:
        return compiled.manifest, None, [f"the semantic layer cannot be used: {error.message}"]


def _semantic(manifest_path: Path) -> SemanticManifest | None:
    """The semantic layer that dbt wrote beside its manifest; None without metrics.

    Raises:
        ArtifactError: it cannot be read.
    """
    path = manifest_path.with_name(ARTIFACT)
    if not path.exists():
        return None
    found = read_artifact(path)
    return found if found.metrics else None


def _asked(relations: Sequence[Relation], manifest: Manifest | None) -> tuple[list[Relation], list[str]]:
    """The relations that questions are about, and which others are left out and why."""
    plain = [relation for relation in relations if not relation.name.lower().startswith(_OUR_OWN)]
    known = documentation_of(manifest).asked(plain) if manifest is not None else plain
    landed = [relation for relation in known if _holds_loads(relation)]
    found: dict[str, Relation] = {}
    for relation in known:
        if relation not in landed:
            found.setdefault(relation.name, relation)
    hidden = [relation for relation in known if relation not in landed and relation not in found.values()]
    notes = [
        f"left out, {why}: {', '.join(map(str, left))}"
        for left, why in (
            (landed, "since they hold every load and not the rows as they are"),
            (hidden, "since another table has the same name"),
        )
        if left
    ]
    return list(found.values()), notes


def _holds_loads(relation: Relation) -> bool:
    """Whether a table has each row once per load, or once per change: adding it up would be wrong."""
    return bool({BATCH_ID, OPERATION} & {name.lower() for name in relation.column_names})


def _nothing_to_ask_about(relations: Sequence[Relation]) -> WarehouseError:
    if relations:
        return WarehouseError(
            f"none of the {len(relations):,} tables of the warehouse is one of the project's models",
            hint="build them with 'aidbt build', then ask again",
        )
    return WarehouseError(
        "the warehouse has no tables to ask about",
        hint="build the project with 'aidbt build', then ask again",
    )
