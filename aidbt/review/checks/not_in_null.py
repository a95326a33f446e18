"""`not in (select …)` over a column that may be null: one null there, and no row is left."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.review.checks.check import Check, Hit, Side, Subject, hit_at
from aidbt.review.checks.trees import origin_of, shown
from aidbt.sql.conditions import conjuncts, without_brackets
from aidbt.sql.resolve import binding, selects
from aidbt.sql.resolve.rows import Field, Selected


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None:
        return
    by_node = {id(select.node): select for select in selects(query.tree)}
    for negation in query.tree.find_all(exp.Not):
        listed = without_brackets(negation.this)
        inner = listed.args.get("query") if isinstance(listed, exp.In) else None
        if inner is None:
            continue
        select = by_node.get(id(inner.unnest()))
        if select is not None and len(select.fields) == 1 and _may_be_null(select, subject.side):
            field = select.fields[0]
            yield hit_at(
                negation,
                f"{shown(listed.this, query.dialect)} not in (select {field.name} …): "
                f"no row is left when a single {field.name} is null",
            )


def _may_be_null(select: Selected, side: Side) -> bool:
    field = select.fields[0]
    if not field.value.nullable or _is_filtered(select, field):
        return False
    origin = origin_of(field.origin)
    return origin is None or origin not in side.never_null


def _is_filtered(select: Selected, field: Field) -> bool:
    """Whether WHERE says `is not null` of the selected column."""
    where = select.node.args.get("where")
    for part in conjuncts(where.this if where is not None else None):
        compared = without_brackets(part.this) if isinstance(part, exp.Not) else None
        is_not_null = isinstance(compared, exp.Is) and isinstance(compared.expression, exp.Null)
        if compared is None or not is_not_null:
            continue
        if any(_is_same(column, field) for column in compared.find_all(exp.Column)):
            return True
    return False


def _is_same(column: exp.Column, field: Field) -> bool:
    """Whether a column is what a SELECT selects; by its name where nothing is known of what it reads."""
    bound = binding(column)
    if bound is not None and field.origin is not None:
        return bound.column is field.origin.column
    selected = field.expression.unalias() if field.expression is not None else None
    return isinstance(selected, exp.Column) and selected.name.casefold() == column.name.casefold()


CHECK = Check(
    "not_in_null",
    "NOT IN over a column that may be null",
    "use not exists, or say `where … is not null` in the subquery, or test the column for not_null",
    _find,
)
