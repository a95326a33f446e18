"""Changes in a file: what does not fit in memory, and what waits until the warehouse is there again."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from aidbt.core.errors import SourceError, WriteError
from ingestion.bronze.base import Destination
from ingestion.changes import DeadLetter, TableChanges

# A file: _MAGIC, the pieces, the footer (JSON), its length in 8 bytes (little-endian), _MAGIC again. A piece:
# its header (JSON), spaces up to the next multiple of _ALIGNMENT, an Arrow IPC stream.
_MAGIC = b"AIDBTCF1"
_ALIGNMENT = 64
_LENGTH_BYTES = 8
_UNFINISHED = ".part"


@dataclass(frozen=True, slots=True)
class _Piece:
    """Where a piece stands in the file, and how long its header is."""

    at: int
    header_bytes: int


class ChangeFile:
    """Changes in one file, in the order they were appended; can be iterated again and again.

    While it is written it has another name (`<path>.part`), so a file under `path` is always complete.
    Iterating keeps one piece in memory at a time; the columns of a piece are read from the file as they are
    needed.

    Attributes:
        path: where the finished file is.
        events: those of all changes in it.
        note: what was given to `finish`.

    Made by `create`, filled by `append`, and complete after `finish`; a micro-batch has it as its changes.
    """

    def __init__(self, path: Path, sink: BinaryIO | None = None) -> None:
        """Use `create` or `open`."""
        self.path = path
        self.events = 0
        self.note: Mapping[str, Any] = {}
        self._sink = sink
        self._pieces: list[_Piece] = []

    @classmethod
    def create(cls, path: Path) -> ChangeFile:
        """A new, empty file; its folder is made. One that is there under this name is replaced by `finish`.

        Raises:
            WriteError: it cannot be made.
        """
        with _written(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            sink = _unfinished(path).open("wb")
        file = cls(path, sink)
        file._write(_MAGIC)
        return file

    @classmethod
    def open(cls, path: Path) -> ChangeFile:
        """A file that was finished, maybe by another process.

        Raises:
            SourceError: it is not a finished file of changes, or cannot be read.
        """
        file = cls(path)
        try:
            with path.open("rb") as source:
                footer = _footer(source)
        except (OSError, ValueError) as error:
            raise SourceError(
                f"{path} cannot be read as a file of changes: {error}",
                hint="it was damaged, or made by another version of aidbt",
            ) from error
        file._pieces = [_Piece(*piece) for piece in footer["pieces"]]
        file.events, file.note = footer["events"], footer["note"]
        return file

    @property
    def size_bytes(self) -> int:
        """The length of the file, finished or not."""
        return self._sink.tell() if self._sink else self.path.stat().st_size

    def append(self, changes: TableChanges) -> None:
        """Write one more piece. Text columns in Arrow's view layout are read back in its plain one.

        Raises:
            WriteError: it cannot be written, e.g. because the disk is full; the file is gone then.
        """
        header = json.dumps(
            {
                "to": asdict(changes.to),
                "key": changes.key,
                "schema_version": changes.schema_version,
                "events": changes.events,
                "dead_letters": [asdict(letter) for letter in changes.dead_letters],
            }
        ).encode()
        at = self.size_bytes
        self._write(header + b" " * (-(at + len(header)) % _ALIGNMENT))
        rows = _compact(changes.rows)
        with self._writing() as sink, pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        self._pieces.append(_Piece(at, len(header)))
        self.events += changes.events

    def finish(self, *, sync: bool = False, note: Mapping[str, Any] | None = None) -> None:
        """Make the file complete; from now on it can be iterated.

        Args:
            sync: also make it durable: it is there after the machine lost power.
            note: JSON values to keep with it.

        Raises:
            WriteError: it cannot be written; the file is gone then.
        """
        self.note = dict(note or {})
        pieces = [[piece.at, piece.header_bytes] for piece in self._pieces]
        footer = json.dumps({"pieces": pieces, "events": self.events, "note": self.note}).encode()
        self._write(footer + len(footer).to_bytes(_LENGTH_BYTES, "little") + _MAGIC)
        with self._writing() as sink:
            sink.flush()
            if sync:
                os.fsync(sink.fileno())
            sink.close()
            _unfinished(self.path).replace(self.path)
            if sync:
                sync_folder(self.path.parent)
        self._sink = None

    def __iter__(self) -> Iterator[TableChanges]:
        """The pieces, in order.

        Raises:
            SourceError: the file is gone or damaged.
        """
        if self._sink is not None:
            raise ValueError("a file of changes is finished before it is read")
        try:
            with pa.memory_map(str(self.path)) as source:
                for piece in self._pieces:
                    yield _piece(source, piece)
        except (OSError, ValueError) as error:  # Arrow's and JSON's complaints are ValueErrors
            raise SourceError(
                f"{self.path} cannot be read: {error}",
                hint="delete the file and run again: what is in it has not been taken from the source yet",
            ) from error

    def delete(self) -> None:
        """Remove the file, finished or not. Pieces that somebody still has stay readable."""
        if self._sink is not None:
            with contextlib.suppress(OSError):  # what it had buffered may not fit on the disk
                self._sink.close()
            self._sink = None
        for path in (_unfinished(self.path), self.path):
            path.unlink(missing_ok=True)

    def _write(self, content: bytes) -> None:
        with self._writing() as sink:
            sink.write(content)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[BinaryIO]:
        if self._sink is None:
            raise ValueError("the file of changes is already finished")
        try:
            with _written(self.path):
                yield self._sink
        except WriteError:
            self.delete()
            raise


def remove_unfinished(folder: Path) -> None:
    """Delete what a process that was killed left half written in the folder."""
    for path in folder.glob(f"*{_UNFINISHED}"):
        path.unlink(missing_ok=True)


def empty_folder(folder: Path) -> None:
    """Make the folder, or remove everything in it.

    Raises:
        WriteError: it cannot be made.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with _written(folder):
        folder.mkdir(parents=True, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make names in the folder durable: files that were made, renamed or deleted there."""
    if os.name == "nt":  # folders cannot be opened there, and need not be
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unfinished(path: Path) -> Path:
    return path.with_name(path.name + _UNFINISHED)


@contextlib.contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="free some space in that folder, or let this user write to it",
        ) from error


def _footer(source: BinaryIO) -> dict[str, Any]:
    """The footer of an open file; ValueError when there is none."""
    size = source.seek(0, os.SEEK_END)
    tail = _LENGTH_BYTES + len(_MAGIC)
    source.seek(max(0, size - tail))
    end = source.read(tail)
    length = int.from_bytes(end[:_LENGTH_BYTES], "little")
    if end[_LENGTH_BYTES:] != _MAGIC or length > size - tail:
        raise ValueError("it has no end")
    source.seek(size - tail - length)
    footer: dict[str, Any] = json.loads(source.read(length))
    return footer


def _piece(source: pa.MemoryMappedFile, piece: _Piece) -> TableChanges:
    source.seek(piece.at)
    header = json.loads(source.read(piece.header_bytes))
    source.seek(source.tell() + -source.tell() % _ALIGNMENT)
    with pa.ipc.open_stream(source) as reader:
        rows = reader.read_all()
    return TableChanges(
        to=Destination(**header["to"]),
        rows=rows,
        key=tuple(header["key"]),
        schema_version=header["schema_version"],
        events=header["events"],
        dead_letters=tuple(DeadLetter(**letter) for letter in header["dead_letters"]),
    )


def _compact(rows: pa.Table) -> pa.Table:
    """The rows with every view of text or bytes in the plain layout.

    Arrow writes the whole memory that a view column points into, once for each column: views over one
    buffer of messages would be written as many times as there are columns.
    """
    for number, field in enumerate(rows.schema):
        plain = _plain(field.type)
        if plain != field.type:
            column = _cast(rows.column(number), plain)
            rows = rows.set_column(number, field.with_type(plain), column)
    return rows


def _plain(of: pa.DataType) -> pa.DataType:
    if isinstance(of, pa.JsonType):
        return pa.json_(_plain(of.storage_type))
    if pa.types.is_list(of):
        return pa.list_(of.value_field.with_type(_plain(of.value_type)))
    if pa.types.is_string_view(of):
        return pa.string()
    return pa.binary() if pa.types.is_binary_view(of) else of


def _cast(column: pa.ChunkedArray, to: pa.DataType) -> pa.ChunkedArray:
    if not isinstance(to, pa.JsonType):
        return column.cast(to)
    chunks: Sequence[pa.Array] = [
        pa.ExtensionArray.from_storage(to, chunk.storage.cast(to.storage_type)) for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, type=to)
