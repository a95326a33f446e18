"""What a project's files already declare: sources, models, and which sources have a model on them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from aidbt.core.config import parse_yaml, read_text
from aidbt.core.errors import AidbtError, SettingsError
from aidbt.core.schema import Relation
from aidbt.project.files import Project

_SOURCE_CALL = re.compile(r"""\bsource\(\s*(['"])(?P<source>.+?)\1\s*,\s*(['"])(?P<table>.+?)\3\s*\)""")
_JINJA = re.compile(r"\{[{%]")


@dataclass(frozen=True, slots=True)
class DeclaredSource:
    """One table of a source, as a project's YAML declares it.

    Attributes:
        schema, identifier: where it stands in the warehouse; schema is None where Jinja hides it.
        path: the file, relative to the project.
        package: the installed package that declares it; "" for the project itself.
    """

    source: str
    table: str
    schema: str | None
    identifier: str
    path: str
    database: str | None = None
    package: str = ""
    columns: tuple[dict[str, Any], ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True)
class Declared:
    """What a project's own files declare, leaving out the files that were generated.

    Attributes:
        tables: every table of every source.
        disabled: the project's own tables that it declares and turns off; not among `tables`.
        models: model name → its file; installed packages included.
        properties: model name → the files that hold its YAML entry.
        staged: (source, table) → the first model that reads it.
        problems: files that could not be read, with the reason; only when they were to be collected.
        files: path → text of the project's own files.
        contents: path → what its YAML holds, for the property files among them.
        readers: the files of the models that read a source.
    """

    tables: tuple[DeclaredSource, ...]
    models: dict[str, str]
    properties: dict[str, tuple[str, ...]]
    staged: dict[tuple[str, str], str]
    problems: tuple[tuple[str, str], ...] = ()
    files: dict[str, str] = field(default_factory=dict, repr=False)
    contents: dict[str, Any] = field(default_factory=dict, repr=False)
    readers: frozenset[str] = frozenset()
    disabled: tuple[DeclaredSource, ...] = ()

    @cached_property
    def _places(self) -> _Places:
        return _by_place(self.tables)

    @cached_property
    def _disabled_places(self) -> _Places:
        return _by_place(self.disabled)

    def find(self, relation: Relation) -> DeclaredSource | None:
        """How a table of the warehouse is declared, or None. A schema that Jinja hides is taken for the
        table's when nothing else declares a table of that name there.
        """
        return self.find_table(relation.schema, relation.name, relation.database)

    def find_table(self, schema: str, name: str, database: str = "") -> DeclaredSource | None:
        """As `find`, for the place of a table."""
        return _at(self._places, schema, name, database)

    def find_disabled(self, relation: Relation) -> DeclaredSource | None:
        """As `find`, among the tables that are turned off: a model that reads one stops dbt."""
        return _at(self._disabled_places, relation.schema, relation.name, relation.database)

    @property
    def has_sources(self) -> bool:
        """Whether the project itself, not only a package, declares a source."""
        return any(not item.package for item in self.tables)

    def source_of(self, schema: str) -> str | None:
        """The source that the project declares most tables of a schema under, or None."""
        names = Counter(t.source for t in self.tables if (t.schema or "").lower() == schema.lower())
        return names.most_common(1)[0][0] if names else None

    def source_file(self, source: str) -> str | None:
        """The project's own file that declares a source, the first one that lists tables of it."""
        return next((t.path for t in self.tables if t.source == source and not t.package), None)


_Places = dict[tuple[str | None, str], list[DeclaredSource]]


def _by_place(tables: Iterable[DeclaredSource]) -> _Places:
    found: _Places = {}
    for item in tables:
        place = item.schema.lower() if item.schema is not None else None
        found.setdefault((place, item.identifier.lower()), []).append(item)
    return found


def _at(places: _Places, schema: str, name: str, database: str) -> DeclaredSource | None:
    for place in (schema.lower(), None):
        for item in places.get((place, name.lower()), ()):
            if item.database is None or not database or item.database.lower() == database.lower():
                return item
    return None


def declared(
    project: Project,
    *,
    generated: Collection[str],
    own_sources: Collection[str] = (),
    lenient: bool = False,
) -> Declared:
    """What the project's model files declare, read as text; only plain Jinja in a source's schema is read.

    Args:
        generated: paths (relative to the project) that aidbt wrote and that are therefore left out.
        own_sources: the pairs "source.table" that aidbt declared, left out wherever they stand.
        lenient: whether a file that cannot be read is noted under `problems` instead of raised.

    Raises:
        SettingsError: a YAML file cannot be read (file and line).
    """
    tables: list[DeclaredSource] = []
    disabled: list[DeclaredSource] = []
    models: dict[str, str] = {}
    properties: dict[str, tuple[str, ...]] = {}
    staged: dict[tuple[str, str], str] = {}
    problems: list[tuple[str, str]] = []
    texts: dict[str, str] = {}
    contents: dict[str, Any] = {}
    readers: set[str] = set()
    for path, package in _files(project):
        short = path.relative_to(project.root).as_posix()
        if short in generated:
            continue
        try:
            text = read_text(path)
            if path.suffix in (".yml", ".yaml"):
                content = _content(text, short)
                if content is not None and not package:
                    contents[short] = content
                for item, is_on in _sources(content, short, package, project):
                    if f"{item.source}.{item.table}" in own_sources:
                        continue
                    if is_on:
                        tables.append(item)
                    elif not package:
                        disabled.append(item)
                for name in _model_entries(content):
                    properties[name] = (*properties.get(name, ()), short)
            else:
                models[path.stem] = short
                for match in _SOURCE_CALL.finditer(text):
                    staged.setdefault((match["source"], match["table"]), path.stem)
                    readers.add(short)
            if not package:
                texts[short] = text
        except SettingsError as error:
            if not lenient:
                raise
            problems.append((short, error.message.removeprefix(f"{short}:").removeprefix(f"{short}: ")))
    return Declared(
        tuple(tables),
        models,
        properties,
        staged,
        tuple(problems),
        texts,
        contents,
        frozenset(readers),
        tuple(disabled),
    )


def _files(project: Project) -> Iterator[tuple[Path, str]]:
    """The files of the project's model and snapshot paths, then those of installed packages, by name."""
    for folder in [*project.paths("model"), *project.paths("snapshot")]:
        yield from ((path, "") for path in _model_files(folder))
    installed = project.root / str(project.config.get("packages-install-path") or "dbt_packages")
    for package in sorted(installed.glob("*/dbt_project.yml")):
        for path in _model_files(package.parent / "models"):
            yield path, package.parent.name


def _model_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".yml", ".yaml", ".sql", ".py") and path.is_file():
            yield path


def _content(text: str, path: str) -> Any:
    if not any(word in text for word in ("sources:", "models:", '"sources"', '"models"')):
        return None
    return parse_yaml(text, path, repeated_keys=True)  # dbt only warns


def _sources(
    content: Any, path: str, package: str, project: Project
) -> Iterator[tuple[DeclaredSource, bool]]:
    """The tables that a property file declares, and whether each is enabled."""
    for source in _mappings(content, "sources"):
        name = str(source.get("name", ""))
        schema = _plain(source.get("schema") or name, project)
        # An empty one is what `target.database` is where the profile names none: the adapter's own.
        database = (_plain(source["database"], project) or None) if source.get("database") else None
        for table in _mappings(source, "tables"):
            table_name = str(table.get("name", ""))
            identifier = str(table.get("identifier") or table_name)
            columns = tuple(_mappings(table, "columns"))
            item = DeclaredSource(name, table_name, schema, identifier, path, database, package, columns)
            said = (_enabled(table, project), _enabled(source, project), _enabled_above(item, project))
            yield item, next((is_on for is_on in said if is_on is not None), True)


def _enabled(entry: dict[str, Any], project: Project) -> bool | None:
    """What an entry says of itself; None when it says nothing, or nothing that can be told without dbt."""
    config = entry.get("config")
    inner = config.get("enabled") if isinstance(config, dict) else None
    return _truth(inner if inner is not None else entry.get("enabled"), project)


def _enabled_above(item: DeclaredSource, project: Project) -> bool | None:
    """What `sources:` of dbt_project.yml says of a table: by project, folders, source and table."""
    folders = () if item.package else _folders_in_paths(item.path, project)
    level: Any = project.config.get("sources")
    found: bool | None = None
    for step in (item.package or project.name, *folders, item.source, item.table, ""):
        if not isinstance(level, dict):
            break
        said = _truth(level.get("+enabled", level.get("enabled")), project)
        found = found if said is None else said
        level = level.get(step)
    return found


def _folders_in_paths(path: str, project: Project) -> Sequence[str]:
    """The folders between a model path and a file."""
    whole = project.root / path
    inside = next((f for f in project.paths("model") if whole.is_relative_to(f)), whole.parent)
    return whole.parent.relative_to(inside).parts


def _truth(value: Any, project: Project) -> bool | None:
    if isinstance(value, str):
        words = (_plain(value, project) or "").strip().lower()
        return {"true": True, "false": False}.get(words)
    return value if isinstance(value, bool) else None


def _plain(text: Any, project: Project) -> str | None:
    """The text with what the profile knows filled in (`target`, `var`, `env_var`); None for other Jinja."""
    if not _JINJA.search(str(text)):
        return str(text)
    try:
        return project.render(str(text))
    except AidbtError:
        return None


def _model_entries(content: Any) -> Iterator[str]:
    for entry in _mappings(content, "models"):
        yield str(entry.get("name", ""))


def _mappings(value: Any, key: str) -> list[dict[str, Any]]:
    items = value.get(key) if isinstance(value, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
