"""A guest in somebody's project: adopted from its files, extended without a scratch, built by a real dbt."""

from __future__ import annotations

import difflib
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.adopted import COMPLETE, Adopted, adopt, expected_files
from tests.end_to_end.conftest import Ran, User

NEW_SOURCE = {"leading_commas": "source:freightcom", "dbt_labs_style": "source:loyalty"}
# What a person's texts say about a table cannot be learned; the SQL can.
ALIKE = 0.93
# Asked for, because it would cost money to guess: the lead divides it by 100.
ASKED = "customs_amount"


def in_long_form(*long: str) -> list[Any]:
    """The complete projects; of these, those named run in the long form of the suite."""
    return [pytest.param(name, marks=[pytest.mark.long] if name in long else []) for name in COMPLETE]


@pytest.fixture
def team(tmp_path: Path):
    """Somebody's project and a user in it."""

    def of(name: str) -> tuple[Adopted, User]:
        project = adopt(name, tmp_path / "theirs")
        return project, User(project.root)

    return of


@pytest.fixture(scope="module")
def _initialised(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Somebody's project after `init`, to be copied."""

    @cache
    def of(name: str) -> Path:
        project = adopt(name, tmp_path_factory.mktemp(name) / "theirs")
        ok(User(project.root).aidbt("init"))
        return project.root

    return of


@pytest.fixture
def guest(tmp_path: Path, _initialised: Callable[[str], Path]) -> Callable[[str], tuple[Adopted, User]]:
    """Somebody's project and a user who has run `init` in it."""

    def of(name: str) -> tuple[Adopted, User]:
        project = Adopted(name, shutil.copytree(_initialised(name), tmp_path / "theirs"))
        return project, User(project.root)

    return of


def ok(ran: Ran) -> Ran:
    assert ran.code == 0, ran.out + ran.err
    return ran


def dbt(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        [Path(sys.executable).parent / "dbt", "--warn-error", *arguments, "--no-use-colors"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.mark.parametrize("name", COMPLETE)
def test_init_writes_its_settings_and_nothing_else(team, name):
    project, user = team(name)
    (project.root / "warehouse.duckdb").rename(project.root.parent / "away.duckdb")  # it must not be asked

    ran = ok(user.aidbt("init"))

    assert project.changed() == {"aidbt.yml": "??"}
    assert 8 <= len(ran.out.splitlines()) <= 14, ran.out


@pytest.mark.long
@pytest.mark.parametrize("name", in_long_form("leading_commas"))
def test_a_new_source_reads_like_the_teams_own_work_and_builds(guest, name):
    project, user = guest(name)

    ok(user.aidbt("generate", "-s", NEW_SOURCE[name]))

    assert project.removed_lines() == []
    changed = project.changed()
    assert set(changed.values()) == {"??"}, "a new source touches no file of theirs"
    for path, text in expected_files(name).items():
        if path.endswith(".sql") and path in changed:
            ours = (project.root / path).read_text().splitlines()
            theirs = [line for line in text.splitlines() if not line.startswith("-- grain:")]
            alike = difflib.SequenceMatcher(None, theirs, ours, autojunk=False).ratio()
            assert alike >= ALIKE, f"{path}: {alike:.2f}"
    assert "ERROR=0" in dbt(project.root, "build")


@pytest.mark.long
@pytest.mark.parametrize("name", in_long_form("dbt_labs_style"))
def test_a_new_table_of_a_declared_source_goes_into_the_teams_files(guest, name):
    project, user = guest(name)

    ran = ok(user.aidbt("generate"))

    assert project.removed_lines() == []
    touched = [path for path, mark in project.changed().items() if mark == " M"]
    wanted = [path for path in expected_files(name) if path.endswith(".yml") and path in touched]
    assert sorted(touched) == sorted(wanted), "only the source's and the models' YAML of that source"
    assert "already staged" in ran.out
    assert "no source names its schema" in ran.out  # the new source is not theirs yet
    dbt(project.root, "parse")

    again = ok(user.aidbt("generate"))
    assert "nothing to do" in again.out
    assert user.aidbt("generate", "--check").code == 0


@pytest.mark.long
def test_what_costs_money_to_guess_is_asked_and_answered_once(guest):
    _, user = guest("leading_commas")
    ok(user.aidbt("generate", "-s", "source:freightcom"))
    path = "models/base/freightcom/base_freightcom__shipment.sql"
    assert f"        , {ASKED}\n" in user.read(path)
    assert ASKED in user.read("aidbt/questions.yml")

    ok(user.aidbt("review", "answer", "cents:freightcom", "divide"))
    ok(user.aidbt("generate"))

    assert "CAST(customs_amount / 100.0 AS NUMERIC(18, 2)) AS customs_eur" in user.read(path)


@pytest.mark.long
def test_a_file_in_windows_line_ends_keeps_them(guest):
    project, user = guest("leading_commas")
    path = project.root / "models/base/shop_db/schema.yml"
    assert b"\r\n" in path.read_bytes()

    ok(user.aidbt("generate"))

    text = path.read_bytes()
    assert b"base_shop_db__gift_card" in text
    assert text.count(b"\n") == text.count(b"\r\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("bad_yaml", "mapping values are not allowed", marks=pytest.mark.long),
        pytest.param("bad_jinja", "Unexpected end of template", marks=pytest.mark.long),
        pytest.param("missing_ref", "stg_till__sale", marks=pytest.mark.long),
        pytest.param("split_entries", "two schema.yml entries", marks=pytest.mark.long),
        ("two_sources", "it reads 2 sources"),
        pytest.param("half_and_half", "commas: 5 leading, 5 trailing", marks=pytest.mark.long),
        pytest.param("sqlfluff_contradicts", ".sqlfluff is followed", marks=pytest.mark.long),
    ],
)
def test_of_a_broken_project_the_rest_is_learned_and_what_is_wrong_is_said(team, name, said):
    project, user = team(f"broken/{name}")

    ran = ok(user.aidbt("init", "--all"))

    assert said in ran.out
    assert "stg_{source}__{table}" in ran.out
    assert project.changed() == {"aidbt.yml": "??"}


@pytest.mark.long
def test_a_lock_in_a_merge_conflict_is_one_clear_error(guest):
    project, user = guest("dbt_labs_style")
    ok(user.aidbt("generate", "-s", "source:loyalty"))
    lock = project.root / "aidbt" / "generated.lock"
    lock.write_text("<<<<<<< ours\n" + lock.read_text() + "=======\n>>>>>>> theirs\n")
    before = user.files()

    ran = user.aidbt("generate").assert_one_clear_error()

    assert "merge conflict" in ran.err
    assert user.files() == before
