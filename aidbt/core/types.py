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
    "timestamptz": "timestamp with time zone",
}  # fmt: skip
# Snowflake's and Oracle's word for an integer.
_WHOLE_NUMBER = re.compile(r"number\s*\(\s*[0-9]+\s*(,\s*0\s*)?\)", re.IGNORECASE)
_BY_NAME = {name.strip(): family for family, names in _NAMES.items() for name in names.split(",")}
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
    base = re.sub(r"\s*\(.*?\)", "", data_type.strip().lower())
    return _BY_NAME.get(base, "other")


def is_plain_text(data_type: str) -> bool:
    """Whether it is a type of free text, of whatever length; UUID and ENUM read as text but are not.

    Example:
        >>> is_plain_text("character varying(20)"), is_plain_text("UUID"), is_plain_text("STRING")
        (True, False, True)
    """
    coded = data_type.strip().lower().startswith(("uuid", "uniqueidentifier", "enum"))
    return type_family(data_type) == "text" and not coded


def is_same_type(a: str, b: str) -> bool:
    """Whether two type texts name the same type, as far as their words tell.

    Example:
        >>> is_same_type("TIMESTAMPTZ", "timestamp with time zone"), is_same_type("int", "bigint")
        (True, False)
    """
    return _canonical(a) == _canonical(b)


def _canonical(data_type: str) -> str:
    name, bracket, rest = data_type.strip().lower().partition("(")
    name = name.strip()
    return _SAME_TYPE.get(name, name) + bracket + rest.replace(" ", "")


def has_time_zone(data_type: str) -> bool:
    """Whether a timestamp type is an instant, so that what it reads as depends on the session's time zone.

    Example:
        >>> has_time_zone("timestamp(3) with time zone"), has_time_zone("TIMESTAMP_NTZ(9)")
        (True, False)
    """
    return _INSTANT.fullmatch(data_type.strip()) is not None
