"""Which dbt will run: the one in this Python environment, or a program."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from typing import Literal

from aidbt.core.errors import DbtError, ProfileError
from aidbt.project.files import Project
from aidbt.project.profile import Profile

RunnerName = Literal["in_process", "executable"]
Wanted = Literal["auto", "in_process", "executable"]


@dataclass(frozen=True, slots=True)
class RunnerChoice:
    """Which dbt runs, and why.

    Attributes:
        executable: the program's absolute path; "" in process.
        reason: one sentence for `aidbt doctor`.
    """

    name: RunnerName
    executable: str
    reason: str


def detect_runner(
    project: Project,
    *,
    runner: Wanted = "auto",
    executable: str = "dbt",
) -> RunnerChoice:
    """How dbt will be run: in this process when dbt and the profile's adapter are installed beside aidbt,
    else the program. Nothing is imported and nothing is started to find out.

    Raises:
        DbtError: there is none, or the one that was asked for is not there.
    """
    profile = readable_profile(project)
    adapter = profile.type if profile else ""
    has_dbt = _is_installed("cli/main.py")
    has_adapter = not adapter or _is_installed(f"adapters/{adapter}/__init__.py")
    if runner != "executable" and has_dbt and has_adapter:
        what = f"dbt and its {adapter} adapter are" if adapter else "dbt is"
        return RunnerChoice("in_process", "", f"{what} installed beside aidbt")
    if runner == "in_process":
        raise missing_adapter(adapter) if has_dbt else _missing_dbt(adapter, executable, asked=False)

    program = _program(executable)
    ours = os.path.dirname(sys.executable)
    if program and not (runner == "auto" and has_dbt and os.path.dirname(program) == ours):
        if runner == "executable":
            reason = "the settings ask for the program"
        elif has_dbt:
            reason = f"dbt is installed beside aidbt, but not its {adapter} adapter"
        else:
            reason = "dbt is not installed beside aidbt"
        return RunnerChoice("executable", program, reason)
    if runner == "auto" and has_dbt:
        raise missing_adapter(adapter)
    raise _missing_dbt(adapter, executable, asked=True)


def readable_profile(project: Project) -> Profile | None:
    """The project's profile, or None when it cannot be read: dbt then says what is wrong with it."""
    try:
        return project.profile()
    except ProfileError:
        return None


def _is_installed(file: str) -> bool:
    """Whether a file of the package dbt is there. `find_spec("dbt.cli.main")` would import all of dbt."""
    spec = importlib.util.find_spec("dbt")
    if spec is None:
        return False
    # Adapters may lie in another folder of sys.path: dbt is a namespace they share.
    folders = [*(spec.submodule_search_locations or []), *(os.path.join(item, "dbt") for item in sys.path)]
    return any(os.path.isfile(os.path.join(folder, file)) for folder in folders)


def _program(executable: str) -> str | None:
    """The absolute path of the dbt program: as named, on the PATH, or beside this Python."""
    found = shutil.which(executable) or shutil.which(executable, path=os.path.dirname(sys.executable))
    return os.path.abspath(found) if found else None


def _install_hint(adapter: str) -> str:
    return f"pip install dbt-{adapter}" if adapter and adapter != "duckdb" else "pip install 'aidbt[duckdb]'"


def missing_adapter(adapter: str) -> DbtError:
    """The error for a profile whose adapter is not there, with the line that installs it."""
    return DbtError(f"dbt's adapter for {adapter} is not installed", hint=_install_hint(adapter))


def _missing_dbt(adapter: str, executable: str, *, asked: bool) -> DbtError:
    program = f", and there is no program '{executable}'" if asked else ""
    return DbtError(f"dbt is not installed beside aidbt{program}", hint=_install_hint(adapter))
