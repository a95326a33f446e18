"""What a connector is: it opens a source, which lists its tables and reads each as a stream of Arrow batches.

The Arrow schema of a stream is the whole contract between a connector and a writer of bronze. What needs a
type of its own comes as Arrow's extension types (`arrow.json`, `arrow.uuid`); infinite dates and times as
DuckDB stores them: the largest number, and its negative.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pyarrow as pa

from aidbt.core.errors import SourceError
from aidbt.core.resilience import Operation
from aidbt.core.schema import Relation
from ingestion.records import ConnectorSettings

# The keys of a field's metadata under which its description travels, and how sure its type is.
COMMENT = b"comment"
CONFIDENCE = b"confidence"


class Connector(Protocol):
    """One configured source.

    Attributes:
        settings_class: what `aidbt/connectors/<name>.yml` may hold for this kind.
        operation: the retry policy that suits it.
    """

    settings_class: ClassVar[type[ConnectorSettings]]
    operation: ClassVar[Operation]
    settings: ConnectorSettings

    def __init__(self, settings: Any, root: Path) -> None:
        """Keep the settings; nothing is opened. Relative paths are relative to `root`."""

    def open(self) -> Source:
        """The source, ready to be listed and read.

        Raises:
            SourceUnavailable: it cannot be reached now.
            SourceError: it refused.
        """
        ...


class Source(Protocol):
    """An open source. `read` may be called by several threads at once, also for the same table again."""

    def tables(self) -> Sequence[Relation]:
        """Every table that could be landed, ordered by name.

        `columns` are given where listing tells them. A relation whose kind is "view" (views, foreign
        tables) is landed only when it is named without a pattern.
        """
        ...

    def read(self, table: Relation) -> Stream:
        """All rows of a table. The stream has to be closed.

        Raises:
            SourceUnavailable: the source cannot be reached now.
            SourceError: it refused, or the table holds something that cannot be landed as it is.
        """
        ...

    def close(self) -> None:
        """Let go of everything that is open."""


class Incremental(Source, Protocol):
    """A source whose tables can be loaded by cursor."""

    def read(
        self, table: Relation, *, names: Sequence[str] | None = None, where: Cursor | None = None
    ) -> Stream:
        """Some rows or columns of a table.

        Args:
            names: only these columns, in this order; all of them by default.
            where: only these rows; all of them by default.
        """
        ...


class Rediscovering(Protocol):
    """A source that spares work where nothing has changed since the last load.

    Attributes:
        last_loads: the last load of each table, by the source's name; given to it before it is read.
    """

    last_loads: Mapping[str, KnownLoad]

    def standing(self, table: Relation) -> Mapping[str, Any] | None:
        """Where it stands now, as `Stream.position` will say; None when only reading would tell.

        A table whose standing is that of its last load has not changed.
        """
        ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not become a row, kept word for word beside the batch.

    Attributes:
        origin: the file or the stream it came from.
        place: the line of the file on which it begins, from 1; or its position in the stream.
        cause: a short code that letters are grouped by, e.g. `malformed_json`, `wrong_type`.
        reason: what is wrong with this one.
        raw: the record; what `aidbt ingest replay` reads again.
    """

    origin: str
    place: int
    cause: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """Which rows a load by cursor reads: `column >= since`, and those in which it is NULL.

    Attributes:
        since: None for every row. A number, a date, or a time: with a zone when the column's type has one.
    """

    column: str
    since: int | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class KnownLoad:
    """What is known of a table from its last load.

    Attributes:
        position: where the source stood then.
        columns: the source's name of each column → its type in bronze.
    """

    position: Mapping[str, Any]
    columns: Mapping[str, str]


class Stream:
    """One pass over the rows of a table, in bounded memory.

    Attributes:
        schema: names and types in the source's order; names may repeat, or differ by case only.
        comment: the table's description.
        position: where the source stood, as JSON values; kept beside the batch.
        rejected: records that are no rows, dead letters; complete when the batches are used up.
        notes: what a person should know of it, e.g. columns that stayed text though they look like numbers.
        rows: rows given out so far.
        size_bytes: their size in memory.
        pace: told how many rows each batch has before it is given out; it may wait.
        failure: the error that ended it early. A consumer that is not Python sees only its text.
    """

    def __init__(
        self,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        *,
        comment: str = "",
        position: Mapping[str, Any] | None = None,
        rejected: list[DeadLetter] | None = None,
        notes: Sequence[str] = (),
        close: Callable[[], None] | None = None,
    ) -> None:
        self.schema = schema
        self.comment = comment
        self.position = dict(position or {})
        self.rejected: list[DeadLetter] = [] if rejected is None else rejected
        self.notes = tuple(notes)
        self.rows = 0
        self.size_bytes = 0
        self.pace: Callable[[int], None] | None = None
        self.failure: Exception | None = None
        self._batches = batches
        self._close = close

    @property
    def rows_read(self) -> int:
        """Records seen so far: rows and rejected ones."""
        return self.rows + len(self.rejected)

    def reader(self, names: Sequence[str], *, stop: threading.Event | None = None) -> pa.RecordBatchReader:
        """The rows under these column names; they can be read once.

        Args:
            stop: when it is set, the next batch is an error instead.
        """
        fields = [field.with_name(name) for field, name in zip(self.schema, names, strict=True)]
        schema = pa.schema(fields)
        return pa.RecordBatchReader.from_batches(schema, self._counted(schema, stop))

    def _counted(self, schema: pa.Schema, stop: threading.Event | None) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                if stop is not None and stop.is_set():
                    raise SourceError("stopped before all rows were read")
                if self.pace is not None:
                    self.pace(batch.num_rows)
                self.rows += batch.num_rows
                self.size_bytes += batch.nbytes
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
        except Exception as error:
            self.failure = error
            raise

    def close(self) -> None:
        """Let go of the source's side, also in the middle."""
        if isinstance(self._batches, Generator):
            self._batches.close()
        if self._close is not None:
            self._close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def described(field: pa.Field, comment: str) -> pa.Field:
    """The field with a description, if there is one."""
    return field.with_metadata({COMMENT: comment.encode()}) if comment else field


def confidence_of(field: pa.Field) -> float | None:
    """How sure a field's type is, 0..1; None for one that was not inferred."""
    given = (field.metadata or {}).get(CONFIDENCE)
    return None if given is None else float(given)


def description_of(field: pa.Field) -> str:
    """The description that travels with a field; "" without one."""
    comment: bytes = (field.metadata or {}).get(COMMENT, b"")
    return comment.decode()
