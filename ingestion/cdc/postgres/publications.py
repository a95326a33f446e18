"""The publications that a slot sends: made, completed, or found to lack something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg2 import sql

from aidbt.core.errors import SourceError
from ingestion.cdc.postgres.connection import Control, quoted
from ingestion.cdc.postgres.tables import Table, check_is_there

_INSERTS = "_inserts"

_PUBLICATIONS = """
select
    oid::bigint, pubname::text, pg_catalog.pg_has_role(pubowner, 'USAGE'),
    pubinsert and pubtruncate, pubupdate and pubdelete, pubviaroot
from pg_catalog.pg_publication where pubname = any (%s)
"""
_MEMBERS = """
select p.pubname::text, p.schemaname::text, p.tablename::text, coalesce(r.oid::bigint, 0), {columns}, {filter}
from pg_catalog.pg_publication_tables p
join pg_catalog.pg_publication o on o.pubname = p.pubname
left join pg_catalog.pg_publication_rel r on r.prpubid = o.oid
    and r.prrelid = pg_catalog.to_regclass(
        pg_catalog.quote_ident(p.schemaname) || '.' || pg_catalog.quote_ident(p.tablename)
    )
where p.pubname = any (%s)
"""


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication that exists.

    Attributes:
        is_ours: whether the user may change it.
    """

    oid: int
    name: str
    is_ours: bool
    has_inserts: bool
    has_updates: bool
    via_root: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A table in a publication.

    Attributes:
        oid: changes when the table is taken out and put in again; 0 where the publication takes tables by
            a rule (FOR ALL TABLES).
        columns: those that are published; None when all are that can be.
    """

    publication: int
    oid: int
    columns: tuple[str, ...] | None
    is_filtered: bool


def publication_of(table: Table, name: str) -> str:
    """Which of the two publications a table belongs to.

    A publication that sends updates makes the server refuse UPDATE and DELETE on a table without a key. So
    such tables stand in one that sends inserts and truncates only.
    """
    return name if table.key else name + _INSERTS


def read_publications(
    control: Control, names: Sequence[str]
) -> tuple[dict[str, Publication], dict[tuple[str, str, str], Member]]:
    """The publications that exist, by name, and their tables, by (publication, schema, table)."""
    rows = control.rows(_PUBLICATIONS, (list(names),), what="the publications")
    publications = {row[1]: Publication(*row) for row in rows}
    has_lists = control.server_version >= 15_00_00
    query = sql.SQL(_MEMBERS).format(
        columns=sql.SQL("p.attnames::text[]" if has_lists else "null::text[]"),
        filter=sql.SQL("p.rowfilter is not null" if has_lists else "false"),
    )
    members = {
        (name, schema, table): Member(
            publications[name].oid, oid, None if columns is None else tuple(columns), filtered
        )
        for name, schema, table, oid, columns, filtered in control.rows(query, (list(names),))
        if name in publications
    }
    return publications, members


def ensure_published(control: Control, tables: Sequence[Table], name: str) -> dict[str, Member]:
    """See to it that every table is published; its membership by the table's full name.

    Raises:
        SourceUnavailable: a table was dropped or made again meanwhile.
        SourceError: a publication lacks something that the user may not add, or leaves out rows.
    """
    wanted: dict[str, list[Table]] = {}
    for table in tables:
        wanted.setdefault(publication_of(table, name), []).append(table)
    publications, members = read_publications(control, list(wanted))
    for each, its_tables in wanted.items():
        missing = [table for table in its_tables if (each, table.schema, table.name) not in members]
        if each in publications:  # first: one that sends partitions does not list their tables
            check_publication(publications[each], its_tables, needs_updates=each == name)
        if each not in publications:
            _run(control, _create(each, missing, updates=each == name), each, missing, exists=False)
        elif missing:
            _run(control, _add(each, missing), each, missing, exists=True)
    publications, members = read_publications(control, list(wanted))
    found: dict[str, Member] = {}
    for each, its_tables in wanted.items():
        check_publication(publications[each], its_tables, needs_updates=each == name)
        for table in its_tables:
            member = members.get((each, table.schema, table.name))
            if member is None:
                check_is_there(control, table)
                raise SourceError(
                    f"the publication {each} does not send {table}",
                    hint="add the table to it, or name another publication under cdc: publication",
                )
            check_member(member, each, table)
            found[str(table)] = member
    return found


def check_member(member: Member, publication: str, table: Table) -> None:
    """Check that a publication sends all rows of a table.

    Raises:
        SourceError: it does not.
    """
    if member.is_filtered:
        raise SourceError(
            f"the publication {publication} leaves out rows of {table}",
            hint="take the row filter away, or name another publication under cdc: publication",
        )


def check_publication(publication: Publication, tables: Sequence[Table], *, needs_updates: bool) -> None:
    """Check that a publication sends every kind of change, and partitions as the table they belong to.

    Raises:
        SourceError: it does not; the hint is what its owner has to run.
    """
    name = quoted(publication.name)
    if not publication.has_inserts or (needs_updates and not publication.has_updates):
        kinds = "insert, update, delete, truncate" if needs_updates else "insert, truncate"
        raise SourceError(
            f"the publication {publication.name} does not send every kind of change",
            hint=f"ALTER PUBLICATION {name} SET (publish = '{kinds}');",
        )
    partitioned = [table for table in tables if table.kind == "p"]
    if partitioned and not publication.via_root:
        raise SourceError(
            f"the publication {publication.name} sends changes of {partitioned[0]} under the names of its "
            "partitions",
            hint=f"ALTER PUBLICATION {name} SET (publish_via_partition_root = true);",
        )


def _create(name: str, tables: Sequence[Table], *, updates: bool) -> sql.Composed:
    # Changes of partitions come as changes of their table: partitions come and go, and their columns may
    # stand in another order.
    kinds = "insert, update, delete, truncate" if updates else "insert, truncate"
    return sql.SQL(
        "CREATE PUBLICATION {} FOR TABLE {} WITH (publish = {}, publish_via_partition_root = true)"
    ).format(sql.Identifier(name), _listed(tables), sql.Literal(kinds))


def _add(name: str, tables: Sequence[Table]) -> sql.Composed:
    return sql.SQL("ALTER PUBLICATION {} ADD TABLE {}").format(sql.Identifier(name), _listed(tables))


def _listed(tables: Sequence[Table]) -> sql.Composed:
    # ONLY: tables that inherit from it are tables of their own.
    return sql.SQL(", ").join(
        sql.SQL("ONLY {}" if table.kind == "r" else "{}").format(sql.Identifier(table.schema, table.name))
        for table in tables
    )


def _run(
    control: Control, command: sql.Composed, name: str, tables: Sequence[Table], *, exists: bool
) -> None:
    names, what = ", ".join(map(str, tables)), f"the publication {name}"
    try:
        control.rows(command, what=what)
    except SourceError as error:
        if error.retryable:
            raise
        for table in tables:
            check_is_there(control, table)
        lacks = f"{what} lacks {names}, and cannot be changed"
        is_missing = f"there is no publication {name} for {names}, and it cannot be made"
        raise SourceError(
            f"{lacks if exists else is_missing}: {error.message.removeprefix(f'{what}: ')}",
            hint=f"let the owner of the tables run: {control.text(command)};",
        ) from None
