"""The project's profile in a file of its own, changed in one place: for a dbt that builds elsewhere."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from aidbt.core.config import parse_yaml, read_text
from aidbt.core.errors import ProfileError
from aidbt.project.duckdb_path import duckdb_folder, resolve_duckdb_path
from aidbt.project.files import Project
from aidbt.project.profile import PROFILES_FILE, Profile

_SCHEMA_KEYS = ("schema", "dataset")


@contextlib.contextmanager
def other_profile(project: Project, *, schema: str | None = None) -> Iterator[Path]:
    """A folder with a profiles.yml that means the same warehouse from any folder; gone after the block.

    The values stand in it as they are written, with their Jinja: what the environment holds stays there.
    Paths of DuckDB files are made absolute. Only its owner may read the file.

    Args:
        schema: to build into, in place of the target's own.

    Raises:
        ProfileError: the profile cannot be read.
    """
    profile = project.profile()
    written = _written(profile)
    output = {key: _fixed(value, profile) for key, value in written.items()}
    if profile.type == "duckdb":
        base = duckdb_folder(profile, project) or Path.cwd()
        with contextlib.suppress(ProfileError):  # in memory, or on a server
            output["path"] = str(resolve_duckdb_path(profile, project))
        output.update({key: _attached(value, base) for key, value in output.items() if key == "attach"})
    if schema is not None:
        key = next((key for key in _SCHEMA_KEYS if key in output), "schema")
        output[key] = schema
    content = {profile.name: {"target": profile.target, "outputs": {profile.target: output}}}
    with tempfile.TemporaryDirectory(prefix="aidbt-profile-") as folder:  # made with mode 0700
        path = Path(folder) / PROFILES_FILE
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            yaml.safe_dump(content, file, allow_unicode=True)
        yield Path(folder)


def _written(profile: Profile) -> dict[str, Any]:
    """The target as profiles.yml has it, not rendered."""
    path = profile.profiles_dir / PROFILES_FILE
    content = parse_yaml(read_text(path), str(path))
    bodies = content if isinstance(content, dict) else {}
    output = (bodies.get(profile.name) or {}).get("outputs", {}).get(profile.target)
    if not isinstance(output, dict):
        raise ProfileError(f"{path}: target '{profile.target}' of '{profile.name}' cannot be read as written")
    return output


def _fixed(value: Any, profile: Profile) -> Any:
    """The value with the folder of the real profiles.yml in place of `flags.PROFILES_DIR`."""
    if isinstance(value, dict):
        return {key: _fixed(item, profile) for key, item in value.items()}
    if isinstance(value, list):
        return [_fixed(item, profile) for item in value]
    if isinstance(value, str) and "flags.PROFILES_DIR" in value:
        return value.replace("flags.PROFILES_DIR", repr(str(profile.profiles_dir)))
    return value


def _attached(value: Any, base: Path) -> Any:
    """DuckDB's `attach:` with absolute paths; one with Jinja or a scheme stays."""
    if not isinstance(value, list):
        return value
    found = []
    for item in value:
        text = item.get("path") if isinstance(item, dict) else None
        if isinstance(text, str) and "{" not in text and ":" not in text:
            item = {**item, "path": str(base / text)}
        found.append(item)
    return found
