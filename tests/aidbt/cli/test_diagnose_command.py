"""`aidbt diagnose`, as people use it; a real dbt builds, fails, and is diagnosed."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.main import cli
from aidbt.core.errors import UsageError
from aidbt.core.failures import ErrorClass
from aidbt.healing.classification.messages import normal_form
from aidbt.store import open_store
from aidbt.store.attempts import Attempts
from aidbt.store.cases import Cases, PastCase
from tests.diagnosis_cases import GOLDEN, BrokenShop


@pytest.fixture
def shop(tmp_path: Path) -> BrokenShop:
    made = BrokenShop(tmp_path)
    made.make()
    return made


def aidbt(shop: BrokenShop, *arguments: str) -> Result:
    where = ["--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    return CliRunner().invoke(cli, [*arguments, *where])


def test_programs_get_causes_with_proof_and_a_cause_exits_1(shop: BrokenShop):
    case = GOLDEN / "column_removed"
    shop.break_as(case)

    done = aidbt(shop, "diagnose", "--artifacts", str(case / "artifacts"), "--output", "json")

    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (found["failing"], found["wrote_results"], found["compared_with"]) == (1, True, "")
    assert [cause["root"] for cause in found["causes"]] == ["source.shop.crm.customers"]
    assert {"proof", "ruled_out", "facts", "next_step", "blast_radius"} <= set(found["causes"][0])
    assert any("no state of a good run" in line for line in found["unknown"])


def test_files_alone_tell_what_they_can(shop: BrokenShop):
    case = GOLDEN / "column_removed"

    done = aidbt(shop, "diagnose", "--artifacts", str(case / "artifacts"), "--files-only")

    assert done.exit_code == 1
    assert "1 failed node in dbt build → 1 cause" in done.stdout


def test_a_folder_without_a_run_is_refused(shop: BrokenShop, tmp_path: Path):
    done = aidbt(shop, "diagnose", "--artifacts", str(tmp_path / "nowhere"))

    assert isinstance(done.exception, UsageError)
    assert "holds nothing that a run of dbt left" in done.exception.message


def test_what_became_of_mending_a_cause_stands_under_it(shop: BrokenShop):
    case = GOLDEN / "typo_in_ref"
    shop.break_as(case)
    artifacts = ["--artifacts", str(case / "artifacts"), "--files-only"]
    (cause,) = json.loads(aidbt(shop, "diagnose", *artifacts, "--output", "json").stdout)["causes"]
    with closing(open_store(shop.root / ".aidbt" / "state.db")) as store:
        Attempts(store, "mara").open(cause["key"], "dev")

    assert "mending    HEAL-1 is at work on it" in aidbt(shop, "diagnose", *artifacts).stdout


def test_what_was_done_about_a_failure_that_said_the_same_stands_under_it(shop: BrokenShop):
    case = GOLDEN / "typo_in_ref"
    shop.break_as(case)
    artifacts = ["--artifacts", str(case / "artifacts"), "--files-only"]
    (cause,) = json.loads(aidbt(shop, "diagnose", *artifacts, "--output", "json").stdout)["causes"]
    form = normal_form(cause["failures"][0]["message"])
    with closing(open_store(shop.root / ".aidbt" / "state.db")) as store:
        Cases(store, "mara").add(
            PastCase(form, ErrorClass.COMPILATION, "told", attempt="HEAL-7", runbook="ask Bob")
        )

    said = "before     HEAL-7 said the same and was CODE/COMPILATION: ask Bob"
    assert said in aidbt(shop, "diagnose", *artifacts).stdout


@pytest.mark.long
def test_a_build_that_fails_is_compared_with_the_one_that_did_not(shop: BrokenShop):
    good = aidbt(shop, "build")
    shop.execute(GOLDEN / "column_renamed" / "break.sql")
    bad = aidbt(shop, "build")

    done = aidbt(shop, "diagnose")

    assert "kept as the last good state: 3 tables" in good.stdout
    assert bad.stdout.rstrip().endswith("next: aidbt diagnose")
    assert "SCHEMA_DRIFT/COLUMN_RENAMED  crm.customers.email  confidence 0.97" in done.stdout
    assert done.exit_code == 1
