"""`aidbt map --drift`: the tables and targets as they are now against the decided mappings.

Columns are compared by the catalog alone; only the rows of tables that changed are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from aidbt.core.config import LoadedSettings
from aidbt.core.errors import UsageError
from aidbt.core.findings import Finding, Severity
from aidbt.core.patch import Patch, apply_patch
from aidbt.core.schema import Mapping, Relation, TableProfile, Target
from aidbt.generate.decide import Questions, RawTable, Ways, extend_mapping, table_drift
from aidbt.generate.discover import is_selected, profiled, questions, raw_relations, scan_gate
from aidbt.generate.lock import read_lock
from aidbt.generate.mappings import entities_of, list_drifts, profiles_before, with_references
from aidbt.generate.plan import mapping_edits, project_files, write_proposals
from aidbt.generate.questions.wanted import with_wanted_readings
from aidbt.mapping.changes import table_gone, unknown_targets
from aidbt.mapping.drift import Drift, drift_of, has_changed
from aidbt.mapping.files import load_mappings, load_targets
from aidbt.mapping.history import history_of
from aidbt.project import Project
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse
from aidbt.warehouse.budget import Approve


@dataclass(frozen=True, slots=True)
class ProjectDrift:
    """How far the sources and targets of a project are from its mappings.

    Attributes:
        drifts: by "source.table", of the tables that drifted only.
        mappings: the mappings that change, as they are proposed.
        compared: how many mapped tables and columns were looked at.
        undecided: tables that have no mapping yet.
        patch: the mapping files to write; empty when nothing changes.
        proposals: mapping files laid out by hand, for which a change is proposed: path → proposed text.
        findings: one per change; those that a change of a mapping file settles carry it as their patch.
    """

    drifts: dict[str, Drift]
    mappings: dict[str, Mapping]
    compared: tuple[int, int]
    undecided: tuple[str, ...] = ()
    patch: Patch = field(default_factory=Patch)
    proposals: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def is_drift(self) -> bool:
        """Whether anything is not as it was decided."""
        return bool(self.drifts or self.findings)

    @property
    def has_errors(self) -> bool:
        """Whether a finding is at the gate: a model cannot be built, or a person has to look."""
        return any(finding.severity == Severity.ERROR for finding in self.findings)


def run_drift(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    select: Iterable[str] = (),
    write: bool = True,
    approve: Approve | None = None,
) -> ProjectDrift:
    """Compare, and write the change of the mappings that follows unless told otherwise.

    Args:
        select: `source:NAME`, `source:NAME.TABLE`, a table or a staging model, with `*`; empty is all.
        approve: asked before a scan that is over the budget; None refuses.

    Raises:
        UsageError: a selector matches nothing.
        BudgetExceeded: the scan is over the budget, and nobody agreed.
        AidbtError: the project, a file of decisions or the warehouse cannot be read.
    """
    found = find_drift(project, settings, warehouse, profiles, select=select, approve=approve)
    if write:
        apply_patch(found.patch, project.root)
        write_proposals(project.root, found.proposals)
    return found


def find_drift(
    project: Project,
    settings: LoadedSettings,
    warehouse: Warehouse,
    profiles: ProfileCache,
    *,
    select: Iterable[str] = (),
    approve: Approve | None = None,
) -> ProjectDrift:
    """How far the project is from its mappings, and the change that is proposed; nothing is written.

    Args, Raises: as `run_drift`.
    """
    select = tuple(select)
    dialect = warehouse.dialect
    targets, mappings = load_targets(project.root, dialect), load_mappings(project.root, dialect)
    here = project_files(project, settings, mappings, read_lock(project.root))
    with warehouse.connect() as connection:
        places, _ = raw_relations(warehouse, settings, here, mappings, keep_staged=True)
        chosen = _selected(mappings, places, select, settings)
        relations = {key: places[key][1] for key in chosen if key in places}
        changed = {
            key: relation
            for key, relation in relations.items()
            if has_changed(chosen[key], relation, targets.get(chosen[key].target or ""), dialect=dialect)
        }
        to_read = {key: places[key] for key in changed}
        may_scan = scan_gate(project, settings, approve)
        looked = profiled(to_read, warehouse, profiles, settings, may_scan, to_decide=to_read)
        rules = settings.values.conventions
        entities = entities_of(((source, r.name) for source, r in places.values()), here, rules)
        history = history_of(mappings.values())
        ways = Ways(dialect, settings.values.mapping, rules, history, entities)
        before = profiles_before(chosen, changed, profiles)
        drifts, proposed = {}, dict(mappings)
        ask = questions(connection, dialect)
        for key, relation in sorted(changed.items()):
            target, was = targets.get(chosen[key].target or ""), before.get(key)
            if key in looked.tables:
                table = looked.tables[key]
                drifts[key], proposed[key] = _proposal(chosen[key], table, target, ways, ask, was)
            else:  # its names and types are known all the same
                drift = drift_of(
                    chosen[key],
                    relation,
                    None,
                    before=was,
                    target=target,
                    settings=ways.mapping,
                    dialect=dialect,
                )
                drifts[key], proposed[key] = drift, drift.mapping
        readable = {key: relation for key, relation in relations.items() if key not in looked.refused}
        for key, drift in list_drifts(chosen, readable, drifts, ways, ask).items():
            drifts[key], proposed[key] = drift, drift.mapping
    proposed = with_references(proposed, drifts)
    changes = {key: mapping for key, mapping in proposed.items() if mapping != mappings[key]}
    edits, proposals = mapping_edits(project.root, changes)
    others = {key: relation for key, (_, relation) in places.items() if key not in mappings}
    findings = [table_gone(m, others) for m in chosen.values() if not m.items and m.key not in places]
    findings += unknown_targets(chosen.values(), targets)
    findings += [
        Finding("table.unreadable", Severity.ERROR, key, f"it cannot be read: {error.message}")
        for key, error in sorted(looked.refused.items())
    ]
    for key, drift in sorted(drifts.items()):
        patch = Patch((edits[key],), f"follow the change of {key}") if key in edits else None
        findings += [replace(finding, patch=patch) for finding in drift.findings]
    return ProjectDrift(
        drifts={key: drift for key, drift in drifts.items() if drift},
        mappings=changes,
        compared=(len(relations), sum(len(relation.columns) for relation in relations.values())),
        undecided=tuple(
            key
            for key, relation in others.items()
            if not select or is_selected(places[key][0], relation.name, select, settings)
        ),
        patch=Patch(tuple(edits.values()), "aidbt map --drift"),
        proposals=proposals,
        findings=tuple(findings),
    )


def _selected(
    mappings: dict[str, Mapping],
    places: dict[str, tuple[str, Relation]],
    select: tuple[str, ...],
    settings: LoadedSettings,
) -> dict[str, Mapping]:
    """The mappings of the selected tables.

    Raises:
        UsageError: a selector matches neither a mapping nor a table.
    """
    if not select:
        return mappings
    chosen = {k: m for k, m in mappings.items() if is_selected(m.source, m.table, select, settings)}
    if not chosen and not any(is_selected(s, r.name, select, settings) for s, r in places.values()):
        raise UsageError(
            f"nothing is selected by {' '.join(select)}",
            hint="select source:NAME, source:NAME.TABLE, a table or a staging model; * matches anything",
        )
    return chosen


def _proposal(
    mapping: Mapping,
    table: RawTable,
    target: Target | None,
    ways: Ways,
    ask: Questions,
    before: TableProfile | None,
) -> tuple[Drift, Mapping]:
    """The drift of a table that was read, and the mapping that is proposed, with what is new."""
    drift = table_drift(mapping, table, target, ways, ask, before=before)
    has_new = drift.source.added or drift.target.added
    if not has_new or drift.is_target_gone:
        return drift, drift.mapping
    extended = extend_mapping(drift.mapping, table, target, ways, ask, renamed=drift.source.renamed)
    if target is not None:
        extended = with_wanted_readings(extended, drift.mapping, table, target, ways, ask)
    return drift, extended
