"""What a healer has to work with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from aidbt.core.attempts import Attempt
from aidbt.core.config import Settings
from aidbt.core.healing import Diagnosis
from aidbt.core.resilience.clock import Clock
from aidbt.healing.controller.gate import Rules
from aidbt.healing.controller.rerun import Rerun
from aidbt.healing.evidence.case import Case
from aidbt.project import Project
from aidbt.store import Store
from aidbt.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run of dbt.

    Attributes:
        said: why it is not green.
        run: its invocation id.
    """

    is_green: bool
    said: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """What a healer has to work with.

    Attributes:
        warehouse: opens it; raises while it cannot be had.
        run: lets dbt run on the project as it is checked out, and records the run.
        tell: tells the people concerned of an attempt that needs one of them.
        actor: who asked for it.
        diagnose: finds the causes of what failed; without it nobody looks behind a mend that fails aside.
        pushes: whether a proposal's branch is pushed and its pull request opened or brought up to date.
    """

    project: Project
    settings: Settings
    store: Store
    warehouse: Callable[[], Warehouse]
    run: Callable[[Rerun], Ran]
    tell: Callable[[Attempt, Diagnosis], None]
    rules: Rules
    actor: str
    clock: Clock
    rng: Random
    diagnose: Callable[[Case], Sequence[Diagnosis]] = lambda case: ()
    pushes: bool = False
