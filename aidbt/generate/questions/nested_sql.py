"""SQL that people keep, for reading what is inside of structs, JSON documents and lists.

Every function gives the text of an expression in the words of a dialect.
"""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.core.schema import Column
from aidbt.core.types import is_plain_text
from aidbt.sql.identifiers import quote_identifier, quote_text


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


def list_in(column: Column, path: Sequence[str], dialect: str, *, is_json: bool) -> str:
    """SQL over the table's columns that gives a list: of structs, or of JSON values.

    Example:
        >>> list_in(Column("payload", "JSON"), ("items",), "duckdb", is_json=True)
        "cast(json_extract(payload, '$.items') as json[])"
    """
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
