"""The remedies, in the order in which they are asked."""

from __future__ import annotations

from aidbt.core.registry import Registry

REMEDIES = Registry(
    "remedy",
    {
        "wait_and_run_again": "aidbt.healing.remedies.wait_and_run_again:WaitAndRunAgain",
        "right_name": "aidbt.healing.remedies.right_name:RightName",
    },
)
