"""Tables below a staging model that still hold what an earlier run built, and the column with its key."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from aidbt.core.schema import Relation
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.healing.kept_rows import only_tests
from aidbt.healing.quarantine.entry import Entry, compiled, is_table
from aidbt.healing.quarantine.measures import models_below
from aidbt.healing.quarantine.tracing import Traced, trace

_KEPT = ("table", "incremental", "snapshot")
_MOST_TABLES = 3


def tables_with_key(entry: Entry, key: Sequence[str], case: Case) -> list[tuple[Relation, str]]:
    """(table, its column that holds the source's key as it is) of tables that the failed run did not build
    anew, the nearest first; none for a key of several columns."""
    if len(key) != 1:
        return []
    at = {entry.staging.unique_id: _passed_on(entry.traced, key[0])}
    failed = {failure.unique_id for failure in case.run.failures}
    found = []
    for node in models_below(entry.staging.unique_id, case):
        for parent_id in node.depends_on:
            parent, column = case.node(parent_id), at.get(parent_id, "")
            relation = relation_of(parent, case.relations) if parent is not None else None
            if parent is None or not column or relation is None:
                continue
            names = [item.name for item in relation.columns]
            traced = trace(compiled(node, case), case.dialect, names, is_table(parent))
            if traced is not None and _passed_on(traced, column):
                at[node.unique_id] = _passed_on(traced, column)
        built = relation_of(node, case.relations)
        is_kept = node.config.get("materialized") in _KEPT and node.resource_type in ("model", "snapshot")
        is_old = node.unique_id not in failed and not _may_be_built(node.unique_id, case)
        if at.get(node.unique_id) and is_kept and is_old and built is not None:
            found.append((built, at[node.unique_id]))
    return found[:_MOST_TABLES]


def snapshot_of_this_run(unique_id: str, case: Case) -> str:
    """The first snapshot below a node that the failed run has added to, or may have, bad rows among them:
    they stay there as a version of their own, whatever staging becomes. "" for none.

    What an incremental model took is looked at where the mend is built aside.
    """
    for node in models_below(unique_id, case):
        if node.resource_type == "snapshot" and _may_be_built(node.unique_id, case):
            return node.name
    return ""


def _may_be_built(unique_id: str, case: Case) -> bool:
    """Whether the failed run built a node, or the one that its tests came after."""
    run = case.run
    seen = {*run.succeeded, *run.skipped, *(failure.unique_id for failure in run.failures)}
    return unique_id in run.succeeded or only_tests(seen)


def _passed_on(traced: Traced, column: str) -> str:
    """The name under which a column comes out as it is; "" when it does not."""
    for name, value in traced.columns.items():
        if isinstance(value, exp.Column) and value.name.casefold() == column.casefold():
            return name
    return ""
