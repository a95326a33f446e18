"""The warehouse is waited for before a failed run is looked into, where somebody just holds it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from aidbt.cli import diagnose
from aidbt.cli.healing_calls import read_to_heal
from aidbt.core.healing import Stage
from aidbt.core.resilience import ManualClock
from aidbt.healing.evidence.case import Case, Reached
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.session import Session

LOCKED = Reached(False, "in use by process 7", is_locked=True)


@pytest.mark.parametrize(
    ("stage", "held", "waits"),
    [
        (Stage.NODE, 2, 2),
        (Stage.PARSE, 9, 4),  # then it is gone on with what is known
        (Stage.NODE, 0, 0),
        (Stage.CONNECT, 2, 0),  # the lock is the cause, which has a remedy of its own
    ],
)
def test_a_lock_that_is_not_the_cause_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, stage: Stage, held: int, waits: int
):
    asked: list[int] = []

    def read(session: object, artifacts: object) -> Case:
        asked.append(1)
        reached = LOCKED if len(asked) <= held else Reached(True)
        return Case("shop", Path(), FailedRun(stage), reached=reached)

    monkeypatch.setattr(diagnose, "read", read)
    clock = ManualClock()
    case = read_to_heal(cast(Session, None), clock=clock)

    assert len(clock.slept) == waits
    assert case.reached == (LOCKED if held >= len(asked) else Reached(True))
