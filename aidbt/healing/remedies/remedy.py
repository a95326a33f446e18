"""What every remedy is."""

from __future__ import annotations

from typing import Protocol

from aidbt.core.healing import Declined, Diagnosis, Mend
from aidbt.healing.evidence.case import Case


class Remedy(Protocol):
    """One way to mend one kind of cause; made without arguments."""

    def propose(self, diagnosis: Diagnosis, case: Case) -> Mend | Declined:
        """A mend with the claims that must hold for it to be right, or why there is none. Changes nothing.

        Raises:
            AidbtError: a file cannot be read; as good as declining.
        """
        ...
