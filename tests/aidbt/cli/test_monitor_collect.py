"""`aidbt monitor collect` and `status` on a project that a real dbt built."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.errors import AidbtError, ArtifactError, LeaseTaken, UnknownName, UsageError, WarehouseLocked
from aidbt.core.measured import Bucket
from aidbt.monitors.judging.due import Judged
from aidbt.monitors.judging.remembered import JUDGED, judged_key
from aidbt.store import open_store
from aidbt.store.buckets import Buckets
from aidbt.store.leases import Leases
from tests.dbt_shop import DBT, Shop, held_by_another_process, new_shop

ORDERS = """
{{ config(materialized='table', event_time='ordered_at') }}
select i as id, current_date::timestamp - to_days((i // 50)::int) - interval 1 minute as ordered_at,
    ['new', 'paid'][1 + i % 2] as status, i / 4 as amount
from range(1000) t(i)
"""
FILES = {
    "models/orders.sql": ORDERS,
    "models/totals.sql": "{{ config(materialized='table') }} select status, sum(amount) as total"
    " from {{ ref('orders') }} group by 1",
    "models/peek.sql": "select * from {{ ref('orders') }}",
    "models/days.sql": "select (date '2020-01-01' + i::int) as day from range(4000) t(i)",
    "models/semantic.yml": """
models:
  - name: days
    columns: [{name: day, granularity: day}]
    time_spine: {standard_granularity_column: day}
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: ordered_at}
    entities: [{name: order, type: primary, expr: id}]
    dimensions: [{name: ordered_at, type: time, type_params: {time_granularity: day}}]
    measures: [{name: revenue, agg: sum, expr: amount}]
metrics:
  - {name: revenue, label: Revenue, type: simple, type_params: {measure: revenue}}
""",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = new_shop(tmp_path_factory.mktemp("shop"), FILES)
    subprocess.run(
        [DBT, "build", "--quiet", "--project-dir", shop.root, "--profiles-dir", shop.root], check=True
    )
    return shop


@pytest.fixture
def shop(built: Shop) -> Shop:
    (built.root / ".aidbt" / "state.db").unlink(missing_ok=True)
    return built


def aidbt(shop: Shop, *arguments: str) -> Result:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    return CliRunner().invoke(cli, ["monitor", *arguments, *where])


def failed(shop: Shop, *arguments: str) -> AidbtError:
    error = aidbt(shop, *arguments).exception
    assert isinstance(error, AidbtError)
    return error


def test_what_was_measured_is_said_first_then_what_was_not_then_what_is_next(shop: Shop) -> None:
    result = aidbt(shop, "collect")

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("measured 2 models: 21 new buckets, 1,002 rows, in ")
    assert lines[1].startswith("  info project: 2 views are not watched, since each scan would run its query")
    assert lines[2].startswith("  info totals: nothing says when its rows happened")
    assert lines[-1] == "next: aidbt monitor check"


def test_programs_get_all_of_it(shop: Shop) -> None:
    found = json.loads(aidbt(shop, "collect", "--output", "json").stdout)

    assert [(each["unique_id"], each["grain"], each["buckets"]) for each in found["measured"]] == [
        ("model.shop.orders", "day", 20),
        ("model.shop.totals", "run", 1),
    ]
    assert found["plan"]["scan_bytes"] > 0


def test_a_second_time_costs_the_last_days_only(shop: Shop) -> None:
    aidbt(shop, "collect", "-s", "orders")
    found = json.loads(aidbt(shop, "collect", "-s", "orders", "--output", "json").stdout)

    assert [each["buckets"] for each in found["measured"]] == [3]


def test_a_view_is_measured_when_it_is_named(shop: Shop) -> None:
    assert "measured 1 model: 1 new bucket" in aidbt(shop, "collect", "-s", "peek").stdout


def test_the_status_says_what_is_known_and_what_is_watched(shop: Shop) -> None:
    assert aidbt(shop, "status").stdout.startswith("nothing is measured yet of 4 models")

    aidbt(shop, "collect")
    lines = aidbt(shop, "status", "--all").stdout.splitlines()

    assert lines[0].startswith("watched: ")
    assert any(line.split()[:3] == ["model.shop.orders", "day", "20"] for line in lines)
    assert "1 model has fewer than 14 buckets: what is said of them is careful, and warns at most" in lines
    assert any(line.startswith("on request (monitors.metrics): median") or "median" in line for line in lines)


def test_what_is_judged_later_is_said(shop: Shop) -> None:
    aidbt(shop, "collect")
    days = [datetime(2026, 1, day) for day in range(1, 12)]
    firsts = {"null_rate|amount": dict.fromkeys(days, (1.0, 0.1, 2))}
    judged = Judged(arrivals=dict.fromkeys(days, (50.0,)), firsts=firsts)
    store = open_store(shop.root / ".aidbt" / "state.db")
    store.put(JUDGED, judged_key("model.shop.orders", "day"), judged.to_json())
    store.close()

    lines = aidbt(shop, "status", "--all").stdout.splitlines()

    assert "  model.shop.orders: amount null_rate after 2 days" in lines
    assert "judged later" not in aidbt(shop, "status").stdout


def test_a_metric_of_the_semantic_layer_is_measured_by_its_name(shop: Shop) -> None:
    (shop.root / "aidbt.yml").write_text("monitors: {custom: {takings: revenue}}\n")
    result = aidbt(shop, "collect", "--output", "json")
    (shop.root / "aidbt.yml").unlink()

    found = json.loads(result.stdout)["measured"][-1]
    assert (found["unique_id"], found["grain"], found["buckets"]) == ("metric.shop.revenue", "day", 20)
    store = open_store(shop.root / ".aidbt" / "state.db")
    series = Buckets(store).series("metric.shop.revenue", "day")
    store.close()
    assert series is not None
    assert series.fact("custom:takings")[-1] == sum(i / 4 for i in range(50))


def test_what_is_known_of_models_that_are_gone_is_said(shop: Shop) -> None:
    aidbt(shop, "collect")
    store = open_store(shop.root / ".aidbt" / "state.db")
    Buckets(store).put([Bucket("model.shop.former", "day", datetime(2026, 1, 1), {("rows", ""): 1.0})])
    store.close()

    assert "kept of models that are no more: model.shop.former" in aidbt(shop, "status").stdout


def test_nobody_else_may_collect_at_the_same_time(shop: Shop) -> None:
    aidbt(shop, "collect")
    store = open_store(shop.root / ".aidbt" / "state.db")
    with Leases(store).leased(["monitors"], "another one"):
        assert isinstance(failed(shop, "collect"), LeaseTaken)
    store.close()


def test_what_cannot_be_done_is_one_error(shop: Shop, tmp_path: Path) -> None:
    assert isinstance(failed(shop, "collect", "-s", "order"), UnknownName)
    assert isinstance(failed(shop, "collect", "--since", "yesterday"), UsageError)
    assert isinstance(failed(shop, "collect", "--from-elementary", "elementary"), UnknownName)
    assert isinstance(failed(shop, "collect", "--manifest", str(tmp_path / "none.json")), ArtifactError)


def test_a_project_that_was_never_parsed_says_what_to_run(tmp_path: Path) -> None:
    error = failed(new_shop(tmp_path), "collect")

    assert (error.message, error.hint) == ("there is no manifest of the project", "run: dbt compile")


def test_a_warehouse_that_is_in_use_is_said(shop: Shop) -> None:
    with held_by_another_process(shop.database):
        assert isinstance(failed(shop, "collect"), WarehouseLocked)


def test_a_build_of_a_project_that_was_measured_before_is_monitored_in_one_line(shop: Shop) -> None:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]

    def build() -> list[str]:
        done = CliRunner().invoke(cli, ["build", "-s", "totals", *where])
        assert done.exit_code == 0, done.output
        return [line for line in done.stdout.splitlines() if "monitored" in line or "measured" in line]

    assert build() == []
    aidbt(shop, "run")
    (line,) = build()
    assert line.startswith("monitored 2 models in ")
    assert line.endswith(
        " s: 1 new bucket, nothing odd"
    )  # totals is measured as a whole with each collection


def test_models_that_changed_since_the_last_parse_are_said_to_be_those_of_then(shop: Shop) -> None:
    (shop.root / "models" / "orders.sql").rename(shop.root / "models" / "orders_by_day.sql")
    try:
        result = aidbt(shop, "run", "-s", "orders")
    finally:
        (shop.root / "models" / "orders_by_day.sql").rename(shop.root / "models" / "orders.sql")

    assert result.exit_code == 0, result.output
    notes = [line for line in result.stderr.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1
    assert notes[0].startswith("note: models/ changed since dbt's manifest of ")


def test_a_manifest_of_another_project_or_target_is_refused(shop: Shop, tmp_path: Path) -> None:
    manifest = json.loads((shop.root / "target" / "manifest.json").read_text())
    path = tmp_path / "manifest.json"
    path.write_text(
        json.dumps({**manifest, "metadata": {**manifest["metadata"], "project_name": "elsewhere"}})
    )
    assert (
        "is the manifest of the project elsewhere" in failed(shop, "collect", "--manifest", str(path)).message
    )

    assert aidbt(shop, "collect").exit_code == 0
    path.write_text(json.dumps(manifest).replace('"schema": "main"', '"schema": "prod"'))
    assert "stand in shop.prod" in failed(shop, "collect", "--manifest", str(path)).message
    assert "stand in shop.prod" in failed(shop, "check", "--manifest", str(path)).message
    moved = aidbt(shop, "collect", "--manifest", str(path), "--moved")
    assert "there is no table prod.orders" in moved.stdout


def test_after_another_grain_each_model_is_one_line_of_the_status(shop: Shop) -> None:
    aidbt(shop, "collect")
    (shop.root / "aidbt.yml").write_text("monitors: {grain: hour}\n")
    try:
        aidbt(shop, "collect", "-s", "orders")
        lines = aidbt(shop, "status").stdout.splitlines()
    finally:
        (shop.root / "aidbt.yml").unlink()

    (line,) = (line for line in lines if "model.shop.orders" in line)
    assert line.split()[1] == "hour"
    assert "20 buckets of another grain are kept until they are too old" in lines
    assert any("views are not watched" in line for line in lines)
