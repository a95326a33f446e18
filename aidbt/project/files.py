"""Finding and opening a dbt project without running dbt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aidbt.core.config import environment, parse_yaml, read_text
from aidbt.core.errors import ProjectError, SettingsError
from aidbt.project.profile import Profile, load_profile, render_text

PROJECT_FILE = "dbt_project.yml"
AIDBT_DIR = "aidbt"


@dataclass(frozen=True, slots=True)
class Project:
    """A dbt project as its files describe it; paths are absolute.

    Attributes:
        root: the folder of dbt_project.yml.
        config: everything in dbt_project.yml, as it stands there (Jinja not rendered).
        profile_name, target_name, profiles_dir: what was asked for; None means dbt's own choice.
        vars: dbt variables given on the command line.
    """

    root: Path
    name: str
    config: dict[str, Any] = field(repr=False)
    profile_name: str | None = None
    target_name: str | None = None
    profiles_dir: Path | None = None
    vars: dict[str, Any] = field(default_factory=dict)

    def profile(self) -> Profile:
        """The connection that dbt would use.

        Raises:
            ProfileError: there is no such profile or target, or it cannot be rendered.
        """
        name = self.profile_name or self.config.get("profile")
        return load_profile(
            str(name) if name else None,
            project_dir=self.root,
            target=self.target_name,
            profiles_dir=self.profiles_dir,
            vars=self.vars,
        )

    def paths(self, key: str) -> list[Path]:
        """The folders of one kind, e.g. `paths("model")`, as dbt_project.yml or dbt's default names them."""
        defaults = {"model": "models", "seed": "seeds", "snapshot": "snapshots", "macro": "macros"}
        named = self.config.get(f"{key}-paths") or [defaults[key]]
        return [self.root / str(item) for item in named]

    @property
    def aidbt_dir(self) -> Path:
        """The folder of aidbt's own files in the project (targets, mappings, connectors, lock)."""
        return self.root / AIDBT_DIR

    @property
    def target_path(self) -> Path:
        """Where dbt writes its artifacts."""
        from_env = environment().get("DBT_TARGET_PATH")
        return self.root / (from_env or str(self.config.get("target-path") or "target"))

    def render(self, text: str) -> str:
        """A text of the project's YAML with `target`, `var` and `env_var` filled in.

        Raises:
            ProfileError: it needs anything else, or the profile cannot be read.
        """
        own = self.config.get("vars") or {}
        scoped = own.get(self.name)
        named = {**own, **(scoped if isinstance(scoped, dict) else {}), **self.vars}
        profile = self.profile()
        target = {
            "name": profile.target,
            "type": profile.type,
            "schema": profile.schema,
            "database": profile.database,
            "profile_name": profile.name,
        }
        return render_text(text, path=self.root / PROJECT_FILE, vars=named, target=target)

    def flag(self, name: str, default: bool) -> bool:
        """A behaviour flag from `flags:` in dbt_project.yml."""
        flags = self.config.get("flags") or {}
        return bool(flags.get(name, default))


def find_project(start: Path | None = None) -> Path:
    """The folder of the dbt project: `start` or `DBT_PROJECT_DIR`, else the current folder, its parents,
    else the only child folder that holds a dbt_project.yml.

    Raises:
        ProjectError: there is none, or there are several to choose from.
    """
    explicit = start or environment().get("DBT_PROJECT_DIR")
    if explicit:
        root = Path(explicit).expanduser().resolve()
        if not (root / PROJECT_FILE).is_file():
            raise ProjectError(
                f"{root} holds no {PROJECT_FILE}", hint="name the folder of a dbt project with --project-dir"
            )
        return root
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    children = sorted(path.parent for path in here.glob(f"*/{PROJECT_FILE}") if path.is_file())
    if len(children) == 1:
        return children[0]
    if children:
        listed = ", ".join(child.name for child in children)
        raise ProjectError(f"several dbt projects here: {listed}", hint="choose one with --project-dir")
    raise ProjectError(
        "no dbt project here, in a parent folder or in a child folder",
        hint="change to your project's folder, name it with --project-dir, or start one with: aidbt init",
    )


def open_project(
    project_dir: Path | None = None,
    *,
    profile: str | None = None,
    target: str | None = None,
    profiles_dir: Path | None = None,
    vars: dict[str, Any] | None = None,
    instead: Callable[[Path], Iterable[str]] | None = None,
) -> Project:
    """The dbt project in or around a folder, read from its files; dbt is not imported.

    Args:
        instead: root → texts to read where dbt_project.yml itself cannot be read, the best first.

    Raises:
        ProjectError: no project, several, or a dbt_project.yml that cannot be read (file and line).
    """
    root = find_project(project_dir)
    path = root / PROJECT_FILE
    try:
        config = parse_yaml(read_text(path), str(path))
    except SettingsError as error:
        config = _first_readable(instead(root) if instead is not None else (), path)
        if config is None:
            raise ProjectError(error.message, hint=error.hint) from error
    if not isinstance(config, dict) or not isinstance(config.get("name"), str):
        raise ProjectError(f"{path}: a dbt project needs a 'name:'", hint="see dbt's docs on dbt_project.yml")
    env = environment()
    named_dir = profiles_dir or env.get("DBT_PROFILES_DIR")
    return Project(
        root=root,
        name=config["name"],
        config=config,
        profile_name=profile or env.get("DBT_PROFILE"),
        target_name=target or env.get("DBT_TARGET"),
        profiles_dir=Path(named_dir).expanduser().resolve() if named_dir else None,
        vars=vars or {},
    )


def _first_readable(texts: Iterable[str], path: Path) -> Any:
    for text in texts:
        try:
            return parse_yaml(text, str(path))
        except SettingsError:
            continue
    return None
