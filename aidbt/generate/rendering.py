"""How a project's files are to look: its layout, its style, its dbt version."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from aidbt.core.config import SETTINGS_FILE, ConventionSettings, LoadedSettings, Section, explain
from aidbt.core.errors import SettingsError
from aidbt.generate.files import Rendering
from aidbt.generate.naming import project_layout, with_homes
from aidbt.generate.sql_style import from_settings
from aidbt.patching.yaml_style import YamlStyle
from aidbt.project import Project
from aidbt.project.declared import Declared
from aidbt.project.packages import MONITOR_MACROS, has_our_macros, package_names
from aidbt.project.version import nested_test_arguments
from aidbt.sql.expressions import condition_problem, expression_problem


def rendering(project: Project, settings: LoadedSettings, here: Declared) -> Rendering:
    """What the texts depend on besides the decisions.

    Raises:
        SettingsError: a path is outside of dbt's model paths, or the style is wrong.
    """
    values, layout = settings.values, project_layout(project, settings)
    for name in ("sources_file", "models_file", "model_file", "base_file"):
        pattern: str = getattr(layout.settings, name)
        if not pattern:
            continue
        folder = (project.root / pattern.partition("{")[0]).resolve()
        inside = [models.resolve() for models in project.paths("model")]
        if not any(
            folder.is_relative_to(models) or folder.parent.is_relative_to(models) for models in inside
        ):
            raise SettingsError(
                f"generate.{name} is '{pattern}', where dbt reads no models",
                path=SETTINGS_FILE,
                hint=f"choose a folder inside {', '.join(p.name for p in project.paths('model'))}",
            )
    dialect = project.profile().type
    _check_conventions(values.conventions, dialect)
    style = values.style
    dialect = project.profile().type
    return Rendering(
        layout=with_homes(layout, here),
        dialect=dialect,
        nested_arguments=nested_test_arguments(project, values.dbt),
        properties=style.properties,
        yaml=_yaml_style(style.yaml),
        sql=from_settings(style.sql) if style.sql else None,
        packages=package_names(project),
        loaders=values.conventions.loaders,
        macros=has_our_macros(project),
        monitors=has_our_macros(project, MONITOR_MACROS),
        quotes_schemas=_quotes(project, "schema", dialect),
        quotes_tables=_quotes(project, "identifier", dialect),
    )


# The adapters that quote the parts of a relation's name only where the project says so.
_BARE = frozenset({"snowflake", "spark"})


def _quotes(project: Project, part: str, dialect: str) -> bool:
    """Whether dbt quotes a part of the names of relations in this project."""
    quoting = project.config.get("quoting")
    said = quoting.get(part) if isinstance(quoting, dict) else None
    return said if isinstance(said, bool) else dialect not in _BARE


def _check_conventions(rules: ConventionSettings, dialect: str) -> None:
    """Check that what stands in them can stand in a model; what holds Jinja is dbt's to render.

    Raises:
        SettingsError: an expression or a condition is not one.
    """
    for name, text in rules.expressions.items():
        problem = expression_problem(text.replace("<column>", "c"), ["c"], dialect)
        if "<column>" not in text:
            problem = "it does not say where its <column> stands"
        if problem and "{" not in text:
            raise SettingsError(f"'conventions.expressions.{name}': {problem}", path=SETTINGS_FILE, hint=text)
    for name, text in rules.where.items():
        problem = condition_problem(text, dialect)
        if problem and "{" not in text:
            raise SettingsError(f"'conventions.where.{name}': {problem}", path=SETTINGS_FILE, hint=text)


class _Styles(Section):
    yaml: YamlStyle = YamlStyle()


class _Given(Section):
    style: _Styles = _Styles()


def _yaml_style(given: dict[str, Any]) -> YamlStyle:
    try:
        return _Given.model_validate({"style": {"yaml": given}}).style.yaml
    except ValidationError as error:
        raise explain(error, _Given, path=SETTINGS_FILE) from error
