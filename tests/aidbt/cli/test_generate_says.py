"""What `aidbt generate` says last follows from what it did."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from aidbt.cli.main import cli

PROFILES = "shop: {target: dev, outputs: {dev: {type: duckdb, path: PATH, schema: analytics}}}\n"
USERS = "models/silver/crm/stg_crm__users.sql"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    database = tmp_path / "w.duckdb"
    (tmp_path / "dbt_project.yml").write_text("name: shop\nversion: '1.0'\nprofile: shop\n")
    (tmp_path / "profiles.yml").write_text(PROFILES.replace("PATH", str(database)))
    run_sql(tmp_path, "create schema raw_crm")
    run_sql(tmp_path, "create table raw_crm.users as select i as id, 'u' || i as login from range(99) r(i)")
    return tmp_path


def run_sql(shop: Path, text: str) -> None:
    with duckdb.connect(str(shop / "w.duckdb")) as connection:
        connection.execute(text)


def generate(shop: Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["generate", "--project-dir", str(shop)])
    return result.exit_code, result.stdout.splitlines()[-1]


def test_what_was_written_is_to_be_read_and_built_and_then_there_is_nothing_to_do(shop: Path):
    assert generate(shop) == (0, "next: git diff, then aidbt build")
    assert generate(shop) == (0, "nothing to do: the files are up to date")


def test_a_proposal_is_to_be_taken_over(shop: Path):
    generate(shop)
    (shop / USERS).write_text("select 1 as mine\n")
    run_sql(shop, "alter table raw_crm.users add column mail varchar")
    (shop / ".aidbt" / "state.db").unlink()

    code, last = generate(shop)

    assert code == 1
    assert last.startswith("next: take over what you want of .aidbt/proposals")


def test_an_error_is_to_be_settled_first(shop: Path):
    generate(shop)
    run_sql(shop, "alter table raw_crm.users rename column login to name")

    assert generate(shop) == (1, "next: settle what is marked as an error, then aidbt generate")
