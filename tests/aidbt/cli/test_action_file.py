"""The GitHub Action and the pre-commit hook: what a workflow would run, as far as it runs here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from aidbt.cli.main import cli
from aidbt.review.formats.markdown import MARKER

ROOT = Path(__file__).parents[3]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


def script(name: str) -> str:
    return next(step["run"] for step in STEPS if step.get("name") == name)


def test_every_input_is_declared_used_and_documented():
    text = (ROOT / "action.yml").read_text()
    page = (ROOT / "docs" / "pull_requests.md").read_text()

    used = set(re.findall(r"inputs\.([\w-]+)", text))

    assert used == set(ACTION["inputs"])
    assert [name for name in used if f"`{name}`" not in page] == []


def test_no_input_is_pasted_into_a_script():
    assert [step["name"] for step in STEPS if "${{" in step.get("run", "")] == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(("known", "method"), [("17", "PATCH"), ("", "POST")])
def test_the_comment_of_an_earlier_run_is_updated(tmp_path: Path, known: str, method: str):
    (tmp_path / "aidbt").mkdir()
    (tmp_path / "aidbt" / "review.md").write_text("text")
    calls = tmp_path / "calls"
    gh = tmp_path / "gh"
    gh.write_text(
        f'#!/bin/sh\necho "$@" >> {calls}\ncase "$*" in *--paginate*) printf "%s" "{known}";; esac\n'
    )
    gh.chmod(0o755)
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "RUNNER_TEMP": str(tmp_path),
        "REPOSITORY": "o/r",
        "NUMBER": "5",
    }

    subprocess.run(["bash", "-c", script("Comment")], env=env, check=True)

    asked, written = calls.read_text().splitlines()
    assert MARKER in asked
    place = f"repos/o/r/issues/comments/{known}" if known else "repos/o/r/issues/5/comments"
    assert written == f"api --silent --method {method} {place} -F body=@{tmp_path}/aidbt/review.md"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("code", [0, 1])
def test_the_review_is_asked_for_as_the_inputs_say_and_its_code_is_kept_for_the_gate(
    tmp_path: Path, code: int
):
    calls = tmp_path / "calls"
    fake = tmp_path / "aidbt_bin" / "aidbt"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\necho "$@" > {calls}\nfor file do case "$file" in *.md) echo text > "$file";; '
        f'*.json) echo \'{{"verdict": {{"word": "needs a look"}}}}\' > "$file";; esac; done\nexit {code}\n'
    )
    fake.chmod(0o755)
    env = {
        "PATH": f"{fake.parent}:{os.environ['PATH']}",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "BASE": "main",
        "GATE": "blocks",
        "BUILD": "true",
        "PROFILES_DIR": "a folder",
        "TARGET": "",
        "DOCS": "",
        "HAS_DOCS": "",
    }

    subprocess.run(["bash", "-c", script("Review")], env=env, check=True)

    asked = calls.read_text().strip()
    assert asked.startswith(
        "pr --base main --gate blocks --output github --profiles-dir a folder --build --write"
    )
    assert (tmp_path / "output").read_text() == f"verdict=needs a look\ncode={code}\n"
    assert (tmp_path / "summary").read_text() == "text\n"


def test_the_options_that_the_action_and_the_hook_use_exist():
    help_ = CliRunner().invoke(cli, ["pr", "--help"]).output
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    validate = CliRunner().invoke(cli, ["validate", "--help"]).output

    used = set(
        re.findall(r"(?<=[ (])--(?:base|gate|output|profiles-dir|target|build|write)\b", script("Review"))
    )
    assert [option for option in used if option not in help_] == []
    assert len(used) == 7
    assert hook["entry"].split()[2] in validate
    assert re.search(hook["files"], "dbt/models/marts/fct_orders.sql")
    assert not re.search(hook["files"], "dbt/macros/cents.sql")
