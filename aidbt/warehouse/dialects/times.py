"""Times in every dialect: cut to a grain, taken apart, moved, and counted from one to another.

DuckDB's meaning is everyone's: weeks start on Monday and are numbered as ISO 8601 does, a difference is the
number of unit boundaries between two times, and a month after the 31st is the last day of the next one. A
date that is cut to days or longer stays a date. Time zones are those of the session; on BigQuery UTC.

Lowerings go by the types that are known of their arguments (`value_type`): TIMESTAMP is without a time zone
(BigQuery's DATETIME), TIMESTAMPTZ an instant (BigQuery's TIMESTAMP). Without a type a time is taken as one
that the dialect's function takes as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from aidbt.warehouse.dialects.casts import INSTANTS, NoLowering
from aidbt.warehouse.dialects.templates import filled

_Lowering = Callable[[exp.Expr, str], exp.Expr]
_Type = exp.DataType.Type

_ALL = ("postgres", "redshift", "spark", "databricks", "snowflake", "bigquery", "trino")
# PostgreSQL extracts numeric, Redshift sometimes double; the rest integers.
_PARTS: dict[type[exp.Expr], dict[str, str]] = {
    node: {
        **dict.fromkeys(_ALL, text),
        **dict.fromkeys(("postgres", "redshift"), whole),
    }
    for node, text, whole in (
        (exp.Day, "extract(day from x)", "cast(extract(day from x) as integer)"),
        (exp.Month, "extract(month from x)", "cast(extract(month from x) as integer)"),
        (exp.Quarter, "extract(quarter from x)", "cast(extract(quarter from x) as integer)"),
        (exp.Year, "extract(year from x)", "cast(extract(year from x) as integer)"),
    )
} | {
    exp.DayOfWeekIso: {
        "postgres": "cast(extract(isodow from x) as integer)",
        "redshift": "((cast(extract(dow from x) as integer) + 6) % 7 + 1)",  # 0 is Sunday
        "snowflake": "dayofweekiso(x)",
        "bigquery": "(mod(extract(dayofweek from x) + 5, 7) + 1)",  # 1 is Sunday
        "trino": "day_of_week(x)",
        **dict.fromkeys(("spark", "databricks"), "(weekday(x) + 1)"),  # 0 is Monday
    },
    exp.DayOfYear: {
        **dict.fromkeys(("postgres", "redshift"), "cast(extract(doy from x) as integer)"),
        **dict.fromkeys(("spark", "databricks", "snowflake"), "dayofyear(x)"),
        "bigquery": "extract(dayofyear from x)",
        "trino": "day_of_year(x)",
    },
    exp.WeekOfYear: {
        **dict.fromkeys(("postgres", "redshift"), "cast(extract(week from x) as integer)"),
        **dict.fromkeys(("spark", "databricks"), "weekofyear(x)"),
        "snowflake": "weekiso(x)",
        "bigquery": "extract(isoweek from x)",
        "trino": "week(x)",
    },
}
_HOUR = {
    **dict.fromkeys(_ALL, "extract(hour from x)"),
    **dict.fromkeys(("postgres", "redshift"), "cast(extract(hour from x) as integer)"),
}
# Its weeks start when a session parameter says, but its ISO day of the week does not.
_MONDAY = {"snowflake": "dateadd(day, 1 - dayofweekiso(x), date_trunc('day', x))"}
_DAYS = {
    **dict.fromkeys(("postgres", "redshift"), "(cast(x as date) - cast(y as date))"),
    **dict.fromkeys(("spark", "databricks"), "datediff(cast(x as date), cast(y as date))"),
    "snowflake": "datediff(day, y, x)",
    "bigquery": "date_diff(cast(x as date), cast(y as date), day)",
    "trino": "date_diff('day', cast(y as date), cast(x as date))",
}
# Of PostgreSQL's times a difference is an interval of days and seconds.
_SECONDS = {"postgres": "cast(extract(epoch from x - y) as bigint)"}
_SECONDS_OF = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600}
_OF_YEAR: dict[str, tuple[type[exp.Func], int]] = {"MONTH": (exp.Month, 12), "QUARTER": (exp.Quarter, 4)}
_WITHIN_DAY = frozenset(_SECONDS_OF)
WALL_CLOCK = "timestampntz"
WALL_CLOCKS = frozenset({_Type.TIMESTAMP, _Type.TIMESTAMPNTZ, _Type.DATETIME})
_BIGQUERY_TRUNC = {_Type.DATE: "DATE_TRUNC", **dict.fromkeys(WALL_CLOCKS, "DATETIME_TRUNC")}


def value_type(node: exp.Expr) -> exp.DataType | None:
    """The type of a value, as far as its tree says it.

    Example:
        >>> value_type(exp.Max(this=exp.cast(exp.column("born"), "date"))).sql()
        'DATE'
    """
    if isinstance(node, exp.Cast):
        return node.to
    if node.type is not None:
        return node.type
    if isinstance(node, exp.Literal):
        return exp.DataType.build("text" if node.is_string else "decimal")
    if isinstance(node, exp.CurrentDate):
        return exp.DataType.build("date")
    if isinstance(node, exp.CurrentTimestamp):
        return exp.DataType.build("timestamptz")
    if isinstance(node, exp.Paren | exp.Max | exp.Min | exp.Coalesce | exp.Lag | exp.Window):
        return value_type(node.this)
    if isinstance(node, exp.Case):
        return value_type(node.args["ifs"][0].args["true"])
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select):
        return value_type(node.this.expressions[0])
    return None


def is_date(node: exp.Expr) -> bool:
    """Whether a value is known to be a date."""
    known = value_type(node)
    return known is not None and known.this is _Type.DATE


def is_instant(node: exp.Expr) -> bool:
    """Whether a value is known to be a time in a time zone."""
    known = value_type(node)
    return known is not None and known.this in INSTANTS


def as_timestamp(node: exp.Expr) -> exp.Expr:
    """A date as the time at its start; everything else as it is."""
    return exp.cast(node, WALL_CLOCK) if is_date(node) else node


def _truncated(node: exp.Expr, dialect: str) -> exp.Expr:
    return _cut(node.this, node.args["unit"].name.upper(), dialect)


def _cut(time: exp.Expr, unit: str, dialect: str) -> exp.Expr:
    """A time at the start of its unit."""
    if unit in _WITHIN_DAY:
        time = as_timestamp(time)
    known = value_type(time)
    if unit == "WEEK" and dialect in _MONDAY:
        cut = filled(_MONDAY, "the start of a week", dialect, time)
    elif dialect == "bigquery":
        name = _BIGQUERY_TRUNC.get(known.this, "TIMESTAMP_TRUNC") if known is not None else "TIMESTAMP_TRUNC"
        arguments = [time, exp.var("ISOWEEK" if unit == "WEEK" else unit)]
        cut = exp.Anonymous(this=name, expressions=arguments)
    else:
        cut = exp.Anonymous(this="DATE_TRUNC", expressions=[exp.Literal.string(unit.lower()), time])
    if known is not None and _cuts_to_another_type(known, dialect):
        cut = exp.cast(cut, known)
    cut.type = known
    return cut


def _cuts_to_another_type(known: exp.DataType, dialect: str) -> bool:
    """Whether DATE_TRUNC gives a time in a zone, as PostgreSQL's of a date, and Spark's of everything."""
    if dialect in ("postgres", "redshift"):
        return known.this is _Type.DATE
    return dialect in ("spark", "databricks") and known.this not in INSTANTS


def _part(node: exp.Expr, dialect: str) -> exp.Expr:
    return filled(_PARTS[type(node)], type(node).__name__, dialect, node.this)


def _extracted(node: exp.Expr, dialect: str) -> exp.Expr:
    if node.name.upper() != "HOUR":
        raise NoLowering(f"EXTRACT of {node.name}", dialect)
    return filled(_HOUR, "the hour of a time", dialect, as_timestamp(node.expression))


def _difference(node: exp.Expr, dialect: str) -> exp.Expr:
    """How many boundaries of a unit lie between two times."""
    return _boundaries(node.this, node.expression, node.args["unit"].name.upper(), dialect)


def _boundaries(end: exp.Expr, start: exp.Expr, unit: str, dialect: str) -> exp.Expr:
    if unit in _WITHIN_DAY:
        return _ticks(end, start, unit, dialect)
    if unit == "DAY":
        return filled(_DAYS, "a number of days", dialect, end, start)
    years = [filled(_PARTS[exp.Year], "the year", dialect, time) for time in (end, start)]
    between: exp.Expr = exp.Paren(this=exp.Sub(this=years[0], expression=years[1]))
    if unit == "YEAR":
        return between
    if unit not in _OF_YEAR:
        raise NoLowering(f"a number of {unit.lower()}s", dialect)
    part, number = _OF_YEAR[unit]
    parts = [filled(_PARTS[part], f"the {unit.lower()}", dialect, time) for time in (end, start)]
    whole = exp.Mul(this=between, expression=exp.Literal.number(number))
    return exp.Paren(this=exp.Sub(this=exp.Add(this=whole, expression=parts[0]), expression=parts[1]))


def _ticks(end: exp.Expr, start: exp.Expr, unit: str, dialect: str) -> exp.Expr:
    """Seconds, minutes or hours from one time to another, each counted where the clock strikes."""
    if dialect in ("snowflake", "redshift"):
        arguments: list[exp.Expr] = [exp.var(unit), as_timestamp(start), as_timestamp(end)]
        return exp.Anonymous(this="DATEDIFF", expressions=arguments)
    if dialect == "bigquery" and is_instant(end) != is_instant(start):
        end, start = (exp.cast(time, WALL_CLOCK) if is_instant(time) else time for time in (end, start))
    # The others count whole units that have passed, or seconds with a fraction.
    end, start = (_cut(time, unit, dialect) for time in (end, start))
    if dialect == "bigquery":
        name = "DATETIME_DIFF" if _is_wall_clock(end) else "TIMESTAMP_DIFF"
        return exp.Anonymous(this=name, expressions=[end, start, exp.var(unit)])
    if dialect == "trino":
        return exp.Anonymous(this="DATE_DIFF", expressions=[exp.Literal.string(unit.lower()), start, end])
    if dialect in ("spark", "databricks"):
        return exp.Anonymous(this="TIMESTAMPDIFF", expressions=[exp.var(unit), start, end])
    seconds = filled(_SECONDS, "a number of seconds", dialect, end, start)
    if unit == "SECOND":
        return seconds
    each = exp.Literal.number(_SECONDS_OF[unit])
    return exp.Paren(this=exp.Div(this=seconds, expression=each, typed=True))


def _is_wall_clock(time: exp.Expr) -> bool:
    known = value_type(time)
    return known is not None and known.this in WALL_CLOCKS


def _moved(node: exp.Expr, dialect: str) -> exp.Expr:
    """A time so many units on or back; what is no interval is a number, and added."""
    interval = node.expression
    if not isinstance(interval, exp.Interval):
        return node
    # Of a date and an interval some make a date, and refuse hours.
    time = as_timestamp(node.this)
    moved = (
        _moved_on_bigquery(node, time, interval)
        if dialect == "bigquery"
        else type(node)(this=time, expression=interval)
    )
    moved.type = value_type(time)
    return moved


def _moved_on_bigquery(node: exp.Expr, time: exp.Expr, interval: exp.Interval) -> exp.Expr:
    operation = "ADD" if isinstance(node, exp.Add) else "SUB"
    arguments = [time, exp.Interval(this=exp.Literal.number(interval.name), unit=interval.args["unit"])]
    if _is_wall_clock(time):
        return exp.Anonymous(this=f"DATETIME_{operation}", expressions=arguments)
    if interval.text("unit").upper() not in ("MONTH", "YEAR"):
        return exp.Anonymous(this=f"TIMESTAMP_{operation}", expressions=arguments)
    # An instant has no months.
    arguments[0] = exp.cast(time, WALL_CLOCK)
    return exp.cast(exp.Anonymous(this=f"DATETIME_{operation}", expressions=arguments), "timestamptz")


def _whole_number(node: exp.Expr, dialect: str) -> exp.Expr:
    """A division of whole numbers without its rest; PostgreSQL's own gives numeric."""
    return exp.cast(node, "bigint") if dialect == "postgres" else node


TIMES: Mapping[type[exp.Expr], _Lowering] = {
    **dict.fromkeys(_PARTS, _part),
    exp.Add: _moved,
    exp.DateDiff: _difference,
    exp.Extract: _extracted,
    exp.IntDiv: _whole_number,
    exp.Sub: _moved,
    exp.TimestampTrunc: _truncated,
}
