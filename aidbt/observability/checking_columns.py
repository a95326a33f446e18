"""What changed of the columns of the models since they were compared last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aidbt.core.findings import Finding, Severity
from aidbt.core.measured import Anomaly, Monitor, node_name
from aidbt.monitors.judging.schema_changes import METRIC as SCHEMA
from aidbt.monitors.judging.schema_changes import Renames, SchemaChange, schema_anomalies, schema_changes
from aidbt.observability.checked import Check, Checked, Remembered
from aidbt.store import Store
from aidbt.store.buckets import Buckets

# Records of the store: the columns that a node was last compared with, by when they were seen.
COMPARED = "monitor_schema"


def check_columns(
    buckets: Buckets, store: Store, nodes: Sequence[str], dialect: str, renames: Renames | None
) -> Check:
    """What changed of the columns since they were compared last; the first time there is nothing to say."""
    before = {key: float(record.value) for key, record in store.all(COMPARED).items()}
    anomalies: list[Anomaly] = []
    findings: list[Finding] = []
    passed: dict[Monitor, datetime] = {}
    compared: dict[str, float] = {}
    for node in nodes:
        seen = buckets.columns_seen(node)
        if not seen:
            continue
        at, columns = seen[-1]
        start = datetime(at.year, at.month, at.day)
        old = next((then for when, then in seen if when.timestamp() == before.get(node)), None)
        if before.get(node) == at.timestamp():
            continue
        compared[node] = at.timestamp()
        if old is None:
            continue
        more = {"renames": renames} if renames is not None else {}
        changes = schema_changes(old, columns, dialect=dialect, **more)
        anomalies += schema_anomalies(node, changes, start)
        findings += _added(node, changes)
        # A column that was gone is back.
        passed |= {Monitor(node, SCHEMA, c.column): start for c in changes if c.kind == "added"}
    found = Checked(anomalies=tuple(anomalies), findings=tuple(findings), passed=passed)
    return Check(found, Remembered(compared=compared))


def _added(node: str, changes: Sequence[SchemaChange]) -> list[Finding]:
    added = [change.column for change in changes if change.kind == "added"]
    if not added:
        return []
    named = ", ".join(added[:5]) + (f" and {len(added) - 5} more" if len(added) > 5 else "")
    are = "s" if len(added) > 1 else ""
    said = f"new column{are} {named}: nothing depends on {'them' if are else 'it'} yet"
    return [Finding("monitor.column_added", Severity.INFO, node_name(node), said)]
