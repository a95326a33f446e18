"""The dbt packages that a project names."""

from __future__ import annotations

from typing import Any

from aidbt.core.config import parse_yaml, read_text
from aidbt.core.errors import SettingsError
from aidbt.project.files import Project

# The file of the data tests that compare with what was learned.
MONITOR_MACROS = "monitors.sql"
_FILES = ("packages.yml", "dependencies.yml")


def package_names(project: Project) -> frozenset[str]:
    """The names of the packages in packages.yml and dependencies.yml, without their publisher.

    A package that is only named as a git or local folder is called like that folder.
    """
    found: set[str] = set()
    for name in _FILES:
        path = project.root / name
        if path.is_file():
            try:
                content = parse_yaml(read_text(path), name)
            except SettingsError:  # Jinja may stand anywhere in it; dbt says better what is wrong
                continue
            items = content.get("packages") if isinstance(content, dict) else None
            found |= {_name(item) for item in items or () if isinstance(item, dict)}
    return frozenset(found - {""})


def has_our_macros(project: Project, file: str = "") -> bool:
    """Whether the project holds the macros that `aidbt init --macros` copies, or one file of them."""
    return any((folder / "aidbt" / file).exists() for folder in project.paths("macro"))


def _name(item: dict[str, Any]) -> str:
    where = item.get("package") or item.get("git") or item.get("local") or item.get("tarball") or ""
    return str(where).rstrip("/").removesuffix(".git").rpartition("/")[2].replace("-", "_")
