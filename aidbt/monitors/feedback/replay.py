"""What each detector would have told of the past, and what people said of it: which of them pay here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from aidbt.core.measured import Monitor
from aidbt.monitors.history import History, Scores
from aidbt.monitors.judging.checking import odd_buckets
from aidbt.monitors.thresholds import BUCKETS_A_WEEK

# Alerts of one monitor with at most so many quiet buckets between them are one.
_QUIET = 2
# Buckets of the beginning, of which every detector learns first.
FIRST_JUDGED = 14


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person said of a monitor's buckets from `first` to `last`, both included.

    Attributes:
        is_real: whether something was wrong; else an alert there is a false alarm.
    """

    monitor: Monitor
    first: datetime
    last: datetime
    is_real: bool


@dataclass(frozen=True, slots=True)
class MemberReplay:
    """One detector on the history.

    Attributes:
        alerts: episodes: alerts of one monitor that are close together count once.
        per_week: alerts per 100 monitors and week.
        real, real_found: what people called real, and how much of it was told.
        false, false_told: what people called a false alarm, and how much of it would be told again.
        alone: alerts that no other member gave.
        verdict: what follows, in words.
    """

    name: str
    alerts: int
    per_week: float
    real: int
    real_found: int
    false: int
    false_told: int
    alone: int
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """All members on the same history; `monitor_weeks` is how much of it was judged."""

    monitors: int
    buckets: int
    monitor_weeks: float
    members: tuple[MemberReplay, ...]


def replay(
    history: History,
    members: Mapping[str, tuple[Scores, float]],
    judgements: Sequence[Judgement] = (),
    *,
    first: int = FIRST_JUDGED,
) -> Replay:
    """What each member would have told, the first in the mapping being the one that is in use.

    Args:
        members: name → its scores and the score from which on it alerts.
        judgements: of monitors and times that the history has; others are passed over.
        first: the bucket from which on alerts count.
    """
    judged = np.isfinite(history.values)
    judged[:, :first] = False
    told = {name: odd_buckets(history, *found) & judged for name, found in members.items()}
    spans = [(span, judgement.is_real) for judgement in judgements if (span := _span(history, judgement))]
    weeks = float(judged.sum()) / BUCKETS_A_WEEK[history.grain]
    found = []
    for name, alerts in told.items():
        others = [near(of, _QUIET) for other, of in told.items() if other != name]
        found.append(_member(name, alerts, spans, weeks, others))
    return Replay(len(history.monitors), int(judged.any(axis=0).sum()), weeks, _with_verdicts(found))


_Span = tuple[int, slice]


def _span(history: History, judgement: Judgement) -> _Span | None:
    """Row and buckets of a judgement; None where the history has none of them."""
    if judgement.monitor not in history.monitors:
        return None
    places = [n for n, start in enumerate(history.starts) if judgement.first <= start <= judgement.last]
    if not places:
        return None
    return history.monitors.index(judgement.monitor), slice(places[0], places[-1] + 1)


def _member(
    name: str,
    alerts: np.ndarray,
    spans: Sequence[tuple[_Span, bool]],
    weeks: float,
    others: Sequence[np.ndarray],
) -> MemberReplay:
    begins = episodes(alerts)
    hit = {True: 0, False: 0}
    for (row, buckets), is_real in spans:
        hit[is_real] += bool(alerts[row, buckets].any())
    shared = np.logical_or.reduce(others) if others else np.zeros_like(alerts)
    real = sum(is_real for _, is_real in spans)
    return MemberReplay(
        name=name,
        alerts=len(begins),
        per_week=round(100 * len(begins) / weeks, 3) if weeks else 0.0,
        real=real,
        real_found=hit[True],
        false=len(spans) - real,
        false_told=hit[False],
        alone=sum(not shared[row, span].any() for row, span in begins),
    )


def episodes(alerts: np.ndarray) -> list[_Span]:
    """Row and buckets of each episode among alerts, M × T bool."""
    found: list[_Span] = []
    for row in np.flatnonzero(alerts.any(axis=1)):
        places = np.flatnonzero(alerts[row])
        for part in np.split(places, np.flatnonzero(np.diff(places) > _QUIET + 1) + 1):
            found.append((int(row), slice(int(part[0]), int(part[-1]) + 1)))
    return found


def near(alerts: np.ndarray, buckets: int) -> np.ndarray:
    """M × T bool: whether there is an alert of the monitor at most so many buckets away."""
    found = alerts.copy()
    for away in range(1, min(buckets, alerts.shape[1] - 1) + 1):
        found[:, away:] |= alerts[:, :-away]
        found[:, :-away] |= alerts[:, away:]
    return found


def _with_verdicts(members: Sequence[MemberReplay]) -> tuple[MemberReplay, ...]:
    return tuple(replace(member, verdict=_verdict(member, members[0])) for member in members)


# Fewer judgements say nothing of a detector.
ENOUGH = 5


def _verdict(member: MemberReplay, used: MemberReplay) -> str:
    """What follows of one member beside the one that is in use."""
    if member.name == used.name:
        return "in use"
    if member.real + member.false < ENOUGH:
        return f"not to be said yet: {ENOUGH} judgements are needed, there are {member.real + member.false}"
    more_found, fewer_false = member.real_found - used.real_found, used.false_told - member.false_told
    if more_found > 0 and fewer_false >= 0 and member.per_week <= used.per_week:
        return "pays: it finds more and tells no more"
    if more_found >= 0 and fewer_false > 0:
        return "pays: it finds as much with fewer false alarms"
    if more_found <= 0 and not member.alone:
        return "adds nothing here"
    if more_found > 0:
        return f"finds {more_found} more, for {member.per_week:g} alerts instead of {used.per_week:g}"
    return "does not pay here"
