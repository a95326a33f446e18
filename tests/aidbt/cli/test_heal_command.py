"""`aidbt heal`: what people say of healing, and the audit they check."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aidbt.cli.heal import healed_lines
from aidbt.cli.main import cli
from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.errors import AidbtError
from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Diagnosis, Stage
from aidbt.healing.controller.healing import Healed
from tests.dbt_shop import Shop, new_shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("USER", "ana")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "0")
    return new_shop(tmp_path / "shop")


def refusal(result: Result) -> str:
    assert isinstance(result.exception, AidbtError)
    return str(result.exception)


def heal(shop: Shop, *words: str) -> Result:
    return CliRunner().invoke(cli, ["heal", *words, "--project-dir", str(shop.root)])


def test_a_pause_is_shown_with_its_reason_until_it_is_resumed(shop: Shop):
    heal(shop, "pause", "--why", "the quarter closes")
    paused = heal(shop, "status").output
    run = heal(shop, "run")
    heal(shop, "resume")

    assert "healing is paused by ana: the quarter closes" in refusal(run)
    assert "healing is paused by ana: the quarter closes" in paused
    assert heal(shop, "status").output == "no cause is being mended\n"


def test_only_approvers_resume_and_trust(shop: Shop):
    shop.write({"aidbt.yml": "heal: {approvers: [ben@example.com]}\n"})
    heal(shop, "pause")

    for words in (["resume"], ["trust", "CODE/COMPILATION"]):
        said = refusal(heal(shop, *words))
        assert "'ana' may not" in said and "ben@example.com" in said
    assert "paused by ana" in heal(shop, "status").output


def test_the_audit_is_exported_piece_by_piece_and_a_changed_export_is_found(shop: Shop):
    file = shop.root / "audit.jsonl"
    heal(shop, "pause")
    first = heal(shop, "audit", "--export", str(file))
    heal(shop, "resume")
    second = heal(shop, "audit", "--export", str(file))

    assert (first.output, second.output) == (
        f"1 entry added to {file}; the chain holds\n", f"1 entry added to {file}; the chain holds\n",
    )  # fmt: skip
    assert len(file.read_text().splitlines()) == 2

    file.write_text(file.read_text().replace('"paused"', '"looked"'))
    found = heal(shop, "audit", "--export", str(file))
    assert found.exit_code == 1
    assert "the audit was tampered with: entry 1 is another than the one that was exported" in found.output


def test_what_does_not_exist_is_said_with_the_nearest_name(shop: Shop):
    assert "did you mean 'CODE/COMPILATION'" in refusal(heal(shop, "trust", "CODE/COMPILATON"))
    assert "no healing attempt is called 'HEAL-7'" in refusal(heal(shop, "resolve", "HEAL-7"))


def test_a_class_that_there_is_not_is_a_mistake_in_the_settings(shop: Shop):
    shop.write({"aidbt.yml": "heal: {classes: {SCHEMA_DRIFFT: auto}}\n"})

    assert "did you mean 'SCHEMA_DRIFT'" in refusal(heal(shop, "status"))


def test_without_a_failed_run_there_is_nothing_to_heal(shop: Shop):
    assert "holds nothing that a run of dbt left" in refusal(heal(shop, "run"))


def test_a_profile_that_cannot_be_read_is_a_cause_that_goes_to_a_person(shop: Shop):
    profile = (
        (shop.root / "profiles.yml")
        .read_text()
        .replace("{{ flags.PROFILES_DIR }}", "{{ env_var('NO_PLACE') }}")
    )
    said = "05:14:01  Running with dbt=1.11.16\n05:14:02  Encountered an error:\nParsing Error\n"
    said += "  Env var required but not provided: 'NO_PLACE'\n"
    shop.write({"profiles.yml": profile, "target/stdout.txt": said})

    done = CliRunner().invoke(
        cli, ["heal", "run", "--project-dir", str(shop.root), "--profiles-dir", str(shop.root)]
    )

    assert done.exit_code == 1, (done.output, done.exception)
    assert "handed over  HEAL-1 INC-1  CONFIGURATION/MISSING_SETTING" in done.output
    assert "set the environment variable NO_PLACE" in done.output


def test_what_is_handed_over_says_each_thing_once_and_where_its_draft_is():
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    why, step, draft = "two columns may be it", "ask the owner", ".aidbt/heal/HEAL-1-models-a.sql"
    attempt = Attempt("k", "prod", AttemptState.WAITING, noon, noon, "HEAL-1", "mail is gone", why=why)
    cause = Diagnosis("k", ErrorClass.COLUMN_RENAMED, 0.6, Stage.NODE, "source.s.a.b", next_step=step)

    said = list(healed_lines([Healed(attempt, cause, reasons=(why, step, "it is frozen"), drafts=(draft,))]))

    assert [sum(text in line for line in said) for text in (why, step, draft)] == [1, 1, 1]
    assert ["not further" in line for line in said if "it is frozen" in line] == [True]
