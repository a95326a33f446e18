"""What related monitors say: a doubtful finding that a neighbour shares in the same bucket is less doubtful.

Neighbours are the same metric upstream, downstream and beside (children of one parent), and what a fault
does to a node besides: fewer rows come with older rows, rows loaded twice with more duplicates. They
agree only when they are off in the direction that one cause gives them.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from aidbt.monitors.history import Family, History

# No more neighbours are heard than that: with many, one of them is odd by chance.
_MOST = 12
# Kinds of monitors of one node that confirm each other: when they are off in the same direction (1) or not.
CONFIRMS: dict[str, tuple[tuple[str, int], ...]] = {
    "rows": ((Family.COUNT, 1), (Family.MINUTES, -1), (Family.EXCESS, 1)),
    Family.COUNT: (("rows", 1), (Family.MINUTES, -1)),
    Family.MINUTES: (("rows", -1), (Family.COUNT, -1)),
    Family.EXCESS: (("rows", 1),),
    Family.RATE: ((Family.RATE, 1),),
}
_BLOCK = 4000


def strongest_neighbours(
    scores: np.ndarray, sign: np.ndarray, history: History
) -> tuple[np.ndarray, np.ndarray]:
    """The strongest score of a neighbour that is odd in the direction that goes with it, M × T; who has one.

    Args:
        sign: M × T, −1 below and 1 above what was expected.
    """
    found = np.zeros_like(scores)
    has_neighbours = np.zeros(len(scores), bool)
    owners, neighbours, same = _pairs(history)
    if not len(owners):
        return found, has_neighbours
    has_neighbours[owners] = True
    signed = scores * sign
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    for at in range(0, len(starts), _BLOCK):
        part = starts[at : at + _BLOCK]
        end = starts[at + _BLOCK] if at + _BLOCK < len(starts) else len(owners)
        said = signed[neighbours[part[0] : end]] * same[part[0] : end, None]
        rows = owners[part]
        upward = np.maximum.reduceat(said, part - part[0], axis=0)
        downward = -np.minimum.reduceat(said, part - part[0], axis=0)
        found[rows] = np.maximum(np.where(sign[rows] > 0, upward, downward), 0)
    return found, has_neighbours


def _pairs(history: History) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each monitor with each of its neighbours, in the order of the monitors, and which way these agree."""
    children: dict[int, list[int]] = defaultdict(list)
    for row, parent in enumerate(history.parents):
        if parent >= 0:
            children[int(parent)].append(row)
    by_kind: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, monitor in enumerate(history.monitors):
        by_kind[monitor.node, _kind(history, row)].append(row)
    pairs: list[tuple[int, int, int]] = []
    for row, monitor in enumerate(history.monitors):
        parent = int(history.parents[row])
        near = [parent, *children[parent]] if parent >= 0 else []
        found = [(other, 1) for other in [*near, *children.get(row, [])]]
        for kind, agrees in CONFIRMS.get(_kind(history, row), ()):
            found += [(other, agrees) for other in by_kind.get((monitor.node, kind), [])[:_MOST]]
        pairs += [(row, other, agrees) for other, agrees in found if other != row][:_MOST]
    owners, neighbours, same = np.array(pairs, int).reshape(-1, 3).T
    return owners, neighbours, same


def _kind(history: History, row: int) -> str:
    family = history.families[row]
    return "rows" if family is Family.COUNT and history.volumes[row] < 0 else family.value
