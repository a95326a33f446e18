"""Reading profiles.yml the way dbt does, without importing dbt (that costs seconds)."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aidbt.core.config import environment, parse_yaml, read_text
from aidbt.core.errors import ProfileError, SettingsError, UnknownName

PROFILES_FILE = "profiles.yml"


@dataclass(frozen=True, slots=True)
class Profile:
    """One target of one profile, rendered.

    Attributes:
        type: the adapter, e.g. "duckdb".
        settings: the target's keys, rendered; may hold secrets, so it is left out of repr.
        profiles_dir: the folder of the profiles.yml it came from.
    """

    name: str
    target: str
    type: str
    settings: dict[str, Any] = field(repr=False)
    profiles_dir: Path

    @property
    def schema(self) -> str:
        """The schema dbt builds into."""
        return str(self.settings.get("schema") or self.settings.get("dataset") or "main")

    @property
    def database(self) -> str:
        """The database dbt builds into, by the name its adapter gives it; "" when there is none."""
        names = ("database", "dbname", "project", "catalog")
        return next((str(self.settings[name]) for name in names if self.settings.get(name)), "")


def profiles_dirs(project_dir: Path, explicit: Path | None) -> list[Path]:
    """The folders with a profiles.yml, in the order they count: the named one, else dbt's own (the current
    folder, ~/.dbt) with the project's and its parent (profiles.yml beside the project folder) between.

    Raises:
        ProfileError: there is no profiles.yml in any of them.
    """
    if explicit is not None:
        candidates = [explicit]
    else:
        candidates = [Path.cwd(), project_dir, project_dir.parent, Path.home() / ".dbt"]
    found = [folder.resolve() for folder in candidates if (folder / PROFILES_FILE).is_file()]
    if found:
        return list(dict.fromkeys(found))
    looked = ", ".join(str(folder) for folder in dict.fromkeys(candidates))
    raise ProfileError(
        f"no {PROFILES_FILE} found (looked in {looked})", hint="name its folder with --profiles-dir"
    )


def profiles_dir_for(project_dir: Path, explicit: Path | None) -> Path:
    """The first folder with a profiles.yml, whatever profiles it holds; as `profiles_dirs`."""
    return profiles_dirs(project_dir, explicit)[0]


def load_profile(
    name: str | None,
    *,
    project_dir: Path,
    target: str | None = None,
    profiles_dir: Path | None = None,
    vars: dict[str, Any] | None = None,
) -> Profile:
    """The profile and target that dbt would use, rendered with `env_var`, `var` and `flags.PROFILES_DIR`.

    Raises:
        ProfileError: the file, profile or target does not exist, or a value cannot be rendered.
    """
    if name is None:
        raise ProfileError(
            "dbt_project.yml names no profile", hint="add 'profile: <name>', or pass --profile"
        )
    name = str(_renderer(project_dir, vars or {}, project_dir / "dbt_project.yml")(name))
    read: list[tuple[Path, dict[str, Any]]] = []
    for folder in profiles_dirs(project_dir, profiles_dir):
        path, profiles = folder / PROFILES_FILE, _profiles(folder / PROFILES_FILE)
        read.append((path, profiles))
        if name in profiles:
            break
    else:
        path, profiles = read[0]
        raise _unknown("profile", name, profiles, path)
    body = profiles[name]
    outputs = body.get("outputs") if isinstance(body, dict) else None
    if not isinstance(outputs, dict) or not outputs:
        raise ProfileError(
            f"{path}: profile '{name}' has no outputs", hint="a profile needs 'outputs:' with a target"
        )
    render = _renderer(folder, vars or {}, path)
    chosen = target or render(body.get("target") or "default")
    if chosen not in outputs:
        raise _unknown(f"target of profile '{name}'", str(chosen), outputs, path)
    output = outputs[chosen]
    settings = {key: render(value) for key, value in output.items()} if isinstance(output, dict) else {}
    if not settings.get("type"):
        raise ProfileError(
            f"{path}: target '{chosen}' of profile '{name}' has no 'type'", hint="e.g. type: duckdb"
        )
    return Profile(name, str(chosen), str(settings["type"]), settings, folder)


def render_text(text: str, *, path: Path, vars: dict[str, Any], target: dict[str, Any]) -> str:
    """A text of a project's YAML with `target`, `var` and `env_var` filled in, as dbt renders it.

    Args:
        path: the file it stands in, for messages.
        target: what Jinja finds as `target.…`.

    Raises:
        ProfileError: it needs something else, or a variable that is not set.
    """
    return str(_renderer(path.parent, vars, path, target)(text))


def _profiles(path: Path) -> dict[str, Any]:
    try:
        content = parse_yaml(read_text(path), str(path))
    except SettingsError as error:
        raise ProfileError(error.message, hint=error.hint) from error
    return {k: v for k, v in content.items() if k != "config"} if isinstance(content, dict) else {}


def _unknown(kind: str, name: str, known: Any, path: Path) -> ProfileError:
    unknown = UnknownName(kind, name, [str(item) for item in known])
    return ProfileError(f"{path}: {unknown.message}", hint=unknown.hint)


def _renderer(
    folder: Path, vars: dict[str, Any], path: Path, target: dict[str, Any] | None = None
) -> Callable[[Any], Any]:
    """A function that renders every string inside a value, as dbt's profile renderer does."""
    from jinja2 import StrictUndefined, TemplateError, Undefined
    from jinja2.nativetypes import NativeEnvironment
    from jinja2.sandbox import SandboxedEnvironment

    class Environment(SandboxedEnvironment, NativeEnvironment):
        """Native: a template that is one expression gives that expression's value, e.g. a number."""

    env = environment()

    def env_var(name: str, default: str | None = None) -> str:
        value = env.get(name, default)
        if value is None:
            raise ProfileError(f"{path}: the environment variable {name} is not set", hint=f"export {name}=…")
        return value

    def var(name: str, *default: Any) -> Any:
        if name not in vars and not default:
            raise ProfileError(f"{path}: the variable '{name}' is not given", hint=f"--vars '{{{name}: …}}'")
        return vars.get(name, *default)

    jinja = Environment(undefined=StrictUndefined)
    jinja.globals.update(env_var=env_var, var=var, flags=SimpleNamespace(PROFILES_DIR=str(folder)))
    if target is not None:
        jinja.globals["target"] = SimpleNamespace(**target)
    jinja.filters.update(as_number=_as_number, as_bool=_as_bool, as_native=_as_native, as_text=str)

    def render(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: render(item) for key, item in value.items()}
        if isinstance(value, list):
            return [render(item) for item in value]
        if not isinstance(value, str) or ("{{" not in value and "{%" not in value):
            return value
        try:
            template = jinja.from_string(value)
            parts = list(template.root_render_func(template.new_context()))
            if len(parts) == 1 and not isinstance(parts[0], Undefined):
                return parts[0]
            return "".join(str(part) for part in parts)
        except TemplateError as error:
            raise ProfileError(f"{path}: {value!r} cannot be rendered: {error}") from error
        except (ValueError, TypeError, ArithmeticError, LookupError) as error:
            # Python's own message may repeat a variable's value, which may be a secret.
            kind = type(error).__name__
            raise ProfileError(f"{path}: {value!r} cannot be rendered: {kind}") from None

    return render


def _as_native(value: Any) -> Any:
    try:
        return ast.literal_eval(str(value))
    except (ValueError, SyntaxError):
        return str(value)


def _as_number(value: Any) -> Any:
    text = str(value)
    return float(text) if "." in text else int(text)


def _as_bool(value: Any) -> bool:
    return str(value).strip().lower() in ("true", "1", "yes", "on")
