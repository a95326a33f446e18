"""The steps of a healing attempt: a table, and the function that takes one. Nothing is read or written.

A try that fails goes back to `planned` while tries remain, then a person is needed; so does what was rolled
back, always. What is over stays over.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from aidbt.core.attempts import Attempt, AttemptState
from aidbt.core.errors import UsageError

MOST_TRIES = 5

_S = AttemptState


class Event(StrEnum):
    """What happened to an attempt.

    `taken over`: the healer that worked on it is gone. `failed`: a try did not succeed. `handed over`:
    nothing may, or can, be done without a person. `ended`: the fault is over: a person said so, or a run of
    what is deployed is green.
    """

    CLASSIFIED = "classified"
    PLANNED = "planned"
    BEGUN = "begun"
    TAKEN_OVER = "taken over"
    WRITING = "writing"
    FAILED = "failed"
    PROPOSED = "proposed"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"
    HANDED_OVER = "handed over"
    ALERTED = "alerted"
    ENDED = "ended"
    TIMED_OUT = "timed out"


# `failed` leads to `escalated` instead when no try is left: see `moved`.
TRANSITIONS: dict[tuple[AttemptState, Event], AttemptState] = {
    (_S.PENDING, Event.CLASSIFIED): _S.CLASSIFIED,
    (_S.PENDING, Event.HANDED_OVER): _S.ESCALATED,
    (_S.PENDING, Event.ENDED): _S.RESOLVED,
    (_S.CLASSIFIED, Event.PLANNED): _S.PLANNED,
    (_S.CLASSIFIED, Event.HANDED_OVER): _S.ESCALATED,
    (_S.CLASSIFIED, Event.ENDED): _S.RESOLVED,
    (_S.PLANNED, Event.BEGUN): _S.VALIDATING,
    (_S.PLANNED, Event.HANDED_OVER): _S.ESCALATED,
    (_S.PLANNED, Event.ENDED): _S.RESOLVED,
    (_S.VALIDATING, Event.TAKEN_OVER): _S.VALIDATING,
    (_S.VALIDATING, Event.WRITING): _S.VALIDATING,
    (_S.VALIDATING, Event.FAILED): _S.PLANNED,
    (_S.VALIDATING, Event.PROPOSED): _S.PROPOSED,
    (_S.VALIDATING, Event.PROMOTED): _S.PROMOTED,
    (_S.VALIDATING, Event.ROLLED_BACK): _S.ROLLED_BACK,
    (_S.VALIDATING, Event.HANDED_OVER): _S.ESCALATED,
    (_S.VALIDATING, Event.ENDED): _S.RESOLVED,
    (_S.PROPOSED, Event.PLANNED): _S.PLANNED,  # the fault changed: the same proposal is brought up to date
    (_S.PROPOSED, Event.HANDED_OVER): _S.ESCALATED,
    (_S.PROPOSED, Event.TIMED_OUT): _S.ESCALATED,
    (_S.PROPOSED, Event.ENDED): _S.RESOLVED,
    (_S.PROMOTED, Event.ROLLED_BACK): _S.ROLLED_BACK,
    (_S.PROMOTED, Event.ENDED): _S.RESOLVED,
    (_S.ROLLED_BACK, Event.HANDED_OVER): _S.ESCALATED,
    (_S.ESCALATED, Event.ALERTED): _S.WAITING,
    (_S.WAITING, Event.ENDED): _S.RESOLVED,
    (_S.WAITING, Event.TIMED_OUT): _S.TERMINATED,
}

# Where an attempt rests until somebody else does something.
RESTING = frozenset({_S.PROPOSED, _S.PROMOTED, _S.WAITING, _S.RESOLVED, _S.TERMINATED})


def moved(attempt: Attempt, event: Event, *, at: datetime, why: str = "", **facts: Any) -> Attempt:
    """The attempt after something happened to it; `facts` are other fields that become known with it.

    Raises:
        UsageError: that cannot happen to an attempt in its state.

    Example:
        >>> from datetime import UTC, datetime
        >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
        >>> attempt = Attempt("k", "prod", AttemptState.VALIDATING, noon, noon, tries=4)
        >>> str(moved(attempt, Event.FAILED, at=noon).state)
        'escalated'
    """
    after = TRANSITIONS.get((attempt.state, event))
    if after is None:
        raise UsageError(
            f"{attempt.id or 'the attempt'} is {attempt.state.replace('_', ' ')}: it cannot be {event}",
            hint="`aidbt heal status` shows what each one waits for",
        )
    if event is Event.FAILED:
        failed = (*attempt.failed, attempt.remedy)
        facts = {"tries": attempt.tries + 1, "failed": failed, "write": ""} | facts
        after = after if attempt.tries + 1 < MOST_TRIES else _S.ESCALATED
    elif event not in (Event.WRITING, Event.TAKEN_OVER):
        facts |= {"write": ""}
    since = at if after is not attempt.state else attempt.since
    return replace(attempt, state=after, since=since, why=why or attempt.why, **facts)


def due(attempt: Attempt, *, now: datetime, timeout: timedelta) -> Event | None:
    """What time alone does to an attempt; None for nothing yet.

    A person who was told and does nothing lets it end. A proposal that nobody takes is told of once more.
    """
    waits = attempt.state in (_S.WAITING, _S.PROPOSED)
    return Event.TIMED_OUT if waits and now - attempt.since >= timeout else None
