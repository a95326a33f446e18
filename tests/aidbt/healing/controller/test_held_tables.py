"""`heal.hold`: after a failed build readers have the tables of before, and a mend builds all of it anew."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from aidbt.cli.main import cli
from tests.dbt_shop import Shop, new_shop

pytestmark = pytest.mark.long

FILES = {
    "models/sources.yml": "sources: [{name: crm, schema: crm, tables: [{name: orders}]}]\n",
    "models/stg_orders.sql": "select id, amount from {{ source('crm', 'orders') }}\n",
    "models/orders.sql": "{{ config(materialized='table') }}\nselect * from {{ ref('stg_orders') }}\n",
    "models/totals.sql": "{{ config(materialized='table') }}\n"
    "select count(*) as orders, sum(amount) as amount from {{ ref('orders') }}\n",
    "models/history.sql": "{{ config(materialized='incremental', unique_key='id') }}\n"
    "select id, amount from {{ ref('orders') }}\n"
    "{% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}\n",
    "models/last.sql": "{{ config(materialized='table') }}\nselect max(id) as id from {{ ref('history') }}\n",
    "models/models.yml": "models:\n- name: totals\n  columns: [{name: amount, data_tests: [not_null]}]\n",
    ".gitignore": "target/\nlogs/\n*.duckdb*\n.aidbt/\n.user.yml\n",
    "aidbt.yml": "heal: {hold: true, deployed_branch: main, classes: {CODE: auto}}\n",
}
MISTYPED = "{{ config(materialized='table') }}\nselect mx(id) as id, 1 as more from {{ ref('history') }}\n"


def sql(shop: Shop, text: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(shop.database)) as database:
        return database.execute(text).fetchall()


def git(shop: Shop, *words: str) -> None:
    who = ("-c", "user.name=ana", "-c", "user.email=ana@example.com")
    subprocess.run(["git", *who, *words], cwd=shop.root, capture_output=True, check=True)


def aidbt(shop: Shop, *words: str) -> dict[str, Any]:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root), "--output", "json"]
    ran = CliRunner().invoke(cli, [*words, *where])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_readers_have_the_last_good_tables_until_a_mend_builds_them_anew(tmp_path: Path):
    shop = new_shop(tmp_path / "shop", FILES)
    sql(
        shop,
        "create schema crm; create table crm.orders as select i as id, 2 * i as amount from range(9) r(i)",
    )
    git(shop, "init", "-q", "-b", "main")
    git(shop, "add", ".")
    git(shop, "commit", "-q", "-m", "first")
    first = aidbt(shop, "build", "--no-monitor")
    assert first["holding"] == {"is_held": False, "problem": "there is no last good state yet", "left": []}
    sql(shop, "insert into crm.orders select i, 2 * i from range(9, 12) r(i)")
    # dbt builds all but the last one, whose SQL is refused.
    shop.write({"models/last.sql": MISTYPED})
    git(shop, "commit", "-qam", "Show more")

    failed = aidbt(shop, "build", "--no-monitor")

    assert failed["holding"] == {"is_held": True, "problem": "", "left": ["history"]}
    assert sql(shop, "select orders, amount from totals") == [(9, 72)]
    assert sql(shop, "select count(*) from history") == [(12,)]  # what grows is not taken out again
    (cause,) = aidbt(shop, "heal", "run")["causes"]
    assert cause["attempt"]["state"] == "promoted", cause
    assert sql(shop, "select orders, amount from totals") == [(12, 132)]
    assert sql(shop, "select * from last") == [(11, 1)]
    assert sql(shop, "select count(*) from history") == [(12,)]
    assert aidbt(shop, "build", "--no-monitor")["holding"] == {"is_held": False, "problem": "", "left": []}
    assert not list((shop.root / ".aidbt/heal/kept").glob("build*"))


def test_a_command_that_ends_by_an_error_after_the_run_holds_as_well(tmp_path: Path):
    shop = new_shop(tmp_path / "shop", FILES)
    sql(shop, "create schema crm; create table crm.orders as select i as id, i as amount from range(9) r(i)")
    git(shop, "init", "-q", "-b", "main")
    git(shop, "add", ".")
    git(shop, "commit", "-q", "-m", "first")
    aidbt(shop, "build", "--no-monitor")
    sql(shop, "insert into crm.orders values (9, 9)")
    shop.write({"models/last.sql": MISTYPED, "aidbt/mappings/crm__orders.yml": "columns: [\n"})
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]

    ran = CliRunner().invoke(cli, ["build", "--no-monitor", *where])

    assert "mappings/crm__orders.yml" in str(ran.exception)
    assert sql(shop, "select orders from totals") == [(9,)]
