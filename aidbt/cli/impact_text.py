"""What a change reaches as lines of text: the weightiest first, the rest folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from aidbt.cli.render import bold, count, dim

if TYPE_CHECKING:
    from aidbt.lineage.changes import ProjectChanges
    from aidbt.lineage.graph import Lineage
    from aidbt.lineage.impact import Affected, Change, Impact, Weight
    from aidbt.lineage.project import ReadProject
    from aidbt.review.pull_request import BothSides

_MOST: dict[Weight, int] = {"breaking": 10, "data": 5, "safe": 0}
_COLOURS: dict[Weight, str] = {"breaking": "red", "data": "yellow", "safe": "green"}
_MOST_CHANGES = 15
_WOULD = {
    "removed": "were removed", "retyped": "had another type", "values": "took on other values",
    "rows": "had other rows", "grain": "had another grain",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What one change of one column or node would reach."""

    name: str
    change: Change
    impact: Impact


def what_if_lines(read: ReadProject, answers: Sequence[WhatIf], *, show_all: bool) -> Iterator[str]:
    for number, answer in enumerate(answers):
        if number:
            yield ""
        would = _WOULD[answer.change.effect]
        if answer.change.data_type:
            would = f"were of type {answer.change.data_type}"
        yield f"{bold(answer.name)}, if it {would}: {_counts(answer.impact)}"
        yield from _impact_lines(answer.impact, read.lineage, show_all=show_all)
    if read.compile_problem:
        why = " ".join(read.compile_problem.split())
        yield click.style(f"dbt compiles nothing, so SQL is read as it is written: {why}", fg="yellow")
    if read.warehouse_problem:
        yield dim(f"the warehouse was not asked: {read.warehouse_problem}")


def branch_lines(
    sides: BothSides, changes: ProjectChanges, found: Impact, *, show_all: bool
) -> Iterator[str]:
    commit = sides.base.commit[:10]
    broken = broken_in(sides)
    reaches = [_counts(found)] if found.affected or found.unknown or not broken else []
    if broken:
        reaches.append(click.style(f"{len(broken)} that dbt cannot compile", fg="red"))
    yield (
        f"{bold('found')} {count(len(changes.nodes), 'changed node')} since this branch left {sides.ref}"
        f" ({commit}): {' · '.join(reaches)}"
    )
    if changes.reformatted:
        names = _names(changes.lineage, changes.reformatted, show_all=show_all)
        yield f"  reformatted, with the same result: {names}"
    yield from _change_lines(changes, show_all=show_all)
    yield from _impact_lines(found, changes.lineage, show_all=show_all)
    for name, why in broken.items():
        yield f"  {click.style('fails', fg='red')} {_name(sides.head.lineage, name)}: {why}"
    for node, why in changes.unread:
        yield f"  {click.style('not understood', fg='yellow')} {_name(changes.lineage, node)}: {why}"
    for problem in (sides.base.problem, sides.head.warehouse_problem):
        if problem:
            yield dim(f"  {problem}")
    if found.weight == "breaking":
        yield f"{bold('next')}: mend what breaks in the same branch, or say who has to know"


def broken_in(sides: BothSides) -> dict[str, str]:
    """Nodes and files that dbt could read or compile where the branch began, or that are new, and cannot now
    → why.
    """
    before = sides.base.manifest.nodes
    return {
        name: " ".join(why.split())
        for name, why in sides.head.not_compiled.items()
        if name not in before or before[name].raw.get("compiled_code")
    }


def _counts(found: Impact) -> str:
    fails = sum(change.effect == "fails" for change in found.changes)
    numbers = {weight: len(found.of_weight(weight)) for weight in _MOST}
    numbers["breaking"] += fails
    words = [
        click.style(f"{number:,} {weight}", fg=_COLOURS[weight])
        for weight, number in numbers.items()
        if number
    ]
    if found.unknown:
        words.append(click.style(f"{len(found.unknown):,} unknown", fg="yellow"))
    return " · ".join(words) or "it reaches nothing"


def _change_lines(changes: ProjectChanges, *, show_all: bool) -> Iterator[str]:
    if not changes.changes:
        return
    yield bold("changed")
    most = len(changes.changes) if show_all else _MOST_CHANGES
    for change in changes.changes[:most]:
        name = _name(changes.lineage, change.node)
        title = f"{name}.{change.column}" if change.column else name
        effect = click.style(f"{change.effect:<10}", fg=_COLOURS[change.weight])
        yield f"  {effect} {title}{dim(f'  {change.detail}') if change.detail else ''}"
    yield from _more(len(changes.changes) - most)


def _impact_lines(found: Impact, lineage: Lineage, *, show_all: bool) -> Iterator[str]:
    for weight, most in _MOST.items():
        things = found.of_weight(weight)
        if not things:
            continue
        yield bold(weight)
        shown = things if show_all else things[:most]
        for thing in shown:
            yield from _thing_lines(thing)
        yield from _more(len(things) - len(shown))
    if found.unknown:
        yield bold("unknown")
        unknown = found.unknown if show_all else found.unknown[: _MOST["data"]]
        for node, why in unknown:
            yield f"  {_name(lineage, node)}{dim(f'  {why}')}"
        yield from _more(len(found.unknown) - len(unknown))


def _thing_lines(thing: Affected) -> Iterator[str]:
    effect = click.style(f"{thing.effect:<10}", fg=_COLOURS[thing.weight])
    kind = "" if thing.kind in ("column", "node") else f"{thing.kind} "
    yield f"  {effect} {kind}{thing.name}: {thing.why}"
    if len(thing.path) > 1:
        yield dim("             " + " → ".join(name for name, _ in thing.path))


def _names(lineage: Lineage, nodes: Sequence[str], *, show_all: bool) -> str:
    most = len(nodes) if show_all else 6
    names = ", ".join(_name(lineage, node) for node in nodes[:most])
    return f"{names} and {len(nodes) - most} more" if len(nodes) > most else names


def _name(lineage: Lineage, unique_id: str) -> str:
    node = lineage.nodes.get(unique_id)
    return node.name if node is not None else unique_id


def _more(number: int) -> Iterator[str]:
    if number > 0:
        yield dim(f"  … and {number:,} more (--all)")
