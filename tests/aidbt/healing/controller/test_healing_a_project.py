"""Real faults in a real dbt project on DuckDB, mended by the command; git and the tables are looked at."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from aidbt.cli.main import cli
from aidbt.core.errors import UsageError
from aidbt.store import open_store
from aidbt.store.audit import Audit, broken
from aidbt.store.cases import Cases
from aidbt.store.good_states import GoodStates
from tests.dbt_shop import DBT, DBT_PROJECT, Shop, held_by_another_process, new_shop

FILES = {
    "models/sources.yml": "sources:\n- name: crm\n  schema: crm\n  tables: [{name: orders}]\n",
    "models/stg_orders.sql": "select id, amount from {{ source('crm', 'orders') }}\n",
    "models/orders.sql": "{{ config(materialized='table') }}\nselect id from {{ ref('stg_orders') }}\n",
    "models/models.yml": "models:\n- name: orders\n  columns: [{name: id, data_tests: [unique, not_null]}]\n",
    # What real projects have: a naming rule of their own, hooks that write elsewhere, tables that keep rows.
    "macros/names.sql": "{% macro generate_schema_name(custom_schema_name, node) -%}\n"
    "    {{ custom_schema_name or target.schema }}\n{%- endmacro %}\n",
    "dbt_project.yml": DBT_PROJECT
    + """on-run-end:
  - "insert into crm.runs select 1"
  - "{% if execute and run_query('select count(*) from crm.trouble')[0][0] %}broken{% endif %}"
""",
    "models/history.sql": "{{ config(materialized='incremental', unique_key='id', schema='marts',"
    " post_hook='insert into crm.hooks select 1') }}\nselect id from {{ ref('orders') }}\n"
    "{% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}\n",
    "snapshots/snap_orders.sql": "{% snapshot snap_orders %}\n{{ config(target_schema='snapshots',"
    " unique_key='id', strategy='check', check_cols='all') }}\nselect * from {{ ref('orders') }}\n"
    "{% endsnapshot %}\n",
    ".gitignore": "target/\nlogs/\n*.duckdb*\n.aidbt/\n.user.yml\n",
    "aidbt.yml": "heal: {deployed_branch: main, classes: {TRANSIENT: auto, CODE/COMPILATION: auto}}\n",
}
# A typo beside a change that was wanted.
TYPO = "{{ config(materialized='table') }}\nselect id, 2 * amount as twice from {{ ref('stg_ordres') }}\n"
RIGHT = TYPO.replace("ordres", "orders")


def git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=ana", "-c", "user.email=ana@example.com", *words],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def aidbt(shop: Shop, *words: str) -> dict[str, Any]:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root), "--output", "json"]
    ran = CliRunner().invoke(cli, [*words, *where])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.output
    found: dict[str, Any] = json.loads(ran.stdout)
    return found | {"exit_code": ran.exit_code}


def healed(shop: Shop) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the attempt of the only cause, that cause's whole answer) of `aidbt heal run`."""
    (cause,) = aidbt(shop, "heal", "run")["causes"]
    return cause["attempt"], cause


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project that was committed, and built once by `aidbt build`, which keeps the good state."""
    shop = new_shop(tmp_path_factory.mktemp("healthy") / "shop", FILES)
    with duckdb.connect(str(shop.database)) as database:
        database.execute("create schema crm")
        database.execute(
            "create table crm.orders as select range as id, 1.5 * range as amount from range(90);"
            "create table crm.runs (n integer); create table crm.hooks (n integer);"
            "create table crm.trouble (n integer)"
        )
    git(shop.root, "init", "-q", "-b", "main")
    git(shop.root, "add", ".")
    git(shop.root, "commit", "-q", "-m", "first")
    assert aidbt(shop, "build", "--no-monitor")["good_state"]["number"] == 1
    with duckdb.connect(str(shop.database)) as database:
        database.execute("delete from crm.orders where id < 8; delete from crm.runs; delete from crm.hooks")
    yield shop.root


@pytest.fixture
def shop(healthy: Path, tmp_path: Path) -> Shop:
    shutil.copytree(healthy, tmp_path / "shop", symlinks=True)
    return Shop(tmp_path / "shop")


@pytest.fixture
def mistyped(shop: Shop) -> Shop:
    """A commit with a typo was deployed, and its build failed."""
    shop.write({"models/orders.sql": TYPO})
    git(shop.root, "commit", "-qam", "Show twice the amount")
    assert aidbt(shop, "build", "--no-monitor")["status"] == "error"
    return shop


def rows(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(shop.database)) as database:
        return database.execute(query).fetchall()


@pytest.mark.long
def test_a_typo_in_a_commit_is_mended_on_the_deployed_branch_and_the_wanted_change_kept(mistyped: Shop):
    bad = git(mistyped.root, "rev-parse", "HEAD")

    attempt, _ = healed(mistyped)

    assert (attempt["state"], attempt["base"]) == ("promoted", bad), attempt["why"]
    assert (mistyped.root / "models/orders.sql").read_text() == RIGHT
    assert git(mistyped.root, "rev-parse", "HEAD") == attempt["commit"]
    assert git(mistyped.root, "diff", "--stat", "--format=", bad, "HEAD").endswith(
        "1 insertion(+), 1 deletion(-)"
    )
    assert git(mistyped.root, "status", "--porcelain") == ""
    assert rows(mistyped, "select count(*), sum(twice) from orders") == [(82, 11931)]
    assert rows(mistyped, "select count(*) from marts.history") == [(90,)]  # what the source purged is kept
    assert rows(mistyped, "select count(distinct id) from snapshots.snap_orders") == [(90,)]
    ran = "select (select count(*) from crm.runs), (select count(*) from crm.hooks)"
    assert rows(mistyped, ran) == [(1, 1)]  # the hooks ran in production only, once
    assert rows(mistyped, "select distinct schema_name from duckdb_tables() order by 1") == [
        ("crm",), ("main",), ("marts",), ("snapshots",),
    ]  # fmt: skip
    with_store = open_store(mistyped.root / ".aidbt" / "state.db")
    assert broken(Audit(with_store).entries()) == ""


@pytest.mark.long
def test_a_mistyped_column_is_mended_and_only_what_failed_runs_again(shop: Shop):
    sql = "{{ config(materialized='table') }}\nselect id, 2 * amuont as twice from {{ ref('stg_orders') }}\n"
    shop.write(
        {"models/orders.sql": sql, "aidbt.yml": FILES["aidbt.yml"].replace("CODE/COMPILATION", "CODE")}
    )
    git(shop.root, "commit", "-qam", "Show twice the amount")
    assert aidbt(shop, "build", "--no-monitor")["status"] == "failed"

    attempt, cause = healed(shop)

    assert attempt["state"] == "promoted", cause
    assert (shop.root / "models/orders.sql").read_text() == sql.replace("amuont", "amount")
    ran = json.loads((shop.root / "target" / "run_results.json").read_text())["results"]
    assert "model.shop.stg_orders" not in [result["unique_id"] for result in ran]
    assert rows(shop, "select sum(twice) from orders") == [(11931,)]


@pytest.mark.long
def test_a_typo_beside_a_halved_source_is_proposed_and_the_source_is_a_persons(mistyped: Shop):
    rows(mistyped, "delete from crm.orders where id % 2 = 0")
    before, bad = _tables(mistyped), git(mistyped.root, "rev-parse", "HEAD")

    typo, halved = aidbt(mistyped, "heal", "run")["causes"]

    assert (typo["attempt"]["state"], halved["attempt"]["state"]) == ("proposed", "waiting")
    assert "crm.orders has 54% fewer rows" in typo["reasons"][0]
    assert halved["attempt"]["error_class"] == "DATA_QUALITY/VOLUME"
    assert (git(mistyped.root, "rev-parse", "HEAD"), _tables(mistyped)) == (bad, before)


@pytest.mark.long
def test_a_run_that_is_not_green_leaves_commit_and_tables_as_they_were(mistyped: Shop):
    before, bad = _tables(mistyped), git(mistyped.root, "rev-parse", "HEAD^{tree}")
    rows(mistyped, "insert into crm.trouble values (1)")  # seen by a hook of the run, and not aside

    attempt, _ = healed(mistyped)

    assert attempt["state"] == "waiting"
    assert "taken back, since its run failed" in attempt["why"]
    assert git(mistyped.root, "rev-parse", "HEAD^{tree}") == bad
    assert _tables(mistyped) == before


@pytest.mark.long
def test_a_person_takes_a_mend_back_with_its_tables_while_nobody_has_built_since(mistyped: Shop):
    before, bad = _tables(mistyped), git(mistyped.root, "rev-parse", "HEAD^{tree}")
    healed(mistyped)
    assert _tables(mistyped) != before

    taken = aidbt(mistyped, "heal", "undo", "HEAL-1", "--why", "it was meant so")["taken_back"]

    assert [one["state"] for one in taken] == ["waiting"]
    (open_again,) = aidbt(mistyped, "incidents", "list")["incidents"]
    shown = aidbt(mistyped, "incidents", "show", open_again["id"])
    assert [event["what"] for event in shown["timeline"]][-1] == "handed over"
    assert git(mistyped.root, "rev-parse", "HEAD^{tree}") == bad
    assert _tables(mistyped) == before
    # What was taken back is no good state any more: it would be put back as what stood there before.
    assert len(GoodStates(open_store(mistyped.root / ".aidbt/state.db")).all()) == 1
    aidbt(mistyped, "build", "--no-monitor")
    assert healed(mistyped)[0]["state"] == "waiting"


@pytest.mark.long
def test_a_project_file_that_cannot_be_read_is_mended_by_the_build_and_again_where_that_was_taken_out(
    shop: Shop,
):
    """dbt writes nothing then but what it says, and what lies in its folders is of the run before."""
    project = (shop.root / "dbt_project.yml").read_text()
    shop.write({"dbt_project.yml": project.replace("on-run-end:", "on-run-end")})
    git(shop.root, "commit", "-qam", "Mistyped")
    bad = git(shop.root, "rev-parse", "HEAD")

    first = aidbt(shop, "build", "--heal", "--no-monitor")
    mended = (shop.root / "dbt_project.yml").read_text()
    git(shop.root, "reset", "-q", "--hard", bad)
    second = aidbt(shop, "build", "--heal", "--no-monitor")

    for done, id in ((first, "HEAL-1"), (second, "HEAL-2")):
        (cause,) = done["healing"]["causes"]
        assert (done["exit_code"], cause["attempt"]["id"], cause["attempt"]["state"]) == (0, id, "promoted")
    assert mended == project == (shop.root / "dbt_project.yml").read_text()


def _tables(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    tables = ("orders", "marts.history", "snapshots.snap_orders")
    return {name: rows(shop, f"select * from {name} order by all") for name in tables}


@pytest.mark.long
def test_a_green_build_ends_what_was_mended(mistyped: Shop):
    healed(mistyped)

    assert aidbt(mistyped, "build", "--no-monitor")["healing"]["over"] == ["HEAL-1"]
    assert aidbt(mistyped, "heal", "status")["attempts"] == []


@pytest.mark.long
def test_without_a_deployed_branch_it_is_proposed_once_and_the_checkout_stays(mistyped: Shop):
    mistyped.write({"aidbt.yml": "heal: {classes: {CODE: auto}}\n"})
    git(mistyped.root, "commit", "-qam", "settings")
    bad = git(mistyped.root, "rev-parse", "HEAD")

    first, cause = healed(mistyped)
    second, _ = healed(mistyped)

    assert first["state"] == "proposed" and second == first
    assert cause["reasons"] == ["nobody declared which branch is deployed (heal.deployed_branch)"]
    assert git(mistyped.root, "rev-parse", "HEAD") == bad
    assert git(mistyped.root, "show", f"{first['branch']}:models/orders.sql") == RIGHT.strip()
    assert "+select id, 2 * amount as twice" in (mistyped.root / ".aidbt/heal/HEAL-1.md").read_text()


@pytest.mark.long
@pytest.mark.parametrize("command", [("heal", "run"), ("observe",)])
def test_a_merged_proposal_is_over_once_a_run_made_by_dbt_itself_is_green(
    mistyped: Shop, command: tuple[str, ...]
):
    mistyped.write({"aidbt.yml": "heal: {classes: {CODE: auto}}\n"})
    git(mistyped.root, "commit", "-qam", "settings")
    attempt, _ = healed(mistyped)
    (mistyped.root / "target" / "run_results.json").unlink()

    git(mistyped.root, "merge", "-q", attempt["branch"])
    subprocess.run(
        [DBT, "--log-format-file", "json", "build", "--profiles-dir", "."], cwd=mistyped.root, check=True
    )
    said = aidbt(mistyped, *command)

    assert attempt["state"] == "proposed"
    assert any(line.startswith("HEAL-1") for line in said["over"])
    assert aidbt(mistyped, "heal", "status")["attempts"] == []
    (case,) = Cases(open_store(mistyped.root / ".aidbt/state.db"), "ana").all()
    assert (case.outcome, str(case.error_class)) == ("right", "CODE/COMPILATION")


def _dirty(shop: Shop) -> None:
    shop.write({"models/stg_orders.sql": "select id, amount from {{ source('crm', 'orders') }} -- mine\n"})


def _detached(shop: Shop) -> None:
    git(shop.root, "checkout", "-q", "--detach")


def _unknown_to_git(shop: Shop) -> None:
    shop.write({"models/wip.sql": "select 1 as id\n"})


def _off(shop: Shop) -> None:
    shop.write({"aidbt.yml": "heal: {deployed_branch: main, classes: {CODE: never}}\n"})
    git(shop.root, "commit", "-qam", "never")


@pytest.mark.long
@pytest.mark.parametrize(
    ("trouble", "why"),
    [(_dirty, "not committed"), (_unknown_to_git, "not committed"), (_detached, "detached"), (_off, "never")],
)
def test_what_people_said_or_left_open_is_not_touched(
    mistyped: Shop, trouble: Callable[[Shop], None], why: str
):
    trouble(mistyped)
    before = git(mistyped.root, "rev-parse", "HEAD"), git(mistyped.root, "status", "--porcelain")

    attempt, _ = healed(mistyped)

    assert attempt["state"] == "waiting"
    assert why in attempt["why"]
    assert (git(mistyped.root, "rev-parse", "HEAD"), git(mistyped.root, "status", "--porcelain")) == before
    assert (mistyped.root / "models/orders.sql").read_text() == TYPO


@pytest.mark.long
def test_a_run_that_is_over_is_nobodys_trouble_any_more(mistyped: Shop):
    left = mistyped.root.parent / "left"
    shutil.copytree(mistyped.root / "target", left)
    shutil.copy(mistyped.root / "logs" / "dbt.log", left)
    healed(mistyped)
    aidbt(mistyped, "build", "--no-monitor")
    where = ["--project-dir", str(mistyped.root), "--profiles-dir", str(mistyped.root)]

    again = CliRunner().invoke(cli, ["heal", "run", "--artifacts", str(left), *where])
    aidbt(mistyped, "observe", str(left))

    assert isinstance(again.exception, UsageError)
    assert "was mended by HEAL-1, and is over" in again.exception.message
    assert aidbt(mistyped, "incidents", "list")["incidents"] == []


@pytest.mark.long
def test_a_mend_whose_tests_fail_aside_is_not_applied(mistyped: Shop):
    with duckdb.connect(str(mistyped.database)) as database:
        database.execute("insert into crm.orders values (50, 1.5)")  # a repeated key came in meanwhile
    bad = git(mistyped.root, "rev-parse", "HEAD")

    attempt, _ = healed(mistyped)

    assert attempt["state"] == "waiting"
    assert "its build failed" in attempt["why"]
    assert git(mistyped.root, "rev-parse", "HEAD") == bad


@pytest.mark.long
def test_a_lock_is_waited_out_and_what_failed_runs_again(shop: Shop):
    with held_by_another_process(shop.database):
        failed = subprocess.run(
            [str(DBT), "build", "--profiles-dir", "."],
            cwd=shop.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert failed.returncode != 0
        (shop.root / "target" / "stdout.txt").write_text(failed.stdout)
        answers: list[dict[str, Any]] = []
        worker = threading.Thread(target=lambda: answers.append(healed(shop)[0]))
        worker.start()
        worker.join(timeout=4)
        assert worker.is_alive(), answers  # it waits
    worker.join(timeout=120)

    assert answers[0]["state"] == "promoted", answers
    assert answers[0]["remedy"] == "wait_and_run_again"
    assert git(shop.root, "log", "--format=%s") == "first"
