"""Dates and times of day as SQL values (`transforms.value`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aidbt.mapping.transforms.numbers import integer
from aidbt.mapping.transforms.value import (
    Row,
    Value,
    call,
    cast_or_null,
    fits,
    literal,
    mapped,
    piece,
    spelled,
    string,
    text,
    trimmed,
    when,
)

if TYPE_CHECKING:
    from sqlglot import exp

PARTS = ("year", "month", "day", "hour", "minute")

# The seconds since 1970 of the years 1 to 9999, which every engine's timestamps hold.
_FIRST_SECOND, _LAST_SECOND = -62135596800, 253402300799
PER_SECOND = {"seconds": 1, "milliseconds": 1000}
_SINCE = datetime(1970, 1, 1)
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?Z?)?")
# TIMESTAMP alone is an instant in Spark, and a matter of settings in Snowflake.
_WITHOUT_ZONE = "timestampntz"


def as_date(value: Value) -> Value:
    """The date of a date, of a timestamp without an offset, or of an ISO text; null where it is none."""
    from sqlglot import exp

    if value.family == "date":
        return mapped(value, value.tree, iso_date)
    if value.family == "timestamp":
        return mapped(replace(value, family="date"), exp.cast(value.tree, "date"), iso_date)
    value = text(value)
    return mapped(replace(value, family="date"), cast_or_null(value, "text", "date"), iso_date)


def as_timestamp(value: Value) -> Value:
    """The timestamp of an ISO text, or the value where it is one; null where it is none."""
    if value.family == "timestamp":
        return mapped(value, value.tree, iso_timestamp)
    value = text(value)
    tree = cast_or_null(value, "text", _WITHOUT_ZONE)
    return mapped(replace(value, family="timestamp"), tree, iso_timestamp)


def has_time_of_day(dialect: str) -> bool:
    """Whether the dialect has a type for a time of day."""
    return dialect not in ("spark", "databricks")


def as_time(value: Value) -> Value:
    """The time of day of a timestamp, where the dialect has a type for it."""
    from sqlglot import exp

    def of(read: str) -> str | None:
        found = iso_timestamp(read)
        return found.split(" ")[1] if found else None

    return mapped(replace(value, family="time"), exp.cast(value.tree, "time"), of)


def date_part(value: Value, part: str) -> Value:
    """One of `PARTS` of a date or timestamp, as a whole number."""
    from sqlglot import exp

    place = PARTS.index(part) + 1
    if value.family not in ("date", "timestamp"):
        value = as_date(value) if place <= 3 else as_timestamp(value)

    def of(read: str) -> str | None:
        found = _ISO.match(read)
        return str(int(found[place] or 0)) if found else None

    tree = exp.Extract(this=exp.var(part), expression=value.tree)
    return mapped(replace(value, family="integer"), tree, of)


def date_of_parts(year: Value, month: Value, day: Value) -> Value:
    """The date of three numbers; null where there is no such date."""
    return as_date(_calendar(year, month, day))


def timestamp_of_parts(year: Value, month: Value, day: Value, *, clock: Sequence[Value]) -> Value:
    """The timestamp of numbers; null where there is no such time.

    Args:
        clock: hour, minute and second as far as there are any, but at least two; or one number that reads as
            hhmm (515 is 05:15).
    """
    return as_timestamp(spelled(_calendar(year, month, day), " ", _clock(clock)))


def timestamp_of(day: Value, time: Value) -> Value:
    """The timestamp of a date and a time of day; null where either is missing or cannot be read."""
    return as_timestamp(spelled(text(as_date(day)), " ", text(time)))


def date_of_digits(value: Value, order: str) -> Value:
    """The date of a text of fixed width, or of a number with as many digits; null where it is none.

    Args:
        order: where the digits stand, e.g. "YYYYMMDD" or "DD/MM/YYYY".
    """
    value = trimmed(value)
    year, month, day = (piece(value, order.index(letter) + 1, order.count(letter)) for letter in "YMD")
    iso = spelled(spelled(year, "-", month), "-", day)
    # Only digits: of a negative number the sign would make it a year before Christ.
    form = re.sub(r"[YMD]+", lambda digits: f"[0-9]{{{len(digits[0])}}}", order).replace(".", "[.]")

    def of(row: Row) -> str | None:
        read = value.of(row)
        return iso.of(row) if read is not None and re.fullmatch(form, read) else None

    return as_date(replace(iso, tree=when(fits(value, f"^{form}$"), iso.tree), of=of))


def date_as_digits(value: Value) -> Value:
    """The date as text in the form YYYYMMDD."""
    iso = text(as_date(value))
    return mapped(iso, call("replace", iso.tree, string("-"), string("")), lambda read: read.replace("-", ""))


def timestamp_of_epoch(value: Value, unit: str) -> Value:
    """The timestamp in UTC of whole `PER_SECOND` units since 1970; null outside of the years 1 to 9999."""
    from sqlglot import exp

    value, per_second = integer(value), PER_SECOND[unit]
    lowest, highest = _FIRST_SECOND * per_second, _LAST_SECOND * per_second
    inside = exp.Between(this=value.tree, low=literal(lowest), high=literal(highest))

    def of(read: str) -> str | None:
        if not lowest <= int(read) <= highest:
            return None
        return (_SINCE + timedelta(milliseconds=int(read) * (1000 // per_second))).isoformat(" ")

    tree = when(inside, _from_epoch(value, per_second))
    return mapped(replace(value, family="timestamp"), tree, of)


def epoch_of(value: Value) -> Value:
    """Whole seconds since 1970 UTC of a timestamp that is in UTC."""
    from sqlglot import exp

    value = as_timestamp(value)
    tree = exp.cast(call("floor", _to_epoch(value)), "bigint")

    def of(read: str) -> str | None:
        return str((datetime.fromisoformat(read) - _SINCE) // timedelta(seconds=1))

    return mapped(replace(value, family="integer"), tree, of)


def iso_date(read: str) -> str | None:
    """The date of a text that begins with one, or None."""
    found = iso_timestamp(read)
    return found.split(" ")[0] if found else None


def iso_timestamp(read: str) -> str | None:
    """The time in the one form in which times are compared, "2026-01-31 23:59:00[.123456]", or None."""
    found = _ISO.fullmatch(read.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    micros = int((found[7] or "").ljust(6, "0")[:6])
    try:
        return datetime(year, month, day, hour, minute, second, micros).isoformat(" ")
    except ValueError:
        return None


def _calendar(year: Value, month: Value, day: Value) -> Value:
    """Three numbers as YYYY-MM-DD; null where one is out of range."""
    iso = spelled(_digits(year, 1, 9999, 4), "-", _digits(month, 1, 12, 2))
    return spelled(iso, "-", _digits(day, 1, 31, 2))


def _clock(clock: Sequence[Value]) -> Value:
    """Numbers as HH:MM[:SS]; null where one is out of range."""
    if len(clock) == 1:
        digits = _digits(clock[0], 0, 2359, 4)
        return spelled(piece(digits, 1, 2), ":", piece(digits, 3, 2))
    read = [_digits(value, 0, highest, 2) for value, highest in zip(clock, (23, 59, 59), strict=False)]
    clocked = read[0]
    for value in read[1:]:
        clocked = spelled(clocked, ":", value)
    return clocked


def _digits(value: Value, low: int, high: int, width: int) -> Value:
    """The number with leading zeros; null outside of a range that has no more digits."""
    from sqlglot import exp

    value = integer(value)
    inside = exp.Between(this=value.tree, low=literal(low), high=literal(high))
    padded = call("lpad", exp.cast(value.tree, "text"), literal(width), string("0"))

    def of(read: str) -> str | None:
        return read.rjust(width, "0") if low <= int(read) <= high else None

    return mapped(replace(value, family="text"), when(inside, padded), of)


def _from_epoch(value: Value, per_second: int) -> exp.Expr:
    """The dialect's own function, as for text that people keep in `generate`."""
    from sqlglot import exp

    x, digits = value.tree, literal(3 if per_second == 1000 else 0)
    if value.dialect == "duckdb":
        wide = exp.cast(x, "bigint")
        if per_second == 1000:
            return call("epoch_ms", wide)
        return call("make_timestamp", exp.Mul(this=wide, expression=literal(1_000_000)))
    if value.dialect == "snowflake":
        return call("to_timestamp_ntz", x, digits)
    if value.dialect in ("spark", "databricks", "bigquery"):
        return call("timestamp_millis" if per_second == 1000 else "timestamp_seconds", x)
    seconds = x if per_second == 1 else exp.Div(this=x, expression=literal("1000.0"), typed=True)
    if value.dialect == "trino":
        instant = call("from_unixtime", seconds, string("UTC"))
        return exp.cast(instant, exp.DataType.build("timestamp(6)", dialect="trino"))
    if value.dialect == "postgres":
        return exp.AtTimeZone(this=call("to_timestamp", seconds), zone=string("UTC"))
    second = exp.Interval(this=string("1"), unit=exp.var("second"))  # Redshift
    return exp.Add(
        this=exp.cast(string("1970-01-01"), "timestamp"), expression=exp.Mul(this=seconds, expression=second)
    )


def _to_epoch(value: Value) -> exp.Expr:
    """Seconds since 1970, in the words of `warehouse.dialects`."""
    from sqlglot import exp

    from aidbt.warehouse.dialects.lowering import lowered

    if value.dialect == "duckdb":
        return call("epoch", value.tree)
    # Of a name that stands for the value: lowering reads trees in DuckDB's words only.
    epoch = lowered(call("epoch", exp.column("x")), value.dialect)
    return epoch.transform(lambda node: value.tree if isinstance(node, exp.Column) else node)
