"""What each column of a query is made of, through its CTEs, down to the relations it reads.

The tree says what is meant, the layout quotes it. What cannot be followed with certainty is "unknown".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sqlglot import exp

from aidbt.lineage.written.items import SelectItem
from aidbt.lineage.written.layout import ItemLayout, QueryLayout, SelectLayout
from aidbt.lineage.written.scope import Names, ScopeEntry
from aidbt.lineage.written.traced import (
    OPAQUE,
    Columns,
    ReadRelation,
    RowRule,
    Shape,
    TracedColumn,
    TracedQuery,
    numbered,
    relation_of,
    renamed,
    united,
)
from aidbt.sql.jinja import ModelSql

_RANKS = re.compile(r"\b(row_number|rank|dense_rank)\s*\(", re.IGNORECASE)


def trace_query(tree: exp.Expr, layout: QueryLayout | None, model: ModelSql, dialect: str) -> TracedQuery:
    """What each output column of a parsed query is made of.

    Args:
        tree: what `model.sql` was parsed to.
        layout: where its parts stand; None quotes what sqlglot writes instead.
    """
    tracer = _Tracer(model, dialect)
    tracer.result.columns = tracer.as_read(tracer.query(tree, layout, {}))
    return tracer.result


class _Cte:
    """A CTE that is traced when it is first read; its rows count only then."""

    def __init__(self, trace: Callable[[], Columns]) -> None:
        self._trace = trace
        self._columns: Columns | None = None

    def columns(self) -> Columns:
        if self._columns is None:
            self._columns = OPAQUE  # what a recursive CTE sees of itself
            self._columns = self._trace()
        return self._columns


class _Tracer(Names):
    def __init__(self, model: ModelSql, dialect: str) -> None:
        super().__init__(model, dialect)
        self.result = TracedQuery()

    # --- queries ---

    def query(self, node: exp.Expr, layout: QueryLayout | None, outer: dict[str, _Cte]) -> Columns:
        ctes = dict(outer)
        with_ = node.args.get("with_")
        if with_ is not None:
            layouts = layout.ctes if layout and len(layout.ctes) == len(with_.expressions) else ()
            is_recursive = bool(with_.args.get("recursive"))
            if is_recursive:
                self._shape("recursive")
            for index, cte in enumerate(with_.expressions):
                body_layout = layouts[index].query if layouts else None
                ctes[cte.alias.casefold()] = self._cte(cte, body_layout, ctes, is_recursive)
        leaves = list(_leaves(node))
        if any(not isinstance(leaf, exp.Select) for leaf in leaves):
            return OPAQUE
        selects: Sequence[SelectLayout | None] = layout.selects if layout else ()
        if len(selects) != len(leaves):
            selects = [None] * len(leaves)
        branches = [
            self.select(leaf, at, ctes)
            for leaf, at in zip(leaves, selects, strict=True)
            if isinstance(leaf, exp.Select)
        ]
        if len(branches) == 1:
            return branches[0]
        self._shape("union")
        return OPAQUE if any(_is_by_name(leaf) for leaf in leaves) else united(branches)

    def as_read(self, columns: Columns, names: Sequence[str] = ()) -> Columns:
        """The columns of a query under the names that whatever reads it finds, maybe given by an alias.

        Where a name comes twice, DuckDB numbers it. Elsewhere it is an error or ambiguous, so both are kept.
        """
        columns = renamed(columns, names)
        return numbered(columns) if self.dialect == "duckdb" else columns

    def _cte(
        self, cte: exp.Expr, layout: QueryLayout | None, ctes: dict[str, _Cte], is_recursive: bool
    ) -> _Cte:
        names = [column.name for column in cte.args["alias"].columns]
        seen = dict(ctes)
        traced = _Cte(lambda: self.as_read(self.query(cte.this, layout, seen), names))
        if is_recursive:
            seen[cte.alias.casefold()] = traced
        return traced

    def select(self, node: exp.Select, layout: SelectLayout | None, ctes: dict[str, _Cte]) -> Columns:
        scope = self._scope(node, ctes, layout.subquery if layout else None)
        if layout is not None and len(layout.items) != len(node.expressions):
            layout = None
        items: Sequence[ItemLayout | None] = layout.items if layout else [None] * len(node.expressions)
        columns: list[TracedColumn] = []
        for item, at in zip(node.expressions, items, strict=True):
            columns += SelectItem(self, item, at, scope, columns).columns()
        if node.args.get("group") or any(_is_aggregate(item) for item in node.expressions):
            self._shape("aggregate")
        self._rules(node, layout, scope)
        return tuple(columns)

    # --- what is read ---

    def _scope(
        self, node: exp.Select, ctes: dict[str, _Cte], subquery: QueryLayout | None
    ) -> list[ScopeEntry]:
        entries: list[ScopeEntry] = []
        from_ = node.args.get("from_")
        if from_ is not None:
            entries.append(self._entry(from_.this, ctes, subquery))
        for join in node.args.get("joins") or []:
            is_rows = isinstance(join.this, exp.Table | exp.Subquery)
            self._shape("join" if is_rows else "lateral")
            entry = self._entry(join.this, ctes, None)
            if join.kind not in ("SEMI", "ANTI"):  # those only decide which rows there are
                entries.append(self._joined(entry, join))
        for lateral in node.args.get("laterals") or []:
            self._shape("lateral")
            entries.append(ScopeEntry(lateral.alias_or_name.casefold(), OPAQUE))
        return entries

    def _entry(self, node: exp.Expr, ctes: dict[str, _Cte], layout: QueryLayout | None) -> ScopeEntry:
        alias = node.alias_or_name.casefold()
        table_alias = node.args.get("alias")
        names = [column.name for column in table_alias.columns] if table_alias is not None else []
        nested = node.args.get("pivots") or node.args.get("joins") or node.args.get("laterals")
        if isinstance(node, exp.Subquery) and not nested:
            return ScopeEntry(alias, self.as_read(self.query(node.this, layout, ctes), names))
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            self._shape("lateral")
            return ScopeEntry(alias, OPAQUE)
        columns = self._table(node, ctes)
        if nested:
            self._shape("lateral")
            return ScopeEntry(alias, OPAQUE)
        return ScopeEntry(alias, renamed(columns, names))

    def _joined(self, entry: ScopeEntry, join: exp.Join) -> ScopeEntry:
        """The joined relation, without what it shares with those before it."""
        if join.method == "NATURAL":
            return ScopeEntry(entry.alias, OPAQUE)
        merged = tuple(self.name_of(column) for column in join.args.get("using") or [])
        return replace(entry, merged=merged, may_fill=join.side in ("RIGHT", "FULL"))

    def _table(self, node: exp.Table, ctes: dict[str, _Cte]) -> Columns:
        cte = ctes.get(node.name.casefold()) if len(node.parts) == 1 else None
        if cte is not None:
            return cte.columns()
        relation = self._relation(node)
        if relation not in self.result.relations:
            self.result.relations.append(relation)
        if node.args.get("sample"):
            self.result.rules.append(RowRule("limit", self.generated(node.args["sample"]).strip()))
        return (TracedColumn("*", "star", relation=relation),)

    def _relation(self, node: exp.Table) -> ReadRelation:
        tag = self.tag_of(node.this) if len(node.parts) == 1 else None
        if tag is not None:
            return relation_of(tag)
        names = [self.name_of(part) for part in node.parts if isinstance(part, exp.Identifier)]
        if len(names) != len(node.parts) or "" in names:
            return ReadRelation("jinja", self.generated(node))
        return ReadRelation("table", names[-1], ".".join(names[:-1]))

    # --- rows ---

    def _rules(self, node: exp.Select, layout: SelectLayout | None, scope: list[ScopeEntry]) -> None:
        rules = self.result.rules
        if node.args.get("distinct"):
            on = node.args["distinct"].args.get("on")
            rules.append(RowRule("deduplication", "distinct" if on is None else self.generated(on)))
        for clause in ("where", "qualify", "limit"):
            part = node.args.get(clause)
            if part is None:
                continue
            text = self._clause_text(clause, part, layout)
            if clause == "limit":
                rules.append(RowRule("limit", text))
            elif _RANKS.search(text) or any(
                _RANKS.search(found.text)
                for column in part.find_all(exp.Column)
                if (found := self.lookup(scope, column.name, column.name)) is not None
            ):
                rules.append(RowRule("deduplication", text))
            else:
                rules.append(RowRule("filter", text))

    def _clause_text(self, clause: str, part: exp.Expr, layout: SelectLayout | None) -> str:
        span = layout.clauses.get(clause) if layout else None
        if span is None:
            return self.generated(part.args.get("this") or part.args["expression"])
        return self.model.text[span.start + len(clause) : span.end].strip()

    def _shape(self, shape: Shape) -> None:
        if shape not in self.result.shapes:
            self.result.shapes.append(shape)


def _leaves(node: exp.Expr) -> Iterable[exp.Expr]:
    """The selects of a union, from left to right."""
    if isinstance(node, exp.Subquery) and not node.alias:
        yield from _leaves(node.this)
    elif isinstance(node, exp.SetOperation):
        yield from _leaves(node.this)
        yield from _leaves(node.expression)
    else:
        yield node


def _is_by_name(leaf: exp.Expr) -> bool:
    """Whether the union that a select belongs to puts columns together by their names."""
    union = leaf.find_ancestor(exp.SetOperation)
    return union is not None and bool(union.args.get("by_name"))


def _is_aggregate(item: exp.Expr) -> bool:
    """Whether it makes one row of many."""
    return any(not isinstance(f.parent, exp.Window | exp.Filter) for f in item.find_all(exp.AggFunc))
