"""The lineage around a column, a node or of a whole project as text that other tools draw: Mermaid, DOT."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from unicodedata import category

from aidbt.core.errors import UsageError
from aidbt.lineage.graph import ROWS, ColumnRef, Edge, Lineage
from aidbt.sql.resolved import ROW_USES, How

# What Mermaid draws by default: `maxEdges` and `maxTextSize` of its configuration.
MERMAID_EDGES = 500
MERMAID_CHARACTERS = 50_000
DOT_EDGES = 5_000
_LABEL_LIMIT = 60
_UNWRITABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, half surrogates, line separators


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn: boxes, each with the columns that matter, and arrows.

    Attributes:
        boxes: unique_id → columns, in the order of the node, its rows last; none where nodes are drawn.
        arrows: without `how` between nodes.
        focus: what it is about; None for a whole project.
    """

    boxes: dict[str, tuple[str, ...]]
    arrows: tuple[tuple[ColumnRef, ColumnRef, How | None], ...]
    focus: ColumnRef | None = None


def mermaid(
    lineage: Lineage,
    ref: ColumnRef | None = None,
    *,
    upstream: bool = True,
    downstream: bool = True,
    depth: int | None = None,
    rows: bool = False,
) -> str:
    """A Mermaid flowchart, as GitHub, GitLab and most wikis draw it.

    Args:
        ref: a column, for the columns it is made of and those made of it; the rows of a node (`column` "")
            for the nodes around it; None for all nodes.
        depth: at most so many steps from `ref`.
        rows: also the columns that decide which rows there are.

    Raises:
        UsageError: it is more than Mermaid draws.
    """
    picture = picture_of(lineage, ref, upstream=upstream, downstream=downstream, depth=depth, rows=rows)
    _require_drawable(len(picture.arrows), MERMAID_EDGES, "arrows")
    text = "\n".join(_mermaid_lines(lineage, picture)) + "\n"
    _require_drawable(len(text), MERMAID_CHARACTERS, "characters")
    return text


def dot(
    lineage: Lineage,
    ref: ColumnRef | None = None,
    *,
    upstream: bool = True,
    downstream: bool = True,
    depth: int | None = None,
    rows: bool = False,
) -> str:
    """The same in the DOT language of Graphviz.

    Raises:
        UsageError: it has more than 5,000 arrows, which Graphviz lays out for minutes.
    """
    picture = picture_of(lineage, ref, upstream=upstream, downstream=downstream, depth=depth, rows=rows)
    _require_drawable(len(picture.arrows), DOT_EDGES, "arrows")
    return "\n".join(_dot_lines(lineage, picture)) + "\n"


def _require_drawable(number: int, most: int, what: str) -> None:
    if number > most:
        raise UsageError(
            f"the picture would have {number:,} {what}; more than {most:,} are not drawn",
            hint="name one column, take fewer steps (--depth 2) or one way, or write a page with --html",
        )


# --- what is drawn ------------------------------------------------------------------------------------


def picture_of(
    lineage: Lineage,
    ref: ColumnRef | None,
    *,
    upstream: bool = True,
    downstream: bool = True,
    depth: int | None = None,
    rows: bool = False,
) -> Picture:
    """What `mermaid` and `dot` draw; see there."""
    if ref is None:
        return Picture(dict.fromkeys(lineage.nodes, ()), tuple(_between(lineage, lineage.nodes)), None)
    if ref.column == ROWS:
        names = _nodes_around(lineage, ref.node, upstream, downstream, depth)
        return Picture(dict.fromkeys(names, ()), tuple(_between(lineage, names)), ref)
    edges: list[Edge] = []
    if upstream:
        edges += lineage.upstream(ref, depth=depth, rows=rows)
    if downstream:
        edges += lineage.downstream(ref, depth=depth, rows=rows)
    found = dict.fromkeys((edge.source, edge.target, edge.how) for edge in edges)
    refs = {ref, *(end for source, target, _ in found for end in (source, target))}
    return Picture(_boxes(lineage, refs), tuple(found), ref)


def _boxes(lineage: Lineage, refs: Iterable[ColumnRef]) -> dict[str, tuple[str, ...]]:
    wanted: dict[str, set[str]] = {}
    for ref in refs:
        wanted.setdefault(ref.node, set()).add(ref.column)
    order = [
        *(name for name in lineage.nodes if name in wanted),
        *sorted(wanted.keys() - lineage.nodes.keys()),
    ]
    boxes = {}
    for name in order:
        node = lineage.nodes.get(name)
        listed = [column.name for column in node.columns] if node else []
        unlisted = sorted(wanted[name] - {*listed, ROWS})
        its = dict.fromkeys([*(column for column in listed if column in wanted[name]), *unlisted])
        boxes[name] = (*its, *([ROWS] if ROWS in wanted[name] else []))
    return boxes


def _between(lineage: Lineage, names: Iterable[str]) -> Iterator[tuple[ColumnRef, ColumnRef, How | None]]:
    kept = set(names)
    for node in lineage.nodes.values():
        if node.unique_id in kept:
            for parent in node.parents:
                if parent in kept and parent != node.unique_id:
                    yield ColumnRef(parent, ROWS), ColumnRef(node.unique_id, ROWS), None


def _nodes_around(
    lineage: Lineage, start: str, upstream: bool, downstream: bool, depth: int | None
) -> list[str]:
    """The nodes within so many steps, in the order of the project."""
    parents = {
        node.unique_id: [name for name in node.parents if name in lineage.nodes]
        for node in lineage.nodes.values()
    }
    children: dict[str, list[str]] = {}
    for name, its in parents.items():
        for parent in its:
            children.setdefault(parent, []).append(name)
    found = {start}
    if upstream:
        found |= _reached(start, lambda name: parents[name], depth)
    if downstream:
        found |= _reached(start, lambda name: children.get(name, ()), depth)
    return [name for name in lineage.nodes if name in found]


def _reached(start: str, next_of: Callable[[str], Sequence[str]], depth: int | None) -> set[str]:
    found = {start}
    front = [start]
    while front and depth != 0:
        front = list({other: None for name in front for other in next_of(name) if other not in found})
        found.update(front)
        depth = None if depth is None else depth - 1
    return found


# --- Mermaid ------------------------------------------------------------------------------------------

_MERMAID_SHAPES = {"source": ("[(", ")]"), "seed": ("[/", "/]"), "snapshot": ("[[", "]]")}
_MERMAID_CLASSES = (
    "classDef focus stroke-width:3px",
    "classDef pii stroke:#b4235a,stroke-dasharray:4",
)


def _mermaid_lines(lineage: Lineage, picture: Picture) -> Iterator[str]:
    yield "flowchart LR"
    ids = _ids(picture)
    for number, (name, columns) in enumerate(picture.boxes.items()):
        label = _mermaid_text(_node_name(lineage, name))
        if columns:
            yield f'  subgraph n{number}["{label}"]'
            yield from (
                f'    {ids[ColumnRef(name, column)]}["{_mermaid_text(column or "which rows")}"]'
                for column in columns
            )
            yield "  end"
        else:
            node = lineage.nodes.get(name)
            opening, closing = _MERMAID_SHAPES.get(node.resource_type if node else "", ("[", "]"))
            yield f'  n{number}{opening}"{label}"{closing}'
    for source, target, how in picture.arrows:
        arrow = "-->" if how is None else f"-. {how} .->" if how in ROW_USES else f"-- {how} -->"
        yield f"  {ids[source]} {arrow} {ids[target]}"
    yield from (f"  {line}" for line in _mermaid_marks(lineage, picture, ids))


def _mermaid_marks(lineage: Lineage, picture: Picture, ids: dict[ColumnRef, str]) -> Iterator[str]:
    marked = {
        "focus": [picture.focus] if picture.focus else [],
        "pii": [ref for ref in ids if "pii" in lineage.carried_tags.get(ref, {})],
    }
    for definition, (name, refs) in zip(_MERMAID_CLASSES, marked.items(), strict=True):
        if refs:
            yield definition
            yield f"class {','.join(ids[ref] for ref in refs)} {name}"


def _mermaid_text(text: str) -> str:
    """Text inside of quotes that is nothing but text: Mermaid reads Markdown, HTML, entities and directives
    there. Letters, digits and what stands between them in names stay; the rest is written by its number.
    """
    text = _shortened(text)
    return "".join(
        letter if letter.isalnum() or _is_inside_name(text, at) else f"#{ord(letter)};"
        for at, letter in enumerate(text)
    )


def _is_inside_name(text: str, at: int) -> bool:
    """Whether it is a blank, or one of "_.-" in a run of these between letters or digits."""
    if text[at] == " ":
        return True
    if text[at] not in "_.-":
        return False
    before = text[:at].rstrip("_.-")[-1:]
    after = text[at:].lstrip("_.-")[:1]
    return before.isalnum() and after.isalnum()


# --- DOT ----------------------------------------------------------------------------------------------

_DOT_STYLES: dict[How, str] = {
    "passthrough": 'color="#6f7b8f"',
    "rename": 'color="#2f6fdb"',
    "cast": 'color="#0b8494", style="dashed"',
    "expression": 'color="#7a4fd0"',
    "window": 'color="#b0459c", style="dashed"',
    "aggregate": 'color="#c05a12", penwidth="2"',
}
_DOT_ROWS = 'color="#8a8f99", style="dotted"'


def _dot_lines(lineage: Lineage, picture: Picture) -> Iterator[str]:
    yield "digraph lineage {"
    yield '  graph [rankdir="LR", fontname="sans-serif"];'
    yield '  node [shape="box", style="rounded", fontname="sans-serif", fontsize="11"];'
    yield '  edge [fontname="sans-serif", fontsize="9"];'
    ids = _ids(picture)
    for number, (name, columns) in enumerate(picture.boxes.items()):
        label = _dot_text(_node_name(lineage, name))
        if not columns:
            yield f"  n{number} [{_dot_box(lineage, picture, ColumnRef(name, ROWS), label)}];"
            continue
        yield f"  subgraph cluster_{number} {{"
        yield f'    label="{label}";'
        for column in columns:
            ref = ColumnRef(name, column)
            yield f"    {ids[ref]} [{_dot_box(lineage, picture, ref, _dot_text(column or 'which rows'))}];"
        yield "  }"
    for source, target, how in picture.arrows:
        style = f' [label="{how}", {_DOT_STYLES.get(how, _DOT_ROWS)}]' if how else ""
        yield f"  {ids[source]} -> {ids[target]}{style};"
    yield "}"


def _dot_box(lineage: Lineage, picture: Picture, ref: ColumnRef, label: str) -> str:
    focus = ', penwidth="3"' if ref == picture.focus else ""
    pii = ', color="#b4235a"' if "pii" in lineage.carried_tags.get(ref, {}) else ""
    return f'label="{label}"{focus}{pii}'


def _dot_text(text: str) -> str:
    r"""Text of a label: Graphviz reads `\` and `&` in it."""
    return _shortened(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


# --- both ---------------------------------------------------------------------------------------------


def _ids(picture: Picture) -> dict[ColumnRef, str]:
    """Names by number, since no column's own is safe in every tool."""
    found = {}
    for number, (name, columns) in enumerate(picture.boxes.items()):
        found[ColumnRef(name, ROWS)] = f"n{number}"
        found.update((ColumnRef(name, column), f"n{number}c{at}") for at, column in enumerate(columns))
    return found


def _node_name(lineage: Lineage, unique_id: str) -> str:
    node = lineage.nodes.get(unique_id)
    return node.name if node else unique_id


def _shortened(text: str) -> str:
    """One line that can be written as UTF-8, its middle left out where it is very long."""
    plain = "".join(" " if category(letter) in _UNWRITABLE else letter for letter in text)
    text = " ".join(plain.split()) or "(no name)"
    return text if len(text) <= _LABEL_LIMIT else f"{text[: _LABEL_LIMIT - 20]}…{text[-19:]}"
