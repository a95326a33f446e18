"""Messages of pgoutput to changes of tables, as Arrow, in pieces of any size.

A call gets the next messages of the stream, cut anywhere. What lies in the middle of a transaction, and what
each relation looks like, is carried over to the next call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from ingestion.bronze.base import Destination
from ingestion.cdc.postgres import messages as pg
from ingestion.cdc.postgres.columns import Messages
from ingestion.cdc.postgres.envelope import IS_ROW, Envelope, Transaction, envelope
from ingestion.cdc.postgres.letters import Letter, dead_letters, opened, rows_of
from ingestion.cdc.postgres.literals import Fields
from ingestion.cdc.postgres.rows import Numbers, TextRows, batch, chunks, schema, text_rows, truncated
from ingestion.cdc.postgres.values import ColumnReader, column_reader
from ingestion.cdc.postgres.versions import SchemaChange, SeenRelation, Table, TableVersion, Versions
from ingestion.changes import TableChanges
from ingestion.connectors.base import DeadLetter
from ingestion.connectors.postgres.types import PgType

Epochs: TypeAlias = Mapping[int, Sequence[tuple[int, Table]]]
"""The oid of a relation → from which message on it is which table."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What some messages said.

    Attributes:
        changes: one for each table and version with rows or dead letters; of one table in the order of the
            stream.
        end_lsn, committed_at: of the last Commit: the position behind it, and its time in microseconds
            since 1970. None without a Commit.
        first, last: the range of positions of rows and dead letters; 0, 0 when there are none.
        events: rows and dead letters: messages as counted by their first byte, and one for each key that
            was changed.
        open_transaction: whether the last Begin has no Commit yet.
    """

    changes: tuple[TableChanges, ...] = ()
    end_lsn: int | None = None
    committed_at: int | None = None
    first: int = 0
    last: int = 0
    events: int = 0
    open_transaction: bool = False
    schema_changes: tuple[SchemaChange, ...] = ()
    relations: tuple[SeenRelation, ...] = ()


@dataclass(frozen=True, slots=True)
class _Group:
    """The messages of one table under one version.

    Attributes:
        rows: ascending.
        truncations: the messages that empty the table, and the sequence of each; ascending.
    """

    table: Table
    to: Destination
    rows: Numbers
    truncations: tuple[tuple[int, int], ...]

    def bounds(self) -> list[int]:
        """Messages, the first and the last among them."""
        return [
            *self.rows[:1].tolist(),
            *self.rows[-1:].tolist(),
            *(number for number, _ in self.truncations),
        ]


class Decoder:
    """The stream of one slot, decoded from its first message on.

    Args:
        source: the name of the source.
        destinations: schema and table → where its rows land; None when they are not wanted.
        types: all of pg_type; asked again when an oid is not among them.
        fields: a composite type → its attributes.
        as_text: table and column → whether it lands as PostgreSQL's own text.
        primary_key: schema and table → the columns of its primary key. Asked where the stream does not say,
            which is under REPLICA IDENTITY FULL.
        start_versions: "schema.table" → its version before the stream; what the stream describes first is
            version 1 of any other.
        skip_before: "schema.table" → the position from which on its rows are wanted. Read at each call.
    """

    def __init__(
        self,
        *,
        source: str,
        destinations: Callable[[str, str], Destination | None],
        types: Callable[[], Mapping[int, PgType]],
        fields: Fields,
        as_text: Callable[[str, str], bool],
        primary_key: Callable[[str, str], tuple[str, ...]],
        start_versions: Mapping[str, TableVersion],
        skip_before: Mapping[str, int],
    ) -> None:
        self._source = source
        self._destinations = destinations
        self._read_types = types
        self._types = types()
        self._fields = fields
        self._as_text = as_text
        self._skip_before = skip_before
        self._versions = Versions(start_versions, primary_key)
        self._readers: dict[tuple[str, tuple[pg.RelationColumn, ...]], tuple[ColumnReader, ...]] = {}
        self._transaction: Transaction | None = None

    def decode(self, payloads: Sequence[bytes], event_at: Sequence[int] | Numbers | None = None) -> Decoded:
        """The next messages of the stream.

        Args:
            payloads: messages in the order in which they came, cut anywhere.
            event_at: when the server sent each, in microseconds since 1970 (a sequence or an array).

        Raises:
            SourceError: a message is malformed. The decoder cannot be used after that.
        """
        if not payloads:
            return Decoded(open_transaction=self._transaction is not None)
        messages = Messages(payloads)
        around, self._transaction = envelope(messages, event_at, self._transaction)
        seen, changed, epochs = self._see_relations(payloads, around)
        groups = list(self._groups(messages, payloads, around, epochs))
        changes = [self._changes(messages, around, group) for group in groups]
        positions = [int(around.positions[number]) for group in groups for number in group.bounds()]
        commits = messages.starts[around.kinds == pg.COMMIT][-1:]
        return Decoded(
            changes=tuple(changes),
            end_lsn=int(messages.int64_at(commits + 10)[0]) if len(commits) else None,
            committed_at=int(messages.int64_at(commits + 18)[0]) + pg.EPOCH if len(commits) else None,
            first=min(positions, default=0),
            last=max(positions, default=0),
            events=sum(each.events for each in changes),
            open_transaction=self._transaction is not None,
            schema_changes=tuple(changed),
            relations=tuple(seen),
        )

    def redecode(self, letters: Sequence[tuple[Destination, DeadLetter]]) -> list[TableChanges]:
        """Dead letters of this source, read again under the settings of now.

        Raises:
            SourceError: a letter is none of a PostgreSQL stream.
        """
        by_shape: dict[object, tuple[Destination, list[Letter]]] = {}
        for to, dead in letters:
            letter = opened(dead)
            by_shape.setdefault((to, letter.shape), (to, []))[1].append(letter)
        return [self.decode_rows(to, *rows_of(group)) for to, group in by_shape.values()]

    def _see_relations(
        self, payloads: Sequence[bytes], around: Envelope
    ) -> tuple[list[SeenRelation], list[SchemaChange], Epochs]:
        epochs = {oid: [(0, table)] for oid, table in self._versions.tables.items()}
        seen, changed = [], []
        for number in np.flatnonzero(around.kinds == pg.RELATION).tolist():
            relation = pg.relation(payloads[number])
            found, change = self._versions.see(relation, int(around.positions[number]))
            seen.append(found)
            if change is not None:
                changed.append(change)
            # The server describes a table again and again; only when it is another does a piece end.
            table = self._versions.tables[relation.oid]
            known = epochs.setdefault(relation.oid, [])
            if not known or known[-1][1] != table:
                known.append((number, table))
        return seen, changed, epochs

    def _groups(
        self, messages: Messages, payloads: Sequence[bytes], around: Envelope, epochs: Epochs
    ) -> Iterator[_Group]:
        """The wanted messages by table and version."""
        rows = _rows_by_relation(messages, around)
        truncations = _truncations_by_relation(payloads, around)
        for oid in sorted({*rows, *truncations}):
            if oid not in epochs:
                raise pg.malformed(f"a row of the relation {oid}, which was not described")
            ends = [number for number, _ in epochs[oid][1:]] + [len(payloads)]
            begin = 0
            for (_, table), end in zip(epochs[oid], ends, strict=True):
                to = self._destinations(table.relation.schema, table.relation.table)
                if to is not None:
                    wanted_from = self._skip_before.get(table.name, 0)
                    mine = _between(rows.get(oid), begin, end)
                    emptied = [each for each in truncations.get(oid, ()) if begin <= each[0] < end]
                    group = _Group(
                        table,
                        to,
                        mine[around.positions[mine] >= wanted_from],
                        tuple(each for each in emptied if around.positions[each[0]] >= wanted_from),
                    )
                    if len(group.rows) or group.truncations:
                        yield group
                begin = end

    def _changes(self, messages: Messages, around: Envelope, group: _Group) -> TableChanges:
        table = group.table
        version = table.version
        readers = self._readers_of(table)
        landing = schema(version, readers)
        events = len(group.rows) + len(group.truncations)
        batches: list[pa.RecordBatch] = []
        letters: list[DeadLetter] = []
        for part in _split(group):
            if isinstance(part, tuple):
                batches.append(truncated(around, *part, landing))
                continue
            for chunk in chunks(messages, part, len(readers)):
                rows, keys_changed = text_rows(messages, around, chunk, table)
                landed, failures = batch(rows, readers, landing)
                events += keys_changed
                batches.append(landed)
                letters += dead_letters(self._source, table, rows, failures)
        landed = pa.Table.from_batches(batches, landing)
        return TableChanges(group.to, landed, version.key, version.number, events, tuple(letters))

    def decode_rows(self, to: Destination, table: Table, rows: TextRows) -> TableChanges:
        """Rows of a table that came otherwise than through the stream, as the same rows in it."""
        readers = self._readers_of(table)
        landed, failures = batch(rows, readers, schema(table.version, readers))
        return TableChanges(
            to,
            pa.Table.from_batches([landed]),
            table.version.key,
            table.version.number,
            len(rows.unchanged),
            tuple(dead_letters(self._source, table, rows, failures)),
        )

    def _readers_of(self, table: Table) -> tuple[ColumnReader, ...]:
        columns, name = table.version.columns, table.relation.table
        known = (table.name, columns)
        if known not in self._readers:
            if any(column.type_oid not in self._types for column in columns):
                self._types = self._read_types()
            self._readers[known] = tuple(
                column_reader(column, self._types, self._fields, as_text=self._as_text(name, column.name))
                for column in columns
            )
        return self._readers[known]


def _rows_by_relation(messages: Messages, around: Envelope) -> dict[int, Numbers]:
    """The messages of rows of each relation, ascending."""
    rows = np.flatnonzero(IS_ROW[around.kinds])
    if not len(rows):
        return {}
    oids = messages.uint32_at(messages.starts[rows] + 1)
    if (oids == oids[0]).all():
        return {int(oids[0]): rows}
    order = np.argsort(oids, kind="stable")
    found, begins = np.unique(oids[order], return_index=True)
    return dict(zip(found.tolist(), np.split(rows[order], begins[1:]), strict=True))


def _truncations_by_relation(payloads: Sequence[bytes], around: Envelope) -> dict[int, list[tuple[int, int]]]:
    """The relations that are emptied → the messages that do it, with the sequence of each."""
    found: dict[int, list[tuple[int, int]]] = {}
    for number in np.flatnonzero(around.kinds == pg.TRUNCATE).tolist():
        first = int(around.sequences[number])
        for sequence, oid in enumerate(pg.truncated_relations(payloads[number]), start=first):
            found.setdefault(oid, []).append((number, sequence))
    return found


def _between(numbers: Numbers | None, begin: int, end: int) -> Numbers:
    if numbers is None:
        return np.empty(0, np.int64)
    return numbers[np.searchsorted(numbers, begin) : np.searchsorted(numbers, end)]


def _split(group: _Group) -> Iterator[Numbers | tuple[int, int]]:
    """The rows, with what empties the table in its places."""
    begin = 0
    for truncation in group.truncations:
        end = int(np.searchsorted(group.rows, truncation[0]))
        yield group.rows[begin:end]
        yield truncation
        begin = end
    yield group.rows[begin:]
