"""The statement that measures a table, in every dialect: as text that a person can read.

`tests/golden/monitors/collection/<dialect>.sql` holds it for a table with a column of each kind. On DuckDB,
PostgreSQL and Spark it is also run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aidbt.core.schema import Column, Relation
from aidbt.monitors.collection.statement import counting, measuring
from aidbt.monitors.collection.targets import Target
from aidbt.monitors.collection.windows import window_of
from aidbt.warehouse.dialects import DIALECTS, render

# A column of each kind in the words of each dialect.
INSTANTS = {
    "duckdb": "TIMESTAMP WITH TIME ZONE", "postgres": "timestamp with time zone", "spark": "timestamp",
    "databricks": "timestamp", "snowflake": "TIMESTAMP_TZ(9)", "bigquery": "TIMESTAMP",
    "redshift": "timestamp with time zone", "trino": "timestamp(6) with time zone",
}  # fmt: skip
WALL_CLOCKS = {
    "duckdb": "TIMESTAMP", "postgres": "timestamp without time zone", "spark": "timestamp_ntz",
    "databricks": "timestamp_ntz", "snowflake": "TIMESTAMP_NTZ(9)", "bigquery": "DATETIME",
    "redshift": "timestamp without time zone", "trino": "timestamp(6)",
}  # fmt: skip
NOW = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)


def orders(dialect: str, event_type: str) -> Target:
    """A table of a column of each kind."""
    columns = (
        Column("ordered_at", event_type),
        Column("id", "BIGINT"),
        Column("status", "VARCHAR"),
        Column("amount", "DECIMAL(12,2)"),
        Column("quantity", "INTEGER"),
        Column("is_gift", "BOOLEAN"),
        Column("email", "VARCHAR"),
        Column("due", "DATE"),
        Column("_fivetran_synced", WALL_CLOCKS[dialect]),
    )
    relation = Relation("shop", "orders", columns, database="db", row_count=1000)
    return Target(
        "model.shop.orders",
        relation,
        columns[0],
        "config",
        columns[-1],
        columns[1:],
        frozenset({"email"}),
        ("id",),
        (("id", "status"),),
    )


def statements(dialect: str) -> str:
    """What is sent for each kind of event time, and for a table that has none."""
    parts = []
    for name, event_type, zone in (
        ("an instant, in UTC", INSTANTS[dialect], "UTC"),
        ("an instant, in Berlin", INSTANTS[dialect], "Europe/Berlin"),
        ("a time without an offset, in Berlin", WALL_CLOCKS[dialect], "Europe/Berlin"),
        ("a date", "DATE", "UTC"),
    ):
        target = orders(dialect, event_type)
        window = window_of(datetime(2026, 3, 9), NOW, grain="day", zone=zone, history_days=90, late_days=2)
        tree = measuring(target, window, dialect, codes=("status",)).tree
        parts.append(f"-- {name}\n{render(tree, dialect)}")
    window = window_of(None, NOW, grain="hour", zone="UTC", history_days=90, late_days=2)
    target = orders(dialect, INSTANTS[dialect])
    counted = counting(target, datetime(2026, 1, 1), window, dialect)
    parts.append(f"-- rows of older hours\n{render(counted, dialect)}")
    parts.append(
        f"-- as a whole\n{render(measuring(target, None, dialect, codes=('status',)).tree, dialect)}"
    )
    text = "\n;\n".join(parts) + "\n"
    for word in (" FROM ", " WHERE ", " GROUP BY ", " UNION ALL ", " CAST(COUNT", " SUM(", " MIN(", " MAX("):
        text = text.replace(word, f"\n{word.lstrip()}")  # for who reads it
    return text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_sent_is_as_written_down(dialect: str, golden: Path, update_golden: bool) -> None:
    path = golden / "monitors" / "collection" / f"{dialect}.sql"
    sent = statements(dialect)
    if update_golden:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sent)

    assert path.read_text() == sent


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_value_of_a_person_is_asked_for(dialect: str) -> None:
    target = orders(dialect, INSTANTS[dialect])
    window = window_of(None, NOW, grain="day", zone="UTC", history_days=90, late_days=2)
    figures = measuring(target, window, dialect).figures

    assert {fact for fact, column in figures if column == "email"} <= {
        "filled",
        "distinct",
        "lengths",
        "empties",
    }


def test_distinct_values_of_large_tables_are_not_sorted_for() -> None:
    from dataclasses import replace

    target = orders("postgres", INSTANTS["postgres"])
    large = replace(target, relation=replace(target.relation, row_count=50_000_000))

    facts = {fact for fact, _ in measuring(large, None, "postgres").figures}
    assert not facts & {"distinct", "p50", "quantiles"}
    assert "keys" in facts  # which only an exact count can prove


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_days_that_stand_for_none_are_the_same_days_in_every_time_zone(zone: str) -> None:
    window = window_of(datetime(2026, 3, 9), NOW, grain="day", zone=zone, history_days=90, late_days=2)

    sent = render(measuring(orders("duckdb", "DATE"), window, "duckdb").tree, "duckdb")

    for day in ("0001-01-01", "1900-01-01", "1970-01-01"):
        assert f"CAST('{day}' AS DATE)" in sent
