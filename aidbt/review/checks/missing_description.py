"""New models and columns without a word about them, where the project usually has one."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.core.findings import Severity
from aidbt.review.checks.check import Check, Hit, Side, Subject
from aidbt.review.checks.habits import is_habit

_MOST_NAMED = 8


def _find(subject: Subject) -> Iterator[Hit]:
    node, lineage, before = subject.node, subject.lineage, subject.before
    if node.resource_type != "model" or lineage is None:
        return
    if before is None and not node.description.strip() and _models_are_described(subject):
        yield Hit("it is new and has no description")
    old = before.lineage if before is not None else None
    had = {column.name.casefold() for column in old.columns} if old is not None else set()
    described = {column.name.casefold() for column in node.columns if column.description.strip()}
    names = [
        column.name
        for column in lineage.columns
        if column.name.casefold() not in had and column.name.casefold() not in described
    ]
    if names and _columns_are_described(subject):
        listed = ", ".join(names[:_MOST_NAMED])
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        are = "columns have" if len(names) > 1 else "column has"
        yield Hit(f"new {are} no description: {listed}{more}")


def _models_are_described(subject: Subject) -> bool:
    has = {node.unique_id: bool(node.description.strip()) for node in subject.side.own_models}
    return is_habit(subject.node, subject.side, has, unknown=False)


def _columns_are_described(subject: Subject) -> bool:
    return is_habit(subject.node, subject.side, _mostly_described(subject.side), unknown=False)


def _mostly_described(side: Side) -> dict[str, bool]:
    """Whether at least four fifths of the columns of a model have a description."""
    found = {}
    for node in side.own_models:
        lineage = side.lineage.nodes.get(node.unique_id)
        count = len(lineage.columns) if lineage is not None else 0
        described = sum(bool(column.description.strip()) for column in node.columns)
        found[node.unique_id] = bool(count) and described >= 0.8 * count
    return found


CHECK = Check(
    "missing_description",
    "Something new is not described, though the project's models are",
    "describe it in the model's YAML",
    _find,
    severity=Severity.WARN,
    compares=True,
)
