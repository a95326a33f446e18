"""Dates and times as they stand in JSON, made those of Arrow: numbers that are checked and viewed, and texts.

None of them is rounded, and none becomes another one in the warehouse.
"""

from __future__ import annotations

import datetime
import re

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.cdc.debezium.types import ColumnType, NotExact

_HIGHEST = 2**63 - 1  # what DuckDB stores for an infinite timestamp; its negative for -infinity
# The JDBC driver's infinite timestamps. Debezium passes them on so; of infinite dates it makes numbers that
# overflowed, a different one in snapshots and in streams, which land as they are.
_INFINITE = {9_223_372_036_825_200_000: _HIGHEST, -9_223_372_036_832_400_000: -_HIGHEST}
_INFINITE_TEXT = {"infinity": _HIGHEST, "-infinity": -_HIGHEST}
_ZONED = re.compile(
    r"(?P<year>[+-]?\d{4,})-(?P<month>\d\d)-(?P<day>\d\d)T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)"
    r"(?:\.(?P<fraction>\d{1,6})0*)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_DAY_US = 86_400_000_000
_FIRST_US = -9_223_372_022_400_000_000  # DuckDB's first timestamp
_400_YEARS_US = 146_097 * _DAY_US
_INSTANT = pa.timestamp("us", tz="UTC")


def view(array: pa.Array, of: ColumnType) -> pa.Array:
    """Days, microseconds or nanoseconds as what they count."""
    if pa.types.is_timestamp(of.lands_as) and of.lands_as.unit == "us":
        array = _with_infinities(array)
    return _checked(array, of.lands_as).view(of.lands_as)


def _checked(numbers: pa.Array, lands_as: pa.DataType) -> pa.Array:
    """The numbers, all of which are such times.

    Raises:
        NotExact: one is not; it would become another time in the warehouse, or none that it can print.
    """
    bounds = pc.min_max(numbers).as_py()
    if bounds["min"] is None:
        return numbers
    day = _DAY_US * (1000 if lands_as == pa.time64("ns") else 1)
    if pa.types.is_time(lands_as) and (bounds["min"] < 0 or bounds["max"] > day):
        # MySQL's TIME is a span too, of up to 838 hours either way.
        raise NotExact("no time of day: below 0 or beyond 24 hours (declare the column as an interval)")
    if lands_as == pa.timestamp("us") and bounds["min"] < _FIRST_US:
        finite = pc.if_else(pc.equal(numbers, -_HIGHEST), None, numbers)
        if (pc.min(finite).as_py() or 0) < _FIRST_US:
            raise NotExact("a time lies before the year 290,308 BC")
    return numbers


def milliseconds(array: pa.Array, of: ColumnType) -> pa.Array:
    """Milliseconds as times of microseconds."""
    try:
        micros = pc.multiply_checked(array, 1000)
    except pa.ArrowInvalid as error:
        raise NotExact("a time lies beyond what microseconds can hold") from error
    return _checked(_with_infinities(micros), of.lands_as).view(of.lands_as)


def _with_infinities(micros: pa.Array) -> pa.Array:
    bounds = pc.min_max(micros).as_py()
    if bounds["max"] not in _INFINITE and bounds["min"] not in _INFINITE:
        return micros
    for given, wanted in _INFINITE.items():
        micros = pc.if_else(pc.equal(micros, given), pa.scalar(wanted, pa.int64()), micros)
    return micros


def iso(array: pa.Array, of: ColumnType) -> pa.Array:
    """Dates and times in ISO form. Debezium puts a Z behind those that have no time zone too."""
    if pa.types.is_date(of.lands_as):
        micros = _instants(pc.replace_substring_regex(array, "Z?$", "T00:00:00Z"))
        days = pc.divide(micros, _DAY_US)
        try:
            return days.cast(pa.int32()).view(pa.date32())
        except pa.ArrowInvalid as error:
            raise NotExact("a date lies beyond what can be held") from error
    if pa.types.is_time(of.lands_as):
        return _instants(pc.binary_join_element_wise("1970-01-01T", array, "")).view(of.lands_as)
    return _instants(array).view(of.lands_as)


def zoned(array: pa.Array, of: ColumnType) -> pa.Array:
    """Time stamps in ISO form with a zone, as instants."""
    return _instants(array).view(of.lands_as)


def _instants(array: pa.Array) -> pa.Array:
    """Microseconds since 1970 of time stamps in ISO form; one without a zone is taken as UTC."""
    try:
        return array.cast(_INSTANT).view(pa.int64())
    except pa.ArrowInvalid:  # infinity, years before 1 or after 9999, no zone, more than microseconds
        return _with_infinities(pa.array([_micros(text) for text in array.to_pylist()], pa.int64()))


def _micros(text: str | None) -> int | None:
    """Microseconds since 1970 of a time stamp in ISO form, in any year (0 is 1 BC), or infinite."""
    if text is None:
        return None
    if text in _INFINITE_TEXT:
        return _INFINITE_TEXT[text]
    match = _ZONED.fullmatch(text)
    if match is None:
        raise NotExact(f"not a timestamp of microseconds: {text!r}")
    eras, year = divmod(int(match["year"]) - 2000, 400)  # the calendar repeats itself every 400 years
    zone = "+00:00" if match["zone"] in (None, "Z") else match["zone"]
    try:
        moment = datetime.datetime.fromisoformat(
            f"{year + 2000:04}-{match['month']}-{match['day']}T{match['hour']}:{match['minute']}"
            f":{match['second'] or '00'}.{match['fraction'] or '0':0<6}{zone}"
        )
    except ValueError as error:
        raise NotExact(f"not a timestamp: {text!r} ({error})") from error
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    micros = since // datetime.timedelta(microseconds=1) + eras * _400_YEARS_US
    if abs(micros) > _HIGHEST:
        raise NotExact(f"a time beyond what microseconds can hold: {text!r}")
    return micros
