"""What is made of columns that have changed: by the SQL of the project, read only where somebody asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from aidbt.core.incidents import Incident, key_of, kind_of
from aidbt.core.measured import Anomaly
from aidbt.core.schema import Column, Relation
from aidbt.monitors.incidents.explaining import ColumnsBelow
from aidbt.project.manifest import Manifest
from aidbt.store import Store
from aidbt.store.buckets import Buckets
from aidbt.store.cache import Cache

_KEPT = "monitors"


def changed_columns(anomalies: Iterable[Anomaly], incidents: Iterable[Incident]) -> dict[str, dict[str, str]]:
    """Node → column → the type it had, of columns that changed now or before and are not as they were.

    Empty where nothing else is odd: nobody asks then what the change explains.
    """
    found = list(anomalies)
    if not any(kind_of(anomaly.monitor.metric) == "data" for anomaly in found):
        return {}
    found += [a for one in incidents for a in one.anomalies if key_of(a.monitor) not in one.well]
    changed: dict[str, dict[str, str]] = {}
    for anomaly in found:
        if kind_of(anomaly.monitor.metric) == "schema":
            columns = changed.setdefault(anomaly.monitor.node, {})
            columns[anomaly.monitor.column] = anomaly.evidence.get("before", "")
    return changed


def columns_below(manifest: Manifest, store: Store, changed: dict[str, dict[str, str]]) -> ColumnsBelow:
    """(node, column) → the columns that are made of it; see `explaining.ColumnsBelow`.

    A column is left out where some node below it could not be read.

    Args:
        changed: as `changed_columns` gives it.

    Raises:
        StoreError: the store cannot be read or written.
    """
    readers = _readers(manifest)
    if not any(readers[node] for node in changed):
        return {}
    from aidbt.lineage.columns import project_lineage
    from aidbt.lineage.graph import ColumnRef
    from aidbt.lineage.kept import keep_readings, kept_readings
    from aidbt.lineage.reading import Reading

    cache = Cache(store)
    readings: dict[str, Reading] = {}
    lineage = project_lineage(
        manifest,
        seen=_as_it_was(manifest, Buckets(store), changed),
        earlier=kept_readings(cache, _KEPT),
        on_read=readings.update,
    )
    keep_readings(cache, readings, lineage.reread, _KEPT)
    found = {}
    for node, columns in changed.items():
        known = lineage.nodes.get(node)
        below = [lineage.nodes[one] for one in _below(node, readers) if one in lineage.nodes]
        if known is None or not all(one.is_complete for one in below):
            continue
        for column in columns:
            if (output := known.column(column)) is not None:
                edges = lineage.downstream(ColumnRef(node, output.name))
                made = frozenset((edge.target.node, edge.target.column.casefold()) for edge in edges)
                found[node, column.casefold()] = made
    return found


def _readers(manifest: Manifest) -> dict[str, list[str]]:
    """Node → the models and snapshots that read it."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in (*manifest.of_type("model"), *manifest.of_type("snapshot")):
        for above in one.depends_on:
            found[above].append(one.unique_id)
    return found


def _below(node: str, readers: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        new = [one for one in readers[waiting.pop()] if one not in found]
        found.update(new)
        waiting += new
    return found


def _as_it_was(
    manifest: Manifest, buckets: Buckets, changed: dict[str, dict[str, str]]
) -> dict[str, Relation]:
    """The relations of the nodes whose columns changed, with those that they had."""
    seen = {}
    for unique_id, columns in changed.items():
        node = manifest.find(unique_id)
        if node is not None:
            names = {**buckets.latest_columns(unique_id), **columns}
            listed = tuple(Column(name, type_) for name, type_ in names.items())
            seen[unique_id] = Relation(node.schema, node.identifier or node.name, listed)
    return seen
