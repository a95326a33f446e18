"""The columns of a whole project and what each is made of: a graph of values, and ways to walk it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from aidbt.core.errors import UnknownName, nearest
from aidbt.core.findings import Finding
from aidbt.sql.resolved import ColumnUse, How, OutputColumn

KnownFrom = Literal[
    "compiled sql", "written sql", "contract", "warehouse", "catalog", "yaml", "seed file", "load", "nothing"
]
"""Where the columns of a node are known from; "warehouse" are relations as they stand, "load" is what aidbt
itself loaded."""

ROWS = ""
"""In place of a column's name: which rows there are."""

# Where a path may end: what no SQL of the project makes.
_GROUND = frozenset({"source", "seed", "origin"})


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

    @property
    def is_complete(self) -> bool:
        """Whether every column of every model and snapshot is known, and what it is made of."""
        return not self.unresolved and not any(
            item.node.startswith(("model.", "snapshot.")) for item in self.incomplete
        )


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
        """The node of that unique_id, model name, "model.v2", or "source.table".

        Raises:
            UnknownName: there is none, or several of them.
        """
        if name in self.nodes:
            return self.nodes[name]
        found = self._by_name.get(name.casefold(), [])
        if len(found) > 1:  # names that differ in case only
            found = [unique_id for unique_id in found if self.nodes[unique_id].name == name] or found
        if len(found) == 1:
            return self.nodes[found[0]]
        if found:
            names = {self.nodes[unique_id].name for unique_id in found}
            raise UnknownName("single node", name, names if len(names) == len(found) else found)
        raise UnknownName("node", name, self._names)

    def find(self, text: str) -> ColumnRef:
        """The column that "node.column" names, the node as in `node`; a name without column is its rows.

        Raises:
            UnknownName: there is no such node or no such column.
        """
        if self._is_node(text):
            return ColumnRef(self.node(text).unique_id, ROWS)
        # Either name may have dots of its own: the longest name of a node counts.
        dots = [at for at, letter in enumerate(text) if letter == "."]
        name = next((text[:at] for at in reversed(dots) if self._is_node(text[:at])), "")
        if not name:
            without_column = text.rpartition(".")[0]
            has_column = without_column and nearest(without_column, self._names)
            raise UnknownName("node", without_column if has_column else text, self._names)
        node = self.node(name)
        column = text[len(name) + 1 :]
        found = node.column(column)
        if found is not None:
            return ColumnRef(node.unique_id, found.name)
        # Of a node that is not fully known, columns are known by what reads them.
        read = {ref.column for ref in self._out_of if ref.node == node.unique_id and ref.column}
        same = sorted(name for name in read if name.casefold() == column.casefold())
        if same:
            return ColumnRef(node.unique_id, column if column in same else same[0])
        raise UnknownName(f"column of {node.name}", column, read.union(c.name for c in node.columns))

    def findings_of(self, node: NodeLineage) -> list[Finding]:
        """The findings about a node: those of its file, or that name it where several nodes share a file."""
        is_shared = self._nodes_in[node.path] > 1
        about = self._by_place.get(node.path, ()) if node.path else ()
        return [
            *(finding for finding in about if not is_shared or node.name in finding.message),
            *self._by_place.get(node.unique_id, ()),
        ]

    def title(self, ref: ColumnRef) -> str:
        """The column as people name it, e.g. "stg_orders.order_id"."""
        node = self.nodes.get(ref.node)
        name = node.name if node else ref.node
        return f"{name}.{ref.column}" if ref.column else name

    def expression(self, ref: ColumnRef) -> str:
        """The expression that makes the column; "" where none does, or it is not known."""
        node = self.nodes.get(ref.node)
        column = node.column(ref.column) if node and ref.column else None
        return (column.defined or column.text) if column else ""

    def _is_node(self, name: str) -> bool:
        return name in self.nodes or name.casefold() in self._by_name

    @cached_property
    def _names(self) -> list[str]:
        return [node.name for node in self.nodes.values()]

    @cached_property
    def _nodes_in(self) -> Counter[str]:
        """Path → the number of nodes that it declares."""
        return Counter(node.path for node in self.nodes.values())

    @cached_property
    def _by_place(self) -> dict[str, list[Finding]]:
        """Path without its line, or unique_id → what was found there."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            path, _, line = finding.where.rpartition(":")
            found.setdefault(path if path and line.isdigit() else finding.where, []).append(finding)
        return found

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for node in self.nodes.values():
            names.setdefault(node.name.casefold(), []).append(node.unique_id)
        for node in self.nodes.values():
            bare, _, version = node.name.casefold().rpartition(".v")
            if node.resource_type == "model" and bare and version:
                names.setdefault(bare, []).append(node.unique_id)
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

    def upstream(self, ref: ColumnRef, *, depth: int | None = None, rows: bool = False) -> list[Edge]:
        """Every edge that leads to it, the nearest first.

        Args:
            depth: at most so many steps.
            rows: also what decides the rows of each node on the way.
        """
        passed: set[str] = set()

        def edges_of(at: ColumnRef) -> Sequence[Edge]:
            if not rows:
                return self.edges_into(at)
            of_rows = () if at.node in passed else self.edges_into(ColumnRef(at.node, ROWS))
            passed.add(at.node)
            return [*(self.edges_into(at) if at.column else ()), *of_rows]

        return list(_walk(ref, edges_of, lambda edge: edge.source, depth))

    def downstream(self, ref: ColumnRef, *, depth: int | None = None, rows: bool = True) -> list[Edge]:
        """Every edge that leads from it, the nearest first. An edge into the rows of a node is listed, but
        the columns of that node do not follow from it: all of them depend on its rows.

        Args:
            depth: at most so many steps.
            rows: also edges into the rows of nodes.
        """

        def edges_of(at: ColumnRef) -> Sequence[Edge]:
            found = self.edges_out_of(at)
            return found if rows else [edge for edge in found if edge.target.column]

        return list(_walk(ref, edges_of, lambda edge: edge.target, depth))

    @cached_property
    def carried_tags(self) -> dict[ColumnRef, dict[str, tuple[ColumnRef, ...]]]:
        """Column → tag → the columns that declare it, upstream or itself. Values carry tags, rows do not."""
        carried: dict[ColumnRef, dict[str, list[ColumnRef]]] = {}
        for node in self.nodes.values():
            for name, tags in node.tags.items():
                origin = ColumnRef(node.unique_id, name)
                for ref in [origin, *self._made_of([origin])]:
                    for tag in tags:
                        carried.setdefault(ref, {}).setdefault(tag, []).append(origin)
        return {ref: {tag: tuple(sorted(tags[tag])) for tag in sorted(tags)} for ref, tags in carried.items()}

    def _made_of(self, refs: Iterable[ColumnRef]) -> set[ColumnRef]:
        """The columns whose values are made of one of these, through any number of steps; without them."""
        start = set(refs)
        found = set(start)
        waiting = list(start)
        while waiting:
            for edge in self.edges_out_of(waiting.pop()):
                if edge.target.column and edge.target not in found:
                    found.add(edge.target)
                    waiting.append(edge.target)
        return found - start

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
                # Of a source system only what was loaded matters.
                if not node.is_complete and node.resource_type != "origin"
            ),
        )

    def _grounded(self) -> set[ColumnRef]:
        """The columns made, in the end, of what is known; one may be made of itself too (incremental)."""
        is_known = {
            ColumnRef(node.unique_id, column.name): node.resource_type in _GROUND or column.made != "unknown"
            for node in self.nodes.values()
            for column in node.columns
        }
        unknown = {ref for ref, known in is_known.items() if not known}
        unlisted = {ref for ref in self._out_of if ref.column and ref not in is_known}
        without_ground = {ref for ref in unlisted if not self._is_ground(ref.node)}
        return is_known.keys() - unknown - self._made_of(unknown | without_ground)

    def _is_ground(self, unique_id: str) -> bool:
        return unique_id in self.nodes and self.nodes[unique_id].resource_type in _GROUND


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
