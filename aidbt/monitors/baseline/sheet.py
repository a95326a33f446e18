"""Part of a history, laid out for one pass through time: buckets by monitors, each family side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aidbt.monitors.baseline.experts import Moment
from aidbt.monitors.baseline.transforms import SCALES, UNKNOWN_ROWS, unit_of, usual_rows, variance_on_scale
from aidbt.monitors.calendar import hours, month_edges, weekdays
from aidbt.monitors.history import Family, History

# About so many monitors are worked on at a time: their numbers stay in the processor's cache.
_CHUNK = 1500
# No number counts for more, so that its square is one too.
_HUGE = 1e150


@dataclass(frozen=True, slots=True)
class Sheet:
    """M monitors of a history over its T buckets, as arrays T × M on their scales.

    Attributes:
        place: M, the row of each monitor in the history.
        spans: family → which columns are of it.
        scaled: values on their scales; NaN where nothing was measured.
        rows: the rows a value is of, 1 or more; where unknown, as many as before.
        variances: sampling variance on the scale; NaN where the scale has to tell.
        unit: what the scales are made with.
        is_soft: buckets nothing is learned of: holidays and those beside them, full refreshes.
        refreshed: buckets that are not judged.
        holidays: 1 on a public holiday, 0.5 beside one, 0 where the bucket was refreshed.
        parents, volumes: column of the same metric one node upstream, of the node's row count; −1 for none.
        is_rows: M, whether a monitor counts rows.
        weekday, hour, edge: T, as in `calendar`; hours are 0 unless buckets are hours.
    """

    place: np.ndarray
    spans: dict[Family, slice]
    scaled: np.ndarray
    rows: np.ndarray
    variances: np.ndarray
    unit: np.ndarray
    is_soft: np.ndarray
    refreshed: np.ndarray
    holidays: np.ndarray
    parents: np.ndarray
    volumes: np.ndarray
    is_rows: np.ndarray
    floor: np.ndarray
    prior: np.ndarray
    weekday: np.ndarray
    hour: np.ndarray
    edge: np.ndarray

    def moment(self, bucket: int) -> Moment:
        """The weekday and hour of a bucket."""
        return Moment(int(self.weekday[bucket]), int(self.hour[bucket]))

    def is_of(self, *families: Family) -> np.ndarray:
        """Which columns are of one of these families."""
        found = np.zeros(len(self.place), bool)
        for family in families:
            if family in self.spans:
                found[self.spans[family]] = True
        return found

    def back(self, scaled: np.ndarray) -> np.ndarray:
        """T × M on the scales, in the metrics' own units."""
        found = np.empty_like(scaled)
        for family, span in self.spans.items():
            found[:, span] = SCALES[family].back(scaled[:, span], self.unit[:, span])
        return found

    def noise(self, expected: np.ndarray, bucket: int) -> np.ndarray:
        """The sampling variance of each value if it is as expected (.. × M)."""
        found = np.empty_like(expected)
        rows, value = self.rows[bucket], self.scaled[bucket]
        for family, span in self.spans.items():
            is_below = value[span] < expected[..., span]
            found[..., span] = SCALES[family].noise(
                expected[..., span], rows[span], self.unit[bucket, span], is_below
            )
        known = self.variances[bucket]
        return np.where(np.isnan(known), found, known)


def sheets(history: History) -> Iterator[Sheet]:
    """The history in parts of related monitors, each small enough for the cache."""
    chunk: list[np.ndarray] = []
    size = 0
    for group in _related_groups(history):
        if chunk and size + len(group) > _CHUNK:
            yield sheet_of(history, np.concatenate(chunk))
            chunk, size = [], 0
        chunk.append(group)
        size += len(group)
    if chunk:
        yield sheet_of(history, np.concatenate(chunk))


def sheet_of(history: History, members: np.ndarray) -> Sheet:
    """Some monitors of a history; what they refer to must be among them."""
    order = list(Family)
    ranks = np.array([order.index(history.families[row]) for row in members], int)
    place = members[np.argsort(ranks, kind="stable")]
    ranks = np.sort(ranks, kind="stable")
    spans = {
        family: slice(int(np.searchsorted(ranks, rank)), int(np.searchsorted(ranks, rank, side="right")))
        for rank, family in enumerate(order)
        if rank in ranks
    }
    values = np.where(np.isfinite(history.values[place]), history.values[place], np.nan)
    values = np.clip(values, -_HUGE, _HUGE)
    rows = known_rows(history.rows[place])
    unit = np.minimum(usual_rows(history.rows[place])[:, None], rows)
    if Family.AMOUNT in spans:
        unit[spans[Family.AMOUNT]] = unit_of(values[spans[Family.AMOUNT]])[:, None]
    scaled = np.empty_like(values)
    variances = np.full_like(values, np.nan)
    for family, span in spans.items():
        scaled[span] = SCALES[family].forward(values[span], unit[span])
        if family is Family.AMOUNT:
            given = history.variances[place[span]]
            variances[span] = variance_on_scale(_last_known(values[span]), given, unit[span])
    column_of = np.full(len(history.monitors) + 1, -1)
    column_of[place] = np.arange(len(place))
    is_rows = (ranks == order.index(Family.COUNT)) & (history.volumes[place] < 0)
    rows[is_rows] = 1.0  # so that chance is that of rows
    return Sheet(
        place=place,
        spans=spans,
        scaled=np.ascontiguousarray(scaled.T),
        rows=np.ascontiguousarray(rows.T),
        variances=np.ascontiguousarray(variances.T),
        unit=np.ascontiguousarray(unit.T),
        is_soft=np.ascontiguousarray(((history.holidays[place] > 0) | history.refreshed[place]).T),
        refreshed=np.ascontiguousarray(history.refreshed[place].T),
        holidays=np.ascontiguousarray(np.where(history.refreshed[place], 0, history.holidays[place]).T),
        parents=column_of[history.parents[place]],
        volumes=column_of[history.volumes[place]],
        is_rows=is_rows,
        floor=np.array([SCALES[order[rank]].floor for rank in ranks]),
        prior=np.array([SCALES[order[rank]].prior for rank in ranks]),
        weekday=weekdays(history.starts),
        hour=hours(history.starts) if history.grain == "hour" else np.zeros(len(history.starts), int),
        edge=month_edges(history.starts) if history.grain == "day" else np.zeros(len(history.starts), int),
    )


def known_rows(rows: np.ndarray) -> np.ndarray:
    """Rows M × T, 1 or more, with what is not known taken from the bucket before."""
    filled = _last_known(np.where(np.isfinite(rows), rows, np.nan))
    return np.clip(np.where(np.isnan(filled), UNKNOWN_ROWS, filled), 1.0, 1e15)  # more is no number of rows


def _last_known(values: np.ndarray) -> np.ndarray:
    """M × T, NaN replaced by the last value before that is none."""
    at = np.where(np.isnan(values), -1, np.arange(values.shape[1]))
    last = np.maximum.accumulate(at, axis=1)
    return np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=1), np.nan)


def _related_groups(history: History) -> list[np.ndarray]:
    """Rows that refer to each other, upstream or to a row count, in groups."""
    count = len(history.monitors)
    leader = np.arange(count)

    def root(row: int) -> int:
        while leader[row] != row:
            leader[row] = leader[leader[row]]
            row = int(leader[row])
        return row

    for links in (history.parents, history.volumes):
        for row in np.flatnonzero(links >= 0):
            leader[root(int(row))] = root(int(links[row]))
    roots = np.array([root(row) for row in range(count)], int)
    order = np.argsort(roots, kind="stable")
    cuts = np.flatnonzero(np.diff(roots[order])) + 1
    return np.split(order, cuts) if count else []
