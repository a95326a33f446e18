"""`aidbt monitor check` and `run`: what they say, what programs get, how they exit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.errors import ArtifactError
from aidbt.generate.base_models import macro_files
from tests.dbt_shop import DBT, Shop, held_by_another_process, new_shop

# Hundred orders a day until yesterday.
ORDERS = """
create or replace table orders as
select row_number() over () as id, n % 7 as amount,
    current_date::timestamp - to_days((60 - day)::int) + to_seconds((n * 864 + 10)::int) as ordered_at
from range(60) days(day), range(100) orders(n) where {}
"""
FILES = {
    "models/orders.sql": "{{ config(materialized='view', enabled=true) }} select * from main.raw_orders",
    "models/tests.yml": """
models:
  - name: orders
    data_tests: [aidbt_volume: {arguments: {event_time: ordered_at}}]
""",
    **macro_files("macros"),
}
YESTERDAY = "current_date::timestamp - to_days((60 - day)::int) >= current_date - 1"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = new_shop(tmp_path_factory.mktemp("shop"), FILES)
    fill(shop, "true")
    command = [DBT, "build", "--quiet", "--project-dir", shop.root, "--profiles-dir", shop.root]
    subprocess.run(command, check=True)
    return shop


@pytest.fixture
def shop(built: Shop) -> Shop:
    for path in (built.root / ".aidbt").glob("state.db*"):
        path.unlink()
    fill(built, "true")
    return built


def fill(shop: Shop, where: str) -> None:
    with duckdb.connect(str(shop.database)) as connection:
        connection.execute(ORDERS.format(where).replace("table orders", "table raw_orders"))


def aidbt(shop: Shop, *arguments: str) -> Result:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    return CliRunner().invoke(cli, ["monitor", *arguments, *where])


def test_a_quiet_run_says_so_in_few_lines(shop: Shop):
    done = aidbt(shop, "run")

    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].startswith("measured 1 model: 60 new buckets, 6,000 rows")
    assert lines[1].startswith("checked ")
    assert lines[1].endswith(": nothing odd")
    assert "bounds for 1 data test written, good until " in done.output


def test_a_bad_day_is_told_with_its_incident_and_what_to_do_next(shop: Shop):
    fill(shop, f"not ({YESTERDAY}) or n % 5 = 0")

    done = aidbt(shop, "run", "--fail-on", "warn")

    assert done.exit_code == 1, done.output
    assert "INC-1 opened: orders has 80 % fewer rows" in done.output
    assert "orders: 20 rows on " in done.output
    assert done.output.splitlines()[-1] == "next: aidbt incidents show INC-1"
    again = aidbt(shop, "check", "--fail-on", "warn")
    assert again.exit_code == 0
    assert again.output.startswith("nothing new to check in ")
    assert "still open: INC-1 (aidbt incidents list)" in again.output  # nothing new is not: all is well


@pytest.mark.parametrize(("gate", "code"), [("none", 0), ("warn", 1)])
def test_the_gate_says_what_is_a_failure(shop: Shop, gate: str, code: int):
    fill(shop, f"not ({YESTERDAY}) or n % 5 = 0")

    assert aidbt(shop, "run", "--fail-on", gate, "--no-alerts").exit_code == code


def test_programs_get_the_same(shop: Shop):
    fill(shop, f"not ({YESTERDAY}) or n % 5 = 0")

    told = json.loads(aidbt(shop, "run", "--output", "json").stdout)

    assert (told["incidents"][0]["what"], told["incidents"][0]["incident"]["id"]) == ("opened", "INC-1")
    rows = next(a for a in told["anomalies"] if a["monitor"]["metric"] == "row_count")
    assert (rows["value"], rows["detector"]) == (20, "statistical")
    assert told["bounds"]["rows"] > 0
    assert told["collected"]["buckets"] == 60


def test_a_dry_run_tells_and_keeps_nothing(shop: Shop):
    fill(shop, f"not ({YESTERDAY}) or n % 5 = 0")
    assert aidbt(shop, "collect").exit_code == 0

    tried = aidbt(shop, "check", "--dry-run", "--fail-on", "warn")

    assert (tried.exit_code, "orders: 20 rows on" in tried.output) == (1, True), tried.output
    assert aidbt(shop, "check", "--fail-on", "warn").exit_code == 1


def test_while_the_warehouse_is_in_use_all_but_the_bounds_is_done(shop: Shop):
    fill(shop, f"not ({YESTERDAY}) or n % 5 = 0")
    assert aidbt(shop, "collect").exit_code == 0

    with held_by_another_process(shop.database):
        done = aidbt(shop, "check", "--fail-on", "warn")

    assert done.exit_code == 1
    assert "INC-1 opened" in done.output
    assert "the bounds that data tests compare with were not written" in done.output


def test_nothing_measured_is_nothing_to_check(shop: Shop):
    done = aidbt(shop, "check")

    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "nothing to check: nothing was measured yet", "next: aidbt monitor collect"
    ]  # fmt: skip


def test_a_project_that_was_never_built_says_what_to_do(tmp_path: Path):
    done = aidbt(new_shop(tmp_path / "shop"), "run")

    assert done.exception is not None
    assert "dbt" in str(done.exception)


def test_with_a_target_the_manifest_of_its_last_run_is_taken_and_no_other(shop: Shop):
    profiles = (shop.root / "profiles.yml").read_text()
    other = '    other: {type: duckdb, path: "{{ flags.PROFILES_DIR }}/shop.duckdb", schema: other}\n'
    (shop.root / "profiles.yml").write_text(profiles + other)
    try:
        assert aidbt(shop, "run", "--target", "dev").exit_code == 0

        refused = aidbt(shop, "run", "--target", "other")
    finally:
        (shop.root / "profiles.yml").write_text(profiles)

    assert isinstance(refused.exception, ArtifactError)
    assert "its models stand in main, those of this one in other" in refused.exception.message


def test_a_channel_that_could_tell_nobody_is_said_before_there_is_something_to_tell(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("TEAM_URL", raising=False)
    shop.write({"aidbt.yml": "alerts:\n  channels: {team: {kind: slack, url_env: TEAM_URL}}\n"})
    try:
        done = aidbt(shop, "run")
    finally:
        (shop.root / "aidbt.yml").unlink()
    assert done.exit_code == 0, done.output
    assert "alerts.channels.team: nobody can be told: the variable TEAM_URL is not set" in done.stdout


@pytest.mark.long
def test_what_is_badly_wrong_is_a_cause_that_goes_to_a_person_in_the_same_incident(shop: Shop):
    aidbt(shop, "run")
    fill(shop, f"not ({YESTERDAY}) or n < 2")
    assert aidbt(shop, "run").exit_code == 1
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root), "--output", "json"]

    ran = CliRunner().invoke(cli, ["heal", "run", "--from", "monitors", *where])
    assert ran.exit_code == 1, (ran.output, ran.exception)
    (cause,) = json.loads(ran.stdout)["causes"]
    assert (cause["diagnosis"]["error_class"], cause["attempt"]["state"]) == (
        "DATA_QUALITY/VOLUME",
        "waiting",
    )
    listed = CliRunner().invoke(cli, ["incidents", "list", *where])
    (incident,) = json.loads(listed.stdout)["incidents"]
    assert incident["id"] == cause["attempt"]["incident"] == "INC-1"
