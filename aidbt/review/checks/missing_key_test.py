"""New models without anything that says which columns tell their rows apart."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.review.checks.check import Check, Hit, Side, Subject
from aidbt.review.checks.habits import is_habit

_NO_ROWS_OF_ITS_OWN = frozenset({"ephemeral"})


def _find(subject: Subject) -> Iterator[Hit]:
    node, lineage = subject.node, subject.lineage
    is_new_model = node.resource_type == "model" and subject.before is None
    if not is_new_model or lineage is None or node.config.get("materialized") in _NO_ROWS_OF_ITS_OWN:
        return
    if not lineage.unique and is_habit(node, subject.side, _has_key(subject.side), unknown=True):
        yield Hit("it is new, and no test or constraint says what is unique in it")


def _has_key(side: Side) -> dict[str, bool]:
    return {unique_id: bool(node.unique) for unique_id, node in side.lineage.nodes.items()}


CHECK = Check(
    "missing_key_test",
    "A new model without a key",
    "add a unique and a not_null test on its key, or a unique_combination_of_columns",
    _find,
    compares=True,
)
