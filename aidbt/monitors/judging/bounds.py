"""What the next buckets are expected to be, as a table that data tests compare with in plain SQL.

A row is the band of one monitor for one bucket: a narrow one, beyond which a test warns, and a wide one,
beyond which it fails. It says of itself in which time a run of dbt judges that bucket, and which rows belong
to it, so that a test needs neither a time zone nor the type of the event-time column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from aidbt.core.measured import BOUNDS_TABLE, Grain, Monitor
from aidbt.core.types import has_time_zone, type_family, type_name
from aidbt.monitors.baseline.tails import deviation_of
from aidbt.monitors.detectors.statistical import with_next
from aidbt.monitors.history import Family, History, Scores
from aidbt.monitors.judging.checking import COLD_START_BUCKETS, COLD_START_MARGIN
from aidbt.monitors.metrics import metric_of
from aidbt.warehouse import Warehouse
from aidbt.warehouse.own_tables import OwnTable, read_rows, replace_rows

# How many buckets are foretold: as long as nobody computes bounds anew, tests have something to compare with.
AHEAD: Mapping[Grain, int] = {"day": 7, "hour": 48, "run": 1}
# By how many decimal places what a test fails for is rarer than what it warns for: below and above. What is
# missing does harm; more rows than ever are mostly a good day, or catching up (`benchmarks.blocked_builds`).
_WIDER = (1.0, 1.0)
_WIDER_OF_COUNTS = (0.5, 3.0)
# How far back the last known values are looked for.
_LOOKED_BACK = 60
# The metrics that there is a data test for; of the last two groups only a rise is bad.
TESTED = (
    "row_count",
    "freshness_minutes",
    "null_rate",
    "mean",
    "distinct_count",
    "zero_rate",
    "negative_rate",
)
_ONLY_HIGH = frozenset({"freshness_minutes", "null_rate"})
# Bounds of what has no buckets of its own hold until they are computed again.
_RUN_HOLDS = timedelta(days=30)
_Severity = Literal["warn", "error"]
_Band = tuple[np.ndarray, np.ndarray]
_Scale = Callable[[np.ndarray], np.ndarray]
_EDGE: Mapping[Grain, timedelta] = {"day": timedelta(days=1), "hour": timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node's rows stand, and how they belong to buckets.

    Attributes:
        relation: its name in SQL.
        event_time: the column, as the warehouse spells it; "" where a node is measured whole.
        event_type: that column's type, as the warehouse says it.
        late: buckets that it usually takes until one is complete.
    """

    relation: str
    event_time: str = ""
    event_type: str = ""
    late: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """The band of one monitor for one bucket; a row of the table, its fields the columns.

    Attributes:
        bucket: the bucket's start for people, in the time zone of `monitors.timezone`.
        bucket_from, bucket_to: from which event time to before which, as literals of `time_type`; "" where
            the node is measured whole.
        low, high: None where that side is open; both are where a person said that nothing is wrong.
        severity: "warn" of the narrow band, "error" of the wide one, which there is none of in cold start.
        valid_from, valid_to: the time (UTC) in which a run of dbt judges this bucket.
    """

    node: str
    relation: str
    column_name: str
    metric: str
    bucket: str
    bucket_from: str
    bucket_to: str
    low: float | None
    high: float | None
    severity: _Severity
    event_time: str
    time_type: str
    valid_from: str
    valid_to: str
    computed_at: str


def opened(bounds: Sequence[Bound], is_fine: Callable[[Monitor, datetime], bool]) -> list[Bound]:
    """The bounds, those of buckets that nothing is wrong with without ends; `is_fine` as in `bounds_of`."""
    return [
        replace(bound, low=None, high=None)
        if (start := _start(bound)) is not None
        and is_fine(Monitor(bound.node, bound.metric, bound.column_name), start)
        else bound
        for bound in bounds
    ]


def _start(bound: Bound) -> datetime | None:
    """When its bucket begins; None of what is measured whole."""
    return datetime.fromisoformat(bound.bucket) if bound.bucket[:1].isdigit() else None


_TYPES = {"low": "double", "high": "double"}
BOUNDS = OwnTable(BOUNDS_TABLE, {item.name: _TYPES.get(item.name, "text") for item in fields(Bound)}, "node")


def with_ahead(history: History, holidays: np.ndarray | None = None) -> History:
    """The history with the buckets that are foretold, not measured yet. They are taken to be of as many rows,
    and measured as exactly, as those of the last week.

    Args:
        holidays: M × `AHEAD`, of those buckets; None for no holiday.
    """
    count = AHEAD[history.grain]
    rows, variances = (
        np.repeat(_usual(found)[:, None], count, axis=1) for found in (history.rows, history.variances)
    )
    for number in range(count):
        history = with_next(history, holidays=None if holidays is None else holidays[:, number])
    known = len(history.starts) - count
    return replace(
        history,
        rows=np.hstack([history.rows[:, :known], rows]),
        variances=np.hstack([history.variances[:, :known], variances]),
    )


def _usual(values: np.ndarray) -> np.ndarray:
    """The middle of the last seven that are known, of each row; NaN where none is."""
    found = np.full(len(values), np.nan)
    for row, recent in enumerate(values[:, -_LOOKED_BACK:]):
        known = recent[np.isfinite(recent)]
        if known.size:
            found[row] = np.median(known[-7:])
    return found


def bounds_of(
    history: History,
    scores: Scores,
    places: Mapping[str, Place],
    wanted: Collection[Monitor],
    *,
    threshold: float,
    limits: np.ndarray | None = None,
    is_fine: Callable[[Monitor, datetime], bool] = lambda monitor, start: False,
    ripe_after: Callable[[Monitor], int] = lambda monitor: 0,
    since: datetime,
    dialect: str,
    timezone: str = "UTC",
    now: datetime,
) -> list[Bound]:
    """The bounds of the monitors that tests ask for, of every bucket that begins at `since` or later.

    Args:
        history: with the buckets that are foretold (`with_ahead`); `scores` are of it.
        wanted: monitors, their columns in any case; others are left out.
        threshold: the score that the bands of `scores` belong to.
        limits: M, the score from which on each monitor alerts; None where it is the threshold of all.
        is_fine: whether people said of a bucket that nothing is wrong with it: its bounds are open.
        ripe_after: how many buckets a monitor takes until what it says of one is final.
        timezone: in which days begin.
    """
    asked = {(m.node, m.metric, m.column.casefold()) for m in wanted if m.metric in TESTED}
    buckets = [number for number, start in enumerate(history.starts) if start >= since]
    nothing = (np.full(len(history.starts), -np.inf), np.full(len(history.starts), np.inf))
    found: list[Bound] = []
    for row, monitor in enumerate(history.monitors):
        place = places.get(monitor.node)
        if place is None or (monitor.node, monitor.metric, monitor.column.casefold()) not in asked:
            continue
        place = replace(place, late=max(place.late, ripe_after(monitor)))
        limit = threshold if limits is None else float(limits[row])
        narrow, wide = bands_of(history, scores, row, threshold=threshold, limit=limit)
        cold, _ = bands_of(history, scores, row, threshold=threshold, limit=limit + COLD_START_MARGIN)
        for bucket in buckets:
            if math.isnan(narrow[0][bucket]) or math.isnan(narrow[1][bucket]):
                continue
            span = _span(history, bucket, place, dialect, timezone, now)
            own = {"node": monitor.node, "relation": place.relation, "column_name": monitor.column, **span}
            bands: list[tuple[_Severity, _Band]] = [("warn", narrow), ("error", wide)]
            if is_fine(monitor, history.starts[bucket]):
                bands = [("warn", nothing)]
            elif scores.seen[row, bucket] < COLD_START_BUCKETS:
                bands = [("warn", cold)]
            for severity, band in bands:
                low, high = (_end(end[bucket]) for end in band)
                found.append(Bound(**own, metric=monitor.metric, low=low, high=high, severity=severity))
    return found


def _log(offset: float) -> tuple[_Scale, _Scale]:
    """By factors, of what is `offset` above the lowest there may be."""
    return (
        lambda values: np.log(np.maximum(values, 0) + offset),
        lambda scaled: np.maximum(np.exp(np.clip(scaled, -50, 50)) - offset, 0),
    )


def _odds() -> tuple[_Scale, _Scale]:
    return (
        lambda values: np.log(np.clip(values, 1e-6, 1 - 1e-6) / (1 - np.clip(values, 1e-6, 1 - 1e-6))),
        lambda scaled: 1 / (1 + np.exp(-np.clip(scaled, -50, 50))),
    )


# On what scale a band is widened, and the way back: what errs by a factor by factors, a share by its odds.
_SCALES: Mapping[Family, tuple[_Scale, _Scale]] = {
    Family.COUNT: _log(0.5),
    Family.MINUTES: _log(10.0),
    Family.RATE: _odds(),
    Family.AMOUNT: (lambda values: values, lambda scaled: scaled),
    Family.DISTANCE: _log(1e-3),
    Family.EXCESS: _log(1.0),
}


def _reach(score: float) -> float:
    return float(deviation_of(score))


def bands_of(
    history: History, scores: Scores, row: int, *, threshold: float, limit: float | None = None
) -> tuple[_Band, _Band]:
    """What a test of a monitor lets pass without a word in each bucket, and what it does not fail for.

    Of what is bad only when it rises the lower end is -inf; both ends are NaN where nobody can say anything.

    Args:
        threshold: the score that the bands of `scores` belong to.
        limit: the score from which on the monitor alerts; None where that is the threshold.
    """
    limit = threshold if limit is None else limit
    below, above = _WIDER_OF_COUNTS if history.families[row] is Family.COUNT else _WIDER
    narrow, lower, upper = (
        band_of(history, scores, row, factor=_reach(limit + wider) / _reach(threshold))
        for wider in (0.0, below, above)
    )
    if history.monitors[row].metric in _ONLY_HIGH:
        none = np.full(len(history.starts), -np.inf)
        return (none, narrow[1]), (none, upper[1])
    return narrow, (lower[0], upper[1])


def band_of(history: History, scores: Scores, row: int, *, factor: float = 1.0) -> _Band:
    """The lower and the upper end of a monitor's band in each bucket, so many times as far from what is
    expected on the scale on which its errors are alike; never nearer than a difference that matters.
    """
    monitor, family = history.monitors[row], history.families[row]
    expected = scores.expected[row]
    least = metric_of(monitor.metric).least
    least = least if family in (Family.RATE, Family.MINUTES) else least * np.abs(expected)
    to_scale, back = _SCALES[family]
    with np.errstate(invalid="ignore"):
        centre = to_scale(expected)
        ends = [back(centre + factor * (to_scale(end[row]) - centre)) for end in (scores.low, scores.high)]
    low, high = np.minimum(ends[0], expected - least), np.maximum(ends[1], expected + least)
    return (np.clip(low, 0, 1), np.clip(high, 0, 1)) if family is Family.RATE else (low, high)


def _end(value: float) -> float | None:
    """An end of a band as it is kept: six digits, and none where that side is open."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _span(
    history: History, bucket: int, place: Place, dialect: str, timezone: str, now: datetime
) -> dict[str, str]:
    """When a bucket is judged, and which rows belong to it."""
    start, grain = history.starts[bucket], history.grain
    computed = {"computed_at": _text(now)}
    if grain == "run" or not place.event_time:
        whole = dict.fromkeys(("bucket_from", "bucket_to", "event_time", "time_type"), "")
        valid = {"valid_from": _text(now), "valid_to": _text(now + _RUN_HOLDS)}
        return {"bucket": "next run", **whole, **valid, **computed}
    zone = ZoneInfo(timezone) if grain == "day" else ZoneInfo("UTC")
    ends = [start + number * _EDGE[grain] for number in (0, 1, 1 + place.late, 2 + place.late)]
    instants = [end.replace(tzinfo=zone).astimezone(UTC) for end in ends]
    time_type, literals = _literals(ends[:2], instants[:2], place.event_type, dialect)
    return {
        "bucket": f"{start:%Y-%m-%d}" if grain == "day" else f"{start:%Y-%m-%d %H:%M}",
        "bucket_from": literals[0],
        "bucket_to": literals[1],
        "event_time": place.event_time,
        "time_type": time_type,
        "valid_from": _text(instants[2]),
        "valid_to": _text(instants[3]),
        **computed,
    }


def _literals(
    local: Sequence[datetime], instants: Sequence[datetime], event_type: str, dialect: str
) -> tuple[str, list[str]]:
    """The type of an event-time column in the dialect's words, and times as literals of it.

    A time without a zone is taken as UTC, as everywhere in aidbt.
    """
    if type_family(event_type) == "date":
        return "date", [f"{time:%Y-%m-%d}" for time in local]
    if has_time_zone(event_type, dialect):
        return type_name("timestamp with time zone", dialect), [f"{_text(time)}+00:00" for time in instants]
    return type_name("timestamp", dialect), [_text(time) for time in instants]


def _text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def write_bounds(
    warehouse: Warehouse, bounds: Sequence[Bound], *, nodes: Collection[str] | None = None
) -> None:
    """Replace the table of bounds in the schema that dbt builds into, whole or of some nodes, as one change.

    Raises:
        WarehouseError: this user may not write there, or the warehouse cannot be reached.
    """
    if nodes is not None and not nodes:
        return
    names = list(BOUNDS.columns)
    rows = [[getattr(bound, name) for name in names] for bound in bounds]
    replace_rows(warehouse, BOUNDS, rows, parts=None if nodes is None else sorted(nodes))


def read_bounds(warehouse: Warehouse) -> list[Bound]:
    """The bounds as they stand in the warehouse; none where there is no such table."""
    with warehouse.connect() as connection:
        rows = read_rows(connection, warehouse.schema, BOUNDS)
    return [Bound(*row) for row in rows or ()]
