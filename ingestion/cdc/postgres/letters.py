"""Rows of a stream that could not land, as dead letters that hold all it takes to read them again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from aidbt.core.errors import SourceError
from ingestion.cdc.postgres.messages import Relation, RelationColumn
from ingestion.cdc.postgres.rows import Marks, Numbers, TextRows
from ingestion.cdc.postgres.values import Failure
from ingestion.cdc.postgres.versions import Table, TableVersion
from ingestion.connectors.base import DeadLetter


@dataclass(frozen=True, slots=True)
class Letter:
    """A row as it was sent, read from a dead letter: its values as PostgreSQL's text."""

    op: str
    lsn: int
    sequence: int
    committed_at: int | None
    event_at: int | None
    schema: str
    table: str
    schema_version: int
    key: tuple[str, ...]
    columns: tuple[RelationColumn, ...]
    values: tuple[str | None, ...]
    unchanged: tuple[str, ...] | None

    @property
    def shape(self) -> tuple[Any, ...]:
        """What letters have in common that can be read at once."""
        is_streamed = self.committed_at is not None
        return self.schema, self.table, self.schema_version, self.key, self.columns, is_streamed


def dead_letters(
    source: str, table: Table, rows: TextRows, failures: Mapping[int, tuple[str, Failure]]
) -> Iterable[DeadLetter]:
    """The letters of some rows: number → the column that failed and why."""
    marks, version = rows.marks, table.version
    for row, (column, failure) in failures.items():
        record = {
            "op": chr(marks.operations[row]),
            "lsn": int(marks.positions[row]),
            "sequence": int(marks.sequences[row]),
            "committed_at": _at(marks.committed_at, row),
            "event_at": _at(marks.event_at, row),
            "schema": table.relation.schema,
            "table": table.relation.table,
            "schema_version": version.number,
            "key": version.key,
            "columns": [[each.name, each.type_oid, each.typmod] for each in version.columns],
            "values": [_as_text(values[row].as_py()) for values in rows.columns],
            "unchanged": rows.unchanged[row].as_py(),
        }
        yield DeadLetter(
            origin=source,
            place=int(marks.positions[row]),
            cause=failure.cause,
            reason=f"column {column}: {failure.reason}",
            raw=json.dumps(record),
        )


def opened(letter: DeadLetter) -> Letter:
    """What a letter holds.

    Raises:
        SourceError: it is none of this module.
    """
    try:
        record = json.loads(letter.raw)
        record["columns"] = tuple(RelationColumn(*column) for column in record["columns"])
        record["key"], record["values"] = tuple(record["key"]), tuple(record["values"])
        record["unchanged"] = None if record["unchanged"] is None else tuple(record["unchanged"])
        return Letter(**record)
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"the dead letter at {letter.place} of {letter.origin} holds no row of a PostgreSQL stream",
            hint="replay it with the source that it came from",
        ) from error


def rows_of(letters: Sequence[Letter]) -> tuple[Table, TextRows]:
    """The rows of letters of one shape."""
    like = letters[0]
    marks = Marks(
        np.array([ord(letter.op) for letter in letters], np.uint8),
        np.array([letter.lsn for letter in letters], np.int64),
        np.array([letter.sequence for letter in letters], np.int64),
        _times([letter.committed_at for letter in letters]),
        _times([letter.event_at for letter in letters]),
    )
    columns = [
        pa.array([_as_bytes(letter.values[number]) for letter in letters], pa.binary())
        for number in range(len(like.columns))
    ]
    unchanged = pa.array([letter.unchanged for letter in letters], pa.list_(pa.string()))
    relation = Relation(0, like.schema, like.table, "d", like.columns)
    version = TableVersion(like.schema_version, like.columns, like.key)
    return Table(relation, version), TextRows(columns, marks, unchanged)


def _at(times: Numbers | None, row: int) -> int | None:
    return None if times is None else int(times[row])


def _times(values: Sequence[int | None]) -> Numbers | None:
    """None when one of them is not known."""
    known = [value for value in values if value is not None]
    return np.array(known, np.int64) if len(known) == len(values) else None


def _as_text(value: bytes | None) -> str | None:
    """As text that JSON can hold; bytes that are no UTF-8 are kept as lone surrogates."""
    return None if value is None else value.decode("utf-8", "surrogateescape")


def _as_bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")
