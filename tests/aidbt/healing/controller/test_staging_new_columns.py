"""A column that came to a source whose staging is generated: a branch with it, or deployed and built."""

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
    ".gitignore": "target/\nlogs/\n*.duckdb*\n.aidbt/\n.user.yml\n",
    "models/people.sql": "{{ config(materialized='table') }}\nselect * from {{ ref('stg_crm__people') }}\n",
}
STAGING = "models/silver/crm/stg_crm__people.sql"


def sql(shop: Shop, text: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(shop.database)) as database:
        return database.execute(text).fetchall()


def git(shop: Shop, *words: str) -> str:
    who = ("-c", "user.name=ana", "-c", "user.email=ana@example.com")
    done = subprocess.run(["git", *who, *words], cwd=shop.root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def aidbt(shop: Shop, *words: str) -> tuple[int, dict[str, Any]]:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root), "--output", "json"]
    ran = CliRunner().invoke(cli, [*words, *where])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return ran.exit_code, json.loads(ran.stdout)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = new_shop(tmp_path / "shop", FILES)
    sql(made, "create schema raw_crm; create table raw_crm.people as select i as id from range(50) r(i)")
    git(made, "init", "-q", "-b", "main")
    aidbt(made, "generate")
    git(made, "add", ".")
    git(made, "commit", "-q", "-m", "first")
    assert aidbt(made, "build", "--no-monitor")[1]["good_state"]["number"] == 1
    assert aidbt(made, "heal", "run") == (0, {"causes": []})
    sql(made, "alter table raw_crm.people add column tier varchar; update raw_crm.people set tier = 'gold'")
    return made


def test_staging_with_it_is_proposed_once_and_a_merge_ends_it(shop: Shop):
    code, said = aidbt(shop, "heal", "run")

    (found,) = said["causes"]
    assert (code, found["attempt"]["state"]) == (1, "proposed")
    assert found["attempt"]["title"] == "crm.people has tier, which staging lacks"
    branch = found["attempt"]["branch"]
    assert "tier" in git(shop, "show", f"{branch}:{STAGING}")
    assert "tier" not in (shop.root / STAGING).read_text()
    assert aidbt(shop, "incidents", "list")[1]["incidents"] == []  # nothing is wrong, so nobody is disturbed
    again = aidbt(shop, "heal", "run")[1]["causes"]
    assert [one["attempt"]["branch"] for one in again] == [branch]

    git(shop, "merge", "-q", branch)
    assert aidbt(shop, "generate", "--check")[0] == 0
    assert aidbt(shop, "build", "--no-monitor")[0] == 0
    assert aidbt(shop, "heal", "run") == (0, {"causes": []})
    assert [one["state"] for one in aidbt(shop, "heal", "status", "--all")[1]["attempts"]] == ["resolved"]


def test_it_is_deployed_and_built_with_what_hangs_on_it_where_people_said_so(shop: Shop):
    shop.write({"aidbt.yml": "heal: {deployed_branch: main, classes: {SCHEMA_DRIFT/COLUMN_ADDED: auto}}\n"})
    git(shop, "add", ".")
    git(shop, "commit", "-q", "-m", "may be deployed")

    code, said = aidbt(shop, "heal", "run")

    assert (code, [one["attempt"]["state"] for one in said["causes"]]) == (0, ["promoted"])
    assert sql(shop, "select distinct tier from main.people") == [("gold",)]
    assert git(shop, "status", "--porcelain") == ""


def test_what_may_be_personal_data_is_proposed_at_most(shop: Shop):
    shop.write({"aidbt.yml": "heal: {deployed_branch: main, classes: {SCHEMA_DRIFT/COLUMN_ADDED: auto}}\n"})
    git(shop, "add", ".")
    git(shop, "commit", "-q", "-m", "may be deployed")
    sql(shop, "alter table raw_crm.people add column email varchar")
    sql(shop, "update raw_crm.people set email = 'p' || id || '@mail.example'")

    (found,) = aidbt(shop, "heal", "run")[1]["causes"]

    assert found["attempt"]["state"] == "proposed"
    assert found["reasons"] == ["crm.people.email may hold personal data"]


def test_what_a_person_wrote_there_is_kept(shop: Shop):
    path = shop.root / STAGING
    path.write_text(path.read_text().replace("id as people_id", "id + 1 as people_id"))
    git(shop, "commit", "-qam", "by hand")
    mine = path.read_text()

    aidbt(shop, "build", "--no-monitor")
    said = aidbt(shop, "heal", "run")[1]

    assert path.read_text() == mine
    (found,) = said["causes"]
    assert found["attempt"]["state"] == "waiting"
    assert found["attempt"]["why"] == f"{STAGING} was edited by hand since it was generated"
    # Nothing failed of it, so a green run does not end it, and nobody is told anew.
    assert aidbt(shop, "build", "--no-monitor")[1]["healing"]["over"] == []
    again = aidbt(shop, "heal", "run")[1]["causes"]
    assert [one["attempt"]["id"] for one in again] == [found["attempt"]["id"]]
