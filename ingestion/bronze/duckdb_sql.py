"""The statements of the DuckDB writer."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import sqlglot
from sqlglot import exp

from aidbt.core.loads import BATCH_ID, LOADED_AT, LOADS_TABLE, REJECTS_TABLE
from aidbt.core.schema import Column
from ingestion.bronze.base import Destination

# `_aidbt_loaded_at` is an instant, TIMESTAMPTZ: comparing it with now() is right in every session's time
# zone, Spark's TIMESTAMP is the same thing, and dbt's source freshness reads it as UTC. A plain TIMESTAMP
# in UTC is hours off as soon as a session with another zone compares it with now().
LOADED_AT_TYPE = "timestamptz"

LOADS = """
create table if not exists _aidbt_loads (
    table_name varchar not null, batch_id varchar not null, loaded_at timestamptz not null,
    source varchar not null, source_table varchar not null, connector varchar not null,
    rows_read bigint not null, rows_landed bigint not null, rows_rejected bigint not null,
    position varchar not null, columns varchar not null, aidbt_version varchar not null
)
"""
REJECTS = """
create table if not exists _aidbt_rejects (
    table_name varchar not null, batch_id varchar not null,
    file varchar not null, line bigint not null, reason varchar not null, raw varchar not null
)
"""
INSERT_LOAD = "insert into _aidbt_loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_REJECTS = """
insert into _aidbt_rejects select ?, ?, file, line, reason, raw from _aidbt_incoming_rejects
"""
COUNT_REJECTS = "select count(*) from _aidbt_rejects where table_name = ? and batch_id = ?"
LAST_LOAD = """
select batch_id, source, source_table from _aidbt_loads where table_name = ? order by batch_id desc limit 1
"""
EXISTING_COLUMNS = """
select column_name, data_type from duckdb_columns()
where database_name = current_database() and schema_name = ? and table_name = ? order by column_index
"""
IS_VIEW = """
select count(*) from duckdb_views()
where database_name = current_database() and schema_name = ? and view_name = ?
"""


def table(to: Destination) -> exp.Table:
    """The bronze table, quoted."""
    return exp.table_(to.table, db=to.schema, quoted=True)


@functools.cache
def in_schema(sql: str, schema: str) -> str:
    """A statement on one of our own tables, with that table in a schema."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for found in tree.find_all(exp.Table):
        if found.name in (LOADS_TABLE, REJECTS_TABLE):
            found.set("db", exp.to_identifier(schema, quoted=True))
    return tree.sql("duckdb")


def create(to: Destination, columns: Sequence[Column]) -> exp.Expr:
    """An empty table with the columns as they come in, and ours.

    Column by column, with the types in DuckDB's own words. With CREATE TABLE … AS SELECT in its place, rows
    that the same transaction inserts above one row group (122,880) are counted, but read by no query until
    the file is opened again (DuckDB 2.0.0).
    """
    own = [Column(LOADED_AT, LOADED_AT_TYPE), Column(BATCH_ID, "varchar")]
    definitions: list[exp.Expr] = [
        exp.ColumnDef(this=exp.to_identifier(c.name, quoted=True), kind=exp.Var(this=c.data_type))
        for c in [*columns, *own]
    ]
    return exp.Create(this=exp.Schema(this=table(to), expressions=definitions), kind="TABLE")


def insert(to: Destination, names: Sequence[str]) -> exp.Expr:
    """All rows of `_aidbt_incoming` into the table; parameters: the load time and the batch id."""
    selected: list[exp.Expr] = [exp.column(name, quoted=True) for name in names]
    incoming = exp.select(*selected, exp.Placeholder(), exp.Placeholder()).from_("_aidbt_incoming")
    columns = [exp.to_identifier(name, quoted=True) for name in (*names, LOADED_AT, BATCH_ID)]
    return exp.insert(incoming, table(to), columns=columns, dialect="duckdb")


def count(to: Destination) -> exp.Expr:
    """How many rows of a batch the table holds; parameter: the batch id."""
    in_batch = exp.column(BATCH_ID, quoted=True).eq(exp.Placeholder())
    return exp.select(exp.Count(this=exp.Star())).from_(table(to)).where(in_batch)


def comment(on: exp.Expr, kind: str, text: str) -> exp.Expr:
    """A description on a table or column; `kind` is "TABLE" or "COLUMN"."""
    return exp.Comment(this=on, kind=kind, expression=exp.Literal.string(text))
