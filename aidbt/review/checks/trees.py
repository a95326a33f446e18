"""What several checks ask of a resolved query."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.sql.resolve.rows import Bound, Field, Source

_LONGEST = 60  # characters of SQL in a message


def shown(node: exp.Expr, dialect: str) -> str:
    """A piece of SQL in a message: on one line, not too long."""
    text = " ".join(node.sql(dialect, comments=False).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def own_nodes(node: exp.Expr, *kinds: type[exp.Expr]) -> Iterator[exp.Expr]:
    """The nodes of some kinds in an expression, those of queries inside of it left out."""
    for found in node.walk(prune=lambda inner: isinstance(inner, exp.Query)):
        if isinstance(found, kinds):
            yield found


def origin_of(bound: Bound | None) -> tuple[str, str] | None:
    """(unique_id, column in lower case) of the relation's column that a column passes on unchanged, through
    CTEs and subqueries; None where it is none.
    """
    seen: set[int] = set()
    while bound is not None and bound.source is not None and id(bound.column) not in seen:
        seen.add(id(bound.column))
        source = bound.source
        if source.relation is not None:
            return source.relation.key, bound.column.name.casefold()
        field = inner_field(source, bound.column)
        bound = field.origin if field is not None else None
    return None


def inner_field(source: Source, column: Field) -> Field | None:
    """The column of the query behind a CTE or subquery that a column of it stands for."""
    if source.rows is None or source.rows.select is None:
        return None
    fields = source.rows.select.fields
    if len(fields) != len(source.fields):
        return None
    return next((fields[at] for at, own in enumerate(source.fields) if own is column), None)


def alias_of(node: exp.Expr) -> str:
    """The name under which an expression is selected; "" where it is a part of another one."""
    parent = node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    return parent.alias if isinstance(parent, exp.Alias) else ""
