"""Where memory ran short the rest runs again one node at a time, so that each has all of it."""

from __future__ import annotations

from aidbt.core.failures import ErrorClass as E
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.healing.evidence.case import Case
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.wait_and_run_again import adds_again

NAME = "fewer_threads"


class FewerThreads:
    """For memory that several nodes at once did not leave to each other."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """The failed nodes again, on one thread."""
        if diagnosis.error_class is not E.RESOURCE_EXHAUSTION:
            return Declined(NAME, "nothing ran short", is_concerned=False)
        adding = adds_again(diagnosis, case)
        if adding:
            return Declined(NAME, adding)
        threads = int(tools.project.profile().settings.get("threads") or 1)
        if threads <= 1:
            return Declined(NAME, "it ran on one thread already: it needs more memory, or smaller parts")
        return Mend(
            NAME,
            f"Run what failed on one thread, not on {threads}",
            dbt_args=("--threads", "1"),
            claims=(Claim("several nodes shared the memory", lambda: Checked(True, f"{threads} threads")),),
            risk=Risk.LOW,
        )
