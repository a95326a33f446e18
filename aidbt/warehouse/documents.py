"""JSON documents in columns: some of them to look at, and what every row says of what is read from them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from aidbt.core.errors import WarehouseError
from aidbt.core.schema import Relation
from aidbt.warehouse.base import Connection
from aidbt.warehouse.dialects import DIALECTS, can_render, render
from aidbt.warehouse.dialects.lowering import lowered
from aidbt.warehouse.rows import current_rows, number

DOCUMENTS = 500
_MAX_CHARACTERS = 20_000
# How the items of a list of every row become rows.
ITEMS = {
    "duckdb": "select unnest(list_of_row) as item from rows_of_table",
    "postgres": "select items.item from rows_of_table"
    " cross join lateral jsonb_array_elements(list_of_row) as items (item)",
    **dict.fromkeys(("spark", "databricks"), "select explode(list_of_row) as item from rows_of_table"),
}


def some_documents(connection: Connection, relation: Relation, column: str, row_count: int) -> list[str]:
    """About `DOCUMENTS` of a column's documents as text, from everywhere in the table; the same ones for the
    same rows. Very long ones are left out; none of a warehouse whose SQL is not known.
    """
    if connection.dialect not in DIALECTS:
        return []
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
        list_sql: of a list whose items are asked about instead, each called `item`; where `ITEMS` says how.
    """
    dialect = connection.dialect
    if list_sql and dialect not in ITEMS:
        return {}
    try:
        values = [sqlglot.parse_one(expression, dialect=dialect) for expression, _ in readings]
        rows = _in_own_words(current_rows(connection, relation), dialect)
        rows = _items(rows, list_sql, dialect) if list_sql else rows
    except SqlglotError:
        return {}
    # The expressions are in the dialect's words already, what is asked of their texts is in DuckDB's.
    texts = [exp.alias_(exp.cast(value, "text"), f"v{place}") for place, value in enumerate(values)]
    read = exp.select(*texts).from_(rows, copy=False).subquery("read_values")
    lost = {pair: _is_lost(place, pair[1], dialect) for place, pair in enumerate(readings)}
    counts = {pair: tree for pair, tree in lost.items() if can_render(tree, dialect)}
    if not counts:
        return {}
    query = exp.select(*(_in_own_words(tree, dialect) for tree in counts.values())).from_(read, copy=False)
    try:
        row = connection.rows(query.sql(dialect))[0]
    except WarehouseError:  # some text is no JSON, so that the model would fail as well
        return {}
    return {pair: int(count or 0) for pair, count in zip(counts, row, strict=True)}


def _is_lost(place: int, cast: str, dialect: str) -> exp.Expr:
    value = exp.column(f"v{place}")
    value.type = exp.DataType.build("text")
    if not cast:  # nothing is lost, but every value is made
        lost: exp.Expr = exp.LT(this=exp.Anonymous(this="length", expressions=[value]), expression=number(0))
    else:
        become = exp.TryCast(this=value, to=exp.DataType.build(cast, dialect=dialect))
        lost = exp.and_(value.is_(exp.null()).not_(), become.is_(exp.null()))
    return exp.Anonymous(this="count_if", expressions=[lost])


def _items(rows: exp.Expr, list_sql: str, dialect: str) -> exp.Expr:
    """The items of a list of the rows, each called `item`."""
    query = sqlglot.parse_one(ITEMS[dialect], dialect=dialect)
    for column in list(query.find_all(exp.Column)):
        if column.name == "list_of_row":
            column.replace(sqlglot.parse_one(list_sql, dialect=dialect))
    for table in list(query.find_all(exp.Table)):
        if table.name == "rows_of_table":
            table.replace(rows)
    assert isinstance(query, exp.Select)
    return query.subquery("items")


def _in_own_words(tree: exp.Expr, dialect: str) -> exp.Expr:
    return tree if dialect == "duckdb" else lowered(tree, dialect)
