"""Change logs in bronze, made by hand: the columns and the line in `_aidbt_loads` that a stream leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

_OWN = """
    _aidbt_op varchar, _aidbt_position bigint, _aidbt_sequence bigint, _aidbt_event_at timestamptz,
    _aidbt_committed_at timestamptz, _aidbt_unchanged varchar[], _aidbt_loaded_at timestamptz,
    _aidbt_batch_id varchar
"""
_LOADS = """
create table if not exists {schema}._aidbt_loads (
    table_name varchar, batch_id varchar, loaded_at timestamptz, source varchar, source_table varchar,
    connector varchar, rows_read bigint, rows_landed bigint, rows_rejected bigint, position varchar,
    columns varchar, aidbt_version varchar
)
"""


@dataclass(frozen=True)
class Event:
    """One row of a change log; `values` are those that were sent."""

    op: str
    position: int
    values: Mapping[str, Any]
    sequence: int = 1
    unchanged: Sequence[str] | None = None


class ChangeLog:
    """A table that gets the events of a source, batch by batch.

    Args:
        columns: name → type of the source's columns.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        schema: str,
        table: str,
        columns: Mapping[str, str],
        key: Sequence[str],
    ) -> None:
        self._connection, self._table = connection, table
        self._name, self._loads = f'"{schema}"."{table}"', f'"{schema}"._aidbt_loads'
        self._source = schema.removeprefix("bronze_")
        self._columns, self.key = dict(columns), tuple(key)
        self._batches = 0
        listed = ", ".join(f'"{name}" {data_type}' for name, data_type in columns.items())
        connection.execute(f'create schema if not exists "{schema}"')
        connection.execute(_LOADS.format(schema=f'"{schema}"'))
        connection.execute(f"create table {self._name} ({listed}, {_OWN})")

    def add_column(self, name: str, data_type: str) -> None:
        """The next batches have one more column."""
        self._columns[name] = data_type
        self._connection.execute(f'alter table {self._name} add column "{name}" {data_type}')

    def drop_column(self, name: str) -> None:
        """The next batches have one column less; bronze keeps it."""
        del self._columns[name]

    def land(self, events: Sequence[Event]) -> None:
        """One batch, with its line in `_aidbt_loads`."""
        self._batches += 1
        batch = f"2026-01-01T00:00:00.{self._batches:06d}Z"
        loaded_at = f"2026-01-01 00:00:{self._batches:02d}+00"
        names = [*self._columns, "_aidbt_op", "_aidbt_position", "_aidbt_sequence", "_aidbt_unchanged"]
        names += ["_aidbt_loaded_at", "_aidbt_batch_id"]
        listed, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" for _ in names)
        for event in events:
            values = [event.values.get(name) for name in self._columns]
            unchanged = list(event.unchanged) if event.unchanged is not None else None
            row = [*values, event.op, event.position, event.sequence, unchanged, loaded_at, batch]
            self._connection.execute(f"insert into {self._name} ({listed}) values ({marks})", row)
        columns = [
            {"name": name, "type": data_type, **({"key": True} if name in self.key else {})}
            for name, data_type in self._columns.items()
        ]
        rows = len(events)
        self._connection.execute(
            f"insert into {self._loads} values (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
            [
                self._table, batch, loaded_at, self._source, f"public.{self._table}", "postgres",
                rows, rows, "{}", json.dumps(columns), "0",
            ],
        )  # fmt: skip
