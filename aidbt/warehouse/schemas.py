"""Schemas of ours in the warehouse: tables copied into them, and dropping them with all they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from aidbt.core.errors import StatementRefused, WarehouseError
from aidbt.core.schema import Relation
from aidbt.warehouse.base import Connection, Warehouse

# Where a table that is copied by a query takes further rows as the first one does.
COPIES = frozenset({"duckdb", "postgres", "spark"})


@dataclass(frozen=True, slots=True)
class Copy:
    """A table to be copied.

    Attributes:
        schema, name: where to.
        stored_as: the format of its files ("delta"), where the engine has several; "" for the engine's own.
        parted_by: its partition columns, where the engine has them.
    """

    table: Relation
    schema: str
    name: str
    stored_as: str = ""
    parted_by: tuple[str, ...] = ()


def copy_tables(warehouse: Warehouse, copies: Sequence[Copy]) -> None:
    """Copy tables with their rows, into schemas that are made where they are missing.

    Raises:
        WarehouseError: it cannot be done, or not on this warehouse.
    """
    if not copies:
        return
    if warehouse.dialect not in COPIES:
        raise WarehouseError(f"tables cannot be copied on {warehouse.dialect} yet")
    with warehouse.connect(read_only=not _is_file(warehouse)) as connection:
        for schema in dict.fromkeys(copy.schema for copy in copies):
            connection.rows(_make(schema).sql(connection.dialect))
        for copy in copies:
            connection.rows(_copied(copy).sql(connection.dialect))


def drop_schemas(warehouse: Warehouse, schemas: Iterable[tuple[str, str]]) -> list[str]:
    """Drop schemas, given as (database, name), with all they hold; the names of those that are still there.

    Raises:
        WarehouseError: the warehouse cannot be opened.
    """
    left = []
    with warehouse.connect(read_only=not _is_file(warehouse)) as connection:
        for database, schema in schemas:
            try:
                _drop(connection, database, schema)
            except StatementRefused:
                left.append(schema)
    return left


def _drop(connection: Connection, database: str, schema: str) -> None:
    # A database beside a schema is not understood everywhere; there is one only, where there is one file.
    where = exp.to_identifier(database, quoted=True) if database and _names_databases(connection) else None
    place = exp.Table(db=_named(schema, connection.dialect), catalog=where)
    drop = exp.Drop(tables=[place], kind="SCHEMA", exists=True, cascade=True)
    connection.rows(drop.sql(connection.dialect))


def _names_databases(connection: Connection) -> bool:
    return connection.dialect in ("snowflake", "bigquery", "databricks")


def _named(name: str, dialect: str) -> exp.Identifier:
    # As dbt does, which quotes names but on Snowflake, where what is not quoted is raised.
    return exp.to_identifier(name, quoted=dialect != "snowflake")


def _make(schema: str) -> exp.Create:
    return exp.Create(this=exp.Table(db=exp.to_identifier(schema, quoted=True)), kind="SCHEMA", exists=True)


def _copied(copy: Copy) -> exp.Create:
    source = exp.table_(copy.table.name, db=copy.table.schema, quoted=True)
    kept: list[exp.Expr] = []
    if copy.stored_as:
        kept.append(exp.FileFormatProperty(this=exp.Var(this=copy.stored_as)))
    if copy.parted_by:
        columns = [exp.to_identifier(name, quoted=True) for name in copy.parted_by]
        kept.append(exp.PartitionedByProperty(this=exp.Schema(expressions=columns)))
    return exp.Create(
        this=exp.table_(copy.name, db=copy.schema, quoted=True),
        kind="TABLE",
        properties=exp.Properties(expressions=kept) if kept else None,
        expression=exp.select("*").from_(source),
    )


def _is_file(warehouse: Warehouse) -> bool:
    # Only DuckDB opens otherwise for writing: there the file is locked meanwhile.
    return warehouse.dialect == "duckdb"
