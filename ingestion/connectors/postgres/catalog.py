"""What a PostgreSQL schema holds: its tables, their columns and types, from pg_catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aidbt.core.errors import SourceError
from aidbt.core.schema import Column, Relation
from ingestion.connectors.postgres.types import PgType

SCHEMAS = """
select nspname::text from pg_catalog.pg_namespace
where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1
"""

# Partitions are left out: their rows are read through the table they are partitions of. The last column is
# the table's files on the server, as of the snapshot.
RELATIONS = """
select
    c.oid::bigint, c.relname::text, c.relkind::text,
    coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), ''),
    coalesce(leaves.row_count, c.reltuples)::float8, coalesce(leaves.files, c.relfilenode::text)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join lateral (
    select
        sum(greatest(l.reltuples, 0)) as row_count,
        string_agg(l.relfilenode::text, ',' order by l.oid) as files
    from pg_catalog.pg_partition_tree(c.oid) p join pg_catalog.pg_class l on l.oid = p.relid where p.isleaf
) leaves on c.relkind = 'p'
where n.nspname = $1::text and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
order by c.relname collate "C"
"""

# The same files as they are now: functions on the catalog do not look at the snapshot.
FILES_NOW = """
select coalesce(
    (
        select string_agg(pg_catalog.pg_relation_filenode(p.relid)::text, ',' order by p.relid::oid)
        from pg_catalog.pg_partition_tree($1::text::oid::regclass) p
        where p.isleaf and p.relid <> $1::text::oid::regclass
    ),
    pg_catalog.pg_relation_filenode($1::text::oid::regclass)::text
)
"""

COLUMNS = """
select
    a.attrelid::bigint, a.attname::text, a.atttypid::bigint, a.atttypmod::int, a.attnotnull,
    pg_catalog.format_type(a.atttypid, a.atttypmod),
    coalesce(pg_catalog.col_description(a.attrelid, a.attnum), ''), a.attnum::int
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1::text and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
"""

# Of every table: whether we may read it, whether row-level security hides rows of it, whether it is ours.
# Without a parameter, which each driver marks otherwise.
RIGHTS = """
select
    c.oid::bigint,
    pg_catalog.has_table_privilege(c.oid, 'select') or not exists (
        select from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            and not pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
    ),
    -- With row_security off, as in our sessions, row_security_active raises an error where it is active.
    c.relrowsecurity and not (
        select r.rolsuper or r.rolbypassrls from pg_catalog.pg_roles r where r.rolname = current_user
    ) and (c.relforcerowsecurity or not pg_catalog.pg_has_role(c.relowner, 'usage')),
    pg_catalog.pg_has_role(c.relowner, 'usage')
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^pg_' and c.relkind in ('r', 'p', 'v', 'm', 'f')
"""

# Only true arrays have array_out; int2vector, point and others have an element type too.
TYPES = """
select
    t.oid::bigint, n.nspname::text, t.typname::text, t.typtype::text,
    case when t.typoutput = 'pg_catalog.array_out'::regproc then t.typelem::bigint else 0 end,
    t.typbasetype::bigint, t.typtypmod::int
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
"""


@dataclass(frozen=True, slots=True)
class PgColumn:
    """A column with what decides how it is read.

    Attributes:
        number: pg_attribute.attnum, which stays when the column is renamed and is never given again.
    """

    name: str
    type_oid: int
    typmod: int
    nullable: bool
    type_text: str
    comment: str
    number: int


@dataclass(frozen=True, slots=True)
class PgTable:
    """What is known of a relation beyond its noun.

    Attributes:
        kind: pg_class.relkind: r table, p partitioned table, v view, m materialized view, f foreign table.
        files: the server's files for its rows; None when it has none of its own (views, foreign tables).
    """

    oid: int
    kind: str
    columns: tuple[PgColumn, ...]
    files: str | None


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a schema holds, as of one snapshot."""

    relations: tuple[Relation, ...]
    tables: Mapping[str, PgTable]
    types: Mapping[int, PgType]


def catalog(
    schema: str,
    relations: Sequence[tuple[Any, ...]],
    columns: Sequence[tuple[Any, ...]],
    types: Sequence[tuple[Any, ...]],
) -> Catalog:
    """The catalog from the answers to the queries of this module."""
    by_relation: dict[int, list[PgColumn]] = {}
    for oid, name, type_oid, typmod, not_null, type_text, comment, number in columns:
        column = PgColumn(name, type_oid, typmod, not not_null, type_text, comment, number)
        by_relation.setdefault(oid, []).append(column)
    tables = {
        name: PgTable(oid, kind, tuple(by_relation.get(oid, ())), files if kind in ("r", "p", "m") else None)
        for oid, name, kind, _, _, files in relations
    }
    return Catalog(
        relations=tuple(
            Relation(
                schema=schema,
                name=name,
                kind="table" if kind in ("r", "p") else "view",
                description=comment,
                row_count=int(rows) if rows is not None and rows >= 0 else None,
                columns=tuple(
                    Column(c.name, c.type_text, nullable=c.nullable, description=c.comment)
                    for c in tables[name].columns
                ),
            )
            for _, name, kind, comment, rows, _ in relations
        ),
        tables=tables,
        types={row[0]: PgType(*row) for row in types},
    )


def unknown_type(table: str, column: PgColumn) -> SourceError:
    """A column whose type is not known."""
    return SourceError(
        f"the column {table}.{column.name} has the type {column.type_text}, which is not known here",
        hint=f"add '{table}.{column.name}' under as_text in the connector's file to land it as PostgreSQL's "
        "text, or land a view that casts it",
    )
