"""Which file a DuckDB profile means, so that dbt and aidbt open the same one."""

from __future__ import annotations

import os
import re
from pathlib import Path

from aidbt.core.errors import ProfileError
from aidbt.project.files import Project
from aidbt.project.profile import Profile

_ABSOLUTE_HINT = 'say where it is: path: "{{ flags.PROFILES_DIR }}/warehouse.duckdb"'
# "md:", "motherduck:", "s3://", "ducklake:"; one letter is a Windows drive.
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]+:", re.IGNORECASE)


def resolve_duckdb_path(profile: Profile, project: Project) -> Path:
    """The absolute path of the database file of a DuckDB profile; the file need not exist yet.

    DuckDB reads a relative path against the current folder, whatever dbt is told about the project. So a
    relative path is the file in the current folder; where there is none, but one in the project's folder
    (it was built from inside), that one.

    Raises:
        ProfileError: both exist and differ, it is in memory, it is no local file, or the profile is not
            DuckDB's.
    """
    path = _local_path(profile)
    if path is None:
        raise _not_a_file(profile)
    return path if path.is_absolute() else _base(path, project) / path


def duckdb_folder(profile: Profile, project: Project) -> Path | None:
    """The folder to run dbt in, so that it opens the file that `resolve_duckdb_path` names; None when it
    makes no difference (an absolute path, no local file, not DuckDB).

    Raises:
        ProfileError: the same relative file exists in the current folder and in the project's.
    """
    path = _local_path(profile)
    return None if path is None or path.is_absolute() else _base(path, project)


def _local_path(profile: Profile) -> Path | None:
    text = str(profile.settings.get("path") or ":memory:")
    if profile.type != "duckdb" or text.startswith(":memory:") or _SCHEME.match(text):
        return None
    path = Path(text).expanduser()
    return Path(os.path.abspath(path)) if path.is_absolute() else path


def _not_a_file(profile: Profile) -> ProfileError:
    where = f"target '{profile.target}' of profile '{profile.name}'"
    text = str(profile.settings.get("path") or ":memory:")
    if profile.type != "duckdb":
        return ProfileError(f"{where} is of type {profile.type}, not duckdb")
    if text.startswith(":memory:"):
        what = "keeps its database in memory: nothing of it is left when dbt ends"
    else:
        what = f"is not a file on this machine: {text.partition('?')[0]}"
    return ProfileError(f"{where} {what}", hint=_ABSOLUTE_HINT)


def _base(path: Path, project: Project) -> Path:
    here, inside = Path.cwd() / path, project.root / path
    if not inside.exists():
        return Path.cwd()
    if not here.exists():
        return project.root
    if not here.samefile(inside):
        raise ProfileError(
            f"the relative path '{path}' of the DuckDB profile means two databases: {here} and {inside}",
            hint=f"remove the one that is not wanted, and {_ABSOLUTE_HINT}",
        )
    return Path.cwd()
