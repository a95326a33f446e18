"""What passes by itself is waited for, then what did not get through runs again. Nobody's lock is broken."""

from __future__ import annotations

import glob
from pathlib import Path

from aidbt.core.failures import ErrorClass as E
from aidbt.core.healing import Declined, Diagnosis, Mend, Risk, Wait
from aidbt.healing.evidence.case import Case
from aidbt.healing.remedies.remedy import Tools

NAME = "wait_and_run_again"
_PASSES = frozenset(
    (E.NETWORK_TIMEOUT, E.CONNECTION_RESET, E.RATE_LIMIT_EXCEEDED, E.TEMPORARY_UNAVAILABLE,
     E.CONCURRENCY_CONFLICT, E.RESOURCE_EXHAUSTION)
)  # fmt: skip


class WaitAndRunAgain:
    """For locks, lost connections, throttling, files that come late, and what was short for a while."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """Wait at most five times for what is in the way, then let dbt run what did not get through."""
        if diagnosis.error_class not in _PASSES:
            return Declined(NAME, f"{diagnosis.error_class} does not pass by itself", is_concerned=False)
        adding = [name for name in _failed(diagnosis) if _only_adds(case, name)]
        if adding:
            return Declined(
                NAME, f"{adding[0]} adds rows without a unique_key: run again, it might add them twice"
            )
        wait = _wait(diagnosis, case)
        return Mend(NAME, f"Wait for {wait.for_what}, then run again", waits=wait, risk=Risk.LOW)


def _wait(diagnosis: Diagnosis, case: Case) -> Wait:
    facts = diagnosis.facts
    file = facts.get("file", "")
    if file and diagnosis.error_class is E.TEMPORARY_UNAVAILABLE:
        return Wait(f"the file {Path(file).name}", is_over=lambda: is_there(case.root, file))
    holder = facts.get("holder", "")
    if holder:
        return Wait(f"the warehouse, held by {holder}")
    if diagnosis.error_class is E.RESOURCE_EXHAUSTION:
        return Wait("memory and disk to be free again")
    return Wait("the warehouse to answer again")


def is_there(root: Path, pattern: str) -> bool:
    """Whether a file, or one of a pattern, is there and holds something; relative to the project."""
    found = [Path(name) for name in glob.glob(str(root / pattern))]
    return any(path.is_file() and path.stat().st_size > 0 for path in found)


def _failed(diagnosis: Diagnosis) -> list[str]:
    return [failure.unique_id for failure in diagnosis.failures if failure.unique_id]


def _only_adds(case: Case, unique_id: str) -> bool:
    node = case.node(unique_id)
    if node is None or node.config.get("materialized") != "incremental":
        return False
    return not node.config.get("unique_key") and node.config.get("incremental_strategy") in (None, "append")
