"""The queries by which a table is read."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from aidbt.core.schema import Relation
from ingestion.connectors.postgres.odd_rows import is_plain
from ingestion.connectors.postgres.types import Reading

_PLAIN = "_aidbt_is_plain"


def all_of(readings: Sequence[Reading]) -> exp.Select:
    """The query for all columns, and last whether all arrays are plain: one dimension, from 1."""
    selected: list[exp.Expr] = [_plain_or_null(r) if r.is_list else r.select for r in readings]
    lists = [reading.select for reading in readings if reading.is_list]
    if lists:
        selected.append(exp.alias_(exp.and_(*map(is_plain, lists)), _PLAIN, quoted=True))
    return exp.select(*selected)


def from_table(table: Relation, *, only: bool) -> exp.Table:
    """The table in a query.

    Args:
        only: without the rows of tables that inherit from it.
    """
    named = exp.table_(table.name, db=table.schema, quoted=True)
    named.set("only", only)
    return named


def where_any(query: exp.Select, names: Sequence[str]) -> exp.Select:
    """Only rows in which one of the columns is not NULL; all of them when none is named."""
    present = [exp.column(name, quoted=True).is_(exp.null()).not_() for name in names]
    return query.where(exp.or_(*present)) if present else query


def since(column: str, value: object) -> exp.Expr:
    """Rows whose cursor is not below a value, or NULL. The server gives the literal the column's type."""
    cursor = exp.column(column, quoted=True)
    reached = exp.GTE(this=cursor, expression=exp.Literal.string(str(value)))
    return exp.or_(reached, cursor.copy().is_(exp.null()))


def _plain_or_null(reading: Reading) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=is_plain(reading.select), true=reading.select.copy())])


def not_plain_lists(batch: pa.RecordBatch, fields: Sequence[pa.Field]) -> list[str]:
    """Which columns of an answer to `all_of` may have the arrays that are not plain: those come as NULL."""
    rows = batch.filter(pc.invert(batch.columns[-1]))
    return [
        field.name
        for field, array in zip(fields, rows.columns, strict=False)
        if pa.types.is_list(field.type) and array.null_count
    ]
