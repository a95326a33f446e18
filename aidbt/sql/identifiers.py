"""Writing names into SQL that a person keeps: quoted only where they must be."""

from __future__ import annotations

import functools
import re

# Words that DuckDB, PostgreSQL or Spark do not take as a bare column name: quoted in any dialect.
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
# Those of one system, beside them.
_OWN_RESERVED = {
    "postgres": frozenset({"system_user"}),
    "spark": frozenset({"current_path"}),
    "snowflake": frozenset(
        """
        account alter between connect connection current database delete drop following gscluster increment
        insert issue minus of organization regexp revoke rlike row rows sample schema set start trigger update
        whenever
        """.split()
    ),
}
_PLAIN_LOWER = re.compile(r"[a-z_][a-z0-9_]*\Z")
_PLAIN_UPPER = re.compile(r"[A-Z_][A-Z0-9_]*\Z")
_PLAIN_ANY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# How a bare name is understood: PostgreSQL and Redshift lower it, Snowflake raises it, the last group keeps
# it and compares without case. So does DuckDB, where a name with capitals is quoted all the same: its case is
# part of how people know it.
_RAISES = frozenset({"snowflake"})
_KEEPS = frozenset({"bigquery", "spark", "databricks"})
_BACKTICKS = frozenset({"spark", "databricks", "bigquery", "mysql"})
# In these a backslash in a text starts an escape; and two quotes in a row are, in the first group, two texts.
_ESCAPES_QUOTES = frozenset({"bigquery", "spark", "databricks"})
_ESCAPES = _ESCAPES_QUOTES | {"snowflake", "redshift", "mysql"}
_JINJA = re.compile(r"\{(?=[{%#])")


def quote_identifier(name: str, dialect: str) -> str:
    """The name of something that exists, as it is written in a dialect's SQL: bare where that is read as
    this very name, else quoted.

    Args:
        name: exactly as the system stores it.

    Example:
        >>> quote_identifier("dep_delay", "duckdb"), quote_identifier("order", "duckdb")
        ('dep_delay', '"order"')
        >>> quote_identifier("ORDER_ID", "snowflake"), quote_identifier("order_id", "snowflake")
        ('order_id', '"order_id"')
    """
    plain = _PLAIN_UPPER if dialect in _RAISES else _PLAIN_ANY if dialect in _KEEPS else _PLAIN_LOWER
    if plain.match(name) and name.lower() not in reserved_words(dialect):
        return name.lower() if dialect in _RAISES else name
    return _quoted(name, dialect)


def quote_new_identifier(name: str, dialect: str) -> str:
    """A name that we give, e.g. an alias, as it is written: a plain one in lower case stands bare wherever it
    may, whatever the system makes of it then.

    Example:
        >>> quote_new_identifier("order_id", "snowflake"), quote_new_identifier("order", "snowflake")
        ('order_id', '"ORDER"')
    """
    return quote_identifier(stored_name(name, dialect), dialect)


def stored_name(name: str, dialect: str) -> str:
    """What a name that we give is called in the system: a plain one in lower case is one that it may fold.

    Example:
        >>> stored_name("order_id", "snowflake"), stored_name("Order Id", "snowflake")
        ('ORDER_ID', 'Order Id')
    """
    return name.upper() if dialect in _RAISES and _PLAIN_LOWER.match(name) else name


def plain_name(name: str, dialect: str) -> str:
    """The name of something that exists as people write it where nothing is quoted, e.g. in YAML: in lower
    case where the system raises what is written bare.

    Example:
        >>> plain_name("ORDERS", "snowflake"), plain_name("Orders", "snowflake"), plain_name("ID", "duckdb")
        ('orders', 'Orders', 'ID')
    """
    return name.lower() if dialect in _RAISES and _PLAIN_UPPER.match(name) else name


def needs_quotes(name: str, dialect: str) -> bool:
    """Whether something that exists can only be named in quotes.

    Example:
        >>> needs_quotes("ORDERS", "snowflake"), needs_quotes("orders", "snowflake")
        (False, True)
    """
    return quote_identifier(name, dialect) == _quoted(name, dialect)


@functools.cache
def reserved_words(dialect: str) -> frozenset[str]:
    """The words, in lower case, that do not stand bare as a column's or table's name in a dialect."""
    from sqlglot.dialects.dialect import Dialect

    own = _OWN_RESERVED.get(dialect, frozenset())
    known = Dialect.get(dialect)  # its list for Redshift, BigQuery and Trino is the vendor's
    return (
        RESERVED | own | {word.lower() for word in (known.generator_class.RESERVED_KEYWORDS if known else ())}
    )


def _quoted(name: str, dialect: str) -> str:
    if dialect == "bigquery":
        return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
    quote = "`" if dialect in _BACKTICKS else '"'
    return quote + name.replace(quote, quote * 2) + quote


def quote_text(text: str, dialect: str = "duckdb") -> str:
    """The text as an SQL string literal.

    Example:
        >>> print(quote_text("it's", "duckdb"), quote_text("it's", "spark"))
        'it''s' 'it\\'s'
    """
    if dialect in _ESCAPES:
        text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "\\'" if dialect in _ESCAPES_QUOTES else "''") + "'"


def escape_jinja(text: str) -> str:
    """The text with every brace that would open a Jinja tag written so that dbt prints it.

    Example:
        >>> escape_jinja("{{ x }}")
        "{{ '{' }}{ x }}"
    """
    return _JINJA.sub("{{ '{' }}", text)
