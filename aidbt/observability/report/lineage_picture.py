"""The lineage of an incident as a picture: boxes in columns, what is upstream on the left."""

from __future__ import annotations

from markupsafe import Markup

from aidbt.core.measured import node_name
from aidbt.observability.report.svg import element, number, shortened
from aidbt.observability.report.values import LineageNode, LineagePart

_WIDTH, _HEIGHT = 186, 40
_GAP_X, _GAP_Y = 44, 12
_LETTERS = 25
_WORDS = {"root": "begins here", "affected": "affected", "exposed": "may be wrong too"}


def lineage_picture(part: LineagePart) -> Markup:
    """The drawing in its own size; a text beside it lists the same nodes."""
    width = (max(node.column for node in part.nodes) + 1) * (_WIDTH + _GAP_X) - _GAP_X + 2
    height = (max(node.row for node in part.nodes) + 1) * (_HEIGHT + _GAP_Y) - _GAP_Y + 2
    at = {node.unique_id: node for node in part.nodes}
    return element(
        "svg",
        *(_edge(at[above], at[below]) for above, below in part.edges),
        *(_box(node) for node in part.nodes),
        class_="lineage",
        role="img",
        aria_label=_said(part),
        width=width,
        height=height,
        viewBox=f"-1 -1 {width} {height}",
    )


def _said(part: LineagePart) -> str:
    named = {role: [node_name(node.unique_id) for node in part.nodes if node.role == role] for role in _WORDS}
    parts = [f"{words}: {', '.join(named[role])}" for role, words in _WORDS.items() if named[role]]
    more = f"; {part.left_out} more are not shown" if part.left_out else ""
    return f"Lineage, {'; '.join(parts)}{more}."


def _box(node: LineageNode) -> Markup:
    x, y = _place(node)
    name = node_name(node.unique_id)
    return element(
        "g",
        element("title", f"{node.unique_id}: {_WORDS[node.role]}"),
        element("rect", x=x, y=y, width=_WIDTH, height=_HEIGHT, rx=6),
        element("text", shortened(name, _LETTERS), x=x + 10, y=y + 15, class_="name"),
        element(
            "text",
            f"{node.unique_id.partition('.')[0]}, {_WORDS[node.role]}",
            x=x + 10,
            y=y + 29,
            class_="kind",
        ),
        class_=f"node {node.role}",
    )


def _edge(above: LineageNode, below: LineageNode) -> Markup:
    (x1, y1), (x2, y2) = _place(above), _place(below)
    x1, y1, y2 = x1 + _WIDTH, y1 + _HEIGHT / 2, y2 + _HEIGHT / 2
    bend = max((x2 - x1) / 2, _GAP_X / 2)
    places = ((x1, y1), (x1 + bend, y1), (x2 - bend, y2), (x2, y2))
    start, *rest = [f"{number(x)} {number(y)}" for x, y in places]
    path = f"M{start}C{' '.join(rest)}"
    is_bad = below.role != "exposed"
    return element("path", d=path, class_="edge bad" if is_bad else "edge")


def _place(node: LineageNode) -> tuple[float, float]:
    return node.column * (_WIDTH + _GAP_X), node.row * (_HEIGHT + _GAP_Y)
