"""What a project's files already declare: sources, models, and which sources have a model on them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aidbt.core.config import parse_yaml, read_text
from aidbt.project.files import Project

_SOURCE_CALL = re.compile(r"""\bsource\(\s*(['"])(?P<source>.+?)\1\s*,\s*(['"])(?P<table>.+?)\3\s*\)""")


@dataclass(frozen=True, slots=True)
class DeclaredSource:
    """One table of a source, as a project's YAML declares it."""

    source: str
    table: str
    schema: str
    identifier: str
    path: str


@dataclass(frozen=True, slots=True)
class Declared:
    """What a project's own files declare, leaving out the files that were generated.

    Attributes:
        sources: by (schema, identifier) in lower case.
        models: model name → its file.
        staged: the (source, table) pairs that some model reads.
    """

    sources: dict[tuple[str, str], DeclaredSource]
    models: dict[str, str]
    staged: frozenset[tuple[str, str]]


def declared(project: Project, *, generated: Collection[str]) -> Declared:
    """What the project's model files declare, read as text; Jinja is not rendered.

    Args:
        generated: paths (relative to the project) that aidbt wrote and that are therefore left out.

    Raises:
        SettingsError: a YAML file cannot be read (file and line).
    """
    sources: dict[tuple[str, str], DeclaredSource] = {}
    models: dict[str, str] = {}
    staged: set[tuple[str, str]] = set()
    for path in _files(project):
        short = path.relative_to(project.root).as_posix()
        if short in generated:
            continue
        if path.suffix in (".yml", ".yaml"):
            for item in _sources(read_text(path), short):
                sources[item.schema.lower(), item.identifier.lower()] = item
        else:
            models[path.stem] = short
            staged |= {(m["source"], m["table"]) for m in _SOURCE_CALL.finditer(read_text(path))}
    return Declared(sources, models, frozenset(staged))


def _files(project: Project) -> Iterator[Path]:
    for folder in project.paths("model"):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".yml", ".yaml", ".sql", ".py") and path.is_file():
                yield path


def _sources(text: str, path: str) -> Iterator[DeclaredSource]:
    if "sources:" not in text:
        return
    content = parse_yaml(text, path, repeated_keys=True)  # dbt only warns
    for source in _mappings(content, "sources"):
        name = str(source.get("name", ""))
        schema = str(source.get("schema") or name)
        for table in _mappings(source, "tables"):
            table_name = str(table.get("name", ""))
            identifier = str(table.get("identifier") or table_name)
            yield DeclaredSource(name, table_name, schema, identifier, path)


def _mappings(value: Any, key: str) -> list[dict[str, Any]]:
    items = value.get(key) if isinstance(value, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
