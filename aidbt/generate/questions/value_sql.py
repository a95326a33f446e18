"""SQL that people keep, for reading a value as what it means: the words of each dialect's own functions.

Every function takes and gives the text of an expression. What a dialect cannot say gives None.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from aidbt.sql.identifiers import quote_text

_LIKE_SPARK = frozenset({"spark", "databricks"})

# strptime's marks in the words of those that have their own; the others take strptime's.
_POSTGRES_DATES = {
    "%d": "DD", "%m": "MM", "%Y": "YYYY", "%y": "YY", "%b": "Mon", "%B": "Month",
    "%H": "HH24", "%M": "MI", "%S": "SS",
}  # fmt: skip
_SPARK_DATES = {
    "%d": "d", "%m": "M", "%Y": "yyyy", "%b": "MMM", "%B": "MMMM", "%H": "H", "%M": "mm", "%S": "ss",
}  # fmt: skip
_DATE_WORDS = {
    "postgres": _POSTGRES_DATES,
    "redshift": _POSTGRES_DATES,
    "snowflake": {**_POSTGRES_DATES, "%b": "MON", "%B": "MMMM"},
    "spark": _SPARK_DATES,
    "databricks": _SPARK_DATES,
    "trino": {"%M": "%i", "%S": "%s", "%B": "%M"},
}
# (date, date and time) by dialect: x is the value, f its form; and the same giving null for what is none.
_READ = {
    "duckdb": ("cast(strptime(x, f) as date)", "strptime(x, f)"),
    "postgres": ("to_date(x, f)", "cast(to_timestamp(x, f) as timestamp)"),
    "redshift": ("to_date(x, f)", "cast(to_timestamp(x, f) as timestamp)"),
    "spark": ("to_date(x, f)", "to_timestamp(x, f)"),
    "databricks": ("to_date(x, f)", "to_timestamp(x, f)"),
    "snowflake": ("to_date(x, f)", "to_timestamp_ntz(x, f)"),
    "bigquery": ("parse_date(f, x)", "parse_datetime(f, x)"),
    "trino": ("cast(date_parse(x, f) as date)", "date_parse(x, f)"),
}
_READ_OR_NULL = {
    "duckdb": ("cast(try_strptime(x, f) as date)", "try_strptime(x, f)"),
    "spark": ("cast(try_to_timestamp(x, f) as date)", "try_to_timestamp(x, f)"),
    "databricks": ("cast(try_to_timestamp(x, f) as date)", "try_to_timestamp(x, f)"),
    "snowflake": ("try_to_date(x, f)", "try_to_timestamp_ntz(x, f)"),
    "bigquery": ("safe.parse_date(f, x)", "safe.parse_datetime(f, x)"),
    "trino": ("try(cast(date_parse(x, f) as date))", "try(date_parse(x, f))"),
}
# Seconds, milliseconds and microseconds since 1970 UTC as a time without an offset, in UTC.
_EPOCH = {
    "duckdb": ("make_timestamp(x * 1000000)", "epoch_ms(x)", "make_timestamp(x)"),
    "postgres": tuple(
        f"to_timestamp({of}) at time zone 'UTC'" for of in ("x", "x / 1000.0", "x / 1000000.0")
    ),
    "redshift": tuple(
        f"timestamp '1970-01-01' + {of} * interval '1 second'" for of in ("x", "x / 1000.0", "x / 1000000.0")
    ),
    "spark": ("timestamp_seconds(x)", "timestamp_millis(x)", "timestamp_micros(x)"),
    "databricks": ("timestamp_seconds(x)", "timestamp_millis(x)", "timestamp_micros(x)"),
    "snowflake": ("to_timestamp_ntz(x, 0)", "to_timestamp_ntz(x, 3)", "to_timestamp_ntz(x, 6)"),
    "bigquery": ("timestamp_seconds(x)", "timestamp_millis(x)", "timestamp_micros(x)"),
    "trino": tuple(f"cast(from_unixtime({of}, 'UTC') as timestamp(6))" for of in ("x", "x / 1e3", "x / 1e6")),
}
# Whether x matches the regular expression f, which is anchored.
_MATCHES = {
    "duckdb": "regexp_matches(x, f)",
    "postgres": "x ~ f",
    "redshift": "x ~ f",
    "spark": "x rlike f",
    "databricks": "x rlike f",
    "snowflake": "regexp_like(x, f)",
    "bigquery": "regexp_contains(x, f)",
    "trino": "regexp_like(x, f)",
}
EPOCH_UNITS = ("seconds", "milliseconds", "microseconds")


def read_date(value: str, form: str, dialect: str, *, or_null: bool = False) -> str | None:
    """A text read as a date, or as a timestamp where the form has a time of day.

    Args:
        form: in the marks of strptime, e.g. "%d/%m/%Y %H:%M".
        or_null: whether what is no such date becomes null; else the query fails.

    Example:
        >>> read_date("born", "%d.%m.%Y", "postgres")
        "to_date(born, 'DD.MM.YYYY')"
    """
    ways = (_READ_OR_NULL if or_null else _READ).get(dialect)
    if ways is None or ("%y" in form and dialect in _LIKE_SPARK):  # whose short years are all after 2000
        return None
    words = _DATE_WORDS.get(dialect, {})
    # One pass: Trino's %M is the name of a month, its %i the minutes.
    written = "".join(words.get(part, part) for part in _marks(form))
    return _filled(ways["%H" in form], x=value, f=quote_text(written, dialect))


def _marks(form: str) -> list[str]:
    """The form cut into marks and what stands between them."""
    pieces = form.split("%")
    return [pieces[0], *(part for piece in pieces[1:] for part in (f"%{piece[0]}", piece[1:]))]


def read_epoch(value: str, unit: str, dialect: str, *, is_wide: bool = True) -> str | None:
    """A number of `unit` since 1970 UTC as a timestamp in UTC.

    Args:
        is_wide: whether the number is a 64-bit integer; DuckDB multiplies in the type it has.
    """
    ways = _EPOCH.get(dialect)
    if ways is None:
        return None
    if dialect == "duckdb" and unit == "seconds" and not is_wide:
        value = f"cast({value} as bigint)"
    return _filled(ways[EPOCH_UNITS.index(unit)], x=value)


def read_money(value: str, point: str, dialect: str, *, negative_in_brackets: bool) -> str:
    """The text of a plain number from one with currency symbols and separators of thousands.

    Args:
        point: what stands before the cents, "." or ",".
        negative_in_brackets: whether (12.00) is -12.00.
    """
    pattern = quote_text(f"[^0-9{point}-]", dialect)
    everywhere = ", 'g'" if dialect in ("duckdb", "postgres") else ""
    number = f"regexp_replace({value}, {pattern}, ''{everywhere})"
    if point == ",":
        number = f"replace({number}, ',', '.')"
    return f"case when {value} like '(%' then '-' else '' end || {number}" if negative_in_brackets else number


def in_cents(value: str) -> str:
    """The amount that a number of cents is; to be cast to an exact type."""
    return f"{value} / 100.0"


def choice(value: str, yes: str, no: str, dialect: str, *, is_text: bool) -> str:
    """A boolean of two words or numbers; anything else becomes null."""
    if is_text:
        value, yes, no = f"lower({value})", quote_text(yes, dialect), quote_text(no, dialect)
    return f"case {value} when {yes} then true when {no} then false end"


def without_words(value: str, words: Collection[str], dialect: str) -> str:
    """The text, null where it is one of the words for "nothing"."""
    if not words:
        return value
    if len(words) == 1:
        return f"nullif({value}, {quote_text(next(iter(words)), dialect)})"
    listed = ", ".join(quote_text(word, dialect) for word in sorted({word.lower() for word in words}))
    return f"case when lower({value}) not in ({listed}) then {value} end"


def only_like(value: str, pattern: str, dialect: str) -> str | None:
    """The text where it matches a regular expression that is anchored, else null.

    Example:
        >>> only_like("size", "^[0-9]+$", "postgres")
        "case when size ~ '^[0-9]+$' then size end"
    """
    matches = _MATCHES.get(dialect)
    if matches is None:
        return None
    return f"case when {_filled(matches, x=value, f=quote_text(pattern, dialect))} then {value} end"


def _filled(template: str, **values: str) -> str:
    """The template with its one-letter words replaced, in one pass."""
    return re.sub(r"\b[xf]\b", lambda match: values.get(match[0], match[0]), template)
