"""Causes that show only where the mend of another one is built aside, and rows taken before a mend."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from aidbt.cli.main import cli
from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Diagnosis, Mend, Stage
from aidbt.core.patch import FileEdit, Patch
from aidbt.healing.controller.behind import is_mended
from aidbt.healing.controller.gate import Allowed, Gate
from aidbt.healing.controller.together import Joint, Planned
from tests.dbt_shop import DBT, Shop, new_shop

CAUSE = Diagnosis("renamed", ErrorClass.COLUMN_RENAMED, 0.97, Stage.NODE, "source.shop.crm.people")
MEND = Mend("rename", "Rename", Patch((FileEdit("stg.sql", "", "select 1"),)))
FILES = {
    "models/sources.yml": "sources: [{name: crm, schema: crm, tables: [{name: orders}, {name: people}]}]\n",
    "models/stg_orders.sql": "select id, person, ordered_at, amount from {{ source('crm', 'orders') }}\n",
    "models/stg_people.sql": "select id, email from {{ source('crm', 'people') }}\n",
    "models/orders.sql": "{{ config(materialized='table') }}\nselect * from {{ ref('stg_orders') }}\n",
    "models/people.sql": "{{ config(materialized='table') }}\nselect * from {{ ref('stg_people') }}\n",
    "models/daily.sql": "{{ config(materialized='incremental', unique_key='day') }}\n"
    "select ordered_at::date as day, count(*) as orders, sum(amount) as amount from {{ ref('orders') }}\n"
    "{% if is_incremental() %}where ordered_at::date >= (select max(day) from {{ this }}){% endif %}\n"
    "group by 1\n",
    "models/kept.sql": "{{ config(materialized='incremental', unique_key='id', enabled=false) }}\n"
    "select id, amount from {{ ref('orders') }}\n"
    "{% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}\n",
    "models/models.yml": "models:\n- name: orders\n  columns: [{name: id, data_tests: [unique, not_null]},"
    " {name: person, data_tests: [not_null]}]\n",
    ".gitignore": "target/\nlogs/\n*.duckdb*\n.aidbt/\n.user.yml\n",
    "aidbt.yml": "heal: {deployed_branch: main, quarantine: allowed,"
    " classes: {CODE: auto, SCHEMA_DRIFT: auto, DATA_QUALITY: auto}}\n",
}
ORDERS = (
    "create schema crm; create table crm.orders as select i as id, i % 40 as person,"
    " timestamp '2026-03-01' + to_hours(i * 4) as ordered_at, (1.5 * i)::decimal(9, 2) as amount"
    " from range(300) as r(i); create table crm.people as select i as id, 'p' || i || '@x.org' as email"
    " from range(40) as r(i)"
)
TONIGHT = (
    "insert into crm.orders select i, {person}, timestamp '2026-03-01' + to_hours(i * 4), 1.5 * i"
    " from range({first}, {end}) as r(i)"
)


def git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=ana", "-c", "user.email=ana@example.com")
    subprocess.run(["git", *who, *words], cwd=root, capture_output=True, check=True)


def aidbt(shop: Shop, *words: str) -> dict[str, Any]:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root), "--output", "json"]
    ran = CliRunner().invoke(cli, [*words, *where])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.output
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def rows(shop: Shop, statement: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(shop.database)) as database:
        return database.execute(statement).fetchall()


def healthy(tmp_path: Path, files: dict[str, str] | None = None) -> Shop:
    shop = new_shop(tmp_path / "shop", FILES | (files or {}))
    rows(shop, ORDERS)
    git(shop.root, "init", "-q", "-b", "main")
    git(shop.root, "add", ".")
    git(shop.root, "commit", "-q", "-m", "first")
    assert aidbt(shop, "build", "--no-monitor")["good_state"]["number"] == 1
    return shop


def plan(cause: Diagnosis, mend: Mend | None, allowed: Allowed = Allowed.PROMOTE) -> Planned:
    return Planned(cause, mend, (), Gate(allowed))


FIRST = plan(replace(CAUSE, key="first"), replace(MEND, patch=Patch((FileEdit("mart.sql", "", "select 2"),))))
SET_ASIDE = replace(FIRST, mend=replace(FIRST.mend, rows_moved={"crm.people": 3}))  # type: ignore[type-var]
ORPHANS = replace(CAUSE, error_class=ErrorClass.REFERENTIAL_INTEGRITY)
AT_A_MODEL = replace(CAUSE, root="model.shop.stg")


@pytest.mark.parametrize(
    ("planned", "first", "is_right"),
    [
        (plan(CAUSE, MEND), FIRST, True),
        (plan(CAUSE, MEND, Allowed.PROPOSE), FIRST, False),
        (plan(CAUSE, None, Allowed.HAND_OVER), FIRST, False),
        (plan(CAUSE, MEND), plan(FIRST.diagnosis, MEND), False),  # in the same file
        (plan(AT_A_MODEL, MEND), FIRST, False),
        (plan(AT_A_MODEL, replace(MEND, restores=True)), FIRST, True),
        (plan(ORPHANS, MEND), FIRST, True),
        (plan(ORPHANS, MEND), SET_ASIDE, False),  # the rows that are set aside may be their parents
    ],
)
def test_what_is_behind_a_cause_needs_a_sure_mend_of_its_own(
    planned: Planned, first: Planned, is_right: bool
):
    before = Joint((first,))

    assert is_mended(Joint((first, planned)), (planned.diagnosis,), before) is is_right
    assert not is_mended(before, (), before)


@pytest.mark.long
def test_a_renamed_column_behind_a_typo_is_mended_with_it(tmp_path: Path):
    shop = healthy(tmp_path)
    rows(shop, "alter table crm.people rename email to email_address")
    shop.write({"models/orders.sql": FILES["models/orders.sql"].replace("stg_orders", "stg_ordres")})
    git(shop.root, "commit", "-qam", "Show orders otherwise")
    assert aidbt(shop, "build", "--no-monitor")["status"] == "error"

    healed = aidbt(shop, "heal", "run")["causes"]

    assert [one["attempt"]["state"] for one in healed] == ["promoted", "promoted"], healed
    assert [one["attempt"]["error_class"] for one in healed] == [
        "CODE/COMPILATION",
        "SCHEMA_DRIFT/COLUMN_RENAMED",
    ]
    assert rows(shop, "select count(*), max(email) from people") == [(40, "p9@x.org")]


@pytest.mark.long
def test_two_typos_of_which_dbt_names_one_after_the_other_are_mended(tmp_path: Path):
    shop = healthy(tmp_path)
    for name in ("orders", "people"):
        path = f"models/{name}.sql"
        shop.write({path: FILES[path].replace(f"stg_{name}", f"stg_{name}s")})
    git(shop.root, "commit", "-qam", "Two models at once")
    assert aidbt(shop, "build", "--no-monitor")["status"] == "error"

    healed = aidbt(shop, "heal", "run")["causes"]

    assert {one["attempt"]["state"] for one in healed} == {"promoted"}, healed
    assert {(shop.root / f"models/{name}.sql").read_text() for name in ("orders", "people")} == {
        FILES["models/orders.sql"], FILES["models/people.sql"],
    }  # fmt: skip


@pytest.mark.long
def test_rows_that_an_incremental_model_took_are_a_persons_unless_it_reads_their_day_again(tmp_path: Path):
    """`daily` reads the newest day again; `kept` has the bad rows for ever."""
    for place, (flag, state) in enumerate({"false": "promoted", "true": "waiting"}.items()):
        kept = FILES["models/kept.sql"].replace("enabled=false", f"enabled={flag}")
        shop = healthy(tmp_path / str(place), {"models/kept.sql": kept})
        rows(shop, TONIGHT.format(person="i % 40", first=300, end=327))
        rows(shop, TONIGHT.format(person="null", first=327, end=330))
        run = [str(DBT), "run", "--profiles-dir", "."]
        subprocess.run(run, cwd=shop.root, check=True, capture_output=True)
        before = rows(shop, "select * from daily order by day")
        assert aidbt(shop, "build", "-s", "resource_type:test", "--no-monitor")["status"] != "success"

        (cause,) = aidbt(shop, "heal", "run")["causes"]

        assert cause["attempt"]["state"] == state, cause["attempt"]["why"]
        if state == "waiting":
            assert "kept keeps rows, and took some of before the mend" in cause["attempt"]["why"]
            assert rows(shop, "select * from daily order by day") == before
        else:
            wanted = "select ordered_at::date, count(*) from crm.orders where person is not null group by 1"
            assert rows(shop, "select day, orders from daily order by 1") == sorted(rows(shop, wanted))


@pytest.mark.long
def test_a_run_that_failed_and_the_green_tests_after_it_are_mended_as_one(tmp_path: Path):
    """Only what the run left undone is built; the tests alone would be green over the tables of yesterday."""
    snap = "{% snapshot snap %}{{ config(unique_key='id', strategy='check', check_cols='all') }}\n"
    snap += "select * from {{ ref('people') }}\n{% endsnapshot %}\n"
    shop = healthy(tmp_path, {"snapshots/snap.sql": snap})
    rows(shop, "alter table crm.people rename email to email_address; delete from crm.people where id > 36")
    events = ("--log-format-file", "json", "--profiles-dir", ".")
    assert subprocess.run([str(DBT), "run", *events], cwd=shop.root, capture_output=True).returncode == 1
    assert subprocess.run([str(DBT), "test", *events], cwd=shop.root, capture_output=True).returncode == 0
    built = rows(shop, "select * from daily")
    rows(shop, "create or replace table orders as select 1 as not_built_again")

    healed = aidbt(shop, "heal", "run", "--artifacts", str(shop.root / "target"))["causes"]

    assert [one["attempt"]["state"] for one in healed] == ["promoted"], healed[0]["attempt"]["why"]
    assert rows(shop, "select count(*), count(email) from people") == [(37, 37)]
    assert rows(shop, "select * from orders") == [(1,)] and rows(shop, "select * from daily") == built
