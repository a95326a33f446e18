"""The other sources of a failed run: no node fails of what is wrong with one, and tables are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlglot import exp

from aidbt.core.errors import WarehouseError
from aidbt.core.schema import Relation
from aidbt.core.table_state import GoodState, TableState
from aidbt.core.types import type_family
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.outside import under_its_name
from aidbt.healing.evidence.table_changes import TableChange, overlaps_of
from aidbt.healing.evidence.tables_now import change_of, relation_at
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse import Connection
from aidbt.warehouse.budget import estimated_size
from aidbt.warehouse.rows import rows_of
from aidbt.warehouse.table_states import engine_of, keyed_rows, known_columns

# Of more sources, and of larger ones, values are compared only where rows are missing.
_FEW_SOURCES, _FEW_ROWS = 20, 1_000_000
_TIMES = ("timestamp", "date")


def sources_beside(case: Case, manifest: Manifest, looked_at: Sequence[Node]) -> list[Node]:
    """The sources that the run was about, without those that are looked at already; all of the project where
    nothing tells what it was about."""
    run = case.run
    if case.good is None or run.is_green:
        return []
    known = {node.unique_id for node in looked_at}
    about = {*run.succeeded, *run.warned, *run.skipped, *(f.unique_id for f in run.failures)} - {""}
    is_told = run.wrote_results and bool(about)
    above = _above(about, manifest) if is_told else manifest.sources.keys()
    return [
        node
        for name, node in manifest.sources.items()
        if name in above and name not in known and name in case.good.tables
    ]


def looked_beside(
    connection: Connection,
    nodes: Sequence[Node],
    relations: Sequence[Relation],
    good: GoodState,
    *,
    mask: int,
    scan_bytes: int,
    keys: Mapping[str, Sequence[str]],
    unknown: list[str],
    root: Path | None = None,
) -> dict[str, TableChange]:
    """unique_id of a source → what became of it, of those that are there and worth a look.

    Args:
        keys: unique_id → columns that are declared to be unique.
    """
    found: dict[str, TableChange] = {}
    left = scan_bytes
    if good.engine != engine_of(connection):
        return found
    for node in nodes:
        was = good.tables[node.unique_id]
        relation = relation_at(connection, node, relations, most_bytes=left, unknown=unknown, root=root)
        size = estimated_size(relation) or 0 if relation is not None else 0
        if relation is None or not was.is_measured or size > left:
            continue
        left -= size
        try:
            count, is_short = _counted(connection, relation, was)
            change = None
            if is_short:
                own = keys.get(node.unique_id, ())
                change = change_of(connection, node, relation, was, mask=mask, keys=own, unknown=unknown)
            elif len(nodes) <= _FEW_SOURCES and count <= _FEW_ROWS:
                change = _on_same_keys(connection, node, relation, was, count=count, mask=mask)
        except WarehouseError as error:
            unknown.append(f"{relation} could not be measured: {error.message}")
            continue
        if change is not None and change.now is not None:
            found[node.unique_id] = replace(change, now=under_its_name(change.now, node))
    return found


def _on_same_keys(
    connection: Connection, node: Node, relation: Relation, was: TableState, *, count: int, mask: int
) -> TableChange | None:
    """A table of which no row is missing: whether the rows that are kept of then hold the same; None where
    they cannot be found again. A fifth of what measuring it takes."""
    now = replace(known_columns(relation), rows=count, is_measured=True)
    if was.keyed is None or any(now.column(name) is None for name in was.keyed.key):
        return None
    there = [column.name for name in was.keyed.key if (column := now.column(name)) is not None]
    rows = keyed_rows(rows_of(connection, relation), there, bound=was.keyed.bound, mask=mask)
    return TableChange(node.unique_id, was, now, overlaps_of(was, now, rows))


def _counted(connection: Connection, relation: Relation, was: TableState) -> tuple[int, bool]:
    """(its rows, whether rows or the newest ones are missing): one statement that reads its times only."""
    rows = rows_of(connection, relation)
    times = [
        (column.name, then.maximum)
        for column in rows.relation.columns
        if type_family(column.data_type) in _TIMES
        and (then := was.column(column.name)) is not None
        and then.maximum is not None
        and type_family(then.data_type) == type_family(column.data_type)
    ]
    text = exp.DataType.build("text")
    newest = [exp.cast(exp.Max(this=exp.column(name, quoted=True)), text) for name, _ in times]
    count, *ends = rows.first(exp.Count(this=exp.Star()), *newest)
    went_back = any(end is not None and str(end) < then for end, (_, then) in zip(ends, times, strict=True))
    return int(count), int(count) < was.rows or went_back


def _above(unique_ids: set[str], manifest: Manifest) -> set[str]:
    """unique_ids of all that some nodes read, at whatever distance, and their own."""
    found, waiting = set(unique_ids), list(unique_ids)
    while waiting:
        node = manifest.find(waiting.pop())
        new = set(node.depends_on) - found if node is not None else set()
        found |= new
        waiting.extend(new)
    return found
