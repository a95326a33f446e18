"""The tables of a schema as streaming sees them, from the catalog of now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aidbt.core.errors import SourceUnavailable
from ingestion.cdc.postgres.connection import Control
from ingestion.cdc.postgres.messages import RelationColumn
from ingestion.connectors.postgres.types import PgType

# Partitions are left out: their changes come as those of the table they are partitions of.
_TABLES = """
select
    c.oid::bigint, c.relname::text, c.relkind::text, c.relpersistence::text, c.relreplident::text,
    array(
        select a.attname::text from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = c.oid
        where i.indrelid = c.oid and i.indisprimary and (i.indimmediate or c.relreplident = 'f')
            and a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
        order by a.attnum
    ),
    array(
        select a.attname::text from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = c.oid
        where i.indrelid = c.oid and i.indisreplident
            and a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
        order by a.attnum
    )
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
order by c.relname collate "C"
"""
_COLUMNS = """
select
    a.attrelid::bigint, a.attnum::int, a.attname::text, a.atttypid::bigint, a.atttypmod, a.attgenerated::text,
    a.xmin::text::bigint, c.files
from (
    select
        c.oid,
        case c.relkind when 'p' then (
            select string_agg(l.relfilenode::text, ',' order by l.oid)
            from pg_catalog.pg_partition_tree(c.oid) p join pg_catalog.pg_class l on l.oid = p.relid
            where p.isleaf
        ) else c.relfilenode::text end as files
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    offset 0  -- so that the files are looked up once for each table
) c
join pg_catalog.pg_attribute a on a.attrelid = c.oid
where a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
"""
_TYPES = """
select
    t.oid::bigint, n.nspname::text, t.typname::text, t.typtype::text,
    case when t.typoutput = 'pg_catalog.array_out'::regproc then t.typelem::bigint else 0 end,
    t.typbasetype::bigint, t.typtypmod::int
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
"""
_FIELDS = """
select a.attname::text, a.atttypid::bigint, a.atttypmod::int
from pg_catalog.pg_type t join pg_catalog.pg_attribute a on a.attrelid = t.typrelid
where t.oid = %s and a.attnum > 0 and not a.attisdropped order by a.attnum
"""
_IS_THERE = "select 1 from pg_catalog.pg_class where oid = %s"


@dataclass(frozen=True, slots=True)
class KnownColumn:
    """A published column.

    Attributes:
        number: pg_attribute.attnum, by which a renamed column is known again; 0 when it is not known.
    """

    number: int
    name: str
    type_oid: int
    typmod: int


@dataclass(frozen=True, slots=True)
class Storage:
    """What tells that ALTER TABLE has rewritten a table, which the stream does not say.

    VACUUM FULL, CLUSTER and TRUNCATE give a table new files too, but leave its columns' entries alone.

    Attributes:
        files: the server's files of the table, or of its partitions.
        columns: pg_attribute.attnum → the transaction that wrote the column's entry there last.
    """

    files: str
    columns: Mapping[int, int]

    def rewritten_since(self, before: Storage) -> set[int]:
        """The numbers of the columns, known before, whose values may be others."""
        if self.files == before.files:
            return set()
        return {
            number for number, written in self.columns.items()
            if before.columns.get(number, written) != written
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the catalog has it now.

    Attributes:
        kind: pg_class.relkind: r table, p partitioned table, v view, m materialized view, f foreign table.
        persistence: pg_class.relpersistence: p permanent, u unlogged.
        replica_identity: pg_class.relreplident: d default, n nothing, f full, i index.
        key: the columns that identify a row in the stream; none when updates cannot be followed.
        columns: those that can be published, in order.
        generated: the generated columns, which servers before 18 do not send.
    """

    oid: int
    schema: str
    name: str
    kind: str
    persistence: str
    replica_identity: str
    key: tuple[str, ...]
    columns: tuple[KnownColumn, ...]
    generated: tuple[str, ...]
    storage: Storage

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def read_tables(control: Control, schema: str) -> list[Table]:
    """The tables of a schema, views and foreign tables among them, by name."""
    columns: dict[int, list[tuple[KnownColumn, str]]] = {}
    written: dict[int, dict[int, int]] = {}
    files_of: dict[int, str] = {}
    # The files and the columns' entries are of one statement, and so of one moment.
    for oid, number, name, type_oid, typmod, generated, by, files in control.rows(_COLUMNS, (schema,)):
        columns.setdefault(oid, []).append((KnownColumn(number, name, type_oid, typmod), generated))
        written.setdefault(oid, {})[number] = by
        files_of[oid] = files or ""
    return [
        Table(
            oid, schema, name, kind, persistence, identity,
            key={"d": tuple(primary), "f": tuple(primary), "i": tuple(index)}.get(identity, ()),
            columns=tuple(column for column, _ in columns.get(oid, ())),
            generated=tuple(column.name for column, generated in columns.get(oid, ()) if generated),
            storage=Storage(files_of.get(oid, ""), written.get(oid, {})),
        )
        for oid, name, kind, persistence, identity, primary, index in control.rows(_TABLES, (schema,))
    ]  # fmt: skip


def check_is_there(control: Control, table: Table) -> None:
    """Check that the catalog still has a table that was read from it before, and not another of its name.

    Raises:
        SourceUnavailable: it has not; whoever looks again finds what there is now.
    """
    if not control.rows(_IS_THERE, (table.oid,)):
        raise SourceUnavailable(
            f"the table {table} was dropped or made again just now", hint="run this again"
        )


def read_types(control: Control) -> dict[int, PgType]:
    """All of pg_type."""
    return {row[0]: PgType(*row) for row in control.rows(_TYPES)}


def read_fields(control: Control, type_oid: int) -> tuple[RelationColumn, ...]:
    """The attributes of a composite type."""
    return tuple(RelationColumn(*row) for row in control.rows(_FIELDS, (type_oid,)))


def published(
    columns: Sequence[KnownColumn], generated: Sequence[str], listed: Sequence[str] | None
) -> list[str]:
    """The names of the columns that the stream sends.

    Args:
        listed: what the publication says; None on servers that do not say (before 15).
    """
    if listed is not None:
        return [column.name for column in columns if column.name in listed]
    return [column.name for column in columns if column.name not in generated]


@dataclass(frozen=True, slots=True)
class ColumnChanges:
    """How the columns of a table differ from those that were known.

    Attributes:
        renamed: (old name, new name); the new ones are among `added`, the old ones among `dropped`.
    """

    added: tuple[str, ...]
    dropped: tuple[str, ...]
    retyped: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        old_names, new_names = {old for old, _ in self.renamed}, {new for _, new in self.renamed}
        return "; ".join(
            [f"{old} was renamed {new}" for old, new in self.renamed]
            + [f"{name} was added" for name in self.added if name not in new_names]
            + [f"{name} was dropped" for name in self.dropped if name not in old_names]
            + [f"{name} has another type" for name in self.retyped]
        )


def column_changes(
    old: Sequence[KnownColumn],
    new: Sequence[KnownColumn],
    lands_differently: Callable[[KnownColumn, KnownColumn], bool],
) -> ColumnChanges:
    """What became of the columns.

    A column that was dropped and added again under its name has another number, and counts as added.
    """
    by_name = {column.name: column for column in old}
    by_number = {column.number: column for column in old if column.number}
    now = {column.name for column in new}
    added, retyped, renamed = [], [], []
    for column in new:
        before = by_name.get(column.name)
        if before is not None and before.number in (column.number, 0):
            if lands_differently(before, column):
                retyped.append(column.name)
            continue
        added.append(column.name)
        former = by_number.get(column.number)
        if former is not None and former.name not in now:
            renamed.append((former.name, column.name))
    dropped = [column.name for column in old if column.name not in now]
    return ColumnChanges(tuple(added), tuple(dropped), tuple(retyped), tuple(renamed))
