"""What every remedy is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aidbt.core.config import Settings
from aidbt.core.healing import Declined, Diagnosis, Mend
from aidbt.healing.evidence.case import Case
from aidbt.project import Project
from aidbt.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Tools:
    """What a remedy looks at beside the case, while it proposes and while its claims are checked.

    Attributes:
        warehouse: opened when it is asked for; raises `WarehouseError` while it cannot be had.
        mask: what the store combines hashes with, as `measured_table` takes it.
    """

    project: Project
    settings: Settings
    warehouse: Callable[[], Warehouse]
    mask: Callable[[], int]


class Remedy(Protocol):
    """One way to mend one kind of cause; made without arguments."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """A mend with the claims that must hold for it to be right, or why there is none. Changes nothing.

        Raises:
            AidbtError: a file or table cannot be read; as good as declining.
        """
        ...
