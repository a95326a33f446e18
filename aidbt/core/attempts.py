"""An attempt to heal one cause: where it stands, what was tried, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal


class AttemptState(StrEnum):
    """Where an attempt stands; the last two are its ends.

    `proposed`: a branch waits for a person. `promoted`: the mend is deployed, a green run is awaited.
    `rolled_back`: it was deployed, did not hold and was taken back. `escalated`: a person is needed and is
    about to be told; `waiting`: was told.
    """

    PENDING = "pending"
    CLASSIFIED = "classified"
    PLANNED = "planned"
    VALIDATING = "validating"
    PROPOSED = "proposed"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    ESCALATED = "escalated"
    WAITING = "waiting"
    RESOLVED = "resolved"
    TERMINATED = "terminated"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected of it."""
        return self in (AttemptState.RESOLVED, AttemptState.TERMINATED)


# What is being written while an attempt is `validating`; noted before it begins, so that whoever finds the
# attempt after a kill knows where to look.
Write = Literal["", "propose", "promote"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One cause that is being healed. Of one cause and target only one is alive.

    Attributes:
        id: short and stable, e.g. "HEAL-12"; "" when it was never saved.
        key: of the cause (`Diagnosis.key`).
        target: dbt's target whose run failed.
        fault: digest of the fault as it was classified; when it is another one, nothing may be written.
        tries: how often a mend was worked on and did not succeed.
        failed: names of the remedies that did not succeed, in order.
        form: normal form of the first message it failed with: no values, no secrets.
        confidence: 0..1, of `error_class`.
        remedy: of the mend that is, or was last, worked on.
        write: what is being written; see `Write`.
        base, commit: the deployed commit the mend was made on, and the mend's own; "" where no file changes.
        branch, pull_request: where it is proposed.
        why: the reason of the last step, one sentence.
        since: when it came into the state it is in.
        token: fencing token of who wrote it last.
        version: changes with every save; 0 when it was never saved.
    """

    key: str
    target: str
    state: AttemptState
    opened_at: datetime
    since: datetime
    id: str = ""
    title: str = ""
    error_class: str = ""
    root: str = ""
    incident: str = ""
    fault: str = ""
    tries: int = 0
    failed: tuple[str, ...] = ()
    form: str = ""
    confidence: float = 0.0
    remedy: str = ""
    write: Write = ""
    base: str = ""
    commit: str = ""
    branch: str = ""
    pull_request: str = ""
    why: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    token: int = 0
    version: int = 0
