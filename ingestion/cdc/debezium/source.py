"""Files of Debezium's events as a source of changes.

A file is read from where the sink says it stands, complete lines only; files may grow and new ones may come.
Its part of the position is its path: how many bytes and lines were read, its size then, and a hash of its
first bytes, by which a file that was replaced is known. Parts "table:<name>" hold the columns of each table.

Of an event's `source` the position, the commit time and the table are kept; of a delete the key (the whole
row where no key is known). The row before an update is not kept: it is the row that landed before.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from aidbt.core.errors import SourceError
from aidbt.core.findings import Finding, Severity
from aidbt.core.loads import COMMITTED_AT, POSITION
from aidbt.core.schema import Relation
from ingestion.bronze.base import Destination
from ingestion.cdc.debezium.columns import Columns
from ingestion.cdc.debezium.encoded import FEWEST, looks_encoded, present
from ingestion.cdc.debezium.reader import EnvelopeReader, Piece, Read, Record, Table
from ingestion.cdc.debezium.settings import DebeziumSettings
from ingestion.cdc.debezium.types import Connect, declared
from ingestion.changes import (
    CHANGE_FIELDS,
    BatchLimits,
    DeadLetter,
    Lag,
    MicroBatch,
    StreamState,
    TableChanges,
)
from ingestion.connectors.files import File, FileSettings, FileSource, translated

_BLOCK_BYTES = 8 << 20
_BLOCK_LINES = 13_000
_LARGEST_BLOCK_BYTES = 24 << 20  # larger ones malloc gives back to the system, and faults in anew each time
_MAX_LINE_BYTES = 1 << 30
_HEAD_BYTES = 4096
_MOST_DELETES = 1000  # in a row; beyond that they are no changed keys
_DELETE = re.compile(rb'"op": ?"d"|^(null|.*"(value|payload)": ?null\}+)\s*$', re.MULTILINE)
_PAUSE_S = 1.0  # between two looks at files that have not grown
_TABLE_PART = "table:"
_STREAM_PART = ""
_UNKNOWN_TABLE = "_unknown"  # where records are kept that name no table; no table is made of it


class EnvelopeFiles(FileSource):
    """The files of events, in the order of their paths."""

    extensions = (".json", ".ndjson", ".jsonl")

    def __init__(self, settings: DebeziumSettings, root: Path) -> None:
        self._name = settings.name
        super().__init__(
            FileSettings(
                name=settings.name,
                connector=settings.connector,
                bronze_schema=settings.bronze_schema,
                path=settings.path,
                endpoint=settings.endpoint,
                table=settings.name,
            ),
            root,
        )

    def files(self) -> list[File]:
        """The files as they are now."""
        return self.files_of(Relation(schema="", name=self._name))


@dataclass(slots=True)
class _Place:
    """How far one file is read."""

    offset: int = 0
    lines: int = 0
    size: int = -1
    head: str = ""
    head_bytes: int = 0
    ignored: Counter[str] = field(default_factory=Counter)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> _Place:
        return cls(
            value["offset"], value["lines"], value["size"], value["head"], value["head_bytes"],
            Counter(value.get("ignored", {})),
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        return {
            "offset": self.offset, "lines": self.lines, "size": self.size,
            "head": self.head, "head_bytes": self.head_bytes, "ignored": dict(sorted(self.ignored.items())),
        }  # fmt: skip


@dataclass(slots=True)
class _Gathered:
    """What goes into the next micro-batch."""

    reads: list[Read] = field(default_factory=list)
    files: dict[str, _Place] = field(default_factory=dict)
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
        self._places: dict[str, _Place] = {}
        self._kept: dict[str, Any] = {}  # parts as they were last given out
        self._committed_at: dict[int, datetime | None] = {}  # by the last position of a batch
        self._landed_at: datetime | None = None
        # By table and column: texts that may be encoded numbers; None where that is settled.
        self._texts: dict[tuple[str, str], list[str] | None] = {}
        self._reader = EnvelopeReader(
            types=self._types_of, key=self._key_of, is_chosen=self._is_chosen,
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

        Their tables have the columns that are kept, but for those that the settings declare.
        """
        self._restore(state)
        for name, table in self._reader.tables.items():
            for column, described in self._types_of(name).items():
                if table.columns is not None:
                    table.columns = table.columns.with_column(column, described)
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
        place = self._places.setdefault(file.path, _Place())
        if place.size == file.size_bytes:
            return
        self._check_same(file, place)
        with translated(file.path), closing(self._open(file, place.offset)) as stream:
            for block in _blocks(stream, file, place):
                if stop.is_set():
                    return
                offset = place.offset + len(block)
                read = self._reader.read(block, file.path, place.lines + 1)
                place.offset = offset
                place.lines += read.lines
                place.ignored += read.ignored
                if not _is_packed(file):  # how much of a packed file that was, is not known before its end
                    place.size = place.offset
                yield read
        place.size = file.size_bytes

    def _check_same(self, file: File, place: _Place) -> None:
        """Check that a file is the one that was read, grown; remember by what it is known."""
        if file.size_bytes < place.size or (not _is_packed(file) and file.size_bytes < place.offset):
            raise SourceError(
                f"{file.path} was cut short: it had {place.size} bytes, now it has {file.size_bytes}",
                hint="events behind that may be lost; give what is there now another name to have it read",
            )
        with translated(file.path), closing(self._files.filesystem.open_input_stream(file.path)) as raw:
            head = raw.read(min(_HEAD_BYTES, file.size_bytes))
        if hashlib.sha256(head[: place.head_bytes]).hexdigest()[:16] != place.head and place.head:
            raise SourceError(
                f"{file.path} is no longer the file that was read: it begins with other bytes",
                hint="give the new file a name of its own; the old one's position stands under this name",
            )
        place.head_bytes = len(head)
        place.head = hashlib.sha256(head).hexdigest()[:16]

    def _open(self, file: File, offset: int) -> Any:
        """The file's bytes, unpacked, from `offset` on."""
        if _is_packed(file):
            stream = gzip.GzipFile(
                fileobj=self._files.filesystem.open_input_stream(file.path, compression=None)
            )
            stream.seek(offset)
            return stream
        source = self._files.filesystem.open_input_file(file.path)
        source.seek(offset)
        return source

    # --- micro-batches --------------------------------------------------------------------------------

    def _batch(self, gathered: _Gathered) -> MicroBatch:
        changes = self._changes(gathered.reads)
        positions = [
            pc.min_max(change.rows.column(POSITION)).as_py() for change in changes if change.rows.num_rows
        ]
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
            findings=tuple(self._findings(changes)),
        )

    def _findings(self, changes: Sequence[TableChanges]) -> Iterator[Finding]:
        """The columns of text that look like encoded decimals, each once."""
        for change in changes:
            table = self._reader.tables.get(change.to.source_table)
            if table is None or table.columns is None:
                continue
            for column, of in table.columns.types.items():
                if not (of.is_inferred and of.wire == pa.string() and column in change.rows.column_names):
                    continue
                texts = self._texts.setdefault((change.to.source_table, column), [])
                if texts is None:
                    continue
                texts += present(change.rows.column(column))
                if len(texts) >= FEWEST:
                    self._texts[change.to.source_table, column] = None
                    if looks_encoded(texts):
                        yield self._encoded(change.to.source_table, column, texts[0])

    def _encoded(self, table: str, column: str, example: str) -> Finding:
        return Finding(
            "debezium.looks_encoded",
            Severity.WARN,
            f"{self.name}: {table}.{column}",
            f"{table}.{column} looks like decimals as Debezium encodes them ('{example}') and lands as text; "
            f'to land numbers, write types: {{{table}: {{{column}: "decimal(12, 2)"}}}} in the file of '
            f"'{self.name}', with the column's own precision and scale",
            {"column": column, "example": example, "setting": "types"},
        )

    def _position(self, gathered: _Gathered) -> dict[str, Any]:
        """The parts that changed since the last batch."""
        now: dict[str, Any] = {path: place.to_json() for path, place in gathered.files.items()}
        for name, table in self._reader.tables.items():
            if table.columns is not None:
                now[_TABLE_PART + name] = {
                    "bronze": self._destination(name).table,
                    "key": list(table.key),
                    **table.columns.to_json(),
                }
        if self._reader.snapshot:
            now[_STREAM_PART] = {"snapshot": self._reader.snapshot}
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
            table = self._reader.tables.get(name, Table())
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
                self._reader.snapshot = value["snapshot"]
            elif part.startswith(_TABLE_PART):
                name = part.removeprefix(_TABLE_PART)
                columns = Columns(value["version"], value["columns"], is_open=True)
                self._reader.tables[name] = Table(columns, tuple(value["key"]))
                self._bronze[name] = value["bronze"]
            else:
                self._places[part] = _Place.from_json(value)

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
            fnmatchcase(name, pattern) for pattern in patterns for name in _names(table_name)
        )

    def _types_of(self, table_name: str) -> Mapping[str, Connect]:
        for name in _names(table_name):
            if name in self._settings.types:
                types = self._settings.types[name]
                return {column: declared(text) or {} for column, text in types.items()}
        return {}

    def _key_of(self, table_name: str) -> tuple[str, ...] | None:
        return next(
            (self._settings.key[name] for name in _names(table_name) if name in self._settings.key), None
        )


def _names(table_name: str) -> tuple[str, str]:
    """What a table may be called in the settings: with what is above it, and without."""
    return table_name, table_name.rpartition(".")[2]


def _is_packed(file: File) -> bool:
    return file.path.lower().endswith(".gz")


def _blocks(stream: Any, file: File, place: _Place) -> Iterator[bytearray]:
    """The complete lines of a stream, some megabytes at a time; each block ends with a newline."""
    rest = b""
    wanted = _BLOCK_BYTES
    block = bytearray()
    while True:
        block = _resized(block, wanted)
        with memoryview(block) as view:
            view[: len(rest)] = rest
            size = len(rest) + _fill(stream, view[len(rest) :], file)
        is_end = size < wanted
        end = block.rfind(b"\n", 0, size) + 1
        if not is_end:
            end = _before_delete(block, end)
        rest = bytes(block[end:size])
        if end:
            del block[end:]
            yield block
            # Lines with schema blocks are long; a block should hold as many of them.
            wanted = max(_BLOCK_BYTES, min(_BLOCK_LINES * place.offset // place.lines, _LARGEST_BLOCK_BYTES))
            wanted = max(wanted, 2 * len(rest))
        elif not is_end:
            wanted *= 2
            if wanted > _MAX_LINE_BYTES:
                raise SourceError(
                    f"{file.path} has a line of more than {_MAX_LINE_BYTES >> 20} MB",
                    hint="it should hold one event a line",
                )
        if is_end:
            return


def _resized(block: bytearray, size: int) -> bytearray:
    """A buffer of that size: the same one where nobody holds it any more, so that its memory is at hand."""
    if size > 2 * len(block):
        return bytearray(size)  # whose memory is not touched before it is filled
    try:
        if size > len(block):
            block.extend(bytes(size - len(block)))
        else:
            del block[size:]
    except BufferError:
        return bytearray(size)
    return block


def _before_delete(block: bytearray, end: int) -> int:
    """The end of the lines in front of deletes (and tombstones) that a block ends with.

    What follows may be the insert that belongs to a delete: together they are a changed key, and they have to
    be in one micro-batch.
    """
    found = end
    for _ in range(_MOST_DELETES):
        start = block.rfind(b"\n", 0, max(found - 1, 0)) + 1
        if not _DELETE.search(block, start, found):
            return found or end
        found = start
    return end


def _fill(stream: Any, view: memoryview, file: File) -> int:
    """Read until the buffer is full or nothing more comes; gives how many bytes there are."""
    size = 0
    try:
        while size < len(view) and (count := stream.readinto(view[size:])):
            size += count
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(
            f"{file.path} is damaged or not complete: {error}",
            hint="compress a file when it is complete; one that still grows is read as it is",
        ) from error
    return size
