"""Full loads take the lease of each table, leave streamed tables out, and refuse whoever comes too late."""

from __future__ import annotations

import pytest

from aidbt.core.errors import UnknownName, UsageError
from aidbt.core.resilience import ManualClock
from aidbt.store import open_store
from aidbt.store.leases import Leases
from ingestion.settings import connector_from


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "state.db")


def shop(tmp_path, *tables):
    for table in tables:
        (tmp_path / f"{table}.csv").write_text("id\n1\n2\n")
    return connector_from("*.csv", "shop", root=tmp_path)


def tokens(bronze):
    rows = bronze.rows(
        "select part, position from bronze_shop._aidbt_streams where part like 'fence:%' order by 1"
    )
    return dict(rows)


def test_many_tables_land_at_once_each_under_its_lease(tmp_path, bronze, store):
    names = [f"t{number}" for number in range(12)]

    report = bronze.land(shop(tmp_path, *names), parallel=6, leases=Leases(store))

    assert report.is_complete and len(report.landed) == 12
    assert len(tokens(bronze)) == 12 and Leases(store).held() == ()


def test_a_table_that_somebody_else_writes_is_not_loaded(tmp_path, bronze, store):
    leases = Leases(store)
    leases.acquire("table:bronze_shop.orders", "a stream", ttl_s=60)

    connector = shop(tmp_path, "orders", "people")
    report = bronze.land(connector, leases=leases, lease_s=0.1, clock=ManualClock())

    assert [(load.table, load.status) for load in report.tables] == [
        ("orders", "failed"),
        ("people", "landed"),
    ]
    assert "is in use (exclusive) by a stream" in report.failed[0].error


def test_a_load_goes_on_after_the_store_was_lost(tmp_path, bronze, store):
    connector = shop(tmp_path, "orders")
    for _ in range(3):
        bronze.land(connector, leases=Leases(store))
    another = open_store(tmp_path / "another.db")

    assert bronze.land(connector, leases=Leases(another)).is_complete


class Streamed:
    """A connector some of whose tables are streamed."""

    is_streamed = True

    def __init__(self, inner, *patterns):
        self.settings, self.operation, self.open = inner.settings, inner.operation, inner.open
        self.streamed_tables = lambda: patterns


def test_streamed_tables_are_left_out(tmp_path, bronze):
    connector = Streamed(shop(tmp_path, "orders", "order_items", "people"), "order*")

    assert [load.table for load in bronze.land(connector).tables] == ["people"]
    with pytest.raises(UsageError, match="the changes of 'orders' are streamed") as caught:
        bronze.land(connector, tables=["orders"])
    assert caught.value.hint == "aidbt ingest cdc shop; with --snapshot orders it is read anew"
    with pytest.raises(UnknownName, match="no table is called 'order'"):
        bronze.land(connector, tables=["order"])
