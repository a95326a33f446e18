"""Every mapping of the project, brought up to date with what the warehouse holds now."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import nearest
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Mapping, Relation, Target
from aidbt.generate.decide import (
    RawTable,
    broken_casts,
    broken_tests,
    extend_mapping,
    map_table,
    propose_tests,
)
from aidbt.generate.discover import Skipped, only, profiled, questions, raw_relations
from aidbt.mapping.tables import tables_for_targets
from aidbt.project.declared import Declared
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Decisions:
    """Every mapping of the project, brought up to date.

    Attributes:
        mappings: by "source.table".
        changed: the keys that are new or were extended now.
        profiled: how many tables were scanned now; the others were known.
    """

    mappings: dict[str, Mapping]
    changed: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    profiled: int = 0


def decide_all(
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    targets: dict[str, Target],
    mappings: dict[str, Mapping],
    here: Declared,
    *,
    select: tuple[str, ...] = (),
) -> Decisions:
    """Every mapping, with those of new or changed tables decided as far as that is certain."""
    relations, skipped = raw_relations(warehouse, settings, here)
    relations = only(relations, select, settings)
    tables, scanned = profiled(relations, warehouse, profiles, settings)
    open_targets = {n: t for n, t in targets.items() if n not in {m.target for m in mappings.values()}}
    free = {
        k: t.relation for k, t in tables.items() if k not in mappings or _is_only_by_convention(mappings[k])
    }
    chosen = tables_for_targets(free, open_targets, settings.values.mapping)
    target_of = {key: targets[name] for name, key in chosen.items()}
    findings = (
        [] if select else [_no_table(open_targets[n], tables, free) for n in open_targets if n not in chosen]
    )
    current = dict(mappings)
    new: set[str] = set()
    with warehouse.connect() as connection:
        ask = questions(connection, warehouse.dialect)
        for key, table in sorted(tables.items()):
            if key in mappings and key not in target_of:
                old = mappings[key]
                current[key], seen = extend_mapping(
                    old, table, targets.get(old.target or ""), settings.values.mapping, ask
                )
                findings += [*seen, *broken_tests(old, table.profile)]
                if key in scanned:
                    findings += broken_casts(old, table.relation, ask)
            else:
                fresh, _ = map_table(table, target_of.get(key), settings.values.mapping, ask)
                known = mappings.get(key)
                current[key] = replace(fresh, path=known.path, digest=known.digest) if known else fresh
                new.add(key)
        if settings.values.generate.tests == "keys":
            current, broken = propose_tests(current, tables, targets, new, ask)
            findings += broken
    changed = frozenset(key for key in tables if current[key] != mappings.get(key))
    return Decisions(current, changed, tuple(findings), tuple(skipped), len(scanned))


def _is_only_by_convention(mapping: Mapping) -> bool:
    """Whether nobody decided anything yet: a target that is declared later may still take the table."""
    by = {column.by for column in mapping.columns} | {test.by for test in mapping.tests}
    return mapping.target is None and by <= {"aidbt"}


def _no_table(target: Target, tables: dict[str, RawTable], free: dict[str, Relation]) -> Finding:
    named = target.sources[0] if target.sources else ""
    if named and named not in tables:
        close = nearest(named, tables)
        message = f"its table {named} does not exist" + (f"; did you mean {close}?" if close else "")
    elif named and named not in free:
        message = (
            f"its table {named} is mapped already, with decisions of people; remove its mapping to start anew"
        )
    else:
        message = f"no table fits the target {target.name}; name it under 'sources:'"
    return Finding("target.no_table", Severity.WARN, f"aidbt/targets/{target.name}.yml", message)
