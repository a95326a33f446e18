"""Which dbt will run, and so where the arguments of a data test stand."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from dbt_shop import DBT, DBT_PROJECT, Shop

from aidbt.core.config import DbtSettings
from aidbt.project.version import dbt_version, installed_dbt, nested_test_arguments

CONSOLE_SCRIPT = f"#!{sys.executable}\nimport sys\nfrom dbt.cli.main import cli\nsys.exit(cli())\n"
HERE = tuple(int(part) for part in version("dbt-core").split("."))


def program(path: Path, text: str) -> DbtSettings:
    """Settings that name a program with this text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return DbtSettings(runner="executable", executable=str(path))


def answers(path: Path, answer: str) -> DbtSettings:
    """Settings that name a program that answers this to `--version`, and to nothing else."""
    return program(path, f"#!/bin/sh\n[ \"$1\" = --version ] && cat <<'END'\n{answer}\nEND\n")


def environment_with(root: Path, dbt: str, *, python: str = "python3.12") -> Path:
    """A folder like a virtual environment's, in which dbt-core of that version is installed."""
    info = root / "lib" / python / "site-packages" / f"dbt_core-{dbt}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dbt-core\nVersion: {dbt}\n")
    return root


def test_the_dbt_beside_aidbt_is_the_one_that_runs_by_default(shop: Shop):
    assert dbt_version(shop.open(), DbtSettings()) == installed_dbt() == HERE
    assert dbt_version(shop.open(), DbtSettings(runner="executable", executable=str(DBT))) == HERE


def test_the_environment_of_the_program_tells_its_version_without_running_it(shop: Shop, tmp_path: Path):
    venv = environment_with(tmp_path / "venv", "1.9.10")
    named = program(venv / "bin" / "dbt", CONSOLE_SCRIPT.replace("import sys", "raise SystemExit('ran')"))
    (tmp_path / "dbt").symlink_to(venv / "bin" / "dbt")
    linked = DbtSettings(runner="executable", executable=str(tmp_path / "dbt"))

    assert dbt_version(shop.open(), named) == dbt_version(shop.open(), linked) == (1, 9, 10)
    assert not nested_test_arguments(shop.open(), named)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Core:\n  - installed: 1.10.23\n  - latest:    1.12.6  - Update available!", (1, 10, 23)),
        ("dbt-fusion 2.0.0-preview.76", (2, 0, 0)),
        ("dbt 2.1.0", (2, 1, 0)),
        ("dbt Cloud CLI - 0.40.2 (abc 2026-01-01)", None),
        ("Usage: nothing of the kind", None),
    ],
)
def test_a_program_that_is_no_script_of_dbt_is_asked(
    shop: Shop, tmp_path: Path, answer: str, expected: tuple[int, int, int] | None
):
    # An older dbt-core lies beside it, as after a change to dbt 2: it is not what runs.
    environment_with(tmp_path / "venv", "1.9.4")

    assert dbt_version(shop.open(), answers(tmp_path / "venv/bin/dbt", answer)) == expected


def test_an_environment_with_two_dbts_is_asked_which_one_runs(shop: Shop, tmp_path: Path):
    for python, dbt in (("python3.11", "1.9.4"), ("python3.12", "1.11.2")):
        environment_with(tmp_path / "venv", dbt, python=python)
    dbt_of_3_12 = "print('  - installed: 1.11.2'); raise SystemExit"
    named = program(tmp_path / "venv/bin/dbt", CONSOLE_SCRIPT.replace("import sys", dbt_of_3_12))

    assert dbt_version(shop.open(), named) == (1, 11, 2)


@pytest.mark.parametrize("text", ["#!/no/such/shell\n", "#!/bin/sh\nexit 3\n"])
def test_a_program_that_does_not_answer_is_as_good_as_none(shop: Shop, tmp_path: Path, text: str):
    assert dbt_version(shop.open(), program(tmp_path / "dbt", text)) is None


@pytest.mark.parametrize(
    ("required", "nested"),
    [
        ("", True),
        ('">=1.8.0"', True),
        ('[">=1.8.0", "<1.10.0"]', False),
        ('[">=1.8.0", "<1.11.0"]', True),
        ('">=1.8.0,<1.10.8"', False),
        ('">=1.8.0,<2.0.0"', True),
        ('"<=1.10.8"', True),
        ('"<=1.10.7"', False),
        ('"1.9.4"', False),
        ('"=1.10.8"', True),
        ("[]", True),
        ('"{{ whatever }}"', True),
    ],
)
def test_without_a_dbt_the_newest_counts_that_the_project_takes(
    shop: Shop, tmp_path: Path, required: str, nested: bool
):
    text = DBT_PROJECT + (f"require-dbt-version: {required}\n" if required else "")
    shop.write({"dbt_project.yml": text})

    assert nested_test_arguments(shop.open(), program(tmp_path / "dbt", "#!/bin/sh\n")) is nested


@pytest.mark.parametrize(("answer", "nested"), [("dbt-core 1.10.7", False), ("dbt-core 1.10.8", True)])
def test_the_flag_is_on_by_default_since_1_10_8(shop: Shop, tmp_path: Path, answer: str, nested: bool):
    assert nested_test_arguments(shop.open(), answers(tmp_path / "dbt", answer)) is nested


@pytest.mark.parametrize("flag", [True, False])
def test_the_project_s_flag_counts_more_than_any_version(shop: Shop, tmp_path: Path, flag: bool):
    flags = f"flags: {{send_anonymous_usage_stats: false, require_generic_test_arguments_property: {flag}}}"
    shop.write({"dbt_project.yml": DBT_PROJECT.replace("flags: {send_anonymous_usage_stats: false}", flags)})
    called = tmp_path / "called"
    named = program(tmp_path / "dbt", f"#!/bin/sh\ntouch '{called}'\n")

    assert nested_test_arguments(shop.open(), named) is flag
    assert not called.exists()


def test_an_adapter_that_is_missing_leaves_the_dbt_that_is_there(shop: Shop):
    shop.write({"profiles.yml": "shop: {target: dev, outputs: {dev: {type: nosuch, host: x}}}\n"})

    assert dbt_version(shop.open(), DbtSettings(executable=os.devnull + "/dbt")) == HERE
