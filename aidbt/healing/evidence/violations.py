"""Which rows of the sources break what a failed test asks, or a cast of a failed model: they are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import sqlglot
from sqlglot import exp

from aidbt.core.errors import WarehouseError
from aidbt.core.findings import RunFailure
from aidbt.core.schema import Relation
from aidbt.core.types import type_family
from aidbt.healing.evidence.case import Violation, ViolationKind
from aidbt.healing.evidence.table_changes import TableChange
from aidbt.healing.evidence.tables_now import relation_at
from aidbt.healing.evidence.test_meaning import TestMeaning
from aidbt.lineage.graph import ColumnRef, Lineage
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse import Connection
from aidbt.warehouse.dialects import NoLowering
from aidbt.warehouse.rows import rows_of, table_of

_MOST_CASTS = 40
_MOST_BYTES = 1_000_000_000  # of files that are read once more


def origins_of(lineage: Lineage, node: str, column: str) -> list[ColumnRef]:
    """The columns of sources and seeds that a column is made of, the nearest first."""
    if node not in lineage.nodes:
        return []
    found = lineage.nodes[node].column(column)
    start = ColumnRef(node, found.name if found is not None else column)
    if node.startswith(("source.", "seed.")):
        return [start]
    refs = (edge.source for edge in lineage.upstream(start))
    return list(dict.fromkeys(ref for ref in refs if ref.node.startswith(("source.", "seed."))))


class Violations:
    """Asks the sources of a case on one open connection."""

    def __init__(
        self,
        connection: Connection,
        relations: Sequence[Relation],
        manifest: Manifest,
        lineage: Lineage,
        tables: Mapping[str, TableChange],
        good_manifest: Manifest | None = None,
        root: Path | None = None,
    ) -> None:
        self.connection = connection
        self.relations = relations
        self.manifest = manifest
        self.lineage = lineage
        self.tables = tables
        self.good_manifest = good_manifest
        self.root = root
        self.unknown: list[str] = []

    def of_test(self, meaning: TestMeaning) -> Iterator[Violation]:
        """The rows that break a test: at the origin of the tested column, or of what is tested itself."""
        if meaning.only_where:
            self.unknown.append(f"{meaning.name} tests some rows only: those of the sources were not counted")
            return
        if meaning.kind in ("range", "expression"):
            yield from self._of_rule(meaning)
            return
        if meaning.kind == "combination":
            yield from self._of_combination(meaning)
            return
        for origin in origins_of(self.lineage, meaning.node, meaning.column)[:3]:
            relation = self._relation(origin.node)
            if relation is None or relation.column(origin.column) is None:
                continue
            bad: exp.Expr | None = None
            kind: ViolationKind = "nulls"
            detail = ""
            value = exp.column(origin.column, quoted=True)
            if meaning.kind in ("not_null", "proportion"):
                bad = _count_where(value.is_(exp.null()))
            elif meaning.kind == "unique":
                kind = "duplicates"
                distinct = exp.Count(this=exp.Distinct(expressions=[value]))
                bad = exp.Sub(this=exp.Count(this=value.copy()), expression=distinct)
            elif meaning.kind == "accepted_values":
                kind = "other_values"
                listed = [exp.Literal.string(item) for item in meaning.values]
                inside = exp.cast(value, exp.DataType.build("text")).isin(*listed)
                bad = _count_where(exp.and_(exp.not_(value.copy().is_(exp.null())), exp.not_(inside)))
            elif meaning.kind == "relationships":
                kind = "orphans"
                parent = next(iter(origins_of(self.lineage, meaning.to, meaning.to_column)), None)
                if parent is not None:
                    detail = f"{parent.node}|{parent.column}"
                    bad = self._orphans(origin, parent)
            if bad is not None:
                yield from self._asked(meaning.unique_id, kind, origin, relation, bad, detail)

    def _of_rule(self, meaning: TestMeaning) -> Iterator[Violation]:
        """Rows of the tested node itself: what it computes is not undone, but the column it comes from is
        told where there is one."""
        relation = self._relation(meaning.node)
        rule = _rule(meaning, self.connection.dialect)
        if relation is None or rule is None:
            return
        named = {column.name for column in rule.find_all(exp.Column)}
        origins = [origin for name in named for origin in origins_of(self.lineage, meaning.node, name)]
        if len(dict.fromkeys(origins)) != 1:
            return
        broken = _count_where(exp.not_(exp.Paren(this=rule.copy())))
        yield from self._asked(meaning.unique_id, "outside", origins[0], relation, broken, rule.sql())

    def _of_combination(self, meaning: TestMeaning) -> Iterator[Violation]:
        """Rows of a source that repeat a key of several columns, where all of them come from that source."""
        found = [origins_of(self.lineage, meaning.node, name) for name in meaning.columns]
        if not found or any(len(origins) != 1 for origins in found):
            return
        origins = [one for (one,) in found]
        relation = self._relation(origins[0].node)
        if relation is None or len({origin.node for origin in origins}) != 1:
            return
        key = _joined([origin.column for origin in origins])
        distinct = exp.Count(this=exp.Distinct(expressions=[key]))
        bad = exp.Sub(this=exp.Count(this=key.copy()), expression=distinct)
        whole = ColumnRef(origins[0].node, ", ".join(origin.column for origin in origins))
        yield from self._asked(meaning.unique_id, "duplicates", whole, relation, bad, "")

    def of_casts(self, failure: RunFailure) -> Iterator[Violation]:
        """The rows that a cast in a failed model, or in the views it reads, cannot read."""
        seen: set[tuple[ColumnRef, str]] = set()
        for node in self._read_at_once(failure.unique_id):
            then = self.good_manifest.find(node.unique_id) if self.good_manifest is not None else None
            known = {_said(cast) for cast in _casts(then, self.connection.dialect)} if then else set()
            for inner, data_type in _casts(node, self.connection.dialect):
                bad_then = 0 if _said((inner, data_type)) in known else None
                column = inner if isinstance(inner, exp.Column) else inner.find(exp.Column)
                for origin in self._origins_in(node, column.name) if column is not None else ():
                    asked = (origin, inner.sql() + data_type)
                    if asked not in seen and len(seen) < _MOST_CASTS:
                        seen.add(asked)
                        yield from self._bad_casts(failure.unique_id, origin, inner, data_type, bad_then)

    def _bad_casts(
        self, failure: str, origin: ColumnRef, inner: exp.Expr, data_type: str, bad_then: int | None
    ) -> Iterator[Violation]:
        relation = self._relation(origin.node)
        column = relation.column(origin.column) if relation is not None else None
        if relation is None or column is None or type_family(column.data_type) != "text":
            return
        name = exp.column(origin.column, quoted=True)
        value = inner.transform(lambda node: name.copy() if isinstance(node, exp.Column) else node)
        to = exp.DataType.build(data_type, dialect=self.connection.dialect)
        reads = exp.TryCast(this=exp.cast(value, exp.DataType.build("text")), to=to)
        unread = exp.and_(exp.not_(exp.Paren(this=value.copy()).is_(exp.null())), reads.is_(exp.null()))
        for found in self._asked(failure, "bad_casts", origin, relation, _count_where(unread), data_type):
            if found.bad:
                yield replace(found, bad_then=bad_then)

    def _asked(
        self,
        failure: str,
        kind: ViolationKind,
        origin: ColumnRef,
        relation: Relation,
        bad: exp.Expr,
        detail: str,
    ) -> Iterator[Violation]:
        try:
            rows = rows_of(self.connection, relation)
            count, total = rows.first(bad, exp.Count(this=exp.Star()))
        except (WarehouseError, NoLowering) as error:
            self.unknown.append(f"{relation}.{origin.column} could not be asked: {error}".splitlines()[0])
            return
        then = self._then(kind, origin)
        yield Violation(failure, kind, origin.node, origin.column, int(count or 0), int(total), then, detail)

    def _then(self, kind: ViolationKind, origin: ColumnRef) -> int | None:
        """How many there were at the last good run: known for nulls, and for keys of one column."""
        change = self.tables.get(origin.node)
        was = change.was if change is not None else None
        column = was.column(origin.column) if was is not None and was.is_measured else None
        if was is None or column is None:
            return None
        if kind == "nulls":
            return column.nulls
        if kind == "duplicates" and was.keyed is not None and was.keyed.key == (column.name,):
            return 0
        return None

    def _orphans(self, child: ColumnRef, parent: ColumnRef) -> exp.Expr | None:
        there = self._relation(parent.node)
        if there is None or there.column(parent.column) is None:
            return None
        dialect = self.connection.dialect
        known = exp.select(exp.column(parent.column, quoted=True)).from_(table_of(there, dialect))
        known = known.where(exp.not_(exp.column(parent.column, quoted=True).is_(exp.null())))
        value = exp.column(child.column, quoted=True)
        return _count_where(
            exp.and_(
                exp.not_(value.is_(exp.null())),
                exp.not_(exp.In(this=value.copy(), query=known.subquery())),
            )
        )

    def _relation(self, unique_id: str) -> Relation | None:
        node = self.manifest.find(unique_id)
        if node is None:
            return None
        return relation_at(
            self.connection,
            node,
            self.relations,
            most_bytes=_MOST_BYTES,
            unknown=self.unknown,
            root=self.root,
        )

    def _read_at_once(self, unique_id: str) -> list[Node]:
        """A node and the views and ephemeral models that are computed when it is."""
        waiting, found = [unique_id], dict[str, Node]()
        while waiting:
            node = self.manifest.find(waiting.pop(0))
            if node is None or node.unique_id in found:
                continue
            found[node.unique_id] = node
            is_kept = node.config.get("materialized") not in ("view", "ephemeral")
            if node.unique_id == unique_id or not is_kept:
                waiting += [name for name in node.depends_on if name.startswith("model.")]
        return list(found.values())

    def _origins_in(self, node: Node, column: str) -> list[ColumnRef]:
        """The source columns that a column named in a node's SQL comes from, through what the node reads."""
        found: list[ColumnRef] = []
        for parent in node.depends_on:
            lineage = self.lineage.nodes.get(parent)
            if lineage is not None and lineage.column(column) is not None:
                found += origins_of(self.lineage, parent, column)
        return found


def _said(cast: tuple[exp.Expr, str]) -> tuple[str, str]:
    return cast[0].sql(), cast[1]


# What a value may pass through before it is cast, one column inside.
_WRAPPERS = (exp.Column, exp.Identifier, exp.Literal, exp.Trim, exp.Lower, exp.Upper, exp.Nullif, exp.Paren)


def _casts(node: Node, dialect: str) -> list[tuple[exp.Expr, str]]:
    """(what is cast, type) of each cast of one column in a node's SQL; none where it cannot be parsed."""
    code = str(node.raw.get("compiled_code") or "")
    try:
        tree = sqlglot.parse_one(code, dialect=dialect) if code else None
    except sqlglot.errors.SqlglotError:
        tree = None
    found: dict[tuple[str, str], exp.Expr] = {}
    for cast in tree.find_all(exp.Cast) if tree is not None else ():
        is_one = len({column.name for column in cast.this.find_all(exp.Column)}) == 1
        is_plain = all(isinstance(part, _WRAPPERS) for part in cast.this.walk())
        data_type = cast.to.sql(dialect)
        if is_one and is_plain and type_family(data_type) != "text":
            found[cast.this.sql(dialect), data_type] = cast.this
    return [(inner, data_type) for (_, data_type), inner in found.items()]


def _rule(meaning: TestMeaning, dialect: str) -> exp.Expr | None:
    """What must hold of each row, as a tree; None where it cannot be read or is no plain condition."""
    if meaning.kind == "expression":
        return _condition(meaning.condition, dialect)
    low, high = _condition(meaning.low, dialect), _condition(meaning.high, dialect)
    if (meaning.low and low is None) or (meaning.high and high is None) or not meaning.column:
        return None
    column = exp.column(meaning.column, quoted=True)
    more, less = (exp.GTE, exp.LTE) if meaning.is_inclusive else (exp.GT, exp.LT)
    ends = [
        *([more(this=column.copy(), expression=low)] if low is not None else []),
        *([less(this=column.copy(), expression=high)] if high is not None else []),
    ]
    return exp.and_(*ends) if ends else None


def _condition(text: str, dialect: str) -> exp.Expr | None:
    """An expression over one row; None for Jinja, a query, or what cannot be parsed."""
    try:
        found = sqlglot.parse_one(text, dialect=dialect) if text and "{" not in text else None
    except sqlglot.errors.SqlglotError:
        return None
    if found is None or found.find(exp.Query, exp.AggFunc, exp.Window, exp.Command, exp.DDL, exp.DML):
        return None
    return found if isinstance(found, exp.Condition) else None


def _joined(names: Sequence[str]) -> exp.Expr:
    """The values of several columns as one text; null where one of them is."""
    texts: list[exp.Expr] = [exp.cast(exp.column(name, quoted=True), "text") for name in names]
    joined = texts[0]
    for text in texts[1:]:
        between = exp.Literal.string("\x1f")
        joined = exp.DPipe(this=exp.DPipe(this=joined, expression=between), expression=text)
    return joined


def _count_where(condition: exp.Expr) -> exp.Expr:
    return exp.Count(this=exp.Case(ifs=[exp.If(this=condition, true=exp.Literal.number(1))]))
