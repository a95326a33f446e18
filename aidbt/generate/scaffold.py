"""`aidbt init`: a new dbt project, or the settings of one that is there, learned from its files."""

from __future__ import annotations

import re
import shlex
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aidbt.core.config import SETTINGS_FILE, ConventionSettings, DbtSettings, PropertyStyle, load_settings
from aidbt.core.errors import DbtError, ProfileError, UsageError
from aidbt.core.patch import FileEdit, Patch, read_or_none
from aidbt.generate.adoption.learn import Adoption, adopt
from aidbt.generate.base_models import macro_files
from aidbt.generate.naming import usual_paths
from aidbt.generate.templates import render
from aidbt.patching.yaml_style import Flow, YamlStyle, dump_yaml
from aidbt.project import Project
from aidbt.project.conventions import snake_case
from aidbt.project.dbt import run_dbt
from aidbt.project.files import PROJECT_FILE, open_project


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What `init` writes.

    Attributes:
        root: the dbt project's folder.
        adoption: what was learned of a project that was there; None for a new one.
        kept: files that were there already and stay as they are.
        dialect: the adapter type of the warehouse that the project's profile names.
    """

    root: Path
    name: str
    patch: Patch
    kept: tuple[str, ...]
    adoption: Adoption | None = None
    dialect: str = "duckdb"

    @property
    def is_new(self) -> bool:
        """Whether there was no dbt project before."""
        return self.adoption is None


def scaffold(folder: Path, *, name: str | None = None, macros: bool = False) -> Scaffold:
    """The files that make a folder a dbt project ready for aidbt; files that are there stay as they are.

    Args:
        macros: whether our macros are copied into the project.

    Raises:
        UsageError: the name cannot be a dbt project's, or another project stands above or in the folder.
        ProjectError: there is a dbt_project.yml that cannot be read.
    """
    root = folder.expanduser().resolve()
    if (root / PROJECT_FILE).is_file():
        return _for_existing(root, macros)
    _refuse_beside_another(root)
    project = name or snake_case(root.name)
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", project):
        raise UsageError(
            f"'{project}' cannot be a dbt project's name",
            hint="use lower-case letters, digits and underscores: aidbt init --name my_project",
        )
    texts = {
        PROJECT_FILE: render("project/dbt_project.yml.jinja", name=project),
        "profiles.yml": render("project/profiles.yml.jinja", name=project),
        SETTINGS_FILE: render("project/aidbt.yml.jinja"),
        ".gitignore": render("project/gitignore.jinja"),
        ".sqlfluff": render("project/sqlfluff.jinja", dialect="duckdb"),
    }
    return _scaffold(root, project, {**texts, **(macro_files("macros") if macros else {})}, None)


def _refuse_beside_another(root: Path) -> None:
    """Somebody stands above or inside of their project, and wants no second one there."""
    below = sorted(path.parent for path in root.glob(f"*/{PROJECT_FILE}") if path.is_file())
    is_used = root.is_dir() and any(root.iterdir())
    above = [folder for folder in root.parents if is_used and (folder / PROJECT_FILE).is_file()]
    for found in (*below, *above[:1]):
        where = found.relative_to(root) if found.is_relative_to(root) else found
        raise UsageError(
            f"there is a dbt project in {where} already",
            hint=f"adopt it: aidbt init {shlex.quote(str(where))}; or start another in a new folder:"
            " aidbt init FOLDER",
        )


def _for_existing(root: Path, macros: bool) -> Scaffold:
    project = open_project(root)
    dialect = _dialect(project)
    dbt = load_settings(root).values.dbt
    adoption = adopt(project, dbt, dialect=dialect, dbt_says=lambda: _dbt_says(project, dbt))
    texts = {SETTINGS_FILE: settings_text(project, adoption)}
    if macros:
        texts |= macro_files(project.paths("macro")[0].relative_to(root).as_posix())
    return replace(_scaffold(root, project.name, texts, adoption), dialect=dialect)


def _dialect(project: Project) -> str:
    """The project's SQL by its profile; without a profile that can be read DuckDB's, which takes most."""
    try:
        return project.profile().type
    except ProfileError:
        return "duckdb"


def _dbt_says(project: Project, dbt: DbtSettings) -> str:
    """dbt's own words on what is wrong with the project; nothing is written into it."""
    with TemporaryDirectory() as folder:
        places = ["--target-path", folder, "--log-path", folder]
        try:
            report = run_dbt(
                project, "parse", extra_args=places, runner=dbt.runner, executable=dbt.executable
            )
        except (DbtError, ProfileError) as error:
            return error.message
    return "; ".join(failure.message for failure in report.failures) if report.status != "success" else ""


_HEAD = """\
# Settings of aidbt, learned from this project by `aidbt init`; `aidbt doctor` shows every value and where it
# comes from. Change what was learned wrongly: this file counts, the models are not read again for it.
"""


def settings_text(project: Project, adoption: Adoption) -> str:
    """The text of aidbt.yml with what was learned; what is as the defaults are is left out."""
    usual = {**usual_paths(project), "model_name": "stg_{source}__{table}"}
    generate: dict[str, Any] = {**usual, **adoption.layout.settings}
    if adoption.schema_prefixes:
        generate["schema_prefixes"] = Flow(list(adoption.schema_prefixes))
    rules = adoption.names.rules.model_copy(update={"table_prefixes": list(adoption.layout.table_prefixes)})
    style: dict[str, Any] = {}
    if adoption.properties != PropertyStyle():
        style["properties"] = _changed(adoption.properties.model_dump(), PropertyStyle().model_dump())
    if adoption.yaml is not None and adoption.yaml != YamlStyle():
        style["yaml"] = _yaml_values(adoption.yaml)
    if adoption.sql is not None:
        style["sql"] = adoption.sql.to_settings()
    content: dict[str, Any] = {"generate": generate}
    conventions = _changed(rules.model_dump(), ConventionSettings().model_dump())
    if conventions:
        content["conventions"] = conventions
    if style:
        content["style"] = style
    return _HEAD + dump_yaml(content)


def _changed(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value != defaults[key]}


def _yaml_values(style: YamlStyle) -> dict[str, Any]:
    values = asdict(style)
    found = {
        item.name: values[item.name]
        for item in fields(style)
        if item.default is MISSING or values[item.name] != item.default
    }
    return {key: _listed(value) for key, value in found.items()}


def _listed(value: Any) -> Any:
    if isinstance(value, frozenset):
        return Flow(sorted(value))
    return Flow(list(value)) if isinstance(value, tuple) else value


def _scaffold(root: Path, name: str, texts: dict[str, str], adoption: Adoption | None) -> Scaffold:
    missing = {path: text for path, text in texts.items() if read_or_none(root / path) is None}
    edits = tuple(FileEdit(path, None, text, "init") for path, text in missing.items())
    kept = tuple(sorted(set(texts) - set(missing)))
    return Scaffold(root, name, Patch(edits, "init"), kept, adoption)
