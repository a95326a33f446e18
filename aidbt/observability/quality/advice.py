"""What to do next: the ways to win points back, and to know more, the cheapest for what it brings first.

The effort of a way is a guess on a scale that begins at 1 (declare something, run something); mending rows
costs one more for each factor of ten of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aidbt.observability.quality.evidence import Evidence
from aidbt.observability.quality.scores import Loss

_EFFORT = {"test": 3.0, "unit test": 3.0, "freshness": 2.0, "run": 2.0, "monitor": 3.0}
# Which of the findings of one cause says best what it is.
_TELLING = ("test", "unit test", "freshness", "monitor", "run")


@dataclass(frozen=True, slots=True)
class Way:
    """Something that a person can do.

    Attributes:
        action: one line, with the numbers; `short` without them, "" where there are none.
        points: of the score of all nodes together that it wins back.
        coverage: points 0..100 by which more of all nodes would be known.
        effort: 1 or more, see above.
        cause: as in `Evidence`; "" where nothing is wrong.
        nodes: unique_ids of what becomes better.
    """

    action: str
    effort: float
    points: float = 0.0
    coverage: float = 0.0
    cause: str = ""
    nodes: tuple[str, ...] = ()
    short: str = ""


def ranked(ways: Iterable[Way]) -> tuple[Way, ...]:
    """Those that bring most for their effort first."""
    return tuple(sorted(ways, key=lambda w: (-w.points / w.effort, -w.coverage / w.effort, w.action)))


def mending(losses: Sequence[Loss]) -> tuple[Way, ...]:
    """What wins lost points back: one way for each cause.

    What tests and monitors found in one column and dimension counts as one cause, the worst of them: it is
    mostly the same rows. Where several causes are behind a loss (two sources are old, and the run failed),
    each is credited its fair share; see `shares`. All ways together win all points.
    """
    found: dict[str, list[tuple[Loss, Evidence, float]]] = {}
    for loss in losses:
        causes = list(_causes(loss.evidence))
        worst = causes[0].lost
        for item, share in zip(causes, shares([item.lost for item in causes]), strict=True):
            found.setdefault(item.cause, []).append((loss, item, loss.points * share / worst))
    return ranked(_way(cause, parts) for cause, parts in found.items())


def _causes(evidence: Iterable[Evidence]) -> Iterator[Evidence]:
    """The worst of each cause, worst first; tests and monitors of a cell are one."""
    seen: set[str] = set()
    for item in evidence:
        key = item.cause if item.source in ("freshness", "run") else ""
        if key not in seen:
            seen.add(key)
            yield item


def shares(lost: Sequence[float]) -> list[float]:
    """What each of several causes is credited of the largest of their losses, given the largest first.

    A loss is as large as that of its worst cause, so the last of it goes only when all causes are mended:
    each level is shared by those that reach it. This is the Shapley value of an airport game (Littlechild and
    Owen, 1973); the shares add up to the largest loss.

    Example:
        >>> shares([1.0, 0.5])
        [0.75, 0.25]
    """
    found = [0.0] * len(lost)
    for reached in range(len(lost), 0, -1):
        level = lost[reached - 1] - (lost[reached] if reached < len(lost) else 0.0)
        for place in range(reached):
            found[place] += level / reached
    return found


def _way(cause: str, parts: Sequence[tuple[Loss, Evidence, float]]) -> Way:
    best = min((e for _, e, _ in parts), key=lambda e: (_TELLING.index(e.source), e.node != cause, e.node))
    short = _verb(best)
    return Way(
        action=f"{short}: {best.said.removesuffix(f' ({cause})')}",
        short=short,
        effort=_effort(best),
        points=sum(points for _, _, points in parts),
        cause=cause,
        nodes=tuple(dict.fromkeys(loss.node for loss, _, _ in parts)),
    )


def _effort(item: Evidence) -> float:
    if item.bad is not None:
        return 1 + math.log10(1 + item.bad)
    return 1.0 if item.said.startswith("could not run") else _EFFORT[item.source]


def _verb(item: Evidence) -> str:
    """What is to be done, without what was found."""
    if item.source == "freshness":
        return f"load {item.what.removeprefix('freshness of ')}, then dbt source freshness"
    if item.source == "run":
        return f"mend {item.what.removeprefix('run of ')}"
    if item.source == "monitor":
        return f"settle {item.cause}"
    name, _, on = item.what.partition(" on ")
    if on and name in _MENDED and not item.said.startswith("could not run"):
        return _MENDED[name].format(on=on)
    return f"mend {on}: {name}" if on else f"mend {item.what}"


_MENDED = {
    "not_null": "fill the nulls of {on}",
    "unique": "remove the duplicates of {on}",
    "relationships": "mend the orphans of {on}",
    "accepted_values": "mend the odd values of {on}",
    "accepted_range": "mend what is out of range in {on}",
}
