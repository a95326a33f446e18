"""What a declared target holds already: the relation that its file names, by the declared columns' names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from aidbt.core.errors import nearest
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Mapping as TableMapping
from aidbt.core.schema import Relation, TableProfile, Target
from aidbt.mapping.transforms.both_sides import RowsWanted
from aidbt.mapping.transforms.value import Row

Rows = Callable[[Relation, TableProfile, RowsWanted], Sequence[Row]]
"""(relation, its profile, which rows) → those rows, as texts by column."""


@dataclass(frozen=True)
class Held:
    """A relation that holds rows of a target, which may write the columns' names in other capitals."""

    target: Target
    relation: Relation
    content: TableProfile

    @cached_property
    def names(self) -> dict[str, str]:
        """The relation's name of each declared column that it has."""
        names = self.relation.column_names
        own = {name.casefold(): name for name in names} | {name: name for name in names}
        wanted = ((c.name, own.get(c.name) or own.get(c.name.casefold())) for c in self.target.columns)
        return {declared: name for declared, name in wanted if name is not None}

    @cached_property
    def profile(self) -> TableProfile:
        """What the declared columns hold, by their declared names."""
        declared = {name: column for column, name in self.names.items()}
        columns = (c for c in self.content.columns if c.name in declared)
        keys = (key for key in self.content.composite_keys if declared.keys() >= set(key))
        return replace(
            self.content,
            columns=tuple(replace(column, name=declared[column.name]) for column in columns),
            keys=tuple(declared[key] for key in self.content.keys if key in declared),
            composite_keys=tuple(tuple(declared[name] for name in key) for key in keys),
        )

    def rows(self, wanted: RowsWanted, fetch: Rows) -> list[Row]:
        """Some of its rows by the declared names.

        Args:
            wanted: in declared names.
        """
        chosen = [name for name in wanted.columns if name in self.names]
        own = replace(wanted, columns=tuple(self.names[name] for name in chosen), by=self.names[wanted.by])
        found = fetch(self.relation, self.content, own)
        return [{name: row.get(self.names[name]) for name in chosen} for row in found]


def held_relations(
    targets: Mapping[str, Target],
    mappings: Mapping[str, TableMapping],
    tables: Collection[str],
    relations: Sequence[Relation],
    *,
    refresh: bool = False,
) -> tuple[dict[str, tuple[str, Relation]], list[Finding]]:
    """The relations of the targets of which something is still to be decided, and findings for those that do
    not exist.

    Args:
        mappings: what was decided before, by "source.table".
        tables: the keys of the tables that are looked at.
        relations: every relation of the warehouse.
        refresh: whether everything is decided anew.

    Returns:
        Relations, which belong to no source, by `held_key`.
    """
    places = {str(relation).casefold(): relation for relation in relations}
    found: dict[str, tuple[str, Relation]] = {}
    findings: list[Finding] = []
    for target in targets.values():
        if not target.relation or not _is_open(target, mappings, tables, refresh=refresh):
            continue
        relation = places.get(target.relation.casefold())
        if relation is None:
            findings.append(_not_there(target, relations))
        else:
            found[held_key(target)] = "", relation
    return found, findings


def held_key(target: Target) -> str:
    """The key of a target's relation among tables, of which no source has one like it."""
    return f"target {target.name}"


def _is_open(
    target: Target, mappings: Mapping[str, TableMapping], tables: Collection[str], *, refresh: bool
) -> bool:
    """Whether a column of the target is undecided, or is decided anew."""
    for key, mapping in mappings.items():
        if mapping.target == target.name:
            decided = {column.target for column in mapping.columns}
            is_new = refresh or not decided.issuperset(column.name for column in target.columns)
            return is_new and key in tables
    return True


def _not_there(target: Target, relations: Sequence[Relation]) -> Finding:
    close = nearest(target.relation, [str(relation) for relation in relations])
    return Finding(
        "target.no_relation",
        Severity.WARN,
        f"aidbt/targets/{target.name}.yml",
        f"its relation {target.relation} does not exist" + (f"; did you mean {close}?" if close else ""),
    )
