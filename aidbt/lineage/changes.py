"""What differs between a project as it was and as it is: not in its files, in what it builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from aidbt.core.types import is_same_type
from aidbt.lineage.effects import Change, Effect
from aidbt.lineage.graph import ROWS, Lineage, NodeLineage
from aidbt.lineage.schemas import has_contract
from aidbt.lineage.what_if import Project, ReadQuery
from aidbt.project.manifest import Manifest, Node
from aidbt.sql.folding import folding
from aidbt.sql.same import QueryChange, compare_queries

_KINDS = ("source", "seed", "model", "snapshot")
# What a configuration decides: which rows there are, which of them are one, or neither.
_CONFIGS: dict[str, Effect] = {
    "materialized": "definition", "incremental_strategy": "rows", "unique_key": "grain",
    "strategy": "rows", "updated_at": "rows", "check_cols": "rows", "hard_deletes": "rows",
    "on_schema_change": "definition", "contract": "definition", "column_types": "definition",
    "event_time": "rows", "begin": "rows", "lookback": "rows", "batch_size": "rows",
}  # fmt: skip
_KEEPS_HISTORY = ("incremental", "snapshot")


class State(Protocol):
    """A project at one time: its manifest and what was read of its columns."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def lineage(self) -> Lineage: ...


@dataclass(frozen=True, slots=True)
class ProjectChanges:
    """What differs between two states of a project.

    Attributes:
        changes: of nodes, their columns and rows, in the order of the project.
        lineage: what the changes spread through: a node as it is now where its SQL was changed, else as it
            was, each reading what it reads as that was; and what is gone.
        added, removed: unique_ids of nodes and of things such as exposures.
        renamed: unique_id before → after, of nodes that are otherwise the same.
        reformatted: unique_ids whose SQL is written otherwise and gives the same.
        unread: (unique_id, why) of nodes whose change of SQL could not be understood.
        tests_added, tests_removed: unique_ids of data tests and unit tests.
    """

    changes: tuple[Change, ...]
    lineage: Lineage
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    reformatted: tuple[str, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    tests_added: tuple[str, ...] = ()
    tests_removed: tuple[str, ...] = ()

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that differ in what they build, each once, in the order of the project."""
        return tuple(dict.fromkeys(change.node for change in self.changes))


def project_changes(base: State, head: State) -> ProjectChanges:
    """What differs between two states of a project.

    Reformatting, comments, another name or order of CTEs and the like are no change. What a change reaches is
    not followed here: `impact_of(found.changes, found.lineage, head.manifest)` does.

    Example:
        project_changes(read_base(project, settings, "main"), read_project(project, settings))
    """
    return _Comparison(base, head).run()


class _Comparison:
    def __init__(self, base: State, head: State) -> None:
        self.base = base
        self.head = head
        self.renamed = _renamed(base.manifest, head.manifest)
        names = {new: old for old, new in self.renamed.items()}
        self.old_names = names
        self.before = Project(base.lineage, base.manifest, self.renamed)
        self.after = Project(head.lineage, head.manifest)
        self._share_columns()
        self.reformatted: list[str] = []
        self.unread: list[tuple[str, str]] = []
        self.rewritten: dict[str, ReadQuery | None] = {}
        self.columns_renamed: dict[tuple[str, str], str] = {}
        self._key = folding(head.lineage.dialect).stored_key

    def _share_columns(self) -> None:
        """Let both see the same relations, with what is gone and what is new: so that what a node's own SQL
        changes is told from what happens to it by a change before it.
        """
        for name, node in self.head.lineage.nodes.items():
            was = self.base.lineage.nodes.get(self.old_names.get(name, name))
            if was is not None:
                new = [column for column in node.columns if was.column(column.name) is None]
                columns = (*was.columns, *new)
                self.before.put(was, columns)
                self.after.put(node, columns)

    def run(self) -> ProjectChanges:
        old, new = _nodes(self.base.manifest), _nodes(self.head.manifest)
        added = [name for name in new if name not in old and name not in self.old_names]
        removed = [name for name in old if name not in new and name not in self.renamed]
        changes = [Change(name, ROWS, "removed", "it is gone") for name in removed if _is_built(old[name])]
        for name in [n for n in self.head.lineage.nodes if n in new]:
            was = old.get(self.old_names.get(name, name))
            if was is None:
                changes.append(Change(name, ROWS, "added", "it is new"))
            else:
                changes += self._node(was, new[name])
        tests = [{n for n, node in state.items() if _is_test(node)} for state in (old, new)]
        return ProjectChanges(
            tuple(changes),
            self._spread_through(removed),
            tuple(name for name in added if not _is_test(new[name])),
            tuple(name for name in removed if not _is_test(old[name])),
            self.renamed,
            tuple(self.reformatted),
            tuple(self.unread),
            tuple(sorted(tests[1] - tests[0])),
            tuple(sorted(tests[0] - tests[1])),
        )

    def _spread_through(self, removed: list[str]) -> Lineage:
        base, head = self.base.lineage, self.head.lineage
        nodes = {name: base.nodes[name] for name in removed if name in base.nodes}
        for name, node in head.nodes.items():
            was = base.nodes.get(name)
            read = self.rewritten.get(name)
            if was is None or name in self.rewritten or name in self.old_names:
                nodes[name] = node if read is None else _as_read(node, read)
            else:
                nodes[name] = was
        return Lineage(nodes, base.findings, dialect=head.dialect)

    # --- one node -----------------------------------------------------------------------------------------

    def _node(self, old: Node, new: Node) -> Iterator[Change]:
        name = new.unique_id
        if relation_name(old) != relation_name(new):
            moved = f"{relation_name(old)} → {relation_name(new)}"
            yield Change(name, ROWS, "moved", moved)
            if new.resource_type == "source":
                yield Change(name, ROWS, "rows", f"it is another relation: {moved}")
                yield from (
                    Change(name, c, "values", "it is another relation") for c in self._shared(old, new)
                )
        yield from _config_changes(old, new)
        if new.resource_type == "seed":
            yield from self._seed(old, new)
        elif new.resource_type == "source":
            yield from self._columns(old, new)
        elif new.raw.get("language") == "python":
            yield from self._python(old, new)
        else:
            yield from self._sql(old, new)

    def _lineages(self, old: Node, new: Node) -> tuple[NodeLineage | None, NodeLineage | None]:
        return self.base.lineage.nodes.get(old.unique_id), self.head.lineage.nodes.get(new.unique_id)

    def _shared(self, old: Node, new: Node) -> list[str]:
        was, now = self._lineages(old, new)
        if was is None or now is None:
            return []
        return [column.name for column in now.columns if was.column(column.name) is not None]

    def _columns(self, old: Node, new: Node) -> Iterator[Change]:
        """Of what has no SQL: its columns as they are declared or known."""
        was, now = self._lineages(old, new)
        if was is None or now is None:
            return
        listed = {column.name.casefold() for column in new.columns}
        for column in was.columns:
            still = now.column(column.name)
            if still is None and now.is_complete and column.name.casefold() not in listed:
                yield Change(now.unique_id, column.name, "removed", "it is gone")
            elif still is not None and _differ(column.data_type, still.data_type):
                shown = f"{column.data_type} → {still.data_type}"
                yield Change(now.unique_id, column.name, "retyped", shown, still.data_type)
        for column in now.columns:
            if was.column(column.name) is None and was.is_complete:
                yield Change(now.unique_id, column.name, "added", "it is new")

    def _seed(self, old: Node, new: Node) -> Iterator[Change]:
        if old.checksum == new.checksum and old.config.get("column_types") == new.config.get("column_types"):
            return
        yield from self._columns(old, new)
        if old.checksum != new.checksum:
            yield Change(new.unique_id, ROWS, "rows", "its file has changed")
            for name in self._shared(old, new):
                yield Change(new.unique_id, name, "values", "its file has changed")

    def _python(self, old: Node, new: Node) -> Iterator[Change]:
        yield from self._columns(old, new)
        if old.raw.get("raw_code") != new.raw.get("raw_code"):
            yield from self._anything(old, new, "its Python has changed, and nobody can say what that does")

    def _anything(self, old: Node, new: Node, why: str) -> Iterator[Change]:
        """A change that is not understood may change everything."""
        self.rewritten[new.unique_id] = None
        self.unread.append((new.unique_id, why))
        yield from self._columns(old, new) if new.raw.get("language") != "python" else ()
        yield Change(new.unique_id, ROWS, "rows", why)
        for name in self._shared(old, new):
            yield Change(new.unique_id, name, "values", why)

    # --- SQL ----------------------------------------------------------------------------------------------

    def _sql(self, old: Node, new: Node) -> Iterator[Change]:
        (sql, why), (now, why_not) = self.before.sql(old), self.after.sql(new)
        if _is_same_text(old, new, sql, now):
            if has_contract(new) or has_contract(old):
                yield from self._columns(old, new)
            return
        before = self.before.read(old) if sql is not None else why
        after = self.after.read(new) if now is not None else why_not
        if isinstance(before, str) or isinstance(after, str):
            said = before if isinstance(before, str) else str(after)
            yield from self._anything(old, new, f"its SQL has changed and cannot be read: {said}")
            return
        self.rewritten[new.unique_id] = None if has_contract(new) else after
        yield from self._meaning(old, new, before, after)

    def _meaning(self, old: Node, new: Node, before: ReadQuery, after: ReadQuery) -> Iterator[Change]:
        errors = [error for error in after.errors if error not in before.errors]
        if errors:  # what it would give cannot be said then
            yield Change(new.unique_id, ROWS, "fails", errors[0])
            return
        change = self._without_case(
            compare_queries(
                (before.tree, before.query), (after.tree, after.query), renamed=self.columns_renamed
            )
        )
        self.columns_renamed.update({(new.unique_id, one): other for one, other in change.renamed})
        if change.is_none and old.raw.get("raw_code") != new.raw.get("raw_code"):
            self.reformatted.append(new.unique_id)
        yield from query_changes(new.unique_id, change, before, after)

    def _without_case(self, change: QueryChange) -> QueryChange:
        """Without renames to what is the same name in the dialect."""
        renamed = tuple(pair for pair in change.renamed if self._key(pair[0]) != self._key(pair[1]))
        return replace(change, renamed=renamed)


def query_changes(
    unique_id: str, change: QueryChange, before: ReadQuery, after: ReadQuery
) -> Iterator[Change]:
    """The changes of a node whose query changes so; a renamed column is one gone and one new."""
    for old, new in change.renamed:
        yield Change(unique_id, old, "removed", f"it is called {new} now")
        yield Change(unique_id, new, "added", f"it was called {old}")
    for name in change.removed:
        yield Change(unique_id, name, "removed", "its SQL gives it no more")
    for name, old, new in change.retyped:
        yield Change(unique_id, name, "retyped", f"{old} → {new}", new)
    if change.grain:
        yield Change(unique_id, ROWS, "grain", _words(change.rows) or "another grouping")
    if change.rows:
        yield Change(unique_id, ROWS, "rows", f"{_words(change.rows)} decides otherwise which rows there are")
    texts = [{c.name: " ".join(c.text.split()) for c in read.query.columns} for read in (before, after)]
    names = {new: old for old, new in change.renamed}
    for name in change.changed:
        one, other = texts[0].get(names.get(name, name), ""), texts[1].get(name, "")
        shown = f"{_short(one)} → {_short(other)}" if one and other and one != other else ""
        yield Change(unique_id, ROWS if name == "*" else name, "values", shown or "it is made in another way")
    for name in change.added:
        yield Change(unique_id, name, "added", "it is new")
    if change.reordered:
        yield Change(unique_id, ROWS, "definition", "its columns come in another order")


def relation_name(node: Node) -> str:
    """Where a node is, as the warehouse names it; "" for what is in no warehouse."""
    if node.config.get("materialized") == "ephemeral":
        return ""
    return ".".join(part for part in (node.database, node.schema, node.identifier or node.name) if part)


def _nodes(manifest: Manifest) -> dict[str, Node]:
    return {**manifest.sources, **manifest.nodes, **manifest.others}


def _is_built(node: Node) -> bool:
    return node.resource_type in _KINDS


def _as_read(node: NodeLineage, read: ReadQuery) -> NodeLineage:
    """A node with the columns that its SQL gives while nothing that it reads has changed."""
    if node.resource_type == "snapshot":
        return node
    return replace(node, columns=read.query.columns, row_uses=read.query.row_uses)


def _is_test(node: Node) -> bool:
    return node.resource_type in ("test", "unit_test")


def _is_same_text(old: Node, new: Node, sql: str | None, now: str | None) -> bool:
    if sql is None and now is None:
        return old.raw.get("raw_code") == new.raw.get("raw_code")
    return sql is not None and now is not None and sql.strip() == now.strip()


def _renamed(base: Manifest, head: Manifest) -> dict[str, str]:
    """unique_id before → after, of a node that is gone and a new one with the very same file."""
    gone = {n: node for n, node in _nodes(base).items() if head.find(n) is None and _is_built(node)}
    new = {n: node for n, node in _nodes(head).items() if base.find(n) is None and _is_built(node)}
    found = {}
    for name, node in gone.items():
        same = [n for n, other in new.items() if node.checksum and _is_alike(node, other)]
        if len(same) == 1 and sum(_is_alike(other, node) for other in gone.values()) == 1:
            found[name] = same[0]
    return found


def _is_alike(one: Node, other: Node) -> bool:
    return (one.resource_type, one.package, one.checksum) == (
        other.resource_type,
        other.package,
        other.checksum,
    )


def _config_changes(old: Node, new: Node) -> Iterator[Change]:
    """Configurations that decide what is built."""
    for key, effect in _CONFIGS.items():
        was, now = old.config.get(key), new.config.get(key)
        if was == now:
            continue
        shown = f"{key}: {_plain(was)} → {_plain(now)}"
        if key == "materialized" and any(kind in _KEEPS_HISTORY for kind in (was, now)):
            yield Change(new.unique_id, ROWS, "rows", shown)
        else:
            yield Change(new.unique_id, ROWS, effect, shown)


def _differ(one: str, other: str) -> bool:
    """Whether two types are known and not the same."""
    return bool(one and other) and not is_same_type(one, other)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items() if item not in (None, "")) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _words(parts: tuple[str, ...]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
