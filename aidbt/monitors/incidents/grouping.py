"""Which of the things that are wrong have one cause: the same thing again, or what lies above and below it.

Nothing is learned here: what is wrong at about the same time, along one lineage, is taken for one cause, and
its most upstream node for the place of it (as a person would look there first). Two causes whose paths meet
further down stay two: what lies below both belongs to the nearer one. What is exact (a column gone, a failed
run) has one cause only with what it explains, see `explaining`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from aidbt.core.measured import Monitor
from aidbt.monitors.incidents.explaining import NEAR_SPANS, Links, Sign
from aidbt.monitors.incidents.upstream import Upstream

# In spans of a bucket, for how long the same thing is the same trouble that has come back. A week, because
# many loads come once a week.
AGAIN_SPANS = 7.0
# And how far apart columns of unlike names begin to be odd for one cause: a table may be loaded a day later.
_TOGETHER_SPANS = 1.0
# That many tables of one source, and at least half of those that are known: the source itself is broken.
_FEWEST_OF_SOURCE = 3
# And that many of the nodes that a project begins with, and at least half of them: what they all stand on is.
_FEWEST_OF_PROJECT = 10


@dataclass(frozen=True, slots=True)
class Oddities:
    """What is odd in data for one cause: nodes, columns in lower case ("" of whole tables), and when each of
    it began."""

    nodes: frozenset[str]
    columns: frozenset[str]
    begun: frozenset[float]

    def may_explain(self, sign: Sign, begun: float | None = None) -> bool:
        """Whether an odd sign may have this cause, as far as columns tell.

        What columns of unlike names in two tables hold has one cause only where it began together.

        Args:
            begun: when the same thing began that the sign is of; None where it is new.
        """
        if not self.columns or sign.node in self.nodes:
            return bool(self.columns)
        if not sign.column or not self.columns.isdisjoint(("", sign.column.casefold())):
            return True
        start = sign.start if begun is None else begun
        return any(abs(start - other) <= _TOGETHER_SPANS * sign.span for other in self.begun)


@dataclass(slots=True)
class Cause:
    """What signs of one cause were seen.

    Attributes:
        keys, nodes: each with the end of its last sign.
        odd: the last of each key that is odd in data, without what is explained by what is exact.
        exact: the last of each key that is exact.
        begun: key → the start of its first sign.
    """

    keys: dict[Hashable, float] = field(default_factory=dict)
    nodes: dict[str, float] = field(default_factory=dict)
    odd: dict[Hashable, Sign] = field(default_factory=dict)
    exact: dict[Hashable, Sign] = field(default_factory=dict)
    begun: dict[Hashable, float] = field(default_factory=dict)

    def add(self, sign: Sign, links: Links) -> None:
        """Count a sign as one of it."""
        self.note(sign)
        if sign.is_exact:
            self.exact[sign.key] = sign
        elif not any(links.explains(exact, sign) for exact in self.exact.values()):
            self.odd[sign.key] = sign

    def note(self, sign: Sign) -> None:
        """Count a sign as seen, so that it is known when it comes back, and explain nothing by it."""
        self.keys[sign.key] = max(sign.end, self.keys.get(sign.key, sign.end))
        self.nodes[sign.node] = max(sign.end, self.nodes.get(sign.node, sign.end))
        self.begun[sign.key] = min(sign.start, self.begun.get(sign.key, sign.start))

    def oddities(self, since: float) -> Oddities:
        """What is odd in it of which the last sign ended at that time or later."""
        some = [sign for sign in self.odd.values() if sign.end >= since]
        return Oddities(
            frozenset(sign.node for sign in some),
            frozenset(sign.column.casefold() for sign in some),
            frozenset(self.begun[sign.key] for sign in some),
        )

    def odd_nodes(self, since: float) -> dict[str, None]:
        """The nodes with an odd sign that ended at that time or later."""
        return {sign.node: None for sign in self.odd.values() if sign.end >= since}

    def linked(self, sign: Sign, since: float, links: Links) -> Iterator[Sign]:
        """The signs since then that explain this one or follow from it, where one of the two is exact."""
        signs = (*self.exact.values(), *(self.odd.values() if sign.is_exact else ()))
        return (other for other in signs if other.end >= since and links.are_linked(sign, other))


def assign(signs: Sequence[Sign], causes: list[Cause], links: Links) -> list[int]:
    """The cause of each sign, as its position in `causes`, to which new ones are appended.

    The signs are of one moment, and none of them is older than what the causes have seen.
    """
    found: list[int | None] = [_same_again(sign, causes) for sign in signs]
    _leave_to_new(signs, found, causes, links)
    for sign, place in zip(signs, found, strict=True):
        if place is not None:
            causes[place].add(sign, links)
    for some in _steps(signs, links):
        _place([number for number in some if found[number] is None], signs, found, causes, links)
    return [place for place in found if place is not None]


def _steps(signs: Sequence[Sign], links: Links) -> tuple[list[int], list[int], list[int]]:
    """In which order the signs of a moment are placed: what is exact and explained by nothing odd, what is
    odd, and what failed for it."""
    odd = [number for number, sign in enumerate(signs) if not sign.is_exact]
    exact = [number for number, sign in enumerate(signs) if sign.is_exact]
    later = [n for n in exact if any(links.explains(signs[other], signs[n]) for other in odd)]
    return [n for n in exact if n not in later], odd, later


def _place(
    waiting: list[int],
    signs: Sequence[Sign],
    found: list[int | None],
    causes: list[Cause],
    links: Links,
) -> None:
    """Find the cause of those that wait, a known or a new one."""
    # What has just joined may be what another one is below.
    while near := _nearest([signs[number] for number in waiting], causes, links):
        for at, place in near.items():
            found[waiting[at]] = place
            causes[place].add(signs[waiting[at]], links)
        waiting = [number for at, number in enumerate(waiting) if at not in near]
    known = len(causes)
    for number, group in zip(waiting, _new([signs[n] for n in waiting], links.upstream), strict=True):
        found[number] = known + group
        if known + group == len(causes):
            causes.append(Cause())
        causes[known + group].add(signs[number], links)


def _same_again(sign: Sign, causes: Sequence[Cause]) -> int | None:
    """The cause in which the same thing was wrong last, not too long ago."""
    ends = [(cause.keys[sign.key], -place) for place, cause in enumerate(causes) if sign.key in cause.keys]
    if not ends:
        return None
    end, place = max(ends)
    return -place if sign.start - end <= AGAIN_SPANS * sign.span else None


def _leave_to_new(
    signs: Sequence[Sign], found: list[int | None], causes: Sequence[Cause], links: Links
) -> None:
    """Take out of its old cause what had passed there and follows from something exact that is new now."""
    new = [sign for sign, place in zip(signs, found, strict=True) if sign.is_exact and place is None]
    if not new:
        return
    for number, (sign, place) in enumerate(zip(signs, found, strict=True)):
        has_passed = place is not None and causes[place].keys[sign.key] < math.inf
        if has_passed and not sign.is_exact and any(links.explains(one, sign) for one in new):
            found[number] = None


def _nearest(signs: Sequence[Sign], causes: Sequence[Cause], links: Links) -> dict[int, int]:
    """Position of a sign → the cause that lies nearest to it, for those that have one of about their time."""
    if not signs:
        return {}
    upstream = links.upstream
    since = min(sign.start - NEAR_SPANS * sign.span for sign in signs)
    ways = _ways({sign.node for sign in signs if not sign.is_exact}, causes, since, upstream)
    places = {place for some in ways.values() for _, _, place in some}
    odd = {place: causes[place].oddities(since) for place in places}
    exact = [place for place, cause in enumerate(causes) if cause.exact]
    found = {}
    for at, sign in enumerate(signs):
        ways_here = () if sign.is_exact else ways[sign.node]
        mine = [way for way in ways_here if odd[way[2]].may_explain(sign)]
        for place in range(len(causes)) if sign.is_exact else exact:
            for other in causes[place].linked(sign, since, links):
                steps = upstream.steps(sign.node, other.node)
                mine.append((2 if steps is None else steps, sign.kind != other.kind, place))
        if mine:
            # Of two that are as near the one of its own kind, and then the one that was last seen wrong.
            found[at] = min(mine, key=lambda way: (*way[:2], -max(causes[way[2]].nodes.values()), way[2]))[2]
    return found


def _ways(
    nodes: Collection[str], causes: Sequence[Cause], since: float, upstream: Upstream
) -> dict[str, list[tuple[int, bool, int]]]:
    """Node → (steps, False, cause) of each cause that is odd above or below it, or beside it."""
    odd = [cause.odd_nodes(since) for cause in causes] if nodes else []
    tops = [(top, place) for place, some in enumerate(odd) for top in upstream.tops(some)]
    there: dict[str, list[int]] = defaultdict(list)
    for place, some in enumerate(odd):
        for node in some:
            there[node].append(place)
    ways: dict[str, list[tuple[int, bool, int]]] = {}
    for node in nodes:
        ways[node] = [(0, False, place) for place in there.get(node, ())]
        for top, place in () if ways[node] else tops:
            steps = upstream.steps(node, top)
            if steps is None and upstream.are_siblings(node, top):
                steps = 2
            if steps is not None:
                ways[node].append((steps, False, place))
    return ways


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
    everything = ["everything"] if _is_everything(tops, upstream) else []
    for top in tops:
        for common in (*upstream.telling_parents(top), *({_source(top)} & broken), *everything):
            first[head(top)] = head(shared.setdefault(common, top))
    return {top: head(top) for top in tops}


def _broken_sources(tops: Sequence[str], upstream: Upstream) -> set[str]:
    hit = Counter(_source(top) for top in tops)
    known = Counter(_source(node) for node in upstream.nodes)
    return {
        source for source, n in hit.items() if source and n >= _FEWEST_OF_SOURCE and 2 * n >= known[source]
    }


def _is_everything(tops: Sequence[str], upstream: Upstream) -> bool:
    """Whether most of what a project begins with is wrong at once: a warehouse, a loader, a clock."""
    if len(tops) < _FEWEST_OF_PROJECT:
        return False
    hit = {first for top in tops for first in upstream.firsts(top)} & upstream.all_firsts
    return len(hit) >= _FEWEST_OF_PROJECT and 2 * len(hit) >= len(upstream.all_firsts)


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
    links = Links(Upstream({node: tuple(above) for node, above in parents.items()}))
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
        places = assign(signs, causes, links)
        for cause in causes[len(live) :]:
            live.append((begun, cause))
            begun += 1
        ids[rows, t] = [live[place][0] for place in places]
    return ids
