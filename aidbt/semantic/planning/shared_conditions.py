"""Conditions taken apart: what all measures share, what each has besides, and what a table sees."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.semantic.graph import is_to_one
from aidbt.semantic.planning.frames import Frame
from aidbt.semantic.query import Predicate, attributes, both, conjuncts


def shared_by_all(wheres: Sequence[Predicate | None]) -> Predicate | None:
    """What all conditions ask, so that it may stand in WHERE."""
    sets = [list(conjuncts(where)) for where in wheres]
    if not sets:
        return None
    shared = [predicate for predicate in sets[0] if all(predicate in other for other in sets[1:])]
    return both(*shared)


def without(where: Predicate | None, common: Predicate | None) -> Predicate | None:
    taken = conjuncts(common)
    return both(*(predicate for predicate in conjuncts(where) if predicate not in taken))


def seen_from(where: Predicate | None, frame: Frame) -> Predicate | None:
    """The conditions that are about the frame's own rows or those they refer to."""

    def is_own(predicate: Predicate) -> bool:
        return all(
            any(is_to_one(way) for way in frame.graph.paths(frame.table, a.table, a.via))
            for a in attributes(predicate)
        )

    return both(*(predicate for predicate in conjuncts(where) if is_own(predicate)))
