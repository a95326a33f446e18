"""What changed of the columns of the models since they were compared last, and what was undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from aidbt.core.config import MappingSettings
from aidbt.core.findings import Finding, Severity
from aidbt.core.incidents import Incident, key_of
from aidbt.core.measured import Anomaly, Monitor, node_name
from aidbt.core.schema import Column
from aidbt.core.types import is_same_type
from aidbt.monitors.judging.schema_changes import METRIC as SCHEMA
from aidbt.monitors.judging.schema_changes import Renames, SchemaChange, schema_anomalies, schema_changes
from aidbt.observability.checked import Check, Checked, Remembered
from aidbt.observability.named_columns import NamedColumns
from aidbt.project.manifest import Manifest
from aidbt.store import Store
from aidbt.store.buckets import Buckets

# Records of the store: the columns that a node was last compared with, by when they were seen.
COMPARED = "monitor_schema"


def check_columns(
    manifest: Manifest,
    store: Store,
    nodes: Sequence[str],
    *,
    incidents: Iterable[Incident],
    renames: Renames,
    dialect: str,
    now: datetime,
) -> Check:
    """What changed of the columns since they were compared last; the first time there is nothing to say.

    A change of what nothing in the project names is a finding and no anomaly. What was told of a column is
    over when it is as it was, or when nothing names it any more.

    Args:
        incidents: those that are open.

    Raises:
        StoreError: the store cannot be read.
    """
    buckets = Buckets(store)
    before = {key: float(record.value) for key, record in store.all(COMPARED).items()}
    today, told = datetime(now.year, now.month, now.day), _told(incidents)
    seen = {node: versions for node in nodes if (versions := buckets.columns_seen(node))}
    named = NamedColumns(manifest, lambda node: seen[node][-1][1] if node in seen else {})
    anomalies: list[Anomaly] = []
    findings: list[Finding] = []
    passed: dict[Monitor, datetime] = {}
    compared: dict[str, float] = {}
    for node, versions in seen.items():
        at, columns = versions[-1]
        undone = {one.monitor for one in told[node] if _is_undone(one, columns, named, dialect)}
        passed |= dict.fromkeys(undone, today)
        if before.get(node) == at.timestamp():
            continue
        compared[node] = at.timestamp()
        old = next((then for when, then in versions if when.timestamp() == before.get(node)), None)
        if old is None:
            continue
        changes = schema_changes(old, columns, dialect=dialect, renames=renames)
        changes = [change for change in changes if Monitor(node, SCHEMA, change.column) not in undone]
        harmless = {c for c in changes if c.kind != "added" and not named.is_named(node, c.column)}
        start = datetime(at.year, at.month, at.day)
        anomalies += schema_anomalies(node, [c for c in changes if c not in harmless], start)
        findings += [*_added(node, changes), *_harmless(node, [c for c in changes if c in harmless])]
    found = Checked(anomalies=tuple(anomalies), findings=tuple(findings), passed=passed)
    return Check(found, Remembered(compared=compared))


def _told(incidents: Iterable[Incident]) -> dict[str, list[Anomaly]]:
    """Node → the last change that was told of each of its columns and still stands."""
    last = {
        anomaly.monitor: anomaly
        for incident in incidents
        for anomaly in incident.anomalies
        if anomaly.monitor.metric == SCHEMA and key_of(anomaly.monitor) not in incident.well
    }
    found = defaultdict(list)
    for monitor, anomaly in last.items():
        found[monitor.node].append(anomaly)
    return found


def _is_undone(told: Anomaly, columns: Mapping[str, str], named: NamedColumns, dialect: str) -> bool:
    """Whether a column is as it was before, or the project has taken the change in."""
    node, column = told.monitor.node, told.monitor.column
    before, now = told.evidence.get("before", ""), columns.get(column, "")
    if now and (not before or is_same_type(before, now, dialect)):
        return True
    declared = named.declared_type(node, column)
    if now and declared and is_same_type(declared, now, dialect):
        return True
    return not named.is_named(node, column)


def _added(node: str, changes: Sequence[SchemaChange]) -> list[Finding]:
    added = [change.column for change in changes if change.kind == "added"]
    if not added:
        return []
    named = ", ".join(added[:5]) + (f" and {len(added) - 5} more" if len(added) > 5 else "")
    are = "s" if len(added) > 1 else ""
    said = f"new column{are} {named}: nothing depends on {'them' if are else 'it'} yet"
    return [Finding("monitor.column_added", Severity.INFO, node_name(node), said)]


def _harmless(node: str, changes: Sequence[SchemaChange]) -> list[Finding]:
    if not changes:
        return []
    named = "; ".join(str(change) for change in changes[:5])
    more = f" and {len(changes) - 5} more" if len(changes) > 5 else ""
    said = f"{named}{more}: nothing in the project names {'it' if len(changes) == 1 else 'them'}"
    return [Finding("monitor.column_unnamed", Severity.INFO, node_name(node), said)]


def likely_renames(settings: MappingSettings) -> Renames:
    """Tells which columns have a new name, as the mapper sees it: more likely than not."""

    def renames(gone: Mapping[str, str], came: Mapping[str, str]) -> list[tuple[str, str]]:
        from aidbt.mapping.renames import Version, renames_of

        old, new = (
            Version([Column(name, type_) for name, type_ in columns.items()]) for columns in (gone, came)
        )
        return [(one.old, one.new) for one in renames_of(old, new, settings).found]

    return renames
