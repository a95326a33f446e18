"""A source of changes for tests: a list of transactions that outlives whoever reads it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from aidbt.core.findings import Finding
from ingestion.bronze.base import Destination
from ingestion.changes import (
    CHANGE_FIELDS,
    NOTHING_LANDED,
    BatchLimits,
    DeadLetter,
    Lag,
    MicroBatch,
    StreamState,
    TableChanges,
)
from ingestion.records import ConnectorSettings
from ingestion.spill import ChangeFile

COMMITTED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Log:
    """Transactions in order: each a list of (table, op, id, note). `acknowledged` counts those.

    Attributes:
        on_batch: called before each micro-batch with its number, from 0; may raise.
        poison: notes that cannot be landed.
        spilled: give every micro-batch in a file.
        in_place: give the changes so that they are read only as they are iterated.
        overlaps: how often the log was asked for more while such changes were being read.
        found: findings that every micro-batch carries.
        keeps_all: acknowledged transactions can be read again.
        opened: how often the log was opened.
        checked: the state that the log was last checked against.
    """

    transactions: list[list[tuple[str, str, int | None, str | None]]] = field(default_factory=list)
    acknowledged: int = 0
    on_batch: Callable[[int], None] = lambda number: None
    poison: set[str] = field(default_factory=set)
    spilled: bool = False
    in_place: bool = False
    overlaps: int = 0
    found: Sequence[Finding] = ()
    keeps_all: bool = False
    opened: int = 0
    findings: Sequence[Finding] = ()
    checked: StreamState | None = None

    def write(self, *rows: tuple[str, str, int | None, str | None]) -> None:
        self.transactions.append(list(rows))

    def insert(self, count: int, table: str = "orders") -> None:
        """So many transactions of one new row each."""
        for _ in range(count):
            number = len(self.transactions) + 1
            self.write((table, "c", number, f"note {number}"))


class LogConnector:
    """Reads a `Log` into `bronze_<name>`."""

    is_streamed = True
    only_streams = True
    operation = "cdc"

    def __init__(self, log: Log, name: str = "shop") -> None:
        self.log = log
        self.settings = ConnectorSettings(name=name, connector="log", bronze_schema=f"bronze_{name}")

    def streamed_tables(self) -> Sequence[str]:
        return ("*",)

    def open_changes(self, *, scratch: Path, resnapshot: Sequence[str] = ()) -> LogSource:
        self.log.opened += 1
        return LogSource(self.log, self.settings, scratch, tuple(resnapshot))

    def check_changes(self, state: StreamState = NOTHING_LANDED) -> Sequence[Finding]:
        self.log.checked = state
        return self.log.findings


LOGS: dict[str, Log] = {}  # by the name of the source that reads it


class ConfiguredLog(LogConnector):
    """A connector of a connector file, over the log of `LOGS` that has the source's name."""

    settings_class = ConnectorSettings

    def __init__(self, settings: ConnectorSettings, root: Path) -> None:
        super().__init__(LOGS[settings.name], settings.name)
        self.settings = settings


class InPlace:
    """Changes that can be read only while nothing else is asked of their source."""

    def __init__(self, source: LogSource, changes: list[TableChanges]) -> None:
        self._source = source
        self._changes = changes

    def __iter__(self) -> Iterator[TableChanges]:
        self._source.is_reading = True
        yield from self._changes
        self._source.is_reading = False


class LogSource:
    """An open `Log`. The position of its only part is the number of transactions that have landed."""

    def __init__(self, log: Log, settings: Any, scratch: Path, resnapshot: tuple[str, ...]) -> None:
        self.name = settings.name
        self.bronze_schema = settings.bronze_schema
        self.resnapshot = resnapshot
        self._log = log
        self._scratch = scratch
        self._files = itertools.count()
        self.is_reading = False

    def batches(
        self, state: StreamState, limits: BatchLimits, *, until_current: bool, stop: threading.Event
    ) -> Iterator[MicroBatch | None]:
        at = state.parts.get("", {"at": 0})["at"]
        assert self._log.keeps_all or at >= self._log.acknowledged, "what has been acknowledged is gone"
        for table in self.resnapshot:
            rows = self._changes(table, [("t", None, None, at, -1), ("r", 1, "again", at, 0)])
            yield self._batch([rows], at, {f"table:{table}": {"at": at, "opened": self._log.opened}})
        end = len(self._log.transactions)
        for number in itertools.count():
            while at >= (end if until_current else len(self._log.transactions)):
                if until_current or stop.wait(0.01):
                    return
                yield None
            if stop.is_set():
                return
            taken = self._log.transactions[at : at + limits.events]
            if until_current:
                taken = taken[: end - at]
            self._log.on_batch(number)
            self._log.overlaps += self.is_reading
            yield self._batch(self._pieces(taken, at), at + len(taken), {"": {"at": at + len(taken)}})
            at += len(taken)

    def acknowledge(self, batch: MicroBatch) -> None:
        at = batch.position.get("", {"at": 0})["at"]
        assert self._log.keeps_all or at >= self._log.acknowledged
        self._log.acknowledged = at

    def lag(self) -> Lag:
        return Lag(backlog_bytes=len(self._log.transactions) - self._log.acknowledged, seconds=1.5)

    def replay(
        self, letters: Sequence[tuple[Destination, DeadLetter]], state: StreamState
    ) -> list[TableChanges]:
        by_table: dict[str, list[Any]] = {}
        for to, letter in letters:
            op, id_, note, sequence = letter.raw.split("|")
            row = (op, int(id_), note, letter.place, int(sequence))
            by_table.setdefault(to.source_table, []).append(row)
        return [self._changes(table.removeprefix("public."), rows) for table, rows in by_table.items()]

    def close(self) -> None:
        pass

    def _pieces(self, transactions: Sequence[Any], at: int) -> list[TableChanges]:
        rows: dict[str, list[Any]] = {}
        for position, transaction in enumerate(transactions, start=at + 1):
            for sequence, (table, op, id_, note) in enumerate(transaction, start=1):
                rows.setdefault(table, []).append((op, id_, note, position, sequence))
        return [self._changes(table, found) for table, found in rows.items()]

    def _changes(self, table: str, found: Sequence[Any]) -> TableChanges:
        rows = [row for row in found if row[2] not in self._log.poison]
        letters = tuple(
            DeadLetter(self.name, position, "poison", f"{note} is poison", f"{op}|{id_}|{note}|{sequence}")
            for op, id_, note, position, sequence in found
            if note in self._log.poison
        )
        columns = {
            "id": pa.array([row[1] for row in rows], pa.int64()),
            "note": pa.array([row[2] for row in rows], pa.string()),
        }
        own = [
            [row[0] for row in rows],
            [row[3] for row in rows],
            [row[4] for row in rows],
            [COMMITTED_AT] * len(rows),
            [COMMITTED_AT] * len(rows),
            [None] * len(rows),
        ]
        for change, values in zip(CHANGE_FIELDS, own, strict=True):
            columns[change.name] = pa.array(values, change.type)
        to = Destination(self.bronze_schema, table, self.name, f"public.{table}", "log")
        return TableChanges(to, pa.table(columns), ("id",), 1, len(found), letters)

    def _batch(self, changes: list[TableChanges], last: int, position: Any) -> MicroBatch:
        events = sum(piece.events for piece in changes)
        size_bytes = sum(piece.rows.nbytes for piece in changes)
        kept: Any = changes
        if self._log.spilled:
            kept = ChangeFile.create(self._scratch / f"{next(self._files)}")
            for piece in changes:
                kept.append(piece)
            kept.finish()
        if self._log.in_place:
            kept = InPlace(self, changes)
        positions = [value for piece in changes for value in piece.rows["_aidbt_position"].to_pylist()]
        return MicroBatch(
            self.name,
            kept,
            min(positions, default=0),
            max(positions, default=0),
            position,
            events,
            size_bytes,
            findings=tuple(self._log.found),
        )
