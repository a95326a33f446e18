"""What an incident's screen says of its cause: the proof, what was ruled out, the attempt, the next step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aidbt.cli.render import bold, dim

if TYPE_CHECKING:
    from aidbt.core.attempts import Attempt
    from aidbt.core.incidents import FoundCause, Incident
    from aidbt.session import Session

_SHOWN = 6
_WORDS = {
    "promoted": "mended", "proposed": "proposed", "waiting": "handed over", "escalated": "handed over",
    "resolved": "over", "terminated": "ended without an answer", "rolled_back": "taken back",
}  # fmt: skip


def attempt_of(session: Session, incident: Incident) -> Attempt | None:
    """The attempt to mend an incident's cause; None where there is none, or it is forgotten.

    Raises:
        StoreError: the store cannot be read.
    """
    from aidbt.core.errors import UnknownName
    from aidbt.store.attempts import Attempts

    if incident.found is None or not incident.found.attempt:
        return None
    try:
        return Attempts(session.store, "aidbt").get(incident.found.attempt)
    except UnknownName:
        return None


def cause_lines(found: FoundCause, attempt: Attempt | None, *, show_all: bool) -> Iterator[str]:
    """The cause, a fact a line."""
    yield f"{bold('cause')}  {found.error_class}  {dim(f'confidence {found.confidence:.2f}')}"
    yield from _part("proof", found.proof, show_all)
    yield from _part("ruled out", found.ruled_out, show_all)
    yield from _part("not known", found.unknown, show_all)
    if attempt is not None:
        word = _WORDS.get(attempt.state, "under way")
        why = attempt.why or attempt.title
        said = why if why.startswith(word) else f"{word}: {why}"
        yield from _part("attempt", [f"{attempt.id}, {said}"], show_all)
        yield from _part("branch", [attempt.branch] if attempt.branch else [], show_all)


def next_of(incident: Incident, attempt: Attempt | None) -> str:
    """What a person may do next about a cause that was found."""
    assert incident.found is not None
    if attempt is None:
        step = incident.found.next_step
        return step if step.startswith("aidbt ") else f"aidbt heal run; or by hand: {step}"
    if attempt.state == "proposed":
        return f"review and merge {attempt.branch}: .aidbt/heal/{attempt.id}.md says why"
    if attempt.state == "promoted":
        return "aidbt build: a green one ends it"
    step = f"{incident.found.next_step}; then aidbt build" if incident.found.next_step else "aidbt build"
    return f"{step}, or: aidbt heal resolve {attempt.id} --why '…'"


def _part(name: str, texts: Sequence[str], show_all: bool) -> Iterator[str]:
    shown = texts if show_all else texts[:_SHOWN]
    for place, text in enumerate(shown):
        yield f"  {dim((name if place == 0 else '').ljust(10))} {text}"
    if len(shown) < len(texts):
        yield dim(f"  {'':10} … {len(texts) - len(shown)} more (--all)")
