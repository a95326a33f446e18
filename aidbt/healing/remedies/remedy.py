"""What every remedy is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aidbt.core.config import Settings
from aidbt.core.healing import Declined, Diagnosis, Mend
from aidbt.core.patch import read_or_none
from aidbt.healing.evidence.case import Case
from aidbt.project import Project
from aidbt.store.profiles import ProfileCache
from aidbt.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Tools:
    """What a remedy looks at beside the case, while it proposes and while its claims are checked.

    Attributes:
        warehouse: opened when it is asked for; raises `WarehouseError` while it cannot be had.
        mask: what the store combines hashes with, as `measured_table` takes it.
        profiles: of tables that did not change since they were made.
        texts: path → text of the files that earlier mends of the same run change, as they leave them; None
            where they remove one.
    """

    project: Project
    settings: Settings
    warehouse: Callable[[], Warehouse]
    mask: Callable[[], int]
    texts: Mapping[str, str | None] = field(default_factory=dict)
    profiles: Callable[[], ProfileCache] = field(kw_only=True)

    def text(self, path: str) -> str | None:
        """A file of the project as it will stand when this mend is made; None when there is none.

        Raises:
            WriteError: it cannot be read as text.
        """
        return self.texts[path] if path in self.texts else read_or_none(self.project.root / path)


class Remedy(Protocol):
    """One way to mend one kind of cause; made without arguments."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """A mend with the claims that must hold for it to be right, or why there is none. Changes nothing.

        Raises:
            AidbtError: a file or table cannot be read; as good as declining.
        """
        ...
