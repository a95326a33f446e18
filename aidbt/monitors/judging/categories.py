"""Values that a code-like column never had before, and values that it always had and that are gone.

Both are judged by what the column did before: a column that shows a new value every week is open, and one
more says nothing. Only columns whose values were all listed are judged, since a list of the most frequent
ones does not tell a new value from a rare one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aidbt.core.measured import Anomaly, Grain, Monitor, node_name

# Lists of this length may have been cut off; those that are shorter hold every value there was.
MOST_VALUES = 20
# Buckets with rows that must have been seen before anything is said.
FEWEST_SEEN = 14
# A new value in fewer rows than this is as likely a typing error as a new code.
FEWEST_ROWS = 5
_MOST_SCORE = 9.0
_SHOWN = 24  # characters of a value in a message

Shares = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CategoryChange:
    """A value that came or went.

    Attributes:
        rows: of a new value those that have it; of a vanished one those that had it in a usual bucket.
        seen: the buckets with rows that were looked at before.
        score: −log10 of how likely that is of a column like this.
    """

    kind: Literal["new", "vanished"]
    value: str
    rows: float
    seen: int
    score: float


def category_changes(
    before: Sequence[Shares], now: Shares, *, period: int = 0, most: int = MOST_VALUES
) -> list[CategoryChange]:
    """The values that came and went in a bucket, the surest first.

    Args:
        before: value → rows of every bucket before, oldest first; empty where nothing was listed.
        now: the same of the bucket that is judged.
        period: buckets after which a rhythm repeats (7 for days): a vanished value must have been there one,
            two and three periods ago; 0 for none.
        most: the length from which on a list may have been cut off.

    Example:
        >>> week = [{"new": 50.0, "paid": 80.0}] * 20
        >>> [(c.kind, c.value) for c in category_changes(week, {"paid": 85.0, "lost": 40.0})]
        [('vanished', 'new'), ('new', 'lost')]
    """
    last = next((shares for shares in reversed(before) if shares), None)
    if last is None or last.keys() == now.keys():
        return []
    known = [shares for shares in before if shares]
    if len(known) < FEWEST_SEEN or not now or len(now) >= most or any(len(s) >= most for s in known[-7:]):
        return []
    found = [*_new(known, now), *_vanished(before, known, now, period)]
    return sorted(found, key=lambda change: (-change.score, -change.rows, change.value))


def _new(known: Sequence[Shares], now: Shares) -> Iterator[CategoryChange]:
    """Values that were in no bucket before: as likely as it was that a bucket brings one."""
    vocabulary: set[str] = set(known[0])
    surprises = 0
    for shares in known[1:]:
        surprises += any(value not in vocabulary for value in shares)
        vocabulary |= shares.keys()
    score = -math.log10((surprises + 0.5) / (len(known) + 1))
    total = sum(now.values())
    for value, rows in now.items():
        if value not in vocabulary and rows >= FEWEST_ROWS:
            # In many rows, or in a large share of them, it is no slip of the hand.
            weight = score + math.log10(rows / FEWEST_ROWS) + math.log10(1 + 100 * rows / total)
            yield CategoryChange("new", value, rows, len(known), min(weight, _MOST_SCORE))


def _vanished(
    before: Sequence[Shares], known: Sequence[Shares], now: Shares, period: int
) -> Iterator[CategoryChange]:
    """Values that were in every one of the last buckets, and now in none: how likely zero rows are then."""
    recent = known[-FEWEST_SEEN:]
    total = sum(now.values())
    for value in recent[-1]:
        if value in now or not all(value in shares for shares in recent):
            continue
        counts = [shares[value] for shares in recent]
        usual = sum(counts) / len(counts)
        share = sum(counts) / sum(sum(shares.values()) for shares in recent)
        if not _was_there(before, value, period):
            continue
        # Poisson, widened by how much more the counts vary than that (quasi-Poisson).
        spread = max(1.0, sum((count - usual) ** 2 for count in counts) / len(counts) / usual)
        score = min(usual, share * total) / spread * math.log10(math.e)
        if score > 0:
            yield CategoryChange("vanished", value, usual, len(known), min(score, _MOST_SCORE))


def _was_there(before: Sequence[Shares], value: str, period: int) -> bool:
    """Whether the value was there at the same point of the last three periods that had rows."""
    places = [before[-step] for step in (period, 2 * period, 3 * period) if 0 < step <= len(before)]
    return all(value in shares for shares in places if shares)


def category_anomalies(
    node: str,
    column: str,
    changes: Sequence[CategoryChange],
    start: datetime,
    *,
    threshold: float,
    grain: Grain = "day",
) -> list[Anomaly]:
    """One anomaly for what came and one for what went, where that is sure enough."""
    found = []
    for kind in ("new", "vanished"):
        sure = [change for change in changes if change.kind == kind and change.score >= threshold]
        if sure:
            found.append(
                Anomaly(
                    monitor=Monitor(node, f"{kind}_values", column),
                    start=start,
                    grain=grain,
                    score=max(change.score for change in sure),
                    message=_message(node, column, sure),
                    detector="categories",
                    is_certain=True,
                    evidence={shown(c.value): f"{c.rows:,.0f} rows" for c in sure[:10]},
                )
            )
    return found


def _message(node: str, column: str, changes: Sequence[CategoryChange]) -> str:
    first, more = changes[0], len(changes) - 1
    of = f"{node_name(node)}.{column}"
    others = f" and {more} other{'s' if more > 1 else ''}" if more else ""
    if first.kind == "new":
        rows = sum(change.rows for change in changes)
        return (
            f"{of} has the new value '{shown(first.value)}'{others} in {rows:,.0f} rows,"
            f" not seen in the {first.seen:,} buckets before"
        )
    return (
        f"{of} has no '{shown(first.value)}'{others} any more, which about {first.rows:,.0f} rows"
        f" of every bucket had"
    )


def moved_most(before: Sequence[Shares], now: Shares) -> str:
    """The value whose share is farthest from what it was lately, e.g. "'paid' 65 %, was 31 %"; "" where
    nothing is known.
    """
    known = [shares for shares in before if shares][-FEWEST_SEEN:]
    total, past = sum(now.values()), sum(sum(shares.values()) for shares in known)
    if not total or not past:
        return ""
    was = {
        value: sum(shares.get(value, 0.0) for shares in known) / past
        for value in {value for shares in (*known, now) for value in shares}
    }
    value = max(sorted(was), key=lambda name: abs(now.get(name, 0.0) / total - was[name]))
    return f"'{shown(value)}' {100 * now.get(value, 0.0) / total:.3g} %, was {100 * was[value]:.3g} %"


def shown(value: str) -> str:
    """A value on one line, cut where it is long."""
    line = " ".join(value.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
