"""Files of events, and how far each is read."""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aidbt.core.errors import SourceError
from aidbt.core.schema import Relation
from ingestion.cdc.debezium.blocks import Block, blocks
from ingestion.cdc.debezium.schemas import Schemas
from ingestion.cdc.debezium.settings import DebeziumSettings
from ingestion.connectors.files import File, FileSettings, FileSource, translated

_HEAD_BYTES = 4096


@dataclass(slots=True)
class Place:
    """How far one file is read.

    Attributes:
        offset: in bytes, unpacked; `lines`: those before it.
        size: of the file when it was read, -1 before that.
        head: a hash of its first `head_bytes`, by which a file that was replaced is known.
        ignored: lines that are no changes of rows, by kind.
    """

    offset: int = 0
    lines: int = 0
    size: int = -1
    head: str = ""
    head_bytes: int = 0
    ignored: Counter[str] = field(default_factory=Counter)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Place:
        """A place as `to_json` gave it."""
        return cls(
            value["offset"], value["lines"], value["size"], value["head"], value["head_bytes"],
            Counter(value.get("ignored", {})),
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """The place as it is kept in the position."""
        return {
            "offset": self.offset, "lines": self.lines, "size": self.size,
            "head": self.head, "head_bytes": self.head_bytes, "ignored": dict(sorted(self.ignored.items())),
        }  # fmt: skip


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

    def blocks(self, file: File, place: Place, schemas: Schemas) -> Generator[Block, None, None]:
        """The blocks of a file behind a place, which remembers by what the file is known.

        Raises:
            SourceError: the file was replaced or cut short, or cannot be read.
        """
        self._check_same(file, place)
        with translated(file.path), closing(self._open(file, place.offset)) as stream:
            yield from blocks(stream, file.path, schemas)

    def _check_same(self, file: File, place: Place) -> None:
        """Check that a file is the one that was read, grown; remember by what it is known."""
        if file.size_bytes < place.size or (not is_packed(file) and file.size_bytes < place.offset):
            raise SourceError(
                f"{file.path} was cut short: it had {place.size} bytes, now it has {file.size_bytes}",
                hint="events behind that may be lost; give what is there now another name to have it read",
            )
        with translated(file.path), closing(self.filesystem.open_input_stream(file.path)) as raw:
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
        if is_packed(file):
            stream = gzip.GzipFile(fileobj=self.filesystem.open_input_stream(file.path, compression=None))
            stream.seek(offset)
            return stream
        source = self.filesystem.open_input_file(file.path)
        source.seek(offset)
        return source


def is_packed(file: File) -> bool:
    """Whether a file is unpacked as it is read, so that its size says nothing of its lines."""
    return file.path.lower().endswith(".gz")
