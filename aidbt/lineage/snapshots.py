"""The columns that dbt adds to a snapshot, beside those of its query."""

from __future__ import annotations

from typing import Any

from aidbt.project.manifest import Node
from aidbt.sql.resolved import ColumnUse, Made, OutputColumn, farther

_TEXT = {"duckdb": "VARCHAR", "postgres": "TEXT", "snowflake": "VARCHAR", "bigquery": "STRING"}


def with_snapshot_columns(
    columns: tuple[OutputColumn, ...], node: Node, dialect: str
) -> tuple[OutputColumn, ...]:
    """The columns of a snapshot's query and after them dbt's own, under the names that its config gives them.

    With the strategy "timestamp" the dates come from the column `updated_at`, else from the clock.
    """
    names = {str(k): str(v) for k, v in (node.config.get("snapshot_meta_column_names") or {}).items() if v}
    time = _time(columns, node.config.get("updated_at")) if node.config.get("strategy") == "timestamp" else ()
    keys = node.config.get("unique_key")
    key_names = [str(key) for key in keys] if isinstance(keys, list) else [str(keys)] if keys else []
    key_uses, unknown_keys = _uses_of(columns, key_names)
    time_uses, unknown_time = time if time else ((), "")

    def own(name: str, uses: tuple[ColumnUse, ...], why: str, data_type: str = "") -> OutputColumn:
        made: Made = "unknown" if why else "expression" if uses else "generated"
        return OutputColumn(names.get(name, name), data_type, made=made, uses=uses, why=why)

    own_columns = [
        own(
            "dbt_scd_id",
            tuple(sorted({*key_uses, *time_uses})),
            unknown_keys or unknown_time,
            _TEXT.get(dialect, ""),
        ),
        own("dbt_updated_at", time_uses, unknown_time),
        own("dbt_valid_from", time_uses, unknown_time),
        own("dbt_valid_to", time_uses, unknown_time),
    ]
    if node.config.get("hard_deletes") == "new_record":
        own_columns.append(OutputColumn(names.get("dbt_is_deleted", "dbt_is_deleted"), made="generated"))
    taken = {column.name.casefold() for column in columns}
    return (*columns, *(column for column in own_columns if column.name.casefold() not in taken))


def _time(columns: tuple[OutputColumn, ...], updated_at: Any) -> tuple[tuple[ColumnUse, ...], str]:
    return _uses_of(columns, [str(updated_at)] if updated_at else [])


def _uses_of(columns: tuple[OutputColumn, ...], names: list[str]) -> tuple[tuple[ColumnUse, ...], str]:
    """(what an expression over these columns uses, why that is not known)."""
    by_name = {column.name.casefold(): column for column in columns}
    uses: set[ColumnUse] = set()
    for name in names:
        column = by_name.get(name.strip('"`[] ').casefold())
        if column is None:
            return (), f"it is made of {name!r}, which is no column of the snapshot's query"
        if column.made == "unknown":
            return (), column.why
        uses |= {ColumnUse(u.relation, u.column, farther(u.how, "expression")) for u in column.uses}
    return tuple(sorted(uses)), ""
