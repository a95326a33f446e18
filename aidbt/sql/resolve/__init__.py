"""A query with all its names resolved: its columns, their types, and what they are made of.

One walk over the tree that the parser gives, without changing it, finds every problem with its place. The
nodes keep what they were found to be: `binding`, `selects` and `data_type` read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aidbt.sql.parse import call_deep
from aidbt.sql.relations import RelationIndex
from aidbt.sql.resolved import ResolvedQuery

if TYPE_CHECKING:
    from sqlglot import exp

    from aidbt.sql.resolve.rows import Bound, Selected

__all__ = ["binding", "data_type", "resolve", "selects"]


def resolve(tree: exp.Query, relations: RelationIndex, dialect: str, *, text: str = "") -> ResolvedQuery:
    """What a query gives and reads, and everything that is wrong with its names and types.

    Never raises for what a query says.

    Args:
        tree: from `parse_sql`; its nodes are annotated.
        relations: what it may read.
        dialect: of sqlglot, the one that the tree was read in.
        text: the text that the tree was read from, for places and names; "" gives problems without places.

    Example:
        >>> from aidbt.core.schema import Column
        >>> from aidbt.sql.parse import parse_sql
        >>> from aidbt.sql.resolved import KnownRelation
        >>> orders = KnownRelation("model.orders", (Column("id", "INTEGER"), Column("amount", "DOUBLE")))
        >>> index = RelationIndex([("db", "main", "orders", orders)], "duckdb")
        >>> text = "select id as order_id, amount * 2 as twice from orders"
        >>> query = resolve(parse_sql(text, "duckdb").tree, index, "duckdb", text=text)
        >>> [(column.name, column.data_type, column.made) for column in query.columns]
        [('order_id', 'INTEGER', 'rename'), ('twice', 'DOUBLE', 'expression')]
        >>> query.columns[0].uses
        (ColumnUse(relation='model.orders', column='id', how='rename'),)
    """
    from aidbt.sql.resolve.run import run

    try:
        return run(tree, relations, dialect, text)
    except RecursionError:
        return call_deep(lambda: run(tree, relations, dialect, text))


def binding(column: exp.Expr) -> Bound | None:
    """What a column of a resolved tree refers to; None where that is not known.

    Example:
        >>> from sqlglot import parse_one
        >>> tree = parse_one("with a as (select 1 as x) select x from a")
        >>> _ = resolve(tree, RelationIndex([], ""), "")
        >>> bound = binding(tree.expressions[0])
        >>> bound.source.name, bound.source.kind, bound.column.name
        ('a', 'cte', 'x')
    """
    from aidbt.sql.resolve.expressions import BOUND

    found: Bound | None = column.meta_get(BOUND)
    return found


def selects(tree: exp.Expr) -> Iterator[Selected]:
    """Every SELECT of a resolved tree with what it reads from, from the outside in.

    Example:
        >>> from sqlglot import parse_one
        >>> tree = parse_one("with a as (select 1 as x) select x from a")
        >>> _ = resolve(tree, RelationIndex([], ""), "")
        >>> [[source.kind for source in select.sources] for select in selects(tree)]
        [['cte'], []]
    """
    from sqlglot import exp

    from aidbt.sql.resolve.queries import SELECTED

    for node in tree.find_all(exp.Select):
        found = node.meta_get(SELECTED)
        if found is not None:
            yield found


def data_type(node: exp.Expr, dialect: str) -> str:
    """The type of an expression of a resolved tree, in the dialect's words; "" when it is not known.

    Example:
        >>> from sqlglot import parse_one
        >>> tree = parse_one("select 1 + 2.5 as x", dialect="duckdb")
        >>> _ = resolve(tree, RelationIndex([], "duckdb"), "duckdb")
        >>> data_type(tree.expressions[0], "duckdb")
        'DECIMAL(12,1)'
    """
    from aidbt.sql.resolve.run import type_rules

    return type_rules(dialect, "").shown(node.type)
