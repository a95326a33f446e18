"""Where memory ran short the rest runs again one node at a time, so that each has all of it."""

from __future__ import annotations

import re

from aidbt.core.failures import ErrorClass as E
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk, Stage
from aidbt.healing.evidence.case import Case
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.wait_and_run_again import adds_again

NAME = "fewer_threads"
# Neither can be given to dbt but by the profile, which is people's and may hold secrets.
_WAYS = {
    "duckdb": "memory_limit and temp_directory, where it spills to, stand under `settings` of the profile"
}
_OTHERS = "it needs more memory, or smaller parts"
_PLACES = re.compile(r"too many (?:clients|connections|sessions)|connection slots", re.IGNORECASE)
_DISK = re.compile(r"no space left|disk (?:is )?full|extend file|temp_file_limit", re.IGNORECASE)


def _short_of(message: str) -> str:
    if _PLACES.search(message):
        return "connections"
    return "disk" if _DISK.search(message) else "memory"


class FewerThreads:
    """For memory, or places at the server, that several nodes at once did not leave to each other."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """The failed nodes again, on one thread."""
        if diagnosis.error_class is not E.RESOURCE_EXHAUSTION:
            return Declined(NAME, "nothing ran short", is_concerned=False)
        adding = adds_again(diagnosis, case)
        if adding:
            return Declined(NAME, adding)
        threads = int(tools.project.profile().settings.get("threads") or 1)
        if threads <= 1:
            return Declined(NAME, f"it ran on one thread already: {_WAYS.get(case.dialect, _OTHERS)}")
        shared = _short_of(" ".join(failure.message for failure in diagnosis.failures))
        if shared == "connections" and diagnosis.stage is Stage.CONNECT:
            return Declined(NAME, "the server had no place for one connection either")
        return Mend(
            NAME,
            f"Run what failed on one thread, not on {threads}",
            dbt_args=("--threads", "1"),
            claims=(
                Claim(f"several nodes shared the {shared}", lambda: Checked(True, f"{threads} threads")),
            ),
            risk=Risk.LOW,
        )
