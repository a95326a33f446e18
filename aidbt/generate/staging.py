"""The SQL of a staging model: the source's columns, then the same renamed and cast."""

from __future__ import annotations

from aidbt.core.loads import BATCH_ID, LOADS_BATCH_ID, LOADS_TABLE, LOADS_TABLE_NAME
from aidbt.core.schema import MappedColumn, Mapping
from aidbt.generate.templates import render
from aidbt.sql.identifiers import escape_jinja, quote_identifier, quote_text


def staging_sql(mapping: Mapping, *, source_table: str, loads: bool, dialect: str) -> str:
    """The text of a staging model.

    Args:
        source_table: the table's name as its source declares it.
        loads: whether the table is append-only bronze, of which the latest complete batch is read.
    """
    selected = mapping.selected()
    needed = list(dict.fromkeys(name for column in selected for name in column.sources))
    return render(
        "dbt/staging.sql.jinja",
        source_columns=[_identifier(name, dialect) for name in needed],
        columns=[_column(column, dialect) for column in selected],
        source=_jinja_text(mapping.source),
        table=_jinja_text(source_table),
        batch_id=BATCH_ID,
        loads={
            "table": _jinja_text(LOADS_TABLE),
            "batch_id": LOADS_BATCH_ID,
            "table_name": LOADS_TABLE_NAME,
            "value": escape_jinja(quote_text(mapping.table)),
        }
        if loads
        else None,
    )


def _column(column: MappedColumn, dialect: str) -> str:
    target = _identifier(column.target, dialect)
    if column.expression is not None:
        lines = column.expression.split("\n")
        value = "\n".join([lines[0], *(f"        {line}".rstrip() for line in lines[1:])])
    else:
        value = _identifier(column.sources[0], dialect)
    if column.cast:
        return f"cast({value} as {column.cast}) as {target}"
    return value if value == target else f"{value} as {target}"


def _identifier(name: str, dialect: str) -> str:
    return escape_jinja(quote_identifier(name, dialect))


def _jinja_text(text: str) -> str:
    """The text as a string inside a Jinja expression."""
    quote = '"' if "'" in text and '"' not in text else "'"
    body = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return quote + body + quote
