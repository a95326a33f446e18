"""Questions about every row of a table that a decision rests on: casts and inclusions, counted exactly."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from aidbt.core.loads import BATCH_ID
from aidbt.core.schema import Relation
from aidbt.core.types import type_family
from aidbt.warehouse.base import Connection
from aidbt.warehouse.profiling import latest_batch

# A leading zero or plus sign is lost when text becomes a number.
_PLAIN_NUMBER = "^(0|-?[1-9][0-9]*)([.][0-9]*)?([eE][+-]?[0-9]+)?$|^-?0[.][0-9]+$"


def rows_lost_by_casts(
    connection: Connection, relation: Relation, casts: Sequence[tuple[str, str]], *, dialect: str
) -> dict[tuple[str, str], int]:
    """How many rows of a table would lose something by each cast (column, type), in one scan.

    A row loses when its value cannot be cast, or when casting it back does not give the same value (for
    text: when the number has leading zeros or a plus sign).
    """
    if not casts:
        return {}
    columns = {column.name: column for column in relation.columns}
    counts = [
        exp.Anonymous(this="count_if", expressions=[_loses(name, columns[name].data_type, cast, dialect)])
        for name, cast in casts
    ]
    query = exp.select(*counts).from_(current_rows(connection, relation))
    row = connection.rows(query.sql(dialect))[0]
    return {pair: int(lost) for pair, lost in zip(casts, row, strict=True)}


def rows_outside(
    connection: Connection,
    child: Relation,
    column: str,
    parent: Relation,
    parent_column: str,
    *,
    dialect: str,
) -> int:
    """How many rows of `child` have a value in `column` that `parent_column` of `parent` never holds."""
    value, key = exp.column(column, quoted=True), exp.column(parent_column, quoted=True)
    keys = exp.select(key).from_(current_rows(connection, parent)).where(key.is_(exp.null()).not_())
    query = (
        exp.select(exp.Count(this=exp.Star()))
        .from_(current_rows(connection, child))
        .where(value.is_(exp.null()).not_())
        .where(exp.not_(value.isin(query=keys)))
    )
    return int(connection.rows(query.sql(dialect))[0][0])


def distinct_values(
    connection: Connection, relation: Relation, column: str, *, limit: int, dialect: str
) -> list[str]:
    """The distinct non-null values of a column, as text, sorted; at most `limit` + 1 of them."""
    value = exp.cast(exp.column(column, quoted=True), "text")
    query = exp.select(value).distinct().from_(current_rows(connection, relation))
    query = query.where(exp.column(column, quoted=True).is_(exp.null()).not_()).limit(limit + 1)
    return sorted(str(found) for (found,) in connection.rows(query.sql(dialect)))


def current_rows(connection: Connection, relation: Relation) -> exp.Expr:
    """The table as a relation to select from: for append-only bronze, its latest complete batch."""
    table = exp.table_(relation.name, db=relation.schema, quoted=True)
    batch = latest_batch(connection, relation)
    if batch is None:
        return table
    latest = exp.column(BATCH_ID, quoted=True).eq(exp.Literal.string(batch))
    return exp.select("*").from_(table).where(latest).subquery("latest")


def _loses(name: str, data_type: str, cast: str, dialect: str) -> exp.Expr:
    value = exp.column(name, quoted=True)
    wanted = exp.DataType.build(cast, dialect=dialect)
    become = exp.TryCast(this=value, to=wanted)
    fails: exp.Expr = become.is_(exp.null())
    if type_family(data_type) == "text":
        if type_family(cast) in ("integer", "number"):
            plain = exp.Anonymous(
                this="regexp_matches", expressions=[value, exp.Literal.string(_PLAIN_NUMBER)]
            )
            fails = exp.or_(fails, exp.not_(plain))
            if type_family(cast) == "integer":  # a cast to integer rounds 3.7 to 4 without a word
                fails = exp.or_(fails, exp.func("contains", value, exp.Literal.string("."), dialect=dialect))
    else:
        back = exp.TryCast(this=become, to=exp.DataType.build(data_type, dialect=dialect))
        fails = exp.or_(fails, exp.NullSafeNEQ(this=back, expression=value))
    return exp.and_(value.is_(exp.null()).not_(), fails)
