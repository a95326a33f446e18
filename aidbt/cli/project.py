"""`aidbt init` and `aidbt doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from aidbt.cli.options import open_from, output_option, project_options
from aidbt.cli.render import bold, count, dim, emit, table


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--name", help="The project's name; the folder's by default.")
@click.option("--dry-run", is_flag=True, help="List what would be written and write nothing.")
@output_option
def init(folder: Path, name: str | None, dry_run: bool, output: str) -> None:
    """Start a dbt project in FOLDER, or write aidbt.yml for the one that is there.

    Files that exist stay as they are.
    """
    from aidbt.core.patch import apply_patch
    from aidbt.generate.scaffold import scaffold

    found = scaffold(folder, name=name)
    if not dry_run:
        apply_patch(found.patch, found.root)
    emit(found, output=output, text=lambda: _init_text(found, dry_run))


def _init_text(found: Any, dry_run: bool) -> Iterator[str]:
    what = "a new dbt project" if found.is_new else "an existing dbt project"
    yield f"{bold(found.name)}: {what} in {found.root}"
    verb = "would write" if dry_run else "wrote"
    paths = found.patch.paths()
    yield f"{verb} {count(len(paths), 'file')}" + (
        f": {', '.join(paths)}" if paths else "; everything is there"
    )
    if found.kept:
        yield dim(f"kept as they are: {', '.join(found.kept)}")
    yield f"{bold('next')}: aidbt ingest run --source NAME --from FILE_OR_URL, then aidbt generate"


@click.command()
@click.option("--all", "show_all", is_flag=True, help="List every setting, the defaults too.")
@project_options
@output_option
def doctor(show_all: bool, output: str, **where: Any) -> None:
    """Check the installation, and show where each setting comes from."""
    from aidbt.observability.doctor import examine

    session = open_from(**where)
    found = examine(session.project, session.settings, lambda: session.warehouse, lambda: session.store)
    emit(found, output=output, text=lambda: _doctor_text(found, show_all))
    raise SystemExit(0 if found.is_healthy else 1)


_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def _doctor_text(found: Any, show_all: bool) -> Iterator[str]:
    for check in found.checks:
        yield f"{click.style(f'{check.state:4}', fg=_COLOURS[check.state])} {check.part:10} {check.detail}"
        if check.hint:
            yield f"                {click.style('hint:', fg='cyan')} {check.hint}"
    shown = [s for s in found.settings if show_all or s.origin != "default"]
    if shown:
        yield bold("settings")
        yield from table([[s.name, s.value, s.origin] for s in shown])
    if not show_all:
        yield dim(f"{count(len(found.settings) - len(shown), 'setting')} at the default (--all)")
