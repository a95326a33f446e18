"""Writing names into SQL that a person keeps: quoted only where they must be."""

from __future__ import annotations

import re

# Words that DuckDB, PostgreSQL or Spark do not take as a bare column name.
RESERVED = frozenset(
    """
    all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast
    check collate collation column columns concurrently constraint create cross current_catalog current_date
    current_role current_schema current_time current_timestamp current_user default deferrable desc describe
    distinct do else end except exists false fetch filter for foreign freeze from full generated glob grant
    group having ilike in initially inner intersect into is isnull join lambda lateral leading left like limit
    localtime localtimestamp map minus natural not notnull null offset on only or order outer overlaps
    partition pivot pivot_longer pivot_wider placing positional primary qualify recursive references returning
    right select semi session_user show similar some struct summarize symmetric table tablesample then to
    trailing true try_cast tuple union unique unpack unpivot user using values variadic verbose view when
    where window with
    """.split()
)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_BACKTICKS = frozenset({"spark", "databricks", "bigquery", "mysql"})
_JINJA = re.compile(r"\{(?=[{%#])")


def quote_identifier(name: str, dialect: str) -> str:
    """The name as it is written in a dialect's SQL: plain where every dialect reads it so, else quoted.

    Example:
        >>> quote_identifier("dep_delay", "duckdb"), quote_identifier("order", "duckdb")
        ('dep_delay', '"order"')
    """
    if _PLAIN.match(name) and name not in RESERVED:
        return name
    quote = "`" if dialect in _BACKTICKS else '"'
    return quote + name.replace(quote, quote * 2) + quote


def quote_text(text: str) -> str:
    """The text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def escape_jinja(text: str) -> str:
    """The text with every brace that would open a Jinja tag written so that dbt prints it.

    Example:
        >>> escape_jinja("{{ x }}")
        "{{ '{' }}{ x }}"
    """
    return _JINJA.sub("{{ '{' }}", text)
