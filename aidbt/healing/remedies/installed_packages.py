"""Packages that nobody installed where dbt runs: `dbt deps`, by the lock file, which must not change."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aidbt.core.config import parse_yaml
from aidbt.core.errors import AidbtError, SettingsError
from aidbt.core.failures import ErrorClass as E
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Prepared, Risk
from aidbt.core.patch import read_or_none
from aidbt.healing.evidence.case import Case
from aidbt.healing.remedies.remedy import Tools
from aidbt.project import Project
from aidbt.project.dbt import run_dbt

NAME = "installed_packages"
_ASKED = ("packages.yml", "dependencies.yml")
_LOCK = "package-lock.yml"
_REVISION = re.compile(r"[0-9a-f]{40}|v?\d+\.\d+\.\d+\S*")  # a commit or a release; a branch moves on


class InstalledPackages:
    """For packages that the project asks for and that are not there."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """`dbt deps` right before the run; all is put back where it fails, changes the lock, or the run is
        not green."""
        if diagnosis.error_class is not E.MISSING_DEPENDENCY or not diagnosis.facts.get("packages"):
            return Declined(NAME, "no package of dbt is missing", is_concerned=False)
        asked = _asked(tools.project)
        if not asked:
            return Declined(NAME, "packages.yml names no package that can be read here")
        floating = [name for name, is_fixed in asked.items() if not is_fixed]
        if floating and not (tools.project.root / _LOCK).is_file():
            why = f"there is no {_LOCK}, so nothing says which version of {floating[0]} was meant"
            return Declined(NAME, why)
        changed = [name for name in _ASKED if case.code.of(name) is not None]
        if changed and case.code.of(_LOCK) is None:
            return Declined(
                NAME, f"{changed[0]} changed and {_LOCK} did not: which versions are meant is open"
            )
        return Mend(
            NAME,
            "Install the packages that the lock file names",
            claims=(Claim("what is asked for is fixed", lambda: Checked(True, ", ".join(asked))),),
            risk=Risk.LOW,
            before_run=lambda: install(tools),
        )


def _asked(project: Project) -> dict[str, bool]:
    """What packages.yml and dependencies.yml ask for → whether that is one version for ever."""
    found: dict[str, bool] = {}
    for name in _ASKED:
        text = read_or_none(project.root / name)
        try:
            value = parse_yaml(text, name) if text is not None else None
        except SettingsError:
            continue
        for item in (value.get("packages") if isinstance(value, dict) else None) or ():
            if isinstance(item, dict):
                where = item.get("local") or item.get("package") or item.get("git") or item.get("tarball")
                found[str(where)] = _is_fixed(item)
    return found


def _is_fixed(item: dict[str, Any]) -> bool:
    if item.get("local"):
        return True
    wanted = str(item.get("version") or item.get("revision") or "")
    if not item.get("version"):
        return _REVISION.fullmatch(wanted) is not None
    return (
        bool(wanted) and wanted.lstrip("=v").replace(".", "").isalnum() and any(c.isdigit() for c in wanted)
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """What stood there before: the lock's bytes, and a copy of the folder of packages."""

    lock: bytes | None
    packages: Path | None


def install(tools: Tools) -> Prepared:
    """Installs the packages; everything is as it was where it does not hold, or the run after it is not
    green."""
    project = tools.project
    folder = project.root / str(project.config.get("packages-install-path") or "dbt_packages")
    lock = project.root / _LOCK
    aside = tempfile.mkdtemp(prefix="aidbt-packages-")
    kept = _kept(lock, folder, Path(aside) / "packages")

    def end(is_green: bool) -> None:
        if not is_green:
            _put_back(kept, lock, folder)
        shutil.rmtree(aside, ignore_errors=True)

    try:
        done = run_dbt(
            project, "deps", runner=tools.settings.dbt.runner, executable=tools.settings.dbt.executable
        )
        problem = "" if done.status == "success" else _said(done)
    except AidbtError as error:
        problem = error.message
    now = lock.read_bytes() if lock.is_file() else None
    if not problem and kept.lock is not None and now != kept.lock:
        problem = f"dbt deps would change {_LOCK}"
    if problem:
        end(False)
        return Prepared(False, problem)
    if kept.lock is None and now is not None:
        lock.unlink()  # nobody asked for a lock file
    return Prepared(True, "installed, the lock file is unchanged", end)


def _kept(lock: Path, folder: Path, aside: Path) -> _Kept:
    if folder.is_dir():
        shutil.copytree(folder, aside, symlinks=True)
    return _Kept(lock.read_bytes() if lock.is_file() else None, aside if folder.is_dir() else None)


def _put_back(kept: _Kept, lock: Path, folder: Path) -> None:
    if kept.lock is not None:
        lock.write_bytes(kept.lock)
    else:
        lock.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    if kept.packages is not None:
        shutil.copytree(kept.packages, folder, symlinks=True)


def _said(done: Any) -> str:
    said = next((" ".join(failure.message.split()) for failure in done.failures), "")
    return f"dbt deps failed: {said[:200] or 'it gave no reason'}"
