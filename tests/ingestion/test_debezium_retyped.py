"""Types that are declared after a column has landed: new events are read by them, and nothing is silent."""

from __future__ import annotations

import base64
from decimal import Decimal

import duckdb
import pytest

from ingestion.settings import connector_from
from tests.ingestion.debezium_landing import SCHEMA, Landing, envelope, text

TYPES = {"orders": {"total": "decimal(12, 2)", "placed_at": "MicroTimestamp"}}
AT_US = 1_700_000_000_000_000


def encoded(number: int) -> str:
    return base64.b64encode(number.to_bytes(4, "big", signed=True)).decode()


def lines(first: int, last: int) -> str:
    return "".join(
        text(envelope("c", n, {"id": n, "total": encoded(n), "placed_at": AT_US + n}))
        for n in range(first, last + 1)
    )


def findings(batches):
    return [(finding.code, finding.where) for batch in batches for finding in batch.findings]


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "w.duckdb")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "orders.ndjson"
    path.write_text(lines(1, 30))
    return path


def add(path, events):
    with path.open("a") as stream:
        stream.write(events)


def test_new_events_are_read_by_a_type_that_was_declared_later(landing, file):
    landing.land(file)
    add(file, lines(31, 33))

    batches = landing.land(file, types=TYPES)

    assert landing.columns("orders") == [
        ("id", "BIGINT"),
        ("total", "VARCHAR"),
        ("placed_at", "BIGINT"),
        ("total__decimal_12_2", "DECIMAL(12,2)"),
        ("placed_at__timestamp", "TIMESTAMP"),
    ]
    assert landing.rows(
        f"select count(total), count(total__decimal_12_2), sum(total__decimal_12_2) from {SCHEMA}.orders"
    ) == [(30, 3, Decimal("0.96"))]
    assert findings(batches) == [
        ("debezium.retyped", "shop: public.orders.total"),
        ("debezium.retyped", "shop: public.orders.placed_at"),
    ]
    message = batches[0].findings[0].message
    assert "landed as text and is decimal(12, 2) by the settings" in message


def test_it_is_said_once_and_stays_with_the_stream(landing, file):
    landing.land(file)
    for last in (31, 32):
        add(file, lines(last, last))
        batches = landing.land(file, types=TYPES)

    assert findings(batches) == []
    assert codes(landing, file, types=TYPES) == ["debezium.retyped", "debezium.retyped"]
    assert codes(landing, file) == ["debezium.retyped", "debezium.retyped"]  # it has landed in two columns


def test_it_is_told_before_new_events_come(landing, file):
    landing.land(file)

    assert codes(landing, file) == ["debezium.looks_encoded"]
    assert codes(landing, file, types=TYPES) == ["debezium.retyped", "debezium.retyped"]


def test_a_type_that_lands_the_same_is_no_news(landing, file):
    landing.land(file)
    add(file, lines(31, 31))

    batches = landing.land(file, types={"orders": {"total": "text", "placed_at": "int64"}})

    assert findings(batches) == []
    assert codes(landing, file, types={"orders": {"total": "text"}}) == []


@pytest.mark.parametrize(
    ("column", "first", "then", "is_told"),
    [
        ("total", "decimal(12, 2)", "decimal(14, 2)", False),
        ("total", "decimal(12, 2)", "decimal(12, 3)", True),
        ("placed_at", "MicroTimestamp", "Timestamp", True),
        ("id", "int32", "int64", False),
        ("id", "int64", "decimal(12, 0)", True),
    ],
)
def test_values_that_meant_something_else_are_told_of_and_wider_types_are_not(
    landing, file, column, first, then, is_told
):
    landing.land(file, types={"orders": {column: first}})
    add(file, lines(31, 31))

    batches = landing.land(file, types={"orders": {column: then}})

    told = ("debezium.retyped", f"shop: public.orders.{column}")
    assert (told in findings(batches)) is is_told


def test_a_column_that_a_schema_block_no_longer_names_is_told_of_while_it_is_declared(landing, tmp_path):
    path = tmp_path / "orders.ndjson"
    path.write_text(with_schema(1, {"id": 1, "total": 5}))
    landing.land(path)
    add(path, with_schema(2, {"id": 2}))

    batches = landing.land(path, types=TYPES)

    assert findings(batches) == [("debezium.retyped", "shop: public.orders.total")]
    assert landing.rows(f"select id, total from {SCHEMA}.orders order by id") == [(1, 5), (2, None)]
    assert codes(landing, path, types=TYPES) == ["debezium.retyped"]
    assert codes(landing, path) == []


def with_schema(position, row):
    """An event of a row of whole numbers, with its schema block."""
    columns = [{"field": name, "type": "int64", "optional": True} for name in row]
    fields = [{"field": part, "type": "struct", "fields": columns} for part in ("before", "after")]
    return text({"schema": {"type": "struct", "fields": fields}, "payload": envelope("c", position, row)})


def test_a_declared_column_that_comes_later_has_its_type_from_the_start(landing, tmp_path):
    path = tmp_path / "orders.ndjson"
    path.write_text("".join(text(envelope("c", n, {"id": n, "placed_at": None})) for n in range(3)))
    landing.land(path)
    add(path, lines(3, 5))

    batches = landing.land(path, types=TYPES)

    assert sorted(landing.columns("orders")) == [
        ("id", "BIGINT"),
        ("placed_at", "TIMESTAMP"),
        ("total", "DECIMAL(12,2)"),
    ]
    assert findings(batches) == []


def test_what_the_finding_says_to_do_lands_all_events_in_one_column(landing, file, tmp_path):
    landing.land(file)
    add(file, lines(31, 33))
    landing.land(file, types=TYPES)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute(f"drop table {SCHEMA}.orders")
        for table in ("_aidbt_streams", "_aidbt_loads", "_aidbt_dead_letters"):
            connection.execute(f"delete from {SCHEMA}.{table} where source = 'shop'")

    batches = landing.land(file, types=TYPES)

    assert {name for name, _ in landing.columns("orders")} == {"id", "total", "placed_at"}
    assert landing.rows(f"select count(*), sum(total) from {SCHEMA}.orders") == [(33, Decimal("5.61"))]
    assert findings(batches) == []
    assert codes(landing, file, types=TYPES) == []


def codes(landing, path, **options):
    """What `aidbt ingest status` and `doctor` say of the source."""
    from ingestion.bronze import SINKS

    connector = connector_from(
        str(path), "shop", root=path.parent, options={"connector": "debezium", **options}
    )
    with landing.warehouse.connect(read_only=False) as connection:
        state = SINKS.load("duckdb")(connection).state(SCHEMA, "shop")
    return [finding.code for finding in connector.check_changes(state)]
