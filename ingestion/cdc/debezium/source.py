"""Files of Debezium's events as a source of changes.

A file is read from where the sink says it stands, complete lines only; files may grow and new ones may come.
Its part of the position is its path: how many bytes and lines were read, its size then, and a hash of its
first bytes, by which a file that was replaced is known. Parts "table:<name>" hold the columns of each table.

Of an event's `source` the position, the commit time and the table are kept; of a delete the key (the whole
row where no key is known). The row before an update is not kept: it is the row that landed before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from aidbt.core.findings import Finding
from aidbt.core.loads import COMMITTED_AT, POSITION
from ingestion.bronze.base import Destination
from ingestion.cdc.debezium.columns import Columns, under_settings
from ingestion.cdc.debezium.encoded import EncodedTexts
from ingestion.cdc.debezium.files import EnvelopeFiles, Place, is_packed
from ingestion.cdc.debezium.outcome import Piece, Read, Record
from ingestion.cdc.debezium.reader import EnvelopeReader
from ingestion.cdc.debezium.retyped import TABLE_PART, retyped, retyped_finding
from ingestion.cdc.debezium.settings import DebeziumSettings, names_of
from ingestion.cdc.debezium.tables import Table
from ingestion.cdc.debezium.types import Connect
from ingestion.changes import (
    CHANGE_FIELDS,
    BatchLimits,
    DeadLetter,
    Lag,
    MicroBatch,
    StreamState,
    TableChanges,
)
from ingestion.connectors.files import File

_PAUSE_S = 1.0  # between two looks at files that have not grown
_STREAM_PART = ""
_UNKNOWN_TABLE = "_unknown"  # where records are kept that name no table; no table is made of it


@dataclass(slots=True)
class _Gathered:
    """What goes into the next micro-batch."""

    reads: list[Read] = field(default_factory=list)
    files: dict[str, Place] = field(default_factory=dict)
    events: int = 0
    size_bytes: int = 0
    since: float = field(default_factory=time.monotonic)

    def add(self, read: Read) -> None:
        self.reads.append(read)
        self.events += read.lines - read.ignored.total()
        self.size_bytes += sum(piece.rows.nbytes for piece in read.pieces)

    def is_full(self, limits: BatchLimits) -> bool:
        return (
            self.events >= limits.events
            or self.size_bytes >= limits.size_bytes
            or time.monotonic() - self.since >= limits.seconds
        )


class DebeziumChanges:
    """An open log of changes (`ingestion.changes.ChangeSource`)."""

    def __init__(self, settings: DebeziumSettings, root: Path) -> None:
        self.name = settings.name
        self.bronze_schema = settings.bronze_schema
        self._settings = settings
        self._root = root
        self._files = EnvelopeFiles(settings, root)
        self._bronze: dict[str, str] = {}  # table of the source → its name in bronze
        self._places: dict[str, Place] = {}
        self._kept: dict[str, Any] = {}  # parts as they were last given out
        self._committed_at: dict[int, datetime | None] = {}  # by the last position of a batch
        self._landed_at: datetime | None = None
        self._encoded = EncodedTexts(settings.name)
        # By table and column: what it landed as before its type was declared.
        self._retyped: dict[str, dict[str, Connect]] = {}
        self._unsaid: dict[str, dict[str, Connect]] = {}  # those of them that nobody was told of
        self._reader = EnvelopeReader(
            types=settings.types_of, key=self._key_of, is_chosen=self._is_chosen,
            unavailable=settings.unavailable_value,
        )  # fmt: skip

    def batches(
        self, state: StreamState, limits: BatchLimits, *, until_current: bool, stop: threading.Event
    ) -> Iterator[MicroBatch | None]:
        """The micro-batches behind `state`; an incomplete last line waits until it is complete.

        Raises:
            SourceUnavailable: the store does not answer now.
            SourceError: a file was replaced or cut short, or cannot be read.
        """
        self._restore(state)
        while not stop.is_set():
            gathered = _Gathered()
            for file in self._files.files():
                for read in self._read(file, stop):
                    gathered.add(read)
                    gathered.files[file.path] = self._places[file.path]
                    if gathered.is_full(limits):
                        yield self._batch(gathered)
                        gathered = _Gathered()
            if gathered.files:
                yield self._batch(gathered)
            if until_current:
                return
            yield None
            stop.wait(_PAUSE_S)
            self._files = EnvelopeFiles(self._settings, self._root)

    def acknowledge(self, batch: MicroBatch) -> None:
        """The batch has landed; files keep everything anyway."""
        self._landed_at = self._committed_at.pop(batch.last, self._landed_at)

    def lag(self) -> Lag:
        """How many bytes of the files are not read; how old the last change is that landed."""
        files = self._files.files()
        waiting = sum(
            max(file.size_bytes - self._places[file.path].size, 0)
            if file.path in self._places
            else file.size_bytes
            for file in files
        )
        age = None if self._landed_at is None else (datetime.now(UTC) - self._landed_at).total_seconds()
        return Lag(waiting, age)

    def replay(
        self, letters: Sequence[tuple[Destination, DeadLetter]], state: StreamState
    ) -> Iterable[TableChanges]:
        """Dead letters, read again; what still is no row is a dead letter again.

        Their tables have the columns that are kept, with the types that the settings declare.
        """
        self._restore(state)
        for to, _ in letters:
            if to.source_table:
                self._bronze.setdefault(to.source_table, to.table)
        records = [Record(letter.origin, letter.place, letter.raw.encode()) for _, letter in letters]
        read = self._reader.read_records(records)
        changes = self._changes([read])
        named = {change.to for change in changes}
        nothing = pa.schema(CHANGE_FIELDS).empty_table()
        for to in dict.fromkeys(to for to, _ in letters):
            if to not in named:  # what was said of it has become another table's
                changes.append(TableChanges(to, nothing, (), 1, 0))
        return changes

    def close(self) -> None:
        """Let go of the parser."""
        self._reader.close()

    # --- the files ------------------------------------------------------------------------------------

    def _read(self, file: File, stop: threading.Event) -> Iterator[Read]:
        place = self._places.setdefault(file.path, Place())
        if place.size == file.size_bytes:
            return
        with closing(self._files.blocks(file, place, self._reader.schemas)) as found:
            for block in found:
                if stop.is_set():
                    return
                read = self._reader.read(block, file.path, place.lines + 1)
                place.offset += block.size_bytes
                place.lines += read.lines
                place.ignored += read.ignored
                if not is_packed(file):  # how much of a packed file that was, is not known before its end
                    place.size = place.offset
                yield read
        place.size = file.size_bytes

    # --- micro-batches --------------------------------------------------------------------------------

    def _batch(self, gathered: _Gathered) -> MicroBatch:
        changes = self._changes(gathered.reads)
        positions = [
            pc.min_max(change.rows.column(POSITION)).as_py() for change in changes if change.rows.num_rows
        ]
        findings = tuple(self._findings(changes))  # the position keeps some of them
        position = self._position(gathered)
        newest = [pc.max(change.rows.column(COMMITTED_AT)).as_py() for change in changes]
        last = max((bounds["max"] for bounds in positions), default=0)
        self._committed_at[last] = max(filter(None, newest), default=self._landed_at)
        return MicroBatch(
            source=self.name,
            changes=tuple(changes),
            first=min((bounds["min"] for bounds in positions), default=0),
            last=last,
            position=position,
            events=sum(change.events for change in changes),
            size_bytes=gathered.size_bytes,
            is_idle=not changes,
            findings=findings,
        )

    def _findings(self, changes: Sequence[TableChanges]) -> Iterator[Finding]:
        for change in changes:
            name = change.to.source_table
            table = self._reader.tables.by_name.get(name)
            if table is not None and table.columns is not None:
                yield from self._encoded.findings(name, table.columns, change.rows)
                declared = self._settings.types_of(name)
                for column, was in self._unsaid.pop(name, {}).items():
                    yield retyped_finding(self._settings, name, column, was, declared[column])

    def _position(self, gathered: _Gathered) -> dict[str, Any]:
        """The parts that changed since the last batch."""
        now: dict[str, Any] = {path: place.to_json() for path, place in gathered.files.items()}
        for name, table in self._reader.tables.by_name.items():
            if table.columns is not None:
                noticed = {"encoded": self._encoded.found.get(name), "retyped": self._retyped.get(name)}
                now[TABLE_PART + name] = {
                    "bronze": self._destination(name).table,
                    "key": list(table.key),
                    **table.columns.to_json(),
                    **{kind: columns for kind, columns in noticed.items() if columns},
                }
        if self._reader.ordering.snapshot:
            now[_STREAM_PART] = {"snapshot": self._reader.ordering.snapshot}
        changed = {part: value for part, value in now.items() if self._kept.get(part) != value}
        self._kept.update(changed)
        return changed

    def _changes(self, reads: Sequence[Read]) -> list[TableChanges]:
        """The rows of each table under each version of its columns, and its dead letters with the last."""
        runs: dict[tuple[str, int], list[Piece]] = {}
        letters: dict[str, list[DeadLetter]] = {}
        for read in reads:
            for piece in read.pieces:
                runs.setdefault((piece.table_name, piece.columns.version), []).append(piece)
            for name, found in read.letters.items():
                letters.setdefault(name, []).extend(found)
        changes = []
        for (name, version), pieces in runs.items():
            rows = pa.concat_tables([piece.rows for piece in pieces])
            key = tuple(column for column in pieces[-1].key if column in pieces[-1].columns.described)
            dead = tuple(letters.pop(name, ()))
            events = rows.num_rows + len(dead)
            changes.append(TableChanges(self._destination(name), rows, key, version, events, dead))
        for name, found in letters.items():
            table = self._reader.tables.by_name.get(name, Table())
            version = table.columns.version if table.columns else 1
            nothing = pa.schema(CHANGE_FIELDS).empty_table()
            changes.append(
                TableChanges(self._destination(name), nothing, table.key, version, len(found), tuple(found))
            )
        return changes

    def _restore(self, state: StreamState) -> None:
        self._kept = dict(state.parts)
        for part, value in state.parts.items():
            if part == _STREAM_PART:
                self._reader.ordering.snapshot = value["snapshot"]
            elif part.startswith(TABLE_PART):
                self._restore_table(part.removeprefix(TABLE_PART), value)
            else:
                self._places[part] = Place.from_json(value)

    def _restore_table(self, name: str, kept: Mapping[str, Any]) -> None:
        declared = self._settings.types_of(name)
        columns = under_settings(declared, Columns(kept["version"], kept["columns"], is_open=True))
        self._reader.tables.by_name[name] = Table(columns, tuple(kept["key"]))
        self._bronze[name] = kept["bronze"]
        self._unsaid[name] = retyped(kept["columns"], declared)
        self._retyped[name] = {**kept.get("retyped", {}), **self._unsaid[name]}
        encoded = kept.get("encoded", {})
        self._encoded.restore(name, {column: encoded[column] for column in encoded if column not in declared})

    def _destination(self, table_name: str) -> Destination:
        """Where a table lands: under its own name, with its schema in front where that is another's."""
        if table_name not in self._bronze:
            taken = {name.lower() for name in self._bronze.values()}
            short = table_name.rpartition(".")[2] or _UNKNOWN_TABLE
            long = table_name.replace(".", "_")
            self._bronze[table_name] = long if short.lower() in taken else short
        return Destination(
            self.bronze_schema, self._bronze[table_name], self.name, table_name, self._settings.connector
        )

    # --- the settings ---------------------------------------------------------------------------------

    def _is_chosen(self, table_name: str) -> bool:
        patterns = self._settings.tables
        return patterns is None or any(
            fnmatchcase(name, pattern) for pattern in patterns for name in names_of(table_name)
        )

    def _key_of(self, table_name: str) -> tuple[str, ...] | None:
        return next(
            (self._settings.key[name] for name in names_of(table_name) if name in self._settings.key), None
        )
