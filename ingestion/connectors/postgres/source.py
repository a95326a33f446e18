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
from ingestion.connectors.postgres.odd_rows import as_text, odd_rows
from ingestion.connectors.postgres.queries import (
    all_of,
    from_table,
    not_plain_lists,
    since,
    where_any,
)
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
from ingestion.connectors.postgres.url import ANY_BYTES, ServerUrl
from ingestion.connectors.postgres.values import Infinities, NotExact, landed

_INFINITIES = """
select 'infinity'::date, '-infinity'::date, 'infinity'::timestamp, '-infinity'::timestamp
"""
_POSITION = """
select pg_catalog.pg_export_snapshot(), pg_catalog.txid_current_snapshot()::text,
    case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
        else pg_catalog.pg_current_wal_lsn() end::text,
    pg_catalog.current_setting('server_version_num')::int, pg_catalog.current_setting('server_encoding')
"""
_HEAPS = ("r", "p", "m")  # kinds whose rows, or those of their partitions, stand in blocks


class PostgresSource:
    """An open schema: a connection that holds the snapshot, and some for each table that is being read.

    A connection that has read a table to its end stays in its transaction and reads the next one. To connect
    costs some 50 ms, which is most of the time of a small table.
    """

    def __init__(
        self,
        settings: PostgresSettings,
        url: ServerUrl,
        *,
        snapshot: str | None = None,
        unknown_as_text: Sequence[str] = (),
    ) -> None:
        """Args:
        snapshot: one that somebody has exported. It is needed here only; this source holds on to it.
        unknown_as_text: the tables whose columns of types that are not known are read as PostgreSQL's text.
        """
        self._settings = settings
        self._url = url
        self._unknown_as_text = frozenset(unknown_as_text)
        self._holder = Session.connected(url)
        self._sessions = Pool(self._holder.another, Session.close, most=settings.connections)
        try:
            self._holder.begin(snapshot=snapshot)
            ((self._snapshot, self._transactions, self._lsn, self._version, encoding),) = self._holder.rows(
                _POSITION
            )
            self._any_bytes = encoding == ANY_BYTES
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
        odd = odd_rows(names, readings, any_bytes=self._any_bytes)
        counted: list[exp.Expr] = [exp.Count(this=exp.Star())]
        if odd is not None:
            counted.append(exp.Filter(this=counted[0].copy(), expression=exp.Where(this=odd)))
        count = where_any(exp.select(*counted), any_of).from_(from_table(table, only=only))
        probe = all_of(readings).from_(from_table(table, only=only))
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
        query = where_any(all_of(readings), any_of).from_(from_table(table, only=only))
        odd = odd_rows(names, readings, any_bytes=self._any_bytes) if without_odd else None
        if odd is not None:
            query = query.where(exp.not_(odd))
        is_whole = where is None or where.since is None
        if where is not None and where.since is not None:
            query = query.where(since(where.column, where.since))
        return self._stream(table, query, self.columns(table, names), in_parts=is_whole)

    def read_odd(
        self, table: Relation, names: Sequence[str], *, any_of: Sequence[str] = (), only: bool = False
    ) -> Stream:
        """The rows that may hold what cannot land exactly, every column as PostgreSQL's text, or as
        its bytes where those may be no UTF-8.

        Args:
            names, any_of, only: as `read` takes them.

        Raises:
            SourceUnavailable: the server does not answer now.
            SourceError: the table may not be read, or a column's type is not known.
        """
        texts = [as_text(name, any_bytes=self._any_bytes) for name in names]
        query = where_any(exp.select(*texts), any_of).from_(from_table(table, only=only))
        odd = odd_rows(names, self._readings(table, names), any_bytes=self._any_bytes)
        query = query.where(odd if odd is not None else exp.false())
        kind = pa.binary() if self._any_bytes else pa.string()
        return self._stream(table, query, [pa.field(name, kind) for name in names], in_parts=False)

    def check(self, tables: Sequence[Relation]) -> Iterator[Finding]:
        """What would keep these tables from being read: rights, hidden rows, types that are not known."""
        rights = {oid: row for oid, *row in self._holder.rows(pg.RIGHTS)}
        for table in tables:
            known = self.known(table)
            may_read, hides_rows, _ = rights[known.oid]
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
        if found is None and table in self._unknown_as_text:
            return text_reading(column.name, column.type_oid, self._catalog.types)
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
        for batch in batches:
            yield self._landed(batch, f"the table {table}", fields)
        self._check_not_truncated(session, table)

    def _landed(self, batch: pa.RecordBatch, what: str, fields: Sequence[pa.Field]) -> pa.RecordBatch:
        """What the query `all_of` gave, as it lands."""
        if any(pa.types.is_list(field.type) for field in fields) and not pc.all(batch.columns[-1]).as_py():
            raise not_plain_array(what, not_plain_lists(batch, fields))
        arrays = []
        for field, array in zip(fields, batch.columns, strict=False):
            try:
                arrays.append(landed(array, field.type, self._infinities))
            except NotExact as error:
                raise SourceError(f"{what}, column {field.name}: {error}", hint=AS_TEXT_HINT) from error
        return pa.RecordBatch.from_arrays(arrays, names=[field.name for field in fields])

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
