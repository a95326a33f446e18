"""Carries changes through a project, node after node: to columns, and to the rows of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from aidbt.lineage.effects import Affected, Change, Effect, ThingKind
from aidbt.lineage.graph import ROWS, ColumnRef, Lineage, NodeLineage
from aidbt.lineage.what_if import Project, ReadQuery
from aidbt.project.manifest import Manifest
from aidbt.sql.resolved import OutputColumn

_PASSED_ON = frozenset({"passthrough", "rename"})
_OVER_ROWS = frozenset({"aggregate", "window"})
_BROKEN: frozenset[Effect] = frozenset({"fails", "skipped"})


@dataclass(frozen=True, slots=True)
class Reached:
    """An effect on one column, or on the rows of a node, and what brought it.

    Attributes:
        before: the column or rows that it came from; None where the change begins.
        how: how it uses that.
        detail: in words; of "retyped" the types.
    """

    effect: Effect
    before: ColumnRef | None = None
    how: str = ""
    detail: str = ""


@dataclass
class Spread:
    """Carries effects through the project, node after node.

    Attributes:
        reached: column, or the rows of a node → the effects on it, each as it was met first.
        project: the relations with the columns that they have after the changes.
    """

    lineage: Lineage
    manifest: Manifest
    reached: dict[ColumnRef, dict[Effect, Reached]] = field(default_factory=dict)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    project: Project = field(init=False)
    _new_types: dict[ColumnRef, str] = field(default_factory=dict)
    _refs: dict[str, list[ColumnRef]] = field(default_factory=dict)
    _named: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project = Project(self.lineage, self.manifest)
        for edge in self.lineage.edges():
            if edge.source.column:
                self._named.setdefault(edge.source.node, set()).add(edge.source.column)

    # --- where it begins ----------------------------------------------------------------------------------

    def start(self, change: Change) -> None:
        """Let a change begin to spread."""
        node = self.lineage.nodes.get(change.node)
        known = node.column(change.column) if node is not None and change.column else None
        ref = ColumnRef(change.node, known.name if known is not None else change.column)
        self._add(ref, Reached(change.effect, detail=change.detail))
        if change.effect == "retyped":
            self._new_types[ref] = change.data_type
        if change.effect == "removed" and not change.column and node is not None:
            for column in node.columns:
                self._add(ColumnRef(change.node, column.name), Reached("removed", ref))
        if node is not None and change.effect in ("removed", "retyped"):
            self._put(node)

    def _put(self, node: NodeLineage) -> None:
        """Let others read the node with the columns that it has now."""
        left = [*self._columns_left(node), *self._taken_on_trust(node)]
        # As if these were all of them: else a column that is gone would be taken on trust.
        self.project.put(replace(node, is_complete=True), tuple(left))

    def _taken_on_trust(self, node: NodeLineage) -> Iterator[OutputColumn]:
        """Columns that readers name of a node, though it is not known to have them."""
        if node.is_complete:
            return
        for name in sorted(self._named.get(node.unique_id, ())):
            if node.column(name) is None and "removed" not in self.effects(ColumnRef(node.unique_id, name)):
                yield OutputColumn(name)

    def _columns_left(self, node: NodeLineage) -> Iterator[OutputColumn]:
        for column in node.columns:
            ref = ColumnRef(node.unique_id, column.name)
            if "removed" not in self.effects(ref):
                yield replace(column, data_type=self._new_types.get(ref, column.data_type))

    # --- one node -----------------------------------------------------------------------------------------

    def read(self, node: NodeLineage) -> None:
        """What happens to a node by what happened to those it reads."""
        if not any(self.of_node(parent) for parent in node.parents if parent != node.unique_id):
            return
        self._rows_of(node)
        self._values_of(node)
        if self._loses_or_retypes(node):
            self._read_again(node)
        if _is_opaque(node):
            self.unknown.append((node.unique_id, node.why or "what its columns are made of is not known"))

    def _rows_of(self, node: NodeLineage) -> None:
        rows = ColumnRef(node.unique_id, ROWS)
        for parent in node.parents:
            source = ColumnRef(parent, ROWS)
            above = self.effects(source)
            if "fails" in above or "skipped" in above:
                self._add(rows, Reached("skipped", source, "reads"))
            if "removed" in above:
                self._add(rows, Reached("fails", source, "reads"))
            if "rows" in above:
                self._add(rows, Reached("rows", source, "reads"))
            if "grain" in above:
                detail = "there may be more or fewer rows to each of its own"
                self._add(rows, Reached("rows", source, "reads", detail))
        for use in node.row_uses:
            source = ColumnRef(use.relation, use.column)
            if use.column and self.effects(source).keys() & {"values", "retyped"}:
                self._add(rows, Reached("rows", source, use.how))

    def _values_of(self, node: NodeLineage) -> None:
        rows = ColumnRef(node.unique_id, ROWS)
        for column in node.columns:
            ref = ColumnRef(node.unique_id, column.name)
            for use in column.uses:
                source = ColumnRef(use.relation, use.column)
                effects = self.effects(source)
                if use.column and "values" in effects:
                    self._add(ref, Reached("values", source, use.how))
                # A count or a sum is another one when the rows are.
                elif use.how in _OVER_ROWS and "rows" in self.effects(rows):
                    self._add(ref, Reached("values", rows, use.how))

    def _loses_or_retypes(self, node: NodeLineage) -> bool:
        return any(
            effects.keys() & {"removed", "retyped"}
            for parent in node.parents
            for ref, effects in self.of_node(parent).items()
            if ref.column
        )

    def _read_again(self, node: NodeLineage) -> None:
        """What is left of a node where columns that it reads are gone or of another type."""
        written = self.manifest.find(node.unique_id)
        read = self.project.read(written) if written is not None else "it is not in the manifest"
        if isinstance(read, str):
            self._by_uses(node)
            return
        before = {finding.message for finding in self.lineage.findings_of(node)}
        new = [error for error in read.errors if not any(error in message for message in before)]
        if new:
            self._fails(node, new[0])
            return
        self._compare(node, read)

    def _fails(self, node: NodeLineage, message: str) -> None:
        """Its SQL does not run any more; of the columns it lost or that are of another type, which it is."""
        rows = ColumnRef(node.unique_id, ROWS)
        lost = self._lost_above(node)
        # The failure names it; where it names none, it is one that the node is known to use.
        named = [ref for ref in lost if ref.column and f"'{ref.column}'" in message]
        uses = [*(u for column in node.columns for u in column.uses), *node.row_uses]
        how_of = {ColumnRef(use.relation, use.column): use.how for use in uses}
        used = [ref for ref in lost if ref in how_of]
        source = next(iter([*named, *used, *lost]), None)
        how = how_of.get(source, "reads") if source is not None else "reads"
        self._add(rows, Reached("fails", source, how, message))

    def _lost_above(self, node: NodeLineage) -> list[ColumnRef]:
        """What its parents lost, then what is of another type there."""
        found = [
            (effects, ref)
            for parent in node.parents
            for ref, effects in self.of_node(parent).items()
            if effects.keys() & {"removed", "retyped"}
        ]
        found.sort(key=lambda item: "removed" not in item[0])
        return [ref for _, ref in found]

    def _compare(self, node: NodeLineage, read: ReadQuery) -> None:
        now = {column.name: column for column in read.query.columns}
        for column in node.columns:
            ref = ColumnRef(node.unique_id, column.name)
            source, how = self._cause(column)
            if column.name not in now:
                if source is not None and "removed" in self.effects(source):
                    self._add(ref, Reached("removed", source, how))
                continue
            data_type = now[column.name].data_type
            was_typed = bool(column.data_type)
            if source is None or (data_type == column.data_type if was_typed else how not in _PASSED_ON):
                self._recast(ref, source, how)
                continue
            shown = f"{column.data_type} → {data_type}" if was_typed and data_type else data_type
            self._add(ref, Reached("retyped", source, how, shown))
            self._new_types[ref] = data_type
        self._put(node)

    def _recast(self, ref: ColumnRef, source: ColumnRef | None, how: str) -> None:
        """A column keeps its type over one that has another: its values may be others."""
        if source is not None and "retyped" in self.effects(source):
            self._add(ref, Reached("values", source, how))

    def _cause(self, column: OutputColumn) -> tuple[ColumnRef | None, str]:
        """The column gone or of another type that a column is made of, and how."""
        for use in column.uses:
            source = ColumnRef(use.relation, use.column)
            if self.effects(source).keys() & {"removed", "retyped"}:
                return source, str(use.how)
        return None, ""

    def _by_uses(self, node: NodeLineage) -> None:
        """The same, of a node whose SQL cannot be read again: by what is known that it uses."""
        for column in node.columns:
            source, how = self._cause(column)
            if source is None:
                continue
            if "removed" in self.effects(source):
                self._add(ColumnRef(node.unique_id, ROWS), Reached("fails", source, how))
            else:
                self._add(ColumnRef(node.unique_id, column.name), Reached("retyped", source, how))

    # --- what came of it ----------------------------------------------------------------------------------

    def effects(self, ref: ColumnRef) -> dict[Effect, Reached]:
        return self.reached.get(ref, {})

    def of_node(self, unique_id: str) -> dict[ColumnRef, dict[Effect, Reached]]:
        """Every effect on a node: on its rows and on its columns."""
        return {ref: self.reached[ref] for ref in self._refs.get(unique_id, ())}

    def path(self, ref: ColumnRef, effect: Effect) -> tuple[tuple[str, str], ...]:
        """(title, how it uses the one before) from the change to a column."""
        steps: list[tuple[str, str]] = []
        seen: set[ColumnRef] = set()
        at: ColumnRef | None = ref
        while at is not None and at not in seen:
            seen.add(at)
            effects = self.effects(at)
            reached = effects.get(effect) or next(iter(effects.values()))
            steps.append((self.lineage.title(at), reached.how))
            at = reached.before
            effect = reached.effect
        return tuple(reversed(steps))

    def columns_and_nodes(self) -> Iterator[Affected]:
        """Every column and node that is reached; of a node that is not built, that alone."""
        for ref, effects in self.reached.items():
            broken = self.effects(ColumnRef(ref.node, ROWS)).keys() & _BROKEN
            for effect, reached in effects.items():
                if broken and effect not in _BROKEN and reached.before is not None:
                    continue
                words = _column_words(effect, reached) if ref.column else _node_words(effect, reached)
                kind: ThingKind = "column" if ref.column else "node"
                path = self.path(ref, effect)
                yield Affected(kind, self.lineage.title(ref), ref.node, effect, words, path, ref.column)

    def _add(self, ref: ColumnRef, reached: Reached) -> None:
        if ref not in self.reached:
            self._refs.setdefault(ref.node, []).append(ref)
        self.reached.setdefault(ref, {}).setdefault(reached.effect, reached)


def _is_opaque(node: NodeLineage) -> bool:
    """Whether a node may use what it reads in ways that are not known."""
    if any(column.made == "unknown" for column in node.columns):
        return True
    return not node.columns and bool(node.parents)


def _column_words(effect: Effect, reached: Reached) -> str:
    if reached.before is None:
        return reached.detail or "this is the change"
    if effect == "removed":
        return "a star passes it on, so it is gone here too" if reached.before.column else "its node is gone"
    if effect == "retyped":
        return f"it takes on another type{f': {reached.detail}' if reached.detail else ''}"
    made = f"its values are made of it ({reached.how})"
    return made if reached.before.column else f"it goes over other rows ({reached.how})"


def _node_words(effect: Effect, reached: Reached) -> str:
    if reached.before is None:
        return reached.detail or "this is the change"
    column = reached.before.column
    if effect == "fails":
        gone = f"its SQL names {column}, which is gone" if column else "it reads what is gone"
        return reached.detail or gone
    if effect == "rows":
        words = f"which rows it has depends on it ({reached.how})" if column else "it reads other rows"
        return f"{words}: {reached.detail}" if reached.detail else words
    return "what it reads is not built"
