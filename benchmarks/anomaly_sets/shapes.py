"""How many rows a day a source brings when nothing is wrong: one function for each kind of business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np

Event = tuple[int, int, str]  # first day, last day, kind


@dataclass(frozen=True, slots=True)
class World:
    """What a pipeline lives in.

    Attributes:
        days: the dates; `weekdays` are 0 for Monday.
        holidays: T bool, of the region where the business is, which only its country is known of.
    """

    days: tuple[date, ...]
    weekdays: np.ndarray
    holidays: np.ndarray
    rng: np.random.Generator


@dataclass(slots=True)
class Volume:
    """The rows of a source.

    Attributes:
        log_rate: T, of the expected number of rows, noise of the days included.
        closed: T bool, days on which nothing is meant to come.
        clumps: how many rows come together; the number of rows varies as that of clumps does.
        refreshed: T bool, the days of which dbt says that they were a full refresh.
        events: what is unusual and no fault.
    """

    log_rate: np.ndarray
    closed: np.ndarray
    clumps: float = 1.0
    refreshed: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    events: list[Event] = field(default_factory=list)


def _plain(
    world: World, *, size: tuple[float, float], noise: tuple[float, float], memory: float = 0.2
) -> Volume:
    """A level (in powers of ten), a little growth, a little of a year's season, noise with some memory."""
    rng, count = world.rng, len(world.days)
    year = np.arange(count) / 365
    rate = np.log(10) * rng.uniform(*size) + rng.uniform(-0.25, 0.6) * year
    rate = rate + 0.12 * rng.random() * np.sin(2 * np.pi * (year + rng.random()))
    return Volume(rate + _noise(rng, count, rng.uniform(*noise), memory), np.zeros(count, bool))


def _noise(rng: np.random.Generator, count: int, scale: float, memory: float) -> np.ndarray:
    """Noise with heavier tails than the normal's, each day remembering the one before."""
    steps = rng.standard_t(6, count) * scale * np.sqrt(1 - memory**2) * 0.82
    found = np.zeros(count)
    for day in range(1, count):
        found[day] = memory * found[day - 1] + steps[day]
    return found


def shop(world: World) -> Volume:
    """Buyers: a week of their own, holidays either way, Black Friday, a December."""
    rng = world.rng
    volume = _plain(world, size=(2.8, 6), noise=(0.03, 0.1))
    volume.log_rate += rng.normal(0, 0.18, 7)[world.weekdays]
    volume.log_rate[world.holidays] += rng.choice([-0.5, -0.2, 0.35])
    for number, day in enumerate(world.days):
        if day.month == 12 and day.day < 24:
            volume.log_rate[number] += 0.012 * day.day
        if day.month == 11 and day.weekday() == 4 and 23 <= day.day <= 29:
            volume.log_rate[number : number + 4] += np.array([0.6, 0.35, 0.25, 0.4])[
                : len(world.days) - number
            ]
            volume.events.append((number, number + 3, "black_friday"))
    return volume


def office(world: World) -> Volume:
    """People at work: little at weekends and on holidays."""
    rng = world.rng
    volume = _plain(world, size=(2.8, 5.5), noise=(0.02, 0.08))
    volume.log_rate += np.array([0.03, 0.06, 0.04, 0, -0.12, -1.7, -1.9])[world.weekdays] * rng.uniform(
        0.7, 1.2
    )
    volume.log_rate[world.holidays & (world.weekdays < 5)] -= rng.uniform(1.0, 1.8)
    return volume


def closed_weekends(world: World) -> Volume:
    """Nothing comes at weekends, nor on holidays."""
    volume = _plain(world, size=(2.2, 5), noise=(0.03, 0.1))
    volume.closed = (world.weekdays >= 5) | world.holidays
    return volume


def working_days(world: World) -> Volume:
    """As `closed_weekends`, with what piled up on the first day after, and a rush when a month ends."""
    volume = closed_weekends(world)
    waited = np.minimum(_days_closed_before(volume.closed), 3)
    volume.log_rate += np.log1p(world.rng.uniform(0.1, 0.35) * waited)
    rush = world.rng.uniform(0.25, 0.6)
    for number in range(len(world.days) - 1):
        if world.days[number].month != world.days[number + 1].month:
            last = np.flatnonzero(~volume.closed[: number + 1])
            if len(last):
                volume.log_rate[last[-1]] += rush
                volume.events.append((int(last[-1]), int(last[-1]), "month_end"))
    return volume


def _days_closed_before(closed: np.ndarray) -> np.ndarray:
    found = np.zeros(len(closed))
    for day in range(1, len(closed)):
        found[day] = found[day - 1] + 1 if closed[day - 1] else 0
    return found


def weekly_load(world: World) -> Volume:
    """One or two loads a week; one that falls on a holiday may come a day later."""
    rng = world.rng
    volume = _plain(world, size=(3, 5.5), noise=(0.03, 0.12))
    on = rng.choice(5, rng.integers(1, 3), replace=False)
    volume.closed = ~np.isin(world.weekdays, on)
    for day in np.flatnonzero(world.holidays & ~volume.closed):
        if rng.random() < 0.3 and day + 1 < len(world.days):
            volume.closed[day], volume.closed[day + 1] = True, False
            volume.events.append((int(day), int(day) + 1, "slipped_load"))
    return volume


def sparse(world: World) -> Volume:
    """A few rows a day, which come in twos and threes."""
    volume = _plain(world, size=(0.4, 1.7), noise=(0.02, 0.1))
    volume.log_rate += world.rng.normal(0, 0.25, 7)[world.weekdays]
    volume.clumps = world.rng.uniform(1, 2.5)
    return volume


def campaigns(world: World) -> Volume:
    """Noise that remembers, and now and then a mailing that everybody answers."""
    rng = world.rng
    volume = _plain(world, size=(2.5, 4.5), noise=(0.14, 0.28), memory=0.6)
    volume.log_rate += rng.normal(0, 0.15, 7)[world.weekdays]
    for day in rng.choice(len(world.days) - 4, rng.integers(4, 10), replace=False):
        volume.log_rate[day : day + 3] += rng.uniform(0.4, 1.1) * np.array([1, 0.5, 0.2])
        volume.events.append((int(day), int(day) + 2, "campaign"))
    return volume


def hourly_batches(world: World) -> Volume:
    """24 batches a day, of which the last may come in after midnight and then counts for the next day."""
    rng, count = world.rng, len(world.days)
    volume = _plain(world, size=(3, 6), noise=(0.01, 0.04))
    volume.log_rate += rng.normal(0, 0.1, 7)[world.weekdays]
    batch = rng.normal(0, 0.15, (count, 24))
    late = (rng.random((count, 24)) < 0.25) & (np.arange(24) >= 22)
    rows = np.exp(volume.log_rate)[:, None] / 24 * np.exp(batch)
    kept, moved = np.where(late, 0, rows).sum(1), np.where(late, rows, 0).sum(1)
    volume.log_rate = np.log(kept + np.r_[0, moved[:-1]])
    return volume


def growing(world: World) -> Volume:
    """Three to ten times as much at the end of the year as at its start."""
    rng = world.rng
    volume = _plain(world, size=(2.5, 5), noise=(0.03, 0.1))
    volume.log_rate += rng.uniform(1.1, 2.3) * np.arange(len(world.days)) / 365
    volume.log_rate += np.array([0, 0, 0, 0, -0.05, -0.4, -0.5])[world.weekdays] * rng.random()
    return volume


def snapshot(world: World) -> Volume:
    """The whole table each day: hardly any noise, and only growth."""
    rng, count = world.rng, len(world.days)
    steps = np.abs(rng.uniform(0.0003, 0.002) + 0.0008 * rng.standard_normal(count))
    return Volume(np.log(10) * rng.uniform(3, 6) + np.cumsum(steps), np.zeros(count, bool), clumps=0.0)


def shifting(world: World) -> Volume:
    """A customer or a market more, or one less: the level changes for good, once to three times a year."""
    rng = world.rng
    volume = _plain(world, size=(2.8, 5.5), noise=(0.03, 0.09))
    volume.log_rate += np.array([0, 0.03, 0, -0.02, -0.1, -0.5, -0.6])[world.weekdays] * rng.random()
    count = len(world.days)
    volume.refreshed = np.zeros(count, bool)
    for day in rng.choice(np.arange(70, count - 20), rng.integers(1, 4), replace=False):
        volume.log_rate[day:] += rng.choice([-0.6, -0.35, 0.3, 0.5, 0.8])
        migrated = rng.random() < 0.4
        volume.refreshed[day] = migrated
        volume.events.append((int(day), int(day) + 12, "migration" if migrated else "growth_step"))
    return volume


def billing(world: World) -> Volume:
    """Most of it in the first days of a month, some in its middle."""
    rng = world.rng
    volume = _plain(world, size=(2.8, 5), noise=(0.03, 0.1))
    first, middle = rng.uniform(0.5, 1.3), rng.uniform(0.1, 0.5)
    for number, day in enumerate(world.days):
        if day.day <= 3:
            volume.log_rate[number] += first * (1.2 - 0.2 * day.day)
            volume.events.append((number, number, "month_start"))
        elif day.day == 15:
            volume.log_rate[number] += middle
            volume.events.append((number, number, "month_middle"))
    return volume


def terms(world: World) -> Volume:
    """A school: weekdays in term, less in the weeks between."""
    rng = world.rng
    volume = office(world)
    for _ in range(2):
        first, length = int(rng.integers(70, len(world.days) - 45)), int(rng.choice([7, 14, 14, 40]))
        volume.log_rate[first : first + length] -= rng.uniform(0.25, 0.6)
        volume.events.append((first, first + 11, "break"))
        volume.events.append((first + length, first + length + 11, "break_over"))
    return volume


SHAPES: dict[str, Callable[[World], Volume]] = {
    "shop": shop,
    "office": office,
    "closed_weekends": closed_weekends,
    "working_days": working_days,
    "weekly_load": weekly_load,
    "sparse": sparse,
    "campaigns": campaigns,
    "hourly_batches": hourly_batches,
    "growing": growing,
    "snapshot": snapshot,
    "shifting": shifting,
    "billing": billing,
    "terms": terms,
}
