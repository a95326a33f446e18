"""Elements of SVG as text: everything escaped, numbers short, no styles of their own.

A page whose policy forbids inline styles still takes presentation attributes and classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

Attribute = str | float | int | None


def element(name: str, *children: Markup | str, **attributes: Attribute) -> Markup:
    """An element. Names of attributes are written with _ for -, and `class_`; those that are None are absent.

    Example:
        >>> element("text", "a < b", x=1.50, text_anchor="end", class_="tick")
        Markup('<text x="1.5" text-anchor="end" class="tick">a &lt; b</text>')
    """
    said = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _written(value))
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), said, inside)


def number(value: float) -> str:
    """A coordinate: two decimals are finer than any screen.

    Example:
        >>> number(3.14159), number(-0.001), number(40.0)
        ('3.14', '0', '40')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def percent(share: float) -> str:
    """A place across the width, 0..1.

    Example:
        >>> percent(0.125)
        '12.5%'
    """
    return f"{number(100 * share)}%"


def line(points: Sequence[tuple[float, float]]) -> str:
    """The path through points; one whose y is NaN breaks it, and a point alone is a dot.

    Example:
        >>> line([(0, 1), (1, 2), (2, float("nan")), (3, 4)])
        'M0 1L1 2M3 4h0'
    """
    parts = []
    for run in _runs(points):
        first, *rest = [f"{number(x)} {number(y)}" for x, y in run]
        parts.append(f"M{first}" + ("".join(f"L{place}" for place in rest) or "h0"))
    return "".join(parts)


def area(points: Sequence[tuple[float, float, float]]) -> str:
    """The path around the room between two lines, given as (x, lower, upper); NaN breaks it.

    Example:
        >>> area([(0, 5, 1), (2, 6, 2)])
        'M0 1L2 2L2 6L0 5Z'
    """
    parts = []
    runs = _runs([(x, low + high) for x, low, high in points])
    at = {x: (low, high) for x, low, high in points}
    for run in runs:
        there = [f"{number(x)} {number(at[x][1])}" for x, _ in run]
        back = [f"{number(x)} {number(at[x][0])}" for x, _ in reversed(run)]
        parts.append(f"M{'L'.join((*there, *back))}Z")
    return "".join(parts)


def dots(points: Iterable[tuple[float, float]]) -> str:
    """A path whose round ends are dots, so that they stay round however the drawing is stretched."""
    return "".join(f"M{number(x)} {number(y)}h0" for x, y in points if math.isfinite(y))


def shortened(text: str, most: int) -> str:
    """A text of at most so many letters, its middle left out.

    Example:
        >>> shortened("stg_shop__orders_and_returns", 13)
        'stg_sh…eturns'
    """
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head]}…{text[len(text) - (most - head - 1) :]}"


def _runs(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """The points in rows without a gap."""
    found: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if math.isfinite(y):
            found[-1].append((x, y))
        elif found[-1]:
            found.append([])
    return [run for run in found if run]


def _written(value: str | float | int) -> str:
    return value if isinstance(value, str) else number(value)
