"""The project as it was where a branch began: compiled there, its columns read."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aidbt.core.config import DbtSettings
from aidbt.core.errors import AidbtError, ProjectError
from aidbt.core.patch import state_dir
from aidbt.lineage.columns import project_lineage
from aidbt.lineage.graph import Lineage
from aidbt.lineage.kept import keep_readings, kept_readings
from aidbt.lineage.reading import Reading
from aidbt.patching.checkout import checked_out, merge_base
from aidbt.project import Project, open_project
from aidbt.project.compiled import MANIFEST_FILE, Compiled, compile_readable, compiling, variant
from aidbt.project.dbt import run_dbt
from aidbt.project.dbt_invocation import OnEvent
from aidbt.project.manifest import Manifest, read_manifest
from aidbt.project.other_profile import other_profile
from aidbt.store import Cache

_LOCK = "package-lock.yml"
_SEEDS = "seed_files"
_DONE = "complete"  # a file beside the artifacts of a base that dbt compiled in full


@dataclass(frozen=True, slots=True)
class Base:
    """The project at a commit.

    Attributes:
        commit: the merge base, 40 hexadecimal digits.
        folder: where dbt's artifacts of it are kept, for `--state`.
        lineage: its columns; of a base that dbt cannot compile, what its own text tells.
        problem: why dbt could not compile it in full; "" when it could.
    """

    commit: str
    folder: Path
    manifest: Manifest
    lineage: Lineage
    problem: str = ""


def read_base(
    project: Project,
    settings: DbtSettings,
    ref: str,
    *,
    cache: Cache | None = None,
    on_event: OnEvent | None = None,
) -> Base:
    """The project as it was at the merge base of `ref` and HEAD, with the head's profile and target.

    Compiled once per commit; the manifest stays in `.aidbt`.

    Raises:
        ProjectError: git cannot give that commit, or dbt can compile nothing there.
    """
    commit = merge_base(project.root, ref)
    folder = state_dir(project.root) / "compiled" / f"base-{commit[:12]}-{variant(project)}"
    problem = ""
    with compiling(project.root):
        if (folder / MANIFEST_FILE).exists() and (folder / _DONE).exists():
            compiled = Compiled(read_manifest(folder / MANIFEST_FILE), folder / MANIFEST_FILE)
        else:
            compiled = _compile_base(project, settings, ref, commit, folder, on_event)
    if compiled.failures:
        names = ", ".join(failure.unique_id or failure.path for failure in compiled.failures[:5])
        problem = f"dbt could not compile all of it at {commit[:10]}: {names}"
    key = f"base-{variant(project)}"
    readings: dict[str, Reading] = {}
    earlier = kept_readings(cache, key) if cache is not None else {}
    lineage = project_lineage(
        compiled.manifest, project_root=folder / _SEEDS, earlier=earlier, on_read=readings.update
    )
    if cache is not None:
        keep_readings(cache, readings, lineage.reread, key)
    return Base(commit, compiled.path.parent, compiled.manifest, lineage, problem)


def _compile_base(
    project: Project, settings: DbtSettings, ref: str, commit: str, folder: Path, on_event: OnEvent | None
) -> Compiled:
    """The project at a commit, compiled into a folder, which is marked when all of it could be."""
    with base_project(project, settings, commit) as there:
        try:
            compiled = compile_readable(folder, there, settings, on_event=on_event)
            compiled.require_compiled()
            _keep_seeds(compiled.manifest, there, folder / _SEEDS)
        except AidbtError as error:
            raise ProjectError(
                f"the project at {commit[:10]} (where the branch left {ref}) cannot be read: {error.message}",
                hint="nothing can be compared with a base that dbt cannot compile",
            ) from error
    if not compiled.failures:
        (folder / _DONE).touch()
    return compiled


@contextlib.contextmanager
def base_project(project: Project, settings: DbtSettings, commit: str) -> Iterator[Project]:
    """The project's files as they were at a commit, opened with the same profile, target and variables.

    Installed packages are the head's where both lock the same ones, else dbt installs those of the base.

    Raises:
        ProjectError: git cannot give the files, or the packages cannot be installed.
    """
    paths = [
        path for key, paths in project.config.items() if str(key).endswith("-paths") for path in paths or ()
    ]
    outside = any(".." in str(path) for path in paths)
    with checked_out(project.root, commit, whole=outside) as root, other_profile(project) as profiles_dir:
        there = open_project(
            root,
            profile=project.profile_name,
            target=project.target_name,
            profiles_dir=profiles_dir,
            vars=project.vars,
        )
        _bring_packages(project, there, settings)
        yield there


def _keep_seeds(manifest: Manifest, there: Project, folder: Path) -> None:
    """Keep the files of the project's own seeds, whose columns stand nowhere else."""
    for seed in manifest.of_type("seed"):
        path = there.root / seed.path
        if seed.package == there.name and path.is_file():
            (folder / seed.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / seed.path)


def _bring_packages(project: Project, there: Project, settings: DbtSettings) -> None:
    installed = project.root / str(project.config.get("packages-install-path") or "dbt_packages")
    wanted = any((there.root / name).exists() for name in ("packages.yml", "dependencies.yml"))
    if not wanted:
        return
    if installed.is_dir() and _lock_of(project) == _lock_of(there):
        target = there.root / str(there.config.get("packages-install-path") or "dbt_packages")
        shutil.copytree(installed, target, dirs_exist_ok=True)
        return
    report = run_dbt(there, "deps", runner=settings.runner, executable=settings.executable)
    if report.exit_code != 0:
        said = next((failure.message for failure in report.failures), "dbt deps gave no reason")
        raise ProjectError(
            f"the base locks other packages, and they cannot be installed: {said.strip()}",
            hint="packages are fetched over the network; commit package-lock.yml on both branches",
        )


def _lock_of(project: Project) -> tuple[str, ...]:
    names = (_LOCK, "packages.yml", "dependencies.yml")
    texts = []
    for name in names:
        path = project.root / name
        texts.append(path.read_text(encoding="utf-8", errors="replace") if path.exists() else "")
    return tuple(texts)
