"""An incremental model's query without what it asks of its own table: all rows that it would take from
nothing, in the form that its later runs have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

from aidbt.sql.conditions import conjuncts
from aidbt.sql.parse import parse_sql

IsIt = Callable[[exp.Table], bool]


def unfiltered(sql: str, is_own: IsIt, dialect: str) -> exp.Query | None:
    """The query without the conditions about its own table; None where it reads that otherwise, too.

    Args:
        sql: as dbt compiled it for a later run.
        is_own: whether a table is the model's own.

    Example:
        >>> own = lambda table: table.name == "t"
        >>> text = "select a from p where b > 0 and at > (select max(at) from t)"
        >>> unfiltered(text, own, "duckdb").sql("duckdb")
        'SELECT a FROM p WHERE b > 0'
        >>> unfiltered("select a from p union all select a from t", own, "duckdb")
    """
    tree = parse_sql(sql, dialect).tree
    if tree is None:
        return None
    own = tree.copy()
    return own if _Own(is_own).taken_out(own) else None


class _Own:
    """Takes a table out of the conditions of a query.

    Attributes:
        named: CTEs, in lower case, that are made of the table; they stand for it.
    """

    def __init__(self, is_own: IsIt) -> None:
        self.is_own = is_own
        self.named: set[str] = set()

    def taken_out(self, query: exp.Expr) -> bool:
        """Whether nothing of the query reads the table any more."""
        with_ = query.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            if not self.taken_out(cte.this):
                self.named.add(cte.alias.casefold())
        if isinstance(query, (exp.Subquery, exp.Paren)):
            return self.taken_out(query.this)
        if isinstance(query, exp.SetOperation):
            left, right = self.taken_out(query.left), self.taken_out(query.right)
            return left and right
        if not isinstance(query, exp.Select):
            return not self._reads(query)
        where = query.args.get("where")
        if where is not None:
            kept = [part for part in conjuncts(where.this) if not self._reads(part)]
            query.set("where", exp.Where(this=exp.and_(*kept)) if kept else None)
        for item in _read_by(query):
            if isinstance(item, exp.Subquery):
                self.taken_out(item)
        return not any(self._reads(part) for part in _own_parts(query))

    def _reads(self, part: exp.Expr) -> bool:
        return any(
            self.is_own(table) or (not table.db and table.name.casefold() in self.named)
            for table in part.find_all(exp.Table)
        )


def _read_by(query: exp.Select) -> Iterator[exp.Expr]:
    from_ = query.args.get("from_")
    if from_ is not None:
        yield from_.this
    for join in query.args.get("joins") or ():
        yield join.this


def _own_parts(query: exp.Select) -> Iterator[exp.Expr]:
    """All of a SELECT but its CTEs."""
    for name, value in query.args.items():
        if name == "with_":
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Expr):
                yield part
