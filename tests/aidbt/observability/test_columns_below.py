"""Which columns a changed one explains, read from the SQL of a project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aidbt.core.measured import Anomaly, Monitor
from aidbt.observability.columns_below import changed_columns, columns_below
from tests.aidbt.monitors.measured_shop import ORDERS, Measured, manifest_of, measured_shop, model

DAILY = "model.shop.daily"
DAILY_SQL = "select id, Amount as total, id * 2 as twice from main.orders where status <> 'open'"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Measured]:
    with measured_shop(tmp_path) as made:
        made.nodes = [
            *made.nodes,
            model("daily", reads=[ORDERS], compiled_code=DAILY_SQL, compiled=True),
        ]
        made.run("create table main.daily as " + DAILY_SQL)
        made.collect()
        yield made


def anomaly(shop: Measured, metric: str, column: str = "", **evidence: str) -> Anomaly:
    return Anomaly(Monitor(ORDERS, metric, column), shop.now, "day", 9.0, "odd", evidence=evidence)


def test_what_is_made_of_a_column_and_the_rows_that_it_decides(shop: Measured):
    shop.run("alter table main.orders drop column amount", "alter table main.orders drop column status")
    shop.later(days=1).collect()
    gone = [anomaly(shop, "schema", "amount", before="DOUBLE"), anomaly(shop, "schema", "status")]
    manifest = manifest_of(shop.folder / "manifest.json", shop.nodes)

    found = columns_below(manifest, shop.store, changed_columns([*gone, anomaly(shop, "row_count")], ()))

    assert found == {(ORDERS, "amount"): {(DAILY, "total")}, (ORDERS, "status"): {(DAILY, "")}}


def test_nothing_is_read_where_nothing_else_is_odd(shop: Measured):
    assert changed_columns([anomaly(shop, "schema", "amount")], ()) == {}


def test_where_a_model_cannot_be_read_nothing_is_claimed(shop: Measured):
    shop.nodes[-1] = model("daily", reads=[ORDERS], compiled_code="select nonsense from (", compiled=True)
    manifest = manifest_of(shop.folder / "manifest.json", shop.nodes)
    changed = {ORDERS: {"amount": "DOUBLE"}}

    assert columns_below(manifest, shop.store, changed) == {}
