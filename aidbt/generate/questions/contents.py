"""What is inside of a column that holds several values: by its type, or by some of its documents."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

MAX_DEPTH = 3
MAX_COLUMNS = 60
# In fewer of the documents a key is an odd one.
_RARE = 0.05
_MAP_KEYS = 40
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value inside of a column.

    Attributes:
        path: the names that lead to it.
        data_type: its type in the warehouse's words; for JSON the one its values seem to have, "" for text.
        share: of the documents that hold it, 0..1; 1 for structs.
    """

    path: tuple[str, ...]
    data_type: str
    share: float = 1.0

    @property
    def dotted(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Contents:
    """What is inside of a column.

    Attributes:
        lists: paths of lists of objects, whose items are rows of their own; () alone for the whole column.
        others: how many things are left inside: lists, maps, what is too deep or too rare.
    """

    leaves: tuple[Leaf, ...]
    lists: tuple[tuple[str, ...], ...] = ()
    others: int = 0


def struct_contents(data_type: str, dialect: str) -> Contents | None:
    """What is inside of a struct type; None for any other type.

    Example:
        >>> [(leaf.dotted, leaf.data_type) for leaf in struct_contents(
        ...     "STRUCT(city VARCHAR, geo STRUCT(lat DOUBLE))", "duckdb").leaves]
        [('city', 'varchar'), ('geo.lat', 'double')]
    """
    try:
        parsed = exp.DataType.build(data_type, dialect=dialect)
    except SqlglotError:
        return None
    if parsed.this == exp.DType.ARRAY:
        item = parsed.expressions[0] if parsed.expressions else None
        return Contents((), ((),)) if isinstance(item, exp.DataType) and _is_struct(item) else None
    if not _is_struct(parsed):
        return None
    leaves: list[Leaf] = []
    lists: list[tuple[str, ...]] = []
    others = 0
    for path, kind in _fields(parsed, ()):
        if kind.this == exp.DType.ARRAY and kind.expressions and _is_struct(kind.expressions[0]):
            lists.append(path)
        elif kind.this in _NESTED or len(leaves) == MAX_COLUMNS:
            others += 1
        else:
            leaves.append(Leaf(path, _type_text(kind, dialect)))
    return Contents(tuple(leaves), tuple(lists), others)


_NESTED = (exp.DType.ARRAY, exp.DType.MAP, exp.DType.STRUCT, exp.DType.VARIANT, exp.DType.JSON)


def _is_struct(kind: Any) -> bool:
    named = isinstance(kind, exp.DataType) and kind.this == exp.DType.STRUCT
    return named and any(isinstance(field, exp.ColumnDef) for field in kind.expressions)


def _fields(struct: exp.DataType, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], exp.DataType]]:
    for field in struct.expressions:
        kind = field.args.get("kind") if isinstance(field, exp.ColumnDef) else None
        if kind is None:
            continue
        here = (*path, field.name)
        if _is_struct(kind) and len(here) < MAX_DEPTH:
            yield from _fields(kind, here)
        else:
            yield here, kind


def _type_text(kind: exp.DataType, dialect: str) -> str:
    text = kind.sql(dialect).lower()
    return "varchar" if text == "text" and dialect == "duckdb" else text


def json_contents(documents: Sequence[str], *, of_items: bool = False) -> Contents | None:
    """What is inside of JSON documents; None when they are not all objects, or lists of objects.

    Args:
        of_items: whether the documents are lists, and what is inside of their items is meant.

    Keys that are rare, and those of an object used as a map (other keys in every document), stay inside.

    Example:
        >>> found = json_contents(['{"id": 1, "at": {"x": 1.5}}', '{"id": 2, "items": [{"a": 1}]}'])
        >>> [(leaf.dotted, leaf.data_type) for leaf in found.leaves], found.lists
        ([('id', 'bigint'), ('at.x', 'double')], (('items',),))
    """
    parsed = []
    for document in documents:
        try:
            parsed.append(json.loads(document))
        except (ValueError, RecursionError):
            return None
    filled = [value for value in parsed if value is not None]
    if of_items:
        filled = [item for value in filled if isinstance(value, list) for item in value]
    elif filled and all(isinstance(value, list) for value in filled):
        items = [item for value in filled for item in value]
        return Contents((), ((),)) if items and all(isinstance(item, dict) for item in items) else None
    if not filled or not all(isinstance(value, dict) for value in filled):
        return None
    leaves: list[Leaf] = []
    lists: list[tuple[str, ...]] = []
    others = _walk(filled, (), len(filled), leaves, lists)
    return Contents(tuple(leaves), tuple(lists), others)


def _walk(
    objects: Sequence[dict[str, Any]],
    path: tuple[str, ...],
    documents: int,
    leaves: list[Leaf],
    lists: list[tuple[str, ...]],
) -> int:
    """Gather what is inside of objects of one place; gives how many things stay there."""
    counts = Counter(key for value in objects for key in value)
    if len(counts) > _MAP_KEYS and sum(counts.values()) < len(counts) * len(objects) * _RARE:
        return 1
    others = 0
    for key in counts:
        here = (*path, key)
        values = [value[key] for value in objects if value.get(key) is not None]
        share = counts[key] / documents
        if not values or not _PLAIN_KEY.match(key) or share < _RARE or len(leaves) == MAX_COLUMNS:
            others += 1
        elif all(isinstance(value, dict) for value in values):
            others += _walk(values, here, documents, leaves, lists) if len(here) < MAX_DEPTH else 1
        elif all(isinstance(value, list) for value in values):
            items = [item for value in values for item in value]
            if items and all(isinstance(item, dict) for item in items):
                lists.append(here)
            else:
                others += 1
        elif any(isinstance(value, dict | list) for value in values):
            others += 1
        else:
            leaves.append(Leaf(here, _json_type(values), share))
    return others


def _json_type(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "bigint" if all(abs(value) < 2**63 for value in values) else ""
    return "double" if kinds <= {int, float} else ""
