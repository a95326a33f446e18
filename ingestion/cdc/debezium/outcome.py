"""What became of lines: rows, dead letters, or nothing that has to be kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa

from aidbt.core.errors import SourceError
from ingestion.cdc.debezium.careful import Unreadable
from ingestion.cdc.debezium.columns import Columns
from ingestion.connectors.base import DeadLetter


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
