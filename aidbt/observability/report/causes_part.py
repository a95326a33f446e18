"""Why runs failed, and what was done about it: causes, the attempts to mend them, and their audit."""

from __future__ import annotations

from collections.abc import Sequence

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.failures import ACT_FROM, DRAFT_FROM
from aidbt.core.incidents import FoundCause, Incident
from aidbt.observability.report.values import AttemptPart, Report, State
from aidbt.observability.report.words import counted
from aidbt.store import Store
from aidbt.store.attempts import Attempts
from aidbt.store.audit import Audit, broken

_MOST_ATTEMPTS = 3
_MOST_STEPS = 12
_GOOD = (AttemptState.PROMOTED, AttemptState.RESOLVED)
_BAD = (AttemptState.WAITING, AttemptState.ESCALATED, AttemptState.ROLLED_BACK, AttemptState.TERMINATED)
_STANDS = {
    AttemptState.PROPOSED: ("proposed", "a branch waits for a person"),
    AttemptState.PROMOTED: ("mended", "deployed, and its run is green"),
    AttemptState.RESOLVED: ("over", ""),
    AttemptState.WAITING: ("handed over", "a person was told"),
    AttemptState.ESCALATED: ("handed over", "a person is needed"),
    AttemptState.ROLLED_BACK: ("taken back", "it was deployed and did not hold"),
    AttemptState.TERMINATED: ("over", "nobody answered"),
}


def attempts_of(
    store: Store, incidents: Sequence[Incident], notes: list[str]
) -> dict[str, tuple[AttemptPart, ...]]:
    """Id of an incident → the attempts to mend its cause, the newest first, each with what the audit has.

    Args:
        notes: gets a sentence where the audit is not as it was written.

    Raises:
        StoreError: the store cannot be read.
    """
    if not any(incident.found is not None for incident in incidents):
        return {}
    entries = Audit(store).entries()
    problem = broken(entries)
    if problem:
        notes.append(f"The audit of healing was tampered with: {problem}.")
    known = Attempts(store, "aidbt").all()[::-1]
    found = {}
    for incident in incidents:
        own = [one for one in known if _is_of(one, incident)][:_MOST_ATTEMPTS]
        found[incident.id] = tuple(
            AttemptPart(one, tuple(entry for entry in entries if entry.subject == one.id)[-_MOST_STEPS:])
            for one in own
        )
    return found


def _is_of(attempt: Attempt, incident: Incident) -> bool:
    cause = incident.found
    if cause is None:
        return False
    is_same = (attempt.key, attempt.target) == (cause.key, cause.target)
    return attempt.incident == incident.id if attempt.incident else is_same


# --- in words -----------------------------------------------------------------------------------------


def causes_heading(report: Report) -> str:
    """How many nodes fail, and for how many causes; "" where no cause is known.

    Example:
        >>> from datetime import datetime
        >>> causes_heading(Report("shop", datetime(2026, 3, 1), datetime(2026, 2, 1)))
        ''
    """
    parts = [part for part in report.open if part.incident.found is not None]
    if not parts:
        return ""
    causes = counted(len(parts), "cause")
    failed = {node for part in parts for node in part.incident.failures if node}
    is_whole = any("" in part.incident.failures for part in parts)
    if failed:
        return f"{counted(len(failed), 'failing node')} → {causes}"
    return f"A run that got to no node → {causes}" if is_whole else f"Nothing fails, and yet → {causes}"


def sureness(cause: FoundCause) -> tuple[State, str]:
    """What the confidence in a cause allows."""
    if cause.confidence >= ACT_FROM:
        return "good", "a proved mend may be tried"
    if cause.confidence >= DRAFT_FROM:
        return "warn", "a draft for a person at most"
    return "none", "a person looks at the evidence"


def standing(attempt: Attempt) -> tuple[State, str, str]:
    """Where an attempt stands: in a word, and what that means."""
    state: State = "good" if attempt.state in _GOOD else "bad" if attempt.state in _BAD else "warn"
    return state, *_STANDS.get(attempt.state, ("at work", f"{attempt.state}"))
