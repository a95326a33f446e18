"""The lines of a block in order: by their bytes where they are alike, else by what a parser says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.cdc.debezium.alike import order_alike, place_of
from ingestion.cdc.debezium.careful import OPERATIONS, Event, Unreadable, read_line
from ingestion.cdc.debezium.lines import Lines
from ingestion.cdc.debezium.positions import Log, Order, Orderer
from ingestion.cdc.debezium.schemas import Schemas
from ingestion.cdc.debezium.types import NotExact

_FIRST_LINES = 64  # that tell how the others can be read


class Ordering:
    """What orders lines and events; remembers what the events of each table look like.

    Attributes:
        snapshot: the position of the latest snapshot that was read.
    """

    def __init__(self, orderer: Orderer, schemas: Schemas) -> None:
        """Nothing is known yet."""
        self.snapshot = 0
        self._schemas = schemas
        self._orderer = orderer
        self._alike: dict[bytes, str] = {}

    def of_lines(self, lines: Lines, plain: np.ndarray) -> tuple[np.ndarray, Order | None]:
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

    def of_events(self, events: Sequence[Event]) -> Order:
        """The order of single events.

        Raises:
            NotExact: the source of one says no position.
        """
        order = _joined([self._orderer.order(pa.array(tails), log) for log, tails in _by_log(events)])
        if order["position"].null_count:
            raise NotExact("its source says no position")
        return self._behind_snapshot(order)

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
            for name, _, which in by_table(lines, plain, order):
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


def by_table(lines: Lines, plain: np.ndarray, order: Order | None) -> Iterator[tuple[str, int, np.ndarray]]:
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
