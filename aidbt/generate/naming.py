"""Where generated files go and what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from aidbt.core.config import GenerateSettings
from aidbt.core.schema import Mapping
from aidbt.project.conventions import model_name, snake_case


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and names of what is generated for one project.

    Attributes:
        sources_path, staging_path: relative to the project, forward slashes.
    """

    sources_path: str
    staging_path: str
    prefix: str

    def sources_file(self, source: str) -> str:
        folder = snake_case(source)
        return str(PurePosixPath(self.sources_path) / folder / f"_{folder}__sources.yml")

    def models_file(self, source: str) -> str:
        folder = snake_case(source)
        return str(PurePosixPath(self.staging_path) / folder / f"_{folder}__models.yml")

    def model_file(self, source: str, model: str) -> str:
        return str(PurePosixPath(self.staging_path) / snake_case(source) / f"{model}.sql")


def layout_for(settings: GenerateSettings, *, has_staging_folder: bool, was_set: bool) -> Layout:
    """The layout of a project: what its settings say, else its own staging folder, else bronze and silver."""
    if has_staging_folder and not was_set:
        return Layout("models/staging", "models/staging", settings.prefix)
    return Layout(settings.sources_path.rstrip("/"), settings.staging_path.rstrip("/"), settings.prefix)


def model_names(mappings: list[Mapping], prefix: str) -> dict[str, str]:
    """The staging model of each mapping, by its key; tables whose names fold to one get numbers, in order
    of their exact names.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for mapping in sorted(mappings, key=lambda m: (m.source, m.table)):
        base = name = model_name(prefix, mapping.source, mapping.table)
        number = 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        names[mapping.key] = name
    return names


def source_table_names(mappings: list[Mapping]) -> dict[str, str]:
    """The name of each table in its source's YAML, by the mapping's key: the table's own name where dbt
    and people can write it plainly, else its snake_case, numbered where two are the same.
    """
    names: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    for mapping in sorted(mappings, key=lambda m: (m.source, m.table)):
        plain = mapping.table.isascii() and mapping.table.replace("_", "a").isalnum()
        base = name = mapping.table if plain else snake_case(mapping.table)
        number = 1
        while (mapping.source, name.lower()) in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add((mapping.source, name.lower()))
        names[mapping.key] = name
    return names
