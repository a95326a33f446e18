"""The tables in which loads are recorded: `_aidbt_loads`, `_aidbt_streams`, `_aidbt_dead_letters`."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pyarrow as pa
from sqlglot import exp

from aidbt.core.errors import WarehouseError
from aidbt.core.loads import REJECTS_TABLE
from ingestion.bronze import duckdb_sql as sql
from ingestion.bronze.base import Destination, Fence, StaleFence
from ingestion.bronze.duckdb_run import Run
from ingestion.connectors.base import DeadLetter, KnownLoad

_LETTER_SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        ("origin", pa.string()),
        ("place", pa.int64()),
        ("cause", pa.string()),
        ("reason", pa.string()),
        ("raw", pa.string()),
    ]
)
_FENCES = ""  # the source under which fences stand: a resource is one, whatever writes it


@dataclass(frozen=True, slots=True)
class LastLoad:
    """The last batch of a table.

    Attributes:
        sent: bronze's names of the columns it had.
    """

    batch_id: str
    loaded_at: datetime
    sent: tuple[str, ...] = ()


def prepare(run: Run, schema: str) -> None:
    """Make the schema and the tables of records, where they are missing; take over what older ones held."""
    run(exp.Create(this=exp.table_(None, db=schema, quoted=True), kind="SCHEMA", exists=True))
    for statement in (sql.LOADS, sql.STREAMS, sql.DEAD_LETTERS):
        run(sql.in_schema(statement, schema))
    if run(sql.IS_TABLE, [schema, REJECTS_TABLE])[0][0]:
        run(sql.in_schema(sql.TAKE_OVER_REJECTS, schema))
        run(sql.in_schema(sql.DROP_REJECTS, schema))


def last_load(run: Run, to: Destination) -> LastLoad | None:
    """The table's last batch; None before the first.

    Raises:
        WarehouseError: it came from another table.
    """
    rows = run(sql.in_schema(sql.LAST_LOAD, to.schema), [to.table])
    if not rows:
        return None
    batch_id, loaded_at, source, source_table, columns = rows[0]
    if (source, source_table) != (to.source, to.source_table):
        raise WarehouseError(
            f"{to} holds loads of {source}.{source_table}; those of {to.source}.{to.source_table} would be "
            "mixed into them",
            hint="give one of the sources another bronze_schema, or name its tables under 'tables'",
        )
    return LastLoad(batch_id, loaded_at, tuple(item["name"] for item in json.loads(columns)))


def rows_missing(
    run: Run, schema: str, source: str, logs: Collection[str], *, table: str | None = None
) -> dict[str, int]:
    """How many rows of its last batch that had any are gone from each table of a source that lacks some.

    The last batch says enough: a copy of the table from before does not have it. Its rows are found by the
    statistics of the load time, so that a large log costs no more than a small one.

    Args:
        logs: the change logs that there are; of other tables all rows are gone.
        table: only this one, by bronze's name.

    Returns:
        Bronze's name of each table → rows, at least 1.
    """
    missing: dict[str, int] = {}
    for name, batch_id, loaded_at, landed in run(sql.in_schema(sql.LAST_ROWS, schema), [source, table]):
        there = run(sql.count(schema, name), [loaded_at, batch_id])[0][0] if name in logs else 0
        if there < landed:
            missing[name] = landed - there
    return missing


def source_names(run: Run, to: Destination) -> dict[str, str]:
    """Bronze's name → the source's, of all columns that ever landed under another name."""
    names: dict[str, str] = {}
    for (columns,) in run(sql.in_schema(sql.COLUMNS_OF_LOADS, to.schema), [to.table]):
        names.update((item["name"], item["source"]) for item in json.loads(columns) if "source" in item)
    return names


def known_loads(run: Run, schema: str, source: str) -> dict[str, KnownLoad]:
    """The last load of each table of a source that is still there, by the source's name of it."""
    return {
        source_table: KnownLoad(
            json.loads(position),
            {item.get("source", item["name"]): item["type"] for item in json.loads(columns)},
        )
        for source_table, position, columns in run(sql.in_schema(sql.KNOWN_LOADS, schema), [source, schema])
    }


@dataclass(frozen=True, slots=True)
class Load:
    """One line in `_aidbt_loads`.

    Attributes:
        position: where the source stood, or the range of positions of the rows.
        columns: of each column of the batch its name and type in bronze, and more where it says something:
            `source` when the source calls it otherwise, `key`, and `confidence` when the type was inferred.
    """

    to: Destination
    batch_id: str
    loaded_at: datetime
    rows_read: int
    rows_landed: int
    rows_rejected: int
    position: Mapping[str, Any]
    columns: Sequence[Mapping[str, Any]]


def record_loads(run: Run, schema: str, loads: Sequence[Load]) -> None:
    """Write the lines of a commit."""
    values: list[Any] = []
    for load in loads:
        values += [
            load.to.table, load.batch_id, load.loaded_at, load.to.source, load.to.source_table,
            load.to.connector, load.rows_read, load.rows_landed, load.rows_rejected,
            _json(load.position), _json(load.columns), _aidbt_version(),
        ]  # fmt: skip
    if loads:
        run(sql.rows(sql.INSERT_LOADS, schema, len(loads)), values)


def keep_letters(run: Run, to: Destination, batch_id: str, letters: Sequence[DeadLetter]) -> int:
    """Keep the dead letters of a batch; how many there then are, counted in the warehouse."""
    if not letters:
        return 0
    rows = [
        {
            "number": number,
            "origin": letter.origin,
            "place": letter.place,
            "cause": letter.cause,
            "reason": _storable(letter.reason),
            "raw": _storable(letter.raw),
        }
        for number, letter in enumerate(letters, start=1)
    ]
    batch = [to.table, batch_id]
    run(
        sql.in_schema(sql.INSERT_LETTERS, to.schema),
        [batch_id, to.table, *batch, to.source, to.source_table, to.connector],
        incoming=pa.Table.from_pylist(rows, schema=_LETTER_SCHEMA),
    )
    return int(run(sql.in_schema(sql.COUNT_LETTERS, to.schema), batch)[0][0])


def _storable(text: str) -> str:
    """Text that is no Unicode (half a surrogate pair, out of bytes that are not UTF-8) with escapes in it."""
    return text.encode("utf-8", "backslashreplace").decode()


def mark_replayed(run: Run, schema: str, letter_ids: Sequence[str], batch_ids: Mapping[str, str]) -> None:
    """Say of dead letters in which batch they were read again.

    Args:
        batch_ids: the batch of each table, by bronze's name.

    Raises:
        WarehouseError: a letter is gone or was replayed meanwhile, or its table has no batch.
    """
    wanted = sorted(set(letter_ids))
    ids = pa.table({"letter_id": pa.array(wanted, pa.string())})
    waiting = run(sql.in_schema(sql.WAITING_LETTERS, schema), incoming=ids)
    if len(waiting) != len(wanted):
        raise WarehouseError(
            f"{len(wanted) - len(waiting)} of {len(wanted)} dead letters were replayed meanwhile, or are "
            "gone; nothing was written",
            hint="run the replay again: it takes those that still wait",
        )
    for _, table in waiting:
        if table not in batch_ids:
            raise WarehouseError(
                f"dead letters of {schema}.{table} were replayed, but nothing came of them; nothing was "
                "written",
                hint="this is a fault of aidbt; please report it",
            )
    marks = pa.table(
        {
            "letter_id": pa.array([letter_id for letter_id, _ in waiting], pa.string()),
            "batch_id": pa.array([batch_ids[table] for _, table in waiting], pa.string()),
        }
    )
    run(sql.in_schema(sql.MARK_REPLAYED, schema), incoming=marks)


def check_fence(run: Run, schema: str, fence: Fence) -> None:
    """Refuse the token of a fence when a higher one was seen.

    Raises:
        StaleFence: a higher one was seen.
    """
    seen = fence_token(run, schema, fence.resource)
    if seen is not None and seen > fence.token:
        raise StaleFence(fence, seen)


def fence_token(run: Run, schema: str, resource: str) -> int | None:
    """The highest token that was seen of a resource; None when it was never fenced."""
    rows = run(sql.in_schema(sql.POSITION_OF, schema), [_FENCES, _part(resource)])
    return int(json.loads(rows[0][0])["token"]) if rows else None


def _part(resource: str) -> str:
    return f"fence:{resource}"


def positions(run: Run, schema: str, source: str) -> dict[str, Any]:
    """Where each part of a stream stands."""
    rows = run(sql.in_schema(sql.POSITIONS, schema), [source])
    return {part: json.loads(position) for part, position in rows}


def keep_positions(
    run: Run, schema: str, source: str, parts: Mapping[str, Any], *, fence: Fence | None, now: datetime
) -> None:
    """Write where the named parts of a stream stand, and the token of a fence; other parts keep theirs.

    The token is written also when it is there already: whoever claims the fence while this transaction is
    open is then in conflict with it.
    """
    rows = [(source, part, position) for part, position in parts.items()]
    if fence is not None:
        rows.append((_FENCES, _part(fence.resource), {"token": fence.token}))
    if rows:
        values = [value for key, part, position in rows for value in (key, part, _json(position), now)]
        run(sql.rows(sql.KEEP_POSITIONS, schema, len(rows)), values)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@functools.cache
def _aidbt_version() -> str:
    try:
        return version("aidbt")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"
