"""Joins that multiply rows which are then added up, or whose key the model promises."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.core.findings import Severity
from aidbt.review.checks.check import Check, Hit, Subject
from aidbt.sql.grain import fan_outs


def _find(subject: Subject) -> Iterator[Hit]:
    query = subject.query
    if query is None:
        return
    claimed = subject.lineage.unique if subject.lineage is not None else ()
    for problem in fan_outs(query.tree, claimed=claimed, text=query.text):
        # Where no key of the joined relation is known nothing can be said.
        if problem.severity is not Severity.INFO:
            yield Hit(problem.message, problem.start, problem.end)


CHECK = Check(
    "fan_out",
    "A join multiplies rows that are counted or summed",
    "aggregate the joined relation to one row per key before joining it",
    _find,
)
