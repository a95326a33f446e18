"""Sources that are wrong though nothing fails of it: whether they keep the mends of a run back."""

from __future__ import annotations

from aidbt.core.healing import Diagnosis
from aidbt.healing.controller.means import Means
from aidbt.healing.controller.proving import final_run
from aidbt.healing.controller.rerun import OF_COMMAND
from aidbt.healing.controller.together import Joint
from aidbt.healing.diagnosis.causes import silent_in
from aidbt.healing.evidence.beside import looked_beside, sources_beside
from aidbt.healing.evidence.case import Case
from aidbt.healing.proof.changed import with_below
from aidbt.store.good_states import GoodStates

_OWN_FILE = ("model", "seed", "snapshot")


def is_apart(case: Case, cause: Diagnosis, joint: Joint) -> bool:
    """Whether neither the failed run nor the one after its mends makes anything of the source that a cause is
    at: what they make is as right with it as without it. Never of a cause that failed something."""
    manifest, run = case.best_manifest, case.run
    if cause.failures or run.is_green or manifest is None:
        return False
    again = final_run(case, joint, run.manifest)
    if again.command in OF_COMMAND and not again.nodes:
        return False  # only dbt knows what it builds
    own = [node for node in manifest.nodes.values() if node.resource_type in _OWN_FILE]
    if not joint.texts.keys() <= {node.path for node in own}:
        return False  # macros and YAML: whom they concern is known once dbt has read them
    edited = {node.unique_id for node in own if node.path in joint.texts}
    made = {*run.succeeded, *run.warned, *run.skipped, *(failure.unique_id for failure in run.failures)}
    made |= again.nodes | with_below(edited, manifest)
    return not made.intersection(cause.blast_radius)


def wrong_after_waiting(case: Case, joint: Joint, means: Means) -> str:
    """What is wrong with a source that could not be asked while the warehouse was away; "" for nothing.

    Raises:
        WarehouseError: it cannot be asked now either.
    """
    manifest, good = case.best_manifest, case.good
    if manifest is None or good is None or case.reached is None or case.reached.is_open:
        return ""
    warehouse = means.warehouse()
    nodes, relations = sources_beside(case, manifest, ()), tuple(warehouse.relations())
    mask, scan_bytes = GoodStates(means.store).mask(), means.settings.budget.scan_bytes
    with warehouse.connect() as connection:
        beside = looked_beside(
            connection, nodes, relations, good, mask=mask, scan_bytes=scan_bytes, keys={}, unknown=[],
            root=case.root,
        )  # fmt: skip
    causes = [cause for cause in silent_in(case, beside) if not is_apart(case, cause, joint)]
    return f"{causes[0].proof[0].text}, and tables are made of it" if causes else ""
