"""Where generated files go and what they are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from aidbt.core.config import GenerateSettings, LoadedSettings, Settings
from aidbt.core.schema import Mapping
from aidbt.project import Project
from aidbt.project.conventions import fill, snake_case
from aidbt.project.declared import Declared
from aidbt.sql.identifiers import plain_name


@dataclass(frozen=True, slots=True)
class Home:
    """Where the hand-written staging models of one source stand.

    Attributes:
        properties: the file with their YAML entries; "" when they have none in common.
    """

    folder: str
    properties: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """The files and names of what is generated for one project; paths are relative to it.

    Attributes:
        homes: where people keep the staging models of a source, by source.
    """

    settings: GenerateSettings
    table_prefixes: tuple[str, ...] = ()
    homes: dict[str, Home] = field(default_factory=dict)

    def sources_file(self, source: str) -> str:
        """The file that declares a source."""
        return str(PurePosixPath(fill(self.settings.sources_file, source, "")))

    def models_file(self, mapping: Mapping, model: str) -> str:
        """The file with the properties of a staging model."""
        home = self.homes.get(mapping.source)
        if home is not None and home.properties:
            return home.properties
        return self._of_model(self.settings.models_file, mapping, model)

    def model_file(self, mapping: Mapping, model: str) -> str:
        """The file of a staging model's SQL."""
        home = self.homes.get(mapping.source)
        if home is not None:
            return f"{home.folder}/{model}.sql"
        return self._of_model(self.settings.model_file, mapping, model)

    def _of_model(self, pattern: str, mapping: Mapping, model: str) -> str:
        prefixes = self.table_prefixes
        filled = fill(pattern, mapping.source, mapping.staged_as, model=model, prefixes=prefixes)
        return str(PurePosixPath(filled))

    def base_file(self, mapping: Mapping, model: str) -> str:
        """The file of the SQL of the model that holds a change log's rows as they are now."""
        pattern = self.settings.base_file or self._usual_base_file(mapping, model)
        return self._of_model(pattern, replace(mapping, items=""), model)

    def base_models_file(self, mapping: Mapping, model: str) -> str:
        """The file with the properties of that model: beside it."""
        folder = PurePosixPath(self.base_file(mapping, model)).parent
        return str(folder / f"_{snake_case(mapping.source).lstrip('_')}__base.yml")

    def _usual_base_file(self, mapping: Mapping, model: str) -> str:
        beside_sources = PurePosixPath(self.settings.sources_file).parent
        if "bronze" in beside_sources.parts:
            return f"{beside_sources}/{{model}}.sql"
        return str(
            PurePosixPath(self.model_file(replace(mapping, items=""), "{model}")).parent / "base/{model}.sql"
        )

    def model_name(self, source: str, table: str) -> str:
        """The name of a table's staging model, not yet told apart from others of the same name; in capitals
        where the pattern is.
        """
        return self._named(self.settings.model_name, source, table)

    def _named(self, pattern: str, source: str, table: str) -> str:
        name = fill(pattern, source, table, prefixes=self.table_prefixes)
        return name.upper() if re.search("[A-Z]", pattern) else name

    def model_names(self, mappings: Iterable[Mapping]) -> dict[str, str]:
        """The staging model of each mapping, by its key; tables whose names fold to one get numbers, in
        order of their exact names.
        """
        wanted = {m.key: self.model_name(m.source, m.staged_as) for m in sorted(mappings, key=_exact_name)}
        return _told_apart(wanted, ())

    def base_names(self, mappings: Iterable[Mapping]) -> dict[str, str]:
        """The model with the rows as they are now of each change log, by the key of its table; told apart
        from one another and from the staging models.
        """
        ordered = sorted(mappings, key=_exact_name)
        wanted = {
            m.parent: self._named(self.settings.base_name, m.source, m.table)
            for m in ordered
            if m.rows == "changes"
        }
        return _told_apart(wanted, self.model_names(ordered).values())


def _exact_name(mapping: Mapping) -> tuple[str, str, str]:
    return mapping.source, mapping.table, mapping.items


def _told_apart(wanted: dict[str, str], others: Iterable[str]) -> dict[str, str]:
    """The names by key, with a number where one is taken."""
    names: dict[str, str] = {}
    taken = set(others)
    for key, base in wanted.items():
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        names[key] = name
    return names


def with_homes(layout: Layout, here: Declared) -> Layout:
    """The layout with the folders that sources have of their own, for projects whose pattern names none."""
    pattern = layout.settings.model_file
    if "{source}" in pattern:
        return layout
    root = PurePosixPath(pattern).parent.parent.as_posix() + "/"
    folders: dict[str, Counter[str]] = {}
    files: dict[str, Counter[str]] = {}
    for (source, _), model in here.staged.items():
        path = here.models.get(model, "")
        if path in here.files and path.startswith(root):
            folders.setdefault(source, Counter())[PurePosixPath(path).parent.as_posix()] += 1
            files.setdefault(source, Counter()).update(here.properties.get(model, ())[:1])
    homes = {}
    for source, counted in folders.items():
        folder, models = counted.most_common(1)[0]
        common = [path for path, times in files[source].most_common(1) if times == models or times > 1]
        homes[source] = Home(folder, common[0] if common else "")
    return replace(layout, homes=homes)


def layout_of(settings: Settings) -> Layout:
    """The layout that the settings describe."""
    return Layout(settings.generate, tuple(settings.conventions.table_prefixes))


def project_layout(project: Project, settings: LoadedSettings) -> Layout:
    """The layout of a project: what its settings say, else its own staging folder, else bronze and silver."""
    layout = layout_of(settings.values)
    was_set = any(settings.origins[f"generate.{name}"] != "default" for name in _PATHS)
    return (
        layout
        if was_set
        else replace(layout, settings=layout.settings.model_copy(update=usual_paths(project)))
    )


_PATHS = ("sources_file", "models_file", "model_file")


def usual_paths(project: Project) -> dict[str, str]:
    """Where files go that nothing is known about: the project's staging folder, else bronze and silver."""
    folders = project.paths("model")
    staging = next((folder for folder in folders if (folder / "staging").is_dir()), None)
    models = (staging or folders[0]).relative_to(project.root).as_posix()
    sources, own = (f"{models}/staging",) * 2 if staging else (f"{models}/bronze", f"{models}/silver")
    return {
        "sources_file": f"{sources}/{{source}}/_{{source}}__sources.yml",
        "models_file": f"{own}/{{source}}/_{{source}}__models.yml",
        "model_file": f"{own}/{{source}}/{{model}}.sql",
    }


def source_table_names(mappings: Iterable[Mapping], dialect: str) -> dict[str, str]:
    """The name of each table in its source's YAML, by the mapping's key: the table's own name where dbt
    and people can write it plainly, else its snake_case, numbered where two are the same.

    Where the system raises bare names (Snowflake) a table in capitals is written in lower case.
    """
    names: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    for mapping in sorted(mappings, key=lambda m: (m.source, m.table, m.items)):
        if mapping.items and mapping.parent in names:  # the items of a list stand in their table
            names[mapping.key] = names[mapping.parent]
            continue
        plain = mapping.table.isascii() and mapping.table.replace("_", "a").isalnum()
        base = name = plain_name(mapping.table, dialect) if plain else snake_case(mapping.table)
        number = 1
        while (mapping.source, name.lower()) in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add((mapping.source, name.lower()))
        names[mapping.key] = name
    return names
