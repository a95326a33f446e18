"""Matching signals: each a function from a task to scores and a mask of where it has evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from aidbt.core.registry import Registry
from aidbt.core.schema import Relation, TableProfile, Target
from aidbt.mapping.history import History

SIGNALS = Registry(
    "matching signal",
    {
        "name": "aidbt.mapping.signals.name:name_signal",
        "type": "aidbt.mapping.signals.type:type_signal",
        "statistics": "aidbt.mapping.signals.statistics:statistics_signal",
        "context": "aidbt.mapping.signals.context:context_signal",
    },
)


@dataclass(frozen=True, slots=True)
class MatchTask:
    """One source table to be mapped to one target.

    Attributes:
        profile: what the source holds; None when it was not profiled.
        target_profile: what the target holds already; None when there are no rows to look at.
        source_name: the source that the table belongs to.
        history: what was decided about other tables; None when that is not known.
    """

    source: Relation
    target: Target
    profile: TableProfile | None = None
    target_profile: TableProfile | None = None
    source_name: str = ""
    history: History | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.source.columns), len(self.target.columns)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one signal says.

    Attributes:
        scores: shape (source columns, target columns), each 0..1; meaningless where the mask is False.
        mask: same shape, True where the signal has evidence; elsewhere it abstains.
    """

    scores: np.ndarray
    mask: np.ndarray


class Signal(Protocol):
    """Must be deterministic, must not read anything but the task, must keep its scores within 0..1."""

    def __call__(self, task: MatchTask) -> Evidence: ...
