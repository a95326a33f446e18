"""Every mapping of the project, brought up to date with what the warehouse holds now."""

from __future__ import annotations

from dataclasses import dataclass

from aidbt.core.config import LoadedSettings
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Mapping, Target
from aidbt.generate.decide import broken_tests, extend_mapping, map_table, propose_tests
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
    chosen = tables_for_targets(
        {key: table.relation for key, table in tables.items() if key not in mappings},
        open_targets,
        settings.values.mapping,
    )
    target_of = {key: targets[name] for name, key in chosen.items()}
    findings = [
        Finding(
            "target.no_table", Severity.WARN, f"aidbt/targets/{name}.yml", f"no table fits the target {name}"
        )
        for name in sorted(set(open_targets) - set(chosen))
        if not select
    ]
    current = dict(mappings)
    new: set[str] = set()
    with warehouse.connect() as connection:
        ask = questions(connection, warehouse.dialect)
        for key, table in sorted(tables.items()):
            if key in mappings:
                old = mappings[key]
                current[key], seen = extend_mapping(
                    old, table, targets.get(old.target or ""), settings.values.mapping, ask
                )
                findings += [*seen, *broken_tests(old, table.profile)]
            else:
                current[key], _ = map_table(table, target_of.get(key), settings.values.mapping, ask)
                new.add(key)
        if settings.values.generate.tests == "keys":
            current, broken = propose_tests(current, tables, targets, new, ask)
            findings += broken
    changed = frozenset(key for key in tables if current[key] != mappings.get(key))
    return Decisions(current, changed, tuple(findings), tuple(skipped), scanned)
