"""The quality of a project that a real dbt built and tested, each number checked by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aidbt.core.config import QualitySettings, Settings
from aidbt.monitors.collection.collect import collect
from aidbt.observability.quality.dimensions import Dimension
from aidbt.observability.quality.gathering import gather
from aidbt.observability.quality.judging import Quality, quality_of
from aidbt.observability.recorded import Asked, RecordedNode, RecordedRun, keep_run
from aidbt.project.manifest import read_manifest
from aidbt.store import Store, open_store
from aidbt.warehouse.duckdb import DuckDBWarehouse
from tests.aidbt.observability.quality.built_shop import built_shop
from tests.dbt_shop import Shop

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return built_shop(tmp_path_factory)


@pytest.fixture
def shop(built: Shop, tmp_path: Path) -> Shop:
    """A copy of it, whose artifacts a test may change."""
    shutil.copytree(built.root, tmp_path / "shop")
    return Shop(tmp_path / "shop")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / "state.db")) as opened:
        yield opened


def quality(
    shop: Shop,
    store: Store,
    *,
    now: datetime | None = None,
    select: tuple[str, ...] = (),
    target: str = "",
) -> Quality:
    folder = shop.root / "target"
    manifest = read_manifest(folder / "manifest.json")
    known = gather(manifest, store, folder, target=target, now=now)
    return quality_of(manifest, known, QualitySettings(), select=select)


def measure(shop: Shop, store: Store) -> None:
    """What `aidbt monitor collect` does of the two tables."""
    manifest = read_manifest(shop.root / "target" / "manifest.json")
    collect(manifest, DuckDBWarehouse(shop.database), store, Settings(), select=["stg_orders", "customers"])


def of(found: Quality, name: str) -> dict[str, float | None]:
    (node,) = [node for node in found.nodes if node.subject.name == name]
    return {dimension.value: score.value for dimension, score in node.dimensions.items()}


def test_what_tests_found_is_a_share_of_the_rows_that_were_measured(shop: Shop, store: Store) -> None:
    measure(shop, store)
    found = quality(shop, store)

    # Completeness: order_id and customer_id are both keys; 2 of 100 are null, and that only warns.
    # Uniqueness: 3 order ids are there twice, so at least 6 rows. The source is late, which only warns too.
    assert of(found, "stg_orders") == pytest.approx(
        {"completeness": 99.5, "validity": 99, "consistency": 90, "timeliness": 50, "uniqueness": 94}
    )
    assert of(found, "customers") == {"completeness": 100, "uniqueness": 100}
    assert of(found, "raw.raw_orders") == {"timeliness": 50}
    # Its unit test failed, and it is made of what is late.
    assert of(found, "revenue") == {"validity": 0, "timeliness": 50}


def test_the_whole_is_weighted_by_what_is_made_of_a_model(shop: Shop, store: Store) -> None:
    measure(shop, store)
    found = quality(shop, store)
    scores = {part.label: part.total.value for part in found.parts("model")}

    # Made of raw_orders are two models, of stg_orders one, and an exposure of all three.
    weights = {"raw.raw_orders": 2 * (1 + 1.5849625 / 2), "stg_orders": 2 * 1.5, "customers": 1, "revenue": 2}
    total = sum(weights[name] * (scores[name] or 0) for name in weights) / sum(weights.values())
    assert scores == pytest.approx(
        {"raw.raw_orders": 50, "stg_orders": 86.5, "customers": 100, "revenue": 25}
    )
    assert found.project.total.value == pytest.approx(total)
    assert {part.label for part in found.parts("owner")} == {"Ann", "Bo", "(nobody)"}
    assert {part.label for part in found.parts("layer")} == {"sources", "staging", "marts"}


def test_what_to_do_comes_with_its_numbers_and_the_best_for_its_effort_first(
    shop: Shop, store: Store
) -> None:
    measure(shop, store)
    found = quality(shop, store)

    actions = [way.action for way in found.mend]
    assert actions[0] == "load raw.raw_orders, then dbt source freshness: its newest row was 3 days old"
    assert "mend the orphans of stg_orders.customer_id: 10 of 100 rows" in actions
    assert "remove the duplicates of stg_orders.order_id: 3 values more than once in 100 rows" in actions
    assert "mend the odd values of stg_orders.status: 1 of 100 rows" in actions
    lacking = 100 - (found.project.total.value or 0)
    assert sum(way.points for way in found.mend) == pytest.approx(lacking)


def test_without_a_count_of_the_rows_a_failing_test_loses_all_and_it_is_said(
    shop: Shop, store: Store
) -> None:
    found = quality(shop, store)

    assert of(found, "stg_orders")["uniqueness"] == 0
    assert "quality.rows_unknown" in [finding.code for finding in found.findings]


def test_rows_that_the_adapter_reports_of_a_whole_table_are_its_rows(shop: Shop, store: Store) -> None:
    path = shop.root / "target" / "run_results.json"
    results = json.loads(path.read_text())
    row = dict(results["results"][0], unique_id="model.shop.stg_orders", status="success", failures=None)
    row["adapter_response"] = {"_message": "SELECT 200", "rows_affected": 200}
    results["results"].append(row)
    path.write_text(json.dumps(results))

    assert of(quality(shop, store), "stg_orders")["uniqueness"] == pytest.approx(97)


def test_a_source_counts_with_what_is_known_of_it_alone(shop: Shop, store: Store) -> None:
    found = quality(shop, store, select=("source:raw",))

    assert [node.subject.name for node in found.nodes] == ["raw.raw_orders"]
    assert found.project.total.value == 50
    assert not found.is_whole


def test_old_results_count_as_none_and_are_named(shop: Shop, store: Store) -> None:
    found = quality(shop, store, now=datetime.now(UTC) + timedelta(days=31))

    assert found.project.total.value is None
    codes = {finding.code for finding in found.findings}
    assert {"quality.old_results", "quality.old_manifest"} <= codes


def test_results_of_tests_that_were_renamed_and_of_models_that_are_gone_do_not_count(
    shop: Shop, store: Store
) -> None:
    path = shop.root / "target" / "manifest.json"
    manifest = json.loads(path.read_text())
    nodes = manifest["nodes"]
    (old,) = [name for name in nodes if name.startswith("test.shop.unique_stg_orders")]
    nodes["test.shop.one_of_each.1"] = {**nodes.pop(old), "unique_id": "test.shop.one_of_each.1"}
    path.write_text(json.dumps(manifest))
    found = quality(shop, store)

    assert Dimension.UNIQUENESS.value not in of(found, "stg_orders")
    said = {finding.code: finding.message for finding in found.findings}
    assert "unique_stg_orders_order_id" in said["quality.gone"]
    assert "one_of_each" in said["quality.no_result"]


@pytest.mark.parametrize("content", ["", "{", '{"metadata": {}}', "[]", '{"metadata": null, "results": 3}'])
def test_an_artifact_that_cannot_be_read_is_a_finding_and_the_rest_is_judged(
    shop: Shop, store: Store, content: str
) -> None:
    (shop.root / "target" / "run_results.json").write_text(content)
    found = quality(shop, store)

    assert of(found, "raw.raw_orders") == {"timeliness": 50}
    assert [f.where for f in found.findings if f.code == "quality.unreadable_artifact"] == [
        "run_results.json"
    ]


def test_results_of_a_compile_say_nothing(shop: Shop, store: Store) -> None:
    path = shop.root / "target" / "run_results.json"
    results = json.loads(path.read_text())
    results["args"]["which"] = "compile"
    path.write_text(json.dumps(results))

    assert of(quality(shop, store), "stg_orders") == {"timeliness": 50}


def test_the_newest_result_counts_however_many_runs_there_were_since(shop: Shop, store: Store) -> None:
    """A test that runs once a week, among hourly runs of models."""
    test = "test.shop.unique_customers_customer_id.c5af1ff4b1"
    now = datetime.now(UTC)
    (shop.root / "target" / "run_results.json").unlink()

    def ran(name: str, hours_ago: int, node: str, status: str) -> None:
        at = now - timedelta(hours=hours_ago)
        keep_run(store, RecordedRun(name, "build", "success", at, at, results=(RecordedNode(node, status),)))

    for hour in range(50):
        ran(f"run{hour}", hour, "model.shop.customers", "success")
    ran("older", 200, test, "fail")
    ran("newer", 100, test, "pass")

    assert of(quality(shop, store), "customers") == {"uniqueness": 100}


def test_runs_of_another_target_do_not_count_and_that_is_said(shop: Shop, store: Store) -> None:
    artifact = json.loads((shop.root / "target" / "run_results.json").read_text())
    test = next(r["unique_id"] for r in artifact["results"] if "unique_customers" in r["unique_id"])
    at = datetime.now(UTC)
    result = RecordedNode(test, "fail", failures=45)
    keep_run(store, RecordedRun("p", "test", "failed", at, at, asked=Asked(target="prod"), results=(result,)))

    here, there = (quality(shop, store, target=target) for target in ("dev", "prod"))

    assert (of(here, "customers")["uniqueness"], of(there, "customers")["uniqueness"]) == (100, 0)
    said = [finding.message for finding in here.findings if finding.code == "quality.other_targets"]
    assert said == ["1 run is of the target prod and does not count here (dev); with --target prod it does"]


def test_what_lies_in_the_target_folder_is_of_the_target_that_it_was_recorded_with(
    shop: Shop, store: Store
) -> None:
    artifact = json.loads((shop.root / "target" / "run_results.json").read_text())
    at = datetime.now(UTC) - timedelta(hours=1)
    invocation = artifact["metadata"]["invocation_id"]
    keep_run(store, RecordedRun(invocation, "test", "failed", at, at, asked=Asked(target="dev")))

    assert of(quality(shop, store, target="dev"), "customers")["uniqueness"] == 100
    assert "uniqueness" not in of(quality(shop, store, target="prod"), "customers")
