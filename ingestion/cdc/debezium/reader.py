"""Blocks of lines read as rows: a table's lines all at once, and single lines only where that fails.

A block of a table that cannot be read at once is halved until the lines are found that are in the way, so
that one poison line costs a few parses of its neighbours and not its block. Every line is accounted for: the
lines of a block are counted as newlines, and are rows, dead letters or ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aidbt.core.loads import DELETED
from ingestion.cdc.debezium.blocks import Block
from ingestion.cdc.debezium.careful import Event, Ignored, Unreadable, read_line
from ingestion.cdc.debezium.columns import Columns
from ingestion.cdc.debezium.cutting import cut
from ingestion.cdc.debezium.lines import Lines
from ingestion.cdc.debezium.objects import as_columns, check, parsed
from ingestion.cdc.debezium.ordering import Ordering, by_table
from ingestion.cdc.debezium.outcome import Piece, Read, Record
from ingestion.cdc.debezium.positions import Order, Orderer
from ingestion.cdc.debezium.rows import change_rows, rows_of_heads, with_keys_only
from ingestion.cdc.debezium.schemas import Schemas
from ingestion.cdc.debezium.tables import Table, Tables
from ingestion.cdc.debezium.types import Connect, NotExact

_FIRST_LINES = 64  # of a table that was never seen: read one by one, to know its columns
_FEW = 16  # lines that are read one by one rather than halved again
_MANY = 8  # once one of so many lines had to be read alone, the rest of them is too


@dataclass(frozen=True, slots=True)
class _Part:
    """The lines `which` of a block: those of one table under one schema. `at` gives one as it was read."""

    table_name: str
    schema: int
    lines: Lines
    which: np.ndarray
    order: Order
    at: Callable[[int], Record]


class EnvelopeReader:
    """Reads blocks of envelopes; remembers the columns of the tables between them.

    Attributes:
        schemas: the schema blocks that were met; `tables`: what is known of the tables.
        ordering: holds the position of the latest snapshot.
    """

    def __init__(
        self,
        *,
        types: Callable[[str], Mapping[str, Connect]],
        key: Callable[[str], tuple[str, ...] | None],
        is_chosen: Callable[[str], bool],
        unavailable: str,
    ) -> None:
        """Nothing is read yet.

        Args:
            types: the columns of a table that are declared; what a schema block says of them does not count.
            key: the declared key of a table.
            is_chosen: whether a table is wanted.
            unavailable: Debezium's `unavailable.value.placeholder`.
        """
        self.schemas = Schemas()
        self.tables = Tables(self.schemas, types=types, key=key, unavailable=unavailable)
        self._orderer = Orderer()
        self.ordering = Ordering(self._orderer, self.schemas)
        self._is_chosen = is_chosen
        self._unavailable = unavailable

    def close(self) -> None:
        """Let go of the parser."""
        self._orderer.close()

    def read(self, block: Block, origin: str, first_place: int) -> Read:
        """What the lines of a block are; the block has to end with a newline, and is changed.

        Args:
            first_place: the number of its first line.
        """
        lines = cut(block, self.schemas)
        read = Read(lines=len(lines))
        is_plain = lines.tails_at >= 0
        is_plain[lines.not_utf8()] = False
        plain = np.flatnonzero(is_plain)
        lines.seam(plain)
        plain, order = self.ordering.of_lines(lines, plain)
        odd = np.setdiff1d(np.arange(len(lines)), plain, assume_unique=True)

        def at(number: int) -> Record:
            return Record(origin, first_place + int(number), lines.raw(int(number)))

        for table_name, schema, which in by_table(lines, plain, order):
            assert order is not None
            if not self._is_chosen(table_name):
                read.ignored["table_not_chosen"] += len(which)
                continue
            self._read_table(_Part(table_name, schema, lines, plain[which], order.take(which), at), read)
        self._read_alone([at(number) for number in odd], read)
        read.check()
        return read

    def read_records(self, records: Sequence[Record]) -> Read:
        """What single lines are."""
        read = Read(lines=len(records))
        self._read_alone(records, read)
        read.check()
        return read

    # --- many lines at once ---------------------------------------------------------------------------

    def _read_table(self, part: _Part, read: Read) -> None:
        """Read the lines of one table under one schema: at once where that works, else halved."""
        table = self.tables.under(part.schema, part.table_name, part.lines.key(int(part.which[0])))
        alone, pending = 0, [np.arange(len(part.which))]
        if table.columns is None:
            pending = [part_of for part_of in np.split(pending[0], [_FIRST_LINES]) if len(part_of)][::-1]
        while pending:
            which = pending.pop()
            columns = table.columns
            if columns is not None and columns.is_plain and alone * _MANY <= len(part.which):
                try:
                    rows = self._at_once(table, part.lines, part.which[which], part.order.take(which))
                except (pa.ArrowException, NotExact):
                    if len(which) > _FEW:
                        pending += [which[len(which) // 2 :], which[: len(which) // 2]]
                        continue
                else:
                    read.pieces.append(Piece(part.table_name, columns, table.key, rows))
                    continue
            self._read_alone([part.at(number) for number in part.which[which]], read)
            if table.columns is columns:  # else these lines changed the columns, and the next ones fit them
                alone += len(which)

    def _at_once(self, table: Table, lines: Lines, which: np.ndarray, order: Order) -> pa.Table:
        assert table.columns is not None
        types = {name: of.wire for name, of in table.columns.types.items()}
        is_deleted = pc.equal(order["op"], DELETED)
        rows = lines.rows(which, is_deleted.to_numpy(zero_copy_only=False))
        if rows is None:
            texts = lines.heads(which).cast(pa.large_binary())
            row = pa.struct(list(types.items()))
            wire = rows_of_heads(parsed(texts, {"before": row, "after": row}), order, table.key)
        else:
            texts = rows.texts
            check(rows.befores, types)
            wire = with_keys_only(as_columns(texts, types), is_deleted, table.key)
        for name, of in table.columns.types.items():
            is_guessed = of.is_inferred and of.wire == pa.float64()
            if is_guessed and not self._orderer.are_exact(texts, name, wire[name]):
                raise NotExact(f"column '{name}': a number is not of the type double")
        return change_rows(wire, table.columns, order, self._unavailable)

    # --- one line after another -----------------------------------------------------------------------

    def _read_alone(self, records: Sequence[Record], read: Read) -> None:
        run: list[tuple[Record, Event, dict[str, object]]] = []
        running: tuple[str, Columns, tuple[str, ...]] | None = None
        for record in records:
            try:
                event = read_line(record.line, self.schemas)
                if isinstance(event, Event) and not self._is_chosen(event.table_name):
                    event = Ignored("table_not_chosen")
                if isinstance(event, Ignored):
                    read.ignored[event.kind] += 1
                    continue
                table, row = self.tables.fit(event)
            except Unreadable as error:
                read.bury(record, error)
                continue
            assert table.columns is not None
            now = (event.table_name, table.columns, table.key)
            if running is not None and now != running:
                self._finish(run, running, read)
                run = []
            running = now
            run.append((record, event, row))
        if running is not None:
            self._finish(run, running, read)

    def _finish(
        self,
        run: Sequence[tuple[Record, Event, dict[str, object]]],
        of: tuple[str, Columns, tuple[str, ...]],
        read: Read,
    ) -> None:
        """Rows of one table under one version of its columns; one that cannot be decoded is a dead letter."""
        table_name, columns, key = of
        try:
            rows = self._rows([event for _, event, _ in run], [row for _, _, row in run], columns)
        except (NotExact, pa.ArrowException) as error:
            if len(run) == 1:
                read.bury(run[0][0], Unreadable("wrong_type", str(error), table_name))
                return
            half = len(run) // 2
            self._finish(run[:half], of, read)
            self._finish(run[half:], of, read)
            return
        read.pieces.append(Piece(table_name, columns, key, rows))

    def _rows(
        self, events: Sequence[Event], rows: Sequence[Mapping[str, object]], columns: Columns
    ) -> pa.Table:
        wire = {
            name: pa.array([row.get(name) for row in rows], pa.string() if of.wire is None else of.wire)
            for name, of in columns.types.items()
        }
        return change_rows(wire, columns, self.ordering.of_events(events), self._unavailable)
