"""Incremental models and snapshots whose unique_key nothing proves to be unique."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aidbt.review.checks.check import Check, Hit, Subject


def _find(subject: Subject) -> Iterator[Hit]:
    node, lineage = subject.node, subject.lineage
    key = _columns(node.config.get("unique_key"))
    is_merged = node.resource_type == "model" and node.config.get("materialized") == "incremental"
    if not (key and is_merged) or lineage is None:
        return
    declared = [{name.casefold() for name in names} for names in lineage.unique]
    if not any(names <= set(key) for names in declared):
        yield Hit(
            f"rows are merged by unique_key ({', '.join(key)}), and no test says that it is unique: "
            "a key that repeats fails the merge or multiplies rows"
        )


def _columns(value: Any) -> list[str]:
    names = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    plain = [str(name).strip().strip('"`').casefold() for name in names]
    # An expression as a key is nobody's column to test.
    return plain if all(name.isidentifier() for name in plain) else []


CHECK = Check(
    "unique_key_untested",
    "Rows are merged by a key that no test proves",
    "add a unique test (or unique_combination_of_columns) on the unique_key",
    _find,
)
