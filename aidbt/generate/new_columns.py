"""Columns that came to tables since their mappings were decided, mapped as `aidbt generate` maps them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from aidbt.core.config import LoadedSettings
from aidbt.core.findings import Severity
from aidbt.core.schema import MappedColumn, Mapping, Target
from aidbt.generate.decide import is_without_source
from aidbt.generate.lock import read_lock
from aidbt.generate.mappings import Decisions, decide_all
from aidbt.generate.outcome import GeneratePlan
from aidbt.generate.plan import plan_files, project_files
from aidbt.mapping.changes import known_columns
from aidbt.mapping.files import load_mappings, load_targets
from aidbt.mapping.mapper import source_columns
from aidbt.patching.git import blob_text
from aidbt.project import Project
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse

MAPPED_FROM = 0.8  # 0..1, the score at which a new column is taken for one of the target


@dataclass(frozen=True, slots=True)
class Extended:
    """The staging of tables with the columns that are new in them.

    Attributes:
        made: "source.table" → the columns of its staging model that are made of them, in its order.
        left: "source.table" → why it stays as it is.
        plan: the files; None where nothing is made.
    """

    made: dict[str, tuple[MappedColumn, ...]]
    left: dict[str, str]
    plan: GeneratePlan | None = None


def new_columns(mapping: Mapping, names: Collection[str], target: Target | None) -> list[str]:
    """The columns of a table that its mapping does not know, where staging has a place for them: without a
    declared target always, else while a column of it waits for a source.

    Args:
        names: of the table's columns.
    """
    if mapping.items or not _has_place(mapping, target):
        return []
    known = known_columns(mapping)
    return [name for name in names if name not in known]


def _has_place(mapping: Mapping, target: Target | None) -> bool:
    if target is None:
        return mapping.target is None
    decided = {column.target for column in mapping.columns if not is_without_source(column)}
    return any(column.name not in decided for column in target.columns)


def with_new_columns(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    keys: Collection[str],
) -> Extended:
    """The mappings of some tables with their new columns, and the files that follow.

    A column that fits one of the declared target with a score of at least `MAPPED_FROM` is accepted; what
    fits less well stays out of the mapping, for `aidbt generate` to ask about. Nothing that was decided
    changes: a table of which more would have to be decided is left as it is.

    Args:
        keys: of the mappings, "source.table".

    Raises:
        AidbtError: the project, a file of decisions or the warehouse cannot be read.
    """
    if not keys:
        return Extended({}, {})
    root, dialect = project.root, warehouse.dialect
    targets, mappings, lock = load_targets(root, dialect), load_mappings(root, dialect), read_lock(root)
    here, select = project_files(project, settings, mappings, lock), tuple(f"source:{key}" for key in keys)
    with warehouse.connect():
        decisions = decide_all(project, settings, warehouse, profiles, targets, mappings, here, select=select)
    made: dict[str, tuple[MappedColumn, ...]] = {}
    left: dict[str, str] = {}
    current = dict(mappings)
    for key in sorted(keys):
        found = _extended(mappings[key], key, decisions)
        if isinstance(found, str):
            left[key] = found
        else:
            current[key], made[key] = found
    if not made:
        return Extended(made, left)
    only = replace(decisions, mappings=current, changed=frozenset(made), questions=None)
    select = tuple(f"source:{key}" for key in made)
    plan = plan_files(
        project, settings, only, targets, lock, here, lambda digest: blob_text(root, digest), select=select
    )
    return Extended(made, left, plan)


def _extended(
    before: Mapping, key: str, decisions: Decisions
) -> tuple[Mapping, tuple[MappedColumn, ...]] | str:
    """A mapping with what is sure of the new columns of its table, and these; or why it stays as it is."""
    table = decisions.tables.get(key)
    if table is None:
        return "it is not read by aidbt"
    said = (f for f in decisions.findings if f.severity is not Severity.INFO)
    other = next((f for f in said if f.where == key or f.where.startswith(f"{key}.")), None)
    if other is not None:
        return f"more than new columns changed in it: {other.message}"
    added = {column.name for column in source_columns(table.relation)} - known_columns(before).keys()
    now = _accepted(before, decisions.mappings[key], added)
    made = tuple(column for column in now.columns if added & set(column.sources))
    if not made:
        return "no column of its target is made of them for certain"
    names = {column.target for column in made}
    if [c for c in now.columns if c not in made] != [c for c in before.columns if c.target not in names]:
        return "more than new columns changed in it"
    return now, made


def _accepted(before: Mapping, now: Mapping, added: Collection[str]) -> Mapping:
    """The mapping with what is sure enough of the new columns accepted, and what is not as it was."""
    was = {column.target: column for column in before.columns}
    columns = []
    for column in now.columns:
        if not set(added) & set(column.sources) or column.status == "accepted":
            columns.append(column)
        elif (column.score or 0.0) >= MAPPED_FROM and not (column.note or column.needs_expression):
            columns.append(replace(column, status="accepted", score=None, alternatives=()))
        elif column.target in was:
            columns.append(was[column.target])
    return replace(now, columns=tuple(columns), tests=before.tests)
