"""The DuckDB file with the raw tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.adopt_corpus.styles import Style
from benchmarks.adopt_corpus.tables import ROWS, Table


def fill_warehouse(path: Path, style: Style, tables: Sequence[Table]) -> list[list[str]]:
    """Make the raw tables, 30 rows each; the schema and name of those that are nobody's business."""
    bookkeeping = {
        "airbyte": (
            "_airbyte_raw_{}",
            "'{}'::json as _airbyte_data, timestamptz '2026-01-01 00:00:00+00' as _airbyte_emitted_at",
        ),
        "dlt": (
            "_dlt_loads",
            "'1767225600.5' as load_id, 0 as status, timestamptz '2026-01-01 00:00:00+00' as inserted_at",
        ),
        "fivetran": (
            "fivetran_audit",
            "'x' as id, 1 as rows_updated_or_inserted, timestamptz '2026-01-01 00:00:00+00' as done",
        ),
    }
    pattern, columns = bookkeeping[style.loader]
    first, last = tables[0], tables[-1]
    internal = pattern.format(last.name)
    with duckdb.connect(str(path)) as connection:
        connection.execute("begin")
        for source in dict.fromkeys(table.source for table in tables):
            connection.execute(f"create schema raw_{source}")
        for table in tables:
            listed = ", ".join(f'{column.value} as "{column.raw}"' for column in table.columns)
            rows = f"from range(1, {ROWS + 1}) r(i)"
            connection.execute(f'create table raw_{table.source}."{table.name}" as select {listed} {rows}')
        connection.execute(f"create table raw_{last.source}.{internal} as select {columns}")
        connection.execute(f"create table raw_{last.source}.never_filled (id bigint, created timestamp)")
        connection.execute("create schema analytics")
        connection.execute(
            f'create table analytics.tmp_check as select * from raw_{first.source}."{first.name}"'
        )
        connection.execute("commit")
    return [
        [f"raw_{last.source}", internal],
        [f"raw_{last.source}", "never_filled"],
        ["analytics", "tmp_check"],
    ]
