"""What passes by itself is waited for, then what did not get through runs again. Nobody's lock is broken."""

from __future__ import annotations

from aidbt.core.failures import ErrorClass as E
from aidbt.core.healing import Declined, Diagnosis, Mend, Risk, Wait
from aidbt.healing.evidence.case import Case
from aidbt.healing.remedies.remedy import Tools

NAME = "wait_and_run_again"
_PASSES = frozenset(
    (E.NETWORK_TIMEOUT, E.CONNECTION_RESET, E.RATE_LIMIT_EXCEEDED, E.TEMPORARY_UNAVAILABLE,
     E.CONCURRENCY_CONFLICT)
)  # fmt: skip


class WaitAndRunAgain:
    """For locks, lost connections and throttling."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """Wait at most five times for what is in the way, then let dbt run what did not get through."""
        if diagnosis.error_class not in _PASSES:
            return Declined(NAME, f"{diagnosis.error_class} does not pass by itself")
        adding = [name for name in _failed(diagnosis) if _only_adds(case, name)]
        if adding:
            return Declined(
                NAME, f"{adding[0]} adds rows without a unique_key: run again, it might add them twice"
            )
        holder = diagnosis.facts.get("holder", "")
        what = f"the warehouse, held by {holder}" if holder else "the warehouse to answer again"
        return Mend(NAME, f"Wait for {what}, then run again", waits=Wait(what), risk=Risk.LOW)


def _failed(diagnosis: Diagnosis) -> list[str]:
    return [failure.unique_id for failure in diagnosis.failures if failure.unique_id]


def _only_adds(case: Case, unique_id: str) -> bool:
    node = case.node(unique_id)
    if node is None or node.config.get("materialized") != "incremental":
        return False
    return not node.config.get("unique_key") and node.config.get("incremental_strategy") in (None, "append")
