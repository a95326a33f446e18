"""What a project's models usually have, so that it is asked for where it is usual and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from aidbt.project.manifest import Node
from aidbt.review.checks.check import Side

ENOUGH = 3  # models that make a habit
USUAL = 0.5


def is_habit(node: Node, side: Side, has: Mapping[str, bool], *, unknown: bool) -> bool:
    """Whether most models like a node have something.

    Args:
        has: unique_id → whether that one has it.
        unknown: the answer where there are too few models to tell.
    """
    judged = models_like(node, side)
    if len(judged) < ENOUGH:
        return unknown
    return sum(has.get(other.unique_id, False) for other in judged) >= USUAL * len(judged)


def models_like(node: Node, side: Side) -> list[Node]:
    """The other models that a model is to be compared with: those of its folder where there are enough of
    them, else those of all folders of that name (`staging`, `tmp`), else those below the nearest folder
    around it that has enough, else all of the project.
    """
    others = [
        (other, PurePosixPath(other.path).parent)
        for other in side.own_models
        if other.unique_id != node.unique_id
    ]
    own = PurePosixPath(node.path).parent
    groups = [
        [other for other, folder in others if folder == own],
        [other for other, folder in others if folder.name == own.name],
        *([other for other, folder in others if folder.is_relative_to(above)] for above in own.parents),
    ]
    return next((group for group in groups if len(group) >= ENOUGH), [other for other, _ in others])
