"""Rows of tables as of the position of a slot: whole tables, or the values of columns that were added."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import pyarrow as pa

from aidbt.core.errors import SourceError, SourceUnavailable
from aidbt.core.loads import READ, TRUNCATED, UPDATED
from aidbt.core.schema import Relation
from ingestion.bronze.base import Destination
from ingestion.cdc.postgres import messages as pg
from ingestion.cdc.postgres.decoder import Decoder
from ingestion.cdc.postgres.mark import Mark
from ingestion.cdc.postgres.rows import Marks, TextRows
from ingestion.cdc.postgres.streamed import StreamedTables
from ingestion.cdc.postgres.tables import KnownColumn, Table
from ingestion.cdc.postgres.versions import Table as VersionedTable
from ingestion.cdc.postgres.versions import TableVersion
from ingestion.changes import CHANGE_FIELDS, TableChanges
from ingestion.connectors.postgres.errors import TableChanged
from ingestion.connectors.postgres.source import PostgresSource

BEGIN, ROWS = -1, 0  # the sequences of a snapshot: the row that empties the table, and the rows

_PIECE_BYTES = 32 << 20


@dataclass(frozen=True)
class Snapshot:
    """The changes that land one table as of a snapshot; read anew from the server at each iteration.

    Attributes:
        source: an open schema under the snapshot.
        position: of the slot that the snapshot belongs to.
        version: of the table's schema, with the columns that the stream sends too, in their order.
        decoder: gives what reads odd rows (`PostgresSource.read_odd`), as the stream reads all.
        only: without the rows of tables that inherit from it.
        added: to fetch no more than the values of these columns, as updates of their rows; none for the
            whole table.
        with_nulls: also from rows in which all of these are NULL.
    """

    source: PostgresSource
    table: Relation
    to: Destination
    position: int
    version: TableVersion
    decoder: Callable[[], Decoder]
    only: bool
    added: tuple[str, ...] = ()
    with_nulls: bool = False

    @property
    def columns(self) -> list[str]:
        """All columns of the rows that land."""
        return [column.name for column in self.version.columns]

    @property
    def rows(self) -> int:
        """How many the server counts."""
        return self._counted[0]

    @property
    def events(self) -> int:
        """Rows and dead letters, with the row that empties the table before a whole one."""
        return self.rows + (not self.added)

    def __iter__(self) -> Iterator[TableChanges]:
        """Pieces of some 32 MB.

        Raises:
            SourceUnavailable: the server went away, or the table was truncated or changed meanwhile.
            SourceError: the table cannot be read, or gave other rows than were counted.
        """
        fields = self.source.columns(self.table, self.columns)
        if not self.added:
            yield self._piece(_emptied(fields, self.position))
        given = 0
        try:
            for changes in self._pieces(fields):
                given += changes.events
                yield changes
        except TableChanged as error:
            raise SourceUnavailable(error.message, hint=error.hint) from error  # a new snapshot has it
        if given != self.rows:
            raise SourceError(
                f"the table {self.table} gave {given} rows, but the server counts {self.rows}",
                hint="nothing was kept; this is a fault of aidbt or of a driver; please report it",
            )

    @cached_property
    def _counted(self) -> tuple[int, int]:
        return self.source.count(self.table, self._names, any_of=self._any_of, only=self.only)

    @property
    def _names(self) -> list[str]:
        """The columns that are fetched."""
        wanted = (*self.version.key, *self.added)
        return [name for name in self.columns if not self.added or name in wanted]

    @property
    def _any_of(self) -> tuple[str, ...]:
        return () if self.with_nulls else self.added

    def _pieces(self, fields: Sequence[pa.Field]) -> Iterator[TableChanges]:
        """All rows; then, if there are any, those that may be dead letters."""
        names, odd = self._names, self._counted[1]
        with self.source.read(
            self.table, names=names, any_of=self._any_of, only=self.only, without_odd=odd > 0
        ) as stream:
            for batches in _in_pieces(stream.reader(names)):
                yield self._piece(self._changes(pa.Table.from_batches(batches), fields))
        if not odd:
            return
        decoder = self.decoder()
        with self.source.read_odd(self.table, names, any_of=self._any_of, only=self.only) as stream:
            for batches in _in_pieces(stream.reader(names)):
                yield self._decoded(decoder, pa.Table.from_batches(batches), fields)

    def _decoded(self, decoder: Decoder, rows: pa.Table, fields: Sequence[pa.Field]) -> TableChanges:
        """Rows as PostgreSQL's text, read as those of the stream."""
        table = VersionedTable(
            pg.Relation(0, self.table.schema, self.table.name, "d", self.version.columns), self.version
        )
        decoded = decoder.decode_rows(self.to, table, self._text_rows(rows))
        landed = pa.Table.from_arrays(decoded.rows.columns, schema=_schema(fields))
        return replace(decoded, rows=landed)

    def _text_rows(self, rows: pa.Table) -> TextRows:
        count = rows.num_rows
        texts = rows.combine_chunks()
        columns = [
            _only_chunk(texts.column(name)).cast(pa.binary())
            if name in rows.schema.names
            else pa.nulls(count, pa.binary())
            for name in self.columns
        ]
        marks = Marks(
            operations=np.full(count, ord(self._operation), np.uint8),
            positions=np.full(count, self.position, np.int64),
            sequences=np.full(count, ROWS, np.int64),
            committed_at=None,
            event_at=np.full(count, time.time_ns() // 1000, np.int64),
        )
        unchanged = pa.repeat(pa.scalar(self._unchanged, CHANGE_FIELDS[-1].type), count)
        return TextRows(columns, marks, unchanged)

    @property
    def _operation(self) -> str:
        return UPDATED if self.added else READ

    @property
    def _unchanged(self) -> list[str] | None:
        """The columns that are not fetched."""
        return [name for name in self.columns if name not in self._names] if self.added else None

    def _changes(self, rows: pa.Table, fields: Sequence[pa.Field]) -> pa.Table:
        count = rows.num_rows
        columns = [
            rows.column(field.name) if field.name in rows.schema.names else pa.nulls(count, field.type)
            for field in fields
        ]
        marks = _marks(self._operation, self.position, ROWS, self._unchanged, count)
        return pa.Table.from_arrays([*columns, *marks], schema=_schema(fields))

    def _piece(self, rows: pa.Table) -> TableChanges:
        return TableChanges(self.to, rows, self.version.key, self.version.number, rows.num_rows)


def whole_table(
    source: PostgresSource, lsn: int, table: Table, relation: Relation, before: Mark, streamed: StreamedTables
) -> tuple[Snapshot, Mark]:
    """All rows of a table under the snapshot of a slot at `lsn`, and the mark that it has them.

    Raises:
        SourceUnavailable: the server went away.
        SourceError: the table may not be read.
    """
    columns = streamed.published(table, _columns(source, relation))
    is_same = before.version > 0 and (before.columns, before.key) == (columns, table.key)
    mark = Mark(
        snapshot=lsn,
        oid=table.oid,
        columns=columns,
        key=table.key,
        version=before.version if is_same else before.version + 1,
        last=lsn,
        member=streamed.member(table),
        as_text=streamed.as_text,
        storage=table.storage,
    )
    return _snapshot(source, table, relation, mark, columns, lsn, streamed), mark


def added_values(
    source: PostgresSource, lsn: int, table: Table, relation: Relation, before: Mark, streamed: StreamedTables
) -> tuple[Snapshot | None, Mark]:
    """The values of added columns, if there are any, and the mark that it has them.

    NULL is what bronze has without them, but where it holds values of another column under that name.

    Raises:
        SourceUnavailable: the server went away.
        SourceError: the table may not be read.
    """
    columns = streamed.published(table, _columns(source, relation))
    mark = replace(before, backfill=())
    names = tuple(column.name for column in columns if column.name in before.backfill)
    if not names:  # dropped meanwhile
        return None, mark
    with_nulls = not set(names).isdisjoint(before.former)
    snapshot = replace(
        _snapshot(source, table, relation, mark, columns, lsn, streamed), added=names, with_nulls=with_nulls
    )
    return (snapshot, replace(mark, last=lsn)) if snapshot.rows else (None, mark)


def _snapshot(
    source: PostgresSource,
    table: Table,
    relation: Relation,
    mark: Mark,
    columns: Sequence[KnownColumn],
    lsn: int,
    streamed: StreamedTables,
) -> Snapshot:
    return Snapshot(
        source=source,
        table=relation,
        to=streamed.destination(table),
        position=lsn,
        version=replace(mark, columns=tuple(columns)).table_version(),
        decoder=streamed.decoder,
        only=table.kind == "r",
    )


def _columns(source: PostgresSource, relation: Relation) -> list[KnownColumn]:
    return [KnownColumn(c.number, c.name, c.type_oid, c.typmod) for c in source.known(relation).columns]


def _emptied(fields: Sequence[pa.Field], position: int) -> pa.Table:
    """The row that says: all rows before are gone."""
    columns = [pa.nulls(1, field.type) for field in fields]
    marks = _marks(TRUNCATED, position, BEGIN, None, 1)
    return pa.Table.from_arrays([*columns, *marks], schema=_schema(fields))


def _marks(
    operation: str, position: int, sequence: int, unchanged: Sequence[str] | None, count: int
) -> list[pa.Array]:
    """The change columns of rows that are alike."""
    values = (operation, position, sequence, datetime.now(UTC), None, unchanged)
    return [
        pa.repeat(pa.scalar(value, field.type), count)
        for value, field in zip(values, CHANGE_FIELDS, strict=True)
    ]


def _schema(fields: Sequence[pa.Field]) -> pa.Schema:
    return pa.schema([*fields, *CHANGE_FIELDS])


def _only_chunk(column: pa.ChunkedArray) -> pa.Array:
    """Of a column whose chunks were combined; one without rows has none."""
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _in_pieces(reader: pa.RecordBatchReader) -> Iterator[list[pa.RecordBatch]]:
    batches: list[pa.RecordBatch] = []
    for batch in reader:
        batches.append(batch)
        if sum(each.nbytes for each in batches) >= _PIECE_BYTES:
            yield batches
            batches = []
    if batches:
        yield batches
