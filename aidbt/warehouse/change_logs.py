"""The rows of a change log as they are now: the latest of each key, without those that are deleted.

A change log says what happened to a key (`aidbt.core.loads`). The latest row of a key has the greatest
position and sequence; a row `t` takes every row below it away. A value that was not sent, because it did not
change, is the newest one of that key that was.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlglot
from sqlglot import exp

from aidbt.core.loads import (
    BATCH_ID,
    CHANGE_COLUMNS,
    DELETED,
    OPERATION,
    POSITION,
    SEQUENCE,
    TRUNCATED,
    UNCHANGED,
)
from aidbt.core.schema import Column, Relation

_NUMBER = "_aidbt_number"
# The newest value that was sent: in a struct, because NULL may be that value.
_NEWEST_SENT = sqlglot.parse_one(
    "struct_extract(first_value(case when coalesce(not list_contains(:unchanged, :name), true)"
    " then struct_pack(v := :value) end ignore nulls) over (), 'v')",
    dialect="duckdb",
)


def is_change_log(relation: Relation) -> bool:
    """Whether a table has the columns of a change log, however the warehouse folds names."""
    names = {column.name.lower() for column in relation.columns}
    return OPERATION in names and BATCH_ID in names


def without_change_columns(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns that a table of batches would have as well."""
    return tuple(column for column in columns if column.name.lower() not in CHANGE_COLUMNS)


def last_truncation(relation: Relation, table: exp.Expr) -> exp.Select:
    """A query of the position and sequence below which no row counts; without a row where all do."""
    place = _place(relation)
    is_truncated = _own(relation, OPERATION).eq(exp.Literal.string(TRUNCATED))
    query = exp.select(*place).from_(table, copy=False).where(is_truncated, copy=False)
    return query.order_by(*[_descending(column) for column in place], copy=False).limit(1, copy=False)


def unchanged_names(relation: Relation, table: exp.Expr) -> exp.Select:
    """A query of the columns that some row did not send; DuckDB only."""
    names = exp.Anonymous(this="unnest", expressions=[_own(relation, UNCHANGED)])
    return exp.select(names).distinct(copy=False).from_(table, copy=False)


def standing(relation: Relation, truncated_at: tuple[int, int] | None) -> exp.Expr:
    """The condition on rows that say what a key is, behind the last truncation.

    Args:
        truncated_at: the position and sequence of that; None when there was none.
    """
    is_row = exp.NEQ(this=_own(relation, OPERATION), expression=exp.Literal.string(TRUNCATED))
    if truncated_at is None:
        return is_row
    (position, sequence), (at, number) = _place(relation), map(_integer, truncated_at)
    behind = exp.and_(position.copy().eq(at), exp.GT(this=sequence, expression=number))
    return exp.and_(is_row, exp.or_(exp.GT(this=position, expression=at.copy()), behind))


def not_deleted(relation: Relation) -> exp.Expr:
    """The condition on rows that are no deletion."""
    return exp.NEQ(this=_own(relation, OPERATION), expression=exp.Literal.string(DELETED))


def latest_rows(
    relation: Relation,
    table: exp.Expr,
    key: Sequence[str],
    counted: exp.Expr,
    *,
    unchanged: Sequence[str] = (),
) -> exp.Select:
    """A query of the latest row of each key that is not deleted, with the columns of a table of batches.

    Args:
        table: what the log is called in the query.
        counted: the condition on the log's rows that count (`standing`).
        unchanged: the columns that some row did not send, whose newest value is looked for; on DuckDB only.
    """
    partition: list[exp.Expr] = [exp.column(name, quoted=True) for name in key]
    newest_first = exp.Order(expressions=[_descending(column) for column in _place(relation)])
    columns = without_change_columns(relation.columns)
    values = [
        exp.alias_(_newest_sent(relation, c.name, partition, newest_first), c.name, quoted=True)
        if c.name in unchanged and c.name not in key
        else exp.column(c.name, quoted=True)
        for c in columns
    ]
    number = exp.Window(this=exp.RowNumber(), partition_by=partition, order=newest_first)
    numbered = exp.select(*values, _own(relation, OPERATION), exp.alias_(number, _NUMBER), copy=False)
    numbered = numbered.from_(table, copy=False).where(counted, copy=False)
    query = exp.select(*[exp.column(c.name, quoted=True) for c in columns], copy=False)
    return query.from_(numbered.subquery("numbered", copy=False), copy=False).where(
        exp.column(_NUMBER).eq(_integer(1)), not_deleted(relation), copy=False
    )


def _newest_sent(
    relation: Relation, name: str, partition: Sequence[exp.Expr], newest_first: exp.Order
) -> exp.Expr:
    value = exp.replace_placeholders(
        _NEWEST_SENT,
        unchanged=_own(relation, UNCHANGED),
        name=exp.Literal.string(name),
        value=exp.column(name, quoted=True),
    )
    window = value.find(exp.Window)
    assert window is not None
    window.set("partition_by", [part.copy() for part in partition])
    window.set("order", newest_first.copy())
    older = exp.WindowSpec(kind="ROWS", start="CURRENT ROW", end="UNBOUNDED", end_side="FOLLOWING")
    window.set("spec", older)
    return value


def _place(relation: Relation) -> tuple[exp.Expr, exp.Expr]:
    return _own(relation, POSITION), _own(relation, SEQUENCE)


def _own(relation: Relation, name: str) -> exp.Expr:
    """One of the columns of every change log, as the warehouse stores it."""
    stored = next((c.name for c in relation.columns if c.name.lower() == name), name)
    return exp.column(stored, quoted=True)


def _descending(column: exp.Expr) -> exp.Expr:
    return exp.Ordered(this=column.copy(), desc=True, nulls_first=False)


def _integer(value: int) -> exp.Expr:
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))
