"""An open schema of PostgreSQL: its tables, and their rows as of one snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from aidbt.core.errors import SourceError, nearest
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Relation
from ingestion.connectors.base import Cursor, Stream, described
from ingestion.connectors.manager import Pool
from ingestion.connectors.postgres import catalog as pg
from ingestion.connectors.postgres.errors import AS_TEXT_HINT, RowsGone, not_plain_array
from ingestion.connectors.postgres.odd_rows import as_text, is_plain, odd_rows
from ingestion.connectors.postgres.ranges import (
    HAS_RANGE_SCANS,
    SIZE,
    block_ranges,
    merged,
    within,
    worthwhile_parts,
)
from ingestion.connectors.postgres.session import Session
from ingestion.connectors.postgres.settings import PostgresSettings
from ingestion.connectors.postgres.types import Reading, reading, text_reading
from ingestion.connectors.postgres.url import ServerUrl
from ingestion.connectors.postgres.values import Infinities, NotExact, landed

_PLAIN = "_aidbt_is_plain"

_INFINITIES = """
select 'infinity'::date, '-infinity'::date, 'infinity'::timestamp, '-infinity'::timestamp
"""
_POSITION = """
select pg_catalog.pg_export_snapshot(), pg_catalog.txid_current_snapshot()::text,
    case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
        else pg_catalog.pg_current_wal_lsn() end::text,
    pg_catalog.current_setting('server_version_num')::int
"""
_RIGHTS = """
select
    c.oid::bigint,
    pg_catalog.has_table_privilege(c.oid, 'select') or not exists (
        select from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            and not pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
    ),
    -- With row_security off, as in our sessions, this function raises an error where it is active.
    c.relrowsecurity and not (
        select r.rolsuper or r.rolbypassrls from pg_catalog.pg_roles r where r.rolname = current_user
    ) and (c.relforcerowsecurity or not pg_catalog.pg_has_role(c.relowner, 'usage'))
from pg_catalog.pg_class c where c.oid = any (pg_catalog.string_to_array($1::text, ',')::oid[])
"""
_HEAPS = ("r", "p", "m")  # kinds whose rows, or those of their partitions, stand in blocks


class PostgresSource:
    """An open schema: a connection that holds the snapshot, and some for each table that is being read.

    A connection that has read a table to its end stays in its transaction and reads the next one. To connect
    costs some 50 ms, which is most of the time of a small table.
    """

    def __init__(self, settings: PostgresSettings, url: ServerUrl, *, snapshot: str | None = None) -> None:
        """Args:
        snapshot: one that somebody has exported. It is needed here only; this source holds on to it.
        """
        self._settings = settings
        self._url = url
        self._holder = Session.connected(url)
        self._sessions = Pool(self._holder.another, Session.close, most=settings.connections)
        try:
            self._holder.begin(snapshot=snapshot)
            ((self._snapshot, self._transactions, self._lsn, self._version),) = self._holder.rows(_POSITION)
            self._infinities = Infinities.learned(self._holder.batch(_INFINITIES))
            self._catalog = self._read_catalog()
        except BaseException:
            self._holder.close()
            raise

    def tables(self) -> Sequence[Relation]:
        """Tables, then also views, materialized views and foreign tables (kind "view"), by name."""
        return self._catalog.relations

    def known(self, table: Relation) -> pg.PgTable:
        """What the catalog says of a table, as of the snapshot."""
        return self._catalog.tables[table.name]

    def columns(self, table: Relation, names: Sequence[str]) -> list[pa.Field]:
        """These columns as they land.

        Raises:
            SourceError: a type is not known.
        """
        comments = {column.name: column.comment for column in self.known(table).columns}
        return [
            described(pa.field(name, how.lands_as), comments[name])
            for name, how in zip(names, self._readings(table, names), strict=True)
        ]

    def count(
        self, table: Relation, names: Sequence[str], *, any_of: Sequence[str] = (), only: bool = False
    ) -> tuple[int, int]:
        """How many rows `read` gives for these arguments, counted by the server, and how many are odd.

        Raises:
            SourceUnavailable: the server does not answer now.
            SourceError: the table or one of the columns may not be read, or a type is not known.
        """
        what = f"the table {table}"
        readings = self._readings(table, names)
        odd = odd_rows(names, readings)
        counted: list[exp.Expr] = [exp.Count(this=exp.Star())]
        if odd is not None:
            counted.append(exp.Filter(this=counted[0].copy(), expression=exp.Where(this=odd)))
        count = _where_any(exp.select(*counted), any_of).from_(_table(table, only))
        probe = exp.select(*(exp.column(name, quoted=True) for name in names)).from_(_table(table, only))
        # Not by the holder: an error would end its transaction, and with it the snapshot of all tables.
        session = self._sessions.take()
        is_good = False
        try:
            session.begin(snapshot=self._snapshot)
            session.mark()
            session.rows(probe.limit(0).sql("postgres"), what=what)  # may every column be read?
            ((rows, *odd_ones),) = session.rows(count.sql("postgres"), what=what)
            session.back_to_mark()
            is_good = True
        finally:
            self._sessions.give_back(session, is_good=is_good)
        return int(rows), int(sum(odd_ones))

    def read(
        self,
        table: Relation,
        *,
        names: Sequence[str] | None = None,
        any_of: Sequence[str] = (),
        only: bool = False,
        without_odd: bool = False,
        where: Cursor | None = None,
    ) -> Stream:
        """The rows of a table, as of the snapshot.

        Args:
            names: only these columns, in this order; all of them by default.
            any_of: only rows in which one of these columns is not NULL; all of them by default.
            only: without the rows of tables that inherit from it.
            without_odd: without those that `read_odd` gives.
            where: only rows whose cursor has moved on; all of them by default.

        Raises:
            SourceUnavailable: the server does not answer now.
            SourceError: the table may not be read, or a column's type is not known.
        """
        if names is None:
            names = [column.name for column in self.known(table).columns]
        readings = self._readings(table, names)
        query = _where_any(_select(readings), any_of).from_(_table(table, only))
        odd = odd_rows(names, readings) if without_odd else None
        if odd is not None:
            query = query.where(exp.not_(odd))
        is_whole = where is None or where.since is None
        if where is not None and where.since is not None:
            query = query.where(_since(where.column, where.since))
        return self._stream(table, query, self.columns(table, names), in_parts=is_whole)

    def read_odd(
        self, table: Relation, names: Sequence[str], *, any_of: Sequence[str] = (), only: bool = False
    ) -> Stream:
        """The rows that may hold what cannot land exactly, every column as PostgreSQL's text.

        Args:
            names, any_of, only: as `read` takes them.

        Raises:
            SourceUnavailable: the server does not answer now.
            SourceError: the table may not be read, or a column's type is not known.
        """
        query = _where_any(exp.select(*map(as_text, names)), any_of).from_(_table(table, only))
        odd = odd_rows(names, self._readings(table, names))
        query = query.where(odd if odd is not None else exp.false())
        return self._stream(table, query, [pa.field(name, pa.string()) for name in names], in_parts=False)

    def check(self, tables: Sequence[Relation]) -> Iterator[Finding]:
        """What would keep these tables from being read: rights, hidden rows, types that are not known."""
        oids = ",".join(str(self.known(table).oid) for table in tables)
        rights = {oid: row for oid, *row in self._holder.rows(_RIGHTS, oids)}
        for table in tables:
            known = self.known(table)
            may_read, hides_rows = rights[known.oid]
            where = str(table)
            if not may_read:
                message = f"'{self._url.user}' may not read it; grant select on {table} to that user"
                yield Finding("ingest.not_readable", Severity.ERROR, where, message)
            if hides_rows:
                message = f"row-level security would hide rows from '{self._url.user}'; give it BYPASSRLS"
                yield Finding("ingest.rows_hidden", Severity.ERROR, where, message)
            for column in known.columns:
                try:
                    self._reading(table.name, column)
                except SourceError as error:
                    yield Finding(
                        "ingest.unknown_type", Severity.ERROR, where, f"{error.message}; {error.hint}"
                    )

    def close(self) -> None:
        """Give up the snapshot and all connections."""
        self._sessions.close()
        self._holder.close()

    def _stream(
        self, table: Relation, query: exp.Select, fields: Sequence[pa.Field], *, in_parts: bool
    ) -> Stream:
        """The rows of a query, by connections that are taken until the stream is closed."""
        sessions = [self._sessions.take()]
        try:
            sessions[0].begin(snapshot=self._snapshot)
            queries = self._parts(query, table, sessions) if in_parts else [query]
            rows = self._rows_of(sessions, queries, table, fields)
        except BaseException:
            for session in sessions:
                self._sessions.give_back(session, is_good=False)
            raise
        return Stream(
            pa.schema(fields),
            rows,
            comment=table.description,
            position={"snapshot": self._transactions, "lsn": self._lsn},
            close=lambda: self._give_back(sessions),
        )

    def _parts(self, query: exp.Select, table: Relation, sessions: list[Session]) -> list[exp.Select]:
        """The query, or one for each range of a big table's blocks, with a session for each.

        Half of the connections are left to other tables.
        """
        known = self.known(table)
        if self._version < HAS_RANGE_SCANS or known.kind not in _HEAPS:
            return [query]
        ((size_bytes, blocks),) = sessions[0].rows(SIZE, str(known.oid))
        most = self._settings.connections
        for _ in range(1, worthwhile_parts(size_bytes, most)):
            session = self._sessions.take_spare(leave=most // 2)
            if session is None:
                break
            sessions.append(session)
            session.begin(snapshot=self._snapshot)
        return [within(query, blocks) for blocks in block_ranges(blocks, len(sessions))]

    def _rows_of(
        self,
        sessions: Sequence[Session],
        queries: Sequence[exp.Select],
        table: Relation,
        fields: Sequence[pa.Field],
    ) -> Iterator[pa.RecordBatch]:
        """The rows of all queries, which are sent at once."""
        parts = [
            self._rows(session, session.stream(query, f"the table {table}"), table, fields)
            for session, query in zip(sessions, queries, strict=False)
        ]
        return parts[0] if len(parts) == 1 else merged(parts)

    def _give_back(self, sessions: Sequence[Session]) -> None:
        for session in sessions:
            self._sessions.give_back(session, is_good=session.forget_table())

    def _read_catalog(self) -> pg.Catalog:
        schema = self._settings.schema
        schemas = [name for (name,) in self._holder.rows(pg.SCHEMAS)]
        if schema not in schemas:
            close = nearest(schema, schemas)
            raise SourceError(
                f"{self._url.shown} has no schema '{schema}'",
                hint=f"did you mean '{close}'?" if close else f"it has: {', '.join(schemas)}",
            )
        self._holder.mark()
        found = pg.catalog(
            schema,
            self._holder.rows(pg.RELATIONS, schema),
            self._holder.rows(pg.COLUMNS, schema),
            self._holder.rows(pg.TYPES),
        )
        self._holder.back_to_mark()  # listing partitions locks them
        return found

    def _readings(self, table: Relation, names: Sequence[str]) -> list[Reading]:
        by_name = {column.name: column for column in self.known(table).columns}
        return [self._reading(table.name, by_name[name]) for name in names]

    def _reading(self, table: str, column: pg.PgColumn) -> Reading:
        dotted = f"{table}.{column.name}"
        if any(dotted == name or fnmatchcase(dotted, name) for name in self._settings.as_text):
            return text_reading(column.name, column.type_oid, self._catalog.types)
        found = reading(column.name, column.type_oid, column.typmod, self._catalog.types)
        if found is None:
            raise pg.unknown_type(table, column)
        return found

    def _rows(
        self,
        session: Session,
        batches: Iterator[pa.RecordBatch],
        table: Relation,
        fields: Sequence[pa.Field],
    ) -> Iterator[pa.RecordBatch]:
        what, names = f"the table {table}", [field.name for field in fields]
        types = [field.type for field in fields]
        has_lists = any(pa.types.is_list(of) for of in types)
        for batch in batches:
            if has_lists and not pc.all(batch.columns[-1]).as_py():
                raise not_plain_array(what, _not_plain(batch, fields))
            arrays = []
            for name, array, lands_as in zip(names, batch.columns, types, strict=False):
                try:
                    arrays.append(landed(array, lands_as, self._infinities))
                except NotExact as error:
                    raise SourceError(f"{what}, column {name}: {error}", hint=AS_TEXT_HINT) from error
            yield pa.RecordBatch.from_arrays(arrays, names=names)
        self._check_not_truncated(session, table)

    def _check_not_truncated(self, session: Session, table: Relation) -> None:
        """TRUNCATE, and an ALTER that rewrites, ignore snapshots: the table is simply empty in older ones.

        Both give it new files. Reading has locked it, so that they cannot change behind this check.
        """
        known = self._catalog.tables[table.name]
        if known.files is None:
            return
        ((files,),) = session.rows(pg.FILES_NOW, str(known.oid))
        if files != known.files:
            raise RowsGone(
                f"the table {table} was truncated or rewritten after this run began; its rows are gone",
                hint="run this again",
            )


def _not_plain(batch: pa.RecordBatch, fields: Sequence[pa.Field]) -> list[str]:
    """Which columns may have the arrays that are not plain: those come as NULL."""
    rows = batch.filter(pc.invert(batch.columns[-1]))
    return [
        field.name
        for field, array in zip(fields, rows.columns, strict=False)
        if pa.types.is_list(field.type) and array.null_count
    ]


def _select(readings: Sequence[Reading]) -> exp.Select:
    """The query for all columns, and last whether all arrays are plain: one dimension, from 1."""
    selected: list[exp.Expr] = [_plain_or_null(r) if r.is_list else r.select for r in readings]
    lists = [reading.select for reading in readings if reading.is_list]
    if lists:
        selected.append(exp.alias_(exp.and_(*map(is_plain, lists)), _PLAIN, quoted=True))
    return exp.select(*selected)


def _table(table: Relation, only: bool) -> exp.Table:
    named = exp.table_(table.name, db=table.schema, quoted=True)
    named.set("only", only)
    return named


def _where_any(query: exp.Select, names: Sequence[str]) -> exp.Select:
    """Only rows in which one of the columns is not NULL; all of them when none is named."""
    present = [exp.column(name, quoted=True).is_(exp.null()).not_() for name in names]
    return query.where(exp.or_(*present)) if present else query


def _since(column: str, value: object) -> exp.Expr:
    """Rows whose cursor is not below a value, or NULL. The server gives the literal the column's type."""
    cursor = exp.column(column, quoted=True)
    reached = exp.GTE(this=cursor, expression=exp.Literal.string(str(value)))
    return exp.or_(reached, cursor.copy().is_(exp.null()))


def _plain_or_null(reading: Reading) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=is_plain(reading.select), true=reading.select.copy())])
