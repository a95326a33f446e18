"""`aidbt/models/<name>.yml`: the sentence of a model, how it was read, and what was decided of it.

The reading is the query in the form of `semantic.query_json`. People may change it there; what follows from
it is written by the next `aidbt model --name NAME`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from aidbt.core.config import parse_yaml
from aidbt.core.errors import AidbtError, SettingsError, nearest
from aidbt.core.patch import FileEdit, digest, read_or_none
from aidbt.patching import Flow, SetKey, YamlStyle, dump_yaml, edit_yaml
from aidbt.semantic.definitions import SemanticManifest
from aidbt.semantic.graph import Graph
from aidbt.semantic.query import SemanticQuery
from aidbt.semantic.query_json.document import query_from_json

FOLDER = "aidbt/models"
Materialized = Literal["view", "table", "incremental"]
Test = Literal["not_null", "unique"]

_COMPACT = YamlStyle(blank_lines=(), flow_lists=True)
_HEAD = """\
# A model from English: its sentence, and how it was read. Change the reading here or with
# aidbt model --name {name} --refine "…", then run: aidbt model --name {name}
"""


@dataclass(frozen=True, slots=True)
class ModelColumn:
    """A column of the model.

    Attributes:
        data_type: in the warehouse's words; "" when it did not tell.
        tests: those that held on all rows when it was decided on them.
    """

    name: str
    data_type: str = ""
    description: str = ""
    tests: tuple[Test, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptModel:
    """What is kept of a model.

    Attributes:
        sentence: as it was asked first.
        refined: what was added to it since, in order.
        reading: the query as `query_to_json` writes it.
        described: the reading in English.
        grain: the columns of which no two rows are alike; () when that is not known.
        digest: of the file as it was read; None for a new one.
    """

    name: str
    sentence: str
    reading: dict[str, Any]
    described: str = ""
    refined: tuple[str, ...] = ()
    materialized: Materialized = "view"
    contract: bool = False
    grain: tuple[str, ...] = ()
    columns: tuple[ModelColumn, ...] = ()
    digest: str | None = field(default=None, compare=False)

    @property
    def path(self) -> str:
        return f"{FOLDER}/{self.name}.yml"

    def query(self, graph: Graph, semantic: SemanticManifest | None = None) -> SemanticQuery:
        """The query that is kept.

        Args:
            semantic: the project's semantic layer, whose metrics it may name.

        Raises:
            SettingsError: it is none, or names what there is no more.
        """
        try:
            metrics = semantic.metric_names() if semantic is not None else ()
            return query_from_json(self.reading, graph, metrics=tuple(metrics))
        except AidbtError as error:
            raise SettingsError(f"reading: {error.message}", path=self.path, hint=error.hint) from error


def kept_names(root: Path) -> list[str]:
    """The models that are kept, by name."""
    return sorted(path.stem for path in (root / FOLDER).glob("*.yml"))


def read_kept(root: Path, name: str) -> KeptModel | None:
    """What is kept of a model; None when nothing is.

    Raises:
        SettingsError: the file is not what `aidbt model` writes.
    """
    path = f"{FOLDER}/{name}.yml"
    # By the names in the folder: where the file system knows no case, M would be read from m.yml.
    text = read_or_none(root / path) if name in kept_names(root) else None
    if text is None:
        return None
    content = parse_yaml(text, path)
    return replace(_kept(content, name, path), digest=digest(text))


def _kept(content: Any, name: str, path: str) -> KeptModel:
    def refuse(message: str, hint: str | None = None) -> SettingsError:
        return SettingsError(message, path=path, hint=hint)

    if not isinstance(content, dict):
        raise refuse("it holds no model", "remove it, and ask for the model anew")
    for key in content:
        if key not in _KEYS:
            close = nearest(str(key), _KEYS)
            raise refuse(f"unknown key '{key}'", f"did you mean '{close}'?" if close else None)
    if not isinstance(content.get("sentence"), str) or not isinstance(content.get("reading"), dict):
        raise refuse("it needs a sentence, which is a text, and a reading", "see another file in this folder")
    if content.get("materialized", "view") not in get_args(Materialized):
        raise refuse(
            f"materialized: '{content['materialized']}' is not possible",
            f"one of: {', '.join(get_args(Materialized))}",
        )
    if not isinstance(content.get("contract", False), bool):
        raise refuse("contract is neither true nor false")
    return KeptModel(
        name,
        content["sentence"],
        content["reading"],
        described=str(content.get("described") or ""),
        refined=tuple(map(str, _list(content, "refined", refuse))),
        materialized=content.get("materialized", "view"),
        contract=content.get("contract", False),
        grain=tuple(map(str, _list(content, "grain", refuse))),
        columns=tuple(_column(item, refuse) for item in _list(content, "columns", refuse)),
    )


def _list(content: dict[str, Any], key: str, refuse: Any) -> list[Any]:
    value = content.get(key) or []
    if not isinstance(value, list):
        raise refuse(f"{key} is no list")
    return value


def _column(item: Any, refuse: Any) -> ModelColumn:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        raise refuse("a column needs a name")
    tests = item.get("tests") or []
    unknown = [test for test in tests if test not in get_args(Test)] if isinstance(tests, list) else [tests]
    if unknown:
        raise refuse(
            f"column {item['name']}: '{unknown[0]}' is not a test that stands here",
            "give not_null and unique here; write others into the model's own YAML",
        )
    return ModelColumn(
        item["name"], str(item.get("data_type") or ""), str(item.get("description") or ""), tuple(tests)
    )


def kept_edit(kept: KeptModel, root: Path) -> FileEdit | None:
    """The saving of a model; None when the file says it already. What people noted in it stays.

    Raises:
        EditConflict: the file changed since it was read, or cannot be changed without losing something.
    """
    before = read_or_none(root / kept.path)
    values = _values(kept)
    if before is None:
        text = _HEAD.format(name=kept.name) + dump_yaml(values, _COMPACT)
        return FileEdit(kept.path, None, text, "a model's sentence and reading")
    content = parse_yaml(before, kept.path)
    plain = _values(kept, flow=False)
    changes = [SetKey((), key, values[key]) for key in values if content.get(key) != plain[key]]
    if not changes:
        return None
    text = edit_yaml(before, changes, path=kept.path, style=_COMPACT)
    return FileEdit(kept.path, kept.digest, text, "the reading changed", before)


_KEYS = (
    "sentence",
    "refined",
    "described",
    "materialized",
    "contract",
    "reading",
    "grain",
    "columns",
)


def _values(kept: KeptModel, *, flow: bool = True) -> dict[str, Any]:
    """The file's content, in its order."""

    def short(value: list[str]) -> Any:
        return Flow(list(value)) if flow else value

    return {
        "sentence": kept.sentence,
        "refined": list(kept.refined),
        "described": kept.described,
        "materialized": kept.materialized,
        "contract": kept.contract,
        "reading": kept.reading,
        "grain": short(list(kept.grain)),
        "columns": [_column_values(column, short) for column in kept.columns],
    }


def _column_values(column: ModelColumn, short: Any) -> dict[str, Any]:
    value: dict[str, Any] = {"name": column.name}
    if column.data_type:
        value["data_type"] = column.data_type
    if column.description:
        value["description"] = column.description
    if column.tests:
        value["tests"] = short(list(column.tests))
    return value


def tests_of(columns: Iterable[ModelColumn]) -> int:
    """How many tests the columns have."""
    return sum(len(column.tests) for column in columns)
