"""What a connector is: it opens a source, which lists its tables and reads each as a stream of Arrow batches.

The Arrow schema of a stream is the whole contract between a connector and a writer of bronze. What needs a
type of its own comes as Arrow's extension types (`arrow.json`, `arrow.uuid`); infinite dates and times as
DuckDB stores them: the largest number, and its negative.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pyarrow as pa

from aidbt.core.errors import SourceError
from aidbt.core.resilience import Operation
from aidbt.core.schema import Relation
from ingestion.records import ConnectorSettings

COMMENT = b"comment"  # the key of a field's metadata under which its description travels


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


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be read as a row, kept word for word.

    Attributes:
        line: the line of `file` on which it begins, from 1.
    """

    file: str
    line: int
    reason: str
    raw: str


class Stream:
    """One pass over the rows of a table, in bounded memory.

    Attributes:
        schema: names and types in the source's order; names may repeat, or differ by case only.
        comment: the table's description.
        position: where the source stood, as JSON values; kept beside the batch.
        rejected: records that are no rows; complete when the batches are used up.
        rows: rows given out so far.
        size_bytes: their size in memory.
        failure: the error that ended it early. A consumer that is not Python sees only its text.
    """

    def __init__(
        self,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        *,
        comment: str = "",
        position: Mapping[str, Any] | None = None,
        rejected: list[Rejected] | None = None,
        close: Callable[[], None] | None = None,
    ) -> None:
        self.schema = schema
        self.comment = comment
        self.position = dict(position or {})
        self.rejected: list[Rejected] = [] if rejected is None else rejected
        self.rows = 0
        self.size_bytes = 0
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


def description_of(field: pa.Field) -> str:
    """The description that travels with a field; "" without one."""
    comment: bytes = (field.metadata or {}).get(COMMENT, b"")
    return comment.decode()
