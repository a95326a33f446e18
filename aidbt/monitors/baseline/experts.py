"""Simple forecasters, each right for some monitors: a level, a level with a rhythm, a level per weekday.

None is chosen beforehand: `Mixture` listens to each as much as it has been right lately. All work on M
monitors at a time and on scales where errors add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

SUNDAY = 6
# How many buckets the common level is worth to a weekday that is new.
_LEAN = 0.3


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in its rhythms a bucket is: the weekday 0..6 and the hour 0..23 (0 when buckets are days)."""

    weekday: int
    hour: int = 0

    @property
    def on_sunday(self) -> Moment:
        """The same hour of a Sunday."""
        return Moment(SUNDAY, self.hour)


class Expert(Protocol):
    """A forecaster of M monitors."""

    def expected(self, at: Moment) -> np.ndarray:
        """What it expects, M."""

    def known(self, at: Moment) -> np.ndarray:
        """Of about how many buckets that is made, M, at most 8."""

    def doubt(self, at: Moment) -> np.ndarray | float:
        """The variance, M, that comes of not knowing this weekday yet."""

    def learn(self, at: Moment, value: np.ndarray, error: np.ndarray, who: Learners) -> None:
        """Takes in a bucket; `error` is how far the value was off, already bounded."""


@dataclass(frozen=True, slots=True)
class Learners:
    """Which of M monitors learn from a bucket, and how.

    Attributes:
        learns: takes the bucket in at all.
        first: it is their first.
        accepts: it was odd for so long that it is taken for the new normal.
    """

    learns: np.ndarray
    first: np.ndarray
    accepts: np.ndarray


class Level:
    """What it was lately, whatever the day; `rate` is how much the newest bucket counts."""

    def __init__(self, size: int, rate: float) -> None:
        self.rate = rate
        self.level = np.zeros(size)
        self.count = np.zeros(size)

    def expected(self, at: Moment) -> np.ndarray:
        """The level."""
        return self.level

    def known(self, at: Moment) -> np.ndarray:
        """Buckets learned from."""
        return np.minimum(self.count, 8)

    def doubt(self, at: Moment) -> np.ndarray | float:
        """None: all weekdays are the same."""
        return 0.0

    def learn(self, at: Moment, value: np.ndarray, error: np.ndarray, who: Learners) -> None:
        """Moves the level part of the way."""
        self.level = self._moved(value, error, who)[0]
        self.count += who.learns

    def _moved(self, value: np.ndarray, error: np.ndarray, who: Learners) -> tuple[np.ndarray, np.ndarray]:
        rate = np.maximum(self.rate, 1 / (self.count + 1.5))
        rate = np.where(who.accepts, 0.5, rate)
        moved = np.where(who.learns, self.level + rate * error, self.level)
        return np.where(who.first, value, moved), rate


class Rhythm(Level):
    """A level, and what each weekday (and hour) adds to it."""

    def __init__(self, size: int, rate: float, rhythm_rate: float, *, hourly: bool) -> None:
        super().__init__(size, rate)
        self.rhythm_rate = rhythm_rate
        self.weekday = np.zeros((7, size))
        self.weekday_count = np.zeros((7, size))
        self.hour = np.zeros((24 if hourly else 1, size))
        self.hour_count = np.zeros_like(self.hour)

    def expected(self, at: Moment) -> np.ndarray:
        """The level with what this weekday and hour add."""
        found: np.ndarray = self.level + self.weekday[at.weekday]
        return found + self.hour[at.hour] if len(self.hour) > 1 else found

    def learn(self, at: Moment, value: np.ndarray, error: np.ndarray, who: Learners) -> None:
        """Shares the error out between the level and the rhythm."""
        self.level, rate = self._moved(value, error, who)
        rest = (1 - rate) * error * (who.learns & ~who.first)
        self._learn_effect(self.weekday, self.weekday_count, at.weekday, rest, who)
        if len(self.hour) > 1:
            self._learn_effect(self.hour, self.hour_count, at.hour, rest, who)
        self.count += who.learns

    def _learn_effect(
        self, effects: np.ndarray, counts: np.ndarray, slot: int, rest: np.ndarray, who: Learners
    ) -> None:
        effects[slot] += np.maximum(self.rhythm_rate, 1 / (counts[slot] + 2.5)) * rest
        counts[slot] += who.learns
        middle = effects.mean(axis=0)
        effects -= middle
        self.level = self.level + middle


class Slots(Level):
    """A level of its own for each weekday (hour of the week), leaning on the common one while it is new.

    An hour of the week leans on that hour of all days.

    Right where weekdays differ by more than a factor, or where there is nothing at all on some of them.
    """

    def __init__(self, size: int, rate: float, *, hourly: bool) -> None:
        super().__init__(size, 0.1)
        self.slot_rate = rate
        self.hourly = hourly
        slots = 168 if hourly else 7
        self.slot = np.zeros((slots, size))
        self.slot_count = np.zeros((slots, size))
        self.hour = np.zeros((24, size)) if hourly else None

    def _slot(self, at: Moment) -> int:
        return at.weekday * 24 + at.hour if self.hourly else at.weekday

    def _common(self, at: Moment) -> np.ndarray:
        return self.level if self.hour is None else self.hour[at.hour]

    def expected(self, at: Moment) -> np.ndarray:
        """The slot's own level."""
        slot = self._slot(at)
        count = self.slot_count[slot]
        found: np.ndarray = (self.slot[slot] * count + self._common(at) * _LEAN) / (count + _LEAN)
        return found

    def known(self, at: Moment) -> np.ndarray:
        """Buckets of this slot, each for two, since weeks lie between."""
        found: np.ndarray = np.minimum(2 * self.slot_count[self._slot(at)], 8)
        return found

    def doubt(self, at: Moment) -> np.ndarray | float:
        """As much as leaning on the common level may be wrong."""
        slot = self._slot(at)
        count = self.slot_count[slot]
        lean = np.where(count > 0, (self.slot[slot] - self._common(at)) * _LEAN / (count + _LEAN), 0)
        found: np.ndarray = lean**2
        return found

    def learn(self, at: Moment, value: np.ndarray, error: np.ndarray, who: Learners) -> None:
        """Moves the slot's level, and the common one that new slots lean on."""
        slot = self._slot(at)
        count, own = self.slot_count[slot], self.slot[slot]
        rate = np.where(who.accepts, 0.7, np.maximum(self.slot_rate, 1 / (count + 1)))
        moved = np.where(count == 0, value, own + rate * error)
        self.slot[slot] = np.where(who.learns, moved, own)
        toward = np.maximum(self.rate, 1 / (self.count + 1.5)) * np.clip(value - self.level, -3, 3)
        self.level = np.where(who.first, value, np.where(who.learns, self.level + toward, self.level))
        if self.hour is not None:
            hour = self.hour[at.hour]
            known = self.slot_count[at.hour :: 24].sum(axis=0)
            step = np.maximum(self.rate, 1 / (known + 1)) * np.clip(value - hour, -9, 9)
            self.hour[at.hour] = np.where(who.learns, np.where(known == 0, value, hour + step), hour)
        count += who.learns
        self.count += who.learns


def experts(size: int, *, hourly: bool) -> list[Expert]:
    """One quick and one slow of each kind."""
    return [
        Level(size, 0.3),
        Level(size, 0.08),
        Rhythm(size, 0.15, 0.25, hourly=hourly),
        Rhythm(size, 0.04, 0.12, hourly=hourly),
        Slots(size, 0.35, hourly=hourly),
        Slots(size, 0.15, hourly=hourly),
    ]


def steady(found: list[Expert]) -> Rhythm:
    """The slowest with a rhythm: what was usual before the last days."""
    expert = found[3]
    assert isinstance(expert, Rhythm)
    return expert
