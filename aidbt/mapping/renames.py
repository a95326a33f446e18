"""Which columns were renamed: what is gone matched with what is new, and what its place and its values add.

The matcher's probability is taken as odds, which every hint multiplies by how much more often it is seen of a
renamed column than of one that replaced another (Bayes' rule with hints taken as independent).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from aidbt.core.config import MappingSettings
from aidbt.core.schema import Column, ColumnProfile, Relation, TableProfile, Target
from aidbt.core.types import type_family
from aidbt.mapping.assign import assign
from aidbt.mapping.matcher import match
from aidbt.mapping.signals import MatchTask

# What a pair of columns of the same family has whose names say nothing.
_NO_HINT = 0.05
_ALTERNATIVES = 3
# A guess that is more likely wrong than right is no rename: one column went, and another came.
_MORE_LIKELY_THAN_NOT = 0.5
# How much more often a hint is seen of a rename than of a column that came while another went. A column that
# is added stands last, unless the table was made anew, so that the last place says little.
_SAME_PLACE, _BOTH_LAST, _ELSEWHERE = 20.0, 3.0, 0.5
_SAME_VALUES, _SAME_FEW_VALUES, _OTHER_VALUES, _ALL_NULL = 30.0, 4.0, 0.2, 0.05
_FEW_VALUES = 20
# A name that says nothing at all about the other still leaves the hints something to work with.
_LEAST, _MOST = 0.01, 0.99


@dataclass(frozen=True, slots=True)
class Renamed:
    """A column that has another name now.

    Attributes:
        probability: 0..1, that it is the same column.
        is_accepted: whether that is enough to follow it without a person.
        reasons: why, in a few words each.
        alternatives: other columns that it could be, with their probabilities, best first.
    """

    old: str
    new: str
    probability: float
    is_accepted: bool = False
    reasons: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """A table before or after a change.

    Attributes:
        columns: those that are on this side only.
        order: the names of all its columns, in their order; empty when that is not known.
        profile: what it holds; None when that is not known.
    """

    columns: Sequence[Column]
    order: Sequence[str] = field(default_factory=tuple)
    profile: TableProfile | None = None


def renames_of(old: Version, new: Version, settings: MappingSettings) -> list[Renamed]:
    """The columns of the old version that are in the new one under another name, one to one, in the order of
    the old ones; only those of which that is more likely than not.
    """
    if not old.columns or not new.columns:
        return []
    likely = _likely(old, new, settings)
    odds = np.zeros((len(old.columns), len(new.columns)))
    said: dict[tuple[int, int], tuple[str, ...]] = {}
    hints = _Hints(old, new)
    for i, gone in enumerate(old.columns):
        for j, added in enumerate(new.columns):
            start = likely.get((gone.name, added.name), _default(gone, added))
            if start:
                factor, hinted = hints.of(gone.name, added.name)
                odds[i, j] = _odds(start) * factor
                alike = ("the columns are alike",) if start >= _MORE_LIKELY_THAN_NOT else ()
                said[i, j] = (*alike, *hinted)
    # A column is renamed to one other at most, so its candidates share the certainty, as do their rivals.
    rivals = odds.sum(axis=0)[None, :] + odds.sum(axis=1)[:, None] - odds
    probabilities = odds / (1 + rivals)
    renamed = []
    for j, i in assign(probabilities, least=_MORE_LIKELY_THAN_NOT).items():
        pair = old.columns[i].name, new.columns[j].name
        ranked = [int(k) for k in np.argsort(-probabilities[i], kind="stable") if k != j]
        others = tuple(
            (new.columns[k].name, round(float(probabilities[i, k]), 2))
            for k in ranked[:_ALTERNATIVES]
            if probabilities[i, k] >= settings.review
        )
        renamed.append(Renamed(*pair, float(probabilities[i, j]), reasons=said[i, j], alternatives=others))
    order = {column.name: place for place, column in enumerate(old.columns)}
    return sorted(renamed, key=lambda item: order[item.old])


def _likely(old: Version, new: Version, settings: MappingSettings) -> dict[tuple[str, str], float]:
    """The matcher's probabilities by (old name, new name), as far as it names a pair."""
    source = Relation("", "", tuple(new.columns))
    target = Target("", tuple(old.columns))
    task = MatchTask(source, target, new.profile, target_profile=old.profile)
    found: dict[tuple[str, str], float] = {}
    for item in match(task, settings):
        if item.source is not None:
            found[item.target, item.source] = item.score
        found.update({(item.target, name): score for name, score in item.alternatives})
    return found


def _default(gone: Column, added: Column) -> float:
    """The probability of a pair that the matcher does not name; 0 for types that do not go together."""
    families = type_family(gone.data_type), type_family(added.data_type)
    return _NO_HINT if gone.data_type and families[0] == families[1] else 0.0


def _odds(probability: float) -> float:
    bounded = min(max(probability, _LEAST), _MOST)
    return bounded / (1 - bounded)


class _Hints:
    """What the place and the values of two columns say about one being the other."""

    def __init__(self, old: Version, new: Version) -> None:
        kept = set(old.order) & set(new.order)
        self._before = _places(old.order, kept)
        self._after = _places(new.order, kept)
        self._old, self._new = old.profile, new.profile

    def of(self, gone: str, added: str) -> tuple[float, tuple[str, ...]]:
        """By how much the odds grow, and why in words."""
        hints = [hint for hint in (self._place(gone, added), self._values(gone, added)) if hint is not None]
        return math.prod(factor for factor, _ in hints), tuple(said for _, said in hints if said)

    def _place(self, gone: str, added: str) -> tuple[float, str] | None:
        before, after = self._before.get(gone), self._after.get(added)
        if before is None or after is None:
            return None
        if before != after:
            return _ELSEWHERE, ""
        return (_BOTH_LAST if after.following is None else _SAME_PLACE), "it stands in the same place"

    def _values(self, gone: str, added: str) -> tuple[float, str] | None:
        now = self._new.column(added) if self._new and self._new.row_count else None
        was = self._old.column(gone) if self._old and self._old.row_count else None
        if now is None:
            return None
        if now.null_rate == 1 and (was is None or was.null_rate < 1):
            return _ALL_NULL, ""
        if was is None or self._old is None or self._new is None:
            return None
        if _same_figures(was, now):
            few = was.distinct_count < _FEW_VALUES
            return (_SAME_FEW_VALUES if few else _SAME_VALUES), "it holds the same values"
        return (_OTHER_VALUES, "") if self._old.row_count == self._new.row_count else None


@dataclass(frozen=True, slots=True)
class _Place:
    """Between which columns that both versions have a column stands, and as which of those there."""

    preceding: str | None
    following: str | None
    number: int


def _places(order: Sequence[str], kept: Collection[str]) -> dict[str, _Place]:
    """The place of every column that the other version does not have."""
    following: dict[str, str | None] = {}
    last: str | None = None
    for name in reversed(order):
        following[name] = last
        last = name if name in kept else last
    places: dict[str, _Place] = {}
    preceding: str | None = None
    number = 0
    for name in order:
        if name in kept:
            preceding, number = name, 0
        else:
            places[name] = _Place(preceding, following[name], number)
            number += 1
    return places


_EXACT = ("null_rate", "minimum", "maximum", "mean", "stddev", "min_length", "max_length", "mean_length")


def _same_figures(was: ColumnProfile, now: ColumnProfile) -> bool:
    """Whether every exact figure that both profiles have is the same, and there is one beside the nulls."""
    pairs = [(getattr(was, name), getattr(now, name)) for name in _EXACT]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    return len(known) > 1 and all(
        math.isclose(a, b, rel_tol=1e-9) if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in known
    )
