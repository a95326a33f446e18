"""Rows of tables as of the position of a slot: whole tables, or the values of columns that were added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

import pyarrow as pa

from aidbt.core.errors import SourceError, SourceUnavailable
from aidbt.core.loads import READ, TRUNCATED, UPDATED
from aidbt.core.schema import Relation
from ingestion.bronze.base import Destination
from ingestion.cdc.postgres.marks import Mark
from ingestion.cdc.postgres.streamed import StreamedTables
from ingestion.cdc.postgres.tables import KnownColumn, Table
from ingestion.changes import CHANGE_FIELDS, TableChanges
from ingestion.connectors.postgres.errors import RowsGone
from ingestion.connectors.postgres.source import PostgresSource

BEGIN, ROWS = -1, 0  # the sequences of a snapshot: the row that empties the table, and the rows

_PIECE_BYTES = 32 << 20


@dataclass(frozen=True)
class Snapshot:
    """The changes that land one table as of a snapshot; read anew from the server at each iteration.

    Attributes:
        source: an open schema under the snapshot.
        position: of the slot that the snapshot belongs to.
        version: of the table's schema.
        columns: those that the stream sends too, in their order.
        only: without the rows of tables that inherit from it.
        added: to fetch no more than the values of these columns, as updates of their rows; none for the
            whole table.
        with_nulls: also from rows in which all of these are NULL.
    """

    source: PostgresSource
    table: Relation
    to: Destination
    position: int
    version: int
    columns: tuple[str, ...]
    key: tuple[str, ...]
    only: bool
    added: tuple[str, ...] = ()
    with_nulls: bool = False

    @cached_property
    def rows(self) -> int:
        """How many the server counts."""
        return self.source.count(self.table, any_of=self._any_of, only=self.only)

    @property
    def events(self) -> int:
        """Rows, with the one that empties the table before a whole one."""
        return self.rows + (not self.added)

    def __iter__(self) -> Iterator[TableChanges]:
        """Pieces of some 32 MB.

        Raises:
            SourceUnavailable: the server went away, or the table was truncated meanwhile.
            SourceError: the table cannot be read, or gave other rows than were counted.
        """
        fields = self.source.columns(self.table, self.columns)
        if not self.added:
            yield self._piece(_emptied(fields, self.position))
        given = 0
        try:
            for rows in self._rows():
                given += rows.num_rows
                yield self._piece(self._changes(rows, fields))
        except RowsGone as error:
            raise SourceUnavailable(error.message, hint=error.hint) from error  # a new snapshot has them
        if given != self.rows:
            raise SourceError(
                f"the table {self.table} gave {given} rows, but the server counts {self.rows}",
                hint="nothing was kept; this is a fault of aidbt or of a driver; please report it",
            )

    @property
    def _any_of(self) -> tuple[str, ...]:
        return () if self.with_nulls else self.added

    def _rows(self) -> Iterator[pa.Table]:
        """The columns that are wanted, as the source has them."""
        names = [name for name in self.columns if not self.added or name in (*self.key, *self.added)]
        with self.source.read(self.table, names=names, any_of=self._any_of, only=self.only) as stream:
            for batches in _pieces(stream.reader(names)):
                yield pa.Table.from_batches(batches)

    def _changes(self, rows: pa.Table, fields: Sequence[pa.Field]) -> pa.Table:
        count = rows.num_rows
        columns = [
            rows.column(field.name) if field.name in rows.schema.names else pa.nulls(count, field.type)
            for field in fields
        ]
        operation = UPDATED if self.added else READ
        unchanged = None
        if self.added:
            unchanged = [name for name in self.columns if name not in (*self.key, *self.added)]
        marks = _marks(operation, self.position, ROWS, unchanged, count)
        return pa.Table.from_arrays([*columns, *marks], schema=_schema(fields))

    def _piece(self, rows: pa.Table) -> TableChanges:
        return TableChanges(self.to, rows, self.key, self.version, rows.num_rows)


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
        version=mark.version,
        columns=tuple(column.name for column in columns),
        key=mark.key,
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


def _pieces(reader: pa.RecordBatchReader) -> Iterator[list[pa.RecordBatch]]:
    batches: list[pa.RecordBatch] = []
    for batch in reader:
        batches.append(batch)
        if sum(each.nbytes for each in batches) >= _PIECE_BYTES:
            yield batches
            batches = []
    if batches:
        yield batches
