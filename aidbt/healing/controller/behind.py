"""What stands behind a cause: a second one that shows only where the mend of the first is built aside."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Diagnosis, Stage
from aidbt.healing.controller.gate import Allowed
from aidbt.healing.controller.means import Means
from aidbt.healing.controller.together import Joint
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.reading import Readers, read_behind
from aidbt.healing.evidence.what_failed import stage_of
from aidbt.healing.proof.building import Aside
from aidbt.store.good_states import GoodStates


def behind(case: Case, aside: Aside, means: Means) -> tuple[Case, tuple[Diagnosis, ...]]:
    """The case of what failed aside as if it had failed where it belongs, and its causes; none where nothing
    says what failed.

    Raises:
        AidbtError: the warehouse or the store cannot be read.
    """
    is_told = all(failure.unique_id for failure in aside.failures) is (aside.at_home is not None)
    if not aside.failures or not is_told:
        return case, ()
    failed = {failure.unique_id for failure in aside.failures}
    run = FailedRun(
        min((stage_of(failure) for failure in aside.failures), key=list(Stage).index),
        failures=aside.failures,
        skipped=aside.skipped,
        # What stands in the warehouse is what the failed run left there.
        succeeded=tuple(name for name in case.run.succeeded if name not in failed),
        warned=case.run.warned,
        wrote_results=aside.at_home is not None,
        invocation_id=case.run.invocation_id,
        command=case.run.command,
        dbt_version=case.run.dbt_version,
        ended_at=case.run.ended_at,
        manifest=aside.at_home,
    )
    scan_bytes = means.settings.budget.scan_bytes
    readers = Readers(means.warehouse, lambda: means.store, scan_bytes=scan_bytes)
    found = read_behind(case, run, readers, GoodStates(means.store).mask())
    return found, tuple(means.diagnose(found))


def is_mended(joint: Joint, causes: Sequence[Diagnosis], before: Joint) -> bool:
    """Whether plans hold a mend for every new cause that may be deployed, and none of these causes is of the
    first mends' own making.

    Args:
        before: the first mends. What fails in their files may be their fault, and so may rows whose parents
            they set aside.
    """
    sets_aside = any(one.mend is not None and one.mend.rows_moved for one in before.patched)
    for cause in causes:
        plan = joint.of(cause.key)
        if plan.mend is None or plan.patch is None or plan.alike or plan.gate.allowed < Allowed.PROMOTE:
            return False
        if not before.texts.keys().isdisjoint(plan.patch.paths()):
            return False
        if not (cause.root.startswith("source.") or plan.mend.restores):
            return False
        if sets_aside and cause.error_class is ErrorClass.REFERENTIAL_INTEGRITY:
            return False
    return bool(causes)
