"""Tables of ours in the schema that dbt builds into: made where they are missing, replaced as one change.

Only what dbt itself has to read stands there; everything else is kept in the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from aidbt.core.errors import StatementRefused, WarehouseError
from aidbt.warehouse.base import Connection, Warehouse

# What has transactions of several statements; BigQuery, Spark, Databricks and Trino have none here.
_TRANSACTIONAL = frozenset({"duckdb", "postgres", "redshift", "snowflake"})
# Where of two that replace the same rows at once the second would not see those of the first: it has to wait.
# Readers wait for nobody on PostgreSQL.
_LOCK_MODES = {"postgres": " in exclusive mode", "redshift": ""}
_OVERWRITES = frozenset({"spark", "databricks"})
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table of ours.

    Attributes:
        columns: name → type in sqlglot's words, in order.
        part: the column by whose values rows are replaced.
    """

    name: str
    columns: Mapping[str, str]
    part: str


Rows = Sequence[Sequence[Any]]


def replace_rows(
    warehouse: Warehouse, table: OwnTable, rows: Rows, *, parts: Sequence[str] | None = None
) -> None:
    """Replace the rows of a table as one change: who reads meanwhile sees those before or those after.

    A table that is missing, or was made by another version with other columns, is made anew. BigQuery and
    Trino have no such change: there rows are deleted, then inserted.

    Args:
        parts: the values of `table.part` whose rows are replaced, at least one; None replaces all.

    Raises:
        WarehouseError: the warehouse cannot be reached, or this user may not write there.
    """
    # Only DuckDB opens otherwise for writing: there the file is locked meanwhile.
    is_file = warehouse.dialect == "duckdb"
    with warehouse.connect(read_only=not is_file) as connection:
        place = _place(table, warehouse.schema, connection.dialect)
        try:
            is_new = _make(connection, place, table, warehouse.schema)
            if rows or not is_new:
                _replace(connection, place, table, rows, None if is_new else parts)
        except StatementRefused as error:
            raise WarehouseError(
                f"the table {warehouse.schema}.{table.name} cannot be written: {error.message}",
                hint=f"let this user create tables in {warehouse.schema}, as dbt's user may",
            ) from error


def read_rows(connection: Connection, schema: str, table: OwnTable) -> list[tuple[Any, ...]] | None:
    """Every row of a table; None where it is missing or has other columns."""
    place = _place(table, schema, connection.dialect)
    try:
        return connection.rows(exp.select(*table.columns).from_(place).sql(connection.dialect))
    except StatementRefused:
        return None


def _place(table: OwnTable, schema: str, dialect: str) -> exp.Table:
    # As dbt does, which quotes schemas but on Snowflake, where what is not quoted is raised.
    named = exp.to_identifier(schema, quoted=dialect != "snowflake") if schema else None
    return exp.table_(table.name, db=named)


def _make(connection: Connection, place: exp.Table, table: OwnTable, schema: str) -> bool:
    """Make the table unless it is there as it should be; whether it is new."""
    dialect = connection.dialect
    probe = exp.select(*table.columns).from_(place).limit(0)
    try:
        connection.rows(probe.sql(dialect))
    except StatementRefused:
        pass
    else:
        return False
    create = _create(place, table).sql(dialect)
    connection.rows(exp.Drop(tables=[place.copy()], kind="TABLE", exists=True).sql(dialect))
    try:
        connection.rows(create)
    except StatementRefused:
        if not schema:
            raise
        # dbt has built nothing into its own schema yet.
        made = exp.Create(this=exp.Table(db=place.args["db"].copy()), kind="SCHEMA", exists=True)
        connection.rows(made.sql(dialect))
        connection.rows(create)
    return True


def _create(place: exp.Table, table: OwnTable) -> exp.Create:
    columns: list[exp.Expr] = [
        exp.ColumnDef(this=exp.to_identifier(name), kind=exp.DataType.build(kind))
        for name, kind in table.columns.items()
    ]
    return exp.Create(this=exp.Schema(this=place.copy(), expressions=columns), kind="TABLE")


def _replace(
    connection: Connection, place: exp.Table, table: OwnTable, rows: Rows, parts: Sequence[str] | None
) -> None:
    dialect = connection.dialect
    if dialect in _TRANSACTIONAL:
        connection.rows("begin")
        try:
            if dialect in _LOCK_MODES:
                connection.rows("lock table " + place.sql(dialect) + _LOCK_MODES[dialect])
            for statement in (_delete(place, table, parts), *_inserts(place, table, rows)):
                connection.rows(statement.sql(dialect))
        except BaseException:
            connection.rows("rollback")
            raise
        connection.rows("commit")
        return
    if dialect in _OVERWRITES:
        _overwrite(connection, place, table, rows, parts)
        return
    for statement in (_delete(place, table, parts), *_inserts(place, table, rows)):
        connection.rows(statement.sql(dialect))


def _overwrite(
    connection: Connection, place: exp.Table, table: OwnTable, rows: Rows, parts: Sequence[str] | None
) -> None:
    """All rows in one INSERT OVERWRITE, those that stay among them."""
    kept: list[Sequence[Any]] = []
    if parts is not None:
        number = list(table.columns).index(table.part)
        there = connection.rows(exp.select(*table.columns).from_(place).sql(connection.dialect))
        kept = [row for row in there if row[number] not in set(parts)]
    everything = [*kept, *rows]
    if everything:
        insert = _insert(place, table, everything)
        insert.set("overwrite", True)
        connection.rows(insert.sql(connection.dialect))
    else:
        connection.rows(exp.TruncateTable(expressions=[place.copy()]).sql(connection.dialect))


def _delete(place: exp.Table, table: OwnTable, parts: Sequence[str] | None) -> exp.Expr:
    if parts is None:
        everything = exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1))
        return exp.delete(place.copy(), where=everything)  # BigQuery wants a condition
    named = [exp.Literal.string(part) for part in parts]
    return exp.delete(place.copy(), where=exp.In(this=exp.column(table.part), expressions=named))


def _inserts(place: exp.Table, table: OwnTable, rows: Rows) -> Iterator[exp.Expr]:
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        yield _insert(place, table, rows[first : first + _ROWS_AT_ONCE])


def _insert(place: exp.Table, table: OwnTable, rows: Rows) -> exp.Insert:
    values = [exp.Tuple(expressions=[exp.convert(value) for value in row]) for row in rows]
    return exp.Insert(this=place.copy(), expression=exp.Values(expressions=values))
