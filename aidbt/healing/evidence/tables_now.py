"""What stands in the warehouse now, beside what stood there at the last good run. It is only read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlglot import exp

from aidbt.core.errors import AidbtError, WarehouseError, WarehouseLocked
from aidbt.core.schema import Relation
from aidbt.core.table_state import GoodState, KeyedRows, TableState
from aidbt.core.types import type_family
from aidbt.healing.evidence.case import Reached
from aidbt.healing.evidence.outside import is_outside, outside_relation, under_its_name
from aidbt.healing.evidence.table_changes import (
    Overlap,
    Replacement,
    Switch,
    TableChange,
    overlaps_of,
    rewrites_of,
    table_overlap,
)
from aidbt.project.manifest import Node
from aidbt.warehouse import Connection, Warehouse
from aidbt.warehouse.budget import estimated_size
from aidbt.warehouse.holders import Holder, holders
from aidbt.warehouse.profiling import is_load_time
from aidbt.warehouse.rows import rows_of
from aidbt.warehouse.table_states import engine_of, keyed_rows, known_columns, measured_table

_PID = re.compile(r"process (?P<pid>\d+)")
_MOST_REPLACEMENTS = 6
_MOST_KEYS = 4  # new columns that are tried as the key under another name
_LIKE = 0.5  # of the column names, for a relation to be a table under another name


@dataclass(frozen=True, slots=True)
class TablesNow:
    """What was seen in the warehouse."""

    reached: Reached
    relations: tuple[Relation, ...] = ()
    tables: Mapping[str, TableChange] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    held: tuple[Holder, ...] = ()


def reach(warehouse: Warehouse) -> tuple[Reached, tuple[Relation, ...]]:
    """Whether the warehouse can be asked now, and the relations it has."""
    try:
        return Reached(True), tuple(warehouse.relations())
    except WarehouseLocked as error:
        pid = _PID.search(error.message)
        holder = error.message.partition("in use by ")[2]
        return Reached(
            False, error.message, error.hint or "", True, holder, int(pid["pid"]) if pid else 0
        ), ()
    except AidbtError as error:
        return Reached(False, error.message, error.hint or ""), ()


def relation_of(node: Node, relations: Sequence[Relation]) -> Relation | None:
    """The relation that a source or node stands for."""
    name = (node.identifier or node.name).casefold()
    for relation in relations:
        if relation.name.casefold() != name or relation.schema.casefold() != node.schema.casefold():
            continue
        if node.database and relation.database and relation.database.casefold() != node.database.casefold():
            continue
        return relation
    return None


def relation_at(
    connection: Connection,
    node: Node,
    relations: Sequence[Relation],
    *,
    most_bytes: int,
    unknown: list[str],
    root: Path | None = None,
) -> Relation | None:
    """The relation that a source or node stands for, or its files where it is a source of files.

    Args:
        root: the project's folder, where paths of files begin.
    """
    there = relation_of(node, relations)
    if there is not None:
        return there
    try:
        return outside_relation(connection, node, most_bytes=most_bytes, root=root)
    except WarehouseError as error:
        unknown.append(f"{node.source_name}.{node.name} could not be read: {error.message}")
        return None


def tables_now(
    warehouse: Warehouse,
    nodes: Sequence[Node],
    good: GoodState | None,
    *,
    mask: int = 0,
    scan_bytes: int = 100_000_000_000,
    keys: Mapping[str, Sequence[str]] | None = None,
    known: Collection[Node] = (),
    root: Path | None = None,
) -> TablesNow:
    """What became of some sources.

    Args:
        scan_bytes: what may be read of them together; of the rest only the columns are compared.
        keys: unique_id → columns that are declared to be unique.
        known: the sources and nodes of the project: their relations are no other table under a new name.
        root: the project's folder, where paths of files begin.
    """
    reached, relations = reach(warehouse)
    if not reached.is_open:
        return TablesNow(reached, unknown=(f"the warehouse could not be asked: {reached.problem}",))
    own = {_place(node.schema, node.identifier or node.name) for node in known}
    unknown: list[str] = []
    left = scan_bytes
    found: dict[str, TableChange] = {}
    held: tuple[Holder, ...] = ()
    try:
        with warehouse.connect() as connection:
            held = holders(connection)
            taken = {_place(one.schema, one.table): one for one in held if one.is_alone}
            same_engine = good is not None and good.engine == engine_of(connection)
            if good is not None and not same_engine:
                unknown.append("the hashes of the last good state are of another engine: values not compared")
            for node in nodes:
                was = good.tables.get(node.unique_id) if good is not None else None
                relation = relation_at(
                    connection, node, relations, most_bytes=left, unknown=unknown, root=root
                )
                size = estimated_size(relation) or 0 if relation is not None else 0
                looker = _Looker(connection, was, mask, same_engine)
                if relation is None and (is_outside(node) or (good is not None and was is None)):
                    continue  # a file that cannot be read, or another place that this warehouse does not list
                if relation is None:
                    others = _candidates(
                        node, was, good, [r for r in relations if _place(r.schema, r.name) not in own]
                    )
                    found[node.unique_id] = looker.gone(node, others, good)
                elif holder := taken.get(_place(relation.schema, relation.name)):
                    unknown.append(f"{relation} was not measured: it is held by {holder}")
                    found[node.unique_id] = TableChange(node.unique_id, was, known_columns(relation))
                elif size > left:
                    unknown.append(f"{relation} was not measured: it is over budget.scan_bytes")
                    found[node.unique_id] = TableChange(node.unique_id, was, known_columns(relation))
                else:
                    left -= size
                    change = looker.there(node, relation, (keys or {}).get(node.unique_id, ()))
                    now = under_its_name(change.now, node) if change.now is not None else None
                    found[node.unique_id] = replace(change, now=now)
                unknown += looker.unknown
    except WarehouseError as error:
        unknown.append(f"the warehouse could not be asked: {error.message}")
    return TablesNow(reached, relations, found, tuple(unknown), held)


def change_of(
    connection: Connection,
    node: Node,
    relation: Relation,
    was: TableState,
    *,
    mask: int,
    keys: Sequence[str] = (),
    unknown: list[str],
) -> TableChange:
    """What became of a table that is there, with its values compared."""
    looker = _Looker(connection, was, mask, compares_values=True)
    change = looker.there(node, relation, keys)
    unknown += looker.unknown
    return change


class _Looker:
    """Looks at one table on an open connection."""

    def __init__(
        self, connection: Connection, was: TableState | None, mask: int, compares_values: bool
    ) -> None:
        self.connection = connection
        self.was = was
        self.mask = mask
        self.compares_values = compares_values
        self.unknown: list[str] = []

    def there(self, node: Node, relation: Relation, keys: Sequence[str]) -> TableChange:
        try:
            now = measured_table(self.connection, relation, keys=keys, mask=self.mask)
        except WarehouseError as error:
            self.unknown.append(f"{relation} could not be measured: {error.message}")
            return TableChange(node.unique_id, self.was, known_columns(relation))
        if self.was is None or not self.was.is_measured:
            return TableChange(node.unique_id, self.was, now)
        plain = unmasked(self.was, self.mask), unmasked(now, self.mask)
        rows = self.rows(relation, self.was, now) if self.compares_values else None
        overlaps = overlaps_of(*plain, rows) if self.compares_values else {}
        rewrites = rewrites_of(self.was, rows) if self.compares_values else {}
        change = TableChange(node.unique_id, self.was, now, overlaps, rewrites=rewrites)
        return replace(change, switches=self.switches(node, relation, change))

    def rows(self, relation: Relation, was: TableState, now: TableState) -> KeyedRows | None:
        """The rows that the last good state has, as they are now; by the key's new name where it has one."""
        if was.keyed is None:
            return None
        there = {name: column.name for name in was.keyed.key if (column := now.column(name)) is not None}
        gone = [name for name in was.keyed.key if name not in there]
        if not gone:
            return self._keyed(relation, [there[name] for name in was.keyed.key], was.keyed)
        if len(gone) > 1:
            return None
        for new in [name for name in now.names if was.column(name) is None][:_MOST_KEYS]:
            found = self._keyed(relation, [there.get(name, new) for name in was.keyed.key], was.keyed)
            if found is not None and 2 * len(found.values.keys() & was.keyed.values.keys()) >= len(
                was.keyed.values
            ):
                return found
        return None

    def _keyed(self, relation: Relation, key: Sequence[str], then: KeyedRows) -> KeyedRows | None:
        try:
            return keyed_rows(rows_of(self.connection, relation), key, bound=then.bound, mask=self.mask)
        except WarehouseError as error:
            self.unknown.append(f"{relation}: its rows could not be compared: {error.message}")
            return None

    def gone(
        self, node: Node, others: Sequence[tuple[Relation, float, bool]], good: GoodState | None
    ) -> TableChange:
        """A table that is not there, with the relations that may be it under another name."""
        found = []
        for relation, names, is_new in others[:_MOST_REPLACEMENTS]:
            try:
                now = measured_table(self.connection, relation, mask=self.mask)
            except WarehouseError as error:
                self.unknown.append(f"{relation} could not be read: {error.message}")
                continue
            overlap = Overlap()
            if self.was is not None and self.compares_values:
                rows = self.rows(relation, self.was, now)
                overlap = table_overlap(unmasked(self.was, self.mask), unmasked(now, self.mask), rows)
            found.append(
                Replacement(
                    relation.database, relation.schema, relation.name, names, now.rows, overlap, is_new
                )
            )
        return TableChange(node.unique_id, self.was, None, replacements=tuple(found))

    def switches(self, node: Node, relation: Relation, change: TableChange) -> tuple[Switch, ...]:
        """Of each column that turned null, the new columns that are filled where it is null."""
        by = _load_time(node, relation)
        found = []
        for old, _, _ in change.nulled:
            for new in change.new:
                overlap = change.overlaps.get((old, new))
                if overlap is None and self.compares_values:
                    continue
                try:
                    switch = self._switch(relation, old, new, by)
                except WarehouseError as error:
                    self.unknown.append(f"{relation}: {old} and {new} could not be compared: {error.message}")
                    continue
                if switch is not None:
                    found.append(switch)
        return tuple(found)

    def _switch(self, relation: Relation, old: str, new: str, by: str) -> Switch | None:
        a, b = exp.column(old, quoted=True), exp.column(new, quoted=True)
        is_old, is_new = exp.not_(a.is_(exp.null())), exp.not_(b.is_(exp.null()))
        text = exp.DataType.build("text")
        differs = exp.NEQ(this=exp.cast(a.copy(), text), expression=exp.cast(b.copy(), text))
        figures = [
            _count_if(exp.and_(is_new, exp.not_(is_old))),
            _count_if(exp.and_(is_new, is_old)),
            _count_if(exp.and_(is_new, is_old, differs)),
        ]
        if by:
            loaded = exp.column(by, quoted=True)
            only_new = exp.Case(ifs=[exp.If(this=is_new.copy(), true=loaded)])
            figures.append(exp.cast(exp.Min(this=only_new), text))
        rows = rows_of(self.connection, relation)
        filled, both, differing, *since = rows.first(*figures)
        if not filled:
            return None
        first = str(since[0]) if since and since[0] is not None else ""
        return Switch(old, new, int(filled), first, by if first else "", int(both), int(differing))


def _count_if(condition: exp.Expr) -> exp.Expr:
    return exp.Count(this=exp.Case(ifs=[exp.If(this=condition.copy(), true=exp.Literal.number(1))]))


def _load_time(node: Node, relation: Relation) -> str:
    """The column that says when a row was loaded: the declared one, else one that is called so."""
    declared = str(node.raw.get("loaded_at_field") or node.config.get("loaded_at_field") or "")
    names = {column.name.casefold(): column for column in relation.columns}
    if declared.strip('"`').casefold() in names:
        return names[declared.strip('"`').casefold()].name
    times = [c for c in relation.columns if type_family(c.data_type) in ("timestamp", "date")]
    return next((c.name for c in times if is_load_time(c.name)), "")


def unmasked(state: TableState, mask: int) -> TableState:
    """With the sketches' own hashes, whose order counts; those of rows are only compared with each other."""
    columns = tuple(
        replace(column, hashes=frozenset(value ^ mask for value in column.hashes)) for column in state.columns
    )
    return replace(state, columns=columns)


def _candidates(
    node: Node, was: TableState | None, good: GoodState | None, relations: Sequence[Relation]
) -> list[tuple[Relation, float, bool]]:
    """(relation, share of the columns that it has, whether it is new) of those that may be a table that is
    gone, in all schemas, new ones first; copies that were there before are among them, to be told apart."""
    columns = {name.casefold() for name in (was.names if was is not None else [c.name for c in node.columns])}
    known = {(r.schema, r.name) for r in good.relations} if good is not None else set()
    found = []
    for relation in relations:
        names = {column.name.casefold() for column in relation.columns}
        share = len(columns & names) / len(columns) if columns else 0.0
        alike = _alike(relation.name, node.identifier or node.name)
        if share >= _LIKE or (not columns and alike):
            found.append((relation, share, (relation.schema, relation.name) not in known))
    return sorted(found, key=lambda item: (not item[2], -item[1], str(item[0])))


def _place(schema: str, name: str) -> tuple[str, str]:
    return schema.casefold(), name.casefold()


def _alike(a: str, b: str) -> bool:
    a, b = a.casefold(), b.casefold()
    return a in b or b in a or a.rstrip("s") == b.rstrip("s")


def declared_keys(nodes: Collection[Node]) -> dict[str, list[str]]:
    """unique_id of a model or source → columns that its tests declare unique."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        metadata = node.raw.get("test_metadata")
        if isinstance(metadata, dict) and metadata.get("name") == "unique":
            column = str((metadata.get("kwargs") or {}).get("column_name") or "").strip('"`')
            about = str(node.raw.get("attached_node") or next(iter(node.depends_on), ""))
            if column and about:
                found.setdefault(about, []).append(column)
    return found
