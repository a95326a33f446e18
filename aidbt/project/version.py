"""Which dbt will run a project, without importing it, and what follows for the files it reads."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from aidbt.core.config import DbtSettings, environment
from aidbt.core.errors import DbtError
from aidbt.project.dbt_runner import detect_runner
from aidbt.project.files import Project

# (major, minor, patch)
Version = tuple[int, int, int]

NESTED_ARGUMENTS = "require_generic_test_arguments_property"
# The first version in which that flag is on by default.
_NESTED_SINCE = (1, 10, 8)
_ANSWER_TIMEOUT_S = 60
_VERSION = r"(?P<major>\d+)\.(?P<minor>\d+)\.(?P<patch>\d+)"
# "  - installed: 1.10.23" of dbt-core, "dbt-fusion 2.0.1" and "dbt 2.0.1" of dbt 2. The platform's own
# program ("dbt Cloud CLI - 0.40.2") numbers itself, not the dbt that it has run.
_ANSWER = re.compile(rf"^(?:\s*-?\s*installed:|dbt(?:-core|-fusion)?)\s+v?{_VERSION}", re.MULTILINE)
_REQUIREMENT = re.compile(rf"\s*(?P<sign>[<>=]*)\s*v?{_VERSION}")


def installed_dbt() -> Version | None:
    """The version of dbt-core in this environment, or None."""
    try:
        return _version(re.match(_VERSION, version("dbt-core")))
    except PackageNotFoundError:
        return None


def dbt_version(project: Project, dbt: DbtSettings) -> Version | None:
    """The version of the dbt that will run the project; None when there is none, or it does not tell."""
    try:
        choice = detect_runner(project, runner=dbt.runner, executable=dbt.executable)
    except DbtError:
        # An adapter that is missing here does not make another dbt likelier.
        return installed_dbt()
    if choice.name == "in_process":
        return installed_dbt()
    program = Path(choice.executable)
    return _version_beside(program) or _version_told(program)


def nested_test_arguments(project: Project, dbt: DbtSettings) -> bool:
    """Whether a data test's arguments stand under `arguments:`.

    By the project's flag `require_generic_test_arguments_property`; where it is not set, dbt 1.10.8 and
    newer want them there, and older ones do not take them. Where no dbt can be asked, the newest counts that
    `require-dbt-version` allows.
    """
    if NESTED_ARGUMENTS in (project.config.get("flags") or {}):
        return project.flag(NESTED_ARGUMENTS, True)
    runs = dbt_version(project, dbt)
    if runs is None:
        return _allows(project.config.get("require-dbt-version"), _NESTED_SINCE)
    return runs >= _NESTED_SINCE


def _version_beside(program: Path) -> Version | None:
    """The version of dbt-core in the environment of a Python script; None when it is another program, or
    the environment is not clear.

    Reading this takes a millisecond; the program takes seconds to tell, and asks the network on the way.
    """
    try:
        script = program.resolve()  # pipx and uv link to it from another folder
        with script.open("rb") as file:
            head = file.read(2000)
    except OSError:
        return None
    if not head.startswith(b"#!") or b"from dbt.cli.main import" not in head:
        return None
    prefix = script.parent.parent
    packages = [
        str(path) for kind in ("site", "dist") for path in prefix.glob(f"lib*/python3*/{kind}-packages")
    ]
    found = {
        _version(re.match(_VERSION, found.version)) for found in distributions(name="dbt-core", path=packages)
    }
    return found.pop() if len(found) == 1 else None


def _version_told(program: Path) -> Version | None:
    """What the program answers to `--version`.

    Not remembered for the next time: a wrapper or a shim stays the same while the dbt behind it changes.
    """
    try:
        done = subprocess.run(
            [program, "--version"],
            env={**environment(), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_ANSWER_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None  # running it will say what is wrong with it
    return _version(_ANSWER.search(done.stdout) or _ANSWER.search(done.stderr))


def _version(found: re.Match[str] | None) -> Version | None:
    return (int(found["major"]), int(found["minor"]), int(found["patch"])) if found else None


def _allows(required: object, wanted: Version) -> bool:
    """Whether `require-dbt-version` lets this version, or a newer one, run.

    Example:
        >>> _allows([">=1.8.0", "<1.10.0"], (1, 10, 8))
        False
    """
    listed = required if isinstance(required, list) else [required] if required else []
    for text in (part for item in listed for part in str(item).split(",")):
        limit = _REQUIREMENT.match(text)
        named = _version(limit)
        if limit is None or named is None or limit["sign"].startswith(">"):
            continue
        if named < wanted or (limit["sign"] == "<" and named == wanted):
            return False
    return True
