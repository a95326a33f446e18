"""JSON documents in columns: some of them to look at, and what every row says of what is read from them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from aidbt.core.errors import WarehouseError
from aidbt.core.schema import Relation
from aidbt.warehouse.base import Connection
from aidbt.warehouse.dialects import can_render, render
from aidbt.warehouse.rows import current_rows, number

DOCUMENTS = 500
_MAX_CHARACTERS = 20_000


def some_documents(connection: Connection, relation: Relation, column: str, row_count: int) -> list[str]:
    """About `DOCUMENTS` of a column's documents as text, from everywhere in the table; the same ones for the
    same rows. Very long ones are left out.
    """
    value = exp.column(column, quoted=True)
    text = exp.cast(value, "text")
    query = exp.select(text).from_(current_rows(connection, relation), copy=False)
    query = query.where(value.is_(exp.null()).not_(), copy=False)
    length = exp.Anonymous(this="length", expressions=[text.copy()])
    query = query.where(exp.LTE(this=length, expression=number(_MAX_CHARACTERS)), copy=False)
    one_in = row_count // DOCUMENTS
    if one_in > 1:
        hashed = exp.Anonymous(this="hash", expressions=[text.copy()])
        chosen = exp.Mod(this=hashed, expression=number(one_in)).eq(number(0))
        query = query.where(chosen, copy=False)
    query = query.limit(2 * DOCUMENTS, copy=False)
    return [str(document) for (document,) in connection.rows(render(query, connection.dialect))]


def rows_lost_by_reading(
    connection: Connection,
    relation: Relation,
    readings: Sequence[tuple[str, str]],
    *,
    list_sql: str = "",
) -> dict[tuple[str, str], int]:
    """How many rows have a value that would be lost by each (expression, cast); "" is no cast.

    What cannot be asked without failing is left out: it is not proven. So is everything where an expression
    fails on some row.

    Args:
        readings: expressions in the connection's own SQL, which this program wrote itself.
        list_sql: of a list whose items are asked about instead, each called `item`; on DuckDB only.
    """
    dialect = connection.dialect
    if list_sql and dialect != "duckdb":
        return {}
    counts: dict[tuple[str, str], exp.Expr] = {}
    for expression, cast in readings:
        try:
            value = sqlglot.parse_one(expression, dialect=dialect)
        except SqlglotError:
            continue
        text = exp.cast(value.copy(), "text")
        if cast:
            read = exp.TryCast(this=text, to=exp.DataType.build(cast, dialect=dialect))
            lost = exp.and_(value.is_(exp.null()).not_(), read.is_(exp.null()))
        else:  # nothing is lost, but the value is made
            lost = exp.LT(this=exp.Anonymous(this="length", expressions=[text]), expression=number(0))
        if can_render(lost, dialect):
            counts[expression, cast] = exp.Anonymous(this="count_if", expressions=[lost])
    if not counts:
        return {}
    rows = current_rows(connection, relation)
    if list_sql:
        items = exp.Unnest(expressions=[sqlglot.parse_one(list_sql, dialect=dialect)])
        rows = exp.select(exp.alias_(items, "item")).from_(rows, copy=False).subquery("items", copy=False)
    query = exp.select(*counts.values()).from_(rows, copy=False)
    try:
        row = connection.rows(render(query, dialect))[0]
    except WarehouseError:  # some text is no JSON, so that the model would fail as well
        return {}
    return {pair: int(count or 0) for pair, count in zip(counts, row, strict=True)}
