"""Who is made of whom among nodes, as far as telling causes apart needs it."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

# A node that more read than this says nothing about any two of them: a calendar, a table of countries.
_MOST_CHILDREN = 8


class Upstream:
    """The nodes of a project with what each is made of; distances are counted once and kept.

    Args:
        parents: node → the nodes it reads. Who is only read may be left out.
    """

    def __init__(self, parents: Mapping[str, Collection[str]]) -> None:
        self._parents = parents
        self._children: dict[str, list[str]] = {}
        for child, above in parents.items():
            for parent in above:
                self._children.setdefault(parent, []).append(child)
        self.nodes = frozenset(parents) | frozenset(self._children)
        self._above: dict[str, dict[str, int]] = {}

    def above(self, node: str) -> Mapping[str, int]:
        """Every node it is made of, directly or not, with the number of steps; itself is not among them."""
        if node not in self._above:
            self._above[node] = _distances(node, self._parents)
        return self._above[node]

    def below(self, nodes: Iterable[str]) -> tuple[str, ...]:
        """Everything that is made of one of the nodes, without them: the nearest first, then by name."""
        start = set(nodes)
        nearest: dict[str, int] = {}
        for node in start:
            for found, steps in _distances(node, self._children).items():
                nearest[found] = min(steps, nearest.get(found, steps))
        return tuple(sorted(nearest.keys() - start, key=lambda node: (nearest[node], node)))

    @cached_property
    def all_firsts(self) -> frozenset[str]:
        """The nodes that are made of no other, and from which something is made."""
        return frozenset(node for node in self._children if not self._parents.get(node))

    def firsts(self, node: str) -> set[str]:
        """The nodes that are made of no other, of which it is made; itself where it is one."""
        return {one for one in (node, *self.above(node)) if not self._parents.get(one)}

    def steps(self, one: str, other: str) -> int | None:
        """How many steps one lies above or below the other, 0 for the same; None where neither is so."""
        if one == other:
            return 0
        found = self.above(one).get(other)
        return self.above(other).get(one) if found is None else found

    def telling_parents(self, node: str) -> set[str]:
        """What it reads directly and few others do."""
        return {
            parent for parent in self._parents.get(node, ()) if len(self._children[parent]) <= _MOST_CHILDREN
        }

    def are_siblings(self, one: str, other: str) -> bool:
        """Whether both read a node that few others read."""
        return not self.telling_parents(one).isdisjoint(self._parents.get(other, ()))

    def tops(self, nodes: Collection[str]) -> list[str]:
        """Those of the nodes that none of the others lies above, in the order given."""
        there = set(nodes)
        # Of a circle, which dbt does not allow but a hand-written mapping may have, all are tops.
        return [
            node
            for node in nodes
            if not any(up in there and node not in self.above(up) for up in self.above(node))
        ]


def _distances(node: str, edges: Mapping[str, Collection[str]]) -> dict[str, int]:
    found = {node: 0}
    waiting = deque([node])
    while waiting:
        here = waiting.popleft()
        for there in edges.get(here, ()):
            if there not in found:
                found[there] = found[here] + 1
                waiting.append(there)
    del found[node]
    return found
