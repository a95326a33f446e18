"""Running dbt on a project: options in, one honest report out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aidbt.core.config import environment, parse_yaml, read_text
from aidbt.core.errors import ProfileError, SettingsError, UsageError
from aidbt.project.dbt_executable import run_executable
from aidbt.project.dbt_in_process import ONE_AT_A_TIME, run_in_process
from aidbt.project.dbt_invocation import OnEvent
from aidbt.project.dbt_report import RunReport, error_text, run_report
from aidbt.project.dbt_runner import (
    RunnerChoice,
    Wanted,
    detect_runner,
    missing_adapter,
    readable_profile,
)
from aidbt.project.duckdb_path import duckdb_folder
from aidbt.project.files import Project
from aidbt.project.profile import PROFILES_FILE, Profile, profiles_dir_for
from aidbt.project.scrub import scrubber

__all__ = ["RunReport", "RunnerChoice", "detect_runner", "parse", "run_dbt"]


def run_dbt(
    project: Project,
    command: str | Sequence[str],
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    threads: int | None = None,
    full_refresh: bool = False,
    extra_args: Sequence[str] = (),
    runner: Wanted = "auto",
    executable: str = "dbt",
    on_event: OnEvent | None = None,
) -> RunReport:
    """Runs a dbt command on the project; what fails inside dbt is in the report, not an exception.

    Nothing is printed. In process, one run at a time: others wait, and the current folder of the process
    may be another one meanwhile.

    Args:
        command: e.g. "build", "docs generate" or ["run-operation", "clean_up"].
        select, exclude: as for dbt's --select and --exclude.
        runner, executable: see `detect_runner`.
        on_event: gets a short line when a node starts and when it ends, from any thread. What it raises is
            raised here after dbt has ended.

    Raises:
        UsageError: no command was given.
        DbtError: there is no dbt to run, the adapter is missing, or dbt was killed.
        ProfileError: a relative DuckDB path means two different files.
    """
    words = shlex.split(command) if isinstance(command, str) else list(command)
    if not words:
        raise UsageError("no dbt command was given", hint='for example: run_dbt(project, "build")')
    # Not while another thread's run has changed the current folder, which is looked at here.
    with ONE_AT_A_TIME:
        profile = readable_profile(project)
        profiles_dir = profile.profiles_dir if profile else _profiles_dir(project)
        choice = detect_runner(project, runner=runner, executable=executable)
        folder = (duckdb_folder(profile, project) if profile else None) or Path.cwd()
    scrub = scrubber(_settings_with_secrets(project, profile, profiles_dir), environment())
    args = [*words, *_where(project, profiles_dir)]
    if select:
        args += ["--select", *([select] if isinstance(select, str) else select)]
    if exclude:
        args += ["--exclude", *([exclude] if isinstance(exclude, str) else exclude)]
    if threads is not None:
        args += ["--threads", str(threads)]
    if full_refresh:
        args.append("--full-refresh")
    args += extra_args

    started_at = datetime.now(UTC)
    if choice.name == "in_process":
        silent = ["--log-level", "none", "--write-json"]
        silent += ["--log-level-file", _log_file_setting(project, "log_level", "debug")]
        invocation = run_in_process([*args, *silent], folder=folder, on_event=on_event, scrub=scrub)
    else:
        # Where a target-path with Jinja in it leads is known only from an event of level debug.
        level = "debug" if "{" in str(project.config.get("target-path") or "") else "info"
        logged = ["--log-format", "json", "--log-level", level]
        invocation = run_executable(
            choice.executable,
            [*args, *logged],
            folder=folder,
            variables=_program_variables(project),
            on_event=on_event,
            scrub=scrub,
        )
    finished_at = datetime.now(UTC)

    if invocation.exit_code == 2 and "Could not find adapter type" in error_text(invocation):
        raise missing_adapter(profile.type if profile else "this profile")
    return run_report(
        invocation,
        project=project,
        args=args,
        runner=choice.name,
        started_at=started_at,
        finished_at=finished_at,
        scrub=scrub,
    )


def parse(project: Project, *, runner: Wanted = "auto", executable: str = "dbt") -> RunReport:
    """Has dbt read the whole project and write its manifest; no warehouse is asked.

    Raises:
        DbtError: there is no dbt to run, or it was killed.
    """
    return run_dbt(project, "parse", runner=runner, executable=executable)


def _profiles_dir(project: Project) -> Path | None:
    """Where profiles.yml is, though it cannot be used; dbt itself says best what is wrong with it."""
    try:
        return profiles_dir_for(project.root, project.profiles_dir)
    except ProfileError:
        return None


def _where(project: Project, profiles_dir: Path | None) -> list[str]:
    """The options that say which project, profile and target, the same whatever the current folder."""
    options = ["--project-dir", str(project.root)]
    if profiles_dir:
        options += ["--profiles-dir", str(profiles_dir)]
    # Only when they were asked for: naming what dbt would choose anyway makes it parse everything again
    # ("config vars, config profile, or config target have changed").
    if project.profile_name:
        options += ["--profile", project.profile_name]
    if project.target_name:
        options += ["--target", project.target_name]
    if project.vars:
        options += ["--vars", json.dumps(project.vars)]
    return options


def _program_variables(project: Project) -> dict[str, str]:
    """Settings for a dbt program that a person's own settings must not undo; as variables, not flags,
    because dbt 2 knows the variables but not all of the flags."""
    return {
        "DBT_WRITE_JSON": "true",
        "DBT_QUIET": "false",
        "DBT_LOG_LEVEL_FILE": _log_file_setting(project, "log_level", "debug"),
        "DBT_LOG_FORMAT_FILE": _log_file_setting(project, "log_format", "default"),
        "PYTHONIOENCODING": "utf-8",
    }


def _log_file_setting(project: Project, name: str, default: str) -> str:
    """How logs/dbt.log would be written without us: --log-level and --log-format change the file too."""
    flags, env = project.config.get("flags") or {}, environment()
    for key in (f"{name}_file", name):
        value = env.get(f"DBT_{key}".upper()) or flags.get(key)
        if value:
            return str(value)
    return default


def _settings_with_secrets(
    project: Project, profile: Profile | None, profiles_dir: Path | None
) -> list[dict[str, Any]]:
    """Everything whose secrets must not be shown: the target's settings, else the whole profiles.yml."""
    if profile:
        return [project.vars, profile.settings]
    if profiles_dir is None:
        return [project.vars]
    path = profiles_dir / PROFILES_FILE
    try:
        content = parse_yaml(read_text(path), str(path))
    except SettingsError:
        content = None
    return [project.vars, content if isinstance(content, dict) else {}]
