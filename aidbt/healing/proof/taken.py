"""Whether a table that keeps rows has, of a run before the mend, only rows that the mended code gives too.

Such rows stay when the table is built again. They are right in three cases, each asked of the warehouse while
the mended code stands built aside on a copy of the table:

1. What the model reads is the same row for row, as it stands and as it was built aside: the mistake never
   came there.
2. It differs in some columns only, which do not decide which rows the model takes; and what the model makes
   of them is, in every row of the table, what its query gives now.
3. The table, after its run aside, is row for row what its query gives from nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError

from aidbt.core.errors import WarehouseError
from aidbt.core.schema import Column, Relation
from aidbt.healing.evidence.tables_now import relation_of
from aidbt.healing.proof.changed import changed, with_below
from aidbt.healing.proof.unfiltered import unfiltered
from aidbt.lineage.columns import project_lineage
from aidbt.lineage.graph import ROWS, ColumnRef
from aidbt.project.manifest import Manifest, Node
from aidbt.project.selection import all_above
from aidbt.warehouse import Connection, Warehouse
from aidbt.warehouse.budget import estimated_size, human_bytes


@dataclass(frozen=True, slots=True)
class Built:
    """What stands aside, before it is dropped.

    Attributes:
        manifest: of the commit that was built, with its compiled SQL.
        relations: all that stands in the warehouse.
        scan_bytes: how much may be read.
    """

    warehouse: Warehouse
    manifest: Manifest
    relations: Sequence[Relation]
    scan_bytes: int


def taken_wrong(unique_id: str, before: Manifest, built: Built) -> str:
    """Why the rows that a table took before the mend may be others than the mended code gives; "" where they
    are the same.

    Args:
        before: the project as the run knew it in which the table took them.
    """
    node = built.manifest.find(unique_id)
    table = relation_of(node, built.relations) if node is not None else None
    if node is None or table is None:
        return "it was not built aside"
    try:
        with built.warehouse.connect() as connection:
            asked = _Asked(connection, node, table, before, built)
            return asked.too_large() or asked.why_not()
    except WarehouseError as error:
        return f"its rows could not be compared: {error.message}"


@dataclass(frozen=True, slots=True)
class _Parent:
    """Something a table is made of, as it stands and as it was built aside."""

    unique_id: str
    stands: Relation
    aside: Relation


class _Asked:
    """Compares on an open connection."""

    def __init__(
        self, connection: Connection, node: Node, table: Relation, before: Manifest, built: Built
    ) -> None:
        self.connection = connection
        self.node = node
        self.table = table
        self.before = before
        self.built = built
        self.own = changed(before, built.manifest)
        self.parents = self._parents()

    def too_large(self) -> str:
        relations = [self.table, *(r for p in self.parents or () for r in (p.stands, p.aside))]
        size = sum(estimated_size(relation) or 0 for relation in relations)
        if size <= self.built.scan_bytes:
            return ""
        most = human_bytes(self.built.scan_bytes)
        return f"{human_bytes(size)} would have to be read, more than budget.scan_bytes = {most}"

    def why_not(self) -> str:
        differing = self._differing()
        if differing is not None and not any(differing.values()):
            return ""
        if self.node.config.get("materialized") != "incremental":
            return "what it reads is otherwise with the mend"
        query = self._query()
        if query is None:
            return "what it reads is otherwise with the mend, and its query cannot be asked from nothing"
        reached = self._reached(differing) if differing is not None else None
        if reached is not None and self._agree(query, reached):
            return ""
        return "" if self._is_whole(query) else "they are not what the mended code gives from nothing"

    # --- what it is made of -------------------------------------------------------------------------------

    def _parents(self) -> list[_Parent] | None:
        """What it reads that the mend reaches; None where that cannot be set beside each other."""
        below = with_below(self.own, self.built.manifest)
        found: list[_Parent] = []
        waiting = [self.node]
        while waiting:
            node = waiting.pop()
            if node.unique_id in self.own:
                return None
            for name in node.depends_on:
                parent, was = self.built.manifest.find(name), self.before.find(name)
                if name not in below or parent is None:
                    continue
                if parent.config.get("materialized") == "ephemeral":
                    waiting.append(parent)
                    continue
                stands = relation_of(was, self.built.relations) if was is not None else None
                aside = relation_of(parent, self.built.relations)
                if stands is None or aside is None:
                    return None
                found.append(_Parent(name, stands, aside))
        return found

    def _differing(self) -> dict[str, set[str]] | None:
        """unique_id of what it reads → the columns that differ, all others being the same row for row; None
        where more than columns differs."""
        if self.parents is None:
            return None
        found: dict[str, set[str]] = {}
        for parent in self.parents:
            then = {c.name.casefold(): c for c in parent.stands.columns}
            now = {c.name.casefold(): c for c in parent.aside.columns}
            same = {name for name in then.keys() & now.keys() if then[name].data_type == now[name].data_type}
            other = (then.keys() | now.keys()) - same
            names = [now[name].name for name in now if name in same]
            if names and not self._is_same(parent, names):
                single = [name for name in names if not self._is_same(parent, [name])]
                names = [name for name in names if name not in single]
                other |= {name.casefold() for name in single}
                if not single or not names or not self._is_same(parent, names):
                    return None
            if other and not names:
                return None
            found[parent.unique_id] = other
        return found

    def _is_same(self, parent: _Parent, names: Sequence[str]) -> bool:
        return not self._differ(_columns(parent.stands, names), _columns(parent.aside, names))

    def _reached(self, differing: dict[str, set[str]]) -> set[str] | None:
        """Its columns, in lower case, that are made of differing ones; None where these decide which rows it
        has, or nobody can tell."""
        manifest = self.built.manifest
        wanted = {self.node.unique_id, *all_above(manifest).get(self.node.unique_id, ())}
        part = replace(
            manifest,
            nodes={name: node for name, node in manifest.nodes.items() if name in wanted},
            sources={name: node for name, node in manifest.sources.items() if name in wanted},
            others={},
        )
        there = ((node, relation_of(node, self.built.relations)) for node in part.nodes.values())
        seen = {node.unique_id: relation for node, relation in there if relation is not None}
        lineage = project_lineage(part, seen=seen)
        own = lineage.nodes.get(self.node.unique_id)
        if own is None or own.why or not own.is_complete or any(c.made == "unknown" for c in own.columns):
            return None
        found: set[str] = set()
        for unique_id, columns in differing.items():
            above = lineage.nodes.get(unique_id)
            names = {c.name.casefold(): c.name for c in above.columns} if above is not None else {}
            for column in columns:
                if column not in names:
                    return None
                edges = lineage.downstream(ColumnRef(unique_id, names[column]))
                if any(edge.target.column == ROWS for edge in edges):
                    return None
                found |= {e.target.column.casefold() for e in edges if e.target.node == self.node.unique_id}
        return found

    # --- what its query gives -----------------------------------------------------------------------------

    def _query(self) -> exp.Query | None:
        """Its query as its later runs have it, without the conditions about itself."""
        text = str(self.node.raw.get("compiled_code") or "")
        name, schema = self.table.name.casefold(), self.table.schema.casefold()
        return unfiltered(
            text,
            lambda table: (table.name.casefold(), table.db.casefold()) == (name, schema),
            self.connection.dialect,
        )

    def _agree(self, query: exp.Query, reached: Collection[str]) -> bool:
        """Whether some columns are in every row what the query gives for the same key."""
        keys = _keys(self.node)
        columns = [column.name for column in self.table.columns if column.name.casefold() in reached]
        if not columns:
            return True
        if not keys or any(self.table.column(key) is None for key in keys):
            return False
        there, made = _columns(self.table, [*keys, *columns]), self._made(query, [*keys, *columns])
        left, right = _with_keys_of(there, made, keys), _with_keys_of(made, there, keys)
        return not self._differ(left, right)

    def _is_whole(self, query: exp.Query) -> bool:
        """Whether the table holds exactly what the query gives; but for what says when it was built."""
        clocks = set(_of_no_column(query))
        names = [column.name for column in self.table.columns if column.name.casefold() not in clocks]
        return bool(names) and not self._differ(_columns(self.table, names), self._made(query, names))

    def _made(self, query: exp.Query, names: Sequence[str]) -> exp.Select:
        """Columns of the query, in the types that the table has."""
        items = []
        for name in names:
            column = self.table.column(name)
            assert column is not None
            items.append(exp.alias_(_cast(column, self.connection.dialect), name, quoted=True))
        return exp.select(*items).from_(query.copy().subquery("made"))

    def _differ(self, left: exp.Select, right: exp.Select) -> bool:
        """Whether any row stands in one of two queries more often than in the other."""
        for one, other in ((left, right), (right, left)):
            more = exp.Except(this=one.copy(), expression=other.copy(), distinct=False)
            any_ = exp.select(exp.Literal.number(1)).from_(more.subquery("more")).limit(1)
            if self.connection.rows(any_.sql(self.connection.dialect)):
                return True
        return False


def _columns(relation: Relation, names: Sequence[str]) -> exp.Select:
    items = [exp.column(name, quoted=True) for name in names]
    return exp.select(*items).from_(exp.table_(relation.name, db=relation.schema, quoted=True))


def _cast(column: Column, dialect: str) -> exp.Expr:
    """A column in the type that the table has, where that can be written."""
    value = exp.column(column.name, quoted=True)
    try:
        return exp.cast(value, exp.DataType.build(column.data_type, dialect=dialect))
    except SqlglotError:  # a type of the user's own
        return value


def _with_keys_of(rows: exp.Select, others: exp.Select, keys: Sequence[str]) -> exp.Select:
    """The rows whose key the others have, too."""
    known = exp.select(*(exp.column(key, quoted=True) for key in keys)).distinct()
    known = known.from_(others.copy().subquery("other_rows"))
    tables = ("own_rows", "known")
    pairs = ([exp.column(key, table, quoted=True) for table in tables] for key in keys)
    same = [own.eq(other) for own, other in pairs]
    all_ = exp.Column(this=exp.Star(), table=exp.to_identifier("own_rows"))
    joined = exp.select(all_).from_(rows.copy().subquery("own_rows"))
    return joined.join(known.subquery("known"), on=exp.and_(*same))


def _keys(node: Node) -> list[str]:
    said = node.config.get("unique_key")
    return [said] if isinstance(said, str) else [str(key) for key in said or ()]


def _of_no_column(query: exp.Query) -> Iterator[str]:
    """The columns, in lower case, that are made of nothing that is read: a clock, a run's id, a constant."""
    if isinstance(query, exp.Select):
        for item in query.expressions:
            if not item.find(exp.Column, exp.Star, exp.Query) and item.alias_or_name:
                yield item.alias_or_name.casefold()
