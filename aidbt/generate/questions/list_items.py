"""Lists of objects in a column: a staging model of their own for the items, with the key of their table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Column, MappedColumn, MappedTest, Mapping
from aidbt.core.types import is_plain_text, type_name
from aidbt.generate.data_tests import primary_key
from aidbt.generate.decide import Questions, RawTable, Ways
from aidbt.generate.questions.contents import Contents, Leaf, json_contents, struct_contents
from aidbt.generate.questions.nested_sql import list_in, read_field, read_key
from aidbt.generate.questions.settle import Case, Choice
from aidbt.generate.staging import ITEM, ITEM_INDEX
from aidbt.mapping.question_files import KEEP
from aidbt.project.conventions import Name, cased, column_name, snake_case, unique_names
from aidbt.sql.identifiers import stored_name
from aidbt.warehouse.documents import ITEMS as PROVEN_ITEMS

_SHOWN = 8
ITEMS = "items"
_WITH_LISTS = ("duckdb", "spark", "databricks", "bigquery", "snowflake", "trino")


@dataclass(frozen=True, slots=True)
class Nested:
    """A column that holds several values, with what it takes to read them.

    Attributes:
        mapping: of its table.
        contents: what is inside of it.
    """

    mapping: Mapping
    table: RawTable
    column: Column
    contents: Contents
    is_json: bool
    ways: Ways
    ask: Questions
    dialect: str

    @property
    def is_text(self) -> bool:
        return is_plain_text(self.column.data_type)


def dotted(column: Column, path: Sequence[str]) -> str:
    """The name of what stands at a path in a column."""
    return ".".join((column.name, *path))


def listed(names: Sequence[str]) -> str:
    """The first few of the names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def list_case(nested: Nested, path: tuple[str, ...]) -> Case | Finding:
    """The question about a model for the items of a list, or why there can be none."""
    key, place = nested.mapping.key, dotted(nested.column, path)
    made = _items_mapping(nested, path)
    if isinstance(made, str):
        return Finding(
            "nested.list_of_objects",
            Severity.INFO,
            f"{key}.{nested.column.name}",
            f"{place} is a list of objects, but its items cannot get a model of their own: {made};"
            " it stays in its column",
        )
    inside = sum(column.sources == (ITEM,) for column in made.columns)
    return Case(
        f"{ITEMS}:{key}.{place}",
        "a list of objects, whose items could be the rows of a model",
        key,
        place,
        f"{inside} {'key' if nested.is_json else 'field'}{'' if inside == 1 else 's'} in its items",
        {
            "model": Choice(
                f"a staging model with {listed([column.target for column in made.columns])}", creates=made
            ),
            KEEP: Choice("as it is"),
        },
        recommended="model",
    )


def _items_mapping(nested: Nested, path: tuple[str, ...]) -> Mapping | str:
    """The mapping of a list's items; or why there is none, in a few words.

    Its rows are told apart by the key of the table and the number of the item, and refer to the table's own
    model: both by the way they are made, so that no row has to be asked.
    """
    mapping, dialect = nested.mapping, nested.dialect
    keys = _key_columns(mapping, nested.table)
    if dialect not in _WITH_LISTS and not (dialect == "postgres" and nested.is_json):
        return f"aidbt knows no way to write that for {dialect}"
    if not keys:
        return "the table has no key to relate them by"
    if "." in nested.column.name or {ITEM, ITEM_INDEX} & {name for key in keys for name in key.sources}:
        return "a column is called like a part of the statement"
    contents = _item_contents(nested, path)
    if contents is None or not contents.leaves:
        return "nothing is known of what is in them"
    list_sql = list_in(nested.column, path, dialect, is_json=nested.is_json)
    inside = _item_columns(nested, path, contents, list_sql)
    if inside is None:
        return "not every row holds such a list"
    columns = [
        *(replace(key, status="accepted", by="person", description="", rule="") for key in keys),
        MappedColumn(ITEM_INDEX, (ITEM_INDEX,), by="person", source_type=type_name("bigint", dialect)),
        *inside,
    ]
    tests = [MappedTest(key.target, "not_null") for key in keys]
    if len(keys) == 1:
        (key,) = keys
        tests.append(MappedTest(key.target, "relationships", to=mapping.key, field=key.sources[0]))
    return Mapping(
        mapping.source,
        mapping.table,
        _told_apart(columns),
        schema=mapping.schema,
        rows=mapping.rows,
        row_key=mapping.row_key,
        tests=tuple(tests),
        items=dotted(nested.column, path),
        list_sql=list_sql,
    )


def _key_columns(mapping: Mapping, table: RawTable) -> list[MappedColumn]:
    """The columns that tell the rows of the staging model apart, as they are staged; none if nothing does."""
    latest = next((r for r in mapping.row_rules if r.rule == "latest_row" and r.status == "accepted"), None)
    single = primary_key(mapping, table.profile)
    names = latest.keys if latest else single.sources if single else ()
    if not names and table.profile.composite_keys:
        names = table.profile.composite_keys[0]
    staged = {c.sources[0]: c for c in mapping.selected() if c.is_passthrough}
    return [staged[name] for name in names] if all(name in staged for name in names) else []


def _item_contents(nested: Nested, path: Sequence[str]) -> Contents | None:
    """What is inside of the items of the list at a path."""
    if nested.is_json:
        table = nested.table
        documents = nested.ask.documents(table.relation, nested.column.name, table.profile.row_count)
        lists = [json.dumps(_at(json.loads(document), path)) for document in documents]
        return json_contents(lists, of_items=True)
    kind = exp.DataType.build(nested.column.data_type, dialect=nested.dialect)
    for name in path:
        fields = {field.name: field.args.get("kind") for field in kind.expressions}
        kind = fields[name]
    if kind.this != exp.DType.ARRAY or not kind.expressions:
        return None
    return struct_contents(kind.expressions[0].sql(nested.dialect), nested.dialect)


def _at(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _item_columns(
    nested: Nested, path: Sequence[str], contents: Contents, list_sql: str
) -> list[MappedColumn] | None:
    """The columns made from what is in the items; None where the list cannot be read in some row."""
    dialect, leaves = nested.dialect, contents.leaves
    item = Column(stored_name(ITEM, dialect), "json")
    entity = path[-1] if path else nested.column.name
    if not nested.is_json:
        return [
            MappedColumn(
                _item_name(nested, entity, leaf, leaf.data_type),
                (ITEM,),
                by="person",
                expression=read_field(item.name, leaf.path, dialect),
            )
            for leaf in leaves
        ]
    pairs = [(read_key(item, leaf.path, dialect), type_name(leaf.data_type, dialect)) for leaf in leaves]
    lost = nested.ask.item_readings(nested.table.relation, list_sql, pairs)
    if dialect in PROVEN_ITEMS and len(lost) < len(set(pairs)):
        return None
    columns = []
    for leaf, (expression, wanted) in zip(leaves, pairs, strict=True):
        cast = wanted if wanted and lost.get((expression, wanted)) == 0 else None
        name = _item_name(nested, entity, leaf, cast or "varchar")
        columns.append(MappedColumn(name, (ITEM,), by="person", expression=expression, cast=cast))
    return columns


def _item_name(nested: Nested, entity: str, leaf: Leaf, data_type: str) -> str:
    """The name of a value in an item by convention; `id` is the id of the item."""
    *parents, own = leaf.path
    rules, source = nested.ways.conventions, nested.table.source
    inside = parents[-1] if parents else snake_case(entity)
    named = column_name(Column(own, data_type), entity=inside, source=source, rules=rules).name
    return "_".join([*(cased(part, rules) for part in parents), named])


def _told_apart(columns: Sequence[MappedColumn]) -> tuple[MappedColumn, ...]:
    """The columns with names that are taken numbered."""
    names = unique_names([Name(column.target, "") for column in columns])
    return tuple(replace(c, target=name.name) for c, name in zip(columns, names, strict=True))
