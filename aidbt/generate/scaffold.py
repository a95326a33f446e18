"""`aidbt init`: a new dbt project, or the settings file for one that is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from aidbt.core.config import SETTINGS_FILE
from aidbt.core.errors import UsageError
from aidbt.core.patch import FileEdit, Patch, read_or_none
from aidbt.generate.templates import render
from aidbt.project.conventions import snake_case
from aidbt.project.files import PROJECT_FILE, open_project


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What `init` writes.

    Attributes:
        root: the dbt project's folder.
        is_new: whether there was no dbt project before.
        kept: files that were there already and stay as they are.
    """

    root: Path
    name: str
    is_new: bool
    patch: Patch
    kept: tuple[str, ...]


def scaffold(folder: Path, *, name: str | None = None) -> Scaffold:
    """The files that make a folder a dbt project ready for aidbt; files that are there stay as they are.

    Raises:
        UsageError: the name cannot be a dbt project's.
        ProjectError: there is a dbt_project.yml that cannot be read.
    """
    root = folder.expanduser().resolve()
    if (root / PROJECT_FILE).is_file():
        return _for_existing(root)
    project = name or snake_case(root.name)
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", project):
        raise UsageError(
            f"'{project}' cannot be a dbt project's name",
            hint="use lower-case letters, digits and underscores: aidbt init --name my_project",
        )
    texts = {
        PROJECT_FILE: render("project/dbt_project.yml.jinja", name=project),
        "profiles.yml": render("project/profiles.yml.jinja", name=project),
        SETTINGS_FILE: _settings_text("models/bronze", "models/silver"),
        ".gitignore": render("project/gitignore.jinja"),
        ".sqlfluff": render("project/sqlfluff.jinja", dialect="duckdb"),
    }
    return _scaffold(root, project, True, texts)


def _for_existing(root: Path) -> Scaffold:
    project = open_project(root)
    staging = next((f for f in project.paths("model") if (f / "staging").is_dir()), None)
    if staging is not None:
        own = f"{staging.relative_to(root).as_posix()}/staging"
        text = _settings_text(own, own)
    else:
        models = project.paths("model")[0].relative_to(root).as_posix()
        text = _settings_text(f"{models}/bronze", f"{models}/silver")
    return _scaffold(root, project.name, False, {SETTINGS_FILE: text})


def _settings_text(sources_path: str, staging_path: str) -> str:
    return render("project/aidbt.yml.jinja", sources_path=sources_path, staging_path=staging_path)


def _scaffold(root: Path, name: str, is_new: bool, texts: dict[str, str]) -> Scaffold:
    missing = {path: text for path, text in texts.items() if read_or_none(root / path) is None}
    edits = tuple(FileEdit(path, None, text, "init") for path, text in missing.items())
    return Scaffold(root, name, is_new, Patch(edits, "init"), tuple(sorted(set(texts) - set(missing))))
