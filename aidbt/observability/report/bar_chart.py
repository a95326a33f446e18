"""Bars side by side: how long runs took, what a day did cost; and the small ones that stand in tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from aidbt.observability.report.scales import AXIS_ROOM, value_axis
from aidbt.observability.report.svg import element, line, percent
from aidbt.observability.report.values import State

_WIDTH, _HEIGHT, _TOP, _BOTTOM = 1000.0, 100.0, 16.0, 24.0
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        name: what stands below it.
        told: its value for people.
        state: its colour.
    """

    name: str
    value: float
    told: str
    state: State = "none"


def bar_chart(bars: Sequence[Bar], *, title: str, tick: str = "{:,.0f}") -> Markup:
    """Bars from 0 up, each with its value as a title; empty without bars.

    Args:
        title: what they are, for who does not see them.
        tick: how values of the axis are written.
    """
    if not bars:
        return Markup("")
    axis = value_axis([0.0, *(bar.value for bar in bars)], ticks=2)
    marks = [(mark, _at(axis.share(mark))) for mark in axis.ticks]
    lines = [element("line", x1=-AXIS_ROOM, x2="100%", y1=y, y2=y, class_="grid") for _, y in marks]
    values = [element("text", tick.format(mark), x=-AXIS_ROOM, y=y - 4, class_="tick") for mark, y in marks]
    step = _WIDTH / len(bars)
    drawn = [
        element(
            "rect",
            element("title", f"{bar.name}: {bar.told}"),
            x=number * step + 0.1 * step,
            width=0.8 * step,
            y=_HEIGHT * (1 - _share(axis.share(bar.value))),
            height=max(_HEIGHT * _share(axis.share(bar.value)), 1.0),
            class_=f"bar {bar.state}",
        )
        for number, bar in enumerate(bars)
    ]
    plot = element(
        "svg",
        *drawn,
        x=0,
        y=_TOP,
        width="100%",
        height=_HEIGHT,
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        preserveAspectRatio="none",
    )
    highest = max(bars, key=lambda bar: bar.value)
    label = (
        f"{title}: {len(bars)} bars, the highest {highest.told} ({highest.name}), the last {bars[-1].told}."
    )
    return element(
        "svg",
        *lines,
        plot,
        *values,
        *_names(bars),
        class_="chart-drawing",
        role="img",
        aria_label=label,
        width="100%",
        height=_TOP + _HEIGHT + _BOTTOM,
    )


def _at(share: float) -> float:
    return _TOP + _HEIGHT * (1 - share)


def _share(share: float) -> float:
    return min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0


def _names(bars: Sequence[Bar]) -> list[Markup]:
    """The names of some bars, as many as have room on a phone, the last among them."""
    step = max(1, math.ceil(len(bars) / _MOST_NAMES))
    shown = range(len(bars) - 1, -1, -step)
    named = []
    for place in sorted(shown):
        share = (place + 0.5) / len(bars)
        anchor = "start" if share < 0.08 else "end" if share > 0.92 else "middle"
        x = percent(place / len(bars) if anchor == "start" else 1.0 if anchor == "end" else share)
        y = _TOP + _HEIGHT + 17
        named.append(element("text", bars[place].name, x=x, y=y, text_anchor=anchor, class_="tick"))
    return named


def spark(values: Sequence[float]) -> Markup:
    """A small line without an axis, from the lowest to the highest; empty with fewer than 2 values.

    It says nothing that does not stand beside it, so it is hidden from who does not see it.
    """
    known = [value for value in values if math.isfinite(value)]
    if len(known) < 2:
        return Markup("")
    low, high = min(known), max(known)
    room = (high - low) or 1.0
    places = [
        (100 * number / (len(values) - 1), 21 - 18 * (value - low) / room if high > low else 12.0)
        for number, value in enumerate(values)
    ]
    return element(
        "svg",
        element("path", d=line(places)),
        class_="spark",
        viewBox="0 0 100 24",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def share_bar(share: float, state: State = "none") -> Markup:
    """A part of a whole, 0..1; the number stands beside it."""
    width = 100 * _share(share)
    return element(
        "svg",
        element("rect", width=100, height=6, class_="whole"),
        element("rect", width=width, height=6, class_=f"part {state}"),
        class_="share",
        viewBox="0 0 100 6",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
