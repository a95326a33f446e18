"""New branches of logic in a model that no unit test runs, in a project that has unit tests."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from aidbt.core.findings import Severity
from aidbt.review.checks.check import Check, Hit, Query, Subject
from aidbt.review.checks.trees import shown

_BRANCHES = (exp.Case, exp.If)


def _find(subject: Subject) -> Iterator[Hit]:
    unit_tests = list(subject.side.manifest.of_type("unit_test"))
    if subject.query is None or not unit_tests:
        return
    if any(subject.node.unique_id in test.depends_on for test in unit_tests):
        return
    known = _branches(subject.before.query) if subject.before is not None else {}
    new = [text for text in _branches(subject.query) if text not in known]
    if new:
        count = "a new case" if len(new) == 1 else f"{len(new)} new cases"
        yield Hit(f"{count} ({new[0]}) that no unit test runs")


def _branches(query: Query | None) -> dict[str, None]:
    """The outermost conditional expressions of a query, as text, in their order."""
    if query is None:
        return {}
    found = query.tree.find_all(*_BRANCHES)
    outermost = (node for node in found if node.find_ancestor(*_BRANCHES) is None)
    return {shown(node, query.dialect): None for node in outermost}


CHECK = Check(
    "missing_unit_test",
    "New conditional logic without a unit test",
    "add a unit test with one row for each branch",
    _find,
    severity=Severity.INFO,
    compares=True,
)
