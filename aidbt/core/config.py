"""The settings of a project, each value with its origin. The only module that reads the environment.

`aidbt.yml` lies beside `dbt_project.yml`. A value is taken from the first of: the flag of a command,
the variable `AIDBT_<SECTION>_<NAME>`, the file, the default.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aidbt.core.errors import SettingsError, nearest

SETTINGS_FILE = "aidbt.yml"
Origin = Literal["flag", "environment", "file", "default"]


class Section(BaseModel):
    """Base of every group of settings: frozen, unknown keys forbidden."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GenerateSettings(Section):
    """What `aidbt generate` writes, and where.

    Paths are relative to the dbt project. `sources` names the raw schemas to read, as schema → source
    name; empty means every schema that dbt does not build into. `freshness_warn_hours` is the age at
    which a source with a load-time column is reported as stale.
    """

    sources_path: str = "models/bronze"
    staging_path: str = "models/silver"
    prefix: str = Field(default="stg", pattern=r"^[a-z_][a-z0-9_]*$")
    tests: Literal["keys", "none"] = "keys"
    sources: dict[str, str] = Field(default_factory=dict)
    freshness_warn_hours: int = Field(default=24, ge=1)


class MappingSettings(Section):
    """When a match is decided without a person: scores 0..1.

    At 0.65, 96 % of the accepted pairs of the development tasks are right, before the margin over the
    nearest rival is asked for as well.
    """

    accept: float = Field(default=0.65, ge=0, le=1)
    review: float = Field(default=0.4, ge=0, le=1)
    margin: float = Field(default=0.08, ge=0, le=1)
    signals: dict[str, float] = Field(
        default_factory=lambda: {"name": 0.55, "type": 0.1, "statistics": 0.2, "context": 0.15}
    )


class ProfileSettings(Section):
    """How tables are profiled. `sample_rows` bounds what top values and formats are read from."""

    sample_rows: int = Field(default=10_000, ge=1)
    memory_limit: str = "500MB"


class IngestSettings(Section):
    """How loads run. `parallel` is the number of tables read at once."""

    parallel: int = Field(default=4, ge=1, le=64)
    schema_prefix: str = "bronze_"


class StoreSettings(Section):
    """Where aidbt keeps its evidence: a SQLite file inside the project."""

    path: str = ".aidbt/state.db"


class DbtSettings(Section):
    """Which dbt runs: `auto` is in process when dbt can be imported, else the `dbt` on the PATH."""

    runner: Literal["auto", "in_process", "executable"] = "auto"
    executable: str = "dbt"


class Settings(Section):
    """Everything in `aidbt.yml`; each field is one capability."""

    generate: GenerateSettings = GenerateSettings()
    mapping: MappingSettings = MappingSettings()
    profile: ProfileSettings = ProfileSettings()
    ingest: IngestSettings = IngestSettings()
    store: StoreSettings = StoreSettings()
    dbt: DbtSettings = DbtSettings()


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings with where each value came from.

    Attributes:
        origins: "section.name" → where its value came from.
        path: the file read, or None when there is none.
    """

    values: Settings
    origins: dict[str, Origin]
    path: Path | None


def environment() -> Mapping[str, str]:
    """The process's environment. Everything that needs a variable asks here."""
    return os.environ


def load_settings(
    project_dir: Path, *, flags: Mapping[str, Any] | None = None, env: Mapping[str, str] | None = None
) -> LoadedSettings:
    """The settings of the project in `project_dir`.

    Args:
        flags: "section.name" → value given on the command line.
        env: the environment; the process's own by default.

    Raises:
        SettingsError: the file is not YAML, has an unknown key, or a value of the wrong type.
    """
    env = environment() if env is None else env
    path = project_dir / SETTINGS_FILE
    from_file = read_yaml_mapping(path) if path.exists() else {}
    merged: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for section, name in _names():
        merged.setdefault(section, {})
        origins[f"{section}.{name}"] = "default"
    for section, values in from_file.items():
        if section in merged and isinstance(values, dict):
            merged[section].update(values)
            origins.update({f"{section}.{name}": "file" for name in values})
        elif section not in merged or values is not None:  # a section may be empty
            merged[section] = values
    for section, name in _names():
        variable = _variable(f"{section}.{name}")
        if variable in env and isinstance(merged[section], dict):
            merged[section][name] = _from_text(env[variable], variable)
            origins[f"{section}.{name}"] = "environment"
    for dotted, value in (flags or {}).items():
        section, _, name = dotted.partition(".")
        if isinstance(merged[section], dict):
            merged[section][name] = value
            origins[dotted] = "flag"
    try:
        values = Settings.model_validate(merged)
    except ValidationError as error:
        dotted = ".".join(str(part) for part in _most_telling(error)["loc"][:2])
        elsewhere = {"environment": _variable(dotted), "flag": "the command line"}.get(
            origins.get(dotted, "")
        )
        if elsewhere:
            raise explain(error, Settings, path=elsewhere) from error
        raise explain(error, Settings, path=path, text=_text_of(path)) from error
    return LoadedSettings(values, origins, path if path.exists() else None)


def _names() -> Iterator[tuple[str, str]]:
    for section, info in Settings.model_fields.items():
        model = info.annotation
        assert isinstance(model, type) and issubclass(model, Section)
        for name in model.model_fields:
            yield section, name


def _variable(dotted: str) -> str:
    return f"AIDBT_{dotted}".replace(".", "_").upper()


def _from_text(text: str, variable: str) -> Any:
    """A mapping or list is written as YAML; a plain value is read by the type of its setting."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"the variable {variable} cannot be read as a value: {text!r}") from error


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def read_text(path: Path) -> str:
    """The text of a settings file.

    Raises:
        SettingsError: it does not exist, cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError("the file does not exist", path=str(path)) from error
    except UnicodeDecodeError as error:
        raise SettingsError("the file is not UTF-8 text", path=str(path), hint="save it as UTF-8") from error
    except OSError as error:
        raise SettingsError(f"the file cannot be read: {error.strerror}", path=str(path)) from error


def parse_yaml(text: str, path: str, *, repeated_keys: bool = False) -> Any:
    """The value of a YAML text, with duplicate keys and syntax errors reported by file and line.

    Args:
        repeated_keys: whether a key may stand twice, the last one counting, as dbt still lets it.

    Raises:
        SettingsError: it is not valid YAML, or a key stands twice in one mapping.
    """
    try:
        loader = _LenientLoader if repeated_keys else _Loader
        return yaml.load(text, Loader=loader)  # a SafeLoader: builds plain values only
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not valid YAML"
        hint = None
        if mark and _is_indented_by_tab(text, mark.line):
            hint = "indent with spaces, not tabs"
        elif isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError):
            hint = "look at the indentation and the quotes there and in the lines before"
        raise SettingsError(problem, path=path, line=mark.line + 1 if mark else None, hint=hint) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"not valid YAML: {error}", path=path) from error


def _is_indented_by_tab(text: str, line: int) -> bool:
    lines = text.splitlines()
    return line < len(lines) and "\t" in lines[line][: len(lines[line]) - len(lines[line].lstrip())]


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """The safe loader (libyaml's when present) that refuses a key given twice."""

    repeated_keys = False

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        # Merging the same mapping again and again would add its keys each time: 10^30 of them in 2 kB.
        node.value = list({_identity(key): (key, value) for key, value in node.value}.values())


class _LenientLoader(_Loader):
    """The same for other people's files: of a key given twice the last one counts."""

    repeated_keys = True


def _identity(key: yaml.Node) -> object:
    return (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key)


def _mapping_without_duplicates(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(
                problem="a key is a mapping or a list, not a name", problem_mark=key.start_mark
            )
        if key.tag != "tag:yaml.org,2002:merge":
            if key.value in seen and not loader.repeated_keys:
                raise yaml.MarkedYAMLError(
                    problem=f"the key '{key.value}' stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
    loader.flatten_mapping(node)
    return {
        loader.construct_object(key, deep=True): loader.construct_object(value, deep=True)
        for key, value in node.value
    }


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping_without_duplicates)


def read_yaml_mapping(path: Path) -> dict[str, Any]:
    """The top-level mapping of a YAML file; an empty file is an empty mapping.

    Raises:
        SettingsError: the file is missing, not UTF-8, not YAML, or not a mapping.
    """
    value = parse_yaml(read_text(path), str(path))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SettingsError(
            f"expected a mapping of names to values, found a {type(value).__name__}", path=str(path), line=1
        )
    return value


def explain(
    error: ValidationError, model: type[BaseModel], *, path: Path | str, text: str = ""
) -> SettingsError:
    """The first problem pydantic found, as one sentence with file, line and the nearest known key."""
    first = _most_telling(error)
    location = [part for part in first["loc"] if isinstance(part, str | int)]
    dotted = ".".join(str(part) for part in location)
    hint = "docs/reference.md lists the keys and what they take"
    if first["type"] == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        close = nearest(str(location[-1]), known)
        message = f"unknown key '{dotted}'"
        hint = f"did you mean '{close}'?" if close else f"known keys: {', '.join(sorted(known))}"
    elif first["type"] == "missing":
        message = f"the key '{dotted}' is missing"
    elif first["type"] == "model_type":
        message = f"'{dotted}': expected a mapping of names to values, got {_shown(first['input'])}"
    else:
        problem = first["msg"][:1].lower() + first["msg"][1:]
        message = f"'{dotted}': {problem}, got {_shown(first.get('input'))}"
    line = _line_of(text, location) if text else None
    return SettingsError(message, path=str(path), line=line, hint=hint)


def _most_telling(error: ValidationError) -> Any:
    """The first problem; but an unknown key says more than the missing one it was meant to be."""
    return min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")


def _shown(value: Any) -> str:
    """A value for a message: short, and without what a mapping or a list holds."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple | set):
        return "a list"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _keys_at(model: Any, location: Sequence[str | int]) -> list[str]:
    for part in location:
        if isinstance(part, int):
            continue
        info = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        if info is None:
            return []
        model = _model_inside(info.annotation)
    return list(model.model_fields) if hasattr(model, "model_fields") else []


def _model_inside(annotation: Any) -> Any:
    if hasattr(annotation, "model_fields"):
        return annotation
    return next((_model_inside(arg) for arg in getattr(annotation, "__args__", ())), None)


def _line_of(text: str, location: Sequence[str | int]) -> int | None:
    """The line of a key or item in a YAML text (1-based), as deep as the location can be followed."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError):
        return None
    line = None
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


_ENV_VAR = re.compile(
    r"\{\{\s*env_var\(\s*(['\"])(?P<name>\w+)\1\s*(?:,\s*(['\"])(?P<default>.*?)\3\s*)?\)\s*\}\}"
)


def fill_env_vars(text: str, *, where: str, env: Mapping[str, str] | None = None) -> str:
    """`text` with every `{{ env_var('NAME') }}` or `{{ env_var('NAME', 'default') }}` filled in.

    Raises:
        SettingsError: a variable without a default is not set.
    """
    env = environment() if env is None else env

    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        found = env.get(name, default)
        if found is None:
            raise SettingsError(
                f"the environment variable {name} is not set", path=where, hint=f"export {name}=…"
            )
        return found

    return _ENV_VAR.sub(value, text)
