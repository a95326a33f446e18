"""What changed since a mapping was decided: in the table, in the declared target, and what follows from it.

Values in, values out. A renamed column is found by the matcher, which compares what is gone with what is new;
where it stands and what it holds are told by the profile before the change, while the store still has it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from aidbt.core.config import MappingSettings
from aidbt.core.findings import Finding
from aidbt.core.schema import Column, Mapping, Relation, TableProfile, Target
from aidbt.core.types import is_same_type
from aidbt.mapping.changes import Changes, findings_of, is_kept, known_columns, needed_columns
from aidbt.mapping.follow import follow_renames, follow_targets, without_gone
from aidbt.mapping.mapper import source_columns
from aidbt.mapping.renames import Candidates, Renamed, Version, renames_of
from aidbt.mapping.retypes import Lossy, nothing_proven, retype


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a table and its target are from what was decided.

    Attributes:
        mapping: what the mapping would have to be; columns that are new are not in it yet.
        followed: the mapping with renamed columns under their new names, and nothing else changed.
        source: changes of the table.
        target: changes of the declared target.
        is_target_gone: whether the target is not declared any more.
        findings: one per change, and one per decision that cannot be kept.
    """

    mapping: Mapping
    followed: Mapping
    source: Changes = Changes()
    target: Changes = Changes()
    is_target_gone: bool = False
    findings: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.source or self.target or self.is_target_gone or self.findings)


def drift_of(
    mapping: Mapping,
    relation: Relation,
    profile: TableProfile | None,
    *,
    before: TableProfile | None = None,
    target: Target | None = None,
    parent: Drift | None = None,
    lossy: Lossy = nothing_proven,
    settings: MappingSettings | None = None,
    dialect: str = "duckdb",
    may_accept: bool = True,
) -> Drift:
    """How far a table and its declared target are from what was decided about them.

    A column that was renamed keeps its target, its tests, its status and who decided it; below
    `mapping.precision` it waits for a person. A column whose source is gone, or is of a type that some row
    does not survive, waits for a person too, with all that was decided.

    Args:
        profile: what the table holds now; None when it was not looked at.
        before: what it held before the change; None when that is not known any more.
        target: the mapping's target as it is declared now; None when there is none.
        parent: the drift of the table itself, for the mapping of a list in it.
        lossy: [(column, cast)] → rows that would lose something, by pair; what is missing is not proven.
        dialect: in which the mapping's SQL is written.
        may_accept: whether a certain rename is accepted without a person.
    """
    settings = settings or MappingSettings()
    is_target_gone = mapping.target is not None and target is None
    if not has_changed(mapping, relation, target, dialect=dialect):
        return Drift(mapping, mapping, is_target_gone=is_target_gone)
    source, types = _source_changes(mapping, relation, profile, before, parent, settings, may_accept)
    aims = _target_changes(mapping, target, settings, may_accept)
    followed, findings = follow_renames(mapping, source.renamed, dialect=dialect)
    followed = follow_targets(followed, aims.renamed)
    moved, retyped, declared_anew = retype(followed, relation, types, target, lossy, dialect)
    source, aims = replace(source, retyped=retyped), replace(aims, retyped=declared_anew)
    proposed = without_gone(moved, source.removed, aims.removed)
    said = (*findings_of(mapping, source, aims), *findings)
    return Drift(proposed, followed, source, aims, is_target_gone, said)


def has_changed(mapping: Mapping, relation: Relation, target: Target | None, *, dialect: str) -> bool:
    """Whether any column's name or type differs from what was decided; quick, for tables by the thousand."""
    known = known_columns(mapping)
    types = {column.name: column.data_type for column in relation.columns}
    if any(name not in types for name in needed_columns(mapping)):
        return True
    if not mapping.items and any(column.name not in known for column in source_columns(relation)):
        return True
    if any(old != types.get(name, old) for name, old in _decided_types(mapping).items()):
        return True
    if target is None:
        return False
    declared = {column.name: column.data_type for column in target.columns}
    decided = {column.target for column in mapping.columns}
    if declared.keys() - decided or not {c.target for c in mapping.columns if is_kept(c)} <= declared.keys():
        return True
    staged = [(c.target, c.cast or types[c.sources[0]]) for c in mapping.proposed()]
    return any(declared[name] and not is_same_type(declared[name], now, dialect) for name, now in staged)


def _source_changes(
    mapping: Mapping,
    relation: Relation,
    profile: TableProfile | None,
    before: TableProfile | None,
    parent: Drift | None,
    settings: MappingSettings,
    may_accept: bool,
) -> tuple[Changes, dict[str, str]]:
    """What was added, removed and renamed in the table, and the old types by the names of now."""
    known = known_columns(mapping)
    types = _decided_types(mapping)
    was = {**({column.name: column.data_type for column in before.columns} if before else {}), **types}
    gone = [name for name in known if relation.column(name) is None]
    likely: dict[str, Candidates] = {}
    if mapping.items:
        added: list[Column] = []
        renamed = [item for item in (parent.source.renamed if parent else ()) if item.old in gone]
    else:
        added = [column for column in source_columns(relation) if column.name not in known]
        old = Version(
            [Column(name, was.get(name, "")) for name in gone],
            [column.name for column in before.columns] if before else [],
            before,
        )
        found = renames_of(old, Version(added, relation.column_names, profile), settings)
        never = _refused(mapping)
        renamed = _worth_following(found.found, mapping, never, settings, may_accept)
        likely = {
            name: left
            for name, others in found.likely.items()
            if (left := tuple(other for other in others if (name, other[0]) not in never))
        }
    names = {item.old: item.new for item in renamed}
    needed = needed_columns(mapping)
    removed = tuple(name for name in gone if name not in names and name in needed)
    changes = Changes(
        added=tuple(column.name for column in added if column.name not in names.values()),
        removed=removed,
        renamed=tuple(renamed),
        likely={name: others for name, others in likely.items() if name in removed},
    )
    return changes, {names.get(name, name): old for name, old in types.items()}


def _refused(mapping: Mapping) -> set[tuple[str, str]]:
    """The pairs (source column, other source column) of which a person said that they are not the same."""
    return {(old, new) for column in mapping.columns for old in column.sources for new in column.never}


def _worth_following(
    found: Sequence[Renamed],
    mapping: Mapping,
    never: Collection[tuple[str, str]],
    settings: MappingSettings,
    may_accept: bool,
) -> list[Renamed]:
    """The renames that are certain, and of columns that staging uses also those that a person can be asked
    about: of what is left out nobody is asked, and a new column must not be left out by a guess.
    """
    used = {name for column in mapping.columns if is_kept(column) for name in column.sources}
    followed = []
    for item in found:
        is_certain = item.probability >= settings.precision
        if (item.old, item.new) in never or not (is_certain or item.old in used):
            continue
        followed.append(replace(item, is_accepted=is_certain and (may_accept or item.old not in used)))
    return followed


def _target_changes(
    mapping: Mapping,
    target: Target | None,
    settings: MappingSettings,
    may_accept: bool,
) -> Changes:
    """What was added, removed and renamed in the declared target."""
    if target is None:
        return Changes()
    declared = {column.name for column in target.columns}
    decided = {column.target for column in mapping.columns}
    gone = [column for column in mapping.columns if column.target not in declared]
    added = [column for column in target.columns if column.name not in decided]
    old = Version(
        [Column(c.target, c.cast or c.source_type) for c in gone], [c.target for c in mapping.columns]
    )
    found = renames_of(old, Version(added, [column.name for column in target.columns]), settings)
    renamed = tuple(
        replace(item, is_accepted=may_accept and item.probability >= settings.precision)
        for item in found.found
    )
    names = {item.old: item.new for item in renamed}
    return Changes(
        added=tuple(column.name for column in added if column.name not in names.values()),
        removed=tuple(c.target for c in gone if c.target not in names and is_kept(c)),
        renamed=renamed,
    )


def _decided_types(mapping: Mapping) -> dict[str, str]:
    """The type of each source column when it was decided, where its line says it."""
    return {c.sources[0]: c.source_type for c in mapping.columns if len(c.sources) == 1 and c.source_type}
