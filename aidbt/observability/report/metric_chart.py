"""A monitor over time: its values, the band of what was expected, what was odd, and when dbt ran.

The drawing is as wide as the page gives it: lines stand in an inner drawing that is stretched (strokes keep
their width, dots are round ends of strokes), texts stand outside at percentages and are never stretched.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime

from markupsafe import Markup

from aidbt.core.measured import Grain
from aidbt.monitors.wording import told_value
from aidbt.observability.report.scales import AXIS_ROOM, Axis, TimeAxis, time_axis, value_axis
from aidbt.observability.report.svg import area, dots, element, line, percent
from aidbt.observability.report.values import ChartPoint, MetricChart

_WIDTH, _HEIGHT = 1000.0, 150.0  # of the inner drawing
_TOP, _BOTTOM = 16.0, 34.0  # room above and below it
_MOST_NAMED = 3


def metric_chart(chart: MetricChart) -> Markup:
    """The drawing, with a text that says the same; empty where nothing was measured."""
    if not any(point.value is not None for point in chart.points):
        return Markup("")
    times = time_axis(chart.points[0].start, chart.points[-1].start, is_days=chart.grain == "day")
    values = value_axis(
        [point.value for point in chart.points if point.value is not None],
        [end for point in chart.points for end in (point.low, point.high) if end is not None],
    )
    return element(
        "svg",
        *_lines(values),
        _plot(chart, times, values),
        *_values(chart, values),
        *_dates(times),
        class_="chart-drawing",
        role="img",
        aria_label=said(chart),
        width="100%",
        height=_TOP + _HEIGHT + _BOTTOM,
    )


def said(chart: MetricChart) -> str:
    """What the drawing shows, in a sentence or two."""
    known = [point for point in chart.points if point.value is not None]
    low = min(known, key=lambda point: point.value or 0.0)
    high = max(known, key=lambda point: point.value or 0.0)
    odd = [point for point in chart.points if point.is_odd]
    text = (
        f"{chart.title}: {told_point(low, chart)} to {told_point(high, chart)} from"
        f" {told_start(chart.points[0].start, chart.grain)} to"
        f" {told_start(chart.points[-1].start, chart.grain)}."
    )
    if not odd:
        return f"{text} Nothing in it was odd." if any(told_band(point, chart) for point in known) else text
    named = "; ".join(
        f"{told_start(point.start, chart.grain)}, {told_point(point, chart)}" for point in odd[-_MOST_NAMED:]
    )
    more = f", and {len(odd) - _MOST_NAMED} before" if len(odd) > _MOST_NAMED else ""
    return f"{text} Odd: {named}{more}."


def told_point(point: ChartPoint, chart: MetricChart) -> str:
    """A value in its unit."""
    return "not measured" if point.value is None else told_value(point.value, chart.family)


def told_band(point: ChartPoint, chart: MetricChart) -> str:
    """What was expected of it; "" where nothing was."""
    if point.low is None or point.high is None:
        return ""
    return f"{told_value(point.low, chart.family)} to {told_value(point.high, chart.family)}"


def x_share(chart: MetricChart, point: ChartPoint) -> str:
    """Where a point lies across the drawing, 0..1."""
    return f"{time_axis(chart.points[0].start, chart.points[-1].start).share(point.start):.4f}"


def told_start(start: datetime, grain: Grain) -> str:
    """When a bucket begins."""
    return f"{start:%Y-%m-%d}" if grain == "day" else f"{start:%Y-%m-%d %H:%M}"


def _lines(values: Axis) -> Iterator[Markup]:
    """Lines at round values."""
    for y in (_TOP + _y(values, tick) for tick in values.ticks):
        yield element("line", x1=-AXIS_ROOM, x2="100%", y1=y, y2=y, class_="grid")


def _values(chart: MetricChart, values: Axis) -> Iterator[Markup]:
    """The values above their lines, left of the drawing, so that they hide nothing of it."""
    for tick in values.ticks:
        y = _TOP + _y(values, tick) - 4
        text = told_value(tick, chart.family) if tick else "0"
        yield element("text", text, x=-AXIS_ROOM, y=y, class_="tick")


def _plot(chart: MetricChart, times: TimeAxis, values: Axis) -> Markup:
    middle = [(_x(times, point.start), _number(point.value)) for point in chart.points]
    band = [
        (_x(times, point.start), _within(values, point.low), _within(values, point.high))
        for point in chart.points
    ]
    at = [(x, _y(values, value)) for x, value in middle]
    odd = [place for place, point in zip(at, chart.points, strict=True) if point.is_odd]
    refreshed = [place for place, point in zip(at, chart.points, strict=True) if point.is_refreshed]
    parts = [element("path", d=area([(x, _y(values, a), _y(values, b)) for x, a, b in band]), class_="band")]
    # What was measured below or above nothing, such as an empty day that a monitor found, still has its line.
    parts += [element("path", d=line([(x, 0), (x, _HEIGHT)]), class_="odd-line") for x, _ in odd]
    parts.append(element("path", d=line(at), class_="value"))
    if refreshed:
        parts.append(element("path", d=dots(refreshed), class_="refreshed"))
    parts.append(element("path", d=dots(odd), class_="odd"))
    parts += [element("path", d=f"M{_WIDTH * x:.1f} {_HEIGHT}v-7", class_="run") for x in _runs(chart, times)]
    return element(
        "svg",
        *parts,
        x=0,
        y=_TOP,
        width="100%",
        height=_HEIGHT,
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        preserveAspectRatio="none",
        overflow="visible",
    )


def _runs(chart: MetricChart, times: TimeAxis) -> list[float]:
    """Where dbt ran, once for each place that can be told apart.

    Times of runs are UTC and those of days local; a tick is not that exact.
    """
    places = (times.share(at.replace(tzinfo=None)) for at in chart.runs)
    return sorted({round(place, 3) for place in places if 0 <= place <= 1})


def _dates(times: TimeAxis) -> Iterator[Markup]:
    y = _TOP + _HEIGHT + 18
    for at, text in times.ticks:
        share = times.share(at)
        anchor = "end" if share > 0.96 else "middle"  # left of the drawing is room
        yield element("text", text, x=percent(share), y=y, text_anchor=anchor, class_="tick")


def _x(times: TimeAxis, at: datetime) -> float:
    return _WIDTH * times.share(at)


def _y(axis: Axis, value: float) -> float:
    return _HEIGHT * (1 - axis.share(value))


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _within(axis: Axis, value: float | None) -> float:
    """An end of a band, cut where the axis ends."""
    return math.nan if value is None else min(max(value, axis.low), axis.high)
