"""Families of column types, across the names that warehouses and people give them."""

from __future__ import annotations

import re
from typing import Literal

Family = Literal["integer", "number", "text", "date", "timestamp", "time", "boolean", "other"]

_NAMES: dict[Family, str] = {
    "integer": """tinyint, smallint, integer, int, bigint, hugeint, utinyint, usmallint, uinteger, ubigint,
        uhugeint, int2, int4, int8, int16, int32, int64, int128, long, short, byte, byteint, mediumint,
        smallserial, serial, bigserial""",
    "number": """double, float, decimal, dec, numeric, real, number, bignumeric, bigdecimal, float4, float8,
        float32, float64, double precision, money""",
    "text": """varchar, text, string, char, bpchar, nvarchar, nchar, nvarchar2, varchar2, name, citext, enum,
        uuid, uniqueidentifier, character varying, character, national character varying,
        national character""",
    "date": "date",
    "timestamp": """timestamp, timestamptz, datetime, timestamp_ns, timestamp_ms, timestamp_s, timestamp_ntz,
        timestamp_ltz, timestamp_tz, timestamptz_ns, timestampntz, timestampltz, datetime2, smalldatetime,
        datetimeoffset, timestamp with time zone, timestamp without time zone,
        timestamp with local time zone""",
    "time": "time, timetz, time_ns, time with time zone, time without time zone",
    "boolean": "boolean, bool, logical",
}
# Other words for the same type; what stands in brackets stays.
_SAME_TYPE = {
    "int": "integer", "int4": "integer", "int2": "smallint", "int8": "bigint", "long": "bigint",
    "string": "varchar", "text": "varchar", "character varying": "varchar", "bool": "boolean",
    "float8": "double", "double precision": "double", "float4": "float", "real": "float",
    "numeric": "decimal", "datetime": "timestamp", "timestamp without time zone": "timestamp",
    "timestamptz": "timestamp with time zone", "int64": "bigint", "float64": "double", "dec": "decimal",
    "timestamp_ntz": "timestamp", "timestampntz": "timestamp", "timestamp_tz": "timestamp with time zone",
}  # fmt: skip
# Words that mean something else in one dialect. Spark's and BigQuery's TIMESTAMP is an instant.
_INSTANT_TIMESTAMP = {"timestamp": "timestamp with time zone"}
_OWN_MEANING: dict[str, dict[str, str]] = {
    "bigquery": _INSTANT_TIMESTAMP,
    "spark": {**_INSTANT_TIMESTAMP, "timestamp_ltz": "timestamp with time zone"},
    "databricks": {**_INSTANT_TIMESTAMP, "timestamp_ltz": "timestamp with time zone"},
    "snowflake": {"float": "double", "real": "double", "float4": "double", "number": "decimal"},
    "postgres": {"float": "double"},
    "redshift": {"float": "double"},
}
# How each dialect writes what DuckDB writes otherwise.
_LIKE_SPARK = {"varchar": "string", "timestamp with time zone": "timestamp"}
_OWN_WORDS: dict[str, dict[str, str]] = {
    "postgres": {"double": "double precision", "decimal": "numeric"},
    "redshift": {"double": "double precision", "decimal": "numeric"},
    "snowflake": {
        "double": "float",
        "decimal": "number",
        "timestamp": "timestamp_ntz",
        "timestamp with time zone": "timestamp_tz",
    },
    "bigquery": {
        "integer": "int64",
        "bigint": "int64",
        "double": "float64",
        "boolean": "bool",
        "decimal": "numeric",
        "varchar": "string",
        "timestamp": "datetime",
        "timestamp with time zone": "timestamp",
    },
    # TIMESTAMP_NTZ needs Spark 3.4 or Databricks 13.3, and a table feature where rows are kept in Delta.
    "spark": _LIKE_SPARK,
    "databricks": _LIKE_SPARK,
    # TIMESTAMP alone keeps milliseconds, and Iceberg's tables hold microseconds.
    "trino": {
        "timestamp": "timestamp(6)",
        "timestamp with time zone": "timestamp(6) with time zone",
    },
}
# The names of single values that each dialect knows, as its manual lists them, aliases included.
_SQL_NAMES = "smallint, integer, int, bigint, decimal, boolean, date"
_ZONED = "timestamp with time zone, timestamp without time zone, time with time zone, time without time zone"
_SPARK_NAMES = """tinyint, byte, short, long, float, real, double, dec, numeric, timestamp, timestamp_ntz,
    timestamp_ltz, timestamp without time zone, string, char, character, varchar, binary, interval"""
_POSTGRES_NAMES = f"""int2, int4, int8, numeric, dec, real, float, float4, float8, double precision, char,
    character, bpchar, varchar, character varying, text, bool, time, timetz, timestamp, timestamptz,
    interval, {_ZONED}"""
_KNOWN_NAMES = {
    "duckdb": f"""{_POSTGRES_NAMES}, tinyint, int1, hugeint, uhugeint, utinyint, usmallint, uinteger, ubigint,
        int16, int32, int64, int128, long, short, double, string, nchar, nvarchar, logical, datetime,
        timestamp_s, timestamp_ms, timestamp_ns, time_ns, blob, bytea, binary, varbinary, uuid, bit""",
    "postgres": f"{_POSTGRES_NAMES}, name, money, nchar, uuid, bytea, xml, bit",
    "redshift": f"{_POSTGRES_NAMES}, name, nchar, nvarchar, super, varbyte, varbinary, binary varying",
    "snowflake": """number, dec, numeric, tinyint, byteint, float, float4, float8, double, double precision,
        real, varchar, char, character, nchar, string, text, nvarchar, nvarchar2, binary, varbinary, bool,
        datetime, time, timestamp, timestamp_ltz, timestampltz, timestamp_ntz, timestampntz, timestamp_tz,
        timestamptz, timestamp with time zone, timestamp without time zone, timestamp with local time zone""",
    "bigquery": """int64, tinyint, byteint, numeric, bignumeric, bigdecimal, float64, bool, string, bytes,
        datetime, time, timestamp, interval""",
    "spark": _SPARK_NAMES,
    "databricks": _SPARK_NAMES,
    "trino": f"""tinyint, real, double, double precision, dec, numeric, varchar, char, varbinary, time,
        timestamp, uuid, ipaddress, {_ZONED}""",
}
# Snowflake's and Oracle's word for an integer.
_WHOLE_NUMBER = re.compile(r"number\s*\(\s*[0-9]+\s*(,\s*0\s*)?\)", re.IGNORECASE)
_BY_NAME = {name.strip(): family for family, names in _NAMES.items() for name in names.split(",")}
TYPE_NAMES: dict[str, tuple[str, ...]] = {
    dialect: tuple(" ".join(name.split()) for name in f"{_SQL_NAMES}, {names}".split(","))
    for dialect, names in _KNOWN_NAMES.items()
}
_ANY_NAME = frozenset(name for names in TYPE_NAMES.values() for name in names) | _BY_NAME.keys()
_NESTED = re.compile(
    r"\]\s*$|^(struct|map|union|array|row|record|variant|object|jsonb?|super|hstore|geography|geometry)\b",
    re.IGNORECASE,
)
# An instant by its name; TIMESTAMP alone is one on Spark and BigQuery too, which its name does not tell.
_INSTANT = re.compile(
    r"(timestamptz(_ns)?|timestamp_?ltz|timestamp_tz|datetimeoffset)\s*(\(.*\))?"
    r"|timestamp\s*(\(.*?\))?\s*with( local)? time zone",
    re.IGNORECASE,
)


def type_family(data_type: str) -> Family:
    """The family a type belongs to; "other" for nested, binary and unknown ones.

    Example:
        >>> type_family("DECIMAL(18,3)"), type_family("timestamp with time zone"), type_family("INTEGER[]")
        ('number', 'timestamp', 'other')
    """
    if _NESTED.search(data_type):
        return "other"
    if _WHOLE_NUMBER.fullmatch(data_type.strip()):
        return "integer"
    return _BY_NAME.get(_bare(data_type), "other")


def _bare(data_type: str) -> str:
    """The words of a type in lower case, without what stands in brackets."""
    return " ".join(re.sub(r"\s*\(.*?\)", " ", data_type.lower()).split())


def is_plain_text(data_type: str) -> bool:
    """Whether it is a type of free text, of whatever length; UUID and ENUM read as text but are not.

    Example:
        >>> is_plain_text("character varying(20)"), is_plain_text("UUID"), is_plain_text("STRING")
        (True, False, True)
    """
    coded = data_type.strip().lower().startswith(("uuid", "uniqueidentifier", "enum"))
    return type_family(data_type) == "text" and not coded


def is_same_type(a: str, b: str, dialect: str = "") -> bool:
    """Whether two type texts name the same type, as far as their words tell.

    Args:
        dialect: whose words they are; "" for what most dialects mean by them.

    Example:
        >>> is_same_type("TIMESTAMPTZ", "timestamp with time zone"), is_same_type("int", "bigint")
        (True, False)
        >>> is_same_type("DATETIME", "TIMESTAMP", "bigquery")
        False
    """
    return _canonical(a, dialect) == _canonical(b, dialect)


def _canonical(data_type: str, dialect: str = "") -> str:
    """The type in DuckDB's words; one that it has no word for as it is."""
    name, bracket, rest = data_type.strip().lower().partition("(")
    size, _, after = rest.partition(")")
    name = f"{name.strip()} {after.strip()}".strip()
    own = _OWN_MEANING.get(dialect, {}).get(name)
    size = f"({size.replace(' ', '')})" if bracket else ""
    return (own or _SAME_TYPE.get(name, name)) + size


def has_time_zone(data_type: str, dialect: str = "") -> bool:
    """Whether a timestamp type is an instant, so that what it reads as depends on the session's time zone.

    Args:
        dialect: whose word it is; "" for what most dialects mean by it.

    Example:
        >>> has_time_zone("timestamp(3) with time zone"), has_time_zone("TIMESTAMP_NTZ(9)")
        (True, False)
        >>> has_time_zone("timestamp", "spark")
        True
    """
    is_own = _OWN_MEANING.get(dialect, {}).get(_bare(data_type)) == "timestamp with time zone"
    return is_own or _INSTANT.fullmatch(data_type.strip()) is not None


def type_name(data_type: str, dialect: str) -> str:
    """A type as people write it in a dialect; what the dialect has no other word for stays.

    Numbers keep their size, but for BigQuery's NUMERIC, which always has 29 digits before the point and 9
    behind it.

    Args:
        data_type: in DuckDB's words, e.g. "decimal(18, 2)" or "timestamp with time zone".

    Example:
        >>> type_name("decimal(18, 2)", "snowflake"), type_name("double", "postgres")
        ('number(18, 2)', 'double precision')
        >>> type_name("timestamp", "bigquery"), type_name("timestamp with time zone", "spark")
        ('datetime', 'timestamp')
    """
    name, bracket, size = data_type.partition("(")
    own = _OWN_WORDS.get(dialect, {}).get(name.strip())
    if own is None:
        return data_type
    return own + bracket + size if dialect != "bigquery" else own


def is_foreign_type(data_type: str, dialect: str) -> bool:
    """Whether a type is known in other dialects, but not in this one; False for what is known nowhere.

    Example:
        >>> is_foreign_type("float64", "postgres"), is_foreign_type("inet", "postgres")
        (True, False)
    """
    known = TYPE_NAMES.get(dialect)
    name = _bare(data_type)
    return known is not None and name in _ANY_NAME and name not in known


def own_type(data_type: str, dialect: str) -> str | None:
    """What a type of other dialects is called in this one, or None where it has none.

    Example:
        >>> own_type("int64", "postgres"), own_type("timestamptz", "bigquery"), own_type("strng", "trino")
        ('bigint', 'timestamp', None)
    """
    found = type_name(re.sub(r",(?=\d)", ", ", _canonical(data_type)), dialect)
    return found if _bare(found) in TYPE_NAMES.get(dialect, ()) else None
