"""Which of the things that are wrong have one cause: the same thing again, or what lies above and below it.

Nothing is learned here: what is wrong at about the same time, along one lineage, is taken for one cause, and
its most upstream node for the place of it (as a person would look there first). Two causes whose paths meet
further down stay two: what lies below both belongs to the nearer one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from aidbt.core.measured import Monitor
from aidbt.monitors.incidents.upstream import Upstream

# In spans of a bucket: how far apart two nodes of a lineage may be wrong for one cause, and for how long the
# same thing is the same trouble that has come back. A week, because many loads come once a week.
NEAR_SPANS = 2.0
AGAIN_SPANS = 7.0
# That many tables of one source, and at least half of those that are known: the source itself is broken.
_FEWEST_OF_SOURCE = 3


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that is wrong with a node for one span of time.

    Attributes:
        key: what makes it the same thing when it is wrong again.
        start, end: in any unit that all have in common.
        weight: how sure it is; decides which of two equal causes is named first.
    """

    node: str
    key: Hashable
    start: float
    end: float
    weight: float = 1.0

    @property
    def span(self) -> float:
        """How long it is."""
        return self.end - self.start


@dataclass(slots=True)
class Cause:
    """What signs of one cause were seen: each key and each node with the end of its last."""

    keys: dict[Hashable, float] = field(default_factory=dict)
    nodes: dict[str, float] = field(default_factory=dict)

    def add(self, sign: Sign) -> None:
        """Count a sign as one of it."""
        self.keys[sign.key] = max(sign.end, self.keys.get(sign.key, sign.end))
        self.nodes[sign.node] = max(sign.end, self.nodes.get(sign.node, sign.end))

    def active(self, since: float) -> list[str]:
        """The nodes with a sign that ended at that time or later."""
        return [node for node, end in self.nodes.items() if end >= since]


def assign(signs: Sequence[Sign], causes: list[Cause], upstream: Upstream) -> list[int]:
    """The cause of each sign, as its position in `causes`, to which new ones are appended.

    The signs are of one moment, and none of them is older than what the causes have seen.
    """
    found: list[int | None] = [_same_again(sign, causes) for sign in signs]
    for sign, place in zip(signs, found, strict=True):
        if place is not None:
            causes[place].add(sign)
    has_grown = True
    while has_grown:  # what has just joined may be what another one is below
        waiting = [number for number, place in enumerate(found) if place is None]
        near = _nearest([signs[number] for number in waiting], causes, upstream)
        for number in waiting:
            if (place := near.get(signs[number].node)) is not None:
                found[number] = place
                causes[place].add(signs[number])
        has_grown = bool(near)
    rest = [number for number, place in enumerate(found) if place is None]
    known = len(causes)
    for number, group in zip(rest, _new([signs[number] for number in rest], upstream), strict=True):
        found[number] = known + group
        if known + group == len(causes):
            causes.append(Cause())
        causes[known + group].add(signs[number])
    return [place for place in found if place is not None]


def _same_again(sign: Sign, causes: Sequence[Cause]) -> int | None:
    """The cause in which the same thing was wrong last, not too long ago."""
    ends = [(cause.keys[sign.key], -place) for place, cause in enumerate(causes) if sign.key in cause.keys]
    if not ends:
        return None
    end, place = max(ends)
    return -place if sign.start - end <= AGAIN_SPANS * sign.span else None


def _nearest(signs: Sequence[Sign], causes: Sequence[Cause], upstream: Upstream) -> dict[str, int]:
    """Node → the cause that lies nearest to it, for those signs that have one of about their time."""
    if not signs:
        return {}
    since = min(sign.start - NEAR_SPANS * sign.span for sign in signs)
    active = [cause.active(since) for cause in causes]
    tops = [(top, place) for place, nodes in enumerate(active) for top in upstream.tops(nodes)]
    there = [(node, place) for place, nodes in enumerate(active) for node in nodes]
    found = {}
    for node in dict.fromkeys(sign.node for sign in signs):
        ways = [(0, place) for other, place in there if other == node]
        for top, place in () if ways else tops:
            steps = upstream.steps(node, top)
            if steps is None and upstream.are_siblings(node, top):
                steps = 2
            if steps is not None:
                ways.append((steps, place))
        if ways:
            # Of two that are as near the one that was last seen wrong.
            found[node] = min(ways, key=lambda way: (way[0], -max(causes[way[1]].nodes.values()), way[1]))[1]
    return found


def _new(signs: Sequence[Sign], upstream: Upstream) -> list[int]:
    """A number from 0 for the cause of each sign, where none of them belongs to a known cause."""
    weights: dict[str, float] = {}
    for sign in signs:
        weights[sign.node] = max(sign.weight, weights.get(sign.node, sign.weight))
    tops = upstream.tops(list(weights))
    joined = _joined(tops, upstream)
    cause_of = {}
    for node in weights:
        above = upstream.above(node)
        ways = [(above[top], -weights[top], joined[top]) for top in tops if top in above]
        cause_of[node] = joined[node] if node in joined else min(ways)[2]
    numbers: dict[str, int] = {}
    return [numbers.setdefault(cause_of[sign.node], len(numbers)) for sign in signs]


def _joined(tops: Sequence[str], upstream: Upstream) -> dict[str, str]:
    """Top → the first of the tops that have one cause with it: siblings, and tables of a broken source."""
    first = {top: top for top in tops}

    def head(top: str) -> str:
        while first[top] != top:
            top = first[top]
        return top

    shared: dict[str, str] = {}
    broken = _broken_sources(tops, upstream)
    for top in tops:
        for common in (*upstream.telling_parents(top), *({_source(top)} & broken)):
            first[head(top)] = head(shared.setdefault(common, top))
    return {top: head(top) for top in tops}


def _broken_sources(tops: Sequence[str], upstream: Upstream) -> set[str]:
    hit = Counter(_source(top) for top in tops)
    known = Counter(_source(node) for node in upstream.nodes)
    return {
        source for source, n in hit.items() if source and n >= _FEWEST_OF_SOURCE and 2 * n >= known[source]
    }


def _source(node: str) -> str:
    """The dbt source that a table is of, `source.project.name`; "" for what is no source."""
    return node.rpartition(".")[0] if node.startswith("source.") else ""


def incident_ids(
    monitors: Sequence[Monitor],
    parents: Mapping[str, Iterable[str]],
    alerts: np.ndarray,
    scores: np.ndarray | None = None,
) -> np.ndarray:
    """The incident that each alert of a whole history belongs to, each bucket knowing only those before.

    Args:
        parents: node → the nodes it reads.
        alerts: M × T bool, oldest bucket first.
        scores: M × T; name the place of the cause where several are equally upstream.

    Returns:
        M × T integers from 0 in the order in which incidents began; −1 where there is no alert.
    """
    upstream = Upstream({node: tuple(above) for node, above in parents.items()})
    ids = np.full(alerts.shape, -1, dtype=np.int64)
    live: list[tuple[int, Cause]] = []
    begun = 0
    for t in range(alerts.shape[1]):
        rows = np.flatnonzero(alerts[:, t]).tolist()
        signs = [
            Sign(monitors[i].node, i, t, t + 1, 1.0 if scores is None else float(scores[i, t])) for i in rows
        ]
        live = [(n, cause) for n, cause in live if max(cause.nodes.values()) >= t - AGAIN_SPANS]
        causes = [cause for _, cause in live]
        places = assign(signs, causes, upstream)
        for cause in causes[len(live) :]:
            live.append((begun, cause))
            begun += 1
        ids[rows, t] = [live[place][0] for place in places]
    return ids
