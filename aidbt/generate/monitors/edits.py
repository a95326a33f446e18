"""Data tests put into the property files that people wrote, beside what stands there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from aidbt.core.config import parse_yaml
from aidbt.core.errors import EditConflict, WriteError
from aidbt.core.patch import FileEdit, digest, read_or_none
from aidbt.generate.check_yaml import check_dbt_yaml
from aidbt.generate.files import Rendering
from aidbt.patching import AddItem, Change, SetKey, dump_yaml, edit_yaml
from aidbt.project.manifest import Node
from aidbt.sql.identifiers import escape_jinja, needs_quotes

_BEFORE_TESTS = (
    "name", "identifier", "description", "docs", "latest_version", "deprecation_date", "access", "quoting",
    "loaded_at_field", "loaded_at_query", "freshness", "external", "data_type", "quote", "tags", "meta",
    "config", "constraints",
)  # fmt: skip
_BEFORE_COLUMNS = (*_BEFORE_TESTS, "tests", "data_tests")
Steps = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the properties of a node stand.

    Attributes:
        steps: from the top of the file to the node's entry.
        entry: what stands there; None where there is no entry.
    """

    steps: Steps
    entry: dict[str, Any] | None


def place_of(node: Node, content: Any) -> Place:
    """Where a model's or a source table's entry is in what a property file holds."""
    if node.resource_type == "source":
        source = _named(content, "sources", node.source_name)
        steps: Steps = ("sources", {"name": node.source_name}, "tables", {"name": node.name})
        return Place(steps, _named(source, "tables", node.name))
    return Place(("models", {"name": node.name}), _named(content, "models", node.name))


def _named(value: Any, key: str, name: str) -> dict[str, Any] | None:
    items = value.get(key) if isinstance(value, dict) else None
    found = (item for item in items or () if isinstance(item, dict) and item.get("name") == name)
    return next(found, None) if isinstance(items, list) else None


def tests_there(entry: Mapping[str, Any] | None) -> set[tuple[str, str]]:
    """(column in lower case or "", name of the test) of every data test of an entry."""
    if entry is None:
        return set()
    found = {("", name) for name in _test_names(entry)}
    columns = entry.get("columns")
    for column in columns if isinstance(columns, list) else ():
        if isinstance(column, dict):
            found |= {(str(column.get("name")).casefold(), name) for name in _test_names(column)}
    return found


def _test_names(entry: Mapping[str, Any]) -> Iterator[str]:
    for key in ("tests", "data_tests"):
        tests = entry.get(key)
        for test in tests if isinstance(tests, list) else ():
            if isinstance(test, str):
                yield test
            elif isinstance(test, dict) and test:
                yield str(test.get("test_name") or next(iter(test)))


Tests = Mapping[str, Sequence[Any]]
"""By column ("" for those of the table) the data tests as items of `data_tests:`."""


def new_entry(name: str, tests: Tests, options: Rendering) -> dict[str, Any]:
    """The entry of a node that has none."""
    key = options.properties.tests_key
    entry: dict[str, Any] = {"name": name}
    if tests.get(""):
        entry[key] = list(tests[""])
    columns = [_new_column(column, values, options) for column, values in tests.items() if column]
    return {**entry, "columns": columns} if columns else entry


def changes(place: Place, tests: Tests, options: Rendering) -> list[Change]:
    """What adds the tests to an entry that is there; nothing else of it changes."""
    entry = place.entry or {}
    found = list(_listed(entry, place.steps, tests.get("", ()), options))
    listed = entry.get("columns")
    known = {
        str(column.get("name")).casefold(): column
        for column in (listed if isinstance(listed, list) else ())
        if isinstance(column, dict)
    }
    new = []
    for column, values in tests.items():
        there = known.get(column.casefold())
        if column and there is None:
            new.append(_new_column(column, values, options))
        elif column:
            at = (*place.steps, "columns", {"name": str(there["name"])}) if there else ()
            found += _listed(there or {}, at, values, options)
    if new and known:
        found += [AddItem((*place.steps, "columns"), column) for column in new]
    elif new:
        found.append(SetKey(place.steps, "columns", new, after=_BEFORE_COLUMNS))
    return found


def _listed(entry: Mapping[str, Any], at: Steps, values: Sequence[Any], options: Rendering) -> list[Change]:
    if not values:
        return []
    key = next((k for k in ("data_tests", "tests") if k in entry), options.properties.tests_key)
    if entry.get(key):
        return [AddItem((*at, key), value) for value in values]
    return [SetKey(at, key, list(values), after=_BEFORE_TESTS)]


def _new_column(name: str, values: Sequence[Any], options: Rendering) -> dict[str, Any]:
    quoting = {"quote": True} if needs_quotes(name, options.dialect) else {}
    return {"name": escape_jinja(name), **quoting, options.properties.tests_key: list(values)}


def title(node: Node) -> str:
    """A node as people read it: a table of a source with its source."""
    return f"{node.source_name}.{node.name}" if node.resource_type == "source" else node.name


@dataclass(slots=True)
class _File:
    """A property file as it was, and as it is to be; None where there is none."""

    before: str | None
    text: str | None


class PropertyFiles:
    """The property files of nodes, each read when it is asked for."""

    def __init__(self, root: Path, options: Rendering) -> None:
        self._root, self._options = root, options
        self._files: dict[str, _File] = {}

    def place(self, node: Node) -> Place:
        """Where the node's entry stands.

        Raises:
            SettingsError: the file is no YAML.
        """
        path = _path(node)
        text = self._file(path).text
        return place_of(node, parse_yaml(text, path, repeated_keys=True) if text else None)

    def put(self, node: Node, place: Place, tests: Tests) -> str:
        """Add tests of a node; the path of the file they stand in now.

        Raises:
            EditConflict: they cannot be added without touching what a person wrote.
            WriteError: they would not be what dbt takes.
        """
        path, style = _path(node), self._options.yaml
        file = self._file(path)
        entry = new_entry(node.name, tests, self._options)
        self._check(entry)
        if place.entry is not None:
            made = changes(place, tests, self._options)
        elif node.resource_type == "source":
            raise EditConflict(f"{path} has no entry of {title(node)} that is written out")
        elif file.text is None:
            head: dict[str, Any] = {"version": 2} if self._options.properties.version else {}
            file.text = dump_yaml({**head, "models": [entry]}, style)
            return path
        else:
            content = parse_yaml(file.text, path, repeated_keys=True)
            has_models = isinstance(content, dict) and content.get("models")
            made = [AddItem(("models",), entry) if has_models else SetKey((), "models", [entry])]
        file.text = edit_yaml(file.text or "", made, path=path, style=style)
        return path

    def edits(self) -> list[FileEdit]:
        """What changed, in the order of the paths."""
        return [
            FileEdit(path, None if f.before is None else digest(f.before), f.text, "monitors", f.before)
            for path, f in sorted(self._files.items())
            if f.text is not None and f.text != f.before
        ]

    def _file(self, path: str) -> _File:
        if path not in self._files:
            text = read_or_none(self._root / path)
            self._files[path] = _File(text, text)
        return self._files[path]

    def _check(self, entry: Mapping[str, Any]) -> None:
        text = dump_yaml({"version": 2, "models": [dict(entry)]}, self._options.yaml)
        problem = check_dbt_yaml(text, nested_arguments=self._options.nested_arguments)
        if problem:
            raise WriteError(f"the monitors would not be what dbt takes: {problem}", hint="report this")


def _path(node: Node) -> str:
    """The property file of a node, relative to the project: where it has an entry, else beside the model."""
    if node.resource_type == "source":
        return node.path
    patch = str(node.raw.get("patch_path") or "").partition("://")[2].replace("\\", "/")
    return patch or (PurePosixPath(node.path).parent / f"{node.name}.yml").as_posix()
