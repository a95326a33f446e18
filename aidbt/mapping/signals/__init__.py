"""Matching signals: functions from two schemas to scores, with a mask of where there is evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from aidbt.core.registry import Registry
from aidbt.core.schema import Relation, TableProfile, Target
from aidbt.mapping.history import History
from aidbt.mapping.names import Names
from aidbt.mapping.sides import Side, TableSide

Embed = Callable[[Sequence[str]], np.ndarray]
"""Texts → array of shape (texts, dimensions), each row of length 1."""

SIGNALS = Registry(
    "matching signal",
    {
        "name": "aidbt.mapping.signals.name:name_signal",
        "letters": "aidbt.mapping.signals.letters:letters_signal",
        "abbreviation": "aidbt.mapping.signals.abbreviation:abbreviation_signal",
        "meaning": "aidbt.mapping.signals.meaning:meaning_signal",
        "description": "aidbt.mapping.signals.description:description_signal",
        "type": "aidbt.mapping.signals.type:type_signal",
        "statistics": "aidbt.mapping.signals.statistics:statistics_signal",
        "values": "aidbt.mapping.signals.values:values_signal",
        "context": "aidbt.mapping.signals.context:context_signal",
        "history": "aidbt.mapping.signals.history:history_signal",
    },
)


@dataclass(frozen=True)
class MatchTask:
    """One source table to be mapped to one target.

    Attributes:
        profile: what the source holds; None when it was not profiled.
        target_profile: what the target holds already; None when there are no rows to look at.
        source_name: the source that the table belongs to.
        history: what was decided about other tables; None when that is not known.
        values, target_values: sample values by column as text, without nulls; columns may be missing.
        never: (source column, target column) that a person ruled out.
        embed: gives the meaning of texts as vectors; None without an embedding model.
    """

    source: Relation
    target: Target
    profile: TableProfile | None = None
    target_profile: TableProfile | None = None
    source_name: str = ""
    history: History | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    target_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    never: frozenset[tuple[str, str]] = frozenset()
    embed: Embed | None = field(default=None, compare=False)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.source.columns), len(self.target.columns)

    def schemas(self) -> SchemaPair:
        """The two sides of it."""
        wanted = Relation("", self.target.name, self.target.columns, description=self.target.description)
        own = TableSide(self.source, self.values, self.profile, self.source_name)
        never = ((own.key, source, self.target.name, target) for source, target in self.never)
        return SchemaPair(
            Side([own]),
            Side([TableSide(wanted, self.target_values, self.target_profile)]),
            self.embed,
            self.history,
            frozenset(never),
        )


@dataclass(frozen=True)
class SchemaPair:
    """All columns of some source tables beside all columns of some target tables.

    Attributes:
        embed: gives the meaning of texts as vectors; None without an embedding model.
        history: what was decided about other tables; None when that is not known.
        never: (source table, source column, target table, target column) that a person ruled out, tables by
            `TableSide.key`.
    """

    source: Side
    target: Side
    embed: Embed | None = field(default=None, compare=False)
    history: History | None = None
    never: frozenset[tuple[str, str, str, str]] = frozenset()

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.source), len(self.target)

    @cached_property
    def names(self) -> Names:
        """The names of both sides read together."""
        learned = self.history.words if self.history else {}
        return Names(self.source, self.target, learned)

    @cached_property
    def every_pair(self) -> Pairs:
        """All pairs, source by source. Only for tasks whose number of pairs fits in memory."""
        rows, columns = np.indices(self.shape)
        return Pairs(rows.ravel(), columns.ravel())


@dataclass(frozen=True)
class Pairs:
    """The pairs that are looked at: a score matrix's places, as in a sparse matrix in coordinate form.

    Attributes:
        source, target: shape (pairs,), index of the source and of the target column.
    """

    source: np.ndarray
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class Evidence:
    """What one signal says, in one or more measures.

    Attributes:
        scores: measure → array of shape (pairs,), each 0..1; meaningless where the mask is False.
        masks: measure → same shape, True where there is evidence; elsewhere the measure abstains.
    """

    scores: dict[str, np.ndarray] = field(default_factory=dict)
    masks: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, measure: str, scores: np.ndarray, mask: np.ndarray | None = None) -> None:
        """Say something in one measure; without a mask about every pair."""
        self.scores[measure] = np.clip(scores, 0.0, 1.0).astype(np.float32)
        self.masks[measure] = np.ones(len(scores), dtype=bool) if mask is None else mask

    def overall(self) -> tuple[np.ndarray, np.ndarray]:
        """The mean of the measures that have evidence, and a mask of where there is any."""
        scores = np.stack([np.where(self.masks[name], found, 0) for name, found in self.scores.items()])
        seen = np.stack(list(self.masks.values())).sum(axis=0)
        return np.divide(scores.sum(axis=0), seen, where=seen > 0, out=np.zeros(len(seen))), seen > 0


class Signal(Protocol):
    """Must be deterministic, must not read anything but the task, must say the same measures every time."""

    def __call__(self, task: SchemaPair, pairs: Pairs) -> Evidence: ...
