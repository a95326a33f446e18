"""What a writer of bronze is: it lands a stream as one complete batch, or leaves no trace of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from aidbt.core.errors import WarehouseError
from aidbt.core.schema import Column
from ingestion.connectors.base import Stream


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the rows of a source's table land.

    Attributes:
        source, source_table: as the source calls them; kept in `_aidbt_loads`.
        connector: the kind of the source.
    """

    schema: str
    table: str
    source: str
    source_table: str
    connector: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that landed, as the warehouse has it.

    Attributes:
        rows_landed, rows_rejected: counted in the warehouse after the rows were written.
        renamed: columns under another name than the source's: (the source's, bronze's).
    """

    batch_id: str
    loaded_at: datetime
    rows_landed: int
    rows_rejected: int
    renamed: tuple[tuple[str, str], ...] = ()


class Writer(Protocol):
    """Lands streams in one open warehouse. `write` may be called by several threads at once."""

    def __init__(self, connection: Any) -> None:
        """Work on an open, writable connection of `aidbt.warehouse`."""

    def prepare(self, schema: str) -> None:
        """Make the schema and its table of loads, where they are missing.

        Raises:
            WarehouseError: the warehouse refused.
        """
        ...

    def write(
        self, stream: Stream, to: Destination, *, now: datetime, stop: threading.Event | None = None
    ) -> Batch:
        """Land all rows of the stream in one transaction, and list the batch in `_aidbt_loads`.

        Raises:
            WriteConflict: another transaction was in the way (retryable, with a new stream).
            SourceError: the stream failed; its own error.
            ColumnsChanged: the table in bronze has other columns than the stream.
            WarehouseError: the warehouse refused, or what landed is not what was read.
        """
        ...


class WriteConflict(WarehouseError):
    """Another transaction wrote the same thing at the same time."""

    retryable = True


class ColumnsChanged(WarehouseError):
    """The table in bronze has other columns than the source has now."""

    def __init__(self, to: Destination, was: list[Column], now: list[Column]) -> None:
        changes = "; ".join(_changes(was, now))
        super().__init__(
            f"the columns of {to.source_table} are no longer those of {to}: {changes}",
            hint="nothing was written; columns that change are not followed yet: undo the change in the "
            "source, or export and drop the table in bronze, load again, and decide its mapping anew",
        )


def _changes(was: list[Column], now: list[Column]) -> list[str]:
    old = {column.name: column.data_type for column in was}
    new = {column.name: column.data_type for column in now}
    added = [f"{name} ({new[name]})" for name in new if name not in old]
    removed = [f"{name} ({old[name]})" for name in old if name not in new]
    kept = [name for name in new if name in old]
    retyped = [f"{name} ({old[name]} → {new[name]})" for name in kept if old[name] != new[name]]
    return [
        f"{what} {', '.join(names)}"
        for what, names in (("added", added), ("removed", removed), ("retyped", retyped))
        if names
    ]
