"""What monitors found, in words: values in their own units, and what was expected of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from aidbt.core.measured import Grain, Monitor, node_name
from aidbt.monitors.history import Family
from aidbt.monitors.metrics import metric_of

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# What a value is of; {} is the value, {of} the column.
_SAID = {
    "row_count": "{} rows",
    "null_rate": "{} of {of} null",
    "distinct_count": "{} different values of {of}",
    "rows_per_key": "{} rows for each {of}",
    "zero_rate": "{} of {of} zero",
    "negative_rate": "{} of {of} negative",
    "true_rate": "{} of {of} true",
    "empty_rate": "{} of {of} empty",
    "future_rows": "{} rows dated in the future",
    "build_seconds": "{} seconds to build",
    "wait_seconds": "waited {} seconds to begin",
    "rows_per_second": "{} rows a second",
    "rows_written": "{} rows written",
    "bytes_read": "{} bytes read",
    "success_rate": "{} of the last runs went well",
    "load_age_minutes": "newest row was {} old when dbt looked",
    "job_seconds": "'dbt {of}' took {} seconds",
    "job_memory_bytes": "'dbt {of}' used {} bytes of memory",
    "events": "{} events landed",
    "lag_seconds": "{} seconds behind its source",
    "backlog_bytes": "{} bytes that its source still holds for it",
    "commit_seconds": "{} seconds for a commit",
    "dead_letters": "{} records that could not become rows",
}


def told_value(value: float, family: Family) -> str:
    """A value in the unit of its family.

    Example:
        >>> told_value(1204.0, Family.COUNT), told_value(0.1237, Family.RATE), told_value(95, Family.MINUTES)
        ('1,204', '12.4 %', '1 h 35 min')
    """
    if not math.isfinite(value):
        return "unknown"
    if family is Family.RATE:
        return f"{_digits(100 * value, 3)} %"
    if family is Family.MINUTES:
        return _told_minutes(value)
    return f"{value:,.0f}" if family is Family.COUNT else _digits(value, 4)


def _digits(value: float, significant: int) -> str:
    """A number with so many significant digits, and all of its whole ones."""
    if value == 0:
        return "0"
    places = significant - 1 - math.floor(math.log10(abs(value)))
    if places > 8:
        return f"{value:.{significant - 1}e}"
    text = f"{value:,.{max(places, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _told_minutes(minutes: float) -> str:
    if minutes < 1:
        return "under 1 min"
    whole = round(minutes)
    days, hours, rest = whole // 1440, whole % 1440 // 60, whole % 60
    parts = [(days, "d"), (hours, "h"), (rest, "min")]
    return " ".join(f"{number:,} {unit}" for number, unit in parts if number)


def told_when(start: datetime, grain: Grain) -> str:
    """When a bucket is.

    Example:
        >>> told_when(datetime(2026, 11, 16), "day"), told_when(datetime(2026, 11, 16, 14), "hour")
        ('on Monday 2026-11-16', 'at 2026-11-16 14:00 UTC')
    """
    if grain == "day":
        return f"on {_WEEKDAYS[start.weekday()]} {start:%Y-%m-%d}"
    return f"{'at' if grain == 'hour' else 'in the run of'} {start:%Y-%m-%d %H:%M} UTC"


def told_anomaly(
    monitor: Monitor,
    family: Family,
    start: datetime,
    grain: Grain,
    *,
    value: float,
    low: float,
    high: float,
    expected: float = math.nan,
    alike: Sequence[float] = (),
) -> str:
    """One line: the value, what was expected, and what buckets like it had.

    Args:
        low, high: the band; NaN where nothing is known.
        expected: told beside the band where the value lies inside it.
        alike: values of the same weekday before, newest first; what stands in the line.
    """
    place, said, when = node_name(monitor.node), told_value(value, family), told_when(start, grain)
    if family is Family.DISTANCE:
        usual = f", expected up to {told_value(high, family)}" if math.isfinite(high) else ""
        other = f"the values of {monitor.column} are distributed otherwise {when}"
        return f"{place}: {other} (distance {said}{usual})"
    if monitor.metric == "freshness_minutes":
        parts = [f"{place}: newest row {said} old at the end of {when.removeprefix('on ')}"]
        return "; ".join([*parts, *filter(None, [_told_expected(value, low, high, expected, family)])])
    if monitor.metric in _SAID:
        what = _SAID[monitor.metric].format(said, of=monitor.column)
    else:
        of = f" of {monitor.column}" if monitor.column else ""
        what = f"{metric_of(monitor.metric).words}{of} {said}"
    parts = [f"{place}: {what} {when}", _told_expected(value, low, high, expected, family)]
    if len(alike) >= _FEWEST_ALIKE:
        parts.append(_told_alike(alike, start, family))
    return "; ".join(part for part in parts if part)


_FEWEST_ALIKE = 3


def _told_expected(value: float, low: float, high: float, expected: float, family: Family) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    band = _told_range(low, high, family)
    if not low <= value <= high:
        return f"expected {band}"
    about = f"expected about {told_value(expected, family)}; " if math.isfinite(expected) else ""
    return f"{about}not too far off by itself ({band}), but beside its table, upstream or the days before"


def _told_range(low: float, high: float, family: Family) -> str:
    ends = [told_value(low, family), told_value(high, family)]
    if ends[0] == ends[1]:
        return ends[0]
    if family is Family.RATE:
        ends[0] = ends[0].removesuffix(" %")
    return " to ".join(ends)


def _told_alike(alike: Sequence[float], start: datetime, family: Family) -> str:
    band = _told_range(min(alike), max(alike), family)
    return f"the {len(alike)} {_WEEKDAYS[start.weekday()]}s before had {band}"
