"""Turns at a warehouse: who asks is told whether anybody makes way, and those who do see who asks."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from aidbt.core.errors import StoreUnavailable, WarehouseLocked
from aidbt.store import open_store
from aidbt.store.leases import Leases
from aidbt.store.turns import Asked, asked_for
from aidbt.warehouse.duckdb import DuckDBWarehouse

PATH = Path("/data/warehouse.duckdb")


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "state.db")


def test_who_asks_is_seen_until_the_block_ends(store, monkeypatch):
    monkeypatch.setattr("aidbt.store.turns._LOOK_EVERY_S", 0)
    asked = Asked(store)
    assert asked.by(PATH) is None

    with asked_for(lambda: store, PATH, "aidbt build"):
        assert asked.by(PATH).endswith("(aidbt build)")
        assert asked.by(Path("/data/other.duckdb")) is None
        with asked_for(lambda: store, PATH, "aidbt generate"):
            assert asked.by(PATH) is not None

    assert asked.by(PATH) is None


def test_the_store_is_not_asked_again_and_again(store, monkeypatch):
    asked, looks = Asked(store), []
    monkeypatch.setattr(asked._leases, "held", lambda resource: looks.append(resource) or ())

    for _ in range(100):
        asked.by(PATH)

    assert looks == [f"warehouse:{PATH}"]


def test_only_a_stream_makes_way(store):
    leases = Leases(store)
    leases.acquire("table:bronze_shop.orders", "aidbt ingest run")
    with asked_for(lambda: store, PATH, "aidbt build") as is_heard:
        assert not is_heard

    leases.acquire("stream:shop", "aidbt ingest cdc")
    with asked_for(lambda: store, PATH, "aidbt build") as is_heard:
        assert is_heard


def test_without_a_store_nobody_is_asked():
    def away():
        raise StoreUnavailable("the store does not answer")

    with asked_for(away, PATH, "aidbt build") as is_heard:
        assert not is_heard


class Asking:
    """Somebody who holds the file, and lets it go some time after being asked, or never."""

    def __init__(self, monkeypatch, *, is_heard, lets_go=True):
        self.is_heard, self.lets_go = is_heard, lets_go
        self.asked = self.tries = 0
        self._is_free = False
        opened = DuckDBWarehouse._open

        def _open(warehouse, read_only):
            self.tries += 1
            if not self._is_free:
                raise WarehouseLocked("in use")
            return opened(warehouse, read_only)

        monkeypatch.setattr(DuckDBWarehouse, "_open", _open)

    @contextmanager
    def ask(self):
        self.asked += 1
        if self.lets_go:
            threading.Timer(0.1, self._let_go).start()
        try:
            yield self.is_heard
        finally:
            self.asked -= 1

    def _let_go(self):
        self._is_free = True


def test_a_warehouse_is_waited_for_while_somebody_makes_way(tmp_path, monkeypatch):
    holder = Asking(monkeypatch, is_heard=True)
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb", ask=holder.ask)

    with warehouse.connect(read_only=False) as connection:
        assert connection.rows("select 1") == [(1,)]
        assert holder.asked == 1  # until it is closed
    assert holder.asked == 0 and holder.tries > 1


def test_nobody_is_waited_for_who_does_not_make_way(tmp_path, monkeypatch):
    holder = Asking(monkeypatch, is_heard=False)
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb", ask=holder.ask)

    with pytest.raises(WarehouseLocked), warehouse.connect(read_only=False):
        pass
    assert (holder.tries, holder.asked) == (1, 0)


def test_the_wait_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr("aidbt.warehouse.duckdb._PATIENCE_S", 0.2)
    holder = Asking(monkeypatch, is_heard=True, lets_go=False)
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb", ask=holder.ask)

    with pytest.raises(WarehouseLocked), warehouse.connect(read_only=False):
        pass
    assert holder.tries > 2 and holder.asked == 0
