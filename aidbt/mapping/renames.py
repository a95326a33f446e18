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
from aidbt.core.schema import Column, ColumnMatch, ColumnProfile, Relation, TableProfile, Target
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

# New names that a column could have, with their probabilities, best first.
Candidates = tuple[tuple[str, float], ...]


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
    alternatives: Candidates = ()


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


@dataclass(frozen=True, slots=True)
class Renames:
    """What became of the columns of an old version, in their order.

    Attributes:
        found: those that are in the new one under another name, one to one; only where that is more likely
            than not.
        likely: what of the new columns each of the others could be, where that is worth a look
            (`mapping.review`).
    """

    found: tuple[Renamed, ...] = ()
    likely: dict[str, Candidates] = field(default_factory=dict)


def renames_of(old: Version, new: Version, settings: MappingSettings) -> Renames:
    """The columns of the old version that are, or could be, in the new one under another name."""
    if not old.columns or not new.columns:
        return Renames()
    matched = _matched(old, new, settings)
    odds = np.zeros((len(old.columns), len(new.columns)))
    said: dict[tuple[int, int], tuple[str, ...]] = {}
    hints = _Hints(old, new)
    for i, gone in enumerate(old.columns):
        for j, added in enumerate(new.columns):
            start = matched.get((gone.name, added.name), _default(gone, added))
            if start:
                factor, hinted = hints.of(gone.name, added.name)
                odds[i, j] = _odds(start) * factor
                alike = ("the columns are alike",) if start >= _MORE_LIKELY_THAN_NOT else ()
                said[i, j] = (*alike, *hinted)
    # A column is renamed to one other at most, so its candidates share the certainty, as do their rivals.
    rivals = odds.sum(axis=0)[None, :] + odds.sum(axis=1)[:, None] - odds
    probabilities = odds / (1 + rivals)
    taken = {i: j for j, i in assign(probabilities, least=_MORE_LIKELY_THAN_NOT).items()}
    found: list[Renamed] = []
    likely: dict[str, Candidates] = {}
    for i, gone in enumerate(old.columns):
        place = taken.get(i)
        without = taken.values() if place is None else [place]
        others = _candidates(probabilities[i], new.columns, without=without, least=settings.review)
        if place is not None:
            name, probability = new.columns[place].name, float(probabilities[i, place])
            found.append(Renamed(gone.name, name, probability, False, said[i, place], others))
        elif others:
            likely[gone.name] = others
    return Renames(tuple(found), likely)


def _candidates(
    probabilities: np.ndarray, columns: Sequence[Column], *, without: Collection[int], least: float
) -> Candidates:
    """The likeliest columns, but for some of them.

    Args:
        probabilities: shape (columns,), 0..1.
        without: the places of those that are left out.
    """
    ranked = [int(k) for k in np.argsort(-probabilities, kind="stable") if k not in without]
    return tuple(
        (columns[k].name, round(float(probabilities[k]), 2))
        for k in ranked[:_ALTERNATIVES]
        if probabilities[k] >= least
    )


def _matched(old: Version, new: Version, settings: MappingSettings) -> dict[tuple[str, str], float]:
    """The matcher's probabilities by (old name, new name), as far as it names a pair."""
    source = Relation("", "", tuple(new.columns))
    target = Target("", tuple(old.columns))
    task = MatchTask(source, target, new.profile, target_profile=old.profile)
    found: dict[tuple[str, str], float] = {}
    for item in match(task, settings):
        candidates = dict(item.alternatives)
        if item.source is not None:
            candidates[item.source] = item.score
        most = 1.0 if item.source is None or _says_something(item) else _NO_HINT
        found.update({(item.target, name): min(score, most) for name, score in candidates.items()})
    return found


# Measures of what two columns are called and hold. Of two schemas the matcher takes what is left over on both
# sides for a pair, which is mostly right there; that a column came while another went says much less.
_TELLING = ("same", "words", "letters", "shortened", "meaning", "values", "codes", "history")
_TELLS = 0.3


def _says_something(item: ColumnMatch) -> bool:
    """Whether a match rests on more than the types, and on nothing else being left."""
    return max((item.signals.get(measure, 0.0) for measure in _TELLING), default=0.0) >= _TELLS


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
