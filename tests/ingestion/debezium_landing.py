"""Envelopes that tests make, and files of them landed in a real warehouse by the real sink."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aidbt.warehouse.duckdb import DuckDBWarehouse
from ingestion.bronze import SINKS
from ingestion.changes import BatchLimits, MicroBatch, StreamState
from ingestion.settings import connector_from

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = "bronze_shop"


def source_of(position: int, *, table: str = "orders", schema: str = "public", **more: Any) -> dict[str, Any]:
    """What Debezium says of where a change in PostgreSQL comes from."""
    return {
        "version": "3.6.3.Final", "connector": "postgresql", "name": "shop", "ts_ms": 1_700_000_000_000,
        "snapshot": "false", "db": "shop", "sequence": f'["{position}","{position}"]',
        "ts_us": 1_700_000_000_000_000 + position, "ts_ns": (1_700_000_000_000_000 + position) * 1000,
        "schema": schema, "table": table, "txId": 7, "lsn": position, "xmin": None, **more,
    }  # fmt: skip


def envelope(
    operation: str, position: int, row: dict[str, Any] | None, *, before: Any = None, **more: Any
) -> dict[str, Any]:
    """An event without a schema block; a delete's row is the one before."""
    if operation == "d":
        row, before = None, row
    return {
        "before": before, "after": row, "source": source_of(position, **more), "transaction": None,
        "op": operation, "ts_ms": 1_700_000_001_000, "ts_us": 1_700_000_001_000_000 + position, "ts_ns": 0,
    }  # fmt: skip


def text(document: Any) -> str:
    """A document on a line, as Kafka Connect's converter writes it."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"


def open_changes(path: Path, **options: Any) -> Any:
    """The source of changes over a file or a pattern."""
    options = {"connector": "debezium", **options}
    connector = connector_from(str(path), "shop", root=path.parent, options=options)
    return connector.open_changes(scratch=path.parent)


def read(
    path: Path, state: StreamState | None = None, limits: BatchLimits | None = None, **options: Any
) -> list[MicroBatch]:
    """All micro-batches that are there now."""
    changes = open_changes(path, **options)
    try:
        return list(
            changes.batches(
                state or StreamState(), limits or BatchLimits(), until_current=True, stop=threading.Event()
            )
        )
    finally:
        changes.close()


class Landing:
    """A warehouse that files of events land in, run after run."""

    def __init__(self, path: Path) -> None:
        self.warehouse = DuckDBWarehouse(path)

    def land(self, path: Path, limits: BatchLimits | None = None, **options: Any) -> list[MicroBatch]:
        """Land what has come since the last time; gives the micro-batches."""
        with self.warehouse.connect(read_only=False) as connection:
            sink = SINKS.load("duckdb")(connection)
            sink.prepare(SCHEMA)
            batches = read(path, sink.state(SCHEMA, "shop"), limits, **options)
            for batch in batches:
                sink.commit(batch, SCHEMA, now=NOW)
        return batches

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.warehouse.connect() as connection:
            return connection.rows(sql)

    def columns(self, table: str) -> list[tuple[str, str]]:
        """(name, type) of the source's columns."""
        return [
            (name, data_type)
            for name, data_type in self.rows(
                "select column_name, data_type from duckdb_columns() where schema_name = 'bronze_shop' "
                f"and table_name = '{table}' order by column_index"
            )
            if not name.startswith("_aidbt")
        ]

    def letters(self) -> list[tuple[str, str]]:
        """(cause, raw) of all dead letters."""
        return self.rows(f"select cause, raw from {SCHEMA}._aidbt_dead_letters order by place")

    def dump(self, table: str) -> str:
        """A table as text: its columns with their types, then each row, as DuckDB writes the values."""
        columns = self.columns(table)
        own = ["_aidbt_op", "_aidbt_position", "_aidbt_sequence", "_aidbt_unchanged"]
        names = ", ".join(f'"{name}"::varchar' for name in [*(name for name, _ in columns), *own])
        rows = self.rows(
            f'select {names} from {SCHEMA}."{table}" order by _aidbt_position, _aidbt_sequence, 1'
        )
        lines = [f"{name}: {data_type}" for name, data_type in columns]
        for row in rows:
            pairs = zip([*(name for name, _ in columns), *own], row, strict=True)
            lines.append("")
            lines += [f"  {name} = {_short(value)}" for name, value in pairs if value is not None]
        return "\n".join(lines) + "\n"


def _short(value: str) -> str:
    return value if len(value) <= 200 else f"{value[:80]}… ({len(value)} characters)"


def ignored(batches: Sequence[MicroBatch]) -> dict[str, int]:
    """What was left out of the files, by kind, as the last position says."""
    found: dict[str, int] = {}
    for batch in batches:
        for part in batch.position.values():
            found.update(part.get("ignored", {}))
    return found
