"""The lineage of a project, a node or a column as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aidbt.cli.render import bold, count, dim, finding_lines, table

if TYPE_CHECKING:
    from aidbt.lineage.graph import ColumnRef, Coverage, Edge, Lineage, NodeLineage
    from aidbt.lineage.project import ReadProject
    from aidbt.sql.resolved import OutputColumn

_LINES = 120
_LISTED = 10


@dataclass(frozen=True, slots=True)
class Steps:
    """Which way to walk, how far (None: to the end), and whether with what decides rows."""

    upstream: bool = True
    downstream: bool = True
    depth: int | None = None
    rows: bool = False


def lineage_lines(
    read: ReadProject,
    refs: Sequence[ColumnRef],
    tag: str | None,
    steps: Steps,
    *,
    html: Path | None,
    show_all: bool,
) -> Iterator[str]:
    """The coverage, then what is named, else what is not known and why."""
    from aidbt.lineage.page import address

    found = read.lineage
    says_why = not refs and tag is None and html is None
    yield from coverage_lines(found.coverage, says_why=says_why)
    if read.compile_problem:
        why = " ".join(read.compile_problem.split())
        yield click.style(f"  dbt compiles nothing, so SQL is read as it is written: {why}", fg="yellow")
    if read.warehouse_problem:
        yield f"  the warehouse was not asked: {read.warehouse_problem}"
    if html is not None:
        yield f"wrote {html}: open it in a browser, it needs nothing else"
        yield from (f"  {html.absolute().as_uri()}{address(ref)}" for ref in refs)
    elif tag is not None:
        yield from _tag_lines(found, tag, show_all=show_all)
    elif refs:
        for ref in refs:
            yield ""
            if ref.column:
                yield from _column_lines(found, ref, steps, show_all=show_all)
            else:
                yield from _node_lines(found, found.nodes[ref.node], show_all=show_all)
            if steps.downstream:
                yield from _exposure_lines(read, ref, steps)
    else:
        yield from _open_lines(found, show_all=show_all)


def coverage_lines(coverage: Coverage, *, says_why: bool = False) -> Iterator[str]:
    """How much of the project is known; said whatever was asked.

    Args:
        says_why: whether the reason of what is not known follows.
    """
    from aidbt.lineage.page import share

    models = f"{count(coverage.models, 'model')}, {coverage.parsed:,} read from SQL"
    yield f"{bold('found')} {models}; {count(coverage.columns, 'column')}"
    if coverage.columns:
        yield (
            f"  {share(coverage.resolved, coverage.columns)} resolved ·"
            f" {coverage.grounded:,} end in sources, seeds, constants or clocks ·"
            f" {coverage.typed:,} with a type"
        )
    left = coverage.columns - coverage.resolved
    if left:
        hint = "" if says_why else dim(" (aidbt lineage says why of each)")
        yield click.style(f"  {count(left, 'column')} not resolved", fg="yellow") + hint
    if coverage.incomplete:
        yield dim(f"  {count(len(coverage.incomplete), 'node')} may have more columns than are known")


def _open_lines(found: Lineage, *, show_all: bool) -> Iterator[str]:
    """What is not known and why, what is wrong, and what to do."""
    coverage = found.coverage
    most = None if show_all else _LISTED
    if coverage.unresolved:
        yield bold("not resolved")
        for item in coverage.unresolved[:most]:
            names = ", ".join(item.columns[:6]) + (", …" if len(item.columns) > 6 else "")
            yield f"  {found.nodes[item.node].name}: {names}  {dim(item.why)}"
        yield from _more(len(coverage.unresolved), most)
    if coverage.incomplete:
        yield bold("may have more columns")
        for item in coverage.incomplete[:most]:
            yield f"  {found.nodes[item.node].name}  {dim(item.why)}"
        yield from _more(len(coverage.incomplete), most)
    if found.findings:
        yield f"{count(len(found.findings), 'finding')}:"
        yield from finding_lines(found.findings, at_most=len(found.findings) if show_all else _LISTED)
    yield f"{bold('next')}: aidbt lineage {_example(found)}, or --html lineage.html for all of it"


def _more(number: int, most: int | None) -> Iterator[str]:
    if most is not None and number > most:
        yield dim(f"  … and {number - most:,} more (--all)")


def _example(found: Lineage) -> str:
    """A column that is made of another, of the last model that has one."""
    for node in reversed(found.nodes.values()):
        for column in node.columns:
            if column.uses and node.resource_type == "model":
                return f"{node.name}.{column.name}"
    return "NODE.COLUMN"


def _tag_lines(found: Lineage, tag: str, *, show_all: bool) -> Iterator[str]:
    tagged = [(ref, tags[tag]) for ref, tags in tagged_columns(found) if tag in tags]
    declared = sum(ref in origins for ref, origins in tagged)
    yield (
        f"{bold(tag)} is declared on {count(declared, 'column')} and flows into"
        f" {count(len(tagged) - declared, 'other column')}"
    )
    most = None if show_all else _LINES
    rows = [
        [found.title(ref), "declared" if ref in origins else f"from {_names(found, origins)}"]
        for ref, origins in tagged
    ]
    yield from table(rows[:most])
    yield from _more(len(rows), most)


def _names(found: Lineage, refs: Sequence[ColumnRef], most: int = 3) -> str:
    names = ", ".join(found.title(ref) for ref in refs[:most])
    return f"{names} and {len(refs) - most} more" if len(refs) > most else names


# --- a node -------------------------------------------------------------------------------------------


def _node_lines(found: Lineage, node: NodeLineage, *, show_all: bool) -> Iterator[str]:
    more = "" if node.is_complete else ", and maybe more"
    yield f"{bold(node.name)}  {node.resource_type}{dim(f'  {node.path}') if node.path else ''}"
    yield f"  {count(len(node.columns), 'column')}{more}, known from: {node.known_from}"
    if node.why:
        yield f"  {click.style(node.why, fg='yellow')}"
    most = None if show_all else _LINES
    rows = [_node_row(found, node, column) for column in node.columns[:most]]
    yield from table(*_without_empty_columns(rows, ["column", "type", "made", "of", "tags"]))
    yield from _more(len(node.columns), most)
    if node.row_uses:
        uses = list(dict.fromkeys(_title(found, use.relation, use.column) for use in node.row_uses))
        more = f" and {len(uses) - 6} more" if len(uses) > 6 else ""
        yield f"  which rows it has is decided by {', '.join(uses[:6])}{more}"
    yield from finding_lines(found.findings_of(node))


def _node_row(found: Lineage, node: NodeLineage, column: OutputColumn) -> list[str]:
    uses = sorted(column.uses, key=lambda use: use.how not in _COLOURS)  # values before what picks them
    of = list(dict.fromkeys(_title(found, use.relation, use.column) for use in uses))
    shown = ", ".join(of[:2]) + (f" and {len(of) - 2} more" if len(of) > 2 else "")
    made = "" if _is_ground(node, column) else column.made
    return [
        column.name,
        column.data_type.lower(),
        made,
        shown or (column.why if column.made == "unknown" else ""),
        ", ".join(tags_of(found, node, column)),
    ]


def _without_empty_columns(rows: list[list[str]], head: list[str]) -> tuple[list[list[str]], list[str]]:
    kept = [at for at in range(len(head)) if not at or any(row[at] for row in rows)]
    return [[row[at] for at in kept] for row in rows], [head[at] for at in kept]


def _is_ground(node: NodeLineage, column: OutputColumn) -> bool:
    """Whether no SQL of the project makes it."""
    return not column.uses and node.resource_type not in ("model", "snapshot")


def _title(found: Lineage, relation: str, column: str) -> str:
    from aidbt.lineage.graph import ColumnRef

    ref = ColumnRef(relation, column)
    return found.title(ref) if column else f"the rows of {found.title(ref)}"


# --- a column -----------------------------------------------------------------------------------------


def _column_lines(found: Lineage, ref: ColumnRef, steps: Steps, *, show_all: bool) -> Iterator[str]:
    yield f"{bold(found.title(ref))}{_about(found, ref)}"
    for tag, origins in found.carried_tags.get(ref, {}).items():
        origin = "declared here" if ref in origins else f"from {_names(found, origins)}"
        yield f"  {click.style(tag, fg='magenta')} {origin}"
    node = found.nodes[ref.node]
    column = node.column(ref.column)
    if column is not None and column.why:
        yield f"  {click.style('not resolved', fg='yellow')}: {column.why}"
    if steps.upstream:
        edges = found.upstream(ref, depth=steps.depth, rows=steps.rows)
        nothing = (
            "nothing: it is where the project begins" if column and _is_ground(node, column) else "no column"
        )
        yield from _tree(found, ref, edges, "made of", nothing, is_upstream=True, show_all=show_all)
    if steps.downstream:
        edges = found.downstream(ref, depth=steps.depth, rows=steps.rows)
        yield from _tree(found, ref, edges, "used by", "no column", is_upstream=False, show_all=show_all)
    if not steps.rows:
        yield from _row_notes(found, ref, steps)


def reached_nodes(found: Lineage, ref: ColumnRef, steps: Steps) -> set[str]:
    """The nodes with the values of a column; of a node itself, it alone."""
    if not ref.column:
        return {ref.node}
    edges = found.downstream(ref, depth=steps.depth, rows=False)
    return {ref.node, *(edge.target.node for edge in edges)}


def _exposure_lines(read: ReadProject, ref: ColumnRef, steps: Steps) -> Iterator[str]:
    """The exposures at the end of the way."""
    for exposure, through in read.exposures_of(reached_nodes(read.lineage, ref, steps)).values():
        kind = exposure.raw.get("type") or "exposure"
        names = _listed(read.lineage, set(through))
        shows = f"may show it: it reads {names}" if ref.column else "reads it"
        yield f"exposure {bold(exposure.name)} ({kind}) {shows}"


def _row_notes(found: Lineage, ref: ColumnRef, steps: Steps) -> Iterator[str]:
    """What --rows would add to the first step."""
    deciding = len(found.nodes[ref.node].row_uses)
    if deciding and steps.upstream:
        yield dim(
            f"{count(deciding, 'use')} of columns {'decides' if deciding == 1 else 'decide'}"
            f" which rows {found.nodes[ref.node].name} has (--rows)"
        )
    decided = {edge.target.node for edge in found.edges_out_of(ref) if not edge.target.column}
    if decided and steps.downstream:
        yield dim(f"it decides which rows {_listed(found, decided)} has (--rows)")


def _listed(found: Lineage, unique_ids: set[str]) -> str:
    names = sorted(found.nodes[name].name for name in unique_ids)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _about(found: Lineage, ref: ColumnRef) -> str:
    """Its type, and the expression where that says more than its name."""
    node = found.nodes.get(ref.node)
    column = node.column(ref.column) if node else None
    if column is None:
        return ""
    text = _one_line(column.defined or column.text)
    return dim(f"  {column.data_type.lower()}" if column.data_type else "") + (
        f"  = {text}" if text and text != column.name else ""
    )


def _one_line(text: str, most: int = 100) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _tree(
    found: Lineage,
    start: ColumnRef,
    edges: Sequence[Edge],
    title: str,
    nothing: str,
    *,
    is_upstream: bool,
    show_all: bool,
) -> Iterator[str]:
    if not edges:
        yield f"{title} {nothing}"
        return
    yield title
    lines = _tree_lines(found, start, edges, is_upstream=is_upstream)
    shown = lines if show_all else lines[:_LINES]
    yield from shown
    if len(shown) < len(lines):
        yield dim(f"  … and {len(lines) - len(shown):,} more (--all, or --depth for the nearest)")


def _tree_lines(found: Lineage, start: ColumnRef, edges: Sequence[Edge], *, is_upstream: bool) -> list[str]:
    """The edges as a tree from `start`; what has been opened before is not opened again."""
    from aidbt.lineage.graph import ROWS, ColumnRef

    following: dict[ColumnRef, list[Edge]] = {}
    for edge in edges:
        following.setdefault(edge.target if is_upstream else edge.source, []).append(edge)

    def steps_from(ref: ColumnRef) -> list[Edge]:
        its = following.pop(ref, [])
        # What decides the rows of a node stands at the first of its columns.
        return its + following.pop(ColumnRef(ref.node, ROWS), []) if is_upstream else its

    lines: list[str] = []
    opened = {start}
    waiting = [(edge, "", at == 0) for at, edge in enumerate(reversed(steps_from(start)))]
    while waiting:
        edge, indent, is_last = waiting.pop()
        ref = edge.source if is_upstream else edge.target
        its = steps_from(ref)
        again = dim("  (see above)") if ref in opened else ""
        if its:
            opened.add(ref)
        lines.append(f"{indent}{'└─ ' if is_last else '├─ '}{_edge_words(found, edge, is_upstream)}{again}")
        below = indent + ("   " if is_last else "│  ")
        waiting += [(step, below, at == 0) for at, step in enumerate(reversed(its))]
    return lines


_COLOURS = {
    "passthrough": None, "rename": "blue", "cast": "cyan", "expression": "magenta", "window": "magenta",
    "aggregate": "yellow",
}  # fmt: skip


def _edge_words(found: Lineage, edge: Edge, is_upstream: bool) -> str:
    ref = edge.source if is_upstream else edge.target
    how = click.style(edge.how, fg=_COLOURS.get(edge.how), dim=edge.how not in _COLOURS)
    title = _title(found, ref.node, ref.column)
    if is_upstream and not edge.target.column:
        title += dim(f"  → rows of {found.title(edge.target)}")
    return f"{how}  {title}{_about(found, ref) if ref.column else ''}"


# --- tags ---------------------------------------------------------------------------------------------


def tagged_columns(found: Lineage) -> Iterator[tuple[ColumnRef, dict[str, tuple[ColumnRef, ...]]]]:
    """Tagged columns in the order of the project."""
    places = {name: place for place, name in enumerate(found.nodes)}
    yield from sorted(found.carried_tags.items(), key=lambda item: (places[item[0].node], item[0].column))


def tags_of(found: Lineage, node: NodeLineage, column: OutputColumn) -> dict[str, tuple[ColumnRef, ...]]:
    from aidbt.lineage.graph import ColumnRef

    return found.carried_tags.get(ColumnRef(node.unique_id, column.name), {})
