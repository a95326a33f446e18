"""The manifest of a project with the compiled SQL of its models: one that dbt left, else compiled now."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aidbt.core.config import DbtSettings
from aidbt.core.errors import ArtifactError, DbtError
from aidbt.core.findings import RunFailure
from aidbt.core.patch import file_lock, state_dir
from aidbt.project.dbt import run_dbt
from aidbt.project.dbt_invocation import OnEvent
from aidbt.project.dbt_runner import readable_profile
from aidbt.project.files import PROJECT_FILE, Project
from aidbt.project.manifest import Manifest, read_manifest
from aidbt.project.profile import PROFILES_FILE
from aidbt.project.unreadable import PREFIX, unreadable

MANIFEST_FILE = "manifest.json"
_PATH_KINDS = {
    "model": "models", "seed": "seeds", "snapshot": "snapshots", "macro": "macros", "test": "tests",
    "analysis": "analyses", "function": "functions",
}  # fmt: skip
_PARSED_SUFFIXES = frozenset({".sql", ".yml", ".yaml", ".csv", ".py", ".md"})
# "Runtime Error in model orders (models/orders.sql)"; dbt 2 and 1.x say it alike.
_FAILED_NODE = re.compile(r"\bin (?:\w+ )?\w+ (?P<name>[\w.]+) \((?P<path>[^)\n]+)\)")
# Each try costs a start of dbt; a project with more such models is read from their text.
MOST_TRIES = 8
# Compiling a large project takes minutes.
_WAIT_S = 600.0
_ROOT_FILES = (PROJECT_FILE, "packages.yml", "dependencies.yml", "package-lock.yml")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A project as dbt compiled it.

    Attributes:
        path: of the manifest.
        was_compiled: whether dbt had to be run for it.
        failures: nodes that dbt could not compile; they have no compiled SQL.
        problem: why dbt could compile nothing, e.g. that the warehouse cannot be reached; "" when it could.
            The manifest is then as dbt parsed it.
    """

    manifest: Manifest
    path: Path
    was_compiled: bool = False
    failures: tuple[RunFailure, ...] = ()
    problem: str = ""

    def require_compiled(self) -> None:
        """Go on only where dbt compiled the project, if not every node of it.

        Raises:
            DbtError: it could not.
        """
        if self.problem:
            raise _cannot_compile(self.problem)


def compiled_project(
    project: Project,
    settings: DbtSettings,
    *,
    may_compile: bool = True,
    needed: Collection[str] = ("model",),
    on_event: OnEvent | None = None,
) -> Compiled:
    """The project's manifest with compiled SQL.

    What dbt left in the project's target folder is taken when no file of the project is newer and all of its
    SQL that is needed is compiled. Otherwise dbt compiles, into a folder of aidbt's own: the results of the
    project's last run stay where they are. Models that dbt cannot parse are failures like those that it
    cannot compile.

    Args:
        may_compile: False takes the newest manifest there is, compiled or not.
        needed: types of nodes whose compiled SQL is needed: `dbt run` leaves tests, snapshots and analyses
            without, `dbt build` analyses.

    Raises:
        DbtError: dbt cannot parse the project, or its folder cannot be written to.
        ArtifactError: nothing is there that could be read, and dbt may not be run.
    """
    try:
        own = state_dir(project.root) / "compiled" / variant(project)
    except OSError as error:
        raise _cannot_write(project.root, error) from error
    candidates = [own / MANIFEST_FILE]
    if not (project.vars or project.target_name or project.profile_name):
        candidates.insert(0, project.target_path / MANIFEST_FILE)
    changed_at = _changed_at(project)
    for path in candidates:
        manifest = _current(path, changed_at, needed)
        if manifest is not None:
            return Compiled(manifest, path)
    if not may_compile:
        newest = max((p for p in candidates if p.exists()), key=lambda p: p.stat().st_mtime, default=None)
        if newest is None:
            raise ArtifactError("there is no manifest of the project", hint="run: dbt compile")
        return Compiled(read_manifest(newest), newest)
    with compiling(project.root):
        manifest = _current(own / MANIFEST_FILE, changed_at, needed)  # another process may have been faster
        if manifest is not None:
            return Compiled(manifest, own / MANIFEST_FILE)
        return compile_readable(own, project, settings, on_event=on_event)


def compile_readable(
    folder: Path, project: Project, settings: DbtSettings, *, on_event: OnEvent | None = None
) -> Compiled:
    """As `compile_into`; where models keep dbt from parsing the project, without those.

    Raises:
        DbtError: dbt cannot read the project, and no model of it is the reason.
    """
    try:
        return compile_into(folder, project, settings, on_event=on_event)
    except DbtError as error:
        return _compile_readable(folder / "readable", project, settings, error, on_event)


def _compile_readable(
    folder: Path, project: Project, settings: DbtSettings, error: DbtError, on_event: OnEvent | None
) -> Compiled:
    """The project without the models that keep dbt from parsing it, which are failures of the result.

    Raises:
        DbtError: the given one, when more than that is in the way.
    """
    latest = error
    with unreadable(project, error) as copy:
        for _ in range(MOST_TRIES):
            if not copy.take(latest.message):
                break
            try:
                compiled = compile_into(folder, copy.project, settings, on_event=on_event)
            except DbtError as following:
                latest = following
                continue
            manifest, failures = copy.without_stand_ins(compiled.manifest)
            return replace(compiled, manifest=manifest, failures=(*failures, *compiled.failures))
    raise error


@contextlib.contextmanager
def compiling(root: Path) -> Iterator[None]:
    """Inside, no other process of aidbt compiles the project at `root`; first it waits for one that does.

    Two would write the same files, and DuckDB lets only one of them in.

    Raises:
        DbtError: the other one does not come to an end, or the project's folder cannot be written to.
    """
    with contextlib.ExitStack() as stack:
        try:
            is_free = stack.enter_context(file_lock(state_dir(root) / "compile.lock", wait_s=_WAIT_S))
        except OSError as error:
            raise _cannot_write(root, error) from error
        if not is_free:
            raise DbtError("another aidbt process is compiling this project", hint="wait for it to finish")
        yield


def compile_into(
    folder: Path, project: Project, settings: DbtSettings, *, on_event: OnEvent | None = None
) -> Compiled:
    """The project compiled by dbt as far as it can be, its artifacts in a folder of ours.

    dbt stops at the first node that it cannot compile, so that one is left out of the next try. What keeps it
    from compiling anything is a problem of the result, as long as dbt can parse the project.

    Raises:
        DbtError: dbt cannot read the project.
    """
    path = folder / MANIFEST_FILE
    failed: dict[str, RunFailure] = {}
    problem = ""
    for _ in range(MOST_TRIES):
        started_at = time.time()
        report = run_dbt(
            project,
            "compile",
            exclude=list(failed),
            runner=settings.runner,
            executable=settings.executable,
            extra_args=["--target-path", str(folder)],
            on_event=on_event,
        )
        failure = next(iter(report.failures), None)
        is_parsed = path.exists() and path.stat().st_mtime >= started_at
        if failure is None and is_parsed:
            break
        node = _FAILED_NODE.search(failure.message) if failure and is_parsed else None
        if failure is None or node is None or node["name"] in failed:
            message = failure.message.strip() if failure else "it gave no reason"
            if not is_parsed:
                raise _cannot_compile(message)
            problem = "" if failed else message
            break
        failed[node["name"]] = replace(failure, path=node["path"])
    manifest = read_manifest(path)
    ids = {node.name: node.unique_id for node in manifest.nodes.values()}
    failures = [replace(failure, unique_id=ids.get(name, "")) for name, failure in failed.items()]
    return Compiled(manifest, path, True, tuple(failures), problem)


def _cannot_write(root: Path, error: OSError) -> DbtError:
    return DbtError(
        f"{PREFIX}{error.filename or root}: {error.strerror}",
        hint="what dbt compiles is kept in the project's folder .aidbt",
    )


def _cannot_compile(why: str) -> DbtError:
    return DbtError(PREFIX + why, hint="mend that first")


def _current(path: Path, changed_at: datetime, needed: Collection[str]) -> Manifest | None:
    """The manifest, when it is of the files as they are and its nodes of the needed types are compiled."""
    try:
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < changed_at:
            return None
        manifest = read_manifest(path)
    except (OSError, ArtifactError):
        return None
    is_compiled = all(
        node.raw.get("compiled_code")
        for resource_type in needed
        for node in manifest.of_type(resource_type)
        if node.raw.get("language") != "python"
    )
    return manifest if is_compiled and manifest.metadata.generated_at >= changed_at else None


def _changed_at(project: Project) -> datetime:
    """When a file that dbt reads was last changed."""
    newest = max((path.stat().st_mtime for path in _files(project)), default=0.0)
    return datetime.fromtimestamp(newest, UTC)


def changed_since(project: Project, at: datetime) -> str | None:
    """The newest of the project's own files, or the folder that lost one, that changed after a time; None for
    none. What lies in packages does not count.
    """
    found = [(path.stat().st_mtime, path) for path in _files_of(project.root, project.config)]
    changed_at, newest = max(found, default=(0.0, project.root))
    if datetime.fromtimestamp(changed_at, UTC) <= at:
        return None
    return Path(os.path.relpath(newest, project.root)).as_posix() + ("/" if newest.is_dir() else "")


def _files(project: Project) -> Iterator[Path]:
    """Everything that dbt reads: the project, its profile, its packages, and the folders they stand in."""
    profile = readable_profile(project)
    if profile is not None:
        yield profile.profiles_dir / PROFILES_FILE
    yield from (project.root / name for name in _ROOT_FILES if (project.root / name).is_file())
    yield from _files_of(project.root, project.config)
    installed = project.root / str(project.config.get("packages-install-path") or "dbt_packages")
    if installed.is_dir():
        yield installed
        # One by one: a local package is a link, which a search from above would not follow.
        for package in installed.iterdir():
            yield from _files_of(package, {})


def _files_of(root: Path, config: Mapping[str, Any]) -> Iterator[Path]:
    """The files and folders of one package, where its configuration says, else where dbt looks by itself."""
    for kind, default in _PATH_KINDS.items():
        for named in config.get(f"{kind}-paths") or [default]:
            folder = root / str(named)
            if folder.is_dir():
                yield folder
            for path in folder.rglob("*"):
                # A folder is younger than its files when one of them was taken away.
                if path.suffix in _PARSED_SUFFIXES or path.is_dir():
                    yield path


def variant(project: Project) -> str:
    """A name for what was asked for: another target or other variables compile to other SQL."""
    asked = [project.profile_name, project.target_name, str(project.profiles_dir or ""), project.vars]
    if not any(asked):
        return "default"
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:12]
