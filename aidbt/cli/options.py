"""Options that commands share: dbt's own for finding the project, and the form of the output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from aidbt.core.config import parse_yaml
from aidbt.core.errors import SettingsError, UsageError

F = TypeVar("F", bound=Callable[..., Any])

_FOLDER = click.Path(path_type=Path)
_PROJECT_OPTIONS = [
    click.option("--project-dir", type=_FOLDER, envvar="DBT_PROJECT_DIR", help="The dbt project."),
    click.option("--profiles-dir", type=_FOLDER, envvar="DBT_PROFILES_DIR", help="Where profiles.yml is."),
    click.option("--profile", envvar="DBT_PROFILE", help="The profile to use."),
    click.option("--target", "-t", envvar="DBT_TARGET", help="The target of the profile."),
    click.option("--vars", "vars_", metavar="YAML", help="dbt variables, as YAML or JSON."),
]


def project_options(command: F) -> F:
    """dbt's own options for which project and profile, passed as keyword arguments to `open_from`."""
    for option in reversed(_PROJECT_OPTIONS):
        command = option(command)
    return command


def output_option(command: F) -> F:
    """`--output text|json`."""
    choice = click.Choice(["text", "json"])
    return click.option(
        "--output", type=choice, default="text", show_default=True, help="For people or programs."
    )(command)


select_option = click.option(
    "--select",
    "-s",
    multiple=True,
    help="source:NAME, source:NAME.TABLE, a table or a staging model; * matches anything.",
)


def open_from(
    *,
    project_dir: Path | None,
    profiles_dir: Path | None,
    profile: str | None,
    target: str | None,
    vars_: str | None,
    flags: dict[str, Any] | None = None,
) -> Any:
    """The session that the project options describe."""
    from aidbt.session import open_session

    return open_session(
        project_dir,
        profile=profile,
        target=target,
        profiles_dir=profiles_dir,
        vars=_vars(vars_),
        flags=flags,
        on_recovered=lambda paths: click.echo(
            f"note: finished an interrupted write of {len(paths)} files: {', '.join(paths[:3])}", err=True
        ),
    )


def _vars(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = parse_yaml(text, "--vars")
    except SettingsError as error:
        raise UsageError(error.message, hint="write --vars '{name: value}'") from error
    if not isinstance(value, dict):
        raise UsageError("--vars is not a mapping", hint="write --vars '{name: value}'")
    return value
