"""Blocks of lines read as rows: a table's lines all at once, and single lines only where that fails.

A block of a table that cannot be read at once is halved until the lines are found that are in the way, so
that one poison line costs a few parses of its neighbours and not its block. Every line is accounted for: the
lines of a block are counted as newlines, and are rows, dead letters or ignored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aidbt.core.errors import SourceError
from aidbt.core.loads import DELETED
from ingestion.cdc.debezium.alike import order_alike, place_of
from ingestion.cdc.debezium.careful import OPERATIONS, Event, Ignored, Unreadable, read_line
from ingestion.cdc.debezium.columns import Columns, described_by, fitted, inferred, under_schema, widened
from ingestion.cdc.debezium.fields import read_fields
from ingestion.cdc.debezium.lines import Lines, Schemas, cut, text_of
from ingestion.cdc.debezium.positions import Log, Order, Orderer
from ingestion.cdc.debezium.rows import change_rows, rows_of_heads, with_keys_only
from ingestion.cdc.debezium.types import Connect
from ingestion.cdc.debezium.values import NotExact
from ingestion.connectors.base import DeadLetter

_FIRST_LINES = 64  # of a table that was never seen: read one by one, to know its columns
_FEW = 16  # lines that are read one by one rather than halved again
_MANY = 8  # once one of so many lines had to be read alone, the rest of them is too


@dataclass(frozen=True, slots=True)
class Record:
    """A line with where it comes from."""

    origin: str
    place: int
    line: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one table under one version of its columns."""

    table_name: str
    columns: Columns
    key: tuple[str, ...]
    rows: pa.Table


@dataclass(slots=True)
class Read:
    """What some lines were.

    Attributes:
        lines: how many there were, counted before anything was parsed.
        letters: by the name of the table, "" where no table can be told.
        ignored: by kind.
    """

    lines: int = 0
    pieces: list[Piece] = field(default_factory=list)
    letters: dict[str, list[DeadLetter]] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)

    def bury(self, record: Record, error: Unreadable) -> None:
        """Keep a record as a dead letter."""
        raw = record.line.decode(errors="backslashreplace")
        letter = DeadLetter(record.origin, record.place, error.cause, str(error), raw)
        self.letters.setdefault(error.table_name, []).append(letter)

    def check(self) -> None:
        """Check that every line is a row, a dead letter or ignored.

        Raises:
            SourceError: it is not; nothing of it may be kept.
        """
        rows = sum(piece.rows.num_rows for piece in self.pieces)
        letters = sum(map(len, self.letters.values()))
        if self.lines != rows + letters + self.ignored.total():
            raise SourceError(
                f"{self.lines} lines were read, but they make {rows} rows, {letters} dead letters and "
                f"{self.ignored.total()} that are left out; nothing was kept",
                hint="this is a fault of aidbt; please report it",
            )


@dataclass(slots=True)
class Table:
    """What is known of a table: its columns, and its key."""

    columns: Columns | None = None
    key: tuple[str, ...] = ()


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
        tables: by `Order`'s names of them.
        snapshot: the position of the latest snapshot that was read.
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
        self.tables: dict[str, Table] = {}
        self.snapshot = 0
        self._types = types
        self._key = key
        self._is_chosen = is_chosen
        self._unavailable = unavailable
        self._schemas = Schemas()
        self._descriptions: dict[tuple[int, str], Mapping[str, Connect] | None] = {}
        self._orderer = Orderer()
        self._alike: dict[bytes, str] = {}

    def close(self) -> None:
        """Let go of the parser."""
        self._orderer.close()

    def read(self, block: bytearray, origin: str, first_place: int) -> Read:
        """What the lines of a block are; the block has to end with a newline, and is changed.

        Args:
            first_place: the number of its first line.
        """
        lines = cut(block, self._schemas)
        read = Read(lines=len(lines))
        is_plain = lines.tails_at >= 0
        is_plain[lines.not_utf8()] = False
        plain = np.flatnonzero(is_plain)
        lines.seam(plain)
        plain, order = self._ordered(lines, plain)
        odd = np.setdiff1d(np.arange(len(lines)), plain, assume_unique=True)

        def at(number: int) -> Record:
            return Record(origin, first_place + int(number), lines.raw(int(number)))

        for table_name, schema, which in _by_table(lines, plain, order):
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

    def _ordered(self, lines: Lines, plain: np.ndarray) -> tuple[np.ndarray, Order | None]:
        """The lines that can be read at once, with their order."""
        if not self._alike:  # a few lines tell how the others of the first block can be read
            self._parsed_order(lines, plain[:_FIRST_LINES])
        rows, order = order_alike(lines.block, *lines.tail_places(plain), self._alike)
        alike, rest = plain[rows], np.delete(plain, rows)
        rest, parsed = self._parsed_order(lines, rest[lines.have_one_source(rest)])
        if order is None or parsed is None:
            plain, order = (rest, parsed) if order is None else (alike, order)
        else:
            plain = np.concatenate((alike, rest))
            ascending = np.argsort(plain)
            plain, order = plain[ascending], Order(_joined((order, parsed)).columns.take(pa.array(ascending)))
        if order is None:
            return plain, None
        is_known = pc.and_(
            pc.is_in(order["op"], value_set=pa.array(OPERATIONS)), pc.is_valid(order["position"])
        )
        is_known = pc.and_(is_known, pc.not_equal(pc.fill_null(order["table_name"], ""), ""))
        if is_known.true_count < len(order):
            which = np.flatnonzero(is_known.to_numpy(zero_copy_only=False))
            plain, order = plain[which], Order(order.columns.take(pa.array(which)))
        return plain, self._behind_snapshot(order)

    def _parsed_order(self, lines: Lines, plain: np.ndarray) -> tuple[np.ndarray, Order | None]:
        """Lines whose tails are JSON, with what these say. Their log is that of the first event of them."""
        log = None
        for number in plain:
            try:
                event = read_line(lines.raw(int(number)), self._schemas)
            except Unreadable:
                continue
            if isinstance(event, Event):
                log = event.log
                break
        if log is None:
            return plain[:0], None
        tails = lines.tails(plain)
        try:
            order = self._orderer.order(tails, log)
        except ValueError:
            plain = plain[self._orderer.valid(tails)]
            order = self._orderer.order(lines.tails(plain), log)
        if log.is_postgres:
            for name, _, which in _by_table(lines, plain, order):
                self._alike[place_of(lines.tails(plain[which[:1]])[0].as_py().encode())] = name
        return plain, order

    def _behind_snapshot(self, order: Order) -> Order:
        """The order with changes of the first transaction behind a snapshot, which may have begun before it,
        after it.
        """
        is_read = pc.equal(order["op"], "r")
        if is_read.true_count:
            highest = pc.max(pc.if_else(is_read, order["position"], None)).as_py()
            self.snapshot = max(self.snapshot, highest)
        is_early = pc.and_(order["is_first"], pc.less(order["position"], self.snapshot))
        is_early = pc.and_(is_early, pc.invert(is_read))
        if not is_early.true_count:
            return order
        positions = pc.if_else(is_early, pa.scalar(self.snapshot, pa.int64()), order["position"])
        place = order.columns.schema.get_field_index("position")
        return Order(order.columns.set_column(place, "position", positions))

    def _read_table(self, part: _Part, read: Read) -> None:
        """Read the lines of one table under one schema: at once where that works, else halved."""
        table = self._table(part.table_name, part.lines.key(int(part.which[0])))
        if part.schema >= 0 and (described := self._described(part.schema, part.table_name)) is not None:
            table.columns = under_schema(described, table.columns)
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

    def _described(self, schema: int, table_name: str) -> Mapping[str, Connect] | None:
        """The columns of a schema block, as the settings declare them where they do; None when it describes
        no envelope.
        """
        if (schema, table_name) not in self._descriptions:
            try:
                found = described_by(self._schemas.found[schema])
                declared = self._types(table_name)
                described = {name: declared.get(name, described) for name, described in found.items()}
            except NotExact:
                described = None
            self._descriptions[schema, table_name] = described
        return self._descriptions[schema, table_name]

    def _at_once(self, table: Table, lines: Lines, which: np.ndarray, order: Order) -> pa.Table:
        assert table.columns is not None
        types = {name: of.wire for name, of in table.columns.types.items()}
        is_deleted = pc.equal(order["op"], DELETED)
        rows = lines.rows(which, is_deleted.to_numpy(zero_copy_only=False))
        if rows is None:
            texts = lines.heads(which).cast(pa.large_binary())
            row = pa.struct(list(types.items()))
            wire = rows_of_heads(_parsed(texts, {"before": row, "after": row}), order, table.key)
        else:
            texts = rows.texts
            _check(rows.befores, types)
            wire = with_keys_only(_columns(texts, types), is_deleted, table.key)
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
                event = read_line(record.line, self._schemas)
                if isinstance(event, Event) and not self._is_chosen(event.table_name):
                    event = Ignored("table_not_chosen")
                if isinstance(event, Ignored):
                    read.ignored[event.kind] += 1
                    continue
                table, row = self._fit(event)
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

    def _fit(self, event: Event) -> tuple[Table, dict[str, object]]:
        """The row with its values as Arrow takes them, under the table's columns as they are then."""
        table = self._table(event.table_name, None, event.key)
        is_new = table.columns is None
        if event.schema >= 0:
            described = self._described(event.schema, event.table_name)
            if described is None:
                raise Unreadable("not_an_envelope", "its schema block describes none", event.table_name)
            table.columns = under_schema(described, table.columns)
        elif table.columns is None:
            table.columns = Columns(1, dict(self._types(event.table_name)), is_open=True)
        elif not table.columns.is_open:
            # The schema blocks ended; what they said stays true until a value says otherwise.
            table.columns = Columns(table.columns.version, table.columns.described, is_open=True)
        columns = table.columns
        row: dict[str, object] = {}
        for name, value in event.row.items():
            if event.operation == "d" and table.key and name not in table.key:
                value = None
            columns, row[name] = self._fit_value(columns, name, value, event.table_name)
        if columns is not table.columns:  # however many of them changed, one event makes one version
            columns = replace(columns, version=table.columns.version + (not is_new))
        table.columns = columns
        return table, row

    def _fit_value(
        self, columns: Columns, name: str, value: object, table_name: str
    ) -> tuple[Columns, object]:
        of = columns.types.get(name)
        if of is None:
            if not columns.is_open:
                raise Unreadable("unknown_column", f"its schema has no column '{name}'", table_name)
            columns = columns.with_column(name, inferred(value))
            of = columns.types[name]
        if value == self._unavailable and of.wire is not None and of.wire != pa.null():
            return columns, [value] if pa.types.is_list(of.wire) else value
        try:
            return columns, fitted(value, of)
        except NotExact as error:
            if not (of.is_inferred or of.wire == pa.null()):
                raise Unreadable("wrong_type", f"column '{name}': {error}", table_name) from error
        columns = columns.with_column(name, widened(columns.described[name], value))
        return columns, fitted(value, columns.types[name])

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
        order = _joined([self._orderer.order(pa.array(tails), log) for log, tails in _by_log(events)])
        if order["position"].null_count:
            raise NotExact("its source says no position")
        return change_rows(wire, columns, self._behind_snapshot(order), self._unavailable)

    def _table(self, table_name: str, key: bytes | None, names: tuple[str, ...] | None = None) -> Table:
        table = self.tables.setdefault(table_name, Table())
        if key is not None:
            names = _names_of_key(key)
        table.key = self._key(table_name) or names or table.key
        return table


def _columns(texts: pa.LargeBinaryArray, types: Mapping[str, pa.DataType]) -> dict[str, pa.Array]:
    """The columns of rows: of those that are alike at once, of the others as a parser reads them.

    Raises:
        ArrowException, NotExact: as `_parsed` does.
    """
    fields = read_fields(texts, types)
    if fields is None:
        return _arrays(_parsed(texts, types))
    if len(fields.which) == len(texts):
        return fields.columns
    odd = np.delete(np.arange(len(texts)), fields.which)
    others = _arrays(_parsed(texts.take(pa.array(odd)), types))
    order = pa.array(np.argsort(np.concatenate((fields.which, odd)), kind="stable"))
    return {name: pa.concat_arrays([fields.columns[name], others[name]]).take(order) for name in types}


def _check(texts: pa.LargeBinaryArray, types: Mapping[str, pa.DataType]) -> None:
    """Check that texts are rows of these columns.

    Raises:
        ArrowException, NotExact: as `_parsed` does.
    """
    if not len(texts):
        return
    fields = read_fields(texts, types)
    odd = np.delete(np.arange(len(texts)), [] if fields is None else fields.which)
    if len(odd):
        _parsed(texts.take(pa.array(odd)), types)


def _arrays(rows: pa.Table) -> dict[str, pa.Array]:
    return {name: rows.column(name).combine_chunks() for name in rows.column_names}


def _parsed(texts: pa.LargeBinaryArray, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Objects of JSON as rows.

    Raises:
        ArrowException: one is no JSON, names another column, or holds a value of another type.
        NotExact: there are not as many rows as texts.
    """
    import pyarrow.json as pj

    text = text_of(texts)
    found = pj.read_json(
        pa.BufferReader(text),
        # One block, so that its rows are one chunk; a line is never cut.
        read_options=pj.ReadOptions(use_threads=False, block_size=max(len(text) + 1, 1024)),
        parse_options=pj.ParseOptions(
            explicit_schema=pa.schema(list(types.items())), unexpected_field_behavior="error"
        ),
    )
    if found.num_rows != len(texts):
        raise NotExact(f"{len(texts)} lines gave {found.num_rows} rows")
    return found


def _names_of_key(key: bytes) -> tuple[str, ...] | None:
    import json

    try:
        found = json.loads(key)
    except ValueError:
        return None
    if isinstance(found, dict) and set(found) == {"schema", "payload"}:
        found = found["payload"]
    return tuple(found) if isinstance(found, dict) else None


def _by_log(events: Sequence[Event]) -> Iterator[tuple[Log, list[str]]]:
    """The tails in order, those of one kind of log together."""
    tails: list[str] = []
    for number, event in enumerate(events):
        tails.append(event.tail)
        if number + 1 == len(events) or events[number + 1].log is not event.log:
            yield event.log, tails
            tails = []


def _joined(orders: Sequence[Order]) -> Order:
    return Order(pa.concat_tables([order.columns for order in orders]))


def _by_table(lines: Lines, plain: np.ndarray, order: Order | None) -> Iterator[tuple[str, int, np.ndarray]]:
    """(table, schema, which of the plain lines), each table under each schema."""
    if order is None:
        return
    names = order["table_name"].dictionary_encode()
    codes = names.indices.to_numpy(zero_copy_only=False)
    schemas = lines.schemas[plain]
    kinds = np.unique(np.stack((codes, schemas), axis=1), axis=0) if len(names.dictionary) > 1 else None
    if kinds is None and (schemas == schemas[0]).all():
        yield names.dictionary[0].as_py(), int(schemas[0]), np.arange(len(plain))
        return
    if kinds is None:
        kinds = np.stack((np.zeros_like(np.unique(schemas)), np.unique(schemas)), axis=1)
    for code, schema in kinds:
        which = np.flatnonzero((codes == code) & (schemas == schema))
        yield names.dictionary[int(code)].as_py(), int(schema), which
