"""Data tests taken away from what is still there."""

from __future__ import annotations

import json
from collections.abc import Iterator

from aidbt.lineage.schemas import tested_columns
from aidbt.project.manifest import Node
from aidbt.review.checks.check import Check, Hit, Subject

_WEAKER = {"error": 1, "warn": 0}


def _find(subject: Subject) -> Iterator[Hit]:
    before = subject.before
    lineage = subject.lineage
    if before is None or lineage is None:
        return
    unique_id = subject.node.unique_id
    now = {_meaning(test): test for test in subject.side.tests_of.get(unique_id, [])}
    for test in before.side.tests_of.get(unique_id, []):
        columns = tested_columns(test)
        is_there = all(lineage.column(name) is not None for name in columns)
        kept = now.get(_meaning(test))
        what = f"{_name(test)} on {', '.join(columns)}" if columns else _name(test)
        if kept is None and is_there:
            yield Hit(f"the test {what} is gone, and what it tested is still there")
        elif kept is not None and _severity(kept) < _severity(test):
            yield Hit(f"the test {what} only warns now")


def _meaning(test: Node) -> tuple[str, str]:
    """What a test says, whatever dbt calls it."""
    metadata = test.raw.get("test_metadata") or {}
    kwargs = {key: value for key, value in (metadata.get("kwargs") or {}).items() if key != "model"}
    return str(metadata.get("name") or test.name), json.dumps(kwargs, sort_keys=True, default=str)


def _name(test: Node) -> str:
    return str((test.raw.get("test_metadata") or {}).get("name") or test.name)


def _severity(test: Node) -> int:
    return _WEAKER.get(str(test.config.get("severity") or "error").lower(), 1)


CHECK = Check(
    "test_removed",
    "A data test was taken away",
    "keep the test, or say in the pull request why it no longer holds",
    _find,
    compares=True,
)
