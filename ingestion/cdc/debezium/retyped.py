"""Columns that are declared to be of another type than they were read as when they landed.

New events are read by the settings at once. What has landed stays as it is, and values of another type land
in a column of their own beside it (`bronze.evolution`), so a person should know how to have all in one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from aidbt.core.findings import Finding, Severity
from ingestion.bronze.evolution import widest
from ingestion.cdc.debezium.encoded import encoded_finding
from ingestion.cdc.debezium.settings import DebeziumSettings
from ingestion.cdc.debezium.types import ColumnType, Connect, column_type

TABLE_PART = "table:"
_WIDENED = {
    pa.int8(): "TINYINT", pa.int16(): "SMALLINT", pa.int32(): "INTEGER", pa.int64(): "BIGINT",
    pa.float32(): "FLOAT", pa.float64(): "DOUBLE",
}  # fmt: skip
_WORDS = {pa.string(): "text", pa.json_(): "json"}


def retyped(kept: Mapping[str, Connect], declared: Mapping[str, Connect]) -> dict[str, Connect]:
    """The columns whose values so far mean something else, or do not fit; each with the description it had.

    Args:
        kept: the columns as they have landed; one that was always null has not.
    """
    return {
        name: kept[name]
        for name, described in declared.items()
        if name in kept and _is_another(column_type(kept[name]), column_type(described))
    }


def _is_another(was: ColumnType, now: ColumnType) -> bool:
    if was.lands_as == pa.null():
        return False
    if (was.decoding, was.scale) != (now.decoding, now.scale):
        return True
    return widest(_in_bronze(was.lands_as), _in_bronze(now.lands_as)) is None


def retyped_finding(
    settings: DebeziumSettings, table: str, column: str, was: Connect, now: Connect
) -> Finding:
    """What a person should know of a column that has landed as `was` and is read as `now`."""
    source, schema = settings.name, settings.bronze_schema
    before, after = _word(was), _word(now)
    return Finding(
        "debezium.retyped",
        Severity.WARN,
        f"{source}: {table}.{column}",
        f"{table}.{column} landed as {before} and is {after} by the settings: new events are read so, and "
        "land in a column of their own where the types do not fit; what landed before stays as it is. To "
        f"read all events as {after}, while the files are all there: drop the change logs of '{source}', "
        f"delete its lines in {schema}._aidbt_streams, {schema}._aidbt_loads and "
        f"{schema}._aidbt_dead_letters, then aidbt ingest cdc {source} and dbt build --full-refresh",
        {"column": column, "was": before, "now": after, "setting": "types"},
    )


def kept_findings(settings: DebeziumSettings, parts: Mapping[str, Any]) -> Iterator[Finding]:
    """What was noticed of the columns when they landed, and what the settings of now will change.

    Args:
        parts: where the stream stands.
    """
    for part, value in parts.items():
        if not part.startswith(TABLE_PART):
            continue
        table, columns = part.removeprefix(TABLE_PART), value["columns"]
        declared = settings.types_of(table)
        for column, example in value.get("encoded", {}).items():
            if column not in declared:
                yield encoded_finding(settings.name, table, column, example)
        for column, was in {**value.get("retyped", {}), **retyped(columns, declared)}.items():
            if (now := declared.get(column, columns.get(column))) is not None:  # else it comes no longer
                yield retyped_finding(settings, table, column, was, now)


def _in_bronze(of: pa.DataType) -> str:
    """DuckDB's word for a type, where another type may have room for it."""
    if pa.types.is_decimal(of):
        return f"DECIMAL({of.precision},{of.scale})"
    return _WIDENED.get(of, str(of))


def _word(described: Connect) -> str:
    """A type in words that the settings take."""
    lands_as = column_type(described).lands_as
    if pa.types.is_decimal(lands_as):
        return f"decimal({lands_as.precision}, {lands_as.scale})"
    if lands_as in _WORDS:
        return _WORDS[lands_as]
    return str(described.get("name", "").rpartition(".")[2] or described["type"])
