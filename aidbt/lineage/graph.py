"""The columns of a whole project and what each is made of: a graph of values, and ways to walk it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from aidbt.core.errors import UnknownName
from aidbt.core.findings import Finding
from aidbt.sql.resolved import ColumnUse, How, OutputColumn

KnownFrom = Literal[
    "compiled sql", "written sql", "contract", "warehouse", "catalog", "yaml", "seed file", "load", "nothing"
]
"""Where the columns of a node are known from; "warehouse" are relations as they stand, "load" is what aidbt
itself loaded."""

ROWS = ""
"""In place of a column's name: which rows there are."""


@dataclass(frozen=True, slots=True, order=True)
class ColumnRef:
    """One column of one node; `column` "" means the rows of the node."""

    node: str
    column: str


@dataclass(frozen=True, slots=True)
class Edge:
    """That `target` is made of `source`, or its rows depend on it."""

    source: ColumnRef
    target: ColumnRef
    how: How


@dataclass(frozen=True, slots=True)
class NodeLineage:
    """One source, seed, model, snapshot or origin with its columns.

    Attributes:
        unique_id: dbt's; "origin.…" for the table of a source system.
        resource_type: dbt's word, or "origin".
        columns: in the order of the relation; `uses` name other nodes by unique_id.
        is_complete: False where it may have more columns than these.
        row_uses: columns of other nodes that decide which rows it has.
        parents: the nodes it reads, as dbt and its SQL know them.
        why: what keeps its columns, or what they are made of, from being known; "" when nothing does.
        tags: column → the tags that the project declares on it ("pii" among them), sorted.
        unique: sets of columns declared unique.
    """

    unique_id: str
    name: str
    resource_type: str
    path: str = ""
    columns: tuple[OutputColumn, ...] = ()
    is_complete: bool = True
    row_uses: tuple[ColumnUse, ...] = ()
    parents: tuple[str, ...] = ()
    known_from: KnownFrom = "nothing"
    why: str = ""
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unique: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> OutputColumn | None:
        """The column of that name, else the only one that differs in case, or None."""
        folded = [c for c in self.columns if c.name.casefold() == name.casefold()]
        exact = next((c for c in folded if c.name == name), None)
        return exact or (folded[0] if len(folded) == 1 else None)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Columns of one node of which it is not known what they are made of, and why."""

    node: str
    columns: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a project is known.

    Attributes:
        models: models and snapshots; `parsed` of them were read from SQL.
        columns: of those models and snapshots.
        resolved: of which it is known what they are made of.
        grounded: that end, through all models, in sources, seeds, constants or clocks alone.
        typed: whose type is known.
        unresolved: the others, by node.
        incomplete: nodes that may have columns that are not listed, and why.
    """

    models: int
    parsed: int
    columns: int
    resolved: int
    grounded: int
    typed: int
    unresolved: tuple[Unresolved, ...] = ()
    incomplete: tuple[Unresolved, ...] = ()


class Lineage:
    """The columns of a project and what each is made of.

    Attributes:
        nodes: by unique_id; a node comes after those it reads.
        findings: what was found wrong while reading: SQL that does not resolve, schemas that differ.
        dialect: sqlglot's name of the project's SQL.
        reread: unique_ids whose SQL was read now, not taken from an earlier reading.
    """

    def __init__(
        self,
        nodes: dict[str, NodeLineage],
        findings: Sequence[Finding] = (),
        *,
        dialect: str = "",
        reread: Sequence[str] = (),
    ) -> None:
        self.nodes = nodes
        self.findings = tuple(findings)
        self.dialect = dialect
        self.reread = tuple(reread)

    # --- finding things ---

    def node(self, name: str) -> NodeLineage:
        """The node of that unique_id, model name, or "source.table".

        Raises:
            UnknownName: there is none, or several of them.
        """
        if name in self.nodes:
            return self.nodes[name]
        found = self._by_name.get(name.casefold(), [])
        if len(found) == 1:
            return self.nodes[found[0]]
        if found:
            raise UnknownName("single node", name, found)
        raise UnknownName("node", name, self._by_name)

    def find(self, text: str) -> ColumnRef:
        """The column that "node.column" names, the node as in `node`; a name without column is its rows.

        Raises:
            UnknownName: there is no such node or no such column.
        """
        if text in self.nodes or text.casefold() in self._by_name:
            return ColumnRef(self.node(text).unique_id, ROWS)
        name, _, column = text.rpartition(".")
        if not name:
            raise UnknownName("node", text, self._by_name)
        node = self.node(name)
        found = node.column(column)
        if found is None:
            raise UnknownName(f"column of {node.name}", column, [c.name for c in node.columns])
        return ColumnRef(node.unique_id, found.name)

    def title(self, ref: ColumnRef) -> str:
        """The column as people name it, e.g. "stg_orders.order_id"."""
        node = self.nodes.get(ref.node)
        name = node.name if node else ref.node
        return f"{name}.{ref.column}" if ref.column else name

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for node in self.nodes.values():
            names.setdefault(node.name.casefold(), []).append(node.unique_id)
        return names

    # --- walking ---

    def edges(self) -> Iterator[Edge]:
        """Every edge: of values into columns, of row uses into rows."""
        for node in self.nodes.values():
            for column in node.columns:
                for use in column.uses:
                    yield Edge(
                        ColumnRef(use.relation, use.column), ColumnRef(node.unique_id, column.name), use.how
                    )
            for use in node.row_uses:
                yield Edge(ColumnRef(use.relation, use.column), ColumnRef(node.unique_id, ROWS), use.how)

    @cached_property
    def _into(self) -> dict[ColumnRef, list[Edge]]:
        found: dict[ColumnRef, list[Edge]] = {}
        for edge in self.edges():
            found.setdefault(edge.target, []).append(edge)
        return found

    @cached_property
    def _out_of(self) -> dict[ColumnRef, list[Edge]]:
        found: dict[ColumnRef, list[Edge]] = {}
        for edge in self.edges():
            found.setdefault(edge.source, []).append(edge)
        return found

    def edges_into(self, ref: ColumnRef) -> Sequence[Edge]:
        """What a column, or the rows of a node, is made of directly."""
        return self._into.get(ref, ())

    def edges_out_of(self, ref: ColumnRef) -> Sequence[Edge]:
        """What is made of it directly; rows of other nodes among it."""
        return self._out_of.get(ref, ())

    def upstream(self, ref: ColumnRef, *, depth: int | None = None) -> list[Edge]:
        """Every edge that leads to it, the nearest first.

        Args:
            depth: at most so many steps.
        """
        return list(_walk(ref, self.edges_into, lambda edge: edge.source, depth))

    def downstream(self, ref: ColumnRef, *, depth: int | None = None) -> list[Edge]:
        """Every edge that leads from it, the nearest first. An edge into the rows of a node is listed, but
        the columns of that node do not follow from it: all of them depend on its rows.
        """
        return list(_walk(ref, self.edges_out_of, lambda edge: edge.target, depth))

    @cached_property
    def carried_tags(self) -> dict[ColumnRef, dict[str, tuple[ColumnRef, ...]]]:
        """Column → tag → the columns that declare it, upstream or itself. Values carry tags, rows do not."""
        carried: dict[ColumnRef, dict[str, set[ColumnRef]]] = {}
        for node in self.nodes.values():
            for column in node.columns:
                ref = ColumnRef(node.unique_id, column.name)
                own: dict[str, set[ColumnRef]] = {tag: {ref} for tag in node.tags.get(column.name, ())}
                for use in column.uses:
                    above = carried.get(ColumnRef(use.relation, use.column), {})
                    for tag, origins in above.items():
                        own.setdefault(tag, set()).update(origins)
                if own:
                    carried[ref] = own
        return {ref: {tag: tuple(sorted(at)) for tag, at in tags.items()} for ref, tags in carried.items()}

    @cached_property
    def coverage(self) -> Coverage:
        """How much is known; see `Coverage`."""
        models = [n for n in self.nodes.values() if n.resource_type in ("model", "snapshot")]
        grounded = self._grounded()
        columns = [(node, column) for node in models for column in node.columns]
        return Coverage(
            models=len(models),
            parsed=sum(node.known_from in ("compiled sql", "written sql") for node in models),
            columns=len(columns),
            resolved=sum(column.made != "unknown" for _, column in columns),
            grounded=sum(ColumnRef(node.unique_id, column.name) in grounded for node, column in columns),
            typed=sum(bool(column.data_type) for _, column in columns),
            unresolved=tuple(u for node in models for u in _unresolved(node)),
            incomplete=tuple(
                Unresolved(
                    node.unique_id, (), node.why or "it selects all columns of what is not fully known"
                )
                for node in self.nodes.values()
                if not node.is_complete
            ),
        )

    def _grounded(self) -> set[ColumnRef]:
        found: set[ColumnRef] = set()
        for node in self.nodes.values():
            is_ground = node.resource_type in ("source", "seed", "origin")
            found.add(ColumnRef(node.unique_id, ROWS))
            for column in node.columns:
                at = (ColumnRef(use.relation, use.column) for use in column.uses)
                if is_ground or (column.made != "unknown" and all(ref in found for ref in at)):
                    found.add(ColumnRef(node.unique_id, column.name))
        return found


def _walk(
    start: ColumnRef,
    edges_of: Callable[[ColumnRef], Sequence[Edge]],
    next_of: Callable[[Edge], ColumnRef],
    depth: int | None,
) -> Iterator[Edge]:
    seen = {start}
    waiting = deque([(start, 0)])
    while waiting:
        ref, steps = waiting.popleft()
        if depth is not None and steps >= depth:
            continue
        for edge in edges_of(ref):
            yield edge
            following = next_of(edge)
            if following not in seen:
                seen.add(following)
                waiting.append((following, steps + 1))


def _unresolved(node: NodeLineage) -> Iterable[Unresolved]:
    by_reason: dict[str, list[str]] = {}
    for column in node.columns:
        if column.made == "unknown":
            by_reason.setdefault(column.why or node.why or "not known", []).append(column.name)
    return [Unresolved(node.unique_id, tuple(names), why) for why, names in by_reason.items()]
