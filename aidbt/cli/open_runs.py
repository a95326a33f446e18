"""Which failed runs are nobody's trouble any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidbt.healing.evidence.case import Case
    from aidbt.session import Session


def require_open(session: Session, case: Case) -> None:
    """Refuse a failed run that is over: what failed in it went well later, or every cause of it was mended.

    Raises:
        UsageError: it is.
        StoreError: the store cannot be read.
    """
    from aidbt.core.attempts import AttemptState
    from aidbt.core.errors import UsageError
    from aidbt.store.attempts import Attempts

    run = case.run
    hint = "give the artifacts of the last run, or make one: aidbt build"
    if case.is_over:
        raise UsageError("what failed in this run went well in a later one", hint=hint)
    if run.is_green or not run.invocation_id:
        return
    made = [
        one for one in Attempts(session.store, "aidbt").all() if one.facts.get("run") == run.invocation_id
    ]
    if made and all(one.state is AttemptState.RESOLVED and one.commit for one in made):
        raise UsageError(f"what failed in this run was mended by {made[-1].id}, and is over", hint=hint)
