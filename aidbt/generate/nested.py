"""Columns that hold several values: structs and JSON objects, flattened into columns of their own.

One question is asked per column. What is in a struct its type says; what is in JSON is seen in some
documents, and a type is given only where every row proves it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Column, DecidedBy, MappedColumn, MappedTest, Mapping
from aidbt.core.types import is_plain_text, type_family, type_name
from aidbt.generate.data_tests import primary_key
from aidbt.generate.decide import Questions, RawTable, Ways
from aidbt.generate.questions import Case, Change, Choice, columns_to_look_at, with_column
from aidbt.generate.staging import ITEM, ITEM_INDEX
from aidbt.mapping.question_files import KEEP, Question, is_excepted
from aidbt.project.conventions import Name, cased, column_name, snake_case, unique_names
from aidbt.sql.identifiers import quote_identifier, quote_text
from aidbt.warehouse.documents import ITEMS as ITEMS_PROVEN

MAX_DEPTH = 3
MAX_COLUMNS = 60
# In fewer of the documents a key is an odd one.
_RARE = 0.05
_MAP_KEYS = 40
_SHOWN = 8
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# Columns whose name says nothing about what they hold.
_CONTAINERS = frozenset(
    "payload data json raw body document doc content record properties attributes fields value _airbyte_data"
    " raw_data raw_json variant v".split()
)
# The others read nothing from a text that is no JSON.
_FAILS_ON_TEXT = ("duckdb", "postgres")
_JSON_TYPES = ("json", "jsonb", "variant", "object", "super")


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


# --- what is inside -----------------------------------------------------------------------------------


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


# --- reading it ---------------------------------------------------------------------------------------


def read_field(column: str, path: Sequence[str], dialect: str) -> str:
    """A field of a struct, in SQL that every dialect with structs understands.

    Example:
        >>> read_field("address", ("geo", "lat"), "spark")
        '(address).geo.lat'
    """
    fields = ".".join(quote_identifier(name, dialect) for name in path)
    return f"({quote_identifier(column, dialect)}).{fields}"


def read_key(column: Column, path: Sequence[str], dialect: str) -> str:
    """The text of a value in a JSON column; its keys are plain names.

    Example:
        >>> read_key(Column("payload", "jsonb"), ("customer", "id"), "postgres")
        "payload #>> '{customer,id}'"
    """
    value = quote_identifier(column.name, dialect)
    place = quote_text(f"$.{'.'.join(path)}", dialect)
    is_text = is_plain_text(column.data_type)
    if dialect == "postgres":
        value = f"cast({value} as jsonb)" if is_text else value
        return f"{value} #>> {quote_text('{' + ','.join(path) + '}', dialect)}"
    if dialect in ("spark", "databricks"):
        return f"get_json_object({value}, {place})"
    if dialect == "snowflake":
        value = f"try_parse_json({value})" if is_text else value
        return f"cast(get_path({value}, {quote_text('.'.join(path), dialect)}) as varchar)"
    if dialect == "redshift":
        value = value if is_text else f"json_serialize({value})"
        return f"json_extract_path_text({value}, {', '.join(quote_text(key, dialect) for key in path)}, true)"
    words = {"bigquery": "json_value", "trino": "json_extract_scalar"}
    return f"{words.get(dialect, 'json_extract_string')}({value}, {place})"


# --- cases --------------------------------------------------------------------------------------------


def nested_cases(
    mappings: dict[str, Mapping],
    before: dict[str, Mapping],
    tables: dict[str, RawTable],
    questions: dict[str, Question],
    ways: Ways,
    ask: Questions,
    dialect: str,
) -> tuple[list[Case], list[Finding]]:
    """The columns that could be flattened, and findings for the lists of objects in them."""
    cases: list[Case] = []
    findings: list[Finding] = []
    for key, table in sorted(tables.items()):
        flat = columns_to_look_at(key, mappings, before, questions)
        for name in dict.fromkeys([*flat, *_lists_to_make(key, mappings, questions)]):
            column = table.relation.column(name)
            looked = _look(table, column, ask, dialect) if column is not None else None
            if column is None or looked is None:
                continue
            contents, is_json = looked
            for path in contents.lists:
                made = _list_case(mappings[key], table, column, path, ways, ask, dialect, is_json=is_json)
                if isinstance(made, Finding):
                    findings.append(made)
                elif made.where not in mappings:
                    cases.append(made)
            if contents.leaves and name in flat:
                case = _case(key, table, column, contents, is_json, ways, ask, dialect)
                if case is not None:
                    cases.append(case)
                else:
                    findings.append(_not_all_json(key, name))
    return cases, findings


def _lists_to_make(key: str, mappings: dict[str, Mapping], questions: dict[str, Question]) -> list[str]:
    """The columns with lists whose items are to get a model, and have none yet."""
    found = []
    for question in questions.values():
        if question.pattern == ITEMS and question.answer not in ("", KEEP):
            places = [where for where in question.about if not is_excepted(where, question)]
            found += [
                where[len(key) + 1 :].partition(".")[0]
                for where in places
                if where.startswith(key + ".") and where not in mappings
            ]
    return found


def _look(table: RawTable, column: Column, ask: Questions, dialect: str) -> tuple[Contents, bool] | None:
    """What is inside of a column, and whether that is JSON; None for a column of single values."""
    contents = (
        struct_contents(column.data_type, dialect) if type_family(column.data_type) == "other" else None
    )
    if contents is not None:
        return contents, False
    figures = table.profile.column(column.name)
    kind = column.data_type.lower().partition("(")[0]
    is_json = kind in _JSON_TYPES
    if figures is not None and is_plain_text(column.data_type):
        is_json = figures.formats.get("json", 0) == 1
    if not is_json:
        return None
    documents = ask.documents(table.relation, column.name, table.profile.row_count)
    found = json_contents(documents)
    return (found, True) if found is not None else None


def _list_case(
    mapping: Mapping,
    table: RawTable,
    column: Column,
    path: tuple[str, ...],
    ways: Ways,
    ask: Questions,
    dialect: str,
    *,
    is_json: bool,
) -> Case | Finding:
    """The question about a model for the items of a list, or why there can be none."""
    place = ".".join((column.name, *path))
    made = _items_mapping(mapping, table, column, path, ways, ask, dialect, is_json=is_json)
    if isinstance(made, str):
        return Finding(
            "nested.list_of_objects",
            Severity.INFO,
            f"{mapping.key}.{column.name}",
            f"{place} is a list of objects, but its items cannot get a model of their own: {made};"
            " it stays in its column",
        )
    names = [c.target for c in made.columns]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    choices = {
        "model": Choice(f"a staging model with {', '.join(names[:_SHOWN])}{more}", creates=made),
        KEEP: Choice("as it is"),
    }
    evidence = f"the items have {len(names) - 1 - len(_key_columns(mapping, table))} columns"
    return Case(
        f"{ITEMS}:{mapping.key}.{place}",
        "a list of objects, whose items could be the rows of a model",
        mapping.key,
        place,
        evidence,
        choices,
        recommended="model",
    )


ITEMS = "items"
_WITH_LISTS = ("duckdb", "spark", "databricks", "bigquery", "snowflake", "trino")


def _key_columns(mapping: Mapping, table: RawTable) -> list[MappedColumn]:
    """The columns that tell the rows of the staging model apart, as they are staged."""
    latest = next((r for r in mapping.row_rules if r.rule == "latest_row" and r.status == "accepted"), None)
    single = primary_key(mapping, table.profile)
    names = latest.keys if latest else single.sources if single else ()
    if not names and table.profile.composite_keys:
        names = table.profile.composite_keys[0]
    staged = {c.sources[0]: c for c in mapping.selected() if c.is_passthrough}
    return [staged[name] for name in names] if all(name in staged for name in names) else []


def _items_mapping(
    mapping: Mapping,
    table: RawTable,
    column: Column,
    path: tuple[str, ...],
    ways: Ways,
    ask: Questions,
    dialect: str,
    *,
    is_json: bool,
) -> Mapping | str:
    """The mapping of a list's items; or why there is none, in a few words."""
    keys = _key_columns(mapping, table)
    if dialect not in _WITH_LISTS and not (dialect == "postgres" and is_json):
        return f"aidbt knows no way to write that for {dialect}"
    if not keys:
        return "the table has no key to relate them by"
    if "." in column.name or {ITEM, ITEM_INDEX} & {name for key in keys for name in key.sources}:
        return "a column is called like a part of the statement"
    list_sql = list_in(column, path, dialect, is_json=is_json)
    if is_json:
        documents = ask.documents(table.relation, column.name, table.profile.row_count)
        lists = [json.dumps(_at(json.loads(document), path)) for document in documents]
        contents = json_contents(lists, of_items=True)
    else:
        contents = _item_contents(column.data_type, path, dialect)
    if contents is None or not contents.leaves:
        return "nothing is known of what is in them"
    inside = _item_columns(table, column, path, contents, list_sql, ways, ask, dialect, is_json=is_json)
    if inside is None:
        return "not every row holds such a list"
    columns = [
        *(replace(key, status="accepted", by="person", description="", rule="") for key in keys),
        MappedColumn(ITEM_INDEX, (ITEM_INDEX,), by="person", source_type=type_name("bigint", dialect)),
        *inside,
    ]
    tests = [MappedTest(key.target, "not_null") for key in keys]
    if len(keys) == 1:
        tests.append(MappedTest(keys[0].target, "relationships", to=mapping.key, field=keys[0].sources[0]))
    return Mapping(
        mapping.source,
        mapping.table,
        _told_apart(columns),
        schema=mapping.schema,
        latest_batch=mapping.latest_batch,
        tests=tuple(tests),
        items=".".join((column.name, *path)),
        list_sql=list_sql,
    )


def _item_columns(
    table: RawTable,
    column: Column,
    path: Sequence[str],
    contents: Contents,
    list_sql: str,
    ways: Ways,
    ask: Questions,
    dialect: str,
    *,
    is_json: bool,
) -> list[MappedColumn] | None:
    """The columns made from what is in the items; None where the list cannot be read in some row."""
    item = Column(ITEM, "json")
    expressions = [
        read_key(item, leaf.path, dialect) if is_json else read_field(ITEM, leaf.path, dialect)
        for leaf in contents.leaves
    ]
    wanted = [type_name(leaf.data_type, dialect) if is_json else "" for leaf in contents.leaves]
    pairs = list(zip(expressions, wanted, strict=True))
    # A list of structs is one by its type.
    lost = ask.item_readings(table.relation, list_sql, pairs) if is_json else {}
    if is_json and dialect in ITEMS_PROVEN and len(lost) < len(set(pairs)):
        return None
    entity = path[-1] if path else column.name
    columns = []
    for leaf, (expression, cast) in zip(contents.leaves, pairs, strict=True):
        own = cast if cast and lost.get((expression, cast)) == 0 else None
        kind = own or ("varchar" if is_json else leaf.data_type)
        name = _item_name(table, entity, leaf, kind, ways)
        columns.append(MappedColumn(name, (ITEM,), by="person", expression=expression, cast=own))
    return columns


def _at(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _item_contents(data_type: str, path: Sequence[str], dialect: str) -> Contents | None:
    """What is in the items of a list that a type holds at a path."""
    kind = exp.DataType.build(data_type, dialect=dialect)
    for name in path:
        fields = {field.name: field.args.get("kind") for field in kind.expressions}
        kind = fields[name]
    if kind.this != exp.DType.ARRAY or not kind.expressions:
        return None
    return struct_contents(kind.expressions[0].sql(dialect), dialect)


def list_in(column: Column, path: Sequence[str], dialect: str, *, is_json: bool) -> str:
    """SQL over the table's columns that gives the list; of JSON values where it is in JSON."""
    value = quote_identifier(column.name, dialect)
    if not is_json:
        return read_field(column.name, path, dialect) if path else value
    place = quote_text("$" + "".join(f".{key}" for key in path), dialect)
    is_text = is_plain_text(column.data_type)
    if dialect == "duckdb":
        return f"cast(json_extract({value}, {place}) as json[])"
    if dialect == "postgres":
        value = f"cast({value} as jsonb)" if is_text or column.data_type.lower() == "json" else value
        inside = f"{value} #> {quote_text('{' + ','.join(path) + '}', dialect)}" if path else value
        return f"case when jsonb_typeof({inside}) = 'array' then {inside} end"
    if dialect in ("spark", "databricks"):
        return f"from_json(get_json_object({value}, {place}), 'array<string>')"
    if dialect == "snowflake":
        value = f"try_parse_json({value})" if is_text else value
        return f"get_path({value}, {quote_text('.'.join(path), dialect)})" if path else value
    if dialect == "bigquery":
        return f"json_query_array({value}, {place})"
    return f"cast(json_extract({value}, {place}) as array(json))"


def _item_name(table: RawTable, entity: str, leaf: Leaf, data_type: str, ways: Ways) -> str:
    *parents, own = leaf.path
    staged = Column(own, data_type)
    kind = snake_case(entity) if not parents else parents[-1]
    named = column_name(staged, entity=kind, source=table.source, rules=ways.conventions).name
    return "_".join([*(cased(part, ways.conventions) for part in parents), named])


def _told_apart(columns: Sequence[MappedColumn]) -> tuple[MappedColumn, ...]:
    """The columns with names that are taken numbered."""
    names = unique_names([Name(column.target, "") for column in columns])
    return tuple(replace(c, target=name.name) for c, name in zip(columns, names, strict=True))


def _not_all_json(key: str, column: str) -> Finding:
    return Finding(
        "nested.not_proven",
        Severity.INFO,
        f"{key}.{column}",
        "it looks like JSON, but not every row could be proven to be; reading it could fail: it stays text",
    )


def _case(
    key: str,
    table: RawTable,
    column: Column,
    contents: Contents,
    is_json: bool,
    ways: Ways,
    ask: Questions,
    dialect: str,
) -> Case | None:
    """The question about a column; None where its values cannot be read safely."""
    flattened = _flattened(table, column, contents, is_json, ways, ask, dialect)
    if not flattened:
        return None
    names = ", ".join(c.target for c in flattened[:_SHOWN])
    more = f" and {len(flattened) - _SHOWN} more" if len(flattened) > _SHOWN else ""
    choices = {
        "flatten": Choice(f"{names}{more}, and the column", _flatten(column, flattened, keep=True)),
        "flatten_and_drop": Choice(f"{names}{more}", _flatten(column, flattened, keep=False)),
        KEEP: Choice("as it is"),
    }
    found = len(contents.leaves)
    what = ("key", " in the documents looked at") if is_json else ("field", "")
    evidence = f"{found} {what[0]}{'' if found == 1 else 's'}{what[1]}"
    inside = contents.others + len(contents.lists)
    if inside:
        evidence += f"; left inside: {inside} (lists, maps, what is deep or rare)"
    return Case(
        f"nested:{key}.{column.name}",
        "one column that holds several values",
        key,
        column.name,
        evidence,
        choices,
        recommended="flatten" if inside else "flatten_and_drop",
    )


def _flattened(
    table: RawTable,
    column: Column,
    contents: Contents,
    is_json: bool,
    ways: Ways,
    ask: Questions,
    dialect: str,
) -> list[MappedColumn]:
    """The new columns; of JSON with a type where no row loses its value by it."""
    if not is_json:
        expressions = [read_field(column.name, leaf.path, dialect) for leaf in contents.leaves]
        casts: list[str | None] = [None] * len(expressions)
        types = [leaf.data_type for leaf in contents.leaves]
    else:
        expressions = [read_key(column, leaf.path, dialect) for leaf in contents.leaves]
        wanted = [type_name(leaf.data_type, dialect) for leaf in contents.leaves]
        pairs = list(zip(expressions, wanted, strict=True))
        lost = ask.readings(table.relation, pairs)
        if is_plain_text(column.data_type) and dialect in _FAILS_ON_TEXT and len(lost) < len(set(pairs)):
            return []  # some row may be no JSON, and reading it would fail
        casts = [cast if cast and lost.get((e, cast)) == 0 else None for e, cast in pairs]
        types = [cast or "varchar" for cast in casts]
    names = [
        _name(table, column, leaf, kind, ways) for leaf, kind in zip(contents.leaves, types, strict=True)
    ]
    return [
        MappedColumn(target=name, sources=(column.name,), expression=expression, cast=cast)
        for name, expression, cast in zip(names, expressions, casts, strict=True)
    ]


def _name(table: RawTable, column: Column, leaf: Leaf, data_type: str, ways: Ways) -> str:
    """The name of a value by convention; after what it stands in, unless that says nothing about it."""
    *parents, own = leaf.path
    says_nothing = column.name in _CONTAINERS or snake_case(column.name) in _CONTAINERS
    if not says_nothing or (not parents and own.lower() == "id"):
        parents.insert(0, column.name)
    rules = ways.conventions
    if own.lower() == "id":  # of what it stands in, not of the table
        own = f"{parents.pop()}_id"
    staged = Column(own, data_type)
    named = column_name(staged, entity=table.relation.name, source=table.source, rules=rules).name
    return "_".join([*(cased(part, rules) for part in parents), named])


def _flatten(column: Column, flattened: Sequence[MappedColumn], *, keep: bool) -> Change:
    def change(mapping: Mapping, by: DecidedBy) -> Mapping:
        old = next(c for c in mapping.columns if c.sources == (column.name,) and c.is_passthrough)
        new = [replace(made, by=by) for made in flattened]
        return with_column(mapping, old, [replace(old, by=by), *new] if keep else new)

    return change
