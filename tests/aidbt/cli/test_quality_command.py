"""`aidbt quality` on a project that a real dbt built and tested."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.cli.quality_text import told_score
from aidbt.core.errors import ArtifactError, SettingsError, UnknownName, UsageError
from aidbt.store import open_store
from aidbt.store.quality import QualityHistory, ScorePoint
from tests.aidbt.observability.quality.built_shop import FILES, built_shop
from tests.dbt_shop import Shop, new_shop


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return built_shop(tmp_path_factory)


@pytest.fixture
def shop(built: Shop, tmp_path: Path) -> Shop:
    shutil.copytree(built.root, tmp_path / "shop")
    return Shop(tmp_path / "shop")


def run(shop: Shop, *arguments: str) -> Result:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    return CliRunner().invoke(cli, ["quality", *arguments, *where])


def answer(shop: Shop, *arguments: str) -> Any:
    return json.loads(run(shop, *arguments, "--output", "json").stdout)


def test_the_screen_says_how_good_how_much_is_known_and_what_to_do(shop: Shop) -> None:
    result = run(shop)

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("quality ")
    assert "4 models and sources" in lines[0]
    assert "to win points back" in result.stdout
    assert "load raw.raw_orders, then dbt source freshness: its newest row was 3 days old" in result.stdout
    assert lines[-1] == "next: aidbt quality --why stg_orders"


def test_the_gate_names_what_is_below_and_exits_1(shop: Shop) -> None:
    result = run(shop, "--min", "95")

    assert result.exit_code == 1
    assert "below the gate: 3 models with a score under 95" in result.stdout
    assert run(shop, "--min", "95", "-s", "customers").exit_code == 0
    assert {one["name"] for one in answer(shop, "--by", "layer", "--min", "95")["below"]} == {
        "sources", "staging", "marts",
    }  # fmt: skip


def test_the_gate_of_the_settings_counts_unless_another_is_given(shop: Shop) -> None:
    shop.write({"aidbt.yml": "quality: {min_score: 95}\n"})

    assert (run(shop).exit_code, run(shop, "--min", "0").exit_code) == (1, 0)


def test_how_much_is_measured_can_be_asked_for(shop: Shop) -> None:
    result = run(shop, "--min-coverage", "50")

    assert result.exit_code == 1
    assert "with a coverage under 50 %" in result.stdout


def test_why_lists_every_lost_point(shop: Shop) -> None:
    found = answer(shop, "--why", "stg_orders")
    text = run(shop, "--why", "stg_orders").stdout

    assert sum(loss["points"] for loss in found["lost"]) == pytest.approx(
        100 - found["project"]["total"]["value"]
    )
    assert "relationships on stg_orders.customer_id: 10 rows, of how many is not known" in text
    assert {loss["column"] for loss in found["lost"]} == {"", "order_id", "customer_id", "status"}


def test_columns_are_scored_too(shop: Shop) -> None:
    labels = {part["label"]: part["total"]["value"] for part in answer(shop, "--by", "column")["parts"]}

    assert labels["customers.customer_id"] == 100
    assert labels["stg_orders.status"] == 0


def test_each_run_keeps_the_scores_of_its_day_and_a_selection_does_not(shop: Shop) -> None:
    assert "no scores are kept yet" in run(shop, "--history").stdout
    run(shop, "-s", "customers")
    assert answer(shop, "--history") == {"history": []}
    week_ago = datetime.now(UTC) - timedelta(days=7)
    with closing(open_store(shop.root / ".aidbt" / "state.db")) as store:
        QualityHistory(store, "dev").put([ScorePoint("project", "", "", week_ago, 1.0, 50.0)])
    assert f"since {week_ago:%Y-%m-%d}" in run(shop).stdout

    days = answer(shop, "--history")["history"]
    assert [day["day"] for day in days] == [f"{week_ago:%Y-%m-%d}", f"{datetime.now(UTC):%Y-%m-%d}"]
    assert days[1]["dimensions"]["consistency"] == 0
    assert len(run(shop, "--history").stdout.splitlines()) == 3


@pytest.mark.long
@pytest.mark.parametrize("command", [["build", "--no-count", "--no-monitor"], ["monitor", "run"]])
def test_a_build_and_a_run_of_the_monitors_keep_the_scores_of_the_day_too(
    command: list[str], shop: Shop
) -> None:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    CliRunner().invoke(cli, [*command, *where])

    with closing(open_store(shop.root / ".aidbt" / "state.db")) as store:
        [kept] = QualityHistory(store, "dev").points()
    assert kept.score == pytest.approx(answer(shop)["project"]["total"]["value"])


def test_what_keeps_them_goes_on_where_that_is_not_possible(shop: Shop) -> None:
    with closing(open_store(shop.root / ".aidbt" / "state.db")) as store, store.transaction() as connection:
        connection.exec_driver_sql("drop table quality_scores")
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]

    result = CliRunner().invoke(cli, ["monitor", "run", "--fail-on", "none", *where])

    assert result.exit_code == 0 and result.stdout.startswith("measured ")
    assert "today's quality is not kept: the store" in result.stderr


def test_the_manifest_of_another_run_comes_with_the_artifacts_beside_it(shop: Shop, tmp_path: Path) -> None:
    shutil.move(shop.root / "target", tmp_path / "elsewhere")
    found = answer(shop, "--manifest", str(tmp_path / "elsewhere" / "manifest.json"))

    assert found["project"]["measured"] == 4


def test_a_project_that_was_parsed_only_has_no_score_and_passes_no_gate(shop: Shop) -> None:
    for name in ("run_results.json", "sources.json"):
        (shop.root / "target" / name).unlink()
    result = run(shop)

    assert result.exit_code == 0
    assert "nothing is measured of 4 models" in result.stdout
    assert "next: aidbt build" in result.stdout
    assert isinstance(run(shop, "--min", "95").exception, UsageError)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["-s", "stg_order"], UnknownName, "did you mean 'stg_orders'?"),
        (["--why", "nothing"], UnknownName, "no node is called 'nothing'"),
        (["--why", "*"], UsageError, "is 4 nodes"),
        (["--why", "revenue", "--history"], UsageError, "--why is of one model"),
    ],
)
def test_bad_requests_get_a_clear_answer(
    shop: Shop, arguments: list[str], error: type[Exception], said: str
) -> None:
    result = run(shop, *arguments)

    assert isinstance(result.exception, error)
    assert said in str(result.exception)


def test_a_project_that_was_never_parsed_says_what_to_run(tmp_path: Path) -> None:
    result = run(new_shop(tmp_path, FILES))

    assert isinstance(result.exception, ArtifactError)
    assert "dbt" in str(result.exception)


@pytest.mark.parametrize(
    "settings",
    ["{min_score: 101}", "{weights: {validty: 1}}", "{weights: {validity: -1}}", "{dimensions: {a: good}}"],
)
def test_wrong_settings_are_refused_with_their_place(shop: Shop, settings: str) -> None:
    shop.write({"aidbt.yml": f"quality: {settings}\n"})
    result = run(shop)

    assert isinstance(result.exception, SettingsError)
    assert "aidbt.yml" in str(result.exception)


def test_100_is_said_only_where_nothing_is_lost() -> None:
    assert [told_score(value) for value in (100.0, 99.9999, 99.95, 0.0, None)] == [
        "100.0",
        "99.9",
        "99.9",
        "0.0",
        "",
    ]
