"""The SQL of a staging model: the source's rows that count, then their columns renamed and cast."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from aidbt.core.loads import BATCH_ID, IS_DELETED, LOADS_BATCH_ID, LOADS_TABLE, LOADS_TABLE_NAME
from aidbt.core.schema import MappedColumn, Mapping, RowRule
from aidbt.generate.sql_style import SqlStyle, column_group, write_staging
from aidbt.generate.templates import jinja_text, render
from aidbt.sql.identifiers import escape_jinja, plain_name, quote_identifier, quote_new_identifier, quote_text

_ROW_NUMBER = "row_number_of_key"
# `source('shop', 'orders')` in its braces, in a text that this package wrote.
_SOURCE_TAG = re.compile(r"\{\{[-+]?\s*source\s*\((?:(?!\}\}).)*\)\s*[-+]?\}\}", re.DOTALL)
_ALIAS = re.compile(r"[ \t]+(?:as[ \t]+)?(?!(?:where|qualify|limit|union)\b)[A-Za-z_]\w*", re.IGNORECASE)
_SOURCE_CALL = re.compile(r"source\s*\((?:(?!\}\}).)*\)", re.DOTALL)
_HAS_OR = re.compile(r"\bor\b", re.IGNORECASE)


def staging_sql(
    mapping: Mapping,
    *,
    source_table: str,
    dialect: str,
    loads: bool = False,
    base: str = "",
    style: SqlStyle | None = None,
) -> str:
    """The text of a staging model.

    Accepted row rules become conditions on the source's rows; "latest_row" numbers the rows of each key and
    keeps the first, which every dialect understands and which never keeps two rows of one key. Deleted rows
    are left out after that: where the last row of a key says that it is deleted, no older one comes back.

    Args:
        source_table: the table's name as its source declares it.
        loads: whether the table is append-only bronze, of which the latest complete batch is read.
        base: the model that holds the rows of a change log as they are now, which is read in its place; ""
            for any other table.
        style: how the team writes its staging models; None for our own style.
    """
    selected = mapping.selected()
    rows = _rows_of(mapping, dialect, loads=loads, is_marked=bool(base and mapping.row_key))
    items = _items(mapping, rows, dialect) if mapping.items else ""
    if style is not None:
        text = _in_style(style, mapping, source_table, rows, items, dialect)
        return _from_base(text, base) if base else text
    source_columns = [_identifier(name, dialect) for name in rows.needed]
    if rows.latest is not None:
        source_columns.append(_row_number(rows.latest, rows.number, dialect))
    return render(
        "dbt/staging.sql.jinja",
        source_columns=source_columns,
        columns=[_column(column, mapping, dialect) for column in selected],
        read=f"ref({jinja_text(base)})"
        if base
        else f"source({jinja_text(mapping.source)}, {jinja_text(source_table)})",
        conditions=rows.first,
        after=[] if items else rows.then,
        items=items,
    )


def with_parent_s_rows(mapping: Mapping, parent: Mapping | None) -> Mapping:
    """The mapping of a list's items with the row rules of its table; any other mapping as it is."""
    if not mapping.items or parent is None:
        return mapping
    names = [*(name for column in parent.columns for name in column.sources), *parent.unmapped]
    return replace(mapping, row_rules=parent.row_rules, unmapped=tuple(dict.fromkeys(names)))


ITEM, ITEM_INDEX = "item", "item_index"


def _items(mapping: Mapping, rows: _Rows, dialect: str, *, source: str = "source") -> str:
    """A query of the items of a list in rows that are called `source`."""
    used = dict.fromkeys(name for column in mapping.selected() for name in column.sources)
    return render(
        "dbt/items.sql.jinja",
        keys=[_identifier(name, dialect) for name in used if name not in (ITEM, ITEM_INDEX)],
        list=mapping.list_sql,
        source=source,
        dialect=dialect,
        conditions=rows.then,
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """Which rows a model keeps.

    Attributes:
        first: conditions on the source's rows.
        latest: the rule by which the last row of each key is kept; None to keep all.
        number: the name of the number of a row within its key.
        then: conditions on the numbered rows; none without numbers.
        needed: the source columns that the model and `then` use, in order.
    """

    first: list[str]
    latest: RowRule | None
    number: str
    then: list[str]
    needed: list[str]


def _rows_of(mapping: Mapping, dialect: str, *, loads: bool, is_marked: bool) -> _Rows:
    """Which rows a model keeps.

    Args:
        loads: whether only those of the latest complete batch.
        is_marked: whether deleted rows are marked as such (by `IS_DELETED`).
    """
    accepted = [rule for rule in mapping.row_rules if rule.status == "accepted"]
    latest = next((rule for rule in accepted if rule.rule == "latest_row"), None)
    needed = list(dict.fromkeys(name for column in mapping.selected() for name in column.sources))
    if mapping.items:
        root = mapping.items.partition(".")[0]
        names = [name for name in needed if name not in (ITEM, ITEM_INDEX)]
        needed = list(dict.fromkeys([*names, root]))
    early = [r for r in accepted if r.where and (latest is None or r.rule == "filter")]
    late = [r for r in accepted if r.where and r not in early]
    known = [*(name for column in mapping.columns for name in column.sources), *mapping.unmapped]
    number = _free_name(known)
    for name in dict.fromkeys(known):
        if name not in needed and any(_mentions(rule.where, name) for rule in late):
            needed.append(name)
    first = [_latest_batch(mapping, dialect)] if loads else [f"not {IS_DELETED}"] if is_marked else []
    first += [rule.where.strip() for rule in early]
    then = [f"{number} = 1", *(rule.where.strip() for rule in late)] if latest is not None else []
    return _Rows(_joinable(first), latest, number, _joinable(then), needed)


def _joinable(conditions: list[str]) -> list[str]:
    """The conditions so that they can be joined by `and`."""
    if len(conditions) < 2:
        return conditions
    return [f"({text})" if _HAS_OR.search(text) else text for text in conditions]


def _mentions(condition: str, column: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", condition, re.IGNORECASE) is not None


def _latest_batch(mapping: Mapping, dialect: str) -> str:
    """The condition that keeps the latest complete batch of append-only bronze."""
    text = render(
        "dbt/latest_batch.sql.jinja",
        batch_id=BATCH_ID,
        loads_batch_id=LOADS_BATCH_ID,
        source=jinja_text(mapping.source),
        loads_table=jinja_text(LOADS_TABLE),
        table_name=LOADS_TABLE_NAME,
        # As the loader wrote it, before the warehouse folded it.
        table=escape_jinja(quote_text(plain_name(mapping.table, dialect), dialect)),
    )
    return text.rstrip("\n")


def _row_number(rule: RowRule, number: str, dialect: str) -> str:
    keys = ", ".join(_identifier(name, dialect) for name in rule.keys)
    # A row without a time is not the last one: PostgreSQL would sort it first.
    order = f"{_identifier(rule.order_by, dialect)} desc nulls last"
    return f"row_number() over (\n    partition by {keys}\n    order by {order}\n) as {number}"


def _free_name(taken: list[str]) -> str:
    """A name for the number of a row that no source column has."""
    folded = {name.casefold() for name in taken}
    name, number = _ROW_NUMBER, 1
    while name in folded:
        number += 1
        name = f"{_ROW_NUMBER}_{number}"
    return name


def _column(column: MappedColumn, mapping: Mapping, dialect: str) -> str:
    value, target = _value(column, mapping, dialect), _alias(column.target, dialect)
    return value if value == target else f"{value} as {target}"


def _value(column: MappedColumn, mapping: Mapping, dialect: str) -> str:
    """The SQL that makes the column."""
    if column.expression is not None:
        value = "\n".join(line.rstrip() for line in column.expression.split("\n"))
    else:
        name = column.sources[0]
        is_ours = mapping.items and name in (ITEM, ITEM_INDEX)
        value = _alias(name, dialect) if is_ours else _identifier(name, dialect)
    return f"cast({value} as {column.cast})" if column.cast else value


def _identifier(name: str, dialect: str) -> str:
    """A source column in SQL."""
    return escape_jinja(quote_identifier(name, dialect))


def _alias(name: str, dialect: str) -> str:
    """A name that the model gives, in SQL."""
    return escape_jinja(quote_new_identifier(name, dialect))


# --- in the team's style ------------------------------------------------------------------------------


def _in_style(
    style: SqlStyle, mapping: Mapping, source_table: str, rows: _Rows, items: str, dialect: str
) -> str:
    columns = [
        (
            _value(column, mapping, dialect),
            _alias(column.target, dialect),
            column_group(column.target, column.cast or column.source_type),
        )
        for column in mapping.selected()
    ]
    is_replaced = bool(items) or rows.latest is not None
    conditions = rows.then if rows.latest is not None and not items else [] if items else rows.first
    text = write_staging(
        style,
        source=mapping.source,
        table=source_table,
        columns=columns,
        where="\nand ".join(conditions) or None,
        dialect=dialect,
        source_columns=[_identifier(name, dialect) for name in rows.needed],
    )
    return _with_other_rows(text, mapping, rows, dialect) if is_replaced else text


def _from_base(text: str, base: str) -> str:
    """The text with its source replaced by a model, in the team's quotes."""

    def ref(tag: re.Match[str]) -> str:
        quoted = f'"{base}"' if '"' in tag[0] else f"'{base}'"
        return _SOURCE_CALL.sub(lambda _: f"ref({quoted})", tag[0])

    return _SOURCE_TAG.sub(ref, text, count=1)


def _with_other_rows(text: str, mapping: Mapping, rows: _Rows, dialect: str) -> str:
    """The text with its source replaced: by its rows numbered within their key, or by the items of a list.

    The learned skeleton reads the source in one place, whatever it does around it.
    """
    tag = _SOURCE_TAG.search(text)
    assert tag is not None, "a learned skeleton reads its source"
    columns = [_identifier(name, dialect) for name in rows.needed]
    if rows.latest is not None:
        columns.append(_row_number(rows.latest, rows.number, dialect))
    wanted = render("dbt/rows.sql.jinja", columns=columns, source=tag[0], conditions=rows.first)
    name = "numbered"
    if mapping.items:
        wanted = _in_brackets(_items(mapping, rows, dialect, source=f"{wanted} as source"))
        name = "items"
    line = text[text.rfind("\n", 0, tag.start()) + 1 : tag.start()]
    indent = line[: len(line) - len(line.lstrip())]
    alias = "" if _ALIAS.match(text, tag.end()) else f" as {name}"
    return text[: tag.start()] + wanted.replace("\n", "\n" + indent) + alias + text[tag.end() :]


def _in_brackets(query: str) -> str:
    lines = (f"    {line}".rstrip() for line in query.split("\n"))
    return "\n".join(["(", *lines, ")"])
