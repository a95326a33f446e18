"""The statements of the DuckDB writer and sink."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import sqlglot
from sqlglot import exp

from aidbt.core.loads import (
    BATCH_ID,
    COMMITTED_AT,
    EVENT_AT,
    LOADED_AT,
    OPERATION,
    OWN_TABLES,
    POSITION,
    SEQUENCE,
    UNCHANGED,
)
from aidbt.core.schema import Column
from ingestion.bronze.base import Destination

# `_aidbt_loaded_at` is an instant, TIMESTAMPTZ: comparing it with now() is right in every session's time
# zone, Spark's TIMESTAMP is the same thing, and dbt's source freshness reads it as UTC. A plain TIMESTAMP
# in UTC is hours off as soon as a session with another zone compares it with now().
LOAD_COLUMNS = (Column(LOADED_AT, "timestamptz"), Column(BATCH_ID, "varchar"))
CHANGE_COLUMNS = (
    Column(OPERATION, "varchar"),
    Column(POSITION, "bigint"),
    Column(SEQUENCE, "bigint"),
    Column(EVENT_AT, "timestamptz"),
    Column(COMMITTED_AT, "timestamptz"),
    Column(UNCHANGED, "varchar[]"),
)

ONE_THREAD = "set threads = 1"

LOADS = """
create table if not exists _aidbt_loads (
    table_name varchar not null, batch_id varchar not null, loaded_at timestamptz not null,
    source varchar not null, source_table varchar not null, connector varchar not null,
    rows_read bigint not null, rows_landed bigint not null, rows_rejected bigint not null,
    position varchar not null, columns varchar not null, aidbt_version varchar not null
)
"""
STREAMS = """
create table if not exists _aidbt_streams (
    source varchar not null, part varchar not null, position varchar not null,
    updated_at timestamptz not null, primary key (source, part)
)
"""
DEAD_LETTERS = """
create table if not exists _aidbt_dead_letters (
    letter_id varchar not null, table_name varchar not null, batch_id varchar not null,
    source varchar not null, source_table varchar not null, connector varchar not null,
    origin varchar not null, place bigint not null, cause varchar not null, reason varchar not null,
    raw varchar not null, replayed_in varchar
)
"""
# Rows of the table that came before `_aidbt_dead_letters`; only CSV had any.
TAKE_OVER_REJECTS = """
insert into _aidbt_dead_letters
select
    batch_id || '/' || table_name || '/'
        || row_number() over (partition by table_name, batch_id order by file, line),
    table_name, batch_id, coalesce(source, ''), coalesce(source_table, table_name),
    coalesce(connector, 'csv'), file, line, 'wrong_field_count', reason, raw, null
from _aidbt_rejects left join _aidbt_loads using (table_name, batch_id)
"""
DROP_REJECTS = "drop table _aidbt_rejects"

INSERT_LOADS = "insert into _aidbt_loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
LAST_LOAD = """
select batch_id, loaded_at, source, source_table, columns from _aidbt_loads
where table_name = ? order by batch_id desc limit 1
"""
COLUMNS_OF_LOADS = """
select columns from _aidbt_loads where table_name = ? group by columns order by max(batch_id)
"""
LAST_LOADS = """
select source_table, arg_max(table_name, batch_id), max(batch_id), arg_max(position, batch_id)
from _aidbt_loads where source = ? and json_extract(position, '$.replayed') is null and table_name in (
    select table_name from duckdb_tables()
    where database_name = current_database() and schema_name = ?
)
group by source_table
"""

# Of each table of a source the last batch that has rows; the second parameter may name one table.
LAST_ROWS = """
select table_name, max(batch_id), arg_max(loaded_at, batch_id), arg_max(rows_landed, batch_id)
from _aidbt_loads where source = ? and coalesce(?, table_name) = table_name and rows_landed > 0
group by table_name
"""

# Without a table's name DuckDB looks at the columns of all its own views too: some 30 ms.
CHANGE_LOGS = """
select table_name from duckdb_columns()
where database_name = current_database() and schema_name = ? and column_name = '_aidbt_op'
"""

KNOWN_LOADS = """
select source_table, arg_max(position, batch_id), arg_max(columns, batch_id) from _aidbt_loads
where source = ? and table_name in (
    select table_name from duckdb_tables()
    where database_name = current_database() and schema_name = ?
)
group by source_table
"""

INSERT_LETTERS = """
insert into _aidbt_dead_letters
select ? || '/' || ? || '/' || number, ?, ?, ?, ?, ?, origin, place, cause, reason, raw, null
from _aidbt_incoming
"""
COUNT_LETTERS = "select count(*) from _aidbt_dead_letters where table_name = ? and batch_id = ?"
LETTERS = """
select letter_id, table_name, source, source_table, connector, batch_id, origin, place, cause, reason, raw
from _aidbt_dead_letters
where replayed_in is null and source = ? and coalesce(?, table_name) in (table_name, source_table)
    and coalesce(?, cause) = cause
order by rowid limit ? offset ?
"""
LETTER_GROUPS = """
select
    source, source_table, table_name, cause,
    count(*) filter (where replayed_in is null), count(replayed_in), min(batch_id), max(batch_id),
    arg_max({'origin': origin, 'place': place, 'cause': cause, 'reason': reason, 'raw': raw}, batch_id)
from _aidbt_dead_letters where coalesce(?, source) = source
group by all order by 5 desc, 1, 2, 4
"""
WAITING_LETTERS = """
select letter_id, table_name from _aidbt_dead_letters semi join _aidbt_incoming using (letter_id)
where replayed_in is null
"""
MARK_REPLAYED = """
update _aidbt_dead_letters set replayed_in = replayed.batch_id
from _aidbt_incoming as replayed where _aidbt_dead_letters.letter_id = replayed.letter_id
"""

POSITIONS = "select part, position from _aidbt_streams where source = ?"
POSITION_OF = "select position from _aidbt_streams where source = ? and part = ?"
KEEP_POSITIONS = """
insert into _aidbt_streams values (?, ?, ?, ?)
on conflict (source, part) do update set position = excluded.position, updated_at = excluded.updated_at
"""

EXISTING_COLUMNS = """
select column_name, data_type from duckdb_columns()
where database_name = current_database() and schema_name = ? and table_name = ? order by column_index
"""
IS_VIEW = """
select count(*) from duckdb_views()
where database_name = current_database() and schema_name = ? and view_name = ?
"""
IS_TABLE = """
select count(*) from duckdb_tables()
where database_name = current_database() and schema_name = ? and table_name = ?
"""


def table(to: Destination) -> exp.Table:
    """The bronze table, quoted."""
    return exp.table_(to.table, db=to.schema, quoted=True)


@functools.cache
def in_schema(sql: str, schema: str) -> str:
    """A statement on our own tables, with those tables in a schema."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for found in tree.find_all(exp.Table):
        if found.name in OWN_TABLES:
            found.set("db", exp.to_identifier(schema, quoted=True))
    return tree.sql("duckdb")


@functools.cache
def rows(sql: str, schema: str, number: int) -> str:
    """An INSERT of one row of parameters, made one of several rows, into one of our own tables."""
    tree = sqlglot.parse_one(in_schema(sql, schema), dialect="duckdb")
    values = tree.find(exp.Values)
    assert values is not None
    values.set("expressions", [row.copy() for row in values.expressions * number])
    return tree.sql("duckdb")


def create(to: Destination, columns: Sequence[Column], own: Sequence[Column]) -> exp.Expr:
    """An empty table with the columns as they come in, and ours.

    Column by column, with the types in DuckDB's own words. With CREATE TABLE … AS SELECT in its place, rows
    that the same transaction inserts above one row group (122,880) are counted, but read by no query until
    the file is opened again (DuckDB 2.0.0).
    """
    definitions: list[exp.Expr] = [_definition(column) for column in (*columns, *own)]
    return exp.Create(this=exp.Schema(this=table(to), expressions=definitions), kind="TABLE")


def add(to: Destination, column: Column) -> exp.Expr:
    """The table gets a column, NULL in every row that is there."""
    return exp.Alter(this=table(to), kind="TABLE", actions=[_definition(column)])


def retype(to: Destination, column: Column) -> exp.Expr:
    """The column gets another type, and its values with it."""
    action = exp.AlterColumn(this=_name(column.name), dtype=exp.Var(this=column.data_type))
    return exp.Alter(this=table(to), kind="TABLE", actions=[action])


@functools.cache
def insert(to: Destination, names: tuple[str, ...], targets: tuple[str, ...]) -> str:
    """The columns `names` of `_aidbt_incoming` into `targets`; parameters: the load time and the batch id."""
    selected: list[exp.Expr] = [exp.column(name, quoted=True) for name in names]
    incoming = exp.select(*selected, exp.Placeholder(), exp.Placeholder()).from_("_aidbt_incoming")
    columns = [_name(name) for name in (*targets, LOADED_AT, BATCH_ID)]
    return exp.insert(incoming, table(to), columns=columns, dialect="duckdb").sql("duckdb")


@functools.cache
def count(schema: str, table_name: str) -> str:
    """How many rows of a batch a table holds; parameters: the load time and the batch id.

    By the load time older row groups are left out: DuckDB's statistics of text know only eight characters.
    """
    since = exp.GTE(this=exp.column(LOADED_AT, quoted=True), expression=exp.Placeholder())
    in_batch = exp.column(BATCH_ID, quoted=True).eq(exp.Placeholder())
    source = exp.table_(table_name, db=schema, quoted=True)
    counted = exp.select(exp.Count(this=exp.Star())).from_(source).where(since, in_batch)
    return counted.sql("duckdb")


def comment(on: exp.Expr, kind: str, text: str) -> exp.Expr:
    """A description on a table or column; `kind` is "TABLE" or "COLUMN"."""
    return exp.Comment(this=on, kind=kind, expression=exp.Literal.string(text))


def _definition(column: Column) -> exp.ColumnDef:
    return exp.ColumnDef(this=_name(column.name), kind=exp.Var(this=column.data_type))


def _name(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)
