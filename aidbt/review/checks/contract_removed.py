"""Contracts that are no longer enforced, and promises taken out of them."""

from __future__ import annotations

from collections.abc import Iterator

from aidbt.core.findings import Severity
from aidbt.lineage.schemas import has_contract
from aidbt.review.checks.check import Check, Hit, Subject


def _find(subject: Subject) -> Iterator[Hit]:
    before = subject.before
    if before is None or not has_contract(before.node):
        return
    if not has_contract(subject.node):
        yield Hit("its contract is no longer enforced: readers may lose columns without anybody being told")
        return
    kept = {column.name.casefold(): set(column.constraints) for column in subject.node.columns}
    for column in before.node.columns:
        gone = sorted(set(column.constraints) - kept.get(column.name.casefold(), set(column.constraints)))
        if gone:
            yield Hit(f"its contract no longer says that {column.name} is {', '.join(gone)}")


CHECK = Check(
    "contract_removed",
    "A contract promises less than before",
    "keep the contract; for a breaking change add a version of the model",
    _find,
    severity=Severity.ERROR,
    compares=True,
)
