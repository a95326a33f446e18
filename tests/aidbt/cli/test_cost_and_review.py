"""Commands ask before they scan more than the budget, and print what a reviewer needs."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import duckdb
import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.errors import BudgetExceeded, UsageError

PROJECT = "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
PROFILES = "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: PATH, schema: analytics}\n"
RAW = """
create schema raw_crm;
create table raw_crm.users as
    select i as id, 'user' || i || '@example.com' as email, '2024-01-01 10:00:00' as created
    from range(200) r(i);
create table raw_crm.visits as select i as visit_id, i % 210 as user_id from range(500) r(i);
create table raw_crm.nothing (a int);
"""


class Shop:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        path = root / "w.duckdb"
        (root / "dbt_project.yml").write_text(PROJECT)
        (root / "profiles.yml").write_text(PROFILES.replace("PATH", str(path)))
        with duckdb.connect(str(path)) as connection:
            connection.execute(RAW)

    def aidbt(self, *arguments: str, **env: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--project-dir", str(self.root)], env=env)

    def json(self, *arguments: str, **env: str) -> Any:
        return json.loads(self.aidbt(*arguments, "--output", "json", **env).stdout)

    def git(self, *arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
        subprocess.run(["git", *who, *arguments], cwd=self.root, check=True, capture_output=True)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


SMALL = {"AIDBT_BUDGET_SCAN_BYTES": "1000"}


def test_a_dry_run_of_profile_shows_the_plan_and_scans_nothing(shop: Shop):
    plan = shop.json("profile", "--dry-run")

    assert [(t["relation"], t["row_count"], t["basis"]) for t in plan["tables"]] == [
        ("raw_crm.nothing", 0, "estimated"),
        ("raw_crm.users", 200, "estimated"),
        ("raw_crm.visits", 500, "estimated"),
    ]
    assert plan["purposes"] == ["profile", "keys"]
    assert shop.json("profile", "--dry-run") == plan  # nothing was profiled by looking
    assert "to scan 3 tables, about " in shop.aidbt("profile", "--dry-run", **SMALL).stdout


def test_only_what_changed_is_planned(shop: Shop):
    shop.aidbt("profile", "-s", "users")

    assert [t["relation"] for t in shop.json("profile", "--dry-run")["tables"]] == [
        "raw_crm.nothing",
        "raw_crm.visits",
    ]
    assert len(shop.json("profile", "--dry-run", "--refresh")["tables"]) == 3
    shop.aidbt("profile")
    assert "nothing to scan" in shop.aidbt("profile", "--dry-run").stdout


@pytest.mark.parametrize("command", ["profile", "generate"])
def test_over_the_budget_nothing_is_scanned_unless_yes(shop: Shop, command: str):
    refused = shop.aidbt(command, **SMALL)

    assert isinstance(refused.exception, BudgetExceeded)
    assert "3 tables, about" in refused.exception.message
    assert not (shop.root / "aidbt").exists()
    assert len(shop.json("profile", "--dry-run")["tables"]) == 3
    assert shop.aidbt(command, "--yes", **SMALL).exit_code == 0


def test_generating_counts_what_deciding_reads_of_tables_that_are_profiled_already(shop: Shop):
    shop.aidbt("profile")

    assert isinstance(shop.aidbt("generate", **SMALL).exception, BudgetExceeded)
    assert shop.aidbt("generate", "--yes", **SMALL).exit_code == 0
    # The empty table is looked at again, and costs nothing.
    assert shop.aidbt("generate", **SMALL).exit_code == 0


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2)])
def test_on_a_terminal_the_plan_is_shown_and_asked_about(shop: Shop, answer: str, code: int):
    parent, child = pty.openpty()
    os.write(parent, f"{answer}\n".encode())

    done = subprocess.run(
        [sys.executable, "-m", "aidbt", "profile", "--project-dir", str(shop.root)],
        stdin=child,
        stdout=subprocess.PIPE,
        stderr=child,
        env={**os.environ, **SMALL},
        timeout=60,
        check=False,
    )
    os.close(child)
    said = click.unstyle(os.read(parent, 100_000).decode())
    os.close(parent)

    assert done.returncode == code
    assert "to scan 3 tables, about" in said
    assert "raw_crm.users" in said
    assert "scan? [y/N]" in said
    assert ("nothing was scanned" in said) == (code == 2)
    assert (b"profiled" in done.stdout) == (code == 0)


def test_the_first_lines_say_what_was_staged_and_how(shop: Shop):
    ran = shop.aidbt("generate")

    assert (
        "  staged 2 new tables · 5 columns: 5 by rule · 4 tests added · 700 rows in"
        " · their tests read about 11.2 kB a build\n"
    ) in ran.stdout
    assert "staged" not in shop.aidbt("generate").stdout.replace("not staged", "")


def test_why_names_the_rule_behind_every_name_and_every_table_left_out(shop: Shop):
    ran = shop.aidbt("generate", "--dry-run", "--why")

    assert "created  → created_at  rule  timestamp: {name}_at" in ran.stdout
    assert "crm.nothing: it is empty" in ran.stdout


def test_the_figures_of_a_run_are_there_for_programs(shop: Shop):
    assert shop.json("generate", "--dry-run")["summary"] == {
        "tables_staged": ["crm.users", "crm.visits"],
        "columns": {"rule": 5, "history": 0, "person": 0, "match": 0, "question": 0},
        "tests_added": 4,
        "rows_in": 700,
        "test_bytes": 11_200,
    }


def test_the_review_text_is_all_that_is_printed(shop: Shop):
    text = shop.aidbt("generate", "--pr-body").stdout

    assert text.startswith("## aidbt stages 2 tables of `crm`\n")
    assert "`crm.users`: `created` → `created_at`: text read as `timestamp`" in text
    assert "`crm.visits.user_id`: 20 of 500 rows have no match in crm.users" in text
    assert (shop.root / "aidbt" / "mappings" / "crm__users.yml").exists()


def test_the_review_text_is_of_the_branch_however_often_it_is_generated(shop: Shop):
    shop.git("init", "-q")
    shop.git("add", "dbt_project.yml")
    shop.git("commit", "-qm", "start")
    shop.git("checkout", "-qb", "crm")
    first = shop.aidbt("generate", "-s", "users", "--pr-body").stdout
    again = shop.aidbt("generate", "-s", "users", "--pr-body").stdout
    shop.git("add", "aidbt", "models")
    shop.git("commit", "-qm", "users")
    committed = shop.aidbt("generate", "-s", "users", "--pr-body").stdout
    shop.git("checkout", "-q", "main")
    shop.git("merge", "-q", "crm")
    shop.git("checkout", "-qb", "visits")
    next_branch = shop.aidbt("generate", "--pr-body").stdout

    assert "stages 1 table" in first
    assert first == again == committed
    assert "stages 1 table" in next_branch
    assert "`created` → `created_at`" not in next_branch


def test_a_relationship_that_almost_holds_is_still_told_when_nothing_is_new(shop: Shop):
    shop.git("init", "-q")
    shop.git("add", "dbt_project.yml")
    shop.git("commit", "-qm", "start")
    shop.aidbt("generate")

    text = shop.aidbt("generate", "--pr-body").stdout

    assert "`crm.visits.user_id`: 20 of 500 rows have no match in crm.users" in text


@pytest.mark.long
def test_the_review_text_tells_the_rows_of_the_last_build(shop: Shop):
    shop.aidbt("generate")
    built = shop.aidbt("build")
    shop.git("init", "-q")
    shop.git("commit", "-qm", "start", "--allow-empty")

    text = shop.aidbt("generate", "--pr-body").stdout

    assert "rows in = rows out: 700 = 700 in 2 staging models" in built.stdout, built.output
    assert "rows in 700 = 700 rows out at the last build" in text


def test_the_review_text_goes_to_a_file_outside_of_the_models(shop: Shop, tmp_path: Path):
    where = tmp_path / "body.md"

    ran = shop.aidbt("generate", "--pr-body", str(where))

    assert where.read_text().startswith("## aidbt stages 2 tables")
    assert "found 2 tables" in ran.stdout
    inside = shop.aidbt("generate", "--pr-body", str(shop.root / "models" / "x.md"))
    assert isinstance(inside.exception, UsageError)
    assert not (shop.root / "models" / "x.md").exists()
    nowhere = shop.aidbt("generate", "--pr-body", str(tmp_path / "no" / "x.md"))
    assert "cannot be written" in str(nowhere.exception)
    assert isinstance(shop.aidbt("generate", "--check", "--pr-body").exception, UsageError)
