"""A collection that is killed leaves whole models behind, or nothing of them, and nobody waits for it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from aidbt.store.buckets import Buckets
from tests.aidbt.monitors.measured_shop import manifest_of, measured_shop, model

MODELS, DAYS = 40, 10
COLLECT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from aidbt.core.config import Settings
from aidbt.monitors.collection.collect import collect
from aidbt.project.manifest import read_manifest
from aidbt.store import open_store
from aidbt.warehouse.duckdb import DuckDBWarehouse
folder = Path(sys.argv[1])
collect(
    read_manifest(folder / "manifest.json"), DuckDBWarehouse(folder / "shop.duckdb"),
    open_store(folder / "state.db"), Settings(), now=lambda: datetime(2026, 3, 11, 9, tzinfo=UTC),
)
"""


def test_what_a_killed_collection_kept_is_whole_and_the_next_goes_on(tmp_path: Path) -> None:
    with measured_shop(tmp_path) as shop:
        shop.run(*(f"create table orders_{n} as from orders" for n in range(MODELS)))
        shop.nodes = [model(f"orders_{n}", config={"event_time": "ordered_at"}) for n in range(MODELS)]
        shop.sources = []
        manifest_of(tmp_path / "manifest.json", shop.nodes)
        process = subprocess.Popen([sys.executable, "-c", COLLECT, str(tmp_path)])
        try:
            while len(Buckets(shop.store).nodes()) < 3 and process.poll() is None:
                time.sleep(0.002)
        finally:
            process.kill()
        process.wait()
        kept = Buckets(shop.store).nodes()
        assert 3 <= len(kept) < MODELS
        assert {grains["day"] for grains in kept.values()} == {DAYS}

        shop.collect()
        assert {node: grains["day"] for node, grains in Buckets(shop.store).nodes().items()} == {
            node["unique_id"]: DAYS for node in shop.nodes
        }
