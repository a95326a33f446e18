"""A source whose key is of several columns, of which one has another name now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from aidbt.core.table_state import GoodState
from aidbt.healing.evidence.tables_now import tables_now
from aidbt.project.manifest import Node
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.table_states import engine_of, measured_table

LINES = "source.shop.crm.lines"
LAND = """
create table lines as
select 'o' || (i // 3) as order_code, 'l' || (i % 3) as line, i % 5 + 0.5 as amount from range(90) t(i)
"""


def test_its_rows_are_found_again_by_the_new_name(tmp_path: Path):
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute(LAND)
    warehouse = DuckDBWarehouse(path)
    with warehouse.connect() as connection:
        then = measured_table(connection, warehouse.relations()[0])
        engine = engine_of(connection)
    assert then.keyed is not None and set(then.keyed.key) == {"order_code", "line"}
    with duckdb.connect(str(path)) as database:
        database.execute("alter table lines rename column line to line_index")
        database.execute("alter table lines rename column amount to total")
    source = Node(LINES, "source", "lines", "s.yml", "shop", schema="main", source_name="crm")
    good = GoodState("dev", datetime(2026, 3, 1, tzinfo=UTC), "r", engine=engine, tables={LINES: then})

    found = tables_now(DuckDBWarehouse(path), [source], good).tables[LINES]

    agreement = {pair: overlap.agreement for pair, overlap in found.overlaps.items()}
    assert (agreement["line", "line_index"], agreement["amount", "total"]) == (1, 1)
