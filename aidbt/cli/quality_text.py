"""What `aidbt quality` shows to people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from aidbt.cli.render import bold, count, dim, finding_lines, table

if TYPE_CHECKING:
    from aidbt.observability.quality.advice import Way
    from aidbt.observability.quality.judging import Below, Quality
    from aidbt.observability.quality.scores import NodeScore, Part, Scope
    from aidbt.store.quality import ScorePoint

DIMENSIONS = ("completeness", "validity", "consistency", "timeliness", "uniqueness")
_MOST_PARTS = 15
_MOST_WAYS = 5
_MOST_LOSSES = 20
_MOST_DAYS = 30


def score_lines(
    result: Quality,
    by: Scope,
    failing: Sequence[Below],
    before: Sequence[ScorePoint],
    *,
    show_all: bool,
) -> Iterator[str]:
    """What was found, what is below the gate, what is not known, and what to do next."""
    yield from _head_lines(result, before)
    parts = result.parts(by)
    shown = parts if show_all else [part for part in parts if part.total.value is not None][:_MOST_PARTS]
    if shown:
        yield from table([_row(part) for part in shown], _head(by))
    if len(parts) > len(shown):
        yield dim(f"  … and {count(len(parts) - len(shown), by)} more (--all shows them)")
    yield from _below_lines(failing, by, show_all=show_all)
    most = None if show_all else _MOST_WAYS
    yield from _way_lines(result.mend, "to win points back", most)
    yield from _way_lines(result.measure, "to know more", most)
    yield from finding_lines(result.findings, at_most=len(result.findings) if show_all else 5)
    yield from _next_lines(result)


def _head_lines(result: Quality, before: Sequence[ScorePoint]) -> Iterator[str]:
    total, nodes = result.project.total, result.project
    if total.value is None:
        yield f"{bold('nothing is measured')} of {count(nodes.nodes, 'model')}, so there is no score"
        return
    unmeasured = nodes.nodes - nodes.measured
    without = f", {unmeasured:,} without any evidence" if unmeasured else ""
    yield (
        f"{bold(f'quality {told_score(total.value)}')} of 100, {total.coverage:.0f} % of it measured"
        f" ({count(nodes.nodes, 'model')} and sources{without})"
    )
    said = [f"{name} {told_score(s.value)}" for name in DIMENSIONS if (s := nodes.dimensions.get(_dim(name)))]
    yield f"  {' · '.join(said)}"
    odd = {e.cause for loss in result.losses for e in loss.evidence if e.source in ("test", "unit test")}
    if odd:
        yield f"  {count(len(odd), 'test')} found something wrong"
    yield from _change_lines(total.value, before)


def _change_lines(value: float, before: Sequence[ScorePoint]) -> Iterator[str]:
    """How the score changed since the last day before today that it is known of."""
    from datetime import UTC, datetime

    today = datetime.now(UTC).date()
    known = [p for p in before if p.score is not None and p.at.date() < today]
    if known and known[-1].score is not None:
        change = value - known[-1].score
        word = "unchanged" if abs(change) < 0.05 else f"{change:+.1f}"
        yield dim(f"  {word} since {known[-1].at:%Y-%m-%d} (--history shows all days)")


def _dim(name: str) -> Any:
    from aidbt.observability.quality.dimensions import Dimension

    return Dimension(name)


def _head(by: str) -> list[str]:
    return [by, "score", "measured", *DIMENSIONS]


def _row(part: Part) -> list[str]:
    dimensions = [part.dimensions.get(_dim(name)) for name in DIMENSIONS]
    return [
        part.label,
        told_score(part.total.value),
        f"{part.total.coverage:.0f} %",
        *("" if one is None else told_score(one.value) for one in dimensions),
    ]


def told_score(value: float | None) -> str:
    """A score, rounded down: 100 is said only where nothing is lost.

    Example:
        >>> told_score(99.99), told_score(100), told_score(None)
        ('99.9', '100.0', '')
    """
    return "" if value is None else f"{math.floor(value * 10 + 1e-7) / 10:.1f}"


def _below_lines(failing: Sequence[Below], by: str, *, show_all: bool) -> Iterator[str]:
    for what in ("score", "coverage"):
        some = [one for one in failing if one.what == what]
        if not some:
            continue
        unit = " %" if what == "coverage" else ""
        word = click.style("below the gate", fg="red")
        yield f"{word}: {count(len(some), by)} with a {what} under {some[0].asked:g}{unit}"
        shown = some if show_all else some[:_MOST_PARTS]
        yield from (f"  {one.part.label}: {told_score(one.value)}{unit}" for one in shown)
        if len(some) > len(shown):
            yield dim(f"  … and {len(some) - len(shown):,} more (--all shows them)")


def _way_lines(ways: Sequence[Way], title: str, most: int | None) -> Iterator[str]:
    if not ways:
        return
    yield f"{bold(title)}, the cheapest for what it brings first"
    rows = [[_gain(way), way.action] for way in ways[:most]]
    yield from table(rows)
    if most is not None and len(ways) > most:
        yield dim(f"  … and {len(ways) - most:,} more (--all shows them)")


def _gain(way: Way) -> str:
    if way.points:
        return f"+{way.points:.1f}" if way.points >= 0.05 else "+<0.1"
    return f"+{way.coverage:.1f} % measured" if way.coverage >= 0.05 else "+<0.1 % measured"


def _next_lines(result: Quality) -> Iterator[str]:
    if not result.runs:
        yield "no run is known yet"
        yield f"{bold('next')}: aidbt build; or aidbt observe FOLDER, with the artifacts of a run elsewhere"
    elif result.losses:
        yield f"{bold('next')}: aidbt quality --why {_costliest(result)}"


def _costliest(result: Quality) -> str:
    """The node that costs most points all together, as `--why` takes it."""
    lost: dict[str, float] = {}
    for loss in result.losses:
        lost[loss.node] = lost.get(loss.node, 0.0) + loss.points
    kind, _, *name = max(lost, key=lambda node: lost[node]).split(".")
    return f"source:{'.'.join(name)}" if kind == "source" else ".".join(name)


def why_lines(result: Quality, *, show_all: bool) -> Iterator[str]:
    (node,) = result.nodes
    total = node.total
    if total.value is None:
        yield f"{bold(node.subject.name)}: nothing is measured, so there is no score"
    else:
        scored = bold(f"{node.subject.name} {told_score(total.value)}")
        yield f"{scored} of 100, {total.coverage:.0f} % of it measured"
    yield from table([_dimension_row(node, name) for name in DIMENSIONS], ["", "score", "measured"])
    yield from _loss_lines(result, show_all=show_all)
    most = None if show_all else _MOST_WAYS
    yield from _way_lines(result.mend, "to win points back", most)
    yield from _way_lines(result.measure, "to know more", most)
    yield from finding_lines(result.findings, at_most=len(result.findings) if show_all else 5)


def _dimension_row(node: NodeScore, name: str) -> list[str]:
    score = node.dimensions.get(_dim(name))
    if score is not None:
        return [name, told_score(score.value), f"{score.coverage:.0f} %"]
    covered = node.covered.get(_dim(name))
    return [name, "", "not asked for" if covered is None else f"{100 * covered:.0f} %"]


def _loss_lines(result: Quality, *, show_all: bool) -> Iterator[str]:
    losses = result.losses
    if not losses:
        return
    yield f"{bold('lost')} {sum(loss.points for loss in losses):.1f} points"
    rows = []
    for loss in losses if show_all else losses[:_MOST_LOSSES]:
        worst, *others = loss.evidence
        also = f" (also: {', '.join(e.what for e in others)})" if others else ""
        rows.append(
            [
                f"{loss.points:.1f}",
                loss.column or "all of it",
                loss.dimension.value,
                f"{worst.what}: {worst.said}{also}",
            ]
        )
    yield from table(rows, ["points", "column", "dimension", "why"])
    if len(losses) > len(rows):
        yield dim(f"  … and {len(losses) - len(rows):,} more (--all shows them)")


def history_lines(points: Sequence[dict[str, Any]], *, show_all: bool) -> Iterator[str]:
    if not points:
        yield "no scores are kept yet; each aidbt quality keeps those of its day"
        return
    shown = points if show_all else points[-_MOST_DAYS:]
    rows = [
        [
            point["day"].isoformat(),
            told_score(point["score"]),
            f"{point['coverage']:.0f} %",
            *(told_score(point["dimensions"][name]) for name in DIMENSIONS),
        ]
        for point in shown
    ]
    yield from table(rows, ["day", "score", "measured", *DIMENSIONS])
    if len(points) > len(shown):
        yield dim(f"  … and {len(points) - len(shown):,} earlier days (--all shows them)")
