"""Queries: WITH, SELECT and set operations, each resolved from the inside out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlglot import exp

from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolve.expressions import Expressions, passes_on
from aidbt.sql.resolve.mismatch import Mismatches
from aidbt.sql.resolve.output_names import output_name
from aidbt.sql.resolve.rows import Field, Joined, Rows, Selected
from aidbt.sql.resolve.scope import Problems, Scope
from aidbt.sql.resolve.sources import Sources
from aidbt.sql.resolve.stars import (
    Expanded,
    expand,
    expand_by_name,
    expand_columns,
    is_star_by_name,
    renamed_by,
    star_of,
)
from aidbt.sql.resolve.types import TypeRules, bare, item_type, struct_fields
from aidbt.sql.resolve.values import Value, add_uses, combined, unknown

SELECTED = "aidbt_selected"
"""Where a SELECT of a tree keeps in `meta` what it was resolved to."""

# How often the columns of a recursive CTE are gone through: once more than the longest way that a column can
# take from one to the next, which is short; what is not settled then is said to be unknown.
_ROUNDS = 12
# Dialects in which a CTE may read itself without the word RECURSIVE.
_RECURSIVE_ANYHOW = frozenset({"tsql", "oracle", "snowflake", "fabric"})
_SPREADS = (exp.Explode, exp.Posexplode, exp.Inline, exp.Unnest, exp.Stack)


class Queries:
    """Resolves the queries of one text."""

    def __init__(self, relations: RelationIndex, rules: TypeRules, problems: Problems) -> None:
        self._rules = rules
        self._problems = problems
        self._dialect = rules.dialect
        self._mismatches = Mismatches(rules, problems)
        self._expressions = Expressions(rules, self._mismatches, self._inner)
        self._sources = Sources(self._expressions, rules, relations, self._inner)

    def root(self, tree: exp.Expr) -> Rows:
        """What the whole query gives."""
        return self._query(tree, {}, None)

    def _inner(self, node: exp.Expr, scope: Scope) -> Rows:
        """What a query gives that may use the names of a scope."""
        return self._query(node, scope.ctes, scope)

    def _query(self, node: exp.Expr, ctes: Mapping[str, Rows], parent: Scope | None) -> Rows:
        ctes = self._with(node, ctes, parent)
        if isinstance(node, exp.Select):
            return self._select(node, ctes, parent)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, ctes, parent)
        if isinstance(node, exp.Subquery):
            return self._wrapped(node, ctes, parent)
        return self._reads_all(node, ctes, parent)

    # --- WITH ---------------------------------------------------------------------------------------------

    def _with(self, node: exp.Expr, ctes: Mapping[str, Rows], parent: Scope | None) -> Mapping[str, Rows]:
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        known = dict(ctes)
        for cte in clause.expressions:
            alias = cte.args["alias"]
            scope = Scope(self._problems, self._dialect, parent, known)
            key = scope.key(alias.this)
            may_recur = bool(clause.args.get("recursive")) or self._dialect in _RECURSIVE_ANYHOW
            if not isinstance(cte.this, exp.Query | exp.Values | exp.Pivot):
                message = f"the CTE '{alias.name}' is no query but a statement: {cte.this.key.upper()}"
                self._problems.add("sql.not_a_query", message, alias.this)
                rows = Rows(is_complete=False, why=message)
            elif may_recur and _reads_itself(cte.this, scope, key):
                rows = self._recursive(cte, key, known, parent, scope)
            else:
                rows = self._query(cte.this, known, parent)
            known[key] = self._named(rows, alias, scope)
        return known

    def _named(self, rows: Rows, alias: exp.TableAlias, scope: Scope) -> Rows:
        """The rows with the column names that a CTE is given."""
        names = alias.args.get("columns") or []
        if not names:
            return rows
        fields = [
            column.renamed(scope.stored(name), scope.key(name))
            for column, name in zip(rows.fields, names, strict=False)
        ]
        if len(names) > len(rows.fields) and rows.is_complete:
            message = f"{len(names)} columns are named, but the query gives only {len(rows.fields)}"
            self._problems.add("alias.too_long", message, names[len(rows.fields)])
        if not rows.is_complete:
            why = rows.why
            fields += [
                Field(scope.stored(name), scope.key(name), unknown(why)) for name in names[len(fields) :]
            ]
        named = replace(rows, fields=[*fields, *rows.fields[len(names) :]])
        if not rows.is_complete and len(fields) == len(names):
            named.is_complete = True
        return named

    def _recursive(
        self, cte: exp.CTE, key: str, ctes: dict[str, Rows], parent: Scope | None, scope: Scope
    ) -> Rows:
        """A CTE that reads itself: gone through until what its columns are made of does not grow."""
        anchor = cte.this
        while isinstance(anchor, exp.SetOperation | exp.Subquery):
            anchor = anchor.this
        alias = cte.args["alias"]
        rows = self._named(self._query(anchor, ctes, parent), alias, scope)
        for _ in range(_ROUNDS):
            before = [column.value.uses for column in rows.fields]
            again = self._query(cte.this, {**ctes, key: rows}, parent)
            for column, old in zip(again.fields, rows.fields, strict=False):
                # The types are those of the first branch.
                column.value.type, column.value.nullable = old.value.type, True
            again.relations.update(rows.relations)
            rows = self._named(again, alias, scope)
            if [column.value.uses for column in rows.fields] == before:
                return rows
        for column in rows.fields:
            column.value = unknown("a recursive query goes round more often than is followed")
        return rows

    # --- queries of other kinds ---------------------------------------------------------------------------

    def _wrapped(self, node: exp.Subquery, ctes: Mapping[str, Rows], parent: Scope | None) -> Rows:
        """A query in brackets, with an order, a limit or joins of its own behind them."""
        if isinstance(node.this, exp.Table) or node.args.get("joins"):
            return self._reads_all(node, ctes, parent)
        rows = self._query(node.this, ctes, parent)
        return self._ordered(node, rows, ctes, parent)

    def _reads_all(self, node: exp.Expr, ctes: Mapping[str, Rows], parent: Scope | None) -> Rows:
        """What `from <node>` alone gives."""
        scope = Scope(self._problems, self._dialect, parent, ctes)
        if isinstance(node, exp.Pivot):  # DuckDB's statement
            scope.sources = self._sources.pivot(node, scope)
        else:
            self._sources.join_all(node, node.args.get("joins") or [], scope)
        star = exp.Star()
        self._add_star(star, star, scope, scope.rows)
        scope.rows.scan = _scan(scope)
        scope.rows.whole = scope.sources[0] if len(scope.sources) == 1 else None
        return scope.rows

    def _ordered(self, node: exp.Expr, rows: Rows, ctes: Mapping[str, Rows], parent: Scope | None) -> Rows:
        """ORDER BY and LIMIT behind a query that is no plain SELECT: its columns alone may be named."""
        order = node.args.get("order")
        if order is None and not _limits(node):
            return rows
        scope = Scope(self._problems, self._dialect, parent, ctes)
        scope.clause = "order"
        scope.rows = Rows()
        for column in rows.fields:
            scope.aliases.setdefault(column.key, column)
        if not rows.is_complete:
            scope.problems = Problems("")
        values = self._order_values(order, rows.fields, scope) if order is not None else []
        ordered = replace(rows, row_uses=dict(rows.row_uses), relations=dict(rows.relations))
        if not any(node is known for known in rows.clauses):
            ordered.clauses = (*rows.clauses, node)
        if _limits(node):
            ordered.restrict(values, "order")
        ordered.relations.update(scope.rows.relations)
        return ordered

    def _set_operation(self, node: exp.SetOperation, ctes: Mapping[str, Rows], parent: Scope | None) -> Rows:
        """UNION, INTERSECT and EXCEPT; a chain of them is gone through from its first query on."""
        chain: list[exp.SetOperation] = []
        first: exp.Expr = node
        while isinstance(first, exp.SetOperation) and (first is node or not first.args.get("with_")):
            chain.append(first)
            first = first.this
        rows = self._query(first, ctes, parent)
        for operation in reversed(chain):
            right = self._query(operation.expression, ctes, parent)
            rows = self._ordered(operation, self._both(operation, rows, right), ctes, parent)
        return rows

    def _both(self, node: exp.SetOperation, left: Rows, right: Rows) -> Rows:
        """What a set operation gives."""
        rows = Rows(branches=(left, right), operation=node.key, clauses=(node,))
        rows.reads(left)
        rows.reads(right)
        rows.is_complete = left.is_complete and right.is_complete
        rows.why = left.why or right.why
        rows.scan = tuple(dict.fromkeys((*left.scan, *right.scan)))
        if node.args.get("by_name"):
            pairs = _by_name(left.fields, right.fields)
        else:
            pairs = list(zip(left.fields, right.fields, strict=False))
            if len(left.fields) != len(right.fields) and rows.is_complete:
                self._say_lengths(node, left, right)
        keeps_left = isinstance(node, exp.Except | exp.Intersect)
        for one, other in pairs:
            named = one or other
            if named is None:
                continue
            if one is not None and other is not None:
                types = [self._rules.words(part.value.type) for part in (one, other)]
                place = other.expression if other.expression is not None else node.expression
                self._mismatches.look_at_branches(place, one.name, *types)
            value = self._either(named, one, other, keeps_left=keeps_left)
            rows.fields.append(Field(named.name, named.key, value))
        if keeps_left:
            rows.scan = left.scan
            rows.restrict((column.value for column in right.fields), "filter")
            rows.restrict((column.value for column in left.fields), "filter")
        elif node.args.get("distinct"):
            rows.restrict((column.value for column in rows.fields), "group")
        return rows

    def _either(self, named: Field, one: Field | None, other: Field | None, *, keeps_left: bool) -> Value:
        """The value of a column of a set operation, from either of its queries."""
        if one is None or other is None:
            value = named.value.through("passthrough")
            value.nullable = True
            return value
        types = [self._rules.words(part.value.type) for part in (one, other)]
        data_type = self._rules.tree(self._rules.united(types))
        if keeps_left:
            value = one.value.through("passthrough")
        else:
            renamed = other if other.key == one.key else other.renamed(one.name, one.key)
            value = combined([one.value, renamed.value], "passthrough")
            value.nullable = one.value.nullable or other.value.nullable
        value.type = data_type
        return value

    def _say_lengths(self, node: exp.SetOperation, left: Rows, right: Rows) -> None:
        self._problems.add(
            "columns.differ",
            f"one side of {node.key.upper()} gives {len(left.fields)} columns, the other {len(right.fields)}",
            node.expression,
        )

    # --- SELECT -------------------------------------------------------------------------------------------

    def _select(self, node: exp.Select, ctes: Mapping[str, Rows], parent: Scope | None) -> Rows:
        scope = Scope(self._problems, self._dialect, parent, ctes)
        rows = scope.rows
        selected = Selected(node, parent=parent.selected if parent else None)
        scope.selected = rows.select = selected
        node.meta[SELECTED] = selected
        self._from(node, scope)
        for window in node.args.get("windows") or []:
            scope.windows[scope.key(window.this)] = window
        self._select_list(node, scope)
        self._where(node, scope)
        is_aggregated = self._group(node, scope)
        self._having(node, scope)
        self._distinct(node, scope)
        self._order(node, scope)
        self._limit(node, scope)
        if node.args.get("match"):
            rows.is_complete, rows.why = False, "the columns of MATCH_RECOGNIZE are not followed"
        rows.is_one_row = is_aggregated and not node.args.get("group")
        rows.is_correlated = scope.is_correlated
        rows.scan = () if rows.is_one_row else _scan(scope)
        selected.sources = tuple(scope.sources)
        selected.joins = tuple(scope.joins)
        selected.fields = tuple(rows.fields)
        selected.is_aggregated = is_aggregated
        return rows

    def _from(self, node: exp.Select, scope: Scope) -> None:
        scope.clause = "from"
        clause = node.args.get("from_")
        joins = node.args.get("joins") or []
        if clause is not None:
            self._sources.join_all(clause.this, joins, scope)
        for lateral in node.args.get("laterals") or []:
            added = self._sources.read(lateral, scope, lateral=True)
            scope.sources += added
            scope.joins.append(Joined(None, tuple(added)))

    def _select_list(self, node: exp.Select, scope: Scope) -> None:
        scope.clause = "select"
        rows = scope.rows
        for item in node.expressions:
            if is_star_by_name(item):
                self._add_expanded(expand_by_name(item, scope), rows)
                continue
            star = star_of(item)
            if star is not None:
                self._add_star(item, star, scope, rows)
                continue
            columns = next(_columns_in(item), None)
            if columns is not None:
                self._add_columns(item, columns, scope)
                continue
            if isinstance(item, exp.Aliases):
                self._add_aliases(item, scope)
                continue
            self._add_item(item, scope)

    def _add_item(self, item: exp.Expr, scope: Scope) -> None:
        """One expression with or without an alias."""
        scope.saw_aggregate = False
        value = self._expressions.value(item, scope)
        inner = item.this if isinstance(item, exp.Alias) else item
        spread = self._spread(inner, value, scope)
        if spread is not None and (spread or not isinstance(item, exp.Alias)):
            scope.rows.fields += spread
            return
        alias = item.args.get("alias") if isinstance(item, exp.Alias) else None
        if isinstance(alias, exp.Identifier):
            name, key = scope.stored(alias), scope.key(alias)
        else:
            name = output_name(inner, len(scope.rows.fields), self._rules)
            key = scope.folding.stored_key(name)
        column = self._column(name, key, inner, value, scope)
        scope.rows.fields.append(column)
        if isinstance(alias, exp.Identifier):
            scope.aliases.setdefault(key, column)

    def _column(self, name: str, key: str, node: exp.Expr, value: Value, scope: Scope) -> Field:
        """A selected column under its name."""
        bound = passes_on(node)
        plain = bare(node)
        taken = bound.column.key if bound is not None else None
        if bound is None and isinstance(plain, exp.Column) and value.made == "passthrough":
            taken = scope.key(plain.this)  # a column that is taken on trust
        if taken is not None and taken != key:
            value = value.through("rename")
        return Field(name, key, value, bound, node, scope.saw_aggregate)

    def _spread(self, node: exp.Expr, value: Value, scope: Scope) -> list[Field] | None:
        """The columns of a list or a struct that a select list turns into rows or columns; None for any
        other expression, an empty list for one column.
        """
        if not isinstance(node, _SPREADS):
            return None
        inner = node.this.type if isinstance(node.this, exp.Expr) else None
        if scope.dialect != "duckdb" or not struct_fields(inner):
            size = self._expressions.size_of_item(node, scope)
            scope.rows.restrict([size or value], "join")
        value.type = item_type(inner) or value.type
        if scope.dialect != "duckdb":
            return None
        found = []
        for name, kind in _unnested(inner, is_recursive=_is_recursive(node)):
            part = combined([value], "expression")
            part.type, part.nullable = kind, True
            found.append(Field(name, scope.folding.stored_key(name), part, expression=node))
        return found or None

    def _add_aliases(self, item: exp.Aliases, scope: Scope) -> None:
        """Spark's `stack(…) as (a, b)`."""
        scope.saw_aggregate = False
        value = self._expressions.value(item.this, scope)
        if isinstance(item.this, _SPREADS):
            scope.rows.restrict([value], "join")
        for name in item.expressions:
            own = combined([value], "expression")
            own.nullable = True
            scope.rows.fields.append(Field(scope.stored(name), scope.key(name), own, expression=item.this))

    def _add_star(self, item: exp.Expr, star: exp.Star, scope: Scope, rows: Rows) -> None:
        self._add_expanded(expand(item, star, scope, self._expressions), rows)

    def _add_expanded(self, found: Expanded, rows: Rows) -> None:
        rows.fields += found.fields
        if found.open_sources or found.why:
            rows.is_complete = False
            rows.why = rows.why or found.why or "not all columns of what it reads are known"
            rows.passed_on = (*rows.passed_on, *found.open_sources)

    def _add_columns(self, item: exp.Expr, columns: exp.Columns, scope: Scope) -> None:
        """An expression with COLUMNS(…) in it: once for each column that it stands for."""
        found = expand_columns(columns, scope, self._expressions)
        if found.open_sources or found.why:
            self._add_expanded(Expanded([], found.open_sources, found.why), scope.rows)
        alias = item.args.get("alias") if isinstance(item, exp.Alias) else None
        inner = item.this if isinstance(item, exp.Alias) else item
        if columns.args.get("unpack"):
            scope.substitutes[id(columns)] = found.fields
            self._add_item(item, scope)
            return
        for column in found.fields:
            scope.saw_aggregate = False
            scope.substitutes[id(columns)] = [column]
            value = self._expressions.value(inner, scope)
            name, key = column.name, column.key
            if isinstance(alias, exp.Identifier):
                name = renamed_by(columns, column.name, scope.stored(alias))
                key = scope.folding.stored_key(name)
            origin = column.origin if inner is columns else None
            if origin is not None and key != column.key:
                value = value.through("rename")
            scope.rows.fields.append(Field(name, key, value, origin, inner, scope.saw_aggregate))

    def _where(self, node: exp.Select, scope: Scope) -> None:
        scope.clause = "where"
        for name in ("prewhere", "where"):
            if clause := node.args.get(name):
                scope.rows.restrict([self._expressions.value(clause.this, scope)], "filter")
        if connect := node.args.get("connect"):
            parts = [part for part in (connect.args.get("start"), connect.args.get("connect")) if part]
            scope.rows.restrict(self._expressions.values(parts, scope), "filter")

    def _group(self, node: exp.Select, scope: Scope) -> bool:
        """Note what the rows are grouped by; whether they are aggregated at all."""
        group = node.args.get("group")
        fields = scope.rows.fields
        has_aggregate = any(column.is_aggregate for column in fields)
        if group is None:
            return has_aggregate
        scope.clause = "group"
        if group.args.get("all"):
            plain = [column for column in fields if not column.is_aggregate]
            scope.rows.restrict((column.value for column in plain), "group")
            keys = [column.expression for column in plain if column.expression is not None]
        else:
            keys = list(_group_keys(group))
            scope.rows.restrict((self._by(key, fields, scope) for key in keys), "group")
        if scope.selected is not None:
            scope.selected.group = tuple(keys)
        return True

    def _by(self, node: exp.Expr, fields: list[Field], scope: Scope) -> Value:
        """The value of what rows are grouped or ordered by: a number means a selected column."""
        if isinstance(node, exp.Literal) and node.is_int:
            at = int(node.name) - 1
            if 0 <= at < len(fields):
                return fields[at].value
            if scope.rows.is_complete:
                message = f"there is no column {node.name}: {len(fields)} are selected"
                scope.problems.add("column.unknown", message, node)
            return unknown(f"there is no column {node.name}")
        return self._expressions.value(node, scope)

    def _having(self, node: exp.Select, scope: Scope) -> None:
        for name in ("having", "qualify"):
            if clause := node.args.get(name):
                scope.clause = "having" if name == "having" else "qualify"
                scope.rows.restrict([self._expressions.value(clause.this, scope)], "filter")

    def _distinct(self, node: exp.Select, scope: Scope) -> None:
        distinct = node.args.get("distinct")
        if distinct is None:
            return
        on = distinct.args.get("on")
        if on is None:
            scope.rows.restrict((column.value for column in scope.rows.fields), "group")
            return
        scope.clause = "order"
        keys = on.expressions if isinstance(on, exp.Tuple) else [on]
        scope.rows.restrict((self._by(_unpacked(key), scope.rows.fields, scope) for key in keys), "group")

    def _order(self, node: exp.Select, scope: Scope) -> None:
        order = node.args.get("order") or node.args.get("sort") or node.args.get("cluster")
        distinct = node.args.get("distinct")
        if order is None:
            return
        scope.clause = "order"
        for column in scope.rows.fields:
            scope.aliases.setdefault(column.key, column)
        values = self._order_values(order, scope.rows.fields, scope)
        if _limits(node) or (distinct is not None and distinct.args.get("on")):
            scope.rows.restrict(values, "order")
        else:
            for value in values:
                add_uses(scope.rows.order_uses, value.uses, "order")

    def _limit(self, node: exp.Select, scope: Scope) -> None:
        """A limit that a query gives."""
        for name in ("limit", "offset"):
            clause = node.args.get(name)
            if clause is not None and (inner := clause.find(exp.Query)) is not None:
                scope.rows.restrict([self._expressions.value(inner, scope)], "filter")

    def _order_values(self, order: exp.Expr, fields: list[Field], scope: Scope) -> list[Value]:
        values = []
        for ordered in order.expressions:
            node = ordered.this if isinstance(ordered, exp.Ordered) else ordered
            if isinstance(node, exp.Var):  # ORDER BY ALL
                values += [column.value for column in fields]
                continue
            values.append(self._by(node, fields, scope))
        return values


def _is_recursive(node: exp.Expr) -> bool:
    return any(isinstance(part, exp.PropertyEQ) and part.name == "recursive" for part in node.expressions)


def _unnested(kind: exp.DataType | None, *, is_recursive: bool) -> Iterator[tuple[str, exp.DataType | None]]:
    """The columns that DuckDB's unnest makes of a struct; none of a list, unless it goes into its items."""
    while is_recursive and item_type(kind) is not None:
        kind = item_type(kind)
    for column in struct_fields(kind):
        inner = list(_unnested(column.kind, is_recursive=True)) if is_recursive else []
        yield from inner or [(column.name, column.kind)]


def _reads_itself(query: exp.Expr, scope: Scope, key: str) -> bool:
    return any(
        isinstance(table.this, exp.Identifier) and not table.args.get("db") and scope.key(table.this) == key
        for table in query.find_all(exp.Table)
    )


def _scan(scope: Scope) -> tuple[str, ...]:
    """The relations whose rows are the rows of what a SELECT reads."""
    return tuple(dict.fromkeys(key for source in scope.sources for key in source.scan))


def _limits(node: exp.Expr) -> bool:
    return bool(node.args.get("limit") or node.args.get("offset") or node.args.get("fetch"))


def _columns_in(item: exp.Expr) -> Iterator[exp.Columns]:
    """COLUMNS(…) in an expression; not searched where none can be."""
    if isinstance(item, exp.Column | exp.Literal) or (
        isinstance(item, exp.Alias) and isinstance(item.this, exp.Column)
    ):
        return iter(())
    return item.find_all(exp.Columns)


def _group_keys(group: exp.Group) -> Iterator[exp.Expr]:
    """What rows are grouped by, out of GROUPING SETS, ROLLUP and CUBE too."""
    waiting = list(group.expressions)
    for name in ("grouping_sets", "rollup", "cube"):
        given = group.args.get(name)
        waiting += given if isinstance(given, list) else []
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, exp.GroupingSets | exp.Rollup | exp.Cube | exp.Tuple):
            waiting = [*node.expressions, *waiting]
        elif isinstance(node, exp.Paren):
            waiting.insert(0, node.this)
        else:
            yield node


def _unpacked(node: exp.Expr) -> exp.Expr:
    return node.this if isinstance(node, exp.Paren) else node


def _by_name(left: list[Field], right: list[Field]) -> list[tuple[Field | None, Field | None]]:
    """The columns of two queries matched by name, those of the first one first."""
    others = {column.key: column for column in right}
    names = {column.key for column in left}
    return [
        *((column, others.get(column.key)) for column in left),
        *((None, column) for column in right if column.key not in names),
    ]
