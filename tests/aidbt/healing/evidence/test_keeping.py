from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from aidbt.core.failures import ErrorClass
from aidbt.healing.diagnosis.finding import diagnosis
from aidbt.healing.evidence.keeping import Judge, Kept, keep_good_state
from aidbt.project import open_project
from aidbt.store import Store, open_store
from aidbt.store.good_states import GoodStates
from aidbt.warehouse.duckdb import DuckDBWarehouse
from tests.dbt_shop import held_by_another_process
from tests.diagnosis_cases import SHOP, BrokenShop


@pytest.fixture
def shop(tmp_path: Path) -> BrokenShop:
    made = BrokenShop(tmp_path)
    made.make()
    shutil.copytree(SHOP / "good", made.artifacts)
    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / "state.db")) as opened:
        yield opened


def keep(
    shop: BrokenShop,
    store: Store,
    *,
    scan_bytes: int = 10**12,
    only_run: str = "",
    judge: Judge | None = None,
) -> Kept:
    project = open_project(shop.root, profiles_dir=shop.root)
    warehouse = DuckDBWarehouse(shop.database)
    return keep_good_state(
        project, warehouse, store, artifacts=shop.artifacts, scan_bytes=scan_bytes, only_run=only_run,
        judge=judge,
    )  # fmt: skip


def change_results(shop: BrokenShop, **changes: object) -> None:
    path = shop.artifacts / "run_results.json"
    results = json.loads(path.read_text())
    if "which" in changes:
        results["args"]["which"] = changes["which"]
    if "status" in changes:
        results["results"][0]["status"] = changes["status"]
    if "only" in changes:
        results["results"] = [r for r in results["results"] if r["unique_id"] == changes["only"]]
    path.write_text(json.dumps(results))


def test_what_a_good_run_read_and_built_is_kept_with_its_files(shop: BrokenShop, store: Store):
    state = keep(shop, store).state

    assert state is not None and state.target == "dev"
    assert set(state.tables) == {
        "source.shop.crm.customers",
        "source.shop.crm.orders",
    }  # nothing is built here
    assert state.tables["source.shop.crm.orders"].rows == 1000
    assert {"dbt_project.yml", "models/stg_orders.sql", "macros/clean.sql"} <= set(state.texts)
    assert "mail.example" not in repr(state.tables)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"status": "error"}, "the run did not go well"),
        ({"which": "compile"}, "dbt compile builds nothing"),
        ({"only": "nothing"}, "the run did nothing"),
    ],
)
def test_what_is_no_good_run_is_not_kept(
    changes: dict[str, object], why: str, shop: BrokenShop, store: Store
):
    change_results(shop, **changes)

    assert (keep(shop, store).state, keep(shop, store).why) == (None, why)
    assert GoodStates(store).all() == []


def test_results_of_another_run_are_not_kept(shop: BrokenShop, store: Store):
    assert keep(shop, store, only_run="another").why == "the results that lie there are of another run"


def test_a_run_of_a_part_leaves_what_is_known_of_the_rest(shop: BrokenShop, store: Store):
    first = keep(shop, store).state
    change_results(shop, only="model.shop.stg_orders")
    with_less = SHOP.parent / "emptied_source" / "break.sql"
    shop.execute(with_less)

    second = keep(shop, store).state

    assert first is not None and second is not None
    assert second.tables["source.shop.crm.orders"].rows == 0
    assert second.tables["source.shop.crm.customers"] == first.tables["source.shop.crm.customers"]


def test_over_the_budget_only_columns_are_kept_and_that_is_said(shop: BrokenShop, store: Store):
    kept = keep(shop, store, scan_bytes=10)

    assert kept.state is not None
    orders = kept.state.tables["source.shop.crm.orders"]
    assert not orders.is_measured and "amount" in orders.names
    assert any("over budget.scan_bytes" in line for line in kept.unknown)


def test_a_warehouse_that_somebody_holds_keeps_nothing_and_fails_nothing(shop: BrokenShop, store: Store):
    with held_by_another_process(shop.database):
        kept = keep(shop, store)

    assert kept.state is None
    assert "is in use by process" in kept.why


def test_a_source_that_is_wrong_in_a_green_run_keeps_its_last_right_state(shop: BrokenShop, store: Store):
    keep(shop, store)
    with duckdb.connect(str(shop.database)) as connection:
        connection.execute("delete from crm.orders; delete from crm.customers where id < 10")
    orders = "source.shop.crm.orders"
    wrong = diagnosis("volume", ErrorClass.VOLUME, 0.9, failure=None, root=orders)

    kept = keep(shop, store, judge=lambda was, now, manifest: [wrong] if now.tables[orders].rows == 0 else [])

    assert kept.doubted == (wrong,) and orders in kept.looked
    last = GoodStates(store).last("dev")
    assert last is not None and last.tables[orders].rows == 1000
    customers = "source.shop.crm.customers"
    assert last.tables[customers].rows < 1000 and last.tables[customers] == kept.state.tables[customers]
