"""Families of column types, across the names that warehouses and people give them."""

from __future__ import annotations

import re
from typing import Literal

Family = Literal["integer", "number", "text", "date", "timestamp", "time", "boolean", "other"]

_NAMES: dict[Family, str] = {
    "integer": """tinyint, smallint, integer, int, bigint, hugeint, utinyint, usmallint, uinteger, ubigint,
        uhugeint, int2, int4, int8, int16, int32, int64, long, short, byte, serial, bigserial""",
    "number": """double, float, decimal, numeric, real, number, bignumeric, float4, float8, float32, float64,
        double precision, money""",
    "text": """varchar, text, string, char, bpchar, nvarchar, nchar, name, citext, enum, uuid,
        character varying, character""",
    "date": "date",
    "timestamp": """timestamp, timestamptz, datetime, timestamp_ns, timestamp_ms, timestamp_s, timestamp_ntz,
        timestamp_ltz, timestamp_tz, timestamp with time zone, timestamp without time zone""",
    "time": "time, timetz, time with time zone, time without time zone",
    "boolean": "boolean, bool, logical",
}
_BY_NAME = {name.strip(): family for family, names in _NAMES.items() for name in names.split(",")}
_NESTED = re.compile(r"\]\s*$|^(struct|map|union|array|row|variant|object|json|super)\b", re.IGNORECASE)


def type_family(data_type: str) -> Family:
    """The family a type belongs to; "other" for nested, binary and unknown ones.

    Example:
        >>> type_family("DECIMAL(18,3)"), type_family("timestamp with time zone"), type_family("INTEGER[]")
        ('number', 'timestamp', 'other')
    """
    if _NESTED.search(data_type):
        return "other"
    base = re.sub(r"\s*\(.*?\)", "", data_type.strip().lower())
    return _BY_NAME.get(base, "other")
