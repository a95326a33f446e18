"""What a query gives in the words of one relation that it reads: its columns, and which rows come out.

Only what is computed row by row is followed: a value that is made of several rows, or of another relation,
has no expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlglot
from sqlglot import exp

IsIt = Callable[[exp.Table], bool]
_MANY_ROWS = (exp.AggFunc, exp.Window, exp.Query, exp.Explode, exp.Unnest)


@dataclass(frozen=True, slots=True)
class Traced:
    """A query in the words of the relation.

    Attributes:
        columns: name of a column it gives → the expression over columns of the relation; None where it is
            made of anything else too.
        filters: what a row has to meet to come out, as far as it can be said.
        says_all: whether `filters` is everything that leaves rows out.
        keeps_rows: whether each row that is not left out comes out exactly once.
    """

    columns: Mapping[str, exp.Expr | None]
    filters: tuple[exp.Expr, ...] = ()
    says_all: bool = True
    keeps_rows: bool = True

    def column(self, name: str) -> exp.Expr | None:
        """The expression of a column, the exact name before one in another case."""
        if name in self.columns:
            return self.columns[name]
        folded = [key for key in self.columns if key.casefold() == name.casefold()]
        return self.columns[folded[0]] if len(folded) == 1 else None

    def put(self, expression: exp.Expr) -> exp.Expr | None:
        """An expression over the query's columns as one over the relation's; None where that is not
        possible."""
        if expression.find(*_MANY_ROWS) is not None:
            return None
        found = {id(c): self.column(c.name) for c in expression.find_all(exp.Column)}
        if any(value is None for value in found.values()):
            return None

        def swap(node: exp.Expr) -> exp.Expr:
            value = found.get(id(node))
            if value is None:
                return node
            is_plain = isinstance(value, (exp.Column, exp.Cast, exp.Func, exp.Literal, exp.Paren))
            return value.copy() if is_plain else exp.Paren(this=value.copy())

        return expression.transform(swap, copy=False) if found else expression


def trace(sql: str, dialect: str, columns: Sequence[str], is_it: IsIt) -> Traced | None:
    """What a query gives in the words of the relation that `is_it` names; None where it cannot be parsed, or
    reads the relation not exactly once.

    Args:
        columns: of the relation, in its order.

    Example:
        >>> found = trace("select trim(a) as b from t where c > 1", "duckdb", ["a", "c"], lambda t: True)
        >>> found.columns["b"].sql(), found.filters[0].sql()
        ('TRIM("a")', '"c" > 1')
    """
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except sqlglot.errors.SqlglotError:
        return None
    if not isinstance(tree, exp.Query):
        return None
    start = Traced({name: exp.column(name, quoted=True) for name in columns})
    return _Tracing(start, is_it).query(tree, {})


class _Tracing:
    def __init__(self, start: Traced, is_it: IsIt) -> None:
        self.start = start
        self.is_it = is_it

    def query(self, node: exp.Expr, known: Mapping[str, Traced | None]) -> Traced | None:
        """A query with the CTEs that it sees; None where it does not read the relation exactly once."""
        if isinstance(node, (exp.Subquery, exp.Paren)):
            return self.query(node.this, known)
        with_ = node.args.get("with_")
        known = dict(known)
        for cte in with_.expressions if with_ is not None else ():
            known[cte.alias.casefold()] = self.query(cte.this, known)
        if isinstance(node, exp.SetOperation):
            return self._union(node, known)
        return self._select(node, known) if isinstance(node, exp.Select) else None

    def _union(self, node: exp.SetOperation, known: Mapping[str, Traced | None]) -> Traced | None:
        left, right = self.query(node.this, known), self.query(node.expression, known)
        found = left or right
        if found is None or (left is not None and right is not None):
            return None
        if not isinstance(node, exp.Union):
            return replace(found, says_all=False, keeps_rows=False)
        if left is None and not node.args.get("by_name"):  # the first query names the columns
            names = node.left.named_selects
            if len(names) == len(found.columns) and "*" not in names:
                found = replace(found, columns=dict(zip(names, found.columns.values(), strict=True)))
        return replace(found, keeps_rows=found.keeps_rows and node.args.get("distinct") is not True)

    def _select(self, node: exp.Select, known: Mapping[str, Traced | None]) -> Traced | None:
        from_ = node.args.get("from_")
        joins = node.args.get("joins") or []
        read = [from_.this] if from_ is not None else []
        read += [join.this for join in joins]
        sources = [(item.alias_or_name, self._source(item, known)) for item in read]
        traced = [(name, found) for name, found in sources if found is not None]
        if len(traced) != 1:
            return None
        name, inner = traced[0]
        others = [other for other, _ in sources if other != name]
        names = _Names(name, inner, others)
        where = node.args.get("where")
        parts = list(where.this.flatten()) if where is not None and isinstance(where.this, exp.And) else []
        parts = parts or ([where.this] if where is not None else [])
        filters = [names.put(part) for part in parts]
        grouped = node.args.get("group")
        reshapes = any(node.args.get(k) for k in ("group", "distinct", "limit", "offset", "laterals"))
        hides = any(node.args.get(key) for key in ("having", "qualify", "limit", "offset"))
        is_one = node.find(exp.AggFunc) is not None and grouped is None
        keys = _group_keys(node) if grouped is not None else None
        return Traced(
            names.outputs(node, keys),
            (*inner.filters, *(item for item in filters if item is not None)),
            inner.says_all and None not in filters and not hides and not joins,
            inner.keeps_rows and not (reshapes or hides or joins or is_one),
        )

    def _source(self, item: exp.Expr, known: Mapping[str, Traced | None]) -> Traced | None:
        if isinstance(item, exp.Table):
            if not item.db and item.name.casefold() in known:
                return known[item.name.casefold()]
            return self.start if self.is_it(item) and not item.args.get("pivots") else None
        return self.query(item, known) if isinstance(item, exp.Subquery) else None


@dataclass(frozen=True, slots=True)
class _Names:
    """What column names mean in one SELECT: `inner` stands in it as `name`, beside others."""

    name: str
    inner: Traced
    others: list[str]

    def put(self, expression: exp.Expr) -> exp.Expr | None:
        for column in expression.find_all(exp.Column):
            if self._is_other(column):
                return None
        return self.inner.put(expression.copy())

    def _is_other(self, column: exp.Column) -> bool:
        """Whether it is, or may be, a column of another relation."""
        if column.table:
            return column.table.casefold() != self.name.casefold()
        return bool(self.others) and self.inner.column(column.name) is None

    def outputs(self, node: exp.Select, keys: set[str] | None) -> dict[str, exp.Expr | None]:
        found: dict[str, exp.Expr | None] = {}
        for item in node.expressions:
            if isinstance(item, exp.Star) or (
                isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
            ):
                if not isinstance(item, exp.Column) or item.table.casefold() == self.name.casefold():
                    found |= self._star(item)
                continue
            value = item.unalias()
            name = item.alias_or_name or item.output_name
            is_kept = keys is None or value.sql() in keys or name.casefold() in keys
            found[name] = self.put(value) if is_kept else None
        return found

    def _star(self, item: exp.Expr) -> dict[str, exp.Expr | None]:
        star = item.this if isinstance(item, exp.Column) else item
        left_out = star.args.get("except_") or star.args.get("except") or []
        names = {part.name.casefold() for part in left_out}
        replaced = star.args.get("replace") or []
        changed = {part.alias_or_name.casefold(): self.put(part.unalias()) for part in replaced}
        if star.args.get("rename"):
            return dict.fromkeys(self.inner.columns, None)
        return {
            name: changed.get(name.casefold(), value)
            for name, value in self.inner.columns.items()
            if name.casefold() not in names
        }


def _group_keys(node: exp.Select) -> set[str]:
    """What a SELECT groups by, as it is written; places as the column that stands there."""
    found: set[str] = set()
    for item in node.args["group"].expressions:
        if isinstance(item, exp.Literal) and item.is_int and 0 < int(item.this) <= len(node.expressions):
            item = node.expressions[int(item.this) - 1].unalias()
        found |= {item.sql(), item.name.casefold()} if isinstance(item, exp.Column) else {item.sql()}
    return found
