"""What a clock on a wall shows: an instant as the local time of a time zone, in every dialect.

DuckDB's word is `timezone(zone, instant)`; the instant is of a type with a time zone, or cast to one. On
Spark and Databricks, whose TIMESTAMP has no zone of its own, the session's is UTC (`warehouse.adapter`).
"""

from __future__ import annotations

from sqlglot import exp

from aidbt.warehouse.dialects.templates import filled
from aidbt.warehouse.dialects.times import WALL_CLOCK

_LOCAL_TIME = {
    **dict.fromkeys(("postgres", "redshift"), "timezone(y, x)"),
    **dict.fromkeys(("spark", "databricks"), "from_utc_timestamp(x, y)"),
    "snowflake": "cast(convert_timezone(y, x) as timestamp_ntz)",
    "bigquery": "datetime(x, y)",
    "trino": "cast(at_timezone(x, y) as timestamp(6))",
}


def local_time(node: exp.Expr, dialect: str) -> exp.Expr:
    """`timezone(zone, instant)` in the words of a dialect.

    Raises:
        NoLowering: the dialect has no such function that is known.
    """
    zone, instant = node.expressions
    found = filled(_LOCAL_TIME, "the local time of an instant", dialect, instant, zone)
    found.type = exp.DataType.build(WALL_CLOCK)
    return found
