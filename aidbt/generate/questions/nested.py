"""Columns that hold several values: structs and JSON objects become columns of their own, and the items of
lists the rows of a model of their own.

One question is asked per column and per list. What is in a struct its type says; what is in JSON is seen in
some documents, and a type is given only where every row proves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Column, DecidedBy, MappedColumn, Mapping
from aidbt.core.types import is_plain_text, type_family, type_name
from aidbt.generate.decide import Questions, RawTable, Ways
from aidbt.generate.questions.contents import Contents, Leaf, json_contents, struct_contents
from aidbt.generate.questions.list_items import ITEMS, Nested, dotted, list_case, listed
from aidbt.generate.questions.nested_sql import read_field, read_key
from aidbt.generate.questions.settle import Case, Change, Choice, columns_to_look_at, with_column
from aidbt.mapping.question_files import KEEP, Question, is_excepted
from aidbt.project.conventions import cased, column_name, snake_case

# Columns whose name says nothing about what they hold.
_CONTAINERS = frozenset(
    "payload data json raw body document doc content record properties attributes fields value _airbyte_data"
    " raw_data raw_json variant v".split()
)
# The others read nothing from a text that is no JSON.
_FAILS_ON_TEXT = ("duckdb", "postgres")
_JSON_TYPES = ("json", "jsonb", "variant", "object", "super")


def nested_cases(
    mappings: dict[str, Mapping],
    before: dict[str, Mapping],
    tables: dict[str, RawTable],
    questions: dict[str, Question],
    ways: Ways,
    ask: Questions,
    dialect: str,
) -> tuple[list[Case], list[Finding]]:
    """The columns that could be flattened and the lists in them whose items could be rows; and findings for
    those that cannot.

    Args:
        before: the mappings as they were read.
    """
    found: list[Case | Finding] = []
    for key, table in sorted(tables.items()):
        flat = columns_to_look_at(key, mappings, before, questions)
        for name in dict.fromkeys([*flat, *_lists_to_make(key, mappings, questions)]):
            column = table.relation.column(name)
            inside = _inside(table, column, ask, dialect) if column is not None else None
            if column is None or inside is None:
                continue
            nested = Nested(mappings[key], table, column, *inside, ways, ask, dialect)
            made = [f"{key}.{dotted(column, path)}" in mappings for path in nested.contents.lists]
            lists = [path for path, is_made in zip(nested.contents.lists, made, strict=True) if not is_made]
            found += [list_case(nested, path) for path in lists]
            if nested.contents.leaves and name in flat:
                found.append(_case(nested))
    cases = [item for item in found if isinstance(item, Case)]
    return cases, [item for item in found if isinstance(item, Finding)]


def _lists_to_make(key: str, mappings: dict[str, Mapping], questions: dict[str, Question]) -> list[str]:
    """The columns with lists whose items are to get a model, and have none yet."""
    found = []
    for question in questions.values():
        if question.pattern == ITEMS and question.answer not in ("", KEEP):
            places = [where for where in question.about if not is_excepted(where, question)]
            found += [
                where[len(key) + 1 :].partition(".")[0]
                for where in places
                if where.startswith(f"{key}.") and where not in mappings
            ]
    return found


def _inside(table: RawTable, column: Column, ask: Questions, dialect: str) -> tuple[Contents, bool] | None:
    """What is inside of a column, and whether that is JSON; None for a column of single values."""
    if type_family(column.data_type) == "other":
        contents = struct_contents(column.data_type, dialect)
        if contents is not None:
            return contents, False
    is_json = column.data_type.lower().partition("(")[0] in _JSON_TYPES
    figures = table.profile.column(column.name)
    if figures is not None and is_plain_text(column.data_type):
        is_json = figures.formats.get("json", 0) == 1
    if not is_json:
        return None
    contents = json_contents(ask.documents(table.relation, column.name, table.profile.row_count))
    return (contents, True) if contents is not None else None


def _case(nested: Nested) -> Case | Finding:
    """The question about a column, or why its values cannot be read."""
    key, column = nested.mapping.key, nested.column
    flattened = _flattened(nested)
    if not flattened:
        return Finding(
            "nested.not_proven",
            Severity.INFO,
            f"{key}.{column.name}",
            "it looks like JSON, but some row may be none, and reading that would fail: it stays text",
        )
    says = listed([made.target for made in flattened])
    choices = {
        "flatten": Choice(f"{says}, and the column", _flatten(column, flattened, keep=True)),
        "flatten_and_drop": Choice(says, _flatten(column, flattened, keep=False)),
        KEEP: Choice("as it is"),
    }
    number = len(nested.contents.leaves)
    noun, where = ("key", " in the documents looked at") if nested.is_json else ("field", "")
    evidence = f"{number} {noun}{'' if number == 1 else 's'}{where}"
    left = nested.contents.others + len(nested.contents.lists)
    if left:
        evidence += f"; left inside: {left} (lists, maps, what is deep or rare)"
    return Case(
        f"nested:{key}.{column.name}",
        "one column that holds several values",
        key,
        column.name,
        evidence,
        choices,
        recommended="flatten" if left else "flatten_and_drop",
    )


def _flattened(nested: Nested) -> list[MappedColumn]:
    """The new columns; of JSON with a type where no row loses by it. None where reading could fail."""
    column, dialect, leaves = nested.column, nested.dialect, nested.contents.leaves
    if not nested.is_json:
        return [
            MappedColumn(
                _name(nested, leaf, leaf.data_type),
                (column.name,),
                expression=read_field(column.name, leaf.path, dialect),
            )
            for leaf in leaves
        ]
    pairs = [(read_key(column, leaf.path, dialect), type_name(leaf.data_type, dialect)) for leaf in leaves]
    lost = nested.ask.readings(nested.table.relation, pairs)
    if nested.is_text and dialect in _FAILS_ON_TEXT and len(lost) < len(set(pairs)):
        return []
    columns = []
    for leaf, (expression, wanted) in zip(leaves, pairs, strict=True):
        cast = wanted if wanted and lost.get((expression, wanted)) == 0 else None
        name = _name(nested, leaf, cast or "varchar")
        columns.append(MappedColumn(name, (column.name,), expression=expression, cast=cast))
    return columns


def _name(nested: Nested, leaf: Leaf, data_type: str) -> str:
    """The name of a value by convention; after what it stands in, unless that says nothing about it."""
    *parents, own = leaf.path
    column, rules = nested.column, nested.ways.conventions
    says_nothing = column.name in _CONTAINERS or snake_case(column.name) in _CONTAINERS
    if not says_nothing or (not parents and own.lower() == "id"):
        parents.insert(0, column.name)
    if own.lower() == "id":  # of what it stands in, not of the table
        own = f"{parents.pop()}_id"
    staged = Column(own, data_type)
    named = column_name(
        staged, entity=nested.table.relation.name, source=nested.table.source, rules=rules
    ).name
    return "_".join([*(cased(part, rules) for part in parents), named])


def _flatten(column: Column, flattened: Sequence[MappedColumn], *, keep: bool) -> Change:
    def change(mapping: Mapping, by: DecidedBy) -> Mapping:
        old = next(c for c in mapping.columns if c.sources == (column.name,) and c.is_passthrough)
        new = [replace(made, by=by) for made in flattened]
        return with_column(mapping, old, [replace(old, by=by), *new] if keep else new)

    return change
