"""Whether a wrong source that fails nothing keeps the mends of a run back."""

from __future__ import annotations

from aidbt.core.healing import Diagnosis
from aidbt.healing.controller.proving import final_run
from aidbt.healing.controller.rerun import OF_COMMAND
from aidbt.healing.controller.together import Joint
from aidbt.healing.evidence.case import Case
from aidbt.healing.proof.changed import with_below


def is_apart(case: Case, cause: Diagnosis, joint: Joint) -> bool:
    """Whether neither the failed run nor the one after its mends makes anything of the source that a cause is
    at: what they make is as right with it as without it. Never of a cause that failed something."""
    manifest, run = case.best_manifest, case.run
    if cause.failures or run.is_green or manifest is None:
        return False
    again = final_run(case, joint, run.manifest)
    if again.command in OF_COMMAND and not again.nodes:
        return False  # only dbt knows what it builds
    paths = {node.path: name for name, node in manifest.nodes.items()}
    if not joint.texts.keys() <= paths.keys():
        return False  # macros and YAML: whose they are is known once the mend was read
    made = {*run.succeeded, *run.warned, *run.skipped, *(failure.unique_id for failure in run.failures)}
    made |= again.nodes | with_below({paths[path] for path in joint.texts}, manifest)
    return not made.intersection(cause.blast_radius)
