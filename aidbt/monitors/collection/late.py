"""Rows that came late, or went away: which buckets have other rows than were measured. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

# A bucket that keeps less than this of its rows has lost them; what was measured of it stays as it was.
_KEPT = 0.5


@dataclass(frozen=True, slots=True)
class Changed:
    """Older buckets whose rows are not those that were measured.

    Attributes:
        reopened: those to measure again, oldest first.
        lost: those that lost most of their rows, while older ones still have theirs.
        expired: those that lost them as the oldest of all, which a table does that keeps only so many days.
    """

    reopened: tuple[datetime, ...] = ()
    lost: tuple[datetime, ...] = ()
    expired: tuple[datetime, ...] = ()


def changed_buckets(
    known: Mapping[datetime, float], counted: Mapping[datetime, float], lost_before: Collection[datetime] = ()
) -> Changed:
    """What changed between what was measured and what is counted now; both by start of the bucket.

    What is gone is not measured again: a table that was emptied would else take its history with it, and
    nobody could tell any more that something is missing.

    Args:
        lost_before: what had lost its rows, which it still has while they are not back.
    """
    oldest = min((start for start, rows in counted.items() if rows), default=None)
    reopened, lost, expired = [], [], []
    for start in sorted({*known, *counted}):
        before, now = known.get(start, 0.0), counted.get(start, 0.0)
        if now == before:
            continue
        if now >= before * _KEPT:
            reopened.append(start)
        elif oldest is None or start > oldest or start in lost_before:
            lost.append(start)
        else:
            expired.append(start)
    return Changed(tuple(reopened), tuple(lost), tuple(expired))
