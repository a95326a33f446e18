"""From the buckets that a store holds to one history, monitors side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from aidbt.core.measured import Grain, Monitor
from aidbt.monitors.distances import chance_distance, share_matrix, stability_index
from aidbt.monitors.history import History
from aidbt.monitors.metrics import CUSTOM, DISTRIBUTION, USUAL, Facts, Metric, metric_of
from aidbt.store.buckets import Series

SPANS: Mapping[Grain, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
Holidays = Callable[[Sequence[date]], np.ndarray]


@dataclass(frozen=True, slots=True)
class _Block:
    """The monitors of one metric of one node: C of them over the node's own T buckets."""

    monitors: tuple[Monitor, ...]
    metric: Metric
    values: np.ndarray
    variances: np.ndarray | None
    shares: np.ndarray | None = None


def history_of(
    series: Collection[Series],
    *,
    upstream: Mapping[str, Sequence[str]] | None = None,
    metrics: Collection[str] = USUAL,
    holidays: Holidays | None = None,
) -> History | None:
    """One history of all monitors that the series have, or None where they have none.

    What was not measured is NaN; a bucket without rows between others has a row count of 0, and nothing
    else. Custom metrics are always there.

    Args:
        series: of one grain.
        upstream: node → the nodes it reads, by unique_id.
        metrics: which; see `aidbt.monitors.metrics`.
        holidays: days → how much of a holiday each is, 0..1.

    Raises:
        UnknownName: a metric does not exist.
        ValueError: the series are of several grains.
    """
    wanted = [metric_of(name) for name in dict.fromkeys(metrics)]
    found = [one for one in series if one.starts]
    if not found:
        return None
    grain = found[0].grain
    if any(one.grain != grain for one in found):
        raise ValueError("series of several grains have no history in common")
    starts = _starts(found, grain)
    place_of = {start: place for place, start in enumerate(starts)}
    blocks = [(one, list(_blocks(_dense(one, grain), wanted))) for one in found]
    return _laid_out(blocks, grain, starts, place_of, upstream or {}, holidays)


def monitors_of(series: Series, metrics: Collection[str] = USUAL) -> list[Monitor]:
    """What is watched of a node, as far as its buckets have what that needs.

    Raises:
        UnknownName: a metric does not exist.
    """
    wanted = [metric_of(name) for name in dict.fromkeys(metrics)]
    custom = sorted(name for name, _ in series.keys if name.startswith(CUSTOM))
    found = [
        Monitor(series.node, metric.name, column)
        for metric in (*wanted, *map(metric_of, custom))
        if metric.name != DISTRIBUTION
        for column in _columns(series, metric)
    ]
    if DISTRIBUTION in metrics:
        columns = sorted({name for shares in series.shares for name in shares})
        found += [Monitor(series.node, DISTRIBUTION, column) for column in columns]
    return found


def _starts(series: Sequence[Series], grain: Grain) -> tuple[datetime, ...]:
    """Every bucket from the first to the last; of runs those that there were."""
    if grain == "run":
        return tuple(sorted({start for one in series for start in one.starts}))
    first, last = min(one.starts[0] for one in series), max(one.starts[-1] for one in series)
    return _range(first, last, SPANS[grain])


def _range(first: datetime, last: datetime, span: timedelta) -> tuple[datetime, ...]:
    return tuple(first + number * span for number in range((last - first) // span + 1))


@dataclass(frozen=True, slots=True)
class _Dense:
    """A series without holes in time.

    Attributes:
        places: where the series' own buckets are among them.
    """

    series: Series
    starts: tuple[datetime, ...]
    places: np.ndarray
    rows: np.ndarray
    span_s: float

    def fact(self, name: str, columns: Sequence[str]) -> np.ndarray:
        """T × C."""
        found = np.full((len(self.starts), len(columns)), np.nan)
        found[self.places] = self.series.values[:, [self.series.keys[name, c] for c in columns]]
        return found


def _dense(series: Series, grain: Grain) -> _Dense:
    if grain == "run":
        starts = series.starts
        places = np.arange(len(starts))
    else:
        starts = _range(series.starts[0], series.starts[-1], SPANS[grain])
        places = np.array([(start - starts[0]) // SPANS[grain] for start in series.starts])
    rows = np.full(len(starts), np.nan)
    rows[places] = series.fact("rows")
    if grain != "run" and ("rows", "") in series.keys:
        rows = np.nan_to_num(rows)  # between two buckets that were measured, none is none
    return _Dense(series, starts, places, rows, SPANS[grain].total_seconds() if grain in SPANS else 0.0)


def _blocks(dense: _Dense, metrics: Sequence[Metric]) -> Iterator[_Block]:
    """What there is of each metric in one node."""
    custom = sorted(name for name, _ in dense.series.keys if name.startswith(CUSTOM))
    for metric in (*metrics, *map(metric_of, custom)):
        if metric.name == DISTRIBUTION:
            yield from _distributions(dense, metric)
            continue
        columns = _columns(dense.series, metric)
        if not columns:
            continue
        values = {name: dense.fact(name, columns) for name in metric.needs}
        facts = Facts(values, dense.rows[:, None], dense.span_s)
        yield _Block(
            tuple(Monitor(dense.series.node, metric.name, column) for column in columns),
            metric,
            metric.derive(facts),
            metric.variance(facts) if metric.variance else None,
        )


def _columns(series: Series, metric: Metric) -> list[str]:
    """The columns that have all that a metric needs; "" for the table."""
    if not metric.needs:
        return [""] if ("rows", "") in series.keys else []
    first, *others = metric.needs
    return sorted(
        column
        for name, column in series.keys
        if name == first
        and all((other, column) in series.keys for other in others)
        and bool(column) != (metric.is_of_table or metric.name.startswith(CUSTOM))
    )


def _distributions(dense: _Dense, metric: Metric) -> Iterator[_Block]:
    series = dense.series
    for column in sorted({name for shares in series.shares for name in shares}):
        found: list[Mapping[str, float]] = [{}] * len(dense.starts)
        for place, shares in zip(dense.places, series.shares, strict=True):
            found[place] = shares.get(column, {})
        filled = dense.rows.copy()
        if ("nulls", column) in series.keys:
            filled -= np.nan_to_num(dense.fact("nulls", [column])[:, 0])
        _, matrix = share_matrix(found, filled)
        values = stability_index(matrix, filled)
        # The chi-square's variance is twice its degrees of freedom.
        chance = chance_distance(matrix.shape[1], filled)
        variance = 2 * chance**2 / max(matrix.shape[1] - 1, 1)
        monitor = Monitor(series.node, metric.name, column)
        yield _Block((monitor,), metric, values[:, None], variance[:, None], matrix)


def _laid_out(
    blocks: Sequence[tuple[Series, Sequence[_Block]]],
    grain: Grain,
    starts: tuple[datetime, ...],
    place_of: Mapping[datetime, int],
    upstream: Mapping[str, Sequence[str]],
    holidays: Holidays | None,
) -> History | None:
    monitors = tuple(m for _, some in blocks for block in some for m in block.monitors)
    if not monitors:
        return None
    shape = len(monitors), len(starts)
    values, rows, variances = (np.full(shape, np.nan) for _ in range(3))
    refreshed = np.zeros(shape, bool)
    shares: dict[int, np.ndarray] = {}
    row = 0
    for series, some in blocks:
        dense = _dense(series, grain)
        places = np.array([place_of[start] for start in dense.starts])
        is_refreshed = np.zeros(len(dense.starts), bool)
        is_refreshed[dense.places] = series.refreshed
        for block in some:
            part = np.ix_(np.arange(row, row + len(block.monitors)), places)
            values[part] = _finite(block.values.T)
            rows[part] = dense.rows
            refreshed[part] = is_refreshed
            if block.variances is not None:
                variances[part] = _finite(block.variances.T)
            if block.shares is not None:
                shares[row] = np.full((len(starts), block.shares.shape[1]), np.nan)
                shares[row][places] = block.shares
            row += len(block.monitors)
    is_holiday = holidays([start.date() for start in starts]) if holidays else np.zeros(len(starts))
    return History(
        monitors=monitors,
        families=tuple(block.metric.family for _, some in blocks for block in some for _ in block.monitors),
        grain=grain,
        starts=starts,
        values=values,
        rows=rows,
        variances=variances,
        refreshed=refreshed,
        holidays=np.broadcast_to(is_holiday, shape),
        parents=_parents(monitors, values, upstream),
        volumes=_volumes(monitors),
        shares=shares,
    )


def _finite(values: np.ndarray) -> np.ndarray:
    """What overflowed says nothing."""
    return np.where(np.isfinite(values), values, np.nan)


def _volumes(monitors: Sequence[Monitor]) -> np.ndarray:
    rows_of = {monitor.node: row for row, monitor in enumerate(monitors) if monitor.metric == "row_count"}
    return np.array([-1 if m.metric == "row_count" else rows_of.get(m.node, -1) for m in monitors])


def _parents(
    monitors: Sequence[Monitor], values: np.ndarray, upstream: Mapping[str, Sequence[str]]
) -> np.ndarray:
    """The row of the same metric of the same column in the nearest node upstream that has it; of several that
    are as near, the one whose size is most alike.
    """
    row_of = {(m.node, m.metric, m.column): row for row, m in enumerate(monitors)}
    nodes = {monitor.node for monitor in monitors}
    sizes = [math.nan] * len(monitors)
    above = {node: list(_above(node, upstream, nodes)) for node in nodes}

    def size(row: int) -> float:
        if math.isnan(sizes[row]):
            known = values[row, np.isfinite(values[row])]
            sizes[row] = float(np.median(np.abs(known))) if known.size else 0.0
        return sizes[row]

    found = np.full(len(monitors), -1)
    for row, monitor in enumerate(monitors):
        for near in above[monitor.node]:
            rows = [r for n in near if (r := row_of.get((n, monitor.metric, monitor.column))) is not None]
            if rows:
                own = size(row)
                found[row] = min(rows, key=lambda r: abs(math.log((size(r) + 1e-9) / (own + 1e-9))))
                break
    return found


def _above(node: str, upstream: Mapping[str, Sequence[str]], known: Collection[str]) -> Iterator[list[str]]:
    """The nodes upstream of one that are known, the nearest first, those as near together."""
    seen = {node}
    edge = [node]
    while edge:
        edge = [up for here in edge for up in upstream.get(here, ()) if up not in seen]
        edge = list(dict.fromkeys(edge))
        seen.update(edge)
        near = [up for up in edge if up in known]
        if near:
            yield near
