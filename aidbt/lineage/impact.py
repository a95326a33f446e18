"""What a change reaches: columns, nodes, tests, contracts, exposures and metrics, each with the path that
proves it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aidbt.lineage.graph import ROWS, ColumnRef, Lineage, NodeLineage
from aidbt.lineage.schemas import has_contract, tested_columns, tested_node
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.resolved import OutputColumn

Effect = Literal["fails", "skipped", "removed", "retyped", "grain", "rows", "values", "added"]
"""What happens to something: it cannot be built or run; it is not built because something before it fails;
a column is gone, has another type; other columns tell the rows apart; other rows; other values; a new
column."""
Weight = Literal["breaking", "data", "safe"]

_WEIGHT: dict[Effect, Weight] = {
    "fails": "breaking", "skipped": "breaking", "removed": "breaking", "retyped": "breaking",
    "grain": "breaking", "rows": "data", "values": "data", "added": "safe",
}  # fmt: skip
EFFECTS: tuple[Effect, ...] = tuple(_WEIGHT)
_WORD = re.compile(r"[A-Za-z_]\w*")

ThingKind = Literal[
    "column", "node", "data test", "unit test", "contract", "exposure", "metric", "semantic model",
    "saved query",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changes.

    Attributes:
        column: "" for the node as a whole; its rows with "rows" or "grain", all of it with "removed".
        detail: in words, e.g. "integer → varchar".
    """

    node: str
    column: str
    effect: Effect
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Affected:
    """One thing that a change reaches.

    Attributes:
        name: as people know it, e.g. "fct_orders.amount" or the name of a test.
        path: the columns and nodes from the change to it, as titles, each but the first with how it uses the
            one before.
        why: what happens to it, in a sentence.
        steps: how many nodes lie between; 0 is in the changed node itself.
    """

    kind: ThingKind
    name: str
    node: str
    effect: Effect
    why: str
    path: tuple[tuple[str, str], ...] = ()
    column: str = ""

    @property
    def weight(self) -> Weight:
        """How much it matters."""
        return _WEIGHT[self.effect]

    @property
    def steps(self) -> int:
        return max(len(self.path) - 1, 0)


@dataclass(frozen=True, slots=True)
class Impact:
    """What changes reach, the weightiest and nearest first.

    Attributes:
        unknown: nodes that a change may reach without anybody knowing, since what their columns are made of
            is not known.
    """

    changes: tuple[Change, ...]
    affected: tuple[Affected, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()

    def of_weight(self, weight: Weight) -> list[Affected]:
        """What is affected with that weight."""
        return [thing for thing in self.affected if thing.weight == weight]


def impact_of(changes: Sequence[Change], lineage: Lineage, manifest: Manifest) -> Impact:
    """What changes reach in a project.

    Args:
        lineage: of the project as it was before the changes: what reads what is gone stands there.

    Example:
        impact_of([Change("source.shop.raw.orders", "amount", "removed")], lineage, manifest)
    """
    spread = _Spread(lineage, manifest)
    for change in changes:
        spread.start(change)
    for node in lineage.nodes.values():
        spread.read(node)
    affected = [*spread.columns_and_nodes(), *_things(spread)]
    started = {(change.node, change.column) for change in changes}
    affected = [a for a in affected if a.steps or (a.node, a.column) not in started]
    rank = {effect: place for place, effect in enumerate(EFFECTS)}
    affected.sort(key=lambda a: (rank[a.effect], a.steps, a.kind, a.name))
    return Impact(tuple(changes), tuple(affected), tuple(spread.unknown))


@dataclass(slots=True)
class _Reached:
    """An effect on one column or on the rows of a node, and the edge that brought it."""

    effect: Effect
    before: ColumnRef | None = None
    how: str = ""
    detail: str = ""


@dataclass(slots=True)
class _Spread:
    """Carries effects through the project, node after node."""

    lineage: Lineage
    manifest: Manifest
    reached: dict[ColumnRef, dict[Effect, _Reached]] = field(default_factory=dict)
    unknown: list[tuple[str, str]] = field(default_factory=list)

    def start(self, change: Change) -> None:
        ref = ColumnRef(change.node, change.column)
        self._add(ref, _Reached(change.effect, detail=change.detail))
        node = self.lineage.nodes.get(change.node)
        if change.effect == "removed" and not change.column and node is not None:
            for column in node.columns:
                self._add(ColumnRef(change.node, column.name), _Reached("removed", ref))

    def read(self, node: NodeLineage) -> None:
        """What happens to a node by what happened to those it reads."""
        rows = ColumnRef(node.unique_id, ROWS)
        for parent in node.parents:
            above = self.effects(ColumnRef(parent, ROWS))
            for effect in ("fails", "skipped"):
                if effect in above:
                    self._add(rows, _Reached("skipped", ColumnRef(parent, ROWS), "reads"))
            if "rows" in above:
                self._add(rows, _Reached("rows", ColumnRef(parent, ROWS), "reads"))
            if "grain" in above:
                self._add(rows, _Reached("rows", ColumnRef(parent, ROWS), "reads", "there may be more rows"))
            if "removed" in above:
                self._add(rows, _Reached("fails", ColumnRef(parent, ROWS), "reads"))
        for column in node.columns:
            self._column(node, column)
        for use in node.row_uses:
            source = ColumnRef(use.relation, use.column)
            for effect in self.effects(source):
                if effect == "removed":
                    self._add(rows, _Reached("fails", source, use.how))
                elif effect in ("values", "retyped") and use.column:
                    self._add(rows, _Reached("rows", source, use.how))
        if _is_opaque(node) and any(self._touched(parent) for parent in node.parents):
            self.unknown.append((node.unique_id, node.why))

    def _column(self, node: NodeLineage, column: OutputColumn) -> None:
        ref = ColumnRef(node.unique_id, column.name)
        for use in column.uses:
            source = ColumnRef(use.relation, use.column)
            if not use.column:
                continue
            for effect, reached in list(self.effects(source).items()):
                if effect == "removed":
                    if column.text:
                        self._add(ColumnRef(node.unique_id, ROWS), _Reached("fails", source, use.how))
                    else:  # a star passes on what is there
                        self._add(ref, _Reached("removed", source, use.how))
                elif effect == "retyped" and use.how in ("passthrough", "rename"):
                    self._add(ref, _Reached("retyped", source, use.how, reached.detail))
                elif effect in ("values", "retyped"):
                    self._add(ref, _Reached("values", source, use.how))

    def effects(self, ref: ColumnRef) -> dict[Effect, _Reached]:
        return self.reached.get(ref, {})

    def of_node(self, unique_id: str) -> dict[ColumnRef, dict[Effect, _Reached]]:
        """Every effect on a node: on its rows and on its columns."""
        node = self.lineage.nodes.get(unique_id)
        names = [ROWS, *(column.name for column in node.columns)] if node else [ROWS]
        refs = (ColumnRef(unique_id, name) for name in names)
        return {ref: self.reached[ref] for ref in refs if ref in self.reached}

    def path(self, ref: ColumnRef, effect: Effect) -> tuple[tuple[str, str], ...]:
        """(title, how it uses the one before) from the change to a column."""
        steps: list[tuple[str, str]] = []
        seen: set[ColumnRef] = set()
        at: ColumnRef | None = ref
        while at is not None and at not in seen:
            seen.add(at)
            reached = self.effects(at).get(effect) or next(iter(self.effects(at).values()))
            steps.append((self.lineage.title(at), reached.how))
            at, effect = reached.before, reached.effect
            if at is not None and effect not in self.effects(at):
                effect = next(iter(self.effects(at)))
        return tuple(reversed(steps))

    def columns_and_nodes(self) -> Iterator[Affected]:
        for ref, effects in self.reached.items():
            for effect, reached in effects.items():
                kind: ThingKind = "column" if ref.column else "node"
                yield Affected(
                    kind,
                    self.lineage.title(ref),
                    ref.node,
                    effect,
                    _column_words(effect, reached) if ref.column else _node_words(effect, reached),
                    self.path(ref, effect),
                    ref.column,
                )

    def _touched(self, unique_id: str) -> bool:
        return bool(self.of_node(unique_id))

    def _add(self, ref: ColumnRef, reached: _Reached) -> None:
        self.reached.setdefault(ref, {}).setdefault(reached.effect, reached)


def _is_opaque(node: NodeLineage) -> bool:
    """Whether a node may use what it reads in ways that are not known."""
    return any(column.made == "unknown" for column in node.columns) or not (node.columns or not node.parents)


def _column_words(effect: Effect, reached: _Reached) -> str:
    if reached.before is None:
        return reached.detail or "this is the change"
    return {
        "removed": "a star passes it on, so it is gone here too",
        "retyped": f"it takes the new type on{f' ({reached.detail})' if reached.detail else ''}",
        "values": f"its values are made of it ({reached.how})",
    }.get(effect, effect)


def _node_words(effect: Effect, reached: _Reached) -> str:
    if reached.before is None:
        return reached.detail or "this is the change"
    names = reached.before.column
    if effect == "fails":
        return f"its SQL names {names}, which is gone" if names else "it reads what is gone"
    if effect == "rows":
        return f"which rows it has depends on it ({reached.how})" if names else "it reads other rows"
    return "what it reads is not built"


# --- tests, contracts, exposures, metrics ---


def _things(spread: _Spread) -> Iterator[Affected]:
    manifest = spread.manifest
    for node in (*manifest.nodes.values(), *manifest.others.values()):
        if node.resource_type == "test":
            yield from _test(node, spread)
        elif node.resource_type == "unit_test":
            yield from _unit_test(node, spread)
        elif node.resource_type in ("exposure", "metric", "semantic_model", "saved_query"):
            yield from _consumer(node, spread)
        if has_contract(node):
            yield from _contract(node, spread)


def _test(test: Node, spread: _Spread) -> Iterator[Affected]:
    """A data test fails to run without its column, and may judge otherwise after other changes."""
    tested = tested_node(test)
    refs = [_ref(spread, tested, name) for name in tested_columns(test)] if tested else []
    kwargs = (test.raw.get("test_metadata") or {}).get("kwargs") or {}
    if kwargs.get("field"):  # relationships: the column of the other side
        others = [name for name in test.depends_on if name != tested] or [tested]
        refs += [_ref(spread, name, str(kwargs["field"])) for name in others]
    nodes = [tested] if tested else list(test.depends_on)
    rows = [ColumnRef(name, ROWS) for name in nodes]
    for ref in (*refs, *rows):
        for effect in spread.effects(ref):
            if effect == "added" or (effect == "removed" and not ref.column):
                continue
            outcome: Effect = {"removed": "fails", "fails": "skipped"}.get(effect, effect)  # type: ignore[assignment]
            if outcome in ("retyped", "grain", "rows"):
                outcome = "values"
            why = _test_words(outcome, ref)
            yield _affected("data test", test, spread, ref, effect, outcome, why)
            return


def _test_words(outcome: Effect, ref: ColumnRef) -> str:
    if outcome == "fails":
        return f"it names {ref.column}, which is gone"
    if outcome == "skipped":
        return "its model is not built"
    return "it may judge otherwise: what it tests has other values or rows"


def _unit_test(test: Node, spread: _Spread) -> Iterator[Affected]:
    """A unit test names columns of its inputs and of its model, and runs the model's SQL."""
    for name in test.depends_on:
        for ref, effects in spread.of_node(name).items():
            for effect in effects:
                if effect == "removed" and ref.column and ref.column.casefold() in _words_of(test.raw):
                    why = f"it names {ref.column}, which is gone"
                    yield _affected("unit test", test, spread, ref, effect, "fails", why)
                    return
                if effect == "fails":
                    why = "its model cannot be compiled against what is left"
                    yield _affected("unit test", test, spread, ref, effect, "fails", why)
                    return


def _words_of(raw: dict[str, Any]) -> set[str]:
    """Every column that the fixtures of a unit test name, in lower case."""
    fixtures = [*(raw.get("given") or ()), raw.get("expect") or {}]
    found: set[str] = set()
    for fixture in fixtures:
        rows = fixture.get("rows") if isinstance(fixture, dict) else None
        if isinstance(rows, list):
            found |= {str(name).casefold() for row in rows if isinstance(row, dict) for name in row}
        elif isinstance(rows, str):
            found |= {word.casefold() for word in _WORD.findall(rows)}
    return found


def _consumer(thing: Node, spread: _Spread) -> Iterator[Affected]:
    """An exposure, metric or semantic model: what it reads is named by node, its columns by expressions."""
    kind: ThingKind = thing.resource_type.replace("_", " ")  # type: ignore[assignment]
    named = {word.casefold() for text in _expressions(thing.raw) for word in _WORD.findall(text)}
    found: dict[Effect, Affected] = {}
    for name in thing.depends_on:
        for ref, effects in spread.of_node(name).items():
            is_named = not ref.column or not named or ref.column.casefold() in named
            if not is_named:
                continue
            for effect in effects:
                if effect == "added":
                    continue
                outcome: Effect = "fails" if effect == "removed" and named else effect
                found.setdefault(
                    outcome,
                    _affected(kind, thing, spread, ref, effect, outcome, _consumer_words(outcome, ref)),
                )
    if found:
        yield min(found.values(), key=lambda a: EFFECTS.index(a.effect))


def _consumer_words(effect: Effect, ref: ColumnRef) -> str:
    what = ref.column or "what it reads"
    return {
        "fails": f"it names {what}, which is gone",
        "skipped": "what it reads is not built",
        "removed": f"{what} is gone; whether it is used there is not known",
        "retyped": f"{what} has another type",
        "rows": "it shows other rows",
        "grain": "other columns tell the rows of what it reads apart",
        "values": f"{what} has other values",
    }.get(effect, effect)


def _expressions(raw: dict[str, Any]) -> Iterator[str]:
    """The SQL expressions and column names in a semantic model; none in an exposure."""
    for group in ("entities", "dimensions", "measures"):
        for item in raw.get(group) or ():
            yield str(item.get("expr") or item.get("name") or "")


def _contract(node: Node, spread: _Spread) -> Iterator[Affected]:
    """A column that goes or changes its type breaks the contract that promises it."""
    for column in node.columns:
        ref = _ref(spread, node.unique_id, column.name)
        for effect in ("removed", "retyped"):
            reached = spread.effects(ref).get(effect)
            if reached is not None and (effect == "removed" or column.data_type):
                why = f"it promises {column.name}" + (
                    f" as {column.data_type}" if effect == "retyped" else ""
                )
                yield _affected("contract", node, spread, ref, effect, "fails", why)


def _ref(spread: _Spread, node: str, column: str) -> ColumnRef:
    known = spread.lineage.nodes.get(node)
    found = known.column(column) if known else None
    return ColumnRef(node, found.name if found else column)


def _affected(
    kind: ThingKind, thing: Node, spread: _Spread, ref: ColumnRef, effect: Effect, outcome: Effect, why: str
) -> Affected:
    path = (*spread.path(ref, effect), (thing.name, kind))
    return Affected(kind, thing.name, thing.unique_id, outcome, why, path)
