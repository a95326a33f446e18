"""What a failed test asks, as the manifest declares it: its message says only how many rows there were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aidbt.project.manifest import Manifest, Node

Kind = Literal[
    "not_null", "unique", "relationships", "accepted_values", "combination", "range", "expression",
    "proportion", "recency", "volume", "other", "singular", "unit",
]  # fmt: skip
# The tests of dbt and of the packages that most projects use (dbt_utils, dbt_expectations), by what they ask.
_KIND_OF: dict[str, Kind] = {
    "not_null": "not_null", "expect_column_values_to_not_be_null": "not_null",
    "unique": "unique", "expect_column_values_to_be_unique": "unique",
    "relationships": "relationships", "relationships_where": "relationships",
    "accepted_values": "accepted_values", "expect_column_values_to_be_in_set": "accepted_values",
    "unique_combination_of_columns": "combination", "expect_compound_columns_to_be_unique": "combination",
    "aidbt_unique_combination": "combination",
    "accepted_range": "range", "expect_column_values_to_be_between": "range",
    "expression_is_true": "expression", "not_null_proportion": "proportion", "recency": "recency",
    "expect_row_values_to_have_recent_data": "recency", "at_least_one": "volume",
    "expect_table_row_count_to_be_between": "volume", "expect_table_row_count_to_equal": "volume",
    "equal_rowcount": "volume", "fewer_rows_than": "volume",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TestMeaning:
    """What one test asks.

    Attributes:
        node: unique_id of what it is about; "" for a test that reads several nodes.
        reads: unique_ids of all that it reads.
        to, to_column: of a relationship: unique_id of the parent, and its column.
        values: of accepted values.
        columns: of a key of several columns.
        low, high: of a range; "" for an end that is open. `is_inclusive`: whether the ends belong to it.
        condition: of an expression: what must hold of every row, as SQL.
        only_where: the rows that are tested, as SQL; "" for all.
        name: of the test's macro, e.g. "unique_combination_of_columns".
    """

    __test__ = False  # no test case, whatever its name says to pytest

    unique_id: str
    kind: Kind
    node: str
    column: str = ""
    name: str = ""
    reads: tuple[str, ...] = ()
    to: str = ""
    to_column: str = ""
    values: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    is_inclusive: bool = True
    condition: str = ""
    only_where: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""


_KEYS = ("combination_of_columns", "column_list", "columns")  # where the tests of packages name the columns
_PARTS = ("where", "row_condition", "from_condition", "to_condition")


def meaning_of(unique_id: str, manifest: Manifest) -> TestMeaning | None:
    """What a test asks; None when the manifest does not know it."""
    node = manifest.find(unique_id)
    if node is None:
        return None
    reads = node.depends_on
    if node.resource_type == "unit_test":
        model = next((name for name in reads if name.startswith("model.")), "")
        return TestMeaning(unique_id, "unit", model, name=node.name, reads=reads, path=node.path)
    metadata = node.raw.get("test_metadata")
    if not isinstance(metadata, dict):
        about = reads[0] if len(reads) == 1 else ""
        return TestMeaning(unique_id, "singular", about, name=node.name, reads=reads, path=node.path)
    return _generic(unique_id, node, metadata, manifest)


def _generic(unique_id: str, node: Node, metadata: Mapping[str, Any], manifest: Manifest) -> TestMeaning:
    name = str(metadata.get("name") or "")
    arguments = metadata.get("kwargs") or {}
    about = str(node.raw.get("attached_node") or "") or next(iter(reversed(node.depends_on)), "")
    to = next((other for other in node.depends_on if other != about), "")
    if name == "relationships" and not to:
        to = about
    kind = _KIND_OF.get(name, "other")
    column = _bare(arguments.get("column_name") or node.raw.get("column_name"))
    condition = str(arguments.get("expression") or "") if kind == "expression" else ""
    strictly = arguments.get("inclusive") is False or arguments.get("strictly") is True
    return TestMeaning(
        unique_id,
        kind,
        about,
        column or (_bare(arguments.get("field")) if kind == "recency" else ""),
        name,
        node.depends_on,
        to if kind == "relationships" else "",
        _bare(arguments.get("field")),
        tuple(str(value) for value in _list(arguments.get("values") or arguments.get("value_set"))),
        tuple(
            _bare(name) for name in _list(next((arguments[key] for key in _KEYS if arguments.get(key)), None))
        ),
        _text(arguments.get("min_value")),
        _text(arguments.get("max_value")),
        not strictly,
        f"{column} {condition}" if column and condition else condition,
        next((_text(part) for part in (node.config.get("where"), *map(arguments.get, _PARTS)) if part), ""),
        arguments,
        node.path,
    )


def _bare(name: object) -> str:
    """A column without its quotes."""
    return str(name or "").strip('"`')


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return "" if value is None else str(value)
