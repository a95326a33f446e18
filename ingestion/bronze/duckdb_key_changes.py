"""Rows whose key changed: what was not sent of them is taken from the row under the old key.

A change of key is two rows of a change log, `d` with the old key and directly behind it `c` with the new one.
PostgreSQL does not send large values that did not change. Behind such a `c` nobody could find them again, so
they are filled in before the batch is committed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import pyarrow as pa
from sqlglot import exp

from aidbt.core.loads import (
    BATCH_ID,
    CREATED,
    DELETED,
    LOADED_AT,
    OPERATION,
    POSITION,
    READ,
    SEQUENCE,
    UNCHANGED,
    UPDATED,
)
from ingestion.bronze import duckdb_sql as sql
from ingestion.bronze.base import Destination
from ingestion.bronze.duckdb_run import Run

_DROP = "drop table temp._aidbt_filled"


def fill_unchanged(
    run: Run,
    to: Destination,
    key: Sequence[str],
    loaded_at: datetime,
    batch_id: str,
    *,
    existing: Collection[str],
) -> None:
    """Fill in the unchanged columns of all `c` rows of a batch that is in the table, not yet committed.

    Each value is the newest that was sent for the old key before, also through several changes of key in the
    same batch. A column of which no value is known stays in `_aidbt_unchanged`.

    Args:
        existing: the table's columns; one that never had a value may have no column yet.
    """
    in_batch = [loaded_at, batch_id]
    unchanged = {row: set(names) for row, names in run(_pending(to), in_batch)}
    columns = sorted(set().union(*unchanged.values()).intersection(existing))
    origins = {
        column: _origins(column, dict(run(_newest(to, key, column), in_batch * 2)), unchanged)
        for column in columns
    }
    left = {
        row: sorted(name for name in names if row not in origins.get(name, {}))
        for row, names in unchanged.items()
    }
    links = pa.table(
        {
            "to_row": pa.array(unchanged, pa.int64()),
            "still": pa.array([left[row] or None for row in unchanged], pa.list_(pa.string())),
            **{
                f"from_{number}": pa.array([origins[column].get(row) for row in unchanged], pa.int64())
                for number, column in enumerate(columns)
            },
        }
    )
    # All values are read before one is written: an update may move a row, and with it its row id.
    run(_gather(to, columns), incoming=links)
    run(_fill(to, columns))
    run(_DROP)


def _origins(column: str, newest: dict[int, int], unchanged: dict[int, set[str]]) -> dict[int, int]:
    """Row → the row that has the value, where one has.

    The newest row of the old key may itself be one whose key changed, and so on.
    """
    found = {}
    for row, origin in newest.items():
        while origin in unchanged and column in unchanged[origin] and origin in newest:
            origin = newest[origin]
        if origin not in unchanged or column not in unchanged[origin]:
            found[row] = origin
    return found


def _pending(to: Destination) -> exp.Select:
    """Row id and unchanged columns of the rows to fill; parameters: load time and batch id."""
    return exp.select(exp.column("rowid"), _own(UNCHANGED)).from_(sql.table(to)).where(*_to_fill())


def _to_fill(table: str | None = None) -> list[exp.Expr]:
    return [
        *_in_batch(table),
        _own(OPERATION, table).eq(CREATED),
        exp.Not(this=exp.Is(this=_own(UNCHANGED, table), expression=exp.Null())),
    ]


def _in_batch(table: str | None = None) -> list[exp.Expr]:
    return [
        exp.GTE(this=_own(LOADED_AT, table), expression=exp.Placeholder()),
        _own(BATCH_ID, table).eq(exp.Placeholder()),
    ]


def _newest(to: Destination, key: Sequence[str], column: str) -> exp.Select:
    """For each row to fill, the newest row of its old key in which the column was sent.

    Rows that will be filled count as such. The row of the old key may have come in an earlier batch, when
    the new one was a dead letter. Parameters: load time and batch id, twice.
    """
    was_sent = exp.or_(
        exp.Is(this=_own(UNCHANGED, "value"), expression=exp.Null()),
        exp.Not(this=exp.ArrayContains(this=_own(UNCHANGED, "value"), expression=exp.Literal.string(column))),
        # Of this batch, only rows to fill lack a column as `c`.
        exp.and_(_own(OPERATION, "value").eq(CREATED), *_in_batch("value")),
    )
    return (
        exp.select(
            exp.column("rowid", table="created"),
            exp.ArgMax(this=exp.column("rowid", table="value"), expression=_order("value")),
        )
        .from_(_aliased(to, "created"))
        .join(
            _aliased(to, "deleted"),
            on=exp.and_(
                _own(OPERATION, "deleted").eq(DELETED),
                _own(POSITION, "deleted").eq(_own(POSITION, "created")),
                exp.Add(this=_own(SEQUENCE, "deleted"), expression=exp.Literal.number(1)).eq(
                    _own(SEQUENCE, "created")
                ),
            ),
        )
        .join(
            _aliased(to, "value"),
            on=exp.and_(
                *(_own(name, "value").eq(_own(name, "deleted")) for name in key),
                _own(OPERATION, "value").isin(READ, CREATED, UPDATED),
                exp.LT(this=_order("value"), expression=_order("deleted")),
                was_sent,
            ),
        )
        .where(
            *_to_fill("created"),
            exp.ArrayContains(this=_own(UNCHANGED, "created"), expression=exp.Literal.string(column)),
        )
        .group_by(exp.column("rowid", table="created"))
    )


def _gather(to: Destination, columns: Sequence[str]) -> exp.Expr:
    """A temporary table with the values of every row to fill."""
    values: list[exp.Expr] = []
    query = exp.select(exp.column("to_row", table="links"), exp.column("still", table="links"))
    for number, column in enumerate(columns):
        values.append(exp.alias_(_own(column, f"origin_{number}"), f"value_{number}", quoted=True))
        values.append(exp.column(f"from_{number}", table="links"))
    query = query.select(*values).from_(exp.alias_(exp.table_("_aidbt_incoming"), "links", table=True))
    for number in range(len(columns)):
        origin = exp.column("rowid", table=f"origin_{number}")
        query = query.join(
            _aliased(to, f"origin_{number}"),
            on=origin.eq(exp.column(f"from_{number}", table="links")),
            join_type="left",
        )
    temporary = exp.Properties(expressions=[exp.TemporaryProperty()])
    name = exp.table_("_aidbt_filled")
    return exp.Create(this=name, kind="TABLE", expression=query, properties=temporary)


def _fill(to: Destination, columns: Sequence[str]) -> exp.Expr:
    """The gathered values into their rows."""
    assignments = [
        exp.EQ(
            this=exp.column(column, quoted=True),
            expression=exp.Case(
                ifs=[
                    exp.If(
                        this=exp.Is(this=exp.column(f"from_{number}", table="filled"), expression=exp.Null()),
                        true=_own(column, to.table),
                    )
                ],
                default=exp.column(f"value_{number}", table="filled"),
            ),
        )
        for number, column in enumerate(columns)
    ]
    still = exp.EQ(this=exp.column(UNCHANGED, quoted=True), expression=exp.column("still", table="filled"))
    return exp.Update(
        this=sql.table(to),
        expressions=[*assignments, still],
        from_=exp.From(this=exp.alias_(exp.table_("_aidbt_filled", db="temp"), "filled", table=True)),
        where=exp.Where(this=_own("rowid", to.table, quoted=False).eq(exp.column("to_row", table="filled"))),
    )


def _aliased(to: Destination, alias: str) -> exp.Expr:
    return exp.alias_(sql.table(to), alias, table=True)


def _own(name: str, table: str | None = None, *, quoted: bool = True) -> exp.Column:
    column = exp.to_identifier(name, quoted=quoted)
    return exp.Column(this=column, table=exp.to_identifier(table, quoted=True) if table else None)


def _order(table: str) -> exp.Expr:
    return exp.Tuple(expressions=[_own(POSITION, table), _own(SEQUENCE, table)])
