"""Empty tables of DuckDB in place of relations that it does not have, or has as they were before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlglot import exp
from sqlglot.errors import SqlglotError

from aidbt.core.schema import Relation


def attach_statement(alias: str, file: Path) -> str:
    """What makes another database file readable under a name."""
    named = exp.alias_(exp.Literal.string(str(file)), exp.to_identifier(alias, quoted=True))
    return exp.Attach(this=named, expressions=[exp.AttachOption(this=exp.var("READ_ONLY"))]).sql("duckdb")


def stand_in_statements(relations: Sequence[Relation], schema: str) -> Iterator[str]:
    """What makes empty tables of DuckDB like the relations; nothing when one of them cannot be made so."""
    try:
        tables = [_empty_table(relation) for relation in relations]
    except SqlglotError:
        return
    if not tables or any(table is None for table in tables):
        return
    databases = list(dict.fromkeys(relation.database for relation in relations if relation.database))
    yield from (_attach_memory(database) for database in databases)
    default = databases[0] if databases else ""
    places = dict.fromkeys(
        [(default, schema), *((relation.database, relation.schema) for relation in relations)]
    )
    for place in places:
        yield _create_schema(*place)
    yield from (table.sql("duckdb") for table in tables if table is not None)
    if default:
        yield exp.Use(this=exp.Table(this=_quoted(schema), db=_quoted(default))).sql("duckdb")


def _create_schema(database: str, schema: str) -> str:
    name = exp.Table(db=_quoted(schema), catalog=_quoted(database))
    return exp.Create(kind="SCHEMA", exists=True, this=name).sql("duckdb")


def _attach_memory(database: str) -> str:
    named = exp.alias_(exp.Literal.string(":memory:"), exp.to_identifier(database, quoted=True))
    return exp.Attach(this=named).sql("duckdb")


def _empty_table(relation: Relation) -> exp.Create | None:
    """The CREATE TABLE of a relation; None when not all of its columns and types are known."""
    if not relation.columns or not all(column.data_type for column in relation.columns):
        return None
    columns = [
        exp.ColumnDef(this=_quoted(column.name), kind=exp.DataType.build(column.data_type, dialect="duckdb"))
        for column in relation.columns
    ]
    table = exp.Table(
        this=_quoted(relation.name), db=_quoted(relation.schema), catalog=_quoted(relation.database)
    )
    return exp.Create(kind="TABLE", this=exp.Schema(this=table, expressions=columns))


def _quoted(name: str) -> exp.Identifier | None:
    return exp.to_identifier(name, quoted=True) if name else None
